package actuator_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator"
)

// start serves a fake and opens an Admin on it.
func start(t testing.TB, f *fake, api fleet.BreakerAPI) (breaker.Admin, breaker.Site) {
	t.Helper()
	s := serve(t, f, f.currentFault)
	return opened(t, actuator.Driver(), options(f.password, api)), breaker.Site{Addr: s.addr, Base: "http://" + s.addr}
}

// sent holds the requests that came to some.
func sent(t testing.TB, f *fake, want ...string) {
	t.Helper()
	if got := f.taken(); !slices.Equal(got, want) {
		t.Errorf("the requests were\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A list is one request, of 1.x two; an order is a list, the order, a list; what
// is as ordered already is a list alone, and keeps its counts.
func TestRequests(t *testing.T) {
	f := newFake("payment", "orders us")
	a, at := start(t, f, fleet.BreakerAPI{})
	for range 3 {
		f.call("payment", false)
	}
	list, err := a.List(t.Context(), at)
	if err != nil || list[1].Calls != 3 || list[1].API != "actuator" || list[1].Name != "payment" {
		t.Errorf("%+v, %v", list, err)
	}
	sent(t, f, "GET /actuator/circuitbreakers")
	if b, err := a.Set(t.Context(), at, "payment", fleet.Order{Verb: fleet.Reset}); err != nil || b.Calls != 3 {
		t.Errorf("%+v, %v", b, err)
	}
	sent(t, f, "GET /actuator/circuitbreakers")
	if _, err := a.Set(t.Context(), at, "orders us", fleet.Order{Verb: fleet.Bypass}); err != nil || f.stateOf("orders us") != "DISABLED" {
		t.Errorf("%s, %v", f.stateOf("orders us"), err)
	}
	sent(t, f, "GET /actuator/circuitbreakers", "POST /actuator/circuitbreakers/orders%20us", "GET /actuator/circuitbreakers")
	if _, err := a.(breaker.Historian).Events(t.Context(), at, "payment"); err != nil {
		t.Error(err)
	}
	if events, err := a.(breaker.Historian).Events(t.Context(), at, "orders us"); err != nil || len(events) != 1 || events[0].To != fleet.BreakerDisabled {
		t.Errorf("%+v, %v", events, err)
	}
	sent(t, f, "GET /actuator/circuitbreakerevents/payment", "GET /actuator/circuitbreakerevents")

	old := newFake("payment")
	old.version = 1
	a, at = start(t, old, fleet.BreakerAPI{})
	if list, err := a.List(t.Context(), at); err != nil || list[0].State != fleet.BreakerClosed || list[0].API != "actuator" {
		t.Errorf("%+v, %v", list, err)
	}
	sent(t, old, "GET /actuator/circuitbreakers", "GET /actuator/health/circuitBreakers")
}

// Every name that is listed is driven on Netty, and all but one on Tomcat: each
// is one segment of the path, never cut, and nothing comes into being.
func TestNames(t *testing.T) {
	names := []string{"a/b", "with space", "100%", "x#y", "semi;colon", "a+b", "q?a=b", "UsersClient#get(String,int)", "café", "a%2Fb", "back\\slash", "ta\tb", "%", ";", "...", "::error::", "a&b", "INVENTORY", "inventory"}
	for _, netty := range []bool{true, false} {
		f := newFake(names...)
		f.netty = netty
		a, at := start(t, f, fleet.BreakerAPI{})
		for _, name := range names {
			b, err := a.Set(t.Context(), at, name, fleet.Order{Verb: fleet.Trip})
			if escaped := map[string]string{"a/b": "%2F", "back\\slash": "%5C", "ta\tb": "%09"}[name]; escaped != "" && !netty {
				says(t, err, "not_found", errors.ErrUnsupported, "this server refuses "+escaped+" in paths (400)")
				continue
			}
			if err != nil || b.Name != name || f.stateOf(name) != "FORCED_OPEN" {
				t.Errorf("netty %v: %q: %+v, %v", netty, name, b, err)
			}
		}
		if list, err := a.List(t.Context(), at); err != nil || len(list) != len(names) {
			t.Errorf("netty %v: %d breakers, %v", netty, len(list), err)
		}
		for _, line := range f.taken() {
			if strings.Contains(line, ";") || strings.Contains(line, " /actuator/circuitbreakers/a/b") {
				t.Errorf("this went out: %s", line)
			}
		}
	}
	f := newFake("payment")
	f.version = 1
	a, at := start(t, f, fleet.BreakerAPI{})
	for _, name := range []string{".", ".."} {
		_, err := a.Set(t.Context(), at, name, fleet.Order{Verb: fleet.Trip})
		says(t, err, "policy", errors.ErrUnsupported, "no path can name")
	}
	sent(t, f)
}

// What cannot be ordered says so before anything is asked.
func TestImpossible(t *testing.T) {
	f := newFake("payment")
	a, at := start(t, f, fleet.BreakerAPI{})
	for _, c := range []struct {
		order fleet.Order
		words string
	}{
		{fleet.Order{Verb: fleet.HalfOpen}, "Resilience4j takes no order half-open over HTTP"},
		{fleet.Order{Verb: "melt"}, "Resilience4j takes no order melt over HTTP"},
		{fleet.Order{Verb: fleet.Trip, Share: 0.5}, "all calls or none"},
	} {
		_, err := a.Set(t.Context(), at, "payment", c.order)
		says(t, err, "policy", errors.ErrUnsupported, c.words, "the actuator at "+at.Addr+"/actuator")
		_, err = a.(breaker.Advisor).Advise(t.Context(), at, "payment", c.order)
		says(t, err, "policy", errors.ErrUnsupported, c.words)
	}
	sent(t, f)
	for _, share := range []float64{1, 0} {
		if _, err := a.Set(t.Context(), at, "payment", fleet.Order{Verb: fleet.Trip, Share: share}); err != nil {
			t.Errorf("a share of %v: %v", share, err)
		}
	}
}

func TestUnknownName(t *testing.T) {
	f := newFake("payment", "inventory")
	a, at := start(t, f, fleet.BreakerAPI{})
	_, err := a.Set(t.Context(), at, "Payment", fleet.Order{Verb: fleet.Trip})
	says(t, err, "not_found", fleet.ErrNotFound, `has no breaker "Payment"`, `names are case-sensitive: there is "payment"`)
	_, err = a.Set(t.Context(), at, "order", fleet.Order{Verb: fleet.Trip})
	says(t, err, "not_found", fleet.ErrNotFound, `has no breaker "order"`, "it has inventory, payment")
	empty := newFake()
	a, at = start(t, empty, fleet.BreakerAPI{})
	_, err = a.Set(t.Context(), at, "order", fleet.Order{Verb: fleet.Trip})
	says(t, err, "not_found", fleet.ErrNotFound, "it has none: breakers may come into being with the first call")
	if f.writes+empty.writes > 0 {
		t.Error("something was written")
	}
}

// Where nothing tells the states of 1.x they are unknown, orders are given all
// the same, and the endpoint's own word is what is known of them after.
func TestStatesNotTold(t *testing.T) {
	f := newFake("payment", "inventory")
	f.version, f.noHealth = 1, true
	a, at := start(t, f, fleet.BreakerAPI{})
	list, err := a.List(t.Context(), at)
	if err != nil || len(list) != 2 || list[0].State != fleet.BreakerUnknown {
		t.Errorf("%+v, %v", list, err)
	}
	if b, err := a.Set(t.Context(), at, "payment", fleet.Order{Verb: fleet.Trip}); err != nil || b.State != fleet.BreakerForcedOpen || f.stateOf("payment") != "FORCED_OPEN" {
		t.Errorf("%+v, %v", b, err)
	}
}

// A proxy that takes the end off a name makes another breaker of it: that is
// told, whatever the answer says.
func TestNameCutOnTheWay(t *testing.T) {
	f := newFake("semi;colon")
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RequestURI = strings.ReplaceAll(r.RequestURI, "%3B", ";")
		f.ServeHTTP(w, r)
	}), f.currentFault)
	a := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{}))
	_, err := a.Set(t.Context(), breaker.Site{Base: "http://" + s.addr}, "semi;colon", fleet.Order{Verb: fleet.Trip})
	says(t, err, "protocol", nil, `the order for "semi;colon" reached a breaker called "semi"`, "until the process restarts")
}

