package changes

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

func newUndo(a *app.App) *cobra.Command {
	var flags write.Flags
	cmd := &cobra.Command{
		Use: "undo CHANGE", Short: "Take a change back",
		Long: `undo puts every target of a change back to what was there before it, the newest
first, and leaves alone what somebody else has changed since. It asks like every
change, is written down as one, and goes to the context the change was made in,
whatever context is chosen now. After it was broken off, or failed on some targets,
it can be given again: it goes on with the others.`,
		Example: "  midwatch changes undo 1K9XQ2M7AB --dry-run\n  midwatch changes undo 1K9XQ2M7AB --yes --reason \"it was not the database\"",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: ids(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			return write.TakeBack(cmd.Context(), a, &flags, args[0], nil)
		},
	}
	flags.Add(cmd, a)
	flags.AddMany(cmd, a)
	a.AddOutput(cmd, false)
	return cmd
}

func newSettle(a *app.App) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: "settle", Short: "Put back what is overdue, and find out how broken-off changes ended",
		Long: `settle does what a keeper that died did not: it puts back every change whose time is
over, in whatever context it was made, as was agreed to when it was made. And of
changes whose command was killed it reads, target by target, what was done, and
writes that down.`,
		Example: "  midwatch changes settle --dry-run\n  midwatch changes settle",
		Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return settle(cmd.Context(), a, dryRun) },
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be settled, and write nothing")
	a.AddOutput(cmd, false)
	return cmd
}

func settle(ctx context.Context, a *app.App, dryRun bool) error {
	if a.Global.ReadOnly || a.Getenv("MIDWATCH_READ_ONLY") != "" {
		return &app.Error{Code: app.NotWell, Err: errors.New("writes are refused here: read-only")}
	}
	r, err := write.Read(ctx, a)
	if errors.Is(err, journal.ErrNone) {
		return settled(a, nil, nil)
	}
	if err != nil {
		return err
	}
	left, err := unsettled(ctx, a, r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if dryRun || len(left) == 0 {
		return settled(a, left, nil)
	}
	j, err := write.Write(ctx, a)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	failed := settleAll(ctx, a, j, left)
	for i := range left {
		if b, err := j.Batch(ctx, left[i].Batch.ID); err == nil {
			left[i].Batch, left[i].Stand = b, b.Stand(a.Now(), keeper.Alive)
		}
	}
	if err := settled(a, left, failed); err != nil {
		return err
	}
	switch n := len(failed); {
	case n == 0:
		return nil
	case n < len(left):
		return app.End(app.Partial)
	}
	return app.End(app.NotWell)
}

// unsettled lists what is overdue, and what was broken off.
func unsettled(ctx context.Context, a *app.App, j change.Journal) ([]document.Looked, error) {
	open, err := j.Batches(ctx, change.Filter{Open: true})
	if err != nil {
		return nil, err
	}
	var left []document.Looked
	for _, b := range open {
		s := b.Stand(a.Now(), keeper.Alive)
		mine := len(a.Global.Contexts) == 0 || strings.Contains(","+strings.Join(a.Global.Contexts, ",")+",", ","+b.Context+",")
		if mine && (s == change.StandOverdue || s == change.StandInterrupted) {
			left = append(left, document.Looked{Batch: b, Stand: s})
		}
	}
	return left, nil
}

// settleAll puts back what is overdue and finds out what was broken off. It
// returns what could not be settled.
func settleAll(ctx context.Context, a *app.App, j change.Journal, left []document.Looked) []document.Error {
	var failed []document.Error
	open := write.Opener(a, j)
	fail := func(l *document.Looked, err error) {
		l.Note = err.Error()
		failed = append(failed, failure(l.Batch, err))
	}
	for i := range left {
		l := &left[i]
		due := l.Batch.Due(a.Now())
		var wrong error
		if l.Batch.Finished.IsZero() {
			wrong = settleOne(ctx, open, l.Batch)
		}
		if due { // also where some could not be read: the others are put back
			if _, err := desk.PutBack(ctx, open, l.Batch); err != nil {
				wrong = err
			}
		}
		if wrong != nil {
			fail(l, wrong)
		}
	}
	return failed
}

func settleOne(ctx context.Context, open desk.Opener, b *change.Batch) error {
	d, done, err := open(ctx, b.Origin)
	if err != nil {
		return err
	}
	defer done()
	return d.Settle(ctx, b)
}

// settled shows what was settled, or is to be.
func settled(a *app.App, all []document.Looked, failed []document.Error) error {
	if len(all) > 0 {
		return list(a, all, failed)
	}
	return render.Write(a.IO, a.Output, render.View{
		Document: document.Changes("", a.Now(), nil, nil), Notes: []string{"nothing is overdue, and nothing was broken off"},
	})
}

func newKeep(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use: "keep", Hidden: true, Short: "Put changes back when they end (started by commands with --ttl)",
		Example: "  midwatch changes keep",
		Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return write.Keep(cmd.Context(), a) },
	}
}
