package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// SnapshotMsg is what the feed brings.
func SnapshotMsg(s *fleet.Snapshot) tea.Msg { return snapshotMsg{s} }

// EndedMsg is the feed's end, TickMsg a second that went by.
func EndedMsg() tea.Msg { return endedMsg{} }

// TickMsg is a second that went by.
func TickMsg() tea.Msg { return tickMsg{} }

// Drawn is how many frames were made.
func (a *App) Drawn() int { return a.drawn }

// Kind is the kind of the page on top.
func (a *App) Kind() page.Kind { return a.top().Place().Kind }

// HasPage says whether there is a page of a kind.
func HasPage(k page.Kind) bool { return pageOf(page.Place{Kind: k}) != nil }
