// Package desk is all that the dashboard knows of changing something: what a
// person wishes, what the person is asked, and what came of it. Who does it, a
// Desk, is built by cmd over the one of fleet/change: the dashboard writes in no
// other way than the commands do.
package desk

import (
	"context"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// Verb is what is to be done.
type Verb string

// The verbs: those of breakers, those of instances, and those of changes.
const (
	Trip     Verb = "trip"
	Reset    Verb = "reset"
	Bypass   Verb = "bypass"
	HalfOpen Verb = "half-open"
	Drain    Verb = "drain"
	Undrain  Verb = "undrain"
	Undo     Verb = "undo"
	Retry    Verb = "retry"
)

// Target is what a wish is about: a breaker of a service or of one of its
// instances, an instance, or all instances of a service.
type Target struct {
	Key     fleet.Key // without an Instance: all of the service
	Breaker string    // for the verbs of breakers
}

// Wish is what a person wants to have changed.
type Wish struct {
	Verb    Verb
	Targets []Target // of one context; none for Undo and Retry
	Change  string   // the id of the change that Undo takes back, and Retry goes on with
	Context string   // the context it is in

	Reason     string
	TTL        time.Duration // put back after so long; 0: never
	AllowEmpty bool          // also the last instance that serves
}

// Question is a plan that a person has to agree to.
type Question struct {
	Lines []string // the plan in sentences, a line each; untrusted
	Type  string   // what has to be typed to agree; empty: yes or no
	Again bool     // what is there changed since the last question
}

// Person is who is asked, and told. Its methods block, and are called by one
// goroutine.
type Person interface {
	// Ask shows a plan and returns whether the person agrees. Its error is that of
	// a ctx that ended.
	Ask(ctx context.Context, q Question) (bool, error)
	// Tell says something beside the plan: what was put back before it. Untrusted.
	Tell(line string)
	// Done is a target that is done, or failed: r.N is its place in the plan of the
	// last question, of whose steps there are so many.
	Done(r change.Result, of int)
}

// End is what came of a wish.
type End struct {
	Change  string // its id in the journal; empty where nothing was written
	Agreed  bool   // false: the person did not want it after all
	Results []change.Result
	Lines   []string // what came of it, for people; untrusted
}

// Change is a change of the journal, and how it stands.
type Change struct {
	Batch *change.Batch
	Stand change.Stand
}

// Desk changes something, and reads what was changed. It is safe for concurrent
// use. Everything but Refusal does I/O and blocks.
type Desk interface {
	// Refusal says in a few words why nothing can be changed in a context; empty
	// where it can.
	Refusal(context string) string
	// Make plans, asks, does and reads back. An error with an End that has results
	// is one beside them; without, nothing was changed. Where ctx ends it finishes
	// what is in hand.
	Make(ctx context.Context, w Wish, p Person) (End, error)
	// Changes are those of the journal that hold something or are of the last day,
	// what somebody may have to do something about first.
	Changes(ctx context.Context) ([]Change, error)
}
