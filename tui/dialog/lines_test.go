package dialog_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

func TestWrap(t *testing.T) {
	th := theme.New(theme.Options{})
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one", 10, []string{"one"}},
		{"one two three", 9, []string{"one two", "  three"}},
		{"  order-1  closed", 12, []string{"  order-1", "    closed"}},
		{"abcdefghij", 4, []string{"abcd", " efg", " hij"}},
		{"支払い 支払い", 7, []string{"支払い", "  支払", "  い"}},
		{"a\x1b[2Jb", 20, []string{`a\x1b[2Jb`}},
		{"abc", 1, []string{"a", "b", "c"}},
		{"払", 1, []string{"払", ""}}, // there is no half of it
		{"abc", 0, []string{"a", "b", "c"}},
		{"abc", -5, []string{"a", "b", "c"}},
		{"         x", 6, []string{"  x"}},
		{"x   ", 6, []string{"x"}},
	} {
		if got := dialog.Wrap(th, c.text, c.width); !slices.Equal(got, c.want) {
			t.Errorf("%q on %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// FuzzWrap: nothing is lost but blanks, and nothing is wider than it may be, unless
// a single character is.
func FuzzWrap(f *testing.F) {
	for _, text := range []string{"", "one two three", odd, strings.Repeat("x", 99), "  a\tb\nc", "e\u0301 払 \xff"} {
		f.Add(text, 10)
		f.Add(text, 1)
	}
	th := theme.New(theme.Options{})
	f.Fuzz(func(t *testing.T, text string, width int) {
		if len(text) > 2000 {
			return
		}
		lines := dialog.Wrap(th, text, width)
		bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := bare(strings.Join(lines, "")); got != bare(th.Text(text)) {
			t.Errorf("%q became %q", text, got)
		}
		for _, l := range lines {
			if w := widget.Width(l); w > max(width, 1) && len([]rune(strings.TrimLeft(l, " "))) > 1 && width >= 12 {
				t.Errorf("%d columns on %d: %q", w, width, l)
			}
			if strings.HasSuffix(l, " ") || !utf8.ValidString(l) {
				t.Errorf("%q", l)
			}
		}
	})
}

// TestTail: where one types is what is seen, and one key takes one character away.
func TestTail(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{{"order", 3, "der"}, {"order", 9, "order"}, {"", 3, ""}, {"支払い", 4, "払い"}, {"支払い", 3, "い"}, {"ab", 0, "b"}} {
		if got := dialog.Tail(c.text, c.width); got != c.want {
			t.Errorf("%q on %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
	for text, want := range map[string]string{"": "", "a": "", "ab": "a", "支払": "支", "ae\u0301": "a", "a👩‍👩‍👧‍👦": "a", "a\xff": "a"} {
		if got := dialog.CutLast(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
