package chrome_test

import (
	"testing"

	"github.com/midwatch-cli/midwatch/tui/chrome"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// TestKeyLine: what has no room is left out, help and quit never are, and nothing
// is wider than the screen while these two fit.
func TestKeyLine(t *testing.T) {
	words := [][2]string{{"enter", "open"}, {"s", "sort"}, {"/", "filter"}, {":", "go"}, {"p", "pause"}, {"?", "help"}, {"q", "quit"}}
	th := theme.New(theme.Options{Colorless: true})
	text := func(width int) string {
		s := ""
		for _, span := range chrome.Keys(th, width, words).Left {
			s += span.Text
		}
		return s
	}
	for width, want := range map[int]string{
		100: " enter open · s sort · / filter · : go · p pause · ? help · q quit",
		66:  " enter open · s sort · / filter · : go · p pause · ? help · q quit",
		65:  " enter open · s sort · / filter · : go · ? help · q quit",
		30:  " enter open · ? help · q quit",
		20:  " ? help · q quit",
		5:   " ? help · q quit",
	} {
		if got := text(width); got != want {
			t.Errorf("%d columns: %q, want %q", width, got, want)
		}
	}
	for width := 17; width < 120; width++ {
		if got := text(width); widget.Width(got) > width {
			t.Errorf("%d columns: %d of %q", width, widget.Width(got), got)
		}
	}
	if got := chrome.Keys(th, 80, nil); len(got.Left) != 1 {
		t.Errorf("no keys: %v", got)
	}
}

// TestLayout: the lines of the screen add up at every height, and the page has
// most of them.
func TestLayout(t *testing.T) {
	for height := 1; height <= 100; height++ {
		for _, tape := range []bool{false, true} {
			l := chrome.NewLayout(height, tape)
			sum := l.Header + l.Path + l.Page + l.Events + l.Tape + l.Keys
			if l.Rules {
				sum += 2
			}
			if sum != height || l.Page < 1 {
				t.Errorf("%d lines: %+v are %d", height, l, sum)
			}
			if height >= 10 && l.Page*2 < height-l.Tape {
				t.Errorf("%d lines: the page has %d", height, l.Page)
			}
			if l.PageAt()+l.Page+l.Events+l.Tape+l.Keys > height || l.Path > 0 && l.PathAt()+1 != l.PageAt() || l.Path == 0 && l.PathAt() >= 0 {
				t.Errorf("%d lines: the path is at %d, the page at %d", height, l.PathAt(), l.PageAt())
			}
		}
	}
}

// TestPath: the last names count, and each is found where it stands.
func TestPath(t *testing.T) {
	th := theme.New(theme.Options{Colorless: true})
	p := chrome.Path{"fleet", "order", "日本-1"}
	text := func(first int) (s string) {
		for _, span := range p.Spans(first) {
			s += span.Text
		}
		return s
	}
	for room, want := range map[int]string{
		80: " fleet › order › 日本-1",
		23: " fleet › order › 日本-1",
		22: " … › order › 日本-1",
		12: " … › 日本-1",
		0:  " … › 日本-1",
	} {
		if got := text(p.First(th, room)); got != want {
			t.Errorf("%d columns: %q, want %q", room, got, want)
		}
	}
	for column, want := range map[int]int{0: -1, 1: 0, 5: 0, 6: -1, 9: 1, 13: 1, 14: -1, 17: 2, 22: 2, 23: -1, 80: -1} {
		if got := p.At(th, 0, column); got != want {
			t.Errorf("at column %d stands %d, want %d", column, got, want)
		}
	}
	if got := p.At(th, 2, 6); got != 2 {
		t.Errorf("of a path that was cut %d", got)
	}
}
