package term

import (
	"context"
	"errors"
)

// ErrNoTerminal is returned when there is nobody to ask: no controlling
// terminal, or a build system. The command then wants --yes.
var ErrNoTerminal = errors.New("there is no terminal to ask on")

// openConsole opens the controlling terminal, whatever the streams are.
func openConsole() (Console, error) { return nil, ErrNoTerminal }

// Confirm asks a question whose default answer is No.
func (t *IO) Confirm(ctx context.Context, question string) (bool, error) { return false, ErrNoTerminal }

// TypeName asks to type a name, as a protected context wants it. Only the very
// name is a yes.
func (t *IO) TypeName(ctx context.Context, question, name string) (bool, error) {
	return false, ErrNoTerminal
}
