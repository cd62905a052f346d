// Package match holds the small languages of selection: globs, names of
// services, label expressions, and the guess at what a mistyped name was meant
// to be. It is pure and knows nothing of fleets.
package match

import (
	"errors"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Glob is a name or a glob: * (anything but a slash), ?, [a-z]. A text that
// equals the glob letter by letter matches as well, so that every name selects
// itself whatever characters it holds.
type Glob string

// ParseGlob checks a glob. Its errors go on after "... is".
func ParseGlob(text string) (Glob, error) {
	if text == "" {
		return "", errors.New("empty")
	}
	if _, err := path.Match(text, ""); err != nil {
		return "", errors.New("a glob with a bracket or backslash left open")
	}
	return Glob(text), nil
}

// Wild says that a glob may mean other names than its own.
func (g Glob) Wild() bool { return strings.ContainsAny(string(g), `*?[\\`) }

// Match says whether a text is meant.
func (g Glob) Match(text string) bool {
	if string(g) == text {
		return true
	}
	ok, err := path.Match(string(g), text)
	return ok && err == nil
}

// Nearest returns at most three of the names that a mistyped one may have
// meant, the likeliest first: the same but for case, those it begins, and those
// few letters away.
func Nearest(name string, names []string) []string {
	type guess struct {
		name string
		far  int
	}
	limit := max(1, utf8.RuneCountInString(name)/3)
	folded := strings.ToLower(name)
	var near []guess
	for _, n := range slices.Compact(slices.Sorted(slices.Values(names))) {
		far := distance(folded, strings.ToLower(n))
		if name != "" && len(n) > len(name) && strings.HasPrefix(strings.ToLower(n), folded) {
			far = min(far, 1)
		}
		if far <= limit {
			near = append(near, guess{n, far})
		}
	}
	slices.SortStableFunc(near, func(a, b guess) int { return a.far - b.far })
	var found []string
	for _, g := range near[:min(3, len(near))] {
		found = append(found, g.name)
	}
	return found
}

// distance is how many letters must be changed, added, left out or swapped with
// their neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(s)][len(t)]
}