// An order that was taken, and a list that fails after it: neither done nor not
// done is said.
func TestReadBackFails(t *testing.T) {
	f := newFake("payment")
	posted := false
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if posted {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		posted = r.Method == http.MethodPost
		f.ServeHTTP(w, r)
	}), f.currentFault)
	a := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{}))
	b, err := a.Set(t.Context(), breaker.Site{Base: "http://" + s.addr}, "payment", fleet.Order{Verb: fleet.Trip})
	says(t, err, "auth", fleet.ErrDenied, "took the order, and cannot be read back", "it may well be as ordered")
	if b.State != fleet.BreakerUnknown {
		t.Errorf("its state is said to be %s", b.State)
	}
}

// A breaker that is gone after the order.
func TestGoneAfterwards(t *testing.T) {
	f := newFake("payment", "inventory")
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.ServeHTTP(w, r)
		if r.Method == http.MethodPost {
			f.mu.Lock()
			delete(f.breakers, "payment")
			f.mu.Unlock()
		}
	}), f.currentFault)
	a := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{}))
	_, err := a.Set(t.Context(), breaker.Site{Base: "http://" + s.addr}, "payment", fleet.Order{Verb: fleet.Trip})
	says(t, err, "reported", nil, `the breaker "payment" is gone after the order`)
}

