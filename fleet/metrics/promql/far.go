package promql

import (
	"errors"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Sorts says whether the order of an instant's answer is the expression's own.
func (e *Expr) Sorts() bool { return e.sorts() }

// Refused is the error about an expression that a Prometheus server finds fault
// with, in its words: those of the same engine, so that the same is said of the
// same, wherever it is asked.
func Refused(words string) error {
	words = placed(strings.Replace(words, ": parse error: ", ": ", 1))
	what := words
	if _, rest, ok := strings.Cut(words, ": "); ok && startsWithPlace(words) {
		what = rest
	}
	advice := hint(what)
	if advice == "" {
		advice = joining(what)
	}
	return &fleet.Error{Reason: fleet.ReasonExpression, Detail: words, Hint: advice, Err: &wrong{errors.New(words)}}
}

// startsWithPlace says whether words begin with a line and a column.
func startsWithPlace(words string) bool {
	place, _, _ := strings.Cut(words, ": ")
	line, column, ok := strings.Cut(place, ":")
	return ok && line != "" && column != "" && strings.Trim(line+column, "0123456789") == ""
}

// placed gives an empty expression its place: the parser has none for it.
func placed(words string) string {
	if rest, none := strings.CutPrefix(words, "unknown position: "); none {
		return "1:1: " + rest
	}
	return words
}
