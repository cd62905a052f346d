package change

import (
	"context"
	"errors"
	"fmt"
)

// Plan is what a Desk found out before anything is written.
type Plan struct {
	Context string
	Steps   []Step
}

// Step is one change of a plan.
type Step struct {
	Intent      Intent
	What        string
	Was         string
	Will        string
	SideEffects []string
	Before      Before

	change Change
}

// State is how a step ended.
type State string

// The ends of a step. Unknown is settled by reading again.
const (
	Done    State = "done"
	Failed  State = "failed"
	Unknown State = "unknown" // it was asked for and could not be read back
	NotDone State = "not_done"
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
	// Apply does the steps in order and reads each back. It goes on after a
	// failure; a ctx that ends stops it after the step in hand, which is read back
	// all the same.
	Apply(ctx context.Context, p Plan) []Result
	// Undo goes back, newest first, and reads what is there then. It goes on when
	// ctx has ended, under a time of its own for each step (ReadBack). Results may
	// come from another process. Changed says nothing in what it returns.
	Undo(ctx context.Context, results []Result) []Result
}

// NewDesk returns the Desk over the registries of an Env.
func NewDesk(env Env) Desk { return &desk{env: env} }

type desk struct{ env Env }

func (d *desk) Plan(ctx context.Context, intents []Intent) (Plan, error) {
	var p Plan
	for _, i := range intents {
		c, err := Open(d.env, i)
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

func (d *desk) Apply(ctx context.Context, p Plan) []Result {
	var results []Result
	for _, s := range p.Steps {
		r := Result{Step: s, State: NotDone}
		if r.Err = ctx.Err(); r.Err == nil {
			d.apply(ctx, &r)
		}
		results = append(results, r)
	}
	return results
}

// open makes the change of a step, which may come from another process.
func (d *desk) open(s *Step) (Change, error) {
	if s.change != nil {
		return s.change, nil
	}
	return Open(d.env, s.Intent)
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

func (d *desk) Undo(ctx context.Context, results []Result) []Result {
	var undone []Result
	for i := len(results) - 1; i >= 0; i-- {
		r := results[i]
		if r.State == NotDone {
			continue
		}
		u := Result{Step: r.Step, State: Done}
		d.undo(ctx, &u)
		undone = append(undone, u)
	}
	return undone
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
