package sweep

import (
	"context"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/probe"
)

// Scraper is how a Sweeper reads pages of metrics. The zero one reads none.
// Plans have to say where they are.
type Scraper struct {
	Collector metrics.Collector // what reads and keeps them, and what passes see; nil: nothing is read or kept
	Time      time.Duration     // bound on reading the page of one instance; 0: none of its own
	Only      bool              // nothing else is asked: no probes
	Later     bool              // no pass reads them: Pages does, beside passes that hold what it read last
}

// scrape plans the reading of an instance's page of metrics, and returns its
// job; ok is false where there is nothing to read.
func (p *pass) scrape(g *group, in *fleet.Instance, e *judge.Evidence) (job probe.Job, ok bool) {
	by, page := &p.sweeper.Metrics, e.Plan.Metrics
	if by.Collector == nil || page == nil || page.Refused == "" && len(page.URLs) == 0 {
		return job, false
	}
	t := metrics.Target{Key: fleet.Key{Ref: g.ref, Instance: in.ID}, Zone: in.Zone, Version: in.Version, Page: *page}
	if by.Later {
		if last, ok := p.sweeper.pages[t.Key]; ok {
			e.Scrape = &last
		}
		return job, false
	}
	if by.Only {
		p.total++
	}
	e.Scrape = &fleet.Scrape{}
	job = by.job(g.name, t, e.Scrape)
	if by.Only {
		read := job.Do
		job.Do = func(ctx context.Context) []probe.Job {
			defer p.finished()
			return read(ctx)
		}
	}
	return job, true
}

// job reads one page; until it is done, into says that it was not.
func (by *Scraper) job(group string, t metrics.Target, into *fleet.Scrape) probe.Job {
	host, unread := "", fleet.Why{Reason: fleet.ReasonUnasked, Detail: "time ran out before it was read"}
	if t.Page.Refused == "" {
		host = hostOfBase(t.Page.URLs[0])
	} else { // nobody is asked: whoever keeps the series of an earlier page ends them
		unread = fleet.Why{Reason: probe.ReasonPolicy, Detail: t.Page.Refused}
	}
	into.Why = unread
	return probe.Job{Group: group, Host: host, Do: func(ctx context.Context) []probe.Job {
		within, stop := ctx, context.CancelFunc(func() {})
		if by.Time > 0 {
			within, stop = context.WithTimeout(ctx, by.Time)
		}
		defer stop()
		*into = by.Collector.Collect(within, t)
		if into.Why != (fleet.Why{}) && over(ctx) {
			into.Why, into.Hint = unread, "" // it is our time that ran out
		}
		return nil
	}}
}

// observe tells whoever keeps series what the pass saw; half a pass is no
// picture.
func (s *Sweeper) observe(ctx context.Context, snap *fleet.Snapshot) {
	if s.Metrics.Collector != nil && !over(ctx) {
		s.Metrics.Collector.Observe(snap)
	}
}
