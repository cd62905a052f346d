package series

import (
	"math"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// How many loose samples of a series wait unpacked, at most, and how many of
// them are then packed into one chunk. Histograms are large.
const (
	maxPoints, chunkPoints         = 24, 16
	maxHistograms, chunkHistograms = 10, 8
)

// sample is a number, or a histogram where h is there.
type sample struct {
	at int64
	v  float64
	h  *histogram.FloatHistogram
}

// same says whether two samples of one time say the same.
func (s sample) same(o sample) bool {
	if s.h != nil || o.h != nil {
		return s.h != nil && o.h != nil && s.h.Equals(o.h)
	}
	return math.Float64bits(s.v) == math.Float64bits(o.v)
}

// goesOn says whether a histogram of a counter continues this one.
func (s sample) goesOn(next *histogram.FloatHistogram) bool {
	return s.h != nil && s.h.CounterResetHint != histogram.GaugeType && !next.DetectReset(s.h)
}

// point is a sample that became visible with a page.
type point struct {
	sample
	page uint32 // its number
}

// chunk is consecutive loose samples, packed.
type chunk struct {
	chunkenc.Chunk
	from, to int64  // times
	page     uint32 // number of the last one's
}

// tail is the loose samples of a series: those that have a time of their own,
// and histograms. What is visible does not change.
type tail struct {
	slot   uint32
	begun  uint64 // Target.begun of when last was found
	last   sample // of all samples of the series; of the goroutine that appends
	chunks []chunk
	points []point // after those of the chunks
}

// add makes a sample visible. A histogram that goes on from the one before says
// so, as in Prometheus' chunks: not everybody has to compare all buckets again.
// Where it does not, it says nothing.
func (t *tail) add(s sample, page uint32) {
	if s.h != nil && s.h.CounterResetHint != histogram.GaugeType {
		s.h.CounterResetHint = histogram.UnknownCounterReset
		if n := len(t.points); n > 0 && t.points[n-1].goesOn(s.h) {
			s.h.CounterResetHint = histogram.NotCounterReset
		}
	}
	t.points = append(t.points, point{s, page})
}

// newest is the time of the last visible sample; false where there is none.
func (t *tail) newest() (int64, bool) {
	if n := len(t.points); n > 0 {
		return t.points[n-1].at, true
	}
	if n := len(t.chunks); n > 0 {
		return t.chunks[n-1].to, true
	}
	return 0, false
}

// full is how many samples should be packed now.
func (t *tail) full() int {
	n := len(t.points)
	switch {
	case n >= maxPoints:
		return chunkPoints
	case n >= maxHistograms && t.points[0].h != nil && t.points[n-1].h != nil:
		return chunkHistograms
	}
	return 0
}

// packPoints makes chunks of samples: numbers and histograms apart, and a new
// one where histograms do not go on. The samples themselves stay as they are,
// for those who read them now.
func packPoints(points []point) ([]chunk, error) {
	var list []chunk
	var app chunkenc.Appender
	for i, p := range points {
		kind := chunkenc.EncXOR
		if p.h != nil {
			kind = chunkenc.EncFloatHistogram
		}
		if n := len(list); n == 0 || list[n-1].Encoding() != kind {
			c, err := chunkenc.NewEmptyChunk(kind)
			if err != nil {
				return nil, err
			}
			if app, err = c.Appender(); err != nil {
				return nil, err
			}
			list = append(list, chunk{Chunk: c, from: p.at})
		}
		if p.h == nil {
			app.Append(0, p.at, p.v)
		} else {
			next, again, with, err := app.AppendFloatHistogram(nil, 0, p.at, p.h.Copy(), false)
			if err != nil {
				return nil, err
			}
			app = with
			switch last := &list[len(list)-1]; {
			case next != nil && again:
				last.Chunk = next
			case next != nil:
				list = append(list, chunk{Chunk: next, from: p.at})
			}
		}
		last := &list[len(list)-1]
		last.to, last.page = points[i].at, points[i].page
	}
	for i := range list {
		list[i].Compact()
	}
	return list, nil
}

// read appends the samples of a time, from pages up to a number.
func (t *loose) read(list []sample, mint, maxt int64, page uint32) []sample {
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
			s := sample{at: at}
			if kind == chunkenc.ValFloatHistogram {
				_, s.h = it.AtFloatHistogram(nil)
			} else {
				_, s.v = it.At()
			}
			list = append(list, s)
		}
	}
	for _, p := range t.points {
		if p.at >= mint && p.at <= maxt && p.page <= page {
			list = append(list, p.sample)
		}
	}
	return list
}

// loose is what is visible of a tail at a moment.
type loose struct {
	chunks []chunk
	points []point
}
