package reading

import (
	"strings"

	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// folded is a line in as many of the screen as it takes, broken at blanks where
// there are any; what goes on is indented, below the value where the line begins
// with the name of one. One with something at its right edge
// stays as it is.
func folded(th *theme.Theme, l widget.Line, width int, lit bool) []widget.Line {
	l.Lit = l.Lit || lit
	if len(l.Right) > 0 || width < 8 || widget.SpansWidth(th, l.Left) <= width {
		return []widget.Line{l}
	}
	var lines []widget.Line
	line, used, indent := widget.Line{Lit: l.Lit}, 0, min(5, width/4)
	if name := widget.Width(th.Text(l.Left[0].Text)); len(l.Left) > 1 && name <= width/3 {
		indent = max(indent, name)
	}
	next := func() {
		lines = append(lines, line)
		line, used = widget.Line{Lit: l.Lit, Left: []widget.Span{{Text: strings.Repeat(" ", indent)}}}, indent
	}
	for _, s := range l.Left {
		for word := range strings.SplitAfterSeq(th.Text(s.Text), " ") {
			if used > indent && used+widget.Width(strings.TrimRight(word, " ")) > width {
				next()
			}
			for used+widget.Width(strings.TrimRight(word, " ")) > width { // longer than a line
				first := dialog.Prefix(word, width-used)
				line.Left = append(line.Left, widget.Span{Text: first, Tone: s.Tone})
				word = word[len(first):]
				next()
			}
			if used+widget.Width(word) > width {
				word = strings.TrimRight(word, " ")
			}
			line.Left = append(line.Left, widget.Span{Text: word, Tone: s.Tone})
			used += widget.Width(word)
		}
	}
	return append(lines, line)
}
