package servicemap

import (
	"cmp"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
	"github.com/midwatch-cli/midwatch/fleet/graph"
)

// key is a row: the call of a service by another, or, without a caller, a service
// with which a way begins. Each call is one row, so that rows are never more than
// services and calls.
type key struct {
	from, to fleet.Ref
	outside  string // in place of to
	heading  bool   // of the services of which no call is known
}

// called is the name of what is called.
func (k *key) called() string { return cmp.Or(k.to.Name, k.outside) }

// row is what is drawn of it.
type row struct {
	key
	service  *fleet.ServiceView // nil: it is outside, or the heading
	index    int                // of the service in the snapshot
	call     *calls.Edge        // nil: none leads here
	caller   int                // its row; none
	depth    int
	unwell   bool // the call leads to what is not well, or is refused
	after    tie  // to the next call of the same caller, below
	again    again
	full     int  // the row in which it stands with its own calls
	cycle    bool // whom it calls calls it as well
	cause    bool // it is one of the snapshot's roots
	waiting  int  // services that wait for it
	found    bool // it is what the filter is about
	together int  // services in the heading's part
}

const none = -1

// tie is how the line of a caller goes on beside a row.
type tie uint8

const (
	ends tie = iota
	goesOn
	goesOnUnwell
)

// again says why a service stands without its own calls: they are to be seen
// elsewhere.
type again uint8

const (
	inFull again = iota
	above
	inCycle // and it leads here
)

// part is some of the services and calls of a graph.
type part struct {
	graph    *calls.Graph
	services []bool
	edges    []bool
}

func whole(g *calls.Graph) part {
	return part{g, slices.Repeat([]bool{true}, len(g.Out)), slices.Repeat([]bool{true}, len(g.Edges))}
}

// callees and callers are the services of the part, by who calls whom in it.
func (p *part) callees() (callees, callers [][]int) {
	callees, callers = make([][]int, len(p.services)), make([][]int, len(p.services))
	for i := range p.graph.Edges {
		if e := &p.graph.Edges[i]; p.edges[i] && e.To != calls.Outside {
			callees[e.From] = append(callees[e.From], e.To)
			callers[e.To] = append(callers[e.To], e.From)
		}
	}
	return callees, callers
}

// through leaves the ways that lead through some services, or over some calls to
// the outside: who calls them, near or far, and whom they call.
func (p *part) through(service func(i int) bool, outside func(e *calls.Edge) bool) {
	callees, callers := p.callees()
	var from, called []int
	over := make([]bool, len(p.edges))
	for i := range p.services {
		if p.services[i] && service(i) {
			from, called = append(from, i), append(called, i)
		}
	}
	for i := range p.graph.Edges {
		if e := &p.graph.Edges[i]; p.edges[i] && e.To == calls.Outside && outside(e) {
			over[i], called = true, append(called, e.From)
		}
	}
	up, down := graph.Distances(called, callers), graph.Distances(from, callees)
	for i := range p.services {
		p.services[i] = p.services[i] && (up[i] >= 0 || down[i] >= 0)
	}
	for i := range p.graph.Edges {
		e := &p.graph.Edges[i]
		leads := e.To != calls.Outside && up[e.From] >= 0 && up[e.To] >= 0
		p.edges[i] = p.edges[i] && (over[i] || leads || down[e.From] >= 0 && (e.To == calls.Outside || down[e.To] >= 0))
	}
}

// without leaves out services, and their calls.
func (p *part) without(service func(i int) bool) {
	for i := range p.services {
		p.services[i] = p.services[i] && !service(i)
	}
	for i := range p.graph.Edges {
		e := &p.graph.Edges[i]
		p.edges[i] = p.edges[i] && p.services[e.From] && (e.To == calls.Outside || p.services[e.To])
	}
}

