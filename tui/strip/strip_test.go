package strip_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/strip"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// spells are those of a text, a letter each: c closed, h half open, o open, f forced
// open, d disabled, m metrics only, u unknown; a blank where nothing is known.
func spells(text string) (all []history.Spell) {
	for _, letter := range text {
		s := history.Spell{Known: letter != ' '}
		for _, state := range fleet.BreakerStates() {
			if s.Known && strings.HasPrefix(state.String(), string(letter)) {
				s.State = state
			}
		}
		all = append(all, s)
	}
	return all
}

func text(spans []widget.Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

func TestOf(t *testing.T) {
	spans := strip.Of(spells("ccoofh dmu"))
	if got := text(spans); got != "──✗✗#! oo?" {
		t.Errorf("%q", got)
	}
	tones := []theme.Tone{theme.Dim, theme.Bad, theme.Warn, theme.Plain, theme.Warn, theme.Doubt}
	if len(spans) != len(tones) {
		t.Fatalf("%d spans: %+v", len(spans), spans)
	}
	for i := range spans { // what is alike is one span
		if spans[i].Tone != tones[i] {
			t.Errorf("span %d, %q, has tone %d, want %d", i, spans[i].Text, spans[i].Tone, tones[i])
		}
	}
	if got := strip.Of(nil); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// TestSigns: every state has a sign of its own, but for the two in which a breaker
// never opens; in ASCII too.
func TestSigns(t *testing.T) {
	ascii := theme.New(theme.Options{ASCII: true})
	seen := map[string]fleet.BreakerState{}
	for _, state := range fleet.BreakerStates() {
		sign, _ := theme.State(state)
		sign = ascii.Text(sign)
		if before, twice := seen[sign]; twice && before != fleet.BreakerDisabled || len(sign) != 1 {
			t.Errorf("%s and %s are both %q", before, state, sign)
		}
		seen[sign] = state
	}
}

// TestWorse: of several breakers the worst is seen at each time, and what is known
// before what is not.
func TestWorse(t *testing.T) {
	for _, tt := range []struct{ a, b, want string }{
		{"cccc", "cocc", "─✗──"},
		{"cohf", "oooo", "✗✗✗✗"},
		{"c o ", "  c ", "─ ✗ "},
		{"    ", "cuh ", "─?! "},
		{"dmuh", "cccc", "oo?!"},
	} {
		into := spells(tt.a)
		strip.Worse(into, spells(tt.b))
		if got := text(strip.Of(into)); got != tt.want {
			t.Errorf("%q and %q: %q, want %q", tt.a, tt.b, got, tt.want)
		}
	}
}
