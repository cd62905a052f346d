// Package changes is `midwatch changes`: what was changed, by whom, why, what of
// it is still in force, and how to take it back.
package changes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

const example = `  midwatch changes                                 what is in force, and what was changed today
  midwatch changes list --verify                   and whether it is still so
  midwatch changes show 1K9XQ2M7AB                 one change, target by target
  midwatch changes undo 1K9XQ2M7AB                 take it back
  midwatch changes settle                          put back what is overdue`

// New returns the command and those below it.
func New(a *app.App) *cobra.Command {
	o := &listing{}
	cmd := &cobra.Command{
		Use: "changes", Short: "What was changed, by whom, and what is still in force", Example: example,
		SuggestionsMinimumDistance: 2,
		Long: `Whatever midwatch changes is written down before it is done: what, on which
targets, what was there before, who, when and why. "changes" lists it, "changes
undo" takes it back, from any terminal of the same user. The journal is a file in
the user's state folder ($XDG_STATE_HOME/midwatch/journal.db).`,
		Args: cobra.ArbitraryArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown(cmd, args[0])
			}
			return o.run(cmd.Context(), a)
		},
	}
	o.add(cmd, a)
	cmd.AddCommand(newList(a), newShow(a), newUndo(a), newSettle(a), newExport(a), newKeep(a))
	return cmd
}

func unknown(cmd *cobra.Command, word string) error {
	hint := "there are: list, show, undo, settle, export"
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		hint = "did you mean midwatch changes " + strings.Join(near, " or ") + "?"
	}
	return app.Usagef(hint, "there is no command %q", "midwatch changes "+word)
}

// listing is the flags of a list.
type listing struct {
	all    bool
	verify bool
}

func newList(a *app.App) *cobra.Command {
	o := &listing{}
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List changes, those in force first",
		Long: `list shows what is in force, what should have ended, what was broken off, and what
else was changed within a day; --all shows everything. It reads the journal and
nothing else, so it is quick and works when the fleet does not. With --verify each
target of what is in force is read, and what is not as it was left is "drifted".`,
		Example: "  midwatch changes list\n  midwatch changes list --verify\n  midwatch changes list --all -o jsonl | grep payment",
		Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), a) },
	}
	o.add(cmd, a)
	return cmd
}

func (o *listing) add(cmd *cobra.Command, a *app.App) {
	cmd.Flags().BoolVar(&o.all, "all", false, "also what was changed long ago and is over")
	cmd.Flags().BoolVar(&o.verify, "verify", false, "read what is there now, and say what drifted")
	a.AddOutput(cmd, false)
}

func (o *listing) run(ctx context.Context, a *app.App) error {
	j, err := write.Read(ctx, a)
	if errors.Is(err, journal.ErrNone) {
		return list(a, nil, nil)
	}
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	looked, err := write.List(ctx, j, a.Global.Contexts, a.Now(), o.all)
	if err != nil {
		return err
	}
	var failed []document.Error
	if o.verify {
		failed = verify(ctx, a, j, looked)
	}
	write.Sort(looked)
	return list(a, looked, failed)
}

// verify reads the targets of what is in force, and says of which it could not.
func verify(ctx context.Context, a *app.App, j change.Journal, all []document.Looked) []document.Error {
	var failed []document.Error
	open := write.Opener(a, j)
	for i := range all {
		l := &all[i]
		if l.Batch.Tally().InForce == 0 {
			continue
		}
		d, done, err := open(ctx, l.Batch.Origin)
		if err != nil {
			failed = append(failed, failure(l.Batch, err))
			continue
		}
		l.Now = d.Look(ctx, l.Batch)
		done()
		drift(a, l)
	}
	return failed
}

// failure is why something of a change could not be found out, or done.
func failure(b *change.Batch, err error) document.Error {
	reason, detail := fleet.ReasonOf(err)
	return document.Error{Context: b.Context, Reason: string(reason), Detail: b.ID + ": " + detail, Hint: fleet.HintOf(err)}
}

// drift says what a look found.
func drift(a *app.App, l *document.Looked) {
	drifted, unread := 0, 0
	for i := range l.Now {
		s := &l.Now[i]
		switch {
		case s.Err != nil:
			unread++
			if l.Note == "" {
				l.Note = s.Step.Intent.Target.Name() + " cannot be read: " + s.Err.Error()
			}
		case !s.Holds:
			if drifted++; drifted > 1 {
				continue
			}
			l.Note = s.Now
			if !s.Since.IsZero() {
				l.Note += " since " + clock(a, s.Since)
			}
			l.Note += ", not by us"
		}
	}
	if drifted > 0 {
		l.Stand = change.StandDrifted
		if len(l.Now) > 1 {
			l.Note = fmt.Sprintf("%d of %d: %s", drifted, len(l.Now), l.Note)
		}
	}
}

func clock(a *app.App, at time.Time) string {
	if a.Global.UTC {
		return at.UTC().Format("15:04 MST")
	}
	return at.Local().Format("15:04 MST")
}

// list writes the table of changes.
func list(a *app.App, all []document.Looked, failed []document.Error) error {
	v := render.View{
		Document: document.Changes(strings.Join(a.Global.Contexts, ","), a.Now(), all, failed),
		Table: render.Table{Columns: []render.Column{
			{Name: "CHANGE"},
			{Name: "WHAT", Flex: true},
			{Name: "WHERE", Flex: true},
			{Name: "WHO"},
			{Name: "SINCE"},
			{Name: "ENDS"},
			{Name: "NOW", Flex: true},
			{Name: "CONTEXT", Wide: true},
			{Name: "REASON", Wide: true, Flex: true},
		}},
	}
	for _, e := range failed {
		v.Notes = append(v.Notes, "could not be verified: "+e.Detail)
	}
	for i := range all {
		l := &all[i]
		v.Names = append(v.Names, l.Batch.ID)
		v.Table.Rows = append(v.Table.Rows, row(a, l))
		if l.Stand == change.StandOverdue || l.Stand == change.StandInterrupted {
			v.Hint = "midwatch changes settle"
		}
	}
	if len(all) == 0 {
		v.Table = render.Table{}
		v.Notes = append(v.Notes, "nothing is in force, and nothing was changed within a day")
	}
	return render.Write(a.IO, a.Output, v)
}

func row(a *app.App, l *document.Looked) render.Row {
	b := l.Batch
	now := strings.ReplaceAll(string(l.Stand), "_", " ")
	if l.Note != "" {
		now += ": " + l.Note
	}
	return render.Row{Cells: []render.Cell{
		render.Text(b.ID), render.Text(b.What), render.Text(where(b)), render.Text(b.Who.Name()), render.Age(b.At), render.Text(ends(a, b, l.Stand)), render.Text(now),
		render.Text(b.Context), render.Text(b.Reason),
	}}
}

// where says on what the change was made.
func where(b *change.Batch) string {
	t := b.Tally()
	if t.All == 1 {
		return b.Steps[0].Intent.Target.Source
	}
	return fmt.Sprintf("%d of %d instances", t.Done, t.All)
}

// ends says when the change is put back: in 8 m, for people.
func ends(a *app.App, b *change.Batch, s change.Stand) string {
	switch {
	case b.Until.IsZero() || !s.Open():
		return ""
	case !a.IO.OutTTY:
		return b.Until.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	if left := b.Until.Sub(a.Now()); left > 0 {
		return "in " + term.Duration(left)
	}
	return term.Duration(a.Now().Sub(b.Until)) + " ago"
}
