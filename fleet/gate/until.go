package gate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Patience is how sure Until has to be.
type Patience struct {
	StableFor   time.Duration  // the condition must hold for so long without a break
	Consecutive int            // and in so many snapshots in a row; at least 1
	FailOn      []fleet.Status // an instance in one of these ends the waiting at once
	Tick        func(Wait)     // told after every snapshot; may be nil
}

// Wait is where a waiting stands.
type Wait struct {
	Finding  Finding
	Snapshot *fleet.Snapshot
	Passes   int           // snapshots in a row in which it held
	Held     time.Duration // for how long it has held
	Done     bool
}

// Terminator is a Condition that knows when waiting is over for good: nothing
// that can still happen would make it hold.
type Terminator interface {
	Terminal(ctx context.Context, s *fleet.Snapshot) (Finding, bool)
}

// Until reads snapshots until the condition has held for long enough
// (Passed), something of FailOn is seen (Failed), the condition itself says that
// waiting is over (see Terminator), or the channel closes, as it
// does when the context of the feed ends: then the last Wait is returned with
// Done false. Time is that of the snapshots, so a recording waits as it did.
func Until(ctx context.Context, feed <-chan *fleet.Snapshot, cond Condition, p Patience) Wait {
	var w Wait
	var since time.Time
	for {
		var s *fleet.Snapshot
		var ok bool
		select {
		case s, ok = <-feed:
		case <-ctx.Done():
		}
		if !ok {
			return w
		}
		f := cond.Eval(ctx, s)
		end, bad := terminal(ctx, s, cond, p.FailOn)
		if ctx.Err() != nil && f.Query != nil && f.Query.Err != nil {
			return w // asking was cut short: what was known before stands
		}
		w.Snapshot, w.Finding = s, f
		if bad {
			w.Finding, w.Passes, w.Held, w.Done = end, 0, 0, true
			p.tell(w)
			return w
		}
		if w.Finding.Outcome != Passed {
			w.Passes, w.Held, since = 0, 0, time.Time{}
			p.tell(w)
			continue
		}
		if w.Passes == 0 {
			since = s.At
		}
		w.Passes++
		w.Held = s.At.Sub(since)
		w.Done = w.Passes >= p.Consecutive && w.Held >= p.StableFor
		p.tell(w)
		if w.Done {
			return w
		}
	}
}

func (p *Patience) tell(w Wait) {
	if p.Tick != nil {
		p.Tick(w)
	}
}

// terminal finds what ends the waiting before the condition holds.
func terminal(ctx context.Context, s *fleet.Snapshot, cond Condition, failOn []fleet.Status) (Finding, bool) {
	if t, ok := cond.(Terminator); ok {
		if f, over := t.Terminal(ctx, s); over {
			return f, true
		}
	}
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			v := &s.Services[i].Instances[j]
			if slices.Contains(failOn, v.Status) {
				return Finding{
					Outcome: Failed, Reason: v.Why.Reason, Key: v.Key,
					Text: fmt.Sprintf("%s is %s: %s", v.Key, v.Status, v.Why.Detail),
				}, true
			}
		}
	}
	return Finding{}, false
}
