package actuator_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/peertest"
)

// request is one by hand; code 0 is no answer.
func request(t testing.TB, c *http.Client, method, at, body string) (code int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	var out bytes.Buffer
	_, _ = out.ReadFrom(resp.Body)
	return resp.StatusCode, out.String()
}

// upstream is what the application's breakers guard.
type upstream struct {
	*httptest.Server
	hits atomic.Int64
	ill  atomic.Bool
}

func newUpstream(t testing.TB) *upstream {
	u := &upstream{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		u.hits.Add(1)
		if u.ill.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(u.Close)
	return u
}

// peer is a running application and its upstream.
type peer struct {
	addr string
	up   *upstream
}

func (p *peer) site() breaker.Site {
	return breaker.Site{Key: fleet.Key{Ref: fleet.Ref{Name: "shop"}, Instance: "shop-1"}, Addr: p.addr, Base: "http://" + p.addr}
}

// call sends one call through a breaker.
func (p *peer) call(t testing.TB, name string) bool {
	code, body := request(t, client(""), http.MethodGet, "http://"+p.addr+"/call?name="+url.QueryEscape(name), "")
	if code != http.StatusOK && body != "refused" && body != "failed" {
		t.Fatalf("a call through %q: %d %s", name, code, body)
	}
	return code == http.StatusOK
}

// reset leaves its breakers and its registration as they were at the start.
func (p *peer) reset(t testing.TB) {
	t.Helper()
	p.up.ill.Store(false)
	for _, name := range []string{"payment", "inventory"} {
		if code, body := request(t, client(""), http.MethodPost, "http://"+p.addr+"/actuator/circuitbreakers/"+name, `{"updateState":"CLOSE"}`); code != http.StatusOK {
			t.Fatalf("CLOSE %s: %d %s", name, code, body)
		}
	}
	if code, body := request(t, client(""), http.MethodPost, "http://"+p.addr+"/actuator/serviceregistry", `{"status":"CANCEL_OVERRIDE"}`); code != http.StatusOK {
		t.Fatalf("CANCEL_OVERRIDE: %d %s", code, body)
	}
}

// world is the application as the suite wants it, asked by a driver at a site.
func (p *peer) world(t testing.TB, d *breaker.Driver, at breaker.Site) breakertest.World {
	p.reset(t)
	return breakertest.World{
		Driver: d, Site: at, Names: []string{"payment", "inventory"},
		Open: func(t testing.TB) breaker.Admin { return opened(t, d, options("", fleet.BreakerAPI{})) },
		Call: p.call,
		Trouble: func(t testing.TB, name string) {
			p.up.ill.Store(true)
			for range 6 {
				p.call(t, name)
			}
			p.up.ill.Store(false)
		},
		Settle: 15 * time.Second,
		Cannot: breakertest.Real(nil),
	}
}

// TestReal tries both drivers on real applications: Spring Boot 3.5.16 with
// Resilience4j 2.4.0 on Tomcat, and Spring Boot Admin 3.5.5 in front of it.
func TestReal(t *testing.T) {
	p := &peer{up: newUpstream(t)}
	apps := peertest.StartSpring(
		t, []string{"--peer.upstream=" + p.up.URL},
		[]string{"--spring.profiles.active=admin", "--peer.registers=false"},
		[]string{"--spring.profiles.active=secured"},
		[]string{
			"--management.endpoints.access.max-permitted=read-only", "--management.endpoints.web.base-path=/ops",
			"--management.endpoints.web.path-mapping.circuitbreakers=cb", "--management.endpoints.web.exposure.exclude=circuitbreakerevents",
		},
	)
	p.addr = apps[0]
	admin := apps[1]
	t.Run("secured", func(t *testing.T) { realSecured(t, apps[2]) })
	t.Run("read only", func(t *testing.T) { realReadOnly(t, apps[3]) })

	t.Run("suite", func(t *testing.T) {
		breakertest.Run(t, func(t testing.TB) breakertest.World { return p.world(t, actuator.Driver(), p.site()) })
	})
	t.Run("traffic", p.traffic)
	t.Run("names", func(t *testing.T) { p.names(t, actuator.Driver(), p.site()) })
	t.Run("events", p.events)

	at := p.site()
	at.Base = "http://" + admin
	p.register(t, admin)
	t.Run("gateway suite", func(t *testing.T) {
		breakertest.Run(t, func(t testing.TB) breakertest.World { return p.world(t, actuator.Gateway(), at) })
	})
	t.Run("gateway names", func(t *testing.T) { p.names(t, actuator.Gateway(), at) })
	t.Run("gateway refusals", func(t *testing.T) { p.gatewayRefusals(t, admin) })
	t.Run("registers nowhere", func(t *testing.T) { // its serviceregistry is not there without a registration
		d := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{})).(breaker.Drainer)
		_, err := d.Drained(t.Context(), breaker.Site{Addr: admin, Base: "http://" + admin}, "")
		says(t, err, "not_found", errors.ErrUnsupported, "serviceregistry is not exposed (404)")
	})
}

