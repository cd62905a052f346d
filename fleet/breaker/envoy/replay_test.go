package envoy_test

import (
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

// tape plays recordings back: for each page the names of those it answers with,
// the last one for good. What has none is a 404 of Envoy's.
type tape struct {
	t    *testing.T
	mu   sync.Mutex
	page map[string][]string // by "GET /clusters"
	sent []string
}

func play(t *testing.T, page map[string][]string) (*tape, breaker.Site) {
	t.Helper()
	p := &tape{t: t, page: page}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return p, breaker.Site{Base: s.URL}
}

func (p *tape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, r.Method+" "+r.URL.RequestURI())
	key := r.Method + " " + r.URL.Path
	names := p.page[key]
	name := "65-unknown-path.http"
	if len(names) > 0 {
		name = names[0]
	}
	if len(names) > 1 {
		p.page[key] = names[1:]
	}
	rec := recorded(p.t, name)
	w.WriteHeader(rec.code)
	_, _ = w.Write([]byte(rec.body))
}

// writes lists what was posted.
func (p *tape) writes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.sent), func(s string) bool { return !strings.HasPrefix(s, "POST ") })
}

// pages are the three a listing reads.
func pages(clusters, runtime string) map[string][]string {
	return map[string][]string{"GET /clusters": {clusters}, "GET /stats": {"06-stats-json.http"}, "GET /runtime": {runtime}}
}

func TestReplayList(t *testing.T) {
	for _, c := range []struct {
		clusters, runtime string
		orders, payments  fleet.BreakerState
		ordersNote        string
		paymentsNote      string
	}{
		{"04-clusters-json.http", "12-runtime.http", fleet.BreakerClosed, fleet.BreakerClosed, "", ""},
		{"22-clusters-after-trip-json.http", "21-runtime-after-trip.http", fleet.BreakerForcedOpen, fleet.BreakerClosed, "max_requests is 0", ""},
		{"04-clusters-json.http", "32-bad-value-runtime.http", fleet.BreakerClosed, fleet.BreakerClosed, "", ""},
		{"04-clusters-json.http", "90-layers-absent-runtime.http", fleet.BreakerClosed, fleet.BreakerClosed, "", ""},
		{"50-active-hc-failed-json.http", "28-runtime-after-reset.http", fleet.BreakerClosed, fleet.BreakerClosed, "", "1 of 1 hosts unhealthy"},
		{"55-ejected-json.http", "12-runtime.http", fleet.BreakerClosed, fleet.BreakerClosed, "1 of 2 hosts ejected", ""},
		{"58-uneject-by-runtime-json.http", "12-runtime.http", fleet.BreakerClosed, fleet.BreakerClosed, "", ""},
	} {
		t.Run(c.clusters+" "+c.runtime, func(t *testing.T) {
			_, site := play(t, pages(c.clusters, c.runtime))
			list, err := open(t).List(t.Context(), site)
			if err != nil || len(list) != 2 {
				t.Fatalf("%+v, %v", list, err)
			}
			orders, payments := list[0], list[1]
			if orders.Name != "orders" || orders.State != c.orders || orders.Note != c.ordersNote || payments.State != c.payments || payments.Note != c.paymentsNote {
				t.Errorf("%+v\n%+v", orders, payments)
			}
			// The numbers that were recorded are of payments alone.
			if payments.Calls != 3 || payments.Rejected != 0 || payments.FailureRate != 0 || !payments.Since.IsZero() || !math.IsNaN(payments.SlowRate) {
				t.Errorf("%+v", payments)
			}
			if orders.Calls != -1 || orders.Rejected != -1 || !math.IsNaN(orders.FailureRate) || orders.Observed != fleet.BreakerUnknown {
				t.Errorf("%+v", orders)
			}
		})
	}
}

func TestReplaySet(t *testing.T) {
	trip := fleet.Order{Verb: fleet.Trip}
	for _, c := range []struct {
		what   string
		modify string
		order  fleet.Order
		err    error
		text   string
	}{
		{"taken, and not seen", "40-maintenance-on.http", trip, breaker.ErrNoEffect, "the cluster does not show it"},
		{"no admin layer", "91-layers-absent-modify.http", trip, errors.ErrUnsupported, "no admin layer"},
		{"no admin layer among layers", "97-layers-disk-modify.http", trip, errors.ErrUnsupported, "no admin layer"},
		{"a proxy that lets GET through only", "14-runtime-modify-get.http", trip, nil, "405"},
		{"the query was lost", "15-runtime-modify-no-params.http", trip, nil, "usage: /runtime_modify"},
		{"not there", "65-unknown-path.http", trip, nil, "invalid path"},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := pages("04-clusters-json.http", "12-runtime.http")
			p["POST /runtime_modify"] = []string{c.modify}
			far, site := play(t, p)
			b, err := open(t).Set(t.Context(), site, "payments", c.order)
			if b.State != fleet.BreakerClosed || err == nil || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), site.Base) {
				t.Errorf("%+v, %v; want an error with %q", b, err, c.text)
			}
			if c.err != nil && !errors.Is(err, c.err) || c.err == nil && (errors.Is(err, fleet.ErrNotFound) || errors.Is(err, errors.ErrUnsupported)) {
				t.Errorf("%v, want %v", err, c.err)
			}
			if got := far.writes(); !slices.Equal(got, []string{"POST /runtime_modify?upstream.maintenance_mode.payments=100"}) {
				t.Errorf("sent %q", got)
			}
		})
	}
}

