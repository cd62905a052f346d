package page

import (
	"cmp"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Middle is a page without content that says why: the first text is read first.
func Middle(v *View, texts ...string) []widget.Line {
	var lines []widget.Line
	above, width := max(0, (v.Height-len(texts))/2), v.Width
	if v.Whole {
		above, width = 0, 0
	}
	for range above {
		lines = append(lines, widget.Blank())
	}
	tone := theme.Plain
	for _, text := range texts {
		line := widget.Text(theme.Plain, "")
		for range max(0, (width-widget.Width(v.Theme.Text(text)))/2) {
			line.Left[0].Text += " "
		}
		line.Left = append(line.Left, widget.Span{Text: text, Tone: tone})
		lines, tone = append(lines, line), theme.Dim
	}
	return lines[:min(len(lines), max(0, v.Height))]
}

// About says in words how something is, and why: sign, name, word, reason; more
// stands at the right edge where there is room.
func About(name string, s fleet.Status, why fleet.Why, more string) widget.Line {
	sign, tone := theme.Mark(s)
	l := widget.Line{Left: []widget.Span{
		{Text: " " + sign + " ", Tone: tone},
		{Text: name, Tone: theme.Strong},
		{Text: " is ", Tone: theme.Dim},
		{Text: cmp.Or(s.String(), "unknown"), Tone: tone},
	}}
	if why.Detail != "" {
		l.Left = append(l.Left, widget.Span{Text: ": ", Tone: theme.Dim}, widget.Span{Text: why.Detail})
	}
	if more != "" {
		l.Right = []widget.Span{{Text: more + " ", Tone: theme.Dim}}
	}
	return l
}

// Gone says that what the cursor was on is not there.
func Gone(name string) widget.Line {
	return widget.Text(theme.Dim, " "+name+" is not here any more")
}

// Hidden says that what the cursor was on is there and not shown, and how it is.
func Hidden(name string, s fleet.Status) widget.Line {
	l := About(name, s, fleet.Why{}, "")
	l.Left = append(l.Left, widget.Span{Text: ", and hidden", Tone: theme.Dim})
	return l
}

// Event is one event in a line: when, where if there are several contexts, and what.
func Event(v *View, e *fleet.Event) widget.Line {
	l := widget.Line{Left: []widget.Span{{Text: " " + v.Clock(e.At) + " ", Tone: theme.Dim}, {Text: eventSign(e), Tone: EventTone(e)}}}
	if e.Key.Context != "" && Several(v.Snapshot) {
		l.Left = append(l.Left, widget.Span{Text: In(e.Key.Context, ""), Tone: theme.Accent})
	}
	l.Left = append(l.Left, widget.Span{Text: strings.ReplaceAll(e.Worded().Sentence(), " -> ", " → ")})
	return l
}

// EventPlace is the row of an event.
func EventPlace(e *fleet.Event) Place {
	return Place{Kind: Events, Key: e.Key, Item: e.At.Format(time.RFC3339Nano) + " " + string(e.Kind) + " " + e.Breaker}
}

// FindEvent is the event of a row; nil where it is forgotten.
func FindEvent(all []fleet.Event, at Place) *fleet.Event {
	for i := range all {
		if all[i].Key == at.Key && EventPlace(&all[i]) == at {
			return &all[i]
		}
	}
	return nil
}

func eventSign(e *fleet.Event) string {
	if e.Kind == fleet.EventStatus {
		if to, err := fleet.ParseStatus(e.To); err == nil {
			sign, _ := theme.Mark(to)
			return sign + " "
		}
	}
	switch EventTone(e) {
	case theme.Bad:
		return "✗ "
	case theme.Good:
		return "✓ "
	case theme.Warn:
		return "! "
	}
	return "· "
}

// EventTone is how good or bad an event is.
func EventTone(e *fleet.Event) theme.Tone {
	switch e.Kind {
	case fleet.EventStatus:
		if to, err := fleet.ParseStatus(e.To); err == nil {
			_, tone := theme.Mark(to)
			return tone
		}
	case fleet.EventBreaker:
		if to, err := fleet.ParseBreakerState(e.To); err == nil {
			return theme.Breaker(to)
		}
	case fleet.EventSourceLost:
		return theme.Bad
	case fleet.EventSourceBack:
		return theme.Good
	case fleet.EventServiceGone, fleet.EventInstanceGone:
		return theme.Warn
	case fleet.EventServiceNew, fleet.EventInstanceNew, fleet.EventVersion, fleet.EventAddress, fleet.EventClaim:
	}
	return theme.Dim
}
