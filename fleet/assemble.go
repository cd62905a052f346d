package fleet

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
)

// Evidence is what one pass found out about an instance.
type Evidence struct {
	Probes       []probe.Result // the deciding one first, see Decide
	Breakers     []Breaker
	BreakersWhy  Why    // why they could not be read, as in InstanceView
	BreakersHint string // what to do about it
	Plan         Plan
}

// Parts are what a snapshot is made of. Assemble keeps what they point at.
type Parts struct {
	Seq      uint64
	Context  string
	At       time.Time
	Took     time.Duration
	Services []Service                               // those that were selected
	Known    []Ref                                   // every service of the sources, for dependencies; nil: those selected
	Evidence func(s *Service, in *Instance) Evidence // of this pass, asked for once for each instance, in the order of Services; the zero one where nothing was asked
	Sources  []SourceView
	Warnings []Warning
}

// Assemble judges every instance, applies the vantage rule, finds roots and
// victims, and returns the sorted whole.
func Assemble(p Parts) *Snapshot {
	s := &Snapshot{
		Seq: p.Seq, Context: p.Context, At: p.At, Took: p.Took,
		Services: make([]ServiceView, len(p.Services)),
		Sources:  slices.Clone(p.Sources),
		Warnings: slices.Clone(p.Warnings),
	}
	for i := range p.Services {
		s.Services[i] = viewService(&p.Services[i], p.Evidence)
	}
	slices.SortStableFunc(s.Services, func(a, b ServiceView) int { return a.Ref.Compare(b.Ref) })
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
	s.findRoots(p.Known)
	return s
}

// viewService judges the instances of a service.
func viewService(s *Service, evidence func(*Service, *Instance) Evidence) ServiceView {
	v := ServiceView{Ref: s.Ref, Labels: s.Labels, DependsOn: s.DependsOn, Instances: make([]InstanceView, len(s.Instances))}
	for i := range s.Instances {
		in := InstanceView{Key: Key{s.Ref, s.Instances[i].ID}, Instance: s.Instances[i]}
		if evidence != nil {
			e := evidence(s, &s.Instances[i])
			in.Probes, in.Breakers, in.Plan = e.Probes, e.Breakers, e.Plan
			in.BreakersWhy, in.BreakersHint = e.BreakersWhy, e.BreakersHint
		}
		asked := in.Probes
		if len(asked) == 0 && in.Plan.Refused != "" {
			asked = []probe.Result{{Reason: probe.ReasonPolicy, Detail: in.Plan.Refused}}
		}
		in.Status, in.Why = Judge(in.Claimed, asked, in.Breakers)
		if in.Why.Reason == ReasonClaimed || in.Status == Maintenance && in.Claimed != nil && *in.Claimed == Maintenance {
			in.Why.Detail = join(in.Why.Detail, in.ClaimNote)
		}
		for j := range in.Probes {
			in.Attempts = max(in.Attempts, in.Probes[j].Attempts, 1)
			in.Flaky = in.Flaky || in.Probes[j].Flaky
		}
		v.Instances[i] = in
	}
	slices.SortStableFunc(v.Instances, func(a, b InstanceView) int { return cmp.Compare(a.ID, b.ID) })
	return v
}

// statusOf is a service's status by its own instances. It is down if fewer than
// half of them serve and one of them is known to be down: what could not be
// found out, or was taken out on purpose, is no failure. An empty one is down.
func statusOf(instances []InstanceView, now time.Time) (Status, Why) {
	if len(instances) == 0 {
		return Down, Why{ReasonNoInstances, "the registry knows it and holds no instance"}
	}
	var n [Down + 1]int
	for i := range instances {
		n[instances[i].Status]++
	}
	status := Up
	switch serving := n[Up] + n[Degraded]; {
	case n[Maintenance] == len(instances):
		status = Maintenance
	case serving+n[Down] == 0:
		status = Unknown
	case n[Down] > 0 && 2*serving < len(instances):
		status = Down
	case n[Degraded]+n[Down]+n[Unknown] > 0:
		status = Degraded
	}
	if status == Up {
		return Up, Why{}
	}
	return status, whyOf(instances, status, now)
}

// whyOf names the breakers that are open, on how many instances and since when,
// which is evidence whatever else there is; then the instances that are not well
// for other reasons, the worst first. The reason is the worst one's.
func whyOf(instances []InstanceView, status Status, now time.Time) Why {
	var unwell []*InstanceView
	for i := range instances {
		if st := instances[i].Status; st != Up && (st != Maintenance || status == Maintenance) {
			unwell = append(unwell, &instances[i])
		}
	}
	slices.SortStableFunc(unwell, func(a, b *InstanceView) int { return cmp.Compare(b.Status, a.Status) })
	var words []string
	for _, r := range Refusals(instances) {
		words = append(words, r.Words(now, time.UTC))
	}
	for _, in := range unwell {
		if in.Why.Reason != ReasonBreaker {
			words = append(words, in.ID+" "+strings.ReplaceAll(string(in.Why.Reason), "_", " "))
		}
	}
	return Why{unwell[0].Why.Reason, strings.Join(atMost(3, words), ", ")}
}

// Counts is how many there are of what. Up, Maintenance, Unknown, Degraded and
// Down always add up to Instances.
type Counts struct {
	Services, Instances, Answered            int
	Up, Maintenance, Unknown, Degraded, Down int
}

// Counts counts the services and instances of a snapshot. An instance without a
// status is unknown.
func (s *Snapshot) Counts() Counts {
	c := Counts{Services: len(s.Services)}
	var n [Down + 1]int
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			in := &s.Services[i].Instances[j]
			n[in.Status]++
			if in.Answered() {
				c.Answered++
			}
		}
		c.Instances += len(s.Services[i].Instances)
	}
	c.Up, c.Maintenance, c.Unknown, c.Degraded, c.Down = n[Up], n[Maintenance], n[Unknown]+n[StatusNone], n[Degraded], n[Down]
	return c
}
