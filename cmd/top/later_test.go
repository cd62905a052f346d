package top_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/top"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// TestVerdictsDoNotWaitForMetrics: a real fleet of which one page hangs. Verdicts
// come at once and go on; what could be read comes when it is there.
func TestVerdictsDoNotWaitForMetrics(t *testing.T) {
	over := make(chan struct{})
	defer close(over)
	answer := func(page func(w http.ResponseWriter, r *http.Request)) string {
		return cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/health":
				_, _ = io.WriteString(w, `{"status":"UP"}`)
			case "/metrics":
				page(w, r)
			default:
				http.NotFound(w, r)
			}
		})
	}
	well := answer(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} 7\n")
	})
	hangs := answer(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-over:
		}
	})
	streams, _, _ := term.Test("")
	a := app.New(streams, func(string) string { return "" })
	a.Global.Registries = []string{cmdtest.Inventory(t, "pay 1="+well+" 2="+hangs)}
	s, err := a.Open(t.Context(), app.Probing{ProbeTimeout: time.Second, Attempts: 1, Parallel: 4, Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Measures = wiring.Measure(s.Fleets, series.Options{}, 0)
	sel, err := (&app.Selection{}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	start := time.Now()
	hands, feed := top.Live(ctx, s, sel, time.Hour)
	first := next(t, feed)
	if c := first.Counts(); c.Up != 2 || first.Seq != 1 {
		t.Errorf("at first: %+v", c)
	}
	if tr := first.Services[0].Traffic; tr == nil || tr.Why != "not read yet" {
		t.Errorf("numbers before a page was read: %+v", tr)
	}
	for n := uint64(2); n <= 4; n++ { // while the page hangs
		hands.Refresh()
		if s := next(t, feed); s.Seq != n || s.Pass != n {
			t.Errorf("number %d is of pass %d", s.Seq, s.Pass)
		}
	}
	if took := time.Since(start); took > fleet.AttemptsBudget {
		t.Errorf("four passes took %v: as long as a page that hangs", took)
	}
	more := next(t, feed) // the pages are there, as far as they could be read
	in := more.Services[0].Instances
	if more.Seq != 5 || more.Pass != 4 || in[0].Scrape.Samples != 1 || in[1].Scrape.Why.Reason == "" {
		t.Errorf("number %d of pass %d: %+v and %+v", more.Seq, more.Pass, in[0].Scrape, in[1].Scrape)
	}
	if tr := more.Services[0].Traffic; tr == nil || tr.Why == "" || strings.Contains(tr.Why, "not read yet") {
		t.Errorf("numbers after one reading: %+v", tr)
	}
	stop()
	for range feed {
		continue
	}
}
