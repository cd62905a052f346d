package change

import (
	"context"
	"time"
)

// State is how a step ended.
type State string

// The ends of a step. Unknown is settled by reading again.
const (
	Done    State = "done"
	Failed  State = "failed"
	Unknown State = "unknown" // it was asked for and could not be read back
	NotDone State = "not_done"
	// Left: of an undo, somebody else changed it since, and it was left alone.
	Left State = "left"
	// Intended: the journal has no result yet.
	Intended State = "intended"
)

// Result is what came of a step.
type Result struct {
	Step
	N       int // its place in the plan
	State   State
	Now     string // as read back; empty where it could not be
	Changed bool   // what is there now is not what was
	Err     error
	Began   time.Time
	Ended   time.Time
}

// Outcome is what came of a plan.
type Outcome struct {
	Batch   *Batch // as it was written down; its id is empty where it was not
	Results []Result
}

// Options say how a plan is carried out.
type Options struct {
	Reason      string
	TTL         time.Duration // put back after it; 0: never
	Keeper      Keeper        // who puts it back; zero: who makes the change, who stays
	Reapply     bool          // set it again on an instance that forgot it
	Override    bool          // also what somebody else has in force
	Batch       int           // so many at a time; 0: all
	Pause       time.Duration // between two batches
	MaxFailures int           // stop when so many failed; 0: go on
	Parallel    int           // at once; 0: as the kind of change has it
	Progress    func(Result)  // called as results are written down, one after the other
}

// Skips says that a step is left as it is: what is ordered is there already, and
// the plan neither gives it an end nor takes it over from somebody else.
func (o *Options) Skips(s *Step) bool { return s.Already && s.Err == nil && o.TTL == 0 && !o.Override }

// Desk is who makes changes: built by cmd, handed to whoever wants to write.
// It is safe for concurrent use; a Plan is not.
type Desk interface {
	// Plan reads and writes nothing.
	Plan(ctx context.Context, intents []Intent) (Plan, error)
	// Replan plans again what was planned before. What could not be read then is
	// not asked again.
	Replan(ctx context.Context, old Plan, intents []Intent) (Plan, error)
	// PlanUndo plans to take a batch back: the newest step first, those that were
	// never begun or are taken back already left out.
	PlanUndo(ctx context.Context, b *Batch) (Plan, error)
	// PlanRetry plans what a batch did not do: the failed steps, those that were
	// not begun, and those of which nobody knows.
	PlanRetry(ctx context.Context, b *Batch) (Plan, error)
	// Apply carries a plan out: it is written into the journal with all its
	// targets before the first request, done, read back, and its results are
	// written down. It goes on after a failure; a ctx that ends stops it after
	// the steps in hand, which are read back and written down all the same. The
	// results are in the order of the plan. What is as ordered already is Done,
	// unchanged, and neither sent nor written down (Options.Skips); where that is
	// all there is, the batch has no id. An error with no results means that
	// nothing was sent: a *ConflictError, or a journal that cannot be written.
	Apply(ctx context.Context, p Plan, o Options) (Outcome, error)
	// Undo is PlanUndo and Apply, and goes on when ctx has ended, under a time of
	// its own for each step (ReadBack).
	Undo(ctx context.Context, b *Batch, o Options) (Outcome, error)
	// Look reads how the steps of a batch that are in force stand now.
	Look(ctx context.Context, b *Batch) []Standing
	// Settle finds out, by reading, how the steps ended of a batch whose maker is
	// gone, and writes it down.
	Settle(ctx context.Context, b *Batch) error
	// Again orders again what far systems forgot of a batch in force, and says
	// on how many targets.
	Again(ctx context.Context, b *Batch) (int, error)
}

// Standing is how a step that is in force stands now.
type Standing struct {
	Step  *Record
	Now   string
	Holds bool      // it is as it was left
	Back  bool      // it is as before the change, not by us
	Since time.Time // since when, where the far side says so
	Err   error     // it could not be read
}

// Settled is what came of putting one batch back.
type Settled struct {
	Batch   *Batch
	Outcome Outcome
	Err     error // why it is not put back, or not wholly
}
