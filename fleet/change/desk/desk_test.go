package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/registry/memory"
)

// three puts payment-1, 2 and 3 into a registry.
func three(t *testing.T, h *hooked) {
	for n := 1; n <= 3; n++ {
		h.put(t, fmt.Sprintf("payment-%d", n), fmt.Sprintf("10.0.0.%d:80", n))
	}
}

// inMemory is one connection to a store of its own.
func inMemory() (*hooked, *memory.Store) {
	store := memory.NewStore()
	c := store.Open()
	return &hooked{Registry: c, Registrar: c}, store
}

func planned(t *testing.T, d change.Desk, intents ...change.Intent) change.Plan {
	t.Helper()
	plan, err := d.Plan(t.Context(), intents)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// states is how the steps ended, and of what instance each is.
func states(results []change.Result) string {
	var all []string
	for _, r := range results {
		all = append(all, r.Intent.Target.Instance+" "+string(r.State))
	}
	return strings.Join(all, ", ")
}

func TestDesk(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		three(t, h)
		start := h.holds(t)
		d := h.desk()
		plan := planned(t, d, registering(t, "payment-9", "10.0.0.9:80"), registering(t, "payment-1", "10.0.0.8:80"), deregistering(t, "payment-2", 0))
		if plan.Context != "prod" || len(plan.Steps) != 3 || h.writes() > 0 {
			t.Errorf("%+v, after %q", plan, h.calls)
		}
		results := apply(t, d, plan)
		if got, want := states(results), "payment-9 done, payment-1 done, payment-2 done"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		for i, now := range []string{"10.0.0.9:80, version 3.0.0, zone c", "10.0.0.8:80, version 3.0.0, zone c", "no entry"} {
			if r := results[i]; r.Now != now || !r.Changed || r.Err != nil {
				t.Errorf("%s: now %q, changed %v, %v", r.What, r.Now, r.Changed, r.Err)
			}
		}
		undone := undo(t, d, results)
		if got, want := states(undone), "payment-2 done, payment-1 done, payment-9 done"; got != want {
			t.Errorf("undone %s, want %s: the newest first", got, want)
		}
		for i, now := range []string{"it came back: 10.0.0.2:80, version 2.4.1, zone b", "10.0.0.1:80, version 2.4.1, zone b", "no entry"} {
			if undone[i].Now != now {
				t.Errorf("undone: now %q, want %q", undone[i].Now, now)
			}
		}
		expectHolds(t, h, start, "after it was undone")
	})
}

func TestPlanIsWholeOrNone(t *testing.T) {
	h, _ := inMemory()
	three(t, h)
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		intent change.Intent
		before func(string) error
	}{
		"an intent that cannot be opened": {intent: change.Intent{Kind: "explode"}},
		"an entry that is not there":      {intent: deregistering(t, "payment-7", 0)},
		"a registry that does not answer": {intent: registering(t, "payment-7", "10.0.0.7:80"), before: func(string) error { return broken }},
	} {
		h.before = c.before
		plan, err := h.desk().Plan(t.Context(), []change.Intent{registering(t, "payment-8", "10.0.0.8:80"), c.intent})
		if err == nil || len(plan.Steps) > 0 {
			t.Errorf("%s: %+v, %v", name, plan, err)
		}
	}
	if h.writes() > 0 {
		t.Errorf("%q", h.calls)
	}
}

func TestPartialResults(t *testing.T) {
	h, _ := inMemory()
	three(t, h)
	d := h.desk()
	plan := planned(t, d, deregistering(t, "payment-1", 0), deregistering(t, "payment-2", 0), deregistering(t, "payment-3", 0))
	refusal := fmt.Errorf("read-only: %w", fleet.ErrDenied)
	n := 0
	h.before = func(call string) error {
		if call == "deregister" {
			if n++; n == 2 {
				return refusal
			}
		}
		return nil
	}
	results := apply(t, d, plan)
	h.before = nil
	if got, want := states(results), "payment-1 done, payment-2 failed, payment-3 done"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if r := results[1]; !errors.Is(r.Err, fleet.ErrDenied) || r.Changed || !strings.Contains(r.Now, "10.0.0.2:80") {
		t.Errorf("the failed one: now %q, changed %v, %v", r.Now, r.Changed, r.Err)
	}
	if got, want := states(undo(t, d, results)), "payment-3 done, payment-2 done, payment-1 done"; got != want {
		t.Errorf("undone %s, want %s", got, want)
	}
	if len(h.holds(t)) != 3 {
		t.Errorf("it holds %q", h.holds(t))
	}
}

