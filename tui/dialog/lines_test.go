package dialog_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// TestText: lines are read, scrolled, and closed by whatever ends reading.
func TestText(t *testing.T) {
	var lines []widget.Line
	for i := range 30 {
		lines = append(lines, widget.Text(theme.Plain, strings.Repeat("=", i)+odd))
	}
	d := dialog.NewText("a title", lines)
	v := view(40, 8)
	sees(t, d, v, `\x1b[2J`)
	press(d, v, "G")
	sees(t, d, v, "=========")
	press(d, v, "up", "pgup", "space", "down", "ctrl+b", "ctrl+f")
	d.Wheel(v, -100)
	looks(t, d)
	for _, k := range []string{"esc", "q", "?", "enter", "ctrl+c", "f1", "left", "h", "backspace"} {
		if i, over := press(d, v, k); i != nil || !over {
			t.Errorf("%s: %v, %v", k, i, over)
		}
	}
}

// TestHelp: what writes is marked.
func TestHelp(t *testing.T) {
	d := dialog.Help(
		[]page.Binding{{Shown: "T", Does: "trip", Write: true}, {Shown: "enter", Does: "open"}}, []page.Binding{{Shown: "?", Does: "help"}},
		command.Table{{Name: "write", Does: "allow changes from here"}},
	)
	v := view(80, 40)
	sees(t, d, v, "On this page", "   T         trip  (changes the fleet", "Everywhere", "allow changes from here")
	looks(t, d)
}
