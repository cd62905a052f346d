// Package events is the page of what happened, the newest first.
package events

import (
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Page lists events. It follows: the cursor stays on the newest one, until it is
// moved.
type Page struct {
	list   page.List[fleet.Event]
	filter page.Filter
	away   bool // it does not follow
	newer  int  // rows above the cursor, while it does not
	hidden int
}

// New returns the page.
func New() *Page { return &Page{} }

// Place is the page of events.
func (p *Page) Place() page.Place { return page.Place{Kind: page.Events} }

// Rows are the events that are shown.
func (p *Page) Rows() ([]page.Place, int) {
	return p.list.Rows(func(e fleet.Event) page.Place { return page.EventPlace(&e) })
}

// Filter is the words of the filter.
func (p *Page) Filter() string { return p.filter.Text }

// SetFilter takes words: every one has to be in the event's sentence.
func (p *Page) SetFilter(text string) error {
	p.filter = page.Filter{Text: text}
	return nil
}

// Notes say whether it follows.
func (p *Page) Notes(*page.View) []string {
	var notes []string
	if p.hidden > 0 {
		notes = append(notes, fmt.Sprint(p.hidden, " hidden"))
	}
	if p.away {
		return append(notes, fmt.Sprint("stays here, ", p.newer, " newer above"))
	}
	return append(notes, "follows")
}

// Keys are the page's own.
func (p *Page) Keys() []page.Binding {
	follow := "follow"
	if !p.away {
		follow = "stay"
	}
	own := []page.Binding{
		{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "open", Do: func(*page.View) page.Intent {
			e, ok := p.list.Current()
			switch {
			case !ok:
				return nil
			case e.Key.Instance != "":
				return page.Open{Place: page.Place{Kind: page.Instance, Key: e.Key}}
			case e.Key.Name != "":
				return page.Open{Place: page.Place{Kind: page.Service, Key: e.Key}}
			}
			return page.Open{Place: page.Place{Kind: page.Sources}}
		}},
		{Keys: []string{"f"}, Shown: "f", Does: follow, Do: func(*page.View) page.Intent {
			p.away = !p.away
			return nil
		}},
	}
	for _, b := range p.list.Motion() {
		do := b.Do
		b.Do = func(v *page.View) page.Intent {
			i := do(v)
			p.away = p.list.Cursor.Row > 0
			return i
		}
		own = append(own, b)
	}
	return own
}

// See takes the events there are.
func (p *Page) See(v *page.View) {
	p.list.Keys, p.hidden = p.list.Keys[:0], 0
	for i := len(v.Events) - 1; i >= 0; i-- {
		e := v.Events[i]
		if v.Unwell && page.EventTone(&e) == theme.Good || p.filter.Text != "" && !p.filter.Any(e.Sentence()) {
			p.hidden++
			continue
		}
		p.list.Keys = append(p.list.Keys, e)
	}
	if !p.away && len(p.list.Keys) > 0 {
		p.list.Cursor.On(p.list.Keys[0])
	}
	p.list.Settle(v, 1)
	p.newer = p.list.Cursor.Row
}

// Draw draws the events that are seen.
func (p *Page) Draw(v *page.View) []widget.Line {
	switch {
	case len(p.list.Keys) == 0 && p.hidden > 0:
		return page.Middle(v, "No event matches.", "/ changes the filter, ctrl-z shows what became well")
	case len(p.list.Keys) == 0:
		return page.Middle(v, "Nothing has happened since this began.", "statuses, versions, breakers and registries are watched")
	}
	columns := columns(v)
	return p.list.Draw(v, page.Plain(columns), func(i int) [][]widget.Span { return page.Cells(columns, &p.list.Keys[i]) }, func() []widget.Line {
		return []widget.Line{page.Event(v, &p.list.Keys[p.list.Cursor.Row])}
	})
}

func columns(v *page.View) []page.Column[*fleet.Event] {
	text := func(name string, leave, least int, say func(*fleet.Event) (string, theme.Tone)) page.Column[*fleet.Event] {
		return page.Column[*fleet.Event]{Column: widget.Column{Name: name, Leave: leave, Min: least, Flex: true}, Cell: func(e *fleet.Event) []widget.Span {
			s, tone := say(e)
			return []widget.Span{{Text: s, Tone: tone}}
		}}
	}
	return []page.Column[*fleet.Event]{
		text("TIME", 3, 8, func(e *fleet.Event) (string, theme.Tone) { return v.Clock(e.At), theme.Dim }),
		text("WHAT", 2, 8, func(e *fleet.Event) (string, theme.Tone) { return kind(e), theme.Dim }),
		text("WHO", 0, 12, func(e *fleet.Event) (string, theme.Tone) { return e.Who(), theme.Plain }),
		text("CHANGE", 0, 12, change),
		text("WHY", 4, 12, func(e *fleet.Event) (string, theme.Tone) { return e.Why.Detail, theme.Plain }),
	}
}

// kind is what sort of event it is, in a word.
func kind(e *fleet.Event) string {
	switch e.Kind {
	case fleet.EventServiceNew, fleet.EventServiceGone:
		return "service"
	case fleet.EventInstanceNew, fleet.EventInstanceGone:
		return "instance"
	case fleet.EventSourceLost, fleet.EventSourceBack:
		return "registry"
	case fleet.EventBreaker:
		return "breaker " + e.Breaker
	case fleet.EventStatus, fleet.EventVersion, fleet.EventAddress, fleet.EventClaim:
	}
	return string(e.Kind)
}

// change is what became of it.
func change(e *fleet.Event) (string, theme.Tone) {
	tone := page.EventTone(e)
	switch e.Kind {
	case fleet.EventServiceNew, fleet.EventInstanceNew:
		return "new", tone
	case fleet.EventServiceGone, fleet.EventInstanceGone:
		return "gone", tone
	case fleet.EventSourceLost:
		return "does not answer", tone
	case fleet.EventSourceBack:
		return "answers again", tone
	case fleet.EventStatus, fleet.EventVersion, fleet.EventAddress, fleet.EventClaim, fleet.EventBreaker:
	}
	from := e.From
	if from == "" {
		from = "-"
	}
	return from + " → " + e.To, tone
}