func TestNotDoneAfterTheEnd(t *testing.T) {
	h, _ := inMemory()
	three(t, h)
	d := h.desk()
	plan := planned(t, d, deregistering(t, "payment-1", time.Hour), deregistering(t, "payment-2", 0), deregistering(t, "payment-3", 0))
	ctx, cancel := context.WithCancel(t.Context())
	h.after = func(call string) error {
		if call == "deregister" {
			cancel()
		}
		return nil
	}
	results := applyIn(ctx, t, d, plan)
	h.after = nil
	if got, want := states(results), "payment-1 done, payment-2 not_done, payment-3 not_done"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !errors.Is(results[1].Err, context.Canceled) || results[1].Now != "" || results[1].Changed {
		t.Errorf("%+v", results[1])
	}
	if got, want := states(undoIn(ctx, t, d, results)), "payment-1 done"; got != want {
		t.Errorf("undone %s, want %s: nothing else was begun", got, want)
	}
	if len(h.holds(t)) != 3 {
		t.Errorf("it holds %q", h.holds(t))
	}
}

// TestTheRegistryBreaksAfterTheWrite: it was asked for and could not be read
// back.
func TestTheRegistryBreaksAfterTheWrite(t *testing.T) {
	for name, i := range intents(t) {
		t.Run(name, func(t *testing.T) {
			h, _ := inMemory()
			three(t, h)
			h.put(t, "10.0.0.3:80", "10.0.0.3:80")
			d := h.desk()
			plan := planned(t, d, i)
			gone, lost := errors.New("connection refused"), errors.New("the answer was lost")
			for _, c := range []struct {
				answer error
				words  string
			}{{nil, "it was done and could not be read back"}, {lost, "the answer was lost; and what is there now could not be read"}} {
				h.after = func(string) error {
					h.before = func(string) error { return gone }
					return c.answer
				}
				r := apply(t, d, plan)[0]
				if r.State != change.Unknown || !errors.Is(r.Err, gone) || c.answer != nil && !errors.Is(r.Err, c.answer) || !strings.Contains(r.Err.Error(), c.words) || r.Now != "" || r.Changed {
					t.Errorf("%s: now %q, changed %v, %v", r.State, r.Now, r.Changed, r.Err)
				}
				h.before, h.after = nil, nil
			}
			h.before = func(string) error { return gone }
			if u := undo(t, d, []change.Result{{Step: plan.Steps[0], State: change.Unknown}})[0]; u.State != change.Failed || !errors.Is(u.Err, gone) {
				t.Errorf("undo with a dead registry: %s, %v", u.State, u.Err)
			}
		})
	}
}

// TestReadingBackIsBounded is a bug that was: a registry that hangs after the
// write held the command for ever, as what is done has to be read back even
// when the command was ended.
func TestReadingBackIsBounded(t *testing.T) {
	for name, i := range intents(t) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, store := inMemory()
				three(t, h)
				h.put(t, "10.0.0.3:80", "10.0.0.3:80")
				d := h.desk()
				plan := planned(t, d, i)
				var heal func()
				h.after = func(string) error {
					if heal == nil {
						heal = store.Break(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
					}
					return nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				r := applyIn(ctx, t, d, plan)[0]
				if took := time.Since(start); took > change.ReadBack || r.State != change.Unknown || !errors.Is(r.Err, context.DeadlineExceeded) {
					t.Errorf("%s after %v: %v", r.State, took, r.Err)
				}
				start = time.Now()
				u := undoIn(ctx, t, d, []change.Result{r})[0]
				if took := time.Since(start); took > change.ReadBack || u.State != change.Failed {
					t.Errorf("undo: %s after %v: %v", u.State, took, u.Err)
				}
				heal()
				if u = undoIn(ctx, t, d, []change.Result{r})[0]; u.State != change.Done {
					t.Errorf("undo of the healed: %s, %v", u.State, u.Err)
				}
			})
		})
	}
}

func TestCameBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration // until the living instance writes itself again; 0: never
		addr  string
		end   time.Duration // of the command; 0: none
		state change.State
		now   string
		took  time.Duration
	}{
		{name: "it stays away", state: change.Done, now: "no entry", took: 10 * time.Second},
		{name: "it comes back", after: 3 * time.Second, addr: "10.0.0.1:80", state: change.Failed, now: "it came back: 10.0.0.1:80, version 2.4.1, zone b", took: 3 * time.Second},
		{name: "it comes back elsewhere", after: 3 * time.Second, addr: "10.0.7.7:80", state: change.Failed, now: "it came back: 10.0.7.7:80, version 2.4.1, zone b", took: 3 * time.Second},
		{name: "it comes back after that", after: 30 * time.Second, addr: "10.0.0.1:80", state: change.Done, now: "no entry", took: 10 * time.Second},
		{name: "the command ends while it looks", end: 4 * time.Second, state: change.Done, now: "no entry", took: 4 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, _ := inMemory()
				three(t, h)
				if c.after > 0 {
					living := time.AfterFunc(c.after, func() { h.put(t, "payment-1", c.addr) })
					defer living.Stop()
				}
				d := h.desk()
				plan := planned(t, d, deregistering(t, "payment-1", 10*time.Second))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.end > 0 {
					time.AfterFunc(c.end, cancel)
				}
				start := time.Now()
				r := applyIn(ctx, t, d, plan)[0]
				if took := time.Since(start); r.State != c.state || r.Now != c.now || took != c.took {
					t.Errorf("%s, now %q, after %v; want %s, %q, %v", r.State, r.Now, took, c.state, c.now, c.took)
				}
				if r.State == change.Failed && r.Err.Error() != c.now {
					t.Errorf("error %v", r.Err)
				}
			})
		})
	}
}

// TestItIsThereAtOnce: the living instance was quicker than our reading.
func TestItIsThereAtOnce(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		three(t, h)
		d := h.desk()
		plan := planned(t, d, deregistering(t, "payment-1", time.Minute))
		h.after = func(call string) error {
			if call == "deregister" {
				h.put(t, "payment-1", "10.0.0.1:80")
			}
			return nil
		}
		r := apply(t, d, plan)[0]
		if r.State != change.Failed || r.Changed || !strings.HasPrefix(r.Now, "it came back: 10.0.0.1:80") {
			t.Errorf("%s, now %q, changed %v, %v", r.State, r.Now, r.Changed, r.Err)
		}
	})
}

// TestNobodyLooked is a bug that was: a registry that broke while the entry was
// to be watched counted as an entry that stayed away.
func TestNobodyLooked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, store := inMemory()
		three(t, h)
		d := h.desk()
		lists := 0
		h.after = func(call string) error {
			if call == "list" {
				if lists++; lists == 2 { // the plan, and what After reads first
					store.Break(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
				}
			}
			return nil
		}
		r := apply(t, d, planned(t, d, deregistering(t, "payment-1", 10*time.Second)))[0]
		if r.State != change.Unknown || !strings.Contains(r.Err.Error(), "whether it stays away could not be seen") {
			t.Errorf("%s, %v", r.State, r.Err)
		}
	})
}

// TestSomethingElseIsThere: what was written is not what is read.
func TestSomethingElseIsThere(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		three(t, h)
		for name, meddle := range map[string]func(){
			"another address": func() { h.put(t, "payment-9", "10.0.7.7:80") },
			"another version": func() { h.put(t, "payment-9", "10.0.0.9:80") },
			"nothing":         func() { h.take(t, "payment-9") },
		} {
			d := h.desk()
			plan := planned(t, d, registering(t, "payment-9", "10.0.0.9:80"))
			h.after = func(call string) error {
				if call == "register" {
					meddle()
				}
				return nil
			}
			if r := apply(t, d, plan)[0]; r.State != change.Failed || r.Err == nil || r.Changed != (name != "nothing") {
				t.Errorf("%s: %s, now %q, changed %v, %v", name, r.State, r.Now, r.Changed, r.Err)
			}
			h.after = nil
			_ = h.Registrar.Deregister(t.Context(), key("payment-9"))
		}
	})
}

