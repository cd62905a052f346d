package sweep

import (
	"context"
	"slices"
	"sync"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/probe"
)

// impossible is a path no service has: whoever answers it as it answers
// everything else has said nothing by answering.
const impossible = "/midwatch-no-such-path-5d0c8f"

// lostScouts is how many instances of a service may be searched in vain before
// the others are no longer.
const lostScouts = 3

// choice is what guessing on one instance of a service found out, for the
// others and for later passes.
type choice struct {
	path  probe.Target // which candidate; its address is empty
	proof proof        // what a bare 2xx is worth there
	any   bool         // nothing was found: what this path answers stands, in this pass
}

type proof uint8

const (
	unproved proof = iota
	differs        // an impossible path was answered differently: a bare 2xx counts
	alike          // ... was answered alike: nothing counts
)

// group is the instances of one service in one pass. Those whose path must be
// guessed wait until one of them, the scout, has shown which path speaks. A
// service may run two versions at a time, so that it may have several paths.
type group struct {
	pass *pass
	ref  fleet.Ref
	name string // of the service, for the pool

	mu       sync.Mutex
	known    []choice // grows
	suited   []int    // how many instances each of them suited
	waiting  []*member
	scouts   int          // running
	width    int          // how many scouts the next round has
	lost     int          // scouts that were reached and found nothing
	fallback probe.Target // what the last of them would be asked
}

// member is one instance to be asked.
type member struct {
	evidence *judge.Evidence
	host     string
	shared   bool // others have its address too
	tried    int  // how many of the group's known choices
}

func (g *group) job(m *member, do func(*group, context.Context, *member) []probe.Job) probe.Job {
	return probe.Job{Group: g.name, Host: m.host, Do: func(ctx context.Context) []probe.Job { return do(g, ctx, m) }}
}

// begin returns the first jobs of those who wait: all of them where a choice is
// remembered, else one scout.
func (g *group) begin() []probe.Job {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.suited = make([]int, len(g.known))
	return g.next()
}

// next is called with the lock held.
func (g *group) next() []probe.Job {
	if g.lost >= lostScouts && !slices.ContainsFunc(g.known, func(c choice) bool { return c.any }) {
		g.learn(choice{path: g.fallback, any: true})
	}
	var jobs []probe.Job
	g.waiting = slices.DeleteFunc(g.waiting, func(m *member) bool {
		if m.tried == len(g.known) {
			return false
		}
		jobs = append(jobs, g.job(m, (*group).follow))
		return true
	})
	if g.scouts > 0 || len(g.waiting) == 0 {
		return jobs
	}
	// A scout that cannot be reached says nothing for the others. Each round has
	// twice as many, so that a service of which nothing answers takes few rounds.
	g.width = max(1, 2*g.width)
	g.scouts = min(g.width, len(g.waiting))
	for _, m := range g.waiting[:g.scouts] {
		jobs = append(jobs, g.job(m, (*group).scout))
	}
	g.waiting = g.waiting[g.scouts:]
	return jobs
}

// learn adds a choice, with the lock held, and returns where it is.
func (g *group) learn(c choice) int {
	if at := slices.Index(g.known, c); at >= 0 {
		return at
	}
	g.known, g.suited = append(g.known, c), append(g.suited, 0)
	return len(g.known) - 1
}

// remember returns what the next pass starts from: the choices that suited
// somebody, the most frequent first; all where nobody could be asked.
func (g *group) remember() []choice {
	order := make([]int, 0, len(g.known))
	asked := slices.ContainsFunc(g.suited, func(n int) bool { return n > 0 })
	for i := range g.known {
		if !g.known[i].any && (g.suited[i] > 0 || !asked) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return g.suited[b] - g.suited[a] })
	kept := make([]choice, len(order))
	for i, at := range order {
		kept[i] = g.known[at]
	}
	return kept
}

// askNamed asks what was named: of several paths the first that is there, or
// every question where each is one of its own.
func (g *group) askNamed(ctx context.Context, m *member) []probe.Job {
	defer g.pass.finished()
	plan := &m.evidence.Plan
	for _, t := range plan.Candidates {
		m.evidence.Probes = append(m.evidence.Probes, probe.Result{})
		r := &m.evidence.Probes[len(m.evidence.Probes)-1]
		g.pass.ask(ctx, m, t, r)
		if !plan.Every && r.Reason != probe.ReasonNotFound {
			break
		}
	}
	m.evidence.Probes = judge.Decide(plan.Every, m.evidence.Probes)
	return nil
}

