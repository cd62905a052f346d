// Package kind is what the kinds of change do: an intent opened against the far
// systems of its context.
package kind

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/probe"
)

// Env is where the far systems of a context come from.
type Env struct {
	// Registry returns the open registry of a source.
	Registry func(source string) (registry.Registry, error)
	// Admin returns what administers breakers as an Administration says. It may
	// be nil where nothing is administered.
	Admin func(a fleet.Administration) (breaker.Admin, error)
}

// Open makes the change an intent describes. Its Kind is a row of change.Kinds.
func Open(env Env, i change.Intent) (change.Change, error) {
	switch i.Kind {
	case change.KindRegister:
		return openRegister(env, i)
	case change.KindDeregister:
		return openDeregister(env, i)
	case change.KindBreaker:
		return openBreaker(env, i)
	case change.KindDrain:
		return openDrain(env, i)
	}
	return nil, fmt.Errorf("no change is called %q: %w", i.Kind, fleet.ErrNotFound)
}

// Vanished says whether a target that could not be reached is gone for good: its
// registry answers, holds others, and has the instance no more.
func Vanished(ctx context.Context, env Env, i change.Intent, err error) bool {
	reason, _ := fleet.ReasonOf(err)
	switch reason {
	case probe.ReasonRefused, probe.ReasonResolve, probe.ReasonNoRoute, probe.ReasonTimeout:
	default:
		return false
	}
	if i.Target.Admin == nil || env.Registry == nil {
		return false
	}
	reg, err := env.Registry(i.Target.Source)
	if err != nil {
		return false
	}
	ctx, stop := change.Outlive(ctx)
	defer stop()
	set, err := reg.List(ctx)
	return err == nil && len(set.Services) > 0 && find(set, i.Target.Key()) == nil
}

// site is where the target is administered.
func site(t change.Target, contextName string) breaker.Site {
	k := t.Key()
	k.Context, k.Source = contextName, t.Source
	s := breaker.Site{Key: k, Addr: t.Address}
	if t.Admin != nil {
		s.Base = t.Admin.Base
	}
	return s
}

// keyOf is the target under the id that its entry has.
func keyOf(t change.Target, e *registry.Entry) fleet.Key {
	k := t.Key()
	if e != nil {
		k.Instance = e.Instance.ID
	}
	return k
}

// registrar finds the source's ability to write.
func registrar(env Env, t change.Target) (registry.Registry, registry.Registrar, error) {
	reg, err := env.Registry(t.Source)
	if err != nil {
		return nil, nil, err
	}
	w, ok := registry.As[registry.Registrar](reg)
	if !ok {
		return nil, nil, fmt.Errorf("%s: entries cannot be written here: %w", t.Source, change.ErrUnable)
	}
	return reg, w, nil
}

// entryOf reads the entry of a key; nil where there is none.
func entryOf(ctx context.Context, reg registry.Registry, k fleet.Key) (*registry.Entry, error) {
	set, err := reg.List(ctx)
	if err != nil {
		return nil, err
	}
	return find(set, k), nil
}

// words is an entry for people.
func words(e *registry.Entry) string {
	if e == nil {
		return "no entry"
	}
	parts := []string{e.Instance.Addr}
	if e.Instance.Version != "" {
		parts = append(parts, "version "+e.Instance.Version)
	}
	if e.Instance.Zone != "" {
		parts = append(parts, "zone "+e.Instance.Zone)
	}
	return strings.Join(parts, ", ")
}

// sideEffects asks the source what else a write does.
func sideEffects(ctx context.Context, reg registry.Registry, k fleet.Key, verb string) ([]string, error) {
	s, ok := registry.As[registry.Sider](reg)
	if !ok {
		return nil, nil
	}
	effects, err := s.SideEffects(ctx, k, verb)
	if errors.Is(err, fleet.ErrNotFound) {
		return nil, nil
	}
	return effects, err
}
