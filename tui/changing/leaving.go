package changing

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// Quit leaves. What is being made is said first.
func (c *Changing) Quit() {
	if c.making == nil || !c.making.agreed || c.leaving {
		c.screen.Quit()
		return
	}
	m := c.making
	c.screen.Open(dialog.NewQuestion(time.Time{}, "Stop it and quit?", desk.Question{Lines: []string{
		"A change is being made.",
		"What is in hand of it is finished, the rest is not begun; what came of it stands in the journal.",
	}}, page.Call(func() {
		if c.making != m {
			c.screen.Quit() // it ended meanwhile
			return
		}
		c.leaving = true
		c.stop(m)
		c.showResult()
	}), nil))
}

// Busy says that something is being made that was agreed to: who leaves waits until
// what is in hand of it is finished, and it stands still where midwatch does.
func (c *Changing) Busy() bool {
	return slices.ContainsFunc(c.all, func(m *making) bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.agreed && !m.last.over
	})
}

// Close stops what is being made and waits for its end; it says what came of it.
// Nothing else is called after it.
func (c *Changing) Close() (lines []string) {
	lines = c.parting
	for _, m := range c.all {
		m.cancel()
	}
	c.makers.close()
	for _, m := range c.all {
		m.mu.Lock()
		if s := m.last; s.over && m.agreed {
			lines = append(lines, m.parting(s.end, s.err)...)
		}
		m.mu.Unlock()
	}
	return lines
}

// parting is what is said on the terminal of a change that was stopped by
// leaving.
func (m *making) parting(end desk.End, err error) []string {
	lines := slices.Clone(end.Lines)
	switch nothing := len(end.Results) == 0 && end.Change == ""; {
	case errors.Is(err, context.Canceled) && nothing:
		lines = append(lines, "the change was stopped: "+m.nothing())
	case errors.Is(err, context.Canceled):
		lines = append(lines, "the change was stopped")
	case err != nil:
		lines = append(lines, "the change failed: "+err.Error())
	}
	if end.Change != "" && m.wish.Verb != desk.Undo {
		lines = append(lines, "undo: midwatch changes undo "+end.Change)
	}
	return lines
}
