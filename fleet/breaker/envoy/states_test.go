package envoy_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/envoy"
	"github.com/midwatch-cli/midwatch/probe"
)

func (f *fake) site() breaker.Site { return breaker.Site{Base: f.base()} }

// runtime sets a value in both layers.
func (f *fake) runtime(name, base, admin string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.values["upstream.maintenance_mode."+name] = []string{base, admin}
}

func (f *fake) first(t testing.TB) fleet.Breaker {
	t.Helper()
	list, err := open(t).List(t.Context(), f.site())
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	return list[0]
}

// What counts as open and forced open, and what does not.
func TestStates(t *testing.T) {
	counts := func(pairs ...any) map[string]uint64 {
		m := map[string]uint64{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = uint64(pairs[i+1].(int))
		}
		return m
	}
	const rqOpen, pendingOpen = "circuit_breakers.default.rq_open", "circuit_breakers.default.rq_pending_open"
	for _, c := range []struct {
		what            string
		cluster         fakeCluster
		base, admin     string
		trimmed         bool
		state, observed fleet.BreakerState
		share           float64
		note            string
	}{
		{"closed", fakeCluster{limit: 9, pending: 9}, "", "", false, fleet.BreakerClosed, fleet.BreakerClosed, 0, ""},
		{"maintenance", fakeCluster{limit: 9, pending: 9}, "", "100", false, fleet.BreakerForcedOpen, fleet.BreakerClosed, 0, "maintenance mode"},
		{"a part", fakeCluster{limit: 9, pending: 9}, "", "25", false, fleet.BreakerForcedOpen, fleet.BreakerClosed, 0.25, "maintenance mode"},
		{"from below", fakeCluster{limit: 9, pending: 9}, "30", "", false, fleet.BreakerForcedOpen, fleet.BreakerClosed, 0.3, "maintenance mode"},
		{"overruled by 0", fakeCluster{limit: 9, pending: 9}, "30", "0", false, fleet.BreakerClosed, fleet.BreakerClosed, 0, ""},
		{"no number", fakeCluster{limit: 9, pending: 9}, "", "abc", false, fleet.BreakerClosed, fleet.BreakerClosed, 0, ""},
		{"limit 0", fakeCluster{limit: 0, pending: 9}, "", "", false, fleet.BreakerForcedOpen, fleet.BreakerUnknown, 0, "max_requests is 0"},
		{"limit 0 and a part", fakeCluster{limit: 0, pending: 9}, "", "25", false, fleet.BreakerForcedOpen, fleet.BreakerUnknown, 0, "maintenance mode, max_requests is 0"},
		{"pending limit 0", fakeCluster{limit: 9, pending: 0}, "", "", false, fleet.BreakerClosed, fleet.BreakerClosed, 0, ""},
		{"limit 0 of the other priority", fakeCluster{limit: 9, pending: 9, highPriorityOff: true}, "", "", false, fleet.BreakerClosed, fleet.BreakerClosed, 0, ""},
		{"at its limit, refusing", fakeCluster{limit: 9, pending: 9, counts: counts(rqOpen, 1, "upstream_rq_active_overflow", 2)}, "", "", false, fleet.BreakerOpen, fleet.BreakerOpen, 0, "at max_requests 9"},
		{"at its limit, nothing refused yet", fakeCluster{limit: 9, pending: 9, counts: counts(rqOpen, 1)}, "", "", false, fleet.BreakerClosed, fleet.BreakerClosed, 0, ""},
		{"its queue is full", fakeCluster{limit: 9, pending: 5, counts: counts(pendingOpen, 1, "upstream_rq_pending_overflow", 2)}, "", "", false, fleet.BreakerOpen, fleet.BreakerOpen, 0, "at max_pending_requests 5"},
		{"connections and retries at their limit", fakeCluster{limit: 9, pending: 9, counts: counts("circuit_breakers.default.cx_open", 1, "circuit_breakers.default.rq_retry_open", 1, "upstream_cx_overflow", 7)}, "", "", false, fleet.BreakerClosed, fleet.BreakerClosed, 0, ""},
		{"held while it is open", fakeCluster{limit: 9, pending: 9, counts: counts(rqOpen, 1, "upstream_rq_active_overflow", 2)}, "", "100", false, fleet.BreakerForcedOpen, fleet.BreakerOpen, 0, "maintenance mode, at max_requests 9"},
		{"hosts", fakeCluster{limit: 9, pending: 9, hosts: 5, ejected: 2, failing: 1}, "", "", false, fleet.BreakerClosed, fleet.BreakerClosed, 0, "2 of 5 hosts ejected, 1 of 5 hosts unhealthy"},
		{"no numbers", fakeCluster{limit: 9, pending: 9}, "", "", true, fleet.BreakerClosed, fleet.BreakerUnknown, 0, ""},
		{"no numbers, and held", fakeCluster{limit: 9, pending: 9}, "", "100", true, fleet.BreakerForcedOpen, fleet.BreakerUnknown, 0, "maintenance mode"},
	} {
		t.Run(c.what, func(t *testing.T) {
			c.cluster.name = "orders"
			f := newFake(t, "tcp", &c.cluster)
			f.trimmed = c.trimmed
			if c.base+c.admin != "" {
				f.runtime("orders", c.base, c.admin)
			}
			b := f.first(t)
			if b.State != c.state || b.Observed != c.observed || b.Share != c.share || b.Note != c.note {
				t.Errorf("%s, observed %s, share %v, %q; want %s, %s, %v, %q", b.State, b.Observed, b.Share, b.Note, c.state, c.observed, c.share, c.note)
			}
			if c.trimmed != (b.Calls < 0 && b.Rejected < 0) {
				t.Errorf("%d calls, %d rejected", b.Calls, b.Rejected)
			}
		})
	}
}

