// Package trail is where one is in the dashboard and has been: a path of pages from
// the first one down to the one that is seen, and the paths before it, as a browser
// keeps them. It knows no page.
package trail

import (
	"slices"

	"github.com/midwatch-cli/midwatch/tui/page"
)

// Visits is how many paths are kept.
const Visits = 50

// Trail is the paths. There is always one. One goroutine uses it.
type Trail struct {
	paths [][]page.Page // in the order in which they were seen
	at    int           // the one of now; those behind it are forward
	round int           // what is not on the screen is seen in turn
	made  func(page.Place) page.Page
}

// New returns the trail that begins with a page. Made makes the page of a place;
// nil where there is none.
func New(first page.Page, made func(page.Place) page.Page) *Trail {
	return &Trail{paths: [][]page.Page{{first}}, made: made}
}

// Path is the pages from the first one to the one that is seen.
func (t *Trail) Path() []page.Page { return t.paths[t.at] }

// Top is the page that is seen.
func (t *Trail) Top() page.Page { return t.Path()[len(t.Path())-1] }

// Len is how many paths are kept.
func (t *Trail) Len() int { return len(t.paths) }

// Open goes to a place: back to it where it is in the path already, else one
// further. A page that was seen lately is as it was left; where the place is a row,
// the page's cursor is put on it.
func (t *Trail) Open(to page.Place) {
	where, path := to.Page(), t.Path()
	at := slices.IndexFunc(path, func(p page.Page) bool { return p.Place() == where })
	switch {
	case at >= 0 && at < len(path)-1:
		t.visit(slices.Clip(path[:at+1]))
	case at < 0:
		p := t.lately(where)
		if p == nil {
			return
		}
		t.visit(append(slices.Clone(path), p))
	}
	if aimed, ok := t.Top().(page.Aimed); ok && to != where {
		aimed.Aim(to)
	}
}

// lately is the page of a place: the one that was seen lately, else a new one; nil
// where there is none of the kind.
func (t *Trail) lately(where page.Place) page.Page {
	for i := len(t.paths) - 1; i >= 0; i-- {
		for _, p := range t.paths[i] {
			if p.Place() == where {
				return p
			}
		}
	}
	return t.made(where)
}

// visit makes a path the newest one: where one could go forward to is forgotten.
func (t *Trail) visit(path []page.Page) {
	t.paths = append(t.paths[:t.at+1], path)
	if over := len(t.paths) - Visits; over > 0 {
		t.paths = slices.Delete(t.paths, 0, over)
	}
	t.at = len(t.paths) - 1
}

// Travel goes back, by less than 0, or forward; false where nothing is there.
func (t *Trail) Travel(by int) bool {
	to := t.at + by
	if to < 0 || to >= len(t.paths) {
		return false
	}
	t.at = to
	return true
}

// Up goes to the page before in the path, if there is one.
func (t *Trail) Up() {
	path := t.Path()
	if len(path) < 2 {
		return
	}
	up := slices.Clip(path[:len(path)-1])
	if t.at > 0 && slices.Equal(t.paths[t.at-1], up) {
		t.at--
		return
	}
	t.visit(up)
}

// atOnce is how many pages are shown what there is with each snapshot: that takes
// time for each of them.
const atOnce = 8

// Others shows pages that are not on the screen, others each time: what is not seen
// keeps no snapshot of hours ago, and all of them together few; and it knows what
// became of what it is about.
func (t *Trail) Others(see func(page.Page)) {
	known := map[page.Page]bool{t.Top(): true}
	var others []page.Page
	for _, path := range t.paths {
		for _, p := range path {
			if !known[p] {
				known[p] = true
				others = append(others, p)
			}
		}
	}
	for range min(len(others), atOnce) {
		t.round = (t.round + 1) % len(others)
		see(others[t.round])
	}
}

// Renew makes pages anew that are stale.
func (t *Trail) Renew(stale func(page.Place) bool) {
	anew := map[page.Place]page.Page{}
	for _, path := range t.paths {
		for i, p := range path {
			to := p.Place()
			if !stale(to) {
				continue
			}
			if anew[to] == nil {
				anew[to] = t.made(to)
			}
			path[i] = anew[to]
		}
	}
}
