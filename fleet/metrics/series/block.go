package series

import (
	"math"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet/metrics/series/column"
)

// blockPages is how many pages make a block. More of them take fewer bytes each,
// but wait unpacked until they are complete.
const blockPages = 16

// page is what a target said at one time. It does not change.
type page struct {
	at     int64
	number uint32    // counts the pages of the target
	count  int       // samples
	row    []float64 // by slot; a slot beyond its end is absent
}

// block is consecutive pages of a target, packed: all values of one slot after
// all of another. It does not change. It holds no pointers for each series, so
// the garbage collector has nothing to do with how many there are.
type block struct {
	at      []int64 // of its pages
	numbers []uint32
	count   int
	ends    []uint32 // by slot, in data
	data    []byte
}

// pack makes a block of pages; scratch is memory to work in, which is returned.
func pack(pages []page, scratch []byte) (*block, []byte) {
	b := &block{at: make([]int64, len(pages)), numbers: make([]uint32, len(pages))}
	width := 0
	for i := range pages {
		b.at[i], b.numbers[i] = pages[i].at, pages[i].number
		b.count += pages[i].count
		width = max(width, len(pages[i].row))
	}
	b.ends = make([]uint32, width)
	scratch = scratch[:0]
	var values [blockPages]float64
	for slot := range b.ends {
		for i := range pages {
			values[i] = pages[i].value(slot)
		}
		scratch = column.Append(scratch, values[:len(pages)])
		b.ends[slot] = uint32(len(scratch)) //nolint:gosec // some bytes for each of at most slotMask
	}
	b.data = slices.Clone(scratch)
	return b, scratch
}

func (p *page) value(slot int) float64 {
	if slot >= len(p.row) {
		return math.Float64frombits(column.Absent)
	}
	return p.row[slot]
}

// newest is the time of its last page.
func (b *block) newest() int64 { return b.at[len(b.at)-1] }

// read unpacks the values of a slot, one for each page; false where there are
// none.
func (b *block) read(slot uint32, into *[blockPages]float64) bool {
	if int(slot) >= len(b.ends) {
		return false
	}
	from := uint32(0)
	if slot > 0 {
		from = b.ends[slot-1]
	}
	packed := b.data[from:b.ends[slot]]
	return len(packed) > 0 && column.Read(packed, into[:len(b.at)])
}
