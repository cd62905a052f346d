package tui_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/diff"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/tape"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// reel is a recording in memory: a pass each five seconds. What it is asked for is
// there at once, and shown when the test turns it on.
type reel struct {
	passes []*fleet.Snapshot
	events []fleet.Event
	at     int // counted from 0
	now    time.Time
	speed  float64
	paused bool
}

// reelOf makes passes: n for a fleet that is ill at night, h for one that is well.
func reelOf(passes string) *reel {
	r := &reel{speed: 1}
	for i, what := range passes {
		s := healed()
		if what == 'n' {
			s = night()
		}
		s.Seq, s.At = uint64(i+1), at().Add(time.Duration(i)*5*time.Second)
		for j := range s.Services {
			s.Services[j].Traffic = traffic(float64(i+1), 0, 0.001)
		}
		if i > 0 {
			for _, e := range diff.Between(r.passes[i-1], s) {
				e.Seq = s.Seq
				r.events = append(r.events, e)
			}
		}
		r.passes = append(r.passes, s)
	}
	r.now = r.passes[0].At
	return r
}

func (r *reel) goTo(n int) {
	r.at = min(max(n, 0), len(r.passes)-1)
	r.now = r.passes[r.at].At
}
func (r *reel) Pause()                 { r.paused = true }
func (r *reel) Resume()                { r.paused = false }
func (r *reel) SetSpeed(speed float64) { r.speed = speed }
func (r *reel) Seek(t time.Time) {
	n := 0
	for n+1 < len(r.passes) && !r.passes[n+1].At.After(t) {
		n++
	}
	r.at, r.now = n, t
}

func (r *reel) Step(by int) {
	r.goTo(r.at + by)
	r.paused = true
}

func (r *reel) StepEvent(back bool) bool {
	to := -1
	for i := range r.events {
		pass := int(r.events[i].Seq) - 1
		if back && pass < r.at || !back && pass > r.at && to < 0 {
			to = pass
		}
	}
	if to >= 0 {
		r.goTo(to)
		r.paused = true
	}
	return to >= 0
}

func (r *reel) State() tape.Playing {
	return tape.Playing{
		First: r.passes[0].At, Last: r.passes[len(r.passes)-1].At, Now: r.now, Pass: r.at + 1, Passes: len(r.passes),
		Speed: r.speed, Paused: r.paused, Ended: r.at == len(r.passes)-1,
	}
}

func (r *reel) Happened(until uint64, most int) (events []fleet.Event) {
	for _, e := range r.events {
		if e.Seq <= until {
			events = append(events, e)
		}
	}
	return events[max(0, len(events)-most):]
}

func (r *reel) Visit(see func(*fleet.Event)) {
	for i := range r.events {
		see(&r.events[i])
	}
}

func (r *reel) Trail(until uint64) []*fleet.Snapshot {
	return slices.Clone(r.passes[:min(int(until), len(r.passes))])
}

// playing is a dashboard on a recording, which stands at its beginning.
func playing(t testing.TB, r *reel, o theme.Options, width, height int) *dash {
	d := start(t, o, width, height)
	d.reel = r
	d.app = tui.New(tui.Options{Context: "prod", Theme: o, Fixed: true, Now: func() time.Time { return r.now }, Zone: time.UTC, Hands: tui.Hands{Player: r}})
	d.size(width, height)
	d.turn()
	return d
}

// turn shows what the recording stands at.
func (d *dash) turn() { d.take(d.reel.passes[d.reel.at]) }

// spark is the sparkline of a service's rate as it is drawn.
func (d *dash) spark(service string) string {
	for line := range strings.Lines(d.screen()) {
		if strings.Contains(line, service) {
			return strings.Map(func(r rune) rune {
				if strings.ContainsRune("▁▂▃▄▅▆▇█", r) {
					return r
				}
				return -1
			}, line)
		}
	}
	return ""
}

