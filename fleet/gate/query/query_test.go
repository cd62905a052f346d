package query_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/gate/query"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
)

func TestQueryAsCondition(t *testing.T) {
	for _, c := range []struct {
		expr    string
		series  []string
		outcome gate.Outcome
		reason  fleet.Reason
		key     string
	}{
		{"up == 1", []string{`up{service="a",instance="a-1"} 1`}, gate.Passed, fleet.ReasonQuery, "a/a-1"},
		{"up == 1", []string{`up{service="a",instance="a-1"} 0`}, gate.Failed, fleet.ReasonQuery, "a/a-1"},
		{"up == 1", nil, gate.Unknown, fleet.ReasonNoData, "/"},
	} {
		q := condition(t, c.expr, over(t, c.series...))
		q.Wanted = true
		f := q.Eval(t.Context(), snap("a up up"))
		if f.Outcome != c.outcome || f.Reason != c.reason || f.Key.String() != c.key || f.Query == nil || f.Text == "" {
			t.Errorf("%s over %v: %+v", c.expr, c.series, f)
		}
		if q.String() != c.expr || q.Last().Text != f.Text || q.Knew() != (c.outcome != gate.Unknown) {
			t.Errorf("%s is remembered as %+v", c.expr, q.Last())
		}
	}
}

// TestKnewIsForGood: a query that had data once has had data, whatever is missing
// later.
func TestKnewIsForGood(t *testing.T) {
	q := condition(t, "up == 1", over(t, "up 0"))
	q.Ask(t.Context(), snap())
	q.Over = over(t)
	if m := q.Ask(t.Context(), snap()); m.Known || !q.Knew() {
		t.Errorf("%+v, knew %v", m, q.Knew())
	}
}

