// Package breakers is the page of all circuit breakers, by the service that owns
// them, and what became of them.
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
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// key is a breaker of a service, on all of its instances.
type key struct {
	ref  fleet.Ref
	name string
}

// group is what the instances say of it.
type group struct {
	key
	worst          fleet.BreakerState
	in, all        int     // instances in the worst state, and with the breaker
	failures, slow float64 // the greatest; NaN where nobody gives one
	rejected       int64   // together; below 0 where nobody counts
	since          time.Time
	hold           fleet.Hold
	word           string // the far side's own, of a state that is none of ours
}

// Page lists breakers.
type Page struct {
	list   page.List[key]
	filter page.Filter
	rows   []group
	hidden int
	unread int // instances whose breakers could not be read
	now    time.Time
}

// New returns the page.
func New() *Page { return &Page{} }

// Place is the page of breakers.
func (p *Page) Place() page.Place { return page.Place{Kind: page.Breakers} }

// Rows are the breakers that are shown.
func (p *Page) Rows() ([]page.Place, int) {
	return p.list.Rows(func(k key) page.Place {
		return page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: k.ref}, Item: k.name}
	})
}

// Aim puts the cursor on a breaker.
func (p *Page) Aim(at page.Place) { p.list.Cursor.On(key{at.Key.Ref, at.Item}) }

// Filter is the words of the filter.
func (p *Page) Filter() string { return p.filter.Text }

// SetFilter takes words: every one has to be in the service's name, the breaker's
// or the state.
func (p *Page) SetFilter(text string) error {
	p.filter = page.Filter{Text: text}
	return nil
}

// Notes say how much is not shown.
func (p *Page) Notes(*page.View) []string {
	var notes []string
	if p.unread > 0 {
		notes = append(notes, fmt.Sprint("not read on ", p.unread))
	}
	if p.hidden > 0 {
		notes = append(notes, fmt.Sprint(p.hidden, " hidden"))
	}
	return notes
}

// Keys are the page's own.
func (p *Page) Keys() []page.Binding {
	return append([]page.Binding{{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "its service", Do: func(*page.View) page.Intent {
		k, ok := p.list.Current()
		if !ok {
			return nil
		}
		return page.Open{Place: page.Place{Kind: page.Service, Key: fleet.Key{Ref: k.ref}}}
	}}}, p.list.Motion()...)
}

// rank is how bad a state is.
func rank(s fleet.BreakerState) int {
	return slices.Index([]fleet.BreakerState{
		fleet.BreakerClosed, fleet.BreakerMetricsOnly, fleet.BreakerDisabled, fleet.BreakerUnknown, fleet.BreakerHalfOpen, fleet.BreakerForcedOpen, fleet.BreakerOpen,
	}, s)
}

// See groups what the snapshot has, worst first.
func (p *Page) See(v *page.View) {
	p.rows, p.list.Keys, p.hidden, p.unread, p.now = p.rows[:0], p.list.Keys[:0], 0, 0, v.Snapshot.At
	for i := range v.Snapshot.Services {
		groups, unread := grouped(&v.Snapshot.Services[i])
		p.unread += unread
		for _, g := range groups {
			if v.Unwell && g.worst == fleet.BreakerClosed || !p.filter.Any(g.ref.Name+"/"+g.name+" "+g.worst.Words()) {
				p.hidden++
				continue
			}
			p.rows = append(p.rows, g)
		}
	}
	slices.SortStableFunc(p.rows, func(a, b group) int { return cmp.Compare(rank(b.worst), rank(a.worst)) })
	for i := range p.rows {
		p.list.Keys = append(p.list.Keys, p.rows[i].key)
	}
	p.list.Settle(v, timeline+1)
}

// grouped are the breakers of a service.
func grouped(s *fleet.ServiceView) (groups []group, unread int) {
	for i := range s.Instances {
		in := &s.Instances[i]
		if in.BreakersWhy.Reason != "" {
			unread++
		}
		for j := range in.Breakers {
			b := &in.Breakers[j]
			k := key{s.Ref, b.Name}
			at := slices.IndexFunc(groups, func(g group) bool { return g.key == k })
			if at < 0 {
				at, groups = len(groups), append(groups, group{key: k, worst: b.State, failures: math.NaN(), slow: math.NaN(), rejected: -1})
			}
			groups[at].add(b)
		}
	}
	return groups, unread
}

func (g *group) add(b *fleet.Breaker) {
	if rank(b.State) > rank(g.worst) {
		g.worst, g.in, g.since, g.hold = b.State, 0, time.Time{}, fleet.Hold{}
	}
	g.all++
	if b.State == g.worst {
		g.in++
		if !b.Since.IsZero() && (g.since.IsZero() || b.Since.Before(g.since)) {
			g.since = b.Since
		}
		if g.hold.IsZero() {
			g.hold, g.word = b.Hold, b.Word
		}
	}
	g.failures, g.slow = greater(g.failures, b.FailureRate), greater(g.slow, b.SlowRate)
	if b.Rejected >= 0 {
		g.rejected = max(g.rejected, 0) + b.Rejected
	}
}

