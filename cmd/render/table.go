package render

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
)

// Table is rows under named columns.
type Table struct {
	Columns []Column
	Rows    []Row
}

// Column is a column. Its name is upper case and never changes.
type Column struct {
	Name  string
	Wide  bool // only with -o wide
	Right bool // numbers stand at the right
	Flex  bool // may be broken over lines where a terminal is narrow; others are never cut
	Tight bool // one blank behind it, not two: for a Sign
	Plain bool // only off a terminal
	Spare int  // left out where a terminal is too narrow, the highest first, but for -o wide; 0: never
}

// Row is the cells of a row, one for each column.
type Row struct {
	Cells []Cell
	// Under are lines indented below the row on a terminal: "blocks    order, gateway".
	Under []string
}

// write lays the table out: aligned on a terminal, tab-separated elsewhere.
func (tb *Table) write(b *bytes.Buffer, p *pen, o Options) {
	var use []int
	for i, c := range tb.Columns {
		if (!c.Wide || o.Format == FormatWide) && (!c.Plain || !p.tty) && (c.Name != "" || p.tty) {
			use = append(use, i)
		}
	}
	if len(use) == 0 {
		return
	}
	if !p.tty {
		tb.tabbed(b, p, use, o.NoHeaders)
		return
	}
	use = slices.DeleteFunc(use, func(i int) bool {
		return !slices.ContainsFunc(tb.Rows, func(r Row) bool { return r.Cells[i].face(p) != "" })
	})
	if len(use) > 0 {
		tb.aligned(b, p, tb.fitting(p, use, o), o)
	}
}

// fitting leaves spare columns out until the others fit.
func (tb *Table) fitting(p *pen, use []int, o Options) []int {
	widths, need := widthsOf(tb.faces(p, use, o.NoHeaders), len(use)), -2 // no gap behind the last
	for i, room := range tb.rooms(widths, use, p.width) {
		need += cmp.Or(min(room, widths[i]), widths[i]) + tb.gap(use[i])
	}
	spare := slices.MaxFunc(use, func(a, b int) int { return tb.Columns[a].Spare - tb.Columns[b].Spare })
	if need <= p.width || tb.Columns[spare].Spare == 0 || o.Format == FormatWide {
		return use
	}
	return tb.fitting(p, slices.DeleteFunc(slices.Clone(use), func(c int) bool { return c == spare }), o)
}

// tabbed is for programs: every row, nothing cut, a dash for nothing.
func (tb *Table) tabbed(b *bytes.Buffer, p *pen, use []int, noHeaders bool) {
	fields := make([]string, len(use))
	if !noHeaders {
		for i, c := range use {
			fields[i] = tb.Columns[c].Name
		}
		b.WriteString(strings.Join(fields, "\t") + "\n")
	}
	for _, r := range tb.Rows {
		for i, c := range use {
			fields[i] = cmp.Or(strings.TrimSpace(r.Cells[c].face(p)), "-")
			if s := r.Cells[c].status; s != fleet.StatusNone {
				fields[i] = p.underline(s, fields[i])
			}
		}
		b.WriteString(term.UnlinkLine(strings.Join(fields, "\t")) + "\n")
	}
}

// drawn is a line of a table before it is laid out: cells of a row, or of the
// rest of a broken one.
type drawn struct {
	cells []string
	from  *Row // nil for a header and for the rest of a broken row
	under []string
}

// aligned is for people. Columns in which nothing stands are left out. Colour is put on after the layout, and names are never
// cut: only flexible columns are broken to fit.
func (tb *Table) aligned(b *bytes.Buffer, p *pen, use []int, o Options) {
	rows := tb.faces(p, use, o.NoHeaders)
	most := mostLines
	if o.Format == FormatWide {
		most = math.MaxInt
	}
	rows = broken(rows, tb.rooms(widthsOf(rows, len(use)), use, p.width), func(s string, room int) []string { return p.wrap(s, room, most) })
	offsets, at := make([]int, len(use)), 0
	for i, w := range widthsOf(rows, len(use)) {
		offsets[i] = at
		at += w + tb.gap(use[i])
	}
	lines := strings.Split(strings.TrimRight(tb.layOut(rows, use), "\n"), "\n")
	for i, r := range rows {
		line := strings.TrimRight(lines[i], " ")
		if r.from != nil {
			line = tb.colored(p, line, r, use, offsets)
		}
		b.WriteString(term.UnlinkLine(line) + "\n")
		for _, u := range r.under {
			b.WriteString(p.line("    " + u))
		}
	}
}

// gap is the blanks behind a column.
func (tb *Table) gap(column int) int {
	if tb.Columns[column].Tight {
		return 1
	}
	return 2
}

