package tape

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Draw is where in the recording one is: its time, the way from end to end with
// what happened on it, the speed.
func (t *Tape) Draw(v *page.View) widget.Line {
	n := &t.state
	left := []widget.Span{{Text: " " + v.Clock(n.Now) + " ", Tone: theme.Strong}}
	word, tone := t.pace()
	word += strings.Repeat(" ", max(0, len("playing ×1234")-widget.Width(word))) // the way stays as long as it is
	right := []widget.Span{{Text: " " + word + " ", Tone: tone}}
	whole := strconv.Itoa(n.Passes)
	for _, more := range []string{v.Clock(n.Last), fmt.Sprintf("pass %*d of %s", len(whole), n.Pass, whole)} {
		longer := append(append([]widget.Span{}, right...), widget.Span{Text: more + " ", Tone: theme.Dim})
		if widget.SpansWidth(v.Theme, longer) > v.Width/3+4 {
			break
		}
		right = longer
	}
	room := v.Width - widget.SpansWidth(v.Theme, left) - widget.SpansWidth(v.Theme, right)
	return widget.Line{Left: append(append(left, t.way(v.Theme, room)...), right...)}
}

// pace is how it moves, in a word or two.
func (t *Tape) pace() (string, theme.Tone) {
	switch n := &t.state; {
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
func (t *Tape) way(th *theme.Theme, room int) []widget.Span {
	if room < 3 {
		return nil
	}
	n := &t.state
	t.mark(room)
	here := column(n.Now, n, room)
	signs := [...]string{"━", "─", "│", "✗", "●"}
	if th.ASCII {
		signs = [...]string{"=", "-", "|", "x", "@"}
	}
	spans := make([]widget.Span, 0, room)
	for i := range room {
		s := widget.Span{Text: signs[0], Tone: theme.Accent}
		switch {
		case i == here:
			s = widget.Span{Text: signs[4], Tone: theme.Strong}
		case t.marks[i] == theme.Bad:
			s = widget.Span{Text: signs[3], Tone: theme.Bad}
		case t.marks[i] != theme.Plain:
			s = widget.Span{Text: signs[2], Tone: t.marks[i]}
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

// mark finds out what happened at each column: the worst that did.
func (t *Tape) mark(room int) {
	if len(t.marks) == room {
		return
	}
	t.marks = make([]theme.Tone, room)
	t.player.Visit(func(e *fleet.Event) {
		if m, tone := &t.marks[column(e.At, &t.state, room)], page.EventTone(e); weight(tone) > weight(*m) {
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
