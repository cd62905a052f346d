package app

import (
	"context"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet/config/environ"
	"github.com/midwatch-cli/midwatch/fleet/profile"
	"github.com/midwatch-cli/midwatch/fleet/registry/all"
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
