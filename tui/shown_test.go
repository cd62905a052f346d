package tui_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// header is the first line of the screen.
func (d *dash) header() string {
	first, _, _ := strings.Cut(d.screen(), "\n")
	return first
}

// TestPauseStopsEvents: what happens after the screen was paused is not told beside
// rows that say the opposite.
func TestPauseStopsEvents(t *testing.T) {
	d := start(t, theme.Options{}, 100, 24, healed())
	d.press("p")
	next := night()
	next.Seq, next.At = 3, at().Add(10*time.Second)
	d.take(next)
	if screen := d.screen(); strings.Contains(screen, "down") || !strings.Contains(screen, "paused, there is newer") {
		t.Errorf("paused:\n%s", screen)
	}
	d.types(":events")
	d.press("enter")
	if screen := d.screen(); strings.Contains(screen, "up → down") {
		t.Errorf("the page of events goes on:\n%s", screen)
	}
	d.press("p")
	if screen := d.screen(); !strings.Contains(screen, "up → down") || !strings.Contains(screen, "live") {
		t.Errorf("gone on:\n%s", screen)
	}
}

// TestPausedAndLost: a pause does not hide that there is nothing to go on to.
func TestPausedAndLost(t *testing.T) {
	d := start(t, theme.Options{}, 120, 24, night())
	d.press("p")
	d.now = d.now.Add(time.Minute)
	d.send(tui.TickMsg())
	if h := d.header(); !strings.HasSuffix(h, "paused, no news for 1 m") {
		t.Errorf("silent: %q", h)
	}
	d.send(tui.EndedMsg())
	if h := d.header(); !strings.HasSuffix(h, "paused, the feed has ended") {
		t.Errorf("ended: %q", h)
	}
}

// TestClockOfTheFeed: whatever clocks say, nothing is less than no time old, and
// silence is not negative.
func TestClockOfTheFeed(t *testing.T) {
	s := night()
	s.Sources[1].AsOf = s.At.Add(time.Hour) // its clock is ahead
	d := start(t, theme.Options{}, 120, 24, s)
	if h := d.header(); strings.Contains(h, "-") || !strings.Contains(h, "consul ✗ 0 s old") {
		t.Errorf("a registry from the future: %q", h)
	}
	d.now = d.now.Add(time.Minute)
	d.send(tui.TickMsg())
	d.now = d.now.Add(-time.Hour) // ours was set back
	d.send(tui.ResumeMsg())
	if h := d.header(); strings.Contains(h, "-") {
		t.Errorf("set back: %q", h)
	}
}

// TestNotReadYet: a registry that has said nothing has not said that all is well.
func TestNotReadYet(t *testing.T) {
	s := night()
	s.Sources[0].AsOf = time.Time{}
	d := start(t, theme.Options{}, 120, 24, s)
	if h := d.header(); !strings.Contains(h, "etcd ? not read yet") {
		t.Errorf("header: %q", h)
	}
}

// TestNobodyAnswers: where no registry answers nobody knows that there is no service.
func TestNobodyAnswers(t *testing.T) {
	d := start(t, theme.Options{}, 100, 24, &fleet.Snapshot{At: at(), Sources: []fleet.SourceView{{Name: "etcd", Reason: "refused"}}})
	if screen := d.screen(); strings.Contains(screen, "No service is registered") || !strings.Contains(screen, "? What is registered is not known: no answer from etcd") {
		t.Errorf("the fleet:\n%s", screen)
	}
	d.types(":map")
	d.press("enter")
	if screen := d.screen(); !strings.Contains(screen, "? What is registered is not known: no answer from etcd") {
		t.Errorf("the map:\n%s", screen)
	}
}

