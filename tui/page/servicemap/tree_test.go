package servicemap

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
)

// some is a graph of so many services and calls at random, with some calls to the
// outside and some that are refused.
func some(r *rand.Rand, services, each int) (*fleet.Snapshot, *calls.Graph) {
	s := &fleet.Snapshot{}
	for i := range services {
		v := fleet.ServiceView{Ref: fleet.Ref{Name: fmt.Sprintf("s%02d", i)}, Status: fleet.Status(1 + r.IntN(5)), Instances: make([]fleet.InstanceView, 1)}
		for range r.IntN(each + 1) {
			name := fmt.Sprintf("s%02d", r.IntN(services+2))
			if r.IntN(2) == 0 {
				v.DependsOn = append(v.DependsOn, name)
				continue
			}
			v.Instances[0].Breakers = append(v.Instances[0].Breakers, fleet.NewBreaker(name, []fleet.BreakerState{fleet.BreakerClosed, fleet.BreakerOpen}[r.IntN(2)]))
		}
		s.Services = append(s.Services, v)
	}
	return s, calls.Of(s)
}

// reaches says whether one service calls another, near or far, by asking each.
func reaches(g *calls.Graph, from, to int, seen map[int]bool) bool {
	if from == to {
		return true
	}
	seen[from] = true
	for _, at := range g.Out[from] {
		if next := g.Edges[at].To; next != calls.Outside && !seen[next] && reaches(g, next, to, seen) {
			return true
		}
	}
	return false
}

// anyWay says whether a service of some leads to one of others.
func anyWay(g *calls.Graph, n int, from func(i int) bool, to func(i int) bool) bool {
	for a := range n {
		for b := range n {
			if from(a) && to(b) && reaches(g, a, b, map[int]bool{}) {
				return true
			}
		}
	}
	return false
}

// TestThrough: a call stays exactly where a way over it leads through what is
// meant, and a service where it is on one.
func TestThrough(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 11))
		n := 1 + r.IntN(9)
		_, g := some(r, n, 3)
		meant := make([]bool, n)
		for i := range meant {
			meant[i] = r.IntN(4) == 0
		}
		over := func(e *calls.Edge) bool { return seed%2 == 0 && strings.HasSuffix(e.Name, "1") }
		p := whole(g)
		p.through(func(i int) bool { return meant[i] }, over)
		is := func(i int) func(int) bool { return func(k int) bool { return k == i } }
		called := func(i int) bool {
			return meant[i] || slices.ContainsFunc(g.Out[i], func(at int) bool { return g.Edges[at].To == calls.Outside && over(&g.Edges[at]) })
		}
		for i := range n {
			if want := anyWay(g, n, is(i), called) || anyWay(g, n, func(k int) bool { return meant[k] }, is(i)); p.services[i] != want {
				t.Fatalf("seed %d: service %d stays: %v", seed, i, p.services[i])
			}
		}
		for at := range g.Edges {
			e := &g.Edges[at]
			want := anyWay(g, n, func(k int) bool { return meant[k] }, is(e.From))
			if e.To == calls.Outside {
				want = want || over(e)
			} else {
				want = want || anyWay(g, n, is(e.To), called)
			}
			if p.edges[at] != want {
				t.Fatalf("seed %d: %+v stays: %v", seed, e, p.edges[at])
			}
		}
	}
}

// TestToUnwell: a call stays exactly where it is refused, or leads to what is not
// well or to a caller that is refused.
func TestToUnwell(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 13))
		n := 1 + r.IntN(9)
		_, g := some(r, n, 3)
		ill := make([]bool, n)
		for i := range ill {
			ill[i] = r.IntN(5) == 0
		}
		p := whole(g)
		p.toUnwell(func(i int) bool { return ill[i] })
		trouble := func(i int) bool {
			return ill[i] || slices.ContainsFunc(g.Out[i], func(at int) bool { return g.Edges[at].Refuses() })
		}
		for at := range g.Edges {
			e := &g.Edges[at]
			want := e.Refuses() || e.To != calls.Outside && anyWay(g, n, func(k int) bool { return k == e.To }, trouble)
			if p.edges[at] != want {
				t.Fatalf("seed %d: %+v stays: %v", seed, e, p.edges[at])
			}
			if want && (!p.services[e.From] || e.To != calls.Outside && !p.services[e.To]) {
				t.Fatalf("seed %d: %+v stays without its ends", seed, e)
			}
		}
		for i := range n {
			if trouble(i) && !p.services[i] {
				t.Fatalf("seed %d: %d is in trouble and left out", seed, i)
			}
		}
	}
}

