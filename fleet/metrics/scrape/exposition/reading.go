package exposition

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// reading is one page that is not quite as the last one was. Lines are compared
// with those of the last page; where one differs, the parser takes over until
// they are alike again. What the page holds waits until all of it has been read.
type reading struct {
	page   []byte
	media  string
	at     int64
	done   int // of page, that was read
	parser textparse.Parser
	kind   uint8 // of the family that the present line is of
	told   bool  // the parser has seen that itself
	plain  bool  // the line that the parser read last is to its end: it sees an odd end with the next one only

	old   *memory
	alike bool           // lines of old may be compared with: it was of the same form
	next  int            // the line of old that is expected
	known map[string]int // the lines of old by their series; made once their order fails often
	seen  []int          // by line of old: one more than the line of this page
	news  map[string]int // the lines of this page that old does not have
	mixed bool           // ... or has in a family of another kind

	searched int // series that did not stand where they were expected

	text   []byte // what becomes the memory
	lines  []line
	kept   int // of page, that is in text but for values
	same   bool
	staged []staged
	fresh  []fresh

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
	r.media = map[string]string{Text: plainText, OpenMetrics: openMetrics, Protobuf: protobuf}[r.report.Form]
	r.alike = r.old.id == kind && r.old.report.Form == r.report.Form && r.report.Form != Protobuf
	r.seen = make([]int, len(r.old.lines))
	r.news = map[string]int{}
	r.text = make([]byte, 0, max(len(r.old.text)+len(r.old.text)/16, len(r.page)/2))
	r.lines = make([]line, 0, len(r.old.lines)+8)
	r.staged = make([]staged, 0, len(r.old.lines)+8)
	if r.report.Form == Protobuf {
		defer func() { // the parser has no check for some of what a far side can write
			if p := recover(); p != nil {
				err = refused(ErrBroken, "it is no page of metrics in protobuf: %s", Clean(fmt.Sprint(p)))
			}
		}()
	}
	for ended := false; !ended; {
		if ended = r.run(); !ended {
			ended, err = r.step()
		}
		if err != nil {
			return err
		}
	}
	if r.report.Form != Protobuf {
		r.text = append(r.text, r.page[r.kept:]...)
		r.report.Native = r.hidesNative()
	}
	return nil
}

// run reads on for as long as the page is written as the last one was; it says
// whether that is to its end.
func (r *reading) run() (ended bool) {
	if !r.alike || r.mixed || r.parser != nil && !r.plain || r.kind != r.old.kindBefore(r.next) {
		return false
	}
	begin := r.next
	for r.next < len(r.old.lines) && len(r.lines) < MaxSeries {
		before := r.old.before(r.next)
		if r.seen[r.next] > 0 || r.old.lines[r.next].id >= firstNot || !hasPrefix(r.page[r.done:], before) {
			break
		}
		end := r.done + len(before)
		v, width, ok := value(r.page[end:], r.report.Form)
		if !ok {
			break
		}
		r.seen[r.next] = len(r.lines) + 1
		r.put(r.old.lines[r.next].id, r.done+int(r.old.lines[r.next].raw)-r.old.begin(r.next), end, r.old.lines[r.next].kind)
		r.stage(len(r.lines)-1, v, nil)
		r.done = end + width
		r.kept = r.done
		r.next++
	}
	if r.next > begin {
		r.parser, r.kind = nil, r.old.lines[r.next-1].kind
	}
	return r.next == len(r.old.lines) && string(r.page[r.done:]) == r.old.rest()
}

// put remembers a line whose series begins, and whose value begins, at those
// bytes of the page.
func (r *reading) put(id uint32, raw, end int, kind uint8) {
	r.lines = append(r.lines, line{raw: uint32(len(r.text) + raw - r.kept), end: uint32(len(r.text) + end - r.kept), id: id, kind: kind})
	r.text = append(r.text, r.page[r.kept:end]...)
}

// stage lets a sample wait.
func (r *reading) stage(line int, v rest, h *histogram.FloatHistogram) {
	at := r.at
	if v.timed {
		at, r.same = v.at, false
	}
	r.staged = append(r.staged, staged{line, at, v.value, h})
}

// step reads one series by the parser; it says whether the page has ended.
func (r *reading) step() (ended bool, err error) {
	if r.parser == nil {
		r.told = false
		r.parser, err = textparse.New(r.page[r.done:], r.media, nil, textparse.ParserOptions{KeepClassicOnClassicAndNativeHistograms: true})
		if err != nil {
			return false, refused(ErrBroken, "%s", Clean(err.Error()))
		}
	}
	for {
		entry, err := r.parser.Next()
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			return false, r.wrong(err)
		}
		switch entry {
		case textparse.EntrySeries:
			raw, at, v := r.parser.Series()
			s := rest{value: one(v)}
			if at != nil {
				s.at, s.timed = *at, true
			}
			return false, r.sample(raw, s, nil)
		case textparse.EntryHistogram:
			raw, at, whole, h := r.parser.Histogram()
			valid := h.Validate
			if whole != nil {
				valid = whole.Validate
			}
			if bad := valid(); bad != nil {
				return false, r.badSeries(raw, bad.Error())
			}
			if whole != nil {
				h = whole.ToFloat(nil)
			}
			var s rest
			if at != nil {
				s.at, s.timed = *at, true
			}
			return false, r.sample(raw, s, h)
		case textparse.EntryType:
			_, kind := r.parser.Type()
			r.kind, r.told = map[model.MetricType]uint8{model.MetricTypeHistogram: histogramKind, model.MetricTypeSummary: summaryKind}[kind], true
		}
	}
}