// What was refused is no failure, though Envoy counts it among its 5xx.
func TestRates(t *testing.T) {
	for _, c := range []struct {
		completed, bad, maintenance, overflow uint64
		rate                                  float64
		rejected                              int64
	}{
		{0, 0, 0, 0, math.NaN(), 0},
		{100, 25, 0, 0, 0.25, 0},
		{100, 60, 40, 10, 0.2, 50},
		{40, 40, 40, 0, math.NaN(), 40},
		{10, 3, 0, 5, 0, 5},
		{math.MaxUint64, math.MaxUint64, 0, 0, 1, 0},
	} {
		f := newFake(t, "tcp", &fakeCluster{name: "orders", limit: 9, pending: 9, counts: map[string]uint64{
			"upstream_rq_completed": c.completed, "upstream_rq_5xx": c.bad, "upstream_rq_maintenance_mode": c.maintenance, "upstream_rq_active_overflow": c.overflow,
		}})
		b := f.first(t)
		if b.FailureRate != c.rate && !(math.IsNaN(b.FailureRate) && math.IsNaN(c.rate)) || b.Rejected != c.rejected {
			t.Errorf("%+v: rate %v, rejected %d", c, b.FailureRate, b.Rejected)
		}
	}
}

// Every name goes out so that nothing in it is anything else.
func TestNames(t *testing.T) {
	for name, query := range map[string]string{
		"payments":         "payments",
		"a/b":              "a%2Fb",
		"a b":              "a%20b",
		"100%":             "100%25",
		"a%2Fb":            "a%252Fb",
		"a#b?c":            "a%23b%3Fc",
		"a;b&c=d+e":        "a%3Bb%26c%3Dd%2Be",
		"outbound|80||x:y": "outbound%7C80%7C%7Cx%3Ay",
		"é\n\x00":          "%C3%A9%0A%00",
	} {
		f := newFake(t, "tcp", &fakeCluster{name: name, limit: 9, pending: 9}, &fakeCluster{name: "other", limit: 9, pending: 9})
		a := open(t)
		b, err := a.Set(t.Context(), f.site(), name, fleet.Order{Verb: fleet.Trip, Share: 0.333})
		if err != nil || b.Name != name || b.Share != 0.33 {
			t.Errorf("%q: %+v, %v", name, b, err)
		}
		if got := len(f.values); got != 1 {
			t.Errorf("%q: %d keys in the runtime: %v", name, got, f.values)
		}
		if _, err := a.Set(t.Context(), f.site(), name, fleet.Order{Verb: fleet.Reset}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		want := "/runtime_modify?upstream.maintenance_mode." + query + "="
		if got := f.writes(); !slices.Equal(got, []string{want + "33", want}) || len(f.values) != 0 {
			t.Errorf("%q: sent %q, want %q; left is %v", name, got, want, f.values)
		}
	}
}

// Shares are whole percents, and none of them is 0: a trip always trips.
func TestShares(t *testing.T) {
	f := newFake(t, "tcp", &fakeCluster{name: "orders", limit: 9, pending: 9})
	a := open(t)
	for _, c := range []struct{ share, is float64 }{{0.001, 0.01}, {0.255, 0.26}, {0.25, 0.25}, {0.999, 0}, {1, 0}, {0, 0}, {0.5, 0.5}} {
		b, err := a.Set(t.Context(), f.site(), "orders", fleet.Order{Verb: fleet.Trip, Share: c.share})
		if err != nil || b.Share != c.is || b.State != fleet.BreakerForcedOpen {
			t.Errorf("%v: %+v, %v", c.share, b, err)
		}
	}
	// 0.999, 1 and none are the same order, written once.
	if got := f.writes(); len(got) != 5 {
		t.Errorf("sent %q", got)
	}
}

// A trip that another layer overrules is taken back; an order of somebody else
// that came between is not.
func TestTakeBack(t *testing.T) {
	f := newFake(t, "tcp", &fakeCluster{name: "orders", limit: 9, pending: 9})
	f.layers = []string{"admin", "top"}
	f.runtime("orders", "", "30")
	a := open(t)
	b, err := a.Set(t.Context(), f.site(), "orders", fleet.Order{Verb: fleet.Trip})
	if !errors.Is(err, breaker.ErrNoEffect) || !strings.Contains(err.Error(), `"top" says 30`) || b.Share != 0.3 {
		t.Errorf("%+v, %v", b, err)
	}
	if got := f.values["upstream.maintenance_mode.orders"]; !slices.Equal(got, []string{"", "30"}) {
		t.Errorf("left is %q", got)
	}
	if _, err := a.(breaker.Advisor).Advise(t.Context(), f.site(), "orders", fleet.Order{Verb: fleet.Trip}); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "top") {
		t.Errorf("%v", err)
	}
	f.runtime("orders", "40", "30")
	if b, err := a.Set(t.Context(), f.site(), "orders", fleet.Order{Verb: fleet.Trip, Share: 0.7}); !errors.Is(err, breaker.ErrNoEffect) || b.Share != 0.3 || f.values["upstream.maintenance_mode.orders"][0] != "40" {
		t.Errorf("%+v, %v, left is %q", b, err, f.values)
	}
}

