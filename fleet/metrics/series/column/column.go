// Package column packs the few values that one series had in consecutive pages
// into as few bytes as it can.
//
// Most series do not change from page to page, and most of the others count in
// whole numbers. So a column is one value for all, or a first whole number and
// the differences, each in as many bits as the largest takes, or, as Gorilla
// does it (Pelkonen et al., VLDB 2015), the bits in which each value differs from
// the one before.
package column

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/prometheus/prometheus/model/value"
)

// Max is how many values a column has at most.
const Max = 64

// Places of a column that hold no number are NaNs that nothing else is.
const (
	Absent uint64 = 0x7ff0000000000013 // nothing
	Held   uint64 = 0x7ff0000000000014 // something that is no number, and is kept elsewhere
)

// The first byte of a column says how its numbers are packed.
const (
	none  = iota // there are none
	whole        // one whole number, for all
	same         // eight bytes, for all
	delta        // whole numbers: the first, the least difference, and what differences are above it
	xor          // eight bytes, and what differs
	modes
)

// kinds is a flag of the first byte: two bits for each place follow, that say
// what is there.
const kinds = 1 << 7

// What is at a place.
const (
	number = iota
	isAbsent
	isHeld
	isStale
)

// Append packs values, at most Max of them, and appends them to dst: nothing
// where all are absent.
func Append(dst []byte, values []float64) []byte {
	var numbers [Max]uint64
	n := 0
	for _, v := range values {
		if b := math.Float64bits(v); kindOf(b) == number {
			numbers[n] = b
			n++
		}
	}
	if n == len(values) {
		return appendNumbers(append(dst, 0), len(dst), numbers[:n])
	}
	if n == 0 && allAbsent(values) {
		return dst
	}
	at := len(dst)
	dst = append(dst, kinds)
	for from := 0; from < len(values); from += 4 {
		packed := byte(0)
		for i, v := range values[from:min(from+4, len(values))] {
			packed |= kindOf(math.Float64bits(v)) << (2 * i)
		}
		dst = append(dst, packed)
	}
	return appendNumbers(dst, at, numbers[:n])
}

func kindOf(b uint64) byte {
	switch b {
	case Absent:
		return isAbsent
	case Held:
		return isHeld
	case value.StaleNaN:
		return isStale
	}
	return number
}

func allAbsent(values []float64) bool {
	for _, v := range values {
		if math.Float64bits(v) != Absent {
			return false
		}
	}
	return true
}

// appendNumbers packs numbers the shortest way; the first byte is at head.
func appendNumbers(dst []byte, head int, numbers []uint64) []byte {
	if len(numbers) == 0 {
		return dst
	}
	first, differ := numbers[0], uint64(0)
	for i, b := range numbers[1:] {
		differ |= b ^ numbers[i]
	}
	w, ok := wholeOf(first)
	switch {
	case differ == 0 && ok:
		dst[head] |= whole
		return binary.AppendVarint(dst, w)
	case differ == 0:
		dst[head] |= same
		return binary.LittleEndian.AppendUint64(dst, first)
	case ok:
		if packed, ok := appendDeltas(dst, head, numbers, w); ok {
			return packed
		}
	}
	dst[head] |= xor
	shift := uint(bits.TrailingZeros64(differ))
	width := uint(bits.Len64(differ)) - shift
	dst = binary.LittleEndian.AppendUint64(dst, first)
	dst = append(dst, byte(shift), byte(width))
	var diffs [Max]uint64
	for i, b := range numbers[1:] {
		diffs[i] = (b ^ numbers[i]) >> shift
	}
	return pack(dst, diffs[:len(numbers)-1], width)
}

// wholeOf is a float as a whole number, where it is one and nothing is lost: not
// minus zero, and not beyond what a float tells apart.
func wholeOf(b uint64) (int64, bool) {
	f := math.Float64frombits(b)
	if !(f > -(1<<53) && f < 1<<53) {
		return 0, false
	}
	w := int64(f)
	return w, math.Float64bits(float64(w)) == b
}

// appendDeltas packs whole numbers; false where one of them is none.
func appendDeltas(dst []byte, head int, numbers []uint64, first int64) ([]byte, bool) {
	var diffs [Max]int64
	n := len(numbers) - 1
	before := first
	least := int64(math.MaxInt64)
	for i, b := range numbers[1:] {
		w, ok := wholeOf(b)
		if !ok {
			return dst, false
		}
		diffs[i] = w - before
		least = min(least, diffs[i])
		before = w
	}
	var above [Max]uint64
	var most uint64
	for i, d := range diffs[:n] {
		above[i] = uint64(d - least) //nolint:gosec // least is not above any
		most |= above[i]
	}
	dst[head] |= delta
	width := uint(bits.Len64(most))
	dst = binary.AppendVarint(dst, first)
	dst = binary.AppendVarint(dst, least)
	dst = append(dst, byte(width))
	return pack(dst, above[:n], width), true
}

// pack appends numbers of some bits each, the lowest first.
func pack(dst []byte, list []uint64, width uint) []byte {
	dst = slices.Grow(dst, (len(list)*int(width)+7)/8) //nolint:gosec // small
	var room uint64
	var used uint
	for _, v := range list {
		room |= v << used
		used += width
		if used >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, room)
			used -= 64
			room = v >> (width - used)
		}
	}
	for ; used > 0; used -= min(8, used) {
		dst = append(dst, byte(room))
		room >>= 8
	}
	return dst
}
