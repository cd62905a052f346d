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

// Traffic puts what the series of the last minute say into a snapshot that is
// not published yet. At is the moment after its pass. Where the series cannot be
// read, the reason stands in place of the numbers.
func (m *Measures) Traffic(ctx context.Context, s *fleet.Snapshot, at time.Time) {
	o := red.Options{At: at, Window: trafficWindow}
	several := len(m.collectors) > 1
	if several {
		o.Where = []red.Matcher{{Name: metrics.LabelContext, Op: "=", Value: s.Context}}
	}
	report, err := red.Compute(ctx, m.Querier, o)
	missing := red.WhyNotScraped
	if err != nil {
		missing = err.Error()
	}
	key := func(l metrics.Labels) fleet.Key {
		return fleet.Key{
			Ref:      fleet.Ref{Context: s.Context, Source: l.Get(metrics.LabelSource), Namespace: l.Get(metrics.LabelNamespace), Name: l.Get(metrics.LabelService)},
			Instance: l.Get(metrics.LabelInstance),
		}
	}
	rows := make(map[fleet.Key]*red.Numbers, len(report.Services)+len(report.Instances))
	for _, all := range [][]red.Row{report.Services, report.Instances} {
		for i := range all {
			rows[key(all[i].Labels)] = &all[i].Numbers
		}
	}
	for i := range s.Services {
		svc := &s.Services[i]
		svc.Traffic = traffic(rows[fleet.Key{Ref: svc.Ref}], missing)
		for j := range svc.Instances {
			in := &svc.Instances[j]
			in.Traffic = traffic(rows[in.Key], missing)
		}
	}
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
