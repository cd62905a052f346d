package change

import (
	"context"
	"errors"
	"fmt"
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
	State   State
	Now     string // as read back; empty where it could not be
	Changed bool   // what is there now is not what was
	Err     error
}

// Desk is who makes changes: built by cmd, handed to whoever wants to write.
type Desk interface {
	// Plan reads and writes nothing.
	Plan(ctx context.Context, intents []Intent) (Plan, error)
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
	// results are in the order of the plan. An error with no results means that
	// nothing was sent: a *ConflictError, or a journal that cannot be written.
	Apply(ctx context.Context, p Plan, o Options) (Outcome, error)
	// Undo is PlanUndo and Apply, and goes on when ctx has ended, under a time of
	// its own for each step (ReadBack).
	Undo(ctx context.Context, b *Batch, o Options) (Outcome, error)
}

// Setup is what a Desk works with.
type Setup struct {
	Env     Env
	Journal Journal // nil: nothing is written down
	Who     Who
	Origin  Origin
	Now     func() time.Time // nil: the clock
	// Hook is called at each boundary; nil: never. Tests end the process there.
	Hook func(Boundary)
}

// NewDesk returns the Desk of one context.
func NewDesk(s Setup) Desk {
	if s.Now == nil {
		s.Now = time.Now
	}
	return &desk{s}
}

type desk struct{ Setup }

func (d *desk) Plan(ctx context.Context, intents []Intent) (Plan, error) {
	var p Plan
	for _, i := range intents {
		c, err := Open(d.Env, i)
		if err != nil {
			return Plan{}, err
		}
		b, err := c.Prepare(ctx)
		if err != nil {
			return Plan{}, err
		}
		s := Step{Intent: i, What: c.String(), Before: b, change: c}
		if s.Was, s.Will, s.SideEffects, err = c.Describe(ctx, b); err != nil {
			return Plan{}, err
		}
		p.Context = i.Context
		p.Steps = append(p.Steps, s)
	}
	return p, nil
}

func (d *desk) Apply(ctx context.Context, p Plan, o Options) (Outcome, error) {
	out := Outcome{Batch: &Batch{}}
	for i, s := range p.Steps {
		r := Result{Step: s, State: NotDone}
		switch r.Err = ctx.Err(); {
		case s.Undo:
			r.State, r.Err = Done, nil
			d.undo(ctx, &r)
		case r.Err == nil:
			d.apply(ctx, &r)
		}
		out.Results = append(out.Results, r)
		out.Batch.Steps = append(out.Batch.Steps, Record{N: i, Intent: s.Intent, What: s.What, Before: s.Before, State: r.State})
	}
	return out, nil
}

func (d *desk) PlanUndo(ctx context.Context, b *Batch) (Plan, error) {
	p := Plan{Context: b.Context, Undoes: b.ID}
	for i := len(b.Steps) - 1; i >= 0; i-- {
		if s := b.Steps[i]; s.State != NotDone {
			p.Steps = append(p.Steps, Step{Intent: s.Intent, Undo: true, Of: s.N, What: s.What, Before: s.Before})
		}
	}
	return p, nil
}

func (d *desk) PlanRetry(ctx context.Context, b *Batch) (Plan, error) { return Plan{}, ctx.Err() }

// open makes the change of a step, which may come from another process.
func (d *desk) open(s *Step) (Change, error) {
	if s.change != nil {
		return s.change, nil
	}
	return Open(d.Env, s.Intent)
}

// apply does one step and reads it back. A write that failed may have been made
// all the same: that too is settled by reading.
func (d *desk) apply(ctx context.Context, r *Result) {
	c, err := d.open(&r.Step)
	if err != nil {
		r.State, r.Err = Failed, err
		return
	}
	failed := c.Do(ctx, r.Before)
	seen, err := c.After(ctx, r.Before)
	if err == nil {
		r.Now, r.Changed = seen.Text, seen.Changed
	}
	switch {
	case err != nil && failed != nil:
		r.State, r.Err = Unknown, fmt.Errorf("%w; and what is there now could not be read: %w", failed, err)
	case err != nil:
		r.State, r.Err = Unknown, fmt.Errorf("it was done and could not be read back: %w", err)
	case seen.OK && (failed == nil || seen.Changed):
		r.State = Done
	case failed != nil:
		r.State, r.Err = Failed, failed
	default:
		r.State, r.Err = Failed, errors.New(seen.Text)
	}
}

func (d *desk) Undo(ctx context.Context, b *Batch, o Options) (Outcome, error) {
	p, err := d.PlanUndo(ctx, b)
	if err != nil {
		return Outcome{}, err
	}
	return d.Apply(ctx, p, o)
}

// undo takes one step back and reads what is there then.
func (d *desk) undo(ctx context.Context, u *Result) {
	ctx, stop := outlive(ctx)
	defer stop()
	c, err := d.open(&u.Step)
	if err == nil {
		err = c.Undo(ctx, u.Before)
	}
	if err != nil {
		u.State, u.Err = Failed, err
		return
	}
	seen, err := c.After(ctx, u.Before)
	if err != nil {
		u.State, u.Err = Unknown, fmt.Errorf("it was undone and could not be read back: %w", err)
		return
	}
	u.Now = seen.Text
	if seen.Changed {
		u.State, u.Err = Failed, fmt.Errorf("it is not as before: %s", seen.Text)
	}
}
