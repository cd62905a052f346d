package play

import (
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/record"
)

// ask changes what is to be done.
func (p *Player) ask(change func()) {
	p.mu.Lock()
	change()
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default: // it is awake
	}
}

// Pause stops the recording's time.
func (p *Player) Pause() {
	p.ask(func() {
		p.set(p.now())
		p.paused = true
	})
}

// Resume lets it go on.
func (p *Player) Resume() {
	p.ask(func() {
		p.set(p.now())
		p.paused = false
	})
}

// SetSpeed changes how fast it goes: above 0, up to Max.
func (p *Player) SetSpeed(speed float64) {
	p.ask(func() {
		p.set(p.now())
		p.speed = speed
	})
}

// Seek goes to a time: the last pass at or before it, or the first there is.
func (p *Player) Seek(t time.Time) {
	p.ask(func() {
		_, last := p.recording.Span()
		if t.After(last) {
			t = last
		}
		p.goTo(p.recording.Find(t), t)
	})
}

// Step goes some passes on, or back where by is below 0, and pauses there.
func (p *Player) Step(by int) {
	p.ask(func() {
		p.goTo(p.passes(p.coming(), by), time.Time{})
		p.paused = true
	})
}

// StepEvent goes to the next pass at which something happened, or the one before
// where back is set, and pauses there. It says whether there is one.
func (p *Player) StepEvent(back bool) (found bool) {
	events := p.events
	p.ask(func() {
		from := p.coming()
		at := slices.IndexFunc(events, func(e record.Event) bool { return e.Pass > from })
		if back {
			at = len(events) - 1
			for at >= 0 && events[at].Pass >= from {
				at--
			}
		}
		if found = at >= 0; found {
			p.goTo(events[at].Pass, time.Time{})
			p.paused = true
		}
	})
	return found
}

// passes is the pass that is so many on from one, or back, of those over contexts
// that are looked at: as far as there are any.
func (p *Player) passes(from, by int) int {
	if p.contexts == nil {
		return from + by
	}
	to, way := from, 1
	if by < 0 {
		way, by = -1, -by
	}
	for n := from + way; by > 0 && n >= 0 && n < p.recording.Passes(); n += way {
		if slices.Contains(p.contexts, p.recording.Place(n).Context) {
			to = n
			by--
		}
	}
	return to
}

// coming is the pass that is shown, or is about to be because somebody asked.
func (p *Player) coming() int {
	if p.target >= 0 {
		return p.target
	}
	return p.pass
}

// goTo asks for a pass, at a time that is not before it.
func (p *Player) goTo(pass int, t time.Time) {
	pass = min(max(pass, 0), p.recording.Passes()-1)
	p.target = pass
	if at := p.recording.Place(pass).At; t.Before(at) {
		t = at
	}
	p.set(t)
}
