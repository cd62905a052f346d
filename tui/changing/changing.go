// Package changing makes changes from the dashboard: what a page wishes becomes a
// form, the form a plan that the person agrees to, the plan a result. It writes by a
// desk.Desk alone, one change at a time, and knows no page.
package changing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// Screen is where it asks and tells.
type Screen interface {
	// Open shows a dialog above all others, Close takes one away, wherever it is.
	Open(d dialog.Dialog)
	Close(d dialog.Dialog)
	Shows(d dialog.Dialog) bool
	// Top is the dialog that has the keys; nil where none is open.
	Top() dialog.Dialog
	// Interrupt has a line that is being typed give way.
	Interrupt()
	// Say is a note of one line.
	Say(note string)
	// Do has a command run.
	Do(c tea.Cmd)
	// Changed is said when a change ended. Wrote: it may have changed the fleet, else
	// the journal at most.
	Changed(wrote bool)
	// Carried is said of the targets of an order, as the page that wanted it had them,
	// that it was carried out on: their marks have done their work.
	Carried(done func(desk.Target) bool)
	// Quit ends the dashboard.
	Quit()
	View() page.View
	// Contexts are those that are shown.
	Contexts() []string
}

// Changing is the change that is being planned or made, and whether there may be
// any. One goroutine uses it.
type Changing struct {
	desk    desk.Desk // nil: nothing can be changed
	screen  Screen
	writing bool           // changes are allowed
	making  *making        // the change that is being planned or made; nil: none
	all     []*making      // it, and those that were given up and have not ended
	makers  makers         // counts them
	last    *dialog.Result // of the last change, which can be shown again
	leaving bool           // the dashboard ends with the change that is being made
	parting []string       // what came of that, for the terminal
}

// New returns one by which nothing was changed yet.
func New(d desk.Desk, writing bool, s Screen) *Changing {
	return &Changing{desk: d, screen: s, writing: writing && d != nil}
}

// Writing says whether changes are allowed.
func (c *Changing) Writing() bool { return c.writing }

// Allowed says in a few words whether things may be changed from here.
func (c *Changing) Allowed() string {
	switch {
	case c.desk == nil:
		return "not from here"
	case c.writing:
		return "allowed until :readonly"
	}
	return ":write allows it"
}

// refusal says why nothing can be changed in a context now, and what to do about
// it; empty where it can.
func (c *Changing) refusal(context string) string {
	return cmp.Or(c.forbidden(context), c.unable())
}

// forbidden is why no change may be made in a context, whatever else is being made.
func (c *Changing) forbidden(context string) string {
	switch {
	case c.desk == nil:
		return "nothing can be changed from here"
	case c.desk.Refusal(context) != "":
		return c.desk.Refusal(context)
	case !c.writing:
		return "this changes the fleet: :write allows it"
	}
	return ""
}

// unable is why nothing can be changed in any context.
func (c *Changing) unable() string {
	switch {
	case c.desk == nil:
		return "nothing can be changed from here"
	case !c.writing:
		return "this changes the fleet: :write allows it"
	case c.making != nil:
		return "one change at a time: :result shows the one that is being made"
	}
	return ""
}

// Want opens the form of what a page wants.
func (c *Changing) Want(w page.Want) {
	if len(w.Wish.Targets) == 0 && w.Wish.Change == "" {
		c.screen.Say(cmp.Or(c.unable(), w.Nothing, "nothing is chosen: what was marked or under the cursor is gone"))
		return
	}
	v := c.screen.View()
	elsewhere := func(t desk.Target) bool { return t.Key.Context != w.Wish.Context }
	switch why := c.refusal(w.Wish.Context); {
	case why != "":
		c.screen.Say(why)
	case slices.ContainsFunc(w.Wish.Targets, elsewhere):
		c.screen.Say("what is marked is in several contexts: a change is made in one")
	case ofBreaker(w.Wish.Verb) && len(w.Breakers) == 0 && (len(w.Wish.Targets) == 0 || w.Wish.Targets[0].Breaker == ""):
		c.screen.Say(noBreaker(&v, w.Wish.Targets))
	default:
		c.screen.Open(dialog.NewForm(&v, w))
	}
}

func ofBreaker(v desk.Verb) bool {
	return v == desk.Trip || v == desk.Reset || v == desk.Bypass || v == desk.HalfOpen
}

// Make begins what the form on top has asked for: it is planned first.
func (c *Changing) Make(w desk.Wish) {
	if why := c.refusal(w.Context); why != "" {
		c.screen.Say(why)
		return
	}
	m := newMaking(w)
	says := string(w.Verb)
	if f, ok := c.screen.Top().(*dialog.Form); ok {
		m.form, says = f, f.Says()
	}
	m.result = dialog.NewResult(says, w, page.Call(func() { c.stop(m) }))
	c.making, c.last, c.all = m, m.result, append(c.all, m)
	c.screen.Open(m.result)
	c.screen.Do(m.run(&c.makers, c.desk))
	c.screen.Do(m.hear)
}

// stop gives up what is being planned, which is forgotten, or stops what is being
// made, whose end is waited for.
func (c *Changing) stop(m *making) {
	m.cancel()
	if m != c.making {
		return
	}
	if m.agreed {
		m.result.Stopped()
		return
	}
	c.making, c.last = nil, nil
	c.screen.Close(m.asked)
	c.screen.Close(m.result)
	if len(m.told) > 0 {
		c.screen.Say(m.nothing())
	}
}

