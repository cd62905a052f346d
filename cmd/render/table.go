package render

import (
	"bytes"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Table is rows under named columns.
type Table struct {
	Columns []Column
	Rows    []Row
}

// Column is a column; names are upper case and stable.
type Column struct {
	Name  string
	Wide  bool // only with -o wide
	Right bool // numbers stand at the right
	Flex  bool // may be broken over lines where a terminal is narrow; others are never cut
}

// Row is the cells of a row, one for each column.
type Row struct {
	Cells []Cell
	// Under are lines indented below the row on a terminal: "blocks    order, gateway".
	Under []string
}

// Cell is a value that knows its two faces: for people and for programs.
type Cell struct {
	text   string
	status fleet.Status
	at     time.Time
	took   time.Duration
	kind   cellKind
}

type cellKind uint8

const (
	cellText cellKind = iota
	cellStatus
	cellSign
	cellAge
	cellTook
)

// Text is a cell of text, of a service or ours.
func Text(s string) Cell { return Cell{text: s} }

// Status is a status: its symbol and word on a terminal, its word elsewhere.
func Status(s fleet.Status) Cell { return Cell{kind: cellStatus, status: s} }

// Sign is the symbol of a status alone; such a column is left out off a
// terminal. Its name is empty.
func Sign(s fleet.Status) Cell { return Cell{kind: cellSign, status: s} }

// Age is a moment: how long ago on a terminal, RFC 3339 elsewhere.
func Age(at time.Time) Cell { return Cell{kind: cellAge, at: at} }

// Took is a duration: rounded on a terminal, in seconds elsewhere.
func Took(d time.Duration) Cell { return Cell{kind: cellTook, took: d} }

// write lays the table out.
func (tb *Table) write(b *bytes.Buffer, p *pen, o Options) {}
