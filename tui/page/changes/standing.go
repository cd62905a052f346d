package changes

import (
	"fmt"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// standing is a change, and how it stands by the journal and by what was read of
// its targets in the last pass.
type standing struct {
	batch   *change.Batch
	stand   change.Stand
	tally   change.Tally
	sights  []desk.Sight // one a step
	drifted int
	is      string // what is there instead, on the first that drifted
}

func stands(eye *desk.Eye, c *desk.Change) standing {
	s := standing{batch: c.Batch, stand: c.Stand, tally: c.Batch.Tally(), sights: make([]desk.Sight, len(c.Batch.Steps))}
	if !c.Stand.Open() {
		return s
	}
	for i := range c.Batch.Steps {
		if s.sights[i] = eye.Look(c.Batch, &c.Batch.Steps[i]); s.sights[i].Drifted {
			if s.drifted++; s.drifted == 1 {
				s.is = s.sights[i].Text
			}
		}
	}
	if s.drifted > 0 && (s.stand == change.StandInForce || s.stand == change.StandPartial) {
		s.stand = change.StandDrifted
	}
	return s
}

// words are all that a filter looks at.
func (s *standing) words() string {
	b := s.batch
	words := []string{b.ID, b.What, b.Who.String(), b.Reason, b.Context, s.now(), s.where()}
	for i := range b.Steps {
		words = append(words, b.Steps[i].Intent.Target.Name())
	}
	return strings.Join(words, " ")
}

// due is when it is put back by itself; the zero time where it is not.
func (s *standing) due() time.Time {
	if !s.ends() {
		return time.Time{}
	}
	return s.batch.Until
}

// ends says whether it is put back by itself, and was not yet.
func (s *standing) ends() bool { return s.stand.Open() && !s.batch.Until.IsZero() }

// where says on how many instances it was made; of one, which.
func (s *standing) where() string {
	if s.tally.All != 1 {
		return fmt.Sprintf("%d of %d", s.tally.Done, s.tally.All)
	}
	if t := s.batch.Steps[0].Intent.Target; t.Breaker != "" {
		return t.Instance
	}
	return s.batch.Steps[0].Intent.Target.Source
}

// now is how it stands, in a few words.
func (s *standing) now() string {
	words := strings.ReplaceAll(string(s.stand), "_", " ")
	of := func(n int) string { return fmt.Sprintf(" on %d of %d", n, s.tally.All) }
	switch s.stand {
	case change.StandPartial:
		return words + ": in force" + of(s.tally.InForce)
	case change.StandRunning:
		return words + ": done" + of(s.tally.Done)
	case change.StandDrifted:
		switch {
		case s.drifted == 0: // somebody else looked
			return words
		case s.tally.All > 1:
			return words + ": " + s.is + of(s.drifted) + ", not by us"
		}
		return words + ": " + s.is + ", not by us"
	case change.StandInForce:
		if s.tally.InForce < s.tally.All {
			return words + of(s.tally.InForce)
		}
	case change.StandOverdue, change.StandInterrupted, change.StandUndone, change.StandReplaced, change.StandFailed, change.StandDone:
	}
	return words
}

// end says when it is put back: that runs down.
func (s *standing) end(now time.Time) (string, theme.Tone) {
	if !s.ends() {
		return "–", theme.Dim
	}
	left := s.batch.Until.Sub(now)
	switch {
	case left <= -time.Second:
		return age(-left) + " ago", theme.Bad
	case left < time.Second:
		return "now", theme.Warn
	case left < time.Minute:
		return "in " + plain.Duration(left.Truncate(time.Second)), theme.Warn
	}
	return "in " + plain.Duration(left.Truncate(time.Second)), theme.Plain
}

// about is the change in words: how it stands, who made it, what ends it.
func (s *standing) about(v *page.View) []widget.Line {
	sign, t := mark(s.stand)
	first := []widget.Span{
		{Text: " " + sign + " ", Tone: t},
		{Text: s.batch.What, Tone: theme.Strong},
		{Text: " is ", Tone: theme.Dim},
		{Text: s.now(), Tone: tone(s.stand)},
	}
	lines := []widget.Line{{Left: first}}
	if v.Width >= 60 { // the sentence comes first
		lines[0].Right = []widget.Span{{Text: s.batch.ID + " ", Tone: theme.Accent}}
	}
	by := "   " + s.batch.Who.String()
	for _, more := range []string{s.batch.Who.Terminal, s.batch.Who.Run} {
		if more != "" {
			by += ", " + more
		}
	}
	by += ", " + v.Clock(s.batch.At) + ", " + age(v.Now.Sub(s.batch.At)) + " ago"
	if s.batch.Reason != "" {
		by += fmt.Sprintf(": %q", s.batch.Reason)
	}
	lines = append(lines, widget.Text(theme.Plain, by))
	next, t := s.next(v)
	return append(lines, widget.Text(t, "   "+next))
}

// next is what becomes of it, and what can be done.
func (s *standing) next(v *page.View) (string, theme.Tone) {
	b := s.batch
	undo := "U takes it back, as does midwatch changes undo " + b.ID
	switch {
	case b.Undoes != "":
		return "it takes back " + b.Undoes, theme.Dim
	case s.stand == change.StandOverdue, s.stand == change.StandInterrupted:
		return "midwatch changes settle finds out how it ended, and puts back what is overdue", theme.Warn
	case !s.stand.Open():
		return s.fate(v), theme.Dim
	case !s.ends():
		return "it has no end: " + undo, theme.Dim
	}
	end, t := s.end(v.Now)
	ends := "ends " + end
	if t == theme.Bad {
		ends = "should have ended " + end
	}
	if t == theme.Plain {
		t = theme.Dim
	}
	if b.Keeper.IsZero() {
		return fmt.Sprintf("%s, by process %d of %s while that lives; %s", ends, b.Who.PID, b.Who.Host, undo), t
	}
	return fmt.Sprintf("%s, by keeper %d on %s; %s", ends, b.Keeper.PID, b.Keeper.Host, undo), t
}

// fate is what became of a change that is over.
func (s *standing) fate(v *page.View) string {
	for i := range s.batch.Steps {
		if r := &s.batch.Steps[i]; r.Put != "" {
			return later(r) + " at " + v.Clock(r.PutAt)
		}
	}
	for i := range s.batch.Steps {
		if r := &s.batch.Steps[i]; r.Error != "" {
			return r.Intent.Target.Name() + ": " + r.Error
		}
	}
	return "it holds nothing"
}

// later is what became of a step after it was done.
func later(r *change.Record) string {
	if r.Put == "" {
		return ""
	}
	return string(r.Put) + " by " + r.PutBy
}

// mark is the sign of a stand.
func mark(s change.Stand) (string, theme.Tone) {
	switch s {
	case change.StandOverdue, change.StandFailed:
		return "✗", tone(s)
	case change.StandInForce, change.StandPartial, change.StandInterrupted, change.StandDrifted, change.StandRunning:
		return "!", tone(s)
	case change.StandUndone, change.StandDone, change.StandReplaced:
	}
	return "✓", theme.Dim
}

// tone is how much a stand is somebody's business.
func tone(s change.Stand) theme.Tone {
	switch s {
	case change.StandOverdue:
		return theme.Bad
	case change.StandInterrupted, change.StandPartial, change.StandDrifted, change.StandInForce:
		return theme.Warn
	case change.StandRunning:
		return theme.Accent
	case change.StandUndone, change.StandDone, change.StandReplaced, change.StandFailed:
	}
	return theme.Dim
}

// age is how long ago something was, as coarse as one thinks of it.
func age(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		d = d.Truncate(time.Second)
	case d < time.Hour:
		d = d.Truncate(time.Minute)
	case d < 24*time.Hour:
		if d = d.Truncate(time.Minute); d >= 10*time.Hour {
			d = d.Truncate(time.Hour)
		}
	}
	return plain.Duration(d)
}
