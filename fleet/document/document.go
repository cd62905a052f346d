// Package document is the shape of every JSON document midwatch writes, and the
// only place with JSON tags for output. The shapes are a contract: fields are
// added, never renamed or removed, and a golden file per kind holds them.
//
// Every document has the outer fields apiVersion, kind, context, counts, items
// and errors. Durations are numbers of seconds and end in Seconds, times are
// RFC 3339 in UTC with milliseconds, states are the lower-case words of the
// code. Lists are never null. Texts that come from services are kept as they
// are: whoever prints a document escapes them.
package document

import (
	"encoding/json"
	"iter"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// APIVersion names the contract that all kinds belong to.
const APIVersion = "midwatch/v1"

// Head is the first outer fields of every document.
type Head struct {
	APIVersion string  `json:"apiVersion" doc:"the contract: midwatch/v1"`
	Kind       string  `json:"kind" doc:"what this document is"`
	Context    *string `json:"context" doc:"the configured context; null when there is none or there are several"`
	At         Time    `json:"at" doc:"when it was so"`
}

// head makes the first fields of a document.
func head(kind, context string, at time.Time) Head {
	h := Head{APIVersion: APIVersion, Kind: kind, At: Time{at}}
	if context != "" {
		h.Context = &context
	}
	return h
}

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

// itemType tells the schema what the items are.
func (i Items[T]) itemType() reflect.Type { return reflect.TypeFor[T]() }

// any is the items as the renderers take them.
func (i Items[T]) any() iter.Seq[any] {
	return func(yield func(any) bool) {
		var room T
		for room = range i.All() {
			if !yield(&room) {
				return
			}
		}
	}
}

// List is a document that holds items of one kind and nothing beside them.
type List[T any] struct {
	Head
	Counts Size     `json:"counts" doc:"how many there are"`
	Items  Items[T] `json:"items" doc:"the answer, sorted by key"`
	Errors []Error  `json:"errors" doc:"what could not be found out"`
}

// Split is described at Document.
func (l List[T]) Split() (any, iter.Seq[any]) {
	items := l.Items.any()
	l.Items = Items[T]{}
	return l, items
}

// Size counts the items of a document that is not about a whole fleet.
type Size struct {
	Items int `json:"items" doc:"how many items follow"`
}

// list makes a List.
func list[T any](kind, context string, at time.Time, items []T, errs []Error) List[T] {
	return List[T]{Head: head(kind, context, at), Counts: Size{len(items)}, Items: ItemsOf(items), Errors: some(errs)}
}

// some is the list itself, empty instead of nil.
func some[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// pairs is the map itself, empty instead of nil.
func pairs(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// Time is a moment; null where it is not known.
type Time struct{ time.Time }

// MarshalJSON writes RFC 3339 in UTC with milliseconds, or null for no time.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.appendJSON(make([]byte, 0, 32)), nil
}

// Seconds is a duration as a number of seconds, exact to the microsecond.
type Seconds float64

// SecondsOf converts a duration.
func SecondsOf(d time.Duration) Seconds { return Seconds(math.Round(d.Seconds()*1e6) / 1e6) }

// Error is a thing that could not be found out, as when a registry does not
// answer.
type Error struct {
	Context    string   `json:"context" doc:"the context of the source"`
	Source     string   `json:"source" doc:"the registry, or empty where it is not about one"`
	Reason     string   `json:"reason" doc:"why, one word of a closed list"`
	Detail     string   `json:"detail" doc:"one line for people"`
	Hint       string   `json:"hint" doc:"what to do next, or empty"`
	Since      Time     `json:"since" doc:"first failure of this outage"`
	AgeSeconds *Seconds `json:"ageSeconds" doc:"how old the last set of the source is; null where there is none"`
	Namespace  string   `json:"namespace" doc:"of the service, where it is about one"`
	Service    string   `json:"service" doc:"the service, where it is about one"`
	Instance   string   `json:"instance" doc:"the instance, where it is about one"`
}

// Warning is something to know that spoils nothing.
type Warning struct {
	Where  string `json:"where" doc:"the entry, key or file and line"`
	Detail string `json:"detail" doc:"one line for people"`
}

// Why explains a status. Both texts are empty where there is nothing to explain.
type Why struct {
	Reason string `json:"reason" doc:"one word of a closed list, or empty"`
	Detail string `json:"detail" doc:"one line for people"`
}

func why(w fleet.Why) Why { return Why{string(w.Reason), w.Detail} }

// Ref names a service.
type Ref struct {
	Context   string `json:"context" doc:"the configured context, or empty"`
	Source    string `json:"source" doc:"the registry's name"`
	Namespace string `json:"namespace" doc:"namespace of the registry, or empty"`
	Service   string `json:"service" doc:"the service's name"`
}

func ref(r fleet.Ref) Ref { return Ref{r.Context, r.Source, r.Namespace, r.Name} }

func refs(list []fleet.Ref) []Ref {
	out := make([]Ref, len(list))
	for i, r := range list {
		out[i] = ref(r)
	}
	return out
}

// Status is the word of a status.
type Status string

// Enum lists the words.
func (Status) Enum() []string { return []string{"up", "maintenance", "unknown", "degraded", "down"} }

// status is the word of s; one that nobody set is unknown.
func status(s fleet.Status) Status {
	if s == fleet.StatusNone {
		s = fleet.Unknown
	}
	return Status(s.String())
}
