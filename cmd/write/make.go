package write

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// ErrNotConfirmed is returned when the answer was no.
var ErrNotConfirmed = errors.New("nothing was changed")

// Make plans, shows, asks, does and reads back. The results are nil for a dry
// run.
func (w *Writer) Make(ctx context.Context, p Proposal) ([]change.Result, error) {
	if err := w.settleFirst(ctx); err != nil {
		return nil, err
	}
	read := func(ctx context.Context, old change.Plan) (change.Plan, error) {
		switch {
		case w.flags.Retry != "":
			return w.retry(ctx, old)
		case p.Plan != nil:
			plan, err := p.Plan(ctx, old)
			return plan, planError(err)
		}
		plan, err := w.replan(ctx, &p, old)
		return plan, planError(err)
	}
	plan, err := w.agree(ctx, &p, read)
	if err != nil || w.flags.DryRun {
		return nil, err
	}
	return w.carryOut(ctx, &p, plan)
}

// replan plans the steps of a proposal. What could not be read before is not
// asked again: it would cost its time twice.
func (w *Writer) replan(ctx context.Context, p *Proposal, old change.Plan) (change.Plan, error) {
	steps, err := p.Steps(ctx, old)
	if err != nil {
		return change.Plan{}, err
	}
	known := change.Plan{Steps: append(slices.Clip(old.Steps), steps...)}
	return w.desk.Replan(ctx, known, intentsOf(steps))
}

// retry plans what a change did not do.
func (w *Writer) retry(ctx context.Context, old change.Plan) (change.Plan, error) {
	if len(old.Steps) > 0 {
		plan, err := w.desk.Replan(ctx, old, intentsOf(old.Steps))
		return plan, planError(err)
	}
	b, err := w.Find(ctx, w.flags.Retry)
	if err != nil {
		return change.Plan{}, err
	}
	plan, err := w.desk.PlanRetry(ctx, b)
	if err == nil && len(plan.Steps) == 0 {
		err = &app.Error{Code: app.NotWell, Err: fmt.Errorf("change %s left nothing to do: nothing was changed", b.ID)}
	}
	return plan, planError(err)
}

func intentsOf(steps []change.Step) []change.Intent {
	intents := make([]change.Intent, len(steps))
	for i := range steps {
		intents[i] = steps[i].Intent
	}
	return intents
}

// agree plans until what was agreed to is what is there: the plan is read again
// before the first write.
func (w *Writer) agree(ctx context.Context, p *Proposal, read func(context.Context, change.Plan) (change.Plan, error)) (change.Plan, error) {
	plan, err := read(ctx, change.Plan{})
	for again := false; err == nil; again = true {
		if err = w.allowed(ctx, p, &plan); err != nil {
			break
		}
		var kept change.Keeper
		if kept, err = w.keeper(ctx); err != nil {
			break
		}
		q := Question{Lines: w.lines(p, &plan, kept), Again: again}
		if w.flags.DryRun {
			w.front.Show(q)
			return plan, w.front.End(Ended{Plan: &plan})
		}
		if w.nothing(&plan) {
			w.front.Show(q)
			break // there is nothing to ask about
		}
		if err = w.confirm(ctx, q, &plan); err != nil {
			break
		}
		var now change.Plan
		if now, err = read(ctx, plan); err != nil {
			break
		}
		if plan.Same(&now) {
			return now, w.allowed(ctx, p, &now)
		}
		if w.flags.Yes || w.flags.Confirm != "" {
			return plan, &app.Error{Code: app.NotWell, Err: errors.New("what is there changed since the plan was shown: nothing was changed"), Hint: "run it again to see the new plan"}
		}
		plan = now
	}
	return plan, err
}

// nothing says that a plan writes nothing: all that can be done is so already.
func (w *Writer) nothing(plan *change.Plan) bool {
	o := w.options()
	already := false
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if !o.Skips(s) && s.Err == nil {
			return false
		}
		already = already || s.Already
	}
	return already
}

