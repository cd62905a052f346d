package promql_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ metrics.Querier = (*promql.Engine)(nil)

var start = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

// fleetOf is two services with a page every 5 s for a minute: order counts 10
// calls a page and 1 of them fails, user counts 30; order-2 went away after half
// a minute.
func fleetOf(t testing.TB) *series.Store {
	t.Helper()
	s := series.New(series.Options{})
	for _, in := range []struct {
		service, instance string
		step              float64
		pages             int
	}{{"order", "order-1", 10, 13}, {"order", "order-2", 10, 7}, {"user", "user-1", 30, 13}} {
		target := s.Target(metrics.NewLabels("service", in.service, "instance", in.instance))
		for n := range in.pages {
			at := start.Add(time.Duration(n) * 5 * time.Second).UnixMilli()
			put := func(v float64, pairs ...string) {
				id, ok := target.Series(labels.FromStrings(pairs...))
				if !ok || !target.Append(id, at, v) {
					t.Fatal("not appended")
				}
			}
			target.Begin(at)
			put(float64(n)*in.step, "__name__", "calls_total", "code", "200")
			if in.service == "order" {
				put(float64(n), "__name__", "calls_total", "code", "500")
			}
			put(float64(n), "__name__", "calls")
			id, _ := target.Series(labels.FromStrings("__name__", "took"))
			target.AppendHistogram(id, at, &histogram.FloatHistogram{
				Count: 3 * float64(n+1), Sum: float64(n + 1), ZeroThreshold: 0.001, ZeroCount: float64(n + 1),
				PositiveSpans: []histogram.Span{{Offset: 0, Length: 3}}, PositiveBuckets: []float64{float64(n + 1), 0, float64(n + 1)},
			})
			target.Finish()
		}
		if in.pages < 13 {
			target.Lost(start.Add(35 * time.Second).UnixMilli())
		}
	}
	return s
}

// said is an answer in short: kind, then each series and its points.
func said(a metrics.Answer) string {
	var b strings.Builder
	b.WriteString(string(a.Kind))
	if a.Text != "" {
		b.WriteString(" " + a.Text)
	}
	for _, s := range a.Series {
		b.WriteString("\n{")
		for i, l := range s.Labels {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString(l.Name + "=" + l.Value)
		}
		b.WriteString("}")
		for _, p := range s.Points {
			fmt.Fprintf(&b, " %.4g@%g", p.V, p.Time().Sub(start).Seconds())
		}
		for _, h := range s.Histograms {
			fmt.Fprintf(&b, " histogram %g/%g@%g", h.Count, h.Sum, time.UnixMilli(h.T).Sub(start).Seconds())
		}
	}
	return b.String()
}

func TestAnswers(t *testing.T) {
	e := promql.New(fleetOf(t), 0)
	minute := metrics.Question{At: start.Add(time.Minute)}
	whole := metrics.Question{Start: start, End: start.Add(time.Minute), Step: 20 * time.Second}
	for _, c := range []struct {
		expr string
		q    metrics.Question
		want string
	}{
		{`calls`, minute, "vector\n{__name__=calls,instance=order-1,service=order} 12@60\n{__name__=calls,instance=user-1,service=user} 12@60"},
		{`calls{instance="order-2"}`, minute, "vector"}, // its last sample is 30 s old, and then it was gone
		{`calls{instance="order-2"} offset 30s`, minute, "vector\n{__name__=calls,instance=order-2,service=order} 6@60"},
		{`calls{service="user"}`, whole, "matrix\n{__name__=calls,instance=user-1,service=user} 0@0 4@20 8@40 12@60"},
		{`calls{service="user"}[12s]`, minute, "matrix\n{__name__=calls,instance=user-1,service=user} 10@50 11@55 12@60"},
		{`calls{instance="order-2"}[1h]`, minute, "matrix\n{__name__=calls,instance=order-2,service=order} 0@0 1@5 2@10 3@15 4@20 5@25 6@30"},
		{`sum by (service) (rate(calls_total[1m]))`, minute, "vector\n{service=order} 3.392@60\n{service=user} 6@60"},
		{
			`sum by (service) (rate(calls_total{code="500"}[1m])) / sum by (service) (rate(calls_total[1m]))`, minute,
			"vector\n{service=order} 0.09091@60",
		},
		{`sort_desc(sum by (service) (calls_total))`, minute, "vector\n{service=user} 360@60\n{service=order} 132@60"},
		{`(topk(1, calls_total))`, minute, "vector\n{__name__=calls_total,code=200,instance=user-1,service=user} 360@60"},
		{`1 + 2`, minute, "scalar\n{} 3@60"},
		{`1 + 2`, whole, "matrix\n{} 3@0 3@20 3@40 3@60"},
		{`"as it is"`, minute, "string as it is"},
		{`absent(nothing{a="b"})`, minute, "vector\n{a=b} 1@60"},
		{`calls > 100`, minute, "vector"},
		{`took{service="user"}`, minute, "vector\n{__name__=took,instance=user-1,service=user} histogram 39/13@60"},
		{`took{service="user"}`, whole, "matrix\n{__name__=took,instance=user-1,service=user} histogram 3/1@0 histogram 15/5@20 histogram 27/9@40 histogram 39/13@60"},
		{`histogram_count(rate(took{service="user"}[1m]))`, minute, "vector\n{instance=user-1,service=user} 0.6@60"},
		{`max_over_time(rate(calls_total{service="user"}[20s])[1m:20s])`, minute, "vector\n{code=200,instance=user-1,service=user} 6@60"},
		{`max_over_time(calls{service="user"}[1m:])`, minute, "vector\n{instance=user-1,service=user} 12@60"},
	} {
		c.q.Expr = c.expr
		a, err := e.Query(t.Context(), c.q)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		if got := said(a); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.expr, got, c.want)
		}
	}
}

