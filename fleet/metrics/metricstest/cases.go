package metricstest

import (
	"context"
	"errors"
	"math"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/probe"
)

// kind wants an answer of a kind, with so many series.
func (s *session) kind(a metrics.Answer, kind metrics.Kind, series int) {
	s.Helper()
	if a.Kind != kind || len(a.Series) != series {
		s.Fatalf("the answer is a %s of %d series, want a %s of %d: %+v", a.Kind, len(a.Series), kind, series, a.Series)
	}
	for _, one := range a.Series {
		if !slices.IsSortedFunc(one.Labels, func(a, b metrics.Label) int { return metrics.Labels{a}.Compare(metrics.Labels{b}) }) {
			s.Errorf("labels are not sorted: %v", one.Labels)
		}
	}
}

// value wants one series with one value.
func (s *session) value(expr string, want float64) {
	s.Helper()
	a := s.instant(expr)
	s.kind(a, metrics.Vector, 1)
	if got := a.Series[0].Points; len(got) != 1 || !Near(got[0].V, want) {
		s.Errorf("%s is %v, want %v", expr, got, want)
	}
}

// Near says whether two values are the same within float error: NaN is NaN.
func Near(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b))
}

// same wants the bits of a value.
func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

func instantVector(s *session) {
	a, want := s.instant("suite_requests_total"), find(s.At, "__name__", "suite_requests_total")
	s.kind(a, metrics.Vector, len(want))
	for i, one := range a.Series {
		if one.Labels.Compare(want[i].Labels) != 0 {
			s.Errorf("series %d is %v, want %v", i, one.Labels, want[i].Labels)
		}
		newest := want[i].Points[Samples-1]
		if len(one.Points) != 1 || !same(one.Points[0].V, newest.V) || one.Points[0].T != s.moment().UnixMilli() {
			s.Errorf("%v: %v, want %v at %d", one.Labels, one.Points, newest.V, s.moment().UnixMilli())
		}
	}
}

func instantMatrix(s *session) {
	a, want := s.instant("suite_gauge[1m]"), find(s.At, "__name__", "suite_gauge")
	s.kind(a, metrics.Matrix, len(want))
	for i, one := range a.Series {
		if one.Labels.Compare(want[i].Labels) != 0 || !slices.Equal(one.Points, want[i].Points[Samples-4:]) {
			s.Errorf("%v: %v, want %v: %v", one.Labels, one.Points, want[i].Labels, want[i].Points[Samples-4:])
		}
	}
}

func instantScalar(s *session) {
	for expr, want := range map[string]float64{"1.5 * 2": 3, "1 / 0": math.Inf(1), "0 / 0": math.NaN(), "scalar(suite_nothing)": math.NaN()} {
		a := s.instant(expr)
		s.kind(a, metrics.Scalar, 1)
		one := a.Series[0]
		if len(one.Labels) != 0 || len(one.Points) != 1 || !same(one.Points[0].V, want) || one.Points[0].T != s.moment().UnixMilli() {
			s.Errorf("%s is %+v, want %v", expr, one, want)
		}
	}
}

func instantString(s *session) {
	a := s.instant(`"a \"text\"\n"`)
	s.kind(a, metrics.String, 0)
	if a.Text != "a \"text\"\n" {
		s.Errorf("the text is %q", a.Text)
	}
}

func instantEmpty(s *session) {
	s.kind(s.instant("suite_nothing"), metrics.Vector, 0)
	s.kind(s.instant("suite_gauge > 1000"), metrics.Vector, 0)
	s.kind(s.instant("suite_nothing[1m]"), metrics.Matrix, 0)
	s.kind(s.over("suite_nothing"), metrics.Matrix, 0)
}

func instantAbsent(s *session) {
	a := s.instant(`absent(suite_nothing{service="shop"})`)
	s.kind(a, metrics.Vector, 1)
	if got := a.Series[0]; got.Labels.Get("service") != "shop" || len(got.Labels) != 1 || got.Points[0].V != 1 {
		s.Errorf("%+v", got)
	}
	s.kind(s.instant("absent(suite_gauge)"), metrics.Vector, 0)
}

func instantOrder(s *session) {
	for expr, want := range map[string][]float64{
		`sort_desc(suite_requests_total{code="200"})`: {1120, 30},
		`sort(suite_requests_total{code="200"})`:      {30, 1120},
		`topk(1, suite_requests_total{code="200"})`:   {1120},
		`(topk(2, suite_requests_total{code="200"}))`: {1120, 30},
	} {
		var got []float64
		for _, one := range s.instant(expr).Series {
			got = append(got, one.Points[0].V)
		}
		if !slices.Equal(got, want) {
			s.Errorf("%s: %v, want %v", expr, got, want)
		}
	}
}

