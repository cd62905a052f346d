package prompt_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/prompt"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// desk is a line, and what became of the prompt on it.
type desk struct {
	line    prompt.Line
	p       *prompt.Prompt
	changed []string
	done    string
	left    int
	refuse  bool // enter is refused
}

// opened is a line on which one types behind a sign; words are what it may become.
func opened(text string, words ...string) *desk {
	d := &desk{}
	d.open(":", text, words...)
	return d
}

func (d *desk) open(sign, text string, words ...string) {
	d.p = &prompt.Prompt{
		Sign:    sign,
		Changed: func(text string) { d.changed = append(d.changed, text) },
		Done: func(text string) bool {
			d.done = text
			return !d.refuse
		},
		Left: func() { d.left++ },
	}
	if len(words) > 0 {
		d.p.Offers = func(text string) (all []string) {
			for _, w := range words {
				if strings.HasPrefix(w, text) {
					all = append(all, w)
				}
			}
			return all
		}
	}
	d.line.Open(d.p, text)
}

// press presses keys by their names; what is no name of a key is typed.
func (d *desk) press(keys ...string) *desk {
	for _, k := range keys {
		if utf8.RuneCountInString(k) == 1 {
			d.line.Press(k, k)
		} else {
			d.line.Press(k, "")
		}
	}
	return d
}

// look is the line as it is drawn.
func (d *desk) look(width int, ascii bool) string {
	th := theme.New(theme.Options{Colorless: true, ASCII: ascii})
	text := ""
	for _, s := range d.line.Draw(th, width).Left {
		text += th.Text(s.Text)
	}
	return text
}

// TestKeys: what is typed, completed and given up.
func TestKeys(t *testing.T) {
	words := []string{"events", "every", "fleet"}
	for _, tt := range []struct {
		keys  string
		text  string
		open  bool
		done  string
		left  int
		about string
	}{
		{"", "", true, "", 0, "nothing was typed"},
		{"p a y", "pay", true, "", 0, "typing"},
		{"p a y enter", "", false, "pay", 0, "enter is done with it"},
		{"p a y esc", "", false, "", 1, "esc gives up"},
		{"p a y ctrl+c", "", false, "", 1, "and so does ctrl-c: it does not quit"},
		{"backspace", "", false, "", 1, "backspace in an empty line leaves it"},
		{"p backspace", "", true, "", 0, "but not the one that empties it"},
		{"p backspace backspace", "", false, "", 1, "the next does"},
		{"ctrl+h", "", false, "", 1, "another word for backspace"},
		{"e tab", "events", true, "", 0, "tab takes the first offer"},
		{"e tab tab", "every", true, "", 0, "and the next"},
		{"e tab tab tab", "events", true, "", 0, "and the first again"},
		{"e shift+tab", "every", true, "", 0, "the other way the last comes first"},
		{"e tab shift+tab", "every", true, "", 0, "and one can go back"},
		{"x tab", "x", true, "", 0, "nothing is offered"},
		{"e tab s", "eventss", true, "", 0, "one types on behind an offer"},
		{"e tab enter", "", false, "events", 0, "or takes it"},
		{"f right", "fleet", true, "", 0, "right at the end completes"},
		{"f left right", "f", true, "", 0, "elsewhere it moves"},
		{"f left right right", "fleet", true, "", 0, "and at the end it completes"},
		{"up", "", true, "", 0, "nothing was typed before"},
		{"p down", "p", true, "", 0, "and nothing after"},
		{"f5", "", true, "", 0, "a key that is none of a line"},
	} {
		d := opened("", words...).press(strings.Fields(tt.keys)...)
		if d.line.Text() != tt.text || d.line.Asks() != tt.open || d.done != tt.done || d.left != tt.left {
			t.Errorf("%s: %q: text %q, open %v, done %q, left %d", tt.about, tt.keys, d.line.Text(), d.line.Asks(), d.done, d.left)
		}
	}
}

