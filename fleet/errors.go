package fleet

import "errors"

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
