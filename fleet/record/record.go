// Package record keeps what passes found out, in a file of JSON lines
// (docs/recordings.md; fleet/record/line has the lines themselves), and reads it
// back, from any place in it. A recording is compressed with zstd unless its
// name says otherwise, and its owner's alone.
//
// A file is always as good as its last pass: each is written out whole before
// the next begins, so a recorder that was killed leaves a recording that only
// lacks its end.
package record

import (
	"errors"
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// Extension is how the names of recordings end.
const Extension = ".jsonl.zst"

// Bounds of what is read.
const (
	MaxLine  = 64 << 20 // bytes of a line: a whole pass over some 50,000 instances
	MaxTotal = 64 << 30 // bytes of all lines: days of a thousand instances
)

// Error is what is wrong with a file, and where.
type Error struct {
	File string
	Line int // counted from 1; 0 where it is no matter of a line
	Err  error
}

// Error is FILE:LINE: what.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// HintOf is what to do about an error of this package; empty where nobody
// knows.
func HintOf(err error) string {
	switch {
	case errors.Is(err, line.ErrNewer):
		return "midwatch version says which one this is; a later one reads both"
	case errors.Is(err, line.ErrOther):
		return "midwatch record writes recordings"
	case errors.Is(err, ErrExists):
		return "--force writes over it"
	}
	return ""
}

// ErrExists says that there is a file of that name already.
var ErrExists = errors.New("it is there already")

// Pass is what is kept of one pass over one context.
type Pass = line.Pass

// Held is one breaker that somebody held.
type Held = line.Held