func TestHistogramBuckets(t *testing.T) {
	a, err := promql.New(fleetOf(t), 0).Query(t.Context(), metrics.Question{Expr: `took{service="user"}`, At: start})
	if err != nil || len(a.Series) != 1 {
		t.Fatal(a, err)
	}
	want := []metrics.Bucket{
		{Lower: -0.001, Upper: 0.001, LowerInclusive: true, UpperInclusive: true, Count: 1},
		{Lower: 0.5, Upper: 1, UpperInclusive: true, Count: 1},
		{Lower: 2, Upper: 4, UpperInclusive: true, Count: 1},
	}
	if got := a.Series[0].Histograms[0].Buckets; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

// Now is what an instant without a time is.
func TestNow(t *testing.T) {
	a, err := promql.New(series.New(series.Options{}), 0).Query(t.Context(), metrics.Question{Expr: "time()"})
	if err != nil || math.Abs(a.Series[0].Points[0].V-float64(time.Now().Unix())) > 60 {
		t.Error(a, err)
	}
}

func TestNotes(t *testing.T) {
	e := promql.New(fleetOf(t), 0)
	a, err := e.Query(t.Context(), metrics.Question{Expr: `rate(calls[1m])`, At: start.Add(time.Minute)})
	if err != nil || len(a.Infos) != 1 || !strings.Contains(a.Infos[0], `"calls" (1:6)`) {
		t.Errorf("%q %v", a.Infos, err)
	}
	a, err = e.Query(t.Context(), metrics.Question{Expr: `quantile(7, calls)`, At: start.Add(time.Minute)})
	if err != nil || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], `(1:10)`) {
		t.Errorf("%q %v", a.Warnings, err)
	}
}

