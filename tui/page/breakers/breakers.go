// Package breakers is the page of all circuit breakers, by the service that owns
// them, and what became of them.
package breakers

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// key is a breaker of a service, on all of its instances.
type key struct {
	ref  fleet.Ref
	name string
}

// group is what the instances say of it.
type group struct {
	key
	worst          fleet.BreakerState
	in, all        int     // instances in the worst state, and with the breaker
	failures, slow float64 // the greatest; NaN where nobody gives one
	rejected       int64   // together; below 0 where nobody counts
	since          time.Time
	hold           fleet.Hold
	word           string // the far side's own, of a state that is none of ours
	api, note      string // who read it, and what else the far side says
}

// Page lists breakers.
type Page struct {
	list   list.List[key]
	filter page.Filter
	rows   []*group
	unread int // instances whose breakers could not be read
	apart  page.Apart
	now    time.Time
	foot   []widget.Line // what became of the one of the cursor
}

// New returns the page.
func New() *Page { return &Page{} }

// Place is the page of breakers.
func (p *Page) Place() page.Place { return page.Place{Kind: page.Breakers} }

// Rows are the breakers that are shown.
func (p *Page) Rows() ([]page.Place, int) {
	return p.list.Rows(func(k key) page.Place {
		return page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: k.ref}, Item: k.name}
	})
}

// Aim puts the cursor on a breaker.
func (p *Page) Aim(at page.Place) { p.list.Cursor.On(key{at.Key.Ref, at.Item}) }

// Filter is the words of the filter.
func (p *Page) Filter() string { return p.filter.Text }

// SetFilter takes words: every one has to be in the service's name, the breaker's
// or the state; context=C, source=S and namespace=N say where.
func (p *Page) SetFilter(text string) error {
	f, err := page.ParseWords(text)
	if err == nil {
		p.filter = f
	}
	return err
}

// Notes say what could not be read, how much is not shown, and the order.
func (p *Page) Notes(*page.View) []string {
	var notes []string
	if p.unread > 0 {
		notes = append(notes, unread(p.unread))
	}
	return append(notes, p.list.Notes()...)
}

// Marks is how many breakers are marked.
func (p *Page) Marks() int { return p.list.Marks() }

// Unmark takes the marks of breakers away that an order was carried out on.
func (p *Page) Unmark(done func(desk.Target) bool) {
	p.list.Unmark(func(k key) bool { return done(desk.Target{Key: fleet.Key{Ref: k.ref}, Breaker: k.name}) })
}

// Keys are the page's own.
func (p *Page) Keys() []page.Binding {
	own := []page.Binding{{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "its service", Do: p.open}}
	return slices.Concat(own, p.list.Sorting(), p.list.Marking(), page.Orders(p.about), p.list.Motion())
}

// about is the breakers that an order is about.
func (p *Page) about() (targets []desk.Target, _ []string) {
	for _, k := range p.list.Chosen() {
		targets = append(targets, desk.Target{Key: fleet.Key{Ref: k.ref}, Breaker: k.name})
	}
	return targets, nil
}

// open goes to the service of the cursor.
func (p *Page) open(*page.View) page.Intent {
	k, ok := p.list.Current()
	if !ok {
		return nil
	}
	return page.Open{Place: page.Place{Kind: page.Service, Key: fleet.Key{Ref: k.ref}}}
}

// Click chooses a row, or sorts.
func (p *Page) Click(v *page.View, line, column int, twice bool) page.Intent {
	columns, cells := p.table(v)
	if p.list.Click(v, line, column, columns, cells) && twice {
		return p.open(v)
	}
	return nil
}

// Wheel scrolls.
func (p *Page) Wheel(v *page.View, by int) { p.list.Wheel(v, by) }

// See groups what the snapshot has, worst first; once, as long as it and the journal
// are the same.
func (p *Page) See(v *page.View) {
	if p.list.Anew(v, p.filter.Text) {
		p.arrange(v)
	}
	p.list.Settle(v, len(p.foot))
	p.foot = p.story(v)
	p.list.Settle(v, len(p.foot))
}

