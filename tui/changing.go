package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// refusal says why nothing can be changed in a context now, and what to do about
// it; empty where it can.
func (a *App) refusal(context string) string {
	if a.o.Desk != nil {
		if why := a.o.Desk.Refusal(context); why != "" {
			return why
		}
	}
	return a.unable()
}

// unable is why nothing can be changed in any context.
func (a *App) unable() string {
	switch {
	case a.o.Desk == nil:
		return "nothing can be changed from here"
	case !a.writing:
		return "this changes the fleet: :write allows it"
	case a.making != nil:
		return "one change at a time: :result shows the one that is being made"
	}
	return ""
}

// want opens the form of what a page wants.
func (a *App) want(w page.Want) {
	if len(w.Wish.Targets) == 0 && w.Wish.Change == "" {
		a.note = cmp.Or(a.unable(), "nothing is chosen: what the cursor was on is gone")
		return
	}
	v := a.view()
	elsewhere := func(t desk.Target) bool { return t.Key.Context != w.Wish.Context }
	switch why := a.refusal(w.Wish.Context); {
	case why != "":
		a.note = why
	case slices.ContainsFunc(w.Wish.Targets, elsewhere):
		a.note = "what is marked is in several contexts: a change is made in one"
	case ofBreaker(w.Wish.Verb) && len(w.Breakers) == 0 && (len(w.Wish.Targets) == 0 || w.Wish.Targets[0].Breaker == ""):
		a.note = "no breaker is known here"
	default:
		a.dialogs = append(a.dialogs, dialog.NewForm(&v, w))
	}
}

func ofBreaker(v desk.Verb) bool {
	return v == desk.Trip || v == desk.Reset || v == desk.Bypass || v == desk.HalfOpen
}

// make begins what the form on top has asked for: it is planned first.
func (a *App) make(w desk.Wish) {
	if why := a.refusal(w.Context); why != "" {
		a.note = why
		return
	}
	m := newMaking(w)
	says := string(w.Verb)
	if f, ok := a.dialogs[len(a.dialogs)-1].(*dialog.Form); ok {
		m.form, says = f, f.Says()
	}
	m.result = dialog.NewResult(says, w, page.Call(func() { a.stop(m) }))
	a.making, a.lastResult, a.makings = m, m.result, append(a.makings, m)
	a.dialogs = append(a.dialogs, m.result)
	a.do(m.run(&a.makers, a.o.Desk))
	a.do(m.hear)
}

// stop gives up what is being planned, which is forgotten, or stops what is being
// made, whose end is waited for.
func (a *App) stop(m *making) {
	m.cancel()
	if m != a.making {
		return
	}
	if m.agreed {
		m.result.Stopped()
		return
	}
	a.making, a.lastResult = nil, nil
	a.drop(m.asked)
	a.drop(m.result)
}

// drop closes a dialog, wherever in the stack it is.
func (a *App) drop(d dialog.Dialog) {
	a.dialogs = slices.DeleteFunc(a.dialogs, func(o dialog.Dialog) bool { return o == d })
}

// heard takes what was said while a change was made.
func (a *App) heard(msg saidMsg) {
	m := msg.of
	over := false
	for i := range msg.said {
		switch s := &msg.said[i]; {
		case s.over:
			over = true
			a.finished(m, s.end, s.err)
		case m != a.making: // it was given up
		case s.ask != nil:
			a.ask(m, *s.ask)
		case s.done != nil:
			m.result.Done(*s.done, s.of)
		default:
			m.result.Tell(s.tell)
		}
	}
	if !over {
		a.do(m.hear)
	}
	a.see()
}

// ask shows a plan. A line that is being typed gives way, so that the keys go to
// what is seen; the plan takes none for a moment.
func (a *App) ask(m *making, q desk.Question) {
	a.asking.Leave()
	answer := func(yes bool) page.Call { return func() { a.answer(m, yes) } }
	a.drop(m.result)
	m.asked = dialog.NewQuestion(a.o.Now(), "Go on?", q, answer(true), answer(false))
	a.dialogs = append(a.dialogs, m.result, m.asked)
}

// answer hands the person's answer on.
func (a *App) answer(m *making, yes bool) {
	m.asked, m.agreed, m.refused = nil, yes, !yes
	if yes {
		m.result.Agreed()
		a.drop(m.form)
	}
	select {
	case m.answers <- yes:
	default: // nobody waits for one
	}
}

