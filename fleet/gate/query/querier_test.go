package query_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	prom "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// sample is one of a series in a test.
type sample struct {
	t int64
	f float64
}

func (s sample) T() int64                      { return s.t }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.f }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

// data answers over series that a test wrote down: the reference, Prometheus' own
// engine with nothing of ours in it.
type data struct {
	engine *prom.Engine
	series []storage.Series
	asked  atomic.Int32
	err    error // instead of any answer
}

// over reads lines such as `up{service="a"} 0 1 1`: values 15 s apart, the last one
// at the moment that is asked about.
func over(t testing.TB, lines ...string) *data {
	t.Helper()
	d := &data{engine: prom.NewEngine(prom.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{}), EnableAtModifier: true, EnableNegativeOffset: true})}
	for _, line := range lines {
		l, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var samples []chunks.Sample
		for i, v := range values {
			if !v.Omitted {
				samples = append(samples, sample{now.Add(time.Duration(i+1-len(values)) * 15 * time.Second).UnixMilli(), v.Value})
			}
		}
		d.series = append(d.series, storage.NewListSeries(l, samples))
	}
	slices.SortFunc(d.series, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return d
}

// now is the moment of snapshots in tests.
var now = time.Unix(1000, 0)

// querier finds series, and notes how many.
func (d *data) querier(found map[string]*metrics.Selected) storage.Queryable {
	return &storage.MockQueryable{MockQuerier: &storage.MockQuerier{SelectMockFunction: func(_ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		var all []storage.Series
		selector := parser.VectorSelector{LabelMatchers: matchers}
		for _, m := range matchers {
			if m.Name == metrics.LabelName {
				selector.Name = m.Value
			}
		}
		key := selector.String()
		for _, s := range d.series {
			if slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(s.Labels().Get(m.Name)) }) {
				continue
			}
			all = append(all, s)
		}
		n := 0
		for _, s := range all {
			for it := s.Iterator(nil); it.Next() != chunkenc.ValNone; {
				if ts, _ := it.At(); ts >= hints.Start && ts <= hints.End {
					n++
				}
			}
		}
		found[key] = &metrics.Selected{Selector: key, Series: len(all), Samples: n}
		return &set{all: all}
	}}}
}

// set hands out series one by one.
type set struct {
	all []storage.Series
	at  storage.Series
}

func (s *set) Next() bool {
	if len(s.all) == 0 {
		return false
	}
	s.at, s.all = s.all[0], s.all[1:]
	return true
}
func (s *set) At() storage.Series                { return s.at }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }

// Query asks Prometheus' engine.
func (d *data) Query(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	d.asked.Add(1)
	if d.err != nil {
		return metrics.Answer{}, d.err
	}
	found := map[string]*metrics.Selected{}
	query, err := d.engine.NewInstantQuery(ctx, d.querier(found), nil, q.Expr, q.At)
	if err != nil {
		return metrics.Answer{}, &fleet.Error{Reason: "body", Detail: err.Error(), Err: metrics.ErrExpression}
	}
	defer query.Close()
	r := query.Exec(ctx)
	if r.Err != nil {
		return metrics.Answer{}, &fleet.Error{Reason: "body", Detail: r.Err.Error(), Err: metrics.ErrExpression}
	}
	var a metrics.Answer
	switch v := r.Value.(type) {
	case prom.Vector:
		a.Kind = metrics.Vector
		for _, s := range v {
			var l metrics.Labels
			s.Metric.Range(func(one labels.Label) { l = append(l, metrics.Label{Name: one.Name, Value: one.Value}) })
			a.Series = append(a.Series, metrics.Series{Labels: l, Points: []metrics.Point{{T: s.T, V: s.F}}})
		}
		slices.SortStableFunc(a.Series, func(a, b metrics.Series) int { return a.Labels.Compare(b.Labels) })
	case prom.Scalar:
		a = metrics.Answer{Kind: metrics.Scalar, Series: []metrics.Series{{Points: []metrics.Point{{T: v.T, V: v.V}}}}}
	default:
		return a, fmt.Errorf("an answer of kind %T", v)
	}
	if q.Explain {
		for _, s := range found {
			a.Selected = append(a.Selected, *s)
		}
	}
	return a, nil
}

// snap is a snapshot made of lines such as "payment up down".
func snap(lines ...string) *fleet.Snapshot {
	s := &fleet.Snapshot{At: now}
	for _, line := range lines {
		words := strings.Fields(line)
		v := fleet.ServiceView{Ref: fleet.Ref{Source: "memory", Name: words[0]}}
		for i, word := range words[1:] {
			st, err := fleet.ParseStatus(word)
			if err != nil {
				panic(err)
			}
			id := fmt.Sprintf("%s-%d", words[0], i+1)
			v.Instances = append(v.Instances, fleet.InstanceView{Key: fleet.Key{Ref: v.Ref, Instance: id}, Instance: fleet.Instance{ID: id}, Status: st, Why: fleet.Why{Detail: word}})
		}
		s.Services = append(s.Services, v)
	}
	return s
}

// only matches the service of a name.
func only(name string) func(fleet.Ref) bool {
	return func(r fleet.Ref) bool { return r.Name == name }
}
