package sweep

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Loop makes passes until its context ends.
type Loop struct {
	Sweeper  *Sweeper
	Hub      *Hub
	Interval time.Duration         // between the starts of passes, with 20% jitter; 0 is fleet.Interval
	Input    func() (Input, bool)  // what the sources hold now; false while none has answered yet
	Changed  <-chan struct{}       // a source has something new: a pass follows soon
	Settle   time.Duration         // ... after so long, so that a burst is one pass
	Passed   func(*fleet.Snapshot) // told before a snapshot is published; may be nil
}

// Run makes a pass at once and then whenever the interval is over or a source
// changed. It closes the hub when it returns.
func (l *Loop) Run(ctx context.Context) {
	defer l.Hub.Close()
	for {
		start := time.Now()
		l.heed()
		if in, ok := l.Input(); ok {
			s := l.Sweeper.Pass(ctx, in)
			if over(ctx) {
				return // half a pass is no picture
			}
			if l.Passed != nil {
				l.Passed(s)
			}
			l.Hub.Publish(s)
		}
		if !l.wait(ctx, start.Add(jitter(l.Interval))) {
			return
		}
	}
}

// heed takes the word that something changed: whoever reads the sources after
// it sees the change, and needs no pass more for it.
func (l *Loop) heed() {
	select {
	case <-l.Changed:
	default:
	}
}

// wait sleeps until the next pass is due; false when ctx ended first.
func (l *Loop) wait(ctx context.Context, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	case <-l.Changed:
	}
	if l.Settle <= 0 {
		return ctx.Err() == nil
	}
	settle := time.NewTimer(l.Settle)
	defer settle.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-settle.C:
		return true
	}
}

// jitter spreads the passes of several watchers around an interval.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		d = fleet.Interval
	}
	return time.Duration(float64(d) * (1 + fleet.IntervalJitter*(rand.Float64()-0.5)))
}
