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
	Interval time.Duration         // between the starts of passes, with 20% jitter
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
		if in, ok := l.Input(); ok {
			s := l.Sweeper.Pass(ctx, in)
			if ctx.Err() != nil {
				return // half a pass is no picture
			}
			if l.Passed != nil {
				l.Passed(s)
			}
			l.Hub.Publish(s)
		}
		if !l.wait(ctx) {
			return
		}
	}
}

// wait sleeps until the next pass is due; false when ctx ended first.
func (l *Loop) wait(ctx context.Context) bool {
	timer := time.NewTimer(jitter(l.Interval))
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

// jitter spreads the passes of several watchers: 20% around d.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}
