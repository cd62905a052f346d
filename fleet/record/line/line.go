// Package line is what the lines of a recording hold (docs/recordings.md): one
// JSON object each, whose kind says what it is. It turns snapshots, events and
// samples into lines and back, and knows nothing of files.
//
// The names in it are the format's, not Go's: a field that is renamed there
// keeps its name here, and one that is new there has to be written down here; a
// test says so.
package line

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record/line/figure"
)

// APIVersion is the contract that lines are written by. Members may be added to
// it; what is read otherwise than before is another version.
const APIVersion = "midwatch/v1"

// The kinds of lines.
const (
	KindRecording = "Recording" // the first: Header
	KindSnapshot  = "Snapshot"  // a whole pass over one context
	KindChange    = "Change"    // ... as what is different from the one before of that context
	KindEvent     = "Event"     // what happened between the two
	KindSeries    = "Series"    // gives label sets numbers
	KindSamples   = "Samples"   // values of series at a time
	KindEnd       = "End"       // the last, of a recording that was ended well: End
)

// Head is what a line begins with. Context, Seq and At are those of the
// snapshot, in lines of passes; Count is how many series or samples there are in
// a line of those.
type Head struct {
	Kind    string        `json:"kind"`
	Context string        `json:"context,omitzero"`
	Seq     uint64        `json:"seq,omitzero"`
	At      figure.Moment `json:"at,omitzero"`
	Count   int           `json:"count,omitzero"`
}

// Time is when it was.
func (h *Head) Time() time.Time { return h.At.Time() }

// errObject says that a line is not what every line is.
var errObject = errors.New("not a JSON object with a kind")

// HeadOf reads how a line begins, and no more of it than it has to.
func HeadOf(data []byte) (Head, error) {
	var h Head
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return h, errObject
	}
	into := map[string]any{"kind": &h.Kind, "context": &h.Context, "seq": &h.Seq, "at": &h.At, "count": &h.Count}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return h, fault(err)
		}
		dst, known := into[name.(string)]
		if !known && h.Kind != "" {
			return h, nil // what is of the head stands first
		}
		if !known {
			dst = new(json.RawMessage)
		}
		if err := dec.Decode(dst); err != nil {
			return h, fault(err)
		}
	}
	if h.Kind == "" || h.Count < 0 {
		return h, errObject
	}
	return h, nil
}

// Header is the first line: what the recording is of.
type Header struct {
	Version   string        // of the midwatch that wrote it
	Contexts  []string      // that were open; one without a name is empty
	Start     time.Time     // of the recorder
	Interval  time.Duration // between passes
	Selection []string      // SERVICE arguments and flags that chose what was recorded; empty: everything
	Metrics   bool          // pages of metrics were read
}

type header struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Version    string         `json:"version"`
	Contexts   []string       `json:"contexts"`
	Start      figure.Moment  `json:"start"`
	Interval   figure.Seconds `json:"intervalSeconds"`
	Selection  []string       `json:"selection,omitzero"`
	Metrics    bool           `json:"metrics"`
}

// Append appends the line, without its end.
func (h *Header) Append(b []byte) []byte {
	return appendJSON(b, header{
		APIVersion, KindRecording, h.Version, h.Contexts, figure.MomentOf(h.Start), figure.Seconds(h.Interval), h.Selection, h.Metrics,
	})
}

// ErrNewer says that a recording is of a version that this midwatch does not
// know.
var ErrNewer = errors.New("it was written by a newer midwatch")

// ErrOther says that a file is no recording at all.
var ErrOther = errors.New("this is no recording: its first line is no header")

// DecodeHeader reads the first line. Its errors wrap ErrNewer or ErrOther where
// that is what it is.
func DecodeHeader(data []byte) (Header, error) {
	var h header
	err := json.Unmarshal(data, &h)
	switch {
	case h.Kind != KindRecording && err == nil:
		return Header{}, ErrOther
	case h.APIVersion != APIVersion && h.APIVersion != "":
		return Header{}, fmt.Errorf("%w: it says %q, and this one reads %s", ErrNewer, h.APIVersion, APIVersion)
	case err != nil || h.APIVersion == "":
		return Header{}, ErrOther
	}
	return Header{h.Version, h.Contexts, h.Start.Time(), h.Interval.Duration(), h.Selection, h.Metrics}, nil
}

// End is the last line: how it ended, and how many there were of what, so that
// lines that are missing are missed.
type End struct {
	At      time.Time
	Why     string // in words: "Ctrl-C", "--duration 5m0s was over"
	Lines   int    // of the file, this one too
	Passes  int
	Events  int
	Series  int
	Samples int
}

type end struct {
	Kind    string        `json:"kind"`
	At      figure.Moment `json:"at"`
	Why     string        `json:"why"`
	Lines   int           `json:"lines"`
	Passes  int           `json:"passes"`
	Events  int           `json:"events"`
	Series  int           `json:"series"`
	Samples int           `json:"samples"`
}

// Append appends the line, without its end.
func (e *End) Append(b []byte) []byte {
	return appendJSON(b, end{KindEnd, figure.MomentOf(e.At), e.Why, e.Lines, e.Passes, e.Events, e.Series, e.Samples})
}

// DecodeEnd reads it.
func DecodeEnd(data []byte) (End, error) {
	var e end
	if err := json.Unmarshal(data, &e); err != nil {
		return End{}, fault(err)
	}
	return End{e.At.Time(), e.Why, e.Lines, e.Passes, e.Events, e.Series, e.Samples}, nil
}

type event struct {
	Kind string `json:"kind"`
	key
	Seq     uint64        `json:"seq,omitzero"`
	At      figure.Moment `json:"at,omitzero"`
	What    string        `json:"event"`
	Breaker string        `json:"breaker,omitzero"`
	From    string        `json:"from,omitzero"`
	To      string        `json:"to,omitzero"`
	Why     why           `json:"why,omitzero"`
}

// AppendEvent appends the line of an event, without its end.
func AppendEvent(b []byte, e *fleet.Event) []byte {
	return appendJSON(b, event{KindEvent, keyOf(e.Key), e.Seq, figure.MomentOf(e.At), string(e.Kind), e.Breaker, e.From, e.To, whyOf(e.Why)})
}

// DecodeEvent reads it.
func DecodeEvent(data []byte) (fleet.Event, error) {
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		return fleet.Event{}, fault(err)
	}
	return fleet.Event{
		Seq: e.Seq, At: e.At.Time(), Kind: fleet.EventKind(e.What), Key: e.key.fleet(),
		Breaker: e.Breaker, From: e.From, To: e.To, Why: e.Why.fleet(),
	}, nil
}

// appendJSON appends what encoding/json writes of a line: all of them are made
// of what can always be encoded.
func appendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("a line of a recording: %v", err)) // a type in this package's own code
	}
	return append(b, text...)
}

// fault says what is wrong with a line, in words that do not speak of Go.
func fault(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("here is no place for a %s", kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("%s is no place for a %s", kind.Field, kind.Value)
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at column %d: %w", syntax.Offset, err)
	}
	return err
}
