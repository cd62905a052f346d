package service

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// neighbour is a service that this one calls, or that calls it.
type neighbour struct {
	name   string
	ref    fleet.Ref // without a name: it is not registered
	status fleet.Status
	note   string // why it is none of those that are registered, or how its breaker stands
	tone   theme.Tone
	calls  bool // it is the caller
	key    int  // that goes there; 0: none

	line, from, to int // where it was written
}

// digits is how many neighbours have a key.
const digits = 9

// neighbours reads who is called and who calls, from what is declared and from the
// names of breakers. Of a service that is gone they stay as they were.
func (p *Page) neighbours(s *fleet.Snapshot) {
	own := slices.IndexFunc(s.Services, func(v fleet.ServiceView) bool { return v.Ref == p.ref })
	if own < 0 {
		return
	}
	g := calls.Of(s)
	p.near = p.near[:0]
	for _, e := range g.Out[own] {
		if edge := &g.Edges[e]; edge.To != calls.Outside || edge.Declared {
			p.meet(s, edge, edge.To, false)
		}
	}
	callers := slices.Clone(g.In[own])
	slices.SortStableFunc(callers, func(a, b int) int {
		return list.Natural(s.Services[g.Edges[a].From].Name, s.Services[g.Edges[b].From].Name)
	})
	for _, e := range callers {
		p.meet(s, &g.Edges[e], g.Edges[e].From, true)
	}
}

// meet adds a neighbour.
func (p *Page) meet(s *fleet.Snapshot, e *calls.Edge, at int, caller bool) {
	n := neighbour{name: e.Name, calls: caller, note: "not registered", tone: theme.Doubt}
	if e.Why != "" {
		n.note = e.Why
	}
	if at != calls.Outside {
		svc := &s.Services[at]
		n.name, n.ref, n.status, n.note = svc.Name, svc.Ref, svc.Status, ""
		if svc.Namespace != p.ref.Namespace {
			n.name = svc.Namespace + "/" + svc.Name
		}
		if b := e.Worst(); b != nil && b.State != fleet.BreakerClosed {
			n.note, n.tone = fmt.Sprintf("breaker %s on %d of %d", b.State.Words(), b.In, b.Of), theme.Breaker(b.State)
		}
		keys := 0
		for i := range p.near {
			keys = max(keys, p.near[i].key)
		}
		if keys < digits {
			n.key = keys + 1
		}
	}
	p.near = append(p.near, n)
}

func (n *neighbour) open(*page.View) page.Intent {
	return page.Open{Place: page.Place{Kind: page.Service, Key: fleet.Key{Ref: n.ref}}}
}

// going are the keys that go to a neighbour.
func (p *Page) going() (keys []page.Binding) {
	for i := range p.near {
		if n := p.near[i]; n.key > 0 {
			key := fmt.Sprint(n.key)
			keys = append(keys, page.Binding{Keys: []string{key}, Shown: key, Does: "to " + n.name, Quiet: true, Do: n.open})
		}
	}
	return keys
}

// spans are a neighbour in words: the key that goes there, how it is.
func (n *neighbour) spans() (spans []widget.Span) {
	if n.key > 0 {
		spans = append(spans, widget.Span{Text: fmt.Sprintf("<%d> ", n.key), Tone: theme.Accent})
	}
	sign, tone := theme.Mark(n.status)
	spans = append(spans, widget.Span{Text: sign + " ", Tone: tone}, widget.Span{Text: n.name})
	if n.ref.Name != "" {
		spans = append(spans, widget.Span{Text: " " + cmp.Or(n.status.String(), "unknown"), Tone: tone})
	}
	if n.note != "" {
		spans = append(spans, widget.Span{Text: ", " + n.note, Tone: n.tone})
	}
	return spans
}

// meets writes the neighbours of one side, on as many lines as they take.
func (p *Page) meets(w *writer, name string, caller bool) {
	var line []widget.Span
	used := 0
	for i := range p.near {
		n := &p.near[i]
		if n.calls != caller {
			continue
		}
		spans := n.spans()
		wide := widget.SpansWidth(w.v.Theme, spans)
		switch {
		case len(line) > 0 && label+used+3+wide > w.v.Width:
			w.row(name, line...)
			name, line, used = "", nil, 0
		case len(line) > 0:
			line = append(line, widget.Span{Text: " · ", Tone: theme.Rule})
			used += 3
		}
		n.line, n.from, n.to = len(w.lines), label+used, label+used+wide
		line, used = append(line, spans...), used+wide
	}
	w.row(name, line...)
}

// at is the neighbour that was clicked on; nil: none was.
func (p *Page) at(v *page.View, line, column int) *neighbour {
	top := p.list.Foot(v)
	for i := range p.near {
		n := &p.near[i]
		if n.ref.Name != "" && top >= 0 && n.line == line-top-1 && n.from <= column && column < n.to {
			return n
		}
	}
	return nil
}

// chart goes to the map of whom the service calls, and who calls it: from there to
// each of them.
func (p *Page) chart(*page.View) page.Intent {
	return page.Open{Place: page.Place{Kind: page.Map, Key: fleet.Key{Ref: p.ref}}}
}
