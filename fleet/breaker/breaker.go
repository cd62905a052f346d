// Package breaker is the contract between midwatch and whatever administers
// circuit breakers: a framework's management endpoint, a proxy's admin API, our
// own small contract. Each API has one folder below this one and one line in
// all/; breakertest holds every one of them to the contract.
package breaker

import (
	"context"
	"errors"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Site is where the breakers of one instance are administered.
type Site struct {
	Key  fleet.Key // whose they are
	Addr string    // the instance's own address
	// Base is http://host:port/base, https://..., unix:///path, tcp://host:port.
	// A path in it comes from the registry and takes the place of the API's usual
	// one (/actuator); it has none where the profile says a path.
	Base string
}

// Admin reads and switches the breakers of instances over one kind of API, with
// one profile's credentials. It is safe for concurrent use and keeps nothing of
// an instance between calls but connections. Errors are *fleet.Error where the
// cause is known, hold no secret, name the address, and wrap ctx.Err() when
// the context ended. An answer that cannot be read is an error with its first
// bytes, never an empty list.
type Admin interface {
	// List returns every breaker of the instance, sorted by name.
	List(ctx context.Context, at Site) ([]fleet.Breaker, error)
	// Set carries out an order and returns the breaker as it was read back
	// afterwards. An unknown name is fleet.ErrNotFound and creates nothing. An
	// order that cannot be given is errors.ErrUnsupported and changes nothing.
	// What is already as ordered is not written again: some libraries forget
	// their counts; but a far side that keeps holds is told whose it is now, and
	// until when. An order that was answered well and had no effect is
	// ErrNoEffect, with the breaker as it is.
	Set(ctx context.Context, at Site, name string, o fleet.Order) (fleet.Breaker, error)
	// Verbs are the orders this API can give at all.
	Verbs() []fleet.Verb
}

// ErrNoEffect says that the far side took an order and reading shows that
// nothing came of it.
var ErrNoEffect = errors.New("it was answered well and had no effect")

// DrainState is whether new calls are sent to an instance, or a proxy's server.
type DrainState struct {
	On       bool   // it is being taken out, or is out
	Text     string // in the far side's words, untrusted: drain, maint, OUT_OF_SERVICE
	InFlight int    // calls not finished yet; below 0 where nobody counts
	Hold     fleet.Hold
}

// Drainer is the ability to take an instance out of use, so that no new calls
// come and those in flight finish, and to put it back. Name is a proxy's
// server as List names it; empty is the instance itself. What cannot be
// drained is errors.ErrUnsupported. Twice is the same as once.
type Drainer interface {
	Drained(ctx context.Context, at Site, name string) (DrainState, error)
	// SetDrain returns the state as read back; ErrNoEffect as in Set.
	SetDrain(ctx context.Context, at Site, name string, on bool, o fleet.Order) (DrainState, error)
	// DrainEffects says what else a drain does, or putting back: "its own
	// /actuator/health will say 503". It may read and never writes.
	DrainEffects(ctx context.Context, at Site, name string, on bool) ([]string, error)
}

// Event is one transition of a breaker, or another thing that happened to it.
type Event struct {
	At      time.Time
	Breaker string
	Kind    string             // in the far side's words, untrusted
	From    fleet.BreakerState // of a transition; BreakerUnknown otherwise
	To      fleet.BreakerState
	Text    string // one line more, untrusted
}

// Historian is the ability to tell what happened: oldest first; name empty is
// all breakers of the instance.
type Historian interface {
	Events(ctx context.Context, at Site, name string) ([]Event, error)
}

// Advisor is the ability to say, before anything is written, what else an order
// does, or why it cannot be given here though the API can in general: read-only
// access, no admin layer. It only reads. A refusal is an error; it wraps
// errors.ErrUnsupported where no credentials would change it, fleet.ErrDenied
// where others might.
type Advisor interface {
	Advise(ctx context.Context, at Site, name string, o fleet.Order) (effects []string, err error)
}

// Wanted says whether a breaker is already as an order wants it, so that
// nothing need be written.
func Wanted(b *fleet.Breaker, o fleet.Order) bool {
	return b.State == o.Verb.State() && (o.Verb != fleet.Trip || whole(b.Share) == whole(o.Share))
}

// Took says whether an order shows in what was read back after it. A breaker
// that is left to itself may open again at once: that is not the order's doing.
func Took(b *fleet.Breaker, o fleet.Order) bool {
	return Wanted(b, o) || (o.Verb == fleet.Reset || o.Verb == fleet.HalfOpen) && b.State != fleet.BreakerUnknown && !b.State.Held()
}

// whole is a share of calls with none said made all.
func whole(share float64) float64 {
	if share <= 0 || share > 1 {
		return 1
	}
	return share
}

// Find returns the breaker of a name; nil where there is none.
func Find(list []fleet.Breaker, name string) *fleet.Breaker {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}
