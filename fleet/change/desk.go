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
	Now     string // as read back
	Changed bool
	Err     error
}

// Desk is who makes changes: built by cmd, handed to whoever wants to write.
type Desk interface {
	// Plan reads and writes nothing.
	Plan(ctx context.Context, intents []Intent) (Plan, error)
	// Apply does the steps in order and reads each back. It goes on after a
	// failure; a cancelled ctx ends it after the step in hand.
	Apply(ctx context.Context, p Plan) []Result
	// Undo goes back, newest first, under its own time.
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

func (d *desk) apply(ctx context.Context, r *Result) {
	if err := r.change.Do(ctx, r.Before); err != nil {
		r.State, r.Err = Failed, err
		return
	}
	now, ok, err := r.change.After(context.WithoutCancel(ctx), r.Before)
	r.Now, r.Changed = now, now != r.Was
	switch {
	case err != nil:
		r.State, r.Err = Unknown, fmt.Errorf("it was done and could not be read back: %w", err)
	case !ok:
		r.State, r.Err = Failed, errors.New(now)
	default:
		r.State = Done
	}
}

func (d *desk) Undo(ctx context.Context, results []Result) []Result {
	var undone []Result
	for i := len(results) - 1; i >= 0; i-- {
		r := results[i]
		if r.State == NotDone {
			continue
		}
		u := Result{Step: r.Step, State: Done, Now: r.Was}
		if err := r.change.Undo(ctx, r.Before); err != nil {
			u.State, u.Err = Failed, err
		}
		undone = append(undone, u)
	}
	return undone
}
