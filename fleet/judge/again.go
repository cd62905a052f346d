package judge

import (
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
)

// Another is a pass that was not made: over the same instances at the same time,
// but of other services, or with less asked of them.
type Another struct {
	Known  []fleet.Ref                               // as in Parts; nil: the services of the snapshot
	Select func([]fleet.Service) []fleet.Service     // nil: all of them
	Less   func(of *fleet.InstanceView, e *Evidence) // takes away what would not have been found out; nil: nothing
}

// Again returns what the other pass would have come to, judged from the evidence
// that a snapshot holds. Both are frozen.
func Again(s *fleet.Snapshot, other Another) *fleet.Snapshot {
	services, known := Held(s), other.Known
	if known == nil {
		for i := range s.Services {
			known = append(known, s.Services[i].Ref)
		}
	}
	if other.Select != nil {
		services = other.Select(services)
	}
	sources := slices.Clone(s.Sources)
	for i := range sources {
		sources[i].Vantage = "" // it is found out again
	}
	return Assemble(Parts{
		Seq: s.Seq, Context: s.Context, At: s.At, Took: s.Took,
		Services: services, Known: known, Sources: sources, Warnings: ofSources(s.Warnings), Evidence: evidenceIn(s, other.Less),
	})
}

// Held returns the services of a snapshot as the registries held them. They
// share what they point at.
func Held(s *fleet.Snapshot) []fleet.Service {
	services := make([]fleet.Service, len(s.Services))
	for i := range s.Services {
		v := &s.Services[i]
		services[i] = fleet.Service{Ref: v.Ref, Labels: v.Labels, DependsOn: v.DependsOn, Instances: make([]fleet.Instance, len(v.Instances))}
		for j := range v.Instances {
			services[i].Instances[j] = v.Instances[j].Instance
		}
	}
	return services
}

// ofSources leaves out the warnings that findRoots made.
func ofSources(warnings []fleet.Warning) []fleet.Warning {
	return slices.DeleteFunc(slices.Clone(warnings), func(w fleet.Warning) bool {
		return w.Where == calls.DependsOn || strings.HasPrefix(w.Where, calls.DependsOn+" of ")
	})
}

// evidenceIn finds the evidence of instances in a snapshot; each is asked for
// once.
func evidenceIn(s *fleet.Snapshot, less func(*fleet.InstanceView, *Evidence)) func(*fleet.Service, *fleet.Instance) Evidence {
	views := map[fleet.Key][]*fleet.InstanceView{} // more than one where a registry says an id twice
	for i := range s.Services {
		v := &s.Services[i]
		for j := range v.Instances {
			k := fleet.Key{Ref: v.Ref, Instance: v.Instances[j].ID}
			views[k] = append(views[k], &v.Instances[j])
		}
	}
	return func(of *fleet.Service, in *fleet.Instance) Evidence {
		k := fleet.Key{Ref: of.Ref, Instance: in.ID}
		found := views[k]
		if len(found) == 0 {
			return Evidence{}
		}
		v := found[0]
		views[k] = found[1:]
		e := Evidence{Probes: v.Probes, Breakers: v.Breakers, BreakersWhy: v.BreakersWhy, BreakersHint: v.BreakersHint, Plan: v.Plan}
		if v.Scrape != (fleet.Scrape{}) {
			e.Scrape = &v.Scrape
		}
		if less != nil {
			less(v, &e)
		}
		return e
	}
}
