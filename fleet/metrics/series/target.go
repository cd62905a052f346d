package series

import (
	"math"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/column"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/index"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/loose"
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
	begun   uint64    // counts pages that were begun

	// Guarded by the store's lock.
	place  uint32
	gone   bool                // it has no place: it was forgotten
	newest int64               // time of the latest page; math.MinInt64 before there was one
	number uint32              // counts pages
	recent [recentPages]uint64 // by number: Store.published of the latest pages
	blocks []*block
	pages  []page           // after those of the blocks; never none of them where there was one
	due    int              // how many pages make the next block
	bytes  int              // of its label sets
	slots  []*index.Set     // nil where free
	seen   []uint32         // by slot: number of the latest page with a sample of it
	empty  []uint32         // free slots
	loose  map[uint32]*tail // by slot: samples with times of their own, and histograms
}

// recentPages is how many pages are told apart when a question began before
// them.
const recentPages = 32

// late is a sample that waits for the end of its page.
type late struct {
	slot uint32
	loose.Sample
}

// tail is the loose samples of a series.
type tail struct {
	loose.Tail
	slot  uint32
	begun uint64       // Target.begun of when last was found
	last  loose.Sample // of all samples of the series; of the goroutine that appends
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
	newest, slots := t.newest, len(t.slots)
	s.mu.Unlock()
	t.at, t.row, t.pending = at, nil, t.pending[:0]
	t.begun++
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
	t.loose = nil
	if t.store.targets[t.key] == nil {
		t.store.attach(t)
	}
}

func fill(row []float64) {
	for i := range row {
		row[i] = math.Float64frombits(column.Absent)
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
	l = index.OnPage(l, t.labels)
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
	case len(t.slots)-len(t.empty) >= s.opt.MaxPerTarget || t.bytes+int(l.ByteSize()) > s.opt.MaxLabelBytes: //nolint:gosec // a page is shorter
		s.drop(TargetFull, 1)
		return 0, false
	case s.index.Series() >= s.opt.MaxSeries:
		s.drop(StoreFull, 1)
		return 0, false
	}
	return t.id(t.add(s.index.Intern(l, hash))), true
}

func (t *Target) id(slot uint32) ID {
	return ID(uint32(t.turns[slot]&maxTurn)<<slotBits | slot)
}

func (t *Target) find(l labels.Labels, hash uint64) (uint32, bool) {
	set := t.store.index.Find(l, hash)
	if set == nil || t.gone {
		return 0, false
	}
	at, ok := set.Holder(t.place)
	if !ok {
		return 0, false
	}
	return set.Holders[at].Slot, true
}

// add gives a set a slot. The store's lock is held.
func (t *Target) add(s *index.Set) uint32 {
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
		t.row = append(t.row, math.Float64frombits(column.Absent))
	}
	t.store.index.Add(s, t.place, slot)
	t.bytes += int(s.Labels.ByteSize()) //nolint:gosec // a page is shorter
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
	if at == t.at && int(slot) < len(t.row) && t.turns[slot] == uint16(id>>slotBits) && isAbsent(t.row[slot]) {
		t.row[slot] = normal(v)
		return true
	}
	return t.appendLate(id, loose.Sample{At: at, V: normal(v)})
}

// AppendHistogram adds a native histogram. It is the store's from now on. One
// that contradicts itself is dropped.
func (t *Target) AppendHistogram(id ID, at int64, h *histogram.FloatHistogram) bool {
	if h.Validate() != nil {
		return t.refuse(Invalid)
	}
	return t.appendLate(id, loose.Sample{At: at, H: h})
}

// appendLate adds what does not simply go into the row.
func (t *Target) appendLate(id ID, p loose.Sample) bool {
	slot := uint32(id) & slotMask
	if !t.Known(id) {
		return false
	}
	switch {
	case t.row == nil:
		return t.refuse(OutOfOrder)
	case p.At > t.at+maxAhead:
		return t.refuse(Future)
	case p.At < t.at-t.store.windowMS:
		return t.refuse(TooOld)
	case p.At == t.at && !isAbsent(t.row[slot]):
		return t.refuse(Duplicate)
	}
	tail := t.tail(slot)
	switch {
	case p.At < tail.last.At:
		return t.refuse(OutOfOrder)
	case p.At == tail.last.At:
		// The same again is no news: a page with times of its own repeats itself
		// until its samples change.
		return tail.last.Same(p) || t.refuse(Duplicate)
	}
	tail.last = p
	if p.At == t.at {
		if p.H == nil {
			t.row[slot] = p.V
			return true
		}
		t.row[slot] = math.Float64frombits(column.Held)
	}
	t.pending = append(t.pending, late{slot, p})
	return true
}

func (t *Target) refuse(r Reason) bool {
	t.store.drop(r, 1)
	return false
}

// tail finds the loose samples of a slot, or begins them, and the latest sample
// of the series: that of a page which was never finished does not count.
func (t *Target) tail(slot uint32) *tail {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	of := t.loose[slot]
	if of == nil {
		of = &tail{slot: slot}
		if t.loose == nil {
			t.loose = map[uint32]*tail{}
		}
		t.loose[slot] = of
		t.turns[slot] |= hasLoose
	}
	if of.begun != t.begun {
		of.begun, of.last = t.begun, t.latest(of)
		if !isAbsent(t.row[slot]) {
			of.last = loose.Sample{At: t.at, V: t.row[slot]}
		}
	}
	return of
}

// latest is the newest sample of a series that is visible. The store's lock is
// held.
func (t *Target) latest(of *tail) loose.Sample {
	v := t.view(0, span{mint: math.MinInt64, maxt: math.MaxInt64, published: math.MaxUint64})
	e := v.entry(nil, of.slot)
	found := e.readLatest(nil)
	if newest, some := of.Newest(); some && (len(found) == 0 || found[0].At < newest) {
		found = e.loose.Read(nil, newest, newest, v.page)
	}
	if len(found) == 0 {
		return loose.Sample{At: math.MinInt64}
	}
	return found[0]
}
