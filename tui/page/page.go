// Package page is what all pages have in common: what they are given to draw,
// how they say their keys, and where they can send one. A page is a plain struct:
// it reads snapshots and its own cursor, does no I/O, and hands what it wants
// done up to the root.
package page

import (
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// View is what a page draws from. It is the same for all pages of a frame, but
// for the size.
type View struct {
	Snapshot *fleet.Snapshot // never nil
	History  *history.History
	Events   []fleet.Event // oldest first
	Theme    *theme.Theme
	Width    int
	Height   int // lines the page has
	Now      time.Time
	Zone     *time.Location // that times are shown in
	Unwell   bool           // only what is not well
	Wide     bool           // more columns than have room by themselves
	Whole    bool           // all lines and rows are drawn, from the first one on, and none is lit
	Writing  bool           // changes can be made from here
	Changes  []desk.Change  // of the journal, what wants somebody first; nil where none is kept
	Journal  error          // why the journal cannot be read
	// Holder is who holds a breaker by the journal; nil where it holds none.
	Holder *desk.Holder
}

// Clock is a time on the screen. One of another day says which: 02:11 of yesterday
// is not of this night.
func (v *View) Clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	t = t.In(v.Zone)
	now := v.Now.In(v.Zone)
	switch {
	case v.Now.IsZero() || t.YearDay() == now.YearDay() && t.Year() == now.Year():
		return t.Format("15:04:05")
	case t.Year() == now.Year():
		return t.Format("Jan 02 15:04")
	}
	return t.Format(time.DateOnly)
}

// Page is one page. Its methods are called by one goroutine.
type Page interface {
	// Place is where one is, as :go to understands it.
	Place() Place
	// See arranges the page anew: the snapshot, the size or a filter changed, or
	// a key was pressed.
	See(v *View)
	// Draw returns at most v.Height lines. It changes nothing.
	Draw(v *View) []widget.Line
	// Notes are the states that a page is in, in a few words each: a sort order.
	Notes(v *View) []string
	// Keys are the page's own. Those in front are shown first.
	Keys() []Binding
}

// Filtered is a page that can be filtered.
type Filtered interface {
	Filter() string
	// SetFilter takes words of the selector language; after an error the filter
	// is as it was.
	SetFilter(text string) error
}

// Listed is a page whose rows are about places: what a person can copy, read in
// full, or open in another way than enter does.
type Listed interface {
	// Rows are the places of the rows that are shown, in their order, and which of
	// them the cursor is on; below 0 it is on none.
	Rows() (all []Place, at int)
}

// Aimed is a page whose cursor can be put on the row of a place.
type Aimed interface{ Aim(at Place) }

// Marked is a list in which rows can be marked.
type Marked interface {
	// Marks is how many are.
	Marks() int
	// Unmark takes the marks away of what an order was about that was carried out.
	Unmark(done func(desk.Target) bool)
}

// Pointed is a page that can be pointed at: line counts from its first, column
// from its left edge. Twice is the second click on the same place.
type Pointed interface {
	Click(v *View, line, column int, twice bool) Intent
	Wheel(v *View, by int)
}

// Ticking is a page of which something moves with time alone: it is drawn anew
// each second while Ticks says so.
type Ticking interface {
	Ticks(v *View) bool
}

// Binding is a key, what it is good for, and what it does: one table makes what
// happens, the footer, and the help page.
type Binding struct {
	Keys  []string // as Bubble Tea spells them: up, k, ctrl+z
	Shown string   // as people read them: ↑
	Does  string   // in a word or two
	Means string   // what that is, where a word is not enough: for the help page
	Quiet bool     // in the help page only
	Late  bool     // in the footer after what is wanted more often
	Moves bool     // it moves the cursor, and no more
	Write bool     // it changes the fleet: shown, and obeyed, only where that is allowed
	Do    func(v *View) Intent
}

// Intent is what a page wants the root to do; nil is nothing.
type Intent interface{ intent() }