// faces is the text of all cells.
func (tb *Table) faces(p *pen, use []int, noHeaders bool) []drawn {
	var rows []drawn
	if !noHeaders {
		head := drawn{cells: make([]string, len(use))}
		for i, c := range use {
			head.cells[i] = tb.Columns[c].Name
		}
		rows = append(rows, head)
	}
	for i := range tb.Rows {
		r := drawn{cells: make([]string, len(use)), from: &tb.Rows[i], under: tb.Rows[i].Under}
		for j, c := range use {
			if r.cells[j] = tb.Rows[i].Cells[c].face(p); r.cells[j] == "" && !tb.Columns[c].Flex {
				r.cells[j] = p.clean("–")
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// widthsOf is how wide each column is.
func widthsOf(rows []drawn, n int) []int {
	widths := make([]int, n)
	for _, r := range rows {
		for i, cell := range r.cells {
			widths[i] = max(widths[i], widthOf(cell))
		}
	}
	return widths
}

// rooms is how wide each column may be, 0 where it must not be broken: the
// flexible ones share what the others leave, those that want less first.
func (tb *Table) rooms(widths, use []int, width int) []int {
	rooms := make([]int, len(use))
	var flex []int
	for i, c := range use {
		width -= tb.gap(c)
		if tb.Columns[c].Flex {
			flex = append(flex, i)
		} else {
			width -= widths[i]
		}
	}
	slices.SortStableFunc(flex, func(a, b int) int { return widths[a] - widths[b] })
	for n, i := range flex {
		rooms[i] = max(min(widths[i], width/(len(flex)-n)), 20)
		width -= rooms[i]
	}
	return rooms
}

// broken breaks the cells that do not fit: what is left over goes to lines of
// its own below.
func broken(rows []drawn, rooms []int, wrap func(string, int) []string) []drawn {
	var out []drawn
	for _, r := range rows {
		rest, more := make([][]string, len(rooms)), 1
		for i, room := range rooms {
			if room > 0 {
				rest[i] = wrap(r.cells[i], room)
				r.cells[i] = rest[i][0]
				more = max(more, len(rest[i]))
			}
		}
		under := r.under
		if more > 1 {
			r.under = nil
		}
		out = append(out, r)
		for n := 1; n < more; n++ {
			line := drawn{cells: make([]string, len(rooms))}
			for i := range rest {
				if n < len(rest[i]) {
					line.cells[i] = rest[i][n]
				}
			}
			if n == more-1 {
				line.under = under
			}
			out = append(out, line)
		}
	}
	return out
}

// mostLines is how many lines a cell may take, but for -o wide.
const mostLines = 3

// wrap breaks text at blanks into so many lines at most; what is then left is
// cut, with dots. A word that is longer than the line stays whole.
func (p *pen) wrap(s string, width, most int) []string {
	if widthOf(s) <= width {
		return []string{s}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && widthOf(line)+1+widthOf(word) > width {
			if len(lines)+1 == most {
				return append(lines, p.dotted(line, width))
			}
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// dotted is a line with the dots that say that text was left out. They take the
// place of the last word where there is no other.
func (p *pen) dotted(line string, width int) string {
	if i := strings.LastIndexByte(line, ' '); i > 0 && widthOf(line)+2 > width {
		line = line[:i]
	}
	return line + " " + p.clean("…")
}

// widthOf is how many columns of a terminal a text takes, as the layout counts:
// two counts that differ, as they do in East Asian locales, would tear columns
// apart.
func widthOf(s string) int { return twwidth.Width(s) }

// placeOf is the byte of a line that stands in a column of the terminal.
func placeOf(line string, column int) int {
	for i := range line {
		if widthOf(line[:i]) >= column {
			return i
		}
	}
	return len(line)
}

// layOut is the one place that knows tablewriter: no borders, no blanks at the
// left, no changes to names, no wrapping of its own.
func (tb *Table) layOut(rows []drawn, use []int) string {
	var b bytes.Buffer
	padding, align := make([]tw.Padding, len(use)), make([]tw.Align, len(use))
	for i, c := range use {
		padding[i] = tw.Padding{Right: strings.Repeat(" ", tb.gap(c)), Overwrite: true}
		align[i] = tw.AlignLeft
		if tb.Columns[c].Right {
			align[i] = tw.AlignRight
		}
	}
	t := tablewriter.NewTable(
		&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone, Symbols: tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithRowAutoWrap(tw.WrapNone), tablewriter.WithRowAutoFormat(tw.Off), tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{Global: tw.AlignLeft, PerColumn: align}),
		tablewriter.WithRowPaddingPerColumn(padding),
	)
	for _, r := range rows {
		if t.Append(r.cells) != nil {
			return "" // a list of strings is always taken
		}
	}
	if t.Render() != nil {
		return ""
	}
	return b.String()
}

// colored colours the cells of a row that are a status. It goes from the right,
// so that the places of the others stay.
func (tb *Table) colored(p *pen, line string, r drawn, use, offsets []int) string {
	for i := len(use) - 1; i >= 0; i-- {
		c := r.from.Cells[use[i]]
		if c.status == fleet.StatusNone || r.cells[i] == "" {
			continue
		}
		at := placeOf(line, offsets[i])
		if end := at + len(r.cells[i]); end <= len(line) && line[at:end] == r.cells[i] {
			line = line[:at] + p.underline(c.status, r.cells[i]) + line[end:]
		}
	}
	return line
}
