package reading_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/reading"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// random is lines of words that are short, long, wide, and of signs that a terminal
// obeys, some with a name before them, some with more at the right edge.
func random(r *rand.Rand) (lines []widget.Line) {
	words := []string{"a", "payment-1", "日本語サービス", strings.Repeat("x", 40), "🚀", "e\u0301", "http://10.0.0.1:8080/health", "\x1b[31mred", "two\nlines", "is", "down"}
	for range r.IntN(30) {
		var text []string
		for range r.IntN(12) {
			text = append(text, words[r.IntN(len(words))])
		}
		l := widget.Line{Left: []widget.Span{{Text: strings.Join(text, " ")}}}
		switch r.IntN(4) {
		case 0:
			l.Left = append([]widget.Span{{Text: "   name       ", Tone: theme.Dim}}, l.Left...)
		case 1:
			l.Left = append(l.Left, widget.Span{Text: " more", Tone: theme.Bad})
		}
		lines = append(lines, l)
	}
	return lines
}

// letters are the words of texts, without blanks.
func letters(th *theme.Theme, lines []widget.Line) string {
	var b strings.Builder
	for i := range lines {
		b.WriteString(lines[i].Words(th))
	}
	return strings.Join(strings.Fields(b.String()), "")
}

// TestTextLosesNothing: on every width from the top to the bottom all of the text is
// seen once, in its order, and no line of the screen is wider than that.
func TestTextLosesNothing(t *testing.T) {
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 1))
		lines := random(r)
		width := 8 + r.IntN(60)
		v := pagetest.View(&fleet.Snapshot{}, width, 4000)
		drawn := reading.NewText("", lines).Draw(v)
		for i := range drawn {
			if w := widget.SpansWidth(v.Theme, drawn[i].Left); w > width {
				t.Fatalf("seed %d: %d of %d columns: %q", seed, w, width, drawn[i].Words(v.Theme))
			}
		}
		if got, want := letters(v.Theme, drawn), letters(v.Theme, lines); got != want {
			t.Fatalf("seed %d, %d columns: seen\n%q\nof\n%q", seed, width, got, want)
		}
	}
}

// TestTextUnderAnyKeys: whatever is pressed, it has as many lines as there is room
// for at most, and only what ends reading ends it.
func TestTextUnderAnyKeys(t *testing.T) {
	keys := []string{"down", "up", "pgdown", "pgup", "home", "end", "space", "n", "N", "/", "x", "a", "enter", "backspace", "c", "é", "ctrl+w", "left", "j", "k", "g", "G"}
	ends := map[string]bool{"enter": true, "backspace": true, "left": true}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		x := reading.NewText("A title", random(r))
		typing := false
		for range 80 {
			v := pagetest.View(&fleet.Snapshot{}, 8+r.IntN(80), 1+r.IntN(30))
			key := keys[r.IntN(len(keys))]
			text := key
			if len(key) > 2 {
				text = ""
			}
			intent, over := x.Press(v, key, text)
			switch {
			case over && typing, over && !ends[key]:
				t.Fatalf("seed %d: %s ended it", seed, key)
			case over:
				x = reading.NewText("A title", random(r))
			case key == "/":
				typing = true
			case typing && key == "enter":
				typing = false
			case typing && key == "backspace": // it may have left the words
				typing = strings.Contains(fmt.Sprint(x.Keys()), "enter")
			}
			if c, ok := intent.(page.Copy); ok && strings.ContainsRune(c.Text, '\x1b') {
				t.Fatalf("seed %d: %q is copied", seed, c.Text)
			}
			if drawn := x.Draw(v); len(drawn) > v.Height {
				t.Fatalf("seed %d, after %s: %d lines of %d", seed, key, len(drawn), v.Height)
			}
		}
	}
}

// TestChoiceUnderAnyKeys: what is chosen is what was lit or numbered, at any size.
func TestChoiceUnderAnyKeys(t *testing.T) {
	keys := []string{"down", "up", "pgdown", "pgup", "home", "end", "j", "k", "x", "0", "1", "7", "12"}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		c := reading.NewChoice("Which one?")
		n := 1 + r.IntN(30)
		for i := range n {
			c.Offer(fmt.Sprint("offer ", i), "\x1b[2J日本", page.Copy{Text: fmt.Sprint(i)})
		}
		for range 40 {
			v := pagetest.View(&fleet.Snapshot{}, 4+r.IntN(80), 1+r.IntN(20))
			key := keys[r.IntN(len(keys))]
			intent, over := c.Press(v, key, "")
			if over {
				if got := intent.(page.Copy).Text; fmt.Sprint(got) != key && got != fmt.Sprint(number(key)-1) {
					t.Fatalf("seed %d: %s chose %s", seed, key, got)
				}
				continue
			}
			lit := ""
			drawn := c.Draw(v)
			for i := range drawn {
				if drawn[i].Lit {
					lit += drawn[i].Words(v.Theme)
				}
			}
			if len(drawn) > v.Height || v.Height > 2 && strings.Count(lit, "offer") != 1 && v.Width > 20 {
				t.Fatalf("seed %d: %d lines of %d, lit %q", seed, len(drawn), v.Height, lit)
			}
		}
		v := pagetest.View(&fleet.Snapshot{}, 80, 20)
		c.Press(v, "end", "")
		if intent, over := c.Press(v, "enter", ""); !over || intent.(page.Copy).Text != fmt.Sprint(n-1) {
			t.Fatalf("seed %d: the last of %d is %+v", seed, n, intent)
		}
	}
}

func number(key string) (n int) {
	_, _ = fmt.Sscan(key, &n)
	return n
}
