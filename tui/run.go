package tui

import (
	"context"
	"errors"
	"os"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// frames is how many may be drawn in a second: enough for a key to feel prompt.
const frames = 30

// Run shows the dashboard on a terminal until the person leaves, which is nil, or
// ctx ends, which is its error. The terminal is as it was afterwards, also after
// a panic. Signals are the caller's: they end ctx.
func Run(ctx context.Context, terminal *os.File, o Options) error {
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithOutput(terminal), tea.WithoutSignalHandler(), tea.WithFPS(frames)}
	if o.Theme.Colorless {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	_, err := tea.NewProgram(New(o), options...).Run()
	if ctx.Err() != nil && !errors.Is(err, tea.ErrProgramPanic) {
		return context.Cause(ctx)
	}
	return err
}