// The base path is the profile's, below that of the site, else that of the site,
// which takes the place of /actuator; a mapped endpoint is found by the index, and
// only below it.
func TestBasePath(t *testing.T) {
	for _, c := range []struct{ fake, base, path string }{
		{"/actuator", "", ""},
		{"/actuator", "/", ""},
		{"/shop", "/shop", ""},
		{"/shop/actuator", "/shop/actuator/", ""},
		{"/shop/ops/manage", "/shop/", "/ops/manage/"},
		{"/ops", "", "ops"},
	} {
		f := newFake("payment")
		f.path = c.fake
		a, at := start(t, f, fleet.BreakerAPI{Path: c.path})
		at.Base += c.base
		if list, err := a.List(t.Context(), at); err != nil || len(list) != 1 {
			t.Errorf("%+v: %v, %v", c, list, err)
		}
	}
	f := newFake("payment")
	f.mapped, f.path = "cb", "/shop/actuator"
	a, at := start(t, f, fleet.BreakerAPI{})
	at.Base += "/shop/actuator"
	if _, err := a.Set(t.Context(), at, "payment", fleet.Order{Verb: fleet.Trip}); err != nil || f.stateOf("payment") != "FORCED_OPEN" {
		t.Errorf("%s, %v", f.stateOf("payment"), err)
	}
	sent(t, f, "GET /shop/actuator/circuitbreakers", "GET /shop/actuator", "GET /shop/actuator/cb", "POST /shop/actuator/cb/payment", "GET /shop/actuator/cb")
	if _, err := a.(breaker.Advisor).Advise(t.Context(), at, "payment", fleet.Order{Verb: fleet.Trip}); err != nil {
		t.Error(err)
	}
	for _, href := range []string{"http://other.example/elsewhere/cb", "/actuator/../admin/cb", "/admin/cb", "http://[::1"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/actuator" {
				if r.URL.Path != "/actuator/circuitbreakers" {
					t.Errorf("the index led to %s", r.URL.Path)
				}
				http.NotFound(w, r)
				return
			}
			w.Write([]byte(`{"_links":{"circuitbreakers":{"href":"` + href + `"}}}`))
		}))
		_, err := a.List(t.Context(), breaker.Site{Base: s.URL})
		s.Close()
		says(t, err, "not_found", errors.ErrUnsupported, "is in the index and is not there (404)")
	}
}

func TestOpen(t *testing.T) {
	for _, d := range []*breaker.Driver{actuator.Driver(), actuator.Gateway()} {
		_, err := d.Open(options("", fleet.BreakerAPI{CSRF: "token"}))
		says(t, err, "policy", nil, `breakers.csrf: "token" is no way to fetch a token`, "write spring")
		a := opened(t, d, options("", fleet.BreakerAPI{}))
		for _, base := range []string{"", "localhost:8080", "unix:///run/x.sock", "http://", "http://operator:" + secret + "@[::1", "ftp://h"} {
			_, err := a.List(t.Context(), breaker.Site{Base: base})
			says(t, err, "policy", nil, "is no address of an actuator", "want http://host:port/base")
		}
	}
}

// A password in an address goes nowhere: not into requests, not into errors.
func TestUserinfo(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("it was sent")
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer s.Close()
	a := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{}))
	_, err := a.List(t.Context(), breaker.Site{Base: "http://operator:" + secret + "@" + address(t, s.URL)})
	says(t, err, "auth", fleet.ErrDenied)
	_, err = a.List(t.Context(), breaker.Site{Base: "http://operator:" + secret + "@127.0.0.1:1"})
	says(t, err, "refused", nil, "the actuator at 127.0.0.1:1/actuator: ")
}
