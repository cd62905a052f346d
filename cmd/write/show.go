package write

import (
	"context"
	"fmt"

	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// page is where plans are shown.
func (w *Writer) page() screen.Page {
	p := w.flags.Page()
	p.Width = w.front.Width()
	return p
}

// lines are a plan for whoever has to agree to it.
func (w *Writer) lines(p *Proposal, plan *change.Plan, kept change.Keeper) []string {
	var parts []screen.Passage
	if p.Says != nil {
		parts = p.Says(*plan)
	}
	page := w.page()
	lines := page.Plan(plan, parts)
	if w.flags.TTL > 0 {
		lines = append(lines, page.Fitted(0, fmt.Sprintf("Put back %s (%s) %s.", w.at(w.app.Now().Add(w.flags.TTL)), term.Duration(w.flags.TTL), w.by(kept)))...)
	}
	return lines
}

// after are the sentences when all is done: what came of it, how to undo it and
// how to go on, and what a command that was ended left changed.
func (w *Writer) after(ctx context.Context, p *Proposal, out *change.Outcome) (lines []string) {
	if len(out.Results) == 0 {
		return nil
	}
	if left := screen.Left(out); ctx.Err() != nil && left != "" {
		lines = append(lines, "stopped. Left changed: "+left)
	}
	return append(lines, w.page().Summary(out, p.Retry)...)
}

// note says something to people beside plan and answer.
func (w *Writer) note(format string, args ...any) { w.front.Tell(fmt.Sprintf(format, args...)) }
