// Package list is the table with a cursor that most pages are made of: its columns,
// its orders, its marks, and what a click on it does.
package list

import (
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// List is a table with a cursor, an order, marks, and lines below it on what the
// cursor is on. It is a part of most pages: a page that is about to make its rows
// anew calls Anew, Hide for each row that is not shown, Arrange, and, always,
// Settle.
type List[K comparable] struct {
	Cursor widget.Cursor[K]
	Keys   []K // of the rows, in their order
	foot   int // lines below the table, where there is room for them

	away   []K // rows that are there and not shown
	made   made
	order  chosen
	orders []offer // that can be chosen, the usual one first
	marks  marks[K]
}

// made is what rows depend on.
type made struct {
	of           *fleet.Snapshot
	by           *desk.Holder
	filter       string
	unwell, wide bool
	order        chosen
}

// chosen is an order that was chosen: the one of a column, else the usual one.
type chosen struct {
	column string
	turned bool
}

// Anew says whether the rows have to be made anew: the snapshot, the journal, the
// filter or the order is another one. Then it forgets those there are.
func (l *List[K]) Anew(v *page.View, filter string) bool {
	now := made{v.Snapshot, v.Holder, filter, v.Unwell, v.Wide, l.order}
	if l.made == now {
		return false
	}
	l.made = now
	l.Keys, l.away = l.Keys[:0], l.away[:0]
	l.marks.unseen = l.marks.unseen[:0]
	return true
}

// Again has the rows made anew, whatever Anew compares.
func (l *List[K]) Again() { l.made = made{} }

// Hide notes a row that is there and not shown.
func (l *List[K]) Hide(key K) {
	l.away = append(l.away, key)
	if l.marks.on[key] {
		l.marks.unseen = append(l.marks.unseen, key)
	}
}

// Hidden is how many rows are there and not shown.
func (l *List[K]) Hidden() int { return len(l.away) }

// Veiled says that the row of the cursor is there and not shown: it has not gone.
func (l *List[K]) Veiled() bool {
	key, set := l.Cursor.Key()
	return set && l.Cursor.Gone() && slices.Contains(l.away, key)
}

// Settle takes the rows there are now, and how many lines shall stand below them.
func (l *List[K]) Settle(v *page.View, foot int) {
	l.foot = foot
	l.keepMarks()
	l.Cursor.Settle(l.Keys, l.rows(v))
}

// rows is how many rows there is room for: lines below the table give way first.
func (l *List[K]) rows(v *page.View) int { return max(v.Height-1-l.below(v), 1) }

func (l *List[K]) below(v *page.View) int { return max(0, min(l.foot, v.Height-5)) }

// Foot is the line, from the first of the page, that those below the table begin
// at; below 0 there is no room for any.
func (l *List[K]) Foot(v *page.View) int {
	if l.below(v) == 0 {
		return -1
	}
	return v.Height - l.below(v)
}

// Current is what the cursor is on; false where there is nothing.
func (l *List[K]) Current() (key K, ok bool) {
	if l.Cursor.Row < len(l.Keys) {
		return l.Keys[l.Cursor.Row], true
	}
	return key, false
}

// Rows are the places of the rows, and which of them the cursor is on; below 0
// where what it is on is not there.
func (l *List[K]) Rows(of func(K) page.Place) (all []page.Place, at int) {
	all = make([]page.Place, len(l.Keys))
	for i := range l.Keys {
		all[i] = of(l.Keys[i])
	}
	if l.Cursor.Gone() || l.Cursor.Row >= len(l.Keys) {
		return all, -1
	}
	return all, l.Cursor.Row
}

// Motion are the keys that move the cursor.
func (l *List[K]) Motion() []page.Binding {
	return page.Motion(func(v *page.View, by int) {
		l.marks.lost = false
		l.Cursor.Move(by, l.Keys, l.rows(v))
	})
}

// Notes say how much is not shown, and the order.
func (l *List[K]) Notes() []string {
	var notes []string
	if n := l.Hidden(); n > 0 {
		notes = append(notes, fmt.Sprint(n, " hidden"))
	}
	if order := l.sorted(); order != "" {
		notes = append(notes, "sort: "+order)
	}
	return notes
}

// Draw draws the rows that are seen, and what stands below them.
func (l *List[K]) Draw(v *page.View, columns []widget.Column, row func(i int) [][]widget.Span, foot func() []widget.Line) []widget.Line {
	t := l.table(v, columns, row)
	if v.Whole {
		t.Cursor, t.Top, t.Height = -1, 0, len(l.Keys)+1
		return append(append(t.Draw(v.Theme, v.Width), widget.Blank()), foot()...)
	}
	lines := t.Draw(v.Theme, v.Width)
	if v.Theme.Words {
		return append(lines, foot()...)
	}
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

// table is what is drawn.
func (l *List[K]) table(v *page.View, columns []widget.Column, row func(i int) [][]widget.Span) widget.Table {
	columns = slices.Clone(columns)
	for c := range columns {
		col := &columns[c]
		if o := l.offered(); o != nil && o.column != "" && o.column == title(col.Name) {
			col.Sort = o.way(l.order.turned)
		}
		if v.Wide && col.Wide {
			col.Leave, col.Wide = max(1, col.Leave-wideFirst), false
		}
	}
	t := widget.Table{Columns: columns, Rows: len(l.Keys), Row: row, Cursor: l.Cursor.Row, Top: l.Cursor.Top, Height: min(l.rows(v)+1, v.Height)}
	if l.Marks() > 0 {
		t.Marked = func(i int) bool { return l.marks.on[l.Keys[i]] }
	}
	return t
}

// wideFirst is how much earlier than the others a wide column has its place once
// one asked for them: by itself it has 11 or more to Leave, which is after all
// others.
const wideFirst = 10

// title is the name of a column without its indent.
func title(name string) string { return strings.TrimSpace(name) }

// Column is a column, its cell for a row of type T, and how rows compare in it.
type Column[T any] struct {
	widget.Column
	Cell func(T) []widget.Span
	By   Order[T]
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
