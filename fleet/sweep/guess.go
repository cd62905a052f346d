package sweep

import (
	"context"
	"sync"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// impossible is a path no service has: whoever answers it as it answers
// everything else has said nothing by answering.
const impossible = "/midwatch-no-such-path-5d0c8f"

// choice is what guessing on one instance of a service found out, for the
// others and for later passes.
type choice struct {
	made  bool
	path  probe.Target // which candidate; its address is empty
	proof proof        // what a bare 2xx is worth there
}

type proof uint8

const (
	unproved proof = iota
	differs        // an impossible path was answered differently: a bare 2xx counts
	alike          // ... was answered alike: nothing counts
)

// memory keeps choices between passes.
type memory struct {
	mu      sync.Mutex
	choices map[fleet.Ref]choice
}

func (m *memory) recall(r fleet.Ref) choice {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.choices[r]
}

func (m *memory) keep(r fleet.Ref, c choice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.choices == nil {
		m.choices = map[fleet.Ref]choice{}
	}
	m.choices[r] = c
}

// group is the instances of one service in one pass. Those whose path must be
// guessed wait until one of them, the scout, has shown which path speaks.
type group struct {
	pass *pass
	ref  fleet.Ref
	name string // of the service, for the pool

	mu      sync.Mutex
	choice  choice
	waiting []*member
	scouts  int // running
	width   int // how many scouts the next round has
}

// member is one instance to be asked.
type member struct {
	evidence *fleet.Evidence
	host     string
	shared   bool // others have its address too
}

func (g *group) job(m *member, do func(*group, context.Context, *member) []probe.Job) probe.Job {
	return probe.Job{Group: g.name, Host: m.host, Do: func(ctx context.Context) []probe.Job { return do(g, ctx, m) }}
}

// begin returns the first jobs of those who wait: all of them where the choice
// is remembered, else one scout.
func (g *group) begin() []probe.Job {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.next()
}

// next is called with the lock held.
func (g *group) next() []probe.Job {
	if g.choice.made {
		var jobs []probe.Job
		for _, m := range g.waiting {
			jobs = append(jobs, g.job(m, (*group).askChosen))
		}
		g.waiting = nil
		return jobs
	}
	if g.scouts > 0 || len(g.waiting) == 0 {
		return nil
	}
	// A scout that cannot be reached says nothing for the others. Each round has
	// twice as many, so that a service of which nothing answers takes few rounds.
	g.width = max(1, 2*g.width)
	n := min(g.width, len(g.waiting))
	var jobs []probe.Job
	for _, m := range g.waiting[:n] {
		jobs = append(jobs, g.job(m, (*group).scout))
	}
	g.waiting = g.waiting[n:]
	g.scouts = n
	return jobs
}

// askNamed asks what was named: of several paths the first that is there, or
// every question where each is one of its own.
func (g *group) askNamed(ctx context.Context, m *member) []probe.Job {
	defer g.pass.finished()
	plan := &m.evidence.Plan
	for _, t := range plan.Candidates {
		r := g.pass.ask(ctx, m, t)
		m.evidence.Probes = append(m.evidence.Probes, r)
		if !plan.Every && r.Reason != probe.ReasonNotFound {
			break
		}
	}
	m.evidence.Probes = fleet.Decide(plan.Every, m.evidence.Probes)
	return nil
}

// scout tries the candidates on one instance and lets the others follow.
func (g *group) scout(ctx context.Context, m *member) []probe.Job {
	defer g.pass.finished()
	found := g.guess(ctx, m)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.scouts--
	if found.made && !g.choice.made {
		g.choice = found
		g.pass.sweeper.memory.keep(g.ref, found)
	}
	return g.next()
}

// guess asks the candidates in order until one speaks.
func (g *group) guess(ctx context.Context, m *member) choice {
	plan := &m.evidence.Plan
	bare := -1
	for i, t := range plan.Candidates {
		r := g.pass.ask(ctx, m, t)
		m.evidence.Probes = append(m.evidence.Probes, r)
		if !r.Answered && r.Outcome == probe.Fail || r.Reason == fleet.ReasonUnasked || r.Reason == probe.ReasonCancelled {
			m.evidence.Probes = fleet.Decide(false, m.evidence.Probes)
			return choice{}
		}
		if r.Bare && bare < 0 {
			bare = i
		}
		if speaks(&r) {
			m.evidence.Probes = fleet.Decide(false, m.evidence.Probes)
			return choice{made: true, path: pathOf(t)}
		}
	}
	if bare >= 0 {
		c := choice{made: true, path: pathOf(plan.Candidates[bare]), proof: g.prove(ctx, m, plan.Candidates[bare], m.evidence.Probes[bare])}
		c.weigh(&m.evidence.Probes[bare])
		m.evidence.Probes = fleet.Decide(false, m.evidence.Probes)
		return c
	}
	m.evidence.Probes = fleet.Decide(false, m.evidence.Probes)
	return choice{made: true, path: pathOf(m.evidence.Probes[0].Target)}
}

// prove asks the impossible path once.
func (g *group) prove(ctx context.Context, m *member, t probe.Target, got probe.Result) proof {
	t.Path = impossible
	r := g.pass.ask(ctx, m, t)
	switch {
	case !r.Answered:
		return unproved
	case r.Code == got.Code && r.Print == got.Print:
		return alike
	default:
		return differs
	}
}

// weigh turns a bare 2xx into what it is worth.
func (c *choice) weigh(r *probe.Result) {
	if !r.Bare {
		return
	}
	switch c.proof {
	case differs:
		r.Outcome, r.Reason, r.Detail = probe.Pass, probe.ReasonNone, ""
	case alike:
		r.Outcome, r.Reason, r.Detail = probe.Unknown, probe.ReasonAlike, "answers everything alike; set health_path"
	case unproved:
	}
}

// askChosen asks an instance what its scout found to be the question. One that
// has no such path is guessed on its own: it may be of another version.
func (g *group) askChosen(ctx context.Context, m *member) []probe.Job {
	defer g.pass.finished()
	plan := &m.evidence.Plan
	g.mu.Lock()
	c := g.choice
	g.mu.Unlock()
	for _, t := range plan.Candidates {
		if pathOf(t) != c.path {
			continue
		}
		r := g.pass.ask(ctx, m, t)
		if r.Reason == probe.ReasonNotFound && len(plan.Candidates) > 1 {
			break
		}
		c.weigh(&r)
		m.evidence.Probes = []probe.Result{r}
		return nil
	}
	if own := g.guess(ctx, m); own.made && own != c {
		g.pass.sweeper.memory.keep(g.ref, own)
	}
	return nil
}

// speaks says whether a result settles that this is the path to ask.
func speaks(r *probe.Result) bool {
	if r.Bare {
		return false
	}
	switch r.Outcome {
	case probe.Pass:
		return r.Target.Kind != probe.TCP
	case probe.Warn:
		return true
	case probe.Fail:
		return r.Answered
	case probe.Unknown:
	}
	switch r.Reason {
	case probe.ReasonReported, probe.ReasonStarting, probe.ReasonDraining, probe.ReasonStale:
		return true
	default:
		return false
	}
}

// pathOf is a target without its address.
func pathOf(t probe.Target) probe.Target {
	t.Address, t.Host = "", ""
	return t
}
