package tui

import (
	"slices"
	"strings"

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
		return changes.NewOne(to.ID)
	}
	return nil
}

// named are the places one can go to, by their names: pages, services, instances
// (payment/payment-2).
func named(s *fleet.Snapshot) (names []string, places map[string]page.Place) {
	places = map[string]page.Place{}
	add := func(name string, to page.Place) {
		if _, known := places[name]; !known {
			names = append(names, name)
			places[name] = to
		}
	}
	for _, kind := range []page.Kind{page.Fleet, page.Breakers, page.Events, page.Sources, page.Changes, page.Map} {
		if pageOf(page.Place{Kind: kind}) != nil {
			add(string(kind), page.Place{Kind: kind})
		}
	}
	if s == nil {
		return names, places
	}
	for i := range s.Services {
		ref := s.Services[i].Ref
		name := ref.Name
		if _, taken := places[name]; taken {
			name = ref.String() // several sources have one, or a page is called so
		}
		add(name, page.Place{Kind: page.Service, Key: fleet.Key{Ref: ref}})
	}
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			k := s.Services[i].Instances[j].Key
			add(k.String(), page.Place{Kind: page.Instance, Key: k})
		}
	}
	return names, places
}

// completions are the names that fit what was typed: those that begin with it,
// then those that contain it.
func completions(names []string, typed string) []string {
	typed = strings.ToLower(typed)
	var first, then []string
	for _, n := range names {
		low := strings.ToLower(n)
		switch {
		case typed == "" && strings.Contains(n, "/"):
		case strings.HasPrefix(low, typed):
			first = append(first, n)
		case strings.Contains(low, typed):
			then = append(then, n)
		}
	}
	return slices.Concat(first, then)
}
