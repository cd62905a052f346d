// Package strip draws circuit breakers over time: a sign for each slice of it.
package strip

import (
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Of is a breaker over time, a sign for each slice of it; a blank where nothing
// is known.
func Of(spells []history.Spell) (spans []widget.Span) {
	for _, s := range spells {
		sign, tone := theme.State(s.State)
		if !s.Known {
			sign, tone = " ", theme.Plain
		}
		if n := len(spans); n > 0 && spans[n-1].Tone == tone {
			spans[n-1].Text += sign
			continue
		}
		spans = append(spans, widget.Span{Text: sign, Tone: tone})
	}
	return spans
}

// Worse puts the worse of two breakers into each slice of the first.
func Worse(into, other []history.Spell) {
	for i := range into {
		if o := other[i]; o.Known && (!into[i].Known || o.State.Rank() > into[i].State.Rank()) {
			into[i] = o
		}
	}
}
