package changes

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

// ids completes the one CHANGE of a command.
func ids(a *app.App) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return write.IDs(cmd.Context(), a), cobra.ShellCompDirectiveNoFileComp
	}
}

func newShow(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show CHANGE", Short: "One change, target by target, and how it is there now",
		Long: `show prints who made a change, when, why and on what, what was there before, and,
of what is in force, what is there now. The beginning of an id is enough where no
other begins so.`,
		Example: "  midwatch changes show 1K9XQ2M7AB\n  midwatch changes show 1K9XQ -o json",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: ids(a),
		RunE: func(cmd *cobra.Command, args []string) error { return show(cmd.Context(), a, args[0]) },
	}
	a.AddOutput(cmd, false)
	return cmd
}

func show(ctx context.Context, a *app.App, id string) error {
	j, b, err := write.ReadOne(ctx, a, id)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	all := []document.Looked{{Batch: b, Stand: b.Stand(a.Now(), keeper.Alive)}}
	failed := verify(ctx, a, j, all)
	l := &all[0]
	v := render.View{
		Document: document.Changes(b.Context, a.Now(), all, failed),
		Names:    []string{b.ID},
		Lead:     lead(a, l),
		Table: render.Table{Columns: []render.Column{
			{Name: "TARGET"}, {Name: "WAS", Flex: true}, {Name: "RESULT"}, {Name: "NOW", Flex: true}, {Name: "LATER"},
		}},
	}
	found := map[int]*change.Standing{}
	for i := range l.Now {
		found[l.Now[i].Step.N] = &l.Now[i]
	}
	for i := range b.Steps {
		v.Table.Rows = append(v.Table.Rows, targetRow(&b.Steps[i], found[b.Steps[i].N]))
	}
	for _, e := range failed {
		v.Notes = append(v.Notes, "could not be read: "+e.Detail)
	}
	if l.Stand.Open() && b.Undoes == "" {
		v.Hint = "midwatch changes undo " + b.ID
	}
	return render.Write(a.IO, a.Output, v)
}

// lead says who, when and why.
func lead(a *app.App, l *document.Looked) (lines [][]render.Cell) {
	add := func(line string) { lines = append(lines, []render.Cell{render.Text(line)}) }
	b := l.Batch
	add(fmt.Sprintf("%s  %s: %s", b.ID, b.What, strings.ReplaceAll(string(l.Stand), "_", " ")))
	by := "by " + b.Who.String()
	for _, more := range []string{b.Who.Terminal, b.Who.Run} {
		if more != "" {
			by += ", " + more
		}
	}
	by += ", " + term.Duration(max(a.Now().Sub(b.At), 0)) + " ago"
	if b.Reason != "" {
		by += fmt.Sprintf(": %q", b.Reason)
	}
	add("  " + by)
	if end := ends(a, b, l.Stand); end != "" {
		end = "ends " + end
		if !b.Keeper.IsZero() {
			end += fmt.Sprintf(", by keeper %d on %s", b.Keeper.PID, b.Keeper.Host)
		}
		add("  " + end)
	}
	if b.Undoes != "" {
		add("  takes back " + b.Undoes)
	}
	add("")
	return lines
}

func targetRow(r *change.Record, s *change.Standing) render.Row {
	now := r.Now
	switch {
	case s != nil && s.Err != nil:
		now = "cannot be read: " + s.Err.Error()
	case s != nil && !s.Holds:
		now = s.Now + ", not by us"
	case s != nil:
		now = s.Now
	case r.Error != "":
		now = r.Error
	}
	later := string(r.Put)
	if later != "" {
		later += " by " + r.PutBy
	}
	return render.Row{Cells: []render.Cell{
		render.Text(r.Intent.Target.Name()), render.Text(r.Was), render.Text(strings.ReplaceAll(string(r.State), "_", " ")), render.Text(now), render.Text(later),
	}}
}

func newExport(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "export", Short: "Everything that was changed, as JSON lines",
		Long:    "export writes all changes of the journal to standard output, one in a line, in the\nshape that \"midwatch schema Changes\" has for its items.",
		Example: "  midwatch changes export > changes.jsonl\n  midwatch changes export | jq -r 'select(.who.name == \"alice\") | .what'",
		Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := &listing{all: true}
			return o.run(cmd.Context(), a)
		},
	}
	a.AddOutput(cmd, false)
	cmd.PreRunE = before(cmd.PreRunE, func() {
		if !cmd.Flags().Changed("output") {
			a.Output.Format = "jsonl"
		}
	})
	return cmd
}

// before runs something ahead of what a command does first.
func before(then func(*cobra.Command, []string) error, first func()) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		first()
		return then(cmd, args)
	}
}
