// Package loose keeps the samples of a series that do not fit into pages: those
// that have a time of their own, and native histograms.
package loose

import (
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// Sample is a number, or a histogram where h is there.
type Sample struct {
	At int64 // Unix milliseconds
	V  float64
	H  *histogram.FloatHistogram
}

// Same says whether two samples of one time say the same.
func (s Sample) Same(o Sample) bool {
	if s.H != nil || o.H != nil {
		return s.H != nil && o.H != nil && s.H.Equals(o.H)
	}
	return math.Float64bits(s.V) == math.Float64bits(o.V)
}

// goesOn says whether a histogram of a counter continues this one.
func (s Sample) goesOn(next *histogram.FloatHistogram) bool {
	return s.H != nil && s.H.CounterResetHint != histogram.GaugeType && !next.DetectReset(s.H)
}

// point is a sample that became visible with a page.
type point struct {
	Sample
	page uint32 // its number
}

// chunk is consecutive loose samples, packed.
type chunk struct {
	chunkenc.Chunk
	from, to int64 // times
}

// Tail is loose samples of one series, in the order of time. Those that are in
// it do not change: a copy of a Tail is a picture of what was there, and may be
// read while more are added.
type Tail struct {
	chunks []chunk
	points []point // after those of the chunks
}

// Add adds a sample of a page. A histogram that goes on from the one before says
// so, as in Prometheus' chunks: not everybody has to compare all buckets again.
// Where it does not, it says nothing.
func (t *Tail) Add(s Sample, page uint32) {
	if s.H != nil && s.H.CounterResetHint != histogram.GaugeType {
		s.H.CounterResetHint = histogram.UnknownCounterReset
		if n := len(t.points); n > 0 && t.points[n-1].goesOn(s.H) {
			s.H.CounterResetHint = histogram.NotCounterReset
		}
	}
	t.points = append(t.points, point{s, page})
}

// Newest is the time of the last sample; false where there is none.
func (t *Tail) Newest() (int64, bool) {
	if n := len(t.points); n > 0 {
		return t.points[n-1].At, true
	}
	if n := len(t.chunks); n > 0 {
		return t.chunks[n-1].to, true
	}
	return 0, false
}

// Len is how many samples there are.
func (t *Tail) Len() int {
	n := len(t.points)
	for _, c := range t.chunks {
		n += c.NumSamples()
	}
	return n
}

// Expire drops the oldest samples, several at a time: those before a time, and
// those that are more than most.
func (t *Tail) Expire(oldest int64, most int) (expired, crowded int) {
	n := 0
	for ; n < len(t.chunks); n++ {
		c := t.chunks[n]
		if c.to < oldest {
			expired += c.NumSamples()
		} else if len(t.chunks)-n > most/chunkHistograms {
			crowded += c.NumSamples()
		} else {
			break
		}
	}
	if n > 0 {
		t.chunks = slices.Clone(t.chunks[n:])
	}
	if newest, some := t.Newest(); some && len(t.chunks) == 0 && newest < oldest {
		expired += len(t.points)
		t.points = nil
	}
	return expired, crowded
}

// Read appends the samples of a time, both ends included, from pages up to a
// number.
func (t *Tail) Read(list []Sample, mint, maxt int64, page uint32) []Sample {
	for _, c := range t.chunks {
		if c.to < mint || c.from > maxt {
			continue
		}
		it := c.Iterator(nil)
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			at := it.AtT()
			if at < mint || at > maxt {
				continue
			}
			s := Sample{At: at}
			if kind == chunkenc.ValFloatHistogram {
				_, s.H = it.AtFloatHistogram(nil)
			} else {
				_, s.V = it.At()
			}
			list = append(list, s)
		}
	}
	for _, p := range t.points {
		if p.At >= mint && p.At <= maxt && p.page <= page {
			list = append(list, p.Sample)
		}
	}
	return list
}
