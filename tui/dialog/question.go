package dialog

import (
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Moment is how long a question that appears takes no keys, from the last key
// on: what was typed for the screen below it, and a key that is leant on, answer
// nothing.
const Moment = 300 * time.Millisecond

// Question wants a yes or a no. No is lit until the person lights Yes, with y or
// an arrow; enter answers with what is lit. In protected contexts a name has to
// be typed instead.
type Question struct {
	q       desk.Question
	asks    string
	yes, no page.Intent
	until   time.Time // keys are swallowed before
	lit     bool      // Yes
	typed   string
	fault   string
	top     int
}

// NewQuestion returns one that appears now: what it asks in two or three words,
// and what the root is to do after either answer.
func NewQuestion(now time.Time, asks string, q desk.Question, yes, no page.Intent) *Question {
	return &Question{q: q, asks: asks, yes: yes, no: no, until: now.Add(Moment)}
}

// Waits is how long no key is taken yet; 0 where keys are. A clock that was put
// back does not make it longer.
func (q *Question) Waits(now time.Time) time.Duration {
	if d := q.until.Sub(now); d > 0 && d <= Moment {
		return d
	}
	return 0
}

// Press answers, moves the light, or scrolls. What means nothing here puts the
// light back on No.
func (q *Question) Press(v *page.View, key, text string) (page.Intent, bool) {
	if key == "ctrl+c" {
		return q.no, true
	}
	if q.Waits(v.Now) > 0 {
		q.until = v.Now.Add(Moment)
		return nil, false
	}
	if key == "esc" {
		return q.no, true
	}
	if q.q.Type != "" {
		return q.enter(v, key, text)
	}
	switch key {
	case "enter":
		if q.lit && q.fits(v) {
			return q.yes, true
		} else if !q.lit {
			return q.no, true
		}
	case "y", "Y", "right", "l":
		q.lit = q.fits(v)
	case "tab", "shift+tab":
		q.lit = !q.lit && q.fits(v)
	case "n", "N", "q":
		return q.no, true
	default:
		if !Scrolled(&q.top, v, key) {
			q.lit = false
		}
	}
	q.settle(v)
	return nil, false
}

// Wheel scrolls.
func (q *Question) Wheel(v *page.View, by int) {
	q.top += by
	q.settle(v)
}

// enter takes what is typed.
func (q *Question) enter(v *page.View, key, text string) (page.Intent, bool) {
	q.fault = ""
	switch {
	case key == "enter" && q.typed == "":
		q.fault = "type the name, or esc"
	case key == "enter" && v.Theme.Text(q.typed) != v.Theme.Text(q.q.Type):
		q.fault = "that is not the name"
	case key == "enter" && q.fits(v):
		return q.yes, true
	case key == "backspace" || key == "ctrl+h":
		q.typed = cutLast(q.typed)
	case key == "ctrl+u" || key == "ctrl+w":
		q.typed = ""
	case text != "":
		q.typed += plain.Line(text)
	default:
		Scrolled(&q.top, v, key)
	}
	q.settle(v)
	return nil, false
}

// fits says that there is room to see what is agreed to.
func (q *Question) fits(v *page.View) bool { return v.Height >= 4 && v.Width >= 24 }

// lines are the plan as it fits the width.
func (q *Question) lines(v *page.View) (lines []widget.Line) {
	if q.q.Again {
		lines = paragraph(v, theme.Warn, "What is there changed meanwhile. It is now:")
	}
	for i, l := range q.q.Lines {
		tone := theme.Plain
		if i == 0 {
			tone = theme.Strong
		}
		lines = append(lines, paragraph(v, tone, l)...)
	}
	return lines
}

// room is how many lines the plan has: the last two are the answer and what is
// not seen.
func room(v *page.View) int { return max(0, v.Height-2) }

func (q *Question) settle(v *page.View) {
	q.top = max(0, min(q.top, len(q.lines(v))-room(v)))
}

// Draw draws the plan, and the answers below it.
func (q *Question) Draw(v *page.View) []widget.Line {
	if !q.fits(v) {
		return []widget.Line{widget.Text(theme.Warn, " too small to show a plan")}[:min(1, max(0, v.Height))]
	}
	lines := q.lines(v)
	n := len(lines)
	top := max(0, min(q.top, n-room(v)))
	lines = lines[top:min(n, top+room(v))]
	below := widget.Blank()
	if rest := n - top - len(lines); rest > 0 {
		below = widget.Text(theme.Warn, fmt.Sprintf(" ↓ %d more below", rest))
	} else if top > 0 {
		below = widget.Text(theme.Dim, " ↑ more above")
	}
	if q.fault != "" {
		below = widget.Text(theme.Warn, " ! "+q.fault)
	}
	return append(lines, below, q.answers(v))
}

// answers is the line of the answers: the lit one stands in brackets.
func (q *Question) answers(v *page.View) widget.Line {
	if q.q.Type != "" {
		return q.typing(v)
	}
	no, yes := widget.Span{Text: "[ No ]", Tone: theme.Accent}, widget.Span{Text: "  Yes  ", Tone: theme.Dim}
	if q.lit {
		no, yes = widget.Span{Text: "  No  ", Tone: theme.Dim}, widget.Span{Text: "[ Yes ]", Tone: theme.Bad}
	}
	l := widget.Line{Left: []widget.Span{{Text: " " + q.asks + "  "}, no, {Text: " "}, yes}}
	switch {
	case q.Waits(v.Now) > 0:
		l.Left = append(l.Left, widget.Span{Text: "   a moment", Tone: theme.Dim})
	case q.lit:
		l.Left = append(l.Left, widget.Span{Text: "   enter does it", Tone: theme.Warn})
	}
	return l
}

func (q *Question) typing(v *page.View) widget.Line {
	name := widget.Cut(v.Theme, v.Theme.Text(q.q.Type), max(8, v.Width/2))
	l := widget.Line{Left: []widget.Span{{Text: " Type "}, {Text: name, Tone: theme.Strong}, {Text: " to go on: "}}}
	left := v.Width - 1 - widget.SpansWidth(v.Theme, l.Left)
	l.Left = append(l.Left, widget.Span{Text: tail(v.Theme.Text(q.typed), max(4, left-1)), Tone: theme.Strong}, widget.Span{Text: caret(v.Theme), Tone: theme.Accent})
	return l
}

// Keys are those of a question.
func (q *Question) Keys() [][2]string {
	switch {
	case q.q.Type != "":
		return [][2]string{{"↑↓", "scroll"}, {"enter", "go on"}, {"esc", "no"}}
	case q.lit:
		return [][2]string{{"↑↓", "scroll"}, {"enter", "yes, do it"}, {"esc", "no"}}
	}
	return [][2]string{{"↑↓", "scroll"}, {"y", "choose yes"}, {"enter esc", "no"}}
}
