package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
	"github.com/midwatch-cli/midwatch/fleet/graph"
	"github.com/midwatch-cli/midwatch/probe"
)

// findRoots reads the dependency graph of a snapshot and writes down what
// follows from it: roots, who is blocked by them, and warnings.
//
// A service *fails* while any of its instances is down, or it has none: only
// that blocks its callers. A slow answer or a certificate that ends soon makes
// a root that blocks nobody, and what is unknown is no cause. Known are the
// services dependencies may name.
func findRoots(s *fleet.Snapshot, known []fleet.Ref) {
	deps, warnings := calls.Declared(s, known)
	s.Warnings = append(s.Warnings, warnings...)
	members, _ := graph.Components(deps)
	for _, c := range members {
		if len(c) > 1 {
			s.Warnings = append(s.Warnings, fleet.Warning{Where: calls.DependsOn, Detail: "a cycle: " + refNames(refs(s, c)) + " depend on each other"})
		}
	}
	causes, waits := graph.Causes(deps, facts(s))
	status := map[fleet.Ref]fleet.Status{}
	for _, c := range causes {
		root := fleet.Root{Victims: refs(s, c.Victims)}
		worst := slices.MinFunc(c.Members, func(a, b int) int { return cmp.Compare(s.Services[b].Status, s.Services[a].Status) })
		if root.Ref = s.Services[worst].Ref; len(c.Members) > 1 {
			root.Cycle = refs(s, c.Members)
		}
		status[root.Ref] = s.Services[worst].Status
		s.Roots = append(s.Roots, root)
	}
	for v := range waits {
		for _, i := range waits[v] {
			s.Services[v].BlockedBy = append(s.Services[v].BlockedBy, s.Roots[i].Ref)
		}
	}
	slices.SortStableFunc(s.Roots, func(a, b fleet.Root) int {
		return cmp.Or(cmp.Compare(status[b.Ref], status[a.Ref]), cmp.Compare(len(b.Victims), len(a.Victims)))
	})
	for i := range s.Services {
		block(&s.Services[i])
	}
}

// block lets a service that is blocked say so.
func block(v *fleet.ServiceView) {
	waits := "waits for " + refNames(v.BlockedBy)
	switch {
	case len(v.BlockedBy) == 0 || v.Status == fleet.Unknown || v.Status == fleet.Maintenance:
	case v.Status == fleet.Up:
		v.Status, v.Why = fleet.Degraded, fleet.Why{Reason: fleet.ReasonDependency, Detail: waits}
	default:
		v.Why.Detail = waits + "; " + v.Why.Detail
	}
}

// facts are what the services say of themselves.
func facts(s *fleet.Snapshot) []graph.Facts {
	facts, named := make([]graph.Facts, len(s.Services)), map[string][]int{}
	for i := range s.Services {
		named[strings.ToLower(s.Services[i].Name)] = append(named[strings.ToLower(s.Services[i].Name)], i)
	}
	for i := range s.Services {
		v := &s.Services[i]
		facts[i].Unwell = v.Status == fleet.Degraded || v.Status == fleet.Down
		facts[i].Failing = len(v.Instances) == 0 || slices.ContainsFunc(v.Instances, func(in fleet.InstanceView) bool { return in.Status == fleet.Down })
		for _, name := range accused(v) {
			facts[i].Accuses = append(facts[i].Accuses, named[name]...)
		}
	}
	return facts
}

// accused lists, in lower case, the names in a service's evidence that may be
// those of dependencies: components that are not well under answers that are
// not, and open breakers; and the parts of such names.
func accused(v *fleet.ServiceView) (names []string) {
	add := func(name string) { names = append(names, calls.Words(name)...) }
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

// refs are some services, by index.
func refs(s *fleet.Snapshot, at []int) (refs []fleet.Ref) {
	for _, i := range at {
		refs = append(refs, s.Services[i].Ref)
	}
	return refs
}

// refNames lists services for people, by the shortest name.
func refNames(refs []fleet.Ref) string {
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = r.Name
	}
	return strings.Join(atMost(3, names), ", ")
}
