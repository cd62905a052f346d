// Package sources is the page of the registries: how old what they said is, what
// went wrong, and what to do about it.
package sources

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// key names a source.
type key struct{ context, name string }

// row is a source, and what comes from it.
type row struct {
	*fleet.SourceView
	cover
}

// Page lists sources.
type Page struct {
	list list.List[key]
	of   *fleet.Snapshot
	rows []*row
	foot []widget.Line
}

// New returns the page.
func New() *Page { return &Page{} }

// Place is the page of sources.
func (p *Page) Place() page.Place { return page.Place{Kind: page.Sources} }

// Rows are the sources that are shown.
func (p *Page) Rows() ([]page.Place, int) {
	return p.list.Rows(func(k key) page.Place {
		return page.Place{Kind: page.Sources, Key: fleet.Key{Ref: fleet.Ref{Context: k.context, Source: k.name}}, Item: k.name}
	})
}

// Aim puts the cursor on a source.
func (p *Page) Aim(at page.Place) { p.list.Cursor.On(key{at.Key.Context, at.Key.Source}) }

// Notes say how much is not shown, and the order.
func (p *Page) Notes(*page.View) []string { return p.list.Notes() }

// Keys sort, and move the cursor.
func (p *Page) Keys() []page.Binding { return slices.Concat(p.list.Sorting(), p.list.Motion()) }

// Click chooses a row, or sorts.
func (p *Page) Click(v *page.View, line, column int, _ bool) page.Intent {
	columns, cells := p.table()
	p.list.Click(v, line, column, columns, cells)
	return nil
}

// Wheel scrolls.
func (p *Page) Wheel(v *page.View, by int) { p.list.Wheel(v, by) }

// See takes the sources there are, in the order of the configuration unless
// another one was chosen.
func (p *Page) See(v *page.View) {
	if p.list.Anew(v, "") {
		p.arrange(v)
	}
	p.list.Settle(v, len(p.foot))
	if p.foot = nil; len(p.rows) > 0 {
		p.foot = p.about(v, p.rows[p.list.Cursor.Row])
	}
	p.list.Settle(v, len(p.foot))
}

func (p *Page) arrange(v *page.View) {
	p.of, p.rows = v.Snapshot, p.rows[:0]
	covers := covering(p.of)
	for i := range p.of.Sources {
		s := &row{&p.of.Sources[i], cover{}}
		if c := covers[key{s.Context, s.Name}]; c != nil {
			s.cover = *c
		}
		if v.Unwell && well(s) {
			p.list.Hide(key{s.Context, s.Name})
			continue
		}
		p.rows = append(p.rows, s)
	}
	list.Arrange(&p.list, list.Usual[*row]{Turned: "backwards"}, p.columns(), p.rows)
	for _, s := range p.rows {
		p.list.Keys = append(p.list.Keys, key{s.Context, s.Name})
	}
}

func well(s *row) bool {
	return s.Reason == "" && !s.AsOf.IsZero() && len(s.Warnings) == 0 && s.Vantage == ""
}

// Draw draws the rows that are seen, and the source of the cursor in full.
func (p *Page) Draw(v *page.View) []widget.Line {
	switch {
	case p.of == nil:
		return nil
	case len(p.rows) == 0 && len(p.of.Sources) > 0:
		return page.Middle(v, "✓ All registries answer.", "ctrl-z shows them")
	case len(p.rows) == 0:
		return page.Middle(v, "There is no registry.")
	}
	columns, cells := p.table()
	return p.list.Draw(v, columns, cells, func() []widget.Line { return p.foot })
}

// table is the columns, and the cells of a row.
func (p *Page) table() ([]widget.Column, func(i int) [][]widget.Span) {
	columns := p.columns()
	return list.Plain(columns), func(i int) [][]widget.Span { return list.Cells(columns, p.rows[i]) }
}

type column = list.Column[*row]

