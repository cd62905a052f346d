package series

import (
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
)

// point is one sample: a number, or a histogram where h is there.
type point struct {
	at int64
	v  float64
	h  *histogram.FloatHistogram
}

// same says whether two samples of one time say the same.
func (p point) same(o point) bool {
	if p.h != nil || o.h != nil {
		return p.h != nil && o.h != nil && p.h.Equals(o.h)
	}
	return math.Float64bits(p.v) == math.Float64bits(o.v)
}

// tail is the loose samples of a series: those that have a time of their own,
// and histograms.
type tail struct {
	slot   uint32
	last   point   // of all samples of the series; of the goroutine that appends
	points []point // visible ones; they do not change
}

// add makes a sample visible. A histogram that goes on from the one before says
// so, as in Prometheus' chunks: not everybody has to compare all buckets again.
// Where it does not, it says nothing.
func (t *tail) add(p point) {
	if p.h != nil && p.h.CounterResetHint != histogram.GaugeType {
		p.h.CounterResetHint = histogram.UnknownCounterReset
		if n := len(t.points); n > 0 && t.points[n-1].goesOn(p.h) {
			p.h.CounterResetHint = histogram.NotCounterReset
		}
	}
	t.points = append(t.points, p)
}

// goesOn says whether a histogram of a counter continues this one.
func (p point) goesOn(next *histogram.FloatHistogram) bool {
	return p.h != nil && p.h.CounterResetHint != histogram.GaugeType && !next.DetectReset(p.h)
}

// expire drops what left the window, and gives free what has no samples any
// more. The store's lock is held, by the goroutine that appends.
func (t *Target) expire() {
	oldest := t.newest - t.store.windowMS
	before := len(t.pages)
	t.expirePages(oldest)
	for slot, tail := range t.loose {
		t.expireTail(tail, oldest)
		if len(tail.points) == 0 {
			delete(t.loose, slot)
			t.turns[slot] &= maxTurn
		}
	}
	if len(t.pages) == before {
		return
	}
	first := t.number + 1
	if len(t.pages) > 0 {
		first = t.pages[0].number
	}
	for slot, set := range t.slots {
		if set == nil || t.seen[slot] >= first {
			continue
		}
		slot := uint32(slot) //nolint:gosec // bounded by MaxPerTarget
		if _, ok := t.loose[slot]; ok {
			continue
		}
		t.store.index.remove(set, t.place)
		t.slots[slot] = nil
		t.turns[slot] = (t.turns[slot] + 1) & maxTurn
		t.empty = append(t.empty, slot)
	}
}

func (t *Target) expirePages(oldest int64) {
	n := 0
	for n < len(t.pages) && t.pages[n].at < oldest {
		t.store.drop(Expired, t.pages[n].count)
		n++
	}
	for ; len(t.pages)-n > t.store.opt.MaxPages; n++ {
		t.store.drop(Crowded, t.pages[n].count)
	}
	if n > 0 {
		t.pages = slices.Clone(t.pages[n:])
	}
}

func (t *Target) expireTail(tail *tail, oldest int64) {
	n := 0
	for n < len(tail.points) && tail.points[n].at < oldest {
		n++
	}
	t.store.drop(Expired, n)
	if crowd := len(tail.points) - n - t.store.opt.MaxPages; crowd > 0 {
		t.store.drop(Crowded, crowd)
		n += crowd
	}
	if n > 0 {
		tail.points = slices.Clone(tail.points[n:])
	}
}

// end gives the series of a target stale markers, and forgets a target that has
// nothing within the window. The store's lock is held, by anybody.
func (t *Target) end(at int64) {
	if t.gone {
		return
	}
	if at > t.newest {
		if row := t.stale(nil); len(row) > 0 {
			t.put(at, row)
		}
		t.newest = at
	}
	// Nothing else is given free here: slots and their turns belong to the
	// goroutine that appends.
	oldest := t.newest - t.store.windowMS
	if n := len(t.pages); n > 0 && t.pages[n-1].at >= oldest {
		return
	}
	for _, tail := range t.loose {
		if n := len(tail.points); n > 0 && tail.points[n-1].at >= oldest {
			return
		}
	}
	t.forget()
}

// forget takes the target out of the store. The store's lock is held.
func (t *Target) forget() {
	s := t.store
	for _, p := range t.pages {
		s.drop(Expired, p.count)
	}
	for _, tail := range t.loose {
		s.drop(Expired, len(tail.points))
	}
	for _, set := range t.slots {
		if set != nil {
			s.index.remove(set, t.place)
		}
	}
	s.places[t.place] = nil
	s.free = append(s.free, t.place)
	delete(s.targets, t.key)
	t.gone, t.newest = true, math.MinInt64
	t.pages, t.slots, t.seen, t.empty = nil, nil, nil, nil
}
