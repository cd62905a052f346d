package desk_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
)

// TestTwoOperators: who comes second is told who, when and why, and has to say
// that it is meant all the same.
func TestTwoOperators(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second string // operators
		ttl           time.Duration
		verb          fleet.Verb
		held          string // by whom; empty: it is no conflict
	}{
		{"another's trip is reset", "alice", "bob", 0, fleet.Reset, "alice@bastion-1"},
		{"another's trip is tripped", "alice", "bob", 0, fleet.Trip, "alice@bastion-1"},
		{"one's own is reset", "alice", "alice", 0, fleet.Reset, ""},
		{"one's own with an end is reset", "alice", "alice", time.Hour, fleet.Reset, "alice@bastion-1"},
		{"one's own with an end is tripped again", "alice", "alice", time.Hour, fleet.Trip, ""},
		{"another's with an end is bypassed", "alice", "bob", time.Hour, fleet.Bypass, "alice@bastion-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, j := newFake(t, 2), openJournal(t)
			first := desk.New(setup(adminEnv(f), j, c.first))
			plan, err := first.Plan(t.Context(), ordering(t, 1, fleet.Trip))
			must(t, err)
			made := done(t, first, plan, change.Options{TTL: c.ttl, Reason: "db move"})

			second := desk.New(setup(adminEnv(f), j, c.second))
			plan, err = second.Plan(t.Context(), ordering(t, 2, c.verb))
			must(t, err)
			held := plan.Conflicts()
			if c.held == "" {
				if len(held) > 0 {
					t.Errorf("%+v", held)
				}
				done(t, second, plan, change.Options{})
				return
			}
			if len(held) != 1 || held[0].By != c.held || held[0].Reason != "db move" || held[0].Batch != made.Batch.ID || held[0].Until.IsZero() != (c.ttl == 0) {
				t.Fatalf("%+v", held)
			}
			out, err := second.Apply(t.Context(), plan, change.Options{})
			var conflict *change.ConflictError
			if !errors.As(err, &conflict) || len(out.Results) > 0 || f.sets[base(1)] > 0 || !strings.Contains(err.Error(), `alice@bastion-1: trip order/payment ("db move"), `) {
				t.Errorf("%+v, %v", out, err)
			}
			over := done(t, second, plan, change.Options{Override: true})
			if !over.Batch.Override {
				t.Error("nothing is written down of the override")
			}
			// The first is not in force any more, and ends without touching it.
			b, err := j.Batch(t.Context(), made.Batch.ID)
			must(t, err)
			if b.Tally().InForce > 0 || b.Steps[0].PutBy != over.Batch.ID {
				t.Errorf("%+v", b.Steps[0])
			}
			if plan, err := first.PlanUndo(t.Context(), b); err != nil || len(plan.Steps) > 0 {
				t.Errorf("%+v, %v", plan.Steps, err)
			}
		})
	}
}

// TestSomeoneElse: what is forced and no journal explains is somebody's.
func TestSomeoneElse(t *testing.T) {
	for _, c := range []struct {
		hold fleet.Hold
		by   string
	}{{fleet.Hold{}, "someone else"}, {fleet.Hold{By: "carol", Reason: "her own"}, "carol"}} {
		f := newFake(t, 1)
		b := fleet.NewBreaker("payment", fleet.BreakerForcedOpen)
		b.Hold = c.hold
		f.far.Put(base(0), b)
		d := desk.New(setup(adminEnv(f), openJournal(t), "alice"))
		plan, err := d.Plan(t.Context(), ordering(t, 1, fleet.Reset))
		must(t, err)
		if held := plan.Conflicts(); len(held) != 1 || held[0].By != c.by || held[0].Reason != c.hold.Reason {
			t.Errorf("%+v", held)
		}
		done(t, d, plan, change.Options{Override: true})
	}
}

// TestDrift: what a look says of what is in force.
func TestDrift(t *testing.T) {
	f, j := newFake(t, 3), openJournal(t)
	d := desk.New(setup(adminEnv(f), j, "alice"))
	plan, err := d.Plan(t.Context(), ordering(t, 3, fleet.Trip))
	must(t, err)
	out := done(t, d, plan, change.Options{})
	f.far.Put(base(1), fleet.NewBreaker("payment", fleet.BreakerClosed))
	f.dead[base(2)] = errors.New("no answer")
	b, err := j.Batch(t.Context(), out.Batch.ID)
	must(t, err)
	standings := d.Look(t.Context(), b)
	if len(standings) != 3 || !standings[0].Holds || standings[1].Holds || !standings[1].Back || standings[1].Now != "closed" || standings[2].Err == nil {
		t.Errorf("%+v", standings)
	}
}

