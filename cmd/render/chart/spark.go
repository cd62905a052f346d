package chart

import (
	"math"
	"strconv"
	"strings"
)

// The bars of a sparkline, lowest first.
const (
	bars      = "▁▂▃▄▅▆▇█"
	asciiBars = "_.,-=+*#" // no colon: two of them begin a command of a build system
)

// flat is the share of a number by which it may change and still look steady.
const flat = 0.2

// Spark is values as bars in a row of so many columns at most; the last column is
// the last value. What is not known is a blank. A line that hardly changes is
// drawn level in the middle, one of nothing at all at the bottom.
func Spark(values []float64, width int, ascii bool) string {
	levels := []rune(bars)
	if ascii {
		levels = []rune(asciiBars)
	}
	values = squeeze(values, max(width, 1))
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if finite(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	var b strings.Builder
	for _, v := range values {
		if finite(v) {
			b.WriteRune(levels[level(v, low, high, len(levels))])
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// level is which bar a value has.
func level(v, low, high float64, n int) int {
	if low == 0 && high == 0 {
		return 0
	}
	middle := low/2 + high/2
	span := high/2 - low/2 // half of what the bars stand for
	shift := 0.0
	if least := flat / 2 * math.Abs(middle); span < least {
		span, shift = least, 0.5 // the middle of a bar, so that a hair does not make another one of it
	}
	return min(max(int((v/2-middle/2+span/2)/span*float64(n)-shift), 0), n-1)
}

// squeeze makes fewer values of many: of each column the one that is farthest
// from the one before.
func squeeze(values []float64, width int) []float64 {
	if len(values) <= width {
		return values
	}
	out := make([]float64, width)
	before := math.NaN()
	for i := range out {
		part := values[i*len(values)/width : (i+1)*len(values)/width]
		out[i] = part[len(part)-1]
		for _, v := range part {
			if finite(v) && (!finite(out[i]) || finite(before) && math.Abs(v-before) > math.Abs(out[i]-before)) {
				out[i] = v
			}
		}
		before = out[i]
	}
	return out
}

// Number is a number for people, in four digits at most: 0.0123, 41.2, 1234, 56.7k,
// 3.4M, 1.2e+18.
func Number(v float64) string {
	switch abs := math.Abs(v); {
	case v == 0:
		return "0"
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'g', -1, 64)
	case abs < 1e-4 || abs >= 999.95e12:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case abs >= 9999.5:
		for _, u := range units() {
			if abs >= u.of*0.9995 {
				return digits(v/u.of) + u.name
			}
		}
	}
	return digits(v)
}

// unit is a power of thousand.
type unit struct {
	of   float64
	name string
}

func units() []unit { return []unit{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} }

// digits is a number in four digits, without zeros that say nothing.
func digits(v float64) string {
	whole := max(int(math.Floor(math.Log10(math.Abs(v)))), -4)
	text := strconv.FormatFloat(v, 'f', max(3-whole, 0), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