// traffic: the upstream's own counter moves, stands still, moves.
func (p *peer) traffic(t *testing.T) {
	p.reset(t)
	a := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{}))
	var hits []int64
	for _, v := range []fleet.Verb{"", fleet.Trip, fleet.Reset, fleet.Bypass} {
		if v != "" {
			if _, err := a.Set(t.Context(), p.site(), "payment", fleet.Order{Verb: v}); err != nil {
				t.Fatalf("%s: %v", v, err)
			}
		}
		before := p.up.hits.Load()
		for range 50 {
			p.call(t, "payment")
		}
		hits = append(hits, p.up.hits.Load()-before)
		if v == fleet.Trip {
			list, err := a.List(t.Context(), p.site())
			if err != nil {
				t.Fatal(err)
			}
			if b := breaker.Find(list, "payment"); b.Rejected != 50 || b.State != fleet.BreakerForcedOpen {
				t.Errorf("while it is tripped it has refused %d calls and is %s", b.Rejected, b.State)
			}
		}
	}
	t.Logf("of 50 calls each reached the upstream before, tripped, reset, bypassed: %v", hits)
	if fmt.Sprint(hits) != "[50 0 50 50]" {
		t.Errorf("of 50 calls each reached the upstream before, tripped, reset, bypassed: %v", hits)
	}
	p.reset(t)
}

// names: what a path does not carry as it is is driven, or refused with the
// reason, and nothing comes into being.
func (p *peer) names(t *testing.T, d *breaker.Driver, at breaker.Site) {
	p.reset(t)
	a := opened(t, d, options("", fleet.BreakerAPI{}))
	before, err := a.List(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/b", "with space", "100%", "x#y", "semi;colon", "a+b", "payment"} {
		_, advice := a.(breaker.Advisor).Advise(t.Context(), at, name, fleet.Order{Verb: fleet.Trip})
		got, err := a.Set(t.Context(), at, name, fleet.Order{Verb: fleet.Trip})
		if name == "a/b" {
			says(t, err, "not_found", errors.ErrUnsupported, "this server refuses %2F in paths (400)")
			says(t, advice, "not_found", errors.ErrUnsupported, "this server refuses %2F in paths (400)")
			continue
		}
		if err != nil || advice != nil || got.State != fleet.BreakerForcedOpen {
			t.Errorf("trip %q: %s, %v; advice %v", name, got.State, err, advice)
		}
		events, err := a.(breaker.Historian).Events(t.Context(), at, name)
		if err != nil || len(events) == 0 || events[len(events)-1].To != fleet.BreakerForcedOpen {
			t.Errorf("events of %q: %+v, %v", name, events, err)
		}
		if got, err := a.Set(t.Context(), at, name, fleet.Order{Verb: fleet.Reset}); err != nil || got.State != fleet.BreakerClosed {
			t.Errorf("reset %q: %s, %v", name, got.State, err)
		}
	}
	after, err := a.List(t.Context(), at)
	if err != nil || len(after) != len(before) {
		t.Errorf("there were %d breakers, now there are %d: %v", len(before), len(after), err)
	}
}

// events: a failing upstream opens the breaker, and that is told.
func (p *peer) events(t *testing.T) {
	p.reset(t)
	w := p.world(t, actuator.Driver(), p.site())
	w.Trouble(t, "inventory")
	a := w.Open(t)
	events, err := a.(breaker.Historian).Events(t.Context(), p.site(), "inventory")
	if err != nil || len(events) == 0 {
		t.Fatalf("%v, %v", events, err)
	}
	kinds := map[string]int{}
	for _, e := range events {
		kinds[e.Kind]++
		if e.Kind == "ERROR" && !strings.Contains(e.Text, "upstream said 503 after ") {
			t.Errorf("an error's text is %q", e.Text)
		}
		if age := time.Since(e.At); age < -time.Minute || age > time.Hour {
			t.Errorf("an event is %v old", age)
		}
	}
	if kinds["ERROR"] < 4 || kinds["STATE_TRANSITION"] == 0 || kinds["NOT_PERMITTED"] == 0 {
		t.Errorf("kinds are %v", kinds)
	}
	list, err := a.List(t.Context(), p.site())
	if err != nil {
		t.Fatal(err)
	}
	if b := breaker.Find(list, "inventory"); b.FailureRate != 1 || b.SlowRate != 0 || b.Calls != 4 || b.Rejected != 2 || b.State != fleet.BreakerOpen {
		t.Errorf("open by itself it is %+v", *b)
	}
	p.reset(t)
}

// register makes the application known to a Spring Boot Admin server.
func (p *peer) register(t testing.TB, admin string) {
	t.Helper()
	base := "http://" + p.addr
	entry(t, admin, "shop", base)
	peertest.Eventually(t, time.Minute, "the server has found its endpoints", func() bool {
		_, list := request(t, client(""), http.MethodGet, "http://"+admin+"/instances?name=shop", "")
		return strings.Contains(list, `"id":"circuitbreakers"`)
	})
}