// TestTheRecord holds what a verdict rests on: query, time, samples, values and
// what they were held against.
func TestTheRecord(t *testing.T) {
	s := snap("payment up up", "order up")
	q := condition(t, "errors / calls > 0.01", over(t,
		`errors{source="memory",service="payment",instance="payment-1",zone="a"} 5`, `calls{source="memory",service="payment",instance="payment-1",zone="a"} 10`,
		`errors{source="memory",service="payment",instance="payment-2"} 9`, `calls{source="memory",service="payment",instance="payment-2"} 10`,
		`errors{source="memory",service="order",instance="order-1"} 0`, `calls{source="memory",service="order",instance="order-1"} 10`,
	))
	q.Explain = true
	m := q.Ask(t.Context(), s)
	if m.Query != "errors / calls > 0.01" || !m.At.Equal(s.At) || !m.Known || !m.Holds || m.Series != 6 || m.Samples != 6 || len(m.Values) != 2 {
		t.Fatalf("%+v", m)
	}
	var lines []string
	for _, f := range m.Findings() {
		lines = append(lines, fmt.Sprintf("%v %s %s %s", f.Outcome, f.Reason, f.Key, f.Text))
		if f.Key.Source != "memory" || f.Query != &m && f.Query.Query != m.Query || f.Value.Limit != 0.01 || f.Value.Op != ">" {
			t.Errorf("%+v of %+v", f.Value, f)
		}
	}
	want := "failed query payment/payment-2 payment/payment-2: errors / calls 0.9 > 0.01\nfailed query payment/payment-1 payment/payment-1: errors / calls 0.5 > 0.01"
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestAFewOfMany: a record holds ten values and says how many more there are.
func TestAFewOfMany(t *testing.T) {
	var series []string
	for i := range 25 {
		series = append(series, fmt.Sprintf(`x{service="s%02d"} %d`, i, i+1))
	}
	m := condition(t, "x > 0", over(t, series...)).Ask(t.Context(), snap())
	if len(m.Values) != 10 || m.More != 15 || m.Values[0].V != 25 || m.Text != "s24: x 25 > 0, s23: x 24 > 0, s22: x 23 > 0 (and 22 more)" {
		t.Errorf("%d and %d more: %s", len(m.Values), m.More, m.Text)
	}
	found := m.Findings()
	if len(found) != 10 || found[9].Text != "s15: x 16 > 0 (and 15 more)" {
		t.Errorf("%d findings, the last %q", len(found), found[len(found)-1].Text)
	}
}

// TestWhatLabelsAreAbout finds the instance or service among those there are.
func TestWhatLabelsAreAbout(t *testing.T) {
	s := snap("a up up", "b up")
	s.Services[0].Instances[0].Addr, s.Services[1].Instances[0].Addr = "10.0.0.1:80", "10.0.0.2:80"
	twin := s.Services[1]
	twin.Source, twin.Instances = "consul", nil
	s.Services = append(s.Services, twin)
	for labels, want := range map[string]string{
		`service="a",instance="a-2"`:                          "memory:a a-2",
		`service="a",instance="10.0.0.1:80"`:                  "memory:a a-1",
		`service="a"`:                                         "memory:a ",
		`service="a",instance="gone"`:                         "a gone",
		`service="b"`:                                         "b ",
		`service="b",source="consul"`:                         "consul:b ",
		`service="b",instance="b-1"`:                          "memory:b b-1",
		`service="c",namespace="n",instance="c-1",source="x"`: "x:n/c c-1",
		`job="a",instance="10.0.0.2:80"`:                      "memory:b b-1",
		`job="a",instance="10.0.0.9:80"`:                      " ",
		`job="a"`:                                             " ",
	} {
		m := condition(t, "x > 0", over(t, "x{"+labels+"} 1")).Ask(t.Context(), s)
		if k := m.Values[0].Key; k.Ref.String()+" "+k.Instance != want {
			t.Errorf("{%s} is about %q, want %q", labels, k.Ref.String()+" "+k.Instance, want)
		}
	}
}

// TestHoldsForSome: what has to hold and holds for some says of how many it does
// not.
func TestHoldsForSome(t *testing.T) {
	q := condition(t, "x < 1", over(t, `x{service="a"} 0`, `x{service="b"} 5`, `x{service="c"} 7`))
	q.Wanted = true
	if m := q.Ask(t.Context(), snap()); !m.Holds || m.Text != "a: x 0 < 1; not of 2: b with 5" {
		t.Error(m.Text)
	}
	q.Wanted = false
	if m := q.Ask(t.Context(), snap()); m.Text != "a: x 0 < 1" {
		t.Error(m.Text)
	}
}

// TestEndsWaiting: one that is not wanted ends it where it holds; as long as it has
// no data, it is not so that it does not.
func TestEndsWaiting(t *testing.T) {
	for _, c := range []struct {
		data   []string
		wanted bool
		want   gate.Outcome
		text   string
		ends   bool
	}{
		{[]string{"x 2"}, false, gate.Failed, "x 2 > 1", true},
		{[]string{"x 0"}, false, gate.Passed, "", false},
		{nil, false, gate.Unknown, "no data: x matched no series", false},
		{[]string{"x 2"}, true, gate.Passed, "x 2 > 1", false},
		{[]string{"x 0"}, true, gate.Failed, "it is not so: x > 1; 0", false},
		{nil, true, gate.Unknown, "no data: x matched no series", false},
	} {
		q := condition(t, "x > 1", over(t, c.data...))
		q.Wanted = c.wanted
		f := q.Eval(t.Context(), snap())
		if f.Outcome != c.want || f.Text != c.text {
			t.Errorf("%v wanted %v: %v %q", c.data, c.wanted, f.Outcome, f.Text)
		}
		if f, ends := (gate.All{q}).Terminal(t.Context(), snap()); ends != c.ends || ends && (f.Outcome != gate.Failed || f.Text != c.text) {
			t.Errorf("%v wanted %v: ends %v, %+v", c.data, c.wanted, ends, f)
		}
	}
}

// TestHintsOfNoData: how to gather is said where somebody can.
func TestHintsOfNoData(t *testing.T) {
	for _, c := range []struct {
		expr   string
		data   []string
		gather string
		want   string
	}{
		{`x{a="it's"} > 1`, nil, "", `midwatch query 'x{a="it'\''s"}' shows whether the name is right; if none means 0, compare (sum(...) or vector(0))`},
		{"x > 1", nil, "--collect 30s gathers more", "midwatch query 'x' shows whether the name is right; --collect 30s gathers more"},
		{"rate(x[1m]) > 1", []string{"x 1"}, "--collect 30s gathers more", "a rate takes two samples in its range; --collect 30s gathers more"},
		{"rate(x[1m]) > 1", []string{"x 1"}, "", "a rate takes two samples in its range"},
		{"x > y", []string{`x{a="1"} 1`, `y{a="2"} 1`}, "", "name the labels that both sides have: on (service), or sum by (service) on both"},
	} {
		q := condition(t, c.expr, over(t, c.data...))
		q.Gather = c.gather
		if m := q.Ask(t.Context(), snap()); m.Hint != c.want {
			t.Errorf("%s: %q, want %q", c.expr, m.Hint, c.want)
		}
	}
}

// TestHintsOfWhatHolds: what must not hold and does says where to look.
func TestHintsOfWhatHolds(t *testing.T) {
	for _, c := range []struct {
		expr, flag, data, want string
	}{
		{"midwatch_service_error_ratio > 0.1", "--max-error-rate 10%", `midwatch_service_error_ratio{service="a"} 1`, "midwatch metrics a"},
		{"midwatch_service_error_ratio > 0.1", "", `midwatch_service_error_ratio{service="a;b"} 1`, "midwatch metrics"},
		{"rate(x[1m]) < 1", "", `x{service="a"} 1 1`, "midwatch query 'rate(x[1m])'"},
		{"count(up) < 3", "--min-healthy 3", `up 1`, ""},
		{"absent(x)", "", `up 1`, ""},
	} {
		q := condition(t, c.expr, over(t, c.data))
		q.Flag = c.flag
		if m := q.Ask(t.Context(), snap()); !m.Holds || m.Hint != c.want || m.Findings()[0].Hint != c.want {
			t.Errorf("%s: %q, want %q", c.expr, m.Hint, c.want)
		}
		q.Wanted = true
		if m := q.Ask(t.Context(), snap()); m.Hint != "" {
			t.Errorf("%s, which has to hold: %q", c.expr, m.Hint)
		}
	}
}

// TestUnitsOfValues: flags that stand for an expression say what they measure.
func TestUnitsOfValues(t *testing.T) {
	q := condition(t, "x > 0.01", over(t, `x{service="a",quantile="0.99"} 0.38235294117647056`))
	q.What, q.Unit, q.Flag = "error rate", gate.Ratio, "--max-error-rate 1%"
	if m := q.Ask(t.Context(), snap()); m.Text != "a: error rate 38.24% > 1%" {
		t.Error(m.Text)
	}
	q.Over = over(t, `x{service="a"} 0.001`, `x{service="b"} NaN`)
	if m := q.Ask(t.Context(), snap()); m.Text != "error rate is within --max-error-rate 1%; of 2 the nearest is a with 0.1%; 1 value of NaN: 0/0, as where there are no calls in the window" {
		t.Error(m.Text)
	}
	for _, c := range []struct {
		unit  gate.Unit
		v     float64
		exact bool
		want  string
	}{
		{gate.Plain, 0.1 + 0.2, true, "0.3"},
		{gate.Plain, 123456789, true, "123456789"},
		{gate.Plain, 123456789, false, "123500000"},
		{gate.Plain, 1e15, true, "1e+15"},
		{gate.Plain, 1e-9, true, "1e-09"},
		{gate.Plain, 0, true, "0"},
		{gate.Plain, math.NaN(), false, "NaN"},
		{gate.Ratio, math.Inf(-1), false, "-Inf"},
		{gate.Ratio, 0.07, true, "7%"},
		{gate.Ratio, 1, false, "100%"},
		{gate.Seconds, 0.3, true, "300 ms"},
		{gate.Seconds, 1.9034567, false, "1.903 s"},
		{gate.Seconds, -0.002, false, "-2 ms"},
	} {
		if got := c.unit.Format(c.v, c.exact); got != c.want {
			t.Errorf("%v in unit %d (%v) is %q, want %q", c.v, c.unit, c.exact, got, c.want)
		}
	}
	v := gate.Value{V: 0.010001, Op: ">", Limit: 0.01}
	if got := v.Beside(gate.Plain); got != "0.010001 > 0.01" {
		t.Errorf("rounded to its limit: %s", got)
	}
}

// TestNobodyAnswers: that a query could not be asked is not that it does not hold.
func TestNobodyAnswers(t *testing.T) {
	d := over(t, "up 1")
	d.err = &fleet.Error{Reason: "refused", Detail: "GET http://127.0.0.1:9090/api/v1/query: connection refused", Hint: "is Prometheus running?"}
	q := condition(t, "up == 0", d)
	m := q.Ask(t.Context(), snap())
	if m.Known || m.Holds || m.Reason != "refused" || m.Hint != "is Prometheus running?" || !errors.Is(m.Err, d.err) || q.Knew() {
		t.Errorf("%+v", m)
	}
	f := m.Findings()
	if len(f) != 1 || f[0].Outcome != gate.Unknown || f[0].Text != "could not be asked: GET http://127.0.0.1:9090/api/v1/query: connection refused" {
		t.Errorf("%+v", f)
	}
	d.err = errors.New("odd")
	if m := q.Ask(t.Context(), snap()); m.Reason != "internal" {
		t.Errorf("%+v", m)
	}
	many := condition(t, "x > on (a) y", over(t, `x{a="1",b="1"} 1`, `x{a="1",b="2"} 1`, `y{a="1"} 0`))
	if m := many.Ask(t.Context(), snap()); m.Known || !errors.Is(m.Err, metrics.ErrExpression) {
		t.Errorf("joins what cannot be joined: %+v", m)
	}
}

// TestOneQuestionWhereOneIsEnough: what holds is asked once, what does not is asked
// for by its sides, each once.
func TestOneQuestionWhereOneIsEnough(t *testing.T) {
	for _, c := range []struct {
		expr string
		data []string
		want int32
	}{
		{"x > 1", []string{"x 2"}, 1},
		{"x > 1", []string{"x 0"}, 2},
		{"x > 1", nil, 3}, // and once more for what its selectors found
		{"x > y", []string{"x 2", "y 1"}, 2},
		{"x > y", []string{"x 0", "y 1"}, 4},
		{"x > 1 or x < 0", []string{"x 0"}, 4},
		{"x > 1 and x > 2 and x > 3", []string{"x 2"}, 5},
	} {
		d := over(t, c.data...)
		condition(t, c.expr, d).Ask(t.Context(), snap())
		if got := d.asked.Load(); got > c.want {
			t.Errorf("%s over %v takes %d questions, want %d at most", c.expr, c.data, got, c.want)
		}
	}
}

// expressions are such as people write.
var expressions = []string{
	"x > 1", "x < 1", "x == 0", "x != 1", "x >= y", "x > on (service) y", "x == bool 1", "1 <= x", "sum(x) > 2", "x / y > 0.5", "count(x == 0) > 1", "count(x == 0)",
	"x > 1 and y > 1", "x > 1 or y > 1", "x > 1 unless y > 0", "x and y > 1", "x > 1 unless on (service) y", "sum by (service) (x) > on (service) sum by (service) (y)",
	"scalar(x) > bool 0", "scalar(x) != bool 5", "max_over_time((x > 1)[30s:15s]) > 0", "max_over_time((x > 1)[30s:15s])", "-(x > 1)", "(x > 0) * y", "rate(x[30s]) > 0", "x > 0 < 3",
	"abs(x > 1) > y", "(x > 1 or y > 1) and x < 9", "(x > 1) + on (service) (y > 1)", "topk(1, x) > 1", "avg_over_time(x[30s]) != 0",
}

// byChance are series, of one name.
func byChance(r *rand.Rand, name string) (lines []string) {
	for i := range r.IntN(4) {
		values := []string{"0", "1", "2", "5", "NaN", "1 2", "2 0", "_ 1", "5 _"}
		lines = append(lines, fmt.Sprintf(`%s{service="s%d"} %s`, name, (i+r.IntN(2))%3, values[r.IntN(len(values))]))
	}
	slices.Sort(lines)
	return slices.CompactFunc(lines, func(a, b string) bool {
		one, _, _ := strings.Cut(a, "}")
		two, _, _ := strings.Cut(b, "}")
		return one == two
	})
}

// TestHoldsAsAlertsDo: over any data, a query holds exactly where Prometheus' own
// engine answers with something; and nothing is known of it where there is no
// sample at all.
func TestHoldsAsAlertsDo(t *testing.T) {
	outcomes := map[string]int{}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 5))
		lines := append(byChance(r, "x"), byChance(r, "y")...)
		d, empty := over(t, lines...), len(lines) == 0
		for _, expr := range expressions {
			q := condition(t, expr, d)
			m := q.Ask(t.Context(), snap())
			if m.Err != nil {
				continue // joins what cannot be joined
			}
			a, err := d.Query(t.Context(), metrics.Question{Expr: q.Rule.Expr, At: now})
			if err != nil {
				t.Fatal(err)
			}
			answered := len(a.Series) > 0
			if a.Kind == metrics.Scalar {
				answered = a.Series[0].Points[0].V != 0
			}
			switch {
			case m.Holds != answered && (a.Kind != metrics.Scalar || m.Known):
				t.Errorf("seed %d: %s holds %v, the answer is %v", seed, expr, m.Holds, a.Series)
			case m.Known && empty:
				t.Errorf("seed %d: %s is known of nothing: %s", seed, expr, m.Text)
			case m.Holds && !m.Known || !m.Known && (m.Reason != fleet.ReasonNoData || m.Hint == "") || m.Text == "":
				t.Errorf("seed %d: %s: %+v", seed, expr, m)
			}
			outcomes[fmt.Sprintf("%v %v", m.Known, m.Holds)]++
		}
	}
	if len(outcomes) != 3 || slices.Min([]int{outcomes["true true"], outcomes["true false"], outcomes["false false"]}) < 100 {
		t.Errorf("the data does not try all three: %v", outcomes)
	}
}

