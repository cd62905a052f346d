package widget

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/tui/theme"
)

// longest is how many bytes can be typed: more is a mistake of the clipboard.
const longest = 1024

// Input is a line that is typed. It moves and deletes by whole characters, however
// many runes one has, and holds nothing that a terminal would obey.
type Input struct {
	text string
	at   int // where the next character goes, in bytes
}

// Text is what was typed.
func (in *Input) Text() string { return in.text }

// Set replaces it, and goes to its end.
func (in *Input) Set(text string) {
	in.text, in.at = "", 0
	in.Insert(text)
}

// AtEnd says whether what is typed next goes to the end.
func (in *Input) AtEnd() bool { return in.at == len(in.text) }

// Insert types a text, of which several lines become one.
func (in *Input) Insert(text string) {
	text = theme.Clean(strings.TrimRight(text, "\r\n"))
	for len(text) > longest-len(in.text) {
		if len(in.text) >= longest {
			return
		}
		text = cutLast(strings.ToValidUTF8(text[:longest-len(in.text)], ""))
	}
	in.text = in.text[:in.at] + text + in.text[in.at:]
	in.at += len(text)
}

// Press edits: a key by its name, else what it types. It says whether the key was
// one of a line that is typed.
func (in *Input) Press(key, text string) bool {
	switch key {
	case "left", "ctrl+b":
		in.at = in.before()
	case "right", "ctrl+f":
		in.at = in.after()
	case "home", "ctrl+a":
		in.at = 0
	case "end", "ctrl+e":
		in.at = len(in.text)
	case "ctrl+left", "alt+left", "alt+b":
		in.at = in.wordBefore()
	case "ctrl+right", "alt+right", "alt+f":
		in.at = in.wordAfter()
	case "backspace", "ctrl+h":
		in.cut(in.before(), in.at)
	case "delete", "ctrl+d":
		in.cut(in.at, in.after())
	case "ctrl+u":
		in.cut(0, in.at)
	case "ctrl+k":
		in.cut(in.at, len(in.text))
	case "ctrl+w", "alt+backspace":
		in.cut(in.wordBefore(), in.at)
	case "alt+d":
		in.cut(in.at, in.wordAfter())
	default:
		if text == "" {
			return false
		}
		in.Insert(text)
	}
	return true
}

func (in *Input) cut(from, to int) {
	in.text, in.at = in.text[:from]+in.text[to:], from
	// What stood on both sides may be one character now: its middle is no place.
	for at := 0; at < in.at; {
		if at += firstLength(in.text[at:]); at > in.at {
			in.at = at
		}
	}
}

func (in *Input) before() int { return len(cutLast(in.text[:in.at])) }

func (in *Input) after() int {
	if in.at == len(in.text) {
		return in.at
	}
	return in.at + firstLength(in.text[in.at:])
}

func (in *Input) wordBefore() int {
	head := strings.TrimRightFunc(in.text[:in.at], unicode.IsSpace)
	for head != "" {
		r, size := utf8.DecodeLastRuneInString(head)
		if unicode.IsSpace(r) {
			break
		}
		head = head[:len(head)-size]
	}
	return len(head)
}

func (in *Input) wordAfter() int {
	rest := strings.TrimLeftFunc(in.text[in.at:], unicode.IsSpace)
	if end := strings.IndexFunc(rest, unicode.IsSpace); end >= 0 {
		rest = rest[end:]
	} else {
		rest = ""
	}
	return len(in.text) - len(rest)
}

// Spans draw it in at most so many columns, as far as it can be seen around the
// place where one types.
func (in *Input) Spans(th *theme.Theme, width int) []Span {
	caret := "█"
	switch {
	case th.ASCII && in.AtEnd():
		caret = "_"
	case th.ASCII:
		caret = "|"
	case !in.AtEnd():
		caret = "│"
	}
	wide := func(s string) int { return Width(th.Text(s)) }
	head, tail := in.text[:in.at], in.text[in.at:]
	used, room := wide(head), max(1, width-1-min(wide(tail), width/4))
	for head != "" && used > room {
		first := firstLength(head)
		used -= wide(head[:first])
		head = head[first:]
	}
	tail = ansi.TruncateWc(th.Text(tail), max(0, width-1-used), "")
	spans := []Span{{head, theme.Strong}, {caret, theme.Accent}}
	if tail != "" {
		spans = append(spans, Span{tail, theme.Strong})
	}
	return spans
}

// cutLast takes the last character away, however many runes it has.
func cutLast(s string) string {
	last := 0
	for rest := s; rest != ""; rest = rest[last:] {
		if last = firstLength(rest); last == len(rest) {
			return s[:len(s)-last]
		}
	}
	return ""
}

// firstLength is how many bytes the first character has; never 0.
func firstLength(s string) int {
	first, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	return max(1, len(first))
}
