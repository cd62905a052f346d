package series

import (
	"math"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// Iterator goes over the samples in the order of time. An iterator of this
// package is used again, with its memory.
func (e *entry) Iterator(again chunkenc.Iterator) chunkenc.Iterator {
	it, ok := again.(*iterator)
	if !ok {
		it = &iterator{}
	}
	it.at, it.points = -1, it.points[:0]
	e.read(func(p point) { it.points = append(it.points, p) })
	return it
}

// read goes over the samples in the order of time. Those of pages and the loose
// ones are in it already, each for itself.
func (e *entry) read(yield func(point)) {
	loose := e.points
	for i := range e.pages {
		p := &e.pages[i]
		if p.at > e.maxt {
			break
		}
		if p.at < e.mint || int(e.slot) >= len(p.row) {
			continue
		}
		v := p.row[e.slot]
		if !isSample(math.Float64bits(v)) {
			continue
		}
		loose = e.readLoose(loose, p.at, yield)
		yield(point{at: p.at, v: v})
	}
	e.readLoose(loose, math.MaxInt64, yield)
}

// readLoose goes over loose samples before a time, and returns what is left.
func (e *entry) readLoose(list []point, before int64, yield func(point)) []point {
	for len(list) > 0 && list[0].at < before {
		if p := list[0]; p.at >= e.mint && p.at <= e.maxt {
			yield(p)
		}
		list = list[1:]
	}
	return list
}

// iterator is a chunkenc.Iterator over samples that were decoded.
type iterator struct {
	points []point
	at     int
}

func (it *iterator) Next() chunkenc.ValueType {
	if it.at < len(it.points) {
		it.at++
	}
	return it.kind()
}

// Seek goes to the first sample that is not before t.
func (it *iterator) Seek(t int64) chunkenc.ValueType { //nolint:govet // the interface is Prometheus'
	it.at = max(it.at, 0)
	if it.at < len(it.points) && it.points[it.at].at < t {
		rest := it.points[it.at:]
		it.at += sort.Search(len(rest), func(i int) bool { return rest[i].at >= t })
	}
	return it.kind()
}

func (it *iterator) kind() chunkenc.ValueType {
	switch {
	case it.at >= len(it.points):
		return chunkenc.ValNone
	case it.points[it.at].h != nil:
		return chunkenc.ValFloatHistogram
	default:
		return chunkenc.ValFloat
	}
}

func (it *iterator) At() (int64, float64) { return it.points[it.at].at, it.points[it.at].v }

// AtHistogram is for histograms of whole numbers: there are none here.
func (it *iterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	return math.MinInt64, nil
}

// AtFloatHistogram copies the histogram: the engine works in what it gets.
func (it *iterator) AtFloatHistogram(into *histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	p := &it.points[it.at]
	if p.h == nil {
		return p.at, &histogram.FloatHistogram{Sum: math.Float64frombits(value.StaleNaN)}
	}
	if into == nil {
		return p.at, p.h.Copy()
	}
	p.h.CopyTo(into)
	return p.at, into
}

func (it *iterator) AtT() int64 { return it.points[it.at].at }

func (it *iterator) AtST() int64 { return 0 }

func (it *iterator) Err() error { return nil }