// TestAgain: what a restarted instance forgot is ordered again, and what
// somebody else ordered is not.
func TestAgain(t *testing.T) {
	f, j := newFake(t, 3), openJournal(t)
	d := desk.New(setup(adminEnv(f), j, "alice"))
	plan, err := d.Plan(t.Context(), ordering(t, 3, fleet.Trip))
	must(t, err)
	out := done(t, d, plan, change.Options{TTL: time.Hour, Reapply: true})
	f.far.Put(base(0), fleet.NewBreaker("payment", fleet.BreakerClosed))
	f.far.Put(base(1), fleet.NewBreaker("payment", fleet.BreakerDisabled))
	b, err := j.Batch(t.Context(), out.Batch.ID)
	must(t, err)
	n, err := d.Again(t.Context(), b)
	if err != nil || n != 1 || f.states(t, 3) != "1 disabled, 2 forced_open" {
		t.Errorf("%d, %v: %s", n, err, f.states(t, 3))
	}
	list, err := f.List(t.Context(), breaker.Site{Base: base(0)})
	must(t, err)
	if list[0].Hold.Change != b.ID || list[0].Hold.By != "alice@bastion-1" {
		t.Errorf("marked %+v", list[0].Hold)
	}
	if b, err = j.Batch(t.Context(), b.ID); err != nil || b.Steps[0].Again != 1 || b.Steps[2].Again != 0 {
		t.Errorf("%+v, %v", b, err)
	}
	f.dead[base(2)] = errors.New("no answer")
	if _, err := d.Again(t.Context(), b); err == nil || !strings.Contains(err.Error(), "order/order-3 payment: no answer") {
		t.Errorf("%v", err)
	}
	b.Reapply = false
	if n, err := d.Again(t.Context(), b); n != 0 || err != nil {
		t.Errorf("without --reapply: %d, %v", n, err)
	}
}

// broken is a journal that fails at one thing.
type broken struct {
	change.Journal
	at  string
	err error
}

func (b broken) Begin(ctx context.Context, batch *change.Batch) error {
	if b.at == "begin" {
		return b.err
	}
	return b.Journal.Begin(ctx, batch)
}

func (b broken) Record(ctx context.Context, id string, steps []change.Record) error {
	if b.at == "record" {
		return b.err
	}
	return b.Journal.Record(ctx, id, steps)
}

// TestABrokenJournal: what cannot be written down is not begun, and where
// results cannot be, no more is begun.
func TestABrokenJournal(t *testing.T) {
	full := errors.New("no space left")
	f := newFake(t, 200)
	d := desk.New(setup(adminEnv(f), broken{openJournal(t), "begin", full}, "alice"))
	plan, err := d.Plan(t.Context(), ordering(t, 200, fleet.Trip))
	must(t, err)
	if out, err := d.Apply(t.Context(), plan, change.Options{}); !errors.Is(err, full) || len(out.Results) > 0 || len(f.sets) > 0 {
		t.Errorf("%v, %d writes", err, len(f.sets))
	}
	j := openJournal(t)
	d = desk.New(setup(adminEnv(f), broken{j, "record", full}, "alice"))
	out, err := d.Apply(t.Context(), plan, change.Options{Batch: 10, Pause: 100 * time.Millisecond})
	if !errors.Is(err, full) || len(out.Results) != 200 || len(f.sets) >= 200 || len(f.sets) == 0 {
		t.Errorf("%v, %d results, %d writes", err, len(out.Results), len(f.sets))
	}
	b, err := j.Batch(t.Context(), out.Batch.ID)
	must(t, err)
	if b.Stand(time.Now(), func(string, int) bool { return false }) != change.StandInterrupted {
		t.Errorf("%+v", b.Tally())
	}
	_, err = desk.New(setup(adminEnv(f), j, "alice")).Undo(t.Context(), b, change.Options{})
	must(t, err)
	if got := f.states(t, 200); got != "200 closed" {
		t.Errorf("%s", got)
	}
}

// TestUndoIsNotUndone.
func TestUndoIsNotUndone(t *testing.T) {
	f, j := newFake(t, 2), openJournal(t)
	d := desk.New(setup(adminEnv(f), j, "alice"))
	plan, err := d.Plan(t.Context(), ordering(t, 2, fleet.Trip))
	must(t, err)
	out := done(t, d, plan, change.Options{})
	f.refuses[base(1)] = errors.New("401")
	undone, err := d.Undo(t.Context(), out.Batch, change.Options{})
	must(t, err)
	if got := states(undone.Results); got != "order-2 failed, order-1 done" {
		t.Errorf("%s", got)
	}
	if _, err := d.PlanUndo(t.Context(), undone.Batch); !errors.Is(err, change.ErrIsUndo) {
		t.Errorf("%v", err)
	}
	// Its retry is the rest of it.
	delete(f.refuses, base(1))
	rest, err := d.PlanRetry(t.Context(), undone.Batch)
	must(t, err)
	done(t, d, rest, change.Options{})
	if got := f.states(t, 2); got != "2 closed" {
		t.Errorf("%s", got)
	}
	b, err := j.Batch(t.Context(), out.Batch.ID)
	must(t, err)
	if s := b.Stand(time.Now(), func(string, int) bool { return true }); s != change.StandUndone {
		t.Errorf("it is %s", s)
	}
}
