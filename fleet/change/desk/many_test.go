package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/memory"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
)

// fake is an Admin over breakers in memory that can be made to fail for some
// instances, to take its time, and to count.
type fake struct {
	breaker.Admin
	far *memory.Far

	mu      sync.Mutex
	lists   map[string]int
	sets    map[string]int
	dead    map[string]error // by base: nothing is answered but this
	refuses map[string]error // writes are
	idle    map[string]bool  // writes are answered well, and do nothing
	took    time.Duration    // of each write
	now     int              // writes at once
	most    int
}

func newFake(t testing.TB, n int) *fake {
	t.Helper()
	f := &fake{far: &memory.Far{}, lists: map[string]int{}, sets: map[string]int{}, dead: map[string]error{}, refuses: map[string]error{}, idle: map[string]bool{}}
	for k := range n {
		f.far.Put(base(k), fleet.NewBreaker("payment", fleet.BreakerClosed))
	}
	a, err := f.far.Driver().Open(breaker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f.Admin = a
	return f
}

func (f *fake) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	f.mu.Lock()
	f.lists[at.Base]++
	err := f.dead[at.Base]
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return f.Admin.List(ctx, at)
}

func (f *fake) Set(ctx context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	f.mu.Lock()
	f.sets[at.Base]++
	err, idle := errors.Join(f.dead[at.Base], f.refuses[at.Base]), f.idle[at.Base]
	f.now++
	f.most = max(f.most, f.now)
	f.mu.Unlock()
	defer func() { f.mu.Lock(); f.now--; f.mu.Unlock() }()
	if f.took > 0 {
		<-time.After(f.took)
	}
	switch {
	case err != nil:
		return fleet.Breaker{}, err
	case idle:
		list, err := f.Admin.List(ctx, at)
		if err != nil {
			return fleet.Breaker{}, err
		}
		return list[0], breaker.ErrNoEffect
	}
	return f.Admin.Set(ctx, at, name, o)
}

