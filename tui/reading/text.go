// Package reading is the dialogs that are read, or chosen from, and change nothing:
// texts that are scrolled, searched and copied, lists of keys, choices.
package reading

import (
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Text is lines that are read: scrolled, searched, copied. Those that are longer
// than the screen is wide go on in the next one.
type Text struct {
	title string
	lines []widget.Line
	top   int // the first line of the screen that is seen

	typing bool // the words to be found are being typed
	input  widget.Input
	find   string // words that are looked for; empty: none are
	found  int    // the line of them that was gone to; below 0: none
}

// NewText returns one; a title stands above it.
func NewText(title string, lines []widget.Line) *Text {
	return &Text{title: title, lines: lines, found: -1}
}

// Press scrolls, searches and copies; what ends reading closes it.
func (t *Text) Press(v *page.View, key, text string) (page.Intent, bool) {
	if t.typing {
		t.edit(v, key, text)
		return nil, false
	}
	switch key {
	case "/":
		t.typing = true
		t.input.Set("")
	case "n":
		t.next(v, 1)
	case "N":
		t.next(v, -1)
	case "c":
		return page.Copy{Text: t.words(v.Theme), What: what(t.title)}, false
	case "space":
		t.scroll(v, max(1, t.height(v)-1))
	case "esc":
		if t.find == "" {
			return nil, true
		}
		t.find, t.found = "", -1
	case "q", "?", "enter", "ctrl+c", "f1", "left", "h", "backspace":
		return nil, true
	default:
		top := t.top
		if dialog.Scrolled(&top, v, key) {
			t.scroll(v, top-t.top)
		}
	}
	return nil, false
}

func what(title string) string {
	if title == "" {
		return "this text"
	}
	return title
}

// edit takes a key of the words that are typed: what is found is gone to while
// one types.
func (t *Text) edit(v *page.View, key, text string) {
	switch key {
	case "esc", "ctrl+c":
		t.typing, t.find, t.found = false, "", -1
		return
	case "enter":
		t.typing = false
		return
	case "backspace", "ctrl+h":
		if t.input.Text() == "" {
			t.typing = false
			return
		}
	}
	if t.input.Press(key, text); t.input.Text() != t.find {
		t.find, t.found = t.input.Text(), -1
		t.next(v, 1)
	}
}

// matches are the lines that have the words, whatever their case.
func (t *Text) matches(th *theme.Theme) (at []int) {
	if t.find == "" {
		return nil
	}
	words := strings.ToLower(th.Text(t.find))
	for i := range t.lines {
		if strings.Contains(strings.ToLower(t.lines[i].Words(th)), words) {
			at = append(at, i)
		}
	}
	return at
}

// next goes to the next match, or to the one before; from the last to the first.
func (t *Text) next(v *page.View, by int) {
	at := t.matches(v.Theme)
	if len(at) == 0 {
		t.found = -1
		return
	}
	i := 0
	for i < len(at) && at[i] <= t.found { // the first one behind it
		i++
	}
	if by < 0 {
		for i = len(at) - 1; i >= 0 && at[i] >= t.found && t.found >= 0; {
			i--
		}
	}
	t.found = at[(i+len(at))%len(at)]
	_, first := t.wrapped(v)
	if y := first[t.found]; y < t.top || y >= t.top+t.height(v) {
		t.scroll(v, y-t.height(v)/3-t.top)
	}
}

// height is how many lines of the text are seen.
func (t *Text) height(v *page.View) int {
	h := v.Height
	if t.titled(v) {
		h--
	}
	if t.typing || t.find != "" {
		h--
	}
	return max(0, h)
}

func (t *Text) titled(v *page.View) bool { return t.title != "" && v.Height > 4 }

func (t *Text) scroll(v *page.View, by int) {
	lines, _ := t.wrapped(v)
	t.top = max(0, min(t.top+by, len(lines)-t.height(v)))
}

// Wheel scrolls.
func (t *Text) Wheel(v *page.View, by int) { t.scroll(v, by) }

// wrapped are the lines as the screen has them, and where each begins.
func (t *Text) wrapped(v *page.View) (lines []widget.Line, first []int) {
	first = make([]int, len(t.lines))
	for i := range t.lines {
		first[i] = len(lines)
		lines = append(lines, folded(v.Theme, t.lines[i], v.Width, i == t.found)...)
	}
	return lines, first
}

// Draw draws what is seen of it.
func (t *Text) Draw(v *page.View) []widget.Line {
	lines, _ := t.wrapped(v)
	height := t.height(v)
	top := max(0, min(t.top, len(lines)-height))
	var drawn []widget.Line
	if t.titled(v) {
		title := widget.Line{Left: []widget.Span{{Text: " " + t.title, Tone: theme.Strong}}}
		if len(lines) > height {
			title.Right = []widget.Span{{Text: fmt.Sprintf("%d–%d of %d ", top+1, min(top+height, len(lines)), len(lines)), Tone: theme.Dim}}
		}
		drawn = append(drawn, title)
	}
	seen := lines[top:min(len(lines), top+height)]
	drawn = append(drawn, seen...)
	if t.typing || t.find != "" {
		for range height - len(seen) {
			drawn = append(drawn, widget.Blank())
		}
		drawn = append(drawn, t.searching(v))
	}
	return drawn[:min(len(drawn), max(0, v.Height))]
}

// searching is what is looked for, and how often it is there.
func (t *Text) searching(v *page.View) widget.Line {
	l := widget.Line{Left: []widget.Span{{Text: "/", Tone: theme.Accent}}}
	if t.typing {
		l.Left = append(l.Left, t.input.Spans(v.Theme, v.Width-16)...)
	} else {
		l.Left = append(l.Left, widget.Span{Text: t.find, Tone: theme.Strong})
	}
	at := t.matches(v.Theme)
	switch {
	case t.find == "":
	case len(at) == 0:
		l.Right = []widget.Span{{Text: "not there ", Tone: theme.Warn}}
	default:
		n := 1
		for n < len(at) && at[n-1] < t.found {
			n++
		}
		l.Right = []widget.Span{{Text: fmt.Sprintf("%d of %d ", n, len(at)), Tone: theme.Dim}}
	}
	return l
}

// words are the lines as plain text.
func (t *Text) words(th *theme.Theme) string {
	var b strings.Builder
	for i := range t.lines {
		b.WriteString(t.lines[i].Words(th) + "\n")
	}
	return b.String()
}

// Keys are those of a text.
func (t *Text) Keys() [][2]string {
	switch {
	case t.typing:
		return [][2]string{{"enter", "look there"}, {"esc", "look for nothing"}}
	case t.find != "":
		return [][2]string{{"n", "next"}, {"N", "before"}, {"c", "copy"}, {"esc", "look for nothing"}}
	}
	return [][2]string{{"↑↓", "scroll"}, {"/", "find"}, {"c", "copy"}, {"esc", "close"}}
}
