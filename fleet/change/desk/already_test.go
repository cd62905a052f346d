package desk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
)

// stands are how the changes of a journal stand, the oldest first.
func stands(t *testing.T, j change.Journal) string {
	t.Helper()
	all, err := j.Batches(t.Context(), change.Filter{})
	must(t, err)
	var text string
	for i := len(all) - 1; i >= 0; i-- {
		text += fmt.Sprint(all[i].Stand(time.Now(), func(string, int) bool { return false }), " ")
	}
	return text
}

// TestAsOrderedAlready: it is neither sent nor written down, unless it is given
// an end or taken over.
func TestAsOrderedAlready(t *testing.T) {
	f, j := newFake(t, 3), openJournal(t)
	d := desk.New(setup(adminEnv(f), j, "alice"))
	plan, err := d.Plan(t.Context(), ordering(t, 1, fleet.Trip))
	must(t, err)
	done(t, d, plan, change.Options{})
	clear(f.sets)

	again, err := d.Plan(t.Context(), ordering(t, 1, fleet.Trip))
	must(t, err)
	if out := done(t, d, again, change.Options{}); out.Batch.ID != "" || out.Results[0].Changed || !out.Results[0].Began.IsZero() {
		t.Errorf("%+v", out)
	}
	if len(f.sets) > 0 || stands(t, j) != "in_force " {
		t.Errorf("sent to %v; %s", f.sets, stands(t, j))
	}

	some, err := d.Plan(t.Context(), ordering(t, 3, fleet.Trip))
	must(t, err)
	var told []string
	out := done(t, d, some, change.Options{Progress: func(r change.Result) { told = append(told, r.Intent.Target.Instance) }})
	for i, r := range out.Results {
		if r.N != i || r.Intent.Target.Instance != fmt.Sprint("order-", i+1) || r.Changed != (i > 0) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if len(out.Batch.Steps) != 2 || len(told) != 2 || f.sets[base(0)] != 0 || stands(t, j) != "in_force in_force " {
		t.Errorf("%d steps, told of %v, %s", len(out.Batch.Steps), told, stands(t, j))
	}
	// Undoing it leaves alone what it left alone.
	_, err = d.Undo(t.Context(), out.Batch, change.Options{})
	must(t, err)
	if got := f.states(t, 3); got != "1 forced_open, 2 closed" {
		t.Error(got)
	}
}

// TestAnotherEnd: whoever orders again what they have in force gives it another
// end, and at that end it is as before the first order: not held for ever.
func TestAnotherEnd(t *testing.T) {
	f, j := newFake(t, 2), openJournal(t)
	d := desk.New(setup(adminEnv(f), j, "alice"))
	plan, err := d.Plan(t.Context(), ordering(t, 2, fleet.Trip))
	must(t, err)
	done(t, d, plan, change.Options{TTL: time.Minute})
	plan, err = d.Plan(t.Context(), ordering(t, 2, fleet.Trip))
	must(t, err)
	out := done(t, d, plan, change.Options{TTL: 30 * time.Second})
	if r := out.Results[0]; r.Changed || r.Began.IsZero() || out.Batch.Steps[0].Was != "closed" || r.Was == "closed" {
		t.Errorf("%+v; written down as %+v", r, out.Batch.Steps[0])
	}
	if got := stands(t, j); got != "replaced in_force " {
		t.Error(got)
	}
	_, err = desk.PutBackDue(t.Context(), j, opener(d), change.Filter{}, time.Now().Add(40*time.Second))
	must(t, err)
	if got := f.states(t, 2); got != "2 closed" {
		t.Error(got)
	}
	if got := stands(t, j); got != "replaced undone done " {
		t.Error(got)
	}
}

// TestWhatWasReplacedIsBack: a change that is taken back leaves the one before it
// in force, with its own end.
func TestWhatWasReplacedIsBack(t *testing.T) {
	for _, verb := range []fleet.Verb{fleet.Bypass, fleet.Reset} {
		f, j := newFake(t, 2), openJournal(t)
		d := desk.New(setup(adminEnv(f), j, "alice"))
		plan, err := d.Plan(t.Context(), ordering(t, 2, fleet.Trip))
		must(t, err)
		first := done(t, d, plan, change.Options{TTL: time.Minute})
		plan, err = d.Plan(t.Context(), ordering(t, 2, verb))
		must(t, err)
		second := done(t, d, plan, change.Options{Override: true})
		if got := stands(t, j); got != "replaced in_force " && got != "replaced done " {
			t.Errorf("%s: %s", verb, got)
		}
		_, err = d.Undo(t.Context(), second.Batch, change.Options{})
		must(t, err)
		if got := f.states(t, 2); got != "2 forced_open" || stands(t, j) != "in_force undone done " {
			t.Errorf("%s: %s, %s", verb, got, stands(t, j))
		}
		due, err := j.Batches(t.Context(), change.Filter{Due: time.Now().Add(time.Hour)})
		if err != nil || len(due) != 1 || due[0].ID != first.Batch.ID {
			t.Errorf("%s: %+v, %v", verb, due, err)
		}
	}
}

// TestRetryKnowsItsPlaces: a retry that is planned again keeps where its steps
// were, and asks nobody twice who did not answer.
func TestRetryKnowsItsPlaces(t *testing.T) {
	f, j := newFake(t, 4), openJournal(t)
	d := desk.New(setup(adminEnv(f), j, "alice"))
	f.refuses[base(1)], f.dead[base(3)] = fmt.Errorf("no"), fmt.Errorf("gone")
	plan, err := d.Plan(t.Context(), ordering(t, 4, fleet.Trip))
	must(t, err)
	out, err := d.Apply(t.Context(), plan, change.Options{})
	must(t, err)
	clear(f.lists)
	retry, err := d.PlanRetry(t.Context(), out.Batch)
	must(t, err)
	intents := []change.Intent{retry.Steps[0].Intent, retry.Steps[1].Intent}
	again, err := d.Replan(t.Context(), retry, intents)
	must(t, err)
	for i, of := range []int{1, 3} {
		if again.Steps[i].Of != of || again.Retries != out.Batch.ID {
			t.Errorf("%d: of %d, retries %s", i, again.Steps[i].Of, again.Retries)
		}
	}
	if f.lists[base(3)] != 1 || again.Steps[1].What != "trip breaker payment of order/order-4" {
		t.Errorf("asked %d times; %s", f.lists[base(3)], again.Steps[1].What)
	}
}

// TestAnEndForWhatHadNone: an order without an end that is given one ends then,
// and one that had a later end ends sooner.
func TestAnEndForWhatHadNone(t *testing.T) {
	for _, first := range []time.Duration{0, time.Hour} {
		f, j := newFake(t, 2), openJournal(t)
		d := desk.New(setup(adminEnv(f), j, "alice"))
		for _, ttl := range []time.Duration{first, time.Minute} {
			plan, err := d.Plan(t.Context(), ordering(t, 2, fleet.Trip))
			must(t, err)
			done(t, d, plan, change.Options{TTL: ttl})
		}
		_, err := desk.PutBackDue(t.Context(), j, opener(d), change.Filter{}, time.Now().Add(2*time.Minute))
		must(t, err)
		if got := f.states(t, 2); got != "2 closed" || stands(t, j) != "replaced undone done " {
			t.Errorf("first for %v: %s, %s", first, got, stands(t, j))
		}
	}
}
