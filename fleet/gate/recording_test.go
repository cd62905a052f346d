package gate_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// recording is what a deploy looked like, a look every so often.
var recording = []struct {
	after time.Duration
	looks string
}{
	{0, "a up up"},
	{4 * time.Second, "a up down:timeout"},
	{3 * time.Second, "a up unknown:auth"},
	{5 * time.Second, "a up up"},
	{time.Second, "a up up"},
	{9 * time.Second, "a up degraded"},
	{2 * time.Second, "a up up"},
	{20 * time.Second, "a up up"},
	{30 * time.Second, "a up up"},
	{time.Second, "a up down:refused"},
}

// taken are its snapshots, with the times they had.
func taken(start time.Time) []*fleet.Snapshot {
	all := make([]*fleet.Snapshot, len(recording))
	for i, r := range recording {
		start = start.Add(r.after)
		all[i] = snap(r.looks)
		all[i].Seq, all[i].At = uint64(i+1), start
	}
	return all
}

// TestARecordingWaitsAsItDid: whether snapshots come as they happen or all at
// once from a file, the same wait ends at the same one, having seen the same.
func TestARecordingWaitsAsItDid(t *testing.T) {
	for _, c := range []struct {
		patience gate.Patience
		ends     uint64 // the snapshot it ends at
		done     bool
		held     time.Duration
	}{
		{gate.Patience{}, 1, true, 0},
		{gate.Patience{Consecutive: 2}, 5, true, time.Second},
		{gate.Patience{StableFor: 15 * time.Second}, 8, true, 20 * time.Second},
		{gate.Patience{StableFor: 21 * time.Second, Consecutive: 3}, 9, true, 50 * time.Second},
		{gate.Patience{StableFor: time.Minute}, 10, false, 0},
		{gate.Patience{StableFor: time.Minute, FailOn: []fleet.Status{fleet.Down}}, 2, true, 0},
		{gate.Patience{StableFor: 15 * time.Second, FailOn: []fleet.Status{fleet.Degraded}}, 6, true, 0},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				replayed := gate.Until(t.Context(), feedOf(taken(start)), want(t, "up", nil), c.patience)
				if took := time.Since(start); took != 0 {
					t.Errorf("the replay took %v", took)
				}
				ctx, cancel := context.WithCancel(t.Context())
				live := make(chan *fleet.Snapshot)
				go func() {
					defer close(live)
					for i, s := range taken(start) {
						time.Sleep(recording[i].after)
						select {
						case live <- s:
						case <-ctx.Done():
							return
						}
					}
				}()
				lived := gate.Until(ctx, live, want(t, "up", nil), c.patience)
				end := time.Now()
				cancel()
				for range live { // until who sends has seen it
				}
				if took := end.Sub(start); took != lived.Snapshot.At.Sub(start) {
					t.Errorf("live it took %v", took)
				}
				for how, w := range map[string]gate.Wait{"replayed": replayed, "live": lived} {
					if w.Snapshot.Seq != c.ends || w.Done != c.done || w.Held != c.held {
						t.Errorf("%s: at %d, done %v, held %v; want %d, %v, %v", how, w.Snapshot.Seq, w.Done, w.Held, c.ends, c.done, c.held)
					}
				}
				if replayed.Finding != lived.Finding || replayed.Passes != lived.Passes {
					t.Errorf("replayed %+v\nlive     %+v", replayed, lived)
				}
			})
		})
	}
}

// feedOf gives snapshots all at once.
func feedOf(snaps []*fleet.Snapshot) <-chan *fleet.Snapshot {
	ch := make(chan *fleet.Snapshot, len(snaps))
	for _, s := range snaps {
		ch <- s
	}
	close(ch)
	return ch
}
