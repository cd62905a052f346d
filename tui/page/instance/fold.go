package instance

import (
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// line is a line of the page, and what it belongs to.
type line struct {
	widget.Line
	of string      // the part, which can be folded; "": none
	to *page.Place // where enter goes from it; nil: it folds
}

// spot is where a line is: the cursor stays on it while other parts grow.
type spot struct {
	of string
	n  int // of its part, from 0: the title
}

// writer gathers lines.
type writer struct {
	v     *page.View
	in    *fleet.InstanceView
	folds map[string]bool
	lines []line
	of    string          // the part that is being written
	shut  bool            // which is folded
	all   map[string]bool // parts that were written, and whether they are folded
}

// add adds a line, unless its part is folded.
func (w *writer) add(l widget.Line) {
	if !w.shut {
		w.lines = append(w.lines, line{Line: l, of: w.of})
	}
}

// part begins a part of the page; in short is what is said of it where it is
// folded.
func (w *writer) part(name, title string, inShort ...widget.Span) {
	if tight := w.shut && w.of != calm; !tight && len(w.lines) > 0 { // titles alone stand close together
		w.shut = false
		w.add(widget.Blank())
	}
	w.begin(name, " ", title, false, inShort)
}

// begin writes a title.
func (w *writer) begin(name, indent, title string, shut bool, inShort []widget.Span) {
	w.of, w.shut = name, false
	byHand, known := w.folds[name]
	if known {
		shut = byHand
	}
	shut = shut && !w.v.Whole
	l := widget.Line{Left: []widget.Span{{Text: indent + sign(w.v.Theme, shut) + " ", Tone: theme.Rule}, {Text: title, Tone: theme.Strong}}}
	if shut && len(inShort) > 0 {
		l.Left = append(append(l.Left, widget.Span{Text: "  "}), inShort...)
	}
	w.add(l)
	w.shut, w.all[name] = shut, shut
}

// sign says whether a part is folded.
func sign(th *theme.Theme, shut bool) string {
	switch {
	case th.ASCII && shut:
		return ">"
	case th.ASCII:
		return "v"
	case shut:
		return "▸"
	}
	return "▾"
}

// leads says where enter goes from the line that was added last.
func (w *writer) leads(to page.Place) {
	if !w.shut {
		w.lines[len(w.lines)-1].to = &to
	}
}

// field is a name and what it says; nothing where that is empty.
func (w *writer) field(name, value string) {
	if value != "" {
		w.row(name, widget.Span{Text: value})
	}
}

// story is a name and a text, in as many lines as it takes, up to some.
func (w *writer) story(name, text string, tone theme.Tone) {
	for _, line := range wrap(w.v.Theme.Text(text), w.v.Width-nameWidth-4, said) {
		w.row(name, widget.Span{Text: line, Tone: tone})
		name = ""
	}
}

// told is a row of a sign and two texts; where it would be cut each of those has
// rows of its own: it is what one came for.
func (w *writer) told(name string, sign []widget.Span, what, more string) {
	whole := append(slices.Clone(sign), widget.Span{Text: "  " + what}, widget.Span{Text: "  " + more, Tone: theme.Dim})
	if widget.SpansWidth(w.v.Theme, whole)+nameWidth+4 <= w.v.Width {
		w.row(name, whole...)
		return
	}
	w.row(name, sign...)
	w.story("", what, theme.Plain)
	w.story("", more, theme.Dim)
}

const nameWidth = 12

// row is a name and spans.
func (w *writer) row(name string, spans ...widget.Span) {
	for widget.Width(name) < nameWidth {
		name += " "
	}
	w.add(widget.Line{Left: append([]widget.Span{{Text: "   " + name + " ", Tone: theme.Dim}}, spans...)})
}

// lit is the line of the cursor, which is seen without colours too.
func lit(th *theme.Theme, l widget.Line) widget.Line {
	mark := "▌"
	if th.ASCII {
		mark = ">"
	}
	left := []widget.Span{{Text: mark, Tone: theme.Accent}}
	for i, s := range l.Left {
		if i == 0 && s.Text != "" && s.Text[0] == ' ' {
			s.Text = s.Text[1:]
		}
		left = append(left, s)
	}
	return widget.Line{Left: left, Right: l.Right, Lit: true}
}

// current is the line of the cursor; nil where there is none.
func (p *Page) current() *line {
	if p.cursor.Row < len(p.lines) {
		return &p.lines[p.cursor.Row]
	}
	return nil
}

// does is what enter does on the line of the cursor.
func (p *Page) does() string {
	if l := p.current(); l != nil && l.to != nil {
		return "its breaker"
	}
	return "fold"
}

// enter goes where the line of the cursor leads, else it folds its part.
func (p *Page) enter() page.Intent {
	if l := p.current(); l != nil && l.to != nil {
		return page.Open{Place: *l.to}
	}
	p.fold()
	return nil
}

// fold folds the part of the cursor, or unfolds it, and leaves the cursor on its
// title.
func (p *Page) fold() {
	l := p.current()
	if l == nil || l.of == "" {
		return
	}
	p.set(l.of, !p.shut[l.of])
	p.cursor.On(spot{l.of, 0})
}

func (p *Page) set(of string, shut bool) {
	if p.folds == nil {
		p.folds = map[string]bool{}
	}
	p.folds[of] = shut
}

// foldAll folds all parts or, where they are, unfolds them.
func (p *Page) foldAll() {
	open := false
	for _, shut := range p.shut {
		open = open || !shut
	}
	for of := range p.shut {
		p.set(of, open)
	}
	if l := p.current(); l != nil && l.of != "" {
		p.cursor.On(spot{l.of, 0})
	}
}
