package page

import (
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// List is a table with a cursor, and lines below it on what the cursor is on. It
// is a part of most pages.
type List[K comparable] struct {
	Cursor widget.Cursor[K]
	Keys   []K // of the rows, in their order
	foot   int // lines below the table, where there is room for them
}

// Settle takes the rows there are now, and how many lines shall stand below them.
func (l *List[K]) Settle(v *View, foot int) {
	l.foot = foot
	l.Cursor.Settle(l.Keys, l.rows(v))
}

// rows is how many rows there is room for: lines below the table give way first.
func (l *List[K]) rows(v *View) int { return max(v.Height-1-l.below(v), 1) }

func (l *List[K]) below(v *View) int { return max(0, min(l.foot, v.Height-5)) }

// Current is what the cursor is on; false where there is nothing.
func (l *List[K]) Current() (key K, ok bool) {
	if l.Cursor.Row < len(l.Keys) {
		return l.Keys[l.Cursor.Row], true
	}
	return key, false
}

// Rows are the places of the rows, and which of them the cursor is on; below 0
// where what it is on is not there.
func (l *List[K]) Rows(of func(K) Place) (all []Place, at int) {
	all = make([]Place, len(l.Keys))
	for i := range l.Keys {
		all[i] = of(l.Keys[i])
	}
	if l.Cursor.Gone() || l.Cursor.Row >= len(l.Keys) {
		return all, -1
	}
	return all, l.Cursor.Row
}

// Motion are the keys that move the cursor.
func (l *List[K]) Motion() []Binding {
	return Motion(func(v *View, by int) { l.Cursor.Move(by, l.Keys, l.rows(v)) })
}

// Draw draws the rows that are seen, and what stands below them.
func (l *List[K]) Draw(v *View, columns []widget.Column, row func(i int) [][]widget.Span, foot func() []widget.Line) []widget.Line {
	t := widget.Table{Columns: columns, Rows: len(l.Keys), Row: row, Cursor: l.Cursor.Row, Top: l.Cursor.Top, Height: min(l.rows(v)+1, v.Height)}
	lines := t.Draw(v.Theme, v.Width)
	n := l.below(v)
	if n == 0 {
		return lines
	}
	for len(lines) < v.Height-n {
		lines = append(lines, widget.Blank())
	}
	below := foot()
	return append(lines, below[:min(n, len(below))]...)
}

// Column is a column and its cell for a row of type T.
type Column[T any] struct {
	widget.Column
	Cell func(T) []widget.Span
}

// Plain are the columns without their cells.
func Plain[T any](columns []Column[T]) []widget.Column {
	out := make([]widget.Column, len(columns))
	for i := range columns {
		out[i] = columns[i].Column
	}
	return out
}

// Cells are the cells of one row.
func Cells[T any](columns []Column[T], of T) [][]widget.Span {
	out := make([][]widget.Span, len(columns))
	for i := range columns {
		out[i] = columns[i].Cell(of)
	}
	return out
}

// Scroll is lines that are longer than the screen.
type Scroll struct {
	top, lines int
}

// Motion are the keys that scroll.
func (s *Scroll) Motion() []Binding {
	return Motion(func(v *View, by int) {
		s.top = max(0, min(s.top+by, s.lines-v.Height))
	})
}

// Fit takes how many lines there are.
func (s *Scroll) Fit(v *View, lines int) {
	s.lines = lines
	s.top = max(0, min(s.top, lines-v.Height))
}

// Seen are the lines that are seen.
func (s *Scroll) Seen(v *View, lines []widget.Line) []widget.Line {
	top := min(s.top, len(lines))
	return lines[top:min(len(lines), top+max(0, v.Height))]
}
