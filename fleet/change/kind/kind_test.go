package kind_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	breakers "github.com/midwatch-cli/midwatch/fleet/breaker/memory"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	registries "github.com/midwatch-cli/midwatch/fleet/registry/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const base = "memory://order-1"

var marks = change.Marks{By: "alice@bastion-1", Reason: "db move", Change: "1K9XQ2M7AB"}

// world is one instance with a breaker, in a registry, with an admin API.
type world struct {
	env   kind.Env
	far   *breakers.Far
	admin *hooked
	reg   registry.Registry
}

// hooked is an Admin whose writes can be interfered with.
type hooked struct {
	breaker.Admin
	breaker.Drainer
	after func() error // instead of a write's answer
}

func (h *hooked) Set(ctx context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	b, err := h.Admin.Set(ctx, at, name, o)
	if h.after != nil {
		if lost := h.after(); lost != nil {
			return fleet.Breaker{}, lost
		}
	}
	return b, err
}

func newWorld(t *testing.T) *world {
	t.Helper()
	store := registries.NewStore()
	store.Put(fleet.Service{Ref: fleet.Ref{Name: "order"}, Instances: []fleet.Instance{{ID: "order-1", Addr: "10.0.0.1:80"}}})
	client := store.Open()
	t.Cleanup(func() { _ = client.Close() })
	w := &world{far: &breakers.Far{}, reg: client}
	a, err := w.far.Driver().Open(breaker.Options{})
	must(t, err)
	w.admin = &hooked{Admin: a, Drainer: a.(breaker.Drainer)}
	w.env = kind.Env{
		Registry: func(string) (registry.Registry, error) { return client, nil },
		Admin:    func(fleet.Administration) (breaker.Admin, error) { return w.admin, nil },
	}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put puts the breaker into a state, held by somebody where a state is held.
func (w *world) put(s fleet.BreakerState, h fleet.Hold) {
	b := fleet.NewBreaker("payment", s)
	b.Observed, b.Hold = fleet.BreakerClosed, h
	w.far.Put(base, b)
}

// stands is all there is to be seen of the world.
func (w *world) stands(t *testing.T) string {
	t.Helper()
	list, err := w.admin.List(t.Context(), breaker.Site{Base: base})
	must(t, err)
	d, err := w.admin.Drained(t.Context(), breaker.Site{Base: base}, "")
	must(t, err)
	set, err := w.reg.List(t.Context())
	must(t, err)
	claimed := "-"
	if in := set.Services[0].Instances[0]; in.Claimed != nil {
		claimed = in.Claimed.String() + " " + in.ClaimNote
	}
	text := fmt.Sprint(d.On, d.Text, d.Hold.By, " ", claimed)
	for _, b := range list {
		text += fmt.Sprint(" ", b.State, b.Share, b.Hold)
	}
	return text
}

func target() change.Target {
	return change.Target{Source: "reg", Service: "order", Instance: "order-1", Address: "10.0.0.1:80", Breaker: "payment", Admin: &fleet.Administration{API: "memory", Base: base}}
}

func ordering(t *testing.T, o change.Order) change.Intent {
	t.Helper()
	i, err := change.BreakerIntent("prod", target(), o)
	must(t, err)
	return i
}

func draining(t *testing.T, d change.Drain) change.Intent {
	t.Helper()
	to := target()
	to.Breaker = ""
	i, err := change.DrainIntent("prod", to, d)
	must(t, err)
	return i
}

// action is a kind of change over a state of the world.
type action struct {
	name   string
	intent func(t *testing.T) change.Intent
	state  fleet.BreakerState
	hold   fleet.Hold
	before func(t *testing.T, w *world)
	was    string
	will   string
	now    string
}

var (
	bob  = fleet.Hold{By: "bob", Reason: "test"}
	ours = " (alice@bastion-1: db move)"
)

func order(v fleet.Verb, share float64) func(*testing.T) change.Intent {
	return func(t *testing.T) change.Intent { return ordering(t, change.Order{Verb: v, Share: share}) }
}

func drain(on bool, via string) func(*testing.T) change.Intent {
	return func(t *testing.T) change.Intent { return draining(t, change.Drain{On: on, Via: via}) }
}

func actions() []action {
	out := func(t *testing.T, w *world) {
		_, err := w.admin.SetDrain(t.Context(), breaker.Site{Base: base}, "", true, fleet.Order{By: "bob", Reason: "test"})
		must(t, err)
		d, _ := registry.As[registry.Drainer](w.reg)
		must(t, d.SetMaintenance(t.Context(), fleet.Key{Ref: fleet.Ref{Name: "order"}, Instance: "order-1"}, true, "a disk"))
	}
	return []action{
		{"trip a closed one", order(fleet.Trip, 0), fleet.BreakerClosed, fleet.Hold{}, nil, "closed", "forced open", "forced open" + ours},
		{"trip a part", order(fleet.Trip, 0.25), fleet.BreakerClosed, fleet.Hold{}, nil, "closed", "forced open for 25% of its calls", "forced open for 25% of its calls" + ours},
		{"trip another's bypass", order(fleet.Trip, 0), fleet.BreakerDisabled, bob, nil, "disabled (bob: test)", "forced open", "forced open" + ours},
		{"trip a tripped one", order(fleet.Trip, 0), fleet.BreakerForcedOpen, bob, nil, "forced open (bob: test)", "forced open", "forced open" + ours},
		{"reset a tripped one", order(fleet.Reset, 0), fleet.BreakerForcedOpen, bob, nil, "forced open (bob: test)", "closed", "closed"},
		{"reset a closed one", order(fleet.Reset, 0), fleet.BreakerClosed, fleet.Hold{}, nil, "closed", "closed", "closed"},
		{"bypass", order(fleet.Bypass, 0), fleet.BreakerClosed, fleet.Hold{}, nil, "closed", "disabled", "disabled" + ours},
		{"half-open a tripped one", order(fleet.HalfOpen, 0), fleet.BreakerForcedOpen, bob, nil, "forced open (bob: test)", "half open", "half open"},
		{"drain", drain(true, change.ViaAdmin), fleet.BreakerClosed, fleet.Hold{}, nil, "ready", "out of service: no new calls, those in flight finish", "draining" + ours},
		{"undrain another's", drain(false, change.ViaAdmin), fleet.BreakerClosed, fleet.Hold{}, out, "draining (bob: test)", "in service", "ready"},
		{"drain in the registry", drain(true, change.ViaRegistry), fleet.BreakerClosed, fleet.Hold{}, nil, "in service", "out of service: no new calls, those in flight finish", "out of service" + ours},
		{"drain a drained one", drain(true, change.ViaRegistry), fleet.BreakerClosed, fleet.Hold{}, out, "out of service (a disk)", "out of service: no new calls, those in flight finish", "out of service (a disk)"},
		{"undrain in the registry", drain(false, change.ViaRegistry), fleet.BreakerClosed, fleet.Hold{}, out, "out of service (a disk)", "in service", "in service"},
	}
}

// opened is an action's change in a fresh world, prepared.
func (a action) opened(t *testing.T) (*world, change.Change, change.Before) {
	t.Helper()
	w := newWorld(t)
	w.put(a.state, a.hold)
	if a.before != nil {
		a.before(t, w)
	}
	c := a.open(t, w)
	b, err := c.Prepare(t.Context())
	must(t, err)
	return w, c, b
}

// open opens it as any process would.
func (a action) open(t *testing.T, w *world) change.Change {
	t.Helper()
	c, err := kind.Open(w.env, a.intent(t))
	must(t, err)
	c.(change.Marker).Mark(marks)
	return c
}

func expect(t *testing.T, w *world, want, when string) {
	t.Helper()
	if got := w.stands(t); got != want {
		t.Errorf("%s: %s, want %s", when, got, want)
	}
}

// TestActions: the cases that hold for every kind of change.
func TestActions(t *testing.T) {
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			ctx := t.Context()
			w, c, b := a.opened(t)
			start := w.stands(t)
			was, will, _, err := c.Describe(ctx, b)
			if err != nil || was != a.was || will != a.will {
				t.Errorf("%q, %q, %v, want %q, %q", was, will, err, a.was, a.will)
			}
			must(t, c.Undo(ctx, b))
			expect(t, w, start, "Prepare changes nothing, nor does Undo without Do")
			must(t, c.Do(ctx, b))
			once := w.stands(t)
			must(t, c.Do(ctx, b))
			expect(t, w, once, "Do twice")
			seen, err := c.After(ctx, b)
			if err != nil || !seen.OK || seen.Text != a.now || seen.Changed != (start != once) {
				t.Errorf("%+v, %v, want %q", seen, err, a.now)
			}
			var kept change.Before
			must(t, json.Unmarshal(b, &kept))
			other := a.open(t, w)
			must(t, other.Undo(ctx, kept))
			expect(t, w, start, "another's Undo")
			must(t, other.Undo(ctx, kept))
			expect(t, w, start, "Undo twice")
			if seen, err := other.After(ctx, kept); err != nil || !seen.Back || seen.Changed {
				t.Errorf("after Undo: %+v, %v", seen, err)
			}
		})
	}
}

