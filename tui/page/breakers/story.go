package breakers

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/strip"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// member is a breaker on one instance.
type member struct {
	in *fleet.InstanceView
	b  *fleet.Breaker // nil: it could not be read
}

// members are the instances that have a breaker, or may have it and could not be
// read, the worst first.
func members(s *fleet.Snapshot, k key) (all []member) {
	svc := page.FindService(s, k.ref)
	if svc == nil {
		return nil
	}
	for i := range svc.Instances {
		in := &svc.Instances[i]
		at := slices.IndexFunc(in.Breakers, func(b fleet.Breaker) bool { return b.Name == k.name })
		switch {
		case at >= 0:
			all = append(all, member{in, &in.Breakers[at]})
		case in.BreakersWhy.Reason != "":
			all = append(all, member{in, nil})
		}
	}
	slices.SortStableFunc(all, func(a, b member) int {
		return cmp.Or(cmp.Compare(b.state().Rank(), a.state().Rank()), list.Natural(a.in.Key.Instance, b.in.Key.Instance))
	})
	return all
}

func (m member) state() fleet.BreakerState {
	if m.b == nil {
		return fleet.BreakerUnknown
	}
	return m.b.State
}

// least is how many lines the last transitions have, where there are so many.
const least = 3

// story is what became of the breaker of the cursor: on how many instances it is
// in which state, when it was in which, for each of them, and how that changed last.
// It takes at most half of the page, unless there are few breakers.
func (p *Page) story(v *page.View) []widget.Line {
	k, ok := p.list.Current()
	if !ok {
		return nil
	}
	if want, set := p.list.Cursor.Key(); set && p.list.Cursor.Gone() {
		if p.list.Veiled() {
			return []widget.Line{widget.Blank(), widget.Text(theme.Dim, " "+p.address(want)+" is hidden")}
		}
		return []widget.Line{widget.Blank(), page.Gone(p.address(want))}
	}
	all := members(v.Snapshot, k)
	w := &writer{v: v, breaker: k.name, all: all}
	w.measure()
	room := max(2, v.Height/2, min(v.Height-5, v.Height-2-len(p.list.Keys)))
	lines := []widget.Line{w.title(p.address(k))}
	if v.Height > 6 { // else there is room for one line only
		lines = append([]widget.Line{widget.Blank()}, lines...)
	}
	passed := w.transitions(v)
	if n := room - len(lines) - min(least, len(passed)); n > 0 {
		lines = append(lines, w.strips(n)...)
	}
	return append(lines, passed[:max(0, min(len(passed), room-len(lines)))]...)
}

// address is a breaker as people name it, with its context where there are several.
func (p *Page) address(k key) string {
	if p.apart.Contexts {
		return page.In(k.ref.Context, k.ref.Name+"/"+k.name)
	}
	return k.ref.Name + "/" + k.name
}

// writer writes the story of one breaker.
type writer struct {
	v       *page.View
	breaker string
	all     []member
	names   int // columns that names of instances have
	cells   int // columns that strips have
}

// said is how much room a state has behind its strip: "✗ forced open 59 m 59 s".
const said = 24

func (w *writer) measure() {
	w.names = 3
	for _, m := range w.all {
		w.names = min(20, max(w.names, widget.Width(w.v.Theme.Text(m.in.Key.Instance))))
	}
	w.cells = min(w.v.History.Passes(), w.v.Width-3-w.names-2-2-said)
	if w.v.Theme.Words {
		w.cells = 0 // a strip is to be looked at
	}
}

// title is how it stands, and from when on there are strips.
func (w *writer) title(address string) widget.Line {
	l := widget.Line{Left: []widget.Span{{Text: " " + address + " ", Tone: theme.Strong}}}
	for i, n := 0, 0; i < len(w.all); i += n {
		state := w.all[i].state()
		for n = 0; i+n < len(w.all) && w.all[i+n].state() == state; {
			n++
		}
		if i > 0 {
			l.Left = append(l.Left, widget.Span{Text: " · ", Tone: theme.Rule})
		}
		l.Left = append(l.Left, widget.Span{Text: fmt.Sprintf("%s on %d", state.Words(), n), Tone: theme.Breaker(state)})
	}
	if w.cells > 1 {
		h := w.v.History
		l.Right = []widget.Span{{Text: w.v.Clock(h.At(0)) + " to " + w.v.Clock(h.At(h.Passes()-1)) + " ", Tone: theme.Dim}}
	}
	return l
}

