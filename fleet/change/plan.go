package change

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Plan is what a Desk found out before anything is written.
type Plan struct {
	Context string
	At      time.Time // when it was read
	What    string    // one line for people: trip order/payment
	Steps   []Step
	Undoes  *Batch // what it takes back; nil where it is no undo
	Retries string // the id of the batch of which it does what was not done
}

// Step is one change of a plan.
type Step struct {
	Intent      Intent
	Undo        bool // it takes the intent back
	Of          int  // of an undo or a retry: its place in the other batch
	What        string
	Was         string
	Will        string
	SideEffects []string
	Before      Before    // nil where Err is not
	Held        []Holding // who has something in force there
	Err         error     `json:"-"` // why it cannot be done; the steps beside it can
	Unread      error     `json:"-"` // of an undo: why nobody knows what is there; it can be tried
	Stands      string    // what of Was counts when the plan is read again
	Already     bool      // what is there is what is ordered: nothing need be written
	First       Before    // of what is ordered already by the same operator: what was there before that
	FirstWas    string    // in words
	Change      Change    `json:"-"` // open; nil where it came from another process
}

// Holding is who has something in force on a target that is to be changed.
type Holding struct {
	Batch  string // its id; empty where no journal of ours has it
	What   string
	By     string // who, and from where; "someone else" where nobody knows
	At     time.Time
	Reason string
	Until  time.Time // when it is put back by itself; zero: never
}

// SomeoneElse holds what no journal and no mark explains.
const SomeoneElse = "someone else"

// ConflictError says that somebody else has something in force on what is to
// be changed. Nothing was sent.
type ConflictError struct{ Held []Holding }

// Error names who, when and why.
func (e *ConflictError) Error() string {
	lines := make([]string, len(e.Held))
	for i, h := range e.Held {
		lines[i] = h.String()
	}
	return "somebody has it in hand: " + strings.Join(lines, "; ")
}

// String says who holds what since when and why, in one line.
func (h Holding) String() string {
	line := h.By
	if h.What != "" {
		line += ": " + h.What
	}
	if h.Reason != "" {
		line += fmt.Sprintf(" (%q)", h.Reason)
	}
	if !h.At.IsZero() {
		line += ", " + h.At.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	if !h.Until.IsZero() {
		line += ", until " + h.Until.UTC().Format("15:04:05 UTC")
	}
	if h.Batch != "" {
		line += ", change " + h.Batch
	}
	return line
}

// Conflicts lists who has something in force on the targets, each once.
func (p *Plan) Conflicts() []Holding {
	var all []Holding
	seen := map[Holding]bool{}
	for i := range p.Steps {
		for _, h := range p.Steps[i].Held {
			if !seen[h] {
				seen[h] = true
				all = append(all, h)
			}
		}
	}
	return all
}

// Same says whether two readings of a plan found the same targets in the same
// state. In and out of open a breaker goes by itself: that is the same.
func (p *Plan) Same(o *Plan) bool {
	if len(p.Steps) != len(o.Steps) {
		return false
	}
	for i := range p.Steps {
		a, b := &p.Steps[i], &o.Steps[i]
		if a.Intent.Key() != b.Intent.Key() || a.Stands != b.Stands || (a.Err == nil) != (b.Err == nil) {
			return false
		}
	}
	return true
}

// ErrIsUndo is wrapped where an undo is to be undone.
var ErrIsUndo = errors.New("an undo is not undone: make the change again")
