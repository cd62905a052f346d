package tui

import (
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// prompt is a line that is being typed, at the foot of the screen.
type prompt struct {
	sign    string
	text    string
	hint    string // what is wrong with it, or what would complete it
	wrong   bool
	changed func(text string)
	done    func(text string) bool // false: it stays open
	left    func()
	offers  func(text string) []string
}

// press edits.
func (p *prompt) press(a *App, key, text string) {
	switch key {
	case "esc", "ctrl+c":
		a.asking = nil
		p.left()
		return
	case "enter":
		if p.done(p.text) {
			a.asking = nil
		}
		return
	case "tab", "right":
		if offers := p.complete(); len(offers) > 0 {
			p.text = offers[0]
		}
	case "backspace", "ctrl+h":
		if p.text == "" {
			a.asking = nil
			p.left()
			return
		}
		p.text = cutLast(p.text)
	case "ctrl+u", "ctrl+w":
		p.text = ""
	default:
		p.text += a.theme.Text(text)
	}
	p.changed(p.text)
}

func (p *prompt) complete() []string {
	if p.offers == nil {
		return nil
	}
	return p.offers(p.text)
}

// cutLast takes the last character away, however many runes it has.
func cutLast(s string) string {
	last := 0
	for rest := s; rest != ""; rest = rest[last:] {
		if last = firstLength(rest); last == len(rest) {
			return s[:len(s)-last]
		}
	}
	return ""
}

// firstLength is how many bytes the first character has; never 0.
func firstLength(s string) int {
	first, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	return max(1, len(first))
}

// line draws it.
func (p *prompt) line(width int, th *theme.Theme) widget.Line {
	l := widget.Line{Left: []widget.Span{{Text: p.sign, Tone: theme.Accent}}}
	text := p.text
	for widget.Width(text) > max(1, width-4) && text != "" { // the end is where one types
		text = text[firstLength(text):]
	}
	caret := "█"
	if th.ASCII {
		caret = "_"
	}
	l.Left = append(l.Left, widget.Span{Text: text, Tone: theme.Strong}, widget.Span{Text: caret, Tone: theme.Accent})
	if p.hint != "" {
		tone := theme.Dim
		if p.wrong {
			tone = theme.Warn
		}
		l.Left = append(l.Left, widget.Span{Text: "  " + p.hint, Tone: tone})
	}
	return l
}

// askFilter filters while one types; esc leaves it as it was.
func (a *App) askFilter() {
	f, ok := a.top().(page.Filtered)
	if !ok {
		return
	}
	before := f.Filter()
	p := &prompt{sign: "/", text: before, hint: "name or glob, !not, zone=a, version=2*, label=value"}
	p.changed = func(text string) {
		p.hint, p.wrong = "", false
		if err := f.SetFilter(text); err != nil {
			p.hint, p.wrong = err.Error(), true
		}
	}
	p.done = func(text string) bool { return f.SetFilter(text) == nil }
	p.left = func() { _ = f.SetFilter(before) } // it was understood once
	a.asking = p
}

// askPlace asks where to go.
func (a *App) askPlace() {
	names, places := named(a.shown)
	words := a.changing()
	names = append(names, slices.Sorted(maps.Keys(words))...)
	p := &prompt{sign: ":"}
	p.offers = func(text string) []string { return completions(names, text) }
	p.changed = func(text string) { p.hint, p.wrong = offered(p.offers(text)), false }
	p.done = func(text string) bool {
		if text == "q" || text == "quit" {
			a.quit()
			return true
		}
		if do := words[text]; do != nil {
			do()
			return true
		}
		if where, ok := strings.CutPrefix(text, "seek "); ok {
			p.hint, p.wrong = a.seek(where), true
			return p.hint == ""
		}
		if text == "mouse off" || text == "mouse on" {
			a.mouseOff = text == "mouse off"
			return true
		}
		to, ok := places[text]
		if offers := p.offers(text); !ok && text != "" && len(offers) > 0 {
			to, ok = places[offers[0]], true
		}
		if ok {
			a.open(to)
		} else if text != "" {
			p.hint, p.wrong = "there is no such place", true
		}
		return ok || text == ""
	}
	p.left = func() {}
	p.changed("")
	a.asking = p
}

// offered are the first few.
func offered(names []string) string {
	text := ""
	for i, n := range names {
		if i == 8 {
			return text + "  …"
		}
		if i > 0 {
			text += "  "
		}
		text += n
	}
	return text
}
