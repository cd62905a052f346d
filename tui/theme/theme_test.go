package theme_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// TestTonesDiffer: in every palette what is good, doubtful and bad looks different,
// and the row of the cursor differs from the others.
func TestTonesDiffer(t *testing.T) {
	for name, o := range map[string]theme.Options{
		"dark": {}, "light": {Light: true}, "color-blind": {ColorBlind: true}, "color-blind light": {ColorBlind: true, Light: true},
	} {
		th := theme.New(o)
		seen := map[string]theme.Tone{}
		for _, tone := range []theme.Tone{theme.Plain, theme.Dim, theme.Accent, theme.Good, theme.Warn, theme.Bad, theme.Doubt, theme.Rule} {
			open := th.Open(tone, false)
			if other, twice := seen[open]; twice {
				t.Errorf("%s: tones %d and %d look alike", name, tone, other)
			}
			seen[open] = tone
			if th.Open(tone, true) == open {
				t.Errorf("%s: tone %d is not lit", name, tone)
			}
		}
	}
}

func TestColorless(t *testing.T) {
	th := theme.New(theme.Options{Colorless: true, Light: true})
	for _, tone := range []theme.Tone{theme.Plain, theme.Dim, theme.Strong, theme.Bad, theme.Good} {
		for _, lit := range []bool{false, true} {
			if open := th.Open(tone, lit); open != "" && open != "\x1b[1m" {
				t.Errorf("tone %d opens with %q", tone, open)
			}
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{"payment": "payment", "\x1b[2Jx": `\x1b[2Jx`, "a\nb": "a b", "日本": "日本", "\u202e": `\u202e`, "✓": "✓", "##[x]": "##[x]"} {
		if got := theme.New(theme.Options{}).Text(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := theme.New(theme.Options{ASCII: true}).Text("✓ é › ×3 └"); strings.ContainsFunc(got, func(r rune) bool { return r > '~' }) || !strings.HasPrefix(got, "+ ") {
		t.Errorf("ASCII: %q", got)
	}
}

// TestMarks: each status has a sign of its own.
func TestMarks(t *testing.T) {
	seen := map[string]bool{}
	for s := fleet.Up; s <= fleet.Down; s++ {
		sign, _ := theme.Mark(s)
		if seen[sign] {
			t.Errorf("%s: %q is another's", s, sign)
		}
		seen[sign] = true
	}
	if sign, _ := theme.Mark(fleet.StatusNone); sign != "?" {
		t.Errorf("no status: %q", sign)
	}
	if theme.Breaker(fleet.BreakerOpen) != theme.Bad || theme.Breaker(fleet.BreakerClosed) != theme.Good || theme.Breaker(fleet.BreakerHalfOpen) != theme.Warn || theme.Breaker(fleet.BreakerUnknown) != theme.Doubt {
		t.Error("breakers have other tones")
	}
}
