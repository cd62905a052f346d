// Package history keeps what the last snapshots of a feed said: numbers of
// services and instances for charts, how each instance fared, with its failures,
// and what its breakers did. It is pure: the same snapshots make the same history,
// live or played back. Its memory is bounded, and where nobody comes or goes
// nothing is allocated.
package history

import (
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Kept is how many snapshots are remembered. Failures is how many failures of an
// instance, and Changes how many changes of a breaker: those stay when the passes
// around them are forgotten.
const (
	Kept     = 120
	Failures = 20
	Changes  = 20
)

// History is what was seen. The zero value has seen nothing.
type History struct {
	services  map[fleet.Ref]*Life
	instances map[fleet.Key]*Life
	times     [Kept]time.Time // of the passes, each at its number modulo Kept
	seen      uint64          // number of the newest pass, from 1
	pass      uint64          // what the snapshot that was added last calls its pass
	again     bool            // it is of the same pass
	floor     uint64          // of the oldest one that is remembered
}

// Of is what is known of a service; nil before it was seen.
func (h *History) Of(r fleet.Ref) *Life { return h.services[r] }

// Life is what is known of an instance; nil before it was seen.
func (h *History) Life(k fleet.Key) *Life { return h.instances[k] }

// Passes is how many passes are remembered.
func (h *History) Passes() int {
	if h.seen == 0 {
		return 0
	}
	return int(h.seen - h.floor + 1)
}

// At is when the i-th of the passes was that are remembered, the oldest first.
func (h *History) At(i int) time.Time { return h.times[(h.floor+uint64(i))%Kept] }

// Add remembers a snapshot. One that is older than the last, as when a recording
// is played from an earlier time, takes back what came after it; one of the same
// pass stands in its place: more is known by now. What was not in any for as
// long as we remember is forgotten.
func (h *History) Add(s *fleet.Snapshot) {
	if h.services == nil {
		h.services, h.instances = map[fleet.Ref]*Life{}, map[fleet.Key]*Life{}
	}
	if h.seen > 0 && s.At.Before(h.times[h.seen%Kept]) {
		h.rewind(s.At)
	}
	if h.again, h.pass = h.seen > 0 && s.Pass != 0 && s.Pass == h.pass, s.Pass; !h.again {
		h.seen++
	}
	h.times[h.seen%Kept] = s.At
	h.floor = max(h.floor, 1)
	if h.seen >= Kept {
		h.floor = max(h.floor, h.seen-Kept+1)
	}
	for i := range s.Services {
		svc := &s.Services[i]
		l := h.services[svc.Ref]
		if l == nil {
			l = h.born()
			h.services[svc.Ref] = l
		}
		l.put(passOf(svc.Status, svc.Traffic))
		for j := range svc.Instances {
			h.instance(&svc.Instances[j], s.At)
		}
	}
	if h.seen%Kept == 0 {
		h.forget()
	}
}

func (h *History) born() *Life { return &Life{of: h, first: h.seen, last: h.seen - 1} }

func (h *History) instance(in *fleet.InstanceView, at time.Time) {
	l := h.instances[in.Key]
	if l == nil {
		l = h.born()
		h.instances[in.Key] = l
	}
	p := passOf(in.Status, in.Traffic)
	p.Flaky = in.Flaky
	if len(in.Probes) > 0 {
		p.ask(&in.Probes[0])
	}
	l.put(p)
	l.fail(in, at)
	l.switched(in, at)
}

// forget drops what was not there for as long as we remember.
func (h *History) forget() {
	for r, l := range h.services {
		if h.seen-l.last >= Kept {
			delete(h.services, r)
		}
	}
	for k, l := range h.instances {
		if h.seen-l.last >= Kept {
			delete(h.instances, k)
		}
	}
}

// rewind takes back the passes that were not before a time.
func (h *History) rewind(to time.Time) {
	for h.seen >= h.floor && h.seen > 0 && !h.times[h.seen%Kept].Before(to) {
		h.seen--
	}
	if h.seen < h.floor || h.seen == 0 { // older than all we know
		*h = History{services: map[fleet.Ref]*Life{}, instances: map[fleet.Key]*Life{}}
		return
	}
	for r, l := range h.services {
		if !l.rewind(h.seen, to) {
			delete(h.services, r)
		}
	}
	for k, l := range h.instances {
		if !l.rewind(h.seen, to) {
			delete(h.instances, k)
		}
	}
}
