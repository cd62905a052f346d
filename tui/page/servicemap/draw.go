package servicemap

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

type column = list.Column[*row]

// footLines stand below the rows: the service of the cursor, the call that leads to
// it, and the way there.
const footLines = 3

// Draw draws the rows that are seen, and what the cursor is on in words.
func (p *Page) Draw(v *page.View) []widget.Line {
	switch {
	case p.of == nil:
		return nil
	case len(p.rows) == 0:
		return page.Middle(v, p.nothing(v)...)
	}
	columns, cells := p.table(v)
	return p.list.Draw(v, columns, cells, func() []widget.Line { return p.foot(v) })
}

// nothing says why no row is there.
func (p *Page) nothing(v *page.View) []string {
	switch {
	case len(p.of.Services) == 0:
		return page.Unserved(p.of)
	case p.about != (fleet.Ref{}) && page.FindService(p.of, p.about) == nil:
		return []string{p.about.Name + " is not here any more", "esc goes back"}
	case p.filter.Text != "":
		return []string{"No service matches " + p.filter.Text, "/ changes the filter"}
	case v.Unwell:
		return []string{"✓ No way leads to what is not up.", "ctrl-z shows all"}
	}
	return nil
}

// table is the columns, and the cells of a row.
func (p *Page) table(v *page.View) ([]widget.Column, func(i int) [][]widget.Span) {
	columns := p.columns(v)
	return list.Plain(columns), func(i int) [][]widget.Span { return list.Cells(columns, &p.rows[i]) }
}

func (p *Page) columns(v *page.View) []column {
	levels := max(3, v.Width/12)
	all := []column{{Column: widget.Column{Name: "  SERVICE", Flex: true, Min: 16}, Cell: func(r *row) []widget.Span { return p.name(r, levels) }}}
	where := func(shown bool, c widget.Column, of func(fleet.Ref) string) {
		if shown {
			all = append(all, text(c, func(r *row) (string, theme.Tone) { return of(r.to), theme.Dim }))
		}
	}
	where(p.apart.Contexts, widget.Column{Name: "CONTEXT", Leave: 4, Min: 7, Flex: true}, func(r fleet.Ref) string { return r.Context })
	where(p.apart.Sources, widget.Column{Name: "SOURCE", Leave: 12, Min: 6, Flex: true, Wide: true}, func(r fleet.Ref) string { return r.Source })
	where(p.apart.Namespaces, widget.Column{Name: "NAMESPACE", Leave: 5, Min: 8, Flex: true}, func(r fleet.Ref) string { return r.Namespace })
	all = append(all,
		text(widget.Column{Name: "STATUS", Min: 8}, status),
		text(widget.Column{Name: "KNOWN BY", Leave: 1, Min: 14, Flex: true}, knownBy),
		text(widget.Column{Name: "FAIL", Right: true, Leave: 2, Min: 4}, failures),
		text(widget.Column{Name: "REJECTED", Right: true, Leave: 6, Min: 6}, rejected),
		text(widget.Column{Name: "RATE", Right: true, Leave: 8, Min: 5}, measured(func(t *fleet.Traffic) (string, theme.Tone) { return page.Rate(t.Rate), page.NumberTone(t.Rate) })),
		text(widget.Column{Name: "ERR", Right: true, Leave: 7, Min: 4}, measured(func(t *fleet.Traffic) (string, theme.Tone) { return page.Share(t.Errors), page.ErrorTone(t.Errors) })),
	)
	if p.whys {
		all = append(all, text(widget.Column{Name: "WHY", Leave: 11, Min: 24, Flex: true, Wide: true}, why))
	}
	return all
}

func text(c widget.Column, say func(*row) (string, theme.Tone)) column {
	return column{Column: c, Cell: func(r *row) []widget.Span {
		s, tone := say(r)
		return []widget.Span{{Text: s, Tone: tone}}
	}}
}

// name is the lines that lead to a row, and what it is.
func (p *Page) name(r *row, levels int) []widget.Span {
	spans := append(make([]widget.Span, 0, levels+4), p.lines(r, levels)...)
	switch {
	case r.heading:
		return append(spans, widget.Span{Text: heading(r.together), Tone: theme.Dim})
	case r.service == nil:
		return append(spans, widget.Span{Text: "? ", Tone: theme.Dim}, widget.Span{Text: r.outside, Tone: theme.Dim})
	}
	sign, mark := theme.Mark(r.service.Status)
	spans = append(spans, widget.Span{Text: sign + " ", Tone: mark})
	if a := r.again.sign(); a != "" {
		spans = append(spans, widget.Span{Text: a, Tone: theme.Dim})
	}
	name := theme.Plain
	switch {
	case r.found:
		name = theme.Accent
	case r.unwell || r.cause:
		name = theme.Strong
	}
	return append(spans, widget.Span{Text: r.to.Name, Tone: name})
}

