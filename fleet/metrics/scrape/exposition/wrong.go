package exposition

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// What refused pages are: ErrOther is something else than metrics, from its
// beginning; ErrBroken is a page of metrics that something is wrong with.
var (
	ErrOther  = errors.New("no page of metrics")
	ErrBroken = errors.New("a page of metrics that cannot be read")
)

// excerpt is how much of a page an error or a note repeats.
const excerpt = 100

// refused says why a page is not read at all.
func refused(what error, format string, args ...any) error {
	return &fleet.Error{Reason: probe.ReasonBody, Detail: fmt.Sprintf(format, args...), Err: what}
}

// atLine refuses a page for the line that holds a byte of it.
func atLine(what error, page []byte, at int, why string) error {
	at = min(at, len(page))
	begin := bytes.LastIndexByte(page[:at], '\n') + 1
	text, _, _ := bytes.Cut(page[begin:min(len(page), begin+4*excerpt)], []byte("\n"))
	n := 1 + bytes.Count(page[:begin], []byte("\n"))
	if line := Clean(string(text)); line != "" {
		return refused(what, "line %d: %s: %s", n, why, line)
	}
	return refused(what, "line %d: %s", n, why)
}

// badSeries refuses a page for one of its series.
func (r *reading) badSeries(raw []byte, why string) error {
	if r.report.Form == Protobuf {
		return refused(ErrBroken, "%s: %s", shown(raw), Clean(why))
	}
	return atLine(ErrBroken, r.page, cap(r.page)-cap(raw), Clean(why))
}

// wrong refuses a page for what the parser says. That names no line: it is the
// one after the last that could be read.
func (r *reading) wrong(err error) error {
	why, _, _ := strings.Cut(err.Error(), " while parsing: ")
	why = strings.TrimPrefix(strings.TrimPrefix(why, "strconv."), "ParseFloat: ")
	what := ErrBroken
	if r.done == 0 && len(r.staged) == 0 {
		what = ErrOther
	}
	if r.report.Form == Protobuf {
		return refused(what, "after %d samples: %s", len(r.staged), Clean(why))
	}
	return atLine(what, r.page, r.where(), Clean(why))
}

// where is the byte where the line begins that the parser stopped at: it says
// that only by quoting it.
func (r *reading) where() int {
	at := r.done
	rest := r.page[at:]
	again := textparse.NewPromParser
	if r.report.Form == OpenMetrics {
		again = func(b []byte, st *labels.SymbolTable, _ bool) textparse.Parser {
			return textparse.NewOpenMetricsParser(b, st)
		}
	}
	for p := again(rest, labels.NewSymbolTable(), false); ; {
		entry, err := p.Next()
		var part []byte
		switch {
		case errors.Is(err, io.EOF):
			return len(r.page)
		case err != nil || entry == textparse.EntrySeries || entry == textparse.EntryHistogram:
			for r.report.Form == Text && at < len(r.page) && strings.IndexByte(" \t\n", r.page[at]) >= 0 {
				at++
			}
			return at
		case entry == textparse.EntryHelp:
			part, _ = p.Help()
		case entry == textparse.EntryType:
			part, _ = p.Type()
		case entry == textparse.EntryUnit:
			part, _ = p.Unit()
		default:
			part = p.Comment()
		}
		at = cap(r.page) - cap(part)
		at += lineEnd(r.page[at:])
	}
}

// lineEnd is where the next line begins.
func lineEnd(text []byte) int {
	if n := bytes.IndexByte(text, '\n'); n >= 0 {
		return n + 1
	}
	return len(text)
}

// Clean makes one short line of what the far side wrote, or had others quote.
func Clean(text string) string {
	var b strings.Builder
	blank := false
	for i, r := range text {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			blank = b.Len() > 0
			continue
		case !unicode.IsPrint(r):
			r = utf8.RuneError
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		if b.Len() > excerpt && i < len(text) {
			b.WriteString("...")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// oddity is one kind of sample that is not kept.
type oddity struct {
	n     int
	first string // series, cleaned
}

// oddities are all kinds.
type oddities struct{ repeated, long, many, full oddity }

// note counts one.
func (r *reading) note(o *oddity, raw []byte) {
	if o.n++; o.n == 1 {
		o.first = shown(raw)
	}
}

// shown is a series for people. In protobuf it is written with a byte between its
// parts that is in no text.
func shown(raw []byte) string {
	text := string(raw[:min(len(raw), 4*excerpt)])
	if parts := strings.Split(text, "\xff"); len(parts) > 1 {
		text = parts[0]
		sep := "{"
		for i := 1; i+1 < len(parts); i += 2 {
			text += sep + parts[i] + "=" + strconv.Quote(parts[i+1])
			sep = ","
		}
		text += "}"
	}
	return Clean(strings.ToValidUTF8(text, "\uFFFD"))
}

// add notes what is odd of the page itself.
func (r *reading) add(text string) { r.report.Notes = append(r.report.Notes, Note(text)) }

// tell notes what was not kept.
func (o *oddities) tell(r *Report) {
	r.Beyond = o.many.n
	for _, row := range []struct {
		*oddity
		why string
	}{
		{&o.repeated, "of a series that the page has already"},
		{&o.long, fmt.Sprintf("of a series that takes more than %d KiB to write", maxLine>>10)},
		{&o.many, fmt.Sprintf("beyond the %d series that a target may have", MaxSeries)},
		{&o.full, "for which the store has no place"},
	} {
		if row.n > 0 {
			r.Notes = append(r.Notes, Note(fmt.Sprintf("%d dropped, %s: %s", row.n, row.why, row.first)))
		}
	}
}
