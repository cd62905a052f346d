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
	"iter"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
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

// HeadOf makes the first fields of a document.
func HeadOf(kind, context string, at time.Time) Head {
	h := Head{APIVersion: APIVersion, Kind: kind, At: value.TimeOf(at)}
	if context != "" {
		h.Context = &context
	}
	return h
}

// What documents are made of.
type (
	// Document is what every kind can do for whoever writes it.
	Document = value.Document
	// Items is the list of a document.
	Items[T any] = value.Items[T]
	// Time is a moment; null where it is not known.
	Time = value.Time
	// Seconds is a duration as a number of seconds.
	Seconds = value.Seconds
)

// SecondsOf converts a duration.
func SecondsOf(d time.Duration) Seconds { return value.SecondsOf(d) }

// List is a document that holds items of one kind and nothing beside them.
type List[T any] struct {
	Head
	Counts Size     `json:"counts" doc:"how many there are"`
	Items  Items[T] `json:"items" doc:"the answer, sorted by key"`
	Errors []Error  `json:"errors" doc:"what could not be found out"`
}

// Split is described at Document.
func (l List[T]) Split() (any, iter.Seq[any]) {
	items := l.Items.Any()
	l.Items = Items[T]{}
	return l, items
}

// Size counts the items of a document that is not about a whole fleet.
type Size struct {
	Items int `json:"items" doc:"how many items follow"`
}

// ListOf makes a List, for documents that are made elsewhere too.
func ListOf[T any](kind, context string, at time.Time, items []T, errs []Error) List[T] {
	return List[T]{Head: HeadOf(kind, context, at), Counts: Size{len(items)}, Items: value.ItemsOf(items), Errors: value.Some(errs)}
}

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

// WhyOf is a reason as documents have it.
func WhyOf(w fleet.Why) Why { return Why{string(w.Reason), w.Detail} }

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
