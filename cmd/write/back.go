package write

import (
	"context"
	"errors"
	"fmt"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
)

// ReadOne opens the journal for who is about one change, and finds it. Whoever
// gets the journal closes it.
func ReadOne(ctx context.Context, a *app.App, id string) (*journal.Journal, *change.Batch, error) {
	j, err := Read(ctx, a)
	if errors.Is(err, journal.ErrNone) {
		return nil, nil, &app.Error{Code: app.CannotSay, Err: fmt.Errorf("there is no change %s: nothing was ever changed from here", id)}
	}
	if err != nil {
		return nil, nil, err
	}
	b, err := Find(ctx, j, id)
	if err != nil {
		return nil, nil, errors.Join(err, j.Close())
	}
	return j, b, nil
}

// TakeBack takes a change back, asking those in front; nil is the terminal. It
// goes to the context the change was made in, whatever context is chosen now.
func TakeBack(ctx context.Context, a *app.App, flags *Flags, id string, front Front) error {
	if front == nil {
		front = terminal{a}
	}
	j, b, err := ReadOne(ctx, a, id)
	if err != nil {
		return err
	}
	if err := j.Close(); err != nil {
		return err
	}
	s, err := a.Reopen(ctx, b.Origin)
	if err != nil {
		return err
	}
	defer s.Close()
	w, err := For(ctx, s, s.Fleets[0], flags, front)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.Make(ctx, w.back(b))
	return err
}

// back is to take a change back.
func (w *Writer) back(b *change.Batch) Proposal {
	return Proposal{
		Plan: func(ctx context.Context, _ change.Plan) (change.Plan, error) {
			now, err := w.Find(ctx, b.ID)
			if err != nil {
				return change.Plan{}, err
			}
			plan, err := w.desk.PlanUndo(ctx, now)
			if err == nil && len(plan.Steps) == 0 {
				err = &app.Error{Code: app.NotWell, Err: fmt.Errorf("nothing of change %s is left to take back: nothing was changed", b.ID)}
			}
			return plan, err
		},
		Says: func(p change.Plan) []screen.Passage {
			line := fmt.Sprintf("This takes back %s: %s, by %s, %s ago", b.ID, b.What, b.Who.String(), term.Duration(max(w.app.Now().Sub(b.At), 0)))
			if b.Reason != "" {
				line += fmt.Sprintf(" (%q)", b.Reason)
			}
			return []screen.Passage{{Says: line + ".", Steps: screen.Every(&p)}}
		},
		Retry: "midwatch changes undo",
	}
}
