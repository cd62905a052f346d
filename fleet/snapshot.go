package fleet

import (
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
)

// Snapshot is everything that was read in one pass. It is frozen once it is
// published: nobody writes to it or to anything it points at.
type Snapshot struct {
	Seq      uint64 // grows by one with each published snapshot of a feed
	Pass     uint64 // of its feed that it is of: one more than once, when more is known of it; 0: each is of another
	Context  string // empty when it covers several
	At       time.Time
	Took     time.Duration
	Services []ServiceView // sorted by Ref
	Sources  []SourceView  // in the order of configuration
	Roots    []Root        // causes first named, worst first
	Warnings []Warning     // of the graph and the selection: cycles, ambiguous dependencies
}

// ServiceView is a service with what is known of it.
type ServiceView struct {
	Ref
	Labels    map[string]string
	DependsOn []string
	Status    Status
	Why       Why
	Serving   int            // instances that are up or degraded
	Instances []InstanceView // sorted by id
	BlockedBy []Ref          // roots it waits for
	Traffic   *Traffic       // what its metrics say; nil where nobody measures
}

// AllUp says that a service and each of its instances are up: there is nothing to
// look at.
func (v *ServiceView) AllUp() bool {
	return v.Status == Up && !slices.ContainsFunc(v.Instances, func(in InstanceView) bool { return in.Status != Up })
}

// InstanceView is an instance with what is known of it.
type InstanceView struct {
	Key
	Instance
	Status   Status
	Why      Why
	Probes   []probe.Result // what was asked of it in this pass, the deciding one first
	Breakers []Breaker      // its own, sorted by name
	// BreakersWhy is why its breakers could not be read, BreakersHint what to do
	// about it. Without it they were read, or, where Plan.Admin is nil, nobody
	// says how. It changes no status.
	BreakersWhy  Why
	BreakersHint string
	Scrape       Scrape   // its page of metrics, as it was read in this pass; changes no status
	Traffic      *Traffic // what its metrics say; nil where nobody measures
	Attempts     int
	Flaky        bool
	Plan         Plan // how it was asked and why, for --explain
}

// Answered says whether a reply of any kind came from the instance.
func (v *InstanceView) Answered() bool {
	for i := range v.Probes {
		if v.Probes[i].Answered {
			return true
		}
	}
	return false
}

// Scrape is what came of reading an instance's page of metrics. The zero one is
// of a pass that read none.
type Scrape struct {
	URL     string
	Form    string    // text, openmetrics, protobuf, json, actuator
	At      time.Time // when the answer had come
	Took    time.Duration
	Samples int    // that were kept
	Dropped int    // that were not: more series than a target may have, twice the same, out of order
	Note    string // what was odd and spoils nothing, or why some were dropped; untrusted
	Why     Why    // why nothing could be read; without it something was
	Hint    string // what to do about that
}

// Traffic is how a service, or one of its instances, fares by its metrics. A
// number that nobody gives is NaN.
type Traffic struct {
	Window        time.Duration // it was looked at
	Rate          float64       // calls per second
	Errors        float64       // the share of them that failed: 0 to 1
	P50, P95, P99 float64       // how long they took, in seconds
	Over          bool          // P99 is a lower bound: the highest of the histogram, and it was exceeded
	Why           string        // why the first number that is missing is; untrusted
}

// SourceView is a registry as it stands: a failing one keeps its last set.
type SourceView struct {
	Context   string
	Name      string
	URL       string // without secrets
	AsOf      time.Time
	Reason    Reason // why its last read failed; empty when it did not
	Detail    string
	Hint      string    // what to do about it
	Since     time.Time // first failure of the present outage; zero when well
	HasHealth bool      // it claims statuses of its own, so the vantage rule works
	Services  int
	Instances int
	Warnings  []Warning
	Vantage   string // the sentence of the vantage rule, where it applied
}

// Warning is something a reader should know that spoils nothing: an unreadable
// entry, a partial answer, a cycle.
type Warning struct {
	Where  string // the entry, key or file:line
	Detail string
}

// Root is a cause: a service that is not well by its own evidence and waits
// for no other such service.
type Root struct {
	Ref     Ref
	Cycle   []Ref // the members, where the root is a cycle of several
	Victims []Ref // blocked transitive callers, each under its nearest root only
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

// Merge puts the snapshots of several contexts side by side. The one of a
// single context is returned as it is.
func Merge(snaps []*Snapshot) *Snapshot {
	if len(snaps) == 1 {
		return snaps[0]
	}
	m := &Snapshot{}
	for _, s := range snaps {
		if s.At.After(m.At) {
			m.At = s.At
		}
		m.Took = max(m.Took, s.Took)
		m.Pass += s.Pass // grows when one of them does
		m.Services = append(m.Services, s.Services...)
		m.Sources = append(m.Sources, s.Sources...)
		m.Roots = append(m.Roots, s.Roots...)
		m.Warnings = append(m.Warnings, s.Warnings...)
	}
	return m
}
