// Package theme is how things look: tones instead of colours, palettes that fit
// the terminal's background, signs, and the one place where text of services is
// made safe for the screen.
package theme

import (
	"image/color"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
)

// Tone is what a colour means. Pages know tones only.
type Tone uint8

// The tones. The zero one is text as the terminal has it.
const (
	Plain  Tone = iota
	Dim         // what is there when looked for
	Strong      // what is read first
	Accent      // names of places and keys
	Good        // up, closed
	Warn        // degraded, half open
	Bad         // down, open
	Doubt       // unknown
	Calm        // maintenance
	Rule        // lines between parts
	tones
)

// Options choose a theme. The zero value is dark with colours.
type Options struct {
	Light      bool // the terminal's background is light
	ColorBlind bool // no pair of tones differs by red and green alone
	Colorless  bool // weight only
	ASCII      bool // no sign beyond ASCII
}

// Theme draws tones. It is read-only once made.
type Theme struct {
	ASCII bool
	open  [tones][2]string // as it stands, and on the row of the cursor
}

// palette has a colour for each tone that is one, and the ground of the cursor's
// row.
type palette struct{ dim, accent, good, warn, bad, doubt, calm, rule, lit uint32 }

func palettes(o Options) palette {
	switch {
	case o.ColorBlind && o.Light:
		return palette{0x66707b, 0x0b5394, 0x0072b2, 0x9a6a00, 0xb34700, 0x994f88, 0x66707b, 0xc8ced6, 0xe6edf5}
	case o.ColorBlind:
		return palette{0x848d97, 0x9ecae1, 0x56b4e9, 0xe69f00, 0xff8a4c, 0xd99bc0, 0x848d97, 0x3d444d, 0x2a3038}
	case o.Light:
		return palette{0x66707b, 0x0b5cad, 0x1a7f37, 0x946200, 0xc4232b, 0x7d4cc4, 0x66707b, 0xc8ced6, 0xe6edf5}
	}
	return palette{0x848d97, 0x79b8ff, 0x63b96a, 0xdbab4b, 0xf47067, 0xb392f0, 0x848d97, 0x3d444d, 0x2a3038}
}

// New makes a theme.
func New(o Options) *Theme {
	p := palettes(o)
	t := &Theme{ASCII: o.ASCII}
	for tone, look := range [tones]struct {
		colour uint32
		bold   bool
	}{
		Dim: {p.dim, false}, Strong: {0, true}, Accent: {p.accent, false}, Good: {p.good, false}, Warn: {p.warn, false},
		Bad: {p.bad, true}, Doubt: {p.doubt, false}, Calm: {p.calm, false}, Rule: {p.rule, false},
	} {
		for lit := range 2 {
			var s ansi.Style
			if look.bold || o.Colorless && lit == 1 {
				s = s.Bold()
			}
			if !o.Colorless && look.colour != 0 {
				s = s.ForegroundColor(rgb(look.colour))
			}
			if !o.Colorless && lit == 1 {
				s = s.BackgroundColor(rgb(p.lit))
			}
			if len(s) > 0 {
				t.open[tone][lit] = s.String()
			}
		}
	}
	return t
}

func rgb(c uint32) color.Color {
	return color.RGBA{R: uint8(c >> 16), G: uint8(c >> 8), B: uint8(c), A: 0xff}
}

// Open is what begins text of a tone; empty where nothing does. Lit is the row
// of the cursor.
func (t *Theme) Open(tone Tone, lit bool) string {
	if lit {
		return t.open[tone][1]
	}
	return t.open[tone][0]
}

// Text is any text as it may be drawn: nothing in it is obeyed by a terminal.
// Everything on the screen goes through here.
func (t *Theme) Text(s string) string {
	if s = plain.Line(s); t.ASCII {
		s = plain.ASCII(s)
	}
	return s
}

// Clean is Text before it is drawn: what is typed is kept so, whatever signs the
// terminal has.
func Clean(s string) string { return plain.Line(s) }

// Mark is the sign of a status, which stands before its word or its name.
func Mark(s fleet.Status) (string, Tone) {
	switch s {
	case fleet.Up:
		return "✓", Good
	case fleet.Degraded:
		return "!", Warn
	case fleet.Down:
		return "✗", Bad
	case fleet.Maintenance:
		return "–", Calm
	case fleet.Unknown, fleet.StatusNone:
	}
	return "?", Doubt
}

// Breaker is the tone of a breaker's state.
func Breaker(s fleet.BreakerState) Tone {
	switch s {
	case fleet.BreakerOpen, fleet.BreakerForcedOpen:
		return Bad
	case fleet.BreakerHalfOpen, fleet.BreakerDisabled, fleet.BreakerMetricsOnly:
		return Warn
	case fleet.BreakerClosed:
		return Good
	case fleet.BreakerUnknown:
	}
	return Doubt
}

// State is the sign of a breaker's state where it stands for a slice of time: what
// is closed is a line, so that all else stands out.
func State(s fleet.BreakerState) (string, Tone) {
	sign := "?"
	switch s {
	case fleet.BreakerClosed:
		return "─", Dim
	case fleet.BreakerHalfOpen:
		sign = "!"
	case fleet.BreakerOpen:
		sign = "✗"
	case fleet.BreakerForcedOpen:
		sign = "#"
	case fleet.BreakerDisabled, fleet.BreakerMetricsOnly:
		sign = "o"
	case fleet.BreakerUnknown:
	}
	return sign, Breaker(s)
}
