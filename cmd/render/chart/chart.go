// Package chart draws numbers over time with characters: lines under an axis of
// values, and bars in a row. What tells series apart is never colour: each has a
// mark of its own, which stands before its name. It is the only place with the
// chart library.
package chart

import (
	"math"
	"strings"
	"time"

	"github.com/guptarohit/asciigraph"
	"github.com/mattn/go-runewidth"

	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// Line is what is drawn. Its name is untrusted.
type Line struct {
	Name   string
	Points []metrics.Point // in the order of time
}

// Options say how large a chart is, and over what time.
type Options struct {
	Width, Height int // in characters, with the axes; a width below 30 is taken for 30
	Start, End    time.Time
	Zone          *time.Location
	ASCII         bool
}

// Most is how many lines a chart has room for: more cannot be told apart.
const Most = 4

// The room around the lines.
const (
	leastWidth  = 30
	leastHeight = 3
	aboveAxis   = 3 // what the library has between a label and the lines, with the axis
	behind      = 4 // the half of the last time that stands out at the right
	betweenTime = 16
)

// Draw is a chart, line by line, with its axis of time and, where there are
// several lines, a legend. It is nil where there is nothing to draw: no number
// that is finite.
func Draw(lines []Line, o Options) []string {
	lines = lines[:min(len(lines), Most)]
	low, high := bounds(lines)
	if low > high {
		return nil
	}
	axis := axisOf(low, high, max(o.Height, leastHeight))
	height := axis.rows
	labels := 0
	for row := range height + 1 {
		labels = max(labels, len(axis.label(row)))
	}
	columns := max(o.Width, leastWidth) - labels - aboveAxis - behind
	grids := make([][]float64, len(lines))
	for i, l := range lines {
		// The library draws between points: so many columns take one more of them.
		grids[i] = spread(l.Points, o.Start, o.End, columns+1)
		for j, v := range grids[i] {
			grids[i][j] = axis.part(v)
		}
	}
	text := asciigraph.PlotMany(
		grids, asciigraph.Height(height), asciigraph.LowerBound(0), asciigraph.UpperBound(float64(height)), asciigraph.SeriesChars(marks(len(lines), o.ASCII)...),
		asciigraph.YAxisValueFormatter(func(v float64) string { return axis.label(int(math.Round(v))) }),
		asciigraph.XAxisRange(0, 1), asciigraph.XAxisTickCount(max(columns/betweenTime, 2)),
		asciigraph.XAxisValueFormatter(func(part float64) string {
			return o.Start.Add(time.Duration(part * float64(o.End.Sub(o.Start)))).In(o.Zone).Format(time.TimeOnly)
		}),
	)
	if o.ASCII {
		text = strings.NewReplacer("┤", "|", "┼", "+", "└", "+", "┬", "+", "─", "-").Replace(text)
	}
	rows := strings.Split(text, "\n")
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " ")
	}
	return append(rows, legend(lines, o)...)
}

// The marks of the lines of a chart with several; that of a single one is a line.
const markers = "*o+x"

func marks(n int, ascii bool) []asciigraph.CharSet {
	if n == 1 && !ascii {
		return nil
	}
	sets := make([]asciigraph.CharSet, n)
	for i := range sets {
		sets[i] = asciigraph.CreateCharSet(markers[i : i+1])
	}
	return sets
}

// legend says which mark is whose, a line each.
func legend(lines []Line, o Options) []string {
	var rows []string
	for i, l := range lines {
		if len(lines) > 1 {
			name := term.Clean(l.Name)
			dots := "…"
			if o.ASCII {
				name, dots = term.ASCII(name), "~"
			}
			rows = append(rows, "  "+markers[i:i+1]+" "+runewidth.Truncate(name, max(o.Width, leastWidth)-4, dots))
		}
	}
	return rows
}

// finite says that a number has a place on an axis.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// bounds are the least and the most of all; the least is above the most where
// there is no number.
func bounds(lines []Line) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for _, p := range l.Points {
			if finite(p.V) {
				low, high = min(low, p.V), max(high, p.V)
			}
		}
	}
	return low, high
}

// spread puts points into columns of time. A column without one is NaN where
// nothing is near: else it lies on the way between its neighbours. Of several
// points in a column the one that is farthest from the last column stays, so
// that a peak is not smoothed away.
func spread(points []metrics.Point, start, end time.Time, columns int) []float64 {
	grid := make([]float64, columns)
	for i := range grid {
		grid[i] = math.NaN()
	}
	from, span := start.UnixMilli(), max(end.Sub(start).Milliseconds(), 1)
	place := func(t int64) int { return int(math.Round(float64(t-from) / float64(span) * float64(columns-1))) }
	step := usual(points)
	last := -1
	for i, p := range points {
		at := place(p.T)
		if at < 0 || at >= columns {
			continue
		}
		switch {
		case last == at:
			before := math.NaN()
			if at > 0 {
				before = grid[at-1]
			}
			if !finite(grid[at]) || finite(before) && finite(p.V) && math.Abs(p.V-before) > math.Abs(grid[at]-before) {
				grid[at] = p.V
			}
		default:
			grid[at] = p.V
			if last >= 0 && p.T-points[i-1].T <= step+step/2 {
				between(grid, last, at)
			}
		}
		last = at
	}
	return grid
}

// between draws the way from one column to another.
func between(grid []float64, from, to int) {
	a, b := grid[from], grid[to]
	for at := from + 1; at < to; at++ {
		part := float64(at-from) / float64(to-from)
		grid[at] = a*(1-part) + b*part
	}
}

// usual is the least time between two points: a longer one is a gap.
func usual(points []metrics.Point) int64 {
	least := int64(math.MaxInt64 / 2)
	for i := 1; i < len(points); i++ {
		if d := points[i].T - points[i-1].T; d > 0 {
			least = min(least, d)
		}
	}
	return least
}