// TestGrow: each row's caller, by number and by the lines that are drawn, calls it;
// unwell calls stand before the others; what comes again points at a row in full
// above it; a way that closes leads to a row it came through.
func TestGrow(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 17))
		s, g := some(r, 1+r.IntN(14), 4)
		rows, _ := grow(s, whole(g), func(int) bool { return false })
		p := &Page{rows: rows, graph: g, of: s}
		var stack []int // rows, by depth, as the lines have it
		for i := range rows {
			r := &rows[i]
			lines := ""
			for _, span := range p.lines(r, 1<<10) {
				lines += span.Text
			}
			depth := len([]rune(lines)) / 3
			if depth != r.depth {
				t.Fatalf("seed %d: row %d is %d deep, and drawn %q", seed, i, r.depth, lines)
			}
			if stack = append(stack[:depth], i); depth > 0 && stack[depth-1] != r.caller {
				t.Fatalf("seed %d: row %d hangs below row %d, its caller is row %d", seed, i, stack[depth-1], r.caller)
			}
			if r.call != nil && (rows[r.caller].index != r.call.From || rows[r.caller].again != inFull) {
				t.Fatalf("seed %d: row %d is no call of row %d", seed, i, r.caller)
			}
			if heavy := strings.ContainsAny(lines[max(0, len(lines)-7):], "━"); depth > 0 && heavy != r.unwell {
				t.Fatalf("seed %d: row %d, unwell %v, is drawn %q", seed, i, r.unwell, lines)
			}
			p.checkAgain(t, i)
			p.checkAfter(t, i)
		}
	}
}

// checkAgain holds a row that comes again to where it points.
func (p *Page) checkAgain(t *testing.T, i int) {
	t.Helper()
	r := &p.rows[i]
	if r.again == inFull {
		return
	}
	full := &p.rows[r.full]
	through := false
	for up := r.caller; up != none; up = p.rows[up].caller {
		through = through || up == r.full
	}
	if r.full >= i || full.again != inFull || full.to != r.to || through != (r.again == inCycle) {
		t.Fatalf("row %d (%s) points at row %d (%s), a cycle: %v", i, r.to, r.full, full.to, through)
	}
}

// checkAfter holds the line beside a row to the next call of the same caller.
func (p *Page) checkAfter(t *testing.T, i int) {
	t.Helper()
	r := &p.rows[i]
	if r.call == nil {
		return
	}
	want := ends
	for k := i + 1; k < len(p.rows); k++ {
		if p.rows[k].caller != r.caller {
			continue
		}
		if want = goesOn; p.rows[k].unwell {
			want = goesOnUnwell
		}
		break
	}
	if r.after != want || want == goesOnUnwell && !r.unwell {
		t.Fatalf("row %d goes on as %d, want %d", i, r.after, want)
	}
}

// TestLevels: where a row is deeper than there are levels, its last ones are drawn.
func TestLevels(t *testing.T) {
	p := &Page{}
	for i := range 6 {
		p.rows = append(p.rows, row{caller: i - 1, depth: i, after: tie(i % 3), unwell: i%3 == 2})
	}
	p.rows[5].service = &fleet.ServiceView{Status: fleet.Down}
	p.rows[5].call = &calls.Edge{}
	for levels, want := range map[int]string{9: "│  ┃     │  ┣━ ", 5: "│  ┃     │  ┣━ ", 4: "…     │  ┣━ ", 3: "…  │  ┣━ ", 2: "…  ┣━ "} {
		got := ""
		for _, span := range p.lines(&p.rows[5], levels) {
			got += span.Text
		}
		if got != want {
			t.Errorf("%d levels: %q, want %q", levels, got, want)
		}
	}
}

// TestWithout: what is left out is on no way, and nothing else is touched.
func TestWithout(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 19))
		n := 1 + r.IntN(9)
		s, g := some(r, n, 3)
		out := r.IntN(n)
		p := whole(g)
		p.without(func(i int) bool { return i == out })
		rows, _ := grow(s, p, func(int) bool { return false })
		shown := 0
		for _, row := range rows {
			if row.to == s.Services[out].Ref || row.from == s.Services[out].Ref {
				t.Fatalf("seed %d: %+v", seed, row.key)
			}
			if row.call != nil {
				shown++
			}
		}
		if want := len(g.Edges) - len(g.Out[out]) - len(g.In[out]); shown != want {
			t.Fatalf("seed %d: %d calls are left, want %d", seed, shown, want)
		}
	}
}
