package fleet

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// sparkWidth is how many of the last passes a sparkline has.
const sparkWidth = 10

type column = list.Column[*row]

// Draw draws the rows that are seen, and what is wrong with the one of the
// cursor.
func (p *Page) Draw(v *page.View) []widget.Line {
	switch {
	case p.of == nil:
		return nil
	case len(p.rows) == 0:
		return page.Middle(v, p.nothing(v)...)
	}
	columns, cells := p.table(v)
	if v.Whole {
		return p.list.Draw(v, columns, cells, func() []widget.Line { return nil }) // it is about no row
	}
	return p.list.Draw(v, columns, cells, p.about)
}

// table is the columns, and the cells of a row.
func (p *Page) table(v *page.View) ([]widget.Column, func(i int) [][]widget.Span) {
	columns := p.columns(v)
	return list.Plain(columns), func(i int) [][]widget.Span {
		r := p.rows[i]
		if r.cells == nil {
			r.cells = list.Cells(columns, r)
		}
		return r.cells
	}
}

// nothing says why no row is there.
func (p *Page) nothing(v *page.View) []string {
	switch {
	case len(p.of.Services) == 0:
		return page.Unserved(p.of)
	case p.filter.Text != "" && v.Unwell && p.matching() > 0:
		return []string{fmt.Sprintf("✓ All that match %s are up: %d.", p.filter.Text, p.matching()), "ctrl-z shows them"}
	case p.filter.Text != "":
		return []string{"No service matches " + p.filter.Text, "/ changes the filter"}
	case v.Unwell:
		return []string{fmt.Sprint("✓ All ", len(p.of.Services), " services are up."), "ctrl-z shows them"}
	}
	return nil
}

// matching is how many services the filter means, whether they are shown or not.
func (p *Page) matching() (n int) {
	for i := range p.of.Services {
		if p.filter.Service(&p.of.Services[i]) {
			n++
		}
	}
	return n
}

// about is the service of the cursor in words.
func (p *Page) about() []widget.Line {
	if ref, ok := p.list.Cursor.Key(); ok && p.list.Cursor.Gone() {
		if s := page.FindService(p.of, ref); s != nil {
			return []widget.Line{page.Hidden(s.Name, s.Status)}
		}
		return []widget.Line{page.Gone(ref.Name)}
	}
	s := p.rows[p.list.Cursor.Row].service
	return []widget.Line{page.About(s.Name, s.Status, s.Why, fmt.Sprintf("%d of %d serve", s.Serving, len(s.Instances)))}
}

func (p *Page) columns(v *page.View) []column {
	c := []column{p.serviceColumn(v)}
	if p.names.Contexts {
		c = append(c, text("CONTEXT", 5, func(s *fleet.ServiceView) string { return s.Context }))
	}
	if p.names.Sources {
		c = append(c, wide(text("SOURCE", 12, func(s *fleet.ServiceView) string { return s.Source })))
	}
	if p.names.Namespaces {
		c = append(c, text("NAMESPACE", 6, func(s *fleet.ServiceView) string { return s.Namespace }))
	}
	c = append(c, column{Column: widget.Column{Name: "STATUS", Leave: 9, Min: 8}, Cell: func(r *row) []widget.Span {
		_, tone := theme.Mark(r.service.Status)
		return []widget.Span{{Text: cmp.Or(r.service.Status.String(), "unknown"), Tone: tone}}
	}, By: list.Worst(func(r *row) int { return page.Badness(r.service.Status) })}, column{Column: widget.Column{Name: "INSTANCES", Leave: 1}, Cell: func(r *row) []widget.Span {
		return page.Bar(r.service)
	}, By: list.Most(func(r *row) float64 { return float64(len(r.service.Instances)) })})
	c = append(c, measured(v)...)
	c = append(c, column{Column: widget.Column{Name: "BREAKERS", Leave: 4}, Cell: func(r *row) []widget.Span {
		text, tone := page.OpenBreakers(r.service)
		return []widget.Span{{Text: text, Tone: tone}}
	}, By: list.Worst(func(r *row) int { return page.BreakerRank(r.service.Instances...) })})
	versions := text("VERSIONS", 7, func(s *fleet.ServiceView) string {
		return page.Tally(s.Instances, func(in *fleet.InstanceView) string { return in.Version })
	})
	versions.By = list.Versions(func(r *row) string { return newest(r.service) })
	c = append(c, versions, wide(text("ZONES", 14, func(s *fleet.ServiceView) string {
		return page.Tally(s.Instances, func(in *fleet.InstanceView) string { return in.Zone })
	})))
	if p.names.why {
		leave := 15
		if v.Width >= roomForWhy { // it goes before how numbers went
			leave = 10
		}
		why := text("WHY", leave, func(s *fleet.ServiceView) string { return s.Why.Detail })
		why.Min = 24
		c = append(c, why)
	}
	return append(c, p.further()...)
}