// toUnwell leaves the ways that lead to what is not well, and the calls that are
// refused.
func (p *part) toUnwell(unwell func(i int) bool) {
	_, callers := p.callees()
	var to []int
	for i := range p.services {
		if p.services[i] && unwell(i) {
			to = append(to, i)
		}
	}
	refused := make([]bool, len(p.edges))
	for i := range p.graph.Edges {
		if e := &p.graph.Edges[i]; p.edges[i] && e.Refuses() {
			refused[i], to = true, append(to, e.From)
		}
	}
	up := graph.Distances(to, callers)
	for i := range p.services {
		p.services[i] = p.services[i] && up[i] >= 0
	}
	for i := range p.graph.Edges {
		e := &p.graph.Edges[i]
		p.edges[i] = p.edges[i] && (refused[i] || e.To != calls.Outside && up[e.To] >= 0)
		if refused[i] && e.To != calls.Outside {
			p.services[e.To] = true
		}
	}
}

// grown is a tree as it is being made.
type grown struct {
	part
	snapshot  *fleet.Snapshot
	out       [][]int // edges of the part, by caller, in the order in which they are drawn
	of        []int   // the component of each service
	members   [][]int
	reach     []int // the worst that each component leads to
	called    []bool
	rows      []row
	at        []int // the row of each service in full; none
	walking   []bool
	causes    map[fleet.Ref]int // how many wait for each root
	found     func(i int) bool
	unrelated []int
}

// grow makes the rows: from the services that nobody calls down to those they
// call, the ways to what is worst first. Each service has its calls below it once,
// where it comes first. Cycles is how many groups of services call each other.
func grow(s *fleet.Snapshot, p part, found func(i int) bool) (rows []row, cycles int) {
	g := grown{part: p, snapshot: s, found: found, causes: map[fleet.Ref]int{}, walking: make([]bool, len(p.services))}
	g.at = slices.Repeat([]int{none}, len(p.services))
	for _, r := range s.Roots {
		g.causes[r.Ref] = len(r.Victims)
		for _, c := range r.Cycle {
			g.causes[c] = len(r.Victims)
		}
	}
	callees, _ := p.callees()
	g.members, g.of = graph.Components(callees)
	g.weigh()
	g.order()
	for _, i := range g.entries() {
		g.visit(i, nil, none, 0, ends)
	}
	g.apart()
	for i := range g.rows {
		if r := &g.rows[i]; r.again != inFull {
			r.full = g.at[r.full]
		}
	}
	for _, members := range g.members {
		if len(members) > 1 {
			cycles++
		}
	}
	return g.rows, cycles
}

// badness is how much a status weighs in the order of ways.
func badness(s fleet.Status) int {
	switch s {
	case fleet.Down:
		return 4
	case fleet.Degraded:
		return 3
	case fleet.Unknown, fleet.StatusNone:
		return 1
	case fleet.Up, fleet.Maintenance:
	}
	return 0
}

// refusal weighs more than what is not known, and less than what is not well.
const refusal = 2

// weigh finds the worst that each component leads to, and which are called from
// elsewhere. Components come after those they reach.
func (g *grown) weigh() {
	g.reach, g.called = make([]int, len(g.members)), make([]bool, len(g.members))
	for c, members := range g.members {
		for _, i := range members {
			g.reach[c] = max(g.reach[c], badness(g.snapshot.Services[i].Status))
			for _, at := range g.graph.Out[i] {
				e := &g.graph.Edges[at]
				if !g.edges[at] {
					continue
				}
				if e.Refuses() {
					g.reach[c] = max(g.reach[c], refusal)
				}
				if e.To != calls.Outside {
					g.reach[c] = max(g.reach[c], g.reach[g.of[e.To]])
					g.called[g.of[e.To]] = g.called[g.of[e.To]] || g.of[e.To] != c
				}
			}
		}
	}
}

// order puts the calls of each service in the order in which they are drawn:
// unwell ones first, then by what is worst, then by name.
func (g *grown) order() {
	g.out = make([][]int, len(g.services))
	for i := range g.services {
		for _, at := range g.graph.Out[i] {
			if g.edges[at] {
				g.out[i] = append(g.out[i], at)
			}
		}
		slices.SortStableFunc(g.out[i], func(a, b int) int {
			x, y := &g.graph.Edges[a], &g.graph.Edges[b]
			return cmp.Or(cmp.Compare(g.weight(y), g.weight(x)), cmp.Compare(number(x.To), number(y.To)), cmp.Compare(x.Name, y.Name))
		})
	}
}

