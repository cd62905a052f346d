package tui_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/journey"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// TestJourneys walks every journey of testdata/journeys (package journey has the
// language) on snapshots that are made up. Its own words are
//
//	snapshot NAME   the feed brings one: night, healed, odd, empty, night-without NAME...
//	journal         the journal is read: the changes of the night
//	wait 20s        time goes by
//	ended           the feed is over
//	quits KEY       the key ends everything; no other does
func TestJourneys(t *testing.T) {
	for name, path := range journey.Files(t, "testdata/journeys") {
		t.Run(name, func(t *testing.T) {
			d := start(t, theme.Options{}, 80, 24)
			journey.Walk(t, path, func() journey.Stage { return stage{d} }, map[string]journey.Word{
				"snapshot": func(rest string) string {
					s := known(strings.Fields(rest))
					if s == nil {
						return "no such snapshot"
					}
					d.take(s)
					return ""
				},
				"journal": func(string) string {
					d.send(tui.JournalMsg(1, made(), nil))
					return ""
				},
				"wait": func(rest string) string {
					by, err := time.ParseDuration(rest)
					if err != nil {
						return err.Error()
					}
					d.now = d.now.Add(by)
					d.send(tui.TickMsg())
					return ""
				},
				"ended": func(string) string {
					d.send(tui.EndedMsg())
					return ""
				},
				"quits": func(rest string) string {
					if !d.press(rest) {
						return "it goes on"
					}
					return ""
				},
			})
		})
	}
}

// stage is a dashboard that moves by hand alone: what is not so now never will be.
type stage struct{ *dash }

func (s stage) Size(width, height int) { s.size(width, height) }
func (s stage) Type(text string)       { s.types(text) }
func (s stage) Screen() string         { return s.screen() }

func (s stage) Press(key string) {
	if s.press(key) {
		s.t.Fatalf("%s ended it:\n%s", key, s.screen())
	}
}

func (s stage) Click(x, y int) { s.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}) }

func (s stage) Wheel(up bool) {
	button := tea.MouseWheelDown
	if up {
		button = tea.MouseWheelUp
	}
	s.send(tea.MouseWheelMsg{X: 5, Y: 5, Button: button})
}

func (s stage) Until(so func(screen string) bool) bool { return so(s.screen()) }

func known(words []string) *fleet.Snapshot {
	switch words[0] {
	case "night":
		return night()
	case "healed":
		return healed()
	case "odd":
		return odd()
	case "contexts":
		return contexts()
	case "deep":
		return deep()
	case "empty":
		return &fleet.Snapshot{Context: "prod", At: at(), Sources: []fleet.SourceView{{Name: "etcd", URL: "etcd://10.0.0.5:2379", AsOf: at()}}}
	case "night-without":
		return without(night(), words[1:]...)
	}
	return nil
}
