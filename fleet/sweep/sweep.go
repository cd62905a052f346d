// Package sweep turns what the registries hold into snapshots: it asks every
// instance once in each pass, under the limits of one pool, and publishes what
// came of it through a hub that anybody can read.
package sweep

import (
	"context"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/probe"
)

// Input is what a pass starts from.
type Input struct {
	Services []fleet.Service // the union of the sources, normalised
	Sources  []fleet.SourceView
	Warnings []fleet.Warning
}

// Sweeper makes passes. Its fields are set before the first one and not
// changed; Pass is called by one goroutine at a time.
type Sweeper struct {
	Context  string
	Select   func([]fleet.Service) []fleet.Service               // nil: all
	Plan     func(*fleet.Service, *fleet.Instance) fleet.Plan    // how an instance is asked
	Prober   func(profile string, credentials bool) probe.Prober // what asks it
	Breakers Reader                                              // how breakers are read
	Metrics  Scraper                                             // how pages of metrics are read
	Pool     probe.Pool
	Now      func() time.Time
	Terse    bool                  // snapshots keep no plans, only results
	Progress func(done, total int) // told after each instance, from several goroutines; may be nil

	memory map[fleet.Ref][]choice     // what guessing found out, of the services of the last pass
	pages  map[fleet.Key]fleet.Scrape // what Pages read last; passes hold it where pages are read later
	beside bool                       // Pages runs: the pass has half of the limits
}

// Pass asks every selected instance and returns the snapshot, unnumbered. When
// ctx ends, those not yet asked are unknown in it. What it saw is kept as series
// where metrics are read.
func (s *Sweeper) Pass(ctx context.Context, in Input) *fleet.Snapshot {
	start := s.Now()
	selected := in.Services
	if s.Select != nil {
		selected = s.Select(in.Services)
	}
	p := newPass(s, selected)
	jobs := make([]probe.Job, 0, len(p.evidence))
	for i := range selected {
		jobs = append(jobs, p.service(&selected[i])...)
	}
	pool := s.Pool
	if s.beside {
		pool = halved(pool)
	}
	pool.Run(ctx, jobs)
	s.memory = make(map[fleet.Ref][]choice, len(p.groups))
	for _, g := range p.groups {
		s.memory[g.ref] = g.remember()
	}
	if s.Terse {
		for i := range p.evidence {
			p.evidence[i].Plan.Candidates = nil // the results say what was asked
		}
	}
	known := make([]fleet.Ref, len(in.Services))
	for i := range in.Services {
		known[i] = in.Services[i].Ref
	}
	end := s.Now()
	snap := judge.Assemble(judge.Parts{
		Context: s.Context, At: end, Took: end.Sub(start),
		Services: selected, Known: known, Sources: in.Sources, Warnings: in.Warnings,
		Evidence: p.inOrder(),
	})
	s.observe(ctx, snap)
	return snap
}

// pass is the state of one pass.
type pass struct {
	sweeper  *Sweeper
	evidence []judge.Evidence   // of the instances in their order; each entry is one job's
	planned  int                // entries of evidence that are planned
	at       map[string]*member // the first to be asked at an address: where there are more, questions may be equal
	groups   []*group           // those that guess

	mu     sync.Mutex
	asked  map[question]*answer
	listed map[place]*list
	done   int
	total  int
}

func newPass(s *Sweeper, services []fleet.Service) *pass {
	n := 0
	for i := range services {
		n += len(services[i].Instances)
	}
	return &pass{
		sweeper: s, evidence: make([]judge.Evidence, n),
		at: make(map[string]*member, n), asked: map[question]*answer{},
	}
}

// inOrder hands out the evidence in the order of the instances, which is the
// order in which Assemble asks for it.
func (p *pass) inOrder() func(*fleet.Service, *fleet.Instance) judge.Evidence {
	next := 0
	return func(*fleet.Service, *fleet.Instance) judge.Evidence {
		e := p.evidence[next]
		next++
		return e
	}
}

// question is what makes two probes the same one.
type question struct {
	profile     string
	credentials bool
	target      probe.Target
}

// answer is the one answer to equal questions.
type answer struct {
	ready  chan struct{}
	result probe.Result
}

