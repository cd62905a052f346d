package service

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Draw draws the instances that are seen, and what is around them.
func (p *Page) Draw(v *page.View) []widget.Line {
	switch {
	case p.of == nil:
		return page.Middle(v, p.ref.Name+" is not here any more", "esc goes back")
	case len(p.in) == 0:
		return p.empty(v)
	}
	columns, cells := p.table()
	return p.list.Draw(v, columns, cells, func() []widget.Line {
		if v.Whole {
			return p.foot // the whole is about no row
		}
		return p.below(v)
	})
}

// empty says why there are no rows, above what is around the service.
func (p *Page) empty(v *page.View) []widget.Line {
	top := p.list.Foot(v)
	switch {
	case v.Whole:
		return append(page.Middle(v, p.nothing(v)...), p.foot...)
	case top < 0:
		return page.Middle(v, p.nothing(v)...)
	}
	lines := page.Middle(&page.View{Width: v.Width, Height: top, Theme: v.Theme}, p.nothing(v)...)
	for len(lines) <= top { // the instance of the cursor, which is none, has a line
		lines = append(lines, widget.Blank())
	}
	return append(lines, p.foot[:min(len(p.foot), v.Height-len(lines))]...)
}

// table is the columns, and the cells of a row.
func (p *Page) table() ([]widget.Column, func(i int) [][]widget.Span) {
	columns := columns(p.in)
	return list.Plain(columns), func(i int) [][]widget.Span { return list.Cells(columns, p.in[i]) }
}

// below is the instance of the cursor in words, and what is around the service.
func (p *Page) below(v *page.View) []widget.Line {
	if p.gone && len(p.foot) > 1 && v.Height-p.list.Foot(v) < 3 { // that is said, whatever there is no room for
		return p.foot[1:]
	}
	if key, ok := p.list.Cursor.Key(); ok && p.list.Cursor.Gone() {
		if in := p.instance(key); in != nil {
			return append([]widget.Line{page.Hidden(key.Instance, in.Status)}, p.foot...)
		}
		return append([]widget.Line{since(v, key.Instance, v.History.Life(key))}, p.foot...)
	}
	in := p.in[p.list.Cursor.Row]
	return append([]widget.Line{page.About(in.Key.Instance, in.Status, in.Why, in.Addr)}, p.foot...)
}

// instance is one of those the service has, whether it is shown or not; nil where it
// has gone.
func (p *Page) instance(key fleet.Key) *fleet.InstanceView {
	at := slices.IndexFunc(p.of.Instances, func(in fleet.InstanceView) bool { return in.Key == key })
	if at < 0 {
		return nil
	}
	return &p.of.Instances[at]
}

// matching is how many instances the filter means, whether they are shown or not.
func (p *Page) matching() (n int) {
	for i := range p.of.Instances {
		if p.filter.Instance(p.of, &p.of.Instances[i]) {
			n++
		}
	}
	return n
}

func (p *Page) nothing(v *page.View) []string {
	switch {
	case len(p.of.Instances) == 0:
		return []string{p.ref.Name + " is registered and has no instance.", "esc goes back"}
	case p.filter.Text != "" && v.Unwell && p.matching() > 0:
		return []string{fmt.Sprintf("✓ All that match %s are up: %d.", p.filter.Text, p.matching()), "ctrl-z shows them"}
	case p.filter.Text != "":
		return []string{"No instance matches " + p.filter.Text, "/ changes the filter"}
	}
	return []string{"✓ All of them are up.", "ctrl-z shows them"}
}

type column = list.Column[*fleet.InstanceView]

