package reading

import (
	"strings"

	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Help lists the keys that work where it was asked for, the page's own and those
// of every page, and the commands.
func Help(own, all []page.Binding, commands command.Table) *Text {
	var lines []widget.Line
	title := func(text string) { lines = append(lines, widget.Text(theme.Strong, " "+text)) }
	row := func(name, does string, wide int) {
		pad := strings.Repeat(" ", max(1, wide-widget.Width(name)))
		lines = append(lines, widget.Line{Left: []widget.Span{{Text: "   " + name, Tone: theme.Accent}, {Text: pad + does}}})
	}
	part := func(name string, of []page.Binding) {
		title(name)
		for _, b := range of {
			row(b.Shown, b.Does+writes(b), 10)
		}
		lines = append(lines, widget.Blank())
	}
	part("On this page", own)
	part("Everywhere", all)
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

// writes marks what changes the fleet.
func writes(b page.Binding) string {
	if b.Write {
		return "  (changes the fleet, where :write allows it)"
	}
	return ""
}