// greater is the greater number, where there is one.
func greater(a, b float64) float64 {
	if math.IsNaN(a) || b > a {
		return b
	}
	return a
}

// timeline is how many of the last transitions are shown.
const timeline = 6

// Draw draws the rows that are seen, and the last transitions.
func (p *Page) Draw(v *page.View) []widget.Line {
	switch {
	case len(p.rows) == 0 && p.filter.Text != "":
		return page.Middle(v, "No breaker matches "+p.filter.Text, "/ changes the filter")
	case len(p.rows) == 0 && p.hidden > 0:
		return page.Middle(v, fmt.Sprint("✓ All ", p.hidden, " breakers are closed."), "ctrl-z shows them")
	case len(p.rows) == 0:
		return page.Middle(v, "No breakers are read.", "midwatch breakers --help says how they are found")
	}
	columns := p.columns()
	return p.list.Draw(v, page.Plain(columns), func(i int) [][]widget.Span { return page.Cells(columns, &p.rows[i]) }, func() []widget.Line {
		return transitions(v)
	})
}

// transitions are the last changes of breakers, the newest first.
func transitions(v *page.View) []widget.Line {
	lines := []widget.Line{widget.Text(theme.Strong, " What happened")}
	for i := len(v.Events) - 1; i >= 0 && len(lines) <= timeline; i-- {
		if v.Events[i].Kind == fleet.EventBreaker {
			lines = append(lines, page.Event(v, &v.Events[i]))
		}
	}
	if len(lines) == 1 {
		lines = append(lines, widget.Text(theme.Dim, " none has changed since this began"))
	}
	return lines
}

func (p *Page) columns() []page.Column[*group] {
	text := func(name string, right bool, leave, least int, say func(*group) (string, theme.Tone)) page.Column[*group] {
		return page.Column[*group]{Column: widget.Column{Name: name, Right: right, Leave: leave, Min: least, Flex: name == "HELD BY"}, Cell: func(g *group) []widget.Span {
			s, tone := say(g)
			return []widget.Span{{Text: s, Tone: tone}}
		}}
	}
	share := func(f func(*group) float64) func(*group) (string, theme.Tone) {
		return func(g *group) (string, theme.Tone) { return page.Share(f(g)), page.NumberTone(f(g)) }
	}
	return []page.Column[*group]{
		{Column: widget.Column{Name: "  SERVICE", Flex: true, Min: 10}, Cell: func(g *group) []widget.Span {
			sign := map[theme.Tone]string{theme.Good: "✓ ", theme.Warn: "! ", theme.Bad: "✗ ", theme.Doubt: "? "}[theme.Breaker(g.worst)]
			return []widget.Span{{Text: sign, Tone: theme.Breaker(g.worst)}, {Text: g.ref.Name}}
		}},
		{Column: widget.Column{Name: "BREAKER", Flex: true, Min: 8}, Cell: func(g *group) []widget.Span { return []widget.Span{{Text: g.name}} }},
		text("STATE", false, 0, 6, func(g *group) (string, theme.Tone) { return g.worst.Words(), theme.Breaker(g.worst) }),
		text("INSTANCES", false, 2, 6, func(g *group) (string, theme.Tone) {
			if g.all == 1 {
				return "1", theme.Plain
			}
			return fmt.Sprintf("%d of %d", g.in, g.all), theme.Plain
		}),
		text("FAIL", true, 1, 4, share(func(g *group) float64 { return g.failures })),
		text("SLOW", true, 5, 4, share(func(g *group) float64 { return g.slow })),
		text("REJECTED", true, 4, 6, func(g *group) (string, theme.Tone) {
			if g.rejected < 0 {
				return page.None, theme.Dim
			}
			return strconv.FormatInt(g.rejected, 10), theme.Plain
		}),
		text("SINCE", true, 3, 6, func(g *group) (string, theme.Tone) {
			if g.since.IsZero() {
				return "–", theme.Dim
			}
			return plain.Duration(p.now.Sub(g.since).Truncate(time.Second)), theme.Plain
		}),
		text("HELD BY", false, 6, 8, func(g *group) (string, theme.Tone) {
			switch {
			case g.hold.By != "" && g.hold.Reason != "":
				return g.hold.By + ": " + g.hold.Reason, theme.Warn
			case g.hold.By != "":
				return g.hold.By, theme.Warn
			case g.worst == fleet.BreakerForcedOpen || g.worst == fleet.BreakerDisabled:
				return "someone else", theme.Warn
			}
			return cmp.Or(g.word, "itself"), theme.Dim
		}),
	}
}
