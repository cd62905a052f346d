package record

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/diff"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

const (
	// wholeEvery is after how many passes over each context whole ones are
	// written: whoever looks for a time begins at one.
	wholeEvery = 60
	// window is how far back the compression sees: some ten passes over a
	// thousand instances. More made no file smaller.
	window = 4 << 20
)

// Writer writes a recording. It belongs to one goroutine.
type Writer struct {
	name     string
	file     *os.File
	size     int64 // written to the file
	zip      *zstd.Encoder
	buf      []byte // lines that are not written yet
	contexts map[string]*last
	order    []string // of the contexts, as they came
	values   line.Values
	since    int // passes since there were whole ones
	end      line.End
	err      error // the first that writing gave: nothing is written after it
}

// last is what is needed of the last pass over a context.
type last struct {
	record   *line.Record
	snapshot *fleet.Snapshot
}

// Create begins a recording. Where the name ends in .jsonl it is not
// compressed. The error wraps ErrExists where there is such a file, unless force
// says that it may be written over.
func Create(name string, h line.Header, force bool) (*Writer, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, flags, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, &Error{File: name, Err: ErrExists}
	case err != nil:
		return nil, &Error{File: name, Err: reasonOf(err)}
	}
	w := &Writer{name: name, file: f, contexts: map[string]*last{}}
	if force {
		_ = f.Chmod(0o600) // it may have been open to others; where that cannot be, writing says more
	}
	if !strings.HasSuffix(name, ".jsonl") {
		w.zip, err = zstd.NewWriter(counted{w}, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	w.line(h.Append(w.buf))
	return w, w.flush()
}

// reasonOf is the error without the name of the file, which stands before it.
func reasonOf(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// counted counts what goes to the file.
type counted struct{ w *Writer }

// Write writes to the file.
func (c counted) Write(p []byte) (int, error) {
	n, err := c.w.file.Write(p)
	c.w.size += int64(n)
	return n, err
}

// line ends a line that was appended to the buffer.
func (w *Writer) line(buf []byte) {
	w.buf = append(buf, '\n')
	w.end.Lines++
}

// manySeries is how many label sets stand in one line at most.
const manySeries = 10_000

// Series gives label sets of a target numbers, which Samples then uses: the first
// one's is returned.
func (w *Writer) Series(target metrics.Labels, labels []metrics.Labels) (first uint64) {
	w.begin()
	first = uint64(w.end.Series)
	for some := range slices.Chunk(labels, manySeries) {
		w.line((&line.Series{First: uint64(w.end.Series), Target: target, Labels: some}).Append(w.buf))
		w.end.Series += len(some)
	}
	return first
}

// Samples writes values of series at a time.
func (w *Writer) Samples(s line.Samples) {
	w.begin()
	w.line(w.values.Append(w.buf, &s))
	w.end.Samples += s.Count()
}

// Pass writes a pass, and what happened since the one before over the same
// context, and all of it to the file: series and samples that came with it are
// to be handed over before it. The error is an *Error.
func (w *Writer) Pass(p Pass) error {
	w.begin()
	is := line.RecordOf(p)
	name := p.Snapshot.Context
	was := w.contexts[name]
	if was == nil {
		was = &last{}
		w.contexts[name] = was
		w.order = append(w.order, name)
		w.whole(is)
	} else {
		w.line(is.AppendChange(w.buf, was.record))
	}
	for _, e := range diff.Between(was.snapshot, p.Snapshot) {
		w.line(line.AppendEvent(w.buf, &e))
		w.end.Events++
	}
	was.record, was.snapshot = is, p.Snapshot
	w.since++
	w.end.Passes++
	return w.flush()
}

// begin begins a part that can be read by itself where it is time for one: with
// the last pass over each context, whole.
func (w *Writer) begin() {
	if len(w.buf) > 0 || len(w.order) == 0 || w.since < wholeEvery*len(w.order) {
		return
	}
	w.since = 0
	w.endFrame()
	for _, name := range w.order {
		w.whole(w.contexts[name].record)
	}
}

// whole writes a whole pass. Readers may begin there: the values of series
// begin anew.
func (w *Writer) whole(r *line.Record) {
	w.line(r.Append(w.buf))
	w.values.Forget()
}

// endFrame makes what comes next readable without what was before.
func (w *Writer) endFrame() {
	if w.zip == nil || w.err != nil {
		return
	}
	w.fail(w.zip.Close())
	w.zip.Reset(counted{w})
}

func (w *Writer) fail(err error) {
	if w.err == nil && err != nil {
		w.err = &Error{File: w.name, Err: reasonOf(err)}
	}
}

// flush writes the lines that are there to the file.
func (w *Writer) flush() error {
	if w.err == nil {
		var to io.Writer = counted{w}
		if w.zip != nil {
			to = w.zip
		}
		_, err := to.Write(w.buf)
		w.fail(err)
		if w.zip != nil {
			w.fail(w.zip.Flush())
		}
	}
	w.buf = w.buf[:0]
	return w.err
}

// Size is how large the file is by now.
func (w *Writer) Size() int64 { return w.size }

// Counts are how many there are of what by now.
func (w *Writer) Counts() line.End { return w.end }

// Close ends the recording, and says in it why.
func (w *Writer) Close(at time.Time, why string) error {
	w.end.At, w.end.Why = at, why
	w.end.Lines++
	w.buf = append(w.end.Append(w.buf), '\n')
	_ = w.flush() // kept in err
	if w.zip != nil && w.err == nil {
		w.fail(w.zip.Close())
	}
	if w.err == nil {
		w.fail(w.file.Sync())
	}
	w.fail(w.file.Close())
	return w.err
}
