package widget_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// seen is what an input looks like.
func seen(in *widget.Input, ascii bool, width int) string {
	text := ""
	for _, s := range in.Spans(theme.New(theme.Options{Colorless: true, ASCII: ascii}), width) {
		text += s.Text
	}
	return text
}

// TestInput: keys by their names, one after the other; what is no key is typed.
func TestInput(t *testing.T) {
	for keys, want := range map[string]string{
		"":                              "█",
		"pay":                           "pay█",
		"pay left":                      "pa│y",
		"pay left left left left x":     "x│pay",
		"pay home x end y":              "xpayy█",
		"pay ctrl+a right z":            "pz│ay",
		"pay ctrl+a ctrl+e x":           "payx█",
		"pay backspace":                 "pa█",
		"backspace delete":              "█",
		"pay left backspace":            "p│y",
		"pay home delete":               "│ay",
		"pay left ctrl+k":               "pa█",
		"pay left ctrl+u":               "│y",
		"a=b space c=d ctrl+w":          "a=b █",
		"a=b space c=d ctrl+w ctrl+w":   "█",
		"a=b space c=d ctrl+left x":     "a=b x│c=d",
		"a=b space c=d home alt+d":      "│ c=d",
		"a=b space c=d home alt+f z":    "a=bz│ c=d",
		"é日🚀 left left x":               "éx│日🚀",
		"é日🚀 backspace backspace":       "é█",
		"e\u0301x left left y":          "y│e\u0301x",
		"xe\u0301 backspace":            "x█",
		"ab left left c right d ctrl+b": "ca│db",
	} {
		var in widget.Input
		for _, key := range strings.Split(keys, " ") {
			switch {
			case key == "space":
				in.Press(key, " ")
			case key == "" || in.Press(key, "") || in.Press("", key):
			default:
				t.Errorf("%s is no key", key)
			}
		}
		if got := seen(&in, false, 80); got != want {
			t.Errorf("%q: %q, want %q", keys, got, want)
		}
	}
	var in widget.Input
	if in.Press("f5", "") {
		t.Error("f5 is a key of a line")
	}
	in.Set("abc")
	in.Press("left", "")
	if got := seen(&in, true, 80); got != "ab|c" {
		t.Errorf("in ASCII: %q", got)
	}
	in.Press("end", "")
	if got := seen(&in, true, 80); got != "abc_" || !in.AtEnd() {
		t.Errorf("in ASCII: %q", got)
	}
}

// TestInputIsBounded: a whole clipboard is cut, at a character.
func TestInputIsBounded(t *testing.T) {
	var in widget.Input
	in.Insert(strings.Repeat("日", 5000))
	in.Insert("more")
	if n := len(in.Text()); n > 1024 || n < 1000 || !utf8.ValidString(in.Text()) {
		t.Errorf("%d bytes were kept", n)
	}
	in.Set("one\r\ntwo\tthree\n")
	if in.Text() != "one two three" {
		t.Errorf("several lines became %q", in.Text())
	}
}

// TestInputScrolls: the place where one types is seen, on every width.
func TestInputScrolls(t *testing.T) {
	for width := 2; width < 40; width++ {
		var in widget.Input
		in.Set("the quick 日本 fox jumps over the lazy dog")
		for range 45 {
			got := seen(&in, false, width)
			if widget.Width(got) > width || !strings.ContainsAny(got, "█│") {
				t.Fatalf("%d columns: %q", width, got)
			}
			in.Press("left", "")
		}
	}
}

// FuzzInput: whatever is typed, the text is valid, holds nothing a terminal obeys,
// and is drawn within its width.
func FuzzInput(f *testing.F) {
	f.Add("pay\x00e\u0301", []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Add("\x1b]52;c;x\x07\xff日", []byte{0, 0, 2, 9, 0, 3})
	f.Add("\U0001f1e9\U0001f1ea\U0001f1ea", []byte{0, 1, 4, 0, 1, 1, 5})
	keys := []string{"", "left", "right", "home", "backspace", "delete", "end", "ctrl+w", "ctrl+k", "ctrl+u", "alt+b", "alt+f", "alt+d"}
	f.Fuzz(func(t *testing.T, text string, presses []byte) {
		var in widget.Input
		for _, p := range presses {
			if key := keys[int(p)%len(keys)]; key != "" {
				in.Press(key, "")
			} else {
				in.Press("", text)
			}
			if !utf8.ValidString(in.Text()) || ansi.Strip(in.Text()) != in.Text() {
				t.Fatalf("%q after %q", in.Text(), presses)
			}
			for _, ascii := range []bool{false, true} {
				if got := seen(&in, ascii, 20); widget.Width(got) > 20 {
					t.Fatalf("%q has %d columns", got, widget.Width(got))
				}
			}
		}
	})
}