// TestHealedIsNotGone: of a service that is well again, where only unwell ones are
// shown, nobody says that it is not there.
func TestHealedIsNotGone(t *testing.T) {
	d := start(t, theme.Options{}, 100, 24, night())
	d.press("ctrl+z")
	d.take(healed())
	next := healed()
	next.Services[3].Status, next.Services[3].Instances[0].Status = fleet.Degraded, fleet.Down // order
	d.take(next)
	screen := d.screen()
	if strings.Contains(screen, "payment is not here any more") || !strings.Contains(screen, "✓ payment is up, and hidden") {
		t.Errorf("it is well:\n%s", screen)
	}
	if d.press("space"); strings.Contains(d.screen(), "marked") {
		t.Errorf("what stands in its place was marked:\n%s", d.screen())
	}
	d.take(without(next, "payment"))
	if screen := d.screen(); !strings.Contains(screen, "payment is not here any more") {
		t.Errorf("it is gone:\n%s", screen)
	}
}

// TestMatchesAreUp: a filter and only unwell ones: that nothing is left says that all
// are up, not that there are none.
func TestMatchesAreUp(t *testing.T) {
	d := start(t, theme.Options{}, 100, 24, healed())
	d.press("ctrl+z", "/")
	d.types("pay")
	d.press("enter")
	if screen := d.screen(); strings.Contains(screen, "No service matches") || !strings.Contains(screen, "✓ All that match pay are up: 1.") {
		t.Errorf("services:\n%s", screen)
	}
}

// TestGoneServiceSaysSo: on the smallest screen too, where the lines below the rows
// have no room, a service that is gone is not shown as if it were there.
func TestGoneServiceSaysSo(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {60, 7}, {40, 10}} {
		d := start(t, theme.Options{}, size[0], size[1], night())
		d.press("enter")
		d.take(without(healed(), "payment"))
		if screen := d.screen(); !strings.Contains(screen, "gone: as it was at 02:14:33") && !strings.Contains(screen, "payment is not here any") {
			t.Errorf("%v: gone:\n%s", size, screen)
		}
		back := night()
		back.Seq, back.At = 9, at().Add(time.Minute)
		for i := range back.Services[4].Instances {
			back.Services[4].Instances[i].Addr = fmt.Sprint("10.9.9.9:", i)
		}
		d.take(back)
		if screen := d.screen(); strings.Contains(screen, "gone") || strings.Contains(screen, "not here") {
			t.Errorf("%v: it is back:\n%s", size, screen)
		}
	}
}

// TestHoldsOfARecording: what ends soon in a recording of last year ends soon: it
// should not have ended a year ago.
func TestHoldsOfARecording(t *testing.T) {
	r := reelOf("nn")
	for _, s := range r.passes {
		s.Services[3].Instances[1].Breakers = []fleet.Breaker{{Name: "payment", State: fleet.BreakerForcedOpen, Rejected: -1, Hold: fleet.Hold{By: "oncall-1", Until: at().Add(time.Minute)}}}
	}
	d := start(t, theme.Options{}, 200, 24)
	d.app = tui.New(tui.Options{Context: "prod", Fixed: true, Now: func() time.Time { return at().AddDate(1, 0, 0) }, Zone: time.UTC, Hands: tui.Hands{Player: r}})
	d.size(200, 24)
	d.take(r.passes[0])
	d.types(":breakers")
	d.press("enter")
	if screen := d.screen(); strings.Contains(screen, "should have ended") || !strings.Contains(screen, "ends in 1 m") {
		t.Errorf("a year later:\n%s", screen)
	}
}

// TestEventsOfAnotherDay: what happened at this time of yesterday is not taken for
// what happened just now.
func TestEventsOfAnotherDay(t *testing.T) {
	d := start(t, theme.Options{}, 100, 24, healed())
	next := night()
	next.At = at().Add(10 * time.Second)
	d.take(next)
	if screen := d.screen(); !strings.Contains(screen, " 02:14:43 ✗ payment/payment-3") {
		t.Errorf("today:\n%s", screen)
	}
	d.now = d.now.AddDate(0, 0, 1)
	d.send(tui.ResumeMsg())
	if screen := d.screen(); !strings.Contains(screen, " Jan 02 02:14 ✗ payment/payment-3") {
		t.Errorf("a day later:\n%s", screen)
	}
}
