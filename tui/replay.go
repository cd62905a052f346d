package tui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
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

// speeds bound < and >.
const (
	slowest = 1.0 / 16
	fastest = 4096
)

// replaying says whether a recording is shown, in place of the present.
func (a *App) replaying() bool { return a.o.Hands.Player != nil }

// look takes in how playing stands. It is drawn anew where that is seen to move.
func (a *App) look() {
	if !a.replaying() {
		return
	}
	now := a.o.Hands.Player.State()
	if now.Now.Truncate(time.Second).Equal(a.playing.Now.Truncate(time.Second)) {
		now.Now = a.playing.Now
	}
	if now != a.playing {
		a.playing, a.fresh = now, false
	}
}

// recall makes events and history those of a snapshot of a recording: what is
// behind it has not happened, also where it was seen before.
func (a *App) recall(s *fleet.Snapshot) {
	p := a.o.Hands.Player
	if a.latest != nil && s.Seq < a.latest.Seq {
		a.unsee(s)
	}
	if a.latest == nil || s.Seq != a.latest.Seq+1 {
		a.history = history.History{}
		for _, one := range p.Trail(s.Seq) {
			if one.Seq < s.Seq {
				a.history.Add(one)
			}
		}
	}
	a.events = p.Happened(s.Seq, keptEvents)
}

// unsee makes pages anew that are about what is not there in a snapshot of before:
// they show what is gone as it was last seen, and that was later.
func (a *App) unsee(s *fleet.Snapshot) {
	anew := map[page.Place]page.Page{}
	for _, path := range a.been {
		for i, p := range path {
			to := p.Place()
			if to.Kind == page.Service && page.FindService(s, to.Key.Ref) == nil || to.Kind == page.Instance && page.FindInstance(s, to.Key) == nil {
				if anew[to] == nil {
					anew[to] = pageOf(to)
				}
				path[i] = anew[to]
			}
		}
	}
}

// tapeKeys are the keys of a recording.
func (a *App) tapeKeys() []page.Binding {
	p := a.o.Hands.Player
	key := func(shown, does string, quiet bool, do func(), keys ...string) page.Binding {
		return page.Binding{Keys: keys, Shown: shown, Does: does, Quiet: quiet, Do: func(*page.View) page.Intent {
			do()
			a.look()
			return nil
		}}
	}
	event := func(back bool, none string) func() {
		return func() {
			if !p.StepEvent(back) {
				a.note = none
			}
		}
	}
	return []page.Binding{
		key("p", either(a.playing.Paused, "go on", "pause"), false, func() {
			if a.playing.Paused {
				p.Resume()
			} else {
				p.Pause()
			}
		}, "p"),
		key(",", "a pass back", true, func() { p.Step(-1) }, ","),
		key(".", "a pass on", true, func() { p.Step(1) }, "."),
		key("n", "next event", false, event(false, "nothing happens from here to the end of the recording"), "n"),
		key("N", "event before", true, event(true, "nothing happened before this in the recording"), "N"),
		key("-", "half as fast", true, func() { p.SetSpeed(faster(a.playing.Speed, 0.5)) }, "-"),
		key("+", "twice as fast", true, func() { p.SetSpeed(faster(a.playing.Speed, 2)) }, "+"),
	}
}

// faster is a speed so many times as fast, within bounds.
func faster(speed, by float64) float64 {
	if math.IsInf(speed, 1) && by < 1 {
		return fastest
	}
	return min(max(speed*by, slowest), fastest)
}

// seek goes to a place in the recording, and says what is wrong with the words.
func (a *App) seek(words string) error {
	now := a.o.Hands.Player.State()
	at, why := place(words, &now, a.o.Zone)
	if why != "" {
		return &fleet.Error{Detail: why}
	}
	a.o.Hands.Player.Seek(at)
	a.look()
	return nil
}

// seekable are the words that place understands.
const seekable = "such as 02:11:40, +30s, -5m, 50%, start, end"

// place reads a place in a recording: a time of day, the first since it began; a
// share of it; some time on or back; RFC 3339.
func place(words string, now *Playing, zone *time.Location) (at time.Time, why string) {
	words = strings.TrimSpace(words)
	switch words {
	case "start":
		return now.First, ""
	case "end":
		return now.Last, ""
	case "":
		return at, seekable
	}
	if share, ok := strings.CutSuffix(words, "%"); ok {
		v, err := strconv.ParseFloat(share, 64)
		if err != nil || !(v >= 0 && v <= 100) {
			return at, "want a share from 0% to 100%"
		}
		return now.First.Add(time.Duration(v / 100 * float64(now.Last.Sub(now.First)))), ""
	}
	if d, err := time.ParseDuration(words); err == nil {
		if words[0] != '+' && words[0] != '-' {
			return at, "+" + words + " or -" + words + "?"
		}
		return within(now.Now.Add(d), now), ""
	}
	at, ok := moment(words, now.First, zone)
	switch {
	case !ok:
		return at, seekable
	case at.Before(now.First.Truncate(time.Second)) || at.After(now.Last):
		layout := "15:04:05"
		if now.Last.Sub(now.First) >= 12*time.Hour {
			layout = time.DateTime
		}
		return at, fmt.Sprintf("the recording is from %s to %s", now.First.In(zone).Format(layout), now.Last.In(zone).Format(layout))
	}
	return within(at, now), ""
}

