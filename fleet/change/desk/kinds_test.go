package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// eachChange runs a test for every kind of change in every world; the world
// holds three instances of payment.
func eachChange(t *testing.T, test func(t *testing.T, w world, h *hooked, i change.Intent, start []string)) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		for name, i := range intents(t) {
			t.Run(name, func(t *testing.T) {
				for id := range map[string]bool{"payment-1": true, "payment-2": true} {
					h.put(t, id, "10.0.0."+id[len(id)-1:]+":80")
				}
				h.put(t, "10.0.0.3:80", "10.0.0.3:80")
				h.before, h.after, h.calls = nil, nil, nil
				test(t, w, h, i, h.holds(t))
				_ = h.Registrar.Deregister(context.Background(), key("payment-9"))
				_ = h.Registrar.Deregister(context.Background(), key("10.0.0.1:80"))
			})
		}
	})
}

// prepared opens a change and prepares it.
func prepared(t *testing.T, h *hooked, i change.Intent) (change.Change, change.Before) {
	t.Helper()
	c, err := kind.Open(h.env(), i)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c, b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expectHolds(t *testing.T, h *hooked, want []string, when string) {
	t.Helper()
	if got := h.holds(t); !slices.Equal(got, want) {
		t.Errorf("%s it holds\n%s\nwant\n%s", when, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPrepareChangesNothing(t *testing.T) {
	eachChange(t, func(t *testing.T, _ world, h *hooked, i change.Intent, start []string) {
		c, b := prepared(t, h, i)
		if _, _, _, err := c.Describe(t.Context(), b); err != nil {
			t.Error(err)
		}
		if h.writes() > 0 {
			t.Errorf("it wrote: %q", h.calls)
		}
		if !json.Valid(b) {
			t.Errorf("what was there before is no JSON: %s", b)
		}
		expectHolds(t, h, start, "after Prepare")
	})
}

func TestDoTwiceIsTheSameAsOnce(t *testing.T) {
	eachChange(t, func(t *testing.T, _ world, h *hooked, i change.Intent, start []string) {
		c, b := prepared(t, h, i)
		must(t, c.Do(t.Context(), b))
		once := h.holds(t)
		if slices.Equal(once, start) {
			t.Error("it did nothing")
		}
		must(t, c.Do(t.Context(), b))
		expectHolds(t, h, once, "after the second Do")
		seen, err := c.After(t.Context(), b)
		if err != nil || !seen.OK || !seen.Changed {
			t.Errorf("read back: %+v, %v", seen, err)
		}
		must(t, c.Undo(t.Context(), b))
	})
}

func TestUndo(t *testing.T) {
	eachChange(t, func(t *testing.T, _ world, h *hooked, i change.Intent, start []string) {
		c, b := prepared(t, h, i)
		must(t, c.Undo(t.Context(), b))
		expectHolds(t, h, start, "after Undo without Do")
		if h.writes() > 0 {
			t.Errorf("Undo without Do wrote: %q", h.calls)
		}
		must(t, c.Do(t.Context(), b))
		must(t, c.Undo(t.Context(), b))
		expectHolds(t, h, start, "after Undo")
		must(t, c.Undo(t.Context(), b))
		expectHolds(t, h, start, "after the second Undo")
		if seen, err := c.After(t.Context(), b); err != nil || seen.Changed {
			t.Errorf("read back: %+v, %v", seen, err)
		}
	})
}

// TestAnotherProcessCanUndo: an intent and what was there before are all that
// is needed, as JSON.
func TestAnotherProcessCanUndo(t *testing.T) {
	eachChange(t, func(t *testing.T, w world, h *hooked, i change.Intent, start []string) {
		c, b := prepared(t, h, i)
		kept, err := json.Marshal(struct {
			Intent change.Intent
			Before change.Before
		}{i, b})
		must(t, err)
		must(t, c.Do(t.Context(), b))

		var read struct {
			Intent change.Intent
			Before json.RawMessage
		}
		must(t, json.Unmarshal(kept, &read))
		if !strings.HasPrefix(string(read.Before), "{") {
			t.Errorf("what was there before is kept as %s", read.Before)
		}
		other := w.open(t)
		step := change.Step{Intent: read.Intent, Before: read.Before}
		for _, u := range undo(t, other.desk(), []change.Result{{Step: step, State: change.Unknown}}) {
			if u.State != change.Done {
				t.Errorf("%+v", u)
			}
		}
		expectHolds(t, h, start, "after another's Undo")
	})
}

// TestPowerCut: the far side fails before or after each call of Do; whatever
// was done by then, Undo goes back.
func TestPowerCut(t *testing.T) {
	eachChange(t, func(t *testing.T, w world, h *hooked, i change.Intent, start []string) {
		c, b := prepared(t, h, i)
		h.calls = nil
		must(t, c.Do(t.Context(), b))
		calls := len(h.calls)
		must(t, c.Undo(t.Context(), b))
		cut := errors.New("power cut")
		for n := range calls {
			for _, late := range []bool{false, true} {
				met := 0
				fail := func(string) error {
					if met++; met > n {
						return cut
					}
					return nil
				}
				if late {
					h.after = fail
				} else {
					h.before = fail
				}
				if err := c.Do(t.Context(), b); !errors.Is(err, cut) {
					t.Errorf("Do with a cut at call %d: %v", n, err)
				}
				h.before, h.after = nil, nil
				again, err := kind.Open(w.open(t).env(), i)
				must(t, err)
				must(t, again.Undo(t.Context(), b))
				expectHolds(t, h, start, "after a power cut and Undo")
			}
		}
	})
}

func TestCancelledInTheMiddle(t *testing.T) {
	eachChange(t, func(t *testing.T, _ world, h *hooked, i change.Intent, start []string) {
		desk := h.desk()
		plan, err := desk.Plan(t.Context(), []change.Intent{i})
		must(t, err)
		for name, when := range map[string]func(cancel func()){
			"before it is written": func(cancel func()) { h.before = func(string) error { cancel(); return nil } },
			"after it is written":  func(cancel func()) { h.after = func(string) error { cancel(); return nil } },
			"the answer is lost":   func(cancel func()) { h.after = func(string) error { cancel(); h.after = nil; return context.Canceled } },
		} {
			ctx, cancel := context.WithCancel(t.Context())
			when(cancel)
			results := applyIn(ctx, t, desk, plan)
			h.before, h.after = nil, nil
			// Whatever came of it is known, not guessed: it was read back.
			changed := !slices.Equal(h.holds(t), start)
			if r := results[0]; (r.State == change.Done) != changed || r.State == change.Unknown || r.Changed != changed {
				t.Errorf("cancelled %s: %s, %+v; the world changed: %v", name, r.State, r.Err, changed)
			}
			for _, u := range undoIn(ctx, t, desk, results) {
				if u.State != change.Done {
					t.Errorf("cancelled %s: undo: %s, %v", name, u.State, u.Err)
				}
			}
			expectHolds(t, h, start, "cancelled "+name+" and undone")
			cancel()
		}
	})
}

// TestUndoLeavesAloneWhatIsNotOurs.
func TestUndoLeavesAloneWhatIsNotOurs(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		c, b := prepared(t, h, registering(t, "payment-9", "10.0.0.9:80"))
		must(t, c.Do(t.Context(), b))
		h.put(t, "payment-9", "10.0.7.7:80") // somebody takes the id over
		must(t, c.Undo(t.Context(), b))
		if got := h.holds(t); len(got) != 1 || !strings.Contains(got[0], "10.0.7.7:80") {
			t.Errorf("after Undo it holds %q", got)
		}
		results := undo(t, h.desk(), []change.Result{{Step: change.Step{Intent: registering(t, "payment-9", "10.0.0.9:80"), Before: b}, State: change.Done}})
		if r := results[0]; r.State != change.Left || !strings.Contains(r.Err.Error(), "10.0.7.7:80") {
			t.Errorf("the desk says %s, %v", r.State, r.Err)
		}

		c, b = prepared(t, h, deregistering(t, "payment-9", 0))
		must(t, c.Do(t.Context(), b))
		h.put(t, "payment-9", "10.0.8.8:80") // the living instance writes itself again, elsewhere
		must(t, c.Undo(t.Context(), b))
		if got := h.holds(t); len(got) != 1 || !strings.Contains(got[0], "10.0.8.8:80") {
			t.Errorf("after Undo it holds %q", got)
		}
	})
}

// TestAnIdIsBetterThanAnAddress is a bug that was: the first entry whose id or
// address was the word was taken.
func TestAnIdIsBetterThanAnAddress(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		h.put(t, "a", "10.0.0.5:80")
		h.put(t, "10.0.0.5:80", "10.0.0.6:80")
		c, b := prepared(t, h, deregistering(t, "10.0.0.5:80", 0))
		if was, _, _, err := c.Describe(t.Context(), b); err != nil || !strings.HasPrefix(was, "10.0.0.6:80") {
			t.Errorf("it is about %q, %v", was, err)
		}
		must(t, c.Do(t.Context(), b))
		if got := h.holds(t); len(got) != 1 || !strings.Contains(got[0], `"a","10.0.0.5:80"`) {
			t.Errorf("what is left is %q", got)
		}
	})
}

