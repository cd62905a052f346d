package reading

import (
	"strconv"

	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Choice is one of several things that the person chooses. None of them writes.
type Choice struct {
	title  string
	offers []offer
	at     int
}

type offer struct {
	name, text string
	want       page.Intent
}

// NewChoice returns one without offers.
func NewChoice(title string) *Choice { return &Choice{title: title} }

// Offer adds something that can be chosen; both texts are untrusted.
func (c *Choice) Offer(name, text string, want page.Intent) {
	c.offers = append(c.offers, offer{name, text, want})
}

// Press moves, and chooses: by enter, or by a number.
func (c *Choice) Press(v *page.View, key, _ string) (page.Intent, bool) {
	if n, err := strconv.Atoi(key); err == nil && n >= 1 && n <= len(c.offers) {
		return c.offers[n-1].want, true
	}
	switch key {
	case "esc", "q", "ctrl+c", "left", "h", "backspace":
		return nil, true
	case "enter", "right", "l":
		return c.offers[c.at].want, true
	}
	dialog.Scrolled(&c.at, v, key)
	c.at = max(0, min(c.at, len(c.offers)-1))
	return nil, false
}

// Draw draws those around the one that is meant.
func (c *Choice) Draw(v *page.View) []widget.Line {
	lines := []widget.Line{widget.Text(theme.Strong, " "+c.title), widget.Blank()}
	wide := 0
	for _, o := range c.offers {
		wide = min(24, max(wide, widget.Width(v.Theme.Text(o.name))))
	}
	room := max(1, v.Height-len(lines))
	top := max(0, min(c.at-room/2, len(c.offers)-room))
	for i := top; i < min(len(c.offers), top+room); i++ {
		name := widget.Cut(v.Theme, v.Theme.Text(c.offers[i].name), wide)
		for widget.Width(name) < wide {
			name += " "
		}
		lines = append(lines, widget.Line{Lit: i == c.at, Left: []widget.Span{
			{Text: pointer(v.Theme, i == c.at) + strconv.Itoa(i+1) + " ", Tone: theme.Accent}, {Text: name + "  ", Tone: theme.Strong}, {Text: c.offers[i].text, Tone: theme.Dim},
		}})
	}
	return lines[:min(len(lines), max(0, v.Height))]
}

// pointer stands before what is meant: no colour is needed to see it.
func pointer(th *theme.Theme, lit bool) string {
	switch {
	case !lit:
		return " "
	case th.ASCII:
		return ">"
	}
	return "▌"
}

// Keys are those of a choice.
func (c *Choice) Keys() [][2]string {
	return [][2]string{{"↑↓", "move"}, {"enter", "choose"}, {"esc", "close"}}
}
