package history

import (
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// Failure is passes one after the other in which an instance's deciding probe did
// not pass, and for the same reason.
type Failure struct {
	Begun  time.Time // of the outage, which may have begun for another reason
	From   time.Time // the first of the passes
	Last   time.Time // the last one
	Until  time.Time // the first pass that was otherwise; zero while it goes on
	Turned bool      // it did not pass then either: the next failure goes on with it
	Passes int
	Status fleet.Status
	Took   time.Duration // in the last one
	Phases []probe.Phase // likewise
	Why    fleet.Why     // likewise; untrusted
}

// Failures are those that are remembered, oldest first.
func (l *Life) Failures() []Failure { return l.failures }

// fail takes how the deciding probe went. A pass in which it was not asked says
// nothing.
func (l *Life) fail(in *fleet.InstanceView, at time.Time) {
	if len(in.Probes) == 0 {
		return
	}
	var open *Failure
	if n := len(l.failures); n > 0 && l.failures[n-1].Until.IsZero() {
		open = &l.failures[n-1]
	}
	r := &in.Probes[0]
	begun := at
	switch failing := r.Outcome == probe.Fail || r.Outcome == probe.Unknown; {
	case !failing && open != nil:
		open.Until = at
		return
	case !failing:
		return
	case open != nil && open.Status == in.Status && open.Why.Reason == in.Why.Reason:
		if !l.of.again || !open.Last.Equal(at) {
			open.Passes++
		}
		open.Last = at
		open.take(in, r)
		return
	case open != nil:
		begun, open.Until, open.Turned = open.Begun, at, true
	}
	f := Failure{Begun: begun, From: at, Last: at, Passes: 1, Status: in.Status}
	f.take(in, r)
	l.failures = push(l.failures, f, Failures)
}

// take takes what the newest pass says of it.
func (f *Failure) take(in *fleet.InstanceView, r *probe.Result) {
	f.Took, f.Phases, f.Why.Reason = r.Took, append(f.Phases[:0], r.Phases...), in.Why.Reason
	if f.Why.Detail != in.Why.Detail {
		f.Why.Detail = kept(in.Why.Detail)
	}
}
