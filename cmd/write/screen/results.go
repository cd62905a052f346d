package screen

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// Ended is how a step ended, in words: already is what nothing was sent for.
func Ended(r *change.Result) string {
	if r.State == change.Done && r.Already && r.Began.IsZero() {
		return "already"
	}
	return strings.ReplaceAll(string(r.State), "_", " ")
}

// Results are the results on a terminal: who is done side by side, and who is not
// with the reason. A plan that was told needs no table below it.
func Results(width int, plan *change.Plan, out *change.Outcome) [][]render.Cell {
	if out == nil {
		return [][]render.Cell{{render.Text("nothing was changed: --dry-run")}}
	}
	names := labels(plan, Every(plan))
	var well, others []int
	for i := range out.Results {
		if out.Results[i].State == change.Done {
			well = append(well, i)
		} else {
			others = append(others, i)
		}
	}
	lines := done(width, well, names, out.Results)
	for _, g := range grouped(len(others), func(n int) (string, string) {
		r := &out.Results[others[n]]
		if len(others) > mostLines {
			return string(r.State) + "\x00" + alike(r.Err, r.Intent.Target), names[others[n]]
		}
		return string(r.State) + "\x00" + reason(r.Err), names[others[n]]
	}) {
		state, text, _ := strings.Cut(g.text, "\x00")
		for i, line := range fit(width-2, g.who()+"  "+text) {
			cell := render.Text("  " + line)
			if i == 0 {
				cell = render.Said(signOf(change.State(state)), line)
			}
			lines = append(lines, []render.Cell{cell})
		}
	}
	return lines
}

// done are those that are as wanted, side by side as far as they fit; of many
// their number.
func done(width int, well []int, names []string, results []change.Result) (lines [][]render.Cell) {
	so := func(i int) bool { return Ended(&results[i]) == "already" }
	if len(well) > mostLines {
		already := 0
		for _, i := range well {
			if so(i) {
				already++
			}
		}
		text := fmt.Sprintf("%d done", len(well)-already)
		if already > 0 {
			text += fmt.Sprintf(", %d so already", already)
		}
		return [][]render.Cell{{render.Said(fleet.Up, text)}}
	}
	left := 0
	for _, i := range well {
		text := names[i]
		if so(i) {
			text += " (already)"
		}
		took := utf8.RuneCountInString(text) + 5
		if left -= took; left < -3 || len(lines) == 0 {
			lines, left = append(lines, nil), width-took
		}
		last := len(lines) - 1
		lines[last] = append(lines[last], render.Said(fleet.Up, text))
	}
	return lines
}

// signOf is the status whose sign and colour a step's end has.
func signOf(s change.State) fleet.Status {
	switch s {
	case change.Done:
		return fleet.Up
	case change.Failed:
		return fleet.Down
	case change.Left:
		return fleet.Degraded
	case change.NotDone:
		return fleet.Maintenance
	case change.Unknown, change.Intended:
	}
	return fleet.Unknown
}

// Summary is what came of a plan in one line: how many, how to undo it, and how to
// go on; retry is what is typed for that, without the change's id. On a terminal
// that is too narrow each command has a line, to be copied.
func (p Page) Summary(out *change.Outcome, retry string) []string {
	b, t := out.Batch, tally(out)
	if b.ID == "" && t.already > 0 {
		return []string{"nothing was changed"}
	}
	parts := []string{fmt.Sprintf("%s %d of %d", deed(&out.Results[0]), t.done, len(out.Results))}
	if t.already > 0 {
		parts[0] += fmt.Sprintf(", %d already", t.already)
	}
	if b.ID != "" {
		parts[0] += ". change " + b.ID
		if len(t.changed) > 0 && b.Undoes == "" {
			parts = append(parts, "undo: midwatch changes undo "+b.ID)
		}
		if t.left > 0 && retry != "" {
			parts = append(parts, "retry: "+retry+" "+cmp.Or(b.Undoes, b.ID)) // it goes on with what it takes back
		}
	}
	if line := strings.Join(parts, " · "); p.Width == 0 || utf8.RuneCountInString(line) <= p.Width {
		return []string{line}
	}
	return parts
}

// Left names what a command that was ended left changed: "2 of 3: a/a-1, a/a-2";
// empty where that is nothing.
func Left(out *change.Outcome) string {
	t := tally(out)
	if len(t.changed) == 0 {
		return ""
	}
	few := t.changed[:min(len(t.changed), 5)]
	return fmt.Sprintf("%d of %d: %s%s", len(t.changed), len(out.Results), strings.Join(few, ", "), more(len(t.changed)-len(few)))
}

// ends counts how steps ended.
type ends struct {
	done, already, left int      // left: to be done still
	changed             []string // names of those that are another than before, or may be
}

func tally(out *change.Outcome) (t ends) {
	for i := range out.Results {
		r := &out.Results[i]
		switch {
		case Ended(r) == "already":
			t.already++
			continue
		case r.State == change.Done:
			t.done++
		default:
			t.left++
		}
		if r.State == change.Done && !r.Undo || r.State == change.Unknown {
			t.changed = append(t.changed, r.Intent.Target.Name())
		}
	}
	return t
}

// deed is what was done, up to "3 of 4".
func deed(r *change.Result) string {
	if r.Undo {
		return "took back"
	}
	verb := r.Intent.Verb()
	if word, ok := map[string]string{
		string(fleet.Trip): "opened on", string(fleet.Reset): "closed on", string(fleet.Bypass): "bypassed on", string(fleet.HalfOpen): "half-opened on",
		change.KindDrain: "took out", "undrain": "put back", change.KindRegister: "registered", change.KindDeregister: "removed",
	}[verb]; ok {
		return word
	}
	return verb + " on"
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}