// TestLostAnswers: the order was carried out, and nobody heard of it.
func TestLostAnswers(t *testing.T) {
	for _, a := range actions()[:8] {
		w, c, b := a.opened(t)
		start := w.stands(t)
		lost := errors.New("the answer was lost")
		w.admin.after = func() error { return lost }
		if err := c.Do(t.Context(), b); !errors.Is(err, lost) {
			t.Errorf("%s: %v", a.name, err)
		}
		w.admin.after = nil
		if seen, err := c.After(t.Context(), b); err != nil || !seen.OK {
			t.Errorf("%s: %+v, %v", a.name, seen, err)
		}
		must(t, c.Undo(t.Context(), b))
		expect(t, w, start, a.name+" and Undo")
	}
}

// TestWhatBreakersDoThemselves: a breaker that opened by itself is put back to
// itself, and what it did meanwhile is no drift.
func TestWhatBreakersDoThemselves(t *testing.T) {
	a := action{intent: order(fleet.Trip, 0), state: fleet.BreakerOpen}
	_, c, b := a.opened(t)
	must(t, c.Do(t.Context(), b))
	must(t, c.Undo(t.Context(), b))
	seen, err := c.After(t.Context(), b)
	if err != nil || !seen.Back || seen.Text != "closed" {
		t.Errorf("%+v, %v", seen, err)
	}
	a = action{intent: order(fleet.Reset, 0), state: fleet.BreakerForcedOpen}
	w, c, b := a.opened(t)
	must(t, c.Do(t.Context(), b))
	w.put(fleet.BreakerOpen, fleet.Hold{})
	if seen, err := c.After(t.Context(), b); err != nil || seen.Text != "closed" {
		t.Errorf("what Set read back: %+v, %v", seen, err)
	}
	if seen, err := c.After(t.Context(), b); err != nil || seen.Text != "open" || !seen.OK {
		t.Errorf("open again: %+v, %v", seen, err)
	}
	must(t, c.Undo(t.Context(), b))
	if got := w.stands(t); !strings.Contains(got, "forced_open") {
		t.Errorf("undone: %s", got)
	}
}

