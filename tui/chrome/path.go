package chrome

import (
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Path is the names of the pages from the first one to the one that is seen.
type Path []string

// Spans are the names from one of them on.
func (p Path) Spans(first int) []widget.Span {
	spans := []widget.Span{{Text: " "}}
	if first > 0 {
		spans[0] = widget.Span{Text: " … › ", Tone: theme.Rule}
	}
	for i, name := range p[first:] {
		tone := theme.Dim
		if i > 0 {
			spans = append(spans, widget.Span{Text: " › ", Tone: theme.Rule})
		}
		if first+i == len(p)-1 {
			tone = theme.Strong
		}
		spans = append(spans, widget.Span{Text: name, Tone: tone})
	}
	return spans
}

// First is the first name that there is room for: the last ones count.
func (p Path) First(th *theme.Theme, room int) int {
	for first := range p {
		if widget.SpansWidth(th, p.Spans(first)) <= room {
			return first
		}
	}
	return len(p) - 1
}

// At is the name that stands at a column; below 0 none does.
func (p Path) At(th *theme.Theme, first, column int) int {
	at := 0
	for i, s := range p.Spans(first) {
		w := widget.Width(th.Text(s.Text))
		if column >= at && column < at+w && i%2 == 1 { // between the names stand what parts them
			return first + i/2
		}
		at += w
	}
	return -1
}