func TestWrongExpressions(t *testing.T) {
	e := promql.New(fleetOf(t), 0)
	instant := metrics.Question{At: start.Add(time.Minute)}
	span := metrics.Question{Start: start, End: start.Add(time.Minute), Step: time.Second}
	for _, c := range []struct {
		expr   string
		q      metrics.Question
		detail string
		hint   string
	}{
		{`sum(rate(x[5m])`, instant, `1:16: unclosed left parenthesis`, "a ) is missing"},
		{`raet(x[5m])`, instant, `1:1: unknown function with name "raet"`, "did you mean rate"},
		{`frobnicate(x)`, instant, `1:1: unknown function with name "frobnicate"`, "querying/functions"},
		{`rate(x)`, instant, `1:6: expected type range vector`, "rate(name[5m])"},
		{`sum(x[5m])`, instant, `1:5: expected type instant vector`, "rate(name[5m])"},
		{`x{a="b"} = 1`, instant, `1:10: unexpected "="`, "to compare is =="},
		{`{a=""}`, instant, `1:1: vector selector must contain`, "name something"},
		{`1 > 2`, instant, `1:3: comparisons between scalars`, "bool"},
		{`sort_by_label(x, "a")`, instant, `1:1: function "sort_by_label" is not enabled`, "experimental"},
		{"x\n  +", instant, `2:4: unexpected end of input`, ""},
		{``, instant, `no expression found`, ""},
		{`calls[1m]`, span, `a range takes a vector or a scalar`, "ask at one instant"},
		{`"text"`, span, `a range takes a vector or a scalar at each step, and this is a string`, "ask at one instant"},
		{`calls_total / ignoring(code) calls`, instant, `multiple matches for labels`, "group_left"},
		{`{code="200"} * on() {code="500"}`, instant, `multiple matches for labels`, "make one side unique"},
		{`{code="200"} * on() group_left {code="200"}`, instant, `many-to-many matching not allowed`, "make one side unique"},
		{`label_replace(rate({__name__=~"calls|calls_total"}[1m]), "code", "", "", "")`, instant, `the same labelset`, "the name was all"},
		{`x`, metrics.Question{Start: start, End: start.Add(time.Hour), Step: 100 * time.Millisecond}, `more than 11000 points`, "a step of 1s is the shortest"},
		{`x`, metrics.Question{Start: start, End: start.Add(-time.Hour), Step: time.Second}, `ends at 2026-01-02T02:00:00Z, before`, ""},
		{`x`, metrics.Question{Start: start, End: start, Step: -time.Second}, `at least 1ms`, ""},
	} {
		c.q.Expr = c.expr
		_, err := e.Query(t.Context(), c.q)
		var known *fleet.Error
		if !errors.As(err, &known) || !errors.Is(err, metrics.ErrExpression) || known.Reason != fleet.ReasonExpression {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		if !strings.Contains(known.Detail, c.detail) || !strings.Contains(known.Hint, c.hint) || c.hint == "" && known.Hint != "" {
			t.Errorf("%s:\n%s\nhint: %s", c.expr, known.Detail, known.Hint)
		}
	}
}

func TestBounds(t *testing.T) {
	s := fleetOf(t)
	q := metrics.Question{Expr: `sum(calls_total)`, At: start.Add(time.Minute)}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), start)
	defer cancel()
	broken := storage.QueryableFunc(func(int64, int64) (storage.Querier, error) {
		return nil, errors.New("unexpected error: broken")
	})
	for _, c := range []struct {
		name   string
		ctx    context.Context
		e      *promql.Engine
		reason fleet.Reason
		detail string
		is     error
	}{
		{"cancelled", gone, promql.New(s, 0), probe.ReasonCancelled, "given up", context.Canceled},
		{"deadline", late, promql.New(s, 0), probe.ReasonTimeout, "time ran out", context.DeadlineExceeded},
		{"timeout", t.Context(), promql.NewBounded(s, 0, time.Nanosecond), probe.ReasonTimeout, "took longer than", nil},
		{"samples", t.Context(), promql.NewBounded(s, 2, 0), probe.ReasonLimited, "samples in memory", nil},
		{"storage", t.Context(), promql.New(broken, 0), probe.ReasonInternal, "broken", nil},
	} {
		_, err := c.e.Query(c.ctx, q)
		var known *fleet.Error
		if !errors.As(err, &known) || known.Reason != c.reason || !strings.Contains(known.Detail, c.detail) ||
			errors.Is(err, metrics.ErrExpression) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestExplain(t *testing.T) {
	e := promql.New(fleetOf(t), 0)
	a, err := e.Query(t.Context(), metrics.Question{
		Expr: `sum(rate(calls_total{code=~"5.."}[30s] offset 10s)) / sum(rate(calls_total[30s])) > bool 0 * sum(nothing)`,
		At:   start.Add(time.Minute), Explain: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, s := range a.Selected {
		fmt.Fprintf(&got, "%s: %d, %d, %d\n", s.Selector, s.Series, s.Samples, len(s.Examples))
	}
	// A range leaves its beginning out: six samples in 30 s. The second
	// instance of order said its last 30 s ago.
	want := `calls_total{code=~"5.."}[30s] offset 10s: 2, 8, 2
calls_total[30s]: 3, 18, 3
nothing: 0, 0, 0
`
	if got.String() != want {
		t.Errorf("%s", &got)
	}
	if ex := a.Selected[0].Examples[0]; ex.Name() != "calls_total" || ex.Get("code") != "500" {
		t.Error(ex)
	}
}

// Over a range a selector looks at everything from its first step to its last,
// and an instant at the newest sample of each series.
func TestExplainRange(t *testing.T) {
	e := promql.New(fleetOf(t), 0)
	for _, c := range []struct {
		q    metrics.Question
		want int
	}{
		{metrics.Question{Start: start.Add(time.Minute - 10*time.Second), End: start.Add(time.Minute), Step: 5 * time.Second}, 13},
		{metrics.Question{At: start.Add(time.Minute)}, 1},
	} {
		c.q.Expr, c.q.Explain = `calls{service="user"}`, true
		a, err := e.Query(t.Context(), c.q)
		if err != nil || len(a.Selected) != 1 || a.Selected[0].Series != 1 || a.Selected[0].Samples != c.want {
			t.Errorf("%+v %v", a.Selected, err)
		}
	}
}

// TestExamplesAreTheFirst: whoever was read first, the same series stand for a
// selector.
func TestExamplesAreTheFirst(t *testing.T) {
	for _, order := range []string{"abcde", "edcba", "cadbe"} {
		s := series.New(series.Options{})
		for _, name := range order {
			target := s.Target(metrics.NewLabels("instance", string(name)))
			at := start.UnixMilli()
			target.Begin(at)
			id, ok := target.Series(labels.FromStrings("__name__", "up"))
			if !ok || !target.Append(id, at, 1) {
				t.Fatal("not appended")
			}
			target.Finish()
		}
		a, err := promql.New(s, 0).Query(t.Context(), metrics.Question{Expr: "up", At: start, Explain: true})
		if err != nil || len(a.Selected) != 1 || len(a.Selected[0].Examples) != 3 {
			t.Fatalf("%+v %v", a.Selected, err)
		}
		for i, l := range a.Selected[0].Examples {
			if got, want := l.Get("instance"), "abc"[i:i+1]; got != want {
				t.Errorf("read as %s: example %d is of %s, want %s", order, i, got, want)
			}
		}
	}
}
