package profile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/probe"
)

// Rules are what is known before any instance is looked at.
type Rules struct {
	Profiles map[string]fleet.Profile // as configured, by name; each may extend another or a built-in one
	Services []fleet.ServiceRule      // the first that matches binds a service to its profile
	Override Override
	Terse    bool                      // plans without Origins, which cost more than all else in them
	Trusted  func(source string) bool  // the source is the user's own file; nil: none is
	Schemes  func(api string) []string // by which a breaker API is reached; nil, or nothing: it is not known
}

// Override is what flags say. It beats everything.
type Override struct {
	Profile    string
	Probe      probe.Kind
	HealthPath string
}

// Resolver resolves plans by rules that were checked. It is safe for concurrent
// use.
type Resolver struct {
	rules    Rules
	patterns []selection.Pattern // of rules.Services
	layers   map[string]*layers
}

// layers are a profile as far as configuration says it, and the built-in one
// below it.
type layers struct {
	name       string
	configured fleet.Profile
	builtin    string // empty: none
	whole      fleet.Profile

	fromConfigured, fromBuiltin string // how an Origin names them
}

// Compile checks rules: every name of a profile must be known, extends must
// come to an end, kinds and ports must be possible. All that is wrong is in the
// error, a line each.
func (r Rules) Compile() (*Resolver, error) {
	x := &Resolver{rules: r, layers: map[string]*layers{"": {}}}
	var errs []error
	for _, name := range r.names() {
		l, err := r.stack(name)
		l.whole = merge(l.configured, builtins[l.builtin])
		l.whole.Name = name
		l.fromConfigured, l.fromBuiltin = fmt.Sprintf("profile %q", name), fmt.Sprintf("built-in %q", l.builtin)
		x.layers[name] = &l
		errs = append(errs, err, check(name, l.configured))
	}
	known := func(where, name string) {
		if _, ok := x.layers[name]; !ok {
			errs = append(errs, r.unknown(where, name))
		}
	}
	known("--profile", r.Override.Profile)
	for i, s := range r.Services {
		p, err := selection.ParsePattern(s.Match)
		if err != nil {
			errs = append(errs, fmt.Errorf("services[%d].match: %w", i, err))
		}
		x.patterns = append(x.patterns, p)
		known(fmt.Sprintf("services[%d].profile", i), s.Profile)
	}
	if err := checkKind(r.Override.Probe); err != nil {
		errs = append(errs, fmt.Errorf("--probe: %w", err))
	}
	if _, err := cleanPath(r.Override.HealthPath); r.Override.HealthPath != "" && err != nil {
		errs = append(errs, fmt.Errorf("--health-path: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return x, nil
}

// Profile returns a profile with all that it extends, for whoever makes the
// client that asks; the zero one for "".
func (x *Resolver) Profile(name string) fleet.Profile {
	if l, ok := x.layers[name]; ok {
		return l.whole
	}
	return fleet.Profile{}
}

// schemes are those by which a breaker API is reached; nil where nobody knows.
func (x *Resolver) schemes(api string) []string {
	if x.rules.Schemes == nil {
		return nil
	}
	return x.rules.Schemes(api)
}

// names are all profiles there are.
func (r Rules) names() []string {
	names := append(Builtin(), slices.Collect(maps.Keys(r.Profiles))...)
	slices.Sort(names)
	return slices.Compact(names)
}

// unknown words that nobody knows a profile.
func (r Rules) unknown(where, name string) error {
	hint := "known are " + strings.Join(r.names(), ", ")
	if near := match.Nearest(name, r.names()); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("%s: there is no profile %q: %s", where, name, hint)
}

// stack lays a profile over those it extends, down to a built-in one. One that
// is configured under the name of a built-in one extends it without saying so.
func (r Rules) stack(name string) (layers, error) {
	out := layers{name: name}
	var seen []string
	for at := name; at != ""; {
		p, configured := r.Profiles[at]
		_, builtin := builtins[at]
		switch {
		case slices.Contains(seen, at) && builtin:
			configured = false
		case slices.Contains(seen, at):
			return out, fmt.Errorf("profiles.%s.extends: %s goes round in a circle", name, strings.Join(append(seen, at), " -> "))
		case !configured && !builtin:
			if len(seen) > 1 {
				return out, nil // the profile that says so is told of
			}
			return out, r.unknown("profiles."+name+".extends", at)
		}
		if !configured {
			out.builtin = at
			return out, nil
		}
		seen = append(seen, at)
		out.configured = merge(out.configured, p)
		if p.Extends == "" && builtin {
			out.builtin = at
		}
		at = p.Extends
	}
	return out, nil
}

// check looks at the values of a configured profile.
func check(name string, p fleet.Profile) error {
	var errs []error
	if err := checkKind(p.Probe); err != nil {
		errs = append(errs, fmt.Errorf("profiles.%s.probe: %w", name, err))
	}
	for _, role := range slices.Sorted(maps.Keys(p.Ports)) {
		if n := p.Ports[role]; n < 1 || n > 65535 {
			errs = append(errs, fmt.Errorf("profiles.%s.ports.%s: %d is not a port: want 1 to 65535", name, role, n))
		}
	}
	for i, path := range p.HealthPaths {
		if _, err := cleanPath(path); err != nil {
			errs = append(errs, fmt.Errorf("profiles.%s.health.path[%d]: %w", name, i, err))
		}
	}
	return errors.Join(errs...)
}

// checkKind says whether we can ask in that way.
func checkKind(k probe.Kind) error {
	switch k {
	case "", probe.HTTP, probe.GRPC, probe.TCP, probe.TLS, probe.DNS:
		return nil
	}
	return fmt.Errorf("unknown probe %q: want http, grpc, tcp, tls or dns", k)
}
