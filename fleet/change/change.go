// Package change is the one way to write: a change is planned by reading,
// shown, confirmed by whoever holds the Desk, done, read back, and can be
// undone. An Intent is all that another process needs to undo it.
package change

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Intent is what is to be changed. It holds no secret.
type Intent struct {
	Kind    string          // a row of Kinds
	Context string          // the configured context; empty where there is none
	Target  Target          // what is changed
	Params  json.RawMessage // what the kind needs besides
}

// Target is what is changed: an instance in a source, or something of it.
type Target struct {
	Source    string
	Namespace string `json:",omitempty"`
	Service   string
	Instance  string
	Address   string                `json:",omitempty"` // its own, where the change goes to the instance
	Breaker   string                `json:",omitempty"` // a breaker of it, or a proxy's server
	Admin     *fleet.Administration `json:",omitempty"` // by which API; nil where the registry is written to
}

// Key is the target as the registry knows it: without context and source.
func (t Target) Key() fleet.Key {
	return fleet.Key{Ref: fleet.Ref{Namespace: t.Namespace, Name: t.Service}, Instance: t.Instance}
}

// Name is the target as people write it: payment/payment-2.
func (t Target) Name() string {
	name := t.Service + "/" + t.Instance
	if t.Breaker != "" {
		name += " " + t.Breaker
	}
	return name
}

// Before is what a change found when it was planned, as JSON: with it, and the
// Intent, it can be undone, by another process too.
type Before = json.RawMessage

// Seen is what is there after a change, as read back.
type Seen struct {
	Text    string    // for people
	OK      bool      // it is what was wanted
	Changed bool      // it is not what was there before
	Back    bool      // it is as before, or as near to it as it can be put back
	Since   time.Time // since when, where the far side says so
}

// Marks are what a far system that keeps such things is told with a change.
type Marks struct {
	By     string        // who orders it
	Reason string        // why
	Change string        // the batch's id
	TTL    time.Duration // after which the far side may end it by itself; 0: never
}

// Marker is a Change whose far system may keep marks.
type Marker interface {
	Change
	// Mark says what to leave with whatever is done or undone from now on. Who
	// undoes says the marks of what was done: by them it is known again.
	Mark(m Marks)
}

// Holder is a Change of something that somebody can hold.
type Holder interface {
	Change
	// Held says who holds it, as Before has it.
	Held(b Before) (fleet.Hold, bool)
	// Made says whether what Before has is what this change did.
	Made(b Before) bool
	// Wanted says whether what Before has is what is ordered, so that nothing need
	// be written.
	Wanted(b Before) bool
	// Lost says whether the far side forgot what was ordered: what is there now is
	// what a process begins with, and nobody ordered it.
	Lost(ctx context.Context) (bool, error)
}

// Change is one change, opened. Its methods may be called from any goroutine,
// one at a time.
type Change interface {
	// String says what it does: "register payment/payment-4 at 10.0.0.7:9000 in etcd".
	String() string
	// Prepare only reads. Its answer is what Undo goes back to.
	Prepare(ctx context.Context) (Before, error)
	// Describe says in words what was there and what will be, and what else
	// happens: "consul agent on n3".
	Describe(ctx context.Context, b Before) (was, will string, sideEffects []string, err error)
	// Do makes the change; twice is the same as once.
	Do(ctx context.Context, b Before) error
	// After reads back what is there now. It reads also when ctx has ended, since
	// the change was made all the same, but for no longer than ReadBack.
	After(ctx context.Context, b Before) (Seen, error)
	// Undo goes back to Before. It succeeds if Do never happened, and leaves
	// alone what somebody else put in its place.
	Undo(ctx context.Context, b Before) error
}

// ReadBack is how long reading back, or undoing, one change may take where the
// context that began it gives no limit any more.
const ReadBack = 5 * time.Second

// Outlive is a context for what has to be finished when ctx has ended, within
// ReadBack.
func Outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), ReadBack)
}

// Kind is one kind of change.
type Kind struct {
	Name    string
	Summary string
	// Of is what the kind is about: two changes of one target get in each other's
	// way where this is the same.
	Of string
	// Parallel is how many are done at once. With more than one, each target is
	// a far system of its own: one that does not answer fails alone.
	Parallel int
}

// Names of kinds.
const (
	KindRegister   = "register"
	KindDeregister = "deregister"
	KindBreaker    = "breaker"
	KindDrain      = "drain"
)

// Parallel is how many far systems are written to at once.
const Parallel = 64

// Kinds is the explicit table of what can be changed.
func Kinds() []Kind {
	return []Kind{
		{KindRegister, "add or replace an instance's entry in a registry", "entry", 1},
		{KindDeregister, "remove an instance's entry from a registry", "entry", 1},
		{KindBreaker, "give an order to a circuit breaker of an instance", "breaker", Parallel},
		{KindDrain, "take an instance out of use so that its calls finish, or put it back", "drain", Parallel},
	}
}

// Row is the kind of an intent; one without a name, of which one is done at a
// time, where there is none.
func (i Intent) Row() Kind {
	for _, k := range Kinds() {
		if k.Name == i.Kind {
			return k
		}
	}
	return Kind{Parallel: 1}
}

// ErrUnable is wrapped when the far system has not the ability a change needs.
var ErrUnable = errors.New("the registry cannot do that")