func TestAdvise(t *testing.T) {
	f := newFake(t, "tcp", &fakeCluster{name: "orders", limit: 9, pending: 9}, &fakeCluster{name: "shut", limit: 0, pending: 9})
	ad := open(t).(breaker.Advisor)
	expect := func(what, name string, o fleet.Order, want ...string) {
		t.Helper()
		effects, err := ad.Advise(t.Context(), f.site(), name, o)
		text := strings.Join(effects, "\n")
		for _, w := range want {
			if err != nil || !strings.Contains(text, w) {
				t.Errorf("%s: %v; want %q in\n%s", what, err, w, text)
			}
		}
	}
	refused := func(what, name string, o fleet.Order, is error, want string) {
		t.Helper()
		if _, err := ad.Advise(t.Context(), f.site(), name, o); !errors.Is(err, is) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %v, %q", what, err, is, want)
		}
	}
	trip, reset := fleet.Order{Verb: fleet.Trip}, fleet.Order{Verb: fleet.Reset}
	expect("trip", "orders", trip, "503", "TCP proxying does not look at it", "no other Envoy sees it")
	expect("a part", "orders", fleet.Order{Verb: fleet.Trip, Share: 0.25}, "about 25 of 100")
	f.runtime("shut", "", "100")
	expect("reset beside a limit", "shut", reset, "calls stay refused")
	f.runtime("orders", "100", "100")
	expect("trip over a lower layer", "orders", trip, "503")
	refused("reset over a lower layer", "orders", reset, errors.ErrUnsupported, `layer "base"`)
	f.runtime("orders", "0", "100")
	expect("reset over a lower layer that lets go", "orders", reset, "removes upstream.maintenance_mode.orders")
	refused("unknown", "nope", trip, fleet.ErrNotFound, "nope")
	refused("bypass", "orders", fleet.Order{Verb: fleet.Bypass}, errors.ErrUnsupported, "bypass")
	f.deaf = true
	expect("no dump", "orders", trip, "503")
	f.deaf, f.layers = false, []string{"base", "rtds"}
	refused("no admin layer", "orders", trip, errors.ErrUnsupported, "no admin layer")
	f.layers = nil
	refused("no runtime", "orders", trip, errors.ErrUnsupported, "no admin layer")
	if got := f.writes(); len(got) > 0 {
		t.Errorf("asking for advice sent %q", got)
	}
}

