package dialog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// wrap breaks a text, made safe, at blanks into lines of at most so many columns,
// at least one. It keeps the blanks it begins with; what goes on is indented by
// two more.
func wrap(th *theme.Theme, text string, width int) (lines []string) {
	width = max(1, width)
	text = strings.TrimRight(th.Text(text), " ")
	rest := strings.TrimLeft(text, " ")
	indent := min(len(text)-len(rest), width/3)
	line, used, empty := strings.Repeat(" ", indent), indent, true
	next := func() {
		lines = append(lines, strings.TrimRight(line, " "))
		used = min(indent+2, width/3)
		line, empty = strings.Repeat(" ", used), true
	}
	for word := range strings.SplitAfterSeq(rest, " ") {
		if !empty && used+widget.Width(strings.TrimRight(word, " ")) > width {
			next()
		}
		for used+widget.Width(strings.TrimRight(word, " ")) > width { // longer than a line
			first := Prefix(word, max(1, width-used))
			line, word = line+first, word[len(first):]
			next()
		}
		line, used, empty = line+word, used+widget.Width(word), false
	}
	return append(lines, strings.TrimRight(line, " "))
}

// Prefix is as much of a text as fits, at least one character.
func Prefix(s string, width int) string {
	n, used := 0, 0
	for n < len(s) {
		first, w := ansi.FirstGraphemeCluster(s[n:], ansi.GraphemeWidth)
		if w = max(w, widget.Width(first)); n > 0 && used+w > width {
			break
		}
		n, used = n+max(1, len(first)), used+w
	}
	return s[:n]
}

// tail is as much of the end of a text as fits: that is where one types.
func tail(s string, width int) string {
	for s != "" && widget.Width(s) > max(1, width) {
		s = s[len(Prefix(s, 1)):]
	}
	return s
}

// cutLast takes the last character away, however many runes it has.
func cutLast(s string) string {
	last := 0
	for rest := s; rest != ""; rest = rest[last:] {
		if last = len(Prefix(rest, 1)); last == len(rest) {
			return s[:len(s)-last]
		}
	}
	return ""
}

// caret stands where one types.
func caret(th *theme.Theme) string {
	if th.ASCII {
		return "_"
	}
	return "█"
}

// paragraph is a text of one tone in as many lines as it takes.
func paragraph(v *page.View, tone theme.Tone, text string) (lines []widget.Line) {
	for _, l := range wrap(v.Theme, text, v.Width-2) {
		lines = append(lines, widget.Text(tone, " "+l))
	}
	return lines
}

// window is what is seen of lines in so many, from the top-th on. Where that is not
// all of them, the last one says so.
func window(lines []widget.Line, top, height int) []widget.Line {
	n := len(lines)
	if n <= height || height < 2 {
		return lines[:min(n, max(0, height))]
	}
	top = max(0, min(top, lowest(n, height)))
	end := top + height - 1
	more := widget.Text(theme.Dim, " ↑ more above")
	if end < n {
		more = widget.Text(theme.Warn, fmt.Sprintf(" ↓ %d more below", n-end))
	}
	return append(slices.Clone(lines[top:end]), more)
}

// lowest is the first line of a window at the end of so many lines.
func lowest(n, height int) int {
	if n <= height {
		return 0
	}
	return n - max(1, height-1)
}

// Scrolled moves the first line that is seen as a key says; false where it is not
// one that scrolls.
func Scrolled(top *int, v *page.View, key string) bool {
	far := max(1, v.Height-3)
	switch key {
	case "up", "k":
		*top--
	case "down", "j":
		*top++
	case "pgup", "ctrl+b":
		*top -= far
	case "pgdown", "ctrl+f":
		*top += far
	case "home", "g":
		*top = 0
	case "end", "G":
		*top = 1 << 30
	default:
		return false
	}
	return true
}
