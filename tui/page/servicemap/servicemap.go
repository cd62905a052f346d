// Package servicemap is the page of who calls whom: from the services that nobody
// calls down to those they call, the ways to what is not well first.
package servicemap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/tui/list"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// Page draws who calls whom, of all services or around one.
type Page struct {
	about  fleet.Ref // the service it is around; the zero one: it is of all
	list   list.List[key]
	filter page.Filter
	not    page.Filter // what of it excludes: !canary
	of     *fleet.Snapshot
	graph  *calls.Graph // of that snapshot
	rows   []row
	cycles int // groups of services that call each other
	hidden int // services
	chosen bool
	apart  page.Apart
	whys   bool // somebody has one
}

// New returns the page around a service; of all of them for the zero one.
func New(about fleet.Ref) *Page { return &Page{about: about} }

// Place is the map.
func (p *Page) Place() page.Place {
	return page.Place{Kind: page.Map, Key: fleet.Key{Ref: p.about}}
}

// Rows are the services that are shown, and what is called and is none of them.
func (p *Page) Rows() ([]page.Place, int) {
	return p.list.Rows(func(k key) page.Place {
		if k.to == (fleet.Ref{}) {
			return page.Place{Kind: page.Map, Item: k.outside}
		}
		return page.Place{Kind: page.Service, Key: fleet.Key{Ref: k.to}}
	})
}

// Filter is the words of the filter.
func (p *Page) Filter() string { return p.filter.Text }

// SetFilter takes other words: it finds services, with who calls them and whom
// they call, near and far; those that are excluded are on no way.
func (p *Page) SetFilter(text string) error {
	f, err := page.ParseFilter(text)
	if err != nil {
		return err
	}
	var not []string
	for _, word := range strings.Fields(text) {
		if strings.HasPrefix(word, "!") {
			not = append(not, word)
		}
	}
	if p.not, err = page.ParseFilter(strings.Join(not, " ")); err == nil {
		p.filter = f
	}
	return err
}

// Notes say what it is around, that there are cycles, and how many services are not
// shown.
func (p *Page) Notes(*page.View) []string {
	var notes []string
	if p.about != (fleet.Ref{}) {
		notes = append(notes, "around "+p.about.Name)
	}
	switch n := p.cycles; {
	case n == 1:
		notes = append(notes, "1 cycle")
	case n > 1:
		notes = append(notes, fmt.Sprint(n, " cycles"))
	}
	if p.hidden > 0 {
		notes = append(notes, fmt.Sprint(p.hidden, " hidden"))
	}
	return notes
}

// Keys are the page's own.
func (p *Page) Keys() []page.Binding {
	own := []page.Binding{
		{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "its service", Do: p.open},
		{Keys: []string{"f"}, Shown: "f", Does: "where it is in full", Quiet: !p.elsewhere(), Do: func(v *page.View) page.Intent {
			p.follow(v)
			return nil
		}},
	}
	return slices.Concat(own, p.orders(), p.list.Motion())
}

// current is the row of the cursor; nil where there is none, or it has gone.
func (p *Page) current() *row {
	if p.list.Cursor.Row < len(p.rows) && !p.list.Cursor.Gone() {
		return &p.rows[p.list.Cursor.Row]
	}
	return nil
}

// open goes to the service of the cursor.
func (p *Page) open(*page.View) page.Intent {
	if r := p.current(); r != nil && r.service != nil {
		return page.Open{Place: page.Place{Kind: page.Service, Key: fleet.Key{Ref: r.to}}}
	}
	return nil
}

// follow goes to where a service that comes again stands with its own calls.
func (p *Page) follow(*page.View) {
	if p.elsewhere() {
		p.list.Cursor.On(p.rows[p.current().full].key)
	}
}

// elsewhere says that whom the service of the cursor calls stands in another row.
func (p *Page) elsewhere() bool {
	r := p.current()
	return r != nil && r.again != inFull
}