func TestDescribe(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		h.put(t, "payment-1", "10.0.0.1:80")
		for _, c := range []struct {
			intent          change.Intent
			what, was, will string
		}{
			{registering(t, "payment-9", "10.0.0.9:80"), "register payment/payment-9 at 10.0.0.9:80 in reg", "no entry", "10.0.0.9:80, version 3.0.0, zone c"},
			{registering(t, "payment-1", "10.0.0.9:80"), "register payment/payment-1 at 10.0.0.9:80 in reg", "10.0.0.1:80, version 2.4.1, zone b", "10.0.0.9:80, version 3.0.0, zone c"},
			{deregistering(t, "payment-1", 0), "deregister payment/payment-1 from reg", "10.0.0.1:80, version 2.4.1, zone b", "no entry"},
		} {
			ch, b := prepared(t, h, c.intent)
			was, will, _, err := ch.Describe(t.Context(), b)
			if ch.String() != c.what || was != c.was || will != c.will || err != nil {
				t.Errorf("%q: %q -> %q, %v", ch, was, will, err)
			}
		}
	})
}

// siding tells of side effects.
type siding struct {
	*hooked
	err error
}

func (s siding) SideEffects(_ context.Context, k fleet.Key, verb string) ([]string, error) {
	return []string{verb + " " + k.String() + ": consul agent on n3"}, s.err
}

