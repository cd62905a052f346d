package serve

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ErrRefused is the outcome of a call that was refused because somebody holds
// the breaker open.
var ErrRefused = errors.New("refused: the circuit breaker is held open")

// Pass says how a call goes.
type Pass uint8

// The ways a call goes.
const (
	Protected   Pass = iota // through the library's breaker
	Unprotected             // past it: somebody bypasses it
	Refused                 // not at all: somebody holds it open
)

// maxEvents bounds what is kept of a breaker's past.
const maxEvents = 100

// Event is one thing that happened to a breaker.
type Event struct {
	At   time.Time
	Kind string // transition: the library's own; order: somebody's; expired: an order's time was over
	From State
	To   State
	Text string
}

// order is what is wanted of a breaker.
type order struct {
	verb   Verb
	share  float64
	by     string
	reason string
	change string
	ttl    time.Duration
}

// hold is an order in force. It does not change.
type hold struct {
	order
	since time.Time
	until time.Time // zero: it does not end by itself
}

// over says whether its time has come. Ends are compared by the wall clock: the
// other one stands still while a machine sleeps.
func (h *hold) over(now time.Time) bool {
	return h != nil && !h.until.IsZero() && !now.Round(0).Before(h.until)
}

// state is the state that the hold makes.
func (h *hold) state() State {
	if h.verb == Trip {
		return ForcedOpen
	}
	return Disabled
}

// Guard stands in front of one breaker and holds what was ordered of it. It is
// safe for concurrent use.
type Guard struct {
	name    string
	breaker Breaker
	added   time.Time

	hold    atomic.Pointer[hold] // nil: it is left to itself
	offered atomic.Uint64        // calls while a share of them is refused
	refused atomic.Int64         // calls that were not let through
	counts  atomic.Bool          // Wrap sees every call, so that refused counts the library's refusals too

	ordering sync.Mutex // one order at a time
	mu       sync.Mutex // guards what follows
	since    time.Time  // when the library's breaker changed last; zero: never
	events   []Event    // oldest first
}

// Allow says how a call has to go, and counts it where it is refused.
func (g *Guard) Allow() Pass {
	if g == nil {
		return Protected
	}
	h := g.holding(time.Now)
	switch {
	case h == nil:
		return Protected
	case h.verb == Bypass:
		return Unprotected
	case h.share > 0 && h.share < 1:
		n := float64(g.offered.Add(1))
		if math.Floor(n*h.share) == math.Floor((n-1)*h.share) { // spread evenly
			return Protected
		}
	}
	g.refused.Add(1)
	return Refused
}

// Wrap makes the way calls go of the way they go through the library's breaker,
// protect: that one runs a call or refuses it. The call that comes back runs as
// it stands with the breaker; it returns ErrRefused where somebody holds it
// open. Where nothing was run the call counts as rejected.
func (g *Guard) Wrap(protect func(call func() error) error) func(call func() error) error {
	g.counts.Store(true)
	return func(call func() error) error {
		switch g.Allow() {
		case Refused:
			return ErrRefused
		case Unprotected:
			return call()
		case Protected:
		}
		var ran atomic.Bool // libraries may run it elsewhere
		err := protect(func() error {
			ran.Store(true)
			return call()
		})
		if err != nil && !ran.Load() && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			g.refused.Add(1)
		}
		return err
	}
}

// State is what the breaker acts as now.
func (g *Guard) State() State {
	if h := g.holding(time.Now); h != nil {
		return h.state()
	}
	return g.breaker.Status().State
}

// Changed tells the server that the library's breaker went from one state to
// another; libraries have a hook for that. It is how events and since come
// about.
func (g *Guard) Changed(from, to State) {
	g.note(Event{At: time.Now(), Kind: "transition", From: from, To: to})
}

// note keeps an event.
func (g *Guard) note(e Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e.Kind == "transition" {
		g.since = e.At
	}
	if len(g.events) == maxEvents {
		g.events = slices.Delete(g.events, 0, 1)
	}
	g.events = append(g.events, e)
}