func (p *Page) arrange(v *page.View) {
	p.rows, p.unread, p.now = p.rows[:0], 0, v.Snapshot.At
	p.apart = page.TellsApart(v.Snapshot)
	for i := range v.Snapshot.Services {
		groups, unread := grouped(v, &v.Snapshot.Services[i])
		p.unread += unread
		for _, g := range groups {
			if v.Unwell && g.worst == fleet.BreakerClosed || !p.filter.About(g.ref, g.ref.Name+"/"+g.name+" "+g.worst.Words()) {
				p.list.Hide(g.key)
				continue
			}
			p.rows = append(p.rows, g)
		}
	}
	usual := list.Usual[*group]{Turned: "best", By: list.Worst(func(g *group) int { return g.worst.Rank() })}
	list.Arrange(&p.list, usual, p.columns(v), p.rows)
	for _, g := range p.rows {
		p.list.Keys = append(p.list.Keys, g.key)
	}
}

// Ticks says whether somebody's hold ends some time: that is seen to run down.
func (p *Page) Ticks(*page.View) bool {
	return slices.ContainsFunc(p.rows, func(g *group) bool { return !g.hold.Until.IsZero() })
}

// grouped are the breakers of a service. The journal's word on who holds one goes
// before the far side's.
func grouped(v *page.View, s *fleet.ServiceView) (groups []*group, unread int) {
	for i := range s.Instances {
		in := &s.Instances[i]
		if in.BreakersWhy.Reason != "" {
			unread++
		}
		for j := range in.Breakers {
			b := &in.Breakers[j]
			k := key{s.Ref, b.Name}
			at := slices.IndexFunc(groups, func(g *group) bool { return g.key == k })
			if at < 0 {
				at, groups = len(groups), append(groups, &group{key: k, worst: b.State, failures: math.NaN(), slow: math.NaN(), rejected: -1})
			}
			groups[at].add(b, page.HoldOf(v, in.Key, b))
		}
	}
	return groups, unread
}

func (g *group) add(b *fleet.Breaker, hold fleet.Hold) {
	if b.State.Rank() > g.worst.Rank() {
		g.worst, g.in, g.since, g.hold, g.note = b.State, 0, time.Time{}, fleet.Hold{}, ""
	}
	g.all++
	if b.State == g.worst {
		g.in++
		if !b.Since.IsZero() && (g.since.IsZero() || b.Since.Before(g.since)) {
			g.since = b.Since
		}
		if g.hold.IsZero() {
			g.hold, g.word = hold, b.Word
		}
		if g.note == "" {
			g.api, g.note = b.API, b.Note
		}
	}
	g.failures, g.slow = greater(g.failures, b.FailureRate), greater(g.slow, b.SlowRate)
	if b.Rejected >= 0 {
		g.rejected = max(g.rejected, 0) + b.Rejected
	}
}

// greater is the greater number, where there is one.
func greater(a, b float64) float64 {
	if math.IsNaN(a) || b > a {
		return b
	}
	return a
}

// unread says on how many instances breakers could not be read.
func unread(n int) string {
	if n == 1 {
		return "not read on 1 instance"
	}
	return fmt.Sprintf("not read on %d instances", n)
}

// Draw draws the rows that are seen, and what became of the breaker of the cursor.
func (p *Page) Draw(v *page.View) []widget.Line {
	switch {
	case len(p.rows) == 0 && p.filter.Text != "":
		return page.Middle(v, "No breaker matches "+p.filter.Text, "/ changes the filter")
	case len(p.rows) == 0 && p.list.Hidden() > 0:
		return page.Middle(v, fmt.Sprint("✓ All ", p.list.Hidden(), " breakers are closed."), "ctrl-z shows them")
	case len(p.rows) == 0 && len(v.Snapshot.Services) == 0:
		return page.Middle(v, page.Unserved(v.Snapshot)...)
	case len(p.rows) == 0:
		return page.Middle(v, "No breakers are read.", "midwatch breakers --help says how they are found")
	}
	columns, cells := p.table(v)
	return p.list.Draw(v, columns, cells, func() []widget.Line { return p.foot })
}
