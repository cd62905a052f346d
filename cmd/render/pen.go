package render

import (
	"io"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
)

// pen knows what standard output can show, and writes it so.
type pen struct {
	tty   bool
	color bool
	ascii bool
	width int
	utc   bool
	now   time.Time
}

func newPen(t *term.IO, o Options) *pen {
	p := &pen{tty: t.OutTTY, color: t.OutColor, ascii: t.OutASCII(), utc: o.UTC, now: o.Now}
	if p.tty {
		p.width = t.Width()
	}
	return p
}

// clean makes one line of any text.
func (p *pen) clean(s string) string {
	s = term.Clean(s)
	if p.ascii {
		s = term.ASCII(s)
	}
	return s
}

// line is a whole line of clean parts.
func (p *pen) line(s string) string {
	return term.UnlinkLine(strings.TrimRight(p.clean(s), " ")) + "\n"
}

// sign is the symbol of a status.
func (p *pen) sign(s fleet.Status) string { return p.clean(report.Sign(s)) }

// underline colours a word by its status. Only words and symbols that say the
// status are coloured, so nothing is lost without colour.
func (p *pen) underline(s fleet.Status, word string) string {
	colors := [...]string{fleet.Up: "32", fleet.Maintenance: "34", fleet.Unknown: "35", fleet.Degraded: "33", fleet.Down: "31"}
	if !p.color || int(s) >= len(colors) || colors[s] == "" {
		return word
	}
	return "\x1b[" + colors[s] + "m" + word + "\x1b[0m"
}

// zone is the one that people read times in.
func (p *pen) zone() *time.Location {
	if p.utc || !p.tty {
		return time.UTC
	}
	return time.Local
}

// Notes writes lines and a hint to standard error, cleaned; nothing when quiet.
func Notes(t *term.IO, notes []string, hint string) error {
	if t.Quiet {
		return nil
	}
	p := &pen{ascii: t.ASCII}
	var b strings.Builder
	for _, n := range notes {
		b.WriteString(p.line(n))
	}
	if hint != "" {
		b.WriteString(p.line("hint: " + hint))
	}
	if b.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(t.Err, b.String())
	return err
}
