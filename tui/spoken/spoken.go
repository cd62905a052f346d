// Package spoken is the dashboard for who hears it: nothing is drawn. What there is
// to say comes in lines, one below the other, and is said once; what is typed is a
// line too. Pages, dialogs and keys are those of the screen.
package spoken

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/tui/reading"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Width and Height are the size of a screen that is never drawn: no line of it is
// cut, and a page down is as much as one listens to.
const (
	Width  = 1000
	Height = 32
)

// Dashboard is the root, as it is spoken of.
type Dashboard interface {
	// Init is what is done first.
	Init() tea.Cmd
	// Handle takes what is not a line.
	Handle(msg tea.Msg) tea.Cmd
	// Press presses a key, by its name; it may type a text.
	Press(key, text string) tea.Cmd
	// Answer does what came of a dialog's answer.
	Answer(want page.Intent, over bool) tea.Cmd
	// Enter types a whole line behind a sign, : or /; an error is what was wrong with
	// it.
	Enter(sign, text string) (tea.Cmd, error)
	// Told is how things stand.
	Told() Told
}

// Told is how things stand.
type Told struct {
	View     page.View
	Context  string // where the snapshot names none
	Recorded bool   // it is not the present
	Wait     string // why there is no page yet; empty: there is one
	Over     bool   // and there will be none
	State    string // live, paused, no news
	Path     []page.Page
	Notes    []string       // on how the page is
	Page     page.Page      // on top
	Keys     []page.Binding // of every page
	Dialog   dialog.Dialog  // above it; nil: none
	Note     string         // one line for the person
	Events   []fleet.Event  // oldest first
}

// Line is a line that was typed.
type Line string

// End is the end of what is typed.
type End struct{}

// Model speaks. It is a tea.Model that draws nothing: what is said goes to say, a
// text at a time.
type Model struct {
	d   Dashboard
	say func(text string)

	waiting []string // lines that were typed before there was a page
	over    bool     // nothing more is typed
	begun   bool
	asked   bool   // a prompt stands at the end
	asks    string // that one

	wait, state, note, ask string
	place                  page.Place
	last                   view                              // how the page was said
	been                   map[page.Place]bool               // what was told in full
	event                  fleet.Event                       // the last one
	heard                  map[dialog.Dialog]map[string]bool // of those that are open, or were open below one
	dialog                 dialog.Dialog
	said                   bool // something, since the last line was typed
}

// New returns one that says what there is to say by say, which must not block.
func New(d Dashboard, say func(string)) *Model {
	return &Model{d: d, say: say, been: map[page.Place]bool{}, heard: map[dialog.Dialog]map[string]bool{}}
}

// Init begins.
func (m *Model) Init() tea.Cmd { return m.d.Init() }

// View draws nothing.
func (m *Model) View() tea.View { return tea.NewView("") }

// Update takes what happened, and says what is new by it.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case Line:
		m.asked = false
		if !m.begun {
			m.waiting = append(m.waiting, string(msg))
			return m, nil
		}
		cmd = m.line(string(msg))
	case End:
		m.over = true // what was typed before is done first
		if m.begun {
			return m, tea.Quit
		}
	case tea.WindowSizeMsg: // nothing is drawn on it
	default:
		cmd = m.d.Handle(msg)
		m.tell(false)
		for m.begun && len(m.waiting) > 0 {
			next := m.waiting[0]
			m.waiting = m.waiting[1:]
			cmd = tea.Batch(cmd, m.line(next))
		}
		if m.over && (m.begun || m.d.Told().Over) {
			cmd = tea.Batch(cmd, tea.Quit)
		}
	}
	m.prompt()
	return m, cmd
}

// speak says a line.
func (m *Model) speak(text string) {
	if text == "" {
		return
	}
	if m.asked { // what is being typed stays on its line
		m.say("\n")
		m.asked = false
	}
	m.say(m.clean(text) + "\n")
	m.said = true
}

// clean is a text of which a terminal obeys nothing.
func (m *Model) clean(text string) string { return m.d.Told().View.Theme.Heard(text) }

// prompt asks for the next line, once.
func (m *Model) prompt() {
	if !m.begun || m.asked && m.asks == m.ask {
		return
	}
	if m.asked {
		m.say("\n")
	}
	m.say(m.clean(cmp.Or(m.ask, ">")) + " ")
	m.asked, m.asks = true, m.ask
}

