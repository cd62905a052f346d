package sweep

import (
	"context"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Loop makes passes until its context ends.
type Loop struct {
	Sweeper *Sweeper
	Hub     *Hub
	Pace    *Pace                 // from the start of a pass to that of the next
	Input   func() (Input, bool)  // what the sources hold now; false while none has answered yet
	Changed <-chan struct{}       // a source has something new: a pass follows soon
	Settle  time.Duration         // ... after so long, so that a burst is one pass
	Passed  func(*fleet.Snapshot) // told before a snapshot is published; may be nil
	Read    func()                // told when pages were read beside passes, from another goroutine; may be nil

	asked   uint64          // passes that were asked for, and are made
	last    *fleet.Snapshot // that was published
	reading *reading        // pages that are being read; nil: none
}

// Run makes a pass at once and then whenever the interval is over, a source
// changed, or somebody asked for one. Where pages are read later they are read
// after a pass that was published, which is published again with what they say. It
// closes the hub when it returns.
func (l *Loop) Run(ctx context.Context) {
	defer l.Hub.Close()
	defer func() {
		if l.reading != nil {
			<-l.reading.done
		}
	}()
	for {
		start := time.Now()
		l.heed()
		l.takePages()
		if in, ok := l.Input(); ok {
			s := l.Sweeper.Pass(ctx, in)
			if over(ctx) {
				return // half a pass is no picture
			}
			if l.takePages() {
				l.Sweeper.hold(s)
			}
			s.Pass = 1
			if l.last != nil {
				s.Pass = l.last.Pass + 1
			}
			l.publish(s)
			l.read(ctx, s)
		}
		if !l.wait(ctx, start) {
			return
		}
	}
}

func (l *Loop) publish(s *fleet.Snapshot) {
	if l.Passed != nil {
		l.Passed(s)
	}
	l.Hub.Publish(s)
	l.last = s
}

// heed takes the word that something changed, or that a pass is wanted: whoever
// reads the sources after it sees the change, and needs no pass more for it.
func (l *Loop) heed() {
	_, l.asked, _ = l.Pace.stands()
	select {
	case <-l.Changed:
	default:
	}
}

// wait sleeps until the next pass is due; false when ctx ended first.
func (l *Loop) wait(ctx context.Context, start time.Time) bool {
	share := jitter()
	for {
		every, asked, news := l.Pace.stands()
		after := time.Duration(float64(every) * share)
		if asked != l.asked {
			after = min(after, l.Settle) // a key that is held down asks often
		}
		timer := time.NewTimer(time.Until(start.Add(after)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
			return true
		case <-news:
			timer.Stop()
		case <-l.readDone():
			timer.Stop()
			if over(ctx) {
				return false // half of the pages are no picture
			}
			l.amend()
		case <-l.Changed:
			timer.Stop()
			return l.settle(ctx)
		}
	}
}

// settle waits until a burst of changes is over.
func (l *Loop) settle(ctx context.Context) bool {
	if l.Settle <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(l.Settle)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
