package widget

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/tui/theme"
)

// Wrap breaks a text, made safe, at blanks into lines of at most so many columns,
// at least one. It keeps the blanks it begins with; what goes on is indented by
// two more.
func Wrap(th *theme.Theme, text string, width int) (lines []string) {
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
		if !empty && used+Width(strings.TrimRight(word, " ")) > width {
			next()
		}
		for used+Width(strings.TrimRight(word, " ")) > width { // longer than a line
			first := prefix(word, max(1, width-used))
			line, word = line+first, word[len(first):]
			next()
		}
		line, used, empty = line+word, used+Width(word), false
	}
	return append(lines, strings.TrimRight(line, " "))
}

// prefix is as much of a text as fits, at least one character.
func prefix(s string, width int) string {
	n, used := 0, 0
	for n < len(s) {
		first, w := ansi.FirstGraphemeCluster(s[n:], ansi.GraphemeWidth)
		if w = max(w, Width(first)); n > 0 && used+w > width {
			break
		}
		n, used = n+max(1, len(first)), used+w
	}
	return s[:n]
}

// Tail is as much of the end of a text as fits: that is where one types.
func Tail(s string, width int) string {
	for s != "" && Width(s) > max(1, width) {
		s = s[len(prefix(s, 1)):]
	}
	return s
}

// CutLast takes the last character away, however many runes it has.
func CutLast(s string) string {
	last := 0
	for rest := s; rest != ""; rest = rest[last:] {
		if last = len(prefix(rest, 1)); last == len(rest) {
			return s[:len(s)-last]
		}
	}
	return ""
}

// Caret stands where one types.
func Caret(th *theme.Theme) string {
	if th.ASCII {
		return "_"
	}
	return "█"
}

// Window is what is seen of lines in so many, from the top-th on. Where that is not
// all of them, the last one says so.
func Window(lines []Line, top, height int) []Line {
	n := len(lines)
	if n <= height || height < 2 {
		return lines[:min(n, max(0, height))]
	}
	top = max(0, min(top, Lowest(n, height)))
	end := top + height - 1
	more := Text(theme.Dim, " ↑ more above")
	if end < n {
		more = Text(theme.Warn, fmt.Sprintf(" ↓ %d more below", n-end))
	}
	return append(slices.Clone(lines[top:end]), more)
}

// Lowest is the first line of a window at the end of so many lines.
func Lowest(n, height int) int {
	if n <= height {
		return 0
	}
	return n - max(1, height-1)
}

// Folded is a line in as many of the screen as it takes, broken at blanks where
// there are any; what goes on is indented, below the value where the line begins
// with the name of one. One with something at its right edge
// stays as it is.
func Folded(th *theme.Theme, l Line, width int, lit bool) []Line {
	l.Lit = l.Lit || lit
	if len(l.Right) > 0 || width < 8 || SpansWidth(th, l.Left) <= width {
		return []Line{l}
	}
	var lines []Line
	line, used, indent := Line{Lit: l.Lit}, 0, min(5, width/4)
	if name := Width(th.Text(l.Left[0].Text)); len(l.Left) > 1 && name <= width/3 {
		indent = max(indent, name)
	}
	next := func() {
		lines = append(lines, line)
		line, used = Line{Lit: l.Lit, Left: []Span{{Text: strings.Repeat(" ", indent)}}}, indent
	}
	for _, s := range l.Left {
		for word := range strings.SplitAfterSeq(th.Text(s.Text), " ") {
			if used > indent && used+Width(strings.TrimRight(word, " ")) > width {
				next()
			}
			for used+Width(strings.TrimRight(word, " ")) > width { // longer than a line
				first := prefix(word, width-used)
				line.Left = append(line.Left, Span{Text: first, Tone: s.Tone})
				word = word[len(first):]
				next()
			}
			if used+Width(word) > width {
				word = strings.TrimRight(word, " ")
			}
			line.Left = append(line.Left, Span{Text: word, Tone: s.Tone})
			used += Width(word)
		}
	}
	return append(lines, line)
}