// TestSomebodyElseCame: what somebody put in its place is left alone.
func TestSomebodyElseCame(t *testing.T) {
	for _, a := range actions() {
		if a.before != nil || a.hold != (fleet.Hold{}) {
			continue
		}
		for name, come := range map[string]func(t *testing.T, w *world){
			"another state": func(_ *testing.T, w *world) { w.put(fleet.BreakerMetricsOnly, bob) },
			"their mark": func(_ *testing.T, w *world) {
				var o change.Order
				must(t, json.Unmarshal(a.intent(t).Params, &o))
				w.put(o.Verb.State(), fleet.Hold{By: "bob", Change: "1K9XQ77777"})
			},
		} {
			i := a.intent(t)
			if i.Kind != change.KindBreaker || name == "their mark" && !i.Holds() {
				continue
			}
			w, c, b := a.opened(t)
			must(t, c.Do(t.Context(), b))
			come(t, w)
			theirs := w.stands(t)
			must(t, c.Undo(t.Context(), b))
			expect(t, w, theirs, a.name+", "+name)
		}
	}
	a := action{intent: drain(true, change.ViaRegistry), state: fleet.BreakerClosed}
	w, c, b := a.opened(t)
	must(t, c.Do(t.Context(), b))
	d, _ := registry.As[registry.Drainer](w.reg)
	must(t, d.SetMaintenance(t.Context(), fleet.Key{Ref: fleet.Ref{Name: "order"}, Instance: "order-1"}, true, "midwatch 1K9XQ77777 by bob: a disk"))
	must(t, c.Undo(t.Context(), b))
	if h, held := c.(change.Holder).Held(mustPrepare(t, c)); !held || h.By != "bob" || h.Reason != "a disk" || h.Change != "1K9XQ77777" {
		t.Errorf("bob's drain was ended: %+v, %v", h, held)
	}
}

