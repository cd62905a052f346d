// Package service is the page of one service: its instances, what it depends on,
// who calls it.
package service

import (
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Page lists the instances of a service.
type Page struct {
	ref    fleet.Ref
	list   list.List[fleet.Key]
	filter page.Filter
	in     []*fleet.InstanceView // the rows
	of     *fleet.ServiceView    // as it was last seen; nil before that
	gone   bool                  // no source has it any more
	foot   []widget.Line
	near   []neighbour // that one can go to
	usual  string      // how long probes usually take
}

// New returns the page of a service.
func New(ref fleet.Ref) *Page { return &Page{ref: ref} }

// Place is the service.
func (p *Page) Place() page.Place {
	return page.Place{Kind: page.Service, Key: fleet.Key{Ref: p.ref}}
}

// Rows are the instances that are shown.
func (p *Page) Rows() ([]page.Place, int) {
	return p.list.Rows(func(k fleet.Key) page.Place { return page.Place{Kind: page.Instance, Key: k} })
}

// Filter is the words of the filter.
func (p *Page) Filter() string { return p.filter.Text }

// SetFilter takes other words.
func (p *Page) SetFilter(text string) error {
	f, err := page.ParseFilter(text)
	if err == nil {
		p.filter = f
	}
	return err
}

// Notes say that it is gone, how much is not shown, and the order.
func (p *Page) Notes(v *page.View) []string {
	if !p.gone || p.of == nil {
		return p.list.Notes()
	}
	gone := "gone"
	if l := v.History.Of(p.ref); l != nil && !l.Gone().IsZero() {
		gone += ": as it was at " + v.Clock(l.Seen())
	}
	return append([]string{gone}, p.list.Notes()...)
}

// Marks is how many instances are marked.
func (p *Page) Marks() int { return p.list.Marks() }

// Unmark takes the marks of instances away that an order was carried out on.
func (p *Page) Unmark(done func(desk.Target) bool) {
	p.list.Unmark(func(k fleet.Key) bool { return done(desk.Target{Key: k}) })
}

// Keys are the page's own.
func (p *Page) Keys() []page.Binding {
	own := []page.Binding{
		{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "open", Do: p.open},
		{Keys: []string{"m"}, Shown: "m", Does: "map", Do: p.chart},
	}
	return slices.Concat(own, p.list.Sorting(), p.list.Marking(), page.Orders(p.about), page.Drains(p.instances), p.going(), p.list.Motion())
}

// about is the instances that an order is about, and the breakers of the service:
// their own may not have been read.
func (p *Page) about() ([]desk.Target, []string) {
	if p.of == nil {
		return nil, nil
	}
	return p.instances(), page.BreakersOf(p.of.Instances...)
}

func (p *Page) instances() (targets []desk.Target) {
	for _, key := range p.list.Chosen() {
		targets = append(targets, desk.Target{Key: key})
	}
	return targets
}

// open goes to the instance of the cursor.
func (p *Page) open(*page.View) page.Intent {
	key, ok := p.list.Current()
	if !ok {
		return nil
	}
	return page.Open{Place: page.Place{Kind: page.Instance, Key: key}}
}

// Click chooses a row, sorts, or goes to a neighbour.
func (p *Page) Click(v *page.View, line, column int, twice bool) page.Intent {
	if n := p.at(v, line, column); n != nil {
		return n.open(v)
	}
	columns, cells := p.table()
	if p.list.Click(v, line, column, columns, cells) && twice {
		return p.open(v)
	}
	return nil
}

// Wheel scrolls.
func (p *Page) Wheel(v *page.View, by int) { p.list.Wheel(v, by) }

// See arranges the rows. A service that is gone is shown as it was last seen.
func (p *Page) See(v *page.View) {
	now := page.FindService(v.Snapshot, p.ref)
	if p.gone = now == nil; !p.gone {
		p.of = now
	}
	if p.of == nil {
		return
	}
	if p.list.Anew(v, p.filter.Text) {
		p.arrange(v)
		p.neighbours(v.Snapshot)
		p.usual = usual(v, p.of)
	}
	p.foot = p.around(v)
	p.list.Settle(v, min(len(p.foot)+1, max(v.Height/2, v.Height-1-len(p.list.Keys)))) // many instances have half of the page at least
}

func (p *Page) arrange(v *page.View) {
	p.in = p.in[:0]
	for i := range p.of.Instances {
		in := &p.of.Instances[i]
		if !p.filter.Instance(p.of, in) || v.Unwell && in.Status == fleet.Up {
			p.list.Hide(in.Key)
			continue
		}
		p.in = append(p.in, in)
	}
	usual := list.Usual[*fleet.InstanceView]{Name: "worst", Turned: "best", By: list.Worst(func(in *fleet.InstanceView) int { return page.Badness(in.Status) })}
	list.Arrange(&p.list, usual, columns(p.in), p.in)
	for _, in := range p.in {
		p.list.Keys = append(p.list.Keys, in.Key)
	}
}