// states is how many breakers are in which state.
func (f *fake) states(t testing.TB, n int) string {
	t.Helper()
	count := map[string]int{}
	for k := range n {
		list, err := f.Admin.List(context.Background(), breaker.Site{Base: base(k)})
		if err != nil {
			t.Fatal(err)
		}
		count[list[0].State.String()]++
	}
	var all []string
	for s, n := range count {
		all = append(all, fmt.Sprint(n, " ", s))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func openJournal(t testing.TB) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), t.TempDir(), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// TestOneThousand: all are done, most of them at once, each with one write, and
// the results are in the order of the plan.
func TestOneThousand(t *testing.T) {
	const n = 1000
	f, j := newFake(t, n), openJournal(t)
	d := desk.New(setup(adminEnv(f), j, "alice"))
	plan, err := d.Plan(t.Context(), ordering(t, n, fleet.Trip))
	must(t, err)
	if plan.What != "trip order/payment" {
		t.Errorf("it is called %q", plan.What)
	}
	var told []int
	out := done(t, d, plan, change.Options{Progress: func(r change.Result) { told = append(told, r.N) }})
	for i, r := range out.Results {
		if r.N != i || f.sets[base(i)] != 1 || f.lists[base(i)] != 1 {
			t.Fatalf("%d: %d writes, %d reads", r.N, f.sets[base(i)], f.lists[base(i)])
		}
	}
	slices.Sort(told)
	if len(told) != n || told[n-1] != n-1 {
		t.Errorf("told of %d", len(told))
	}
	if got := f.states(t, n); got != "1000 forced_open" {
		t.Errorf("%s", got)
	}
	b, err := j.Batch(t.Context(), out.Batch.ID)
	must(t, err)
	if tally := b.Tally(); tally != (change.Tally{All: n, Done: n, InForce: n}) || b.Finished.IsZero() {
		t.Errorf("%+v", tally)
	}
	undone, err := d.Undo(t.Context(), b, change.Options{})
	must(t, err)
	if undone.Batch.Undoes != b.ID || f.states(t, n) != "1000 closed" {
		t.Errorf("undone: %s", f.states(t, n))
	}
}

// TestOneDead fails alone, costs one question, and is all that a retry asks.
func TestOneDead(t *testing.T) {
	f, j := newFake(t, 10), openJournal(t)
	dead := errors.New("no answer in 2s")
	f.dead[base(3)] = dead
	d := desk.New(setup(adminEnv(f), j, "alice"))
	intents := ordering(t, 10, fleet.Trip)
	plan, err := d.Plan(t.Context(), intents)
	must(t, err)
	again, err := d.Replan(t.Context(), plan, intents)
	must(t, err)
	if !plan.Same(&again) || f.lists[base(3)] != 1 {
		t.Errorf("asked %d times", f.lists[base(3)])
	}
	out, err := d.Apply(t.Context(), again, change.Options{})
	must(t, err)
	if r := out.Results[3]; r.State != change.Failed || !errors.Is(r.Err, dead) || f.sets[base(3)] != 0 {
		t.Errorf("%s, %v, %d writes", r.State, r.Err, f.sets[base(3)])
	}
	if got := f.states(t, 10); got != "1 closed, 9 forced_open" {
		t.Errorf("%s", got)
	}
	delete(f.dead, base(3))
	b, err := j.Batch(t.Context(), out.Batch.ID)
	must(t, err)
	retry, err := d.PlanRetry(t.Context(), b)
	must(t, err)
	if len(retry.Steps) != 1 || retry.Retries != b.ID {
		t.Fatalf("%+v", retry.Steps)
	}
	second := done(t, d, retry, change.Options{})
	b, err = j.Batch(t.Context(), b.ID)
	must(t, err)
	if retry, err = d.PlanRetry(t.Context(), b); err != nil || len(retry.Steps) != 0 {
		t.Errorf("a second retry: %+v, %v", retry.Steps, err)
	}
	for _, id := range []string{second.Batch.ID, b.ID} {
		b, err := j.Batch(t.Context(), id)
		must(t, err)
		_, err = d.Undo(t.Context(), b, change.Options{})
		must(t, err)
	}
	if got := f.states(t, 10); got != "10 closed" {
		t.Errorf("%s", got)
	}
}

// TestAllDead is no plan.
func TestAllDead(t *testing.T) {
	f := newFake(t, 2)
	dead := errors.New("no answer in 2s")
	f.dead[base(0)], f.dead[base(1)] = dead, dead
	plan, err := desk.New(setup(adminEnv(f), nil, "alice")).Plan(t.Context(), ordering(t, 2, fleet.Trip))
	if !errors.Is(err, dead) || len(plan.Steps) > 0 {
		t.Errorf("%+v, %v", plan, err)
	}
}

// TestHalfRefuse: each says why, and an answer that is well and does nothing is
// a failure.
func TestHalfRefuse(t *testing.T) {
	f := newFake(t, 4)
	f.refuses[base(0)] = fmt.Errorf("401: %w", fleet.ErrDenied)
	f.idle[base(1)] = true
	d := desk.New(setup(adminEnv(f), openJournal(t), "alice"))
	plan, err := d.Plan(t.Context(), ordering(t, 4, fleet.Trip))
	must(t, err)
	out, err := d.Apply(t.Context(), plan, change.Options{})
	must(t, err)
	if got := states(out.Results); got != "order-1 failed, order-2 failed, order-3 done, order-4 done" {
		t.Errorf("%s", got)
	}
	if !errors.Is(out.Results[0].Err, fleet.ErrDenied) || !errors.Is(out.Results[1].Err, breaker.ErrNoEffect) {
		t.Errorf("%v, %v", out.Results[0].Err, out.Results[1].Err)
	}
}

// TestBatches: so many at a time, a pause between, and an end after too many
// failures.
func TestBatches(t *testing.T) {
	for _, c := range []struct {
		name    string
		options change.Options
		refuse  int
		most    int
		took    time.Duration
		states  string
	}{
		{"all at once", change.Options{}, 0, 20, time.Second, "20 forced_open"},
		{"no more than wanted", change.Options{Parallel: 5}, 0, 5, 4 * time.Second, "20 forced_open"},
		{"in batches", change.Options{Batch: 8, Pause: time.Minute}, 0, 8, 2*time.Minute + 3*time.Second, "20 forced_open"},
		{"enough failures", change.Options{Batch: 8, Pause: time.Minute, MaxFailures: 3}, 4, 8, time.Second, "16 closed, 4 forced_open"},
		{"not enough", change.Options{Batch: 8, Pause: time.Minute, MaxFailures: 5}, 4, 8, 2*time.Minute + 3*time.Second, "16 forced_open, 4 closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, 20)
				f.took = time.Second
				for k := range c.refuse {
					f.refuses[base(k)] = errors.New("no")
				}
				d := desk.New(setup(adminEnv(f), nil, "alice"))
				plan, err := d.Plan(t.Context(), ordering(t, 20, fleet.Trip))
				must(t, err)
				began := time.Now()
				_, err = d.Apply(t.Context(), plan, c.options)
				must(t, err)
				// A group of results may be waited for at the end.
				if took := time.Since(began); took.Truncate(time.Second) != c.took || f.most != c.most || f.states(t, 20) != c.states {
					t.Errorf("%v, %d at once, %s", took, f.most, f.states(t, 20))
				}
			})
		})
	}
}

