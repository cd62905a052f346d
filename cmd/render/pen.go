package render

import (
	"fmt"
	"io"
	"math"
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

// Duration is a duration for people: 0.2 ms, 210 ms, 2 s, 1 m 12 s, 3 h 5 m, 4 d.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-max(d, -math.MaxInt64)) // the least one has no counterpart
	case d < time.Millisecond && d != 0:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d.Round(time.Millisecond) < time.Second && d != 0:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond)/time.Millisecond)
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	}
	d = d.Round(time.Second)
	for _, u := range []struct {
		below, big time.Duration
		names      [2]string
		small      time.Duration
	}{
		{time.Minute, time.Second, [2]string{" s", ""}, 0},
		{time.Hour, time.Minute, [2]string{" m", " s"}, time.Second},
		{24 * time.Hour, time.Hour, [2]string{" h", " m"}, time.Minute},
	} {
		if d >= u.below {
			continue
		}
		s := fmt.Sprint(int64(d/u.big), u.names[0])
		if rest := d % u.big; u.small > 0 && rest >= u.small {
			s += fmt.Sprint(" ", int64(rest/u.small), u.names[1])
		}
		return s
	}
	return fmt.Sprint(int64(d/(24*time.Hour)), " d")
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
