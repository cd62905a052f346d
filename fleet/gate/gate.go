// Package gate judges a snapshot: conditions in, a verdict out. It is pure but
// for Until, which waits on a feed.
package gate

import (
	"context"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Outcome is what a condition or a whole gate comes to.
type Outcome uint8

// The outcomes; the greater one decides: a certain failure beats a doubt.
const (
	Passed Outcome = iota + 1
	Unknown
	Failed
)

// String returns the word used in JSON.
func (o Outcome) String() string {
	switch o {
	case Passed:
		return "passed"
	case Unknown:
		return "unknown"
	case Failed:
		return "failed"
	}
	return "unknown"
}

// Finding is one thing a verdict rests on.
type Finding struct {
	Outcome Outcome
	Reason  fleet.Reason
	Key     fleet.Key // Instance is empty for a service, Name too for a source
	Text    string    // one line for people; may hold text of a service, untrusted
	Hint    string    // what to do next; may be empty
	Query   *Measured // the expression it comes from; nil for one about statuses
	Value   *Value    // the element of its answer that it is about; nil where it is about the whole
}

// Condition is one question about a snapshot. It may have to ask somebody else,
// as a Query does: then ctx bounds that.
type Condition interface {
	String() string
	Eval(ctx context.Context, s *fleet.Snapshot) Finding
}

// Ignored is an instance whose state was not held against the fleet.
type Ignored struct {
	Key    fleet.Key
	Reason string // what the person who ignores it said
}

// Verdict is the answer of a gate, computed before anything is rendered.
type Verdict struct {
	Outcome  Outcome
	Headline string    // its own word where there is one: "all down", "known but empty", "no such service"
	Findings []Finding // what decided, worst first
	Ignored  []Ignored
	Degraded int        // instances that are degraded, or down where so many may be, and did not decide: the warning beside a pass
	Queries  []Measured // every expression that was asked, as it was asked for
}
