package envoy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/envoy"
	"github.com/midwatch-cli/midwatch/fleet/breaker/peertest"
)

// odd is a name that is hard to send.
const odd = peertest.Odd

// tree is a piece of configuration.
type tree = peertest.Tree

// real is an Envoy, and where its admin interface is.
type real struct {
	*peertest.Envoy
	site breaker.Site
}

func startReal(t testing.TB, runtime tree, socket bool) *real {
	t.Helper()
	e := peertest.StartEnvoy(t, runtime, socket)
	return &real{e, breaker.Site{Base: e.Base}}
}

// trouble holds the one call that max_requests lets through, so that the next
// is refused.
func (r *real) trouble(t testing.TB, name string) {
	done := make(chan struct{})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	go func() {
		defer close(done)
		if resp, err := client.Get(r.URL(name) + "/hold"); err == nil {
			resp.Body.Close()
		}
	}()
	t.Cleanup(func() {
		r.Up[name].Release()
		<-done
	})
	for end := time.Now().Add(10 * time.Second); r.Up[name].Held.Load() == 0; {
		if time.Now().After(end) {
			t.Fatal("the call that holds the limit did not arrive")
		}
		<-time.After(5 * time.Millisecond)
	}
	if breakertest.Through(t, 1, r.URL(name)) != 0 {
		t.Error("a call passed though the limit is reached")
	}
}

func TestConformanceReal(t *testing.T) {
	breakertest.Run(t, func(t testing.TB) breakertest.World {
		r := startReal(t, peertest.Runtime(), false)
		return breakertest.World{
			Driver: envoy.Driver(), Open: open, Site: r.site, Names: r.Names,
			Call:    func(t testing.TB, name string) bool { return breakertest.Through(t, 1, r.URL(name)) == 1 },
			Trouble: r.trouble, Cannot: breakertest.Real(nil),
		}
	})
}