// roomForWhy is how wide a screen is on which a reason says something beside all
// other words. On a narrower one it stands below the table, of the cursor's row.
const roomForWhy = 116

// text is a column of text that can be cut.
func text(name string, leave int, field func(*fleet.ServiceView) string) column {
	of := func(r *row) string { return field(r.service) }
	return column{Column: widget.Column{Name: name, Leave: leave, Flex: true, Min: min(len(name), 10)}, Cell: func(r *row) []widget.Span {
		return []widget.Span{{Text: of(r), Tone: theme.Dim}}
	}, By: list.Words(of)}
}

// wide is a column that one asks for with the wide ones.
func wide(c column) column {
	c.Wide = true
	return c
}

// newest is the newest version that a service runs.
func newest(s *fleet.ServiceView) (version string) {
	for i := range s.Instances {
		if v := s.Instances[i].Version; list.Version(v, version) > 0 {
			version = v
		}
	}
	return version
}

// further are the columns that have their place where all others have theirs, or
// where they are asked for.
func (p *Page) further() (c []column) {
	if p.names.depends {
		c = append(c, wide(text("DEPENDS ON", 16, func(s *fleet.ServiceView) string { return strings.Join(s.DependsOn, ", ") })))
	}
	if p.names.labels {
		c = append(c, wide(text("LABELS", 17, func(s *fleet.ServiceView) string { return page.Labels(s.Labels) })))
	}
	if !p.names.Sources {
		c = append(c, wide(text("SOURCE", 18, func(s *fleet.ServiceView) string { return s.Source })))
	}
	return c
}

// signs is how wide what stands before a name is.
func (r *row) signs() int {
	if r.victim {
		return 4
	}
	return 2
}

// serviceColumn is sign and name; a victim hangs below its cause.
func (p *Page) serviceColumn(v *page.View) column {
	// A name goes before all that says how something went: it is cut last.
	least := max(12, min(p.widest, v.Width/4))
	return column{Column: widget.Column{Name: "  SERVICE", Flex: true, Min: least}, By: list.Words(func(r *row) string { return r.service.Name }), Cell: func(r *row) []widget.Span {
		s := r.service
		sign, tone := theme.Mark(s.Status)
		name := theme.Plain
		if s.Status == fleet.Down {
			name = theme.Strong
		}
		if r.victim {
			return []widget.Span{{Text: "└ ", Tone: theme.Rule}, {Text: sign + " ", Tone: tone}, {Text: s.Name, Tone: name}}
		}
		return []widget.Span{{Text: sign + " ", Tone: tone}, {Text: s.Name, Tone: name}}
	}}
}

// measured are the columns of numbers, each with how it went.
func measured(v *page.View) []column {
	number := func(name string, leave, least int, of func(*fleet.Traffic) float64, text func(*fleet.Traffic) (string, theme.Tone)) column {
		return column{Column: widget.Column{Name: name, Right: true, Leave: leave, Min: least}, Cell: func(r *row) []widget.Span {
			s, tone := text(&r.numbers)
			return []widget.Span{{Text: s, Tone: tone}}
		}, By: list.Most(func(r *row) float64 { return of(&r.numbers) })}
	}
	var buf [sparkWidth]float64
	spark := func(leave int, of history.Number) column {
		return column{Column: widget.Column{Leave: leave, Min: sparkWidth}, Cell: func(r *row) []widget.Span {
			l := v.History.Of(r.service.Ref)
			if l == nil {
				return nil
			}
			return []widget.Span{{Text: widget.Spark(v.Theme, l.Last(of, buf[:]), sparkWidth), Tone: theme.Trend}}
		}}
	}
	return []column{
		number("RATE", 3, 6, func(t *fleet.Traffic) float64 { return t.Rate }, func(t *fleet.Traffic) (string, theme.Tone) { return page.Rate(t.Rate), page.NumberTone(t.Rate) }),
		spark(11, history.Rate),
		number("ERR", 2, 4, func(t *fleet.Traffic) float64 { return t.Errors }, func(t *fleet.Traffic) (string, theme.Tone) { return page.Share(t.Errors), page.ErrorTone(t.Errors) }),
		spark(13, history.Errors),
		number("P99", 3, 6, func(t *fleet.Traffic) float64 { return t.P99 }, func(t *fleet.Traffic) (string, theme.Tone) { return page.P99(t), page.NumberTone(t.P99) }),
		spark(12, history.P99),
	}
}
