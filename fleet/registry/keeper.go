package registry

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Keeper keeps several sources: a union, in which none hides another.
type Keeper struct {
	sources []*Source
	changed chan struct{}
}

// NewKeeper takes over sources that do not run yet; their Changed is the
// keeper's from then on.
func NewKeeper(sources ...*Source) *Keeper {
	k := &Keeper{sources: sources, changed: make(chan struct{}, 1)}
	for _, s := range sources {
		s.changed = k.changed
	}
	return k
}

// Sources returns the sources in the order of configuration.
func (k *Keeper) Sources() []*Source { return slices.Clone(k.sources) }

// Changed receives after a change of any source; several that nobody saw are
// one. It has one reader.
func (k *Keeper) Changed() <-chan struct{} { return k.changed }

// Run watches all sources, each in a goroutine of its own, and returns when ctx
// ended and all of them have.
func (k *Keeper) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, s := range k.sources {
		wg.Go(func() { s.Run(ctx) })
	}
	wg.Wait()
}

// Hurry has sources that failed and wait for a while tried again now.
func (k *Keeper) Hurry() {
	for _, s := range k.sources {
		s.Hurry()
	}
}

// States returns all sources as they are now, in the order of configuration.
func (k *Keeper) States() []State {
	states := make([]State, len(k.sources))
	for i, s := range k.sources {
		states[i] = s.State()
	}
	return states
}

// ReadOnce reads all sources at once, each within a time of its own, and
// returns them in the order of configuration. A source that fails shows it in
// its State.
func (k *Keeper) ReadOnce(ctx context.Context, each time.Duration) []State {
	var wg sync.WaitGroup
	states := make([]State, len(k.sources))
	for i, s := range k.sources {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, each)
			defer cancel()
			states[i] = s.Read(ctx)
		})
	}
	wg.Wait()
	return states
}

// Close closes all registries.
func (k *Keeper) Close() error {
	var errs []error
	for _, s := range k.sources {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// Union puts the sets of several sources side by side, sorted. Nothing is
// merged: two sources that name the same service give two services.
func Union(states []State) []fleet.Service {
	var all []fleet.Service
	for _, st := range states {
		if st.Set != nil {
			all = append(all, st.Set.Services...)
		}
	}
	slices.SortFunc(all, func(a, b fleet.Service) int { return a.Compare(b.Ref) })
	return all
}