// Traffic proves it, over a socket as over a port, for a plain name as for an
// odd one: the upstream's own counter moves, stands still, moves.
func TestTrafficReal(t *testing.T) {
	for _, socket := range []bool{false, true} {
		r := startReal(t, peertest.Runtime(), socket)
		for _, name := range r.Names {
			const calls = 50
			a, up := open(t), r.Up[name]
			expect := func(when string, want int) {
				t.Helper()
				before := up.Calls.Load()
				got := breakertest.Through(t, calls, r.URL(name))
				if moved := int(up.Calls.Load() - before); got != want || moved != want {
					t.Errorf("%s: of %d calls %d passed and %d reached the upstream, want %d", when, calls, got, moved, want)
				}
			}
			set := func(v fleet.Verb) fleet.Breaker {
				t.Helper()
				b, err := a.Set(t.Context(), r.site, name, fleet.Order{Verb: v})
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			expect("before", calls)
			if b := set(fleet.Trip); b.State != fleet.BreakerForcedOpen || b.Observed != fleet.BreakerClosed || b.Calls != calls || b.Rejected != 0 || b.FailureRate != 0 || b.Note != "maintenance mode" {
				t.Errorf("tripped it is %+v", b)
			}
			expect("tripped", 0)
			if b := set(fleet.Reset); b.State != fleet.BreakerClosed || b.Calls != calls || b.Rejected != calls || b.FailureRate != 0 {
				t.Errorf("after the reset it is %+v: what was refused is no failure", b)
			}
			expect("after", calls)
		}
		if left := r.entries(t); len(left) != 0 {
			t.Errorf("in the runtime is left %v", left)
		}
	}
}

// entries is what the runtime holds.
func (r *real) entries(t testing.TB) map[string]any {
	t.Helper()
	if strings.HasPrefix(r.Base, "unix") {
		return nil
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(r.Base + "/runtime")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var page struct{ Entries map[string]any }
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	return page.Entries
}

// raw writes a runtime key as somebody else would.
func (r *real) raw(t testing.TB, key, value string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(r.Base+"/runtime_modify?"+url.PathEscape(key)+"="+url.PathEscape(value), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// A share sheds about that share. TCP does not look at it.
func TestShareReal(t *testing.T) {
	r := startReal(t, peertest.Runtime(), false)
	a := open(t)
	b, err := a.Set(t.Context(), r.site, "payments", fleet.Order{Verb: fleet.Trip, Share: 0.5})
	if err != nil || b.State != fleet.BreakerForcedOpen || b.Share != 0.5 {
		t.Fatalf("%+v, %v", b, err)
	}
	const calls = 200
	passed := breakertest.Through(t, calls, r.URL("payments"))
	t.Logf("%d of %d calls passed at a share of 0.5", passed, calls)
	if passed < 60 || passed > 140 {
		t.Errorf("%d of %d calls passed at a share of 0.5", passed, calls)
	}
	if b, err = a.Set(t.Context(), r.site, "payments", fleet.Order{Verb: fleet.Trip}); err != nil || b.Share != 0 {
		t.Errorf("the share made whole: %+v, %v", b, err)
	}
	if passed := breakertest.Through(t, 5, r.URL("payments")); passed != 0 {
		t.Errorf("%d calls passed", passed)
	}
	if passed := breakertest.Through(t, 5, r.TCP); passed != 5 {
		t.Errorf("of 5 calls over the TCP listener %d passed: the plan says that TCP does not look at it", passed)
	}
}

// Without an admin layer the plan says so, and nothing else is tried.
func TestNoAdminLayerReal(t *testing.T) {
	r := startReal(t, nil, false)
	a, trip := open(t), fleet.Order{Verb: fleet.Trip}
	_, adviceErr := a.(breaker.Advisor).Advise(t.Context(), r.site, "payments", trip)
	b, setErr := a.Set(t.Context(), r.site, "payments", trip)
	for what, err := range map[string]error{"Advise": adviceErr, "Set": setErr} {
		var said *fleet.Error
		if !errors.Is(err, errors.ErrUnsupported) || !errors.As(err, &said) || !strings.Contains(said.Detail, "no admin layer") || !strings.Contains(said.Hint, "admin_layer: {}") {
			t.Errorf("%s: %v (%+v)", what, err, said)
		}
	}
	if b.State != fleet.BreakerClosed || breakertest.Through(t, 1, r.URL("payments")) != 1 {
		t.Errorf("%+v", b)
	}
	// A drain needs none.
	if got, err := a.(breaker.Drainer).SetDrain(t.Context(), r.site, "", true, fleet.Order{}); err != nil || !got.On || got.InFlight != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// An empty layered_runtime can be written, too.
func TestEmptyRuntimeReal(t *testing.T) {
	r := startReal(t, tree{}, false)
	a, trip := open(t), fleet.Order{Verb: fleet.Trip}
	if _, err := a.(breaker.Advisor).Advise(t.Context(), r.site, odd, trip); err != nil {
		t.Error(err)
	}
	if b, err := a.Set(t.Context(), r.site, odd, trip); err != nil || b.State != fleet.BreakerForcedOpen {
		t.Errorf("%+v, %v", b, err)
	}
}

// Layers that cannot be written: one above overrules a trip, which is then taken
// back; one below holds what a reset would let go.
func TestLayersReal(t *testing.T) {
	static := func(name, percent string) tree {
		return tree{"name": name, "static_layer": tree{"upstream": tree{"maintenance_mode": tree{"payments": percent}}}}
	}
	admin := tree{"name": "admin", "admin_layer": tree{}}
	for _, c := range []struct {
		what   string
		layers []any
		verb   fleet.Verb
		layer  string
	}{
		{"above", []any{admin, static("top", "30")}, fleet.Trip, "top"},
		{"below", []any{static("base", "100"), admin}, fleet.Reset, "base"},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := startReal(t, tree{"layers": c.layers}, false)
			a, o := open(t), fleet.Order{Verb: c.verb}
			if _, err := a.(breaker.Advisor).Advise(t.Context(), r.site, "payments", o); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), c.layer) {
				t.Errorf("advice: %v", err)
			}
			before := fmt.Sprint(r.entries(t))
			b, err := a.Set(t.Context(), r.site, "payments", o)
			if !errors.Is(err, breaker.ErrNoEffect) || !strings.Contains(err.Error(), c.layer) || b.State != fleet.BreakerForcedOpen {
				t.Errorf("%+v, %v", b, err)
			}
			if after := fmt.Sprint(r.entries(t)); after != before {
				t.Errorf("the runtime was %s and is %s", before, after)
			}
		})
	}
}

// What counts as forced open, and what the values of the key come to, held
// against traffic.
func TestForcedOpenReal(t *testing.T) {
	r := startReal(t, peertest.Runtime(), false)
	a := open(t)
	see := func() fleet.Breaker {
		t.Helper()
		list, err := a.List(t.Context(), r.site)
		b := breaker.Find(list, "payments")
		if err != nil || b == nil {
			t.Fatal(err)
		}
		return *b
	}
	for _, c := range []struct {
		key, value string
		state      fleet.BreakerState
		share      float64
		passes     int // of 20
	}{
		{"circuit_breakers.payments.default.max_connections", "0", fleet.BreakerClosed, 0, 20},
		{"circuit_breakers.payments.default.max_requests", "0", fleet.BreakerForcedOpen, 0, 0},
		{"circuit_breakers.payments.high.max_requests", "0", fleet.BreakerClosed, 0, 20},
		{"circuit_breakers.payments.default.max_requests", "abc", fleet.BreakerClosed, 0, 20},
		{"upstream.maintenance_mode.payments", "abc", fleet.BreakerClosed, 0, 20},
		{"upstream.maintenance_mode.payments", "true", fleet.BreakerClosed, 0, 20},
		{"upstream.maintenance_mode.payments", "-5", fleet.BreakerClosed, 0, 20},
		{"upstream.maintenance_mode.payments", "99999999999999999999", fleet.BreakerClosed, 0, 20},
		{"upstream.maintenance_mode.payments", "250", fleet.BreakerForcedOpen, 0, 0},
		{"upstream.maintenance_mode.payments", "1e2", fleet.BreakerForcedOpen, 0, 0},
		{"upstream.maintenance_mode.payments", "0x64", fleet.BreakerForcedOpen, 0, 0},
		{"upstream.maintenance_mode.payments", " 100", fleet.BreakerForcedOpen, 0, 0},
		{"upstream.maintenance_mode.payments", "0100", fleet.BreakerForcedOpen, 0.64, -1},
		{"upstream.maintenance_mode.payments", "50.9", fleet.BreakerForcedOpen, 0.5, -1},
	} {
		r.raw(t, c.key, c.value)
		if b := see(); b.State != c.state || b.Share != c.share {
			t.Errorf("%s=%s: %s, share %v; want %s, %v", c.key, c.value, b.State, b.Share, c.state, c.share)
		}
		if passed := breakertest.Through(t, 20, r.URL("payments")); c.passes >= 0 && passed != c.passes {
			t.Errorf("%s=%s: %d of 20 calls passed, want %d", c.key, c.value, passed, c.passes)
		}
		r.raw(t, c.key, "")
	}
	r.raw(t, "circuit_breakers.payments.default.max_requests", "0")
	if b, err := a.Set(t.Context(), r.site, "payments", fleet.Order{Verb: fleet.Reset}); !errors.Is(err, errors.ErrUnsupported) || b.Note != "max_requests is 0" {
		t.Errorf("a reset of what somebody else's limit holds: %+v, %v", b, err)
	}
	if left := r.entries(t); len(left) != 1 {
		t.Errorf("in the runtime is %v, want their limit alone", left)
	}
}

// What a drain does to ordinary replies is what its plan says.
func TestDrainReal(t *testing.T) {
	r := startReal(t, peertest.Runtime(), true)
	d := open(t).(breaker.Drainer)
	effects, err := d.DrainEffects(t.Context(), r.site, "", true)
	if text := strings.Join(effects, "\n"); err != nil || !strings.Contains(text, "503 DRAINING") || !strings.Contains(text, "x-envoy-immediate-health-check-fail") {
		t.Errorf("%v: %s", err, text)
	}
	for _, on := range []bool{true, false} {
		got, err := d.SetDrain(t.Context(), r.site, "", on, fleet.Order{})
		if err != nil || got.On != on || got.InFlight != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		transport := &http.Transport{}
		for _, front := range []string{r.Front, r.Checked} {
			resp, err := (&http.Client{Transport: transport}).Get(front + "/0")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			marked := resp.Header.Get("X-Envoy-Immediate-Health-Check-Fail") != ""
			if resp.StatusCode != 200 || resp.Close != on || marked != (on && front == r.Checked) {
				t.Errorf("drained %v: a reply is %d, closes %v, with %v", on, resp.StatusCode, resp.Close, resp.Header)
			}
		}
		transport.CloseIdleConnections()
		if passed := breakertest.Through(t, 1, r.Checked+"/healthz"); (passed == 0) != on {
			t.Errorf("drained %v: its health_check filter answers the wrong way", on)
		}
	}
	if _, err := d.Drained(t.Context(), r.site, "payments"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a cluster: %v", err)
	}
}
