package serve

import (
	"net/http"
	"sync/atomic"
	"time"
)

// drain is whether the service is being taken out of use.
type drain struct {
	hold     atomic.Pointer[hold] // nil: it is in use
	inFlight atomic.Int64
	counts   atomic.Bool // somebody counts the calls in flight
}

// Draining says whether the service is being taken out of use: its health page
// has to say so, in the explicit word "draining", and new calls should not come.
// Calls in flight finish.
func (s *Server) Draining() bool { return s.draining() != nil }

// draining is the order in force; nil where there is none, or its time is over.
func (s *Server) draining() *hold {
	h := s.drain.hold.Load()
	if h.over(time.Now()) {
		s.drain.hold.CompareAndSwap(h, nil)
		return s.drain.hold.Load()
	}
	return h
}

// Enter counts a call in until leave is called. Calls over HTTP are counted by
// Count.
func (s *Server) Enter() (leave func()) {
	s.drain.counts.Store(true)
	s.drain.inFlight.Add(1)
	var left atomic.Bool
	return func() {
		if !left.Swap(true) {
			s.drain.inFlight.Add(-1)
		}
	}
}

// Count counts the calls that a handler answers, so that a drain can tell when
// the last one has finished. The Server itself is not put behind it.
func (s *Server) Count(next http.Handler) http.Handler {
	s.drain.counts.Store(true)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.Enter()()
		next.ServeHTTP(w, r)
	})
}

// InFlight is how many calls have not finished; -1 where nobody counts.
func (s *Server) InFlight() int {
	if !s.drain.counts.Load() {
		return -1
	}
	return int(s.drain.inFlight.Load())
}

// setDrain takes the service out of use, or puts it back. Twice is the same as
// once; who holds it, why and until when is replaced.
func (s *Server) setDrain(on bool, o order) {
	if !on {
		s.drain.hold.Store(nil)
		return
	}
	h := &hold{order: o, since: time.Now()}
	if o.ttl > 0 {
		h.until = h.since.Add(o.ttl).Round(0)
	}
	if before := s.draining(); before != nil {
		h.since = before.since
	}
	s.drain.hold.Store(h)
}
