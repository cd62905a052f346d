package wiring_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/demo"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/probe"
)

// answered is what a question comes to, a line for each series: labels but the
// name, and the value.
func answered(t *testing.T, q metrics.Querier, expr string) string {
	t.Helper()
	a, err := q.Query(t.Context(), metrics.Question{Expr: expr})
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	var lines []string
	for _, s := range a.Series {
		var words []string
		for _, l := range s.Labels {
			if l.Name != metrics.LabelName {
				words = append(words, l.Name+"="+l.Value)
			}
		}
		lines = append(lines, strings.Join(append(words, fmt.Sprint(s.Points[0].V)), " "))
	}
	return strings.Join(lines, "\n")
}

// TestMeasures: passes over two contexts, and one store that answers for both.
func TestMeasures(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			fmt.Fprint(w, "# TYPE calls_total counter\ncalls_total{service=\"theirs\"} 42\n")
			return
		}
		fmt.Fprint(w, `{"status":"UP"}`)
	})
	order := fleet.Service{Ref: fleet.Ref{Source: "file", Name: "order"}, Instances: []fleet.Instance{
		{ID: "1", Addr: far.addr(), Zone: "a", Labels: map[string]string{"health_path": "/h"}},
		{ID: "2", Addr: closed(t), Labels: map[string]string{"health_path": "/h", "metrics_path": "/m"}},
		{ID: "3", Addr: far.addr(), Labels: map[string]string{"health_path": "/h", "prometheus.io/scrape": "false"}},
	}}
	other := order
	order.Context, other.Context = "test", "other"
	one, two := open(t, settings()), open(t, settings())
	two.Context = "other"
	pass := func(m *wiring.Measures, f *wiring.Fleet, s fleet.Service) *fleet.Snapshot {
		w := f.Sweeper()
		f.ReadMetrics(w, m.Collector(f))
		return w.Pass(t.Context(), inputOf(s))
	}

	m := wiring.Measure([]*wiring.Fleet{one}, series.Options{}, 0)
	in := pass(m, one, order).Services[0].Instances
	if in[0].Scrape.Samples != 1 || in[0].Scrape.URL != far.URL+"/metrics" || in[1].Scrape.Why.Reason != probe.ReasonRefused || in[2].Scrape.Why.Reason != probe.ReasonPolicy {
		t.Errorf("read %+v\n%+v\n%+v", in[0].Scrape, in[1].Scrape, in[2].Scrape)
	}
	for expr, want := range map[string]string{
		"calls_total":                                           "exported_service=theirs instance=1 service=order source=file zone=a 42",
		"midwatch_instance_up":                                  "instance=1 service=order source=file zone=a 1\ninstance=2 service=order source=file 0\ninstance=3 service=order source=file 1",
		"midwatch_service_up_ratio * 3":                         "service=order source=file 2",
		"sum(midwatch_scrape_success)":                          "1",
		"up * on (instance) group_left midwatch_scrape_samples": "instance=1 service=order source=file zone=a 1",
	} {
		if got := answered(t, m.Querier, expr); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", expr, got, want)
		}
	}

	m = wiring.Measure([]*wiring.Fleet{one, two}, series.Options{}, 0)
	pass(m, one, order)
	pass(m, two, other)
	if got, want := answered(t, m.Querier, "calls_total"), "context=other exported_service=theirs instance=1 service=order source=file zone=a 42\ncontext=test exported_service=theirs instance=1 service=order source=file zone=a 42"; got != want {
		t.Errorf("two contexts: got\n%s\nwant\n%s", got, want)
	}
	if got, want := answered(t, m.Querier, "sum by (context) (midwatch_instance_up)"), "context=other 2\ncontext=test 2"; got != want {
		t.Errorf("two contexts: got\n%s\nwant\n%s", got, want)
	}
	if c := m.Collector(open(t, settings())); c != nil {
		t.Errorf("a context that is none of them: %v", c)
	}
}

// TestMeasuresOfTheDemo: every instance of a real little fleet is found to have
// metrics, in the form its service has.
func TestMeasuresOfTheDemo(t *testing.T) {
	d, err := demo.Start(t.Context(), demo.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	f, err := wiring.Open(t.Context(), config.Context{Registries: []config.Registry{{Name: "etcd", URL: d.URL}}}, nil, settings())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	in := f.Input(f.Keeper().ReadOnce(t.Context(), 5*time.Second))
	m := wiring.Measure([]*wiring.Fleet{f}, series.Options{}, 0)
	w := f.Sweeper()
	f.ReadMetrics(w, m.Collector(f))
	snap := w.Pass(t.Context(), in)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for range 100 { // until the first calls are counted
		if answered(t, m.Querier, `count(http_requests_total{service="user"})`) != "" {
			break
		}
		<-again.C
		snap = w.Pass(t.Context(), in)
	}
	instances := 0
	for _, s := range snap.Services {
		for _, in := range s.Instances {
			instances++
			form := "text"
			if s.Name == "inventory" {
				form = "json"
			}
			if in.Scrape.Why != (fleet.Why{}) || in.Scrape.Form != form || in.Scrape.Samples == 0 || in.Scrape.Dropped > 0 || !in.Plan.Metrics.Named {
				t.Errorf("%s: %+v", in.Key, in.Scrape)
			}
		}
	}
	if got := answered(t, m.Querier, "count(up == 1)"); got != fmt.Sprint(instances) || instances < 10 {
		t.Errorf("%s of %d are read", got, instances)
	}
	for expr, want := range map[string]string{
		"count(http_requests_total) > bool 0":                                     "1",
		"count by (service) (count by (service, instance) (hand_requests_total))": "service=inventory 2",
		"min(midwatch_service_up_ratio)":                                          "1",
		"count(midwatch_breaker_state{state=\"closed\"}) > bool 3":                "1",
		"count(midwatch_scrape_success == 1)":                                     fmt.Sprint(instances),
	} {
		if got := answered(t, m.Querier, expr); got != want {
			t.Errorf("%s: got %q, want %q", expr, got, want)
		}
	}
}
