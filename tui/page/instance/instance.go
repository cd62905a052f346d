// Package instance is the page of one instance: what was asked of it and what it
// answered, in full.
package instance

import (
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Page is one instance. One that is gone is shown as it was last seen.
type Page struct {
	key    fleet.Key
	scroll page.Scroll
	of     *fleet.InstanceView // as it was last seen; nil before that
	at     time.Time           // when that was
	gone   bool
	lines  []widget.Line
}

// New returns the page of an instance.
func New(key fleet.Key) *Page { return &Page{key: key} }

// Place is the instance.
func (p *Page) Place() page.Place { return page.Place{Kind: page.Instance, Key: p.key} }

// Rows are the instance alone.
func (p *Page) Rows() ([]page.Place, int) { return []page.Place{p.Place()}, 0 }

// Notes say that it is gone.
func (p *Page) Notes(v *page.View) []string {
	if p.gone && p.of != nil {
		since := ""
		if l := v.History.Life(p.key); l != nil && !l.Gone().IsZero() {
			since = " since " + v.Clock(l.Gone())
		}
		return []string{"gone" + since + ": as it was at " + v.Clock(p.at)}
	}
	return nil
}

// Keys scroll, and go to the service.
func (p *Page) Keys() []page.Binding {
	own := append([]page.Binding{{Keys: []string{"u"}, Shown: "u", Does: "its service", Do: func(*page.View) page.Intent {
		return page.Open{Place: page.Place{Kind: page.Service, Key: fleet.Key{Ref: p.key.Ref}}}
	}}}, page.Orders(p.about)...)
	own = append(own, page.Drains(func() []desk.Target {
		targets, _ := p.about()
		return targets
	})...)
	return append(own, p.scroll.Motion()...)
}

// about is the instance, and its breakers. One that is gone as well: whether it
// can be reached all the same is seen by planning.
func (p *Page) about() ([]desk.Target, []string) {
	if p.of == nil {
		return nil, nil
	}
	return []desk.Target{{Key: p.key}}, page.BreakersOf(*p.of)
}

// Click does nothing: there is nothing to choose.
func (p *Page) Click(*page.View, int, int, bool) page.Intent { return nil }

// Wheel scrolls.
func (p *Page) Wheel(v *page.View, by int) { p.scroll.Move(v, by) }

// See writes the page anew.
func (p *Page) See(v *page.View) {
	now := page.FindInstance(v.Snapshot, p.key)
	if p.gone = now == nil; !p.gone {
		p.of, p.at = now, v.Snapshot.At
	}
	if p.of != nil {
		p.lines = p.write(v)
		p.scroll.Fit(v, len(p.lines))
	}
}

// Draw draws what is seen of it.
func (p *Page) Draw(v *page.View) []widget.Line {
	if p.of == nil {
		return page.Middle(v, p.key.Instance+" is not here any more", "esc goes back")
	}
	return p.scroll.Seen(v, p.lines)
}

// write is the whole page.
func (p *Page) write(v *page.View) []widget.Line {
	in := p.of
	w := &writer{v: v, in: in}
	w.lines = append(w.lines, page.About(in.Key.Instance, in.Status, in.Why, ""))
	w.identity(in)
	w.probes(in)
	w.history(v.History.Life(in.Key))
	w.traffic(in)
	w.breakers(in)
	w.plan(in)
	return w.lines
}

// writer gathers lines.
type writer struct {
	v     *page.View
	in    *fleet.InstanceView
	lines []widget.Line
}

// part begins a part of the page.
func (w *writer) part(title string) {
	w.lines = append(w.lines, widget.Blank(), widget.Text(theme.Strong, " "+title))
}

// field is a name and what it says; nothing where that is empty.
func (w *writer) field(name, value string) {
	if value != "" {
		w.row(name, widget.Span{Text: value})
	}
}

const nameWidth = 12

// row is a name and spans.
func (w *writer) row(name string, spans ...widget.Span) {
	for widget.Width(name) < nameWidth {
		name += " "
	}
	w.lines = append(w.lines, widget.Line{Left: append([]widget.Span{{Text: "   " + name + " ", Tone: theme.Dim}}, spans...)})
}

// Below is how many lines are below those that are seen.
func (p *Page) Below(v *page.View) int { return p.scroll.Below(v) }