// tell says what is new. A line was typed: then where one is counts as well.
func (m *Model) tell(typed bool) {
	t := m.d.Told()
	if t.Wait != "" {
		if t.Wait != m.wait {
			m.wait = t.Wait
			m.speak(t.Wait)
		}
		return
	}
	if !m.begun {
		m.begin(&t)
		return
	}
	m.events(&t)
	if state, _, _ := strings.Cut(t.State, " for "); state != m.state {
		m.state = state
		m.speak(t.State)
	}
	if t.Note != m.note {
		m.note = t.Note
		m.speak(t.Note)
	}
	if m.dialogs(&t) || !typed {
		return
	}
	m.page(&t)
}

// begin says what one finds on coming.
func (m *Model) begin(t *Told) {
	m.begun = true
	m.state, _, _ = strings.Cut(t.State, " for ")
	m.note = t.Note
	if n := len(t.Events); n > 0 {
		m.event = t.Events[n-1]
	}
	m.speak(where(t))
	m.speak(Summary(t.View.Snapshot))
	m.unwell(t)
	m.been[t.Page.Place()] = true
	m.page(t)
	m.speak("An empty line says where you are, ? lists what can be typed, q quits.")
}

// told is how many unwell services, and how many events at once, are told one by
// one.
const told = 5

// unwell says which services are not well, the worst first, and why.
func (m *Model) unwell(t *Told) {
	n := 0
	for _, st := range []fleet.Status{fleet.Down, fleet.Degraded, fleet.Unknown} {
		for i := range t.View.Snapshot.Services {
			s := &t.View.Snapshot.Services[i]
			if s.Status != st {
				continue
			}
			if n++; n <= told {
				m.speak(widget.Say(t.View.Theme, page.About(s.Name, s.Status, s.Why, fmt.Sprintf("%d of %d serve", s.Serving, len(s.Instances)))))
			}
		}
	}
	if n > told {
		m.speak(fmt.Sprintf("%d more are not well.", n-told))
	}
}

// events says what happened since the last one that was said.
func (m *Model) events(t *Told) {
	fresh := t.Events
	for i := len(fresh) - 1; i >= 0; i-- {
		if fresh[i] == m.event {
			fresh = fresh[i+1:]
			break
		}
	}
	if len(fresh) == 0 {
		return
	}
	if t.View.Snapshot.Seq < fresh[len(fresh)-1].Seq { // it is paused: what comes is kept
		return
	}
	known := len(fresh) < len(t.Events) || m.event == (fleet.Event{})
	if m.event = fresh[len(fresh)-1]; !known { // a recording is somewhere else now
		m.speak("It is " + t.View.Clock(t.View.Snapshot.At) + " now; :events lists what happened before.")
		return
	}
	for i := range fresh[:min(len(fresh), told)] {
		m.speak(widget.Say(t.View.Theme, page.Event(&t.View, &fresh[i])))
	}
	if more := len(fresh) - told; more > 0 {
		m.speak(fmt.Sprintf("%s more, :events lists them.", plural(more, "event")))
	}
}

// dialogs says what is new in the dialog on top; false where none is open.
func (m *Model) dialogs(t *Told) bool {
	if text, ok := t.Dialog.(*reading.Text); ok { // it is read, and over
		v := t.View
		v.Height = 1 << 20
		for _, l := range text.Draw(&v) {
			m.speak(widget.Say(v.Theme, l))
		}
		m.d.Press("esc", "")
		return true
	}
	if t.Dialog != m.dialog {
		m.dialog, m.place = t.Dialog, page.Place{}
	}
	m.ask = ""
	if t.Dialog == nil {
		m.heard = map[dialog.Dialog]map[string]bool{}
		return false
	}
	heard := m.heard[t.Dialog]
	if heard == nil {
		heard = map[string]bool{}
		m.heard[t.Dialog] = heard
	}
	v := t.View
	asked, asks := t.Dialog.(dialog.Asked)
	var lines []widget.Line
	if asks {
		v.Height = 1 << 20
		lines, m.ask = asked.Hear(&v), asked.Ask(&v)
	} else {
		v.Height = 1 << 20
		lines = t.Dialog.Draw(&v)
	}
	for i := range lines {
		if words := widget.Say(v.Theme, lines[i]); words != "" && !heard[words] {
			heard[words] = true
			m.speak(words)
		}
	}
	return true
}
