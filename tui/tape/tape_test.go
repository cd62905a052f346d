package tape_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/tape"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// reel is a recording of nothing but time: a pass a second, an event now and then.
type reel struct {
	tape.Playing
	asked  []string
	events []fleet.Event
	steps  bool // there is an event to step to
	trail  []*fleet.Snapshot
}

func newReel(passes int) *reel {
	first := pagetest.At()
	return &reel{Playing: tape.Playing{First: first, Last: first.Add(time.Duration(passes-1) * time.Second), Now: first, Pass: 1, Passes: passes, Speed: 1}}
}

func (r *reel) say(format string, args ...any) {
	r.asked = append(r.asked, fmt.Sprintf(format, args...))
}
func (r *reel) Pause()                 { r.say("pause") }
func (r *reel) Resume()                { r.say("resume") }
func (r *reel) SetSpeed(speed float64) { r.say("speed %g", speed) }
func (r *reel) Seek(t time.Time)       { r.say("seek %s", t.UTC().Format(time.DateTime)) }
func (r *reel) Step(by int)            { r.say("step %d", by) }
func (r *reel) StepEvent(back bool) bool {
	r.say("event %v", back)
	return r.steps
}
func (r *reel) State() tape.Playing                  { return r.Playing }
func (r *reel) Happened(uint64, int) []fleet.Event   { return r.events }
func (r *reel) Trail(until uint64) []*fleet.Snapshot { return r.trail[:min(int(until), len(r.trail))] }

func (r *reel) Visit(see func(e *fleet.Event)) {
	for i := range r.events {
		see(&r.events[i])
	}
}

// last is what was asked for last, and forgotten.
func (r *reel) last() string {
	said := strings.Join(r.asked, ", ")
	r.asked = nil
	return said
}

// down is an event at so many seconds: an instance goes down, or something is new.
func (r *reel) happen(after int, bad bool) {
	e := fleet.Event{At: r.First.Add(time.Duration(after) * time.Second), Kind: fleet.EventInstanceNew}
	if bad {
		e.Kind, e.To = fleet.EventStatus, fleet.Down.String()
	}
	r.events = append(r.events, e)
}

// TestThePresent: without a player there is no tape, and nothing of it.
func TestThePresent(t *testing.T) {
	none := tape.New(nil)
	if none.On() || none.Look() || none.Commands(nil) != nil {
		t.Error("there is a recording")
	}
	if !tape.New(newReel(1)).On() {
		t.Error("there is none")
	}
}

// TestKeys: what each key asks of the player, as it stands then.
func TestKeys(t *testing.T) {
	r := newReel(10)
	tp := tape.New(r)
	note := ""
	press := func(key string) string {
		t.Helper()
		for _, b := range tp.Keys(func(n string) { note = n }) {
			for _, k := range b.Keys {
				if k == key {
					b.Do(nil)
					return b.Does
				}
			}
		}
		t.Fatalf("no key %s", key)
		return ""
	}
	for _, tt := range []struct {
		key, want, does string
		change          func()
	}{
		{"p", "pause", "pause", nil},
		{"p", "resume", "go on", func() { r.Paused = true }},
		{".", "step 1", "", nil},
		{",", "step -1", "", nil},
		{"+", "speed 2", "", nil},
		{"-", "speed 0.5", "", nil},
		{"+", "speed 4096", "", func() { r.Speed = 4096 }},
		{"-", "speed 2048", "", nil},
		{"-", "speed 0.0625", "", func() { r.Speed = 1. / 16 }},
		{"-", "speed 4096", "", func() { r.Speed = math.Inf(1) }},
		{"n", "event false", "", nil},
		{"N", "event true", "", nil},
	} {
		if tt.change != nil {
			tt.change()
		}
		tp.Look()
		does := press(tt.key)
		if got := r.last(); got != tt.want || tt.does != "" && does != tt.does {
			t.Errorf("%s (%s) asks for %s, want %s (%s)", tt.key, does, got, tt.want, tt.does)
		}
	}
	for key, want := range map[string]string{"n": "nothing happens", "N": "nothing happened"} {
		note = ""
		if press(key); !strings.Contains(note, want) {
			t.Errorf("%s, and there is none: %q", key, note)
		}
		r.steps = true
		note = ""
		if press(key); note != "" {
			t.Errorf("%s, and there is one: %q", key, note)
		}
		r.steps = false
	}
}

