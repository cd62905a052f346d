package changes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/list"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// One is the page of one change: each of its targets, what was there, what is
// there now, and what became of it.
type One struct {
	id     string
	list   list.List[int] // places in the plan
	filter page.Filter
	read   reading
	of     standing // as it was last seen; without a batch before that
	gone   bool
	rows   []step
	hidden int
}

// step is a step and how it looks.
type step struct {
	*change.Record
	sight desk.Sight
	full  bool // its service has to be named too
}

// NewOne returns the page of a change.
func NewOne(id string) *One { return &One{id: id} }

// Place is the change.
func (p *One) Place() page.Place { return page.Place{Kind: page.Change, Item: p.id} }

// Rows are what was changed, target by target.
func (p *One) Rows() ([]page.Place, int) {
	return p.list.Rows(func(n int) page.Place {
		i := &p.of.batch.Steps[n].Intent
		if b := i.Target.Breaker; b != "" {
			return page.Place{Kind: page.Breakers, Key: i.Instance(), Item: b}
		}
		return page.Place{Kind: page.Instance, Key: i.Instance()}
	})
}

// Filter is the words of the filter.
func (p *One) Filter() string { return p.filter.Text }

// SetFilter takes words: every one has to be in the target's name, or in what is
// said of it.
func (p *One) SetFilter(text string) error {
	f, err := page.ParseWords(text)
	if err == nil {
		p.filter = f
	}
	return err
}

// Notes say how much is not shown.
func (p *One) Notes(*page.View) []string {
	var notes []string
	if p.gone {
		notes = append(notes, "as it was last read")
	}
	if p.hidden > 0 {
		notes = append(notes, fmt.Sprint(p.hidden, " hidden"))
	}
	return notes
}

// Ticks says whether it ends some time.
func (p *One) Ticks(*page.View) bool { return p.of.batch != nil && p.of.ends() }

// Keys are the page's own.
func (p *One) Keys() []page.Binding {
	own := []page.Binding{
		{Keys: []string{"enter", "right", "l"}, Shown: "enter", Does: "the instance", Do: p.enter},
		page.Undo(func() *change.Batch { return p.of.batch }),
	}
	return append(own, p.list.Motion()...)
}

// enter goes to the instance of the cursor, or, where that is gone, to its service.
func (p *One) enter(v *page.View) page.Intent {
	if p.list.Cursor.Row >= len(p.rows) {
		return nil
	}
	key := p.rows[p.list.Cursor.Row].Intent.Instance()
	if page.FindInstance(v.Snapshot, key) == nil && page.FindService(v.Snapshot, key.Ref) != nil {
		return page.Open{Place: page.Place{Kind: page.Service, Key: fleet.Key{Ref: key.Ref}}}
	}
	return page.Open{Place: page.Place{Kind: page.Instance, Key: key}}
}

// Click chooses a row.
func (p *One) Click(v *page.View, line, column int, twice bool) page.Intent {
	columns, cells := p.table()
	if p.list.Click(v, line, column, columns, cells) && twice {
		return p.enter(v)
	}
	return nil
}

// Wheel scrolls.
func (p *One) Wheel(v *page.View, by int) { p.list.Wheel(v, by) }

// See takes the change as the journal has it now.
func (p *One) See(v *page.View) {
	if now := readingOf(v); now != p.read {
		p.read = now
		p.list.Again()
	}
	if p.list.Anew(v, p.filter.Text) {
		p.arrange(v)
	}
	if p.of.batch != nil {
		p.list.Settle(v, footLines+1)
	}
}

func (p *One) arrange(v *page.View) {
	at := slices.IndexFunc(v.Changes, func(c desk.Change) bool { return c.Batch.ID == p.id })
	if p.gone = at < 0 && p.of.batch != nil; at >= 0 {
		p.of = stands(&desk.Eye{Snapshot: v.Snapshot}, &v.Changes[at])
	}
	if p.of.batch == nil {
		return
	}
	p.rows, p.list.Keys, p.hidden = p.rows[:0], p.list.Keys[:0], 0
	steps := p.of.batch.Steps
	several := slices.ContainsFunc(steps, func(r change.Record) bool { return r.Intent.Target.Service != steps[0].Intent.Target.Service })
	for i := range steps {
		s := step{Record: &steps[i], sight: p.of.sights[i], full: several}
		text, _ := s.now()
		if v.Unwell && s.well() || !p.filter.Any(s.Intent.Target.Name()+" "+s.state()+" "+text) {
			p.hidden++
			continue
		}
		p.rows = append(p.rows, s)
		p.list.Keys = append(p.list.Keys, i)
	}
}