// orders are the keys that give orders to breakers. Where a call has none they say
// so.
func (p *Page) orders() []page.Binding {
	keys := page.Orders(p.guards)
	for i := range keys {
		order := keys[i].Do
		keys[i].Do = func(v *page.View) page.Intent {
			if r := p.current(); r != nil && r.call != nil && len(r.call.Breakers) == 0 {
				return page.Want{Nothing: r.from.Name + " has no breaker we know of towards " + r.called()}
			}
			return order(v)
		}
	}
	return keys
}

// guards are the breakers that an order is about: those of the caller, on the way
// to the service of the cursor; where no call leads there, the service's own.
func (p *Page) guards() (targets []desk.Target, choice []string) {
	r := p.current()
	switch {
	case r == nil || r.heading:
		return nil, nil
	case r.call == nil:
		return []desk.Target{{Key: fleet.Key{Ref: r.to}}}, page.BreakersOf(r.service.Instances...)
	case len(r.call.Breakers) == 1:
		return []desk.Target{{Key: fleet.Key{Ref: r.from}, Breaker: r.call.Breakers[0].Name}}, nil
	}
	for i := range r.call.Breakers {
		choice = append(choice, r.call.Breakers[i].Name)
	}
	return []desk.Target{{Key: fleet.Key{Ref: r.from}}}, choice
}

// Click chooses a row; the second one opens it.
func (p *Page) Click(v *page.View, line, column int, twice bool) page.Intent {
	columns, cells := p.table(v)
	if p.list.Click(v, line, column, columns, cells) && twice {
		return p.open(v)
	}
	return nil
}

// Wheel scrolls.
func (p *Page) Wheel(v *page.View, by int) { p.list.Wheel(v, by) }

// See makes the rows; once, as long as the snapshot and the filter are the same.
func (p *Page) See(v *page.View) {
	if p.list.Anew(v, p.filter.Text) {
		p.arrange(v)
	}
	p.list.Settle(v, footLines)
}

func (p *Page) arrange(v *page.View) {
	s := v.Snapshot
	if p.of != s {
		p.of, p.graph = s, calls.Of(s)
		p.apart, p.chosen = page.TellsApart(s), isChosen(s)
	}
	shown := whole(p.graph)
	if p.about != (fleet.Ref{}) {
		shown.through(func(i int) bool { return s.Services[i].Ref == p.about }, func(*calls.Edge) bool { return false })
	}
	shown.without(func(i int) bool { return !p.not.Service(&s.Services[i]) })
	meant := func(i int) bool { return p.filter.Service(&s.Services[i]) }
	if p.filter.Text != "" {
		shown.through(meant, func(e *calls.Edge) bool { return p.filter.Any(e.Name) })
	}
	if v.Unwell {
		shown.toUnwell(func(i int) bool { return !s.Services[i].AllUp() })
	}
	p.rows, p.cycles = grow(s, shown, func(i int) bool {
		return p.filter.Text != "" && meant(i) || s.Services[i].Ref == p.about
	})
	p.hidden = 0
	for _, is := range shown.services {
		if !is {
			p.hidden++
		}
	}
	for i := range p.rows {
		p.list.Keys = append(p.list.Keys, p.rows[i].key)
	}
	p.whys = slices.ContainsFunc(p.rows, func(r row) bool { return r.service != nil && r.service.Why.Detail != "" })
	p.keep()
}

// keep has the cursor go along where what it is on has another key from now on: a
// service that is called does not begin a way any more, and one that left the
// registries is outside to those who call it still.
func (p *Page) keep() {
	on, ok := p.list.Cursor.Key()
	if !ok && p.about != (fleet.Ref{}) {
		on, ok = key{to: p.about}, true // that is where one begins
	}
	if !ok || on.heading || slices.Contains(p.list.Keys, on) {
		return
	}
	for i := range p.rows {
		r := &p.rows[i]
		begins := on.from == (fleet.Ref{}) && r.to == on.to && r.again == inFull
		if begins || r.from == on.from && on.from != (fleet.Ref{}) && r.called() == on.called() {
			p.list.Cursor.On(r.key)
			return
		}
	}
}

// isChosen says that the snapshot has some of the services of its registries only:
// the others may be called as well.
func isChosen(s *fleet.Snapshot) bool {
	n := 0
	for i := range s.Sources {
		n += s.Sources[i].Services
	}
	return n > len(s.Services)
}
