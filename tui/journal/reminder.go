package journal

import (
	"errors"
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Drawn takes note of what is in force as it is drawn now.
func (j *Journal) Drawn(now time.Time) { j.said = j.inForce(now) }

// Moved says whether what is in force reads differently from how it was drawn:
// changes that end run down with the clock.
func (j *Journal) Moved(now time.Time) bool { return j.inForce(now) != j.said }

// inForce says in the fewest words what somebody should know of: people forget
// breakers that they tripped.
func (j *Journal) inForce(now time.Time) string {
	words := j.reminder(now)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1].Text + words[0].Text
}

// standing is how many changes stand how, how many of them hold something, which of
// those ends next, and what the last of them is.
type standing struct {
	n     map[change.Stand]int
	holds int
	next  time.Time
	what  string
}

func count(changes []desk.Change) standing {
	s := standing{n: map[change.Stand]int{}}
	for i := range changes {
		c := &changes[i]
		s.n[c.Stand]++
		if !holding(c.Stand) {
			continue // it is counted by itself, or over
		}
		s.holds, s.what = s.holds+1, c.Batch.What
		if end := c.Batch.Until; !end.IsZero() && (s.next.IsZero() || end.Before(s.next)) {
			s.next = end
		}
	}
	return s
}

// reminding is what is said of them, for as long as it stays the same: a second, as
// what ends is counted down in seconds to its end.
type reminding struct {
	ended bool
	left  time.Duration
	made  bool
	words []widget.Span
}

// reminder is what is in force, in more words and in fewer; none where nothing is.
func (j *Journal) reminder(now time.Time) []widget.Span {
	if j.unread() {
		s := &j.standing
		open := s.holds + s.n[change.StandOverdue] + s.n[change.StandInterrupted]
		as := either(open > 0, fmt.Sprintf(", %d in force when it was", open), ", what is in force is not known")
		return []widget.Span{{Text: "? journal not read" + as, Tone: theme.Doubt}, {Text: "? journal not read", Tone: theme.Doubt}}
	}
	r := reminding{made: true}
	if next := j.standing.next; !next.IsZero() {
		r.ended, r.left = !next.After(now), next.Sub(now).Truncate(time.Second)
	}
	if was := &j.reminding; !was.made || was.ended != r.ended || was.left != r.left {
		r.words = j.standing.words(now)
		j.reminding = r
	}
	return j.reminding.words
}

// words are made anew.
func (s *standing) words(now time.Time) []widget.Span {
	n, holds, next, what := s.n, s.holds, s.next, s.what
	say := func(sign string, n int, word, more string, tone theme.Tone) []widget.Span {
		noun := either(n == 1, " change ", " changes ")
		spans := []widget.Span{{Text: fmt.Sprint(sign, n, noun, word, more), Tone: tone}, {Text: fmt.Sprint(sign, n, noun, word), Tone: tone}, {Text: fmt.Sprint(sign, n, " ", word), Tone: tone}}
		return spans
	}
	switch {
	case n[change.StandOverdue] > 0:
		return say("✗ ", n[change.StandOverdue], "overdue", either(holds > 0, fmt.Sprintf(", %d in force", holds), ""), theme.Bad)
	case n[change.StandInterrupted] > 0:
		return say("! ", n[change.StandInterrupted], "interrupted", either(holds > 0, fmt.Sprintf(", %d in force", holds), ""), theme.Warn)
	case holds == 0:
		return nil
	case next.IsZero():
		return say("! ", holds, "in force", either(holds == 1, ": "+what, ""), theme.Warn)
	}
	left := plain.Duration(next.Sub(now).Truncate(time.Second))
	end := either(holds == 1, ", ends in "+left, ", one ends in "+left)
	if !next.After(now) {
		end = either(holds == 1, ", ends now", ", one ends now")
	}
	spans := say("! ", holds, "in force", end, theme.Warn)
	if holds == 1 {
		spans = append([]widget.Span{{Text: "! " + what + " in force" + end, Tone: theme.Warn}}, spans...)
	}
	return spans
}

// holding says that something is changed as somebody wanted it to be, for now.
func holding(s change.Stand) bool {
	return s == change.StandInForce || s == change.StandPartial || s == change.StandDrifted
}

// unread says that there is a journal, and that it could not be read lately: what is
// in force may be over, and others may have changed something.
func (j *Journal) unread() bool { return j.Err != nil && !errors.Is(j.Err, desk.ErrNone) }

// Remind puts what is in force before the notes of a page, in as many words as
// there is room for. Where there is no room for both, notes give way.
func (j *Journal) Remind(th *theme.Theme, now time.Time, notes []widget.Span, room int) []widget.Span {
	words := j.reminder(now)
	for _, after := range [][]widget.Span{notes, nil} {
		for _, w := range words {
			spans := append([]widget.Span{w, {Text: " "}}, after...)
			if len(after) > 0 && widget.SpansWidth(th, after) > 1 {
				spans = append([]widget.Span{w, {Text: " · ", Tone: theme.Rule}}, after...)
			}
			if widget.SpansWidth(th, spans) <= room {
				return spans
			}
		}
	}
	return notes
}

func either(now bool, yes, no string) string {
	if now {
		return yes
	}
	return no
}
