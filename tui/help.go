package tui

import (
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// dialog is drawn in place of the page, and takes the keys.
type dialog interface {
	// press takes a key; true: it is over.
	press(key string, height int) bool
	draw(v *page.View) []widget.Line
}

// help lists the keys that work where it was asked for.
type help struct {
	lines []widget.Line
	top   int
}

func (a *App) help() {
	h := &help{}
	part := func(title string, of []page.Binding) {
		h.lines = append(h.lines, widget.Text(theme.Strong, " "+title))
		for _, b := range of {
			pad := ""
			for range max(1, 10-widget.Width(b.Shown)) {
				pad += " "
			}
			h.lines = append(h.lines, widget.Line{Left: []widget.Span{{Text: "   " + b.Shown, Tone: theme.Accent}, {Text: pad + b.Does}}})
		}
		h.lines = append(h.lines, widget.Blank())
	}
	part("On this page", a.top().Keys())
	part("Everywhere", a.keys())
	sign := func(words ...string) {
		l := widget.Line{Left: []widget.Span{{Text: "   "}}}
		for i, w := range words {
			l.Left = append(l.Left, widget.Span{Text: w + "   ", Tone: [...]theme.Tone{theme.Good, theme.Warn, theme.Bad, theme.Doubt, theme.Calm}[i]})
		}
		h.lines = append(h.lines, widget.Text(theme.Strong, " Signs"), l)
	}
	sign("✓ up", "! degraded", "✗ down", "? unknown", "– maintenance")
	a.dialogs = append(a.dialogs, h)
}

func (h *help) press(key string, height int) bool {
	switch key {
	case "up", "k":
		h.top--
	case "down", "j":
		h.top++
	case "pgup", "ctrl+b":
		h.top -= max(1, height-6)
	case "pgdown", "ctrl+f", "space":
		h.top += max(1, height-6)
	case "esc", "q", "?", "enter", "ctrl+c", "f1", "left", "h", "backspace":
		return true
	}
	h.top = max(0, min(h.top, len(h.lines)-1))
	return false
}

func (h *help) draw(v *page.View) []widget.Line {
	top := max(0, min(h.top, len(h.lines)-v.Height))
	return h.lines[top:min(len(h.lines), top+max(0, v.Height))]
}
