// Package fleet is the first page: every service, worst first, causes above the
// services that wait for them.
package fleet

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// Page lists services.
type Page struct {
	list   page.List[fleet.Ref]
	filter page.Filter
	order  int // of orders
	rows   []row
	hidden int // services that are not shown: filtered, or well
	of     *fleet.Snapshot
	made   made // what the rows were made for
	names  names
}

// made is what rows depend on beside the snapshot.
type made struct {
	filter string
	order  int
	unwell bool
}

// row is a service of the snapshot, and whether it hangs below its cause.
type row struct {
	at     int
	victim bool
}

// names are the columns that are worth their place.
type names struct{ contexts, sources, namespaces bool }

// New returns the page.
func New() *Page { return &Page{} }

// orders are the ways to sort. The first one is by how bad things are.
func orders() []order {
	number := func(f func(*fleet.Traffic) float64) func(a, b *fleet.ServiceView) int {
		of := func(s *fleet.ServiceView) float64 {
			t := page.Traffic(s.Traffic)
			if v := f(&t); !math.IsNaN(v) {
				return v
			}
			return -1
		}
		return func(a, b *fleet.ServiceView) int { return cmp.Compare(of(b), of(a)) }
	}
	return []order{
		{"worst", func(a, b *fleet.ServiceView) int { return cmp.Compare(b.Status, a.Status) }},
		{"name", func(a, b *fleet.ServiceView) int { return 0 }},
		{"rate", number(func(t *fleet.Traffic) float64 { return t.Rate })},
		{"errors", number(func(t *fleet.Traffic) float64 { return t.Errors })},
		{"p99", number(func(t *fleet.Traffic) float64 { return t.P99 })},
	}
}

type order struct {
	name string
	by   func(a, b *fleet.ServiceView) int
}

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
func (p *Page) Notes(*page.View) []string {
	var notes []string
	if p.hidden > 0 {
		notes = append(notes, fmt.Sprint(p.hidden, " hidden"))
	}
	return append(notes, "sort: "+orders()[p.order].name)
}

// Keys are the page's own.
func (p *Page) Keys() []page.Binding {
	own := []page.Binding{
		{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "open", Do: func(*page.View) page.Intent {
			ref, ok := p.list.Current()
			if !ok {
				return nil
			}
			return page.Open{Place: page.Place{Kind: page.Service, Key: fleet.Key{Ref: ref}}}
		}},
		{Keys: []string{"s"}, Shown: "s", Does: "sort", Do: func(*page.View) page.Intent {
			p.order = (p.order + 1) % len(orders())
			return nil
		}},
	}
	return append(own, p.list.Motion()...)
}

// See arranges the rows.
func (p *Page) See(v *page.View) {
	p.arrange(v)
	p.list.Settle(v, 1)
}

func (p *Page) arrange(v *page.View) {
	s, now := v.Snapshot, made{p.filter.Text, p.order, v.Unwell}
	if p.of == s && p.made == now {
		return
	}
	p.made = now
	p.of, p.rows, p.list.Keys = s, p.rows[:0], p.list.Keys[:0]
	p.names = worth(s)
	for i := range s.Services {
		svc := &s.Services[i]
		if !p.filter.Service(svc) || v.Unwell && !unwell(svc) {
			continue
		}
		p.rows = append(p.rows, row{at: i})
	}
	p.hidden = len(s.Services) - len(p.rows)
	by := orders()[p.order].by
	slices.SortStableFunc(p.rows, func(a, b row) int { return by(&s.Services[a.at], &s.Services[b.at]) })
	if p.order == 0 {
		p.hang(s)
	}
	for _, r := range p.rows {
		p.list.Keys = append(p.list.Keys, s.Services[r.at].Ref)
	}
}

// unwell says whether a service is worth a look when one wants to see only those.
func unwell(s *fleet.ServiceView) bool {
	if s.Status != fleet.Up {
		return true
	}
	return slices.ContainsFunc(s.Instances, func(in fleet.InstanceView) bool { return in.Status != fleet.Up })
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
	shown := map[fleet.Ref]bool{}
	for _, r := range p.rows {
		shown[s.Services[r.at].Ref] = true
	}
	below := map[fleet.Ref][]row{}
	free := make([]row, 0, len(p.rows))
	for _, r := range p.rows {
		if root, ok := cause[s.Services[r.at].Ref]; ok && shown[root] {
			below[root] = append(below[root], row{r.at, true})
		} else {
			free = append(free, r)
		}
	}
	p.rows = p.rows[:0]
	for _, r := range free {
		p.rows = append(append(p.rows, r), below[s.Services[r.at].Ref]...)
	}
}

// worth says which columns tell rows apart.
func worth(s *fleet.Snapshot) (n names) {
	for i := range s.Sources {
		n.contexts = n.contexts || s.Sources[i].Context != s.Sources[0].Context
		n.sources = n.sources || s.Sources[i].Context == s.Sources[0].Context && s.Sources[i].Name != s.Sources[0].Name
	}
	for i := range s.Services {
		n.namespaces = n.namespaces || s.Services[i].Namespace != ""
	}
	return n
}
