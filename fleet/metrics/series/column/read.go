package column

import (
	"encoding/binary"
	"math"

	"github.com/prometheus/prometheus/model/value"
)

// Read unpacks a column into as many values as it was made of. It is false where
// the bytes are not what Append makes of that many.
func Read(column []byte, into []float64) bool {
	if len(column) == 0 {
		for i := range into {
			into[i] = math.Float64frombits(Absent)
		}
		return true
	}
	if len(into) > Max {
		return false
	}
	head, rest := column[0], column[1:]
	if head&kinds == 0 {
		return readNumbers(head, rest, into)
	}
	var where [Max]int
	n := 0
	if len(rest) < (len(into)+3)/4 {
		return false
	}
	for i := range into {
		switch rest[i/4] >> (2 * (i % 4)) & 3 {
		case number:
			where[n] = i
			n++
		case isAbsent:
			into[i] = math.Float64frombits(Absent)
		case isHeld:
			into[i] = math.Float64frombits(Held)
		case isStale:
			into[i] = math.Float64frombits(value.StaleNaN)
		}
	}
	var numbers [Max]float64
	if !readNumbers(head&^kinds, rest[(len(into)+3)/4:], numbers[:n]) {
		return false
	}
	for i, at := range where[:n] {
		into[at] = numbers[i]
	}
	return true
}

func readNumbers(mode byte, rest []byte, into []float64) bool {
	switch mode {
	case none:
		return len(into) == 0
	case whole:
		w, n := binary.Varint(rest)
		if n <= 0 {
			return false
		}
		fill(into, float64(w))
	case same:
		if len(rest) < 8 {
			return false
		}
		fill(into, math.Float64frombits(binary.LittleEndian.Uint64(rest)))
	case delta:
		return readDeltas(rest, into)
	case xor:
		return readXOR(rest, into)
	}
	return mode < modes
}

func fill(into []float64, v float64) {
	for i := range into {
		into[i] = v
	}
}

func readDeltas(rest []byte, into []float64) bool {
	first, n := binary.Varint(rest)
	if n <= 0 || len(into) == 0 {
		return false
	}
	rest = rest[n:]
	least, n := binary.Varint(rest)
	if n <= 0 || n >= len(rest) {
		return false
	}
	into[0] = float64(first)
	b := reader{from: rest[n+1:], width: uint(rest[n])}
	if !b.holds(len(into) - 1) {
		return false
	}
	for i := range into[1:] {
		first += least + int64(b.next()) //nolint:gosec // as it was taken apart
		into[i+1] = float64(first)
	}
	return true
}

func readXOR(rest []byte, into []float64) bool {
	if len(rest) < 10 || len(into) == 0 || rest[8] > 63 {
		return false
	}
	v := binary.LittleEndian.Uint64(rest)
	into[0] = math.Float64frombits(v)
	shift := rest[8]
	b := reader{from: rest[10:], width: uint(rest[9])}
	if !b.holds(len(into) - 1) {
		return false
	}
	for i := range into[1:] {
		v ^= b.next() << shift
		into[i+1] = math.Float64frombits(v)
	}
	return true
}

// reader takes apart what pack has put together.
type reader struct {
	from  []byte
	width uint
	room  uint64 // bits that were read and not used
	have  uint   // how many
}

// holds says whether that many numbers are there.
func (r *reader) holds(n int) bool {
	return r.width <= 64 && n*int(r.width) <= 8*len(r.from) //nolint:gosec // small
}

func (r *reader) next() uint64 {
	v := r.room
	if r.have >= r.width {
		r.room, r.have = r.room>>r.width, r.have-r.width
	} else {
		more, bits := r.word()
		v |= more << r.have
		used := r.width - r.have
		r.room, r.have = more>>used, bits-used
	}
	if r.width < 64 {
		v &= 1<<r.width - 1
	}
	return v
}

// word takes up to 64 bits.
func (r *reader) word() (uint64, uint) {
	if len(r.from) >= 8 {
		v := binary.LittleEndian.Uint64(r.from)
		r.from = r.from[8:]
		return v, 64
	}
	var v uint64
	for i, b := range r.from {
		v |= uint64(b) << (8 * i)
	}
	n := uint(8 * len(r.from))
	r.from = nil
	return v, n
}
