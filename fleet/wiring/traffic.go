package wiring

import (
	"context"
	"math"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// trafficWindow is what a snapshot's numbers are of: long enough for a few
// scrapes, short enough to follow an outage.
const trafficWindow = time.Minute

// trafficRest is how much longer than it took to compute numbers nothing is
// computed: passes over large fleets are not held up, and no more than a tenth of
// a core goes into it. Meanwhile the numbers are those of before.
const trafficRest = 10

// numbers are what was computed of one context.
type numbers struct {
	rows    map[fleet.Key]*red.Numbers
	missing string    // why whoever has no row has none
	due     time.Time // when they are computed again
}

// Traffic puts what the series of the last minute say into a snapshot that is
// not published yet. At is the moment after its pass. Where the series cannot be
// read, the reason stands in place of the numbers. Each context is one goroutine's.
func (m *Measures) Traffic(ctx context.Context, s *fleet.Snapshot, at time.Time) {
	m.Compute(ctx, s.Context, at)
	m.Put(s)
}

// Compute computes the numbers of a context, unless it is too early. It is called
// by one goroutine at a time; others may Put meanwhile.
func (m *Measures) Compute(ctx context.Context, name string, at time.Time) {
	if n := m.computed(name); n != nil && at.Before(n.due) {
		return
	}
	began := time.Now()
	n := m.compute(ctx, name, at)
	n.due = at.Add(trafficRest * time.Since(began))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.numbers[name] = n
}

// computed are the numbers of a context; nil before there are any.
func (m *Measures) computed(name string) *numbers {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.numbers[name]
}

// Put puts the numbers that were computed last into a snapshot that is not
// published yet.
func (m *Measures) Put(s *fleet.Snapshot) {
	n := m.computed(s.Context)
	if n == nil {
		n = &numbers{missing: "not read yet"}
	}
	for i := range s.Services {
		svc := &s.Services[i]
		svc.Traffic = traffic(n.rows[fleet.Key{Ref: svc.Ref}], n.missing)
		for j := range svc.Instances {
			in := &svc.Instances[j]
			in.Traffic = traffic(n.rows[in.Key], n.missing)
		}
	}
}

// compute asks for the numbers of a context.
func (m *Measures) compute(ctx context.Context, name string, at time.Time) *numbers {
	o := red.Options{At: at, Window: trafficWindow}
	if m.several {
		o.Where = []red.Matcher{{Name: metrics.LabelContext, Op: "=", Value: name}}
	}
	report, err := red.Compute(ctx, m.Querier, o)
	n := &numbers{rows: make(map[fleet.Key]*red.Numbers, len(report.Services)+len(report.Instances)), missing: red.WhyNotScraped}
	if err != nil {
		n.missing = err.Error()
	}
	for _, all := range [][]red.Row{report.Services, report.Instances} {
		for i := range all {
			l := all[i].Labels
			n.rows[fleet.Key{
				Ref:      fleet.Ref{Context: name, Source: l.Get(metrics.LabelSource), Namespace: l.Get(metrics.LabelNamespace), Name: l.Get(metrics.LabelService)},
				Instance: l.Get(metrics.LabelInstance),
			}] = &all[i].Numbers
		}
	}
	return n
}

// traffic is a row of a report; missing is why there is none.
func traffic(n *red.Numbers, missing string) *fleet.Traffic {
	nan := math.NaN()
	t := &fleet.Traffic{Window: trafficWindow, Rate: nan, Errors: nan, P50: nan, P95: nan, P99: nan, Why: missing}
	if n == nil {
		return t
	}
	t.Why, t.Over = "", n.P99.Over
	for _, f := range []struct {
		to   *float64
		from red.Value
	}{{&t.Rate, n.Rate}, {&t.Errors, n.Errors}, {&t.P50, n.P50}, {&t.P95, n.P95}, {&t.P99, n.P99}} {
		switch {
		case f.from.OK:
			*f.to = f.from.V
		case t.Why == "":
			t.Why = f.from.Why
		}
	}
	return t
}