// TestMoreDataIsNeverLessKnown: a series more never makes a comparison unknown that
// was known not to be so.
func TestMoreDataIsNeverLessKnown(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 6))
		lines := append(byChance(r, "x"), byChance(r, "y")...)
		for _, expr := range expressions {
			few := condition(t, expr, over(t, lines...)).Ask(t.Context(), snap())
			more := condition(t, expr, over(t, append(slices.Clone(lines), `x{service="more"} 1 1`, `y{service="more"} 1 1`)...)).Ask(t.Context(), snap())
			// scalar() and vectors without labels are about one series only.
			if few.Known && !more.Known && more.Err == nil && !strings.Contains(expr, "scalar") {
				t.Errorf("seed %d: %s was known (%s), and is not with more: %s", seed, expr, few.Text, more.Text)
			}
		}
	}
}

// TestQueriesInVerdicts: what holds is a certain failure, what is not known a
// doubt, and what does not hold is nothing.
func TestQueriesInVerdicts(t *testing.T) {
	holds, falls, unknown := []string{`x{service="a",instance="a-1"} 2`}, []string{`x{service="a"} 0`}, []string(nil)
	for _, c := range []struct {
		name     string
		snap     *fleet.Snapshot
		data     [][]string
		rules    gate.Rules
		want     gate.Outcome
		headline string
		findings int
		ignored  int
	}{
		{name: "holds", snap: snap("a up"), data: [][]string{holds}, want: gate.Failed, findings: 1},
		{name: "does not hold", snap: snap("a up"), data: [][]string{falls}, want: gate.Passed},
		{name: "not known", snap: snap("a up"), data: [][]string{unknown}, want: gate.Unknown, findings: 1},
		{name: "one of them not known", snap: snap("a up"), data: [][]string{falls, unknown}, want: gate.Unknown, findings: 1},
		{name: "a failure beats a doubt", snap: snap("a up"), data: [][]string{unknown, holds}, want: gate.Failed, findings: 2},
		{name: "down beats a query without data", snap: snap("a down up"), data: [][]string{unknown}, want: gate.Failed, findings: 2},
		{name: "well, beside what is down", snap: snap("a down up"), data: [][]string{falls}, want: gate.Failed, findings: 1},
		{name: "holds beside what is unknown", snap: snap("a unknown"), data: [][]string{holds}, want: gate.Failed, findings: 2},
		{name: "all down keeps its word", snap: snap("a down"), data: [][]string{holds}, want: gate.Failed, findings: 2, headline: "all down"},
		{name: "ignored", snap: snap("a up"), data: [][]string{holds}, rules: gate.Rules{Ignore: []gate.Ignore{{Match: only("a"), Text: "a"}}}, want: gate.Passed, ignored: 1},
		{name: "ignored for another reason", snap: snap("a up"), data: [][]string{holds}, rules: gate.Rules{Ignore: []gate.Ignore{{Match: only("a"), Reason: "slow", Text: "a:slow"}}}, want: gate.Failed, findings: 1},
		{name: "no data is not ignored", snap: snap("a up"), data: [][]string{unknown}, rules: gate.Rules{Ignore: []gate.Ignore{{Match: only("a"), Text: "a"}}}, want: gate.Unknown, findings: 1},
		{name: "so many may be down", snap: snap("a down up"), data: [][]string{falls}, rules: gate.Rules{MinHealthy: true}, want: gate.Passed},
		{name: "so many may be down, not unknown", snap: snap("a unknown up"), data: [][]string{falls}, rules: gate.Rules{MinHealthy: true}, want: gate.Unknown, findings: 1},
		{name: "down is to fail all the same", snap: snap("a down up"), data: [][]string{falls}, rules: gate.Rules{MinHealthy: true, FailOn: []fleet.Status{fleet.Down}}, want: gate.Failed, findings: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, lines := range c.data {
				c.rules.Queries = append(c.rules.Queries, condition(t, "x > 1", over(t, lines...)).Ask(t.Context(), c.snap))
			}
			v := gate.Check(c.snap, c.rules)
			if v.Outcome != c.want || v.Headline != c.headline || len(v.Findings) != c.findings || len(v.Ignored) != c.ignored || len(v.Queries) != len(c.data) {
				t.Errorf("%v %q, %d findings, %d ignored, %d queries; want %v %q, %d, %d, %d", v.Outcome, v.Headline, len(v.Findings), len(v.Ignored), len(v.Queries), c.want, c.headline, c.findings, c.ignored, len(c.data))
			}
			if c.name == "so many may be down" && v.Degraded != 1 {
				t.Errorf("passed without a warning: %+v", v)
			}
		})
	}
}

