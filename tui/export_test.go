package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/journal"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/spoken"
)

// SnapshotMsg is what the feed brings.
func SnapshotMsg(s *fleet.Snapshot) tea.Msg { return snapshotMsg{s} }

// EndedMsg is the feed's end, TickMsg a second that went by.
func EndedMsg() tea.Msg { return endedMsg{} }

// TickMsg is a second that went by.
func TickMsg() tea.Msg { return tickMsg{} }

// ResumeMsg has the frame drawn anew.
func ResumeMsg() tea.Msg { return tea.ResumeMsg{} }

// JournalMsg is a reading of the journal, the n-th that was asked for.
func JournalMsg(n int, changes []desk.Change, err error) tea.Msg {
	return journal.Reading{N: n, Changes: changes, Err: err}
}

// Drawn is how many frames were made.
func (a *App) Drawn() int { return a.drawn }

// Kind is the kind of the page on top.
func (a *App) Kind() page.Kind { return a.top().Place().Kind }

// HasPage says whether there is a page of a kind.
func HasPage(k page.Kind) bool { return pageOf(page.Place{Kind: k}) != nil }

// Read reads the journal as the program does at its start.
func Read(a *App) tea.Msg { return a.journal.Read(true)() }

// JournalDueMsg says that it is time to read the journal.
func JournalDueMsg() tea.Msg { return journal.Due{} }

// Close is what Run does at the end.
func (a *App) Close() []string { return a.changing.Close() }

// RootKeys are the keys of every page, and what they do.
func RootKeys(a *App) (keys [][2]string) {
	for _, b := range a.keys() {
		keys = append(keys, [2]string{b.Shown, b.Does})
	}
	return keys
}

// RootCommands are the commands behind ":", with further words for them, and what
// they do.
func RootCommands(a *App) (all [][3]string) {
	for _, c := range a.commands() {
		all = append(all, [3]string{c.Usage(), strings.Join(c.Also, " "), c.Does})
	}
	return all
}

// Cursor is the page on top, and the place of the row that its cursor is on; false
// where it is on none that is there.
func Cursor(a *App) (top page.Page, all []page.Place, at int) {
	if l, ok := a.top().(page.Listed); ok {
		all, at = l.Rows()
		return a.top(), all, at
	}
	return a.top(), nil, -1
}

// Spoken is the dashboard in lines.
func Spoken(o Options, say func(string)) *spoken.Model {
	o.Theme.Words, o.Theme.Colorless, o.Fixed = true, true, true
	app := New(o)
	app.resize(spoken.Width, spoken.Height)
	return spoken.New(voice{app}, say)
}
