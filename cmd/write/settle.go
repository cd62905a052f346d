package write

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
)

// settleFirst puts back what is overdue in the context before anything else is
// changed there.
func (w *Writer) settleFirst(ctx context.Context) error {
	if w.journal == nil || w.flags.DryRun {
		return nil
	}
	settled, err := desk.PutBackDue(ctx, w.journal, Opener(w.app, w.journal), change.Filter{Context: w.Context, Exact: true}, w.app.Now())
	if err != nil {
		return journalError(err)
	}
	for _, s := range settled {
		if s.Err != nil {
			w.note("overdue, and could not be put back: %s, %s: %v", s.Batch.ID, s.Batch.What, s.Err)
			continue
		}
		w.note("overdue, put back: %s, %s", s.Batch.ID, s.Batch.What)
	}
	return nil
}

// Opener opens the desks of changes again, from wherever they were made.
func Opener(a *app.App, j change.Journal) desk.Opener {
	return func(ctx context.Context, o change.Origin) (change.Desk, func(), error) {
		s, err := a.Reopen(ctx, o)
		if err != nil {
			return nil, nil, err
		}
		f := s.Fleets[0]
		if s.ReadOnly(f) {
			s.Close()
			return nil, nil, errors.New("writes are refused here: read-only")
		}
		d := desk.New(desk.Setup{
			Env: kind.Env{Registry: f.Registry, Admin: f.Admin}, Journal: j, Who: who(a), Now: a.Now,
			Origin: func() change.Origin { return o },
		})
		return d, s.Close, nil
	}
}

// Find finds a change by its id or the beginning of it.
func (w *Writer) Find(ctx context.Context, id string) (*change.Batch, error) {
	if w.journal == nil {
		return nil, noSuch(id, journal.ErrNone)
	}
	return Find(ctx, w.journal, id)
}

// noSuch is the answer where there is no journal to look for a change in.
func noSuch(id string, err error) error {
	if !errors.Is(err, journal.ErrNone) {
		return err
	}
	return &app.Error{Code: app.CannotSay, Err: fmt.Errorf("there is no change %s: %w", id, err)}
}

// Find finds a change in a journal.
func Find(ctx context.Context, j change.Journal, id string) (*change.Batch, error) {
	b, err := j.Batch(ctx, id)
	switch {
	case errors.Is(err, change.ErrAmbiguous):
		return nil, app.Usagef("write more of it", "%v", err)
	case errors.Is(err, fleet.ErrNotFound):
		return nil, &app.Error{Code: app.CannotSay, Err: err, Hint: "midwatch changes --all lists them"}
	}
	return b, err
}

// Read opens the journal to read it; journal.ErrNone where there is none.
func Read(ctx context.Context, a *app.App) (*journal.Journal, error) {
	return journal.Read(ctx, stateDir(a), journal.Options{Now: a.Now})
}

// Write opens the journal to write to it.
func Write(ctx context.Context, a *app.App) (*journal.Journal, error) {
	j, err := journal.Open(ctx, stateDir(a), journal.Options{Now: a.Now})
	if err != nil {
		return nil, journalError(err)
	}
	return j, nil
}

// IDs lists the changes there are, for completions: each with what it was.
func IDs(ctx context.Context, a *app.App) []string {
	j, err := Read(ctx, a)
	if err != nil {
		return nil
	}
	defer func() { _ = j.Close() }()
	found, err := j.Batches(ctx, change.Filter{Limit: 50})
	if err != nil {
		return nil
	}
	var ids []string
	for _, b := range found {
		ids = append(ids, b.ID)
	}
	return ids
}

// Overdue says on standard error what should have been put back by now. It
// writes nothing, and costs nothing where there is no journal; what is wrong
// with one is for those who change something.
func Overdue(ctx context.Context, a *app.App) {
	if a.IO.Quiet {
		return
	}
	j, err := Read(ctx, a)
	if err != nil {
		return
	}
	defer func() { _ = j.Close() }()
	now := a.Now()
	due, err := j.Batches(ctx, change.Filter{Due: now.Add(-Late), Limit: 3})
	if err != nil {
		return
	}
	for _, b := range due {
		fmt.Fprintln(a.IO.Err, term.Clean(fmt.Sprintf("overdue: %s since %s; midwatch changes settle", b.ID, term.Duration(now.Sub(b.Until)))))
	}
}

// Late is how long after its end a change counts as overdue: a keeper needs a
// moment too.
const Late = 5 * time.Second

// Keep is the keeper's process: it returns when nothing is left to put back.
func Keep(ctx context.Context, a *app.App) error {
	j, err := Write(ctx, a)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	open := Opener(a, j)
	log, err := keeper.Log(stateDir(a))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	k := keeper.Keeper{
		Journal: j, Self: keeper.Self(), Removed: j.Removed, Log: log, Now: a.Now,
		PutBack: func(ctx context.Context, now time.Time) ([]change.Settled, error) {
			return desk.PutBackDue(ctx, j, open, change.Filter{}, now)
		},
		Again: func(ctx context.Context, b *change.Batch) (int, error) {
			d, done, err := open(ctx, b.Origin)
			if err != nil {
				return 0, err
			}
			defer done()
			return d.Again(ctx, b)
		},
	}
	return k.Run(ctx)
}
