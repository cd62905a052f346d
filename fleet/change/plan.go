package change

import "time"

// Plan is what a Desk found out before anything is written.
type Plan struct {
	Context string
	At      time.Time // when it was read
	What    string    // one line for people: trip order/payment
	Steps   []Step
	Undoes  string // the id of the batch that it takes back
	Retries string // the id of the batch of which it does what failed
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
	Before      Before
	Held        []Holding // who has something in force there

	change Change
}

// Holding is who has something in force on a target that is to be changed.
type Holding struct {
	Batch  string // its id; empty where it is none of this journal
	By     string // who: alice@bastion-1, or someone else
	At     time.Time
	Reason string
	Until  time.Time
}

// Outcome is what came of a plan.
type Outcome struct {
	Batch   *Batch // as the journal has it
	Results []Result
}

// Options say how a plan is carried out.
type Options struct {
	Reason      string
	TTL         time.Duration // put back after it; 0: never
	Keeper      Keeper        // who puts it back
	Reapply     bool          // set it again on an instance that forgot it
	Override    bool          // also what somebody else has in force
	Batch       int           // so many at a time; 0: all
	Pause       time.Duration // between two batches
	MaxFailures int           // stop when so many failed; 0: go on
	Parallel    int           // at once; 0: as the kind of change has it
	Progress    func(Result)  // called as results come, from one goroutine at a time
}

// ConflictError says that somebody else has something in force on what is to
// be changed. Nothing was sent.
type ConflictError struct{ Held []Holding }

// Error names the first of them.
func (e *ConflictError) Error() string { return "" }

// Holds says that an intent, once done, holds something that somebody has to
// end: a breaker that is forced, an instance that is out.
func (i Intent) Holds() bool { return false }

// Same says whether two readings of one plan found the same.
func (p *Plan) Same(o *Plan) bool {
	if len(p.Steps) != len(o.Steps) {
		return false
	}
	for i := range p.Steps {
		a, b := &p.Steps[i], &o.Steps[i]
		if a.What != b.What || a.Was != b.Was || a.Intent.Target.Key() != b.Intent.Target.Key() {
			return false
		}
	}
	return true
}
