// Package keeper puts changes back when they end: a process of its own, one for
// each user, that outlives the terminal it was started from.
package keeper

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
)

// Keeper is a process that puts back what is due, by one journal.
type Keeper struct {
	Journal change.Journal
	Self    change.Keeper
	// PutBack takes back what should have ended by now, wherever it was made.
	PutBack func(ctx context.Context, now time.Time) ([]change.Settled, error)
	// Again orders again what far systems forgot of a batch.
	Again func(ctx context.Context, b *change.Batch) (int, error)
	// Removed says whether somebody took the journal away; nil: never.
	Removed func() bool
	Log     io.Writer        // what it did; times are its own
	Now     func() time.Time // nil: the clock
}

const (
	// Linger is how long a keeper waits for the change that it was started for: a
	// person may think about it.
	Linger = time.Minute
	// look is how often it looks. Ends are absolute: a clock that was put right,
	// and a machine that slept, are noticed by looking again.
	look = time.Second
	// again is how often far systems are asked whether they forgot something, and
	// how long what could not be put back is left until it is tried again: twice as
	// long each time, up to seldom.
	again  = 10 * time.Second
	seldom = time.Minute
)

// Run keeps until nothing is left to put back, or ctx ends. It returns at once
// where another process is the keeper.
func (k *Keeper) Run(ctx context.Context) error {
	if k.Now == nil {
		k.Now = time.Now
	}
	dead, err := Dead(ctx, k.Journal)
	if err != nil {
		return err
	}
	kept, err := k.Journal.Keep(ctx, k.Self, dead)
	if err != nil || !kept {
		return err
	}
	k.say("keeper %d began", k.Self.PID)
	state := &round{started: k.Now(), beat: k.Now()}
	for {
		done, err := k.round(ctx, state)
		switch {
		case ctx.Err() != nil:
			k.say("keeper %d was ended", k.Self.PID)
			return nil
		case err != nil:
			k.say("%v", err)
		case done:
			if len(state.failing) == 0 {
				k.say("keeper %d has nothing left to put back", k.Self.PID)
			}
			return nil
		}
		t := time.NewTimer(state.wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// round is what a keeper remembers from one look to the next.
type round struct {
	started time.Time
	beat    time.Time       // when it last said that it is alive
	asked   time.Time       // when far systems were last asked
	tried   time.Time       // when putting back last failed
	failing map[string]bool // the batches of which it did
	pause   time.Duration   // until they are tried again
	busy    bool            // there was something to keep, once
	wait    time.Duration
}

// round looks once. It is true when the keeper is not needed any more, or not
// the keeper any more.
func (k *Keeper) round(ctx context.Context, r *round) (done bool, err error) {
	now := k.Now()
	r.wait = look
	if now.Sub(r.beat) >= change.KeeperBeat || now.Before(r.beat) {
		kept, err := k.Journal.Keep(ctx, k.Self, change.Keeper{})
		if err != nil || !kept {
			return !kept && err == nil, err
		}
		r.beat = now
	}
	ending, err := k.ending(ctx)
	if err != nil {
		return false, err
	}
	if len(ending) == 0 {
		if !r.busy && now.Sub(r.started) < Linger {
			return false, nil
		}
		return k.Journal.Leave(ctx, k.Self)
	}
	r.busy = true
	due := false
	for _, b := range ending {
		due = due || b.Due(now) && (!r.failing[b.ID] || now.Sub(r.tried) >= r.pause)
		if left := b.Until.Sub(now); left > 0 {
			r.wait = min(r.wait, left)
		}
	}
	if due {
		if err := k.putBack(ctx, now, r); err != nil {
			return false, err
		}
		if len(r.failing) > 0 && k.Removed != nil && k.Removed() {
			k.say("what is left cannot be put back, and the journal was taken away: nobody can ask for it any more")
			return true, nil
		}
	}
	if now.Sub(r.asked) >= again {
		r.asked = now
		k.reapply(ctx, ending, now)
	}
	return false, nil
}

// ending lists what has an end.
func (k *Keeper) ending(ctx context.Context) ([]*change.Batch, error) {
	open, err := k.Journal.Batches(ctx, change.Filter{Open: true})
	if err != nil {
		return nil, err
	}
	var ending []*change.Batch
	for _, b := range open {
		for i := range b.Steps {
			if !b.Until.IsZero() && b.Steps[i].InForce(b) {
				ending = append(ending, b)
				break
			}
		}
	}
	return ending, nil
}

func (k *Keeper) putBack(ctx context.Context, now time.Time, r *round) error {
	settled, err := k.PutBack(ctx, now)
	if err != nil {
		return err
	}
	r.failing, r.pause = map[string]bool{}, min(max(2*r.pause, again), seldom)
	for _, s := range settled {
		if s.Err != nil {
			k.say("change %s, %s: not put back, tried again in %v: %v", s.Batch.ID, s.Batch.What, r.pause, s.Err)
			r.failing[s.Batch.ID], r.tried = true, now
			continue
		}
		k.say("change %s, %s: put back by %s", s.Batch.ID, s.Batch.What, s.Outcome.Batch.ID)
	}
	if len(r.failing) == 0 {
		r.pause = 0
	}
	return nil
}

func (k *Keeper) reapply(ctx context.Context, ending []*change.Batch, now time.Time) {
	for _, b := range ending {
		if !b.Reapply || !now.Before(b.Until) {
			continue
		}
		n, err := k.Again(ctx, b)
		if n > 0 {
			k.say("change %s, %s: ordered again on %d that forgot it", b.ID, b.What, n)
		}
		if err != nil {
			k.say("change %s, %s: %v", b.ID, b.What, err)
		}
	}
}

func (k *Keeper) say(format string, args ...any) {
	// A log that cannot be written must not keep it from its work.
	_, _ = fmt.Fprintf(k.Log, k.Now().UTC().Format(time.RFC3339)+" "+format+"\n", args...)
}

// Dead is the keeper of which it is known that it does not live any more: it is
// of this machine, and has no process. Zero where there is none such.
func Dead(ctx context.Context, j change.Journal) (change.Keeper, error) {
	k, err := j.Keeper(ctx)
	if err != nil || k.IsZero() || Alive(k.Host, k.PID) {
		return change.Keeper{}, err
	}
	return k, nil
}

// Host is this machine's name.
func Host() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// Alive says whether a process lives, as far as anybody here can say: one on
// another machine may.
func Alive(host string, pid int) bool {
	return host != Host() || lives(pid)
}
