package series

import (
	"math"
	"slices"
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
	it.at = -1
	it.samples = e.read(it.samples[:0])
	return it
}

// read appends the samples of a series in the order of time.
func (e *entry) read(list []sample) []sample {
	if e.loose == nil {
		if e.latest {
			return e.readLatest(list)
		}
		return e.readPages(list)
	}
	list = e.readPages(list)
	n := len(list)
	list = e.loose.read(list, e.mint, e.maxt, e.page)
	if n > 0 && n < len(list) && list[n-1].at > list[n].at {
		// Both are in order, each for itself; no time is in both.
		slices.SortFunc(list, func(a, b sample) int { return int(a.at - b.at) })
	}
	return list
}

func (e *entry) readPages(list []sample) []sample {
	var values [blockPages]float64
	for _, b := range e.blocks {
		if b.newest() < e.mint || !b.read(e.slot, &values) {
			continue
		}
		for i, v := range values[:len(b.at)] {
			if isSample(v) && e.sees(b.at[i], b.numbers[i]) {
				list = append(list, sample{at: b.at[i], v: v})
			}
		}
	}
	for i := range e.pages {
		p := &e.pages[i]
		if v := p.value(int(e.slot)); isSample(v) && e.sees(p.at, p.number) {
			list = append(list, sample{at: p.at, v: v})
		}
	}
	return list
}

// readLatest appends the newest sample, where nothing else is asked for.
func (e *entry) readLatest(list []sample) []sample {
	for i := range slices.Backward(e.pages) {
		p := &e.pages[i]
		if v := p.value(int(e.slot)); isSample(v) && e.sees(p.at, p.number) {
			return append(list, sample{at: p.at, v: v})
		}
	}
	var values [blockPages]float64
	for _, b := range slices.Backward(e.blocks) {
		if b.newest() < e.mint {
			break
		}
		if b.at[0] > e.maxt || !b.read(e.slot, &values) {
			continue
		}
		for i, v := range slices.Backward(values[:len(b.at)]) {
			if isSample(v) && e.sees(b.at[i], b.numbers[i]) {
				return append(list, sample{at: b.at[i], v: v})
			}
		}
	}
	return list
}

// sees says whether a page is one of those that are asked about.
func (v *view) sees(at int64, number uint32) bool {
	return at >= v.mint && at <= v.maxt && number <= v.page
}

// iterator is a chunkenc.Iterator over samples that were unpacked.
type iterator struct {
	samples []sample
	at      int
}

// Next goes to the next sample.
func (it *iterator) Next() chunkenc.ValueType {
	if it.at < len(it.samples) {
		it.at++
	}
	return it.kind()
}

// Seek goes to the first sample that is not before t.
func (it *iterator) Seek(t int64) chunkenc.ValueType { //nolint:govet // the interface is Prometheus'
	it.at = max(it.at, 0)
	if it.at < len(it.samples) && it.samples[it.at].at < t {
		rest := it.samples[it.at:]
		it.at += sort.Search(len(rest), func(i int) bool { return rest[i].at >= t })
	}
	return it.kind()
}

func (it *iterator) kind() chunkenc.ValueType {
	switch {
	case it.at >= len(it.samples):
		return chunkenc.ValNone
	case it.samples[it.at].h != nil:
		return chunkenc.ValFloatHistogram
	default:
		return chunkenc.ValFloat
	}
}

// At is the sample, where it is a number.
func (it *iterator) At() (int64, float64) { return it.samples[it.at].at, it.samples[it.at].v }

// AtHistogram is for histograms of whole numbers: there are none here.
func (it *iterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	return math.MinInt64, nil
}

// AtFloatHistogram copies the histogram: the engine works in what it gets.
func (it *iterator) AtFloatHistogram(into *histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	s := &it.samples[it.at]
	if s.h == nil {
		return s.at, &histogram.FloatHistogram{Sum: math.Float64frombits(value.StaleNaN)}
	}
	if into == nil {
		return s.at, s.h.Copy()
	}
	s.h.CopyTo(into)
	return s.at, into
}

// AtT is the time of the sample.
func (it *iterator) AtT() int64 { return it.samples[it.at].at }

// AtST is when its counter began: nobody says.
func (it *iterator) AtST() int64 { return 0 }

// Err is nothing: the samples are in memory.
func (it *iterator) Err() error { return nil }
