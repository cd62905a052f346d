// Package changes is the page of what was changed: what is in force first, when
// it ends, who made it and why; and the page of one change, target by target.
package changes

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Page lists changes.
type Page struct {
	list     page.List[string] // ids
	filter   page.Filter
	rows     []standing
	hidden   int
	open     int
	contexts bool // they are of several
	seen     source
}

// source is what rows are made from: while it is the same, so are they.
type source struct {
	changes  *desk.Change
	n        int
	snapshot *fleet.Snapshot
	filter   string
	unwell   bool
}

func (p *Page) source(v *page.View) source {
	s := source{n: len(v.Changes), snapshot: v.Snapshot, filter: p.filter.Text, unwell: v.Unwell}
	if s.n > 0 {
		s.changes = &v.Changes[0]
	}
	return s
}

// New returns the page.
func New() *Page { return &Page{} }

// Place is the page of changes.
func (p *Page) Place() page.Place { return page.Place{Kind: page.Changes} }

// Filter is the words of the filter.
func (p *Page) Filter() string { return p.filter.Text }

// SetFilter takes words: every one has to be in what was changed, who did it, why,
// or how it stands.
func (p *Page) SetFilter(text string) error {
	p.filter = page.Filter{Text: text}
	return nil
}

// Notes say how much holds something, and how much is not shown.
func (p *Page) Notes(v *page.View) []string {
	var notes []string
	if v.Journal != nil && v.Changes != nil {
		_, detail := fleet.ReasonOf(v.Journal)
		notes = append(notes, "✗ as last read: "+detail)
	}
	if p.hidden > 0 {
		notes = append(notes, fmt.Sprint(p.hidden, " hidden"))
	}
	if p.open > 0 {
		notes = append(notes, fmt.Sprint(p.open, " open"))
	}
	return notes
}

// Ticks says whether something that is shown ends some time: how long that takes
// is seen to run down.
func (p *Page) Ticks(*page.View) bool {
	return slices.ContainsFunc(p.rows, func(r standing) bool { return r.ends() })
}

// Keys are the page's own.
func (p *Page) Keys() []page.Binding {
	return append([]page.Binding{{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "its targets", Do: func(*page.View) page.Intent {
		id, ok := p.list.Current()
		if !ok {
			return nil
		}
		return page.Open{Place: page.Place{Kind: page.Change, Item: id}}
	}}}, p.list.Motion()...)
}

// See sorts what the journal has.
func (p *Page) See(v *page.View) {
	if now := p.source(v); now != p.seen {
		p.seen = now
		p.arrange(v)
	}
	p.list.Settle(v, footLines)
}

func (p *Page) arrange(v *page.View) {
	p.rows, p.list.Keys, p.hidden, p.open, p.contexts = p.rows[:0], p.list.Keys[:0], 0, 0, false
	eye := desk.Eye{Snapshot: v.Snapshot}
	for i := range v.Changes {
		s := stands(&eye, &v.Changes[i])
		if s.stand.Open() {
			p.open++
		}
		p.contexts = p.contexts || s.batch.Context != v.Changes[0].Batch.Context
		if v.Unwell && !s.stand.Open() || !p.filter.Any(s.words()) {
			p.hidden++
			continue
		}
		p.rows = append(p.rows, s)
	}
	slices.SortStableFunc(p.rows, func(a, b standing) int {
		return cmp.Or(cmp.Compare(rank(a.stand), rank(b.stand)), b.batch.At.Compare(a.batch.At))
	})
	for i := range p.rows {
		p.list.Keys = append(p.list.Keys, p.rows[i].batch.ID)
	}
}

// rank puts first what somebody has to do something about.
func rank(s change.Stand) int {
	if !s.Open() {
		return 9
	}
	return slices.Index([]change.Stand{
		change.StandOverdue, change.StandInterrupted, change.StandRunning, change.StandInForce, change.StandPartial, change.StandDrifted,
	}, s)
}

// footLines are a blank, and the change of the cursor in words.
const footLines = 4

