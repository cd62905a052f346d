package breakertest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/worldtest"
)

// oneCase is a rule and how it is checked.
type oneCase struct {
	name string
	rule string
	run  func(s *session)
}

// cases is the whole suite.
func cases() []oneCase {
	return []oneCase{
		{"list/whole", "every breaker, sorted, well formed, the same on three calls", listWhole},
		{"list/cancel", "a cancelled context ends it within a second, with the context's error", listCancel},
		{"list/deadline", "a far end that hangs ends with the deadline", listDeadline},
		{"list/faults", "an answer that is none is an error that names the address, never an empty list", listFaults},
		{"list/denied", "having no right is told apart from there being nothing", listDenied},
		{"list/trouble", "a breaker that opened by itself is open, and not forced open", listTrouble},
		{"set/each", "each order that is declared shows in what it returns and in a list after it", setEach},
		{"set/twice", "the same order twice is the same", setTwice},
		{"set/one", "an order for one breaker leaves the others as they are", setOne},
		{"set/unknown", "an unknown name is not found and does not exist afterwards", setUnknown},
		{"set/unsupported", "an order that is not declared is unsupported, and nothing changed", setUnsupported},
		{"set/traffic", "calls pass, are refused while it is tripped, and pass after the reset", setTraffic},
		{"set/no-effect", "an order that is answered well and does nothing is an error", setNoEffect},
		{"set/faults", "an order to a far end that fails is an error, and never says that it was done", setFaults},
		{"set/cancel", "a cancelled context orders nothing", setCancel},
		{"set/concurrent", "eight callers at a time", setConcurrent},
		{"ability/declared", "what is declared is there, and what is there is declared", abilityDeclared},
		{"ability/holds", "who ordered it and why comes back, where that is declared", abilityHolds},
		{"ability/observe", "what it observes is told apart from what was ordered, where that is declared", abilityObserve},
		{"ability/events", "a transition is told, where that is declared", abilityEvents},
		{"ability/drain", "drained, drained again, put back: each as read back, where that is declared", abilityDrain},
		{"safe/secret", "the credential is in no error", safeSecret},
	}
}

// Run runs every case, each on a world of its own.
func Run(t *testing.T, fresh func(t testing.TB) World) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) { c.try(t, fresh(t)) })
	}
}

// try runs the case on a world.
func (c oneCase) try(t testing.TB, w World) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the rule of %s: %s", c.name, c.rule)
		}
	})
	if problems := w.check(); len(problems) > 0 {
		t.Fatalf("the world is not complete:\n%s", strings.Join(problems, "\n"))
	}
	c.run(&session{TB: t, World: w})
}

// Try runs one case on a world and returns what it found wrong, without
// failing t. It shows that the suite can fail: hand it a world that is broken
// on purpose.
func Try(t testing.TB, name string, w World) []string {
	t.Helper()
	all := cases()
	i := slices.IndexFunc(all, func(c oneCase) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("no case is called %s", name)
	}
	return worldtest.Failures(t, func(t testing.TB) { all[i].try(t, w) })
}

// Names lists the cases.
func Names() (names []string) {
	for _, c := range cases() {
		names = append(names, c.name)
	}
	return names
}

// session is one case at work on one world.
type session struct {
	testing.TB
	World
}

// within is a context that ends with the test, or after d.
func (s *session) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	s.Cleanup(cancel)
	return ctx
}

// list lists, which has to work, and holds the answer to its form.
func (s *session) list(a breaker.Admin) []fleet.Breaker {
	s.Helper()
	list, err := a.List(s.within(s.settle()), s.Site)
	if err != nil {
		s.Fatalf("List: %v", err)
	}
	for i := range list {
		s.wellFormed(&list[i])
		if i > 0 && list[i-1].Name >= list[i].Name {
			s.Errorf("%q stands before %q", list[i-1].Name, list[i].Name)
		}
	}
	return list
}

// wellFormed holds a breaker to what every reader relies on.
func (s *session) wellFormed(b *fleet.Breaker) {
	s.Helper()
	for what, rate := range map[string]float64{"failure rate": b.FailureRate, "slow rate": b.SlowRate} {
		if rate < 0 || rate > 1 {
			s.Errorf("%q: its %s is %v: want 0 to 1, or NaN", b.Name, what, rate)
		}
	}
	if b.Name == "" || b.API != s.Driver.Name && s.Driver.Name != "memory" {
		s.Errorf("breaker %q of API %q: both are said, the API is %q", b.Name, b.API, s.Driver.Name)
	}
}

// state is the state of a breaker now.
func (s *session) state(a breaker.Admin, name string) fleet.BreakerState {
	s.Helper()
	b := breaker.Find(s.list(a), name)
	if b == nil {
		s.Fatalf("breaker %q is gone", name)
	}
	return b.State
}

// order is an order of the suite.
func order(v fleet.Verb) fleet.Order {
	return fleet.Order{Verb: v, By: "suite", Reason: "the suite tries it", Change: "01SUITE"}
}

// set orders, which has to work.
func (s *session) set(a breaker.Admin, name string, o fleet.Order) fleet.Breaker {
	s.Helper()
	b, err := a.Set(s.within(s.settle()), s.Site, name, o)
	if err != nil {
		s.Fatalf("%s %q: %v", o.Verb, name, err)
	}
	if b.Name != name || !breaker.Took(&b, o) {
		s.Fatalf("%s %q returned %q in state %s", o.Verb, name, b.Name, b.State)
	}
	s.wellFormed(&b)
	return b
}

// eventually waits until ok says so.
func (s *session) eventually(what string, ok func() bool) {
	s.Helper()
	end := time.NewTimer(s.settle())
	defer end.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end.C:
			s.Fatalf("not seen within %v: %s", s.settle(), what)
		}
	}
}
