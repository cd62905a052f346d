package series

import (
	"math"
	"slices"
)

// expire drops what left the window, and gives free what has no samples any
// more. The store's lock is held, by the goroutine that appends.
func (t *Target) expire() {
	oldest := t.newest - t.store.windowMS
	moved := t.expirePages(oldest)
	for slot, tail := range t.loose {
		expired, crowded := tail.Expire(oldest, t.store.opt.MaxPages)
		t.store.drop(Expired, expired)
		t.store.drop(Crowded, crowded)
		if _, some := tail.Newest(); !some {
			delete(t.loose, slot)
			t.turns[slot] &= maxTurn
		}
	}
	if !moved {
		return
	}
	first := t.number + 1
	switch {
	case len(t.blocks) > 0:
		first = t.blocks[0].numbers[0]
	case len(t.pages) > 0:
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
		t.store.index.Remove(set, t.place)
		t.bytes -= int(set.Labels.ByteSize()) //nolint:gosec // a page is shorter
		t.slots[slot] = nil
		t.turns[slot] = (t.turns[slot] + 1) & maxTurn
		t.empty = append(t.empty, slot)
	}
}

// expirePages drops whole blocks, and the pages after them when no block is
// left. It says whether there were any.
func (t *Target) expirePages(oldest int64) bool {
	s := t.store
	total := len(t.pages)
	for _, b := range t.blocks {
		total += len(b.at)
	}
	n := 0
	for ; n < len(t.blocks); n++ {
		b := t.blocks[n]
		switch {
		case b.newest() < oldest:
			s.drop(Expired, b.count)
		case total-len(b.at) >= s.opt.MaxPages:
			s.drop(Crowded, b.count)
		default:
			t.blocks = drop(t.blocks, n)
			return n > 0
		}
		total -= len(b.at)
	}
	t.blocks = drop(t.blocks, n)
	old := 0
	for old < len(t.pages) && t.pages[old].at < oldest {
		s.drop(Expired, t.pages[old].count)
		old++
	}
	t.pages = drop(t.pages, old)
	return n+old > 0
}

// drop leaves the first ones out, and out of memory: those who read have the
// list as it was.
func drop[T any](list []T, n int) []T {
	if n == 0 {
		return list
	}
	return slices.Clone(list[n:])
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
		if newest, some := tail.Newest(); some && newest >= oldest {
			return
		}
	}
	t.forget()
}

// forget takes the target out of the store. The store's lock is held.
func (t *Target) forget() {
	s := t.store
	for _, b := range t.blocks {
		s.drop(Expired, b.count)
	}
	for _, p := range t.pages {
		s.drop(Expired, p.count)
	}
	for _, tail := range t.loose {
		s.drop(Expired, tail.Len())
	}
	for _, set := range t.slots {
		if set != nil {
			s.index.Remove(set, t.place)
		}
	}
	s.places[t.place] = nil
	s.free = append(s.free, t.place)
	delete(s.targets, t.key)
	t.gone, t.newest, t.bytes = true, math.MinInt64, 0
	t.blocks, t.pages, t.slots, t.seen, t.empty = nil, nil, nil, nil, nil
}
