package metricstest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/metricstest"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memoryWorld is the engine over series in memory: the reference.
func memoryWorld(t testing.TB) metricstest.World {
	t.Helper()
	at := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	store := series.New(series.Options{})
	byInstance := map[string][]metrics.Series{}
	for _, s := range append(metricstest.Data(at), metricstest.Native(at)) {
		instance := s.Labels.Get("instance")
		byInstance[instance] = append(byInstance[instance], s)
	}
	for instance, all := range byInstance {
		target := store.Target(metrics.NewLabels("instance", instance))
		for i := range metricstest.Samples {
			moment := at.Add(time.Duration(i-metricstest.Samples+1) * metricstest.Step).UnixMilli()
			target.Begin(moment)
			for _, s := range all {
				var pairs []string
				for _, l := range s.Labels {
					if l.Name != "instance" {
						pairs = append(pairs, l.Name, l.Value)
					}
				}
				id, ok := target.Series(labels.FromStrings(pairs...))
				switch {
				case i < len(s.Points):
					ok = ok && target.Append(id, moment, s.Points[i].V)
				case i < len(s.Histograms):
					h := s.Histograms[i]
					ok = ok && target.AppendHistogram(id, moment, &histogram.FloatHistogram{
						Count: h.Count, Sum: h.Sum, ZeroThreshold: h.Buckets[0].Upper, ZeroCount: h.Buckets[0].Count,
						PositiveSpans:   []histogram.Span{{Offset: 0, Length: 1}, {Offset: 1, Length: 1}},
						PositiveBuckets: []float64{h.Buckets[1].Count, h.Buckets[2].Count},
					})
				}
				if !ok {
					t.Fatalf("%v was not kept", s.Labels)
				}
			}
			target.Commit()
		}
	}
	return metricstest.World{Querier: promql.New(store, 0), At: at}
}

func TestMemory(t *testing.T) { metricstest.Run(t, memoryWorld) }

// bent answers as another one does, and spoils it.
type bent struct {
	metrics.Querier
	question func(*metrics.Question)
	answer   func(*metrics.Answer, *error)
	ctx      func(context.Context) context.Context
}

func (b bent) Query(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	if b.ctx != nil {
		ctx = b.ctx(ctx)
	}
	if b.question != nil {
		b.question(&q)
	}
	a, err := b.Querier.Query(ctx, q)
	if b.answer != nil {
		b.answer(&a, &err)
	}
	return a, err
}

// TestSuiteFinds: each case fails on something that breaks its rule.
func TestSuiteFinds(t *testing.T) {
	eachPoint := func(do func(*metrics.Point)) func(*metrics.Answer, *error) {
		return func(a *metrics.Answer, _ *error) {
			for i := range a.Series {
				for j := range a.Series[i].Points {
					do(&a.Series[i].Points[j])
				}
			}
		}
	}
	eachLabel := func(do func(*metrics.Label)) func(*metrics.Answer, *error) {
		return func(a *metrics.Answer, _ *error) {
			for i := range a.Series {
				for j := range a.Series[i].Labels {
					do(&a.Series[i].Labels[j])
				}
			}
		}
	}
	otherError := func(_ *metrics.Answer, err *error) {
		if *err != nil {
			*err = &fleet.Error{Reason: probe.ReasonStatus, Detail: (*err).Error()}
		}
	}
	placeless := func(_ *metrics.Answer, err *error) {
		var e *fleet.Error
		if errors.As(*err, &e) {
			_, e.Detail, _ = strings.Cut(e.Detail, ": ")
		}
	}
	for name, by := range map[string]bent{
		"instant/vector": {answer: func(a *metrics.Answer, _ *error) { slices.Reverse(a.Series) }},
		"instant/matrix": {answer: eachPoint(func(p *metrics.Point) { p.T++ })},
		"instant/scalar": {answer: func(a *metrics.Answer, _ *error) { a.Kind = metrics.Vector }},
		"instant/string": {answer: func(a *metrics.Answer, _ *error) { a.Text = strings.TrimSpace(a.Text) }},
		"instant/empty":  {answer: func(a *metrics.Answer, err *error) { *err = fleet.ErrNotFound }},
		"instant/absent": {answer: func(a *metrics.Answer, _ *error) { a.Series = nil }},
		"instant/order": {answer: func(a *metrics.Answer, _ *error) {
			slices.SortFunc(a.Series, func(a, b metrics.Series) int { return a.Labels.Compare(b.Labels) })
		}},
		"instant/lookback": {question: func(q *metrics.Question) { q.Expr = "last_over_time(" + q.Expr + "[10m])" }},
		"range/steps":      {question: func(q *metrics.Question) { q.Start = q.Start.Add(q.Step) }},
		"range/gaps":       {question: func(q *metrics.Question) { q.Expr = strings.Replace(q.Expr, "==", "== bool", 1) }},
		"range/scalar":     {answer: func(a *metrics.Answer, _ *error) { a.Kind = metrics.Scalar }},
		"value/exact":      {answer: eachPoint(func(p *metrics.Point) { p.V = float64(float32(p.V)) })},
		"value/labels":     {answer: eachLabel(func(l *metrics.Label) { l.Value = strings.TrimSpace(strings.ReplaceAll(l.Value, "\x1b", "")) })},
		"value/rate":       {answer: eachPoint(func(p *metrics.Point) { p.V *= 1.001 })},
		"value/native":     {answer: func(a *metrics.Answer, _ *error) { a.Series[0].Histograms = nil }},
		"error/parse":      {answer: placeless},
		"error/function":   {answer: placeless},
		"error/type":       {answer: otherError},
		"error/join":       {answer: otherError},
		"error/same":       {answer: func(_ *metrics.Answer, err *error) { *err = nil }},
		"error/cancel":     {ctx: context.WithoutCancel},
		"error/deadline":   {answer: otherError},
		"explain/each":     {question: func(q *metrics.Question) { q.Explain = false }},
		"explain/range":    {question: func(q *metrics.Question) { q.Start = q.End }},
		"explain/unasked":  {question: func(q *metrics.Question) { q.Explain = true }},
		"use/concurrent":   {answer: func(a *metrics.Answer, _ *error) { a.Series = a.Series[:1] }},
	} {
		w := memoryWorld(t)
		by.Querier = w.Querier
		w.Querier = by
		if found := metricstest.Try(t, name, w); len(found) == 0 {
			t.Errorf("%s finds nothing wrong with a world that breaks it", name)
		}
	}
	if n := len(metricstest.Names()); n != 26 {
		t.Errorf("there are %d cases: one of them has nothing here that it fails on", n)
	}
	w := memoryWorld(t)
	w.Cannot = map[metricstest.Hand]string{"explain": "no time"}
	if found := metricstest.Try(t, "value/rate", w); len(found) == 0 {
		t.Error("a world excused itself from what nobody may")
	}
}