// service plans the instances of a service and returns the jobs to begin with.
func (p *pass) service(v *fleet.Service) (jobs []probe.Job) {
	g := &group{pass: p, name: v.Ref.String(), ref: v.Ref, known: p.sweeper.memory[v.Ref]}
	members := make([]member, len(v.Instances))
	jobs = make([]probe.Job, 0, len(v.Instances))
	var pages []probe.Job // read after everything else: they may be large
	for i := range v.Instances {
		in := &v.Instances[i]
		plan := p.sweeper.Plan(v, in)
		e := &p.evidence[p.planned]
		p.planned++
		e.Plan = plan
		if job, ok := p.breakers(g, in, e); ok {
			jobs = append(jobs, job)
		}
		if job, ok := p.scrape(g, in, e); ok {
			pages = append(pages, job)
		}
		if p.sweeper.Breakers.Only || p.sweeper.Metrics.Only || plan.Refused != "" || len(plan.Candidates) == 0 {
			continue
		}
		p.total++
		m := &members[i]
		*m = member{evidence: e, host: hostOf(plan.Candidates[0])}
		p.meet(m, plan.Candidates[0].Address)
		if plan.Candidates[0].Named || plan.Every {
			jobs = append(jobs, g.job(m, (*group).askNamed))
			continue
		}
		g.waiting = append(g.waiting, m)
	}
	if len(g.waiting) > 0 {
		p.groups = append(p.groups, g)
	}
	return append(append(jobs, g.begin()...), pages...)
}

// meet notes who is asked at the same address.
func (p *pass) meet(m *member, address string) {
	if other := p.at[address]; other != nil {
		m.shared, other.shared = true, true
		return
	}
	p.at[address] = m
}

// ask asks one question of a member.
func (p *pass) ask(ctx context.Context, m *member, t probe.Target, r *probe.Result) {
	if m.shared {
		p.askOnce(ctx, &m.evidence.Plan, t, r)
		return
	}
	p.put(ctx, &m.evidence.Plan, t, r)
}

// put asks it.
func (p *pass) put(ctx context.Context, plan *fleet.Plan, t probe.Target, r *probe.Result) {
	*r = p.sweeper.Prober(plan.Profile, plan.Credentials).Probe(ctx, t)
	if r.Reason == probe.ReasonTimeout && over(ctx) {
		// It is our time that ran out, not the instance's.
		outOfTime(r)
	}
}

// over says whether ctx has ended, or will in this moment: a connection may
// have seen the deadline before the context did.
func over(ctx context.Context) bool {
	end, limited := ctx.Deadline()
	return ctx.Err() != nil || limited && time.Until(end) <= 0
}

// askOnce asks, or waits for the answer of somebody who asks the same.
func (p *pass) askOnce(ctx context.Context, plan *fleet.Plan, t probe.Target, r *probe.Result) {
	q := question{plan.Profile, plan.Credentials, t}
	p.mu.Lock()
	a, again := p.asked[q]
	if !again {
		a = &answer{ready: make(chan struct{})}
		p.asked[q] = a
	}
	p.mu.Unlock()
	if again {
		select {
		case <-a.ready:
			*r = a.result
		case <-ctx.Done():
			*r = probe.Result{Target: t, At: p.sweeper.Now()}
			outOfTime(r)
		}
		return
	}
	defer close(a.ready)
	p.put(ctx, plan, t, &a.result)
	*r = a.result
}

// outOfTime makes a result say that the command's own time ended.
func outOfTime(r *probe.Result) {
	r.Outcome, r.Reason, r.Detail = probe.Unknown, fleet.ReasonUnasked, "time ran out before it answered"
}

func (p *pass) finished() {
	p.mu.Lock()
	p.done++
	done, total := p.done, p.total
	p.mu.Unlock()
	if p.sweeper.Progress != nil {
		p.sweeper.Progress(done, total)
	}
}

// hostOf is the address that the limit per host counts, without the port.
func hostOf(t probe.Target) string {
	if t.Network == "unix" {
		return t.Address
	}
	for i := len(t.Address) - 1; i >= 0; i-- {
		if t.Address[i] == ':' {
			return t.Address[:i]
		}
	}
	return t.Address
}
