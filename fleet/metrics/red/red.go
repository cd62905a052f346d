// Package red says how services fare by their metrics: the rate of calls, the
// share that failed, and how long they took; beside them how loaded the
// processes are. The families are found by a table of signatures
// (fleet/metrics/red/signature), so one table shows services of many stacks.
//
// It works over any metrics.Querier: it asks for raw samples and does its own
// arithmetic, because rate() of PromQL does not see what a series counted before
// its first scrape, and extrapolates (docs/red.md has the rules).
package red

import (
	"context"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

// Options say what is computed. The zero value of each field but At and Window
// is its default.
type Options struct {
	// At is the end of the window, Window its length. The window may be longer
	// than what was scraped: time is taken from the samples in it.
	At     time.Time
	Window time.Duration
	// Where are the series to look at; none: all.
	Where []Matcher
	// Service are the labels that make a service: context, source, namespace and
	// service. Instance is the label that tells its instances apart: instance. A
	// Prometheus server may have others: job.
	Service  []string
	Instance string
	// History asks for rates over a longer time, for sparklines.
	History History
}

// History is a range that ends at Options.At, in steps. The zero value asks for
// none.
type History struct {
	Range, Step time.Duration
}

// Matcher is a label matcher of PromQL.
type Matcher struct {
	Name  string
	Op    string // =, !=, =~, !~
	Value string
}

// Value is a number, or why there is none. A number is finite and not negative.
type Value struct {
	V  float64
	OK bool
	// Why there is no number; empty where there is one.
	Why string
	// Over says that the number is a lower bound: the highest bound of the
	// histogram, and it was exceeded.
	Over bool
	// Approx says in which way it is less than exact: "worst of 3 instances",
	// "of 50% of the calls"; empty where it is.
	Approx string
}

// Numbers are rate, errors and durations. Durations are in seconds, shares from
// 0 to 1.
type Numbers struct {
	Requests     Value // in the window
	Rate         Value // per second
	Errors       Value // the share of calls that failed
	ClientErrors Value // the share that was the caller's fault: 4xx
	P50          Value
	P95          Value
	P99          Value
	Mean         Value
	Max          Value
}

// View is another way to look at the same calls: what a proxy sent to one of its
// clusters.
type View struct {
	Name      string // upstream, frontend
	Of        string // the cluster, untrusted; empty where there is one only
	Signature string
	Numbers
}

// Used is a signature, and the families it was read from as the page spells
// them.
type Used struct {
	Signature string
	Families  []string
}

// Row is one service, or one instance.
type Row struct {
	Labels metrics.Labels // those of Options.Service, and Options.Instance
	Numbers
	Signatures []Used // that were summed: one for each protocol; sorted
	Views      []View // sorted by name
	Saturation Saturation
	History    []Value // rates, the latest last; empty where none were asked for
	First      time.Time
	Last       time.Time // of its samples in the window; zero where there are none
	Instances  int       // of a service: how many were found
	Restarts   int       // that were seen in the window
}

// Report is what was computed.
type Report struct {
	At        time.Time
	Window    time.Duration
	Services  []Row    // sorted by labels
	Instances []Row    // sorted by labels
	Warnings  []string // of who answered; untrusted
}

// Compute asks the querier for what the window holds and computes a row for each
// service and each instance that it finds. Those whose pages count no calls have
// rows too, with the reason. Its errors are those of the querier.
func Compute(ctx context.Context, q metrics.Querier, o Options) (Report, error) {
	o = o.withDefaults()
	c := &computation{q: q, o: o, table: signature.Table(), sorter: &page.Sorter{Service: o.Service, Instance: o.Instance}, found: map[string][]signature.Match{}}
	return c.run(ctx)
}

func (o Options) withDefaults() Options {
	if len(o.Service) == 0 {
		o.Service = []string{metrics.LabelContext, metrics.LabelSource, metrics.LabelNamespace, metrics.LabelService}
	}
	if o.Instance == "" {
		o.Instance = metrics.LabelInstance
	}
	return o
}
