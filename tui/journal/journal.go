// Package journal is what the dashboard knows of the changes that were made, from
// here and from other terminals: it reads them again and again, and reminds of what
// is in force.
package journal

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/tui/desk"
)

// every is how often the journal is read, and patience how long one
// reading of it may take: other processes write it too.
const (
	every    = 2 * time.Second
	patience = 10 * time.Second
)

// Journal is what was last read. One goroutine uses it; its commands run in others.
type Journal struct {
	Changes []desk.Change // nil before the first reading
	Err     error         // of the last reading
	Holder  *desk.Holder  // who holds breakers; nil before the first reading

	desk        desk.Desk // nil: there is none
	asked, told int       // readings are numbered: one that comes late is older news
	said        string    // of what is in force
	standing    standing  // how many changes stand how: counted once a reading
	reminding   reminding // words of the second that they are of
}

// Reading is a message: a reading of the journal.
type Reading struct {
	N       int // its number
	Changes []desk.Change
	Err     error
	Again   bool // it is the one of those that follow each other
}

// Due is a message: it is time to read.
type Due struct{}

// New returns the journal of a desk; where that is nil, why is why there is none.
func New(d desk.Desk, why error) Journal {
	if d != nil {
		why = nil
	}
	return Journal{desk: d, Err: why}
}

// Read reads the journal, again and again, or once beside that: right after a
// change was made. It is nil where there is none.
func (j *Journal) Read(again bool) tea.Cmd {
	if j.desk == nil {
		return nil
	}
	j.asked++
	n, d := j.asked, j.desk
	return func() tea.Msg {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		changes, err := d.Changes(ctx)
		return Reading{n, changes, err, again}
	}
}

// Take takes a reading, says whether there is news in it, and what to wait for. One
// that failed leaves what was read before.
func (j *Journal) Take(m Reading) (news bool, next tea.Cmd) {
	if m.N > j.told {
		j.told = m.N
		news = j.take(m)
	}
	if m.Again {
		next = tea.Tick(every, func(time.Time) tea.Msg { return Due{} })
	}
	return news, next
}

func (j *Journal) take(m Reading) (news bool) {
	news = (m.Err == nil) != (j.Err == nil) || m.Err != nil && m.Err.Error() != j.Err.Error()
	j.Err = m.Err
	if m.Err == nil && (j.Changes == nil || !desk.Same(j.Changes, m.Changes)) {
		j.Changes, j.Holder, news = append([]desk.Change{}, m.Changes...), desk.NewHolder(m.Changes), true
		j.standing, j.reminding = count(j.Changes), reminding{}
	}
	return news
}