// Draw draws the rows that are seen, and the one of the cursor in words.
func (p *Page) Draw(v *page.View) []widget.Line {
	if lines := nothing(v); lines != nil {
		return lines
	}
	switch {
	case len(p.rows) == 0 && p.filter.Text != "":
		return page.Middle(v, "No change matches "+p.filter.Text, "/ changes the filter")
	case len(p.rows) == 0 && p.hidden > 0:
		return page.Middle(v, "✓ Nothing is in force.", fmt.Sprint("ctrl-z shows what is over: ", p.hidden))
	case len(p.rows) == 0:
		return page.Middle(v, "✓ Nothing is in force, and nothing was changed within a day.", "midwatch changes list --all shows what was longer ago")
	}
	columns := p.columns(v)
	return p.list.Draw(v, page.Plain(columns), func(i int) [][]widget.Span { return page.Cells(columns, &p.rows[i]) }, func() []widget.Line {
		if id, ok := p.list.Cursor.Key(); ok && p.list.Cursor.Gone() && !slices.ContainsFunc(v.Changes, func(c desk.Change) bool { return c.Batch.ID == id }) {
			return []widget.Line{widget.Blank(), page.Gone(id)}
		}
		return append([]widget.Line{widget.Blank()}, p.rows[p.list.Cursor.Row].about(v)...)
	})
}

// nothing says why there are no changes to be seen; nil where there may be.
func nothing(v *page.View) []widget.Line {
	switch {
	case v.Changes != nil:
		return nil
	case v.Journal == nil:
		return page.Middle(v, "Reading the journal …")
	}
	_, detail := fleet.ReasonOf(v.Journal)
	if errors.Is(v.Journal, desk.ErrNone) {
		return page.Middle(v, "Nothing can be changed here.", detail)
	}
	return page.Middle(v, "? The journal cannot be read.", detail, fleet.HintOf(v.Journal))
}

type column = page.Column[*standing]

func (p *Page) columns(v *page.View) []column {
	text := func(name string, leave, least int, say func(*standing) (string, theme.Tone)) column {
		return column{Column: widget.Column{Name: name, Leave: leave, Min: least, Flex: true}, Cell: func(s *standing) []widget.Span {
			text, tone := say(s)
			if !s.stand.Open() {
				tone = theme.Dim
			}
			return []widget.Span{{Text: text, Tone: tone}}
		}}
	}
	fixed := func(c column) column {
		c.Flex = false
		return c
	}
	all := []column{
		{Column: widget.Column{Min: 1}, Cell: func(s *standing) []widget.Span {
			sign, tone := mark(s.stand)
			return []widget.Span{{Text: sign, Tone: tone}}
		}},
		fixed(text("CHANGE", 4, 6, func(s *standing) (string, theme.Tone) { return s.batch.ID, theme.Accent })),
		text("WHAT", 0, 12, func(s *standing) (string, theme.Tone) { return s.batch.What, theme.Plain }),
		fixed(text("WHERE", 5, 6, func(s *standing) (string, theme.Tone) { return s.where(), theme.Plain })),
		text("WHO", 3, 6, func(s *standing) (string, theme.Tone) { return s.batch.Who.Name(), theme.Plain }),
		fixed(text("SINCE", 6, 5, func(s *standing) (string, theme.Tone) { return age(v.Now.Sub(s.batch.At)), theme.Dim })),
		fixed(text("ENDS", 1, 7, func(s *standing) (string, theme.Tone) { return s.end(v.Now) })),
		text("NOW", 0, 8, func(s *standing) (string, theme.Tone) { return s.now(), tone(s.stand) }),
		text("REASON", 8, 10, func(s *standing) (string, theme.Tone) { return s.batch.Reason, theme.Plain }),
	}
	if p.contexts {
		all = slices.Insert(all, 2, text("CONTEXT", 7, 7, func(s *standing) (string, theme.Tone) { return s.batch.Context, theme.Dim }))
	}
	return all
}
