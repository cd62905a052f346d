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

// Watch is Paced at a pace that stays.
func (s *Session) Watch(ctx context.Context, sel *selection.Selection, interval time.Duration, asking Asking) <-chan *fleet.Snapshot {
	return s.Paced(ctx, sel, sweep.NewPace(interval), asking)
}

// Paced keeps the sources and makes passes until ctx ends. It delivers the
// merged snapshot of all contexts, the newest only, and closes the channel at
// the end. With metrics the snapshots hold what they say of each service.
func (s *Session) Paced(ctx context.Context, sel *selection.Selection, pace *sweep.Pace, asking Asking) <-chan *fleet.Snapshot {
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
	wait := s.passes(ctx, sel, sweep.NewPace(interval), asking, func(_ int, snap *fleet.Snapshot) {
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
func (s *Session) passes(ctx context.Context, sel *selection.Selection, pace *sweep.Pace, asking Asking, put func(int, *fleet.Snapshot)) (wait func()) {
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

func (s *Session) loop(ctx context.Context, f *wiring.Fleet, sel *selection.Selection, pace *sweep.Pace, asking Asking) *sweep.Loop {
	w := s.sweeper(f, asking)
	w.Select = chosen(sel)
	keeper := f.Keeper()
	var passed func(*fleet.Snapshot)
	if asking&Metrics != 0 && s.Measures != nil {
		passed = func(snap *fleet.Snapshot) { s.Measures.Traffic(ctx, snap, s.app.Now()) }
	}
	return &sweep.Loop{
		Sweeper: w, Hub: sweep.NewHub(), Pace: pace, Changed: keeper.Changed(), Settle: settle, Passed: passed,
		Input: func() (sweep.Input, bool) {
			states := keeper.States()
			return f.Input(states), heard(states)
		},
	}
}

// chosen are the services that a selection means.
func chosen(sel *selection.Selection) func([]fleet.Service) []fleet.Service {
	return func(all []fleet.Service) []fleet.Service {
		selected, _ := sel.Apply(all)
		return selected
	}
}

// heard says whether every source has answered or failed: before that, a pass
// would show a part as if it were the whole.
func heard(states []registry.State) bool {
	for _, st := range states {
		if st.Set == nil && st.Err == nil {
			return false
		}
	}
	return true
}
