package judge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// Evidence is what one pass found out about an instance.
type Evidence struct {
	Probes       []probe.Result // the deciding one first, see Decide
	Breakers     []fleet.Breaker
	BreakersWhy  fleet.Why     // why they could not be read, as in InstanceView
	BreakersHint string        // what to do about it
	Scrape       *fleet.Scrape // of its page of metrics; nil where none was to be read
	Plan         fleet.Plan
}

// Parts are what a snapshot is made of. Assemble keeps what they point at.
type Parts struct {
	Seq      uint64
	Context  string
	At       time.Time
	Took     time.Duration
	Services []fleet.Service                                     // those that were selected
	Known    []fleet.Ref                                         // every service of the sources, for dependencies; nil: those selected
	Evidence func(s *fleet.Service, in *fleet.Instance) Evidence // of this pass, asked for once for each instance, in the order of Services; the zero one where nothing was asked
	Sources  []fleet.SourceView
	Warnings []fleet.Warning
}

// Assemble judges every instance, applies the vantage rule, finds roots and
// victims, and returns the sorted whole.
func Assemble(p Parts) *fleet.Snapshot {
	s := &fleet.Snapshot{
		Seq: p.Seq, Context: p.Context, At: p.At, Took: p.Took,
		Services: make([]fleet.ServiceView, len(p.Services)),
		Sources:  slices.Clone(p.Sources),
		Warnings: slices.Clone(p.Warnings),
	}
	for i := range p.Services {
		s.Services[i] = viewService(&p.Services[i], p.Evidence)
	}
	slices.SortStableFunc(s.Services, func(a, b fleet.ServiceView) int { return a.Ref.Compare(b.Ref) })
	for i := range s.Sources {
		vantage(&s.Sources[i], s.Services)
	}
	for i := range s.Services {
		v := &s.Services[i]
		v.Status, v.Why = statusOf(v.Instances, p.At)
		for j := range v.Instances {
			if v.Instances[j].Status.Serves() {
				v.Serving++
			}
		}
	}
	findRoots(s, p.Known)
	return s
}

// viewService judges the instances of a service.
func viewService(s *fleet.Service, evidence func(*fleet.Service, *fleet.Instance) Evidence) fleet.ServiceView {
	v := fleet.ServiceView{Ref: s.Ref, Labels: s.Labels, DependsOn: s.DependsOn, Instances: make([]fleet.InstanceView, len(s.Instances))}
	for i := range s.Instances {
		in := fleet.InstanceView{Key: fleet.Key{Ref: s.Ref, Instance: s.Instances[i].ID}, Instance: s.Instances[i]}
		if evidence != nil {
			e := evidence(s, &s.Instances[i])
			in.Probes, in.Breakers, in.Plan = e.Probes, e.Breakers, e.Plan
			in.BreakersWhy, in.BreakersHint = e.BreakersWhy, e.BreakersHint
			if e.Scrape != nil {
				in.Scrape = *e.Scrape
			}
		}
		asked := in.Probes
		if len(asked) == 0 && in.Plan.Refused != "" {
			asked = []probe.Result{{Reason: probe.ReasonPolicy, Detail: in.Plan.Refused}}
		}
		in.Status, in.Why = Instance(in.Claimed, asked, in.Breakers)
		if in.Why.Reason == fleet.ReasonClaimed || in.Status == fleet.Maintenance && in.Claimed != nil && *in.Claimed == fleet.Maintenance {
			in.Why.Detail = join(in.Why.Detail, in.ClaimNote)
		}
		for j := range in.Probes {
			in.Attempts = max(in.Attempts, in.Probes[j].Attempts, 1)
			in.Flaky = in.Flaky || in.Probes[j].Flaky
		}
		v.Instances[i] = in
	}
	slices.SortStableFunc(v.Instances, func(a, b fleet.InstanceView) int { return cmp.Compare(a.ID, b.ID) })
	return v
}

// statusOf is a service's status by its own instances. It is down if fewer than
// half of them serve and one of them is known to be down: what could not be
// found out, or was taken out on purpose, is no failure. An empty one is down.
func statusOf(instances []fleet.InstanceView, now time.Time) (fleet.Status, fleet.Why) {
	if len(instances) == 0 {
		return fleet.Down, fleet.Why{Reason: fleet.ReasonNoInstances, Detail: "the registry knows it and holds no instance"}
	}
	var n [fleet.Down + 1]int
	for i := range instances {
		n[instances[i].Status]++
	}
	status := fleet.Up
	switch serving := n[fleet.Up] + n[fleet.Degraded]; {
	case n[fleet.Maintenance] == len(instances):
		status = fleet.Maintenance
	case serving+n[fleet.Down] == 0:
		status = fleet.Unknown
	case n[fleet.Down] > 0 && 2*serving < len(instances):
		status = fleet.Down
	case n[fleet.Degraded]+n[fleet.Down]+n[fleet.Unknown] > 0:
		status = fleet.Degraded
	}
	if status == fleet.Up {
		return fleet.Up, fleet.Why{}
	}
	return status, whyOf(instances, status, now)
}

// whyOf names the breakers that are open, on how many instances and since when,
// which is evidence whatever else there is; then the instances that are not well
// for other reasons, the worst first. The reason is the worst one's.
func whyOf(instances []fleet.InstanceView, status fleet.Status, now time.Time) fleet.Why {
	var unwell []*fleet.InstanceView
	for i := range instances {
		if st := instances[i].Status; st != fleet.Up && (st != fleet.Maintenance || status == fleet.Maintenance) {
			unwell = append(unwell, &instances[i])
		}
	}
	slices.SortStableFunc(unwell, func(a, b *fleet.InstanceView) int { return cmp.Compare(b.Status, a.Status) })
	var words []string
	for _, r := range fleet.Refusals(instances) {
		words = append(words, r.Words(now, time.UTC))
	}
	for _, in := range unwell {
		if in.Why.Reason != fleet.ReasonBreaker {
			words = append(words, in.ID+" "+strings.ReplaceAll(string(in.Why.Reason), "_", " "))
		}
	}
	return fleet.Why{Reason: unwell[0].Why.Reason, Detail: strings.Join(atMost(3, words), ", ")}
}
