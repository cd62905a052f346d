package fleet

import (
	"errors"

	"github.com/midwatch-cli/midwatch/probe"
)

// Errors that adapters return, wrapped, so that every command words them alike.
var (
	ErrNotFound = errors.New("not found")
	ErrDenied   = errors.New("denied")
)

// Error is a failure with its reason as data, said for people.
type Error struct {
	Reason Reason
	Detail string // what happened, where; holds no secret
	Hint   string // what to do about it; may be empty
	Err    error  // the cause, for errors.Is
}

// Error says what happened.
func (e *Error) Error() string { return e.Detail }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ReasonOf is the reason of a failure, of a source most of all, and one line on
// it: an *Error's own words, else what the error is known for, else what the
// network, TLS or the context said. A nil error has none.
func ReasonOf(err error) (Reason, string) {
	var known *Error
	isKnown := errors.As(err, &known)
	switch {
	case isKnown && known.Reason != "":
		return known.Reason, known.Detail
	case errors.Is(err, ErrDenied):
		return probe.ReasonAuth, err.Error()
	case errors.Is(err, ErrNotFound):
		return probe.ReasonNotFound, err.Error()
	}
	_, reason, text := probe.Classify(err)
	if isKnown {
		text = known.Detail
	}
	return reason, text
}

// HintOf is what to do about a failure; empty where nobody says.
func HintOf(err error) string {
	var known *Error
	if errors.As(err, &known) {
		return known.Hint
	}
	return ""
}
