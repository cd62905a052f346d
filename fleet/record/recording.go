package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// mostEvents is how many events a recording remembers: the newest.
const mostEvents = 1 << 20

// Place is one pass of a recording.
type Place struct {
	Context string
	Seq     uint64 // of the snapshot, as the recorder's feed numbered it
	At      time.Time
	line    int
}

// Event is an event of a recording, and after which pass it stands.
type Event struct {
	fleet.Event
	Pass int
}

// Recording is a file that was read through once: it knows where everything is.
// It does not change; several readers may read it at once.
type Recording struct {
	line.Header
	Name string
	// Cut says in words where a recording ends that was not ended well; empty
	// where it was.
	Cut string
	End line.End // how it ended, and what was counted in it; where it was cut, At and Why are empty

	file   *os.File
	size   int64
	plain  bool
	frames []frame
	parts  []part
	places []Place
	events []Event
	gap    bool // older events than those in events are not remembered
	limits limits
}

// part is where reading may begin.
type part struct {
	frame int // its number; the part begins with it
	line  int // the number of its first line
}

// limits bound what is read.
type limits struct {
	line  int
	total int64
}

// Open reads a recording through, and keeps its file open. Errors are *Error:
// the file cannot be read, is none of ours (line.ErrOther), is too new
// (line.ErrNewer), or holds a line that is wrong. One that is cut off is read as
// far as it goes.
func Open(name string) (*Recording, error) { return open(name, limits{MaxLine, MaxTotal}) }

func open(name string, l limits) (*Recording, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &Error{File: name, Err: reasonOf(err)}
	}
	r := &Recording{Name: name, file: f, limits: l}
	at, err := r.index()
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, &Error{File: name, Line: at, Err: err}
	}
	return r, nil
}

// Close closes the file.
func (r *Recording) Close() error { return r.file.Close() }

// index finds out what is where. With an error it returns the line it is about.
func (r *Recording) index() (int, error) {
	info, err := r.file.Stat()
	switch {
	case err != nil:
		return 0, reasonOf(err)
	case !info.Mode().IsRegular():
		return 0, errors.New("it is no file that can be read from any place")
	}
	r.size = info.Size()
	r.plain, r.frames = !compressed(r.file), []frame{{0, r.size}}
	if !r.plain {
		r.frames = frames(r.file, r.size)
	}
	text, err := newText(r.file, r.frames, r.plain, r.limits.total)
	if err != nil {
		return 0, err
	}
	defer text.close()
	i := indexer{recording: r, lines: newLines(text, 1, r.limits.line), seen: map[string]uint64{}, lead: map[string]bool{}}
	return i.run()
}

// indexer reads a recording through.
type indexer struct {
	recording *Recording
	lines     *lines
	seen      map[string]uint64 // the last pass over each context
	counted   line.End
	ended     bool            // the last line was there
	within    bool            // there were lines since the last pass that belong to the next
	begun     part            // where reading might begin, if what follows is whole
	lead      map[string]bool // the contexts that were whole since then; nil: there was something else
}

func (i *indexer) run() (int, error) {
	r := i.recording
	for {
		data, err := i.lines.read()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, errCut), errors.Is(err, errDamaged):
			if i.lines.number == 0 {
				return 0, line.ErrOther
			}
			return i.finish(err)
		case err != nil:
			return i.lines.number, err
		case i.lines.number == 1:
			if r.Header, err = line.DecodeHeader(data); err != nil {
				return 1, err
			}
			r.parts = []part{{0, 1}}
			i.counted.Lines = 1
			continue
		case i.ended:
			return i.lines.number, errors.New("there are lines behind the end")
		}
		if err := i.line(data); err != nil {
			return i.lines.number, err
		}
	}
}

