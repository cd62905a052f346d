package term

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// ErrNoTerminal is wrapped when there is nobody to ask: no controlling
// terminal, or a build system. The command then wants --yes.
var ErrNoTerminal = errors.New("there is no terminal to ask on")

// openConsole opens the controlling terminal, whatever the streams are: an
// answer never comes out of a file that is piped in.
func openConsole() (Console, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoTerminal, err)
	}
	return f, nil
}

// Confirm asks a question whose default answer is No. Its errors wrap
// ErrNoTerminal or are the context's.
func (t *IO) Confirm(ctx context.Context, question string) (bool, error) {
	answer, err := t.ask(ctx, question+" [y/N] ")
	if err != nil {
		return false, err
	}
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"), nil
}

// TypeName asks to type a name, as a protected context wants it. Only the very
// name is a yes.
func (t *IO) TypeName(ctx context.Context, question, name string) (bool, error) {
	answer, err := t.ask(ctx, question+" ")
	return err == nil && answer == name && name != "", err
}

// ask puts a question to the terminal and returns the line that was typed; none
// at its end.
func (t *IO) ask(ctx context.Context, question string) (string, error) {
	if t.CI != NoCI {
		return "", fmt.Errorf("%w: this is a build", ErrNoTerminal)
	}
	c, err := t.Console()
	if err != nil {
		return "", err
	}
	question = CleanLines(question)
	if t.ASCII {
		question = ASCII(question)
	}
	if _, err := io.WriteString(c, question); err != nil {
		return "", errors.Join(fmt.Errorf("%w: %w", ErrNoTerminal, err), c.Close())
	}
	type answer struct {
		line string
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(c).ReadString('\n')
		typed <- answer{line, err}
	}()
	select {
	case a := <-typed:
		_ = c.Close()
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return "", fmt.Errorf("%w: %w", ErrNoTerminal, a.err)
		}
		return strings.TrimSpace(a.line), nil
	case <-ctx.Done():
		// Some systems cannot break off a read of a terminal: it is not waited for.
		_ = c.SetReadDeadline(time.Unix(1, 0))
		_, _ = io.WriteString(c, "\n")
		_ = c.Close()
		return "", ctx.Err()
	}
}