// TestLook: it is seen to move by seconds, not by each bit of one, and by all else
// that is shown.
func TestLook(t *testing.T) {
	r := newReel(10)
	tp := tape.New(r)
	tp.Look()
	for _, tt := range []struct {
		about string
		moves bool
		do    func()
	}{
		{"nothing", false, func() {}},
		{"a bit of a second", false, func() { r.Now = r.Now.Add(300 * time.Millisecond) }},
		{"a second", true, func() { r.Now = r.Now.Add(time.Second) }},
		{"a pass", true, func() { r.Pass++ }},
		{"paused", true, func() { r.Paused = true }},
		{"another speed", true, func() { r.Speed = 8 }},
		{"its end", true, func() { r.Ended = true }},
	} {
		tt.do()
		if got := tp.Look(); got != tt.moves {
			t.Errorf("%s: moved %v", tt.about, got)
		}
	}
}

// TestSeek: words for a moment, in the zone that is shown.
func TestSeek(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for _, tt := range []struct {
		words, want string
		zone        *time.Location
	}{
		{"start", "seek 2026-01-02 03:04:05", time.UTC},
		{"end", "seek 2026-01-02 03:05:44", time.UTC},
		{"0%", "seek 2026-01-02 03:04:05", time.UTC},
		{"100%", "seek 2026-01-02 03:05:44", time.UTC},
		{"50%", "seek 2026-01-02 03:04:54", time.UTC},
		{"+10s", "seek 2026-01-02 03:04:15", time.UTC},
		{"-10s", "seek 2026-01-02 03:04:05", time.UTC},
		{"+1h", "seek 2026-01-02 03:05:44", time.UTC},
		{"03:05", "seek 2026-01-02 03:05:00", time.UTC},
		{"03:05:30", "seek 2026-01-02 03:05:30", time.UTC},
		{"04:05:30", "seek 2026-01-02 03:05:30", berlin},
		{"2026-01-02 03:05:30", "seek 2026-01-02 03:05:30", time.UTC},
		{"2026-01-02 04:05", "seek 2026-01-02 03:05:00", berlin},
		{"2026-01-02T03:05:30Z", "seek 2026-01-02 03:05:30", berlin},
		{"2026-01-02T04:05+01:00", "seek 2026-01-02 03:05:00", time.UTC},
		{"03:04:05", "seek 2026-01-02 03:04:05", time.UTC},
		{" end ", "seek 2026-01-02 03:05:44", time.UTC},
		{"10s", "! +10s or -10s?", time.UTC},
		{"101%", "! want a share from 0% to 100%", time.UTC},
		{"-1%", "! want a share from 0% to 100%", time.UTC},
		{"NaN%", "! want a share from 0% to 100%", time.UTC},
		{"x%", "! want a share from 0% to 100%", time.UTC},
		{"03:04:04", "! the recording is from 03:04:05 to 03:05:44", time.UTC},
		{"02:00", "! the recording is from 04:04:05 to 04:05:44", berlin},
		{"tomorrow", "! such as 02:11:40, +30s, -5m, 50%, start, end", time.UTC},
	} {
		r := newReel(100)
		tp := tape.New(r)
		seek := tp.Commands(func() *time.Location { return tt.zone }).Find("seek")
		if seek == nil || len(seek.Offers()) == 0 {
			t.Fatal("there is no seek")
		}
		err := seek.Run(tt.words)
		got := r.last()
		if err != nil {
			got = "! " + err.Error()
		}
		if got != tt.want {
			t.Errorf("%q: %s, want %s", tt.words, got, tt.want)
		}
	}
}

// TestSeekOverMidnight: a time of day is the first since the recording began, and
// of one that is longer than half a day the days are said.
func TestSeekOverMidnight(t *testing.T) {
	r := newReel(1)
	r.First = time.Date(2026, 1, 2, 22, 0, 0, 0, time.UTC)
	r.Now, r.Last = r.First, r.First.Add(26*time.Hour)
	seek := tape.New(r).Commands(func() *time.Location { return time.UTC }).Find("seek")
	for words, want := range map[string]string{
		"23:00": "seek 2026-01-02 23:00:00", "01:30": "seek 2026-01-03 01:30:00", "21:59": "seek 2026-01-03 21:59:00", "22:00": "seek 2026-01-02 22:00:00",
		"2026-01-05 00:00": "! the recording is from 2026-01-02 22:00:00 to 2026-01-04 00:00:00",
	} {
		err := seek.Run(words)
		got := r.last()
		if err != nil {
			got = "! " + err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", words, got, want)
		}
	}
}

// FuzzSeek: whatever is typed, nothing panics, and what is sought is within the
// recording.
func FuzzSeek(f *testing.F) {
	for _, w := range []string{"end", "50%", "+1s", "-9999999h", "25:00", "2026-02-30 00:00", "1e9%", "\x00", "9999-12-31T23:59:59Z"} {
		f.Add(w)
	}
	f.Fuzz(func(t *testing.T, words string) {
		r := newReel(100)
		if err := tape.New(r).Commands(func() *time.Location { return time.UTC }).Find("seek").Run(words); err != nil {
			return
		}
		at, err := time.Parse("seek "+time.DateTime, r.last())
		if err != nil || at.Before(r.First) || at.After(r.Last) {
			t.Errorf("%q seeks %v: %v", words, at, err)
		}
	})
}

