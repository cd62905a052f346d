package app

import (
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// Code is how the process ends. The numbers are a contract.
type Code int

// The exit codes.
const (
	OK        Code = 0
	NotWell   Code = 1
	Usage     Code = 2
	CannotSay Code = 3
	Partial   Code = 4
	Undone    Code = 5
	HalfDone  Code = 6
	TimedOut  Code = 124
	HungUp    Code = 129
	Interrupt Code = 130
	Killed    Code = 143
)

// CodeOf is the code of a gate's outcome.
func CodeOf(o gate.Outcome) Code {
	switch o {
	case gate.Passed:
		return OK
	case gate.Failed:
		return NotWell
	default:
		return CannotSay
	}
}

// Error is a failure with its code and a hint. A command returns it; the root
// prints it once.
type Error struct {
	Code Code
	Err  error
	Hint string
}

// Error says what happened.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Usagef is a wrong use of a command, with what to do instead.
func Usagef(hint, format string, args ...any) error {
	return &Error{Code: Usage, Err: fmt.Errorf(format, args...), Hint: hint}
}

// Ended carries a code for a command that has already said everything.
type Ended struct {
	Code   Code
	Warned bool // well, with a warning: 1 in the nagios style
}

// Error says only the code; the root never prints it.
func (e Ended) Error() string { return fmt.Sprintf("exit code %d", int(e.Code)) }

// End is the error for a code: nil for OK.
func End(c Code) error {
	if c == OK {
		return nil
	}
	return Ended{Code: c}
}