func entry(t testing.TB, admin, name, base string) {
	t.Helper()
	body := fmt.Sprintf(`{"name":%q,"managementUrl":"%[2]s/actuator","healthUrl":"%[2]s/actuator/health","serviceUrl":"%[2]s/"}`, name, base)
	if code, answer := request(t, client(""), http.MethodPost, "http://"+admin+"/instances", body); code != http.StatusCreated {
		t.Fatalf("registering: %d %s", code, answer)
	}
}

// gatewayRefusals: an instance that is not there, and one it cannot reach.
func (p *peer) gatewayRefusals(t *testing.T, admin string) {
	a := opened(t, actuator.Gateway(), options("", fleet.BreakerAPI{}))
	_, err := a.List(t.Context(), breaker.Site{Key: fleet.Key{Ref: fleet.Ref{Name: "nobody"}}, Addr: "127.0.0.9:1", Base: "http://" + admin})
	says(t, err, "not_found", nil, "the Spring Boot Admin server at "+admin+" lists no instance at 127.0.0.9:1")
	entry(t, admin, "dead", "http://127.0.0.1:1")
	_, err = a.List(t.Context(), breaker.Site{Addr: "127.0.0.1:1", Base: "http://" + admin})
	says(t, err, "gateway", errors.ErrUnsupported, "knows of no endpoint circuitbreakers of it (404)", "spring.boot.admin.probed-endpoints")
}

// realSecured: Spring Security as it comes, with basic authentication and its
// protection against forged requests.
func realSecured(t *testing.T, addr string) {
	at := breaker.Site{Addr: addr, Base: "http://" + addr}
	trip := fleet.Order{Verb: fleet.Trip}

	_, err := opened(t, actuator.Driver(), options("wrong", fleet.BreakerAPI{})).List(t.Context(), at)
	says(t, err, "auth", fleet.ErrDenied, "answers 401: reading is not allowed")

	a := opened(t, actuator.Driver(), options(peertest.SpringPassword, fleet.BreakerAPI{}))
	_, err = a.Set(t.Context(), at, "payment", trip)
	says(t, err, "auth", fleet.ErrDenied, "CSRF protection", "set breakers.csrf: spring in its profile")

	a = opened(t, actuator.Driver(), options(peertest.SpringPassword, fleet.BreakerAPI{CSRF: "spring"}))
	before, err := a.List(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"payment", "with space", "x#y", "a+b"} {
		for _, v := range []fleet.Verb{fleet.Trip, fleet.Reset} {
			if b, err := a.Set(t.Context(), at, name, fleet.Order{Verb: v}); err != nil || b.State != v.State() {
				t.Errorf("%s %q: %s, %v", v, name, b.State, err)
			}
		}
	}
	for name, escaped := range map[string]string{"a/b": "%2F", "100%": "%25", "semi;colon": "%3B"} {
		_, err := a.Set(t.Context(), at, name, trip)
		says(t, err, "not_found", errors.ErrUnsupported, "this server refuses "+escaped+" in paths")
		_, err = a.(breaker.Advisor).Advise(t.Context(), at, name, trip)
		says(t, err, "not_found", errors.ErrUnsupported, "this server refuses "+escaped+" in paths")
	}
	d := a.(breaker.Drainer)
	for _, on := range []bool{true, false} {
		if s, err := d.SetDrain(t.Context(), at, "", on, fleet.Order{}); err != nil || s.On != on {
			t.Errorf("drain %v: %+v, %v", on, s, err)
		}
	}
	after, err := a.List(t.Context(), at)
	if err != nil || len(after) != len(before) {
		t.Errorf("there were %d breakers, now there are %d: %v", len(before), len(after), err)
	}
}

// realReadOnly: access to the endpoint is read-only, under paths of its own.
func realReadOnly(t *testing.T, addr string) {
	at := breaker.Site{Addr: addr, Base: "http://" + addr}
	trip := fleet.Order{Verb: fleet.Trip}
	_, err := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{})).List(t.Context(), at)
	says(t, err, "not_found", nil, "there is no actuator (404)", "Set breakers.path in its profile")

	a := opened(t, actuator.Driver(), options("", fleet.BreakerAPI{Path: "/ops"}))
	if list, err := a.List(t.Context(), at); err != nil || len(list) != 8 {
		t.Errorf("%d breakers, %v", len(list), err)
	}
	_, err = a.(breaker.Advisor).Advise(t.Context(), at, "payment", trip)
	says(t, err, "not_found", errors.ErrUnsupported, "it is read-only")
	b, err := a.Set(t.Context(), at, "payment", trip)
	says(t, err, "not_found", errors.ErrUnsupported, "it is read-only")
	if b.State != fleet.BreakerClosed {
		t.Errorf("it is %s", b.State)
	}
	_, err = a.(breaker.Historian).Events(t.Context(), at, "")
	says(t, err, "not_found", errors.ErrUnsupported, "circuitbreakerevents is not exposed (404)")
	_, err = a.(breaker.Drainer).SetDrain(t.Context(), at, "", true, fleet.Order{})
	says(t, err, "not_found", errors.ErrUnsupported, "serviceregistry is read-only")
}
