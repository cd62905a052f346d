package prompt

import (
	"errors"
	"slices"

	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Remembered is how many lines can be typed again, for each sign.
const Remembered = 50

// Line is the place where prompts are: one at a time, and what was typed in those
// before it. One goroutine uses it.
type Line struct {
	open  *Prompt
	typed map[string][]string // by signs, oldest first
}

// Open has one type a line that begins with a text.
func (l *Line) Open(p *Prompt, text string) {
	p.past = l.typed[p.Sign]
	p.input.Set(text)
	l.open = p
}

// Asks says whether a line is being typed.
func (l *Line) Asks() bool { return l.open != nil }

// Text is what is typed.
func (l *Line) Text() string {
	if l.open == nil {
		return ""
	}
	return l.open.input.Text()
}

// Take types a whole line in place of what is typed, and enters it; an error is
// what is wrong with it, and it is given up.
func (l *Line) Take(text string) error {
	p := l.open
	p.input.Set("")
	p.paste(text)
	l.Press("enter", "")
	if l.open != p {
		return nil
	}
	fault := "that was not understood"
	if p.wrong {
		fault = p.hint
	}
	l.Leave()
	return errors.New(fault)
}

// Press takes a key, and the text that it types.
func (l *Line) Press(key, text string) {
	p := l.open
	if p == nil {
		return
	}
	switch p.press(key, text) {
	case open:
	case done:
		l.remember(p.Sign, p.input.Text())
		if l.open == p { // else what it did opened another one
			l.open = nil
		}
	case left:
		l.Leave()
	}
}

// Paste types what was pasted.
func (l *Line) Paste(text string) {
	if l.open != nil {
		l.open.paste(text)
	}
}

// Leave gives up what is being typed.
func (l *Line) Leave() {
	if p := l.open; p != nil {
		l.open = nil
		p.Left()
	}
}

// Draw draws the line, in so many columns.
func (l *Line) Draw(th *theme.Theme, width int) widget.Line { return l.open.line(width, th) }

// Typed are the lines that were typed behind a sign, oldest first.
func (l *Line) Typed(sign string) []string { return l.typed[sign] }

// remember keeps a line that was typed behind a sign.
func (l *Line) remember(sign, line string) {
	if line == "" {
		return
	}
	if l.typed == nil {
		l.typed = map[string][]string{}
	}
	past := slices.DeleteFunc(slices.Clone(l.typed[sign]), func(o string) bool { return o == line })
	l.typed[sign] = append(past[max(0, len(past)-Remembered+1):], line)
}
