package line

import (
	"encoding/json"
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/record/line/figure"
	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

// Histogram is the native histogram of one series.
type Histogram struct {
	Series uint64
	metrics.Native
}

type histogram struct {
	Series        uint64          `json:"series"`
	Schema        int32           `json:"schema"`
	ZeroThreshold figure.Number   `json:"zeroThreshold,omitzero"`
	ZeroCount     figure.Number   `json:"zeroCount,omitzero"`
	Count         figure.Number   `json:"count"`
	Sum           figure.Number   `json:"sum"`
	Positive      buckets         `json:"positive,omitzero"`
	Negative      buckets         `json:"negative,omitzero"`
	Bounds        []figure.Number `json:"bounds,omitzero"`
	Gauge         bool            `json:"gauge,omitzero"`
}

// buckets are those above zero, or below.
type buckets struct {
	Spans  [][2]int64      `json:"spans,omitzero"` // how far from the last one, how many
	Counts []figure.Number `json:"counts,omitzero"`
}

func numberOf(v *float64) figure.Number { return figure.Number(*v) }
func floatOf(n *figure.Number) float64  { return float64(*n) }

func spanOf(s *metrics.Span) [2]int64 { return [2]int64{int64(s.Offset), int64(s.Length)} }

func histogramOf(h *Histogram) histogram {
	n := &h.Native
	return histogram{
		Series: h.Series, Schema: n.Schema, ZeroThreshold: figure.Number(n.ZeroThreshold), ZeroCount: figure.Number(n.ZeroCount), Count: figure.Number(n.Count), Sum: figure.Number(n.Sum),
		Positive: buckets{each(n.PositiveSpans, spanOf), each(n.PositiveBuckets, numberOf)},
		Negative: buckets{each(n.NegativeSpans, spanOf), each(n.NegativeBuckets, numberOf)},
		Bounds:   each(n.Bounds, numberOf), Gauge: n.Gauge,
	}
}

func decodeHistograms(text rawjson.Value, known uint64) ([]Histogram, error) {
	if text == "" {
		return nil, nil
	}
	var read []histogram
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		return nil, fault(err)
	}
	list := make([]Histogram, len(read))
	for i := range read {
		h := &read[i]
		if h.Series >= known {
			return nil, fmt.Errorf("series %d: there are %d", h.Series, known)
		}
		list[i] = Histogram{h.Series, metrics.Native{
			Schema: h.Schema, ZeroThreshold: float64(h.ZeroThreshold), ZeroCount: float64(h.ZeroCount), Count: float64(h.Count), Sum: float64(h.Sum),
			PositiveBuckets: each(h.Positive.Counts, floatOf), NegativeBuckets: each(h.Negative.Counts, floatOf),
			Bounds: each(h.Bounds, floatOf), Gauge: h.Gauge,
		}}
		var err error
		if list[i].PositiveSpans, err = h.Positive.spans(); err == nil {
			list[i].NegativeSpans, err = h.Negative.spans()
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// spans are those of buckets; they have to go with the counts.
func (b *buckets) spans() ([]metrics.Span, error) {
	var total uint64
	for _, s := range b.Spans {
		if s[0] != int64(int32(s[0])) || s[1] != int64(uint32(s[1])) {
			return nil, fmt.Errorf("%v is no span of buckets", s)
		}
		total += uint64(s[1])
	}
	if total != uint64(len(b.Counts)) {
		return nil, fmt.Errorf("%d buckets are counted, of %d", len(b.Counts), total)
	}
	return each(b.Spans, func(s *[2]int64) metrics.Span { return metrics.Span{Offset: int32(s[0]), Length: uint32(s[1])} }), nil
}
