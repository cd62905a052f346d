// Package theme is how things look: tones instead of colours, palettes that fit
// the terminal's background, signs, and the one place where text of services is
// made safe for the screen.
package theme

import (
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
	Trend       // how a number went: sparklines, charts
	Rule        // lines between parts
	tones
)

// Options choose a theme. The zero value is dark with all colours.
type Options struct {
	Light      bool // the terminal's background is light
	ColorBlind bool // no pair of tones differs by red and green alone
	Sixteen    bool // the terminal has its own sixteen colours and no others
	Colorless  bool // weight only
	ASCII      bool // no sign beyond ASCII
	Words      bool // nothing is drawn: what there is to say is said in lines, one after the other
}

// Theme draws tones. It is read-only once made.
type Theme struct {
	ASCII bool
	Words bool             // what draws tables, charts and bars leaves out what is only to be looked at
	open  [tones][2]string // as it stands, and on the row of the cursor
}

// New makes a theme.
func New(o Options) *Theme {
	p := choose(o)
	t := &Theme{ASCII: o.ASCII, Words: o.Words}
	for tone := range tones {
		for lit := range 2 {
			var s ansi.Style
			if tone == Strong || tone == Bad || p.lit == nil && lit == 1 {
				s = s.Bold()
			}
			if c := p.tones[tone]; c != nil {
				s = s.ForegroundColor(c)
			}
			if lit == 1 && p.lit != nil {
				s = s.BackgroundColor(p.lit)
			}
			if len(s) > 0 {
				t.open[tone][lit] = s.String()
			}
		}
	}
	return t
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
	if s = plain.Line(s); t.ASCII && !t.Words {
		s = plain.ASCII(s)
	}
	return s
}

// Heard is a line of words as it is said: Text leaves signs alone until they are
// words.
func (t *Theme) Heard(s string) string {
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
