package tui

import (
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/offer"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/prompt"
)

// askFilter filters while one types; esc leaves it as it was.
func (a *App) askFilter() {
	f, ok := a.top().(page.Filtered)
	if !ok {
		return
	}
	before := f.Filter()
	p := &prompt.Prompt{Sign: "/"}
	p.Hint("name or glob, !not, zone=a, version=2*, label=value; tab completes")
	offers := offer.Filter
	switch a.top().Place().Kind {
	case page.Breakers, page.Events, page.Changes, page.Change:
		offers = offer.Words
		p.Hint("words, context=c, source=s, namespace=n; tab completes")
	case page.Fleet, page.Service, page.Instance, page.Sources, page.Map:
	}
	p.Offers = func(text string) []string { return offers(text, a.shown) }
	p.Changed = func(text string) {
		if err := f.SetFilter(text); err != nil || text == "" {
			p.Say(err)
			return
		}
		p.Hint(offer.Hint(p.Offers(text)))
	}
	p.Tried = func(text string) {
		if !strings.HasSuffix(text, "=") { // its value is still to come
			_ = f.SetFilter(text) // what cannot be understood is said when it is typed
		}
	}
	p.Done = func(text string) bool { return f.SetFilter(text) == nil }
	p.Left = func() { _ = f.SetFilter(before) } // it was understood once
	a.asking.Open(p, before)
}

// askCommand asks where to go, or what to do.
func (a *App) askCommand() {
	t := a.commands()
	names, places := offer.Places(a.shown, t.Words())
	p := &prompt.Prompt{Sign: ":"}
	p.Offers = func(text string) []string { return t.Complete(text, names) }
	p.Changed = func(text string) { p.Hint(t.Hint(text, p.Offers(text))) }
	p.Done = func(text string) bool {
		err := a.command(t, names, places, text)
		p.Say(err)
		return err == nil
	}
	p.Left = func() {}
	a.asking.Open(p, "")
	p.Changed("")
}

// command does what a line says: a place, a command, else what its beginning is
// completed to.
func (a *App) command(t command.Table, names []string, places map[string]page.Place, line string) error {
	word, arg, _ := command.Cut(line)
	if word == "" {
		return nil
	}
	if to, ok := places[line]; ok {
		a.open(to)
		return nil
	}
	if c := t.Find(word); c != nil {
		return c.Run(arg)
	}
	if err := several(names, line); err != nil {
		return err
	}
	if arg == "" {
		if offers := t.Complete(word, names); len(offers) > 0 {
			if to, ok := places[offers[0]]; ok {
				a.open(to)
				return nil
			}
			return t.Find(offers[0]).Run("")
		}
	}
	return t.Unknown(word, names)
}

// several says that a name is there in several contexts: which of them is meant is
// never guessed. It is nil where it is not.
func several(names []string, name string) error {
	var all []string
	for _, n := range names {
		if _, rest, ok := strings.Cut(n, ":"); ok && rest == name {
			all = append(all, n)
		}
	}
	if len(all) < 2 {
		return nil
	}
	return &fleet.Error{Detail: name + " is there more than once", Hint: strings.Join(all, ", ")}
}
