// Package widget is what pages are made of: lines of toned text, tables that
// draw only the rows one sees, cursors that stick to a key, sparklines, charts. Widgets
// are plain structs and pure functions; they know no fleet and no terminal.
package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/tui/theme"
)

// Span is text of one tone.
type Span struct {
	Text string
	Tone theme.Tone
}

// Line is one line of the screen.
type Line struct {
	Left  []Span
	Right []Span // stands at the right edge; where both find no room, Left is cut when Right is short, else Right left out
	Lit   bool   // the row of the cursor
	Row   bool   // a row of a table, where lines are words
}

// Text is a line of one tone.
func Text(tone theme.Tone, text string) Line { return Line{Left: []Span{{text, tone}}} }

// Blank is an empty line.
func Blank() Line { return Line{} }

// Words is a line as plain text, without blanks at its end: what stands at the
// right edge follows the rest.
func (l *Line) Words(th *theme.Theme) string {
	var b strings.Builder
	for _, s := range l.Left {
		b.WriteString(th.Text(s.Text))
	}
	if text := b.String(); len(l.Right) > 0 {
		b.Reset()
		b.WriteString(strings.TrimRight(text, " ") + "  ")
		for _, s := range l.Right {
			b.WriteString(th.Text(s.Text))
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// Width is how many columns a text takes on a terminal.
func Width(s string) int {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return signsWidth(s)
		}
	}
	return len(s)
}

// signsWidth is Width where not everything is ASCII.
func signsWidth(s string) (n int) {
	for _, r := range s {
		if !single(r) {
			return ansi.StringWidthWc(s)
		}
		n++
	}
	return n
}

// single says of the characters that most of a screen is made of that they take one
// column, whatever stands beside them, without asking the tables of Unicode.
func single(r rune) bool {
	switch {
	case r >= ' ' && r <= '~', r >= '─' && r <= '▟', r >= '¡' && r <= 'ÿ' && r != '\u00ad':
		return true
	}
	return r == '✓' || r == '✗' || r == '–' || r == '…' || r == '›' || r == '→'
}

// SpansWidth is how many columns spans take once they are drawn.
func SpansWidth(th *theme.Theme, spans []Span) int {
	n := 0
	for _, s := range spans {
		n += Width(th.Text(s.Text))
	}
	return n
}

// Cut is a text in at most so many columns; what was cut ends in a sign for it.
func Cut(th *theme.Theme, s string, width int) string {
	if width > 0 && Width(s) <= width {
		return s
	}
	return shorten(th, s, width)
}

// shorten is as much of a text that goes on as fits into so many columns, with the
// sign for that.
func shorten(th *theme.Theme, s string, width int) string {
	kept, sign := shortened(th, s, width)
	return kept + sign
}

// shortened is the same in two parts, which are not put together.
func shortened(th *theme.Theme, s string, width int) (kept, sign string) {
	if width <= 0 {
		return "", ""
	}
	n := 0
	sign = "…"
	if th.ASCII {
		sign = "~"
	}
	for i, r := range s {
		switch {
		case !single(r) && Width(s) <= width:
			return ansi.TruncateWc(s+" ", width, sign), ""
		case !single(r):
			return ansi.TruncateWc(s, width, sign), ""
		case n == width-1:
			return s[:i], sign
		}
		n++
	}
	return s, sign
}

// Write draws a line in at most so many columns. A lit line is filled to the
// edge.
func Write(b *strings.Builder, th *theme.Theme, l Line, width int) {
	p := pen{b: b, th: th, lit: l.Lit}
	right := SpansWidth(th, l.Right)
	room := width
	if right > 0 && (SpansWidth(th, l.Left)+1+right <= width || right <= width/3) {
		room = width - right - 1
	} else {
		right = 0
	}
	used := p.spans(l.Left, room)
	switch {
	case right > 0:
		p.text(blanks(width-right-used), theme.Plain)
		p.spans(l.Right, right)
	case l.Lit:
		p.text(blanks(width-used), theme.Plain)
	}
}

// pen writes toned text.
type pen struct {
	b   *strings.Builder
	th  *theme.Theme
	lit bool
}

// spans writes them in at most so many columns and says how many they took.
func (p pen) spans(spans []Span, room int) (used int) {
	for i, s := range spans {
		text := p.th.Text(s.Text)
		w := Width(text)
		if left := room - used; w > left || w == left && i+1 < len(spans) && SpansWidth(p.th, spans[i+1:]) > 0 {
			text = shorten(p.th, text, left)
			p.text(text, s.Tone)
			return used + Width(text)
		}
		p.text(text, s.Tone)
		used += w
	}
	return used
}

func (p pen) text(s string, tone theme.Tone) {
	if s == "" {
		return
	}
	open := p.th.Open(tone, p.lit)
	p.b.WriteString(open)
	p.b.WriteString(s)
	if open != "" {
		p.b.WriteString("\x1b[m")
	}
}

const manyBlanks = "                                                                                "

func blanks(n int) string {
	switch {
	case n <= 0:
		return ""
	case n <= len(manyBlanks):
		return manyBlanks[:n]
	}
	return strings.Repeat(" ", n)
}