// TestReplayKeys: what each key asks of the player, and what is said of it.
func TestReplayKeys(t *testing.T) {
	r := reelOf("hhhnnnhhhh")
	d := playing(t, r, theme.Options{}, 110, 24)
	for _, tt := range []struct {
		keys string
		want string // pass, speed, paused
		see  string
	}{
		{"", "1 1 false", "playing"},
		{"+", "1 2 false", "playing ×2"},
		{"+ + +", "1 16 false", "playing ×16"},
		{"- - - - -", "1 0.5 false", "playing ×0.5"},
		{"+ p", "1 1 true", "paused"},
		{".", "2 1 true", "pass  2 of 10"},
		{"n", "4 1 true", "payment/payment-2 up → down"},
		{"n", "7 1 true", "payment/payment-2 down → up"},
		{"n", "7 1 true", "nothing happens from here"},
		{"N", "4 1 true", "pass  4 of 10"},
		{"N", "4 1 true", "nothing happened before this"},
		{",", "3 1 true", "02:14:43"},
		{", , ,", "1 1 true", "pass  1 of 10"},
		{"p", "1 1 false", "playing"},
		{": s e e k space e n d enter", "10 1 false", "ended"},
	} {
		for _, key := range strings.Fields(tt.keys) {
			d.press(key)
			d.turn()
		}
		if tt.keys != "" && strings.HasSuffix(tt.see, "this") || strings.HasSuffix(tt.see, "here") {
			d.press(strings.Fields(tt.keys)...)
		}
		if got := fmt.Sprint(r.at+1, r.speed, r.paused); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.keys, got, tt.want)
		}
		if !strings.Contains(d.screen(), tt.see) {
			t.Errorf("%s: no %q\n%s", tt.keys, tt.see, d.screen())
		}
	}
	r.speed = math.Inf(1)
	d.send(tui.TickMsg())
	d.press("-")
	if r.speed != 4096 {
		t.Errorf("half of at once is %v", r.speed)
	}
}

// TestReplayIsNotTaken for the present: it is said wherever there is room for a
// word, nothing is late, and no other keys are those of the present.
func TestReplayIsNotThePresent(t *testing.T) {
	r := reelOf("hhn")
	d := playing(t, r, theme.Options{}, 80, 24)
	d.now = d.now.Add(time.Hour)
	d.send(tui.TickMsg())
	for _, size := range [][2]int{{300, 100}, {80, 24}, {40, 10}, {40, 5}, {20, 3}} {
		d.size(size[0], size[1])
		if !strings.Contains(d.screen(), "REPLAY") {
			t.Errorf("%v:\n%s", size, d.screen())
		}
	}
	d.size(80, 24)
	if s := d.screen(); strings.Contains(s, "live") || strings.Contains(s, "no news") || !strings.Contains(s, "of 2026-01-02") {
		t.Errorf("not plain:\n%s", s)
	}
	d.send(tui.EndedMsg())
	if s := d.screen(); !strings.Contains(s, "the feed has ended") {
		t.Errorf("a recording that cannot be read on:\n%s", s)
	}
}

// TestBackInTime: nothing of what is behind the moment that is seen is on the
// screen, also where it was seen before, and history is as if one had waited.
func TestBackInTime(t *testing.T) {
	r := reelOf("hhhnnnhhhh")
	waited := playing(t, r, theme.Options{}, 120, 24)
	for range 4 {
		waited.press(".")
		waited.turn()
	}
	want := waited.spark("user")
	if len([]rune(want)) < 5 {
		t.Fatalf("no history: %q\n%s", want, waited.screen())
	}
	jumped := playing(t, reelOf("hhhnnnhhhh"), theme.Options{}, 120, 24)
	jumped.reel.goTo(9)
	jumped.turn()
	if jumped.spark("user") == want {
		t.Fatal("the end has the history of before")
	}
	if s := jumped.screen(); !strings.Contains(s, "payment/payment-3 down → up") {
		t.Errorf("no event:\n%s", s)
	}
	jumped.reel.goTo(4)
	jumped.reel.paused = true
	jumped.turn()
	if got := jumped.spark("user"); got != want {
		t.Errorf("history is %q, want %q", got, want)
	}
	if a, b := jumped.screen(), waited.screen(); a != b {
		t.Errorf("who jumped sees\n%s\nwho waited\n%s", a, b)
	}
	jumped.types(":events")
	jumped.press("enter")
	if s := jumped.screen(); strings.Contains(s, "down → up") || !strings.Contains(s, "up → down") {
		t.Errorf("events of the future:\n%s", s)
	}
}

// TestBeforeItWas: the page of an instance that is not there yet does not show it
// as it will be.
func TestBeforeItWas(t *testing.T) {
	r := reelOf("hh")
	r.passes[0] = without(r.passes[0], "payment")
	d := playing(t, r, theme.Options{}, 100, 24)
	r.goTo(1)
	d.turn()
	d.types(":payment/payment-2")
	d.press("enter")
	if s := d.screen(); !strings.Contains(s, "▾ Probes") {
		t.Fatal(s)
	}
	d.press(",")
	d.turn()
	if s := d.screen(); strings.Contains(s, "▾ Probes") || !strings.Contains(s, "payment-2") {
		t.Errorf("seen before it was:\n%s", s)
	}
	d.press(".")
	d.turn()
	if s := d.screen(); !strings.Contains(s, "▾ Probes") {
		t.Errorf("not seen when it is:\n%s", s)
	}
}

