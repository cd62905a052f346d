package actuator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator"
)

// startGateway serves a fake Spring Boot Admin server and opens an Admin on it.
func startGateway(t testing.TB, g *fakeGateway) (breaker.Admin, string) {
	t.Helper()
	s := serve(t, g, newFake().currentFault)
	return opened(t, actuator.Gateway(), options("", fleet.BreakerAPI{})), s.addr
}

func at(gateway, name, addr string) breaker.Site {
	return breaker.Site{Key: fleet.Key{Ref: fleet.Ref{Name: name}}, Addr: addr, Base: "http://" + gateway}
}

// The instance is found by an address in one of its URLs, else by its service's
// name and host where that is one only.
func TestGatewayFinds(t *testing.T) {
	all := []string{"circuitbreakers"}
	far := func(name string) *fake { return newFake(name) }
	g := &fakeGateway{list: []*fakeEntry{
		{id: "1", name: "shop", serviceURL: "http://10.0.0.1:8080/", managementURL: "http://10.0.0.1:9090/actuator", endpoints: all, far: far("of 1")},
		{id: "2", name: "shop", serviceURL: "http://10.0.0.2:8080/", managementURL: "http://10.0.0.2:9090/actuator", endpoints: all, far: far("of 2")},
		{id: "3", name: "SHOP", serviceURL: "http://10.0.0.3/", managementURL: "https://[::1]/actuator", endpoints: all, far: far("of 3")},
		{id: "4", name: "twin", serviceURL: "http://10.0.0.4:1/", managementURL: "http://10.0.0.4:2/actuator", endpoints: all, far: far("of 4")},
		{id: "5", name: "twin", serviceURL: "http://10.0.0.4:3/", managementURL: "http://10.0.0.4:4/actuator", endpoints: all, far: far("of 5")},
	}}
	a, addr := startGateway(t, g)
	for _, c := range []struct{ name, addr, want string }{
		{"shop", "10.0.0.1:8080", "of 1"},
		{"shop", "10.0.0.2:9090", "of 2"},
		{"", "10.0.0.2:8080", "of 2"},
		{"renamed", "10.0.0.2:8080", "of 2"},
		{"shop", "10.0.0.3:80", "of 3"},
		{"shop", "[::1]:443", "of 3"},
		{"shop", "10.0.0.2:7", "of 2"},
		{"twin", "10.0.0.4:3", "of 5"},
	} {
		if list, err := a.List(t.Context(), at(addr, c.name, c.addr)); err != nil || len(list) != 1 || list[0].Name != c.want || list[0].API != "springbootadmin" {
			t.Errorf("%+v: %+v, %v", c, list, err)
		}
	}
	_, err := a.List(t.Context(), at(addr, "twin", "10.0.0.4:9"))
	says(t, err, "policy", nil, "lists several instances at 10.0.0.4:9: 4, 5")
	for _, c := range []struct{ name, addr string }{{"shop", "10.0.0.9:8080"}, {"", "10.0.0.2:7"}, {"twin", "10.0.0.1:1"}, {"shop", ""}} {
		_, err := a.Set(t.Context(), at(addr, c.name, c.addr), "payment", fleet.Order{Verb: fleet.Trip})
		says(t, err, "not_found", nil, "the Spring Boot Admin server at "+addr+" lists no instance at "+c.addr)
	}
}