func TestSideEffectsArePartOfThePlan(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		h.put(t, "payment-1", "10.0.0.1:80")
		for _, c := range []struct {
			err  error
			want int
			bad  bool
		}{{nil, 1, false}, {fleet.ErrNotFound, 0, false}, {errors.New("no"), 0, true}} {
			env := kind.Env{Registry: func(string) (registry.Registry, error) { return siding{h, c.err}, nil }}
			for _, i := range []change.Intent{registering(t, "payment-1", "10.0.0.2:80"), deregistering(t, "payment-1", 0)} {
				plan, err := desk.New(desk.Setup{Env: env}).Plan(t.Context(), []change.Intent{i})
				if (err != nil) != c.bad || err == nil && len(plan.Steps[0].SideEffects) != c.want {
					t.Errorf("%s with %v: %+v, %v", i.Kind, c.err, plan, err)
				}
			}
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	readOnly := kind.Env{Registry: func(source string) (registry.Registry, error) {
		if source == "gone" {
			return nil, fleet.ErrNotFound
		}
		return struct{ registry.Registry }{}, nil
	}}
	for _, c := range []struct {
		name   string
		intent change.Intent
		is     error
		words  string
	}{
		{"an unknown kind", change.Intent{Kind: "explode"}, fleet.ErrNotFound, `"explode"`},
		{"no kind", change.Intent{}, fleet.ErrNotFound, `""`},
		{"register without the ability", registering(t, "a", "10.0.0.1:80"), change.ErrUnable, "reg"},
		{"deregister without the ability", deregistering(t, "a", 0), change.ErrUnable, "reg"},
		{"no such source", change.Intent{Kind: "register", Target: change.Target{Source: "gone"}, Params: json.RawMessage(`{}`)}, fleet.ErrNotFound, ""},
		{"parameters that are none", change.Intent{Kind: "register", Params: json.RawMessage(`{"Address":7}`)}, nil, "parameters of a register"},
		{"no parameters", change.Intent{Kind: "deregister"}, nil, "parameters of a deregister"},
	} {
		ch, err := kind.Open(readOnly, c.intent)
		if err == nil || ch != nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v, %v", c.name, ch, err)
		}
	}
}

func TestKinds(t *testing.T) {
	var names []string
	for _, k := range change.Kinds() {
		names = append(names, k.Name)
		if k.Summary == "" || strings.ToLower(k.Summary[:1]) != k.Summary[:1] {
			t.Errorf("%s: %q is no summary", k.Name, k.Summary)
		}
	}
	if want := []string{"register", "deregister", "breaker", "drain"}; !slices.Equal(names, want) {
		t.Errorf("kinds %q, want %q", names, want)
	}
}

func TestABeforeThatCannotBeRead(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		h.put(t, "payment-1", "10.0.0.1:80")
		for _, i := range []change.Intent{registering(t, "payment-1", "10.0.0.2:80"), deregistering(t, "payment-1", 0)} {
			c, _ := prepared(t, h, i)
			bad := change.Before(`{"Was":7}`)
			_, _, _, describing := c.Describe(t.Context(), bad)
			_, reading := c.After(t.Context(), bad)
			for _, err := range []error{describing, reading, c.Undo(t.Context(), bad)} {
				if err == nil || !strings.Contains(err.Error(), "what was there before cannot be read") {
					t.Errorf("%s: %v", i.Kind, err)
				}
			}
		}
		if h.writes() > 0 {
			t.Errorf("it wrote: %q", h.calls)
		}
	})
}

func TestDeregisterOfWhatIsNotThere(t *testing.T) {
	inWorlds(t, func(t *testing.T, w world) {
		h := w.open(t)
		_, err := h.desk().Plan(t.Context(), []change.Intent{deregistering(t, "payment-1", 0)})
		if !errors.Is(err, fleet.ErrNotFound) || !strings.Contains(err.Error(), "payment/payment-1") {
			t.Errorf("%v", err)
		}
	})
}
