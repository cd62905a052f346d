package dialog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Result is a change while it is made, and what came of it: a line for each
// target as it is done, those that failed first. It can be left and shown again.
type Result struct {
	says    string // what is done
	wish    desk.Wish
	stop    page.Intent // gives up planning, or stops what is being made
	told    []string
	failed  []change.Result
	done    []change.Result
	of      int
	agreed  bool
	stopped bool
	over    bool
	end     desk.End
	err     error
	top     int
}

// NewResult returns one of a wish that is about to be planned; stop is what the
// root is to do where the person stops it.
func NewResult(says string, w desk.Wish, stop page.Intent) *Result {
	return &Result{says: says, wish: w, stop: stop}
}

// Tell takes a line that was told beside the plan.
func (r *Result) Tell(line string) { r.told = append(r.told, line) }

// Agreed says that the plan is carried out from now on.
func (r *Result) Agreed() { r.agreed = true }

// Stopped says that nothing more is begun.
func (r *Result) Stopped() { r.stopped = true }

// Done takes what came of one target.
func (r *Result) Done(one change.Result, of int) {
	r.of = of
	if one.State == change.Done {
		r.done = append(r.done, one)
	} else {
		r.failed = append(r.failed, one)
	}
}

// End takes what came of it all. Results that were not told one by one are taken
// from there.
func (r *Result) End(end desk.End, err error) {
	r.over, r.end, r.err = true, end, err
	if len(end.Results) == 0 {
		return
	}
	r.failed, r.done, r.of = nil, nil, len(end.Results)
	for _, one := range end.Results {
		r.Done(one, r.of)
	}
}

// Running says that it is being made.
func (r *Result) Running() bool { return r.agreed && !r.over }

// undoes says that there is something that can be undone.
func (r *Result) undoes() bool { return r.over && r.end.Change != "" && r.wish.Verb != desk.Undo }

// retries says that there is something left of it that can be tried again.
func (r *Result) retries() bool { return r.undoes() && len(r.failed) > 0 }

// Press scrolls, stops, undoes, tries again, or leaves.
func (r *Result) Press(v *page.View, key, _ string) (page.Intent, bool) {
	switch {
	case key == "U" && r.undoes():
		return page.Want{Wish: desk.Wish{Verb: desk.Undo, Change: r.end.Change, Context: r.wish.Context}}, true
	case key == "A" && r.retries():
		return page.Want{Wish: desk.Wish{Verb: desk.Retry, Change: r.end.Change, Context: r.wish.Context, Reason: r.wish.Reason, TTL: r.wish.TTL}}, true
	case key == "X" && r.Running() && !r.stopped:
		return r.stop, false
	case key == "esc", key == "q", key == "ctrl+c", key == "left", key == "h", key == "backspace":
		if !r.agreed && !r.over {
			return r.stop, true
		}
		return nil, true
	case key == "enter" && r.over:
		return nil, true
	}
	Scrolled(&r.top, v, key)
	r.settle(v)
	return nil, false
}

// Wheel scrolls.
func (r *Result) Wheel(v *page.View, by int) {
	r.top += by
	r.settle(v)
}

func (r *Result) settle(v *page.View) {
	r.top = max(0, min(r.top, lowest(len(r.lines(v)), v.Height)))
}

// Draw draws what is known.
func (r *Result) Draw(v *page.View) []widget.Line {
	return window(r.lines(v), r.top, v.Height)
}

func (r *Result) lines(v *page.View) []widget.Line {
	lines := paragraph(v, theme.Strong, r.says)
	if v.Height < 10 { // what comes of it is more to the point
		lines = []widget.Line{widget.Text(theme.Strong, " "+r.says)}
	}
	for _, t := range r.told {
		lines = append(lines, paragraph(v, theme.Dim, t)...)
	}
	lines = append(lines, r.state(v)...)
	if len(r.failed)+len(r.done) > 0 && v.Height > 8 {
		lines = append(lines, widget.Blank())
	}
	wide := func(one change.Result) bool { return widget.SpansWidth(v.Theme, row(&one, false).Left) > v.Width }
	short := slices.ContainsFunc(r.failed, wide) || slices.ContainsFunc(r.done, wide)
	for _, of := range [][]change.Result{r.failed, r.done} {
		for i := range of {
			lines = append(append(lines, row(&of[i], short)), why(v, of[i].Err)...)
		}
	}
	return lines
}

