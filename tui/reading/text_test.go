package reading_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/reading"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// read is a dialog of lines that is driven by hand.
type read struct {
	t *testing.T
	v *page.View
	d dialog.Dialog
}

// numbered are so many lines: "line 1 of the text", with every tenth one odd.
func numbered(n int) (lines []widget.Line) {
	for i := range n {
		text := fmt.Sprintf("line %d of the text", i+1)
		if i%10 == 9 {
			text += ": Odd One"
		}
		lines = append(lines, widget.Text(theme.Plain, text))
	}
	return lines
}

func opened(t *testing.T, width, height int, lines ...widget.Line) *read {
	return &read{t, pagetest.View(&fleet.Snapshot{}, width, height), reading.NewText("payment", lines)}
}

// press presses keys by their names, a single character is typed; it says whether
// the last one closed it.
func (r *read) press(keys ...string) (want page.Intent, over bool) {
	for _, k := range keys {
		text := ""
		if len(k) == 1 {
			text = k
		}
		want, over = r.d.Press(r.v, k, text)
	}
	return want, over
}

// seen is what stands there; the line that is lit has > before it.
func (r *read) seen() string {
	r.t.Helper()
	var all []string
	lines := r.d.Draw(r.v)
	for _, l := range lines {
		mark := ""
		if l.Lit {
			mark = ">"
		}
		if w := widget.SpansWidth(r.v.Theme, l.Left); w > r.v.Width {
			r.t.Errorf("a line of %d columns on %d", w, r.v.Width)
		}
		all = append(all, mark+l.Words(r.v.Theme))
	}
	if len(lines) > r.v.Height {
		r.t.Errorf("%d lines on %d", len(lines), r.v.Height)
	}
	return strings.Join(all, "\n")
}

// TestTextScrolls: by lines, by pages, to the ends and no further.
func TestTextScrolls(t *testing.T) {
	for _, c := range []struct {
		keys  string
		first int
	}{
		{"", 1}, {"down", 2}, {"down up", 1}, {"up", 1}, {"pgdown", 9}, {"space", 10}, {"G", 91}, {"G pgdown down", 91}, {"end up", 90}, {"G g", 1}, {"G home", 1}, {"j j k", 2},
	} {
		r := opened(t, 40, 11, numbered(100)...)
		if _, over := r.press(strings.Fields(c.keys)...); over {
			t.Errorf("%s: closed", c.keys)
		}
		if got := r.seen(); !strings.HasPrefix(got, fmt.Sprintf(" payment  %d–%d of 100\nline %d of", c.first, c.first+9, c.first)) {
			t.Errorf("%s:\n%s", c.keys, got)
		}
	}
	r := opened(t, 40, 11, numbered(100)...)
	r.d.(dialog.Wheeled).Wheel(r.v, 3)
	if got := r.seen(); !strings.Contains(got, "4–13 of 100") {
		t.Errorf("the wheel:\n%s", got)
	}
	for _, key := range []string{"esc", "q", "?", "enter", "left", "h", "backspace", "ctrl+c"} {
		if _, over := opened(t, 40, 11, numbered(3)...).press(key); !over {
			t.Errorf("%s does not close it", key)
		}
	}
}

// TestTextFinds: words are gone to while one types, whatever their case; n and N go
// on, round the ends.
func TestTextFinds(t *testing.T) {
	r := opened(t, 40, 11, numbered(100)...)
	r.press("/", "O", "D", "D")
	if got := r.seen(); !strings.Contains(got, ">line 10 of the text: Odd One") || !strings.HasSuffix(got, "/ODD█  1 of 10") {
		t.Errorf("while one types:\n%s", got)
	}
	if keys := fmt.Sprint(r.d.Keys()); !strings.Contains(keys, "enter") {
		t.Errorf("the keys are %s", keys)
	}
	for _, c := range []struct {
		key, line, count string
	}{
		{"enter", "line 10 ", "1 of 10"},
		{"n", "line 20 ", "2 of 10"},
		{"n", "line 30 ", "3 of 10"},
		{"N", "line 20 ", "2 of 10"},
		{"N", "line 10 ", "1 of 10"},
		{"N", "line 100 ", "10 of 10"},
		{"n", "line 10 ", "1 of 10"},
	} {
		if _, over := r.press(c.key); over {
			t.Fatal("closed")
		}
		if got := r.seen(); !strings.Contains(got, ">"+c.line) || !strings.HasSuffix(got, "/ODD  "+c.count) {
			t.Errorf("%s:\n%s", c.key, got)
		}
	}
	if keys := fmt.Sprint(r.d.Keys()); !strings.Contains(keys, "next") {
		t.Errorf("the keys are %s", keys)
	}
	if _, over := r.press("esc"); over || strings.Contains(r.seen(), ">") || strings.Contains(r.seen(), "/ODD") {
		t.Errorf("esc looks for nothing first:\n%s", r.seen())
	}
	if _, over := r.press("esc"); !over {
		t.Error("and closes it then")
	}
}

// TestTextDoesNotFind: it is said, and nothing moves.
func TestTextDoesNotFind(t *testing.T) {
	r := opened(t, 40, 11, numbered(100)...)
	r.press("down", "/", "x", "y", "z")
	if got := r.seen(); !strings.HasSuffix(got, "not there") || !strings.Contains(got, "\nline 2 of") {
		t.Errorf("seen:\n%s", got)
	}
	if r.press("enter", "n", "N"); strings.Contains(r.seen(), ">") {
		t.Errorf("seen:\n%s", r.seen())
	}
	r.press("/", "l", "esc")
	if strings.Contains(r.seen(), ">") {
		t.Errorf("esc while one types:\n%s", r.seen())
	}
	if r.press("/", "backspace"); strings.Contains(r.seen(), "█") {
		t.Errorf("nothing is typed any more:\n%s", r.seen())
	}
	if _, over := r.press("/", "q", "h", "?"); over {
		t.Error("what is typed closes nothing")
	}
}

