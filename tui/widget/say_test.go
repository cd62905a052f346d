package widget_test

import (
	"testing"

	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

func TestSay(t *testing.T) {
	th := theme.New(theme.Options{Words: true})
	span := func(text string, tone theme.Tone) widget.Span { return widget.Span{Text: text, Tone: tone} }
	for _, tt := range []struct {
		line widget.Line
		want string
	}{
		{widget.Line{}, ""},
		{widget.Line{Left: []widget.Span{span(" ✗ ", theme.Bad), span("payment", theme.Strong), span(" is ", theme.Dim), span("down", theme.Bad), span(": ", theme.Dim), span("no answer", theme.Plain)}, Right: []widget.Span{span("1 of 3 serve ", theme.Dim)}}, "payment is down: no answer, 1 of 3 serve"},
		{widget.Line{Left: []widget.Span{span("   passes       ", theme.Dim), span("✓✓✓", theme.Good), span("✗✗", theme.Bad)}}, "passes, 3 up, 2 down"},
		{widget.Line{Left: []widget.Span{span("✓198", theme.Good), span(" ✗2", theme.Bad)}}, "198 up, 2 down"},
		{widget.Line{Left: []widget.Span{span("–", theme.Calm)}}, "1 in maintenance"},
		{widget.Line{Left: []widget.Span{span("–", theme.Dim)}}, ""},
		{widget.Text(theme.Plain, " └ ! order degraded"), "order degraded"},
		{widget.Text(theme.Plain, "41/s  p99 n/a  closed → open"), "41 per second, p99 not known, closed to open"},
		{widget.Line{Left: []widget.Span{span(" ▸", theme.Dim), span(" Probes", theme.Strong)}}, "folded Probes"},
		{widget.Line{Left: []widget.Span{span(" ▾", theme.Dim), span(" Probes", theme.Strong)}}, "Probes"},
		{widget.Text(theme.Rule, "──────"), ""},
		{widget.Text(theme.Plain, "a \x1b[2J b"), `a \x1b[2J b`},
		{widget.Text(theme.Plain, "up -> down · now"), "up to down, now"},
	} {
		if got := widget.Say(th, tt.line); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.line, got, tt.want)
		}
	}
}

// TestSayTable: a row is its first column, and what the others have, by name.
func TestSayTable(t *testing.T) {
	th := theme.New(theme.Options{Words: true})
	table := widget.Table{
		Columns: []widget.Column{{Name: "  SERVICE"}, {Name: "STATUS"}, {Name: "ERR"}, {}, {Name: "HELD BY"}, {Name: "ZONES", Wide: true}},
		Rows:    3, Cursor: 1, Height: 10,
		Row: func(i int) [][]widget.Span {
			held := "–"
			if i == 1 {
				held = "ann"
			}
			return [][]widget.Span{{{Text: "✗ ", Tone: theme.Bad}, {Text: "pay"}}, {{Text: "down"}}, {{Text: "38%"}}, {{Text: "▁▂▃"}}, {{Text: held, Tone: theme.Dim}}, {{Text: "a"}}}
		},
		Marked: func(i int) bool { return i == 2 },
	}
	lines := table.Draw(th, 40)
	for i, want := range []string{"pay; status down; errors 38%", "pay; status down; errors 38%; held by ann", "marked; pay; status down; errors 38%"} {
		if got := widget.Say(th, lines[i]); got != want || !lines[i].Row || lines[i].Lit != (i == 1) {
			t.Errorf("row %d: %q, %+v", i, got, lines[i])
		}
	}
}
