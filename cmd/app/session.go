package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/config/environ"
	"github.com/midwatch-cli/midwatch/fleet/config/secret"
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/fleet/profile"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/all"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/probe"
)

// registryTime bounds one read of one registry in a one-shot command.
const registryTime = 5 * time.Second

// Session is the contexts a command is about, opened.
type Session struct {
	Fleets   []*wiring.Fleet
	Measures *wiring.Measures // where metrics are kept, set before the first pass that reads them; nil: they are not read
	app      *App
	past     Past                      // what is read in place of Fleets; nil: they are
	explain  bool                      // plans say who decided what
	file     string                    // the configuration that was read; empty: none
	origins  map[string]config.Context // what each context was opened from
	secrets  *secret.Variables
}

// Config reads the configuration file; an empty one where there is none and
// nobody named one.
func (a *App) Config() (*config.File, error) {
	f, err := config.Open(a.Getenv, a.Global.Config, wiring.Known())
	if err != nil {
		return nil, &Error{Code: Usage, Err: err}
	}
	return f, nil
}

// contexts says which contexts the command is about: those of --registry, of
// the configuration, or the one registry that the environment shows.
func (a *App) contexts(f *config.File, p Probing) ([]config.Context, error) {
	urls := a.Global.Registries
	named := len(a.Global.Contexts) > 0 || a.Global.AllContexts
	if len(urls) == 0 && !named {
		urls = strings.Fields(a.Getenv("MIDWATCH_REGISTRY"))
	}
	if len(urls) > 0 {
		registries, err := wiring.ParseRegistries(urls)
		if err != nil {
			return nil, usage(err)
		}
		return []config.Context{{Registries: registries}}, nil
	}
	words := strings.Join(a.Global.Contexts, ",")
	if a.Global.AllContexts {
		words = strings.Join(f.Names(), ",")
	}
	choice, err := f.Choose(words, a.Getenv, config.StateIn(a.Getenv))
	if err != nil {
		return nil, &Error{Code: Usage, Err: err}
	}
	var out []config.Context
	for _, c := range choice.Contexts {
		out = append(out, *c)
	}
	if len(out) > 0 {
		return out, nil
	}
	found, err := environ.Look(a.Getenv, all.Schemes())
	if err != nil {
		return nil, &Error{Code: Usage, Err: err}
	}
	if len(found) == 0 && p.Prometheus != "" {
		return []config.Context{{}}, nil // a server that answers is enough
	}
	c, err := environ.Take(found)
	if err != nil {
		return nil, &Error{Code: Usage, Err: err}
	}
	if !a.IO.Quiet {
		fmt.Fprintln(a.IO.Err, term.Clean(c.Note()))
		for _, name := range c.Unused {
			fmt.Fprintln(a.IO.Err, "warning: "+name+" is set and not honoured")
		}
	}
	return []config.Context{{Registries: []config.Registry{c.Registry}}}, nil
}

// usage gives an error of a driver or a URL its code and hint.
func usage(err error) error {
	e := &Error{Code: Usage, Err: err}
	var said *fleet.Error
	if errors.As(err, &said) {
		e.Hint = said.Hint
	}
	return e
}

// Open opens the contexts of the command.
func (a *App) Open(ctx context.Context, p Probing) (*Session, error) {
	if a.Past != nil {
		return a.openPast(p)
	}
	f, err := a.Config()
	if err != nil {
		return nil, err
	}
	contexts, err := a.contexts(f, p)
	if err != nil {
		return nil, err
	}
	return a.open(ctx, f, contexts, p)
}