// TestSeek: the words that are understood, and what is said of others.
func TestSeek(t *testing.T) {
	for words, want := range map[string]string{
		"seek 02:14:43":             "02:14:43 3",
		"seek 02:14:45":             "02:14:45 3",
		"seek 02:15":                "02:15:00 6",
		"seek +12s":                 "02:14:45 3",
		"seek +1h":                  "02:15:18 10",
		"seek -1h":                  "02:14:33 1",
		"seek 50%":                  "02:14:55 5",
		"seek 0%":                   "02:14:33 1",
		"seek 100%":                 "02:15:18 10",
		"seek end":                  "02:15:18 10",
		"seek start":                "02:14:33 1",
		"seek 2026-01-02T02:15:00Z": "02:15:00 6",
		"seek 2026-01-02 02:15:00":  "02:15:00 6",
		"seek 101%":                 "from 0% to 100%",
		"seek NaN%":                 "from 0% to 100%",
		"seek 30s":                  "+30s or -30s?",
		"seek 09:00":                "the recording is from 02:14:33 to 02:15:18",
		"seek 2025-01-02T02:15:00Z": "the recording is from",
		"seek tomorrow":             "such as 02:11:40",
	} {
		r := reelOf("hhhnnnhhhh")
		d := playing(t, r, theme.Options{}, 120, 24)
		d.press(":")
		d.types(words)
		d.press("enter")
		got := fmt.Sprint(r.now.Format(time.TimeOnly), " ", r.at+1)
		if got != want && !strings.Contains(d.screen(), want) {
			t.Errorf("%s: %s, want %s\n%s", words, got, want, d.screen())
		}
	}
	d := start(t, theme.Options{}, 80, 24, night())
	d.types(":seek +5m")
	d.press("enter")
	if !strings.Contains(d.screen(), "no command seek") {
		t.Errorf("seeks in the present\n%s", d.screen())
	}
}

// TestOneMoment: a recording of a single pass.
func TestOneMoment(t *testing.T) {
	r := reelOf("n")
	d := playing(t, r, theme.Options{ASCII: true}, 80, 24)
	for _, key := range []string{".", ",", "n", "N", "p", "p", "+"} {
		d.press(key)
		d.turn()
	}
	if s := d.screen(); !strings.Contains(s, "pass 1 of 1") && !strings.Contains(s, "ended") {
		t.Error(s)
	}
	if fault := faultOf(d.app.View().Content, [2]int{80, 24}); fault != "" {
		t.Error(fault)
	}
}

// TestWay: where things happened stands where one is when they do.
func TestWay(t *testing.T) {
	for _, width := range []int{40, 80, 200} {
		r := reelOf("hhhhhhhhhhnnnnnnnnnhhhhhhhhhhhhhhhhhhh")
		d := playing(t, r, theme.Options{}, width, 24)
		way := func() []rune {
			for line := range strings.Lines(d.screen()) {
				if strings.Contains(line, "●") {
					return []rune(line)
				}
			}
			t.Fatalf("no way on\n%s", d.screen())
			return nil
		}
		at := slices.Index(way(), '✗')
		d.press("n")
		d.turn()
		if here := slices.Index(way(), '●'); at < 0 || here != at {
			t.Errorf("%d columns: the mark is at %d, the event at %d", width, at, here)
		}
		d.press("p", "+")
		d.send(tui.TickMsg())
		if here := slices.Index(way(), '●'); here != at {
			t.Errorf("%d columns: it moved from %d to %d", width, at, here)
		}
	}
}

// TestStillIsNotDrawn: a recording that stands still costs no frame.
func TestStillIsNotDrawn(t *testing.T) {
	d := playing(t, reelOf("hhn"), theme.Options{}, 80, 24)
	d.press("p")
	d.app.View()
	before := d.app.Drawn()
	for range 10 {
		d.send(tui.TickMsg())
		d.app.View()
	}
	if n := d.app.Drawn() - before; n != 0 {
		t.Errorf("%d frames", n)
	}
	d.reel.now = d.reel.now.Add(time.Second)
	d.send(tui.TickMsg())
	d.app.View()
	if n := d.app.Drawn() - before; n != 1 {
		t.Errorf("its time moved, and %d frames were drawn", n)
	}
}
