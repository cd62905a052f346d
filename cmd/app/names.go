package app

import (
	"context"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config/environ"
	"github.com/midwatch-cli/midwatch/fleet/profile"
	"github.com/midwatch-cli/midwatch/fleet/registry/all"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// contextNames completes --context.
func (a *App) contextNames(context.Context) []string {
	f, err := a.Config()
	if err != nil {
		return nil
	}
	return append(f.Names(), "none")
}

// profileNames completes --profile.
func (a *App) profileNames(context.Context) []string {
	names := profile.Builtin()
	if f, err := a.Config(); err == nil {
		for name := range f.Profiles {
			names = append(names, name)
		}
		for _, c := range f.Contexts {
			for name := range c.Profiles {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// registryURLs completes --registry with what the environment shows and the
// beginnings of what there is.
func (a *App) registryURLs(context.Context) []string {
	var urls []string
	if found, err := environ.Look(a.Getenv, all.Schemes()); err == nil {
		for _, c := range found {
			if c.Supported {
				urls = append(urls, c.Registry.URL)
			}
		}
	}
	for _, scheme := range all.Schemes() {
		urls = append(urls, scheme+"://")
	}
	return urls
}

// BreakerWords are words about the breakers there are, for completions: of those
// of services, or of all, that take an order, or any.
func (a *App) BreakerWords(ctx context.Context, services []string, order fleet.Verb, word func(selection.Found) string) []string {
	return a.Offer(ctx, func(ctx context.Context, s *Session) (words []string) {
		sel, err := selection.Selector{Names: services}.Compile()
		if err != nil {
			return nil
		}
		r, err := s.Pass(ctx, sel, BreakersOnly, nil)
		if err != nil {
			return nil
		}
		all, _ := selection.Breakers{}.Find(r.Snapshot)
		for _, f := range all {
			if order == "" || slices.Contains(f.Breaker.Verbs, order) {
				words = append(words, word(f))
			}
		}
		return words
	})
}

// BreakerNames are the names of all breakers, likewise.
func (a *App) BreakerNames(ctx context.Context) []string {
	return a.BreakerWords(ctx, nil, "", func(f selection.Found) string { return f.Breaker.Name })
}
