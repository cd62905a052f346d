package widget

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/tui/theme"
)

// Chart is numbers over time as bars from 0, the newest at the right edge, with the
// greatest and 0 at the left and the times below. A time without a number is a gap,
// never a 0.
type Chart struct {
	Title         string
	Times         []time.Time // oldest first
	Values        []float64   // one for each of them; NaN: none
	Width, Height int         // of all of it; at least 20 and 4
	Value         func(float64) string
	Clock         func(time.Time) string
	Tone          theme.Tone
}

// labels is the room that the numbers at the left have.
const labels = 7

// Draw returns Height lines of Width columns.
func (c *Chart) Draw(th *theme.Theme) []Line {
	columns, from := c.columns(max(1, c.Width-labels-1))
	top := 0.0
	for _, v := range columns {
		if known(v) {
			top = max(top, v)
		}
	}
	top = nice(top)
	now := math.NaN()
	if n := len(c.Values); n > 0 {
		now = c.Values[n-1]
	}
	title := c.Title + " " + c.Value(now)
	lines := []Line{{Left: []Span{{blanks(labels + 1), theme.Plain}, {pad(th, title, c.Width-labels-1), theme.Strong}}}}
	rows := max(1, c.Height-2)
	for row := range rows {
		label := ""
		switch row {
		case 0:
			label = c.Value(top)
		case rows - 1:
			label = "0"
		}
		label = Cut(th, label, labels)
		lines = append(lines, Line{Left: []Span{
			{blanks(labels-Width(label)) + label, theme.Dim}, {"│", theme.Rule}, {bars(th, columns, top, rows-1-row, rows), c.Tone},
		}})
	}
	first, last := c.Clock(from), ""
	if n := len(c.Times); n > 0 {
		last = c.Clock(c.Times[n-1])
	}
	if room := c.Width - labels - 1; Width(first)+Width(last)+1 <= room {
		first += blanks(room-Width(first)-Width(last)) + last
	}
	return append(lines, Line{Left: []Span{{blanks(labels + 1), theme.Plain}, {pad(th, first, c.Width-labels-1), theme.Dim}}})
}

// pad is a text in exactly so many columns.
func pad(th *theme.Theme, s string, width int) string {
	s = Cut(th, th.Text(s), width)
	return s + blanks(width-Width(s))
}

// columns are the greatest numbers of each column's time, and where the first one
// begins.
func (c *Chart) columns(n int) (columns []float64, from time.Time) {
	columns = make([]float64, n)
	for i := range columns {
		columns[i] = math.NaN()
	}
	if len(c.Times) == 0 {
		return columns, from
	}
	step, end := c.step(), c.Times[len(c.Times)-1]
	for i, v := range c.Values {
		at := n - 1 - int(math.Round(float64(end.Sub(c.Times[i]))/float64(step)))
		if at >= 0 && at < n && known(v) && !(columns[at] >= v) {
			columns[at] = v
		}
	}
	return columns, end.Add(-time.Duration(n-1) * step)
}

// step is the time between two passes, as it mostly is.
func (c *Chart) step() time.Duration {
	var all []time.Duration
	for i := range c.Times[1:] {
		if d := c.Times[i+1].Sub(c.Times[i]); d > 0 {
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		return time.Second
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// bars is one line of them: the row-th from below, of so many.
func bars(th *theme.Theme, columns []float64, top float64, row, rows int) string {
	signs := []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}
	if th.ASCII {
		signs = []string{"_", ".", "-", ":", "=", "+", "*", "#"}
	}
	var b strings.Builder
	for _, v := range columns {
		high := 0 // in eighths of a line
		switch {
		case math.IsNaN(v):
			b.WriteByte(' ')
			continue
		case top > 0:
			high = int(math.Round(min(v, top) / top * float64(8*rows)))
		}
		if high -= 8 * row; row == 0 {
			high = max(high, 1) // a number is seen, also 0
		}
		if high <= 0 {
			b.WriteByte(' ')
			continue
		}
		b.WriteString(signs[min(high, 8)-1])
	}
	return b.String()
}

// nice is the next number above that is read easily: 1, 2 or 5 with zeros.
func nice(v float64) float64 {
	if v <= 0 || math.IsInf(v, 0) {
		return 0
	}
	ten := math.Pow(10, math.Floor(math.Log10(v)))
	for _, by := range []float64{1, 2, 5} {
		if v <= by*ten && known(by*ten) {
			return by * ten
		}
	}
	if !known(10 * ten) {
		return v
	}
	return 10 * ten
}
