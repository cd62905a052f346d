package dialog

import (
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// paragraph is a text of one tone in as many lines as it takes.
func paragraph(v *page.View, tone theme.Tone, text string) (lines []widget.Line) {
	for _, l := range widget.Wrap(v.Theme, text, v.Width-2) {
		lines = append(lines, widget.Text(tone, " "+l))
	}
	return lines
}

// scrolled moves the first line that is seen as a key says; false where it is not
// one that scrolls.
func scrolled(top *int, v *page.View, key string) bool {
	far := max(1, v.Height-3)
	switch key {
	case "up", "k":
		*top--
	case "down", "j":
		*top++
	case "pgup", "ctrl+b":
		*top -= far
	case "pgdown", "ctrl+f":
		*top += far
	case "home", "g":
		*top = 0
	case "end", "G":
		*top = 1 << 30
	default:
		return false
	}
	return true
}
