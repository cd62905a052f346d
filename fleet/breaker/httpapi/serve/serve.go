// Package serve is the server side of midwatch's breaker contract
// (docs/breaker-api.md): an http.Handler that a service mounts, so that its
// circuit breakers can be read and switched from outside, whatever library they
// are of. It imports the standard library only.
//
//	admin := &serve.Server{}
//	pay := admin.Add(payment{}).Wrap(executor.Run) // payment{} is four methods over the library's breaker
//	mux.Handle(serve.Path+"/", admin)
//
//	err := pay(func() error { return charge(ctx) }) // refused while forced open, unprotected while bypassed
//
// No Go library can hold a breaker open, or out of the way, for good: an opened
// one tries again after its delay. So the server holds both itself, in front of
// the library's breaker, whose own state is what is observed.
package serve

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Path is where a Server is mounted unless it says otherwise.
const Path = "/midwatch"

// State is the state of a breaker, in the words of the contract.
type State string

// The states. The library's breaker is in one of the first three; the last two
// are those somebody holds it in.
const (
	Closed     State = "closed"
	HalfOpen   State = "half_open"
	Open       State = "open"
	ForcedOpen State = "forced_open"
	Disabled   State = "disabled" // bypassed: calls pass unprotected
	Unknown    State = "unknown"
)

// Verb is what can be ordered of a breaker.
type Verb string

// The orders. The server carries out Trip and Bypass itself, and lifts what it
// holds on Reset and TryHalfOpen.
const (
	Trip        Verb = "trip"
	Reset       Verb = "reset"
	Bypass      Verb = "bypass"
	TryHalfOpen Verb = "half-open"
)

// Status is what a library's breaker says of itself. NewStatus fills in that
// nothing is known.
type Status struct {
	State       State
	FailureRate float64   // 0 to 1; below 0: not known, or too few calls
	SlowRate    float64   // likewise
	Calls       int64     // in its window; below 0: nobody counts
	Rejected    int64     // refused by the library; below 0: nobody counts, then Wrap does
	Since       time.Time // when it entered the state; zero: the server goes by Changed
}

// NewStatus is a status of which only the state is known.
func NewStatus(s State) Status {
	return Status{State: s, FailureRate: -1, SlowRate: -1, Calls: -1, Rejected: -1}
}

// Breaker is one circuit breaker of a library. Its methods are called from
// several goroutines.
type Breaker interface {
	// Name is what people call it: mostly what it protects calls to.
	Name() string
	// Status is what it observes now. It changes nothing.
	Status() Status
	// Verbs are those of Reset and TryHalfOpen that the library can do.
	Verbs() []Verb
	// Do does one of them. An error is answered as 409 with its text, one that
	// is errors.ErrUnsupported as 501.
	Do(v Verb) error
}

// Server answers the contract for the breakers that were added. The zero value
// is ready; its fields are set before it is used. It is safe for concurrent
// use and starts no goroutine.
type Server struct {
	// Path is the base in front of /breakers; empty is Path, "/" none.
	Path string
	// Token, if not empty, is the bearer token every request has to carry.
	Token string
	// ReadOnly refuses every order with 403.
	ReadOnly bool
	// Drains says that the service can be drained: it looks at Draining, or
	// shows it in its health page. Without it /drain answers 501.
	Drains bool
	// DrainEffects say what else a drain does, for whoever is about to order it.
	DrainEffects []string

	mu     sync.RWMutex
	guards map[string]*Guard
	drain  drain
}

// Add adds a breaker, and returns the guard that stands in front of it. One of
// the same name takes the former's place; what holds the former holds on. A
// name that is empty is "unnamed".
func (s *Server) Add(b Breaker) *Guard {
	name := nameOf(b)
	g := &Guard{name: name, breaker: b, added: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guards == nil {
		s.guards = map[string]*Guard{}
	}
	if before := s.guards[name]; before != nil {
		g.hold.Store(before.hold.Load())
		g.events = before.past()
	}
	s.guards[name] = g
	return g
}

// nameOf is the name of a breaker; never empty, for it is part of a path.
func nameOf(b Breaker) string {
	if name := b.Name(); name != "" {
		return name
	}
	return "unnamed"
}

// Guard returns the guard of a name; nil where there is none. A nil Guard lets
// every call through to the library's breaker.
func (s *Server) Guard(name string) *Guard {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.guards[name]
}

// Allow says how a call through the breaker of that name has to go.
func (s *Server) Allow(name string) Pass { return s.Guard(name).Allow() }

// sorted lists the guards by name.
func (s *Server) sorted() []*Guard {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]*Guard, 0, len(s.guards))
	for _, g := range s.guards {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *Guard) int { return strings.Compare(a.name, b.name) })
	return list
}

// base is the path in front of /breakers, without a slash at its end.
func (s *Server) base() string {
	if s.Path == "" {
		return Path
	}
	return strings.TrimRight(s.Path, "/")
}

var _ http.Handler = (*Server)(nil)
