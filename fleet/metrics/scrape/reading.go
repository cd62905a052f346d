package scrape

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// reading is one page on its way through the parser. What it holds waits until
// the whole page has been read.
type reading struct {
	page   []byte
	parser textparse.Parser
	old    *memory
	at     int64

	known map[string]int // the lines of old by their series; made once their order fails
	next  int            // the line of old that is expected
	seen  []int          // by line of old: one more than the line of this page
	news  map[string]int // the lines of this page that old does not have
	mixed bool           // ... or has in a family of another kind

	text   []byte // what becomes the memory
	lines  []line
	done   int // of page, that is in text
	mark   int // of page, where the last series ended
	same   bool
	staged []staged
	fresh  []fresh

	family bucketed
	odd    oddities
	report Report
}

// staged is a sample of a line that waits.
type staged struct {
	line  int // whose series it is of: itself, but for a second sample of one series
	at    int64
	value float64
	hist  *histogram.FloatHistogram
}

// fresh is a line with a series that has no id yet.
type fresh struct {
	line   int
	labels labels.Labels
}

// read takes the page apart.
func (r *reading) read(page []byte, kind string) (err error) {
	if r.report.Form, r.page, err = r.prepare(page, kind); err != nil {
		return err
	}
	media := map[string]string{Text: plainText, OpenMetrics: openMetrics, Protobuf: protobuf}[r.report.Form]
	r.parser, err = textparse.New(r.page, media, nil, textparse.ParserOptions{KeepClassicOnClassicAndNativeHistograms: true})
	if err != nil {
		return refused(ErrBroken, "%s", clean(err.Error()))
	}
	r.seen = make([]int, len(r.old.lines))
	r.news = map[string]int{}
	r.text = make([]byte, 0, max(len(r.old.text), len(r.page)/2))
	r.lines = make([]line, 0, len(r.old.lines))
	r.staged = make([]staged, 0, len(r.old.lines))
	if r.report.Form == Protobuf {
		defer func() { // the parser has no check for some of what a far side can write
			if p := recover(); p != nil {
				err = refused(ErrBroken, "it is no page of metrics in protobuf: %s", clean(fmt.Sprint(p)))
			}
		}()
	}
	if err := r.entries(); err != nil {
		return err
	}
	if r.same {
		r.text = append(r.text, r.page[r.done:]...)
	}
	r.family.end(&r.report)
	return nil
}

// entries goes through the page.
func (r *reading) entries() error {
	for {
		entry, err := r.parser.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return r.wrong(err)
		}
		switch entry {
		case textparse.EntrySeries:
			raw, at, v := r.parser.Series()
			err = r.sample(raw, at, staged{value: one(v)})
		case textparse.EntryHistogram:
			raw, at, whole, h := r.parser.Histogram()
			if whole != nil {
				h = whole.ToFloat(nil)
			}
			if bad := h.Validate(); bad != nil {
				return r.badSeries(raw, bad.Error())
			}
			err = r.sample(raw, at, staged{hist: h})
		case textparse.EntryType:
			r.family.end(&r.report)
			_, kind := r.parser.Type()
			r.family = bucketed{histogram: kind == model.MetricTypeHistogram, summary: kind == model.MetricTypeSummary}
		}
		if err != nil {
			return err
		}
	}
}

// sample keeps one sample until the page has ended.
func (r *reading) sample(raw []byte, at *int64, s staged) error {
	if r.report.Form != Protobuf {
		r.mark = cap(r.page) - cap(raw) + len(raw)
	}
	if len(raw) > maxLine {
		r.drop(&r.odd.long, raw)
		return nil
	}
	r.family.see(raw)
	id, before := r.find(raw)
	switch {
	case before >= 0 && at == nil:
		r.remember(raw, repeated)
		r.note(&r.odd.repeated, raw)
		r.report.Dropped++
		return nil
	case before < 0 && len(r.lines) >= MaxSeries:
		r.drop(&r.odd.many, raw)
		return nil
	}
	s.line = len(r.lines)
	if before >= 0 {
		s.line, r.same = before, false
	}
	if s.at = r.at; at != nil {
		s.at, r.same = *at, false
	}
	if before >= 0 {
		r.staged = append(r.staged, s)
		return nil
	}
	if id == unread {
		l, why := r.labels()
		if why != "" {
			return r.badSeries(raw, why)
		}
		r.news[string(raw)] = len(r.lines)
		r.fresh = append(r.fresh, fresh{len(r.lines), l})
	}
	r.remember(raw, id)
	r.staged = append(r.staged, s)
	return nil
}