// open opens contexts of a configuration.
func (a *App) open(ctx context.Context, f *config.File, contexts []config.Context, p Probing) (*Session, error) {
	vars := secret.NewVariables(a.Getenv)
	secrets := secret.NewResolver(vars.Get, func(warning string) {
		if !a.IO.Quiet {
			fmt.Fprintln(a.IO.Err, "warning: "+term.Clean(warning))
		}
	})
	settings := wiring.Settings{
		UserAgent: cmp.Or(p.agent, a.UserAgent()), Secret: secrets.Resolve, Now: a.Now,
		ProbeTimeout: p.ProbeTimeout, Attempts: p.Attempts, Slow: p.Slow, Parallel: p.Parallel, QPS: p.QPS,
		Explain: p.Explain, Breakers: a.Breakers, Prometheus: p.Prometheus,
		Override: profile.Override{Profile: p.Profile, Probe: probe.Kind(p.Kind), HealthPath: p.HealthPath},
	}
	s := &Session{app: a, file: f.Path, origins: map[string]config.Context{}, secrets: vars}
	for i := range contexts {
		c := &contexts[i]
		if len(c.Registries) == 0 && p.Prometheus == "" {
			s.Close()
			return nil, Usagef("add a registry to it: midwatch config path says where the file is", "context %s has no registries", c.Name)
		}
		opened, err := wiring.Open(ctx, *c, f.ProfilesOf(f.Context(c.Name)), settings)
		if err != nil {
			s.Close()
			return nil, usage(err)
		}
		s.Fleets = append(s.Fleets, opened)
		s.origins[c.Name] = *c
	}
	return s, nil
}

// Close closes what was opened.
func (s *Session) Close() {
	if s.past != nil {
		s.past.Close()
	}
	for _, f := range s.Fleets {
		_ = f.Close() // nothing was written that could be lost
	}
}

// Read reads every source once and returns what each context holds.
func (s *Session) Read(ctx context.Context) []sweep.Input {
	in, _ := s.read(ctx)
	return in
}

