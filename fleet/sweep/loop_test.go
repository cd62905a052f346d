package sweep_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/probe"
)

// looping runs a loop over one instance until the test ends it.
type looping struct {
	*sweep.Loop
	f       *far
	slow    *counting
	ready   atomic.Bool
	changed chan struct{}
	start   time.Time
	passes  []time.Duration // when each was published, since the start
	ended   chan struct{}
}

// loop makes one that does not run yet: passes take a second, the interval is
// ten.
func loop(t *testing.T) *looping {
	f, all := everywhere(1, at("/health", well))
	s := sweeper(f, named("/health"))
	l := &looping{f: f, slow: &counting{Prober: f, pause: time.Second}, changed: make(chan struct{}, 1), start: time.Now(), ended: make(chan struct{})}
	s.Prober = func(string, bool) probe.Prober { return l.slow }
	l.ready.Store(true)
	l.Loop = &sweep.Loop{
		Sweeper: s, Hub: sweep.NewHub(), Pace: sweep.NewPace(10 * time.Second), Changed: l.changed, Settle: 100 * time.Millisecond,
		Input: func() (sweep.Input, bool) {
			return sweep.Input{Services: []fleet.Service{service("a", all...)}}, l.ready.Load()
		},
		Passed: func(s *fleet.Snapshot) {
			if s.Seq != 0 {
				t.Error("told of a snapshot that was published already")
			}
			l.passes = append(l.passes, time.Since(l.start))
		},
	}
	return l
}

func (l *looping) run(ctx context.Context) {
	go func() {
		defer close(l.ended)
		l.Run(ctx)
	}()
}

func TestLoopKeepsItsInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop(t)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Second)
		defer cancel()
		l.run(ctx)
		<-l.ended
		if l.passes[0] != time.Second {
			t.Errorf("the first pass ended after %v: it is made at once", l.passes[0])
		}
		// From start to start, so that a slow fleet is not looked at less often.
		var different bool
		for i := 1; i < len(l.passes); i++ {
			gap := l.passes[i] - l.passes[i-1]
			if gap < 9*time.Second || gap > 11*time.Second {
				t.Errorf("%v between two passes, want 10s with 20%% jitter", gap)
			}
			different = different || gap != l.passes[1]-l.passes[0]
		}
		if n := len(l.passes); n < 45 || n > 56 || !different {
			t.Errorf("%d passes in 500s, different: %v", n, different)
		}
	})
}

func TestLoopWithoutAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop(t)
		l.Pace = sweep.NewPace(0)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
		defer cancel()
		l.run(ctx)
		<-l.ended
		if n, want := len(l.passes), int(100*time.Second/fleet.Interval); n < want-4 || n > want+4 {
			t.Errorf("%d passes in 100s, want about %d", n, want)
		}
	})
}

func TestABurstOfChangesIsOnePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l.run(ctx)
		time.Sleep(3 * time.Second) // of the bubble's clock
		for range 20 {
			select {
			case l.changed <- struct{}{}:
			default:
			}
			time.Sleep(4 * time.Millisecond)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if want := []time.Duration{time.Second, 3*time.Second + 100*time.Millisecond + time.Second}; !slices.Equal(l.passes, want) {
			t.Errorf("passes at %v, want %v", l.passes, want)
		}
		cancel()
		<-l.ended
	})
}

// TestAChangeDuringAPassIsSeen: it is not in that pass, so another follows.
func TestAChangeDuringAPassIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop(t)
		l.Settle = 0
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l.run(ctx)
		time.Sleep(500 * time.Millisecond)
		l.changed <- struct{}{}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if want := []time.Duration{time.Second, 2 * time.Second}; !slices.Equal(l.passes, want) {
			t.Errorf("passes at %v, want %v", l.passes, want)
		}
		cancel()
		<-l.ended
	})
}

func TestLoopWaitsForItsInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop(t)
		l.ready.Store(false)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l.run(ctx)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if len(l.passes) > 0 || l.slow.n > 0 {
			t.Fatal("a pass over nothing")
		}
		l.ready.Store(true)
		l.changed <- struct{}{}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if want := []time.Duration{5*time.Second + 100*time.Millisecond + time.Second}; !slices.Equal(l.passes, want) {
			t.Errorf("passes at %v, want %v", l.passes, want)
		}
		cancel()
		<-l.ended
	})
}

// TestHalfAPassIsNoPicture: when the context ends in a pass, nothing of it is
// published, and the hub ends with what was there before.
func TestHalfAPassIsNoPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name  string
			after time.Duration
			want  int
		}{
			{"in the first pass", 500 * time.Millisecond, 0},
			{"between passes", 3 * time.Second, 1},
			{"while changes settle", 4*time.Second + 50*time.Millisecond, 1},
			{"in the second pass", 4*time.Second + 600*time.Millisecond, 1},
			{"after it", 6 * time.Second, 2},
		} {
			l := loop(t)
			ctx, cancel := context.WithTimeout(t.Context(), c.after)
			time.AfterFunc(4*time.Second, func() { l.changed <- struct{}{} })
			latest := l.Hub.Latest(t.Context())
			l.run(ctx)
			var last *fleet.Snapshot
			for s := range latest { // closed by the loop's end
				last = s
			}
			<-l.ended
			if time.Since(l.start) != c.after {
				t.Errorf("%s: it ended after %v", c.name, time.Since(l.start))
			}
			if n := len(l.passes); n != c.want || c.want > 0 && last.Seq != uint64(c.want) || c.want == 0 && last != nil {
				t.Errorf("%s: %d passes, the last snapshot is %+v; want %d", c.name, n, last, c.want)
			}
			cancel()
			time.Sleep(10 * time.Second)
		}
	})
}
