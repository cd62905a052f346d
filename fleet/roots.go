package fleet

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/graph"
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/probe"
)

// findRoots reads the dependency graph of a snapshot and writes down what
// follows from it: roots, who is blocked by them, and warnings.
//
// A service *fails* while any of its instances is down, or it has none: only
// that blocks its callers. A slow answer or a certificate that ends soon makes
// a root that blocks nobody, and what is unknown is no cause. Known are the
// services dependencies may name, own the statuses by own evidence.
func (s *Snapshot) findRoots(known []Ref, own []Status) {
	g := dependencies{views: s.Services, own: own}
	s.Warnings = append(s.Warnings, g.link(known)...)
	g.members, g.comp = graph.Components(g.deps)
	for _, c := range g.members {
		if len(c) > 1 {
			s.Warnings = append(s.Warnings, Warning{"dependsOn", "a cycle: " + refNames(g.refs(c)) + " depend on each other"})
		}
	}
	s.Roots = g.roots()
	for i := range s.Services {
		v := &s.Services[i]
		if len(v.BlockedBy) == 0 || v.Status == Unknown || v.Status == Maintenance {
			continue
		}
		waits := "waits for " + refNames(v.BlockedBy)
		if v.Status == Up {
			v.Status, v.Why = Degraded, Why{ReasonDependency, waits}
		} else {
			v.Why.Detail = waits + "; " + v.Why.Detail
		}
	}
}

// dependencies are those of a snapshot's services, by index; members are the
// components of their graph, dependencies first, comp says which is whose.
type dependencies struct {
	views         []ServiceView
	own           []Status
	deps, callers [][]int
	members       [][]int
	comp          []int
}

// link resolves the names of dependencies to edges.
func (g *dependencies) link(known []Ref) (warnings []Warning) {
	g.deps, g.callers = make([][]int, len(g.views)), make([][]int, len(g.views))
	if !slices.ContainsFunc(g.views, func(v ServiceView) bool { return len(v.DependsOn) > 0 }) {
		return nil
	}
	at := make(map[Ref]int, len(g.views))
	for i := range g.views {
		at[g.views[i].Ref] = i
	}
	if known == nil {
		known = slices.Collect(maps.Keys(at))
		slices.SortFunc(known, Ref.Compare)
	}
	index := match.Index{}
	for _, r := range known {
		index.Add(match.Name(r))
	}
	for i := range g.views {
		for _, name := range g.views[i].DependsOn {
			ref, err := index.Find(match.Name(g.views[i].Ref), name)
			if err == nil && Ref(ref) == g.views[i].Ref {
				err = errors.New("it names itself")
			}
			if err != nil {
				warnings = append(warnings, Warning{"dependsOn of " + g.views[i].Ref.String(), err.Error()})
				continue
			}
			if j, ok := at[Ref(ref)]; ok && !slices.Contains(g.deps[i], j) {
				g.deps[i], g.callers[j] = append(g.deps[i], j), append(g.callers[j], i)
			}
		}
	}
	return warnings
}

// cause is a root while its victims are gathered.
type cause struct {
	Root
	status Status
	far    []int // how far each service is from it, by index; -1 where it does not wait for it
}

// roots finds the causes, and fills in who is blocked by them.
func (g *dependencies) roots() []Root {
	causes := g.causes()
	victims := make([][]int, len(causes))
	for v := range g.views {
		var blockers []int
		for i := range causes {
			if causes[i].far[v] > 0 {
				blockers = append(blockers, i)
			}
		}
		slices.SortStableFunc(blockers, func(a, b int) int { return cmp.Compare(causes[a].far[v], causes[b].far[v]) })
		for _, i := range blockers {
			g.views[v].BlockedBy = append(g.views[v].BlockedBy, causes[i].Ref)
		}
		if len(blockers) > 0 {
			victims[blockers[0]] = append(victims[blockers[0]], v)
		}
	}
	for i := range causes {
		far := causes[i].far
		slices.SortStableFunc(victims[i], func(a, b int) int { return cmp.Compare(far[a], far[b]) })
		causes[i].Victims = g.refs(victims[i])
	}
	slices.SortStableFunc(causes, func(a, b cause) int {
		return cmp.Or(cmp.Compare(b.status, a.status), cmp.Compare(len(b.Victims), len(a.Victims)))
	})
	roots := make([]Root, len(causes))
	for i := range causes {
		roots[i] = causes[i].Root
	}
	return roots
}

