package sweep

import (
	"context"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/probe"
)

// Pages reads the pages of metrics of the instances of a snapshot, and says what
// came of each. It may run beside a pass: it has half of the limits.
func (s *Sweeper) Pages(ctx context.Context, snap *fleet.Snapshot) map[fleet.Key]fleet.Scrape {
	var jobs []probe.Job
	read := map[fleet.Key]*fleet.Scrape{}
	for i := range snap.Services {
		svc := &snap.Services[i]
		group := svc.Ref.String()
		for j := range svc.Instances {
			in := &svc.Instances[j]
			page := in.Plan.Metrics
			if page == nil || page.Refused == "" && len(page.URLs) == 0 {
				continue
			}
			into := &fleet.Scrape{}
			read[in.Key] = into
			jobs = append(jobs, s.Metrics.job(group, metrics.Target{Key: in.Key, Zone: in.Zone, Version: in.Version, Page: *page}, into))
		}
	}
	halved(s.Pool).Run(ctx, jobs)
	all := make(map[fleet.Key]fleet.Scrape, len(read))
	for k, scrape := range read {
		all[k] = *scrape
	}
	return all
}

// halved are the limits of each of two that run at once. What cannot be halved is
// one for each.
func halved(p probe.Pool) probe.Pool {
	p.Parallel, p.QPS = max(1, p.Parallel/2), p.QPS/2
	if p.PerHost > 0 {
		p.PerHost = max(1, p.PerHost/2)
	}
	return p
}

// reading is one round of pages, beside the passes.
type reading struct {
	done  chan struct{} // closed when they are read
	pages map[fleet.Key]fleet.Scrape
}

// read begins to read the pages of a snapshot's instances, unless the last ones are
// still being read: one that hangs holds the numbers up, and no verdict.
func (l *Loop) read(ctx context.Context, s *fleet.Snapshot) {
	if !l.Sweeper.Metrics.Later || l.Sweeper.Metrics.Collector == nil || l.reading != nil {
		return
	}
	r := &reading{done: make(chan struct{})}
	l.reading, l.Sweeper.beside = r, true
	go func() {
		defer close(r.done)
		if r.pages = l.Sweeper.Pages(ctx, s); l.Read != nil && !over(ctx) {
			l.Read()
		}
	}()
}

// readDone is closed when the pages are there that are being read.
func (l *Loop) readDone() <-chan struct{} {
	if l.reading == nil {
		return nil
	}
	return l.reading.done
}

// takePages takes pages that were read meanwhile; false where there are none.
func (l *Loop) takePages() bool {
	select {
	case <-l.readDone():
		l.Sweeper.pages, l.Sweeper.beside, l.reading = l.reading.pages, false, nil
		return true
	default:
		return false
	}
}

// amend publishes the last snapshot again with the pages that were read meanwhile:
// its verdicts and its time are the same. Where there are none that is said once.
func (l *Loop) amend() {
	first := l.Sweeper.pages == nil
	if l.takePages(); len(l.Sweeper.pages) == 0 && !first {
		return
	}
	s := *l.last
	s.Seq, s.Services = 0, slices.Clone(s.Services)
	for i := range s.Services {
		s.Services[i].Instances = slices.Clone(s.Services[i].Instances)
	}
	l.Sweeper.hold(&s)
	l.publish(&s)
}

// hold puts what was read last into a snapshot that is not published yet.
func (s *Sweeper) hold(snap *fleet.Snapshot) {
	for i := range snap.Services {
		for j := range snap.Services[i].Instances {
			in := &snap.Services[i].Instances[j]
			if scrape, ok := s.pages[in.Key]; ok {
				in.Scrape = scrape
			}
		}
	}
}
