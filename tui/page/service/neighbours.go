package service

import (
	"cmp"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// neighbours are whom a service calls and who calls it, read from a snapshot once.
type neighbours struct {
	of              *fleet.Snapshot
	called, callers []widget.Span
}

// read takes a snapshot. Where it does not have the service, what was known stays.
func (n *neighbours) read(s *fleet.Snapshot, of fleet.Ref) {
	if n.of == s {
		return
	}
	n.of = s
	for i := range s.Services {
		if s.Services[i].Ref != of {
			continue
		}
		g := calls.Of(s)
		n.called, n.callers = n.called[:0], n.callers[:0]
		for _, at := range g.Out[i] {
			e := &g.Edges[at]
			if e.To == calls.Outside {
				n.called = neighbour(n.called, e.Name, fleet.StatusNone, "outside")
				continue
			}
			n.called = is(n.called, &s.Services[e.To])
		}
		for _, at := range g.In[i] {
			n.callers = is(n.callers, &s.Services[g.Edges[at].From])
		}
	}
}

func is(spans []widget.Span, s *fleet.ServiceView) []widget.Span {
	return neighbour(spans, s.Name, s.Status, cmp.Or(s.Status.String(), "unknown"))
}

func neighbour(spans []widget.Span, name string, s fleet.Status, word string) []widget.Span {
	sign, tone := theme.Mark(s)
	if len(spans) > 0 {
		spans = append(spans, widget.Span{Text: " · ", Tone: theme.Rule})
	}
	return append(spans, widget.Span{Text: sign + " ", Tone: tone}, widget.Span{Text: name + " "}, widget.Span{Text: word, Tone: tone})
}

// lines are those that say so.
func (n *neighbours) lines() (lines []widget.Line) {
	add := func(what string, who []widget.Span) {
		if len(who) > 0 {
			lines = append(lines, widget.Line{Left: append([]widget.Span{{Text: what, Tone: theme.Dim}}, who...)})
		}
	}
	add("   depends on  ", n.called)
	add("   called by   ", n.callers)
	return lines
}

// chart goes to the map of whom the service calls, and who calls it: from there to
// each of them.
func (p *Page) chart(*page.View) page.Intent {
	return page.Open{Place: page.Place{Kind: page.Map, Key: fleet.Key{Ref: p.ref}}}
}