// A reset of a cluster that a limit of 0 shuts is refused without a write: that
// limit is somebody else's.
func TestReplayForeignLimit(t *testing.T) {
	far, site := play(t, pages("22-clusters-after-trip-json.http", "21-runtime-after-trip.http"))
	a := open(t)
	for _, o := range []fleet.Order{{Verb: fleet.Reset}, {Verb: fleet.Trip, Share: 0.3}} {
		b, err := a.Set(t.Context(), site, "orders", o)
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "max_requests is 0") || b.State != fleet.BreakerForcedOpen {
			t.Errorf("%+v: %+v, %v", o, b, err)
		}
	}
	if b, err := a.Set(t.Context(), site, "orders", fleet.Order{Verb: fleet.Trip}); err != nil || b.State != fleet.BreakerForcedOpen {
		t.Errorf("a trip of what is shut: %+v, %v", b, err)
	}
	if got := far.writes(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

// What is no page of Envoy's is an error that says where and what.
func TestReplayNoPages(t *testing.T) {
	for what, c := range map[string]struct {
		page   map[string][]string
		reason fleet.Reason
		text   string
	}{
		"another server":     {nil, probe.ReasonNotFound, "/clusters: 404"},
		"text for clusters":  {map[string][]string{"GET /clusters": {"66-clusters-bad-format.http"}}, probe.ReasonBody, "observability_name"},
		"stats for clusters": {map[string][]string{"GET /clusters": {"06-stats-json.http"}}, probe.ReasonBody, "no cluster_statuses"},
		"clusters for stats": {map[string][]string{"GET /clusters": {"04-clusters-json.http"}, "GET /stats": {"04-clusters-json.http"}}, probe.ReasonBody, "no stats"},
		"stats for runtime":  {map[string][]string{"GET /clusters": {"04-clusters-json.http"}, "GET /stats": {"06-stats-json.http"}, "GET /runtime": {"06-stats-json.http"}}, probe.ReasonBody, "no layers"},
		"draining elsewhere": {map[string][]string{"GET /clusters": {"72-ready-draining.http"}}, probe.ReasonGateway, "503"},
		"a word for a table": {map[string][]string{"GET /clusters": {"01-ready.http"}}, probe.ReasonBody, "LIVE"},
	} {
		t.Run(what, func(t *testing.T) {
			_, site := play(t, c.page)
			list, err := open(t).List(t.Context(), site)
			reason, text := fleet.ReasonOf(err)
			if list != nil || err == nil || reason != c.reason || !strings.Contains(text, c.text) || !strings.Contains(text, site.Base) {
				t.Errorf("%v, %s: %s; want %s and %q", list, reason, text, c.reason, c.text)
			}
		})
	}
}

func TestReplayAdvise(t *testing.T) {
	for _, c := range []struct {
		what, runtime string
		dump          []string
		err           error
	}{
		{"an admin layer", "12-runtime.http", []string{"61-config-dump-bootstrap-mask.http"}, nil},
		{"no runtime, and no dump", "90-layers-absent-runtime.http", nil, errors.ErrUnsupported},
		{"an empty runtime, and no dump", "93-layers-empty-runtime.http", nil, nil},
		{"layers, and a dump that does not tell", "96-layers-disk-runtime.http", []string{"60-config-dump-resource.http"}, nil},
		{"layers, and a dump that is refused", "12-runtime.http", []string{"63-config-dump-bad-resource.http"}, nil},
		{"layers, and a dump that is refused otherwise", "12-runtime.http", []string{"61-config-dump-bootstrap-resource.http"}, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := pages("04-clusters-json.http", c.runtime)
			p["GET /config_dump"] = c.dump
			far, site := play(t, p)
			effects, err := open(t).(breaker.Advisor).Advise(t.Context(), site, "payments", fleet.Order{Verb: fleet.Trip})
			if !errors.Is(err, c.err) || (err == nil) == (len(effects) == 0) {
				t.Errorf("%q, %v; want %v", effects, err, c.err)
			}
			if last := far.sent[len(far.sent)-1]; last != "GET /config_dump?mask=bootstrap.layered_runtime" || len(far.writes()) > 0 {
				t.Errorf("sent %q", far.sent)
			}
		})
	}
}

func TestReplayDrain(t *testing.T) {
	far, site := play(t, map[string][]string{
		"GET /ready": {"01-ready.http", "72-ready-draining.http", "72-ready-draining.http", "76-ready-after-ok.http"}, "GET /stats": {"06-stats-json.http"},
		"POST /healthcheck/fail": {"71-healthcheck-fail.http"}, "POST /healthcheck/ok": {"75-healthcheck-ok.http"},
	})
	d := open(t).(breaker.Drainer)
	for _, on := range []bool{true, false} {
		if got, err := d.SetDrain(t.Context(), site, "", on, fleet.Order{}); err != nil || got.On != on || got.Text != map[bool]string{true: "DRAINING", false: "LIVE"}[on] {
			t.Errorf("%v: %+v, %v", on, got, err)
		}
	}
	if got := far.writes(); !slices.Equal(got, []string{"POST /healthcheck/fail", "POST /healthcheck/ok"}) {
		t.Errorf("sent %q", got)
	}
	for what, c := range map[string]struct{ ready, fail, text string }{
		"no effect": {"01-ready.http", "71-healthcheck-fail.http", "had no effect"},
		"no POST":   {"01-ready.http", "71-healthcheck-fail-get.http", "405"},
		"no word":   {"12-runtime.http", "71-healthcheck-fail.http", "no word of Envoy's"},
		"no page":   {"65-unknown-path.http", "71-healthcheck-fail.http", "404"},
	} {
		_, site := play(t, map[string][]string{"GET /ready": {c.ready}, "POST /healthcheck/fail": {c.fail}, "GET /stats": {"06-stats-json.http"}})
		_, err := d.SetDrain(t.Context(), site, "", true, fleet.Order{})
		if err == nil || !strings.Contains(err.Error(), c.text) && (what != "no effect" || !errors.Is(err, breaker.ErrNoEffect)) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
