package record

import (
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// Reader reads passes of a recording, from any place and on from there. It
// belongs to one goroutine.
type Reader struct {
	recording *Recording
	text      *text
	lines     *lines
	records   map[string]*line.Record // the last of each context, as far as it was read
	order     []string                // of the contexts, as they came
	at        int                     // the pass that was read last
}

// Reader returns a new one.
func (r *Recording) Reader() *Reader { return &Reader{recording: r} }

// Close gives back what reading took. The recording stays open.
func (d *Reader) Close() {
	if d.text != nil {
		d.text.close()
		d.text = nil
	}
}

// At returns the newest pass over each context at a place, counted from 0; a
// context that had none by then is not among them. Reading on is cheap, as is
// reading the same place again; going back begins at the whole passes before.
// What is returned is the caller's. The error is an *Error.
func (d *Reader) At(n int) ([]Pass, error) {
	r := d.recording
	if n < 0 || n >= len(r.places) {
		return nil, &Error{File: r.Name, Err: fmt.Errorf("it has no pass %d: there are %d", n+1, len(r.places))}
	}
	if err := d.read(n); err != nil {
		number := 0
		if d.lines != nil {
			number = d.lines.number
		}
		d.Close()
		return nil, &Error{File: r.Name, Line: number, Err: err}
	}
	passes := make([]Pass, len(d.order))
	for i, name := range d.order {
		passes[i] = d.records[name].Pass()
	}
	return passes, nil
}

// read reads up to a pass.
func (d *Reader) read(n int) error {
	want := d.recording.places[n].line
	from := d.recording.partBefore(want)
	if d.text == nil || d.lines.number > want || d.lines.number < from.line && n > d.at+1 {
		if err := d.begin(from); err != nil {
			return err
		}
	}
	for d.lines.number < want {
		data, err := d.lines.read()
		switch {
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF // it was there when it was indexed
		case err != nil:
			return err
		case d.lines.number == 1:
			continue // the header
		}
		if err := d.line(data); err != nil {
			return err
		}
	}
	d.at = n
	return nil
}

// partBefore is where reading begins for a line.
func (r *Recording) partBefore(number int) part {
	return r.parts[max(0, sort.Search(len(r.parts), func(i int) bool { return r.parts[i].line > number })-1)]
}

// begin begins to read at a part.
func (d *Reader) begin(p part) error {
	d.Close()
	r := d.recording
	text, err := newText(r.file, r.frames[p.frame:], r.plain, r.limits.total)
	if err != nil {
		return err
	}
	d.text, d.lines = text, newLines(text, p.line, r.limits.line)
	d.records, d.order = map[string]*line.Record{}, nil
	return nil
}

// line takes in a line, if it is one of a pass.
func (d *Reader) line(data []byte) error {
	h, err := line.HeadOf(data)
	if err != nil {
		return err
	}
	switch h.Kind {
	case line.KindSnapshot:
		record, err := line.Decode(data)
		if err != nil {
			return err
		}
		if d.records[h.Context] == nil {
			d.order = append(d.order, h.Context)
		}
		d.records[h.Context] = record
	case line.KindChange:
		record := d.records[h.Context]
		if record == nil {
			return fmt.Errorf("it says what is different from a pass over context %q that is not there", h.Context)
		}
		return record.Change(data)
	}
	return nil
}
