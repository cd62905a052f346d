// Package prompt is the line that one types at the foot of the screen: it is edited,
// completed, and typed again.
package prompt

import (
	"errors"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Prompt is a line that is being typed.
type Prompt struct {
	Sign    string                     // what stands before it
	Changed func(text string)          // what is typed is another text now
	Done    func(text string) bool     // enter; false: it stays open
	Left    func()                     // it was given up
	Offers  func(text string) []string // what the whole line may become; may be nil
	Tried   func(text string)          // one of them stands there while tab walks through them; may be nil

	input widget.Input
	hint  string   // what is wrong with it, or what would complete it
	wrong bool     // the former
	from  string   // the text that offers are for, while tab walks through them
	walk  []string // those offers; nil: tab begins anew
	step  int      // of walk
	past  []string // lines that were typed before, oldest first
	back  int      // how far up in them; 0: the line of now
	draft string   // the line of now, while one is in the past
}

// Text is what is typed.
func (p *Prompt) Text() string { return p.input.Text() }

// Hint is a word of help behind the line.
func (p *Prompt) Hint(text string) { p.hint, p.wrong = text, false }

// Say is what is wrong with the line, and what to do; nil: nothing.
func (p *Prompt) Say(err error) {
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

// end is what becomes of a prompt by a key.
type end uint8

const (
	open end = iota
	done
	left
)

// press edits, and says whether that ended it.
func (p *Prompt) press(key, text string) end {
	switch key {
	case "esc", "ctrl+c":
		return left
	case "enter":
		p.walk = nil
		if p.Done(p.input.Text()) {
			return done
		}
		return open
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
		case key == "right" && p.input.AtEnd() && p.Offers != nil:
			p.complete(1)
			p.walk = nil // what is typed next is completed by itself
		case (key == "backspace" || key == "ctrl+h") && p.input.Text() == "":
			return left
		default:
			p.walk = nil
			p.input.Press(key, text)
		}
	}
	if p.walk == nil {
		p.Changed(p.input.Text())
	}
	return open
}

// paste types what was pasted.
func (p *Prompt) paste(text string) {
	p.walk = nil
	p.input.Insert(text)
	p.Changed(p.input.Text())
}

// complete takes the next offer for what was typed, or the one before it.
func (p *Prompt) complete(by int) {
	if p.Offers == nil {
		return
	}
	if p.walk == nil {
		p.from = p.input.Text()
		if p.walk = p.Offers(p.from); len(p.walk) == 0 {
			p.walk = nil
			return
		}
		p.step = min(0, by)
		p.Changed(p.from)
	} else {
		p.step += by
	}
	n := len(p.walk)
	p.step = (p.step%n + n) % n
	p.input.Set(p.walk[p.step])
	p.wrong = false
	switch {
	case n == 1:
		p.walk = nil // it is the line now: tab goes on from it
	case p.Tried != nil:
		p.Tried(p.input.Text())
	}
}

// recall goes up and down in what was typed before.
func (p *Prompt) recall(by int) {
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
func (p *Prompt) line(width int, th *theme.Theme) widget.Line {
	l := widget.Line{Left: []widget.Span{{Text: p.Sign, Tone: theme.Accent}}}
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
