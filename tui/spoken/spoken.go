// Package spoken is the dashboard for who hears it: nothing is drawn. What there is
// to say comes in lines, one below the other, and is said once; what is typed is a
// line too. Pages, dialogs and keys are those of the screen.
package spoken

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

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
	// Knows says whether a key does something on the page.
	Knows(key string) bool
	// Told is how things stand.
	Told() Told
}

// Told is how things stand.
type Told struct {
	View   page.View
	Where  string        // whose fleet it is, how its sources are, how fresh all this is
	Wait   string        // why there is no page yet; empty: there is one
	Over   bool          // and there will be none
	State  string        // live, paused, no news
	Path   []string      // of pages
	Notes  []string      // on how the page is
	Page   page.Page     // on top
	Dialog dialog.Dialog // above it; nil: none
	Note   string        // one line for the person
	Events []fleet.Event // oldest first
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
	m.speak(t.Where)
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

// Summary is how many services there are, and how they are.
func Summary(s *fleet.Snapshot) string {
	n := map[fleet.Status]int{}
	for i := range s.Services {
		n[cmp.Or(s.Services[i].Status, fleet.Unknown)]++
	}
	var parts []string
	for _, st := range []fleet.Status{fleet.Down, fleet.Degraded, fleet.Unknown, fleet.Maintenance, fleet.Up} {
		if n[st] > 0 {
			parts = append(parts, fmt.Sprint(n[st], " ", st))
		}
	}
	switch all := len(s.Services); {
	case all == 0:
		return "No service is registered."
	case n[fleet.Up] == all:
		return fmt.Sprintf("%s, all up.", plural(all, "service"))
	default:
		return fmt.Sprintf("%s: %s.", plural(all, "service"), strings.Join(parts, ", "))
	}
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
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
	if _, text := t.Dialog.(*dialog.Text); text { // it was read
		m.d.Press("esc", "")
		m.dialog = nil
	}
	return true
}

// page says where one is, as far as that is new: the page, its notes, the row of
// the cursor. Where nothing is new and nothing else was said, the row again.
func (m *Model) page(t *Told) {
	now := look(t)
	place := t.Page.Place()
	fresh := strings.Join(now.notes, ", ") != strings.Join(m.last.notes, ", ")
	switch {
	case place != m.place:
		m.speak(strings.Join(append([]string{strings.Join(t.Path, ", ")}, now.notes...), "; ") + now.rows)
		if !now.table {
			m.read(now.other, nil, now.below)
		} else if !m.been[place] {
			m.read(now.other, nil, 0)
		}
		m.been[place] = true
		if now.table {
			m.speak(now.row)
		}
	case !now.table && now.below != m.last.below:
		m.read(now.other, m.last.other, now.below)
	case fresh || now.row != m.last.row || !m.said:
		if fresh {
			m.speak(cmp.Or(strings.Join(now.notes, ", "), "as it was"))
		}
		if m.speak(now.row); now.row == "" {
			m.read(now.other, nil, now.below)
		}
	}
	m.place, m.last = place, now
}

// read says lines of a page that were not among those before, and how many follow.
func (m *Model) read(lines, before []string, below int) {
	for _, words := range lines {
		if !slices.Contains(before, words) {
			m.speak(words)
		}
	}
	if below > 0 {
		m.speak(plural(below, "line") + " more; more reads on")
	}
}

// view is a page in words.
type view struct {
	table bool     // it has rows
	row   string   // of the cursor, with its number where it has one
	rows  string   // how many there are
	other []string // lines that are no rows; of a page without rows all that are seen
	below int      // lines below them
	notes []string
}

func look(t *Told) (now view) {
	lines := t.Page.Draw(&t.View)
	now.notes = t.Notes
	count := ""
	for i := range lines {
		now.table = now.table || lines[i].Row
	}
	if l, ok := t.Page.(page.Listed); ok && now.table {
		all, at := l.Rows()
		now.rows = "; " + plural(len(all), "row")
		if at >= 0 {
			count = fmt.Sprintf("%d of %d: ", at+1, len(all))
		}
	}
	for i := range lines {
		words := widget.Say(t.View.Theme, lines[i])
		if lines[i].Lit {
			now.row = count + words
		}
		if !lines[i].Row && words != "" {
			now.other = append(now.other, words)
		}
	}
	if l, ok := t.Page.(interface{ Below(v *page.View) int }); ok {
		now.below = l.Below(&t.View)
	}
	return now
}