// cut answers until its time is over, in the midst of the third look.
type cut struct {
	*data
	over context.CancelFunc
	mine atomic.Int32
}

func (c *cut) Query(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	if c.mine.Add(1) > 4 { // a look at what is not so takes two questions
		c.over()
		return metrics.Answer{}, ctx.Err()
	}
	return c.data.Query(ctx, q)
}

// TestWaitingForAQuery: an answer that is cut short by the end of time leaves what
// was known before.
func TestWaitingForAQuery(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	q := condition(t, "x > 1", over(t, `x{service="a"} 0`))
	far := &cut{data: q.Over.(*data), over: cancel}
	q.Over, q.Wanted = far, true
	snaps := make(chan *fleet.Snapshot, 3)
	for range 3 {
		snaps <- snap("a up")
	}
	w := gate.Until(ctx, snaps, q, gate.Patience{})
	if w.Done || w.Finding.Outcome != gate.Failed || w.Finding.Text != "it is not so: x > 1; a with 0" || far.mine.Load() != 5 {
		t.Errorf("%+v after %d questions", w, far.mine.Load())
	}
}

// BenchmarkQueryThatHolds is the cost beside the engine's.
func BenchmarkQueryThatHolds(b *testing.B) {
	rule, err := promql.ParseRule("x > 1")
	if err != nil {
		b.Fatal(err)
	}
	q := query.Condition{Rule: rule, Over: over(b, `x{service="a"} 2`)}
	s := snap("a up")
	for b.Loop() {
		q.Ask(b.Context(), s)
	}
}
