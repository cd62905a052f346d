package exposition

import (
	"math"
	"slices"
	"strings"
	"unique"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
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
// written, so that a page in which only values have changed needs no parser, one
// in which lines came and went needs it for those, and series that are known
// need no labels. It is not for several goroutines.
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

// line is a line with a value, as it is remembered, with the comments before it.
// It begins where the one before ends.
type line struct {
	raw uint32 // where the series begins in memory.text
	end uint32 // where its value began
	id  uint32

	kind uint8 // of its family
}

// Kinds of families in which the parser writes bounds in one way.
const (
	histogramKind = 1 + iota
	summaryKind
)

// memory is a page without its values and what follows them on their lines. One
// in protobuf is but its series.
type memory struct {
	text   string
	shared unique.Handle[string] // of text: instances of one service mostly write the same
	lines  []line                // in order; then comes what is left of text
	id     string                // the media type
	same   bool                  // but for values, the page may come again as it was
	report Report                // of that page, and of each that is written the same
}

// begin is where a line begins, with the comments before it.
func (m *memory) begin(i int) int {
	if i == 0 {
		return 0
	}
	return int(m.lines[i-1].end)
}

// kindBefore is the kind that a line has if its own comments do not change it.
func (m *memory) kindBefore(i int) uint8 {
	if i == 0 {
		return 0
	}
	return m.lines[i-1].kind
}

// before is a line up to its value.
func (m *memory) before(i int) string { return m.text[m.begin(i):m.lines[i].end] }

// raw is the series of a line, as it is written.
func (m *memory) raw(i int) string {
	return strings.TrimRight(m.text[m.lines[i].raw:m.lines[i].end], " \t")
}

// rest is what comes after the last line.
func (m *memory) rest() string {
	if n := len(m.lines); n > 0 {
		return m.text[m.lines[n-1].end:]
	}
	return m.text
}

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
	r := reading{old: &d.last, at: at}
	if err := r.read(page, kind); err != nil {
		return Report{}, err
	}
	r.handOn(v)
	shared := unique.Make(string(r.text))
	d.last = memory{text: shared.Value(), shared: shared, lines: slices.Clip(r.lines), same: r.same, report: r.report, id: kind}
	return r.report, nil
}

// again reads a page that is written as the last one was, but for the values.
func (d *Decoder) again(page []byte, kind string) bool {
	m := &d.last
	if !m.same || m.id != kind {
		return false
	}
	d.values = d.values[:0]
	for i := range m.lines {
		before := m.before(i)
		if !hasPrefix(page, before) {
			return false
		}
		page = page[len(before):]
		r, width, ok := value(page, m.report.Form)
		if !ok || r.timed {
			return false
		}
		page = page[width:]
		d.values = append(d.values, r.value)
	}
	return string(page) == m.rest()
}

func hasPrefix(page []byte, text string) bool {
	return len(page) >= len(text) && string(page[:len(text)]) == text
}
