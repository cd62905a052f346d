package memory_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/memory"
)

func TestMain(m *testing.M) { breakertest.Main(m) }

func TestConformance(t *testing.T) { breakertest.Run(t, fresh) }

func fresh(testing.TB) breakertest.World {
	far := &memory.Far{}
	const base = "memory://order-1"
	for _, name := range []string{"payment", "edge/shop/s1"} {
		b := fleet.NewBreaker(name, fleet.BreakerClosed)
		b.Observed = fleet.BreakerClosed
		far.Put(base, b)
	}
	return breakertest.World{
		Driver: far.Driver(),
		Open: func(t testing.TB) breaker.Admin {
			a, err := far.Driver().Open(breaker.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
		Site: breaker.Site{Base: base}, Names: []string{"payment", "edge/shop/s1"},
		Call: func(_ testing.TB, name string) bool { return far.Call(base, name) },
		Break: func(_ testing.TB, how breakertest.Fault) func() {
			far.Fail(map[breakertest.Fault]error{breakertest.Refuse: syscall.ECONNREFUSED, breakertest.Deny: fmt.Errorf("no right: %w", fleet.ErrDenied)}[how])
			return func() { far.Fail(nil) }
		},
		Cannot: map[breakertest.Hand]string{
			breakertest.HandSecret: "no credentials", breakertest.HandTrouble: "nothing of its own",
			breakertest.Hand(breakertest.Hang): "no wire", breakertest.Hand(breakertest.Half): "no wire",
			breakertest.Hand(breakertest.Garbage): "no wire", breakertest.Hand(breakertest.NoEffect): "no wire",
		},
	}
}

// TestTheSuiteCanFail hands the suite worlds that are broken on purpose.
func TestTheSuiteCanFail(t *testing.T) {
	for name, spoil := range map[string]func(*breakertest.World){
		"list/whole":       func(w *breakertest.World) { w.Names = []string{"payment", "absent"} },
		"list/denied":      func(w *breakertest.World) { w.Break = failing(errors.New("500")) },
		"set/unknown":      func(w *breakertest.World) { w.Unknown = "payment" },
		"set/traffic":      func(w *breakertest.World) { w.Call = func(testing.TB, string) bool { return true }; w.Settle = 50e6 },
		"ability/declared": func(w *breakertest.World) { w.Driver.Abilities = nil },
		"set/each":         func(w *breakertest.World) { w.Driver.Verbs = []fleet.Verb{fleet.Trip} },
		"list/faults":      func(w *breakertest.World) { w.Break = failing(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			w := fresh(t)
			spoil(&w)
			if found := breakertest.Try(t, name, w); len(found) == 0 {
				t.Errorf("the case found nothing wrong with a world that is")
			}
		})
	}
	w := fresh(t)
	w.Cannot[breakertest.HandCall] = "we would rather not"
	if found := breakertest.Try(t, "list/whole", w); len(found) == 0 {
		t.Errorf("a world excused itself from what it must be able to do")
	}
}

func failing(err error) func(testing.TB, breakertest.Fault) func() {
	return func(testing.TB, breakertest.Fault) func() {
		far := &memory.Far{}
		far.Fail(err)
		return func() {}
	}
}
