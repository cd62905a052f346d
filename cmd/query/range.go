package query

import (
	"math"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/render/chart"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// The size of what is drawn.
const (
	chartHeight = 10
	sparkWidth  = 24
)

// bounds is the time that an answer is about: of a range that was asked for, or
// of the samples there are.
func (r *result) bounds() (start, end time.Time) {
	if r.question.Step > 0 {
		return r.question.Start, r.question.End
	}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range r.answer.Series {
		for _, p := range r.answer.Series[i].Points {
			first, last = min(first, p.T), max(last, p.T)
		}
	}
	if first >= last {
		return r.question.At.Add(-time.Minute), r.question.At
	}
	return time.UnixMilli(first), time.UnixMilli(last)
}

// chart draws the series of a range, where they are few enough to be told apart.
func (r *result) chart(a *app.App) (lead [][]render.Cell) {
	if n := len(r.answer.Series); n == 0 || n > chart.Most {
		return nil
	}
	zone := time.Local
	if a.Global.UTC {
		zone = time.UTC
	}
	start, end := r.bounds()
	o := chart.Options{Width: a.IO.Width(), Height: chartHeight, Start: start, End: end, Zone: zone, ASCII: a.IO.OutASCII()}
	var lines []chart.Line
	for i := range r.answer.Series {
		lines = append(lines, r.answer.Series[i].Points)
	}
	for _, row := range chart.Draw(lines, o) {
		lead = append(lead, []render.Cell{render.Text(row)})
	}
	return lead
}

// lines has a row for each series of a range: its mark in the chart, its least and
// its most, and where it is; where there is no chart, how it went.
func (r *result) lines(a *app.App, drawn bool) (render.Table, string) {
	series := r.answer.Series
	l := label(a, series, valueWidth+sparkWidth)
	columns := slices.Concat([]render.Column{{Tight: true}}, l.columns, []render.Column{
		{Name: "LEAST", Right: true, Spare: 2}, {Name: "MOST", Right: true, Spare: 1}, {Name: "LAST", Right: true},
	})
	if !drawn {
		columns = append(columns, render.Column{Name: "TREND"})
	}
	var rows [][]render.Cell
	for i := range series {
		s := &series[i]
		low, high, last := math.NaN(), math.NaN(), math.NaN()
		for _, p := range s.Points {
			if last = p.V; !math.IsNaN(p.V) {
				low, high = least(low, p.V), -least(-high, -p.V)
			}
		}
		mark := ""
		if drawn {
			mark = chart.Mark(i, len(series))
		}
		cells := slices.Concat([]render.Cell{render.Text(mark)}, l.cells[i], []render.Cell{number(low), number(high), number(last)})
		if n := len(s.Histograms); n > 0 {
			cells[len(cells)-1] = render.Text(histogram(&s.Histograms[n-1], chart.Number))
		}
		if !drawn {
			cells = append(cells, render.Text(r.spark(a, s)))
		}
		rows = append(rows, cells)
	}
	return table(columns, rows), l.common
}

// least is the lesser of two, of which the first may be none.
func least(a, b float64) float64 {
	if math.IsNaN(a) {
		return b
	}
	return min(a, b)
}

func number(v float64) render.Cell {
	if math.IsNaN(v) {
		return render.Text("")
	}
	return render.Text(chart.Number(v))
}

// spark puts the points of a series into their places in time: a gap is a blank.
func (r *result) spark(a *app.App, s *metrics.Series) string {
	start, end := r.bounds()
	values := make([]float64, sparkWidth)
	for i := range values {
		values[i] = math.NaN()
	}
	span := max(end.Sub(start).Milliseconds(), 1)
	if r.question.Step > 0 {
		values = values[:min(int64(sparkWidth), int64(r.question.End.Sub(r.question.Start)/r.question.Step)+1)]
	}
	for _, p := range s.Points {
		at := int(math.Round(float64(p.T-start.UnixMilli()) / float64(span) * float64(len(values)-1)))
		if at >= 0 && at < len(values) {
			values[at] = p.V
		}
	}
	return chart.Spark(values, sparkWidth, a.IO.OutASCII())
}