// TestAnEndComesBackToo: what somebody had put there for a while is put back for
// what is left of it.
func TestAnEndComesBackToo(t *testing.T) {
	w := newWorld(t)
	w.put(fleet.BreakerClosed, fleet.Hold{})
	_, err := w.admin.SetDrain(t.Context(), breaker.Site{Base: base}, "", true, fleet.Order{By: "bob", TTL: time.Hour})
	must(t, err)
	a := action{intent: drain(false, change.ViaAdmin)}
	c := a.open(t, w)
	b := mustPrepare(t, c)
	must(t, c.Do(t.Context(), b))
	must(t, c.Undo(t.Context(), b))
	now, err := w.admin.Drained(t.Context(), breaker.Site{Base: base}, "")
	if left := time.Until(now.Hold.Until); err != nil || !now.On || now.Hold.By != "bob" || left < 50*time.Minute || left > time.Hour {
		t.Errorf("%+v, %v left, %v", now, left, err)
	}
}

func mustPrepare(t *testing.T, c change.Change) change.Before {
	t.Helper()
	b, err := c.Prepare(t.Context())
	must(t, err)
	return b
}

func TestLost(t *testing.T) {
	for _, c := range []struct {
		name string
		now  fleet.BreakerState
		hold fleet.Hold
		lost bool
	}{
		{"as ordered", fleet.BreakerForcedOpen, fleet.Hold{}, false},
		{"restarted", fleet.BreakerClosed, fleet.Hold{}, true},
		{"restarted, and open by itself", fleet.BreakerOpen, fleet.Hold{}, true},
		{"somebody else's", fleet.BreakerDisabled, fleet.Hold{}, false},
		{"reset by somebody who says so", fleet.BreakerClosed, bob, false},
	} {
		w, ch, b := action{intent: order(fleet.Trip, 0), state: fleet.BreakerClosed}.opened(t)
		must(t, ch.Do(t.Context(), b))
		w.put(c.now, c.hold)
		if lost, err := ch.(change.Holder).Lost(t.Context()); err != nil || lost != c.lost {
			t.Errorf("%s: %v, %v", c.name, lost, err)
		}
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	w := newWorld(t)
	w.put(fleet.BreakerClosed, fleet.Hold{})
	for name, c := range map[string]struct {
		spoil func(i *change.Intent)
		is    error
		says  string
	}{
		"no kind":        {func(i *change.Intent) { i.Kind = "explode" }, fleet.ErrNotFound, `no change is called "explode"`},
		"no parameters":  {func(i *change.Intent) { i.Params = json.RawMessage(`7`) }, nil, "parameters of a breaker change"},
		"nobody's":       {func(i *change.Intent) { i.Target.Admin = nil }, change.ErrUnable, "nobody says how it is administered"},
		"refused":        {func(i *change.Intent) { i.Target.Admin = &fleet.Administration{Refused: "link-local"} }, nil, "order/order-1 payment: link-local"},
		"no way":         {func(i *change.Intent) { i.Kind, i.Params = change.KindDrain, json.RawMessage(`{"Via":"magic"}`) }, fleet.ErrNotFound, `nothing is drained by way of "magic"`},
		"no drain":       {func(i *change.Intent) { i.Kind, i.Params = change.KindDrain, json.RawMessage(`7`) }, nil, "parameters of a drain change"},
		"no entry":       {func(i *change.Intent) { i.Kind, i.Params = change.KindRegister, json.RawMessage(`7`) }, nil, "parameters of a register change"},
		"no observation": {func(i *change.Intent) { i.Kind, i.Params = change.KindDeregister, json.RawMessage(`7`) }, nil, "parameters of a deregister change"},
	} {
		i := ordering(t, change.Order{Verb: fleet.Trip})
		c.spoil(&i)
		if _, err := kind.Open(w.env, i); err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	only := w.env
	only.Admin = func(fleet.Administration) (breaker.Admin, error) { return struct{ breaker.Admin }{w.admin}, nil }
	if _, err := kind.Open(only, draining(t, change.Drain{On: true, Via: change.ViaAdmin})); !errors.Is(err, change.ErrUnable) {
		t.Errorf("an API that drains nothing: %v", err)
	}
	for _, k := range change.Kinds() {
		if _, err := kind.Open(w.env, change.Intent{Kind: k.Name, Target: target(), Params: json.RawMessage(`{"Via":"admin"}`)}); errors.Is(err, fleet.ErrNotFound) {
			t.Errorf("%s is in the table and cannot be opened", k.Name)
		}
	}
}

func TestWhatCannotBePrepared(t *testing.T) {
	w := newWorld(t)
	b := fleet.NewBreaker("payment", fleet.BreakerClosed)
	b.Verbs = []fleet.Verb{fleet.Reset}
	w.far.Put(base, b)
	c, err := kind.Open(w.env, ordering(t, change.Order{Verb: fleet.Trip}))
	must(t, err)
	if _, err := c.Prepare(t.Context()); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "which can: reset") {
		t.Errorf("an order it has not: %v", err)
	}
	unknown := ordering(t, change.Order{Verb: fleet.Trip})
	unknown.Target.Breaker = "stock"
	c, err = kind.Open(w.env, unknown)
	must(t, err)
	if _, err := c.Prepare(t.Context()); !errors.Is(err, fleet.ErrNotFound) || !strings.Contains(err.Error(), `order/order-1 has no breaker "stock"`) {
		t.Errorf("an unknown breaker: %v", err)
	}
	must(t, c.Undo(t.Context(), change.Before(`{"State":"closed"}`))) // what is gone needs no undoing
	for _, bad := range []change.Before{change.Before(`{"State":"perhaps"}`), change.Before(`7`)} {
		_, _, _, describing := c.Describe(t.Context(), bad)
		_, reading := c.After(t.Context(), bad)
		for _, err := range []error{describing, reading, c.Undo(t.Context(), bad)} {
			if err == nil || !strings.Contains(err.Error(), "what was there before cannot be read") {
				t.Errorf("%s: %v", bad, err)
			}
		}
	}
	w.far.Fail(fleet.ErrDenied)
	if _, err := c.Prepare(t.Context()); !errors.Is(err, fleet.ErrDenied) {
		t.Errorf("denied: %v", err)
	}
}

// TestCancelled: what is done is read back also when nobody waits for it.
func TestCancelled(t *testing.T) {
	_, c, b := action{intent: order(fleet.Trip, 0), state: fleet.BreakerClosed}.opened(t)
	ctx, cancel := context.WithCancel(t.Context())
	must(t, c.Do(ctx, b))
	cancel()
	if err := c.Do(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("Do: %v", err)
	}
	if seen, err := c.After(ctx, b); err != nil || !seen.OK {
		t.Errorf("After reads all the same: %+v, %v", seen, err)
	}
}

func TestEnds(t *testing.T) {
	w, c, b := action{intent: order(fleet.Trip, 0), state: fleet.BreakerClosed}.opened(t)
	m := marks
	m.TTL = time.Hour
	c.(change.Marker).Mark(m)
	must(t, c.Do(t.Context(), b))
	list, err := w.admin.List(t.Context(), breaker.Site{Base: base})
	must(t, err)
	if h := list[0].Hold; h.Change != marks.Change || time.Until(h.Until) < 59*time.Minute {
		t.Errorf("the far side was told %+v", h)
	}
}
