package reading

import (
	"strings"

	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Help lists the keys that work where it was asked for, the page's own and those
// of every page, and the commands. Allowed says whether what changes the fleet may
// be done.
func Help(own, all []page.Binding, commands command.Table, allowed string) *Text {
	var lines []widget.Line
	title := func(text string) { lines = append(lines, widget.Text(theme.Strong, " "+text)) }
	row := func(name, does string, wide int) {
		pad := strings.Repeat(" ", max(1, wide-widget.Width(name)))
		lines = append(lines, widget.Line{Left: []widget.Span{{Text: "   " + name, Tone: theme.Accent}, {Text: pad + does}}})
	}
	part := func(name string, of []page.Binding, when func(page.Binding) bool) {
		begin := len(lines)
		title(name)
		for _, b := range of {
			if when(b) {
				row(b.Shown, does(b), 10)
			}
		}
		if len(lines) == begin+1 { // there is none
			lines = lines[:begin]
			return
		}
		lines = append(lines, widget.Blank())
	}
	part("On this page", own, func(b page.Binding) bool { return !b.Write && !b.Moves })
	part("Changes the fleet: "+allowed, own, func(b page.Binding) bool { return b.Write })
	part("Everywhere", all, func(page.Binding) bool { return true })
	part("Moving", own, func(b page.Binding) bool { return b.Moves })
	title("Commands")
	row(":NAME", "to a service, an instance (payment/payment-1), a breaker (order/payment)", 20)
	for i := range commands {
		row(":"+commands[i].Usage(), commands[i].Does, 20)
	}
	lines = append(lines, widget.Blank())
	signs := widget.Line{Left: []widget.Span{{Text: "   "}}}
	for i, w := range []string{"✓ up", "! degraded", "✗ down", "? unknown", "– maintenance"} {
		signs.Left = append(signs.Left, widget.Span{Text: w + "   ", Tone: [...]theme.Tone{theme.Good, theme.Warn, theme.Bad, theme.Doubt, theme.Calm}[i]})
	}
	lines = append(lines, widget.Text(theme.Strong, " Mouse"),
		widget.Text(theme.Plain, "   click chooses a row, twice opens it; on a name of a column it sorts, on the path it goes there"),
		widget.Text(theme.Plain, "   shift-drag selects text, or :mouse off leaves the mouse to the terminal"), widget.Blank())
	return NewText("", append(lines, widget.Text(theme.Strong, " Signs"), signs))
}

// does is what a key does, and what that means.
func does(b page.Binding) string {
	if b.Means != "" {
		return b.Does + ": " + b.Means
	}
	return b.Does
}
