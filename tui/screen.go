package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// screen is the root as those see it that ask and tell on it: changing.Screen and
// outside.Screen.
type screen struct{ *App }

func (s screen) Open(d dialog.Dialog) { s.dialogs = append(s.dialogs, d) }

func (s screen) Close(d dialog.Dialog) {
	s.dialogs = slices.DeleteFunc(s.dialogs, func(o dialog.Dialog) bool { return o == d })
}

func (s screen) Shows(d dialog.Dialog) bool { return slices.Contains(s.dialogs, d) }

func (s screen) Top() dialog.Dialog {
	if len(s.dialogs) == 0 {
		return nil
	}
	return s.dialogs[len(s.dialogs)-1]
}

func (s screen) Interrupt()      { s.asking.Leave() }
func (s screen) Say(note string) { s.note = note }
func (s screen) Do(c tea.Cmd)    { s.do(c) }
func (s screen) Quit()           { s.quitting = true }
func (s screen) View() page.View { return s.view() }

// Page, Head and Busy are for outside.Screen alone.
func (s screen) Page() page.Page     { return s.top() }
func (s screen) Head() []widget.Line { return []widget.Line{s.header(), s.path()} }
func (s screen) Busy() bool          { return s.changing.Busy() }

// Changed reads the journal, and the fleet: what is in force, and what came of it, are
// seen at once.
func (s screen) Changed(wrote bool) {
	s.do(s.journal.Read(false))
	if wrote && s.o.Hands.Refresh != nil {
		s.o.Hands.Refresh()
	}
}

// Carried has the marks of what was carried out taken away, on every page of the path.
func (s screen) Carried(done func(desk.Target) bool) {
	for _, p := range s.trail.Path() {
		if m, ok := p.(page.Marked); ok {
			m.Unmark(done)
		}
	}
}

// Contexts are those that are shown.
func (s screen) Contexts() (all []string) {
	if s.shown != nil {
		for i := range s.shown.Sources {
			all = append(all, s.shown.Sources[i].Context)
		}
	}
	if len(all) == 0 {
		all = []string{s.o.Context}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
