package write

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
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
			cells = []render.Cell{render.Text(s.What), render.Text(strings.ReplaceAll(string(r.State), "_", " ")), render.Text(s.Was), render.Text(now)}
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

// after says, when all is done, how to undo it and how to go on, and what a
// command that was ended left changed.
func (w *Writer) after(ctx context.Context, p *Proposal, out *change.Outcome) {
	b := out.Batch
	if w.app.IO.Quiet || len(out.Results) == 0 {
		return
	}
	changed, left := 0, 0
	var names []string
	for i := range out.Results {
		r := &out.Results[i]
		switch {
		case r.State == change.Done && !r.Undo, r.State == change.Unknown:
			changed++
			if len(names) < 5 {
				names = append(names, r.Intent.Target.Name())
			}
		}
		if r.State != change.Done {
			left++
		}
	}
	if ctx.Err() != nil && changed > 0 {
		w.note("stopped. Left changed: %d of %d: %s%s", changed, len(out.Results), strings.Join(names, ", "), more(changed-len(names)))
	}
	for _, hint := range hints(out.Results) {
		w.note("hint: %s", hint)
	}
	if b.ID == "" || b.Undoes != "" && left == 0 {
		return
	}
	line := "change " + b.ID
	if changed > 0 && b.Undoes == "" {
		line += " · undo: midwatch changes undo " + b.ID
	}
	if left > 0 && p.Retry != "" {
		id := b.ID
		if b.Undoes != "" {
			id = b.Undoes // it goes on with what it takes back
		}
		line += " · retry: " + p.Retry + " " + id
	}
	w.note("%s", line)
}

// hints are what to do about what failed, each once and the first few.
func hints(results []change.Result) (all []string) {
	for i := range results {
		var known *fleet.Error
		if errors.As(results[i].Err, &known) && known.Hint != "" && !slices.Contains(all, known.Hint) && len(all) < 3 {
			all = append(all, known.Hint)
		}
	}
	return all
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}
