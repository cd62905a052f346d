package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

func (d *desk) Look(ctx context.Context, b *change.Batch) []change.Standing {
	steps, records := inForce(b)
	out := make([]change.Standing, len(steps))
	lanes{workers: workersOf(steps, 0)}.run(ctx, steps, func(i int) bool {
		out[i] = d.look(ctx, records[i], b)
		return true
	})
	return out
}

// inForce lists the steps of a batch that are in force.
func inForce(b *change.Batch) ([]change.Step, []*change.Record) {
	var steps []change.Step
	var records []*change.Record
	for i := range b.Steps {
		if r := &b.Steps[i]; r.InForce(b) && r.Before != nil {
			steps = append(steps, change.Step{Intent: r.Intent, Before: r.Before})
			records = append(records, r)
		}
	}
	return steps, records
}

func (d *desk) look(ctx context.Context, r *change.Record, b *change.Batch) change.Standing {
	s := change.Standing{Step: r}
	ctx, stop := context.WithTimeout(ctx, change.ReadBack)
	defer stop()
	c, err := d.open(&change.Step{Intent: r.Intent}, b)
	if err != nil {
		s.Err = err
		return s
	}
	seen, err := c.After(ctx, r.Before)
	s.Now, s.Holds, s.Back, s.Since, s.Err = seen.Text, seen.OK, seen.Back, seen.Since, err
	return s
}

func (d *desk) Settle(ctx context.Context, b *change.Batch) error {
	if d.Journal == nil {
		return nil
	}
	var steps []change.Step
	var records []*change.Record
	for i := range b.Steps {
		if r := &b.Steps[i]; r.State == change.Intended || r.State == change.Unknown {
			steps = append(steps, change.Step{Intent: r.Intent, Before: r.Before})
			records = append(records, r)
		}
	}
	lanes{workers: workersOf(steps, 0)}.run(ctx, steps, func(i int) bool {
		d.settle(ctx, records[i], b)
		return true
	})
	settled := make([]change.Record, len(records))
	unknown := 0
	for i, r := range records {
		if settled[i] = *r; r.State == change.Unknown {
			unknown++
		}
	}
	if err := d.Journal.Record(ctx, b.ID, settled); err != nil {
		return err
	}
	if unknown > 0 {
		return fmt.Errorf("%d of %d targets of change %s cannot be read", unknown, len(b.Steps), b.ID)
	}
	b.Finished = d.Now()
	return d.Journal.Finish(ctx, b.ID, b.Finished)
}

// settle finds out by reading how one step ended.
func (d *desk) settle(ctx context.Context, r *change.Record, b *change.Batch) {
	if r.Before == nil {
		r.State, r.Error = change.NotDone, "whoever made the change ended before it"
		return
	}
	s := d.look(ctx, r, b)
	r.Now, r.Ended = s.Now, d.Now()
	switch {
	case s.Err != nil:
		r.State, r.Error = change.Unknown, s.Err.Error()
	case r.Undo && s.Back, !r.Undo && s.Holds:
		r.State, r.Error, r.Changed = change.Done, "", !s.Back
	default:
		r.State, r.Error = change.NotDone, "whoever made the change ended before it"
	}
}

func (d *desk) Again(ctx context.Context, b *change.Batch) (int, error) {
	if !b.Reapply || d.Journal == nil {
		return 0, nil
	}
	n := 0
	var wrong []error
	for i := range b.Steps {
		r := &b.Steps[i]
		if !r.InForce(b) || r.State != change.Done {
			continue
		}
		done, err := d.again(ctx, r, b)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", r.Intent.Target.Name(), err))
		}
		if done {
			n++
		}
	}
	return n, errors.Join(wrong...)
}

// again orders one step again where the far side forgot it.
func (d *desk) again(ctx context.Context, r *change.Record, b *change.Batch) (bool, error) {
	ctx, stop := context.WithTimeout(fleet.WithChange(ctx, b.ID), change.ReadBack)
	defer stop()
	c, err := d.open(&change.Step{Intent: r.Intent}, b)
	if err != nil {
		return false, err
	}
	h, ok := c.(change.Holder)
	if !ok {
		return false, nil
	}
	lost, err := h.Lost(ctx)
	if err != nil || !lost {
		return false, err
	}
	if err := c.Do(ctx, r.Before); err != nil {
		return false, err
	}
	return true, d.Journal.Again(ctx, b.ID, r.N)
}

// Opener opens the desk of a batch's context again, as its Origin says. Close
// is called when the desk is not used any more.
type Opener func(ctx context.Context, o change.Origin) (d change.Desk, done func(), err error)

// PutBackDue takes back what should have ended by now, of the batches that a
// filter lets through.
func PutBackDue(ctx context.Context, j change.Journal, open Opener, f change.Filter, now time.Time) ([]change.Settled, error) {
	f.Due = now
	due, err := j.Batches(ctx, f)
	if err != nil {
		return nil, err
	}
	var out []change.Settled
	for _, b := range due {
		s := change.Settled{Batch: b}
		s.Outcome, s.Err = PutBack(ctx, open, b)
		out = append(out, s)
	}
	return out, nil
}

// PutBack takes one batch back from wherever it was made. Targets that cannot be
// read are left for later, and nothing is written down for them: what is out of
// reach is tried for hours.
func PutBack(ctx context.Context, open Opener, b *change.Batch) (change.Outcome, error) {
	d, done, err := open(ctx, b.Origin)
	if err != nil {
		return change.Outcome{}, err
	}
	defer done()
	p, err := d.PlanUndo(ctx, b)
	if err != nil {
		return change.Outcome{}, err
	}
	var wrong []error
	p.Steps = slices.DeleteFunc(p.Steps, func(s change.Step) bool {
		if s.Unread != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", s.Intent.Target.Name(), s.Unread))
		}
		return s.Unread != nil
	})
	if len(p.Steps) == 0 {
		return change.Outcome{}, errors.Join(wrong...)
	}
	out, err := d.Apply(context.WithoutCancel(ctx), p, change.Options{Reason: "its time was over"})
	if err != nil {
		return out, err
	}
	for _, r := range out.Results {
		if r.State != change.Done && r.State != change.Left {
			wrong = append(wrong, fmt.Errorf("%s: %w", r.Intent.Target.Name(), r.Err))
		}
	}
	return out, errors.Join(wrong...)
}
