package promqltest

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	engine "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/teststorage"

	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

// questions are asked of both: our store, and Prometheus' own with the same
// samples in it.
var questions = []string{
	`calls_total`, `calls_total{code="500"}`, `{__name__=~"calls_total|load"}`, `{instance=~".*1",code!=""}`, `load{code=""}`,
	`calls_total[30s]`, `load offset 20s`, `load @ 60`, `rate(calls_total[1m])`, `irate(calls_total[30s])`, `increase(calls_total[2m])`,
	`delta(load[1m])`, `resets(calls_total[5m])`, `changes(load[1m])`, `sum by (code) (rate(calls_total[1m]))`,
	`sum(rate(calls_total{code="500"}[1m])) / sum(rate(calls_total[1m]))`, `count by (instance) (calls_total)`, `absent(calls_total{code="404"})`,
	`topk(2, load)`, `quantile(0.9, load)`, `max_over_time(load[1m])`, `avg_over_time(load[45s])`, `last_over_time(load[20s])`, `present_over_time(calls_total[10s])`,
	`max_over_time(rate(calls_total[30s])[2m:15s])`, `timestamp(load)`, `calls_total > 50`, `calls_total unless load`,
	`took`, `rate(took[1m])`, `histogram_quantile(0.9, sum(rate(took[1m])))`, `histogram_count(took)`, `increase(took[2m])`, `sum(took)`, `took[30s]`,
}

// line is one series as it goes on from page to page.
type line struct {
	labels labels.Labels
	v      float64
	h      *histogram.FloatHistogram
	gone   bool
}

func lines() []*line {
	var list []*line
	for i := range 3 {
		instance := fmt.Sprint("i", i)
		for _, code := range []string{"200", "404", "500"} {
			if code != "404" || i == 1 {
				list = append(list, &line{labels: labels.FromStrings("__name__", "calls_total", "instance", instance, "code", code)})
			}
		}
		list = append(
			list, &line{labels: labels.FromStrings("__name__", "load", "instance", instance)},
			&line{labels: labels.FromStrings("__name__", "took", "instance", instance), h: &histogram.FloatHistogram{}},
		)
	}
	return list
}

// next is what the series says next; false where it says nothing.
func (l *line) next(r *rand.Rand) (float64, *histogram.FloatHistogram, bool) {
	switch {
	case r.IntN(12) == 0: // it goes away, and is marked; or it comes back
		l.gone = !l.gone
		return math.Float64frombits(value.StaleNaN), nil, l.gone
	case l.gone || r.IntN(15) == 0:
		return 0, nil, false
	case r.IntN(25) == 0: // it begins again
		l.v = 0
		if l.h != nil {
			l.h = &histogram.FloatHistogram{}
		}
	}
	if l.h != nil {
		n := float64(r.IntN(5))
		l.v += 2 * n
		l.h = &histogram.FloatHistogram{
			Schema: 1, Count: l.v, Sum: l.v / 3, ZeroThreshold: 0.001,
			PositiveSpans: []histogram.Span{{Offset: 1, Length: 2}}, PositiveBuckets: []float64{l.v / 2, l.v / 2},
		}
		return 0, l.h.Copy(), true
	}
	if l.labels.Get("__name__") == "calls_total" {
		l.v += float64(r.IntN(20))
		return l.v, nil, true
	}
	return []float64{r.NormFloat64() * 10, float64(r.IntN(5)), math.NaN(), math.Inf(1), 7}[min(4, r.IntN(14))], nil, true
}

// Ten minutes of random pages, with gaps, ends and new beginnings, in both: all
// questions have the same answers, at instants and over ranges.
func TestSameAsTSDB(t *testing.T) {
	answers := map[string]int{}
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 9))
			theirs := teststorage.New(t)
			ours, ok := open(Way(seed % 3))(t).(*Storage)
			if !ok {
				t.Fatal("not ours")
			}
			all := lines()
			for at := int64(0); at < 600_000; at += 4000 + int64(r.IntN(2000)) {
				a, b := ours.AppenderV2(t.Context()), theirs.AppenderV2(t.Context())
				for _, l := range all {
					if v, h, ok := l.next(r); ok {
						put(t, a, l.labels, at, v, h)
						put(t, b, l.labels, at, v, h)
					}
				}
				if err := cmp.Or(a.Commit(), b.Commit()); err != nil {
					t.Fatal(err)
				}
			}
			e := promqltest.NewTestEngineWithOpts(t, promql.Options(0))
			for _, text := range questions {
				for range 6 {
					answers[text] += same(t, e, ours, theirs, text, time.UnixMilli(int64(r.IntN(700_000))))
				}
			}
		})
	}
	for _, text := range questions {
		if answers[text] == 0 {
			t.Errorf("%s: nothing was compared", text)
		}
	}
}

func put(t *testing.T, a storage.AppenderV2, l labels.Labels, at int64, v float64, h *histogram.FloatHistogram) {
	t.Helper()
	if h != nil {
		h = h.Copy()
	}
	if _, err := a.Append(0, l, 0, at, v, nil, h, storage.AppendV2Options{}); err != nil {
		t.Fatal(err)
	}
}

// show is an answer as text. Sums differ in their last digits with the order in
// which series are added up, so those are left out.
func show(r *engine.Result) string {
	var b strings.Builder
	add := func(l labels.Labels, at int64, f float64, h *histogram.FloatHistogram) {
		if h == nil {
			fmt.Fprintf(&b, "%s %.10g @%d\n", l, f, at)
			return
		}
		fmt.Fprintf(&b, "%s %.10g %.10g %.10g %.10g @%d\n", l, h.Count, h.Sum, h.ZeroCount, h.PositiveBuckets, at)
	}
	switch v := r.Value.(type) {
	case engine.Vector:
		slices.SortFunc(v, func(a, b engine.Sample) int { return labels.Compare(a.Metric, b.Metric) })
		for _, s := range v {
			add(s.Metric, s.T, s.F, s.H)
		}
	case engine.Matrix:
		for _, s := range v {
			for _, p := range s.Floats {
				add(s.Metric, p.T, p.F, nil)
			}
			for _, p := range s.Histograms {
				add(s.Metric, p.T, 0, p.H)
			}
		}
	default:
		fmt.Fprint(&b, r)
	}
	return b.String()
}

func same(t *testing.T, e *engine.Engine, ours, theirs storage.Queryable, text string, at time.Time) (answers int) {
	t.Helper()
	ask := func(over storage.Queryable, steps bool) string {
		q, err := e.NewInstantQuery(t.Context(), over, nil, text, at)
		if steps {
			q, err = e.NewRangeQuery(t.Context(), over, nil, text, at.Add(-2*time.Minute), at, 7*time.Second)
		}
		if err != nil {
			return err.Error()
		}
		defer q.Close()
		r := q.Exec(t.Context())
		warnings, infos := r.Warnings.AsStrings(text, 0, 0)
		slices.Sort(warnings)
		slices.Sort(infos)
		return fmt.Sprint(show(r), warnings, infos)
	}
	for _, steps := range []bool{false, true} {
		got, want := ask(ours, steps), ask(theirs, steps)
		if got != want {
			t.Errorf("%s at %s, over a range: %v\n%s\nand Prometheus\n%s", text, at.UTC().Format(time.TimeOnly), steps, got, want)
		}
		if len(got) > 20 {
			answers++
		}
	}
	return answers
}
