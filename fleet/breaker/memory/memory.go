// Package memory is the reference implementation of breaker.Admin: breakers
// that live in the process. It proves the suite, and serves tests that want
// breakers without a far side.
package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
)

// Name is the driver's name.
const Name = "memory"

// Far is the far end: the breakers of any number of instances by the Base of
// their sites. The zero Far is ready and empty.
type Far struct {
	mu    sync.Mutex
	sites map[string]*site
	fail  error
}

type site struct {
	breakers []fleet.Breaker
	drain    breaker.DrainState
	events   []breaker.Event
}

// Driver is the row of the far end; it is in no table.
func (f *Far) Driver() *breaker.Driver {
	return &breaker.Driver{
		Name: Name, Schemes: []string{"memory"}, Summary: "breakers in this process, for tests", Verbs: fleet.Verbs(),
		Abilities: []breaker.Ability{breaker.CanDrain, breaker.HasEvents, breaker.KeepsHolds, breaker.Observes},
		Open:      func(breaker.Options) (breaker.Admin, error) { return admin{f}, nil },
	}
}

// Put adds a breaker, or replaces it.
func (f *Far) Put(base string, b fleet.Breaker) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.at(base)
	if found := breaker.Find(s.breakers, b.Name); found != nil {
		*found = b
		return
	}
	s.breakers = append(s.breakers, b)
	slices.SortFunc(s.breakers, func(a, b fleet.Breaker) int { return strings.Compare(a.Name, b.Name) })
}

// Call is one call through a breaker: false where it is refused.
func (f *Far) Call(base, name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := breaker.Find(f.at(base).breakers, name)
	if b == nil {
		return true
	}
	if b.State.Refuses() {
		b.Rejected = max(b.Rejected, 0) + 1
		return false
	}
	b.Calls = max(b.Calls, 0) + 1
	return true
}

// Fail makes every question end in err, until it is nil again.
func (f *Far) Fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = err
}

func (f *Far) at(base string) *site {
	if f.sites == nil {
		f.sites = map[string]*site{}
	}
	if f.sites[base] == nil {
		f.sites[base] = &site{drain: breaker.DrainState{Text: "ready", InFlight: -1}}
	}
	return f.sites[base]
}

type admin struct{ far *Far }

// begin takes the lock where the question may be asked at all.
func (a admin) begin(ctx context.Context, at breaker.Site) (*site, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", at.Base, err)
	}
	a.far.mu.Lock()
	if err := a.far.fail; err != nil {
		a.far.mu.Unlock()
		return nil, fmt.Errorf("%s: %w", at.Base, err)
	}
	return a.far.at(at.Base), nil
}

func (a admin) Verbs() []fleet.Verb { return fleet.Verbs() }

func (a admin) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	s, err := a.begin(ctx, at)
	if err != nil {
		return nil, err
	}
	defer a.far.mu.Unlock()
	return slices.Clone(s.breakers), nil
}

func (a admin) Set(ctx context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	s, err := a.begin(ctx, at)
	if err != nil {
		return fleet.Breaker{}, err
	}
	defer a.far.mu.Unlock()
	b := breaker.Find(s.breakers, name)
	switch {
	case b == nil:
		return fleet.Breaker{}, fmt.Errorf("%s: breaker %q: %w", at.Base, name, fleet.ErrNotFound)
	case o.Verb.State() == fleet.BreakerUnknown:
		return *b, fmt.Errorf("%s: %q: %w", at.Base, o.Verb, errors.ErrUnsupported)
	}
	now := time.Now()
	if b.State.Held() && breaker.Wanted(b, o) {
		b.Hold = holdOf(o, now)
	}
	if breaker.Wanted(b, o) {
		return *b, nil
	}
	s.events = append(s.events, breaker.Event{At: now, Breaker: name, Kind: "transition", From: b.State, To: o.Verb.State()})
	b.State, b.Share, b.Since = o.Verb.State(), o.Share, now
	b.Hold = fleet.Hold{}
	if b.State.Held() {
		b.Hold = holdOf(o, now)
	} else {
		b.Observed = b.State
	}
	return *b, nil
}

// holdOf is who holds what was ordered.
func holdOf(o fleet.Order, now time.Time) fleet.Hold {
	h := fleet.Hold{By: o.By, Reason: o.Reason, Change: o.Change}
	if o.TTL > 0 {
		h.Until = now.Add(o.TTL)
	}
	return h
}

func (a admin) Drained(ctx context.Context, at breaker.Site, name string) (breaker.DrainState, error) {
	s, err := a.begin(ctx, at)
	if err != nil {
		return breaker.DrainState{}, err
	}
	defer a.far.mu.Unlock()
	if name != "" {
		return breaker.DrainState{}, fmt.Errorf("%s: %q is drained with its instance only: %w", at.Base, name, errors.ErrUnsupported)
	}
	return s.drain, nil
}

func (a admin) SetDrain(ctx context.Context, at breaker.Site, name string, on bool, o fleet.Order) (breaker.DrainState, error) {
	if _, err := a.Drained(ctx, at, name); err != nil {
		return breaker.DrainState{}, err
	}
	s, err := a.begin(ctx, at)
	if err != nil {
		return breaker.DrainState{}, err
	}
	defer a.far.mu.Unlock()
	s.drain = breaker.DrainState{Text: "ready", InFlight: -1}
	if on {
		s.drain = breaker.DrainState{On: true, Text: "draining", Hold: fleet.Hold{By: o.By, Reason: o.Reason, Change: o.Change}}
		if o.TTL > 0 {
			s.drain.Hold.Until = time.Now().Add(o.TTL)
		}
	}
	return s.drain, nil
}

func (a admin) DrainEffects(context.Context, breaker.Site, string, bool) ([]string, error) {
	return nil, nil
}

func (a admin) Events(ctx context.Context, at breaker.Site, name string) ([]breaker.Event, error) {
	s, err := a.begin(ctx, at)
	if err != nil {
		return nil, err
	}
	defer a.far.mu.Unlock()
	var out []breaker.Event
	for _, e := range s.events {
		if name == "" || e.Breaker == name {
			out = append(out, e)
		}
	}
	return out, nil
}