func heading(n int) string {
	if n == 1 {
		return "1 without known calls"
	}
	return fmt.Sprint(n, " without known calls")
}

// sign stands before a service that is in full elsewhere.
func (a again) sign() string {
	switch a {
	case above:
		return "↑ "
	case inCycle:
		return "↻ "
	case inFull:
	}
	return ""
}

// tone is how bad a call is.
func tone(r *row) theme.Tone {
	switch {
	case !r.unwell:
		return theme.Rule
	case r.call.Refuses():
		return theme.Bad
	}
	_, tone := theme.Mark(r.service.Status)
	return tone
}

// lines are the lines that lead to a row: heavy ones to what is not well. Where it
// is deeper than there are levels, the first ones are left out.
func (p *Page) lines(r *row, levels int) []widget.Span {
	if r.depth == 0 {
		return nil
	}
	shown := min(r.depth, levels)
	spans := make([]widget.Span, shown)
	spans[shown-1] = widget.Span{Text: branch(r), Tone: tone(r)}
	up := r
	for n := shown - 2; n >= 0; n-- {
		up = &p.rows[up.caller]
		spans[n] = trunk(up)
	}
	if shown < r.depth {
		spans[0] = widget.Span{Text: "…  ", Tone: theme.Dim}
	}
	return spans
}

func branch(r *row) string {
	switch {
	case r.after == ends && r.unwell:
		return "┗━ "
	case r.after == ends:
		return "└─ "
	case r.after == goesOnUnwell:
		return "┣━ "
	case r.unwell:
		return "┡━ "
	}
	return "├─ "
}

// trunk is the line beside what is below a row.
func trunk(r *row) widget.Span {
	switch r.after {
	case goesOn:
		return widget.Span{Text: "│  ", Tone: theme.Rule}
	case goesOnUnwell:
		return widget.Span{Text: "┃  ", Tone: theme.Warn}
	case ends:
	}
	return widget.Span{Text: "   "}
}

func status(r *row) (string, theme.Tone) {
	switch {
	case r.heading:
		return "", theme.Plain
	case r.service == nil && r.call.Why != "":
		return "unclear", theme.Doubt
	case r.service == nil:
		return "outside", theme.Dim
	}
	_, tone := theme.Mark(r.service.Status)
	word := cmp.Or(r.service.Status.String(), "unknown")
	if r.cause {
		word += ", cause"
	}
	return word, tone
}

// knownBy is how a call is known; a breaker that is not closed stands first.
func knownBy(r *row) (string, theme.Tone) {
	if r.call == nil {
		return absent(r)
	}
	b := r.call.Worst()
	if b == nil {
		return "declared", theme.Dim
	}
	text, tone := "breaker "+b.State.Words(), theme.Dim
	if b.In < b.Of {
		text += fmt.Sprintf(" on %d of %d", b.In, b.Of)
	}
	switch {
	case b.State != fleet.BreakerClosed:
		tone = theme.Breaker(b.State)
		if r.call.Declared {
			text += ", declared"
		}
	case r.call.Declared:
		text = "declared, " + text
	}
	return text, tone
}

// absent stands where there cannot be anything.
func absent(r *row) (string, theme.Tone) {
	if r.heading {
		return "", theme.Plain
	}
	return "–", theme.Dim
}

// failures are those that the breakers of a call count.
func failures(r *row) (string, theme.Tone) {
	n, guarded := math.NaN(), false
	if r.call != nil {
		for _, b := range r.call.Breakers {
			if guarded = true; math.IsNaN(n) || b.Failures > n {
				n = b.Failures
			}
		}
	}
	if !guarded {
		return absent(r)
	}
	return page.Share(n), page.ErrorTone(n)
}

func rejected(r *row) (string, theme.Tone) {
	if r.call == nil || len(r.call.Breakers) == 0 {
		return absent(r)
	}
	n := int64(-1)
	for _, b := range r.call.Breakers {
		if b.Rejected >= 0 {
			n = max(n, 0) + b.Rejected
		}
	}
	if n < 0 {
		return page.None, theme.Dim
	}
	return strconv.FormatInt(n, 10), theme.Plain
}

// measured is a number of the service itself, whoever calls it; it stands where the
// service is in full.
func measured(say func(*fleet.Traffic) (string, theme.Tone)) func(*row) (string, theme.Tone) {
	return func(r *row) (string, theme.Tone) {
		if r.service == nil || r.again != inFull {
			return "", theme.Plain
		}
		t := page.Traffic(r.service.Traffic)
		return say(&t)
	}
}

func why(r *row) (string, theme.Tone) {
	if r.service == nil || r.again != inFull {
		return "", theme.Plain
	}
	return r.service.Why.Detail, theme.Plain
}
