package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/midwatch-cli/midwatch/fleet/plain"
)

// frames is how many may be drawn in a second: enough for a key to feel prompt.
const frames = 30

// part waits for what is being made, and says what came of it.
func (a *App) part(to io.Writer) {
	if a.changing.Busy() {
		fmt.Fprintln(to, "A change is being made: what is in hand of it is finished first.")
	}
	for _, line := range a.changing.Close() {
		fmt.Fprintln(to, plain.Clean(line))
	}
}

// Run shows the dashboard on a terminal until the person leaves, which is nil, or
// ctx ends, which is its error. The terminal is as it was afterwards, also after
// a panic. Signals are the caller's: they end ctx.
func Run(ctx context.Context, terminal *os.File, o Options) error {
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithOutput(terminal), tea.WithoutSignalHandler(), tea.WithFPS(frames)}
	switch {
	case o.Theme.Colorless:
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	case colorprofile.Env(os.Environ()) < colorprofile.ANSI: // colours were asked for all the same
		options = append(options, tea.WithColorProfile(colorprofile.ANSI))
	}
	app := New(o)
	_, err := tea.NewProgram(app, options...).Run()
	app.part(terminal)
	if ctx.Err() != nil && !errors.Is(err, tea.ErrProgramPanic) {
		return context.Cause(ctx)
	}
	return err
}
