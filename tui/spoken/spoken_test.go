package spoken_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/spoken"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// text is a page of lines.
type text struct{ lines []string }

func (p *text) Place() page.Place         { return page.Place{Kind: page.Sources} }
func (p *text) See(*page.View)            {}
func (p *text) Notes(*page.View) []string { return nil }
func (p *text) Keys() []page.Binding      { return nil }
func (p *text) Below(*page.View) int      { return 7 }
func (p *text) Draw(*page.View) []widget.Line {
	var lines []widget.Line
	for _, l := range p.lines {
		lines = append(lines, widget.Text(theme.Plain, l))
	}
	return lines
}

// stand is a dashboard that does nothing and notes what it is told.
type stand struct {
	told    spoken.Told
	pressed []string
}

func (s *stand) Init() tea.Cmd          { return nil }
func (s *stand) Handle(tea.Msg) tea.Cmd { return nil }
func (s *stand) Told() spoken.Told      { return s.told }

func (s *stand) Press(key, _ string) tea.Cmd {
	s.pressed = append(s.pressed, key)
	return nil
}

func (s *stand) Answer(page.Intent, bool) tea.Cmd { return nil }

func (s *stand) Enter(sign, line string) (tea.Cmd, error) {
	s.pressed = append(s.pressed, sign+line)
	if line == "bad" {
		return nil, errors.New("that is bad")
	}
	return nil, nil
}

func at() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// begun is one that has said where one is, and all that it says from then on.
func begun(t *testing.T) (*stand, *spoken.Model, func() string) {
	t.Helper()
	s := &stand{told: spoken.Told{
		Keys: []page.Binding{{Keys: []string{"j", "k", "enter", "esc", "pgdown", "ctrl+z", "q", "T"}}}, State: "live", Path: []page.Page{&text{}}, Page: &text{lines: []string{"etcd answers", "──", "   url      etcd://x"}},
		View: page.View{Snapshot: &fleet.Snapshot{Seq: 1, At: at()}, History: &history.History{}, Theme: theme.New(theme.Options{Words: true, Colorless: true}), Width: 100, Height: 9, Zone: time.UTC},
	}}
	var b strings.Builder
	m := spoken.New(s, func(text string) { b.WriteString(text) })
	said := func() string {
		defer b.Reset()
		return b.String()
	}
	m.Update(nil)
	return s, m, said
}

func TestBegins(t *testing.T) {
	_, m, said := begun(t)
	want := "midwatch; 0 of 0 instances answer; 03:04:05; live.\nNo service is registered.\nsources\netcd answers\nurl, etcd://x\n7 lines more; more reads on\nAn empty line says where you are, ? lists what can be typed, q quits.\n> "
	if got := said(); got != want {
		t.Errorf("%q", got)
	}
	for range 3 {
		m.Update(nil)
	}
	if got := said(); got != "" {
		t.Errorf("nothing happened: %q", got)
	}
	if m.View().Content != "" {
		t.Error("something is drawn")
	}
}