// TestTheFewOfOneFarSystem: an admin API that many targets share is not
// overrun.
func TestTheFewOfOneFarSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.took = time.Second
		var intents []change.Intent
		for n := range 12 {
			b := fleet.NewBreaker(fmt.Sprint("s", n), fleet.BreakerClosed)
			f.far.Put(base(0), b)
			i, err := change.BreakerIntent("prod", change.Target{Service: "edge", Instance: "edge-1", Breaker: b.Name, Admin: &fleet.Administration{Base: base(0)}}, change.Order{Verb: fleet.Trip})
			must(t, err)
			intents = append(intents, i)
		}
		d := desk.New(setup(adminEnv(f), nil, "alice"))
		plan, err := d.Plan(t.Context(), intents)
		must(t, err)
		done(t, d, plan, change.Options{})
		if f.most != 4 {
			t.Errorf("%d at once", f.most)
		}
		if _, err := d.Plan(t.Context(), append(intents, intents[0])); err == nil || !strings.Contains(err.Error(), "named twice") {
			t.Errorf("a target twice: %v", err)
		}
	})
}

// TestEndedInTheMiddle: those in hand are finished and written down, the others
// are not begun, and the journal says so.
func TestEndedInTheMiddle(t *testing.T) {
	j := openJournal(t)
	f := newFake(t, 30)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	f.refuses[base(29)] = errors.New("never asked")
	s := setup(adminEnv(f), j, "alice")
	var mu sync.Mutex
	s.Hook = func(b change.Boundary) {
		mu.Lock()
		defer mu.Unlock()
		if b == change.AfterRequest {
			if n++; n == 3 {
				cancel()
			}
		}
	}
	d := desk.New(s)
	plan, err := d.Plan(ctx, ordering(t, 30, fleet.Trip))
	must(t, err)
	out, err := d.Apply(ctx, plan, change.Options{Parallel: 2})
	must(t, err)
	b, err := j.Batch(t.Context(), out.Batch.ID)
	must(t, err)
	tripped := 0
	for i, r := range out.Results {
		if r.State == change.Done {
			tripped++
		} else if r.State != change.NotDone || !errors.Is(r.Err, context.Canceled) {
			t.Errorf("%s: %s, %v", r.What, r.State, r.Err)
		}
		if b.Steps[i].State != r.State {
			t.Errorf("%s by the journal, and %s", b.Steps[i].State, r.State)
		}
	}
	if tripped < 3 || tripped > 4 || f.states(t, 30) != fmt.Sprintf("%d closed, %d forced_open", 30-tripped, tripped) || b.Finished.IsZero() {
		t.Errorf("%d done; %s", tripped, f.states(t, 30))
	}
}

// BenchmarkTrip is what a thousand cost, without the wire.
func BenchmarkTrip(b *testing.B) {
	for b.Loop() {
		f := newFake(b, 1000)
		d := desk.New(setup(adminEnv(f), openJournal(b), "alice"))
		plan, err := d.Plan(b.Context(), ordering(b, 1000, fleet.Trip))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.Apply(b.Context(), plan, change.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
