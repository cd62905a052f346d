package list

import (
	"slices"

	"github.com/midwatch-cli/midwatch/tui/page"
)

// marks are the rows that were marked, by their keys.
type marks[K comparable] struct {
	on     map[K]bool
	unseen []K  // those of them that are hidden
	lost   bool // all there were went away, and nobody chose anything since
}

// Marks is how many rows are marked, those among them that are hidden too.
func (l *List[K]) Marks() int { return len(l.marks.on) }

// Chosen is what a wish is about: the marked rows, in their order and those that
// are hidden at the end; without marks the one of the cursor. Where its row has
// gone it is nothing: what stands in its place was not chosen. Nor was it where all
// that was marked has gone: that is said once, and then the cursor counts again.
func (l *List[K]) Chosen() []K {
	if l.marks.lost {
		l.marks.lost = false
		return nil
	}
	if len(l.marks.on) == 0 {
		if key, ok := l.Current(); ok && !l.Cursor.Gone() {
			return []K{key}
		}
		return nil
	}
	chosen := make([]K, 0, len(l.marks.on))
	for _, key := range l.Keys {
		if l.marks.on[key] {
			chosen = append(chosen, key)
		}
	}
	return append(chosen, l.marks.unseen...)
}

// keepMarks forgets the marks of rows that are not there any more.
func (l *List[K]) keepMarks() {
	if len(l.marks.on) == 0 {
		return
	}
	n := len(l.marks.unseen)
	for _, key := range l.Keys {
		if l.marks.on[key] {
			n++
		}
	}
	if n == len(l.marks.on) {
		return
	}
	there := l.Chosen()
	clear(l.marks.on)
	for _, key := range there {
		l.marks.on[key] = true
	}
	l.marks.lost = len(there) == 0
}

// Unmark takes the marks of some rows away: what was to be done with them is done.
func (l *List[K]) Unmark(which func(K) bool) {
	for key := range l.marks.on {
		if which(key) {
			delete(l.marks.on, key)
		}
	}
	l.marks.unseen = slices.DeleteFunc(l.marks.unseen, which)
}

// mark marks a row, or takes its mark away.
func (l *List[K]) mark(key K) {
	l.marks.lost = false
	if l.marks.on[key] {
		delete(l.marks.on, key)
		return
	}
	if l.marks.on == nil {
		l.marks.on = map[K]bool{}
	}
	l.marks.on[key] = true
}

// markAll marks all rows that are seen, or, where they are, none at all.
func (l *List[K]) markAll() {
	all := true
	for _, key := range l.Keys {
		all = all && l.marks.on[key]
	}
	l.marks.lost = false
	if all {
		l.marks.on, l.marks.unseen = nil, nil
		return
	}
	for _, key := range l.Keys {
		if !l.marks.on[key] {
			l.mark(key)
		}
	}
}

// Marking are the keys that mark rows.
func (l *List[K]) Marking() []page.Binding {
	return []page.Binding{
		{Keys: []string{"space"}, Shown: "space", Does: "mark", Quiet: true, Do: func(v *page.View) page.Intent {
			if key, ok := l.Current(); ok && !l.Cursor.Gone() {
				l.mark(key)
				l.Cursor.Move(1, l.Keys, l.rows(v))
			}
			return nil
		}},
		{Keys: []string{"ctrl+space", "M"}, Shown: "M", Does: "mark all that are seen, or none", Quiet: true, Do: func(*page.View) page.Intent {
			l.markAll()
			return nil
		}},
	}
}