// sample keeps one sample that the parser found, until the page has ended.
func (r *reading) sample(raw []byte, v rest, h *histogram.FloatHistogram) error {
	begin, end := r.extent(raw)
	if len(raw) > maxLine {
		r.drop(&r.odd.long, raw)
		return nil
	}
	id, before := r.find(raw)
	switch {
	case before >= 0 && v.timed:
		r.stage(before, v, h)
		r.kept = r.done
		return nil
	case before < 0 && len(r.lines) >= MaxSeries:
		r.drop(&r.odd.many, raw)
		return nil
	case before >= 0:
		id = repeated
		r.note(&r.odd.repeated, raw)
		r.report.Dropped++
	case id == unread:
		l, why := r.labels()
		if why != "" {
			return r.badSeries(raw, why)
		}
		r.news[string(raw)] = len(r.lines)
		r.fresh = append(r.fresh, fresh{len(r.lines), l})
	}
	if r.report.Form == Protobuf {
		r.lines = append(r.lines, line{raw: uint32(len(r.text)), end: uint32(len(r.text) + len(raw)), id: id, kind: r.kind})
		r.text = append(r.text, raw...)
	} else {
		r.put(id, begin, end, r.kind)
		r.kept = r.done
	}
	if id != repeated {
		r.stage(len(r.lines)-1, v, h)
	}
	return nil
}

// extent says where in the page a series and its value begin, and goes to the end
// of its line.
func (r *reading) extent(raw []byte) (begin, end int) {
	if r.report.Form == Protobuf {
		return 0, 0
	}
	begin = cap(r.page) - cap(raw) // the parser gives a part of the page
	for end = begin + len(raw); r.page[end] == ' ' || r.page[end] == '\t'; end++ {
	}
	r.done = end + lineEnd(r.page[end:])
	_, width, ok := value(r.page[end:], r.report.Form)
	r.plain = ok && end+width == r.done
	return begin, end
}

// find looks a series up by how it is written: first where it stood in the last
// page. A series that this page had before is given with its line.
func (r *reading) find(raw []byte) (id uint32, before int) {
	at, ok := r.next, true
	if at >= len(r.old.lines) || r.old.lines[at].id >= firstNot || r.old.raw(at) != string(raw) {
		at, ok = r.search(raw)
	}
	if ok && r.seen[at] > 0 {
		return 0, r.seen[at] - 1
	}
	other := ok && r.old.lines[at].kind != r.kind // it may have other labels now
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

// search finds a series among the lines of the last page, wherever it stood. For
// a few it looks through all of them, which costs less than to put them in order.
func (r *reading) search(raw []byte) (at int, ok bool) {
	const few = 8
	if r.searched++; r.searched <= few {
		for i := range r.old.lines {
			if r.old.lines[i].id < firstNot && r.old.raw(i) == string(raw) {
				return i, true
			}
		}
		return 0, false
	}
	if r.known == nil {
		r.known = make(map[string]int, len(r.old.lines))
		for i := range r.old.lines {
			if r.old.lines[i].id < firstNot {
				r.known[r.old.raw(i)] = i
			}
		}
	}
	at, ok = r.known[string(raw)]
	return at, ok
}

// labels are those of the series at the parser, without what that leaves in; and
// what is wrong with them.
func (r *reading) labels() (l labels.Labels, why string) {
	r.parser.Labels(&l)
	if twice, ok := l.HasDuplicateLabelNames(); ok {
		return l, fmt.Sprintf("label %q is there twice", twice)
	}
	b := labels.NewBuilder(l) // which leaves out what is empty
	name := l.Get(model.MetricNameLabel)
	if bare := strings.TrimLeft(name, " \t"); bare != name { // of a line that begins with blanks
		b.Set(model.MetricNameLabel, bare)
	}
	bound := map[uint8]string{histogramKind: model.BucketLabel, summaryKind: model.QuantileLabel}[r.kind]
	if v := l.Get(bound); v != "" && !r.told { // a parser that began amid a family leaves it as it is
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			b.Set(bound, labels.FormatOpenMetricsFloat(f))
		}
	}
	if l = b.Labels(); l.Get(model.MetricNameLabel) == "" || !l.IsValid(model.UTF8Validation) {
		return l, "it has no name, or a label that can be none"
	}
	return l, ""
}

// hidesNative says whether there is a family of histograms with but one bucket:
// native ones look so in text.
func (r *reading) hidesNative() bool {
	var family []byte
	last, others := false, false
	for i := range r.lines {
		l := &r.lines[i]
		if l.kind != histogramKind {
			continue
		}
		name, set, _ := bytes.Cut(r.text[l.raw:l.end], []byte("{"))
		if bytes.HasPrefix(set, []byte(`"`)) { // a name in UTF-8 stands in the braces
			name, set, _ = bytes.Cut(set, []byte(","))
			name = bytes.Trim(name, `"`)
		}
		name, isBucket := bytes.CutSuffix(name, []byte("_bucket"))
		if !isBucket {
			continue
		}
		if !bytes.Equal(name, family) {
			if last && !others {
				return true
			}
			family, last, others = name, false, false
		}
		if others {
			continue
		}
		if at := bytes.Index(set, []byte(`le="`)); at == 0 || at > 0 && bytes.IndexByte([]byte(`, "`), set[at-1]) >= 0 {
			is := bytes.HasPrefix(set[at:], []byte(`le="+Inf"`))
			last, others = last || is, !is
		}
	}
	return last && !others
}