// well says that nobody has to look at a step.
func (s *step) well() bool { return s.State == change.Done && !s.sight.Drifted }

func (s *step) state() string { return strings.ReplaceAll(string(s.State), "_", " ") }

// now is what is there: as it was read in the last pass, else as it was when the
// change was made; where that failed, why.
func (s *step) now() (string, theme.Tone) {
	switch {
	case s.sight.Drifted:
		return s.sight.Text + ", not by us", theme.Warn
	case s.sight.Text != "":
		return s.sight.Text, theme.Plain
	case s.Error != "":
		return s.Error, theme.Plain
	case s.Now == "":
		return "–", theme.Dim
	}
	return s.Now, theme.Plain
}

// mark is the sign of how a step ended.
func (s *step) mark() (string, theme.Tone) {
	switch s.State {
	case change.Done:
		if s.sight.Drifted {
			return "!", theme.Warn
		}
		return "✓", theme.Good
	case change.Failed:
		return "✗", theme.Bad
	case change.NotDone:
		return "–", theme.Calm
	case change.Left:
		return "!", theme.Warn
	case change.Unknown, change.Intended:
	}
	return "?", theme.Doubt
}

// Draw draws the targets that are seen, and the change in words.
func (p *One) Draw(v *page.View) []widget.Line {
	switch {
	case p.of.batch == nil && nothing(v) != nil:
		return nothing(v)
	case p.of.batch == nil:
		return page.Middle(v, "The journal of today has no change "+p.id, "midwatch changes show "+p.id+" looks further back")
	}
	foot := p.of.about(v)
	if len(p.rows) == 0 {
		lines := page.Middle(v, "No target of it is to be shown.", either(p.filter.Text != "", "/ changes the filter", "ctrl-z shows them"))
		return append(lines, foot...)[:min(v.Height, len(lines)+len(foot))]
	}
	columns, cells := p.table()
	return p.list.Draw(v, columns, cells, func() []widget.Line {
		return append(append([]widget.Line{widget.Blank()}, foot...), p.rows[p.list.Cursor.Row].about())
	})
}

// table is the columns, and the cells of a row.
func (p *One) table() ([]widget.Column, func(i int) [][]widget.Span) {
	columns := columns()
	return list.Plain(columns), func(i int) [][]widget.Span { return list.Cells(columns, &p.rows[i]) }
}

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// about is a step in words: why it failed has no room in a row.
func (s *step) about() widget.Line {
	sign, t := s.mark()
	text, _ := s.now()
	return widget.Line{Left: []widget.Span{
		{Text: " " + sign + " ", Tone: t},
		{Text: s.Intent.Target.Name(), Tone: theme.Strong},
		{Text: " " + s.state() + ": ", Tone: theme.Dim},
		{Text: text},
	}}
}

func columns() []list.Column[*step] {
	text := func(name string, leave, least int, say func(*step) (string, theme.Tone)) list.Column[*step] {
		return list.Column[*step]{Column: widget.Column{Name: name, Leave: leave, Min: least, Flex: true}, Cell: func(s *step) []widget.Span {
			text, tone := say(s)
			return []widget.Span{{Text: text, Tone: tone}}
		}}
	}
	return []list.Column[*step]{
		{Column: widget.Column{Name: "  TARGET", Flex: true, Min: 12}, Cell: func(s *step) []widget.Span {
			sign, tone := s.mark()
			name := s.Intent.Target.Instance
			if s.full {
				name = s.Intent.Target.Service + "/" + name
			}
			return []widget.Span{{Text: sign + " ", Tone: tone}, {Text: name}}
		}},
		text("WAS", 3, 8, func(s *step) (string, theme.Tone) { return s.Was, theme.Dim }),
		text("STEP", 2, 6, func(s *step) (string, theme.Tone) {
			_, tone := s.mark()
			return s.state(), tone
		}),
		text("NOW", 0, 10, func(s *step) (string, theme.Tone) { return s.now() }),
		text("LATER", 4, 8, func(s *step) (string, theme.Tone) { return later(s.Record), theme.Dim }),
	}
}