// carryOut does what was agreed to.
func (w *Writer) carryOut(ctx context.Context, p *Proposal, plan change.Plan) ([]change.Result, error) {
	if w.nothing(&plan) {
		return w.end(ctx, p, &plan, asItIs(&plan), nil)
	}
	options := w.options()
	tell, done := w.front.Working(len(plan.Steps))
	defer done()
	places := todo(&plan, &options)
	options.Progress = func(r change.Result) { r.N = places[r.N]; tell(r) }
	for {
		kept, err := w.keeper(ctx)
		if err != nil {
			return nil, err
		}
		options.Keeper = kept
		out, err := w.desk.Apply(ctx, plan, options)
		if errors.Is(err, change.ErrNoKeeper) && ctx.Err() == nil {
			continue // it left while somebody thought about the plan
		}
		if len(out.Results) == 0 && err != nil {
			return nil, applyError(err)
		}
		done()
		return w.end(ctx, p, &plan, out, err)
	}
}

// todo are the places in a plan of what is carried out: its results are counted
// without the rest.
func todo(plan *change.Plan, o *change.Options) (places []int) {
	for i := range plan.Steps {
		if !o.Skips(&plan.Steps[i]) {
			places = append(places, i)
		}
	}
	return places
}

// asItIs is what comes of a plan that writes nothing.
func asItIs(plan *change.Plan) change.Outcome {
	out := change.Outcome{Batch: &change.Batch{}, Results: make([]change.Result, len(plan.Steps))}
	for i := range plan.Steps {
		r := change.Result{Step: plan.Steps[i], N: i, State: change.Done, Now: plan.Steps[i].Was}
		if r.Err = r.Step.Err; r.Err != nil {
			r.State = change.Failed
		}
		out.Results[i] = r
	}
	return out
}

// end shows what came of a plan, and says how the command ends. Err is what went
// wrong beside the steps.
func (w *Writer) end(ctx context.Context, p *Proposal, plan *change.Plan, out change.Outcome, err error) ([]change.Result, error) {
	w.batch = out.Batch
	return out.Results, w.finish(ctx, p, plan, &out, err)
}

// finish shows what came of a plan and, where that was promised, stays to put it
// back: whatever became of the answer or of the journal.
func (w *Writer) finish(ctx context.Context, p *Proposal, plan *change.Plan, out *change.Outcome, broken error) error {
	code := codeOf(out.Results)
	shown := w.front.End(Ended{Plan: plan, Outcome: out, Code: code, Lines: w.after(ctx, p, out)})
	stayed := w.stay(ctx, code)
	switch failed := (&app.Error{}); {
	case broken != nil:
		return &app.Error{Code: max(code, app.Partial), Err: broken}
	case errors.As(stayed, &failed):
		return stayed
	case shown != nil:
		return &app.Error{Code: max(code, app.CannotSay), Err: fmt.Errorf("it was done, and the answer could not be written: %w", shown)}
	}
	return stayed
}

func (w *Writer) options() change.Options { return w.flags.Page().Options }

// stay keeps the command in the foreground until what it did is put back.
func (w *Writer) stay(ctx context.Context, code app.Code) error {
	if !w.flags.Wait || w.flags.TTL == 0 || w.batch == nil || w.batch.Until.IsZero() {
		return app.End(code)
	}
	w.note("put back %s, or at Ctrl-C; a second Ctrl-C leaves it changed", w.at(w.batch.Until))
	for left := w.batch.Until.Sub(w.app.Now()); left > 0 && ctx.Err() == nil; left = w.batch.Until.Sub(w.app.Now()) {
		t := time.NewTimer(min(left, time.Second)) // looked at again: the machine may have slept
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
	if err := w.Undo(ctx); err != nil {
		return &app.Error{Code: app.Partial, Err: err, Hint: "midwatch changes undo " + w.batch.ID}
	}
	w.note("put back")
	return app.End(code)
}

// Undo takes back what Make did.
func (w *Writer) Undo(ctx context.Context) error {
	if w.batch == nil {
		return nil
	}
	out, err := w.desk.Undo(ctx, w.batch, change.Options{Reason: "its command ended"})
	if err != nil {
		return err
	}
	for _, r := range out.Results {
		if r.Err != nil {
			return fmt.Errorf("%s was not undone: %w", r.Intent.Target.Name(), r.Err)
		}
	}
	return nil
}
