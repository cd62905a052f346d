package app

import (
	"context"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// settle is how long a pass waits after a change of a registry, so that a
// burst of changes is one pass.
const settle = 100 * time.Millisecond

// Watch keeps the sources and makes passes until ctx ends. It delivers the
// merged snapshot of all contexts, the newest only, and closes the channel at
// the end. With metrics the snapshots hold what they say of each service.
func (s *Session) Watch(ctx context.Context, sel *selection.Selection, interval time.Duration, asking Asking) <-chan *fleet.Snapshot {
	return s.watch(ctx, sel, rhythm{Pace: sweep.NewPace(interval)}, asking)
}

// Paced is Watch at a pace that may change, for who looks at it: no verdict waits
// for metrics. What they say comes with a snapshot more of the same pass.
func (s *Session) Paced(ctx context.Context, sel *selection.Selection, pace *sweep.Pace, asking Asking) <-chan *fleet.Snapshot {
	return s.watch(ctx, sel, rhythm{pace, true}, asking)
}

// rhythm is when passes are made, and whether metrics come after them.
type rhythm struct {
	*sweep.Pace
	later bool
}

func (s *Session) watch(ctx context.Context, sel *selection.Selection, pace rhythm, asking Asking) <-chan *fleet.Snapshot {
	if s.past != nil {
		w := s.wanted(asking, func(_ int, all []fleet.Service) []fleet.Service { return chosen(sel)(all) })
		w.Within = s.app.Global.Timeout
		return s.past.Watch(ctx, w)
	}
	all := sweep.SideBySide(len(s.Fleets))
	wait := s.passes(ctx, sel, pace, asking, all.Put)
	go func() {
		wait()
		all.Close()
	}()
	return all.Latest()
}

// Apart is Watch with each context's snapshots by themselves, as they come.
func (s *Session) Apart(ctx context.Context, sel *selection.Selection, interval time.Duration, asking Asking) <-chan *fleet.Snapshot {
	out := make(chan *fleet.Snapshot)
	wait := s.passes(ctx, sel, rhythm{Pace: sweep.NewPace(interval)}, asking, func(_ int, snap *fleet.Snapshot) {
		select {
		case out <- snap:
		case <-ctx.Done():
		}
	})
	go func() {
		wait()
		close(out)
	}()
	return out
}

// passes keeps the sources and makes passes until ctx ends, and hands each to
// put, with the place of its context. What is returned waits for the end.
func (s *Session) passes(ctx context.Context, sel *selection.Selection, pace rhythm, asking Asking, put func(int, *fleet.Snapshot)) (wait func()) {
	var wg sync.WaitGroup
	for i, f := range s.Fleets {
		loop := s.loop(ctx, f, sel, pace, asking)
		wg.Go(func() { f.Keeper().Run(ctx) })
		wg.Go(func() { loop.Run(ctx) })
		snaps := loop.Hub.Latest(ctx)
		wg.Go(func() {
			for snap := range snaps {
				put(i, snap)
			}
		})
	}
	return wg.Wait
}

func (s *Session) loop(ctx context.Context, f *wiring.Fleet, sel *selection.Selection, pace rhythm, asking Asking) *sweep.Loop {
	w := s.sweeper(f, asking)
	w.Select = chosen(sel)
	keeper := f.Keeper()
	l := &sweep.Loop{
		Sweeper: w, Hub: sweep.NewHub(), Pace: pace.Pace, Changed: keeper.Changed(), Settle: settle,
		Input: func() (sweep.Input, bool) {
			states := keeper.States()
			return f.Input(states), registry.Heard(states)
		},
	}
	switch {
	case asking&Metrics == 0 || s.Measures == nil:
	case pace.later && w.Pool.Parallel > 1: // else there is nothing that two could share
		w.Metrics.Later, l.Passed = true, s.Measures.Put
		l.Read = func() { s.Measures.Compute(ctx, f.Context, s.app.Now()) }
	default:
		l.Passed = func(snap *fleet.Snapshot) { s.Measures.Traffic(ctx, snap, s.app.Now()) }
	}
	return l
}

// chosen are the services that a selection means.
func chosen(sel *selection.Selection) func([]fleet.Service) []fleet.Service {
	return func(all []fleet.Service) []fleet.Service {
		selected, _ := sel.Apply(all)
		return selected
	}
}