// past lists what is kept of the breaker's past, oldest first.
func (g *Guard) past() []Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	past := slices.Clone(g.events)
	// Two that happened at once may be noted in either order.
	slices.SortStableFunc(past, func(a, b Event) int { return a.At.Compare(b.At) })
	return past
}

// holding is the hold in force; one whose time is over ends here, so that no
// timer is needed.
func (g *Guard) holding(now func() time.Time) *hold {
	h := g.hold.Load()
	if h == nil || h.until.IsZero() || !h.over(now()) {
		return h
	}
	if g.hold.CompareAndSwap(h, nil) {
		g.note(Event{At: h.until, Kind: "expired", From: h.state(), To: g.breaker.Status().State, Text: "its time was over"})
	}
	return g.hold.Load()
}

// view is a breaker as it is answered.
type view struct {
	Status
	name     string
	observed State
	hold     *hold // nil: it is left to itself
	verbs    []Verb
}

// view reads the breaker.
func (g *Guard) view() view {
	v := view{Status: g.breaker.Status(), name: g.name, hold: g.holding(time.Now), verbs: g.verbs()}
	v.observed = v.State
	if v.Since.IsZero() {
		g.mu.Lock()
		v.Since = g.since
		g.mu.Unlock()
	}
	if v.Since.IsZero() {
		v.Since = g.added
	}
	v.Rejected = g.rejected(v.Rejected)
	if v.hold != nil {
		v.State, v.Since = v.hold.state(), v.hold.since
	}
	return v
}

// rejected is how many calls were refused, by the library or by an order; below
// 0 where nobody counts.
func (g *Guard) rejected(library int64) int64 {
	own := g.refused.Load()
	switch {
	case g.counts.Load():
		return max(library, own) // both saw what the library refused
	case library >= 0:
		return library + own
	case own > 0:
		return own
	}
	return -1
}

// verbs are all orders the breaker can be given.
func (g *Guard) verbs() []Verb {
	verbs := []Verb{Trip, Reset, Bypass}
	if slices.Contains(g.breaker.Verbs(), TryHalfOpen) {
		verbs = append(verbs, TryHalfOpen)
	}
	return verbs
}

// order carries an order out. One that is in force already is not carried out
// again: only who holds it, why and until when is replaced.
func (g *Guard) order(o order) error {
	g.ordering.Lock()
	defer g.ordering.Unlock()
	now := time.Now()
	before := g.view()
	if o.verb == Trip || o.verb == Bypass {
		h := &hold{order: o, since: now}
		if o.ttl > 0 {
			h.until = now.Add(o.ttl).Round(0)
		}
		again := before.hold != nil && before.hold.verb == o.verb && before.hold.share == o.share
		if again {
			h.since = before.hold.since
		}
		g.hold.Store(h)
		if !again {
			g.note(Event{At: now, Kind: "order", From: before.State, To: h.state(), Text: o.text()})
		}
		return nil
	}
	if err := g.release(o, before); err != nil {
		return err
	}
	if after := g.view(); before.hold != nil || after.State != before.State {
		g.note(Event{At: now, Kind: "order", From: before.State, To: after.State, Text: o.text()})
	}
	return nil
}

// release leaves the breaker to itself again, closed or half open as far as the
// library can do that.
func (g *Guard) release(o order, before view) error {
	want := Closed
	if o.verb == TryHalfOpen {
		want = HalfOpen
	}
	can := slices.Contains(g.breaker.Verbs(), o.verb)
	if !can && (o.verb == TryHalfOpen || before.hold == nil && before.observed != want) {
		return errors.ErrUnsupported
	}
	if can && before.observed != want {
		if err := g.breaker.Do(o.verb); err != nil {
			return err
		}
	}
	g.hold.Store(nil)
	return nil
}

// text says who ordered it and why, on one line.
func (o order) text() string {
	text := string(o.verb)
	if o.by != "" {
		text += " by " + o.by
	}
	if o.reason != "" {
		text += ": " + o.reason
	}
	return text
}
