// Package metrics has the nouns of measured things: series and their points,
// questions in PromQL and their answers, and the contracts of who answers them
// (Querier) and who gathers what they are about (Collector).
//
// Everything here is plain data: Prometheus' own types stay in the packages
// below.
package metrics

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// The labels that every scraped series gets. A label of the page with such a
// name becomes exported_ and the name, as Prometheus does it (honor_labels off).
const (
	LabelName      = "__name__"
	LabelContext   = "context" // only where several contexts are open
	LabelSource    = "source"
	LabelNamespace = "namespace" // left out where it is empty
	LabelService   = "service"
	LabelInstance  = "instance" // the instance's id, not its address
	LabelZone      = "zone"     // left out where it is empty
	LabelVersion   = "version"  // ...
)

// Label is a name and a value. Both may come from a service: untrusted.
type Label struct{ Name, Value string }

// Labels are sorted by name, each name once; no value is empty.
type Labels []Label

// NewLabels sorts pairs of names and values, and leaves out those without a
// value.
func NewLabels(pairs ...string) Labels {
	l := make(Labels, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			l = append(l, Label{pairs[i], pairs[i+1]})
		}
	}
	slices.SortFunc(l, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return l
}

// Get returns the value of a label; empty where there is none.
func (l Labels) Get(name string) string {
	if at, ok := slices.BinarySearchFunc(l, name, func(have Label, name string) int { return strings.Compare(have.Name, name) }); ok {
		return l[at].Value
	}
	return ""
}

// Name is the family's name; empty for the result of a calculation.
func (l Labels) Name() string { return l.Get(LabelName) }

// Compare orders label sets as Prometheus prints them: by names and values.
func (l Labels) Compare(other Labels) int {
	return slices.CompareFunc(l, other, func(a, b Label) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
}

// Point is a value at a time. Values may be NaN or infinite.
type Point struct {
	T int64 // Unix milliseconds
	V float64
}

// Time is the moment of a point.
func (p Point) Time() time.Time { return time.UnixMilli(p.T).UTC() }

// HistogramPoint is a native histogram at a time, with all its buckets spelled
// out, as the HTTP API of Prometheus has them.
type HistogramPoint struct {
	T          int64 // Unix milliseconds
	Count, Sum float64
	Buckets    []Bucket // in the order of their bounds; none is empty
}

// Bucket is one bucket of a native histogram.
type Bucket struct {
	Lower, Upper                   float64
	LowerInclusive, UpperInclusive bool
	Count                          float64
}

// Native is a native histogram as it was scraped: its buckets are those of its
// schema, counted in floats.
type Native struct {
	Schema                               int32
	ZeroThreshold, ZeroCount, Count, Sum float64
	PositiveSpans, NegativeSpans         []Span
	PositiveBuckets, NegativeBuckets     []float64 // counts, not differences
	Bounds                               []float64 // of a schema of its own
	Gauge                                bool      // it may go down
}

// Span is consecutive buckets of a native histogram: how far from the last one
// they begin, and how many there are.
type Span struct {
	Offset int32
	Length uint32
}

// Series is a label set with its points, in the order of time. A series of an
// instant has one.
type Series struct {
	Labels     Labels
	Points     []Point
	Histograms []HistogramPoint
}

// Kind is the kind of an answer: the word of Prometheus' HTTP API.
type Kind string

// The kinds. A scalar is one series without labels.
const (
	Vector Kind = "vector"
	Matrix Kind = "matrix"
	Scalar Kind = "scalar"
	String Kind = "string"
)

// Question is a PromQL expression and when it is asked about: at an instant, or
// at each Step from Start to End where Step is not 0.
type Question struct {
	Expr       string
	At         time.Time // of an instant
	Start, End time.Time // of a range
	Step       time.Duration
	Explain    bool // the answer says which series it rests on
}

// Answer is what an expression comes to.
type Answer struct {
	Kind     Kind
	Series   []Series // sorted by labels, but for what the expression itself sorts
	Text     string   // of a string
	Warnings []string // what may be wrong with it; untrusted
	Infos    []string // what may be wrong with the question; untrusted
	Selected []Selected
}

// Selected is what a selector of an expression found: it is there where the
// question asked for an explanation.
type Selected struct {
	Selector string // as PromQL
	Series   int    // that it matched
	Samples  int    // of them, that were read; below 0 where the far side does not say
	Examples []Labels
	Lacks    []string // of series that are computed: who has none, and why; untrusted
}

// Querier answers PromQL: the series in memory, a recording, a Prometheus
// server. It may be used by several goroutines. Its errors are *fleet.Error;
// those about the expression itself wrap ErrExpression.
type Querier interface {
	Query(ctx context.Context, q Question) (Answer, error)
}

// ErrExpression says that the expression is at fault: it cannot be parsed, or
// joins what cannot be joined. Its text has the place: "1:14: ...".
var ErrExpression = errors.New("not a PromQL expression that can be answered")

// Target is one instance whose page of metrics is read.
type Target struct {
	Key           fleet.Key
	Zone, Version string
	Page          fleet.Exposition
}

// Labels are what each of its series gets.
func (t *Target) Labels() Labels {
	return NewLabels(
		LabelContext, t.Key.Context, LabelSource, t.Key.Source, LabelNamespace, t.Key.Namespace,
		LabelService, t.Key.Name, LabelInstance, t.Key.Instance, LabelZone, t.Zone, LabelVersion, t.Version,
	)
}

// Collector gathers samples into a store. It may be used by several goroutines,
// for different targets.
type Collector interface {
	// Collect reads the page of one instance and keeps what it holds. What went
	// wrong is in the answer; then the series of that instance end there.
	Collect(ctx context.Context, t Target) fleet.Scrape
	// Observe keeps what a pass saw as series of our own, and ends the series of
	// instances that are no longer there. It is called once, after each pass.
	Observe(s *fleet.Snapshot)
}
