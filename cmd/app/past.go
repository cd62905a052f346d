package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/config/secret"
	"github.com/midwatch-cli/midwatch/fleet/record/play"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/probe"
)

// Past is a recording that a session reads in place of registries and
// instances, from the moment on that was chosen. It belongs to one session.
type Past interface {
	// Contexts are the names of those that are open.
	Contexts() []string
	// Inputs are what the registries of each context held then.
	Inputs() []sweep.Input
	// Pass is what a pass over each of them would have come to.
	Pass(ctx context.Context, w Wanted) ([]*fleet.Snapshot, error)
	// Watch shows one pass after the other, the contexts side by side, and misses
	// none. The channel is closed behind the last, and when ctx ends.
	Watch(ctx context.Context, w Wanted) <-chan *fleet.Snapshot
	// Play shows passes as somebody walks through them, until ctx ends.
	Play(ctx context.Context, w Wanted) Film
	// Gathered says since when Pass and Watch have kept what instances said, of a
	// time before the moment that is as long as that: when the first pass began
	// and ended, and how many there were.
	Gathered(back time.Duration) (start, began time.Time, passes int)
	// Err is why it could not be read to its end.
	Err() error
	// Historian remembers what happened to breakers until then.
	breaker.Historian
	// Close ends it.
	Close()
}

// Film is a recording that somebody walks through, forth and back. Its feed is
// closed when it cannot go on.
type Film struct {
	*play.Player
	Feed  <-chan *fleet.Snapshot               // where one is, the newest only; numbered by passes, counted from 1
	Trail func(until uint64) []*fleet.Snapshot // the one of that number and those before it, as far as they are at hand
}

// Wanted is what a pass is to be about.
type Wanted struct {
	Select   func(context int, all []fleet.Service) []fleet.Service
	Asking   Asking
	Explain  bool             // plans say who decided what
	Within   time.Duration    // of the recording's time, from the first pass that is shown; 0: to its end
	Measures *wiring.Measures // where metrics are kept, those of a while before as well; nil: they are not
}

// errNoEvents is for far sides that keep no history.
var errNoEvents = &fleet.Error{Reason: probe.ReasonNotFound, Detail: "its API keeps no events", Hint: "midwatch watch tells what happens from now on", Err: errors.ErrUnsupported}

// openPast opens the contexts of a recording.
func (a *App) openPast(p Probing) (*Session, error) {
	switch {
	case len(a.Global.Registries) > 0:
		return nil, Usagef("leave --registry out", "a recording is read, and no registry")
	case p.Prometheus != "":
		return nil, Usagef("leave --prometheus out", "a recording is read, and no server")
	}
	names := a.Global.Contexts
	if a.Global.AllContexts || slices.Equal(names, []string{"none"}) {
		names = nil
	}
	past, err := a.Past(names)
	if err != nil {
		return nil, &Error{Code: Usage, Err: err}
	}
	return &Session{app: a, past: past, explain: p.Explain, secrets: secret.NewVariables(a.Getenv)}, nil
}

// Contexts are the names of those that are open.
func (s *Session) Contexts() (names []string) {
	if s.past != nil {
		return s.past.Contexts()
	}
	for _, f := range s.Fleets {
		names = append(names, f.Context)
	}
	return names
}

// Past is the recording that the session reads; nil where it reads the fleet.
func (s *Session) Past() Past { return s.past }

// wanted is what is asked of a recording.
func (s *Session) wanted(asking Asking, choose func(int, []fleet.Service) []fleet.Service) Wanted {
	w := Wanted{Select: choose, Asking: asking, Explain: s.explain}
	if asking&(Metrics|Seen) != 0 {
		w.Measures = s.Measures
	}
	return w
}

// Historian returns who remembers what happened to the breakers of an instance.
// Its error is a *fleet.Error; it wraps errors.ErrUnsupported where nobody does.
func (s *Session) Historian(in *fleet.InstanceView) (breaker.Historian, error) {
	if s.past != nil {
		return s.past, nil
	}
	at := slices.IndexFunc(s.Fleets, func(f *wiring.Fleet) bool { return f.Context == in.Key.Context })
	admin, err := s.Fleets[at].Admin(*in.Plan.Admin)
	if err != nil {
		return nil, err
	}
	if h, ok := admin.(breaker.Historian); ok {
		return h, nil
	}
	return nil, errNoEvents
}

// Known lists every service of a context, as its registries were last read.
func (s *Session) Known(context string) (refs []fleet.Ref) {
	for i, f := range s.Fleets {
		if f.Context == context {
			for _, svc := range s.standing()[i].Services {
				refs = append(refs, svc.Ref)
			}
		}
	}
	return refs
}

// standing is what the registries hold, as they were last read.
func (s *Session) standing() []sweep.Input {
	if s.past != nil {
		return s.past.Inputs()
	}
	inputs := make([]sweep.Input, len(s.Fleets))
	for i, f := range s.Fleets {
		inputs[i] = f.Input(f.Keeper().States())
	}
	return inputs
}
