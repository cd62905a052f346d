package tui

import (
	"github.com/midwatch-cli/midwatch/tui/command"
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
	p.Hint("name or glob, !not, zone=a, version=2*, label=value")
	p.Changed = func(text string) { p.Say(f.SetFilter(text)) }
	p.Done = func(text string) bool { return f.SetFilter(text) == nil }
	p.Left = func() { _ = f.SetFilter(before) } // it was understood once
	a.asking.Open(p, before)
}

// askCommand asks where to go, or what to do.
func (a *App) askCommand() {
	names, places := named(a.shown, a.commands().Words())
	t := a.commands()
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