// An admin interface below a path, and bases that are none.
func TestBase(t *testing.T) {
	f := newFake(t, "tcp", &fakeCluster{name: "orders", limit: 9, pending: 9})
	_, err := openBelow(t, "/envoy").List(t.Context(), f.site())
	var said *fleet.Error
	if !errors.As(err, &said) || said.Reason != probe.ReasonNotFound || said.Hint == "" || errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("%v (%+v)", err, said)
	}
	if got := f.requests[0]; got != "GET /envoy/clusters?format=json" {
		t.Errorf("asked %s", got)
	}
	if _, err := open(t).List(t.Context(), breaker.Site{Base: f.base() + "/"}); err != nil {
		t.Error(err)
	}
	for _, base := range []string{"", "tcp://127.0.0.1:1", "unix://", "unix://host/x", "http://", "127.0.0.1:9901", "http://ops:hunter2@127.0.0.1:1", "http://127.0.0.1:1/?a=b", "http://127.0.0.1:1/#x", "://ops:hunter2@x"} {
		_, err := open(t).List(t.Context(), breaker.Site{Base: base})
		if reason, text := fleet.ReasonOf(err); reason != probe.ReasonPolicy || strings.Contains(text, "hunter2") {
			t.Errorf("%q: %v", base, err)
		}
	}
}

// Statistics go by a name of their own, without colons.
func TestNamesOfStatistics(t *testing.T) {
	counts := map[string]uint64{"upstream_rq_total": 5}
	for _, c := range []*fakeCluster{{name: "a:b"}, {name: "orders", alias: "the:orders"}, {name: "outbound|80||x"}} {
		c.limit, c.pending, c.counts = 9, 9, counts
		if b := newFake(t, "tcp", c).first(t); b.Name != c.name || b.Calls != 5 {
			t.Errorf("%+v", b)
		}
	}
}

// Where the admin layer is, by dumps of a bootstrap.
func TestAdminLayer(t *testing.T) {
	const head, tail = `{"configs":[{"@type":"type.googleapis.com/envoy.admin.v3.BootstrapConfigDump","bootstrap":{`, `}}]}`
	for dump, want := range map[string]struct {
		layer int
		known bool
	}{
		head + tail:                          {-1, true},
		head + `"layered_runtime":{}` + tail: {0, true},
		head + `"layered_runtime":{"layers":[{"name":"a","static_layer":{}}]}` + tail:                     {-1, true},
		head + `"layered_runtime":{"layers":[{"name":"a","rtds_layer":{}},{"admin_layer":{}},{}]}` + tail: {1, true},
		`{"configs":[{"@type":"type.googleapis.com/envoy.admin.v3.ClustersConfigDump","bootstrap":{}}]}`:  {-1, false},
		`{"configs":[]}`: {-1, false}, `{}`: {-1, false}, ``: {-1, false}, `<html>`: {-1, false},
	} {
		if layer, known := envoy.AdminLayer([]byte(dump)); layer != want.layer || known != want.known {
			t.Errorf("%s: %d, %v; want %+v", dump, layer, known, want)
		}
	}
}

func TestInFlight(t *testing.T) {
	f := newFake(t, "unix", &fakeCluster{name: "orders", limit: 9, pending: 9})
	got, err := open(t).(breaker.Drainer).Drained(t.Context(), f.site(), "")
	if err != nil || got.On || got.InFlight != 4 || got.Text != "LIVE" {
		t.Errorf("%+v, %v: the admin interface's own calls do not count", got, err)
	}
	for _, on := range []bool{false, true, true, false, false} {
		if got, err := open(t).(breaker.Drainer).SetDrain(t.Context(), f.site(), "", on, fleet.Order{}); err != nil || got.On != on {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if got := f.writes(); !slices.Equal(got, []string{"/healthcheck/fail", "/healthcheck/ok"}) {
		t.Errorf("sent %q: what is so already is not written", got)
	}
	f.ready = "INITIALIZING"
	if got, err := open(t).(breaker.Drainer).Drained(t.Context(), f.site(), ""); err != nil || got.On {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := open(t).(breaker.Drainer).SetDrain(t.Context(), f.site(), "orders", true, fleet.Order{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}
