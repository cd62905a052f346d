package widget

import (
	"math"
	"strings"

	"github.com/midwatch-cli/midwatch/tui/theme"
)

// Spark is the latest values as bars from 0 to the greatest, or to twice the mean
// where that is more, the newest at the right. Values that are not there leave a blank, so that no data never looks
// like 0.
func Spark(th *theme.Theme, values []float64, width int) string {
	if width <= 0 {
		return ""
	}
	values = values[max(0, len(values)-width):]
	bars := [...]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇"} // never all of a line: the one above has bars too
	if th.ASCII {
		bars = [...]string{"_", ".", "-", ":", "=", "*", "#"}
	}
	top, sum, n := 0.0, 0.0, 0.0
	for _, v := range values {
		if known(v) {
			top, sum, n = max(top, v), sum+v, n+1
		}
	}
	if n > 0 && known(2*sum/n) {
		top = max(top, 2*sum/n) // what does not change stands in the middle: calm
	}
	var b strings.Builder
	b.Grow(width * len(bars[0]))
	b.WriteString(blanks(width - len(values)))
	for _, v := range values {
		switch {
		case !known(v):
			b.WriteByte(' ')
		case top <= 0:
			b.WriteString(bars[0])
		default:
			b.WriteString(bars[max(0, min(len(bars)-1, int(v/top*float64(len(bars)))))])
		}
	}
	return b.String()
}

// known says that a value is one: who measures without end measures wrongly.
func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
