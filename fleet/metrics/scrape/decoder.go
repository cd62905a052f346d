package scrape

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"unsafe"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
)

// Visitor takes what a page holds. It is called by the goroutine that decodes,
// once the page has been read whole, in the page's order.
type Visitor interface {
	// New names a series that the last page did not have. Its id stands for it
	// from then on, until Decoder.Forget; two series have two ids. Without ok
	// there is no place for it, nor for the rest of the page's new ones.
	New(l labels.Labels) (id uint32, ok bool)
	// Value is a sample of a series: at is in Unix milliseconds.
	Value(id uint32, at int64, v float64)
	// Histogram is one of a native histogram, which the visitor may keep.
	Histogram(id uint32, at int64, h *histogram.FloatHistogram)
}

// Report says what came of a page that was read.
type Report struct {
	Form    string
	Samples int    // that were handed on
	Dropped int    // that were not
	Beyond  int    // of those, for the bound on series
	Notes   []Note // what was odd and spoils nothing, and why some were dropped
	Native  bool   // it hides native histograms: the protobuf form has their buckets
}

// Note is one odd thing of a page: on one line, as clean as an error.
type Note string

// Decoder reads the pages of one target. It remembers how the last one was
// written, so that a page in which only values have changed needs no parser, and
// series that are known need no labels. It is not for several goroutines.
type Decoder struct {
	last   memory
	values []float64 // of the page that is read; in the order of its lines
}

// What stands for a series that a page has, and the visitor does not.
const (
	repeated = math.MaxUint32 - iota // the page had it before
	unread   = math.MaxUint32 - iota // not yet named
	firstNot = math.MaxUint32 - iota // ids are below
)

// line is a line with a value, as it is remembered.
type line struct {
	raw uint32 // where the series begins in memory.text
	end uint32 // where its value began; one byte before, the series ends
	id  uint32

	kind uint8 // of the family: in some, the parser writes bounds in one way
}

// memory is a page without its values.
type memory struct {
	text   string // what stood before, between and after them
	lines  []line // in order
	same   bool   // only the values may differ: no line has a time of its own, all was kept
	report Report // of that page, and of each that is written the same
	id     string // of a form that is known by its media type
}

// raw is the series of a line, as it is written.
func (m *memory) raw(i int) string { return m.text[m.lines[i].raw : m.lines[i].end-1] }

// Forget makes the next page one that was never seen. It is called where ids do
// not stand any longer.
func (d *Decoder) Forget() { d.last = memory{} }

// Decode reads a page of the media type as it was sent, and hands it to the
// visitor; samples without a time of their own get at, in Unix milliseconds. Its
// errors are *fleet.Error with the line at fault, and wrap ErrOther or ErrBroken;
// then the visitor was not called. It does not keep the page.
func (d *Decoder) Decode(page []byte, kind string, at int64, v Visitor) (Report, error) {
	if d.again(page, kind) {
		for i := range d.last.lines {
			if id := d.last.lines[i].id; id < firstNot {
				v.Value(id, at, d.values[i])
			}
		}
		return d.last.report, nil
	}
	return d.first(page, kind, at, v)
}

// again reads a page that is written as the last one was, but for the values.
func (d *Decoder) again(page []byte, kind string) bool {
	m := &d.last
	if !m.same || m.id != kind {
		return false
	}
	d.values = d.values[:0]
	from, done := 0, 0
	for i := range m.lines {
		before := m.text[done:m.lines[i].end]
		done += len(before)
		if len(page)-from < len(before) || string(page[from:from+len(before)]) != before {
			return false
		}
		from += len(before)
		v, width, ok := number(page[from:])
		if !ok {
			return false
		}
		from += width
		d.values = append(d.values, v)
	}
	return string(page[from:]) == m.text[done:]
}

// exact are the powers of ten that a float64 holds exactly.
var exact = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// number reads the value that ends a line, without the line's end; it says how
// long it is. Up to 15 digits and a power of ten that is exact make one rounding
// only; all else is strconv's.
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
	if i < len(b) && b[i] == '\n' && n > 0 && n <= 15 {
		v = float64(digits)
		if point >= 0 {
			v /= exact[n-point]
		}
		if b[0] == '-' {
			v = -v
		}
		return v, i, true
	}
	if i = bytes.IndexByte(b, '\n'); i <= 0 {
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
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64) // it keeps nothing of it
	return one(v), err
}

// one makes every NaN the ordinary one: others mean something to the engine.
func one(v float64) float64 {
	if math.IsNaN(v) {
		return math.Float64frombits(value.NormalNaN)
	}
	return v
}

// first reads a page with the parser, and remembers it.
func (d *Decoder) first(page []byte, kind string, at int64, v Visitor) (Report, error) {
	r := reading{old: &d.last, at: at}
	if err := r.read(page, kind); err != nil {
		return Report{}, err
	}
	r.handOn(v)
	d.last = memory{text: string(r.text), lines: r.lines, same: r.same, report: r.report, id: kind}
	return r.report, nil
}
