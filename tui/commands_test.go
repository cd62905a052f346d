package tui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/prompt"
	"github.com/midwatch-cli/midwatch/tui/trail"
)

// TestCommandsAreTold: every word is in one command only, each says what it does,
// and pages that filter say so.
func TestCommandsAreTold(t *testing.T) {
	a := New(Options{Hands: Hands{Refresh: func() {}, Interval: func(time.Duration) {}}})
	seen := map[string]bool{}
	for _, w := range a.commands().Words() {
		if seen[w] || w == "" || strings.ContainsAny(w, " /") {
			t.Errorf("%q is two commands, or none", w)
		}
		seen[w] = true
	}
	for _, c := range a.commands() {
		if c.Does == "" || c.Do == nil || c.Offers != nil && (c.Arg == "" || len(c.Offers()) == 0) {
			t.Errorf("%+v says nothing", c)
		}
	}
	for _, w := range []string{"svc", "events", "every", "refresh", "pause", "utc", "zone", "suspend", "q"} {
		if !seen[w] {
			t.Errorf("there is no :%s", w)
		}
	}
}

// TestHandsThatAreNotThere: what cannot be done to the feed is neither a key nor a
// command.
func TestHandsThatAreNotThere(t *testing.T) {
	a := New(Options{})
	for _, w := range []string{"every", "refresh"} {
		if a.commands().Find(w) != nil {
			t.Errorf(":%s is there", w)
		}
	}
	for _, b := range a.keys() {
		if b.Shown == "ctrl-r" {
			t.Error("ctrl-r is there")
		}
	}
}

func TestEvery(t *testing.T) {
	var got time.Duration
	a := New(Options{Interval: 5 * time.Second, Hands: Hands{Interval: func(d time.Duration) { got = d }}})
	for text, want := range map[string]time.Duration{"2s": 2 * time.Second, "1m30s": 90 * time.Second, "3": 3 * time.Second, "0.5": 500 * time.Millisecond} {
		if err := a.every(text); err != nil || got != want || a.o.Interval != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	got = 0
	for _, text := range []string{"soon", "0", "-2s", "99ms", "NaN", ""} {
		if err := a.every(text); err == nil || got != 0 {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

// TestZones: a zone is looked for outside of Update; what is none says so and
// changes nothing.
func TestZones(t *testing.T) {
	a := New(Options{Zone: time.UTC, Now: func() time.Time { return time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC) }})
	a.Update(zoneMsg{zone: time.FixedZone("Europe/Berlin", 2*3600)})
	if a.o.Zone.String() != "Europe/Berlin" || !strings.Contains(a.note, "times are of Europe/Berlin") {
		t.Errorf("in %v, %q", a.o.Zone, a.note)
	}
	if m, ok := loadZone("Nowhere/Atlantis")().(zoneMsg); !ok || m.err == nil {
		t.Errorf("found %+v", m)
	} else {
		a.Update(m)
	}
	if a.o.Zone.String() != "Europe/Berlin" || !strings.Contains(a.note, "Nowhere/Atlantis") {
		t.Errorf("in %v, %q", a.o.Zone, a.note)
	}
	if m, ok := loadZone("UTC")().(zoneMsg); !ok || m.zone != time.UTC {
		t.Errorf("found %+v", m)
	}
	for _, want := range []*time.Location{time.UTC, time.Local, time.UTC} {
		if err := a.commands().Find("utc").Run(""); err != nil || a.o.Zone != want {
			t.Errorf("in %v, want %v", a.o.Zone, want)
		}
	}
}

// TestSuspend: the program is asked to, and what comes back is drawn anew.
func TestSuspend(t *testing.T) {
	a := New(Options{})
	a.resize(80, 24)
	a.View()
	if err := a.commands().Find("suspend").Run(""); err != nil || len(a.soon) != 1 {
		t.Fatalf("%d commands, %v", len(a.soon), err)
	}
	_, next := a.Update(a.soon[0]()) // it was asked for, and there is a shell
	if _, ok := next().(tea.SuspendMsg); !ok {
		t.Error("it is not suspended")
	}
	a.View()
	before := a.drawn
	a.Update(tea.ResumeMsg{})
	if a.View(); a.drawn != before+1 {
		t.Error("it is not drawn anew")
	}
}

// FuzzPrompt: whatever is typed, nothing panics and what is kept is bounded.
func FuzzPrompt(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "every 2s")
	f.Add([]byte{9, 9, 1, 1, 0, 9, 5, 5, 6}, "e\x1b[2J\xff日")
	keys := []string{"enter", "tab", "shift+tab", "up", "down", "left", "right", "backspace", "ctrl+w", ""}
	f.Fuzz(func(t *testing.T, presses []byte, text string) {
		a := New(Options{Hands: Hands{Interval: func(time.Duration) {}, Refresh: func() {}}})
		a.resize(60, 12)
		r := fleet.Ref{Name: "pay"}
		a.take(&fleet.Snapshot{Services: []fleet.ServiceView{{Ref: r, Instances: []fleet.InstanceView{{Key: fleet.Key{Ref: r, Instance: "pay-1"}}}}}})
		for _, p := range presses[:min(len(presses), 60)] {
			if !a.asking.Asks() {
				a.askCommand()
			}
			key := keys[int(p)%len(keys)]
			if key == "" {
				a.press("", text)
			} else {
				a.press(key, "")
			}
			a.see()
			if strings.Contains(a.View().Content, "\x1b[2J") {
				t.Fatal("what is typed is obeyed")
			}
		}
		if len(a.asking.Typed(":")) > prompt.Remembered || a.trail.Len() > trail.Visits {
			t.Errorf("%d lines and %d visits are kept", len(a.asking.Typed(":")), a.trail.Len())
		}
	})
}
