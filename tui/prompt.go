package tui

import (
	"errors"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/command"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// prompt is a line that is being typed, at the foot of the screen.
type prompt struct {
	sign    string
	input   widget.Input
	hint    string // what is wrong with it, or what would complete it
	wrong   bool
	changed func(text string)
	done    func(text string) bool // false: it stays open
	left    func()
	offers  func(text string) []string // what the whole line may become; may be nil

	from  string   // the text that offers are for, while tab walks through them
	walk  []string // those offers; nil: tab begins anew
	step  int      // of walk
	past  []string // lines that were typed before, oldest first
	back  int      // how far up in them; 0: the line of now
	draft string   // the line of now, while one is in the past
}

// press edits.
func (p *prompt) press(a *App, key, text string) {
	switch key {
	case "esc", "ctrl+c":
		a.asking = nil
		p.left()
		return
	case "enter":
		p.walk = nil
		line := p.input.Text()
		if p.done(line) {
			a.asking = nil
			a.remember(p.sign, line)
		}
		return
	case "tab":
		p.complete(1)
	case "shift+tab":
		p.complete(-1)
	case "up", "ctrl+p":
		p.recall(1)
	case "down", "ctrl+n":
		p.recall(-1)
	default:
		switch {
		case key == "right" && p.input.AtEnd() && p.offers != nil:
			p.complete(1)
			p.walk = nil // what is typed next is completed by itself
		case (key == "backspace" || key == "ctrl+h") && p.input.Text() == "":
			a.asking = nil
			p.left()
			return
		default:
			p.walk = nil
			p.input.Press(key, text)
		}
	}
	if p.walk == nil {
		p.changed(p.input.Text())
	}
}

// paste types what was pasted.
func (p *prompt) paste(text string) {
	p.walk = nil
	p.input.Insert(text)
	p.changed(p.input.Text())
}

// complete takes the next offer for what was typed, or the one before it.
func (p *prompt) complete(by int) {
	if p.offers == nil {
		return
	}
	if p.walk == nil {
		p.from = p.input.Text()
		if p.walk = p.offers(p.from); len(p.walk) == 0 {
			p.walk = nil
			return
		}
		p.step = min(0, by)
		p.changed(p.from)
	} else {
		p.step += by
	}
	n := len(p.walk)
	p.step = (p.step%n + n) % n
	p.input.Set(p.walk[p.step])
	p.wrong = false
}

// recall goes up and down in what was typed before.
func (p *prompt) recall(by int) {
	back := max(0, min(p.back+by, len(p.past)))
	if back == p.back {
		return
	}
	if p.back == 0 {
		p.draft = p.input.Text()
	}
	p.back, p.walk = back, nil
	if back == 0 {
		p.input.Set(p.draft)
		return
	}
	p.input.Set(p.past[len(p.past)-back])
}

// line draws it.
func (p *prompt) line(width int, th *theme.Theme) widget.Line {
	l := widget.Line{Left: []widget.Span{{Text: p.sign, Tone: theme.Accent}}}
	l.Left = append(l.Left, p.input.Spans(th, width-2)...)
	if p.hint != "" {
		tone := theme.Dim
		if p.wrong {
			tone = theme.Warn
		}
		l.Left = append(l.Left, widget.Span{Text: "  " + p.hint, Tone: tone})
	}
	return l
}

// remembered is how many lines can be typed again.
const remembered = 50

// remember keeps a line that was typed behind a sign.
func (a *App) remember(sign, line string) {
	if line == "" {
		return
	}
	if a.typed == nil {
		a.typed = map[string][]string{}
	}
	past := slices.DeleteFunc(a.typed[sign], func(l string) bool { return l == line })
	a.typed[sign] = append(past[max(0, len(past)-remembered+1):], line)
}

// prompt opens a prompt.
func (a *App) prompt(p *prompt, text string) {
	p.past = a.typed[p.sign]
	p.input.Set(text)
	a.asking = p
}

// askFilter filters while one types; esc leaves it as it was.
func (a *App) askFilter() {
	f, ok := a.top().(page.Filtered)
	if !ok {
		return
	}
	before := f.Filter()
	p := &prompt{sign: "/", hint: "name or glob, !not, zone=a, version=2*, label=value"}
	p.changed = func(text string) { p.say(f.SetFilter(text)) }
	p.done = func(text string) bool { return f.SetFilter(text) == nil }
	p.left = func() { _ = f.SetFilter(before) } // it was understood once
	a.prompt(p, before)
}

// say is what is wrong with the line, and what to do; nil: nothing.
func (p *prompt) say(err error) {
	p.hint, p.wrong = "", err != nil
	if err == nil {
		return
	}
	p.hint = err.Error()
	var known *fleet.Error
	if errors.As(err, &known) && known.Hint != "" {
		p.hint += ": " + known.Hint
	}
}

// askCommand asks where to go, or what to do.
func (a *App) askCommand() {
	names, places := named(a.shown, a.commands().Words())
	t := a.commands()
	p := &prompt{sign: ":"}
	p.offers = func(text string) []string { return t.Complete(text, names) }
	p.changed = func(text string) { p.hint, p.wrong = a.offered(t, text, p.offers(text)), false }
	p.done = func(text string) bool {
		err := a.command(t, names, places, text)
		p.say(err)
		return err == nil
	}
	p.left = func() {}
	a.prompt(p, "")
	p.changed("")
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

// offered are the first few of what a line may become; where there is one command
// only, what it does.
func (a *App) offered(t command.Table, line string, lines []string) string {
	word, _, space := command.Cut(line)
	if c := t.Find(word); c != nil && (len(lines) <= 1 && !space || len(lines) == 0) {
		return c.Usage() + ": " + c.Does
	}
	text := ""
	for i, l := range lines {
		if i == 8 {
			return text + "  …"
		}
		if i > 0 {
			text += "  "
		}
		if space {
			_, l, _ = command.Cut(l)
		}
		text += l
	}
	return text
}