// look is the line in so many columns.
func look(t *testing.T, tp *tape.Tape, width int, ascii bool) string {
	t.Helper()
	v := pagetest.View(&fleet.Snapshot{}, width, 24)
	v.Theme = theme.New(theme.Options{Colorless: true, ASCII: ascii})
	var b strings.Builder
	widget.Write(&b, v.Theme, tp.Draw(v), width)
	return strings.TrimRight(ansi.Strip(b.String()), " ")
}

// TestDraw: where one is, what happened on the way, and as many words as there is
// room for.
func TestDraw(t *testing.T) {
	r := newReel(101)
	r.happen(50, false)
	r.happen(75, true)
	r.happen(75, false) // the worse one is seen
	r.Now, r.Pass = r.First.Add(25*time.Second), 26
	for _, tt := range []struct {
		width int
		ascii bool
		set   func()
		want  []string
	}{
		{140, false, nil, []string{"03:04:30", "━●─", "│", "✗", "playing", "03:05:45", "pass  26 of 101"}},
		{60, false, nil, []string{"03:04:30", "●", "playing"}},
		{100, true, nil, []string{"=@-", "|", "x", "playing"}},
		{100, false, func() { r.Speed = 16 }, []string{"playing ×16"}},
		{100, false, func() { r.Speed = math.Inf(1) }, []string{"playing at once"}},
		{100, true, func() { r.Speed = 0.0625 }, []string{"0.0625"}},
		{100, false, func() { r.Paused = true }, []string{"paused"}},
		{100, false, func() { r.Ended, r.Now = true, r.Last }, []string{"ended", "━● "}},
	} {
		if tt.set != nil {
			tt.set()
		}
		tp := tape.New(r)
		tp.Look()
		got := look(t, tp, tt.width, tt.ascii)
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%d columns: no %q in %q", tt.width, want, got)
			}
		}
	}
}

// TestWayIsStill: the way stays as long as it is whatever the words around it, so
// that its marks do not jump.
func TestWayIsStill(t *testing.T) {
	r := newReel(101)
	r.happen(75, true)
	at := -1
	for _, set := range []func(){func() {}, func() { r.Speed = 4096 }, func() { r.Paused = true }, func() { r.Ended = true }} {
		set()
		tp := tape.New(r)
		tp.Look()
		got := strings.Index(look(t, tp, 90, true), "x")
		if at >= 0 && got != at {
			t.Errorf("the mark moved from %d to %d", at, got)
		}
		at = got
	}
}

// TestDrawEverywhere: it fits into every width, also a recording of one moment.
func TestDrawEverywhere(t *testing.T) {
	for _, passes := range []int{1, 2, 100000} {
		r := newReel(passes)
		r.happen(0, true)
		tp := tape.New(r)
		tp.Look()
		for width := range 140 {
			if got := look(t, tp, width, false); widget.Width(got) > width {
				t.Errorf("%d passes, %d columns: %q", passes, width, got)
			}
		}
	}
}

// TestRecall: the history of a moment is that of the passes before it, whether one
// came there step by step or by a leap; what follows step by step is only added to.
func TestRecall(t *testing.T) {
	r := newReel(4)
	ref := fleet.Ref{Name: "pay"}
	for i := range 4 {
		traffic := fleet.Traffic{Rate: float64(i + 1)}
		r.trail = append(r.trail, &fleet.Snapshot{Seq: uint64(i + 1), At: r.First.Add(time.Duration(i) * time.Second), Services: []fleet.ServiceView{{Ref: ref, Traffic: &traffic}}})
	}
	r.happen(1, true)
	rates := func(h *history.History) string {
		var buf [8]float64
		if l := h.Of(ref); l != nil {
			return fmt.Sprint(l.Last(history.Rate, buf[:]))
		}
		return "none"
	}
	tp := tape.New(r)
	var leapt, walked history.History
	if events := tp.Recall(r.trail[3], nil, &leapt, 10); len(events) != 1 {
		t.Errorf("events %v", events)
	}
	leapt.Add(r.trail[3])
	var before *fleet.Snapshot
	for _, s := range r.trail {
		tp.Recall(s, before, &walked, 10)
		walked.Add(s)
		before = s
	}
	if rates(&leapt) != rates(&walked) || rates(&leapt) == "none" {
		t.Errorf("who leapt knows %s, who walked %s", rates(&leapt), rates(&walked))
	}
	tp.Recall(r.trail[1], before, &walked, 10)
	walked.Add(r.trail[1])
	if got := rates(&walked); strings.Contains(got, "3") || strings.Contains(got, "4") {
		t.Errorf("of what is to come: %s", got)
	}
}