// TestChanged: who asks is told of each text, but not of offers that are walked
// through: what filters while one types would jump.
func TestChanged(t *testing.T) {
	d := opened("", "events", "every").press("e", "v", "tab", "tab", "x")
	if got := strings.Join(d.changed, " "); got != "e ev ev everyx" {
		t.Errorf("told of %q", got)
	}
	d = opened("pay").press("left", "backspace")
	if got := d.changed[len(d.changed)-1]; got != "py" {
		t.Errorf("told of %q", got)
	}
	d.line.Paste("日\n本\x1b[2J")
	if got := d.changed[len(d.changed)-1]; strings.ContainsAny(got, "\n\x1b") || !strings.Contains(got, "日 本") {
		t.Errorf("pasted, and told of %q", got)
	}
}

// TestTried: who wants to is told of the offers that are walked through; the only
// one is a new text, from which tab goes on.
func TestTried(t *testing.T) {
	d := opened("", "zone=", "zone=a", "zone=b", "team=shop")
	var tried []string
	d.p.Tried = func(text string) { tried = append(tried, text) }
	d.press("z", "tab", "tab", "tab", "shift+tab")
	if got := strings.Join(tried, " "); got != "zone= zone=a zone=b zone=a" {
		t.Errorf("tried %q", got)
	}
	tried, d.changed = nil, nil
	d.press("enter")
	d.open("/", "te", "team=", "team=shop")
	d.p.Tried = func(text string) { tried = append(tried, text) }
	d.p.Offers = func(text string) []string {
		if text == "te" {
			return []string{"team="}
		}
		return []string{"team=id", "team=shop"}
	}
	d.press("tab")
	if got := d.line.Text(); got != "team=" || strings.Join(d.changed, " ") != "te team=" {
		t.Errorf("the line is %q, told of %q", got, d.changed)
	}
	d.press("tab", "tab")
	if got := d.line.Text(); got != "team=shop" || strings.Join(tried, " ") != "team=id team=shop" {
		t.Errorf("the line is %q, tried %q", got, tried)
	}
}

// TestRefused: a line that is refused stays as it is, and is not remembered.
func TestRefused(t *testing.T) {
	d := opened("")
	d.refuse = true
	d.press("x", "enter")
	if !d.line.Asks() || d.line.Text() != "x" || len(d.line.Typed(":")) != 0 {
		t.Errorf("open %v, %q, %q", d.line.Asks(), d.line.Text(), d.line.Typed(":"))
	}
	d.refuse = false
	if d.press("enter"); d.line.Asks() || !slices.Equal(d.line.Typed(":"), []string{"x"}) {
		t.Errorf("open %v, %q", d.line.Asks(), d.line.Typed(":"))
	}
}

// TestRecall: what was typed behind a sign comes back behind that one alone, each
// line once, and the line of now is kept.
func TestRecall(t *testing.T) {
	d := &desk{}
	for _, text := range []string{"one", "two", "one", "", "three"} {
		d.open(":", text)
		d.press("enter")
	}
	d.open("/", "elsewhere")
	d.press("enter")
	d.open(":", "")
	for _, tt := range []struct{ key, want string }{
		{"n", "n"}, {"up", "three"}, {"up", "one"}, {"up", "two"}, {"up", "two"}, {"down", "one"}, {"ctrl+n", "three"}, {"down", "n"}, {"down", "n"}, {"ctrl+p", "three"}, {"x", "threex"}, {"down", "n"},
	} {
		if d.press(tt.key); d.line.Text() != tt.want {
			t.Errorf("after %s: %q, want %q", tt.key, d.line.Text(), tt.want)
		}
	}
	d.open("/", "")
	if d.press("up"); d.line.Text() != "elsewhere" {
		t.Errorf("behind /: %q", d.line.Text())
	}
}

// TestRemembersSoMany: a day of typing is bounded, the newest lines stay.
func TestRemembersSoMany(t *testing.T) {
	d := &desk{}
	for i := range 3 * prompt.Remembered {
		d.open(":", fmt.Sprint("line ", i))
		d.press("enter")
	}
	typed := d.line.Typed(":")
	if len(typed) != prompt.Remembered || typed[len(typed)-1] != fmt.Sprint("line ", 3*prompt.Remembered-1) {
		t.Errorf("%d lines, the last %q", len(typed), typed[len(typed)-1])
	}
}

