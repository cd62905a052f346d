package render

import (
	"strconv"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
)

// Cell is a value that knows its two faces: for people and for programs.
type Cell struct {
	kind   cellKind
	text   string
	status fleet.Status
	at     time.Time
	took   time.Duration
}

type cellKind uint8

const (
	cellText cellKind = iota
	cellStatus
	cellWord
	cellSign
	cellAge
	cellTook
)

// Text is a cell of text, of a service or ours.
func Text(s string) Cell { return Cell{text: s} }

// Number is a cell of a whole number.
func Number(n int) Cell { return Cell{text: strconv.Itoa(n)} }

// Status is a status: its symbol and word on a terminal, its word elsewhere.
func Status(s fleet.Status) Cell { return Cell{kind: cellStatus, status: s} }

// Word is the word of a status alone, for rows that begin with its Sign.
func Word(s fleet.Status) Cell { return Cell{kind: cellWord, status: s} }

// Sign is the symbol of a status alone. Its column has no name and is left out
// off a terminal.
func Sign(s fleet.Status) Cell { return Cell{kind: cellSign, status: s} }

// Said is a text that says a status, in its colour.
func Said(s fleet.Status, text string) Cell { return Cell{text: text, status: s} }

// Age is a moment: how long ago on a terminal, RFC 3339 elsewhere.
func Age(at time.Time) Cell { return Cell{kind: cellAge, at: at} }

// Took is a duration: rounded on a terminal, a number of seconds elsewhere.
func Took(d time.Duration) Cell { return Cell{kind: cellTook, took: d} }

// face is what a pen makes of a cell, without colour.
func (c Cell) face(p *pen) string {
	switch c.kind {
	case cellText:
		return p.clean(c.text)
	case cellStatus:
		if p.tty && c.status != fleet.StatusNone {
			return p.sign(c.status) + " " + c.status.String()
		}
		return c.status.String()
	case cellWord:
		return c.status.String()
	case cellSign:
		return p.sign(c.status)
	case cellAge:
		switch {
		case c.at.IsZero():
			return ""
		case !p.tty:
			return c.at.UTC().Format("2006-01-02T15:04:05.000Z")
		case p.now.IsZero():
			return c.at.In(p.zone()).Format("2006-01-02 15:04:05 MST")
		}
		return term.Duration(max(p.now.Sub(c.at), 0))
	case cellTook:
		switch {
		case c.took == 0:
			return ""
		case !p.tty:
			return strconv.FormatFloat(c.took.Seconds(), 'f', -1, 64)
		}
		return term.Duration(c.took)
	}
	return ""
}
