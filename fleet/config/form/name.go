package form

import "strings"

// NamePattern is what contexts, profiles and sources may be called: nothing
// that a flag, a path or a list would read as something else.
const (
	NamePattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$"
	NameHint    = "letters, digits, dots, dashes and underscores, the first a letter or digit"
)

// BadName is a Check for NamePattern.
func BadName(s string) string {
	for i, c := range s {
		if !IsWordRune(c) && (i == 0 || c != '.' && c != '-' && c != '_') {
			return "is not a name"
		}
	}
	if s == "" {
		return "is empty"
	}
	return ""
}

// BadPath is a Check for paths of URLs.
func BadPath(s string) string {
	if !strings.HasPrefix(s, "/") {
		return "want a path that starts with /"
	}
	return ""
}
