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
// the end.
func (s *Session) Watch(ctx context.Context, sel *selection.Selection, interval time.Duration, asking Asking) <-chan *fleet.Snapshot {
	if s.past != nil {
		return s.past.Watch(ctx, Wanted{Select: chosen(sel), Asking: asking, Explain: s.explain, Within: s.app.Global.Timeout})
	}
	out := make(chan *fleet.Snapshot, 1)
	m := &merger{latest: make([]*fleet.Snapshot, len(s.Fleets)), out: out}
	wait := s.passes(ctx, sel, interval, asking, m.put)
	go func() {
		wait()
		close(out)
	}()
	return out
}

// Apart is Watch with each context's snapshots by themselves, as they come.
func (s *Session) Apart(ctx context.Context, sel *selection.Selection, interval time.Duration, asking Asking) <-chan *fleet.Snapshot {
	out := make(chan *fleet.Snapshot)
	wait := s.passes(ctx, sel, interval, asking, func(_ int, snap *fleet.Snapshot) {
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
func (s *Session) passes(ctx context.Context, sel *selection.Selection, interval time.Duration, asking Asking, put func(int, *fleet.Snapshot)) (wait func()) {
	var wg sync.WaitGroup
	for i, f := range s.Fleets {
		loop := s.loop(f, sel, interval, asking)
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

func (s *Session) loop(f *wiring.Fleet, sel *selection.Selection, interval time.Duration, asking Asking) *sweep.Loop {
	w := s.sweeper(f, asking)
	w.Select = chosen(sel)
	keeper := f.Keeper()
	return &sweep.Loop{
		Sweeper: w, Hub: sweep.NewHub(), Interval: interval, Changed: keeper.Changed(), Settle: settle,
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

// merger joins the newest snapshots of several contexts.
type merger struct {
	mu     sync.Mutex
	latest []*fleet.Snapshot
	seq    uint64
	out    chan *fleet.Snapshot
}

func (m *merger) put(i int, s *fleet.Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest[i] = s
	for _, l := range m.latest {
		if l == nil {
			return
		}
	}
	merged := fleet.Merge(m.latest)
	if len(m.latest) > 1 {
		m.seq++
		merged.Seq = m.seq
	}
	select {
	case <-m.out: // nobody read the last one
	default:
	}
	m.out <- merged
}
