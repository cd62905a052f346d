package series

import (
	"math"

	"github.com/prometheus/prometheus/model/value"

	"github.com/midwatch-cli/midwatch/fleet/metrics/series/column"
)

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
	row := t.row
	t.row = nil
	if row == nil {
		return
	}
	s.mu.Lock()
	if t.gone || t.at <= t.newest {
		s.mu.Unlock()
		// It was ended, or forgotten, meanwhile.
		s.drop(Ended, count(row)+len(t.pending))
		return
	}
	if mark {
		row = t.stale(row)
	}
	t.put(t.at, row)
	for _, l := range t.pending {
		t.loose[l.slot].Add(l.Sample, t.number)
		t.seen[l.slot] = t.number
	}
	s.appended.Add(uint64(len(t.pending)))
	t.expire()
	ripe := t.ripe()
	s.mu.Unlock()
	if ripe.pack(s) {
		s.mu.Lock()
		t.replace(ripe)
		s.mu.Unlock()
	}
	t.pending = t.pending[:0]
}

// stale marks what was live in the last page and is absent in the row.
func (t *Target) stale(row []float64) []float64 {
	if len(t.pages) == 0 {
		return row
	}
	for slot, v := range t.pages[len(t.pages)-1].row {
		if isLive(v) {
			for slot >= len(row) {
				row = append(row, math.Float64frombits(column.Absent))
			}
			if isAbsent(row[slot]) {
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
	t.store.published++
	t.recent[t.number%recentPages] = t.store.published
	p := page{at: at, number: t.number, row: row}
	some := false
	for slot, v := range row {
		if !isAbsent(v) {
			t.seen[slot], some = p.number, true
			if isSample(v) {
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
		if isSample(v) {
			n++
		}
	}
	return n
}