// causes finds the components that are roots, by name.
func (g *dependencies) causes() []cause {
	n := len(g.members)
	failing, waits, isRoot := make([]bool, n), make([]bool, n), make([]bool, n)
	for c, members := range g.members { // dependencies come first
		unwell := false
		for _, v := range members {
			unwell = unwell || g.own[v] == Degraded || g.own[v] == Down
			failing[c] = failing[c] || fails(&g.views[v])
			for _, d := range g.deps[v] {
				d = g.comp[d]
				waits[c] = waits[c] || d != c && (failing[d] || waits[d])
			}
		}
		isRoot[c] = unwell && (!waits[c] || failing[c] && !g.blames(c, failing, waits))
	}
	var causes []cause
	for c, members := range g.members {
		if !isRoot[c] {
			continue
		}
		worst := slices.MinFunc(members, func(a, b int) int { return cmp.Or(cmp.Compare(g.own[b], g.own[a]), a-b) })
		one := cause{Root: Root{Ref: g.views[worst].Ref}, status: g.own[worst]}
		if len(members) > 1 {
			one.Cycle = g.refs(members)
		}
		one.far = graph.Distances(members, g.callers)
		for v := range one.far {
			if !failing[c] || isRoot[g.comp[v]] { // it blocks nobody; a root waits for nobody
				one.far[v] = -1
			}
		}
		causes = append(causes, one)
	}
	slices.SortFunc(causes, func(a, b cause) int { return a.Ref.Compare(b.Ref) })
	return causes
}

// fails says whether callers of a service must expect failures: one of its
// instances is down, or it has none.
func fails(v *ServiceView) bool {
	return len(v.Instances) == 0 || slices.ContainsFunc(v.Instances, func(in InstanceView) bool { return in.Status == Down })
}

// blames says whether the evidence of a component names a dependency, near or
// far, that fails or waits for one that does.
func (g *dependencies) blames(c int, failing, waits []bool) bool {
	var names []string
	for _, v := range g.members[c] {
		names = append(names, accused(&g.views[v])...)
	}
	if len(names) == 0 {
		return false
	}
	for v, far := range graph.Distances(g.members[c], g.deps) {
		d := g.comp[v]
		if far > 0 && (failing[d] || waits[d]) && slices.Contains(names, strings.ToLower(g.views[v].Name)) {
			return true
		}
	}
	return false
}

// accused lists, in lower case, the names in a service's evidence that may be
// those of dependencies: components that are not well under answers that are
// not, and open breakers; and the parts of such names, for those that are paths
// (broker/primary) or cluster names (outbound|8080||payment.shop.svc).
func accused(v *ServiceView) (names []string) {
	add := func(name string) {
		name = strings.ToLower(name)
		names = append(append(names, name), strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("/|:.@#", r) })...)
	}
	for i := range v.Instances {
		in := &v.Instances[i]
		for j := range in.Probes {
			if o := in.Probes[j].Outcome; o != probe.Fail && o != probe.Warn {
				continue
			}
			for _, c := range in.Probes[j].Health.Components {
				if c.Word.Unwell() {
					add(c.Name)
				}
			}
		}
		for _, b := range in.Breakers {
			if b.State.Refuses() {
				add(b.Name)
			}
		}
	}
	return names
}

// refs are the services of some nodes.
func (g *dependencies) refs(nodes []int) (refs []Ref) {
	for _, v := range nodes {
		refs = append(refs, g.views[v].Ref)
	}
	return refs
}

// refNames lists services for people, by the shortest name.
func refNames(refs []Ref) string {
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = r.Name
	}
	return strings.Join(atMost(3, names), ", ")
}