// finish holds what was counted against what the end says.
func (i *indexer) finish(err error) (int, error) {
	r := i.recording
	if i.ended && errors.Is(err, io.EOF) {
		i.counted.At, i.counted.Why = r.End.At, r.End.Why
		if i.counted != r.End {
			return i.lines.number, fmt.Errorf("lines are missing: it says that there are %d, of %d passes, and %d are there, of %d passes",
				r.End.Lines, r.End.Passes, i.counted.Lines, i.counted.Passes)
		}
		return 0, nil
	}
	r.End = i.counted
	switch n := len(r.places); {
	case errors.Is(err, errDamaged):
		r.Cut = fmt.Sprintf("is damaged behind pass %d (line %d)", n, i.lines.number)
	case i.lines.partial || i.within:
		r.Cut = fmt.Sprintf("ends in the middle of pass %d: the recorder was ended", n+1)
	default:
		r.Cut = fmt.Sprintf("ends after pass %d, without an end: the recorder was ended, or is still at work", n)
	}
	return 0, nil
}

// line notes what a line is.
func (i *indexer) line(data []byte) error {
	h, err := line.HeadOf(data)
	if err != nil {
		return err
	}
	i.part(&h)
	r := i.recording
	i.counted.Lines++
	switch h.Kind {
	case line.KindSnapshot, line.KindChange:
		return i.pass(&h)
	case line.KindEvent:
		e, err := line.DecodeEvent(data)
		if err != nil {
			return err
		}
		i.counted.Events++
		r.events = append(r.events, Event{e, len(r.places) - 1})
		if len(r.events) >= 2*mostEvents {
			r.events, r.gap = append([]Event(nil), r.events[mostEvents:]...), true
		}
	case line.KindSeries:
		i.within, i.counted.Series = true, i.counted.Series+h.Count
	case line.KindSamples:
		i.within, i.counted.Samples = true, i.counted.Samples+h.Count
	case line.KindEnd:
		i.ended, i.within = true, false
		r.End, err = line.DecodeEnd(data)
		return err
	}
	return nil // of a later version
}

// pass notes where a pass is.
func (i *indexer) pass(h *line.Head) error {
	r := i.recording
	last, known := i.seen[h.Context]
	switch {
	case h.Kind == line.KindSnapshot && known && h.Seq == last:
		return nil // once more, for those who begin here
	case h.Kind == line.KindChange && !known:
		return fmt.Errorf("it says what is different from a pass over context %q that is not there", h.Context)
	case known && h.Seq <= last:
		return fmt.Errorf("pass %d comes after pass %d", h.Seq, last)
	}
	at := h.Time()
	if n := len(r.places); n > 0 && at.Before(r.places[n-1].At) {
		at = r.places[n-1].At // a clock was set back, or the other context was quicker: the order is the file's
	}
	i.seen[h.Context], i.within = h.Seq, false
	i.counted.Passes++
	r.places = append(r.places, Place{h.Context, h.Seq, at, i.lines.number})
	return nil
}

// part notes where reading may begin: at a frame that has the last pass over
// each context, whole, before anything else.
func (i *indexer) part(h *line.Head) {
	if which, yes := i.lines.begins(); yes {
		i.begun, i.lead = part{which, i.lines.number}, map[string]bool{}
	}
	switch {
	case i.lead == nil:
	case h.Kind != line.KindSnapshot || h.Seq != i.seen[h.Context]:
		i.lead = nil
	default:
		i.lead[h.Context] = true
		if len(i.lead) == len(i.seen) {
			i.recording.parts = append(i.recording.parts, i.begun)
			i.lead = nil
		}
	}
}

// Passes is how many there are, over whatever contexts.
func (r *Recording) Passes() int { return len(r.places) }

// Place says which pass one is, counted from 0.
func (r *Recording) Place(n int) Place { return r.places[n] }

// Find returns the last pass at or before a time; below 0 where there is none.
func (r *Recording) Find(t time.Time) int {
	return sort.Search(len(r.places), func(i int) bool { return r.places[i].At.After(t) }) - 1
}

// Span is when the first and the last pass were; zero where there is none.
func (r *Recording) Span() (first, last time.Time) {
	if len(r.places) == 0 {
		return time.Time{}, time.Time{}
	}
	return r.places[0].At, r.places[len(r.places)-1].At
}

// Events are what happened, in order; gap says that the oldest are not
// remembered. Nobody writes to them.
func (r *Recording) Events() (events []Event, gap bool) { return r.events, r.gap }

// Size is how large the file is.
func (r *Recording) Size() int64 { return r.size }
