package breakers

import (
	"math"
	"strconv"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
)

// notKnown is a number on a terminal that nobody knows: it is not nothing.
const notKnown = "n/a"

// share is a part of a whole, from 0 to 1: a percentage on a terminal, the number
// elsewhere.
func share(a *app.App, part float64) render.Cell {
	switch tty := a.IO.OutTTY; {
	case math.IsNaN(part) && tty:
		return render.Text(notKnown)
	case math.IsNaN(part):
		return render.Text("")
	case tty:
		return render.Text(strconv.FormatFloat(100*part, 'g', max(2, len(strconv.Itoa(int(100*part)))), 64) + "%")
	}
	return render.Text(strconv.FormatFloat(part, 'f', -1, 64))
}

// count is a number of calls, in groups of three digits on a terminal.
func count(a *app.App, n int64) render.Cell {
	switch tty := a.IO.OutTTY; {
	case n < 0 && tty:
		return render.Text(notKnown)
	case n < 0:
		return render.Text("")
	}
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; a.IO.OutTTY && at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return render.Text(digits)
}

// clock is a moment: date and time with their zone on a terminal, RFC 3339
// elsewhere.
func clock(a *app.App, at time.Time) render.Cell {
	switch {
	case at.IsZero():
		return render.Text("")
	case !a.IO.OutTTY:
		return render.Text(at.UTC().Format("2006-01-02T15:04:05.000Z"))
	case a.Global.UTC:
		at = at.UTC()
	default:
		at = at.Local()
	}
	return render.Text(at.Format("2006-01-02 15:04:05 MST"))
}
