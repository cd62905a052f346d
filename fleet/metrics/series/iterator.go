package series

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/midwatch-cli/midwatch/fleet/metrics/series/loose"
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
func (e *entry) read(list []loose.Sample) []loose.Sample {
	if e.loose == nil {
		if e.latest {
			return e.readLatest(list)
		}
		return e.readPages(list)
	}
	list = e.readPages(list)
	n := len(list)
	list = e.loose.Read(list, e.mint, e.maxt, e.page)
	if n > 0 && n < len(list) && list[n-1].At > list[n].At {
		// Both are in order, each for itself; no time is in both.
		slices.SortFunc(list, func(a, b loose.Sample) int { return cmp.Compare(a.At, b.At) })
	}
	return list
}

func (e *entry) readPages(list []loose.Sample) []loose.Sample {
	var values [blockPages]float64
	for _, b := range e.blocks {
		if b.newest() < e.mint || !b.read(e.slot, &values) {
			continue
		}
		for i, v := range values[:len(b.at)] {
			if isSample(v) && e.sees(b.at[i], b.numbers[i]) {
				list = append(list, loose.Sample{At: b.at[i], V: v})
			}
		}
	}
	for i := range e.pages {
		p := &e.pages[i]
		if v := p.value(int(e.slot)); isSample(v) && e.sees(p.at, p.number) {
			list = append(list, loose.Sample{At: p.at, V: v})
		}
	}
	return list
}

// readLatest appends the newest sample, where nothing else is asked for.
func (e *entry) readLatest(list []loose.Sample) []loose.Sample {
	for i := range slices.Backward(e.pages) {
		p := &e.pages[i]
		if v := p.value(int(e.slot)); isSample(v) && e.sees(p.at, p.number) {
			return append(list, loose.Sample{At: p.at, V: v})
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
				return append(list, loose.Sample{At: b.at[i], V: v})
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
	samples []loose.Sample
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
	if it.at < len(it.samples) && it.samples[it.at].At < t {
		rest := it.samples[it.at:]
		it.at += sort.Search(len(rest), func(i int) bool { return rest[i].At >= t })
	}
	return it.kind()
}

func (it *iterator) kind() chunkenc.ValueType {
	switch {
	case it.at >= len(it.samples):
		return chunkenc.ValNone
	case it.samples[it.at].H != nil:
		return chunkenc.ValFloatHistogram
	default:
		return chunkenc.ValFloat
	}
}

// At is the sample, where it is a number.
func (it *iterator) At() (int64, float64) { return it.samples[it.at].At, it.samples[it.at].V }

// AtHistogram is for histograms of whole numbers: there are none here.
func (it *iterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	return math.MinInt64, nil
}

// AtFloatHistogram copies the histogram: the engine works in what it gets.
func (it *iterator) AtFloatHistogram(into *histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	s := &it.samples[it.at]
	if s.H == nil {
		return s.At, &histogram.FloatHistogram{Sum: math.Float64frombits(value.StaleNaN)}
	}
	if into == nil {
		return s.At, s.H.Copy()
	}
	s.H.CopyTo(into)
	return s.At, into
}

// AtT is the time of the sample.
func (it *iterator) AtT() int64 { return it.samples[it.at].At }

// AtST is when its counter began: nobody says.
func (it *iterator) AtST() int64 { return 0 }

// Err is nothing: the samples are in memory.
func (it *iterator) Err() error { return nil }