// finished takes the end of a change.
func (a *App) finished(m *making, end desk.End, err error) {
	a.makings = slices.DeleteFunc(a.makings, func(o *making) bool { return o == m })
	a.do(a.journal.Read(false)) // what is in force is seen at once
	if m != a.making {
		return
	}
	a.making = nil
	a.drop(m.asked)
	if m.refused && err == nil && len(end.Results) == 0 {
		a.drop(m.result)
		a.drop(m.form)
		a.lastResult, a.note = nil, "nothing was changed"
	} else {
		m.result.End(end, err)
		if !slices.Contains(a.dialogs, dialog.Dialog(m.result)) {
			a.note = inShort(end, err) + " · :result shows it"
		}
	}
	if a.leaving {
		a.quitting = true
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
func (a *App) showResult() {
	if a.lastResult == nil {
		a.note = "nothing was changed from here yet"
		return
	}
	a.drop(a.lastResult)
	a.dialogs = append(a.dialogs, a.lastResult)
}

// quit leaves. What is being made is said first.
func (a *App) quit() {
	if a.making == nil || !a.making.agreed || a.leaving {
		a.quitting = true
		return
	}
	m := a.making
	a.dialogs = append(a.dialogs, dialog.NewQuestion(time.Time{}, "Stop it and quit?", desk.Question{Lines: []string{
		"A change is being made.",
		"What is in hand of it is finished, the rest is not begun; what came of it stands in the journal.",
	}}, page.Call(func() {
		if a.making != m {
			a.quitting = true // it ended meanwhile
			return
		}
		a.leaving = true
		a.stop(m)
		a.showResult()
	}), nil))
}

// close stops what is being made and waits for its end; it says what came of it.
// Nothing else is called after it.
func (a *App) close() (lines []string) {
	for _, m := range a.makings {
		m.cancel()
	}
	a.makers.close()
	for _, m := range a.makings {
		m.mu.Lock()
		if s := m.last; s.over && m.agreed {
			lines = append(lines, parting(m.wish, s.end, s.err)...)
		}
		m.mu.Unlock()
	}
	return lines
}

// parting is what is said on the terminal of a change that was stopped by
// leaving.
func parting(w desk.Wish, end desk.End, err error) []string {
	lines := slices.Clone(end.Lines)
	if err != nil {
		lines = append(lines, "the change was stopped: "+err.Error())
	}
	if end.Change != "" && w.Verb != desk.Undo {
		lines = append(lines, "undo: midwatch changes undo "+end.Change)
	}
	return lines
}

// changeCommands are about changing things; there are none where nothing can be.
func (a *App) changeCommands() command.Table {
	if a.o.Desk == nil {
		return nil
	}
	return command.Table{
		{Name: "write", Does: "allow changes from here", Do: always(a.allow)},
		{Name: "readonly", Does: "end what write allowed", Do: always(a.forbid)},
		{Name: "result", Does: "what came of the last change, or how far it is", Do: always(a.showResult)},
	}
}

// allow asks once whether things may be changed from here.
func (a *App) allow() {
	if a.o.Desk == nil || a.writing {
		a.note = "changes are allowed already; :readonly ends it"
		if a.o.Desk == nil {
			a.note = a.refusal("")
		}
		return
	}
	var may, refused []string
	for _, c := range a.contexts() {
		if why := a.o.Desk.Refusal(c); why != "" {
			refused = append(refused, why)
		} else {
			may = append(may, c)
		}
	}
	if len(may) == 0 {
		a.note = refused[0]
		return
	}
	to := strings.Join(may, ", ")
	q := desk.Question{Lines: []string{fmt.Sprintf("Changes to %s are allowed from here until :readonly.", cmp.Or(to, "this fleet")), "Each of them shows its plan first, and asks."}}
	for _, why := range refused {
		q.Lines = append(q.Lines, "Not everywhere: "+why)
	}
	a.dialogs = append(a.dialogs, dialog.NewQuestion(time.Time{}, "Allow changes?", q, page.Call(func() { a.writing = true }), nil))
}

// forbid ends what allow began.
func (a *App) forbid() {
	a.writing, a.note = false, "nothing can be changed from here now; :write allows it"
}

// contexts are those that are shown.
func (a *App) contexts() (all []string) {
	if a.shown != nil {
		for i := range a.shown.Sources {
			all = append(all, a.shown.Sources[i].Context)
		}
	}
	if len(all) == 0 {
		all = []string{a.o.Context}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
