// Package changes is the page of what was changed: what is in force first, when
// it ends, who made it and why; and the page of one change, target by target.
package changes

import (
	"errors"
	"fmt"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Page lists changes.
type Page struct {
	list     list.List[string] // ids
	filter   page.Filter
	rows     []*standing
	open     int
	contexts bool // they are of several
	read     reading
}

// reading is which reading of the journal rows are made from.
type reading struct {
	first *desk.Change
	n     int
}

func readingOf(v *page.View) reading {
	r := reading{n: len(v.Changes)}
	if r.n > 0 {
		r.first = &v.Changes[0]
	}
	return r
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
	f, err := page.ParseWords(text)
	if err == nil {
		p.filter = f
	}
	return err
}

// Notes say how much holds something, and how much is not shown.
func (p *Page) Notes(v *page.View) []string {
	var notes []string
	if v.Journal != nil && v.Changes != nil {
		_, detail := fleet.ReasonOf(v.Journal)
		notes = append(notes, "✗ as last read: "+detail)
	}
	if p.open > 0 {
		notes = append(notes, fmt.Sprint(p.open, " open"))
	}
	return append(notes, p.list.Notes()...)
}

// Ticks says whether something that is shown ends some time: how long that takes
// is seen to run down.
func (p *Page) Ticks(*page.View) bool {
	return slices.ContainsFunc(p.rows, func(r *standing) bool { return r.ends() })
}

// Keys are the page's own.
func (p *Page) Keys() []page.Binding {
	own := []page.Binding{{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "its targets", Do: p.enter}, page.Undo(p.under)}
	return slices.Concat(own, p.list.Sorting(), p.list.Motion())
}

// enter goes to the change of the cursor.
func (p *Page) enter(*page.View) page.Intent {
	id, ok := p.list.Current()
	if !ok {
		return nil
	}
	return page.Open{Place: page.Place{Kind: page.Change, Item: id}}
}

// under is the change under the cursor; nil where it is gone.
func (p *Page) under() *change.Batch {
	if p.list.Cursor.Row >= len(p.rows) || p.list.Cursor.Gone() {
		return nil
	}
	return p.rows[p.list.Cursor.Row].batch
}

// Rows are the changes that are shown.
func (p *Page) Rows() ([]page.Place, int) {
	return p.list.Rows(func(id string) page.Place { return page.Place{Kind: page.Change, Item: id} })
}

// Click chooses a row, or sorts.
func (p *Page) Click(v *page.View, line, column int, twice bool) page.Intent {
	columns, cells := p.table(v)
	if p.list.Click(v, line, column, columns, cells) && twice {
		return p.enter(v)
	}
	return nil
}

// Wheel scrolls.
func (p *Page) Wheel(v *page.View, by int) { p.list.Wheel(v, by) }

// See sorts what the journal has.
func (p *Page) See(v *page.View) {
	if now := readingOf(v); now != p.read {
		p.read = now
		p.list.Again()
	}
	if p.list.Anew(v, p.filter.Text) {
		p.arrange(v)
	}
	p.list.Settle(v, footLines)
}

func (p *Page) arrange(v *page.View) {
	p.rows, p.open, p.contexts = p.rows[:0], 0, false
	eye := desk.Eye{Snapshot: v.Snapshot}
	for i := range v.Changes {
		s := stands(&eye, &v.Changes[i])
		if s.stand.Open() {
			p.open++
		}
		p.contexts = p.contexts || s.batch.Context != v.Changes[0].Batch.Context
		if v.Unwell && !s.stand.Open() || !p.filter.Any(s.words()) {
			p.list.Hide(s.batch.ID)
			continue
		}
		p.rows = append(p.rows, &s)
	}
	slices.SortStableFunc(p.rows, func(a, b *standing) int { return b.batch.At.Compare(a.batch.At) })
	list.Arrange(&p.list, list.Usual[*standing]{By: byStand()}, p.columns(v), p.rows)
	for i := range p.rows {
		p.list.Keys = append(p.list.Keys, p.rows[i].batch.ID)
	}
}

// byStand is the order of what somebody has to do something about.
func byStand() list.Order[*standing] {
	return list.Worst(func(s *standing) int { return 10 - rank(s.stand) })
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
	case len(p.rows) == 0 && p.list.Hidden() > 0:
		return page.Middle(v, "✓ Nothing is in force.", fmt.Sprint("ctrl-z shows what is over: ", p.list.Hidden()))
	case len(p.rows) == 0:
		return page.Middle(v, "✓ Nothing is in force, and nothing was changed within a day.", "midwatch changes list --all shows what was longer ago")
	}
	columns, cells := p.table(v)
	return p.list.Draw(v, columns, cells, func() []widget.Line {
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
