// Package history keeps what the last snapshots of a feed said: numbers of
// services for sparklines, and how each instance fared, with its failures. It is
// pure: the same snapshots make the same history, live or played back.
package history

import (
	"math"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// Kept is how many snapshots are remembered, and Failures how many failures of
// an instance: those stay when the passes around them are forgotten.
const (
	Kept     = 60
	Failures = 20
)

// Numbers are the numbers of the last snapshots, the newest last. NaN is none.
type Numbers struct {
	Rate, Errors, P99 []float64
	seen              uint64
}

// Life is how an instance fared.
type Life struct {
	Statuses []fleet.Status // of the last snapshots, the newest last
	Failures []Failure      // oldest first
	seen     uint64
}

// Failure is a pass in which an instance's deciding probe did not pass.
type Failure struct {
	At     time.Time
	Status fleet.Status
	Took   time.Duration
	Why    fleet.Why
}

// History is what was seen. The zero value has seen nothing.
type History struct {
	services  map[fleet.Ref]*Numbers
	instances map[fleet.Key]*Life
	seen      uint64
}

// Of is what is known of a service's numbers; nil before it was seen.
func (h *History) Of(r fleet.Ref) *Numbers { return h.services[r] }

// Life is what is known of an instance; nil before it was seen.
func (h *History) Life(k fleet.Key) *Life { return h.instances[k] }

// Add remembers a snapshot. What was not in any for as long as we remember is
// forgotten.
func (h *History) Add(s *fleet.Snapshot) {
	if h.services == nil {
		h.services, h.instances = map[fleet.Ref]*Numbers{}, map[fleet.Key]*Life{}
	}
	h.seen++
	for i := range s.Services {
		svc := &s.Services[i]
		n := h.services[svc.Ref]
		if n == nil {
			n = &Numbers{}
			h.services[svc.Ref] = n
		}
		n.add(svc.Traffic, h.seen)
		for j := range svc.Instances {
			h.instance(&svc.Instances[j], s.At)
		}
	}
	if h.seen%Kept == 0 {
		h.forget()
	}
}

func (n *Numbers) add(t *fleet.Traffic, seen uint64) {
	n.seen = seen
	rate, errors, p99 := math.NaN(), math.NaN(), math.NaN()
	if t != nil {
		rate, errors, p99 = t.Rate, t.Errors, t.P99
	}
	n.Rate, n.Errors, n.P99 = push(n.Rate, rate, Kept), push(n.Errors, errors, Kept), push(n.P99, p99, Kept)
}

func (h *History) instance(in *fleet.InstanceView, at time.Time) {
	l := h.instances[in.Key]
	if l == nil {
		l = &Life{}
		h.instances[in.Key] = l
	}
	l.seen = h.seen
	l.Statuses = push(l.Statuses, in.Status, Kept)
	if len(in.Probes) == 0 {
		return
	}
	if p := &in.Probes[0]; p.Outcome == probe.Fail || p.Outcome == probe.Unknown {
		l.Failures = push(l.Failures, Failure{At: at, Status: in.Status, Took: p.Took, Why: in.Why}, Failures)
	}
}

// push appends and keeps the last n, in the same memory.
func push[T any](all []T, one T, n int) []T {
	if len(all) < n {
		return append(all, one)
	}
	copy(all, all[len(all)-n+1:])
	all = all[:n]
	all[n-1] = one
	return all
}

func (h *History) forget() {
	for r, n := range h.services {
		if h.seen-n.seen >= Kept {
			delete(h.services, r)
		}
	}
	for k, l := range h.instances {
		if h.seen-l.seen >= Kept {
			delete(h.instances, k)
		}
	}
}