func (p *Page) columns() []column {
	all := []column{
		{Column: widget.Column{Name: "  SOURCE", Flex: true, Min: 10}, By: list.Words(func(s *row) string { return s.Name }), Cell: func(s *row) []widget.Span {
			if s.Reason != "" {
				return []widget.Span{{Text: "✗ ", Tone: theme.Bad}, {Text: s.Name}}
			}
			if s.AsOf.IsZero() {
				return []widget.Span{{Text: "? ", Tone: theme.Doubt}, {Text: s.Name}}
			}
			return []widget.Span{{Text: "✓ ", Tone: theme.Good}, {Text: s.Name}}
		}},
		text(widget.Column{Name: "STATE", Flex: true, Min: 7}, list.Worst(badness), func(s *row) (string, theme.Tone) {
			if s.Reason != "" {
				return page.Reason(s.Reason), theme.Bad
			}
			if s.AsOf.IsZero() {
				return "not read yet", theme.Doubt
			}
			return "answers", theme.Good
		}),
		text(widget.Column{Name: "AGE", Right: true, Leave: 1, Min: 6}, list.Most(p.age), func(s *row) (string, theme.Tone) {
			if s.AsOf.IsZero() {
				return "never", theme.Bad
			}
			return plain.Duration(max(0, p.of.At.Sub(s.AsOf))), theme.Plain
		}),
		count(widget.Column{Name: "SERVICES", Right: true, Leave: 4}, func(s *row) int { return s.Services }),
		count(widget.Column{Name: "INSTANCES", Right: true, Leave: 2}, func(s *row) int { return s.Instances }),
		text(widget.Column{Name: "ANSWER", Right: true, Leave: 3}, list.Most(func(s *row) float64 { return s.answering() }), func(s *row) (string, theme.Tone) {
			return page.Share(s.answering()), tone(s.answered, s.instances)
		}),
		text(widget.Column{Name: "WARNINGS", Right: true, Leave: 5}, most(warnings), func(s *row) (string, theme.Tone) {
			if len(s.Warnings) == 0 {
				return "–", theme.Dim
			}
			return strconv.Itoa(len(s.Warnings)), theme.Warn
		}),
		words(widget.Column{Name: "URL", Leave: 7, Flex: true, Min: 16}, func(s *row) string { return s.URL }),
	}
	if slices.ContainsFunc(p.rows, func(s *row) bool { return s.Context != p.rows[0].Context }) {
		all = slices.Insert(all, 1, words(widget.Column{Name: "CONTEXT", Leave: 2, Flex: true, Min: 6}, func(s *row) string { return s.Context }))
	}
	if slices.ContainsFunc(p.rows, func(s *row) bool { return s.Reason != "" }) {
		all = append(all, text(widget.Column{Name: "SINCE", Right: true, Leave: 11, Min: 6, Wide: true}, list.Longest(func(s *row) time.Time { return s.Since }), func(s *row) (string, theme.Tone) {
			if s.Since.IsZero() {
				return "–", theme.Dim
			}
			return plain.Duration(max(0, p.of.At.Sub(s.Since)).Truncate(time.Second)), theme.Bad
		}), words(widget.Column{Name: "FAULT", Leave: 12, Flex: true, Min: 16, Wide: true}, func(s *row) string { return s.Detail }))
	}
	return all
}

// badness is how bad a source is: one that does not answer, one that is odd.
func badness(s *row) int {
	switch {
	case s.Reason != "":
		return 2
	case !well(s):
		return 1
	}
	return 0
}

func text(c widget.Column, by list.Order[*row], say func(*row) (string, theme.Tone)) column {
	return column{Column: c, By: by, Cell: func(s *row) []widget.Span {
		text, tone := say(s)
		return []widget.Span{{Text: text, Tone: tone}}
	}}
}

// words is a column of one text.
func words(c widget.Column, of func(*row) string) column {
	return text(c, list.Words(of), func(s *row) (string, theme.Tone) { return of(s), theme.Dim })
}

// count is a column of how many there are.
func count(c widget.Column, of func(*row) int) column {
	return text(c, most(of), func(s *row) (string, theme.Tone) { return strconv.Itoa(of(s)), theme.Plain })
}

func most(of func(*row) int) list.Order[*row] {
	return list.Most(func(s *row) float64 { return float64(of(s)) })
}

func warnings(s *row) int { return len(s.Warnings) }

// age is how old in seconds what a source said is; one that never said anything is
// older than all others.
func (p *Page) age(s *row) float64 {
	if s.AsOf.IsZero() {
		return math.Inf(1)
	}
	return p.of.At.Sub(s.AsOf).Seconds()
}
