package series

import (
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// maxAhead is how far a sample's own time may lie after its page: Prometheus'
// scrape loop has the same.
const maxAhead = 10 * 60 * 1000

// ID names a series of one target, to the appending goroutine. When a series
// was forgotten, because it had no sample within the window, its ID is void: it
// never names another one.
type ID uint32

// An ID is a slot, and how often the slot was given away before.
const (
	slotBits = 22
	slotMask = 1<<slotBits - 1
	maxTurn  = 1<<(32-slotBits) - 1
)

// hasLoose marks the turn of a slot that has loose samples.
const hasLoose = 1 << 15

// Target is one source of pages. Its methods are for one goroutine at a time;
// questions to the store may be asked at the same time.
type Target struct {
	store  *Store
	key    string
	labels metrics.Labels
	names  string // of its labels: targets with the same ones are matched together

	// Of the goroutine that appends.
	at      int64     // of the page that was begun
	row     []float64 // its values, by slot; empty where nothing may be appended
	turns   []uint16  // by slot
	pending []late    // samples of the page that stay out of the row
	touched []*tail   // whose last sample is of the page

	// Guarded by the store's lock.
	place  uint32
	gone   bool             // it has no place: it was forgotten
	newest int64            // time of the latest page; math.MinInt64 before there was one
	number uint32           // counts pages
	pages  []page           // without those that hold nothing
	slots  []*set           // nil where free
	seen   []uint32         // by slot: number of the latest page with a sample of it
	empty  []uint32         // free slots
	loose  map[uint32]*tail // by slot: samples with times of their own, and histograms
}

// page is what a target said at one time. It does not change.
type page struct {
	at     int64
	number uint32
	count  int       // samples
	row    []float64 // by slot; a slot beyond its end is absent
}

// late is a sample that waits for the end of its page.
type late struct {
	slot uint32
	point
}

func newTarget(s *Store, key string, l metrics.Labels) *Target {
	t := &Target{store: s, key: key, labels: l, newest: math.MinInt64}
	for _, label := range l {
		t.names += label.Name + "\xff"
	}
	return t
}

// Labels are what each series of the target has.
func (t *Target) Labels() metrics.Labels { return t.labels }

// Begin begins a page that was asked for at that time (Unix milliseconds). A
// page that was begun and not finished is forgotten.
func (t *Target) Begin(at int64) {
	s := t.store
	s.mu.Lock()
	if t.gone {
		t.revive()
	}
	for _, tail := range t.touched {
		tail.last = t.latest(tail)
	}
	newest, slots := t.newest, len(t.slots)
	s.mu.Unlock()
	t.at, t.row, t.pending, t.touched = at, nil, t.pending[:0], t.touched[:0]
	if at > newest {
		t.row = make([]float64, slots, max(slots, 16))
		fill(t.row)
	}
}

// revive gives a forgotten target a place again, if nobody has made another one
// with its labels. All its IDs are void. The store's lock is held.
func (t *Target) revive() {
	for slot := range t.turns {
		t.turns[slot] = (t.turns[slot] + 1) & maxTurn
	}
	t.touched, t.loose = t.touched[:0], nil
	if t.store.targets[t.key] == nil {
		t.store.attach(t)
	}
}

func fill(row []float64) {
	for i := range row {
		row[i] = math.Float64frombits(absent)
	}
}

// Series finds the series with these labels, or makes it. They are as the page
// has them, with the name and without labels of the target; they are copied. It
// is false where there may be no more series, or a label is there twice: one
// sample is counted as dropped.
func (t *Target) Series(l labels.Labels) (ID, bool) {
	if _, twice := l.HasDuplicateLabelNames(); twice {
		t.store.drop(Invalid, 1)
		return 0, false
	}
	l = onPage(l, t.labels)
	hash := l.Hash()
	s := t.store
	s.mu.RLock()
	slot, ok := t.find(l, hash)
	s.mu.RUnlock()
	if ok {
		return t.id(slot), true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case t.gone:
		return 0, false // forgotten since the page began; the next one revives it
	case len(t.slots)-len(t.empty) >= s.opt.MaxPerTarget:
		s.drop(TargetFull, 1)
		return 0, false
	case s.index.series >= s.opt.MaxSeries:
		s.drop(StoreFull, 1)
		return 0, false
	}
	return t.id(t.add(s.index.intern(l, hash))), true
}

func (t *Target) id(slot uint32) ID {
	return ID(uint32(t.turns[slot]&maxTurn)<<slotBits | slot)
}

func (t *Target) find(l labels.Labels, hash uint64) (uint32, bool) {
	set := t.store.index.find(l, hash)
	if set == nil || t.gone {
		return 0, false
	}
	at, ok := set.holder(t.place)
	if !ok {
		return 0, false
	}
	return set.holders[at].slot, true
}

// add gives a set a slot. The store's lock is held.
func (t *Target) add(s *set) uint32 {
	var slot uint32
	if n := len(t.empty); n > 0 {
		slot, t.empty = t.empty[n-1], t.empty[:n-1]
		t.slots[slot] = s
	} else {
		slot = uint32(len(t.slots)) //nolint:gosec // bounded by MaxPerTarget
		t.slots = append(t.slots, s)
		t.seen = append(t.seen, 0)
		if len(t.turns) < len(t.slots) {
			t.turns = append(t.turns, 0)
		}
	}
	t.seen[slot] = t.number + 1 // as if it were in the page that is coming
	for t.at > t.newest && len(t.row) < len(t.slots) {
		t.row = append(t.row, math.Float64frombits(absent))
	}
	t.store.index.add(s, t.place, slot)
	return slot
}

// Known says whether an ID still names its series. It is void when nothing was
// appended to it for a window; then Series has to be asked again.
func (t *Target) Known(id ID) bool {
	slot := uint32(id) & slotMask
	return int(slot) < len(t.turns) && t.turns[slot]&maxTurn == uint16(id>>slotBits)
}

// Append adds a sample of the page that was begun; at is its own time, or that
// of the page. It is false where the sample was dropped, which is counted, and
// where the ID is void, which is not.
func (t *Target) Append(id ID, at int64, v float64) bool {
	slot := uint32(id) & slotMask
	if at == t.at && int(slot) < len(t.row) && t.turns[slot] == uint16(id>>slotBits) && math.Float64bits(t.row[slot]) == absent {
		t.row[slot] = normal(v)
		return true
	}
	return t.appendLate(id, point{at: at, v: normal(v)})
}

// AppendHistogram adds a native histogram. It is the store's from now on.
func (t *Target) AppendHistogram(id ID, at int64, h *histogram.FloatHistogram) bool {
	return t.appendLate(id, point{at: at, h: h})
}

// appendLate adds what does not simply go into the row.
func (t *Target) appendLate(id ID, p point) bool {
	slot := uint32(id) & slotMask
	if !t.Known(id) {
		return false
	}
	switch {
	case t.row == nil:
		return t.refuse(OutOfOrder)
	case p.at > t.at+maxAhead:
		return t.refuse(Future)
	case p.at < t.at-t.store.windowMS:
		return t.refuse(TooOld)
	case p.at == t.at && math.Float64bits(t.row[slot]) != absent:
		return t.refuse(Duplicate)
	}
	tail := t.tail(slot)
	switch {
	case p.at < tail.last.at:
		return t.refuse(OutOfOrder)
	case p.at == tail.last.at:
		// The same again is no news: a page with times of its own repeats itself
		// until its samples change.
		return tail.last.same(p) || t.refuse(Duplicate)
	}
	tail.last, t.touched = p, append(t.touched, tail)
	if p.at == t.at {
		if p.h == nil {
			t.row[slot] = p.v
			return true
		}
		t.row[slot] = math.Float64frombits(held)
	}
	t.pending = append(t.pending, late{slot, p})
	return true
}

func (t *Target) refuse(r Reason) bool {
	t.store.drop(r, 1)
	return false
}

// tail finds the loose samples of a slot, or begins them.
func (t *Target) tail(slot uint32) *tail {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	have := t.loose[slot]
	if have == nil {
		have = &tail{slot: slot}
		have.last = t.latest(have)
		if t.loose == nil {
			t.loose = map[uint32]*tail{}
		}
		t.loose[slot] = have
		t.turns[slot] |= hasLoose
		if math.Float64bits(t.row[slot]) != absent {
			have.last = point{at: t.at, v: t.row[slot]}
		}
	}
	return have
}

// latest is the newest sample of a series that is visible. The store's lock is
// held.
func (t *Target) latest(of *tail) point {
	found := point{at: math.MinInt64}
	if n := len(of.points); n > 0 {
		found = of.points[n-1]
	}
	for _, p := range slices.Backward(t.pages) {
		if p.at <= found.at {
			break
		}
		if int(of.slot) < len(p.row) && isSample(math.Float64bits(p.row[of.slot])) {
			return point{at: p.at, v: p.row[of.slot]}
		}
	}
	return found
}

// Finish ends the page that was begun, and makes it visible. Series that were in
// the page before and are not in this one get a stale marker.
func (t *Target) Finish() { t.publish(true) }

// Commit ends the page as Finish does, but without stale markers: for pages that
// hold their own, as recorded ones do.
func (t *Target) Commit() { t.publish(false) }

// Lost says that the page of that time could not be read: the series of the
// target end there.
func (t *Target) Lost(at int64) {
	t.Begin(at)
	t.Finish()
}

func (t *Target) publish(mark bool) {
	s := t.store
	s.mu.Lock()
	defer s.mu.Unlock()
	row := t.row
	t.row = nil
	switch {
	case row == nil:
		return
	case t.gone || t.at <= t.newest:
		// It was ended, or forgotten, meanwhile.
		s.drop(Ended, count(row)+len(t.pending))
		return
	}
	if mark {
		row = t.stale(row)
	}
	t.put(t.at, row)
	for _, l := range t.pending {
		t.loose[l.slot].add(l.point)
		t.seen[l.slot] = t.number
	}
	s.appended.Add(uint64(len(t.pending)))
	t.pending, t.touched = t.pending[:0], t.touched[:0]
	t.expire()
}

// stale marks what was live in the last page and is absent in the row.
func (t *Target) stale(row []float64) []float64 {
	if len(t.pages) == 0 {
		return row
	}
	for slot, v := range t.pages[len(t.pages)-1].row {
		if isLive(math.Float64bits(v)) {
			for slot >= len(row) {
				row = append(row, math.Float64frombits(absent))
			}
			if math.Float64bits(row[slot]) == absent {
				row[slot] = math.Float64frombits(value.StaleNaN)
			}
		}
	}
	return row
}

// put publishes a row. The store's lock is held.
func (t *Target) put(at int64, row []float64) {
	t.newest = at
	t.number++
	p := page{at: at, number: t.number, row: row}
	some := false
	for slot, v := range row {
		if bits := math.Float64bits(v); bits != absent {
			t.seen[slot], some = p.number, true
			if bits != held {
				p.count++
			}
		}
	}
	if some {
		t.pages = append(t.pages, p)
		t.store.appended.Add(uint64(p.count)) //nolint:gosec // not below 0
	}
}

// count is how many samples a row has.
func count(row []float64) int {
	n := 0
	for _, v := range row {
		if isSample(math.Float64bits(v)) {
			n++
		}
	}
	return n
}