// state is how far it is, or how it ended.
func (r *Result) state(v *page.View) (lines []widget.Line) {
	switch {
	case r.over:
		return r.ending(v)
	case !r.agreed:
		return paragraph(v, theme.Dim, "Reading what is there. "+r.nothing()+" is changed yet.")
	}
	text := "being made"
	if r.of > 0 {
		text = fmt.Sprintf("%d of %d done", len(r.done), r.of)
	}
	tone := theme.Plain
	if len(r.failed) > 0 {
		text, tone = text+fmt.Sprintf(", %d not", len(r.failed)), theme.Warn
	}
	if r.stopped {
		text += "; stopping: what is in hand is finished"
	}
	return paragraph(v, tone, text)
}

// nothing begins what is said of a change that was not made: something may have been
// put back before it.
func (r *Result) nothing() string {
	if len(r.told) > 0 {
		return "Nothing else"
	}
	return "Nothing"
}

// ending is what came of it, its id, and what went wrong.
func (r *Result) ending(v *page.View) (lines []widget.Line) {
	tone := theme.Good
	if r.err != nil || len(r.failed) > 0 {
		tone = theme.Bad
	}
	if r.err != nil {
		text := r.err.Error()
		if errors.Is(r.err, context.Canceled) {
			text = "It was stopped."
		}
		lines = append(lines, paragraph(v, tone, "✗ "+text)...)
		if hint := fleet.HintOf(r.err); hint != "" {
			lines = append(lines, paragraph(v, theme.Plain, "  hint: "+hint)...)
		}
		switch {
		case r.end.Change != "" || strings.Contains(text, "nothing was changed"):
		case r.of == 0:
			lines = append(lines, paragraph(v, theme.Dim, "  "+r.nothing()+" was changed.")...)
		case len(r.end.Results) == 0: // targets were told, and then no more was heard
			lines = append(lines, paragraph(v, theme.Doubt, "  What is not listed here is not known; :changes has what was written down.")...)
		}
	}
	for _, l := range r.end.Lines {
		lines = append(lines, paragraph(v, tone, l)...)
	}
	if len(r.end.Lines) == 0 && r.err == nil && r.of > 0 {
		lines = append(lines, paragraph(v, tone, fmt.Sprintf("Done on %d of %d.", len(r.done), r.of))...)
	}
	switch {
	case r.undoes():
		lines = append(lines, paragraph(v, theme.Plain, "Change "+r.end.Change+"; U undoes it.")...)
	case r.end.Change != "":
		lines = append(lines, paragraph(v, theme.Plain, "This is change "+r.end.Change+".")...)
	}
	return lines
}

// row is what came of one target: sign, word, name, and what is there now. Short: its
// service is left out.
func row(r *change.Result, short bool) widget.Line {
	sign, word, tone := mark(r)
	name, now := r.Intent.Target.Name(), ""
	if short && r.Intent.Target.Instance != "" {
		name = strings.TrimSpace(r.Intent.Target.Instance + " " + r.Intent.Target.Breaker)
	}
	if r.Now != "" {
		if now = "  "; r.Was != "" && r.Was != r.Now {
			now += r.Was + " → "
		}
		now += r.Now
	}
	return widget.Line{Left: []widget.Span{{Text: " " + sign + " ", Tone: tone}, {Text: name + "  "}, {Text: word, Tone: tone}, {Text: now, Tone: theme.Dim}}}
}

// why is what failed, and what to do about it.
func why(v *page.View, err error) (lines []widget.Line) {
	if err == nil {
		return nil
	}
	lines = paragraph(v, theme.Plain, "    "+err.Error())
	if hint := fleet.HintOf(err); hint != "" {
		lines = append(lines, paragraph(v, theme.Dim, "    hint: "+hint)...)
	}
	return lines
}

// mark is how a step ended, as a sign and a word.
func mark(r *change.Result) (sign, word string, tone theme.Tone) {
	switch r.State {
	case change.Done:
		if r.Already && r.Began.IsZero() {
			return "✓", "so already", theme.Good
		}
		return "✓", "done", theme.Good
	case change.Failed:
		return "✗", "failed", theme.Bad
	case change.NotDone:
		return "–", "not begun", theme.Warn
	case change.Left:
		return "!", "left alone", theme.Warn
	case change.Unknown, change.Intended:
	}
	return "?", "not known", theme.Doubt
}

// Keys are those of the state it is in.
func (r *Result) Keys() [][2]string {
	words := [][2]string{{"↑↓", "scroll"}}
	switch {
	case r.retries():
		return slices.Concat(words, [][2]string{{"U", "undo"}, {"A", "again"}, {"esc", "close"}})
	case r.undoes():
		return slices.Concat(words, [][2]string{{"U", "undo"}, {"esc", "close"}})
	case r.over:
		return append(words, [2]string{"esc", "close"})
	case !r.agreed:
		return [][2]string{{"esc", "give up"}}
	case r.stopped:
		return append(words, [2]string{"esc", "leave it running"})
	}
	return append(words, [2]string{"X", "stop it"}, [2]string{"esc", "leave it running"})
}