// strips are the instances, the worst first, in at most so many lines: when each
// was in which state. What there is no room for is said in one line.
func (w *writer) strips(room int) (lines []widget.Line) {
	if len(w.all) > 1 && room > 2 && w.cells > 1 {
		lines = append(lines, w.together())
	}
	shown := len(w.all)
	if left := room - len(lines); shown > left {
		shown = left - 1
	}
	for _, m := range w.all[:max(0, shown)] {
		lines = append(lines, w.strip(m.in.Key.Instance, w.spells(m), w.state(m)))
	}
	if rest := w.all[max(0, shown):]; len(rest) > 0 && len(lines) < room {
		text := fmt.Sprintf("and %d more: %s", len(rest), rest[0].state().Words())
		if best := rest[len(rest)-1].state(); best != rest[0].state() {
			text += " to " + best.Words()
		}
		lines = append(lines, widget.Text(theme.Dim, "   "+text))
	}
	return lines
}

// together is the worst of all instances at each time.
func (w *writer) together() widget.Line {
	all := make([]history.Spell, w.cells)
	for _, m := range w.all {
		strip.Worse(all, w.spells(m))
	}
	return w.strip("all", all, nil)
}

func (w *writer) spells(m member) []history.Spell {
	n := max(0, w.cells)
	if l := w.v.History.Life(m.in.Key); l != nil {
		return l.Spells(w.breaker, n)
	}
	return make([]history.Spell, n)
}

// strip is one line of them.
func (w *writer) strip(name string, spells []history.Spell, state []widget.Span) widget.Line {
	name = widget.Cut(w.v.Theme, w.v.Theme.Text(name), w.names)
	l := widget.Line{Left: []widget.Span{{Text: fmt.Sprintf("   %s%*s  ", name, w.names-widget.Width(name), "")}}}
	if w.cells > 1 {
		l.Left = append(append(l.Left, strip.Of(spells)...), widget.Span{Text: "  "})
	}
	l.Left = append(l.Left, state...)
	return l
}

// state is what it is in on one instance, and how long.
func (w *writer) state(m member) []widget.Span {
	if m.b == nil {
		return []widget.Span{{Text: "? not read: " + string(m.in.BreakersWhy.Reason), Tone: theme.Doubt}}
	}
	sign, tone := theme.State(m.b.State)
	spans := []widget.Span{{Text: sign + " " + m.b.State.Words(), Tone: tone}}
	if !m.b.Since.IsZero() {
		spans = append(spans, widget.Span{Text: " " + plain.Duration(max(0, w.v.Snapshot.At.Sub(m.b.Since)).Truncate(time.Second)), Tone: theme.Dim})
	}
	return spans
}

// transition is one change of a state on one instance.
type transition struct {
	history.Change
	of   fleet.Key
	from fleet.BreakerState
	long time.Duration // it was in the state before; 0: longer than is known
}

// transitions are the last changes, the newest first, a line each.
func (w *writer) transitions(v *page.View) (lines []widget.Line) {
	var all []transition
	for _, m := range w.all {
		l := v.History.Life(m.in.Key)
		if l == nil {
			continue
		}
		changes := l.Breaker(w.breaker)
		for i := 1; i < len(changes); i++ {
			t := transition{Change: changes[i], of: m.in.Key, from: changes[i-1].State}
			if i > 1 {
				t.long = t.At.Sub(changes[i-1].At)
			}
			all = append(all, t)
		}
	}
	slices.SortStableFunc(all, func(a, b transition) int { return b.At.Compare(a.At) })
	for _, t := range all {
		sign, tone := theme.State(t.State)
		l := widget.Line{Left: []widget.Span{{Text: " " + v.Clock(t.At) + " ", Tone: theme.Dim}, {Text: sign + " ", Tone: tone}, {Text: t.of.Instance + " " + t.from.Words() + " → "}, {Text: t.State.Words(), Tone: tone}}}
		if t.long > 0 {
			l.Left = append(l.Left, widget.Span{Text: " after " + plain.Duration(t.long.Truncate(time.Second)), Tone: theme.Dim})
		}
		if why := w.why(v, &t); why != "" {
			l.Left = append(l.Left, widget.Span{Text: ": " + why})
		}
		lines = append(lines, l)
	}
	if len(lines) == 0 {
		lines = append(lines, widget.Text(theme.Dim, "   it has not changed since this began"))
	}
	return lines
}

// why is what the event of a change says of its cause, as long as it is remembered.
func (w *writer) why(v *page.View, t *transition) string {
	for i := len(v.Events) - 1; i >= 0 && !v.Events[i].At.Before(t.At); i-- {
		if e := &v.Events[i]; e.Kind == fleet.EventBreaker && e.Breaker == w.breaker && e.Key == t.of && e.At.Equal(t.At) {
			return e.Why.Detail
		}
	}
	return ""
}
