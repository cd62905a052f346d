package app_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// far answers health at /health and a page at /metrics, and notes what it was
// asked.
type far struct {
	mu    sync.Mutex
	asked map[string]int
}

func (f *far) handle(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked[r.URL.Path]++
	n := f.asked[r.URL.Path]
	f.mu.Unlock()
	switch r.URL.Path {
	case "/health":
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"status":"UP"}`)
	case "/metrics":
		fmt.Fprintf(w, "# TYPE calls_total counter\ncalls_total %d\n", 10*n)
	default:
		http.NotFound(w, r)
	}
}

// taken is what was asked since, sorted, each once.
func (f *far) taken() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	paths := slices.Sorted(maps.Keys(f.asked))
	clear(f.asked)
	return strings.Join(paths, " ")
}

// ask asks who answers about what passes saw; a series is its value.
func ask(t *testing.T, q metrics.Querier, expr string) string {
	t.Helper()
	a, err := q.Query(t.Context(), metrics.Question{Expr: expr})
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, s := range a.Series {
		values = append(values, fmt.Sprint(s.Points[0].V))
	}
	return strings.Join(values, " ")
}

func everything(t *testing.T) *selection.Selection {
	t.Helper()
	sel, err := selection.Selector{}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return sel
}

// TestAskingForMetrics: they are read beside what else is asked, alone, or not
// at all.
func TestAskingForMetrics(t *testing.T) {
	f := &far{asked: map[string]int{}}
	w := newWorld(t)
	s := w.flags(t, "--registry", w.fleet(t, "fleet.yaml", "pay "+serve(t, f.handle))).open(t)
	for _, tt := range []struct {
		name     string
		asking   app.Asking
		kept     bool
		asked    string
		up       string // midwatch_instance_up
		calls    string
		progress string
	}{
		{"nothing is kept", app.Everything | app.Metrics, false, "/actuator/health /actuator/health/readiness /health /health/ready", "", "", "1/1"},
		{"they are not wanted", app.Everything, true, "/actuator/health /actuator/health/readiness /health /health/ready", "", "", "1/1"},
		{"everything", app.Everything | app.Metrics, true, "/actuator/health /actuator/health/readiness /health /health/ready /metrics", "1", "10", "1/1"},
		{"health", app.HealthOnly | app.Metrics, true, "/actuator/health /actuator/health/readiness /health /health/ready /metrics", "1", "10", "1/1"},
		{"metrics alone", app.Nothing | app.Metrics, true, "/metrics", "", "10", "1/1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.taken()
			s.Measures = nil
			m := wiring.Measure(s.Fleets, series.Options{}, 0)
			if tt.kept {
				s.Measures = m
			}
			progress := ""
			r, err := s.Pass(t.Context(), everything(t), tt.asking, func(done, total int) { progress = fmt.Sprint(done, "/", total) })
			if err != nil {
				t.Fatal(err)
			}
			if got := f.taken(); got != tt.asked {
				t.Errorf("asked %s, want %s", got, tt.asked)
			}
			if got := ask(t, m.Querier, "midwatch_instance_up"); got != tt.up {
				t.Errorf("up is %q, want %q", got, tt.up)
			}
			if got := ask(t, m.Querier, "calls_total"); got != tt.calls {
				t.Errorf("calls are %q, want %q", got, tt.calls)
			}
			if in := r.Snapshot.Services[0].Instances[0]; (in.Scrape.Samples == 1) != (tt.calls != "") {
				t.Errorf("its scrape: %+v", in.Scrape)
			}
			if progress != tt.progress {
				t.Errorf("progress %q, want %q", progress, tt.progress)
			}
		})
	}
}

// TestWatchKeepsMetrics: each pass adds samples, and what is counted can be
// rated.
func TestWatchKeepsMetrics(t *testing.T) {
	f := &far{asked: map[string]int{}}
	w := newWorld(t)
	s := w.flags(t, "--registry", w.fleet(t, "fleet.yaml", "pay "+serve(t, f.handle))).open(t)
	s.Measures = wiring.Measure(s.Fleets, series.Options{}, 0)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	seen := 0
	for snap := range s.Watch(ctx, everything(t), 50*time.Millisecond, app.HealthOnly|app.Metrics) {
		if snap.Services[0].Instances[0].Scrape.Samples != 1 {
			t.Errorf("a pass without metrics: %+v", snap.Services[0].Instances[0].Scrape)
		}
		if seen++; seen == 3 {
			stop()
		}
	}
	if got := ask(t, s.Measures.Querier, "count_over_time(calls_total[1m]) >= bool 3"); got != "1" {
		t.Errorf("samples of three passes: %s", got)
	}
	if got := ask(t, s.Measures.Querier, "increase(calls_total[1m]) > bool 0"); got != "1" {
		t.Errorf("it counts up: %s", got)
	}
}
