package widget

import (
	"slices"

	"github.com/midwatch-cli/midwatch/tui/theme"
)

// Column is one column of a table.
type Column struct {
	Name  string
	Right bool // numbers
	Min   int  // columns of the screen that it takes at least
	Flex  bool // it may be cut down to Min before others leave
	Leave int  // where there is no room the greatest leaves first; 0 stays
	Wide  bool // it gives way before any other is cut
	Sort  Sort // whether rows stand in its order
}

// Sort says whether rows stand in the order of a column.
type Sort uint8

// The ways to sort.
const (
	Unsorted Sort = iota
	Rising        // the least stands first
	Falling       // the greatest stands first
)

// name is the name of a column as it stands above it, with how it sorts.
func (c *Column) name(th *theme.Theme) string {
	switch {
	case c.Sort == Rising && th.ASCII:
		return c.Name + "^"
	case c.Sort == Rising:
		return c.Name + "▲"
	case c.Sort == Falling && th.ASCII:
		return c.Name + "v"
	case c.Sort == Falling:
		return c.Name + "▼"
	}
	return c.Name
}

// Table draws the rows that are seen, and only those.
type Table struct {
	Columns []Column
	Rows    int                  // there are
	Row     func(i int) [][]Span // the cells of one, for each column
	Marked  func(i int) bool     // whether one is marked; nil: none is, and no room is kept for it
	Cursor  int                  // the lit row; below 0: none
	Top     int                  // the first row that is seen
	Height  int                  // lines there are, with the one of names
}

const gap = 2

// Draw returns at most Height lines of at most width columns.
func (t *Table) Draw(th *theme.Theme, width int) []Line {
	if t.Height <= 0 || width <= 0 {
		return nil
	}
	if th.Words {
		return t.say(th)
	}
	cells := t.cells(th)
	widths := t.widths(th, cells, width-t.edge())
	lines := make([]Line, 0, len(cells)+1)
	lines = append(lines, Line{Left: trimmed(t.names(th, widths))})
	spans := make([]Span, 0, t.spans(cells, widths)) // of all lines: one after the other
	for i, row := range cells {
		lit, begin := t.Top+i == t.Cursor, len(spans)
		spans = append(spans, Span{mark(th, lit), theme.Accent})
		if t.Marked != nil {
			spans = append(spans, Span{star(t.Marked(t.Top + i)), theme.Accent})
		}
		for c := range t.Columns {
			if widths[c] > 0 {
				spans = put(th, spans, row[c], widths[c], t.Columns[c].Right)
			}
		}
		lines = append(lines, Line{Left: slices.Clip(trimmed(spans[begin:])), Lit: lit})
	}
	return lines
}

// names is the line above the rows.
func (t *Table) names(th *theme.Theme, widths []int) []Span {
	line := make([]Span, 0, len(t.Columns)*3+1)
	line = append(line, Span{blanks(t.edge()), theme.Plain})
	for c := range t.Columns {
		col := &t.Columns[c]
		tone := theme.Dim
		if col.Sort != Unsorted {
			tone = theme.Accent
		}
		if widths[c] > 0 {
			name := col.name(th)
			line = put(th, line, cell{[]Span{{name, tone}}, Width(name)}, widths[c], col.Right)
		}
	}
	return line
}

// spans is how many rows have at most: two blanks beside each cell, the sign of what
// was cut, and the marks.
func (t *Table) spans(cells [][]cell, widths []int) (n int) {
	for _, row := range cells {
		n += t.edge()
		for c := range row {
			if widths[c] > 0 {
				n += len(row[c].spans) + 2
				if row[c].width > widths[c] {
					n++
				}
			}
		}
	}
	return n
}

// cell is what stands in a column of a row, as it may be drawn, and how many
// columns of the screen it takes.
type cell struct {
	spans []Span
	width int
}

// cells are those of the rows that are seen.
func (t *Table) cells(th *theme.Theme) [][]cell {
	seen := max(0, min(t.Rows-t.Top, t.Height-1))
	cells := make([][]cell, seen)
	all := make([]cell, seen*len(t.Columns))
	for i := range seen {
		cells[i], all = all[:len(t.Columns)], all[len(t.Columns):]
		for c, spans := range t.Row(t.Top + i) {
			width := 0
			for k := range spans {
				spans[k].Text = th.Text(spans[k].Text)
				width += Width(spans[k].Text)
			}
			cells[i][c] = cell{spans, width}
		}
	}
	return cells
}

// edge is how many columns of the screen stand before the cells: for the cursor,
// and for marks where there are any.
func (t *Table) edge() int {
	if t.Marked != nil {
		return 2
	}
	return 1
}