func columns(in []*fleet.InstanceView) []column {
	all := []column{
		{Column: widget.Column{Name: "  INSTANCE", Flex: true, Min: 12}, By: list.Words(func(in *fleet.InstanceView) string { return in.Key.Instance }), Cell: func(in *fleet.InstanceView) []widget.Span {
			sign, tone := theme.Mark(in.Status)
			return []widget.Span{{Text: sign + " ", Tone: tone}, {Text: in.Key.Instance}}
		}},
		{Column: widget.Column{Name: "STATUS", Leave: 2, Min: 8}, By: list.Worst(func(in *fleet.InstanceView) int { return page.Badness(in.Status) }), Cell: func(in *fleet.InstanceView) []widget.Span {
			_, tone := theme.Mark(in.Status)
			return []widget.Span{{Text: cmp.Or(in.Status.String(), "unknown"), Tone: tone}}
		}},
		number("RATE", 5, 5, func(t *fleet.Traffic) float64 { return t.Rate }, func(t *fleet.Traffic) (string, theme.Tone) { return page.Rate(t.Rate), page.NumberTone(t.Rate) }),
		number("ERR", 3, 4, func(t *fleet.Traffic) float64 { return t.Errors }, func(t *fleet.Traffic) (string, theme.Tone) { return page.Share(t.Errors), page.ErrorTone(t.Errors) }),
		number("P99", 4, 6, func(t *fleet.Traffic) float64 { return t.P99 }, func(t *fleet.Traffic) (string, theme.Tone) { return page.P99(t), page.NumberTone(t.P99) }),
		{Column: widget.Column{Name: "BREAKERS", Leave: 7}, By: list.Worst(func(in *fleet.InstanceView) int { return page.BreakerRank(*in) }), Cell: breakersOf},
		text("VERSION", 6, 7, theme.Dim, func(in *fleet.InstanceView) string { return in.Version }),
		text("ZONE", 8, 4, theme.Dim, func(in *fleet.InstanceView) string { return in.Zone }),
		text("ADDRESS", 10, 15, theme.Dim, func(in *fleet.InstanceView) string { return in.Addr }),
	}
	all[6].By = list.Versions(func(in *fleet.InstanceView) string { return in.Version })
	has := func(what func(*fleet.InstanceView) bool) bool { return slices.ContainsFunc(in, what) }
	if has(func(in *fleet.InstanceView) bool { return in.Why.Detail != "" }) {
		all = append(all, text("WHY", 9, 20, theme.Plain, func(in *fleet.InstanceView) string { return in.Why.Detail }))
	}
	return append(all, further(has)...)
}

// further are the columns that have their place where all others have theirs, or
// where they are asked for, and of which there is something to show.
func further(has func(what func(*fleet.InstanceView) bool) bool) (all []column) {
	if has(func(in *fleet.InstanceView) bool { return in.Claimed != nil }) {
		claimed := func(in *fleet.InstanceView) string {
			if in.Claimed == nil {
				return "–"
			}
			return in.Claimed.String()
		}
		all = append(all, wide(text("CLAIMED", 14, 7, theme.Dim, claimed)))
	}
	if has(func(in *fleet.InstanceView) bool { return in.Weight != 0 }) {
		weight := column{Column: widget.Column{Name: "WEIGHT", Right: true, Leave: 16, Wide: true}, By: list.Most(func(in *fleet.InstanceView) float64 { return float64(in.Weight) })}
		weight.Cell = func(in *fleet.InstanceView) []widget.Span {
			return []widget.Span{{Text: strconv.Itoa(in.Weight), Tone: theme.Dim}}
		}
		all = append(all, weight)
	}
	if has(func(in *fleet.InstanceView) bool { return len(in.Labels) > 0 }) {
		all = append(all, wide(text("LABELS", 15, 8, theme.Dim, func(in *fleet.InstanceView) string { return page.Labels(in.Labels) })))
	}
	return all
}

// wide is a column that one asks for with the wide ones.
func wide(c column) column {
	c.Wide = true
	return c
}

// text is a column of text that can be cut.
func text(name string, leave, least int, tone theme.Tone, field func(*fleet.InstanceView) string) column {
	return column{Column: widget.Column{Name: name, Leave: leave, Flex: true, Min: least}, Cell: func(in *fleet.InstanceView) []widget.Span {
		return []widget.Span{{Text: field(in), Tone: tone}}
	}, By: list.Words(field)}
}

// number is a column of what was measured.
func number(name string, leave, least int, of func(*fleet.Traffic) float64, text func(*fleet.Traffic) (string, theme.Tone)) column {
	return column{Column: widget.Column{Name: name, Right: true, Leave: leave, Min: least}, Cell: func(in *fleet.InstanceView) []widget.Span {
		t := page.Traffic(in.Traffic)
		s, tone := text(&t)
		return []widget.Span{{Text: s, Tone: tone}}
	}, By: list.Most(func(in *fleet.InstanceView) float64 {
		t := page.Traffic(in.Traffic)
		return of(&t)
	})}
}

// breakersOf is how an instance's breakers stand, or why that is not known.
func breakersOf(in *fleet.InstanceView) []widget.Span {
	one := fleet.ServiceView{Instances: []fleet.InstanceView{*in}}
	text, tone := page.OpenBreakers(&one)
	if in.BreakersWhy.Reason != "" {
		text, tone = "? "+string(in.BreakersWhy.Reason), theme.Doubt
	}
	return []widget.Span{{Text: text, Tone: tone}}
}
