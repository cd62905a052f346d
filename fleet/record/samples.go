package record

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// Sink takes in what was sampled. Each series comes before its first sample.
type Sink interface {
	Series(line.Series) error
	Samples(line.Samples) error
}

// Sampler reads the samples of a recording in order. It belongs to one
// goroutine.
type Sampler struct {
	recording *Recording
	text      *text
	lines     *lines
	values    line.Values
	series    uint64 // that were defined until now
	from      int    // the line that samples are wanted from; those before it are only read where values rest on them
	since     time.Time
}

// Sampler returns one that begins with the samples after a time.
func (r *Recording) Sampler(after time.Time) (*Sampler, error) {
	text, err := newText(r.file, r.frames, r.plain, r.limits.total)
	if err != nil {
		return nil, &Error{File: r.Name, Err: err}
	}
	s := &Sampler{recording: r, text: text, lines: newLines(text, 1, r.limits.line), since: after}
	if before := r.Find(after); before >= 0 {
		s.from = r.partBefore(r.places[before].line).line
	}
	return s, nil
}

// Close gives back what reading took. The recording stays open.
func (s *Sampler) Close() { s.text.close() }

// Read hands over what was sampled up to a pass, counted from 0, and was not
// handed over before. The error is the sink's, or an *Error.
func (s *Sampler) Read(pass int, to Sink) error {
	last := s.recording.places[pass].line
	for s.lines.number < last {
		data, err := s.lines.read()
		switch {
		case errors.Is(err, io.EOF):
			err = io.ErrUnexpectedEOF // it was there when it was indexed
		case err == nil && s.lines.number > 1:
			err = s.line(data, to)
		}
		if err != nil {
			return &Error{File: s.recording.Name, Line: s.lines.number, Err: err}
		}
	}
	return nil
}

func (s *Sampler) line(data []byte, to Sink) error {
	h, err := line.HeadOf(data)
	if err != nil {
		return err
	}
	switch h.Kind {
	case line.KindSnapshot:
		s.values.Forget()
	case line.KindSeries:
		series, err := line.DecodeSeries(data)
		if err != nil {
			return err
		}
		if series.First != s.series {
			return fmt.Errorf("series %d and on are defined where %d is the next", series.First, s.series)
		}
		s.series += uint64(len(series.Labels))
		return to.Series(series)
	case line.KindSamples:
		if s.lines.number < s.from {
			return nil
		}
		samples, err := s.values.Decode(data, s.series)
		if err != nil || !time.UnixMilli(samples.T).After(s.since) {
			return err
		}
		return to.Samples(samples)
	}
	return nil
}
