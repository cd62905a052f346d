package envoy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/envoy"
)

// realName is how the real Envoy is called in the must-run list.
const realName = "breaker/envoy"

// odd is a name with everything in it that a query, a path or a name of
// statistics could trip over.
const odd = "outbound|80|v1|a/b c%d#e;f&g=h+i:j?é.local"

// real is an Envoy with a cluster of its own upstream for each name and a route
// for each, on a listener, on one with a health_check filter; and a TCP listener
// to the first.
type real struct {
	base, front, tcp string
	checked          string
	site             breaker.Site
	names            []string
	up               map[string]*breakertest.Upstream
}

// url is where calls through a cluster go in.
func (r *real) url(name string) string {
	for i, n := range r.names {
		if n == name {
			return fmt.Sprintf("%s/%d", r.front, i)
		}
	}
	return r.front + "/nowhere"
}

// tree is a piece of configuration.
type tree = map[string]any

// withAdmin is a layered runtime that can be written.
func withAdmin() tree {
	return tree{"layers": []any{tree{"name": "base", "static_layer": tree{}}, tree{"name": "admin", "admin_layer": tree{}}}}
}

func tcpAddress(port int) tree {
	return tree{"socket_address": tree{"address": "127.0.0.1", "port_value": port}}
}

// startReal starts an Envoy. A nil runtime is none in its bootstrap; its admin
// interface is on a socket where that is asked for.
func startReal(t testing.TB, runtime tree, socket bool) *real {
	t.Helper()
	program := breakertest.Program(t, realName, "envoy-1.40.0", "envoy")
	dir, ports := socketDir(t), breakertest.Ports(t, 4)
	r := &real{names: []string{"payments", odd}, up: map[string]*breakertest.Upstream{}, base: fmt.Sprintf("http://127.0.0.1:%d", ports[0])}
	r.front, r.tcp = fmt.Sprintf("http://127.0.0.1:%d", ports[1]), fmt.Sprintf("http://127.0.0.1:%d", ports[2])
	r.checked = fmt.Sprintf("http://127.0.0.1:%d", ports[3])
	admin := tcpAddress(ports[0])
	if socket {
		r.base, admin = "unix://"+dir+"/e.sock", tree{"pipe": tree{"path": dir + "/e.sock"}}
	}
	r.site = breaker.Site{Base: r.base}
	var clusters, routes []any
	for i, name := range r.names {
		up := breakertest.NewUpstream(t)
		r.up[name] = up
		var port int
		if _, err := fmt.Sscanf(up.Addr, "127.0.0.1:%d", &port); err != nil {
			t.Fatal(err)
		}
		clusters = append(clusters, tree{
			"name": name, "type": "STATIC", "connect_timeout": "1s", "circuit_breakers": tree{"thresholds": []any{tree{"max_requests": 1}}},
			"load_assignment": tree{"cluster_name": name, "endpoints": []any{tree{"lb_endpoints": []any{tree{"endpoint": tree{"address": tcpAddress(port)}}}}}},
		})
		routes = append(routes, tree{"match": tree{"prefix": fmt.Sprintf("/%d", i)}, "route": tree{"cluster": name}})
	}
	const types = "type.googleapis.com/envoy.extensions.filters."
	router := tree{"name": "router", "typed_config": tree{"@type": types + "http.router.v3.Router"}}
	check := tree{"name": "check", "typed_config": tree{"@type": types + "http.health_check.v3.HealthCheck", "pass_through_mode": false, "headers": []any{
		tree{"name": ":path", "string_match": tree{"exact": "/healthz"}},
	}}}
	http := func(filters ...any) tree {
		return tree{
			"@type": types + "network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "in", "http_filters": filters,
			"route_config": tree{"virtual_hosts": []any{tree{"name": "all", "domains": []any{"*"}, "routes": routes}}},
		}
	}
	tcp := tree{"@type": types + "network.tcp_proxy.v3.TcpProxy", "stat_prefix": "tcp", "cluster": r.names[0]}
	listener := func(port int, filter tree) tree {
		return tree{"address": tcpAddress(port), "filter_chains": []any{tree{"filters": []any{tree{"name": "f", "typed_config": filter}}}}}
	}
	boot := tree{"admin": tree{"address": admin}, "static_resources": tree{"clusters": clusters, "listeners": []any{
		listener(ports[1], http(router)), listener(ports[2], tcp), listener(ports[3], http(check, router)),
	}}}
	if runtime != nil {
		boot["layered_runtime"] = runtime
	}
	data, err := json.Marshal(boot)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "e.json"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	ready := func() bool {
		got, err := open(t).(breaker.Drainer).Drained(t.Context(), r.site, "")
		return err == nil && got.Text == "LIVE"
	}
	breakertest.Start(t, dir, ready, program, "-c", "e.json", "--concurrency", "1", "--disable-hot-restart", "-l", "warn")
	return r
}

