package registry

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// The pace at which a source that fails is tried again: twice as long after
// each failure, and up to half of it taken off by chance, so that a fleet of
// watchers does not come back all at once.
const (
	backoffFirst = 500 * time.Millisecond
	backoffLast  = 10 * time.Second
)

// patience is how long a Watch may take to its first set before it is given up
// and started again.
const patience = 10 * time.Second

// errSilent is why a Watch without a first set is given up.
var errSilent = errors.New("no answer")

// Source is one registry of a context with the last set it gave. A source that
// fails keeps that set: it never looks empty. It is safe for concurrent use.
type Source struct {
	context  string
	location Location
	driver   *Driver
	registry Registry
	meaning  Meaning

	mu      sync.Mutex
	state   State
	changed chan struct{}
	hurried chan struct{} // a pause shall end
}

// State is a source at one moment. The set is frozen: nobody writes to it.
type State struct {
	Context  string
	Location Location // its Name is the source's
	Driver   *Driver
	Set      *Set      // the last whole set; nil when there never was one, which is not an empty set
	AsOf     time.Time // when the set was true: by the far side's own word, else when it came
	Err      error     // why the last read failed; nil when it did not
	Since    time.Time // first failure of the present outage; zero when well
	Seq      uint64    // grows with each change of the set or of the error
}

// Heard says whether every source has answered or failed: before that, a pass
// would show a part as if it were the whole.
func Heard(states []State) bool {
	for i := range states {
		if states[i].Set == nil && states[i].Err == nil {
			return false
		}
	}
	return true
}

// Meaning puts what the metadata of a service says in its place (zone, version,
// weight, dependencies). It copies what it changes.
type Meaning func(*fleet.Service) []fleet.Warning

// NewSource makes a source of an open registry. It owns the registry from then
// on. Meaning is applied once to each set that arrives; nil is none.
func NewSource(context string, loc Location, d *Driver, r Registry, meaning Meaning) *Source {
	return &Source{
		context: context, location: loc, driver: d, registry: r, meaning: meaning,
		state:   State{Context: context, Location: loc, Driver: d},
		changed: make(chan struct{}, 1), hurried: make(chan struct{}, 1),
	}
}

// Name is the source's name in its context.
func (s *Source) Name() string { return s.location.Name }

// Registry is what the source reads, for the abilities.
func (s *Source) Registry() Registry { return s.registry }

// State returns the source as it is now.
func (s *Source) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Changed receives after each change of the state; several that nobody saw are
// one. It has one reader; sources in a Keeper share the Keeper's.
func (s *Source) Changed() <-chan struct{} { return s.changed }

// Close closes the registry.
func (s *Source) Close() error { return s.registry.Close() }

// Run watches the registry until ctx ends, and starts again after a pause
// whenever that fails. It runs in the calling goroutine and starts no other.
func (s *Source) Run(ctx context.Context) {
	failures := 0
	for {
		emitted, err := s.watch(ctx)
		if ctx.Err() != nil {
			return
		}
		if emitted {
			failures = 0
		}
		s.fail(err)
		failures++
		if !pause(ctx, s.hurried, backoff(failures)) {
			return
		}
	}
}

// Hurry ends the pause after a failure. One that does not pause is not disturbed,
// nor is the pause that comes after it.
func (s *Source) Hurry() {
	select {
	case s.hurried <- struct{}{}:
	default:
	}
}

// watch runs one Watch. It gives up when the first set does not come.
func (s *Source) watch(ctx context.Context) (emitted bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(patience, func() { cancel(errSilent) })
	defer timer.Stop()
	err = s.registry.Watch(ctx, func(set Set) error {
		timer.Stop()
		emitted = true
		s.keep(set)
		return nil
	})
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		err = &fleet.Error{Reason: ReasonTimeout, Detail: s.Name() + ": no answer in " + patience.String(), Err: errSilent}
	case err == nil:
		err = &fleet.Error{Reason: ReasonClosed, Detail: s.Name() + ": it stopped sending changes"}
	}
	return emitted, err
}

