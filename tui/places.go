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
	"github.com/midwatch-cli/midwatch/tui/page/servicemap"
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
	case page.Map:
		return servicemap.New(to.Key.Ref)
	case page.Change:
		return changes.NewOne(to.Item)
	}
	return nil
}

// named are the places of a snapshot that one can go to, by their names: services,
// instances (payment/payment-2), breakers (order/payment). Words mean something
// else already: what is called so has its source before its name. Where a service
// is in several contexts, each has its context before its name (prod:payment).
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
	where := shared(s)
	for i := range s.Services {
		ref := s.Services[i].Ref
		name := where(ref, ref.Name)
		if _, taken := places[name]; taken || slices.Contains(words, name) {
			name = where(ref, ref.String())
		}
		add(name, page.Place{Kind: page.Service, Key: fleet.Key{Ref: ref}})
	}
	for i := range s.Services {
		svc := &s.Services[i]
		for j := range svc.Instances {
			add(where(svc.Ref, svc.Instances[j].Key.String()), page.Place{Kind: page.Instance, Key: svc.Instances[j].Key})
		}
		for j := range svc.Instances {
			for k := range svc.Instances[j].Breakers {
				name := svc.Instances[j].Breakers[k].Name
				add(where(svc.Ref, svc.Name+"/"+name), page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: svc.Ref}, Item: name})
			}
		}
	}
	return names, places
}

// shared puts the context before names of services that are in several contexts.
func shared(s *fleet.Snapshot) func(fleet.Ref, string) string {
	in := map[string]string{}
	twice := map[string]bool{}
	for i := range s.Services {
		ref := &s.Services[i].Ref
		before, known := in[ref.Name]
		twice[ref.Name] = twice[ref.Name] || known && before != ref.Context
		in[ref.Name] = ref.Context
	}
	return func(of fleet.Ref, name string) string {
		if twice[of.Name] {
			return page.In(of.Context, name)
		}
		return name
	}
}

// open goes to a place.
func (a *App) open(to page.Place) { a.trail.Open(to) }

// travel goes back and forward, as a browser does.
func (a *App) travel(by int) {
	if !a.trail.Travel(by) {
		a.note = "nothing is further " + either(by < 0, "back", "forward")
	}
}

// back leaves a filter first, then the page.
func (a *App) back() {
	if f, ok := a.top().(page.Filtered); ok && f.Filter() != "" {
		_ = f.SetFilter("") // an empty one is always understood
		return
	}
	a.trail.Up()
}

// unsee makes pages anew that are about what is not there in a snapshot of before:
// they show what is gone as it was last seen, and that was later.
func (a *App) unsee(s *fleet.Snapshot) {
	a.trail.Renew(func(to page.Place) bool {
		return to.Kind == page.Service && page.FindService(s, to.Key.Ref) == nil || to.Kind == page.Instance && page.FindInstance(s, to.Key) == nil
	})
}
