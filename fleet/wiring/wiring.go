// Package wiring turns configuration into working parts: registries, probers,
// what reads breakers and metrics, one HTTP client per profile. It is the only
// importer of the tables of adapters.
package wiring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	breakers "github.com/midwatch-cli/midwatch/fleet/breaker/all"
	"github.com/midwatch-cli/midwatch/fleet/breaker/mapping"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/profile"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/all"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/probe"
)

// Settings are what flags and surroundings say.
type Settings struct {
	UserAgent    string
	Secret       func(context.Context, fleet.SecretRef) (fleet.Secret, error)
	ProbeTimeout time.Duration
	Attempts     int
	Slow         time.Duration // 0: what the profile says
	Parallel     int
	QPS          float64
	Override     profile.Override
	Prometheus   string                                    // URL of a server to ask in place of the configured one; empty: that
	Explain      bool                                      // plans say who decided what
	Breakers     func(api string) (*breaker.Driver, error) // the table of breaker APIs; nil: that of fleet/breaker/all
	Log          *slog.Logger                              // nil: nowhere
	Now          func() time.Time
}

// Known is what the configuration file may name.
func Known() config.Known {
	return config.Known{Schemes: all.Schemes(), Profiles: profile.Builtin(), APIs: breakers.Names(), Registry: checkRegistry, Mapping: checkMapping}
}

// checkMapping finds what is wrong with the mapping of a breaker API.
func checkMapping(m *fleet.BreakerMapping) (faults []config.Fault) {
	for _, p := range mapping.Check(m) {
		faults = append(faults, config.Fault{Key: p.Key, Message: p.Message})
	}
	return faults
}

// checkRegistry finds what is wrong with a configured registry, without
// opening it: a fault for each option, at its own place where it has one beside
// the URL.
func checkRegistry(r config.Registry) []config.Fault {
	loc, err := locate(r)
	if err == nil {
		err = all.Check(loc, r.Values())
	}
	if err == nil {
		return nil
	}
	var problems registry.OptionProblems
	if !errors.As(err, &problems) {
		f := config.Fault{Message: err.Error()}
		var said *fleet.Error
		if errors.As(err, &said) {
			f.Message, f.Hint = said.Detail, said.Hint
		}
		return []config.Fault{f}
	}
	faults := make([]config.Fault, len(problems))
	for i, p := range problems {
		faults[i] = config.Fault{Message: p.Message, Hint: p.Hint}
		if _, beside := r.Options[p.Key]; beside {
			faults[i].Key = p.Key
		}
	}
	return faults
}

func locate(r config.Registry) (registry.Location, error) {
	loc, err := registry.ParseLocation(r.URL)
	if err == nil && r.Name != "" {
		loc.Name = r.Name
	}
	return loc, err
}

// ParseRegistries reads the values of --registry.
func ParseRegistries(urls []string) ([]config.Registry, error) {
	var out []config.Registry
	var locations []registry.Location
	for _, u := range urls {
		loc, err := registry.ParseLocation(u)
		if err != nil {
			return nil, err
		}
		if err := all.Check(loc, nil); err != nil {
			return nil, err
		}
		locations = append(locations, loc)
		out = append(out, config.Registry{Name: loc.Name, URL: withoutName(u, loc.Name)})
	}
	return out, registry.CheckNames(locations)
}

// withoutName cuts NAME= off a registry URL.
func withoutName(u, name string) string {
	if prefix := name + "="; len(u) > len(prefix) && u[:len(prefix)] == prefix {
		return u[len(prefix):]
	}
	return u
}

// Fleet is one context, opened: its sources and how their instances are asked.
type Fleet struct {
	Context   string
	ReadOnly  bool
	Protected bool
	Write     bool // the dashboard may write from its start

	settings Settings
	keeper   *registry.Keeper
	resolver *profile.Resolver
	probers  *probers
	admins   *admins
	pages    *pages
	services []fleet.ServiceRule

	prometheus config.Prometheus // zero: none
	peers      kept[config.Prometheus, *peer]
}