// find looks a series up by how it is written: first where it stood in the last
// page. A series that this page had before is given with its line.
func (r *reading) find(raw []byte) (id uint32, before int) {
	at, ok := r.next, true
	if at >= len(r.old.lines) || r.old.lines[at].id >= firstNot || r.old.raw(at) != string(raw) {
		at, ok = r.index()[string(raw)]
	}
	if ok && r.seen[at] > 0 {
		return 0, r.seen[at] - 1
	}
	other := ok && r.old.lines[at].kind != r.family.kind() // it may have other labels now
	r.mixed = r.mixed || other
	if !ok || r.mixed {
		if was, has := r.news[string(raw)]; has {
			return 0, was
		}
	}
	if !ok || other {
		return unread, -1
	}
	r.next = at + 1
	r.seen[at] = len(r.lines) + 1
	return r.old.lines[at].id, -1
}

// index is the lines of the last page by their series.
func (r *reading) index() map[string]int {
	if r.known == nil {
		r.known = make(map[string]int, len(r.old.lines))
		for i := range r.old.lines {
			if r.old.lines[i].id < firstNot {
				r.known[r.old.raw(i)] = i
			}
		}
	}
	return r.known
}

// remember adds a line to what the next page is compared with. While nothing but
// values may differ, that is all between them, of forms in which a value is the
// rest of its line.
func (r *reading) remember(raw []byte, id uint32) {
	if r.same {
		begin := cap(r.page) - cap(raw) // the parser gives a part of the page
		end := begin + len(raw) + 1
		rest := r.page[end:]
		if n := bytes.IndexByte(rest, '\n'); r.page[end-1] == ' ' && n > 0 && bytes.IndexByte(rest[:n], ' ') < 0 && bytes.IndexByte(rest[:n], '\t') < 0 {
			r.lines = append(r.lines, line{uint32(len(r.text) + begin - r.done), uint32(len(r.text) + end - r.done), id, r.family.kind()})
			r.text = append(r.text, r.page[r.done:end]...)
			r.done = end + n
			return
		}
		r.same = false
	}
	r.lines = append(r.lines, line{uint32(len(r.text)), uint32(len(r.text) + len(raw) + 1), id, r.family.kind()})
	r.text = append(append(r.text, raw...), ' ')
}

// labels are those of the present series, without what the parser leaves in;
// and what is wrong with them.
func (r *reading) labels() (l labels.Labels, why string) {
	r.parser.Labels(&l)
	empty := false
	l.Range(func(l labels.Label) { empty = empty || l.Value == "" })
	name := l.Get(model.MetricNameLabel)
	bare := strings.TrimLeft(name, " \t") // of a line that begins with blanks
	if twice, ok := l.HasDuplicateLabelNames(); ok {
		return l, fmt.Sprintf("label %q is there twice", twice)
	}
	if empty || bare != name {
		b := labels.NewBuilder(l) // which leaves out what is empty
		l = b.Set(model.MetricNameLabel, bare).Labels()
	}
	if bare == "" || !l.IsValid(model.UTF8Validation) {
		return l, "it has no name, or a label that can be none"
	}
	return l, ""
}

// handOn gives the visitor all that was read.
func (r *reading) handOn(v Visitor) {
	r.name(v)
	for i := range r.staged {
		s := &r.staged[i]
		switch id := r.lines[s.line].id; {
		case id >= firstNot:
			continue
		case s.hist != nil:
			v.Histogram(id, s.at, s.hist)
		default:
			v.Value(id, s.at, s.value)
		}
		r.report.Samples++
	}
	if len(r.staged) == 0 && r.report.Dropped == 0 {
		r.add("it holds no samples")
	}
	r.odd.tell(&r.report)
}

// name gets ids for the series that have none. Two that are written differently
// may be the same.
func (r *reading) name(v Visitor) {
	if len(r.fresh) == 0 {
		return
	}
	has := make(map[uint32]bool, len(r.lines))
	for i := range r.lines {
		has[r.lines[i].id] = true
	}
	for _, f := range r.fresh {
		here := &r.lines[f.line]
		raw := r.text[here.raw : here.end-1]
		id, ok := v.New(f.labels)
		switch {
		case !ok:
			r.same = false // they are tried again
			for _, rest := range r.fresh {
				if r.lines[rest.line].id == unread {
					r.drop(&r.odd.full, raw)
				}
			}
			return
		case has[id]:
			here.id = repeated
			r.note(&r.odd.repeated, raw)
			r.report.Dropped++
		default:
			here.id, has[id] = id, true
		}
	}
}

// drop counts a sample that is not kept and will be tried again.
func (r *reading) drop(o *oddity, raw []byte) {
	r.note(o, raw)
	r.report.Dropped++
	r.same = false
}