// TestOpensAnother: what a line does may ask for the next one; that one stays.
func TestOpensAnother(t *testing.T) {
	d := opened("first")
	done := d.p.Done
	d.p.Done = func(text string) bool {
		d.open("/", "second")
		return done(text)
	}
	if d.press("enter"); !d.line.Asks() || d.line.Text() != "second" || !slices.Equal(d.line.Typed(":"), []string{"first"}) {
		t.Errorf("open %v, %q, typed %q", d.line.Asks(), d.line.Text(), d.line.Typed(":"))
	}
}

// TestLeave: it is given up once, and keys of no line do nothing.
func TestLeave(t *testing.T) {
	d := opened("pay")
	d.line.Leave()
	d.line.Leave()
	d.press("x", "enter")
	d.line.Paste("y")
	if d.left != 1 || d.line.Asks() || d.line.Text() != "" || d.done != "" {
		t.Errorf("left %d times, open %v, %q, done %q", d.left, d.line.Asks(), d.line.Text(), d.done)
	}
}

// TestHints: what is wrong goes before what could be typed, with what to do.
func TestHints(t *testing.T) {
	d := opened("ev")
	if got := d.look(60, false); got != ":ev█" {
		t.Errorf("without a hint: %q", got)
	}
	d.p.Hint("events  every")
	if got := d.look(60, false); got != ":ev█  events  every" {
		t.Errorf("with a hint: %q", got)
	}
	d.p.Say(&fleet.Error{Detail: "there is no ev", Hint: "did you mean events?"})
	if got := d.look(60, true); got != ":ev_  there is no ev: did you mean events?" {
		t.Errorf("with a fault: %q", got)
	}
	d.p.Say(errors.New("it is locked"))
	if got := d.look(60, true); got != ":ev_  it is locked" {
		t.Errorf("with any error: %q", got)
	}
	d.p.Say(nil)
	if got := d.look(60, true); got != ":ev_" {
		t.Errorf("when it is well again: %q", got)
	}
}

// FuzzLine: whatever is typed, pasted and offered, the text is valid and nothing
// that a terminal obeys is drawn.
func FuzzLine(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "every 2s")
	f.Add([]byte{9, 9, 1, 1, 0, 9, 5, 5, 6}, "e\x1b[2J\xff日")
	keys := []string{"enter", "tab", "shift+tab", "up", "down", "left", "right", "backspace", "ctrl+w", "esc", "", "paste"}
	f.Fuzz(func(t *testing.T, presses []byte, text string) {
		d := opened(text, "events", text, "every\x1b[2J")
		for _, p := range presses[:min(len(presses), 40)] {
			if !d.line.Asks() {
				d.open(":", "")
			}
			switch key := keys[int(p)%len(keys)]; key {
			case "":
				d.line.Press("", text)
			case "paste":
				d.line.Paste(text)
			default:
				d.line.Press(key, "")
			}
			if !d.line.Asks() {
				continue
			}
			if !utf8.ValidString(d.line.Text()) {
				t.Fatalf("%q is kept", d.line.Text())
			}
			if got := d.look(30, false); strings.ContainsRune(got, '\x1b') || widget.Width(got) < 2 {
				t.Fatalf("%q is drawn", got)
			}
		}
		if len(d.line.Typed(":")) > prompt.Remembered {
			t.Errorf("%d lines are kept", len(d.line.Typed(":")))
		}
	})
}

// TestTake: a whole line is taken as if it were typed; one that is not understood is
// given up, and what is wrong with it told.
func TestTake(t *testing.T) {
	var l prompt.Line
	taken, left := "", 0
	open := func() {
		p := &prompt.Prompt{Sign: ":"}
		p.Changed = func(string) {}
		p.Left = func() { left++ }
		p.Done = func(text string) bool {
			if text == "bad" {
				p.Say(errors.New("that is bad"))
			}
			taken = text
			return text == "good"
		}
		l.Open(p, "before")
	}
	open()
	if err := l.Take("good"); err != nil || taken != "good" || l.Asks() || left != 0 {
		t.Errorf("took %q: %v", taken, err)
	}
	open()
	if err := l.Take("bad"); err == nil || err.Error() != "that is bad" || l.Asks() || left != 1 {
		t.Errorf("took %q: %v, given up %d times", taken, err, left)
	}
	open()
	if err := l.Take("odd"); err == nil || l.Asks() {
		t.Errorf("took %q: %v", taken, err)
	}
}