// TestLines: what a line means: keys, a place, a filter, nothing.
func TestLines(t *testing.T) {
	for line, want := range map[string]string{
		"j": "j", "j j k": "j j k", " open ": "enter", "back": "esc", "more": "pgdown pgdown", "PgDn": "pgdown pgdown", "ctrl-z": "ctrl+z", "T": "T",
		"payment": ":payment", ":events x": ":events x", "/ord* !y": "/ord* !y", "j payment": ":j payment", "": "", "where": "", "list": "", "%": "",
	} {
		s, m, _ := begun(t)
		m.Update(spoken.Line(line))
		if got := strings.Join(s.pressed, " "); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	_, m, said := begun(t)
	said()
	m.Update(spoken.Line("bad"))
	if got := said(); got != "that is bad\n> " {
		t.Errorf("%q", got)
	}
}

// TestEvents: each is said once, many at once are counted, and what stands at the
// end is not written over.
func TestEvents(t *testing.T) {
	s, m, said := begun(t)
	said()
	for i := range 8 {
		s.told.Events = append(s.told.Events, fleet.Event{Seq: 1, At: at(), Kind: fleet.EventStatus, Key: fleet.Key{Ref: fleet.Ref{Name: "pay"}, Instance: string(rune('a' + i))}, From: "up", To: "down"})
	}
	m.Update(nil)
	got := said()
	if !strings.HasPrefix(got, "\n03:04:05, pay/a up to down\n") || strings.Count(got, "\n") != 7 || !strings.HasSuffix(got, "3 events more, :events lists them.\n> ") {
		t.Errorf("%q", got)
	}
	s.told.Events = append(s.told.Events, fleet.Event{Seq: 2, At: at(), Kind: fleet.EventServiceNew, Key: fleet.Key{Ref: fleet.Ref{Name: "new"}}})
	if m.Update(nil); said() != "" {
		t.Error("what comes while it is paused is said")
	}
	s.told.View.Snapshot = &fleet.Snapshot{Seq: 2, At: at()}
	if m.Update(nil); !strings.Contains(said(), "new is new") {
		t.Error("what came while it was paused is never said")
	}
	s.told.Events = s.told.Events[:2]
	if m.Update(nil); !strings.Contains(said(), "It is 03:04:05 now") {
		t.Error("a recording that goes back tells all of it")
	}
}

// TestClean: what a service calls itself, and what is wrong with a line, are not
// obeyed by a terminal.
func TestClean(t *testing.T) {
	s, m, said := begun(t)
	s.told.Note = "\x1b[2J"
	m.Update(nil)
	m.Update(spoken.Line(""))
	if got := said(); strings.Contains(got, "\x1b") {
		t.Errorf("%q", got)
	}
}

func TestSummary(t *testing.T) {
	of := func(all ...fleet.Status) *fleet.Snapshot {
		s := &fleet.Snapshot{}
		for _, st := range all {
			s.Services = append(s.Services, fleet.ServiceView{Status: st})
		}
		return s
	}
	for want, s := range map[string]*fleet.Snapshot{
		"No service is registered.":          of(),
		"1 service, all up.":                 of(fleet.Up),
		"2 services: 1 down, 1 up.":          of(fleet.Up, fleet.Down),
		"3 services: 1 degraded, 2 unknown.": of(fleet.StatusNone, fleet.Unknown, fleet.Degraded),
	} {
		if got := spoken.Summary(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestRuns: lines come in, lines go out, and the end of input ends it.
func TestRuns(t *testing.T) {
	s, _, _ := begun(t)
	var b strings.Builder
	if err := spoken.Run(t.Context(), strings.NewReader("where\n"), &b, s); err != nil {
		t.Error(err)
	}
}

// TestKeysBeforeADialog: keys of one line that come after the one that opened a dialog
// are not pressed in it: nobody has heard what it asks.
func TestKeysBeforeADialog(t *testing.T) {
	s, _, _ := begun(t)
	m := spoken.New(&opens{stand: s, by: "T"}, func(string) {})
	m.Update(nil)
	m.Update(spoken.Line("j T enter k enter"))
	if got := strings.Join(s.pressed, " "); got != "j T" {
		t.Errorf("pressed %q", got)
	}
}

// opens is a dashboard on which a key opens a dialog.
type opens struct {
	*stand
	by string
}

func (o *opens) Press(key, text string) tea.Cmd {
	if key == o.by {
		o.told.Dialog = silent{}
	}
	return o.stand.Press(key, text)
}

// silent is a dialog that says nothing.
type silent struct{}

func (silent) Press(*page.View, string, string) (page.Intent, bool) { return nil, false }
func (silent) Draw(*page.View) []widget.Line                        { return nil }
func (silent) Keys() [][2]string                                    { return nil }
