package fleet

import (
	"cmp"
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// sparkWidth is how many of the last passes a sparkline has.
const sparkWidth = 10

// seen is a row, and what it is of.
type seen struct {
	row
	service *fleet.ServiceView
	numbers fleet.Traffic
}

type column = page.Column[*seen]

// Draw draws the rows that are seen, and what is wrong with the one of the
// cursor.
func (p *Page) Draw(v *page.View) []widget.Line {
	switch {
	case p.of == nil:
		return nil
	case len(p.rows) == 0:
		return page.Middle(v, p.nothing(v)...)
	}
	columns := p.columns(v)
	return p.list.Draw(v, page.Plain(columns), func(i int) [][]widget.Span {
		s := &p.of.Services[p.rows[i].at]
		return page.Cells(columns, &seen{p.rows[i], s, page.Traffic(s.Traffic)})
	}, p.about)
}

// nothing says why no row is there.
func (p *Page) nothing(v *page.View) []string {
	switch {
	case len(p.of.Services) == 0:
		return []string{"No service is registered.", ":sources says what the registries answer"}
	case p.filter.Text != "":
		return []string{"No service matches " + p.filter.Text, "/ changes the filter"}
	case v.Unwell:
		return []string{fmt.Sprint("✓ All ", len(p.of.Services), " services are up."), "ctrl-z shows them"}
	}
	return nil
}

// about is the service of the cursor in words.
func (p *Page) about() []widget.Line {
	if ref, ok := p.list.Cursor.Key(); ok && p.list.Cursor.Gone() {
		return []widget.Line{page.Gone(ref.Name)}
	}
	s := &p.of.Services[p.rows[p.list.Cursor.Row].at]
	return []widget.Line{page.About(s.Name, s.Status, s.Why, fmt.Sprintf("%d of %d serve", s.Serving, len(s.Instances)))}
}

func (p *Page) columns(v *page.View) []column {
	c := []column{p.serviceColumn()}
	text := func(name string, leave int, field func(*fleet.ServiceView) string) column {
		return column{Column: widget.Column{Name: name, Leave: leave, Flex: true, Min: min(len(name), 8)}, Cell: func(r *seen) []widget.Span {
			return []widget.Span{{Text: field(r.service), Tone: theme.Dim}}
		}}
	}
	if p.names.contexts {
		c = append(c, text("CONTEXT", 5, func(s *fleet.ServiceView) string { return s.Context }))
	}
	if p.names.sources {
		c = append(c, text("SOURCE", 12, func(s *fleet.ServiceView) string { return s.Source }))
	}
	if p.names.namespaces {
		c = append(c, text("NAMESPACE", 6, func(s *fleet.ServiceView) string { return s.Namespace }))
	}
	c = append(c, column{Column: widget.Column{Name: "STATUS", Leave: 9, Min: 8}, Cell: func(r *seen) []widget.Span {
		_, tone := theme.Mark(r.service.Status)
		return []widget.Span{{Text: cmp.Or(r.service.Status.String(), "unknown"), Tone: tone}}
	}}, column{Column: widget.Column{Name: "INSTANCES", Leave: 1}, Cell: func(r *seen) []widget.Span {
		return page.Bar(r.service)
	}})
	c = append(c, measured(v)...)
	c = append(c, column{Column: widget.Column{Name: "BREAKERS", Leave: 4}, Cell: func(r *seen) []widget.Span {
		text, tone := page.OpenBreakers(r.service)
		return []widget.Span{{Text: text, Tone: tone}}
	}})
	versions := text("VERSIONS", 7, func(s *fleet.ServiceView) string {
		return page.Tally(s.Instances, func(in *fleet.InstanceView) string { return in.Version })
	})
	zones := text("ZONES", 14, func(s *fleet.ServiceView) string {
		return page.Tally(s.Instances, func(in *fleet.InstanceView) string { return in.Zone })
	})
	if v.Wide {
		zones.Leave = 8
	}
	why := column{Column: widget.Column{Name: "WHY", Leave: 15, Flex: true, Min: 24}, Cell: func(r *seen) []widget.Span {
		return []widget.Span{{Text: r.service.Why.Detail, Tone: theme.Dim}}
	}}
	return append(c, versions, zones, why)
}

// serviceColumn is sign and name; a victim hangs below its cause.
func (p *Page) serviceColumn() column {
	return column{Column: widget.Column{Name: "  SERVICE", Flex: true, Min: 12}, Cell: func(r *seen) []widget.Span {
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
	number := func(name string, leave, least int, text func(*fleet.Traffic) (string, theme.Tone)) column {
		return column{Column: widget.Column{Name: name, Right: true, Leave: leave, Min: least}, Cell: func(r *seen) []widget.Span {
			s, tone := text(&r.numbers)
			return []widget.Span{{Text: s, Tone: tone}}
		}}
	}
	var buf [sparkWidth]float64
	spark := func(leave int, of history.Number) column {
		c := column{Column: widget.Column{Leave: leave, Min: sparkWidth}, Cell: func(r *seen) []widget.Span {
			l := v.History.Of(r.service.Ref)
			if l == nil {
				return nil
			}
			return []widget.Span{{Text: widget.Spark(v.Theme, l.Last(of, buf[:]), sparkWidth), Tone: theme.Accent}}
		}}
		if v.Wide {
			c.Leave = min(c.Leave, 10)
		}
		return c
	}
	return []column{
		number("RATE", 3, 6, func(t *fleet.Traffic) (string, theme.Tone) { return page.Rate(t.Rate), page.NumberTone(t.Rate) }),
		spark(11, history.Rate),
		number("ERR", 2, 4, func(t *fleet.Traffic) (string, theme.Tone) { return page.Share(t.Errors), page.ErrorTone(t.Errors) }),
		spark(13, history.Errors),
		number("P99", 3, 6, func(t *fleet.Traffic) (string, theme.Tone) { return page.P99(t), page.NumberTone(t.P99) }),
		spark(12, history.P99),
	}
}
