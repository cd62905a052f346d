package plain_test

import (
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics/series/plain"
)

// TestThereAndBack: nothing of a histogram is lost but what its neighbours tell.
func TestThereAndBack(t *testing.T) {
	counter := &histogram.FloatHistogram{
		CounterResetHint: histogram.NotCounterReset, Schema: 3, ZeroThreshold: 1e-128, ZeroCount: 2, Count: 17, Sum: -4.5,
		PositiveSpans: []histogram.Span{{Offset: -2, Length: 2}, {Offset: 5, Length: 1}}, PositiveBuckets: []float64{1, 2, 3},
		NegativeSpans: []histogram.Span{{Offset: 1, Length: 2}}, NegativeBuckets: []float64{4, 5},
	}
	gauge := counter.Copy()
	gauge.CounterResetHint = histogram.GaugeType
	own := &histogram.FloatHistogram{
		Schema: histogram.CustomBucketsSchema, Count: 3, Sum: 7, CustomValues: []float64{0.1, 1, math.Inf(1)},
		PositiveSpans: []histogram.Span{{Offset: 0, Length: 2}}, PositiveBuckets: []float64{1, 2},
	}
	for _, h := range []*histogram.FloatHistogram{counter, gauge, own, {}} {
		back := plain.Histogram(plain.Native(h))
		if !back.Equals(h) || (back.CounterResetHint == histogram.GaugeType) != (h.CounterResetHint == histogram.GaugeType) {
			t.Errorf("%v became %v", h, back)
		}
	}
}

func TestLabels(t *testing.T) {
	for _, want := range []labels.Labels{labels.EmptyLabels(), labels.FromStrings("__name__", "up", "job", "a", "zone", "ü\x00")} {
		plainly := plain.Labels(want)
		if got := plain.Set(plainly); !labels.Equal(got, want) || len(plainly) != want.Len() {
			t.Errorf("%v became %v", want, got)
		}
	}
}
