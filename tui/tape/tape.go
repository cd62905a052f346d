// Package tape is a recording that is shown in place of the present: how its
// playing stands, the keys and words that move it, and the line that shows the way
// from its beginning to its end.
package tape

import (
	"math"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// Player is a recording that is played. Its methods return at once: what they ask
// for is seen in the feed, whose snapshots are numbered by the recording.
type Player interface {
	Pause()
	Resume()
	SetSpeed(speed float64)
	Seek(t time.Time)
	Step(by int)
	StepEvent(back bool) bool
	// State is how playing stands.
	State() Playing
	// Happened are the last events up to a snapshot's number, oldest first.
	Happened(until uint64, most int) []fleet.Event
	// Visit shows every event of the recording, in order. Nobody keeps or changes
	// it.
	Visit(see func(e *fleet.Event))
	// Trail is the snapshot of a number and those before it, as far as they are at
	// hand, oldest first.
	Trail(until uint64) []*fleet.Snapshot
}

// Playing is how the playing of a recording stands.
type Playing struct {
	First, Last time.Time // of the recording
	Now         time.Time // of the recording, as of now
	Pass        int       // that is shown, counted from 1; 0: none yet
	Passes      int
	Speed       float64 // +Inf: as fast as it can be read
	Paused      bool
	Ended       bool // the last pass is shown: there is only going back
}

// Tape is a recording on the screen. A nil one is the present. One goroutine uses
// it.
type Tape struct {
	player Player
	state  Playing
	marks  []theme.Tone // what happened on the way through it, by columns
}

// New returns the tape of a player; nil for none.
func New(p Player) *Tape {
	if p == nil {
		return nil
	}
	return &Tape{player: p}
}

// On says whether a recording is shown, in place of the present.
func (t *Tape) On() bool { return t != nil }

// Look takes in how playing stands, and says whether that is seen to have moved.
func (t *Tape) Look() (moved bool) {
	if t == nil {
		return false
	}
	now := t.player.State()
	if now.Now.Truncate(time.Second).Equal(t.state.Now.Truncate(time.Second)) {
		now.Now = t.state.Now
	}
	moved = now != t.state
	t.state = now
	return moved
}

// Recall makes a history that of a snapshot of the recording, and returns the last
// events up to it: what is behind it has not happened, also where it was seen
// before. Latest is the snapshot that was seen before it, nil for none.
func (t *Tape) Recall(s, latest *fleet.Snapshot, h *history.History, most int) []fleet.Event {
	if latest == nil || s.Seq != latest.Seq+1 {
		*h = history.History{}
		for _, one := range t.player.Trail(s.Seq) {
			if one.Seq < s.Seq {
				h.Add(one)
			}
		}
	}
	return t.player.Happened(s.Seq, most)
}

// The bounds of speeds.
const (
	slowest = 1.0 / 16
	fastest = 4096
)

// Keys are the keys of a recording; note tells the person what cannot be done.
func (t *Tape) Keys(note func(string)) []page.Binding {
	p := t.player
	key := func(shown, does string, quiet bool, do func(), keys ...string) page.Binding {
		return page.Binding{Keys: keys, Shown: shown, Does: does, Quiet: quiet, Do: func(*page.View) page.Intent {
			do()
			t.Look()
			return nil
		}}
	}
	event := func(back bool, none string) func() {
		return func() {
			if !p.StepEvent(back) {
				note(none)
			}
		}
	}
	pauses := "pause"
	if t.state.Paused {
		pauses = "go on"
	}
	return []page.Binding{
		key("p", pauses, false, func() {
			if t.state.Paused {
				p.Resume()
			} else {
				p.Pause()
			}
		}, "p"),
		key(",", "a pass back", true, func() { p.Step(-1) }, ","),
		key(".", "a pass on", true, func() { p.Step(1) }, "."),
		key("n", "next event", false, event(false, "nothing happens from here to the end of the recording"), "n"),
		key("N", "event before", true, event(true, "nothing happened before this in the recording"), "N"),
		key("-", "half as fast", true, func() { p.SetSpeed(faster(t.state.Speed, 0.5)) }, "-"),
		key("+", "twice as fast", true, func() { p.SetSpeed(faster(t.state.Speed, 2)) }, "+"),
	}
}

// faster is a speed so many times as fast, within bounds.
func faster(speed, by float64) float64 {
	if math.IsInf(speed, 1) && by < 1 {
		return fastest
	}
	return min(max(speed*by, slowest), fastest)
}
