// Package instance is the page of one instance: what was asked of it and what it
// answered, in full.
package instance

import (
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Page is one instance. One that is gone is shown as it was last seen.
type Page struct {
	key    fleet.Key
	of     *fleet.InstanceView // as it was last seen; nil before that
	at     time.Time           // when that was
	gone   bool
	lines  []line
	spots  []spot // of the lines
	cursor widget.Cursor[spot]
	folds  map[string]bool // what was folded, or unfolded, by hand
	shut   map[string]bool // the parts there are, and whether they are folded
}

// New returns the page of an instance.
func New(key fleet.Key) *Page { return &Page{key: key} }

// Place is the instance.
func (p *Page) Place() page.Place { return page.Place{Kind: page.Instance, Key: p.key} }

// Rows are the instance alone.
func (p *Page) Rows() ([]page.Place, int) { return []page.Place{p.Place()}, 0 }

// Notes say that it is gone.
func (p *Page) Notes(v *page.View) []string {
	if p.gone && p.of != nil {
		since := ""
		if l := v.History.Life(p.key); l != nil && !l.Gone().IsZero() {
			since = " since " + v.Clock(l.Gone())
		}
		return []string{"gone" + since + ": as it was at " + v.Clock(p.at)}
	}
	return nil
}

// Keys move, fold, and go to the service.
func (p *Page) Keys() []page.Binding {
	own := append([]page.Binding{
		{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: p.does(), Do: func(*page.View) page.Intent { return p.enter() }},
		{Keys: []string{"space"}, Shown: "space", Does: "fold or unfold the part", Quiet: true, Do: func(*page.View) page.Intent {
			p.fold()
			return nil
		}},
		{Keys: []string{"z"}, Shown: "z", Does: "fold all", Do: func(*page.View) page.Intent {
			p.foldAll()
			return nil
		}},
		{Keys: []string{"u"}, Shown: "u", Does: "its service", Do: func(*page.View) page.Intent {
			return page.Open{Place: page.Place{Kind: page.Service, Key: fleet.Key{Ref: p.key.Ref}}}
		}},
	}, page.Orders(p.about)...)
	own = append(own, page.Drains(func() []desk.Target {
		targets, _ := p.about()
		return targets
	})...)
	return append(own, page.Motion(func(v *page.View, by int) { p.cursor.Move(by, p.spots, v.Height) })...)
}

// about is the instance, and its breakers. One that is gone as well: whether it
// can be reached all the same is seen by planning.
func (p *Page) about() ([]desk.Target, []string) {
	if p.of == nil {
		return nil, nil
	}
	return []desk.Target{{Key: p.key}}, page.BreakersOf(*p.of)
}

// Click puts the cursor on a line; on the one it is on, it does what enter does.
func (p *Page) Click(v *page.View, at, _ int, twice bool) page.Intent {
	row := p.cursor.Top + at
	if at < 0 || at >= v.Height || row >= len(p.spots) {
		return nil
	}
	if row == p.cursor.Row && twice {
		return p.enter()
	}
	p.cursor.Move(row-p.cursor.Row, p.spots, v.Height)
	return nil
}

// Wheel scrolls.
func (p *Page) Wheel(v *page.View, by int) { p.cursor.Scroll(by, p.spots, v.Height) }

// See writes the page anew.
func (p *Page) See(v *page.View) {
	now := page.FindInstance(v.Snapshot, p.key)
	if p.gone = now == nil; !p.gone {
		p.of, p.at = now, v.Snapshot.At
	}
	if p.of != nil {
		p.write(v)
		p.cursor.Settle(p.spots, v.Height)
	}
}

// Draw draws what is seen of it.
func (p *Page) Draw(v *page.View) []widget.Line {
	if p.of == nil {
		return page.Middle(v, p.key.Instance+" is not here any more", "esc goes back")
	}
	top, height := min(p.cursor.Top, len(p.lines)), max(0, v.Height)
	if v.Whole {
		top, height = 0, len(p.lines)
	}
	seen := p.lines[top:min(len(p.lines), top+height)]
	lines := make([]widget.Line, len(seen))
	for i := range seen {
		lines[i] = seen[i].Line
		if top+i == p.cursor.Row && !v.Whole {
			lines[i] = lit(v.Theme, lines[i])
		}
	}
	return lines
}

// Ticks says whether somebody's hold of a breaker ends some time: that is seen to
// run down.
func (p *Page) Ticks(v *page.View) bool {
	return p.of != nil && slices.ContainsFunc(p.of.Breakers, func(b fleet.Breaker) bool {
		hold := page.HoldOf(v, p.key, &b)
		return !hold.Until.IsZero()
	})
}

// write is the whole page: what may be wrong first, what hardly ever changes last.
func (p *Page) write(v *page.View) {
	in := p.of
	w := &writer{v: v, in: in, folds: p.folds, lines: p.lines[:0], all: map[string]bool{}}
	w.add(page.About(in.Key.Instance, in.Status, in.Why, ""))
	w.probes(in)
	w.components(in)
	w.history(v.History.Life(in.Key))
	w.traffic(in)
	w.breakers(in)
	w.identity(in)
	w.plan(in)
	p.lines, p.shut, p.spots = w.lines, w.all, p.spots[:0]
	n := map[string]int{}
	for i := range p.lines {
		of := p.lines[i].of
		p.spots = append(p.spots, spot{of, n[of]})
		n[of]++
	}
}

// Below is how many lines are below those that are seen.
func (p *Page) Below(v *page.View) int { return max(0, len(p.lines)-p.cursor.Top-v.Height) }
