package wiring

import (
	"fmt"
	"net/http"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/probe"
)

// pages makes what asks for pages of metrics, once for each profile and whether
// credentials may be sent. A page is asked for again and again: connections are
// kept, as to admin APIs.
type pages struct {
	probers *probers
	made    kept[proberKey, *http.Client]
}

// client returns what asks for the pages of a profile. Its errors are
// *fleet.Error.
func (m *pages) client(profile string, credentials bool) (*http.Client, error) {
	p := m.probers
	return m.made.of(proberKey{profile, credentials}, p.settings.Now, func() (*http.Client, error) {
		client, err := p.adminClient(p.resolver.Profile(profile), credentials)
		if err != nil {
			return nil, &fleet.Error{Reason: probe.ReasonPolicy, Detail: fmt.Sprintf("profile %q: %v", profile, err), Err: err}
		}
		return client, nil
	})
}

// close hangs up.
func (m *pages) close() {
	m.made.each(func(c *http.Client) { c.CloseIdleConnections() })
}

// MetricsClient returns what asks for the pages of metrics of a profile, with
// its credentials where they may be sent. It never asks the far side, and
// follows nothing.
func (f *Fleet) MetricsClient(profile string, credentials bool) (*http.Client, error) {
	return f.pages.client(profile, credentials)
}

// ReadMetrics makes a sweeper of this context read pages of metrics too, and
// keep what they hold, and what it saw, in a Collector.
func (f *Fleet) ReadMetrics(w *sweep.Sweeper, into metrics.Collector) {
	w.Plan = f.resolver.ResolveMetrics
	w.Metrics = sweep.Scraper{Collector: into, Time: f.bound()}
}
