// Package fleet is the first page: every service, worst first, causes above the
// services that wait for them.
package fleet

import (
	"cmp"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Page lists services.
type Page struct {
	list   list.List[fleet.Ref]
	filter page.Filter
	rows   []*row
	of     *fleet.Snapshot
	widest int // what a name takes, with its signs
	names  names
}

// row is a service of the snapshot, and whether it hangs below its cause.
type row struct {
	service *fleet.ServiceView
	numbers fleet.Traffic
	victim  bool
	cells   [][]widget.Span // once it was seen: they are the same until rows are made anew
}

// New returns the page.
func New() *Page { return &Page{} }

// Place is the fleet.
func (p *Page) Place() page.Place { return page.Place{Kind: page.Fleet} }

// Rows are the services that are shown.
func (p *Page) Rows() ([]page.Place, int) {
	return p.list.Rows(func(r fleet.Ref) page.Place { return page.Place{Kind: page.Service, Key: fleet.Key{Ref: r}} })
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

// Notes say how much is not shown, and the order.
func (p *Page) Notes(*page.View) []string { return p.list.Notes() }

// Marks is how many services are marked.
func (p *Page) Marks() int { return p.list.Marks() }

// Unmark takes the marks of services away that an order was carried out on.
func (p *Page) Unmark(done func(desk.Target) bool) {
	p.list.Unmark(func(r fleet.Ref) bool { return done(desk.Target{Key: fleet.Key{Ref: r}}) })
}

// Keys are the page's own.
func (p *Page) Keys() []page.Binding {
	own := []page.Binding{{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "open", Do: p.open}}
	around := []page.Binding{{Keys: []string{"m"}, Shown: "m", Does: "map", Late: true, Do: p.chart}}
	return slices.Concat(own, p.list.Sorting(), around, p.list.Marking(), page.Orders(p.ordered), p.list.Motion())
}

// ordered is the services that an order is about, and their breakers.
func (p *Page) ordered() (targets []desk.Target, breakers []string) {
	var all []fleet.InstanceView
	for _, ref := range p.list.Chosen() {
		if s := page.FindService(p.of, ref); s != nil {
			targets = append(targets, desk.Target{Key: fleet.Key{Ref: ref}})
			all = append(all, s.Instances...)
		}
	}
	return targets, page.BreakersOf(all...)
}

// open goes to the service of the cursor.
func (p *Page) open(*page.View) page.Intent {
	ref, ok := p.list.Current()
	if !ok {
		return nil
	}
	return page.Open{Place: page.Place{Kind: page.Service, Key: fleet.Key{Ref: ref}}}
}

// chart goes to the map around the service of the cursor.
func (p *Page) chart(*page.View) page.Intent {
	ref, ok := p.list.Current()
	if !ok {
		return nil
	}
	return page.Open{Place: page.Place{Kind: page.Map, Key: fleet.Key{Ref: ref}}}
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

// See arranges the rows.
func (p *Page) See(v *page.View) {
	p.arrange(v)
	p.list.Settle(v, 1)
}

func (p *Page) arrange(v *page.View) {
	if !p.list.Anew(v, p.filter.Text) {
		return
	}
	s := v.Snapshot
	p.of, p.rows, p.names = s, p.rows[:0], worth(s)
	all := make([]row, len(s.Services))
	for i := range s.Services {
		svc := &s.Services[i]
		if !p.filter.Service(svc) || v.Unwell && svc.AllUp() {
			p.list.Hide(svc.Ref)
			continue
		}
		all[i] = row{service: svc, numbers: page.Traffic(svc.Traffic)}
		p.rows = append(p.rows, &all[i])
	}
	usual := list.Usual[*row]{Name: "worst", Turned: "best", By: list.Worst(func(r *row) int { return page.Badness(r.service.Status) })}
	if list.Arrange(&p.list, usual, p.columns(v), p.rows) {
		p.hang(s)
	}
	p.widest = 0
	for _, r := range p.rows {
		p.list.Keys = append(p.list.Keys, r.service.Ref)
		p.widest = max(p.widest, r.signs()+widget.Width(v.Theme.Text(r.service.Name)))
	}
}

// hang puts victims below their cause. A victim whose cause is not shown stays
// where its own status puts it.
func (p *Page) hang(s *fleet.Snapshot) {
	if len(s.Roots) == 0 {
		return
	}
	cause := map[fleet.Ref]fleet.Ref{}
	for _, r := range s.Roots {
		for _, victim := range r.Victims {
			cause[victim] = r.Ref
		}
	}
	for _, r := range s.Roots { // each stands for itself, so that no row hangs below one that hangs
		delete(cause, r.Ref)
	}
	shown := map[fleet.Ref]bool{}
	for _, r := range p.rows {
		shown[r.service.Ref] = true
	}
	below := map[fleet.Ref][]*row{}
	free := make([]*row, 0, len(p.rows))
	for _, r := range p.rows {
		if root, ok := cause[r.service.Ref]; ok && shown[root] {
			r.victim = true
			below[root] = append(below[root], r)
		} else {
			free = append(free, r)
		}
	}
	// A cause is as urgent as what waits for it.
	worst := func(r *row) int {
		n := page.Badness(r.service.Status)
		for _, v := range below[r.service.Ref] {
			n = max(n, page.Badness(v.service.Status))
		}
		return n
	}
	slices.SortStableFunc(free, func(a, b *row) int { return cmp.Compare(worst(b), worst(a)) })
	p.rows = p.rows[:0]
	for _, r := range free {
		p.rows = append(append(p.rows, r), below[r.service.Ref]...)
		delete(below, r.service.Ref) // one of the same name has none of its own
	}
}

// names are the columns that have something to show.
type names struct {
	page.Apart
	depends, labels, why bool
}

func worth(s *fleet.Snapshot) names {
	n := names{Apart: page.TellsApart(s)}
	for i := range s.Services {
		n.depends, n.labels = n.depends || len(s.Services[i].DependsOn) > 0, n.labels || len(s.Services[i].Labels) > 0
		n.why = n.why || s.Services[i].Why.Detail != ""
	}
	return n
}
