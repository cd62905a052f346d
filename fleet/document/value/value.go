// Package value is what documents are made of: lists that are made as they are
// read, moments, durations.
package value

import (
	"bytes"
	"encoding/json"
	"iter"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/document/jsonschema"
)

// Document is what every kind can do for whoever writes it.
type Document interface {
	// Split returns the document with an empty list of items, and pointers to
	// the items one by one, each good until the next. Items are made as they
	// are read: a fleet of ten thousand is never held twice.
	Split() (outer any, items iter.Seq[any])
}

// Items is the list of a document. Its members are made each time they are
// read, from what was frozen before; each is good until the next is made, which
// may be in its room.
type Items[T any] struct{ seq iter.Seq[T] }

// ItemsOf is a list that is already there.
func ItemsOf[T any](list []T) Items[T] { return Items[T]{slices.Values(list)} }

// ItemsFrom is a list whose members are made each time it is read.
func ItemsFrom[T any](seq iter.Seq[T]) Items[T] { return Items[T]{seq} }

// All returns the items in order.
func (i Items[T]) All() iter.Seq[T] {
	if i.seq == nil {
		return func(func(T) bool) {}
	}
	return i.seq
}

// MarshalJSON writes all items as one array.
func (i Items[T]) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for item := range i.All() {
		one, err := json.Marshal(item)
		if err != nil {
			return nil, err
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, one...)
	}
	return append(b, ']'), nil
}

// JSONSchema is that of an array.
func (i Items[T]) JSONSchema() map[string]any {
	return map[string]any{"type": "array", "items": jsonschema.Of(reflect.TypeFor[T]())}
}

// Any is the items as the renderers take them.
func (i Items[T]) Any() iter.Seq[any] {
	return func(yield func(any) bool) {
		var room T
		for room = range i.All() {
			if !yield(&room) {
				return
			}
		}
	}
}

// Some is the list itself, empty instead of nil.
func Some[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// Pairs is the map itself, empty instead of nil.
func Pairs(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// Time is a moment; null where it is not known.
type Time struct{ time.Time }

// TimeOf is a moment as documents have it.
func TimeOf(t time.Time) Time { return Time{t} }

// MarshalJSON writes RFC 3339 in UTC with milliseconds, or null for no time.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.AppendJSON(make([]byte, 0, 32)), nil
}

// JSONSchema is that of a moment, or of none.
func (Time) JSONSchema() map[string]any {
	return map[string]any{"type": []any{"string", "null"}, "format": "date-time"}
}

// Seconds is a duration as a number of seconds, exact to the microsecond.
type Seconds float64

// SecondsOf converts a duration.
func SecondsOf(d time.Duration) Seconds { return Seconds(math.Round(d.Seconds()*1e6) / 1e6) }

// AppendJSON writes RFC 3339 in UTC with milliseconds, or null for no time.
func (t Time) AppendJSON(b []byte) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	return t.UTC().AppendFormat(b, `"2006-01-02T15:04:05.000Z"`)
}

// AppendJSON writes microseconds as the decimal fraction they are: of so few
// digits it is also the shortest form of such a number. Whatever else there may
// be is encoding/json's.
func (s Seconds) AppendJSON(b []byte) []byte {
	const most, micro = 1e9, 1e6
	micros := math.Round(float64(s) * micro)
	if micros == 0 && float64(s) == 0 && !math.Signbit(float64(s)) {
		return append(b, '0')
	}
	if micros < 1 || micros >= most*micro || micros/micro != float64(s) {
		text, _ := json.Marshal(float64(s)) // it was made of a Duration: always a number
		return append(b, text...)
	}
	n := uint64(micros)
	b = strconv.AppendUint(b, n/micro, 10)
	if n %= micro; n == 0 {
		return b
	}
	b = append(b, ".000000"...)
	for at := len(b) - 1; n > 0; at-- {
		b[at] = byte('0' + n%10)
		n /= 10
	}
	return bytes.TrimRight(b, "0")
}
