// Package calls is who calls whom: what services declare of their dependencies,
// and what their circuit breakers are called, linked to services. What can be
// read that way depends on names alone: it is pure.
package calls

import (
	"math"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Graph is the calls between the services of a snapshot, each once.
type Graph struct {
	Edges []Edge
	Out   [][]int // edges of each service, by index in the snapshot, as a caller
	In    [][]int // and as the one that is called
}

// Edge is a service that calls another.
type Edge struct {
	From, To int    // services of the snapshot, by index; To is Outside where it is none of them
	Name     string // what the caller calls it, where that is outside; untrusted
	Why      string // why it is outside, where several could be meant; untrusted
	Declared bool   // the caller declares it as a dependency
	Breakers []Breaker
}

// Outside is in place of a service that no source of the snapshot has.
const Outside = -1

// Breaker is one with which a caller guards its calls, on all of its instances.
type Breaker struct {
	Name     string
	State    fleet.BreakerState // the worst
	In, Of   int                // instances in that state, and with the breaker
	Failures float64            // 0 to 1, the greatest; NaN where nobody gives one
	Calls    int64              // in their windows, together; below 0 where nobody counts
	Rejected int64              // together; below 0 where nobody counts
	Since    time.Time          // when the first of them entered the state; zero where nobody says
}

// Of reads who calls whom from a snapshot.
func Of(s *fleet.Snapshot) *Graph {
	g := &Graph{Out: make([][]int, len(s.Services)), In: make([][]int, len(s.Services))}
	names := newNames(s, nil)
	for i := range s.Services {
		own := &s.Services[i]
		for _, name := range own.DependsOn {
			to, err := names.declared(own.Ref, name)
			if to != i {
				g.edge(i, to, name, err).Declared = true
			}
		}
		for _, b := range guards(own) {
			to, name, err := names.guarded(own.Ref, b.Name)
			if to != i {
				e := g.edge(i, to, name, err)
				e.Breakers = append(e.Breakers, b)
			}
		}
	}
	return g
}

// edge is the edge between two services, or out of one of them.
func (g *Graph) edge(from, to int, name string, err error) *Edge {
	if to != Outside {
		name = ""
	}
	for _, e := range g.Out[from] {
		if g.Edges[e].To == to && g.Edges[e].Name == name {
			return &g.Edges[e]
		}
	}
	e := Edge{From: from, To: to, Name: name}
	if several(err) {
		e.Why = err.Error()
	}
	g.Out[from] = append(g.Out[from], len(g.Edges))
	if to != Outside {
		g.In[to] = append(g.In[to], len(g.Edges))
	}
	g.Edges = append(g.Edges, e)
	return &g.Edges[len(g.Edges)-1]
}

// Refuses says whether the caller's own breaker refuses calls on this way, on
// some of its instances.
func (e *Edge) Refuses() bool {
	return slices.ContainsFunc(e.Breakers, func(b Breaker) bool { return b.State.Refuses() })
}

// Worst is the breaker on this way that says most; nil where there is none.
func (e *Edge) Worst() (worst *Breaker) {
	for i := range e.Breakers {
		if b := &e.Breakers[i]; worst == nil || b.State.Rank() > worst.State.Rank() {
			worst = b
		}
	}
	return worst
}

// guards are the breakers of a service, by name.
func guards(s *fleet.ServiceView) (all []Breaker) {
	at := map[string]int{}
	for i := range s.Instances {
		for k := range s.Instances[i].Breakers {
			b := &s.Instances[i].Breakers[k]
			n, known := at[b.Name]
			if !known {
				n = len(all)
				at[b.Name], all = n, append(all, Breaker{Name: b.Name, State: b.State, Failures: math.NaN(), Calls: -1, Rejected: -1})
			}
			all[n].add(b)
		}
	}
	return all
}

// add counts an instance's breaker in.
func (g *Breaker) add(b *fleet.Breaker) {
	g.Of++
	if b.State.Rank() > g.State.Rank() {
		g.State, g.In, g.Since = b.State, 0, time.Time{}
	}
	if b.State == g.State {
		g.In++
		if !b.Since.IsZero() && (g.Since.IsZero() || b.Since.Before(g.Since)) {
			g.Since = b.Since
		}
	}
	if math.IsNaN(g.Failures) || b.FailureRate > g.Failures {
		g.Failures = b.FailureRate
	}
	g.Calls, g.Rejected = sum(g.Calls, b.Calls), sum(g.Rejected, b.Rejected)
}

// sum adds counts up, of which those below 0 are none.
func sum(a, b int64) int64 {
	if b < 0 {
		return a
	}
	return max(a, 0) + b
}

// Services is the graph as plain numbers, for fleet/graph: which services each
// calls. What is outside is not in it.
func (g *Graph) Services() [][]int {
	to := make([][]int, len(g.Out))
	for i, out := range g.Out {
		for _, e := range out {
			if g.Edges[e].To != Outside {
				to[i] = append(to[i], g.Edges[e].To)
			}
		}
	}
	return to
}
