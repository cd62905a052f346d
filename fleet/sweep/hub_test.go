package sweep_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
)

var _ fleet.Feed = (*sweep.Hub)(nil)

// fleetOf is a snapshot of n instances that are all in one status.
func fleetOf(n int, status fleet.Status) *fleet.Snapshot {
	s := &fleet.Snapshot{At: time.Unix(1, 0)}
	v := fleet.ServiceView{Ref: fleet.Ref{Name: "a"}, Status: status}
	for i := range n {
		k := fleet.Key{Ref: v.Ref, Instance: fmt.Sprintf("i-%05d", i)}
		v.Instances = append(v.Instances, fleet.InstanceView{Key: k, Instance: fleet.Instance{ID: k.Instance}, Status: status})
	}
	s.Services = []fleet.ServiceView{v}
	return s
}

func TestHubNumbers(t *testing.T) {
	h := sweep.NewHub()
	latest := h.Latest(t.Context())
	for want := uint64(1); want <= 5; want++ {
		h.Publish(fleetOf(1, fleet.Up))
		if s := <-latest; s.Seq != want {
			t.Errorf("number %d, want %d", s.Seq, want)
		}
	}
	h.Close()
	if s, ok := <-latest; ok {
		t.Errorf("after the end came %d", s.Seq)
	}
}

func TestHubDeliversTheNewestOnly(t *testing.T) {
	h := sweep.NewHub()
	slow := h.Latest(t.Context())
	for range 10 {
		h.Publish(fleetOf(1, fleet.Up)) // nobody reads, and it does not wait
	}
	late := h.Latest(t.Context())
	for name, ch := range map[string]<-chan *fleet.Snapshot{"slow": slow, "late": late} {
		if s := <-ch; s.Seq != 10 {
			t.Errorf("the %s reader got %d, want the newest", name, s.Seq)
		}
		select {
		case s := <-ch:
			t.Errorf("the %s reader got %d besides", name, s.Seq)
		default:
		}
	}
	h.Publish(fleetOf(1, fleet.Up))
	h.Close()
	for s := range slow {
		if s.Seq != 11 {
			t.Errorf("%d in the cell at the end", s.Seq)
		}
	}
	h.Publish(fleetOf(1, fleet.Up)) // after the end: nothing, and no panic
	h.Close()
	for s := range h.Latest(t.Context()) {
		if s.Seq != 11 {
			t.Errorf("a closed hub gives %d, want its last", s.Seq)
		}
	}
}

func TestHubReaderLeavesWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := sweep.NewHub()
		ctx, cancel := context.WithCancel(t.Context())
		gone, stays := h.Latest(ctx), h.Latest(t.Context())
		h.Publish(fleetOf(1, fleet.Up))
		cancel()
		synctest.Wait()
		h.Publish(fleetOf(1, fleet.Up))
		var got []uint64
		for s := range gone {
			got = append(got, s.Seq)
		}
		if len(got) != 1 || got[0] != 1 {
			t.Errorf("who left got %v", got)
		}
		if s := <-stays; s.Seq != 2 {
			t.Errorf("who stays got %d", s.Seq)
		}
		ended := h.Latest(ctx)
		synctest.Wait()
		for range ended { // what was there at most, then the end
		}
		h.Close()
	})
}

func TestHubSince(t *testing.T) {
	h := sweep.NewHub()
	if events, gap := h.Since(0); events != nil || gap {
		t.Errorf("an empty hub has %v, %v", events, gap)
	}
	for i := range 5 {
		h.Publish(fleetOf(2, []fleet.Status{fleet.Up, fleet.Down}[i%2]))
	}
	// The first snapshot is no news; each after it has two events.
	for seq, want := range map[uint64]int{0: 8, 1: 8, 2: 6, 4: 2, 5: 0, 99: 0} {
		events, gap := h.Since(seq)
		if len(events) != want || gap {
			t.Errorf("since %d: %d events, gap %v; want %d", seq, len(events), gap, want)
		}
		for i := range events {
			if events[i].Seq <= seq || i > 0 && events[i].Seq < events[i-1].Seq {
				t.Errorf("since %d: event %d is of snapshot %d", seq, i, events[i].Seq)
			}
		}
	}
	events, _ := h.Since(3)
	events[0].Seq = 77
	if again, _ := h.Since(3); again[0].Seq == 77 {
		t.Error("what Since returns is the hub's own")
	}
}

func TestHubSinceAfterAGap(t *testing.T) {
	h := sweep.NewHub()
	const each = 1500
	for i := range 5 {
		h.Publish(fleetOf(each, []fleet.Status{fleet.Up, fleet.Down}[i%2]))
	}
	// 6,000 events came, of snapshots 2 to 5, and 4,096 are kept: all of 4 and 5,
	// and some of 3.
	for _, c := range []struct {
		seq    uint64
		events int
		gap    bool
	}{{0, 4096, true}, {1, 4096, true}, {2, 4096, true}, {3, 2 * each, false}, {4, each, false}, {5, 0, false}} {
		if events, gap := h.Since(c.seq); len(events) != c.events || gap != c.gap {
			t.Errorf("since %d: %d events, gap %v; want %d, %v", c.seq, len(events), gap, c.events, c.gap)
		}
	}
	h.Publish(fleetOf(5000, fleet.Down)) // more in one snapshot than are kept
	if events, gap := h.Since(5); len(events) != 4096 || !gap {
		t.Errorf("of a snapshot with more than is kept: %d events, gap %v", len(events), gap)
	}
}

// TestHubManyReaders is for the race detector, and holds that whoever keeps up
// misses no event.
func TestHubManyReaders(t *testing.T) {
	h := sweep.NewHub()
	var wg sync.WaitGroup
	const passes = 200
	for i := range 30 {
		ctx, cancel := context.WithCancel(t.Context())
		latest := h.Latest(ctx)
		wg.Go(func() {
			defer cancel()
			var last uint64
			seen := 0
			for s := range latest {
				if s.Seq <= last {
					t.Errorf("%d after %d", s.Seq, last)
				}
				events, gap := h.Since(last)
				if gap {
					t.Error("a gap")
				}
				for _, e := range events {
					if e.Seq <= s.Seq {
						seen++
					}
				}
				last = s.Seq
				if i%3 == 0 && last > passes/2 {
					return // leaves in the middle
				}
			}
			if i%3 != 0 && (last != passes || seen != passes-1) {
				t.Errorf("the last was %d, with %d events", last, seen)
			}
		})
	}
	for i := range passes {
		h.Publish(fleetOf(1, []fleet.Status{fleet.Up, fleet.Down}[i%2]))
	}
	h.Close()
	wg.Wait()
}
