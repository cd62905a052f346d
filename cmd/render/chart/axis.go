package chart

import (
	"math"
	"strconv"
	"strings"
)

// axis is the range of values of a chart: so many rows above its lowest value,
// each a step.
type axis struct {
	low, step float64
	rows      int
	unit      float64 // labels are in thousands, millions, ...
	suffix    string  // ... and say so
	decimals  int     // below 0: as many as it takes
}

// finest is the least step: numbers that differ less cannot be divided any more.
const finest = 1e-300

// axisOf finds the axis for values from low to high in so many rows at most. Its
// steps are round, and it begins at nothing where that costs little room, so that a small change of a
// large number does not look like a large one.
func axisOf(low, high float64, rows int) axis {
	switch {
	case low >= 0 && low <= high/2, low > 0 && low == high:
		low = 0
	case high <= 0 && high >= low/2, high < 0 && low == high:
		high = 0
	}
	if low == high {
		high = low + 1
	}
	a := axis{low: low, step: max((high/4-low/4)/float64(rows)*4, finest), rows: rows, unit: 1, decimals: -1}
	power := math.Pow10(int(math.Floor(math.Log10(a.step))))
	for _, round := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12} {
		step := round * power
		first := math.Floor(low/step) * step
		if last := first + step*float64(rows); step < a.step || last < high || !finite(last) || power == 0 {
			continue
		}
		a.low, a.step, a.rows = first, step, max(int(math.Ceil((high-first)/step)), leastHeight)
		a.units(max(math.Abs(first), math.Abs(first+step*float64(a.rows))))
		break
	}
	return a
}

// units finds how labels are written: all in one unit, with as many digits as
// it takes to tell them apart.
func (a *axis) units(most float64) {
	if most < 1e-4 || most >= 1e15 {
		return
	}
	for _, u := range units() {
		if most >= 10*u.of {
			a.unit, a.suffix = u.of, u.name
			break
		}
	}
	text := strconv.FormatFloat(float64(float32(a.step/a.unit)), 'f', -1, 32)
	if _, fraction, found := strings.Cut(text, "."); found {
		a.decimals = len(fraction)
	} else {
		a.decimals = 0
	}
}

// part is where on the axis a value stands, in rows. It is made of quarters, so
// that the widest range there is does not overflow.
func (a *axis) part(v float64) float64 {
	if !finite(v) {
		return math.NaN()
	}
	return (v/4 - a.low/4) / (a.step / 4)
}

// label is the value at a row.
func (a *axis) label(row int) string {
	v := (a.low/4 + a.step/4*float64(row)) * 4
	if math.Abs(v) < a.step/1e6 {
		return "0"
	}
	if a.decimals < 0 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(v/a.unit, 'f', a.decimals, 64) + a.suffix
}