func instantLookback(s *session) {
	ended := find(s.At, "__name__", "suite_ended")[0].Points
	last := time.UnixMilli(ended[len(ended)-1].T)
	for after, want := range map[time.Duration]int{4 * time.Minute: 1, 6 * time.Minute: 0} {
		a := s.ask(metrics.Question{Expr: "suite_ended", At: last.Add(after)})
		if len(a.Series) != want {
			s.Errorf("%v after its last sample there are %d series, want %d", after, len(a.Series), want)
		}
	}
}

func rangeSteps(s *session) {
	a, want := s.over("suite_gauge"), find(s.At, "__name__", "suite_gauge")
	s.kind(a, metrics.Matrix, len(want))
	for i, one := range a.Series {
		if one.Labels.Compare(want[i].Labels) != 0 || len(one.Points) != 9 {
			s.Fatalf("series %d is %v with %d points, want %v with 9", i, one.Labels, len(one.Points), want[i].Labels)
		}
		for k, p := range one.Points {
			at := s.moment().Add(-2*time.Minute + time.Duration(k)*Step).UnixMilli()
			if p.T != at || p.V != float64(Samples-9+k) {
				s.Errorf("point %d is %v, want %v at %d", k, p, Samples-9+k, at)
			}
		}
	}
}

func rangeGaps(s *session) {
	a := s.over(`suite_gauge{instance="shop-1"} % 2 == 0`)
	s.kind(a, metrics.Matrix, 1)
	if got := len(a.Series[0].Points); got != 5 {
		s.Errorf("%d points, want the 5 that are even: %v", got, a.Series[0].Points)
	}
}

func rangeScalar(s *session) {
	a := s.over("42")
	s.kind(a, metrics.Matrix, 1)
	if one := a.Series[0]; len(one.Labels) != 0 || len(one.Points) != 9 || one.Points[8].V != 42 {
		s.Errorf("%+v", one)
	}
}

func valueExact(s *session) {
	a := s.instant("suite_exact")
	s.kind(a, metrics.Vector, len(exact()))
	for _, one := range a.Series {
		if got := nameOf(one.Points[0].V); got != one.Labels.Get("v") {
			s.Errorf("%s came back as %s", one.Labels.Get("v"), got)
		}
	}
}

func valueLabels(s *session) {
	a := s.instant("suite_odd")
	s.kind(a, metrics.Vector, 1)
	if got := a.Series[0].Labels.Get("v"); got != odd {
		s.Errorf("%q came back as %q", odd, got)
	}
}

func valueRate(s *session) {
	s.value(`rate(suite_requests_total{instance="shop-1",code="200"}[5m])`, 0.2)
	s.value(`increase(suite_requests_total{instance="shop-1",code="500"}[5m])`, 30)
	s.value(`resets(suite_requests_total{instance="shop-2",code="200"}[10m])`, 1)
	s.value(`sum(rate(suite_requests_total{code="500"}[2m])) / sum(rate(suite_requests_total[2m]))`, 1.0/3)
	s.value(`avg_over_time(suite_gauge{instance="shop-1"}[1m])`, 38.5)
	s.value(`histogram_quantile(0.5, sum by (le) (rate(suite_latency_seconds_bucket[5m])))`, 0.55)
	s.value(`max_over_time(suite_gauge{instance="shop-1"}[2m:30s] offset 1m)`, 36)
	s.value(`count(suite_gauge @ 0 or suite_gauge)`, 2)
}

func valueNative(s *session) {
	if s.cannot(HandNative) {
		return
	}
	a, want := s.instant("suite_native"), Native(s.At).Histograms[Samples-1]
	s.kind(a, metrics.Vector, 1)
	if one := a.Series[0]; len(one.Points) != 0 || len(one.Histograms) != 1 {
		s.Fatalf("%+v", one)
	}
	got := a.Series[0].Histograms[0]
	if got.T != s.moment().UnixMilli() || got.Count != want.Count || got.Sum != want.Sum || !slices.EqualFunc(got.Buckets, want.Buckets, sameBucket) {
		s.Errorf("it came back as %+v, want %+v", got, want)
	}
	s.value("histogram_count(suite_native)", 7*Samples)
	over := s.over("suite_native")
	s.kind(over, metrics.Matrix, 1)
	if got := len(over.Series[0].Histograms); got != 9 {
		s.Errorf("%d histograms in a range, want 9", got)
	}
}

// sameBucket leaves the width of the one around zero open: the wire rounds it.
func sameBucket(a, b metrics.Bucket) bool {
	if a.Lower < 0 && b.Lower < 0 {
		a.Lower, a.Upper = b.Lower, b.Upper
	}
	return a == b
}

// placed is how the text of an error begins that knows where.
func placed() *regexp.Regexp { return regexp.MustCompile(`^\d+:\d+: \S`) }

