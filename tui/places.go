package tui

import (
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/breakers"
	"github.com/midwatch-cli/midwatch/tui/page/changes"
	"github.com/midwatch-cli/midwatch/tui/page/events"
	fleetpage "github.com/midwatch-cli/midwatch/tui/page/fleet"
	"github.com/midwatch-cli/midwatch/tui/page/instance"
	"github.com/midwatch-cli/midwatch/tui/page/service"
	"github.com/midwatch-cli/midwatch/tui/page/sources"
)

// pageOf makes the page of a place; nil where there is none of the kind.
func pageOf(to page.Place) page.Page {
	switch to.Kind {
	case page.Fleet:
		return fleetpage.New()
	case page.Service:
		return service.New(to.Key.Ref)
	case page.Instance:
		return instance.New(to.Key)
	case page.Breakers:
		return breakers.New()
	case page.Events:
		return events.New()
	case page.Sources:
		return sources.New()
	case page.Changes:
		return changes.New()
	case page.Change:
		return changes.NewOne(to.Item)
	}
	return nil
}

// named are the places of a snapshot that one can go to, by their names: services,
// instances (payment/payment-2), breakers (order/payment). Words mean something
// else already: what is called so has its source before its name.
func named(s *fleet.Snapshot, words []string) (names []string, places map[string]page.Place) {
	places = map[string]page.Place{}
	if s == nil {
		return nil, places
	}
	add := func(name string, to page.Place) {
		if _, known := places[name]; !known {
			names = append(names, name)
			places[name] = to
		}
	}
	for i := range s.Services {
		ref := s.Services[i].Ref
		name := ref.Name
		if _, taken := places[name]; taken || slices.Contains(words, name) {
			name = ref.String()
		}
		add(name, page.Place{Kind: page.Service, Key: fleet.Key{Ref: ref}})
	}
	for i := range s.Services {
		svc := &s.Services[i]
		for j := range svc.Instances {
			add(svc.Instances[j].Key.String(), page.Place{Kind: page.Instance, Key: svc.Instances[j].Key})
		}
		for j := range svc.Instances {
			for k := range svc.Instances[j].Breakers {
				name := svc.Instances[j].Breakers[k].Name
				add(svc.Name+"/"+name, page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: svc.Ref}, Item: name})
			}
		}
	}
	return names, places
}

// visits is how many places back one can go.
const visits = 50

// open goes to a place: back to it where it is in the path already, else one
// further. A page that was seen lately is as it was left.
func (a *App) open(to page.Place) {
	where := to.Page()
	at := slices.IndexFunc(a.stack, func(p page.Page) bool { return p.Place() == where })
	switch {
	case at >= 0 && at < len(a.stack)-1:
		a.visit(slices.Clip(a.stack[:at+1]))
	case at < 0:
		p := a.seen(where)
		if p == nil {
			return
		}
		a.visit(append(slices.Clone(a.stack), p))
	}
	if aimed, ok := a.top().(page.Aimed); ok && to != where {
		aimed.Aim(to)
	}
}

// seen is the page of a place: the one that was seen lately, else a new one; nil
// where there is none of the kind.
func (a *App) seen(where page.Place) page.Page {
	for i := len(a.been) - 1; i >= 0; i-- {
		for _, p := range a.been[i] {
			if p.Place() == where {
				return p
			}
		}
	}
	return pageOf(where)
}

// visit makes a path the newest place in the trail: where one could go forward to
// is forgotten.
func (a *App) visit(path []page.Page) {
	a.been = append(a.been[:a.at+1], path)
	if over := len(a.been) - visits; over > 0 {
		a.been = slices.Delete(a.been, 0, over)
	}
	a.at, a.stack = len(a.been)-1, path
}

// travel goes back and forward in the trail, as a browser does.
func (a *App) travel(by int) {
	to := a.at + by
	switch {
	case to < 0:
		a.note = "nothing is further back"
	case to >= len(a.been):
		a.note = "nothing is further forward"
	default:
		a.at, a.stack = to, a.been[to]
	}
}

// back leaves a filter first, then the page.
func (a *App) back() {
	if f, ok := a.top().(page.Filtered); ok && f.Filter() != "" {
		_ = f.SetFilter("") // an empty one is always understood
		return
	}
	if len(a.stack) < 2 {
		return
	}
	up := slices.Clip(a.stack[:len(a.stack)-1])
	if a.at > 0 && slices.Equal(a.been[a.at-1], up) {
		a.travel(-1)
		return
	}
	a.visit(up)
}

// revisit lets the pages of one path of the trail, another each time, see what is
// shown: what is not on the screen keeps no snapshot of hours ago, and knows what
// became of it.
func (a *App) revisit(v *page.View) {
	a.round = (a.round + 1) % len(a.been)
	for _, p := range a.been[a.round] {
		if p != a.top() {
			p.See(v)
		}
	}
}

// unsee makes pages anew that are about what is not there in a snapshot of before:
// they show what is gone as it was last seen, and that was later.
func (a *App) unsee(s *fleet.Snapshot) {
	anew := map[page.Place]page.Page{}
	for _, path := range a.been {
		for i, p := range path {
			to := p.Place()
			if to.Kind == page.Service && page.FindService(s, to.Key.Ref) == nil || to.Kind == page.Instance && page.FindInstance(s, to.Key) == nil {
				if anew[to] == nil {
					anew[to] = pageOf(to)
				}
				path[i] = anew[to]
			}
		}
	}
}
