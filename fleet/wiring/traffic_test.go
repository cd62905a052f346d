package wiring_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// TestTraffic: the numbers of a snapshot are there once a page was read twice;
// before that, and where no page is, the reason is.
func TestTraffic(t *testing.T) {
	var calls atomic.Int64
	far := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			n := calls.Load()
			fmt.Fprintf(w, "# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} %d\nhttp_requests_total{code=\"500\"} %d\n", 3*n, n)
			return
		}
		fmt.Fprint(w, `{"status":"UP"}`)
	})
	order := fleet.Service{Ref: fleet.Ref{Context: "test", Source: "file", Name: "order"}, Instances: []fleet.Instance{
		{ID: "1", Addr: far.addr()},
		{ID: "2", Addr: far.addr(), Labels: map[string]string{"prometheus.io/scrape": "false"}},
	}}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := settings()
	s.Now = func() time.Time { return now }
	f := open(t, s)
	m := wiring.Measure([]*wiring.Fleet{f}, series.Options{}, 0)
	pass := func() *fleet.ServiceView {
		w := f.Sweeper()
		f.ReadMetrics(w, m.Collector(f))
		snap := w.Pass(t.Context(), inputOf(order))
		m.Traffic(t.Context(), snap, now)
		return &snap.Services[0]
	}
	calls.Store(10)
	first := pass()
	for _, tr := range []*fleet.Traffic{first.Traffic, first.Instances[0].Traffic, first.Instances[1].Traffic} {
		if tr == nil || !math.IsNaN(tr.Rate) || !math.IsNaN(tr.P99) || tr.Why == "" {
			t.Errorf("after one scrape: %+v", tr)
		}
	}
	calls.Store(60)
	now = now.Add(50 * time.Second) // longer than nothing is computed again, however busy the machine is
	second := pass()
	if tr := second.Traffic; math.Abs(tr.Rate-4) > 0.01 || math.Abs(tr.Errors-0.25) > 0.001 || !math.IsNaN(tr.P99) || tr.Why == "" {
		t.Errorf("after two: %+v", tr)
	}
	if tr := second.Instances[0].Traffic; math.Abs(tr.Rate-4) > 0.01 {
		t.Errorf("the instance: %+v", tr)
	}
	if tr := second.Instances[1].Traffic; !math.IsNaN(tr.Rate) || strings.TrimSpace(tr.Why) == "" {
		t.Errorf("the one that is not read: %+v", tr)
	}
	// At the same moment nothing is computed again: the numbers are those of before.
	calls.Store(1000)
	if tr := pass().Traffic; tr.Rate != second.Traffic.Rate {
		t.Errorf("computed again: %+v", tr)
	}
}
