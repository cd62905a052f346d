package chrome

import (
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Keys is as many keys as there is room for; the last two, help and quit, are
// always among them.
func Keys(th *theme.Theme, width int, words [][2]string) widget.Line {
	cost := func(w [2]string) int { return widget.Width(th.Text(w[0])) + 1 + widget.Width(th.Text(w[1])) + 3 }
	kept, room := len(words), width-1
	last := max(0, len(words)-2)
	for _, w := range words {
		room -= cost(w)
	}
	for i := last - 1; i >= 0 && room < -3; i-- {
		room += cost(words[i])
		kept = i
	}
	if kept < len(words) {
		words = append(append([][2]string{}, words[:min(kept, last)]...), words[last:]...)
	}
	l := widget.Line{Left: []widget.Span{{Text: " "}}}
	for i, w := range words {
		if i > 0 {
			l.Left = append(l.Left, widget.Span{Text: " · ", Tone: theme.Rule})
		}
		l.Left = append(l.Left, widget.Span{Text: w[0], Tone: theme.Accent}, widget.Span{Text: " " + w[1], Tone: theme.Dim})
	}
	return l
}
