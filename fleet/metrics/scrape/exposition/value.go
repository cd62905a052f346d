package exposition

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"

	markers "github.com/prometheus/prometheus/model/value"
)

// What follows a series on its line is read here where it is written plainly, as
// nearly always. What is not is left to the parser, which this is held to.

// rest is what follows a series.
type rest struct {
	value float64
	at    int64 // Unix milliseconds
	timed bool  // it has a time of its own
}

// value reads what follows a series, its line's end too; it says how long that
// is. Exemplars are passed over.
func value(b []byte, form string) (r rest, width int, ok bool) {
	r.value, width, ok = number(b)
	if !ok {
		return r, 0, false
	}
	if b[width] == '\n' {
		return r, width + 1, true
	}
	if form == OpenMetrics {
		return openMetricsRest(r, b, width)
	}
	width++
	begin := width
	for width < len(b) && b[width] >= '0' && b[width] <= '9' {
		width++
	}
	if n := width - begin; n == 0 || n > 18 || width >= len(b) || b[width] != '\n' {
		return r, 0, false
	}
	r.timed = true
	for _, c := range b[begin:width] {
		r.at = r.at*10 + int64(c-'0')
	}
	return r, width + 1, true
}

// openMetricsRest reads a time in seconds, and an exemplar; both may be missing.
func openMetricsRest(r rest, b []byte, width int) (rest, int, bool) {
	if !bytes.HasPrefix(b[width:], []byte(" # ")) {
		seconds, n, ok := finite(b[width+1:])
		if !ok {
			return r, 0, false
		}
		r.at, r.timed = int64(seconds*1000), true
		if width += 1 + n; b[width] == '\n' {
			return r, width + 1, true
		}
	}
	n, ok := exemplar(b[width:])
	return r, width + n, ok
}

// exemplar passes over one, and its line's end.
func exemplar(b []byte) (width int, ok bool) {
	if !bytes.HasPrefix(b, []byte(" # {")) {
		return 0, false
	}
	width = 4
	for width < len(b) && b[width] != '}' {
		n := pair(b[width:])
		if n == 0 {
			return 0, false
		}
		if width += n; width < len(b) && b[width] == ',' {
			width++
		} else if width >= len(b) || b[width] != '}' {
			return 0, false
		}
	}
	width++
	if width >= len(b) || b[width] != ' ' {
		return 0, false
	}
	_, n, ok := number(b[width+1:])
	if width += 1 + n; ok && b[width] == ' ' {
		_, n, ok = finite(b[width+1:])
		width += 1 + n
	}
	return width + 1, ok && b[width] == '\n'
}

// pair is how long a label with its value is; 0 where it is not a plain one.
func pair(b []byte) int {
	i := 0
	for i < len(b) && (b[i] == '_' || b[i]|0x20 >= 'a' && b[i]|0x20 <= 'z' || i > 0 && b[i] >= '0' && b[i] <= '9') {
		i++
	}
	if i == 0 || !bytes.HasPrefix(b[i:], []byte(`="`)) {
		return 0
	}
	i += 2
	n := bytes.IndexByte(b[i:], '"')
	if n < 0 || bytes.IndexByte(b[i:i+n], '\\') >= 0 || bytes.IndexByte(b[i:i+n], '\n') >= 0 || !utf8.Valid(b[i:i+n]) {
		return 0
	}
	return i + n + 1
}

// finite reads a number that is one.
func finite(b []byte) (v float64, width int, ok bool) {
	v, width, ok = number(b)
	return v, width, ok && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// exact are the powers of ten that a float64 holds exactly.
var exact = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// number reads a number that a blank or the line's end follows; it says how long
// it is. Up to 15 digits and a power of ten that is exact make one rounding only;
// all else is strconv's.
func number(b []byte) (v float64, width int, ok bool) {
	var digits uint64
	n, point, i := 0, -1, 0
	if len(b) > 0 && b[0] == '-' {
		i = 1
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c >= '0' && c <= '9':
			digits = digits*10 + uint64(c-'0')
			n++
			continue
		case c == '.' && point < 0:
			point = n
			continue
		}
		break
	}
	if i < len(b) && (b[i] == '\n' || b[i] == ' ') && n > 0 && n <= 15 {
		v = float64(digits)
		if point >= 0 {
			v /= exact[n-point]
		}
		if b[0] == '-' {
			v = -v
		}
		return v, i, true
	}
	for i < len(b) && b[i] != '\n' && b[i] != ' ' {
		i++
	}
	if i == len(b) {
		return 0, 0, false
	}
	v, err := float(b[:i])
	return v, i, err == nil
}

var errFloat = errors.New("unsupported character in a number")

// float reads a value as Prometheus does: without hexadecimal exponents and
// underscores, and with one NaN.
func float(b []byte) (float64, error) {
	if bytes.ContainsAny(b, "pP_") {
		return 0, errFloat
	}
	v, err := strconv.ParseFloat(string(b), 64)
	return one(v), err
}

// one makes every NaN the ordinary one: others mean something to the engine.
func one(v float64) float64 {
	if math.IsNaN(v) {
		return math.Float64frombits(markers.NormalNaN)
	}
	return v
}