// Open goes to a place.
type Open struct{ Place Place }

// Back goes to the page before.
type Back struct{}

// Want is a wish, as far as the page knows it; the person is asked for the rest.
type Want struct {
	Wish     desk.Wish
	Breakers []string // to choose from, where the targets name none
	Nothing  string   // why there are no targets, where they are not just gone
}

// Make has a wish made: the person has said all there is to say about it.
type Make struct{ Wish desk.Wish }

// Call is something of the root's own: what its dialogs hand back.
type Call func()

// Copy puts a text into the person's clipboard.
type Copy struct {
	Text string // untrusted
	What string // in a word or two, for the note that says so
}

// Link opens an address of the web with the person's own program.
type Link struct{ URL string }

func (Open) intent() {}
func (Back) intent() {}
func (Want) intent() {}
func (Make) intent() {}
func (Call) intent() {}
func (Copy) intent() {}
func (Link) intent() {}

// Kind is a kind of page.
type Kind string

// The kinds.
const (
	Fleet    Kind = "fleet"
	Service  Kind = "service"
	Instance Kind = "instance"
	Breakers Kind = "breakers"
	Events   Kind = "events"
	Sources  Kind = "sources"
	Changes  Kind = "changes"
	Change   Kind = "change"
	Map      Kind = "map"
)

// Place is a page and what it is about, or a row of it.
type Place struct {
	Kind Kind
	Key  fleet.Key // of a service: its Ref
	Item string    // a change's id; of a row: a breaker's name
}

// Page is the place of the page that a row is on.
func (p Place) Page() Place {
	switch p.Kind {
	case Service, Instance, Map: // a map may be around a service
		return Place{Kind: p.Kind, Key: p.Key}
	case Change:
		return p
	case Fleet, Breakers, Events, Sources, Changes:
	}
	return Place{Kind: p.Kind}
}

// Name is the place in a path: what it is about, else what it is.
func (p Place) Name() string {
	switch p.Kind {
	case Service:
		return p.Key.Name
	case Instance:
		return p.Key.Instance
	case Change:
		return p.Item
	case Fleet, Breakers, Events, Sources, Changes, Map:
	}
	return string(p.Kind)
}

// FindService is a service of a snapshot; nil where it is not there.
func FindService(s *fleet.Snapshot, r fleet.Ref) *fleet.ServiceView {
	for i := range s.Services {
		if s.Services[i].Ref == r {
			return &s.Services[i]
		}
	}
	return nil
}

// FindInstance is an instance of a snapshot; nil where it is not there.
func FindInstance(s *fleet.Snapshot, k fleet.Key) *fleet.InstanceView {
	if svc := FindService(s, k.Ref); svc != nil {
		for i := range svc.Instances {
			if svc.Instances[i].Key == k {
				return &svc.Instances[i]
			}
		}
	}
	return nil
}

// Motion are the keys that move a cursor; move is told by how many rows, and has
// to stop at the ends.
func Motion(move func(v *View, by int)) []Binding {
	const far = 1 << 30
	key := func(shown, does string, by func(v *View) int, keys ...string) Binding {
		return Binding{Keys: keys, Shown: shown, Does: does, Quiet: true, Moves: true, Do: func(v *View) Intent {
			move(v, by(v))
			return nil
		}}
	}
	fixed := func(n int) func(*View) int { return func(*View) int { return n } }
	return []Binding{
		key("↑ k", "up", fixed(-1), "up", "k"),
		key("↓ j", "down", fixed(1), "down", "j"),
		key("pgup", "a page up", func(v *View) int { return -max(1, v.Height-2) }, "pgup", "ctrl+b"),
		key("pgdn", "a page down", func(v *View) int { return max(1, v.Height-2) }, "pgdown", "ctrl+f"),
		key("g", "to the top", fixed(-far), "home", "g"),
		key("G", "to the bottom", fixed(far), "end", "G"),
	}
}
