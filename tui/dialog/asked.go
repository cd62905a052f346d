package dialog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Asked is a dialog that can be had in lines: what is to be said, a question, and
// the line that answers it.
type Asked interface {
	Dialog
	// Hear is what is said before the question; what was said once is not said again.
	Hear(v *page.View) []widget.Line
	// Ask is the question that the next line answers; empty: nothing is asked yet.
	Ask(v *page.View) string
	// Answer takes the line. Over: the dialog is closed, before the intent is obeyed.
	Answer(v *page.View, line string) (want page.Intent, over bool)
}

// Hear is what will be done.
func (f *Form) Hear(v *page.View) []widget.Line {
	return append(append(paragraph(v, theme.Strong, f.Says()), f.promise(v)...), widget.Text(theme.Dim, "esc leaves."))
}

// Ask is the field that comes next, and what stands in it.
func (f *Form) Ask(*page.View) string {
	fd := f.fields[f.at]
	fault := ""
	if fd.fault != "" {
		fault = fd.fault + ". "
	}
	switch {
	case len(fd.options) > 0:
		return fmt.Sprintf("%s%s, %s; or %s:", fault, fd.name, fd.options[fd.at], strings.Join(slices.Delete(slices.Clone(fd.options), fd.at, fd.at+1), ", "))
	case fd.text != "":
		return fmt.Sprintf("%s%s, %s where you say nothing:", fault, fd.name, fd.text)
	}
	return fault + fd.name + ":"
}

// Answer fills the field in, and goes to the next; after the last one the plan is
// made.
func (f *Form) Answer(v *page.View, line string) (page.Intent, bool) {
	fd := f.fields[f.at]
	fd.fault = ""
	switch {
	case line == "esc":
		return nil, true
	case line == "":
	case len(fd.options) > 0:
		before := fd.at
		fd.at = slices.Index(fd.options, line)
		if fd.at < 0 {
			if fd.at = before; !fd.begins(line) {
				fd.fault = "there is no " + line
				return nil, false
			}
		}
	default:
		before := fd.text
		fd.text, fd.whole = "", false
		if fd.press("", line); fd.fault == "" && fd == f.after {
			_, fd.fault = duration(fd.text)
		}
		if fd.fault != "" {
			fd.text = before
			return nil, false
		}
	}
	if f.at+1 < len(f.fields) {
		f.at++
		return nil, false
	}
	want, over := f.Press(v, "enter", "")
	if want != nil {
		f.at = 0 // the plan may be refused
	}
	return want, over
}

// begins chooses the option that begins with a text, where there is one.
func (f *field) begins(text string) bool {
	for i, o := range f.options {
		if strings.HasPrefix(strings.ToLower(o), strings.ToLower(text)) {
			f.at = i
			return true
		}
	}
	return false
}

// Hear is the plan.
func (q *Question) Hear(v *page.View) []widget.Line { return q.lines(v) }

// Ask is what has to be typed. Nothing is asked while no answer is taken.
func (q *Question) Ask(v *page.View) string {
	fault := ""
	if q.fault != "" {
		fault = q.fault + ". "
	}
	switch {
	case q.Waits(v.Now) > 0:
		return ""
	case q.q.Type != "":
		return fault + "Type " + v.Theme.Text(q.q.Type) + " to go on, anything else is no:"
	}
	return fault + q.asks + " Type yes, anything else is no:"
}

// Answer takes the person's word: yes, or the name; all else is no.
func (q *Question) Answer(v *page.View, line string) (page.Intent, bool) {
	switch {
	case q.Waits(v.Now) > 0:
		return nil, false
	case q.q.Type != "" && v.Theme.Text(line) == v.Theme.Text(q.q.Type), q.q.Type == "" && strings.EqualFold(line, "yes"):
		return q.yes, true
	}
	return q.no, true
}

// Hear is what came of it; while it is made, what came of each target, without
// how many there were so far.
func (r *Result) Hear(v *page.View) []widget.Line {
	if !r.Running() {
		return r.lines(v)
	}
	var lines []widget.Line
	for _, of := range [][]change.Result{r.failed, r.done} {
		for i := range of {
			lines = append(append(lines, row(&of[i], false)), why(v, of[i].Err)...)
		}
	}
	return lines
}

// Ask says how it goes on.
func (r *Result) Ask(*page.View) string {
	switch {
	case r.retries():
		return "U undoes it, A tries again what was not done, an empty line goes back:"
	case r.undoes():
		return "U undoes it, an empty line goes back:"
	case r.over:
		return "an empty line goes back:"
	case r.Running() && !r.stopped:
		return "it is being made; X stops it:"
	}
	return ""
}

// Answer undoes, stops, or goes back.
func (r *Result) Answer(v *page.View, line string) (page.Intent, bool) {
	switch {
	case line == "U" || line == "X" || line == "A":
		return r.Press(v, line, line)
	case line == "" && !r.over:
		return nil, false
	}
	return r.Press(v, "esc", "")
}
