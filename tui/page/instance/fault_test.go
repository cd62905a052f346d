package instance_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
	"github.com/midwatch-cli/midwatch/tui/page/instance"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

// TestPhasesOfAnyLength: a phase that took less than no time, or more than all of
// them together, as a recording may say, draws a bar that is within its place.
func TestPhasesOfAnyLength(t *testing.T) {
	for _, took := range []time.Duration{-time.Second, math.MinInt64, math.MaxInt64, 0, time.Hour} {
		in := full()
		in.Probes[0].Took = time.Second
		in.Probes[0].Phases = []probe.Phase{{Name: "dial", Took: took}, {Name: "wait", Took: took}, {Name: "body", Took: time.Millisecond}}
		if screen := pagetest.Screen(t, instance.New(in.Key), view(60, in)); !strings.Contains(screen, "dial") || !strings.Contains(screen, "█") {
			t.Errorf("%s:\n%s", took, screen)
		}
	}
}

// TestExpired: a certificate that has run out is not good for less than no time.
func TestExpired(t *testing.T) {
	for left, want := range map[time.Duration]string{
		72 * time.Hour:  "certificate until 2026-01-05, in 3 d",
		-72 * time.Hour: "! certificate until 2025-12-30, expired 3 d ago",
		0:               "! certificate until 2026-01-02, expired 0 s ago",
	} {
		in := full()
		in.Probes[0].Expires = pagetest.At().Add(left)
		has(t, pagetest.Screen(t, instance.New(in.Key), view(60, in)), want)
	}
}

// TestSeenAhead: a registry whose clock is ahead saw it just now.
func TestSeenAhead(t *testing.T) {
	in := full()
	in.LastSeen = pagetest.At().Add(time.Hour)
	screen := pagetest.Screen(t, instance.New(in.Key), view(80, in))
	has(t, screen, "last seen    0 s ago")
	if strings.Contains(screen, "-1 h") {
		t.Errorf("in the future:\n%s", screen)
	}
}

// TestEndlessName: a component whose name is all slashes is no tree that fills the
// memory, and what is wrong with it is said.
func TestEndlessName(t *testing.T) {
	in := full()
	in.Probes[0].Health.Components = []health.Component{{Name: strings.Repeat("a/", 30000) + "b", Word: health.Ill, Text: "DOWN", Detail: "no disk"}}
	v := view(60, in)
	if n := testing.AllocsPerRun(1, func() { pagetest.Screen(t, instance.New(in.Key), v) }); n > 100000 {
		t.Errorf("%.0f allocations", n)
	}
	if lines := pagetest.Drawn(t, instance.New(in.Key), v); strings.Count(strings.Join(lines, "\n"), "└ ") > 10 {
		t.Errorf("levels without end:\n%s", strings.Join(lines, "\n"))
	}
}

// TestUnreadBreakersAreUnknown: folded, breakers of which one could not be read are
// not said to be closed.
func TestUnreadBreakersAreUnknown(t *testing.T) {
	in := full()
	in.Breakers, in.BreakersWhy = []fleet.Breaker{fleet.NewBreaker("db", fleet.BreakerClosed)}, fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer"}
	p, v := instance.New(in.Key), view(80, in)
	p.See(v)
	pagetest.Press(t, p, v, "z")
	has(t, pagetest.Screen(t, p, v), "Breakers  1 unknown")
}
