package red_test

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// sample is one sample of a series in a test: a number, or a native histogram.
type sample struct {
	t  int64
	v  float64
	fh *histogram.FloatHistogram
}

func (s sample) T() int64                      { return s.t }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.v }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return s.fh }
func (s sample) Copy() chunks.Sample           { return s }
func (s sample) Type() chunkenc.ValueType {
	if s.fh != nil {
		return chunkenc.ValFloatHistogram
	}
	return chunkenc.ValFloat
}

// memory answers PromQL over series in memory, by Prometheus' own engine. It
// keeps the questions it was asked.
type memory struct {
	mu     sync.Mutex
	series map[string]*kept
	asked  []string
}

type kept struct {
	labels  labels.Labels
	samples []sample
}

func newMemory() *memory { return &memory{series: map[string]*kept{}} }

// add appends a sample to a series.
func (m *memory) add(l labels.Labels, s sample) {
	k := m.series[l.String()]
	if k == nil {
		k = &kept{labels: l}
		m.series[l.String()] = k
	}
	k.samples = append(k.samples, s)
}

// put appends numbers to the series of a selector's spelling, a second apart from
// the first time; NaN leaves one out.
func (m *memory) put(t *testing.T, metric string, at time.Time, step time.Duration, values ...float64) {
	t.Helper()
	l, err := parser.NewParser(parser.Options{}).ParseMetric(metric)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		if !math.IsNaN(v) {
			m.add(l, sample{t: at.Add(time.Duration(i) * step).UnixMilli(), v: v})
		}
	}
}

func (m *memory) Querier(from, to int64) (storage.Querier, error) {
	return &window{m, from, to}, nil
}

type window struct {
	m        *memory
	from, to int64
}

func (w *window) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var found []storage.Series
	for _, k := range w.m.series {
		if slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(k.labels.Get(m.Name)) }) {
			continue
		}
		var in []chunks.Sample
		for _, s := range k.samples {
			if s.t >= w.from && s.t <= w.to {
				in = append(in, s)
			}
		}
		if len(in) > 0 {
			found = append(found, storage.NewListSeries(k.labels, in))
		}
	}
	slices.SortFunc(found, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return &list{found, -1}
}

func (w *window) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (w *window) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}
func (w *window) Close() error { return nil }

type list struct {
	series []storage.Series
	at     int
}

func (l *list) Next() bool                        { l.at++; return l.at < len(l.series) }
func (l *list) At() storage.Series                { return l.series[l.at] }
func (l *list) Err() error                        { return nil }
func (l *list) Warnings() annotations.Annotations { return nil }

// Query answers as metrics.Querier.
func (m *memory) Query(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	m.mu.Lock()
	m.asked = append(m.asked, q.Expr)
	m.mu.Unlock()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 10_000_000, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})
	query, err := engine.NewInstantQuery(ctx, m, nil, q.Expr, q.At)
	if err != nil {
		return metrics.Answer{}, err
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return metrics.Answer{}, result.Err
	}
	var a metrics.Answer
	switch v := result.Value.(type) {
	case promql.Vector:
		a.Kind = metrics.Vector
		for _, s := range v {
			a.Series = append(a.Series, series(s.Metric, []promql.FPoint{{T: s.T, F: s.F}}, nil))
		}
	case promql.Matrix:
		a.Kind = metrics.Matrix
		for _, s := range v {
			a.Series = append(a.Series, series(s.Metric, s.Floats, s.Histograms))
		}
	}
	slices.SortFunc(a.Series, func(a, b metrics.Series) int { return a.Labels.Compare(b.Labels) })
	return a, nil
}

func series(l labels.Labels, floats []promql.FPoint, histograms []promql.HPoint) metrics.Series {
	var s metrics.Series
	l.Range(func(l labels.Label) { s.Labels = append(s.Labels, metrics.Label{Name: l.Name, Value: l.Value}) })
	for _, p := range floats {
		s.Points = append(s.Points, metrics.Point{T: p.T, V: p.F})
	}
	for _, p := range histograms {
		h := metrics.HistogramPoint{T: p.T, Count: p.H.Count, Sum: p.H.Sum}
		for it := p.H.AllBucketIterator(); it.Next(); {
			if b := it.At(); b.Count != 0 {
				h.Buckets = append(h.Buckets, metrics.Bucket{Lower: b.Lower, Upper: b.Upper, LowerInclusive: b.LowerInclusive, UpperInclusive: b.UpperInclusive, Count: b.Count})
			}
		}
		s.Histograms = append(s.Histograms, h)
	}
	return s
}
