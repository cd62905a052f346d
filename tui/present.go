package tui

import (
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// now is the present, or, in a recording, when what is shown was the present: what
// ends then has not ended long ago.
func (a *App) now() time.Time {
	if a.tape.On() && a.shown != nil {
		return a.shown.At
	}
	return a.o.Now()
}

// pause stops the time of the screen, or has it go on: what comes is kept, and of
// nothing newer than the snapshot that is seen anything is said.
func (a *App) pause() {
	if a.paused = !a.paused; a.paused {
		a.before = slices.Clip(slices.Clone(a.events))
		return
	}
	a.before = nil
	if a.latest != nil {
		a.show(a.latest)
	}
}

// happenings are the events up to what is seen.
func (a *App) happenings() []fleet.Event {
	if a.paused {
		return a.before
	}
	return a.events
}

// show has a snapshot drawn from now on.
func (a *App) show(s *fleet.Snapshot) { a.shown, a.counts = s, s.Counts() }
