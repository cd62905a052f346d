package write

import (
	"context"
	"errors"
	"fmt"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// allowed holds the plan against the flags and against what others have in
// force.
func (w *Writer) allowed(ctx context.Context, p *Proposal, plan *change.Plan) error {
	if n := w.flags.Expect; n > 0 && n != len(plan.Steps) {
		return &app.Error{Code: app.NotWell, Err: fmt.Errorf("the plan has %d targets, and %d were expected: nothing was changed", len(plan.Steps), n)}
	}
	if held := plan.Conflicts(); len(held) > 0 && !w.flags.Override {
		return conflict(held)
	}
	if p.Fleet == nil {
		return nil
	}
	snap, err := p.Fleet(ctx)
	if err != nil {
		return err
	}
	return w.flags.room(snap, plan)
}

func conflict(held []change.Holding) error {
	hint := "--override does it all the same"
	for _, h := range held {
		if h.Batch != "" && h.By != change.SomeoneElse {
			hint = "midwatch changes show " + h.Batch + " says more, midwatch changes undo " + h.Batch + " ends it; " + hint
			break
		}
	}
	return &app.Error{Code: app.NotWell, Err: fmt.Errorf("nothing was changed: %w", &change.ConflictError{Held: held}), Hint: hint}
}

// planError gives an error of planning its code.
func planError(err error) error {
	var said *app.Error
	var known *fleet.Error
	switch {
	case err == nil, errors.As(err, &said):
		return err
	case errors.Is(err, registry.ErrTaken) && errors.As(err, &known):
		return &app.Error{Code: app.NotWell, Err: err, Hint: known.Hint}
	case errors.Is(err, change.ErrUnable):
		return &app.Error{Code: app.Usage, Err: err, Hint: "midwatch registries says which can"}
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, change.ErrIsUndo):
		return &app.Error{Code: app.NotWell, Err: fmt.Errorf("nothing was changed: %w", err), Hint: fleet.HintOf(err)}
	}
	return err
}

// applyError is an Apply that sent nothing.
func applyError(err error) error {
	var held *change.ConflictError
	if errors.As(err, &held) {
		return conflict(held.Held)
	}
	return journalError(err)
}

// codeOf says how results end: all as wanted is 0, nothing changed is 1, some is
// 4.
func codeOf(results []change.Result) app.Code {
	done, made := 0, 0
	for i := range results {
		if results[i].State == change.Done {
			done++
			if !results[i].Began.IsZero() {
				made++
			}
		}
	}
	switch {
	case done == len(results):
		return app.OK
	case made == 0:
		return app.NotWell
	default:
		return app.Partial
	}
}
