package changes

import (
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// table is the columns, and the cells of a row.
func (p *Page) table(v *page.View) ([]widget.Column, func(i int) [][]widget.Span) {
	columns := p.columns(v)
	return list.Plain(columns), func(i int) [][]widget.Span { return list.Cells(columns, p.rows[i]) }
}

type column = list.Column[*standing]

func (p *Page) columns(v *page.View) []column {
	text := func(name string, leave, least int, by list.Order[*standing], say func(*standing) (string, theme.Tone)) column {
		return column{Column: widget.Column{Name: name, Leave: leave, Min: least, Flex: true}, By: by, Cell: func(s *standing) []widget.Span {
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
		fixed(text("CHANGE", 4, 6, list.Words(func(s *standing) string { return s.batch.ID }), func(s *standing) (string, theme.Tone) { return s.batch.ID, theme.Accent })),
		text("WHAT", 0, 12, list.Words(func(s *standing) string { return s.batch.What }), func(s *standing) (string, theme.Tone) { return s.batch.What, theme.Plain }),
		fixed(text("WHERE", 5, 6, list.Words(func(s *standing) string { return s.where() }), func(s *standing) (string, theme.Tone) { return s.where(), theme.Plain })),
		text("WHO", 3, 6, list.Words(func(s *standing) string { return s.batch.Who.Name() }), func(s *standing) (string, theme.Tone) { return s.batch.Who.Name(), theme.Plain }),
		fixed(text("SINCE", 6, 5, list.Longest(func(s *standing) time.Time { return s.batch.At }), func(s *standing) (string, theme.Tone) { return age(v.Now.Sub(s.batch.At)), theme.Dim })),
		fixed(text("ENDS", 1, 7, list.Soonest((*standing).due), func(s *standing) (string, theme.Tone) { return s.end(v.Now) })),
		text("NOW", 0, 8, byStand(), func(s *standing) (string, theme.Tone) { return s.now(), tone(s.stand) }),
		text("REASON", 8, 10, list.Words(func(s *standing) string { return s.batch.Reason }), func(s *standing) (string, theme.Tone) { return s.batch.Reason, theme.Plain }),
	}
	if p.contexts {
		all = slices.Insert(all, 2, text("CONTEXT", 7, 7, list.Words(func(s *standing) string { return s.batch.Context }), func(s *standing) (string, theme.Tone) { return s.batch.Context, theme.Dim }))
	}
	return all
}