// At is the column of the table that a column of the screen belongs to, with the
// gap behind it; false where there is none.
func (t *Table) At(th *theme.Theme, width, x int) (column int, ok bool) {
	right := t.edge()
	for c, w := range t.widths(th, t.cells(th), width-t.edge()) {
		if w == 0 {
			continue
		}
		if right += w + gap; x >= 0 && x < right && x < width {
			return c, true
		}
	}
	return 0, false
}

// star stands before a row that is marked.
func star(marked bool) string {
	if marked {
		return "*"
	}
	return " "
}

// mark stands before each row: colour is not needed to see the cursor.
func mark(th *theme.Theme, lit bool) string {
	switch {
	case !lit:
		return " "
	case th.ASCII:
		return ">"
	}
	return "▌"
}

// put appends a cell in its width, and the gap behind it.
func put(th *theme.Theme, line []Span, in cell, width int, right bool) []Span {
	pad := Span{blanks(width - in.width), theme.Plain}
	if right {
		line = append(line, pad)
	}
	if in.width <= width {
		line = append(line, in.spans...)
	} else {
		line = cut(th, line, in.spans, width)
	}
	if !right {
		line = append(line, pad)
	}
	return append(line, Span{blanks(gap), theme.Plain})
}

// cut appends as much of a cell as there is room for, which is not all of it.
func cut(th *theme.Theme, line, spans []Span, left int) []Span {
	for i, s := range spans {
		w := Width(s.Text)
		if w > left || i+1 < len(spans) && w == left {
			kept, sign := shortened(th, s.Text, left)
			return append(line, Span{kept, s.Tone}, Span{sign, s.Tone})
		}
		left -= w
		line = append(line, s)
	}
	return line
}

// trimmed is a line without the blanks at its end.
func trimmed(line []Span) []Span {
	for len(line) > 0 && line[len(line)-1].Tone == theme.Plain && allBlank(line[len(line)-1].Text) {
		line = line[:len(line)-1]
	}
	return line
}

func allBlank(s string) bool {
	for i := range len(s) {
		if s[i] != ' ' {
			return false
		}
	}
	return true
}

// widths decides how wide each column is; 0 is one that had to leave.
func (t *Table) widths(th *theme.Theme, cells [][]cell, width int) []int {
	w := make([]int, len(t.Columns))
	for c := range t.Columns {
		w[c] = max(t.Columns[c].Min, Width(t.Columns[c].name(th)))
		for _, row := range cells {
			w[c] = max(w[c], row[c].width)
		}
	}
	for over := total(w) - width; over > 0; over = total(w) - width {
		worst, wide := t.worst(w, true), true
		if worst < 0 {
			worst, wide = t.worst(w, false), false
		}
		if t.squeeze(w, over, wide) {
			continue
		}
		if worst < 0 {
			break // what stays is cut at the edge
		}
		w[worst] = 0
		t.regain(w, cells)
	}
	return w
}

// worst is the column that leaves first, of the wide ones where they are meant;
// below 0 none does.
func (t *Table) worst(w []int, wide bool) int {
	worst := -1
	for c := range t.Columns {
		if w[c] > 0 && t.Columns[c].Leave > 0 && (t.Columns[c].Wide || !wide) && (worst < 0 || t.Columns[c].Leave > t.Columns[worst].Leave) {
			worst = c
		}
	}
	return worst
}

// squeeze takes columns of the screen from those that can be cut, the last one
// first, of the wide ones where they are meant; false when there is not enough to
// be had.
func (t *Table) squeeze(w []int, over int, wide bool) bool {
	can := func(c int) bool { return t.Columns[c].Flex && w[c] > 0 && (t.Columns[c].Wide || !wide) }
	room := 0
	for c := range t.Columns {
		if can(c) {
			room += max(0, w[c]-t.Columns[c].Min)
		}
	}
	if room < over {
		return false
	}
	for c := len(w) - 1; c >= 0 && over > 0; c-- {
		if can(c) {
			take := min(over, max(0, w[c]-t.Columns[c].Min))
			w[c] -= take
			over -= take
		}
	}
	return true
}

// regain is where a column left: those that can be cut have their full width
// again.
func (t *Table) regain(w []int, cells [][]cell) {
	for c := range t.Columns {
		if !t.Columns[c].Flex || w[c] == 0 {
			continue
		}
		for _, row := range cells {
			w[c] = max(w[c], row[c].width)
		}
	}
}

// total is what columns take, with the gaps between them.
func total(w []int) int {
	n := -gap
	for _, x := range w {
		if x > 0 {
			n += x + gap
		}
	}
	return n
}
