// Package plain turns Prometheus' own types into plain data and back, for who has
// no business with them.
package plain

import (
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// Native is a histogram as plain data. It shares its buckets.
func Native(h *histogram.FloatHistogram) metrics.Native {
	return metrics.Native{
		Schema: h.Schema, ZeroThreshold: h.ZeroThreshold, ZeroCount: h.ZeroCount, Count: h.Count, Sum: h.Sum,
		PositiveSpans: spansOf(h.PositiveSpans), NegativeSpans: spansOf(h.NegativeSpans),
		PositiveBuckets: h.PositiveBuckets, NegativeBuckets: h.NegativeBuckets, Bounds: h.CustomValues,
		Gauge: h.CounterResetHint == histogram.GaugeType,
	}
}

// Histogram is plain data as a histogram. It shares its buckets.
func Histogram(n metrics.Native) *histogram.FloatHistogram {
	h := &histogram.FloatHistogram{
		Schema: n.Schema, ZeroThreshold: n.ZeroThreshold, ZeroCount: n.ZeroCount, Count: n.Count, Sum: n.Sum,
		PositiveSpans: spans(n.PositiveSpans), NegativeSpans: spans(n.NegativeSpans),
		PositiveBuckets: n.PositiveBuckets, NegativeBuckets: n.NegativeBuckets, CustomValues: n.Bounds,
	}
	if n.Gauge {
		h.CounterResetHint = histogram.GaugeType
	}
	return h
}

func spansOf(list []histogram.Span) (plain []metrics.Span) {
	for _, s := range list {
		plain = append(plain, metrics.Span(s))
	}
	return plain
}

func spans(plain []metrics.Span) (list []histogram.Span) {
	for _, s := range plain {
		list = append(list, histogram.Span(s))
	}
	return list
}

// Labels are labels as plain data.
func Labels(l labels.Labels) metrics.Labels {
	list := make(metrics.Labels, 0, l.Len())
	l.Range(func(one labels.Label) { list = append(list, metrics.Label{Name: one.Name, Value: one.Value}) })
	return list
}

// Set is plain data as labels.
func Set(l metrics.Labels) labels.Labels {
	b := labels.NewScratchBuilder(len(l))
	for _, one := range l {
		b.Add(one.Name, one.Value)
	}
	b.Sort()
	return b.Labels()
}
