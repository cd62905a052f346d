package render

import (
	"github.com/midwatch-cli/midwatch/cmd/term"
)

// pen knows what the output can show.
type pen struct {
	io *term.IO
	o  Options
}

func newPen(t *term.IO, o Options) *pen { return &pen{io: t, o: o} }

func (p *pen) line(s string) string { return term.Clean(s) + "\n" }

// Notes writes lines and a hint to standard error.
func Notes(t *term.IO, notes []string, hint string) error { return nil }
