package offer

import (
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// Places are the places of a snapshot that one can go to, by their names: services,
// instances (payment/payment-2), breakers (order/payment). Words mean something
// else already: what is called so has its source before its name. Where a service
// is in several contexts, each has its context before its name (prod:payment).
func Places(s *fleet.Snapshot, words []string) (names []string, places map[string]page.Place) {
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
