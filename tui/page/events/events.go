// Package events is the page of what happened, the newest first.
package events

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Page lists events. It follows: the cursor stays on the newest one, until it is
// moved.
type Page struct {
	list   list.List[fleet.Event]
	filter page.Filter
	away   bool // it does not follow
	newer  int  // rows above the cursor, while it does not
	rows   []*fleet.Event
	last   fleet.Event // the newest that rows were made of, whatever is shown
	apart  page.Apart
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

// SetFilter takes words: every one has to be in the event's sentence; context=C,
// source=S and namespace=N say where it happened.
func (p *Page) SetFilter(text string) error {
	f, err := page.ParseWords(text)
	if err == nil {
		p.filter = f
	}
	return err
}

// Notes say how much is not shown, the order, and whether it follows.
func (p *Page) Notes(*page.View) []string {
	notes := p.list.Notes()
	switch {
	case !p.list.Usual():
		return notes
	case p.away:
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
		{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "open", Do: p.open},
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
	return append(own, p.list.Sorting()...)
}

// open goes to what the event of the cursor is about.
func (p *Page) open(*page.View) page.Intent {
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
}

// Click chooses a row, or sorts.
func (p *Page) Click(v *page.View, line, column int, twice bool) page.Intent {
	columns, cells := p.table(v)
	again := p.list.Click(v, line, column, columns, cells)
	p.away = p.list.Cursor.Row > 0
	if again && twice {
		return p.open(v)
	}
	return nil
}

// Wheel scrolls. The newest that is scrolled out of sight is not followed.
func (p *Page) Wheel(v *page.View, by int) {
	p.list.Wheel(v, by)
	p.away = p.list.Cursor.Row > 0
}

// See takes the events there are.
func (p *Page) See(v *page.View) {
	var last fleet.Event
	if n := len(v.Events); n > 0 {
		last = v.Events[n-1]
	}
	if last != p.last {
		p.last = last
		p.list.Again()
	}
	if p.list.Anew(v, p.filter.Text) {
		p.arrange(v)
	}
	if !p.away && p.list.Usual() && len(p.list.Keys) > 0 {
		p.list.Cursor.On(p.list.Keys[0])
	}
	p.list.Settle(v, 1)
	p.newer = p.list.Cursor.Row
}

func (p *Page) arrange(v *page.View) {
	p.rows, p.apart = p.rows[:0], page.TellsApart(v.Snapshot)
	all := slices.Clone(v.Events) // what is behind View's is written over in time
	for i := len(all) - 1; i >= 0; i-- {
		e := &all[i]
		if v.Unwell && page.EventTone(e) == theme.Good || p.filter.Text != "" && !p.filter.About(e.Key.Ref, e.Sentence()) {
			p.list.Hide(*e)
			continue
		}
		p.rows = append(p.rows, e)
	}
	list.Arrange(&p.list, list.Usual[*fleet.Event]{Turned: "oldest first"}, p.columns(v), p.rows)
	for _, e := range p.rows {
		p.list.Keys = append(p.list.Keys, *e)
	}
}

// Draw draws the events that are seen.
func (p *Page) Draw(v *page.View) []widget.Line {
	switch {
	case len(p.list.Keys) == 0 && p.list.Hidden() > 0:
		return page.Middle(v, "No event matches.", "/ changes the filter, ctrl-z shows what became well")
	case len(p.list.Keys) == 0:
		return page.Middle(v, "Nothing has happened since this began.", "statuses, versions, breakers and registries are watched")
	}
	columns, cells := p.table(v)
	return p.list.Draw(v, columns, cells, func() []widget.Line {
		return []widget.Line{page.Event(v, &p.list.Keys[p.list.Cursor.Row])}
	})
}

type column = list.Column[*fleet.Event]

// table is the columns, and the cells of a row.
func (p *Page) table(v *page.View) ([]widget.Column, func(i int) [][]widget.Span) {
	columns := p.columns(v)
	return list.Plain(columns), func(i int) [][]widget.Span { return list.Cells(columns, p.rows[i]) }
}

func (p *Page) columns(v *page.View) []column {
	text := func(name string, leave, least int, say func(*fleet.Event) (string, theme.Tone)) column {
		return column{Column: widget.Column{Name: name, Leave: leave, Min: least, Flex: true}, Cell: func(e *fleet.Event) []widget.Span {
			s, tone := say(e)
			return []widget.Span{{Text: s, Tone: tone}}
		}, By: list.Words(func(e *fleet.Event) string { s, _ := say(e); return s })}
	}
	all := []column{
		text("TIME", 3, 8, func(e *fleet.Event) (string, theme.Tone) { return v.Clock(e.At), theme.Dim }),
		text("WHAT", 2, 8, func(e *fleet.Event) (string, theme.Tone) { return kind(e), theme.Dim }),
		text("WHO", 0, 12, func(e *fleet.Event) (string, theme.Tone) { return e.Who(), theme.Plain }),
	}
	all[0].By = list.Newest(func(e *fleet.Event) time.Time { return e.At })
	if p.apart.Contexts {
		all = append(all, text("CONTEXT", 5, 7, func(e *fleet.Event) (string, theme.Tone) { return e.Key.Context, theme.Dim }))
	}
	all = append(all, text("CHANGE", 0, 12, change), text("WHY", 4, 12, func(e *fleet.Event) (string, theme.Tone) { return e.Why.Detail, theme.Plain }))
	further := func(name string, leave int, of func(*fleet.Event) string) {
		c := text(name, leave, 8, func(e *fleet.Event) (string, theme.Tone) { return of(e), theme.Dim })
		c.Wide = true
		all = append(all, c)
	}
	if p.apart.Sources {
		further("SOURCE", 11, func(e *fleet.Event) string { return e.Key.Source })
	}
	if p.apart.Namespaces {
		further("NAMESPACE", 12, func(e *fleet.Event) string { return e.Key.Namespace })
	}
	return all
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
	worded := e.Worded()
	return cmp.Or(worded.From, "-") + " → " + worded.To, tone
}
