package red_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/metricstest"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
	"github.com/midwatch-cli/midwatch/fleet/metrics/server"
)

// TestAgainstPromQL: where nothing was born and nothing started again, shares and
// quantiles are those that PromQL gives. Rates are not compared: rate()
// extrapolates.
func TestAgainstPromQL(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for range 20 {
		m := newMemory()
		for i := range 3 {
			for _, code := range []string{"200", "404", "500"} {
				bounds := []string{"0.05", "0.1", "0.25", "1", "+Inf"}
				totals := make([][]float64, len(bounds))
				for range 6 {
					below := 0.0
					for b := range bounds {
						below += float64(rnd.IntN(20))
						last := 1e6 // far from 0, to which increase() does not extrapolate
						if n := len(totals[b]); n > 0 {
							last = totals[b][n-1]
						}
						totals[b] = append(totals[b], last+below)
					}
				}
				series := fmt.Sprintf(`service="orders",instance="%d",code=%q`, i, code)
				for b, le := range bounds {
					m.put(t, fmt.Sprintf(`http_request_duration_seconds_bucket{%s,le=%q}`, series, le), began, 10*time.Second, totals[b]...)
				}
				m.put(t, fmt.Sprintf(`http_request_duration_seconds_count{%s}`, series), began, 10*time.Second, totals[len(bounds)-1]...)
				m.put(t, fmt.Sprintf(`http_request_duration_seconds_sum{%s}`, series), began, 10*time.Second, totals[0]...)
			}
		}
		row := compute(t, m, minute()).Services[0]
		for expr, got := range map[string]red.Value{
			`histogram_quantile(0.5, sum by (le) (increase(http_request_duration_seconds_bucket[61s])))`:                                    row.P50,
			`histogram_quantile(0.95, sum by (le) (increase(http_request_duration_seconds_bucket[61s])))`:                                   row.P95,
			`histogram_quantile(0.99, sum by (le) (increase(http_request_duration_seconds_bucket[61s])))`:                                   row.P99,
			`sum(increase(http_request_duration_seconds_count{code="500"}[61s])) / sum(increase(http_request_duration_seconds_count[61s]))`: row.Errors,
			`sum(increase(http_request_duration_seconds_count{code="404"}[61s])) / sum(increase(http_request_duration_seconds_count[61s]))`: row.ClientErrors,
			`sum(increase(http_request_duration_seconds_sum[61s])) / sum(increase(http_request_duration_seconds_count[61s]))`:               row.Mean,
		} {
			a, err := m.Query(t.Context(), metrics.Question{Expr: expr, At: began.Add(time.Minute)})
			if err != nil {
				t.Fatal(err)
			}
			if want := a.Series[0].Points[0].V; !near(got.V, want) {
				t.Errorf("%s: %g, and here %s", expr, want, text(got))
			}
		}
	}
}

// exposition writes what a page holds as text, its counters multiplied.
func exposition(page []line, times float64) string {
	var b strings.Builder
	for _, l := range page {
		v := l.v
		if l.counter {
			v *= times
		}
		b.WriteString(l.labels.Get("__name__") + "{")
		l.labels.Range(func(l labels.Label) {
			if l.Name != "__name__" {
				fmt.Fprintf(&b, "%s=%q,", l.Name, l.Value)
			}
		})
		b.WriteString("} " + strconv.FormatFloat(v, 'g', -1, 64) + "\n")
	}
	return b.String()
}

// TestPrometheus: a real Prometheus that scraped the same pages gives the same
// numbers as our own store.
func TestPrometheus(t *testing.T) {
	var times atomic.Int64
	times.Store(1)
	held := map[string][]line{}
	var targets strings.Builder
	for _, name := range pages(t) {
		if path.Ext(name) != ".prom" || strings.Contains(name, "utf8") || strings.Contains(name, "otel-go-raw.") {
			continue // Debian's Prometheus knows no names with dots
		}
		held["/"+name] = readPage(t, name)
		fmt.Fprintf(&targets, "  - targets: [ADDRESS]\n    labels: {source: file, service: %q, instance: one, __metrics_path__: %q}\n", name, "/"+name)
	}
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprint(w, exposition(held[r.URL.Path], float64(times.Load())))
	}))
	t.Cleanup(pages.Close)
	config := "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n- job_name: pages\n  static_configs:\n" +
		strings.ReplaceAll(targets.String(), "ADDRESS", strings.TrimPrefix(pages.URL, "http://"))
	far := metricstest.StartPrometheus(t, config)
	q, err := server.Open(server.Options{URL: far.URL})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(expr string) float64 {
		a, err := q.Query(t.Context(), metrics.Question{Expr: expr, At: time.Now()})
		if err != nil || len(a.Series) == 0 {
			return 0
		}
		return a.Series[0].Points[0].V
	}
	all := float64(len(held)) // up itself is on some of the pages
	metricstest.Until(t, time.Minute, "all pages were read", func() bool { return ask(`count(count_over_time(scrape_duration_seconds[1m]) > 1)`) == all })
	times.Store(2)
	from := time.Now()
	metricstest.Until(t, time.Minute, "all pages were read again", func() bool {
		return ask(fmt.Sprintf(`count(timestamp(scrape_duration_seconds) > %f)`, float64(from.UnixMilli())/1000)) == all
	})
	r, err := red.Compute(t.Context(), q, red.Options{At: time.Now(), Window: 5 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]red.Row{}
	for _, row := range r.Services {
		rows[row.Labels.Get("service")] = row
	}
	for name := range held {
		name = strings.TrimPrefix(name, "/")
		row, ok := rows[name]
		if !ok {
			t.Errorf("%s has no row", name)
			continue
		}
		for i, want := range twiceNumbers(t, name) {
			got := []red.Value{row.Requests, row.Errors, row.ClientErrors, row.P50, row.P95, row.P99, row.Mean, row.Max}[i]
			if text(got) != text(want) {
				t.Errorf("%s, number %d: %s from Prometheus, %s from our store", name, i, text(got), text(want))
			}
		}
	}
}

// twiceNumbers are those of our own store; of a page without a row, none.
func twiceNumbers(t *testing.T, page string) []red.Value {
	t.Helper()
	r := twice(t, page)
	if len(r.Services) == 0 {
		return nil
	}
	n := r.Services[0].Numbers
	return []red.Value{n.Requests, n.Errors, n.ClientErrors, n.P50, n.P95, n.P99, n.Mean, n.Max}
}
