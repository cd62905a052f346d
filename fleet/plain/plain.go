// Package plain is text for people: what comes from services made safe for a
// terminal, signs written out in ASCII, durations in words. It knows neither
// fleets nor terminals.
package plain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text of a service safe for one line of any output: white space
// becomes a blank; control characters, escape sequences (also those of the
// eighth bit), direction overrides and other invisible characters are written
// out (\x1b, \u202e), as are bytes that are no UTF-8; what build systems take
// for commands (::error::, ##[group], ##vso[, ##teamcity[) is pulled apart.
func Clean(s string) string {
	if harmless(s) {
		return s
	}
	return unlink(scrub(s, false))
}

// Line is Clean for a screen that is drawn cell by cell: no build system reads
// along, so its marks stay as they are. What is printable is returned as it came.
func Line(s string) string {
	for _, r := range s {
		switch {
		case r >= ' ' && r <= '~', r >= '─' && r <= '▟': // most of a screen, and what its charts are made of: the tables of Unicode are not asked
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return scrub(s, false)
		}
	}
	return s
}

// CleanLines is Clean for text of several lines: newlines and tabs stay.
func CleanLines(s string) string {
	if harmless(s) {
		return s
	}
	lines := strings.Split(scrub(s, true), "\n")
	for i := range lines {
		lines[i] = unlink(lines[i])
	}
	return strings.Join(lines, "\n")
}

// Printable writes out what a terminal could obey or hide and keeps lines, tabs
// and marks of build systems: for text that is the user's own but for clean
// values in it.
func Printable(s string) string {
	if harmless(s) {
		return s
	}
	return scrub(s, true)
}

// harmless says that there is nothing to do: printable ASCII without command marks.
func harmless(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '#' || s[i] == ':' && i+1 < len(s) && s[i+1] == ':' {
			return false
		}
	}
	return true
}

// scrub writes out what a terminal could obey or hide.
func scrub(s string, lines bool) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case lines && (r == '\n' || r == '\t'):
			b.WriteRune(r)
		case r == '\r' && strings.HasPrefix(s[i+1:], "\n"):
		case r == '\u0085' || r == '\u2028' || r == '\u2029', r < 0x80 && unicode.IsSpace(r), unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

// unlink pulls apart what a build system would obey. The marks with ## count
// anywhere in a line, :: only where it begins one and is closed later, so that
// an IPv6 address stays what it is.
func unlink(s string) string {
	if strings.Contains(s, "##") {
		var b strings.Builder
		for i := range len(s) {
			b.WriteByte(s[i])
			if s[i] == '#' && marked(s[i+1:]) {
				b.WriteByte(' ')
			}
		}
		s = b.String()
	}
	return UnlinkLine(s)
}

// marked says that what follows a # makes a mark of it, whatever its case.
func marked(s string) bool {
	for _, mark := range []string{"#[", "#vso[", "#teamcity["} {
		if len(s) >= len(mark) && strings.EqualFold(s[:len(mark)], mark) {
			return true
		}
	}
	return false
}

// UnlinkLine pulls apart a workflow command at the start of a line, also one that
// has only begun: what follows it in a line could end it. Whoever puts a line
// together from clean parts calls it on the whole.
func UnlinkLine(s string) string {
	start := strings.TrimLeftFunc(s, unicode.IsSpace)
	if !strings.HasPrefix(start, "::") || address(start[2:]) {
		return s
	}
	at := len(s) - len(start) + 1
	return s[:at] + " " + s[at:]
}

// UnlinkLines is UnlinkLine for every line of a text.
func UnlinkLines(s string) string {
	if !strings.Contains(s, "::") {
		return s
	}
	lines := strings.SplitAfter(s, "\n")
	for i := range lines {
		lines[i] = UnlinkLine(lines[i])
	}
	return strings.Join(lines, "")
}

// address says that what follows :: makes an IPv6 address of it, which never has
// a second ::, and no command is called like one.
func address(s string) bool {
	group := s
	if i := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF.", r) }); i >= 0 {
		if group = s[:i]; !strings.ContainsRune(":%/] \t", rune(s[i])) {
			return false
		}
	}
	return !strings.Contains(s, "::") && (len(group) <= 4 || strings.Contains(group, "."))
}

// ASCII writes out what is no ASCII: our own signs by their counterparts, other
// characters by their number (\u65e5), so that two names never become one.
func ASCII(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return s
	}
	s = strings.NewReplacer("✓", "+", "✗", "x", "–", "-", "·", "-", "—", "-", "…", "~", "→", "->", "×", "x", "└", "`", "├", "|", "┗", "`", "┣", "|", "┡", "|", "┃", "|", "━", "=", "↻", "@", "▌", ">", "─", "-", "›", ">", "│", "|", "↑", "^", "↓", "v", "←", "<").Replace(s)
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}
