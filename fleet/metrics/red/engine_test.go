package red_test

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// memory is the real store and the real engine over it. Samples come in any
// order and are kept until something is asked; then the store gets them page by
// page, as scraping does it. It keeps the questions.
type memory struct {
	entries []entry
	asked   []string
	engine  *promql.Engine
	failing error
}

// entry is one sample of one page.
type entry struct {
	target metrics.Labels
	labels labels.Labels // of the page
	at     int64
	v      float64
	fh     *histogram.FloatHistogram
}

func newMemory() *memory { return &memory{} }

// put scrapes a series, given as PromQL writes it with the labels of its target,
// in steps from the first time; NaN is a scrape without it.
func (m *memory) put(t *testing.T, metric string, at time.Time, step time.Duration, values ...float64) {
	t.Helper()
	l, err := parser.NewParser(parser.Options{}).ParseMetric(metric)
	if err != nil {
		t.Fatal(err)
	}
	var of []string
	b := labels.NewBuilder(l)
	for _, name := range []string{"context", "source", "namespace", "service", "instance", "job"} {
		if v := l.Get(name); v != "" {
			of = append(of, name, v)
			b.Del(name)
		}
	}
	for i, v := range values {
		if !math.IsNaN(v) {
			m.entries = append(m.entries, entry{target: metrics.NewLabels(of...), labels: b.Labels(), at: at.Add(time.Duration(i) * step).UnixMilli(), v: v})
		}
	}
}

// fill gives the store what was scraped.
func (m *memory) fill() {
	store := series.New(series.Options{Window: 24 * time.Hour})
	slices.SortStableFunc(m.entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.at, b.at), a.target.Compare(b.target)) })
	for i := 0; i < len(m.entries); {
		page := m.entries[i]
		target := store.Target(page.target)
		target.Begin(page.at)
		for ; i < len(m.entries) && m.entries[i].at == page.at && m.entries[i].target.Compare(page.target) == 0; i++ {
			e := m.entries[i]
			id, ok := target.Series(e.labels)
			switch {
			case !ok:
				panic("no place for " + e.labels.String())
			case e.fh != nil:
				target.AppendHistogram(id, e.at, e.fh)
			default:
				target.Append(id, e.at, e.v)
			}
		}
		target.Finish()
	}
	m.engine = promql.New(store, 0)
}

// Query answers as metrics.Querier.
func (m *memory) Query(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	if m.failing != nil {
		return metrics.Answer{}, m.failing
	}
	if m.engine == nil {
		m.fill()
	}
	m.asked = append(m.asked, q.Expr)
	return m.engine.Query(ctx, q)
}
