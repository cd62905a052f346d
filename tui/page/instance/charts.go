package instance

import (
	"math"
	"time"

	"github.com/midwatch-cli/midwatch/tui/history"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// charts are rate, errors and durations over the passes that are remembered, side
// by side; false where nothing was measured in them.
func (w *writer) charts(l *history.Life) bool {
	h := w.v.History
	n := h.Passes()
	if l == nil || n < 2 {
		return false
	}
	times := make([]time.Time, n)
	for i := range times {
		times[i] = h.At(i)
	}
	const between = 2
	width := min(60, (w.v.Width-4-2*between)/3)
	if width < 20 {
		width = min(60, w.v.Width-4)
	}
	var charts []widget.Chart
	known := false
	for _, c := range []struct {
		title string
		of    history.Number
		say   func(float64) string
		tone  theme.Tone
	}{
		{"rate", history.Rate, page.Rate, theme.Trend},
		{"errors", history.Errors, page.Share, theme.Bad},
		{"p50", history.P50, page.Seconds, theme.Trend},
		{"p95", history.P95, page.Seconds, theme.Trend},
		{"p99", history.P99, page.Seconds, theme.Trend},
	} {
		chart := widget.Chart{Title: c.title, Times: times, Values: l.Last(c.of, make([]float64, n)), Width: width, Height: 5, Value: c.say, Clock: w.v.Clock, Tone: c.tone}
		for _, v := range chart.Values {
			known = known || !math.IsNaN(v)
		}
		charts = append(charts, chart)
	}
	if !known || width < 20 {
		return false
	}
	each := max(1, (w.v.Width-4+between)/(width+between))
	for from := 0; from < len(charts); from += each {
		lines := make([]widget.Line, charts[0].Height)
		for _, c := range charts[from:min(from+each, len(charts))] {
			for i, l := range c.Draw(w.v.Theme) {
				lines[i].Left = append(append(lines[i].Left, widget.Span{Text: "  "}), l.Left...)
			}
		}
		for _, l := range lines {
			w.add(l)
		}
	}
	return true
}
