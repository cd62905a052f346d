package health

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of the texts a Verdict keeps, in bytes.
const (
	maxName   = 120
	maxText   = 80
	maxDetail = 240
)

// Clean makes one printable line of a service's text, at most limit bytes long:
// white space and control characters, and with these every escape sequence,
// become one blank; what is no UTF-8 and what is invisible (direction overrides,
// joiners) becomes U+FFFD. A text that was cut ends in three dots. A limit below
// 3 leaves nothing.
func Clean(s string, limit int) string {
	if plain(s) && len(s) <= limit {
		return s
	}
	var b strings.Builder
	blank := false
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			blank = b.Len() > 0
			continue
		}
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
		if b.Len() > limit {
			return cut(b.String(), limit)
		}
	}
	return b.String()
}

// plain says that there is nothing to do: one line of printable ASCII without
// blanks to fold.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
		if s[i] == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

// cut takes off the end, at the start of a character.
func cut(s string, limit int) string {
	const dots = "..."
	end := limit - len(dots)
	if end < 0 {
		return ""
	}
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.TrimRight(s[:end], " ") + dots
}
