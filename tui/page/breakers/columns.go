package breakers

import (
	"cmp"
	"fmt"
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

type column = list.Column[*group]

// table is the columns, and the cells of a row.
func (p *Page) table(v *page.View) ([]widget.Column, func(i int) [][]widget.Span) {
	columns := p.columns(v)
	return list.Plain(columns), func(i int) [][]widget.Span { return list.Cells(columns, p.rows[i]) }
}

func (p *Page) columns(v *page.View) []column {
	all := []column{
		{Column: widget.Column{Name: "  SERVICE", Flex: true, Min: 10}, By: list.Words(func(g *group) string { return g.ref.Name }), Cell: func(g *group) []widget.Span {
			sign := map[theme.Tone]string{theme.Good: "✓ ", theme.Warn: "! ", theme.Bad: "✗ ", theme.Doubt: "? "}[theme.Breaker(g.worst)]
			return []widget.Span{{Text: sign, Tone: theme.Breaker(g.worst)}, {Text: g.ref.Name}}
		}},
		{Column: widget.Column{Name: "BREAKER", Flex: true, Min: 8}, By: list.Words(func(g *group) string { return g.name }), Cell: func(g *group) []widget.Span { return []widget.Span{{Text: g.name}} }},
	}
	all = append(all, p.where()...)
	all = append(all,
		text(widget.Column{Name: "STATE", Min: 6}, list.Worst(func(g *group) int { return g.worst.Rank() }), func(g *group) (string, theme.Tone) { return g.worst.Words(), theme.Breaker(g.worst) }),
		text(widget.Column{Name: "INSTANCES", Leave: 2, Min: 6}, list.Most(func(g *group) float64 { return float64(g.in) }), func(g *group) (string, theme.Tone) {
			if g.all == 1 {
				return "1", theme.Plain
			}
			return fmt.Sprintf("%d of %d", g.in, g.all), theme.Plain
		}),
		share("FAIL", 1, func(g *group) float64 { return g.failures }),
		share("SLOW", 5, func(g *group) float64 { return g.slow }),
		text(widget.Column{Name: "REJECTED", Right: true, Leave: 4, Min: 6}, list.Most(func(g *group) float64 { return counted(g.rejected) }), func(g *group) (string, theme.Tone) {
			if g.rejected < 0 {
				return page.None, theme.Dim
			}
			return strconv.FormatInt(g.rejected, 10), theme.Plain
		}),
		text(widget.Column{Name: "SINCE", Right: true, Leave: 3, Min: 6}, list.Longest(func(g *group) time.Time { return g.since }), func(g *group) (string, theme.Tone) {
			if g.since.IsZero() {
				return "–", theme.Dim
			}
			return plain.Duration(max(0, p.now.Sub(g.since)).Truncate(time.Second)), theme.Plain
		}),
		text(widget.Column{Name: "HELD BY", Leave: 6, Min: 8, Flex: true}, list.Words(func(g *group) string { who, _ := held(v, g); return who }), func(g *group) (string, theme.Tone) { return held(v, g) }),
	)
	further := func(name string, leave int, of func(*group) string) {
		if slices.ContainsFunc(p.rows, func(g *group) bool { return of(g) != "" }) {
			all = append(all, words(widget.Column{Name: name, Leave: leave, Min: 8, Flex: true, Wide: true}, of))
		}
	}
	further("READ BY", 12, func(g *group) string { return g.api })
	further("NOTE", 13, func(g *group) string { return g.note })
	return all
}

// where are the columns that tell services of one name apart.
func (p *Page) where() (all []column) {
	if p.apart.Contexts {
		all = append(all, words(widget.Column{Name: "CONTEXT", Leave: 7, Min: 7, Flex: true}, func(g *group) string { return g.ref.Context }))
	}
	if p.apart.Sources {
		all = append(all, words(widget.Column{Name: "SOURCE", Leave: 11, Min: 6, Flex: true, Wide: true}, func(g *group) string { return g.ref.Source }))
	}
	if p.apart.Namespaces {
		all = append(all, words(widget.Column{Name: "NAMESPACE", Leave: 8, Min: 8, Flex: true}, func(g *group) string { return g.ref.Namespace }))
	}
	return all
}

// counted is a count as a number; below 0 it is none.
func counted(n int64) float64 {
	if n < 0 {
		return math.NaN()
	}
	return float64(n)
}

// held is who put it where it is.
func held(v *page.View, g *group) (string, theme.Tone) {
	switch {
	case g.hold.By != "":
		return page.Held(v, g.hold), theme.Warn
	case g.worst == fleet.BreakerForcedOpen || g.worst == fleet.BreakerDisabled:
		return "someone else", theme.Warn
	}
	return cmp.Or(g.word, "itself"), theme.Dim
}

func text(c widget.Column, by list.Order[*group], say func(*group) (string, theme.Tone)) column {
	return column{Column: c, By: by, Cell: func(g *group) []widget.Span {
		s, tone := say(g)
		return []widget.Span{{Text: s, Tone: tone}}
	}}
}

// words is a column of one text.
func words(c widget.Column, of func(*group) string) column {
	return text(c, list.Words(of), func(g *group) (string, theme.Tone) { return of(g), theme.Dim })
}

// share is a column of shares of calls.
func share(name string, leave int, of func(*group) float64) column {
	return text(widget.Column{Name: name, Right: true, Leave: leave, Min: 4}, list.Most(of), func(g *group) (string, theme.Tone) { return page.Share(of(g)), page.NumberTone(of(g)) })
}
