package write

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

// terminal is the Front of a command: people read standard error and answer on
// their terminal; standard output has the answer.
type terminal struct{ app *app.App }

// Width is that of standard error.
func (t terminal) Width() int {
	if t.app.IO.ErrTTY {
		return t.app.IO.Width()
	}
	return 0
}

func (t terminal) Tell(line string) { t.notes([]string{line}) }

func (t terminal) notes(lines []string) {
	_ = render.Notes(t.app.IO, lines, "") // nobody can be told that nobody can be told
}

func (t terminal) Show(q Question) {
	if q.Again {
		t.Tell("What is there changed meanwhile. The plan is now:")
	}
	t.notes(q.Lines)
}

func (t terminal) Ask(ctx context.Context, q Question) (bool, error) {
	t.Show(q)
	if q.Name != "" {
		return t.app.IO.TypeName(ctx, "Type the service's name to go on:", q.Name)
	}
	return t.app.IO.Confirm(ctx, "Go on?")
}

func (t terminal) Working(of int) (tell func(change.Result), done func()) {
	progress := t.app.IO.Progress()
	known := 0
	return func(change.Result) { known++; progress.Count(known, of, "targets done") }, progress.Done
}

func (t terminal) End(e Ended) error {
	err := t.document(e)
	t.notes(e.Lines)
	return err
}

// document writes the plan, or what came of it, to standard output.
func (t terminal) document(e Ended) error {
	plan, out := e.Plan, e.Outcome
	v := render.View{
		Document: document.Plan(t.app.Now(), *plan, out, out == nil, int(e.Code)),
		Table:    render.Table{Columns: []render.Column{{Name: "CHANGE"}, {Name: "WAS", Flex: true}, {Name: "WILL BE", Flex: true}, {Name: "ALSO", Flex: true}}},
	}
	if out != nil {
		v.Table.Columns = []render.Column{{Name: "CHANGE"}, {Name: "RESULT"}, {Name: "WAS", Flex: true}, {Name: "NOW", Flex: true}}
		v.Hint = HintOf(out.Results)
	}
	if t.app.IO.OutTTY && (t.app.Output.Format == "" || t.app.Output.Format == render.FormatTable) {
		v.Lead = screen.Results(t.app.IO.Width(), plan, out) // the plan was told: it needs no table below it
		v.Table, v.Hint = render.Table{}, ""
		return render.Write(t.app.IO, t.app.Output, v)
	}
	for i := range plan.Steps {
		s := &plan.Steps[i]
		v.Names = append(v.Names, s.Intent.Target.Service+"/"+s.Intent.Target.Instance)
		cells := []render.Cell{render.Text(s.What), render.Text(s.Was), render.Text(s.Will), render.Text(also(s))}
		if out != nil {
			r := &out.Results[i]
			now := r.Now
			if r.Err != nil {
				now = r.Err.Error()
			}
			cells = []render.Cell{render.Text(s.What), render.Text(screen.Ended(r)), render.Text(s.Was), render.Text(now)}
		}
		v.Table.Rows = append(v.Table.Rows, render.Row{Cells: cells})
	}
	return render.Write(t.app.IO, t.app.Output, v)
}

// also is what else a step does, or why it cannot be done.
func also(s *change.Step) string {
	if s.Err != nil {
		return fmt.Sprintf("cannot be done: %v", s.Err)
	}
	return strings.Join(s.SideEffects, "; ")
}

// HintOf is what to do about what failed: each hint once, and the first few.
func HintOf(results []change.Result) string {
	var hints []string
	for i := range results {
		if hint := fleet.HintOf(results[i].Err); hint != "" && !slices.Contains(hints, hint) && len(hints) < 3 {
			hints = append(hints, hint)
		}
	}
	return strings.Join(hints, " · ")
}