func (s *Session) read(ctx context.Context) ([]sweep.Input, error) {
	if s.past != nil {
		return s.past.Inputs(), nil
	}
	inputs := make([]sweep.Input, len(s.Fleets))
	errs := make([]error, len(s.Fleets))
	var wg sync.WaitGroup
	for i, f := range s.Fleets {
		wg.Go(func() {
			states := f.Keeper().ReadOnce(ctx, registryTime)
			inputs[i], errs[i] = f.Input(states), wiring.ConfigError(states)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return inputs, usage(err)
		}
	}
	return inputs, nil
}

// Reading is one pass over all contexts of a session.
type Reading struct {
	Snapshot *fleet.Snapshot
	Missing  []Missing // names that no context knows
}

// Missing is a name that was asked for and not found, with near ones.
type Missing struct {
	Name        string
	Suggestions []string
}

// Asking is what a pass asks instances for.
type Asking uint8

// What may be asked for. In any case the registries are read.
const (
	Everything   Asking = iota // health, and breakers where somebody says how they are read
	HealthOnly                 // how they are, for who needs an answer at once
	BreakersOnly               // their breakers
	Places                     // nothing: only where their breakers would be read is found out
	Nothing                    // they are not asked: the statuses are what registries claim
)

// Metrics is asked for beside one of the others, as in HealthOnly|Metrics; with
// Nothing only metrics are read. Session.Measures says where they are kept.
const Metrics Asking = 1 << 7

// Seen is Metrics without reading any: only what passes see is kept.
const Seen Asking = 1 << 6

// sweeper is one that asks for that.
func (s *Session) sweeper(f *wiring.Fleet, asking Asking) *sweep.Sweeper {
	w := f.Sweeper()
	switch asking &^ (Metrics | Seen) {
	case Everything:
	case HealthOnly:
		w.Breakers = sweep.Reader{}
	case BreakersOnly:
		w.Breakers.Only = true
	case Places:
		w.Breakers = sweep.Reader{Only: true}
	case Nothing:
		w.Plan = func(*fleet.Service, *fleet.Instance) fleet.Plan { return fleet.Plan{} }
		w.Breakers = sweep.Reader{}
	}
	if s.Measures != nil && asking&Metrics != 0 {
		f.ReadMetrics(w, s.Measures.Collector(f))
		w.Metrics.Only = asking == Nothing|Metrics
	} else if s.Measures != nil && asking&Seen != 0 {
		w.Metrics = sweep.Scraper{Collector: s.Measures.Collector(f)}
	}
	return w
}

// Held returns what the registries hold, unasked: the statuses are what they
// claim.
func (s *Session) Held(ctx context.Context, sel *selection.Selection) (Reading, error) {
	return s.Pass(ctx, sel, Nothing, nil)
}

// Pass reads every registry and asks every selected instance once.
func (s *Session) Pass(ctx context.Context, sel *selection.Selection, asking Asking, progress func(done, total int)) (Reading, error) {
	inputs, err := s.read(ctx)
	if err != nil {
		return Reading{}, err
	}
	snaps := make([]*fleet.Snapshot, len(inputs))
	unknown := make([][]string, len(inputs))
	choose := func(i int, all []fleet.Service) []fleet.Service {
		var selected []fleet.Service
		selected, unknown[i] = sel.Apply(all)
		return selected
	}
	if s.past != nil {
		if snaps, err = s.past.Pass(ctx, s.wanted(asking, choose)); err != nil {
			return Reading{}, usage(err)
		}
	}
	var wg sync.WaitGroup
	for i, f := range s.Fleets {
		w := s.sweeper(f, asking)
		w.Progress, w.Select = progress, func(all []fleet.Service) []fleet.Service { return choose(i, all) }
		wg.Go(func() { snaps[i] = w.Pass(ctx, inputs[i]) })
	}
	wg.Wait()
	return Reading{Snapshot: fleet.Merge(snaps), Missing: missing(inputs, unknown)}, nil
}

// ConfigError returns what is wrong with a source that the user has to correct,
// such as a malformed file that was never read whole; nil when nothing is.
func (s *Session) ConfigError() error {
	if s.past != nil && s.past.Err() != nil {
		return usage(s.past.Err())
	}
	for _, f := range s.Fleets {
		if err := wiring.ConfigError(f.Keeper().States()); err != nil {
			return usage(err)
		}
	}
	return nil
}

// Size is how many instances a service has, as its registry was last read.
func (s *Session) Size(r fleet.Ref) int {
	for _, f := range s.Fleets {
		if f.Context != r.Context {
			continue
		}
		for _, svc := range f.Input(f.Keeper().States()).Services {
			if svc.Ref == r {
				return len(svc.Instances)
			}
		}
	}
	return 0
}

// MissingIn lists the names of a selection that no source knows as it stands.
func (s *Session) MissingIn(sel *selection.Selection) []Missing {
	inputs := s.standing()
	unknown := make([][]string, len(inputs))
	for i := range inputs {
		_, unknown[i] = sel.Apply(inputs[i].Services)
	}
	return missing(inputs, unknown)
}

// missing lists the names that no context knows. Those that a silent source
// may know are missing all the same: they could not be found out.
func missing(inputs []sweep.Input, unknown [][]string) []Missing {
	if len(unknown) == 0 {
		return nil
	}
	var known []string
	for _, in := range inputs {
		for i := range in.Services {
			known = append(known, in.Services[i].Name)
		}
	}
	var out []Missing
	for _, name := range unknown[0] {
		everywhere := true
		for _, u := range unknown[1:] {
			everywhere = everywhere && slices.Contains(u, name)
		}
		if everywhere {
			out = append(out, Missing{Name: name, Suggestions: match.Nearest(name, known)})
		}
	}
	return out
}

// Registry finds the one source that a write goes to.
func (s *Session) Registry(name string) (*wiring.Fleet, *registry.Source, error) {
	var found []*registry.Source
	var of []*wiring.Fleet
	var names []string
	for _, f := range s.Fleets {
		for _, src := range f.Keeper().Sources() {
			names = append(names, src.Name())
			if name == "" || src.Name() == name {
				found, of = append(found, src), append(of, f)
			}
		}
	}
	switch {
	case len(found) == 1:
		return of[0], found[0], nil
	case len(found) == 0:
		return nil, nil, Usagef("there are: "+strings.Join(names, ", "), "no registry is called %q here", name)
	default:
		return nil, nil, Usagef("name one with --source: "+strings.Join(names, ", "), "there are %d registries", len(found))
	}
}
