package wiring

import (
	"cmp"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/collect"
	"github.com/midwatch-cli/midwatch/fleet/metrics/observed"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// Measures are the series of a session: what keeps those of all its contexts,
// and who answers questions about them.
type Measures struct {
	Store      *series.Store
	Querier    metrics.Querier
	Window     time.Duration // for which samples are kept
	several    bool          // contexts
	collectors map[*Fleet]metrics.Collector

	mu      sync.Mutex
	numbers map[string]*numbers // by context; guarded by mu
}

// Measure makes what keeps the series of contexts, in one store. Where there are
// several, each series says of which it is. Lookback is how old a sample may be
// to count as the present one; 0 is five minutes.
func Measure(fleets []*Fleet, o series.Options, lookback time.Duration) *Measures {
	o.Window = cmp.Or(o.Window, series.Window)
	m := &Measures{Store: series.New(o), Window: o.Window, several: len(fleets) > 1, collectors: map[*Fleet]metrics.Collector{}, numbers: map[string]*numbers{}}
	m.Querier = promql.New(m.Store, lookback)
	for _, f := range fleets {
		m.collectors[f] = collect.New(collect.Options{
			Store: m.Store, Client: f.MetricsClient, Observed: seen, Contexts: m.several,
			Timeout: f.bound(), Now: f.settings.Now, Log: f.settings.Log,
		})
	}
	return m
}

// seen are the series of what a pass saw; the collector adds the context.
func seen(s *fleet.Snapshot, each func(metrics.Labels, float64)) {
	observed.Visit(s, false, func(_ *observed.Family, l metrics.Labels, v float64) { each(l, v) })
}

// Collector gathers the series of a context; nil for one that is none of them.
func (m *Measures) Collector(f *Fleet) metrics.Collector { return m.collectors[f] }

// Observer keeps what passes saw that were made by others, over one context or
// several: it gathers nothing.
func (m *Measures) Observer(several bool) metrics.Collector {
	m.several = several
	return collect.New(collect.Options{Store: m.Store, Observed: seen, Contexts: several})
}
