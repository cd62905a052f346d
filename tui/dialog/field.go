package dialog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// field is one thing that a form asks for: chosen among options, or typed, with
// values to step through where most people want one of a few.
type field struct {
	name    string
	options []string // nil: it is typed
	at      int      // of options, or of steps
	text    string
	steps   []string
	whole   bool // the text is replaced by what is typed next: nobody typed it
	longest int  // bytes of text; 0: any
	fault   string
}

// press edits; what does not edit is nothing.
func (f *field) press(key, text string) {
	f.fault = ""
	switch {
	case key == "left" || key == "right":
		f.step(key == "right")
	case f.options != nil:
		if key == "space" {
			f.step(true)
		} else if text != "" {
			f.jump(text)
		}
	case key == "backspace" || key == "ctrl+h":
		f.text, f.whole = cutLast(f.text), false
	case key == "ctrl+u":
		f.text, f.whole = "", false
	case key == "ctrl+w":
		f.text, f.whole = f.text[:strings.LastIndexByte(strings.TrimRight(f.text, " "), ' ')+1], false
	case text != "":
		if f.whole {
			f.text, f.whole = "", false
		}
		if f.text += plain.Line(text); f.longest > 0 && len(f.text) > f.longest {
			for len(f.text) > f.longest {
				f.text = cutLast(f.text)
			}
			f.fault = fmt.Sprintf("at most %d bytes: far systems keep it", f.longest)
		}
	}
}

// step goes to the next option or value, or the one before; typed text gives way
// to the value it is nearest to: the first one.
func (f *field) step(on bool) {
	all := f.options
	if all == nil {
		all = f.steps
	}
	if len(all) == 0 {
		return
	}
	by := len(all) - 1
	if on {
		by = 1
	}
	if at := slices.Index(all, f.text); f.options == nil && at < 0 {
		f.at = 0
	} else {
		f.at = (f.at + by) % len(all)
	}
	if f.options == nil {
		f.text, f.whole = all[f.at], true
	}
}

// jump goes to the next option that begins with what was typed.
func (f *field) jump(text string) {
	text = strings.ToLower(text)
	for i := range f.options {
		if at := (f.at + 1 + i) % len(f.options); strings.HasPrefix(strings.ToLower(f.options[at]), text) {
			f.at = at
			return
		}
	}
}

const fieldName = 12 // columns

// draw is the line of the field; lit is the one that keys go to.
func (f *field) draw(th *theme.Theme, width int, lit bool) widget.Line {
	mark, tone := "  ", theme.Dim
	if lit {
		mark, tone = "▌ ", theme.Accent
	}
	l := widget.Line{Left: []widget.Span{{Text: " " + mark, Tone: theme.Accent}, {Text: f.name + strings.Repeat(" ", max(1, fieldName-widget.Width(f.name))), Tone: tone}}}
	add := func(text string, tone theme.Tone) { l.Left = append(l.Left, widget.Span{Text: text, Tone: tone}) }
	room := width - fieldName - 6
	switch {
	case f.options != nil && lit && len(f.options) > 1:
		add("< ", theme.Accent)
		add(widget.Cut(th, th.Text(f.options[f.at]), room-4), theme.Strong)
		add(" >", theme.Accent)
		add(fmt.Sprintf("  %d of %d", f.at+1, len(f.options)), theme.Dim)
	case f.options != nil:
		add(f.options[f.at], theme.Plain)
	case !lit:
		add(f.text, theme.Plain)
	default:
		add(tail(th.Text(f.text), room), theme.Strong)
		add(caret(th), theme.Accent)
		if len(f.steps) > 0 {
			add("  < "+strings.Join(f.steps, "  ")+" >", theme.Dim)
		}
	}
	return l
}

// never is what stands where a change is not put back by itself.
const never = "never"

// backAfter is the field of how long a change lasts.
func backAfter(usual string) *field {
	f := &field{name: "back after", steps: []string{never, "5m", "10m", "30m", "1h"}, text: usual, whole: true}
	f.at = slices.Index(f.steps, usual)
	return f
}

// short is a duration as people type it: 10m, 1h30m.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// duration is what was typed, or why it is none.
func duration(text string) (d time.Duration, fault string) {
	text = strings.ToLower(strings.ReplaceAll(text, " ", ""))
	d, err := time.ParseDuration(text)
	switch {
	case text == never:
		return 0, ""
	case text == "":
		return 0, "say how long, such as 10m, or " + never
	case err != nil && strings.Trim(text, "0123456789") == "":
		return 0, fmt.Sprintf("%s of what? %sm is in minutes", text, text)
	case err != nil:
		return 0, text + " is no duration: such as 90s, 10m, 1h30m, or " + never
	case d < time.Second:
		return 0, text + " is too short: at least 1s, or " + never
	}
	return d, ""
}
