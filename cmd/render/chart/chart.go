// Package chart draws numbers over time with characters: lines under an axis of
// values, and bars in a row. What tells lines apart is never colour: each is drawn
// with a mark of its own. It is the only place with the chart library.
package chart

import (
	"math"
	"strings"
	"time"

	"github.com/guptarohit/asciigraph"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// Line is what is drawn: points in the order of time.
type Line []metrics.Point

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

// Draw is a chart, row by row, with its axis of time. Lines beyond Most are left
// out. It is nil where there is nothing to draw: no number that is finite.
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
		grids[i] = spread(l, o.Start, o.End, columns+1)
		for j, v := range grids[i] {
			grids[i][j] = axis.part(v)
		}
	}
	share(grids)
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
	return rows
}

// markers are those of the lines of a chart with several; a single one is drawn
// as a line.
const markers = "*o+x"

// Mark is what line i of n is drawn with; empty for a single one.
func Mark(i, n int) string {
	if n < 2 || i >= Most {
		return ""
	}
	return markers[i : i+1]
}

// dash is for how many columns one of several lines at the same place is seen.
const dash = 6

// share lets lines that lie upon each other be seen in turn.
func share(grids [][]float64) {
	if len(grids) < 2 {
		return
	}
	for column := range grids[0] {
		at := map[float64][]int{}
		for i := range grids {
			row := math.Round(grids[i][column])
			at[row] = append(at[row], i) // NaN is never equal: it shares with nobody
		}
		for _, all := range at {
			for turn, i := range all {
				if turn != column/dash%len(all) {
					grids[i][column] = math.NaN()
				}
			}
		}
	}
}

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

// finite says that a number has a place on an axis.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// bounds are the least and the most of all; the least is above the most where
// there is no number.
func bounds(lines []Line) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for _, p := range l {
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
		if last == at {
			before := math.NaN()
			if at > 0 {
				before = grid[at-1]
			}
			if !finite(grid[at]) || finite(before) && finite(p.V) && math.Abs(p.V-before) > math.Abs(grid[at]-before) {
				grid[at] = p.V
			}
			continue
		}
		grid[at] = p.V
		if last >= 0 && p.T-points[i-1].T <= step+step/2 {
			between(grid, last, at)
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
