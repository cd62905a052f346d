package spoken

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// where is whose fleet it is, how its sources are, and how fresh all this is.
func where(t *Told) string {
	s := t.View.Snapshot
	parts := []string{"midwatch"}
	if t.Recorded {
		parts[0] = "midwatch, a recording"
	}
	if name := cmp.Or(s.Context, t.Context); name != "" {
		parts = append(parts, "context "+name)
	}
	if t.View.Writing {
		parts = append(parts, "changes are allowed")
	}
	for i := range s.Sources {
		src := &s.Sources[i]
		name := src.Name
		if page.Several(s) {
			name = page.In(src.Context, name)
		}
		switch {
		case src.Reason == "" && src.AsOf.IsZero():
			name += " was not read yet"
		case src.Reason == "":
			name += " answers"
		case src.AsOf.IsZero():
			name += " was never read, " + page.Reason(src.Reason)
		default:
			name += " does not answer, " + plain.Duration(max(0, s.At.Sub(src.AsOf))) + " old, " + page.Reason(src.Reason)
		}
		parts = append(parts, name)
	}
	c := s.Counts()
	return strings.Join(append(parts, fmt.Sprintf("%d of %d instances answer", c.Answered, c.Instances), t.View.Clock(s.At), t.State), "; ") + "."
}

// Summary is how many services there are, and how they are.
func Summary(s *fleet.Snapshot) string {
	n := map[fleet.Status]int{}
	for i := range s.Services {
		n[cmp.Or(s.Services[i].Status, fleet.Unknown)]++
	}
	var parts []string
	for _, st := range []fleet.Status{fleet.Down, fleet.Degraded, fleet.Unknown, fleet.Maintenance, fleet.Up} {
		if n[st] > 0 {
			parts = append(parts, fmt.Sprint(n[st], " ", st))
		}
	}
	switch all := len(s.Services); {
	case all == 0:
		return strings.TrimPrefix(page.Unserved(s)[0], "? ")
	case n[fleet.Up] == all:
		return fmt.Sprintf("%s, all up.", plural(all, "service"))
	default:
		return fmt.Sprintf("%s: %s.", plural(all, "service"), strings.Join(parts, ", "))
	}
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// page says where one is, as far as that is new: the page, its notes, the row of
// the cursor. Where nothing is new and nothing else was said, the row again.
func (m *Model) page(t *Told) {
	now := look(t)
	place := t.Page.Place()
	fresh := strings.Join(now.notes, ", ") != strings.Join(m.last.notes, ", ")
	switch {
	case place != m.place:
		m.speak(strings.Join(append([]string{path(t)}, now.notes...), "; ") + now.rows)
		if !now.table {
			m.read(now.other, nil, now.below)
		} else if !m.been[place] {
			m.read(now.other, nil, 0)
		}
		m.been[place] = true
		if now.table {
			m.speak(now.row)
		}
	case !now.table && now.below != m.last.below:
		m.read(now.other, m.last.other, now.below)
	case fresh || now.row != m.last.row || !m.said:
		if fresh {
			m.speak(cmp.Or(strings.Join(now.notes, ", "), "as it was"))
		}
		if m.speak(now.row); now.row == "" {
			m.read(now.other, nil, now.below)
		}
	}
	m.place, m.last = place, now
}

// path is the way to the page, by names.
func path(t *Told) string {
	names := make([]string, len(t.Path))
	for i := range t.Path {
		names[i] = t.Path[i].Place().Name()
	}
	return strings.Join(names, ", ")
}

// read says lines of a page that were not among those before, and how many follow.
func (m *Model) read(lines, before []string, below int) {
	for _, words := range lines {
		if !slices.Contains(before, words) {
			m.speak(words)
		}
	}
	if below > 0 {
		m.speak(plural(below, "line") + " more; more reads on")
	}
}

// view is a page in words.
type view struct {
	table bool     // it has rows
	row   string   // of the cursor, with its number where it has one
	rows  string   // how many there are
	other []string // lines that are no rows; of a page without rows all that are seen
	below int      // lines below them
	notes []string
}

func look(t *Told) (now view) {
	lines := t.Page.Draw(&t.View)
	now.notes = t.Notes
	count := ""
	for i := range lines {
		now.table = now.table || lines[i].Row
	}
	if l, ok := t.Page.(page.Listed); ok && now.table {
		all, at := l.Rows()
		now.rows = "; " + plural(len(all), "row")
		if at >= 0 {
			count = fmt.Sprintf("%d of %d: ", at+1, len(all))
		}
	}
	for i := range lines {
		words := widget.Say(t.View.Theme, lines[i])
		if lines[i].Lit {
			now.row = count + words
		}
		if !lines[i].Row && words != "" {
			now.other = append(now.other, words)
		}
	}
	if l, ok := t.Page.(interface{ Below(v *page.View) int }); ok {
		now.below = l.Below(&t.View)
	}
	return now
}