// within is a time, or the end of the recording that it is beyond.
func within(t time.Time, now *Playing) time.Time {
	switch {
	case t.Before(now.First):
		return now.First
	case t.After(now.Last):
		return now.Last
	}
	return t
}

// moment reads a time; one of a day is the first since another.
func moment(words string, first time.Time, zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, words); err == nil {
			return t, true
		}
	}
	for _, layout := range []string{time.DateTime, "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, words, zone); err == nil {
			return t, true
		}
	}
	for _, layout := range []string{time.TimeOnly, "15:04"} {
		clock, err := time.Parse(layout, words)
		if err != nil {
			continue
		}
		day := first.In(zone)
		t := time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, zone)
		if t.Before(first.Truncate(time.Second)) {
			t = t.AddDate(0, 0, 1)
		}
		return t, true
	}
	return time.Time{}, false
}

// tape is where in the recording one is: its time, the way from end to end with
// what happened on it, the speed.
func (a *App) tape() widget.Line {
	n := &a.playing
	v := a.view()
	left := []widget.Span{{Text: " " + v.Clock(n.Now) + " ", Tone: theme.Strong}}
	word, tone := a.pace()
	word += strings.Repeat(" ", max(0, len("playing ×1234")-widget.Width(word))) // the way stays as long as it is
	right := []widget.Span{{Text: " " + word + " ", Tone: tone}}
	whole := strconv.Itoa(n.Passes)
	for _, more := range []string{v.Clock(n.Last), fmt.Sprintf("pass %*d of %s", len(whole), n.Pass, whole)} {
		longer := append(append([]widget.Span{}, right...), widget.Span{Text: more + " ", Tone: theme.Dim})
		if widget.SpansWidth(a.theme, longer) > a.width/3+4 {
			break
		}
		right = longer
	}
	room := a.width - widget.SpansWidth(a.theme, left) - widget.SpansWidth(a.theme, right)
	return widget.Line{Left: append(append(left, a.way(room)...), right...)}
}

// pace is how it moves, in a word or two.
func (a *App) pace() (string, theme.Tone) {
	switch n := &a.playing; {
	case n.Ended:
		return "ended", theme.Warn
	case n.Paused:
		return "paused", theme.Warn
	default:
		return "playing" + speed(n.Speed), theme.Good
	}
}

// speed is a speed that is not 1.
func speed(v float64) string {
	switch {
	case v == 1:
		return ""
	case math.IsInf(v, 1):
		return " at once"
	}
	return " ×" + strconv.FormatFloat(v, 'g', 4, 64)
}

// way is the recording from end to end, in so many columns.
func (a *App) way(room int) []widget.Span {
	if room < 3 {
		return nil
	}
	n := &a.playing
	a.markEvents(room)
	here := column(n.Now, n, room)
	signs := [...]string{"━", "─", "│", "✗", "●"}
	if a.theme.ASCII {
		signs = [...]string{"=", "-", "|", "x", "@"}
	}
	spans := make([]widget.Span, 0, room)
	for i := range room {
		s := widget.Span{Text: signs[0], Tone: theme.Accent}
		switch {
		case i == here:
			s = widget.Span{Text: signs[4], Tone: theme.Strong}
		case a.marks[i] == theme.Bad:
			s = widget.Span{Text: signs[3], Tone: theme.Bad}
		case a.marks[i] != theme.Plain:
			s = widget.Span{Text: signs[2], Tone: a.marks[i]}
		case i > here:
			s = widget.Span{Text: signs[1], Tone: theme.Rule}
		}
		if last := len(spans) - 1; last >= 0 && spans[last].Tone == s.Tone {
			spans[last].Text += s.Text
		} else {
			spans = append(spans, s)
		}
	}
	return spans
}

// column is where a time stands in so many columns.
func column(t time.Time, n *Playing, room int) int {
	whole := n.Last.Sub(n.First)
	if whole <= 0 {
		return 0
	}
	share := float64(t.Sub(n.First)) / float64(whole)
	return min(max(int(share*float64(room-1)+0.5), 0), room-1)
}

// markEvents finds out what happened at each column: the worst that did.
func (a *App) markEvents(room int) {
	if len(a.marks) == room {
		return
	}
	a.marks = make([]theme.Tone, room)
	a.o.Hands.Player.Visit(func(e *fleet.Event) {
		if m, tone := &a.marks[column(e.At, &a.playing, room)], page.EventTone(e); weight(tone) > weight(*m) {
			*m = tone
		}
	})
}

// weight is how much an event of a tone counts beside others.
func weight(t theme.Tone) int {
	switch t {
	case theme.Plain:
		return 0
	case theme.Bad:
		return 4
	case theme.Warn:
		return 3
	case theme.Doubt:
		return 2
	case theme.Dim, theme.Strong, theme.Accent, theme.Good, theme.Calm, theme.Rule:
	}
	return 1
}
