// Package sources is the page of the registries: how old what they said is, what
// went wrong, and what to do about it.
package sources

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// key names a source.
type key struct{ context, name string }

// Page lists sources.
type Page struct {
	list page.List[key]
	of   *fleet.Snapshot
	rows []*fleet.SourceView
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

// Notes are none.
func (p *Page) Notes(*page.View) []string { return nil }

// Keys move the cursor.
func (p *Page) Keys() []page.Binding { return p.list.Motion() }

// See takes the sources there are, in the order of the configuration.
func (p *Page) See(v *page.View) {
	p.of, p.rows, p.list.Keys = v.Snapshot, p.rows[:0], p.list.Keys[:0]
	for i := range p.of.Sources {
		s := &p.of.Sources[i]
		if v.Unwell && well(s) {
			continue
		}
		p.rows, p.list.Keys = append(p.rows, s), append(p.list.Keys, key{s.Context, s.Name})
	}
	p.list.Settle(v, len(p.foot))
	if p.foot = nil; len(p.rows) > 0 {
		p.foot = p.about(v, p.rows[p.list.Cursor.Row])
	}
	p.list.Settle(v, len(p.foot))
}

func well(s *fleet.SourceView) bool {
	return s.Reason == "" && len(s.Warnings) == 0 && s.Vantage == ""
}

// about is what is known of one: its fault, what to do, its warnings.
func (p *Page) about(v *page.View, s *fleet.SourceView) []widget.Line {
	row := func(name, text string, tone theme.Tone) widget.Line {
		return widget.Line{Left: []widget.Span{{Text: fmt.Sprintf("   %-10s ", name), Tone: theme.Dim}, {Text: text, Tone: tone}}}
	}
	lines := []widget.Line{widget.Text(theme.Strong, " "+s.Name), row("url", s.URL, theme.Plain)}
	if s.Reason != "" {
		lines = append(lines, row("fault", string(s.Reason)+": "+s.Detail, theme.Bad), row("since", v.Clock(s.Since)+", its last set is kept", theme.Plain))
		if s.Hint != "" {
			lines = append(lines, row("hint", s.Hint, theme.Plain))
		}
	}
	if s.Vantage != "" {
		lines = append(lines, row("vantage", s.Vantage, theme.Doubt))
	}
	for i := range s.Warnings {
		lines = append(lines, row("warning", s.Warnings[i].Where+": "+s.Warnings[i].Detail, theme.Warn))
	}
	return lines
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
	columns := p.columns()
	return p.list.Draw(v, page.Plain(columns), func(i int) [][]widget.Span { return page.Cells(columns, p.rows[i]) }, func() []widget.Line { return p.foot })
}

func (p *Page) columns() []page.Column[*fleet.SourceView] {
	text := func(c widget.Column, say func(*fleet.SourceView) (string, theme.Tone)) page.Column[*fleet.SourceView] {
		return page.Column[*fleet.SourceView]{Column: c, Cell: func(s *fleet.SourceView) []widget.Span {
			text, tone := say(s)
			return []widget.Span{{Text: text, Tone: tone}}
		}}
	}
	count := func(n int) (string, theme.Tone) { return strconv.Itoa(n), theme.Plain }
	all := []page.Column[*fleet.SourceView]{
		{Column: widget.Column{Name: "  SOURCE", Flex: true, Min: 10}, Cell: func(s *fleet.SourceView) []widget.Span {
			if s.Reason != "" {
				return []widget.Span{{Text: "✗ ", Tone: theme.Bad}, {Text: s.Name}}
			}
			return []widget.Span{{Text: "✓ ", Tone: theme.Good}, {Text: s.Name}}
		}},
		text(widget.Column{Name: "STATE", Flex: true, Min: 7}, func(s *fleet.SourceView) (string, theme.Tone) {
			if s.Reason != "" {
				return string(s.Reason), theme.Bad
			}
			return "answers", theme.Good
		}),
		text(widget.Column{Name: "AGE", Right: true, Leave: 1, Min: 6}, func(s *fleet.SourceView) (string, theme.Tone) {
			if s.AsOf.IsZero() {
				return "never", theme.Bad
			}
			return plain.Duration(max(0, p.of.At.Sub(s.AsOf))), theme.Plain
		}),
		text(widget.Column{Name: "SERVICES", Right: true, Leave: 3}, func(s *fleet.SourceView) (string, theme.Tone) { return count(s.Services) }),
		text(widget.Column{Name: "INSTANCES", Right: true, Leave: 2}, func(s *fleet.SourceView) (string, theme.Tone) { return count(s.Instances) }),
		text(widget.Column{Name: "WARNINGS", Right: true, Leave: 4}, func(s *fleet.SourceView) (string, theme.Tone) {
			if len(s.Warnings) == 0 {
				return "–", theme.Dim
			}
			return strconv.Itoa(len(s.Warnings)), theme.Warn
		}),
		text(widget.Column{Name: "URL", Leave: 6, Flex: true, Min: 16}, func(s *fleet.SourceView) (string, theme.Tone) { return s.URL, theme.Dim }),
	}
	if slices.ContainsFunc(p.rows, func(s *fleet.SourceView) bool { return s.Context != p.rows[0].Context }) {
		all = append(all, text(widget.Column{Name: "CONTEXT", Leave: 5, Flex: true, Min: 6}, func(s *fleet.SourceView) (string, theme.Tone) { return s.Context, theme.Dim }))
	}
	return all
}