func (s *session) wantPlace(expr, at string) {
	s.Helper()
	if text := s.refused(expr); !placed().MatchString(text) || text[:len(at)] != at {
		s.Errorf("%s: %q does not begin with the place %s", expr, text, at)
	}
}

func errorParse(s *session) {
	s.wantPlace("sum(suite_gauge", "1:")
	s.wantPlace("suite_gauge\n  + + * 2", "2:")
	s.wantPlace("", "1:1")
}

func errorFunction(s *session) { s.wantPlace("1 + nosuch(suite_gauge)", "1:5") }

func errorType(s *session) { s.wantPlace("rate(suite_gauge)", "1:6") }

func errorJoin(s *session) {
	s.refused("suite_gauge * on (service) suite_requests_total")
	s.refused("suite_gauge * on (service) group_left suite_requests_total")
}

func errorSame(s *session) {
	s.refused(`label_replace(suite_requests_total, "code", "x", "", "")`)
}

func errorCancel(s *session) {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	s.ends(ctx, context.Canceled, probe.ReasonCancelled)
}

func errorDeadline(s *session) {
	ctx, cancel := context.WithDeadline(s.Context(), time.Now().Add(-time.Second))
	defer cancel()
	s.ends(ctx, context.DeadlineExceeded, probe.ReasonTimeout)
}

func (s *session) ends(ctx context.Context, want error, reason fleet.Reason) {
	s.Helper()
	_, err := s.Querier.Query(ctx, metrics.Question{Expr: "suite_gauge", At: s.moment()})
	var e *fleet.Error
	if !errors.Is(err, want) || !errors.As(err, &e) || errors.Is(err, metrics.ErrExpression) {
		s.Fatalf("the error is %v, want one of *fleet.Error that is %v", err, want)
	}
	if e.Reason != reason {
		s.Errorf("the reason is %q, want %q", e.Reason, reason)
	}
}

func explainEach(s *session) {
	a := s.ask(metrics.Question{
		Expr: `sum(rate(suite_requests_total{code="500"}[2m])) / count(suite_gauge) + absent(suite_nothing)`,
		At:   s.moment(), Explain: true,
	})
	s.kind(a, metrics.Vector, 1)
	s.selected(a, `suite_requests_total{code="500"}[2m]`, 2, 16)
	s.selected(a, "suite_gauge", 2, 2) // the newest ones, as no other counts
	s.selected(a, "suite_nothing", 0, 0)
	if len(a.Selected) != 3 {
		s.Errorf("%d selectors, want 3: %+v", len(a.Selected), a.Selected)
	}
}

func explainRange(s *session) {
	a := s.ask(metrics.Question{
		Expr: `sum(rate(suite_requests_total{code="500"}[1m]))`, Explain: true,
		Start: s.moment().Add(-2 * time.Minute), End: s.moment(), Step: Step,
	})
	s.kind(a, metrics.Matrix, 1)
	s.selected(a, `suite_requests_total{code="500"}[1m]`, 2, 24) // three minutes of two series
}

func explainUnasked(s *session) {
	if a := s.instant("sum(suite_gauge)"); a.Selected != nil {
		s.Errorf("%+v", a.Selected)
	}
}

// selected wants a selector to have found so much. A far side may not say how
// many samples it read; then it says -1.
func (s *session) selected(a metrics.Answer, selector string, series, samples int) {
	s.Helper()
	i := slices.IndexFunc(a.Selected, func(one metrics.Selected) bool { return one.Selector == selector })
	if i < 0 {
		s.Fatalf("%s is not among %+v", selector, a.Selected)
	}
	got := a.Selected[i]
	if got.Series != series || got.Samples >= 0 && got.Samples != samples {
		s.Errorf("%s: %d series and %d samples, want %d and %d", selector, got.Series, got.Samples, series, samples)
	}
	if (len(got.Examples) > 0) != (series > 0) || len(got.Examples) > series {
		s.Errorf("%s: %d examples of %d series", selector, len(got.Examples), series)
	}
	for _, l := range got.Examples {
		if l.Name() == "" {
			s.Errorf("%s: an example without its name: %v", selector, l)
		}
	}
}

func useConcurrent(s *session) {
	var wg sync.WaitGroup
	answers := make([]metrics.Answer, 8)
	errs := make([]error, 8)
	for i := range answers {
		wg.Go(func() {
			answers[i], errs[i] = s.Querier.Query(s.Context(), metrics.Question{Expr: "sum by (code) (suite_requests_total)", At: s.moment()})
		})
	}
	wg.Wait()
	for i, a := range answers {
		if errs[i] != nil {
			s.Fatal(errs[i])
		}
		s.kind(a, metrics.Vector, 2)
	}
}
