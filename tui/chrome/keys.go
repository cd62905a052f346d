package chrome

import (
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// between stands between two keys.
const between = " · "

// Keys is as many keys as there is room for, those in front first; the last two,
// help and quit, are always among them.
func Keys(th *theme.Theme, width int, words [][2]string) widget.Line {
	cost := func(w [2]string) int {
		return widget.Width(between) + widget.Width(th.Text(w[0])) + 1 + widget.Width(th.Text(w[1]))
	}
	room := width - 1 + widget.Width(between) // nothing stands before the first one
	last := max(0, len(words)-2)
	for _, w := range words[last:] {
		room -= cost(w)
	}
	kept := 0
	for kept < last && cost(words[kept]) <= room {
		room -= cost(words[kept])
		kept++
	}
	words = append(words[:kept:kept], words[last:]...)
	l := widget.Line{Left: []widget.Span{{Text: " "}}}
	for i, w := range words {
		if i > 0 {
			l.Left = append(l.Left, widget.Span{Text: between, Tone: theme.Rule})
		}
		l.Left = append(l.Left, widget.Span{Text: w[0], Tone: theme.Accent}, widget.Span{Text: " " + w[1], Tone: theme.Dim})
	}
	return l
}