// follow asks an instance what scouts found to be the question. One that none
// of it suits becomes a scout: it may be of another version, or its service has
// changed.
func (g *group) follow(ctx context.Context, m *member) []probe.Job {
	for {
		g.mu.Lock()
		if m.tried == len(g.known) {
			g.waiting = append(g.waiting, m)
			jobs := g.next()
			g.mu.Unlock()
			return jobs
		}
		at := m.tried
		c := g.known[at]
		m.tried++
		g.mu.Unlock()
		candidates := m.evidence.Plan.Candidates
		i := slices.IndexFunc(candidates, func(t probe.Target) bool { return pathOf(t) == c.path })
		if i < 0 {
			continue
		}
		var r probe.Result
		g.pass.ask(ctx, m, candidates[i], &r)
		suits := c.suits(&r)
		c.weigh(&r)
		// The same path may be known again, for what a bare 2xx is worth by now.
		m.evidence.Probes = slices.DeleteFunc(m.evidence.Probes, func(was probe.Result) bool { return was.Target == r.Target })
		m.evidence.Probes = judge.Decide(false, append(m.evidence.Probes, r))
		if !suits && len(candidates) > 1 {
			continue
		}
		g.mu.Lock()
		if r.Answered {
			g.suited[at]++
		}
		g.mu.Unlock()
		g.pass.finished()
		return nil
	}
}

// scout tries the candidates on one instance and lets the others follow.
func (g *group) scout(ctx context.Context, m *member) []probe.Job {
	defer g.pass.finished()
	found, end := g.guess(ctx, m)
	m.evidence.Probes = judge.Decide(false, m.evidence.Probes)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.scouts--
	switch end {
	case spoke:
		g.suited[g.learn(found)]++
	case silent:
		g.lost++
		g.fallback = found.path
	case unreached:
	}
	return g.next()
}

// ending is what came of a scout.
type ending uint8

const (
	unreached ending = iota // it says nothing of the others
	silent                  // it answers, and nothing that it answers helps
	spoke
)

// guess asks the candidates in order until one speaks.
func (g *group) guess(ctx context.Context, m *member) (choice, ending) {
	e := m.evidence
	e.Probes = e.Probes[:0]
	bare := -1
	hungUp := probe.Kind("") // a protocol at which it hangs up: perhaps it speaks another
	for _, t := range e.Plan.Candidates {
		if t.Kind == hungUp {
			continue
		}
		var r probe.Result
		g.pass.ask(ctx, m, t, &r)
		e.Probes = append(e.Probes, r)
		switch {
		case r.Reason == probe.ReasonClosed, r.Reason == probe.ReasonReset:
			hungUp = t.Kind
		case outOfReach(&r, len(e.Probes) == 1):
			return choice{}, unreached
		case speaks(&r):
			return choice{path: pathOf(t)}, spoke
		case r.Bare && bare < 0:
			bare = len(e.Probes) - 1
		}
	}
	if bare >= 0 {
		r := &e.Probes[bare]
		c := choice{path: pathOf(r.Target), proof: g.prove(ctx, m, r)}
		c.weigh(r)
		if c.proof == unproved {
			return c, silent
		}
		return c, spoke
	}
	e.Probes = judge.Decide(false, e.Probes)
	best := &e.Probes[0]
	c := choice{path: pathOf(best.Target)}
	switch {
	case best.Outcome == probe.Fail:
		return c, unreached
	case best.Answered && best.Target.Kind != probe.TCP && c.suits(best):
		return c, spoke // as one that wants credentials everywhere
	}
	return c, silent
}

// prove asks the impossible path once.
func (g *group) prove(ctx context.Context, m *member, got *probe.Result) proof {
	t := got.Target
	t.Path = impossible
	var r probe.Result
	g.pass.ask(ctx, m, t, &r)
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

// suits says whether an instance that answers so has this path, and the path
// still means what it did.
func (c *choice) suits(r *probe.Result) bool {
	switch {
	case c.any:
		return true
	case r.Bare:
		return c.proof != unproved
	}
	return r.Reason != probe.ReasonNotFound && r.Reason != probe.ReasonProtocol
}

// outOfReach says whether a result is the same for every path.
func outOfReach(r *probe.Result, first bool) bool {
	switch r.Reason {
	case fleet.ReasonUnasked, probe.ReasonCancelled, probe.ReasonResolve, probe.ReasonNoRoute:
		return true
	case probe.ReasonPolicy:
		return first // there is nothing to ask with
	default:
		return !r.Answered && r.Outcome == probe.Fail
	}
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
