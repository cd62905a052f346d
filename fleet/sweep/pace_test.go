package sweep_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestPace: what is asked of a loop while it runs. Passes take a second, the
// interval is ten seconds with 20% jitter; what is done at so many seconds, and
// when passes ended.
func TestPace(t *testing.T) {
	type told struct {
		at   time.Duration
		what func(*looping)
	}
	now := func(l *looping) { l.Pace.Now() }
	every := func(d time.Duration) func(*looping) { return func(l *looping) { l.Pace.Every(d) } }
	for _, c := range []struct {
		name   string
		told   []told
		within time.Duration
		want   []time.Duration // to the second
	}{
		{"a pass at once", []told{{4 * time.Second, now}}, 10 * time.Second, []time.Duration{1, 5}},
		{"one in a pass is after it", []told{{500 * time.Millisecond, now}}, 8 * time.Second, []time.Duration{1, 2}},
		{"many are one", []told{{4 * time.Second, func(l *looping) {
			for range 50 {
				l.Pace.Now()
			}
		}}}, 10 * time.Second, []time.Duration{1, 5}},
		{"the interval begins again with it", []told{{8 * time.Second, now}}, 16 * time.Second, []time.Duration{1, 9}},
		{"more often: what is due is made at once", []told{{6 * time.Second, every(2 * time.Second)}}, 6900 * time.Millisecond, []time.Duration{1}},
		{"less often", []told{{4 * time.Second, every(time.Hour)}}, 10 * time.Minute, []time.Duration{1}},
		{"less often, and one at once", []told{{4 * time.Second, every(time.Hour)}, {60 * time.Second, now}}, 10 * time.Minute, []time.Duration{1, 61}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := loop(t)
				ctx, cancel := context.WithTimeout(t.Context(), c.within)
				defer cancel()
				for _, told := range c.told {
					time.AfterFunc(told.at, func() { told.what(l) })
				}
				l.run(ctx)
				<-l.ended
				for i := range c.want {
					c.want[i] *= time.Second
				}
				if !slices.Equal(l.passes, c.want) {
					t.Errorf("passes at %v, want %v", l.passes, c.want)
				}
			})
		})
	}
}

// TestPaceIsKept: an interval that was told is kept, with its jitter.
func TestPaceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop(t)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
		defer cancel()
		time.AfterFunc(5*time.Second, func() { l.Pace.Every(2 * time.Second) })
		l.run(ctx)
		<-l.ended
		for i := 3; i < len(l.passes); i++ {
			if gap := l.passes[i] - l.passes[i-1]; gap < 1800*time.Millisecond || gap > 2200*time.Millisecond {
				t.Errorf("%v between two passes, want 2s with 20%% jitter", gap)
			}
		}
		if n := len(l.passes); n < 43 || n > 54 {
			t.Errorf("%d passes in 100s", n)
		}
	})
}

// TestAKeyHeldDown: passes that are asked for again and again are as often as
// sources may change.
func TestAKeyHeldDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop(t)
		l.slow.pause = 10 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		l.run(ctx)
		for ctx.Err() == nil {
			l.Pace.Now()
			time.Sleep(time.Millisecond) // of the bubble's clock
		}
		<-l.ended
		if n := len(l.passes); n < 25 || n > 31 {
			t.Errorf("%d passes in 3s, want one in %v", n, l.Settle)
		}
	})
}
