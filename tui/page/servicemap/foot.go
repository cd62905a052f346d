package servicemap

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// foot is what the cursor is on: the service, the call that leads to it, and the
// way there.
func (p *Page) foot(v *page.View) []widget.Line {
	if k, ok := p.list.Cursor.Key(); ok && p.list.Cursor.Gone() {
		return []widget.Line{p.gone(k)}
	}
	r := &p.rows[p.list.Cursor.Row]
	if r.heading {
		return []widget.Line{
			widget.Text(theme.Plain, " Nobody declares a call of theirs or to them, and no breaker is called like one."),
			widget.Text(theme.Dim, " depends_on in the registry's metadata or dependsOn in midwatch.yaml says whom a service calls"),
		}
	}
	lines := []widget.Line{p.what(r)}
	if r.call != nil {
		lines = append(lines, p.call(v, r))
	}
	return append(lines, p.way(v, r))
}

// gone says what is not there any more, or not shown: a service, or the call of one.
func (p *Page) gone(k key) widget.Line {
	name := k.to.Name
	switch {
	case k.heading:
		name = "what had no calls"
	case k.from != (fleet.Ref{}):
		name = "the call of " + k.from.Name + " to " + k.called()
	}
	if p.there(k) {
		return widget.Text(theme.Dim, " "+name+" is hidden")
	}
	return page.Gone(name)
}

// there says that the snapshot has a row, whether it is shown or not.
func (p *Page) there(k key) bool {
	if k.from == (fleet.Ref{}) {
		return k.heading && p.hidden > 0 || page.FindService(p.of, k.to) != nil
	}
	return slices.ContainsFunc(p.graph.Edges, func(e calls.Edge) bool {
		if p.of.Services[e.From].Ref != k.from || (e.To == calls.Outside) != (k.to == fleet.Ref{}) {
			return false
		}
		return e.To == calls.Outside && e.Name == k.outside || e.To != calls.Outside && p.of.Services[e.To].Ref == k.to
	})
}

// what is the service of a row in words.
func (p *Page) what(r *row) widget.Line {
	switch s := r.service; {
	case s != nil:
		return page.About(s.Name, s.Status, s.Why, fmt.Sprintf("%d of %d serve", s.Serving, len(s.Instances)))
	case r.call.Why != "":
		return widget.Text(theme.Doubt, " ? "+r.call.Why)
	case p.chosen:
		return widget.Text(theme.Plain, " "+r.outside+" is not among the services that were chosen")
	}
	return widget.Text(theme.Plain, " "+r.outside+" is not in any registry here")
}

// call is the call that leads to a row in words.
func (p *Page) call(v *page.View, r *row) widget.Line {
	var parts []string
	if r.call.Declared {
		parts = append(parts, "declared")
	}
	for _, b := range r.call.Breakers {
		text := fmt.Sprintf("breaker %s %s on %d of %d", b.Name, b.State.Words(), b.In, b.Of)
		if b.Calls > 0 {
			text += fmt.Sprintf(", %d calls", b.Calls)
		}
		if !math.IsNaN(b.Failures) {
			text += ", " + page.Share(b.Failures) + " fail"
		}
		if b.Rejected > 0 {
			text += fmt.Sprintf(", %d rejected", b.Rejected)
		}
		if !b.Since.IsZero() && b.State != fleet.BreakerClosed {
			text += ", for " + plain.Duration(max(0, v.Snapshot.At.Sub(b.Since)).Truncate(time.Second))
		}
		if h := p.hold(v, r, b.Name); h.By != "" {
			text += ", held by " + page.Held(v, h)
		}
		parts = append(parts, text)
	}
	return widget.Line{Left: []widget.Span{{Text: " " + r.from.Name + " calls it: ", Tone: theme.Dim}, {Text: strings.Join(parts, "; "), Tone: loud(r.call)}}}
}

// hold is who holds a breaker of a row's caller, on the first of its instances where
// somebody does: the journal's word goes before the far side's.
func (p *Page) hold(v *page.View, r *row, name string) fleet.Hold {
	caller := &p.of.Services[r.call.From]
	for i := range caller.Instances {
		in := &caller.Instances[i]
		for k := range in.Breakers {
			b := &in.Breakers[k]
			if b.Name != name {
				continue
			}
			if h := v.Holder.Of(in.Key, b); !h.IsZero() {
				return h
			}
			if !b.Hold.IsZero() {
				return b.Hold
			}
		}
	}
	return fleet.Hold{}
}

// Ticks says whether what the foot says of a hold runs down.
func (p *Page) Ticks(v *page.View) bool {
	r := p.current()
	if r == nil || r.call == nil {
		return false
	}
	return slices.ContainsFunc(r.call.Breakers, func(b calls.Breaker) bool { return !p.hold(v, r, b.Name).Until.IsZero() })
}

func loud(e *calls.Edge) theme.Tone {
	if e.Refuses() {
		return theme.Bad
	}
	return theme.Plain
}

// way is how one comes to a row, and how many call it and are called. Where there is
// no room for the whole way its end is seen.
func (p *Page) way(v *page.View, r *row) widget.Line {
	right := p.around(r)
	room := v.Width - 20
	for _, span := range right {
		room -= widget.Width(span.Text)
	}
	text, up := r.called(), r
	for up.caller != none {
		up = &p.rows[up.caller]
		if room -= 3 + widget.Width(v.Theme.Text(up.to.Name)); room < widget.Width(v.Theme.Text(r.to.Name)) {
			text = fmt.Sprintf("%d before → ", up.depth+1) + text
			break
		}
		text = up.to.Name + " → " + text
	}
	l := widget.Line{Left: []widget.Span{{Text: " " + text, Tone: theme.Dim}}, Right: right}
	switch {
	case r.again == above:
		l.Left = append(l.Left, widget.Span{Text: p.above(r), Tone: theme.Dim})
	case r.again == inCycle:
		l.Left = append(l.Left, widget.Span{Text: ": a cycle", Tone: theme.Warn})
	case r.service != nil && r.call == nil && !r.cycle && len(p.graph.In[r.index]) > 0:
		l.Left = []widget.Span{{Text: " who calls it is hidden", Tone: theme.Dim}}
	case r.service != nil && r.call == nil && r.cycle:
		l.Left = []widget.Span{{Text: " a cycle: those that it calls call it as well", Tone: theme.Warn}}
	case r.service != nil && r.call == nil:
		l.Left = []widget.Span{{Text: " nobody we know of calls it", Tone: theme.Dim}}
	}
	return l
}

// above says where a service that comes again stands.
func (p *Page) above(r *row) string {
	if len(p.graph.Out[r.index]) == 0 {
		return "; it stands above as well"
	}
	return "; whom it calls stands above, f goes there"
}

// around is how many call the service of a row, whom it calls, and who waits for it.
func (p *Page) around(r *row) []widget.Span {
	if r.service == nil {
		return nil
	}
	text := fmt.Sprintf("called by %d · calls %d", len(p.graph.In[r.index]), len(p.graph.Out[r.index]))
	if r.waiting > 0 {
		text += fmt.Sprintf(" · %d wait for it", r.waiting)
	}
	return []widget.Span{{Text: text + " ", Tone: theme.Dim}}
}