// Open opens a context. Its errors are the user's to correct; a registry that
// is out of reach shows only when it is read.
func Open(ctx context.Context, c config.Context, profiles map[string]fleet.Profile, s Settings) (*Fleet, error) {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Breakers == nil {
		s.Breakers = breakers.Driver
	}
	f := &Fleet{Context: c.Name, ReadOnly: c.ReadOnly, Protected: c.Protected, Write: c.Write, settings: s, services: c.Services}
	f.prometheus = chosen(s.Prometheus, c.Prometheus)
	trusted := map[string]bool{}
	rules := profile.Rules{
		Profiles: profiles, Services: c.Services, Override: s.Override, Terse: !s.Explain,
		Trusted: func(source string) bool { return trusted[source] }, Schemes: s.schemesOf(),
	}
	var err error
	if f.resolver, err = rules.Compile(); err != nil {
		return nil, fmt.Errorf("%w: %w", registry.ErrConfig, err)
	}
	f.probers = newProbers(ctx, f.resolver, s)
	f.admins, f.pages = &admins{probers: f.probers}, &pages{probers: f.probers}
	sources, err := f.sources(ctx, c)
	if err != nil {
		f.probers.close()
		return nil, err
	}
	for _, src := range sources {
		trusted[src.Name()] = src.State().Driver.Trusted
	}
	f.keeper = registry.NewKeeper(sources...)
	return f, nil
}

// sources opens the registries of a context; of none when one is wrong.
func (f *Fleet) sources(ctx context.Context, c config.Context) (sources []*registry.Source, err error) {
	defer func() {
		if err != nil {
			for _, s := range sources {
				_ = s.Close() // the error that counts is the one returned
			}
		}
	}()
	env := registry.Env{UserAgent: f.settings.UserAgent, Secret: f.settings.Secret, Log: f.settings.Log}
	for _, r := range c.Registries {
		loc, err := locate(r)
		if err != nil {
			return sources, err
		}
		reg, driver, err := all.Open(ctx, loc, r.Values(), env)
		if err != nil {
			return sources, err
		}
		sources = append(sources, registry.NewSource(c.Name, loc, driver, reg, f.meaning))
	}
	return sources, nil
}

func (f *Fleet) meaning(s *fleet.Service) []fleet.Warning { return profile.Normalize(s, f.services) }

// Close closes registries and clients.
func (f *Fleet) Close() error {
	f.admins.close()
	f.peers.each(func(p *peer) { p.client.CloseIdleConnections() })
	f.pages.close()
	f.probers.close()
	return f.keeper.Close()
}

// Keeper holds the sources of the context.
func (f *Fleet) Keeper() *registry.Keeper { return f.keeper }

// Registry returns an open registry by the name of its source.
func (f *Fleet) Registry(source string) (registry.Registry, error) {
	for _, s := range f.keeper.Sources() {
		if s.Name() == source {
			return s.Registry(), nil
		}
	}
	return nil, fmt.Errorf("no registry is called %q: %w", source, fleet.ErrNotFound)
}

// Profile returns a profile with all that it extends.
func (f *Fleet) Profile(name string) fleet.Profile { return f.resolver.Profile(name) }

// Input makes what a pass starts from out of the sources as they are.
func (f *Fleet) Input(states []registry.State) sweep.Input {
	in := sweep.Input{Services: registry.Union(states)}
	for _, st := range states {
		in.Sources = append(in.Sources, st.View())
	}
	return in
}

// ConfigError returns the error of a source that the user has to correct, such
// as a malformed file: nil when there is none.
func ConfigError(states []registry.State) error {
	for _, st := range states {
		if st.Err != nil && errors.Is(st.Err, registry.ErrConfig) && st.Set == nil {
			return st.Err
		}
	}
	return nil
}

// bound is the time that reading breakers, or a page of metrics, may take for
// one instance.
func (f *Fleet) bound() time.Duration { return max(fleet.AttemptsBudget, f.settings.ProbeTimeout) }

// Sweeper returns a new sweeper for the context. It asks and reads everything
// but metrics, see ReadMetrics; who wants less says so before the first pass.
func (f *Fleet) Sweeper() *sweep.Sweeper {
	plan := f.resolver.Resolve
	if f.settings.Explain {
		plan = f.resolver.ResolveMetrics // it is shown where they would be read
	}
	return &sweep.Sweeper{
		Context:  f.Context,
		Plan:     plan,
		Prober:   f.probers.of,
		Breakers: sweep.Reader{Admin: f.Admin, Time: f.bound()},
		Pool:     probe.Pool{Parallel: f.settings.Parallel, PerHost: fleet.ParallelHost, QPS: f.settings.QPS},
		Now:      f.settings.Now,
		Terse:    !f.settings.Explain,
	}
}
