package write

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

// show writes the plan, or what came of it.
func (w *Writer) show(plan *change.Plan, out *change.Outcome, code app.Code) error {
	v := render.View{
		Document: document.Plan(w.app.Now(), *plan, out, w.flags.DryRun, int(code)),
		Table:    render.Table{Columns: []render.Column{{Name: "CHANGE"}, {Name: "WAS", Flex: true}, {Name: "WILL BE", Flex: true}, {Name: "ALSO", Flex: true}}},
	}
	if out != nil {
		v.Table.Columns = []render.Column{{Name: "CHANGE"}, {Name: "RESULT"}, {Name: "WAS", Flex: true}, {Name: "NOW", Flex: true}}
		v.Hint = hintOf(out.Results)
	}
	if w.app.IO.OutTTY && (w.app.Output.Format == "" || w.app.Output.Format == render.FormatTable) {
		v.Lead = screen.Results(w.app.IO.Width(), plan, out) // the plan was told: it needs no table below it
		v.Table, v.Hint = render.Table{}, ""
		return render.Write(w.app.IO, w.app.Output, v)
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
	return render.Write(w.app.IO, w.app.Output, v)
}

// also is what else a step does, or why it cannot be done.
func also(s *change.Step) string {
	if s.Err != nil {
		return "cannot be done: " + s.Err.Error()
	}
	return strings.Join(s.SideEffects, "; ")
}

// hintOf is what to do about what failed: each hint once, and the first few.
func hintOf(results []change.Result) string {
	var hints []string
	for i := range results {
		if hint := fleet.HintOf(results[i].Err); hint != "" && !slices.Contains(hints, hint) && len(hints) < 3 {
			hints = append(hints, hint)
		}
	}
	return strings.Join(hints, " · ")
}

// after says, when all is done, what came of it, how to undo it and how to go
// on, and what a command that was ended left changed.
func (w *Writer) after(ctx context.Context, p *Proposal, out *change.Outcome) {
	if len(out.Results) == 0 {
		return
	}
	if left := screen.Left(out); ctx.Err() != nil && left != "" {
		w.note("stopped. Left changed: %s", left)
	}
	for _, line := range w.page().Summary(out, p.Retry) {
		w.note("%s", line)
	}
}

// page is what standard error is.
func (w *Writer) page() screen.Page {
	p := w.flags.Page()
	if w.app.IO.ErrTTY {
		p.Width = w.app.IO.Width()
	}
	return p
}

// tell shows a plan to whoever has to agree to it.
func (w *Writer) tell(p *Proposal, plan *change.Plan, kept change.Keeper) {
	if w.app.IO.Quiet {
		return
	}
	var parts []screen.Passage
	if p.Says != nil {
		parts = p.Says(*plan)
	}
	page := w.page()
	lines := page.Plan(plan, parts)
	if w.flags.TTL > 0 {
		lines = append(lines, page.Fitted(0, fmt.Sprintf("Put back %s (%s) %s.", w.at(w.app.Now().Add(w.flags.TTL)), term.Duration(w.flags.TTL), w.by(kept)))...)
	}
	_ = render.Notes(w.app.IO, lines, "") // nobody can be told that nobody can be told
}