// Heard takes what was said while a change was made.
func (c *Changing) Heard(msg Said) {
	m := msg.of
	over := false
	for i := range msg.said {
		switch s := &msg.said[i]; {
		case s.over:
			over = true
			c.finished(m, s.end, s.err)
		case s.tell != "":
			m.told = append(m.told, s.tell)
			if m.result.Tell(s.tell); m != c.making {
				c.screen.Say(s.tell) // it was done before it could be given up
			}
		case m != c.making: // it was given up
		case s.ask != nil:
			c.ask(m, s.ask)
		case s.done != nil:
			m.result.Done(*s.done, s.of)
		}
	}
	if !over {
		c.screen.Do(m.hear)
	}
}

// ask shows a plan. A line that is being typed gives way, so that the keys go to
// what is seen; the plan takes none for a moment.
func (c *Changing) ask(m *making, q *question) {
	c.screen.Interrupt()
	answer := func(yes bool) page.Call { return func() { c.answer(m, q, yes) } }
	c.screen.Close(m.asked)
	c.screen.Close(m.result)
	m.asked = dialog.NewQuestion(c.screen.View().Now, "Go on?", q.Question, answer(true), answer(false))
	c.screen.Open(m.result)
	c.screen.Open(m.asked)
}

// answer hands the person's answer on. A yes counts only where changes are allowed
// still: :readonly may have come in between.
func (c *Changing) answer(m *making, q *question, yes bool) {
	m.asked = nil
	if m.why = c.forbidden(m.wish.Context); m.why != "" {
		yes = false
	}
	m.agreed, m.refused = yes, !yes
	if yes {
		m.result.Agreed()
		c.screen.Close(m.form)
	}
	select {
	case q.answer <- yes:
	default: // it was answered before
	}
}

// finished takes the end of a change.
func (c *Changing) finished(m *making, end desk.End, err error) {
	c.all = slices.DeleteFunc(c.all, func(o *making) bool { return o == m })
	c.screen.Changed(len(end.Results)+len(m.told) > 0)
	c.screen.Carried(func(t desk.Target) bool { return carried(m.wish.Targets, end.Results, t) })
	if m != c.making {
		return
	}
	c.making = nil
	c.screen.Close(m.asked)
	if m.refused && err == nil && len(end.Results) == 0 {
		c.screen.Close(m.result)
		c.screen.Close(m.form)
		c.last = nil
		c.screen.Say(m.nothing())
	} else {
		m.result.End(end, err)
		if !c.screen.Shows(m.result) {
			c.screen.Say(inShort(end, err) + " · :result shows it")
		}
	}
	if c.leaving {
		c.parting = m.parting(end, err)
		c.screen.Quit()
	}
}

// inShort is what came of a change in a line.
func inShort(end desk.End, err error) string {
	if err != nil {
		return "the change failed: " + err.Error()
	}
	return strings.TrimSpace(cmp.Or(append(slices.Clone(end.Lines), "the change is done")[0], "the change is done"))
}

// showResult shows what came of the last change, or how far it is.
func (c *Changing) showResult() {
	if c.last == nil {
		c.screen.Say("nothing was changed from here yet")
		return
	}
	c.screen.Close(c.last)
	c.screen.Open(c.last)
}

// Commands are the words behind : about changing things; there are none where
// nothing can be.
func (c *Changing) Commands() command.Table {
	if c.desk == nil {
		return nil
	}
	always := func(do func()) func(string) error {
		return func(string) error {
			do()
			return nil
		}
	}
	return command.Table{
		{Name: "write", Does: "allow changes from here", Do: always(c.allow)},
		{Name: "readonly", Does: "end what write allowed", Do: always(c.forbid)},
		{Name: "result", Does: "what came of the last change, or how far it is", Do: always(c.showResult)},
	}
}

// allow asks once whether things may be changed from here.
func (c *Changing) allow() {
	if c.writing {
		c.screen.Say("changes are allowed already; :readonly ends it")
		return
	}
	var may, refused []string
	for _, context := range c.screen.Contexts() {
		if why := c.desk.Refusal(context); why != "" {
			refused = append(refused, why)
		} else {
			may = append(may, context)
		}
	}
	if len(may) == 0 {
		c.screen.Say(refused[0])
		return
	}
	to := strings.Join(may, ", ")
	q := desk.Question{Lines: []string{fmt.Sprintf("Changes to %s are allowed from here until :readonly.", cmp.Or(to, "this fleet")), "Each of them shows its plan first, and asks."}}
	for _, why := range refused {
		q.Lines = append(q.Lines, "Not everywhere: "+why)
	}
	c.screen.Open(dialog.NewQuestion(time.Time{}, "Allow changes?", q, page.Call(func() { c.writing = true }), nil))
}

// forbid ends what allow began.
func (c *Changing) forbid() {
	c.writing = false
	if c.making != nil && c.making.agreed {
		c.screen.Say("nothing else can be changed from here now; what is being made goes on, X in :result stops it")
		return
	}
	c.screen.Say("nothing can be changed from here now; :write allows it")
}
