package dialog

import (
	"strings"

	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Text is lines that are read and scrolled.
type Text struct {
	lines []widget.Line
	top   int
}

// NewText returns one.
func NewText(lines []widget.Line) *Text { return &Text{lines: lines} }

// Press scrolls; what ends reading closes it.
func (t *Text) Press(v *page.View, key, _ string) (page.Intent, bool) {
	far := max(1, v.Height-2)
	switch key {
	case "up", "k":
		t.top--
	case "down", "j":
		t.top++
	case "pgup", "ctrl+b":
		t.top -= far
	case "pgdown", "ctrl+f", "space":
		t.top += far
	case "home", "g":
		t.top = 0
	case "end", "G":
		t.top = len(t.lines)
	case "esc", "q", "?", "enter", "ctrl+c", "f1", "left", "h", "backspace":
		return nil, true
	}
	t.top = max(0, min(t.top, len(t.lines)-v.Height))
	return nil, false
}

// Wheel scrolls.
func (t *Text) Wheel(v *page.View, by int) { t.top = max(0, min(t.top+by, len(t.lines)-v.Height)) }

// Draw draws what is seen of it.
func (t *Text) Draw(v *page.View) []widget.Line {
	top := max(0, min(t.top, len(t.lines)-v.Height))
	return t.lines[top:min(len(t.lines), top+max(0, v.Height))]
}

// Keys are those of a text.
func (t *Text) Keys() [][2]string { return [][2]string{{"↑↓", "scroll"}, {"esc", "close"}} }

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
	return NewText(append(lines, widget.Text(theme.Strong, " Signs"), signs))
}

// writes marks what changes the fleet.
func writes(b page.Binding) string {
	if b.Write {
		return "  (changes the fleet, where :write allows it)"
	}
	return ""
}
