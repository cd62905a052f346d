package spoken

import (
	"slices"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// line does what a typed line says, and says what came of it.
func (m *Model) line(text string) (cmd tea.Cmd) {
	m.said = false
	if m.dialog != nil {
		return m.answer(text)
	}
	text = strings.TrimSpace(text)
	var err error
	switch word := strings.ToLower(text); {
	case text == "":
	case word == "where":
		t := m.d.Told()
		m.speak(where(&t))
	case word == "list":
		m.list()
	case word == "help", text == "?":
		m.help()
		cmd = m.d.Press("?", "?")
	case strings.HasPrefix(text, ":"):
		cmd, err = m.d.Enter(":", text[1:])
	case strings.HasPrefix(text, "/"):
		cmd, err = m.d.Enter("/", text[1:])
	case named(word) == "pgdown" && !m.last.table && m.last.below > 0:
		cmd = m.more()
	default:
		if keys, unknown := m.keys(text); len(keys) > 0 {
			cmd = m.press(keys)
		} else if unknown {
			m.speak("There is no key " + text + " here; ? lists what can be typed.")
		} else {
			cmd, err = m.d.Enter(":", text)
		}
	}
	if text != "" { // what is said of this line is said, also where it was said of the last one
		m.note = ""
	}
	if err != nil {
		m.speak(err.Error())
	}
	m.tell(true)
	return cmd
}

// more goes on in a page of lines: to its foot first, where one is not there yet.
func (m *Model) more() (cmd tea.Cmd) {
	for range 2 {
		cmd = tea.Batch(cmd, m.d.Press("pgdown", ""))
		t := m.d.Told()
		if look(&t).below != m.last.below {
			break
		}
	}
	return cmd
}

// answer hands a line to the dialog on top.
func (m *Model) answer(text string) (cmd tea.Cmd) {
	t := m.d.Told()
	asked, ok := t.Dialog.(dialog.Asked)
	switch {
	case ok:
		want, over := asked.Answer(&t.View, strings.TrimSpace(text))
		cmd = m.d.Answer(want, over)
	case text == "":
		cmd = m.d.Press("enter", "")
	default:
		for _, k := range strings.Fields(text) {
			cmd = tea.Batch(cmd, m.d.Press(named(k), k))
		}
	}
	m.note = ""
	m.tell(true)
	return cmd
}

// press presses keys one after the other. Where one of them opens a dialog, the others
// were not meant for it: they are not pressed, and that is said.
func (m *Model) press(keys []string) (cmd tea.Cmd) {
	for i, k := range keys {
		cmd = tea.Batch(cmd, m.d.Press(k, k))
		if rest := keys[i+1:]; len(rest) > 0 && m.d.Told().Dialog != nil {
			m.speak("Not pressed, as something is asked now: " + strings.Join(rest, " ") + ".")
			break
		}
	}
	return cmd
}

// keys are the keys that a line names: one, or several with blanks between them.
// Unknown: it is one sign, which nothing here knows.
func (m *Model) keys(text string) (keys []string, unknown bool) {
	t := m.d.Told()
	for word := range strings.FieldsSeq(text) {
		key := named(word)
		if !knows(t.Page.Keys(), key) && !knows(t.Keys, key) {
			return nil, utf8.RuneCountInString(text) == 1
		}
		keys = append(keys, key)
	}
	return keys, false
}

func knows(all []page.Binding, key string) bool {
	return slices.ContainsFunc(all, func(b page.Binding) bool { return slices.Contains(b.Keys, key) })
}

// named is a key by the name that the keys of pages have.
func named(word string) string {
	switch lower := strings.ToLower(word); lower {
	case "open", "in":
		return "enter"
	case "back":
		return "esc"
	case "pgdn", "more", "next":
		return "pgdown"
	case "ctrl-c":
		return "q"
	case "enter", "esc", "space", "tab", "up", "down", "left", "right", "pgup", "pgdown", "home", "end", "backspace":
		return lower
	default:
		if rest, ok := strings.CutPrefix(lower, "ctrl-"); ok {
			return "ctrl+" + rest
		}
	}
	return word
}

// list reads the page: all rows that are near the cursor, and what stands below
// them.
func (m *Model) list() {
	t := m.d.Told()
	for _, l := range t.Page.Draw(&t.View) {
		m.speak(widget.Say(t.View.Theme, l))
	}
}

// help says what a line can be.
func (m *Model) help() {
	m.speak("A line is one of these:")
	m.speak("nothing: where you are, again")
	m.speak("keys, as they are listed below: j goes down, j j j three rows, enter opens the row, esc goes back")
	m.speak("a name: payment goes to the service, payment/payment-1 to the instance, order/payment to the breaker; events, breakers, map to the page")
	m.speak("/ and words: only the rows that match; / alone shows all again")
	m.speak("list: all rows of the page; where: whose fleet this is, and how fresh")
	m.speak("In a question the line is the answer; esc leaves it.")
}