// number is a service's place, and the outside behind all of them.
func number(to int) int {
	if to == calls.Outside {
		return 1 << 30
	}
	return to
}

// weight is how bad a call is: an unwell one before all others, then what is not
// well itself, then what leads there.
func (g *grown) weight(e *calls.Edge) int {
	weight := 0
	if g.unwell(e) {
		weight = 100
	}
	if e.To != calls.Outside {
		weight += 10*badness(g.snapshot.Services[e.To].Status) + g.reach[g.of[e.To]]
	}
	return weight
}

// unwell says that a call leads to what is not well, or is refused. What is not
// known is not unwell.
func (g *grown) unwell(e *calls.Edge) bool {
	return e.Refuses() || e.To != calls.Outside && badness(g.snapshot.Services[e.To].Status) >= badness(fleet.Degraded)
}

// entries are the services with which ways begin: those that nobody else calls,
// and one of each cycle that nobody else calls. Services without any call, in the
// whole graph, stand apart.
func (g *grown) entries() (entries []int) {
	for c, members := range g.members {
		i := members[0]
		switch {
		case !g.services[i] || g.called[c]:
		case len(g.graph.Out[i])+len(g.graph.In[i]) == 0:
			g.unrelated = append(g.unrelated, i)
		default:
			entries = append(entries, i)
		}
	}
	worst := func(a, b int) int {
		return cmp.Or(
			cmp.Compare(g.reach[g.of[b]], g.reach[g.of[a]]),
			cmp.Compare(badness(g.snapshot.Services[b].Status), badness(g.snapshot.Services[a].Status)), cmp.Compare(a, b))
	}
	slices.SortFunc(entries, worst)
	slices.SortFunc(g.unrelated, worst)
	return entries
}

// visit adds the row of a service, and, where it has not been yet, those of its
// calls.
func (g *grown) visit(i int, call *calls.Edge, caller, depth int, after tie) {
	r := g.row(i, call, caller, depth, after)
	switch {
	case g.at[i] == none:
		g.at[i] = len(g.rows)
	case g.walking[i]:
		r.again = inCycle
	default:
		r.again = above
	}
	own := len(g.rows)
	if g.rows = append(g.rows, r); r.again != inFull {
		g.rows[own].full = i
		return
	}
	g.walking[i] = true
	for n, at := range g.out[i] {
		e := &g.graph.Edges[at]
		next := ends
		if n+1 < len(g.out[i]) {
			if next = goesOn; g.unwell(&g.graph.Edges[g.out[i][n+1]]) {
				next = goesOnUnwell
			}
		}
		if e.To != calls.Outside {
			g.visit(e.To, e, own, depth+1, next)
			continue
		}
		g.rows = append(g.rows, row{
			key: key{from: g.snapshot.Services[i].Ref, outside: e.Name}, call: e, caller: own, depth: depth + 1, unwell: g.unwell(e), after: next,
		})
	}
	g.walking[i] = false
}

func (g *grown) row(i int, call *calls.Edge, caller, depth int, after tie) row {
	s := &g.snapshot.Services[i]
	r := row{
		key: key{to: s.Ref}, service: s, index: i, call: call, caller: caller, depth: depth, after: after,
		found: g.found(i), cycle: len(g.members[g.of[i]]) > 1,
	}
	r.waiting, r.cause = g.causes[s.Ref]
	if call != nil {
		r.from, r.unwell = g.snapshot.Services[call.From].Ref, g.unwell(call)
	}
	return r
}

// apart adds the services of which no call is known, with how many they are.
func (g *grown) apart() {
	if len(g.unrelated) == 0 {
		return
	}
	g.rows = append(g.rows, row{key: key{heading: true}, caller: none, together: len(g.unrelated)})
	for _, i := range g.unrelated {
		g.at[i] = len(g.rows)
		g.rows = append(g.rows, g.row(i, nil, none, 0, ends))
	}
}
