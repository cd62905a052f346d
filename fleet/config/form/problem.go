// Package form reads YAML files of a known form: strictly, with the place of
// every error, and all errors at once. A form is made of slots, each of which
// decodes its part, describes it as JSON Schema and writes it back.
package form

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with a file, or with the surroundings. Its texts hold no
// secret and no control characters.
type Problem struct {
	File    string // as it was named; empty where the environment is at fault
	Line    int    // from 1; 0 where the file as a whole is at fault
	Column  int    // from 1, in characters
	Path    string // contexts[1].registries[0].url, or the name of a variable
	Message string
	Hint    string // what to do about it; may be empty
	Cause   error  // for errors.Is; may be nil
}

// String is the problem on one line: file:line:col: path: message (hint).
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString(" (" + p.Hint + ")")
	}
	return b.String()
}

// Error is a wrong file: all that is wrong with it, in the order of the
// file. It means "wrong configuration"; failures of the machine are other
// errors.
type Error struct {
	Problems []Problem // at least one
}

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the causes.
func (e *Error) Unwrap() []error {
	var causes []error
	for _, p := range e.Problems {
		if p.Cause != nil {
			causes = append(causes, p.Cause)
		}
	}
	return causes
}

// Wrong is an Error with one problem that has no place in a file.
func Wrong(path, message, hint string, cause error) error {
	return &Error{Problems: []Problem{{Path: path, Message: message, Hint: hint, Cause: cause}}}
}

func sortProblems(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// longest is how many characters of a word of the file a line shows.
const longest = 60

// Join makes the path of a key below another. A key that Quote would change or
// cut stands quoted.
func Join(at, key string) string {
	switch {
	case !Plain(key) || len(key) > longest:
		return at + "[" + Quote(key) + "]"
	case at == "":
		return key
	}
	return at + "." + key
}

// Index makes the path of an item of a list.
func Index(at string, i int) string { return at + "[" + strconv.Itoa(i) + "]" }

// Plain says whether a key can stand in a path as it is.
func Plain(s string) bool {
	for _, c := range s {
		if !IsWordRune(c) && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// IsWordRune knows the letters and digits of ASCII.
func IsWordRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// Quote shows a word of the file: escaped, so that it cannot act on a terminal,
// and cut, so that it cannot fill one.
func Quote(s string) string {
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest]) + "..."
	}
	return strconv.QuoteToASCII(s)
}

// oneOf writes a choice: a, b or c.
func oneOf(words []string) string {
	switch n := len(words); n {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
}

// DidYouMean is the hint that belongs to an unknown word: the nearest known
// one, or all of them where they are few, or nothing.
func DidYouMean(word string, known []string) string {
	best, least := "", min(len(word)/3+1, 3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least && d < len(k) {
			best, least = k, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	if len(known) > 0 && len(known) <= 16 {
		return "known here: " + strings.Join(known, ", ")
	}
	return ""
}

// distance is the number of letters to add, drop, change or swap with their
// neighbour (Damerau-Levenshtein, optimal string alignment). Words longer than
// a name can be are simply far away.
func distance(a, b string) int {
	const long = 64
	if len(a) > long || len(b) > long {
		return long
	}
	var before, prev [long + 1]int
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		var row [long + 1]int
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := prev[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(prev[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(b)]
}

// ReasonOf is an error of the file system without the path, which a message
// already has.
func ReasonOf(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}
