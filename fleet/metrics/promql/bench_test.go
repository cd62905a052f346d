package promql_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// Questions about a thousand targets with a hundred series each, of which a
// histogram of a dozen buckets is asked for, over five minutes of pages.
func BenchmarkQuery(b *testing.B) {
	s := series.New(series.Options{})
	for i := range 1000 {
		target := s.Target(metrics.NewLabels("service", fmt.Sprint("service-", i/50), "instance", fmt.Sprint("i-", i)))
		ids := make([]series.ID, 100)
		for page := range 60 {
			at := start.Add(time.Duration(page) * 5 * time.Second).UnixMilli()
			target.Begin(at)
			for n := range ids {
				if page == 0 {
					ids[n], _ = target.Series(labels.FromStrings("__name__", fmt.Sprintf("took_seconds_%d_bucket", n/12), "le", fmt.Sprint(n%12)))
				}
				target.Append(ids[n], at, float64(page*(n%12)))
			}
			target.Finish()
		}
	}
	e := promql.New(s, 0)
	for _, c := range []struct{ name, expr string }{
		{"latest of a service", `sum by (instance) (took_seconds_3_bucket{service="service-7"})`},
		{"rate of a service", `sum by (instance) (rate(took_seconds_3_bucket{service="service-7"}[1m]))`},
		{"rate of all", `sum by (service) (rate(took_seconds_3_bucket[1m]))`},
		{"quantile of all", `histogram_quantile(0.99, sum by (service, le) (rate(took_seconds_3_bucket[1m])))`},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a, err := e.Query(b.Context(), metrics.Question{Expr: c.expr, At: start.Add(5 * time.Minute)})
				if err != nil || len(a.Series) < 20 {
					b.Fatal(err, len(a.Series))
				}
			}
		})
	}
	b.Run("range of a service", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			a, err := e.Query(b.Context(), metrics.Question{
				Expr: `sum(rate(took_seconds_3_bucket{service="service-7"}[1m]))`, Start: start.Add(time.Minute), End: start.Add(5 * time.Minute), Step: 5 * time.Second,
			})
			if err != nil || len(a.Series) != 1 {
				b.Fatal(err, len(a.Series))
			}
		}
	})
}
