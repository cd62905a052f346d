package page

import (
	"math"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/spread"
)

// StartTime is the family that says when a process started
// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics).
const StartTime = "process_start_time_seconds"

// What tells a start from a correction of the clock that it is computed from,
// and the next process from another one that was there all the time.
const (
	startJitter = 2.0              // seconds
	clockSkew   = 30 * time.Second // between the process and who scrapes it
)

// change is that a process is not the one of the scrape before.
type change struct {
	before, at int64 // the two scrapes
	started    bool  // it is the next one: its counters began at 0 in between
}

// starts finds where the process changed. One that started long before the last
// scrape of the other is not its successor: several answer in turn, and what
// happened in between is not known.
func (t *Target) starts() {
	series := t.Series[signature.Parse(StartTime)]
	if len(series) == 0 {
		return
	}
	points := series[0].Points
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if !(math.Abs(b.V-a.V) > startJitter) {
			continue
		}
		started := b.V > a.V && b.V*1000 > float64(a.T-clockSkew.Milliseconds())
		t.changes = append(t.changes, change{before: a.T, at: b.T, started: started})
		if started {
			t.Restarts++
		} else {
			t.lost += b.T - a.T
		}
	}
}

// between says what happened to the process after one scrape, until another.
func (t *Target) between(a, b int64) (started, lost bool) {
	for _, c := range t.changes {
		if a < c.at && c.at <= b {
			started, lost = started || c.started, lost || !c.started
		}
	}
	return started, lost
}

// born says whether a series that begins at a time was not there before: another
// one was scraped at that time, and before. Samples that bring times of their own
// tell nothing of what a page held, nor do pages that a server has under the same
// labels: such a series may be as old as any.
func (t *Target) born(at int64) bool {
	if at == t.First {
		return false
	}
	if t.again == nil {
		t.again = map[int64]bool{}
		for _, all := range t.Series {
			for _, c := range all {
				for i := 1; i < len(c.Points); i++ {
					t.again[c.Points[i].T] = true
				}
				for i := 1; i < len(c.Histograms); i++ {
					t.again[c.Histograms[i].T] = true
				}
			}
		}
	}
	return t.again[at]
}

// before is when the scrape before one was, as far as is known.
func (t *Target) before(at int64) int64 { return max(t.First, at-t.Interval().Milliseconds()) }

// Growth calls for each stretch of time in which a counter grew, by n. A series
// that was born in the window counts with its first value too: its page was there
// before without it, so it began at 0. A value below the one before began at 0 as well.
func (t *Target) Growth(points []metrics.Point, stretch func(from, to int64, n float64)) {
	var last metrics.Point
	for i, p := range points {
		n := p.V
		switch {
		case i == 0 && !t.born(p.T):
			last = p
			continue
		case i == 0:
			last.T = t.before(p.T)
		}
		started, lost := t.between(last.T, p.T)
		if i > 0 && !started && p.V >= last.V {
			n = p.V - last.V
		}
		if !lost && n > 0 && finite(n) && finite(last.V) {
			stretch(last.T, p.T, n)
		}
		last = p
	}
}

// Increase is by how much a counter grew in the window.
func (t *Target) Increase(points []metrics.Point) float64 {
	var sum float64
	t.Growth(points, func(_, _ int64, n float64) { sum += n })
	return sum
}

// Counts and Sums are the counts and the sums of native histograms.
func Counts(h []metrics.HistogramPoint) []metrics.Point {
	points := make([]metrics.Point, len(h))
	for i := range h {
		points[i] = metrics.Point{T: h[i].T, V: h[i].Count}
	}
	return points
}

// Sums are the sums of native histograms.
func Sums(h []metrics.HistogramPoint) []metrics.Point {
	points := make([]metrics.Point, len(h))
	for i := range h {
		points[i] = metrics.Point{T: h[i].T, V: h[i].Sum}
	}
	return points
}

// Spread is what was added to a native histogram in the window; its bounds are
// in a unit of so many seconds.
func (t *Target) Spread(h []metrics.HistogramPoint, unit float64) spread.Spread {
	var all []spread.Bucket
	for i := range h {
		at := h[i].T
		if i == 0 && !t.born(at) {
			continue
		}
		last := t.before(at)
		if i > 0 {
			last = h[i-1].T
		}
		started, lost := t.between(last, at)
		if lost {
			continue
		}
		now := spread.Native(&h[i], unit)
		if i > 0 && !started && h[i].Count >= h[i-1].Count {
			now = now.Since(spread.Native(&h[i-1], unit))
		}
		all = append(all, now...)
	}
	return spread.Join(all)
}
