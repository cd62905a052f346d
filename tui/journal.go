package tui

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// journalEvery is how often the journal is read, and journalPatience how long one
// reading of it may take: other processes write it too.
const (
	journalEvery    = 2 * time.Second
	journalPatience = 10 * time.Second
)

// journal is what was last read of it.
type journal struct {
	changes     []desk.Change // nil before the first reading
	err         error         // of the last reading
	holder      *desk.Holder
	asked, told int    // readings are numbered: one that comes late is older news
	said        string // of what is in force, as it was drawn
}

type (
	// journalMsg is a reading of the journal.
	journalMsg struct {
		n       int
		changes []desk.Change
		err     error
		again   bool // it is the one of those that follow each other
	}
	journalDueMsg struct{}
)

// readJournal reads the journal, again and again, or once beside that: right after
// a change was made.
func (a *App) readJournal(again bool) tea.Cmd {
	if a.o.Desk == nil {
		return nil
	}
	a.journal.asked++
	n, d := a.journal.asked, a.o.Desk
	return func() tea.Msg {
		ctx, stop := context.WithTimeout(context.Background(), journalPatience)
		defer stop()
		changes, err := d.Changes(ctx)
		return journalMsg{n, changes, err, again}
	}
}

// takeJournal takes a reading. One that failed leaves what was read before.
func (a *App) takeJournal(m journalMsg) tea.Cmd {
	if m.n > a.journal.told {
		a.journal.told = m.n
		a.journal.take(a, m)
	}
	if !m.again {
		return nil
	}
	return tea.Tick(journalEvery, func(time.Time) tea.Msg { return journalDueMsg{} })
}

func (j *journal) take(a *App, m journalMsg) {
	news := (m.err == nil) != (j.err == nil) || m.err != nil && m.err.Error() != j.err.Error()
	j.err = m.err
	if m.err == nil && (j.changes == nil || !desk.Same(j.changes, m.changes)) {
		j.changes, j.holder, news = append([]desk.Change{}, m.changes...), desk.NewHolder(m.changes), true
	}
	if news {
		a.see()
	}
}

// noJournal is why there is none to be read; nil where there is.
func noJournal(o *Options) error {
	switch {
	case o.Desk != nil:
		return nil
	case o.Hands.Player != nil:
		return &fleet.Error{Detail: "a recording is played: what was cannot be changed", Err: desk.ErrNone}
	}
	return &fleet.Error{Detail: "the dashboard was started without a journal", Err: desk.ErrNone}
}

// elapse is a second that went by: pages of which something moves with time are
// drawn anew, and so is what the path says of changes that end.
func (a *App) elapse() {
	if a.shown == nil {
		return
	}
	v := a.view()
	if t, ok := a.top().(page.Ticking); ok && t.Ticks(&v) {
		a.fresh = false
	}
	if a.inForce() != a.journal.said {
		a.fresh = false
	}
}

// inForce says in the fewest words what somebody should know of: people forget
// breakers that they tripped.
func (a *App) inForce() string {
	words := a.reminder()
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1].Text + words[0].Text
}

// reminder is what is in force, in more words and in fewer; none where nothing is.
func (a *App) reminder() []widget.Span {
	n := map[change.Stand]int{}
	var next time.Time
	what := ""
	for i := range a.journal.changes {
		c := &a.journal.changes[i]
		n[c.Stand]++
		if c.Stand.Open() {
			what = c.Batch.What
		}
		if end := c.Batch.Until; c.Stand.Open() && !end.IsZero() && (next.IsZero() || end.Before(next)) {
			next = end
		}
	}
	holds := n[change.StandInForce] + n[change.StandPartial] + n[change.StandDrifted]
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
	left := plain.Duration(next.Sub(a.o.Now()).Truncate(time.Second))
	end := either(holds == 1, ", ends in "+left, ", one ends in "+left)
	if !next.After(a.o.Now()) {
		end = either(holds == 1, ", ends now", ", one ends now")
	}
	spans := say("! ", holds, "in force", end, theme.Warn)
	if holds == 1 {
		spans = append([]widget.Span{{Text: "! " + what + " in force" + end, Tone: theme.Warn}}, spans...)
	}
	return spans
}

// remind puts what is in force before the notes of a page, in as many words as
// there is room for. Where there is no room for both, notes give way.
func (a *App) remind(notes []widget.Span, room int) []widget.Span {
	a.journal.said = a.inForce()
	if kind := a.top().Place().Kind; kind == page.Changes || kind == page.Change {
		return notes // it is seen there
	}
	words := a.reminder()
	for _, after := range [][]widget.Span{notes, nil} {
		for _, w := range words {
			spans := append([]widget.Span{w, {Text: " "}}, after...)
			if len(after) > 0 && widget.SpansWidth(a.theme, after) > 1 {
				spans = append([]widget.Span{w, {Text: " · ", Tone: theme.Rule}}, after...)
			}
			if widget.SpansWidth(a.theme, spans) <= room {
				return spans
			}
		}
	}
	return notes
}