// TestTextCopies: the whole text in plain words.
func TestTextCopies(t *testing.T) {
	r := opened(t, 12, 11, widget.Line{Left: []widget.Span{{Text: " a long line ", Tone: theme.Bad}, {Text: "of two tones\x1b[2J"}}, Right: []widget.Span{{Text: "edge"}}}, widget.Blank())
	want, over := r.press("c")
	if c, ok := want.(page.Copy); !ok || over || c.What != "payment" || c.Text != " a long line of two tones\\x1b[2J  edge\n\n" {
		t.Errorf("copies %+v", want)
	}
	r.d = reading.NewText("", nil)
	if want, _ := r.press("c"); want.(page.Copy).What != "this text" {
		t.Errorf("copies %+v", want)
	}
}

// TestTextFolds: what is longer than the screen is wide goes on below, at blanks
// where there are any, and nothing of it is lost.
func TestTextFolds(t *testing.T) {
	long := widget.Line{Left: []widget.Span{{Text: "   labels    ", Tone: theme.Dim}, {Text: "one=1 two=2 three=3 four=4 five=5 " + strings.Repeat("x", 50) + " 日本語サービス 🚀🚒 end"}}}
	for width := 8; width < 60; width++ {
		r := opened(t, width, 200, long, widget.Text(theme.Plain, "next"))
		r.press("/", "e", "n", "d", "enter")
		got := r.seen()
		flat := strings.NewReplacer("\n", "", " ", "", ">", "").Replace(got)
		if !strings.Contains(flat, "labelsone=1two=2three=3four=4five=5"+strings.Repeat("x", 50)+"日本語サービス🚀🚒endnext") {
			t.Errorf("%d: something is lost:\n%s", width, got)
		}
		if width > 20 && !strings.Contains(got, "one=1") {
			t.Errorf("%d: a word is broken:\n%s", width, got)
		}
	}
}

// TestTextSizes: nothing panics, and it fits, at any size, whatever it holds.
func TestTextSizes(t *testing.T) {
	odd := []widget.Line{widget.Text(theme.Plain, "\x1b[2J\u202e日本語🚀🚒"+strings.Repeat("長", 90)), widget.Blank(), {Right: []widget.Span{{Text: "edge"}}}}
	for width := range 30 {
		for height := range 8 {
			r := opened(t, max(1, width), height, append(odd, numbered(20)...)...)
			for _, key := range []string{"down", "G", "/", "o", "d", "d", "enter", "n", "N", "pgup", "g", "space", "c"} {
				r.press(key)
				if n := len(r.d.Draw(r.v)); n > height {
					t.Fatalf("%dx%d: %d lines after %s", width, height, n, key)
				}
			}
		}
	}
}

// TestChoice: moved in, chosen by enter or by its number, closed without a choice.
func TestChoice(t *testing.T) {
	choice := func() *read {
		c := reading.NewChoice("Open")
		for i := range 12 {
			c.Offer(fmt.Sprint("name", i+1, "\x1b"), "https://x.example", page.Link{URL: fmt.Sprint(i + 1)})
		}
		return &read{t, pagetest.View(&fleet.Snapshot{}, 60, 8), c}
	}
	for keys, want := range map[string]page.Intent{
		"enter":           page.Link{URL: "1"},
		"down down enter": page.Link{URL: "3"},
		"G enter":         page.Link{URL: "12"},
		"G down up l":     page.Link{URL: "11"},
		"up enter":        page.Link{URL: "1"},
		"7":               page.Link{URL: "7"},
		"esc":             nil,
		"q":               nil,
	} {
		r := choice()
		if got, over := r.press(strings.Fields(keys)...); got != want || !over {
			t.Errorf("%s: chose %v, want %v", keys, got, want)
		}
	}
	r := choice()
	if got, over := r.press("0", "x", "pgdown"); got != nil || over {
		t.Errorf("chose %v", got)
	}
	if got := r.seen(); !strings.Contains(got, " Open\n") || !strings.Contains(got, ">▌") || strings.Contains(got, "\x1b") {
		t.Errorf("seen:\n%s", got)
	}
	if len(r.d.Keys()) == 0 {
		t.Error("no keys are shown")
	}
	r.v.Height = 1
	r.seen()
	r.v.Theme = theme.New(theme.Options{ASCII: true})
	r.v.Height = 8
	if got := r.seen(); !strings.Contains(got, ">>") {
		t.Errorf("seen in ASCII:\n%s", got)
	}
}

// TestHelp: what writes stands apart, and says whether it may be done; a part
// without keys is not there.
func TestHelp(t *testing.T) {
	d := reading.Help(
		[]page.Binding{{Shown: "T", Does: "trip", Means: "calls are refused", Write: true}, {Shown: "enter", Does: "open"}, {Shown: "g", Does: "to the top", Moves: true}}, []page.Binding{{Shown: "?", Does: "help"}},
		command.Table{{Name: "write", Does: "allow changes from here"}}, ":write allows it",
	)
	r := &read{t, pagetest.View(&fleet.Snapshot{}, 80, 40), d}
	for _, want := range []string{"On this page", " On this page\n   enter     open\n", " Changes the fleet: :write allows it\n   T         trip: calls are refused\n", "Everywhere", " Moving\n   g         to the top\n", "allow changes from here"} {
		if !strings.Contains(r.seen(), want) {
			t.Errorf("lacks %q:\n%s", want, r.seen())
		}
	}
}