// TestAWriteWhoseAnswerWasLost is settled by reading.
func TestAWriteWhoseAnswerWasLost(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		three(t, h)
		d := h.desk()
		plan := planned(t, d, registering(t, "payment-9", "10.0.0.9:80"), deregistering(t, "payment-1", 0))
		h.after = func(call string) error {
			if call != "list" {
				return errors.New("connection reset")
			}
			return nil
		}
		results := apply(t, d, plan)
		if got, want := states(results), "payment-9 done, payment-1 done"; got != want || results[0].Err != nil {
			t.Errorf("%s, %v; want %s", got, results[0].Err, want)
		}
		// Once more: nothing changes, and the failure is one.
		if r := apply(t, d, planned(t, d, registering(t, "payment-9", "10.0.0.9:80")))[0]; r.State != change.Failed || r.Changed {
			t.Errorf("%s, changed %v, %v", r.State, r.Changed, r.Err)
		}
	})
}

// TestOnlyTheWeightChanges is a bug that was: what people do not read of an
// entry was no change.
func TestOnlyTheWeightChanges(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		three(t, h)
		d := h.desk()
		same := change.Entry{Address: "10.0.0.1:80", Zone: "b", Version: "2.4.1", Weight: 3, Labels: map[string]string{"team": "shop"}}
		for name, c := range map[string]struct {
			alter   func(*change.Entry)
			changed bool
		}{
			"nothing":  {func(*change.Entry) {}, false},
			"weight":   {func(e *change.Entry) { e.Weight = 9 }, true},
			"a label":  {func(e *change.Entry) { e.Labels = map[string]string{"team": "other"} }, true},
			"a lease":  {func(e *change.Entry) { e.TTL = time.Minute }, false},
			"the zone": {func(e *change.Entry) { e.Zone = "d" }, true},
		} {
			e := same
			c.alter(&e)
			i, err := change.RegisterIntent("prod", target("payment-1"), e)
			must(t, err)
			results := apply(t, d, planned(t, d, i))
			if r := results[0]; r.State != change.Done || r.Changed != c.changed {
				t.Errorf("%s: %s, changed %v, %v", name, r.State, r.Changed, r.Err)
			}
			undo(t, d, results)
			h.put(t, "payment-1", "10.0.0.1:80")
		}
	})
}

// TestAPlanOfAnotherProcess: a step that came as data is opened again.
func TestAPlanOfAnotherProcess(t *testing.T) {
	h, _ := inMemory()
	d := h.desk()
	plan := planned(t, d, registering(t, "payment-9", "10.0.0.9:80"))
	data, err := json.Marshal(plan)
	must(t, err)
	var read change.Plan
	must(t, json.Unmarshal(data, &read))
	read.Steps = append(read.Steps, change.Step{Intent: change.Intent{Kind: "explode"}})
	results := apply(t, d, read)
	if got, want := states(results), "payment-9 done,  failed"; got != want || results[1].Err == nil {
		t.Errorf("%q, want %q", got, want)
	}
	if undone := undo(t, d, results); states(undone) != "payment-9 done" {
		t.Errorf("undone %q", states(undone))
	}
	if got := h.holds(t); len(got) > 0 {
		t.Errorf("it holds %q", got)
	}
}

// TestIntentsHoldNoSecret: what is journalled is what was asked for.
func TestIntentsHoldNoSecret(t *testing.T) {
	i := registering(t, "", "10.0.0.9:80")
	if i.Target.Instance != "10.0.0.9:80" {
		t.Errorf("without an id the address names it, not %q", i.Target.Instance)
	}
	if k := i.Target.Key(); k != (fleet.Key{Ref: fleet.Ref{Namespace: "shop", Name: "payment"}, Instance: "10.0.0.9:80"}) {
		t.Errorf("a registry's key is %+v", k)
	}
	data, err := json.Marshal(i)
	must(t, err)
	var fields map[string]any
	must(t, json.Unmarshal(data, &fields))
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"Context", "Kind", "Params", "Target"}; !slices.Equal(names, want) {
		t.Errorf("an intent has %q, want %q", names, want)
	}
}
