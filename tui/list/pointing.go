package list

import (
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Click does what a click on the list does, as Draw draws it: on the name of a
// column it sorts, on a row it puts the cursor there. Again says that the cursor
// was on that row before.
func (l *List[K]) Click(v *page.View, line, column int, columns []widget.Column, row func(i int) [][]widget.Span) (again bool) {
	t := l.table(v, columns, row)
	i := t.Top + line - 1
	switch {
	case len(l.Keys) == 0 || line < 0 || line >= t.Height:
	case line == 0:
		if c, ok := t.At(v.Theme, v.Width, column); ok {
			l.SortBy(columns[c].Name)
		}
	case i < len(l.Keys):
		again = i == l.Cursor.Row && !l.Cursor.Gone()
		l.marks.lost = false
		l.Cursor.Move(i-l.Cursor.Row, l.Keys, l.rows(v))
	}
	return again
}

// Wheel scrolls.
func (l *List[K]) Wheel(v *page.View, by int) { l.Cursor.Scroll(by, l.Keys, l.rows(v)) }
