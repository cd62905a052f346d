package trail_test

import (
	"fmt"
	"testing"

	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/breakers"
	"github.com/midwatch-cli/midwatch/tui/page/events"
	"github.com/midwatch-cli/midwatch/tui/page/sources"
	"github.com/midwatch-cli/midwatch/tui/trail"
)

// one is a page of which there can be many.
type one struct {
	page.Page

	at page.Place
}

func (p *one) Place() page.Place { return p.at }

func made(to page.Place) page.Page {
	switch to.Kind {
	case page.Events:
		return events.New()
	case page.Sources:
		return sources.New()
	case page.Breakers:
		return breakers.New()
	case page.Change:
		return &one{at: to}
	case page.Fleet, page.Service, page.Instance, page.Changes, page.Map:
	}
	return nil
}

func open(t *trail.Trail, kinds ...page.Kind) {
	for _, k := range kinds {
		t.Open(page.Place{Kind: k})
	}
}

// where is the path, by the names of its pages.
func where(t *trail.Trail) (path string) {
	for _, p := range t.Path() {
		path += "/" + p.Place().Name()
	}
	return path
}

// TestTrail: paths, back and forward and up; what is forward is forgotten by going
// elsewhere; a page is as it was left.
func TestTrail(t *testing.T) {
	tr := trail.New(events.New(), made)
	open(tr, page.Sources, page.Breakers)
	seen := tr.Top()
	step := func(want string, ok, wantOK bool) {
		t.Helper()
		if got := where(tr); got != want || ok != wantOK {
			t.Errorf("at %s, %v, want %s, %v", got, ok, want, wantOK)
		}
	}
	step("/events/sources/breakers", true, true)
	step("/events/sources", tr.Travel(-1), true)
	step("/events", tr.Travel(-1), true)
	step("/events", tr.Travel(-1), false)
	step("/events/sources/breakers", tr.Travel(2), true)
	step("/events/sources/breakers", tr.Travel(1), false)
	tr.Up()
	step("/events/sources", true, true)
	step("/events/sources/breakers", tr.Travel(1), true) // up was back: forward is still there
	open(tr, page.Events)
	step("/events", true, true)
	open(tr, page.Breakers)
	step("/events/breakers", tr.Top() == seen, true)
	step("/events/breakers", tr.Travel(1), false)
	open(tr, page.Map)
	step("/events/breakers", true, true) // there is no such page
	tr.Up()
	tr.Up()
	step("/events", true, true)
}

// TestTrailIsBounded: one can go back only so far.
func TestTrailIsBounded(t *testing.T) {
	tr := trail.New(events.New(), made)
	for range 2 * trail.Visits {
		open(tr, page.Sources, page.Breakers, page.Events)
	}
	n := 0
	for tr.Travel(-1) {
		n++
	}
	if n != trail.Visits-1 || tr.Len() != trail.Visits {
		t.Errorf("%d steps back in %d paths", n, tr.Len())
	}
}

// TestOthers: in time every page that is not on the screen is shown what there is,
// in however many paths it is, a few of them at once; and the one that is on it never.
func TestOthers(t *testing.T) {
	tr := trail.New(events.New(), made)
	open(tr, page.Sources, page.Breakers)
	shown := map[page.Page]int{}
	tr.Others(func(p page.Page) { shown[p]++ })
	if len(shown) != 2 || shown[tr.Path()[0]] != 1 || shown[tr.Path()[1]] != 1 {
		t.Errorf("shown: %v", shown)
	}
	for i := range 40 {
		tr.Open(page.Place{Kind: page.Change, Item: fmt.Sprint(i)})
		tr.Up()
	}
	pages := map[page.Page]bool{}
	for tr.Travel(-1) {
		pages[tr.Top()] = true
	}
	delete(pages, tr.Top())
	clear(shown)
	for calls := 1; calls*8 < len(pages)+16; calls++ {
		tr.Others(func(p page.Page) { shown[p]++ })
		if shown[tr.Top()] > 0 || len(shown) > 8*calls {
			t.Fatalf("%d pages in %d calls, the one that is seen %d times", len(shown), calls, shown[tr.Top()])
		}
	}
	for p := range pages {
		if shown[p] == 0 {
			t.Errorf("%v was not shown", p.Place())
		}
	}
}

// TestRenew: a stale page is made anew, once, wherever it is in the trail.
func TestRenew(t *testing.T) {
	tr := trail.New(events.New(), made)
	open(tr, page.Sources, page.Breakers)
	first, stale := tr.Path()[0], tr.Path()[1]
	tr.Renew(func(p page.Place) bool { return p.Kind == page.Sources })
	fresh := tr.Path()[1]
	tr.Travel(-1)
	if fresh == stale || tr.Top() != fresh || tr.Path()[0] != first {
		t.Error("the stale page is still there, or twice")
	}
}

// TestAim: where a place is a row, the cursor is put on it.
func TestAim(t *testing.T) {
	tr := trail.New(events.New(), made)
	tr.Open(page.Place{Kind: page.Breakers, Item: "payment"})
	if where(tr) != "/events/breakers" {
		t.Errorf("at %s", where(tr))
	}
	before := tr.Len()
	tr.Open(page.Place{Kind: page.Breakers, Item: "user"})
	if where(tr) != "/events/breakers" || tr.Len() != before {
		t.Errorf("at %s, %d paths", where(tr), tr.Len())
	}
}
