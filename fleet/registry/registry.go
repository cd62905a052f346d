// Package registry is the contract between midwatch and the systems that know
// which instances exist. Each system has one folder below this one and one
// line in all/; registrytest holds every one of them to the contract.
package registry

import (
	"context"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Set is everything a registry holds. Services are sorted by Ref, instances by
// id. Ref.Context and Ref.Source are left empty: whoever opened the registry
// knows them and fills them in.
type Set struct {
	Services []fleet.Service
	Warnings []fleet.Warning // an unreadable entry or a partial answer is a warning, not a loss
	AsOf     time.Time       // how old the answer is by the far side's own word; zero means now
}

// Registry reads one registry. Implementations are safe for concurrent use.
// Errors are *fleet.Error where the cause is known, hold no secret, and wrap
// ctx.Err() when the context ended.
type Registry interface {
	// List returns the whole set, or an error and nothing: never a part that
	// looks whole.
	List(ctx context.Context) (Set, error)
	// Watch calls emit with the whole set at once and then after each change,
	// never twice at a time and always from the calling goroutine. Quick
	// changes may be taken together. It returns when ctx ends, when emit
	// returns an error (that error), or when the registry cannot be read any
	// more; the caller then calls it again after a pause. It never emits an
	// empty set for an outage.
	Watch(ctx context.Context, emit func(Set) error) error
	// Close frees connections; what still runs returns with an error. Twice is
	// the same as once.
	Close() error
}

// Entry is an instance to be registered.
type Entry struct {
	Namespace string
	Service   string
	Instance  fleet.Instance
	TTL       time.Duration // how long it stays without a heartbeat; 0: until it is deregistered, where the registry can
}

// Registrar is the ability to write entries. Keys have no Context and Source.
type Registrar interface {
	// Register adds or replaces the entry and returns the key it has now.
	Register(ctx context.Context, e Entry) (fleet.Key, error)
	// Deregister removes the entry; fleet.ErrNotFound where there is none.
	Deregister(ctx context.Context, k fleet.Key) error
	// Heartbeat tells the registry that the entry lives;
	// fleet.ErrNotFound when it is gone.
	Heartbeat(ctx context.Context, k fleet.Key) error
}

// Drainer is the ability to take an instance out of use in the registry
// itself and to put it back. Twice is the same as once. An instance nobody
// knows is fleet.ErrNotFound. While it is on, the instance's claim is
// fleet.Maintenance and its ClaimNote holds why.
type Drainer interface {
	SetMaintenance(ctx context.Context, k fleet.Key, on bool, why string) error
}

// Sider is the ability to say what else a write does, before it is done:
// "consul agent on n3", "a living go-zero instance writes itself again".
type Sider interface {
	SideEffects(ctx context.Context, k fleet.Key, verb string) ([]string, error)
}

// Checker is the ability to say, by reading only, what keeps an entry from being
// written: it returns the error that Register would return at that moment.
type Checker interface {
	CheckEntry(ctx context.Context, e Entry) error
}

// Wrapper is a Registry around another.
type Wrapper interface {
	Unwrap() Registry
}

// As finds an ability, through decorators.
func As[C any](r Registry) (C, bool) {
	for r != nil {
		if c, ok := r.(C); ok {
			return c, true
		}
		w, ok := r.(Wrapper)
		if !ok {
			break
		}
		r = w.Unwrap()
	}
	var none C
	return none, false
}