// Read reads the registry once, keeps the outcome and returns it.
func (s *Source) Read(ctx context.Context) State {
	set, err := s.registry.List(ctx)
	if err != nil {
		s.fail(err)
	} else {
		s.keep(set)
	}
	return s.State()
}

// keep makes a set the source's own.
func (s *Source) keep(set Set) {
	now := time.Now()
	set = s.own(set)
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.state
	news := st.Set == nil || st.Err != nil || !Equal(*st.Set, set)
	st.Set, st.Err, st.Since, st.AsOf = &set, nil, time.Time{}, set.AsOf
	if st.AsOf.IsZero() {
		st.AsOf = now
	}
	s.tell(news)
}

// own returns a set as this source has it: with its name in it, sorted, and
// with what metadata says put in its place. The driver's slices stay untouched.
func (s *Source) own(set Set) Set {
	set.Services = slices.Clone(set.Services)
	set.Warnings = slices.Clone(set.Warnings)
	for i := range set.Services {
		svc := &set.Services[i]
		svc.Context, svc.Source = s.context, s.location.Name
		if !slices.IsSortedFunc(svc.Instances, byID) {
			svc.Instances = slices.Clone(svc.Instances)
		}
		if s.meaning != nil {
			set.Warnings = append(set.Warnings, s.meaning(svc)...)
		}
	}
	Sort(set.Services)
	return set
}

// fail notes a failure beside the set that is kept.
func (s *Source) fail(err error) {
	now := time.Now()
	err = Explain(s.Name(), err)
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.state.Err == nil || s.state.Err.Error() != err.Error()
	s.state.Err = err
	if s.state.Since.IsZero() {
		s.state.Since = now
	}
	s.tell(news)
}

// tell counts a change and says so; the lock is held.
func (s *Source) tell(news bool) {
	if !news {
		return
	}
	s.state.Seq++
	select {
	case s.changed <- struct{}{}:
	default: // the last one was not seen yet
	}
}

// backoff is the pause after so many failures in a row.
func backoff(failures int) time.Duration {
	d := backoffLast
	if failures < 10 {
		d = min(backoffLast, backoffFirst<<(failures-1))
	}
	return d - rand.N(d/2)
}

// pause waits, no longer than until it is hurried from here on, and says whether
// ctx lasted.
func pause(ctx context.Context, hurried <-chan struct{}, d time.Duration) bool {
	select {
	case <-hurried: // that was before
	default:
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-hurried:
	}
	return ctx.Err() == nil
}

// View is the state as snapshots show it. Counts are of the kept set.
func (st State) View() fleet.SourceView {
	v := fleet.SourceView{
		Context: st.Context, Name: st.Location.Name, URL: st.Location.String(),
		AsOf: st.AsOf, Since: st.Since, HasHealth: st.Driver != nil && st.Driver.Has(HasHealth),
	}
	if st.Set != nil {
		v.Services, v.Warnings = len(st.Set.Services), st.Set.Warnings
		for _, svc := range st.Set.Services {
			v.Instances += len(svc.Instances)
		}
	}
	var said *fleet.Error
	if errors.As(Explain(st.Location.Name, st.Err), &said) {
		v.Reason, v.Detail, v.Hint = said.Reason, said.Detail, said.Hint
		if v.Reason == "" {
			v.Reason = ReasonInternal
		}
	}
	return v
}

// Poll is the Watch of a registry that can only be listed: it emits the first
// set and then each different one. It asks again an interval after each
// answer, give or take a tenth; the first failure ends it.
func Poll(ctx context.Context, interval time.Duration, list func(context.Context) (Set, error), emit func(Set) error) error {
	var last *Set
	for {
		set, err := list(ctx)
		if err != nil {
			return err
		}
		if last == nil || !Equal(*last, set) {
			if err := emit(set); err != nil {
				return err
			}
			last = &set
		}
		if !pause(ctx, nil, interval*9/10+rand.N(interval/5+1)) {
			return Explain("poll", ctx.Err())
		}
	}
}