// trouble holds the one call that max_requests lets through, so that the next
// is refused.
func (r *real) trouble(t testing.TB, name string) {
	done := make(chan struct{})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	go func() {
		defer close(done)
		if resp, err := client.Get(r.url(name) + "/hold"); err == nil {
			resp.Body.Close()
		}
	}()
	t.Cleanup(func() {
		r.up[name].Release()
		<-done
	})
	for end := time.Now().Add(10 * time.Second); r.up[name].Held.Load() == 0; {
		if time.Now().After(end) {
			t.Fatal("the call that holds the limit did not arrive")
		}
		<-time.After(5 * time.Millisecond)
	}
	if breakertest.Through(t, 1, r.url(name)) != 0 {
		t.Error("a call passed though the limit is reached")
	}
}

func TestConformanceReal(t *testing.T) {
	breakertest.Run(t, func(t testing.TB) breakertest.World {
		r := startReal(t, withAdmin(), false)
		return breakertest.World{
			Driver: envoy.Driver(), Open: open, Site: r.site, Names: r.names,
			Call:    func(t testing.TB, name string) bool { return breakertest.Through(t, 1, r.url(name)) == 1 },
			Trouble: r.trouble, Cannot: breakertest.Real(nil),
		}
	})
}

// Traffic proves it, over a socket as over a port, for a plain name as for an
// odd one: the upstream's own counter moves, stands still, moves.
func TestTrafficReal(t *testing.T) {
	for _, socket := range []bool{false, true} {
		r := startReal(t, withAdmin(), socket)
		for _, name := range r.names {
			const calls = 50
			a, up := open(t), r.up[name]
			expect := func(when string, want int) {
				t.Helper()
				before := up.Calls.Load()
				got := breakertest.Through(t, calls, r.url(name))
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
	if strings.HasPrefix(r.base, "unix") {
		return nil
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(r.base + "/runtime")
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
	resp, err := client.Post(r.base+"/runtime_modify?"+url.PathEscape(key)+"="+url.PathEscape(value), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// A share sheds about that share. TCP does not look at it.
func TestShareReal(t *testing.T) {
	r := startReal(t, withAdmin(), false)
	a := open(t)
	b, err := a.Set(t.Context(), r.site, "payments", fleet.Order{Verb: fleet.Trip, Share: 0.5})
	if err != nil || b.State != fleet.BreakerForcedOpen || b.Share != 0.5 {
		t.Fatalf("%+v, %v", b, err)
	}
	const calls = 200
	passed := breakertest.Through(t, calls, r.url("payments"))
	t.Logf("%d of %d calls passed at a share of 0.5", passed, calls)
	if passed < 60 || passed > 140 {
		t.Errorf("%d of %d calls passed at a share of 0.5", passed, calls)
	}
	if b, err = a.Set(t.Context(), r.site, "payments", fleet.Order{Verb: fleet.Trip}); err != nil || b.Share != 0 {
		t.Errorf("the share made whole: %+v, %v", b, err)
	}
	if passed := breakertest.Through(t, 5, r.url("payments")); passed != 0 {
		t.Errorf("%d calls passed", passed)
	}
	if passed := breakertest.Through(t, 5, r.tcp); passed != 5 {
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
	if b.State != fleet.BreakerClosed || breakertest.Through(t, 1, r.url("payments")) != 1 {
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
	r := startReal(t, withAdmin(), false)
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
		if passed := breakertest.Through(t, 20, r.url("payments")); c.passes >= 0 && passed != c.passes {
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
	r := startReal(t, withAdmin(), true)
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
		for _, front := range []string{r.front, r.checked} {
			resp, err := (&http.Client{Transport: transport}).Get(front + "/0")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			marked := resp.Header.Get("X-Envoy-Immediate-Health-Check-Fail") != ""
			if resp.StatusCode != 200 || resp.Close != on || marked != (on && front == r.checked) {
				t.Errorf("drained %v: a reply is %d, closes %v, with %v", on, resp.StatusCode, resp.Close, resp.Header)
			}
		}
		transport.CloseIdleConnections()
		if passed := breakertest.Through(t, 1, r.checked+"/healthz"); (passed == 0) != on {
			t.Errorf("drained %v: its health_check filter answers the wrong way", on)
		}
	}
	if _, err := d.Drained(t.Context(), r.site, "payments"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a cluster: %v", err)
	}
}