// What the gateway says is said to be the gateway's.
func TestGatewayRefusals(t *testing.T) {
	all := []string{"circuitbreakers", "circuitbreakerevents"}
	f := newFake("payment", "a/b", "100%")
	g := &fakeGateway{list: []*fakeEntry{
		{id: "1", name: "dead", serviceURL: "http://10.0.0.1:8080/", endpoints: all},
		{id: "2", name: "late", serviceURL: "http://10.0.0.2:8080/", endpoints: all, late: true},
		{id: "3", name: "blind", serviceURL: "http://10.0.0.3:8080/", endpoints: []string{"health"}, far: f},
		{id: "4", name: "well", serviceURL: "http://10.0.0.4:8080/", endpoints: all, far: f},
	}}
	a, addr := startGateway(t, g)
	gateway := "the Spring Boot Admin server at " + addr
	for name, c := range map[string]struct {
		addr, words, hint string
		is                error
	}{
		"dead":  {"10.0.0.1:8080", gateway + " (instance 1) answers 502: it cannot reach the instance", "", nil},
		"late":  {"10.0.0.2:8080", gateway + " (instance 2) answers 504: the instance does not answer it in time", "", nil},
		"blind": {"10.0.0.3:8080", gateway + " (instance 3) knows of no endpoint circuitbreakers of it (404)", "spring.boot.admin.probed-endpoints", errors.ErrUnsupported},
	} {
		_, err := a.List(t.Context(), at(addr, name, c.addr))
		says(t, err, "gateway", c.is, c.words, c.hint)
		_, err = a.Set(t.Context(), at(addr, name, c.addr), "payment", fleet.Order{Verb: fleet.Trip})
		says(t, err, "gateway", c.is, c.words)
		_, err = a.(breaker.Advisor).Advise(t.Context(), at(addr, name, c.addr), "payment", fleet.Order{Verb: fleet.Trip})
		says(t, err, "gateway", c.is, c.words)
	}
	site := at(addr, "well", "10.0.0.4:8080")
	_, err := a.Set(t.Context(), site, "a/b", fleet.Order{Verb: fleet.Trip})
	says(t, err, "not_found", errors.ErrUnsupported, "this server refuses %2F in paths (400)")
	if _, err := a.Set(t.Context(), site, "100%", fleet.Order{Verb: fleet.Trip}); err != nil || f.stateOf("100%") != "FORCED_OPEN" {
		t.Errorf("%s, %v", f.stateOf("100%"), err)
	}
	f.mu.Lock()
	f.readOnly = true
	f.mu.Unlock()
	_, err = a.(breaker.Advisor).Advise(t.Context(), site, "payment", fleet.Order{Verb: fleet.Trip})
	says(t, err, "not_found", errors.ErrUnsupported, "it is read-only")
	_, err = a.Set(t.Context(), site, "payment", fleet.Order{Verb: fleet.Trip})
	says(t, err, "not_found", errors.ErrUnsupported, "it is read-only")
	f.mu.Lock()
	f.hidden = true
	f.mu.Unlock()
	_, err = a.List(t.Context(), site)
	says(t, err, "not_found", errors.ErrUnsupported, "the endpoint circuitbreakers is gone (404)")

	direct, own := start(t, newFake("payment"), fleet.BreakerAPI{})
	_ = direct
	_, err = a.List(t.Context(), own)
	says(t, err, "not_found", nil, "has no /instances: it is none, or below another path")
	guarded := &fakeGateway{}
	guarded.guard.password = secret
	a, addr = startGateway(t, guarded)
	_, err = a.List(t.Context(), at(addr, "well", "10.0.0.4:8080"))
	says(t, err, "auth", fleet.ErrDenied, "the Spring Boot Admin server at "+addr+" answers 401")
}

// One instance is asked, never all of a service: the fan-out would make a
// breaker of a wrong name in each.
func TestGatewayAsksOne(t *testing.T) {
	f, other := newFake("payment"), newFake("payment")
	g := &fakeGateway{list: []*fakeEntry{
		{id: "1", name: "shop", serviceURL: "http://10.0.0.1:8080/", endpoints: []string{"circuitbreakers"}, far: f},
		{id: "2", name: "shop", serviceURL: "http://10.0.0.2:8080/", endpoints: []string{"circuitbreakers"}, far: other},
	}}
	a, addr := startGateway(t, g)
	if _, err := a.Set(t.Context(), at(addr, "shop", "10.0.0.1:8080"), "payment", fleet.Order{Verb: fleet.Trip}); err != nil {
		t.Fatal(err)
	}
	if f.stateOf("payment") != "FORCED_OPEN" || len(other.taken()) > 0 {
		t.Errorf("one is %s; of the other was asked something", f.stateOf("payment"))
	}
	if lines := f.taken(); slices.ContainsFunc(lines, func(s string) bool { return strings.Contains(s, "applications") }) || len(lines) != 3 {
		t.Errorf("%v", lines)
	}
}
