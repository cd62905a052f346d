package breakers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// TestTripScreen: the plan, the question, the answer, as people see them.
func TestTripScreen(t *testing.T) {
	s := newShop(t)
	s.config = "contexts:\n  - {name: prod, protected: true, registries: [\"FLEET\"]}\n"
	s.put("order-3", "payment", fleet.BreakerOpen)
	s.refuses["order-4"] = unauthorised
	s.tty, s.types = 80, "order"
	r := s.run(t, "trip", "order/payment", "--context", "prod", "--reason", "payment db failover")
	ends(t, "trip", r, app.Partial)
	lines(t, "the answer", r.Out, `
✓ order-1   ✓ order-2   ✓ order-3
✗ order-4  401 after a read that was let in: CSRF (set csrf: spring in profile
    "spring")`)
	all := s.journal(t)
	if len(all) != 1 {
		t.Fatalf("%d changes", len(all))
	}
	lines(t, "the plan", r.Errs, `
This opens breaker payment on 4 of 4 instances of order (prod, protected).
  order-1  closed  →  forced open      order-3  open    →  forced open
  order-2  closed  →  forced open      order-4  closed  →  forced open
Calls from order to payment will be refused at once.
opened on 3 of 4. change `+all[0].ID+`
undo: midwatch changes undo `+all[0].ID+`
retry: midwatch breakers trip --retry `+all[0].ID)
	if got := s.states(t, "payment"); got != "forced_open forced_open forced_open closed" {
		t.Error(got)
	}
	if b := all[0]; b.Reason != "payment db failover" || b.What != "trip order/payment" || b.Context != "prod" {
		t.Errorf("%+v", b)
	}
}

// TestTripElsewhere: off a terminal every instance has a row, and what people
// read is on standard error.
func TestTripElsewhere(t *testing.T) {
	s := newShop(t)
	s.refuses["order-4"] = unauthorised
	r := s.run(t, "trip", "order/payment", "--yes")
	ends(t, "trip", r, app.Partial, `hint: set csrf: spring in profile "spring"`, "opened on 3 of 4. change ", " · undo: midwatch changes undo ", " · retry: midwatch breakers trip --retry ")
	lines(t, "the answer", r.Out, "CHANGE\tRESULT\tWAS\tNOW\n"+
		"trip breaker payment of order/order-1\tdone\tclosed\tforced open ("+s.journal(t)[0].Who.String()+")\n"+
		"trip breaker payment of order/order-2\tdone\tclosed\tforced open ("+s.journal(t)[0].Who.String()+")\n"+
		"trip breaker payment of order/order-3\tdone\tclosed\tforced open ("+s.journal(t)[0].Who.String()+")\n"+
		"trip breaker payment of order/order-4\tfailed\tclosed\t401 after a read that was let in: CSRF")
	if got := asked(s.sets); got != "order-1 order-2 order-3 order-4" {
		t.Errorf("orders were sent to %s", got)
	}
}

// TestRefused: what is refused before anything is sent or written down, with the
// words and the code.
func TestRefused(t *testing.T) {
	const two = "contexts:\n  - {name: a, registries: [\"FLEET\"]}\n  - {name: b, registries: [\"FLEET\"]}\n  - {name: ro, readOnly: true, registries: [\"FLEET\"]}\n  - {name: prod, protected: true, registries: [\"FLEET\"]}\n"
	only := func(verbs ...fleet.Verb) func(*shop) {
		return func(s *shop) {
			for id := range 4 {
				s.verbs[fmt.Sprint("order-", id+1)] = verbs
			}
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(s *shop)
		args  []string
		code  app.Code
		says  []string
	}{
		{"no breaker named", nil, []string{"trip"}, app.Usage, []string{"which breaker?", "hint: such as trip order/payment"}},
		{"a typing error", nil, []string{"trip", "order/paymnt", "--yes"}, app.CannotSay, []string{"no such breaker: order/paymnt", "hint: did you mean order/payment?", "nothing was changed"}},
		{"a service that is not there", nil, []string{"trip", "ordr/payment", "--yes"}, app.CannotSay, []string{"no such service: ordr", "hint: did you mean order?"}},
		{"a service of several", nil, []string{"reset", "order", "--yes"}, app.Usage, []string{"order has 2 breakers: say which", "hint: order/payment  order/user"}},
		{"a glob of nothing", nil, []string{"trip", "order/x*", "--yes"}, app.CannotSay, []string{"no such breaker: order/x*"}},
		{"half a name", nil, []string{"trip", "order/", "--yes"}, app.Usage, []string{"want SERVICE/BREAKER"}},
		{"not order", nil, []string{"trip", "!order/payment", "--yes"}, app.Usage, []string{"a negated name means no breaker"}},
		{"a share of nothing", nil, []string{"trip", "order/payment", "--percent", "0"}, app.Usage, []string{"--percent 0: want 1 to 100"}},
		{"reset has no end", nil, []string{"reset", "order/payment", "--ttl", "1m"}, app.CannotSay, []string{"unknown flag: --ttl"}},
		{"an order it cannot take", only(fleet.Trip, fleet.Reset), []string{"half-open", "order/payment", "--yes"}, app.NotWell, []string{"nothing was changed: half-open cannot be given to breaker payment of order", "which can: trip, reset"}},
		{"one that only reads", only([]fleet.Verb{}...), []string{"trip", "order/payment", "--yes"}, app.NotWell, []string{"nothing was changed", "trip cannot be given to breaker payment of order", "which only reads"}},
		{"nobody answers", func(s *shop) {
			for id := range 4 {
				s.dead[fmt.Sprint("order-", id+1)] = timedOut
			}
		}, []string{"trip", "order/payment", "--yes"}, app.CannotSay, []string{"breakers of order/order-1 and 3 more instances could not be read: no answer in 2 s", "nothing was changed"}},
		{"a glob, and somebody does not answer", func(s *shop) { s.dead["gateway-1"], s.dead["gateway-2"] = timedOut, timedOut }, []string{"trip", "*/pay*", "--yes"}, app.CannotSay, []string{"breakers of gateway/gateway-1 could not be read, and some of them may be meant: no answer in 2 s: nothing was changed", "hint: name the breakers"}},
		{"more than expected", nil, []string{"trip", "order/payment", "--expect", "3", "--yes"}, app.NotWell, []string{"the plan has 4 targets, and 3 were expected: nothing was changed"}},
		{"nobody to ask", nil, []string{"trip", "order/payment"}, app.Usage, []string{"there is no terminal to ask on", "hint: --yes"}},
		{"no", func(s *shop) { s.types = "n" }, []string{"trip", "order/payment"}, app.NotWell, []string{"nothing was changed"}},
		{"several contexts", func(s *shop) { s.config = two }, []string{"trip", "order/payment", "--context", "a,b", "--yes"}, app.Usage, []string{"these breakers are in several contexts", "hint: choose one with --context"}},
		{"read-only", func(s *shop) { s.config = two }, []string{"trip", "order/payment", "--context", "ro", "--yes"}, app.NotWell, []string{"writes are refused here: read-only"}},
		{"--read-only", nil, []string{"trip", "order/payment", "--read-only", "--yes"}, app.NotWell, []string{"writes are refused here: read-only"}},
		{"protected wants the name", func(s *shop) { s.config = two }, []string{"trip", "order/payment", "--context", "prod", "--yes"}, app.Usage, []string{"hint: this context is protected: --confirm order"}},
		{"protected, two services", func(s *shop) { s.config = two }, []string{"trip", "*/payment", "--context", "prod", "--confirm", "order"}, app.Usage, []string{"one service at a time", "hint: change gateway and order one after the other"}},
		{"protected, another name", func(s *shop) { s.config = two }, []string{"trip", "order/payment", "--context", "prod", "--confirm", "gateway"}, app.NotWell, []string{"--confirm gateway is not the service's name"}},
		{"a registry that is silent", func(s *shop) {
			s.config = "contexts:\n  - {name: a, registries: [\"FLEET\", \"etcd://127.0.0.1:1\"]}\n"
		}, []string{"trip", "order/payment", "--context", "a", "--yes"}, app.CannotSay, []string{"registry etcd: ", ": nothing was changed", "hint: SOURCE:SERVICE means the services of one registry alone"}},
		{"held by somebody, by its mark", func(s *shop) {
			s.put("order-2", "payment", fleet.BreakerForcedOpen, heldBy(fleet.Hold{By: "bob@bastion-2", Reason: "db move"}))
		}, []string{"reset", "order/payment", "--yes"}, app.NotWell, []string{`somebody has it in hand: bob@bastion-2 ("db move")`, "hint: --override does it all the same"}},
		{"held by nobody known", func(s *shop) { s.put("order-2", "payment", fleet.BreakerDisabled) }, []string{"trip", "order/payment", "--yes"}, app.NotWell, []string{"somebody has it in hand: someone else"}},
		{"a change that is not there", nil, []string{"trip", "--retry", "1KZQ3TNV9J", "--yes"}, app.CannotSay, []string{"there is no change 1KZQ3TNV9J"}},
		{"a change and a name", nil, []string{"trip", "order/payment", "--retry", "1KZQ"}, app.Usage, []string{"name no breaker beside it"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShop(t)
			if c.spoil != nil {
				c.spoil(s)
			}
			ends(t, c.name, s.run(t, c.args...), c.code, c.says...)
			if len(s.sets) > 0 || len(s.journal(t)) > 0 {
				t.Errorf("orders were sent to %s, and %d changes were written down", asked(s.sets), len(s.journal(t)))
			}
		})
	}
}

// TestMixedFleet: those that cannot be asked, refuse, or do not do it, fail
// alone; each is asked once, and --retry goes to them alone.
func TestMixedFleet(t *testing.T) {
	s := newShop(t)
	s.dead["order-1"] = timedOut
	s.verbs["order-2"] = []fleet.Verb{fleet.Reset}
	s.idle["order-3"] = true
	r := s.run(t, "trip", "order/payment", "--yes")
	ends(t, "trip", r, app.Partial,
		"This opens breaker payment on 2 of 4 instances of order, 2 cannot be done.",
		"  order-1  cannot be done: no answer in 2 s", "  order-2  cannot be done: trip cannot be given",
		"order-1\tfailed\t-\tno answer in 2 s", "order-3\tfailed\tclosed\torder-3: trip was answered well, and it is closed", "order-4\tdone",
		"opened on 1 of 4. change ")
	if s.lists["order-1"] != 1 {
		t.Errorf("one that does not answer was asked %d times", s.lists["order-1"])
	}
	if got := asked(s.sets); got != "order-3 order-4" {
		t.Errorf("orders were sent to %s", got)
	}
	first := s.journal(t)[0].ID
	clear(s.lists)
	clear(s.sets)
	s.idle["order-3"] = false
	ends(t, "another order", s.run(t, "reset", "--retry", first, "--yes"), app.Usage, "change "+first+" is no reset: it is trip order/payment")
	r = s.run(t, "trip", "--retry", first, "--yes")
	ends(t, "retry", r, app.Partial, "This goes on with "+first+": trip order/payment, by ", ": 3 of 4 targets.", "opened on 1 of 3. change ")
	if got := asked(s.sets); got != "order-3" {
		t.Errorf("orders were sent to %s", got)
	}
	if s.lists["order-4"] != 0 || s.lists["order-1"] != 1 {
		t.Errorf("asked %s", asked(s.lists))
	}
	clear(s.dead)
	clear(s.verbs)
	// From another place: it goes to where the change was made.
	second := s.journal(t)[1]
	s.config = "contexts:\n  - {name: a, registries: [\"etcd://127.0.0.1:1\"]}\n"
	ends(t, "the rest", s.run(t, "trip", "--retry", strings.ToLower(second.ID), "--yes"), app.OK, "opened on 2 of 2. change ")
	if got := s.states(t, "payment"); got != "forced_open forced_open forced_open forced_open" {
		t.Error(got)
	}
	ends(t, "nothing left", s.run(t, "trip", "--retry", s.journal(t)[2].ID, "--yes"), app.NotWell, "left nothing to do: nothing was changed")
}

// TestAlready: what is as ordered is said to be, and is neither sent nor written
// down, so that whoever holds it still does.
func TestAlready(t *testing.T) {
	s := newShop(t)
	ends(t, "trip one", s.run(t, "trip", "order/payment", "--instance", "order-2", "--yes"), app.OK, "on 1 of 4 instances of order.", "opened on 1 of 1.")
	clear(s.sets)
	ends(t, "again", s.run(t, "trip", "order/payment", "--instance", "order-2"), app.OK,
		"Breaker payment is forced open on 1 of 4 instances of order already: there is nothing to do.", "  order-2  forced open (", ")  already\n", "order-2\talready\tforced open", "nothing was changed")
	ends(t, "the others", s.run(t, "trip", "order/payment", "--yes"), app.OK, "on 3 of 4 instances of order, 1 is so already.", "opened on 3 of 4, 1 already. change ")
	if got := asked(s.sets); got != "order-1 order-3 order-4" {
		t.Errorf("orders were sent to %s", got)
	}
	all := s.journal(t)
	if len(all) != 2 || all[0].Tally().InForce != 1 || len(all[1].Steps) != 3 || all[1].Tally().InForce != 3 {
		t.Errorf("%+v", all)
	}
	s.dead["order-4"] = timedOut
	ends(t, "and one is silent", s.run(t, "trip", "order/payment", "--yes"), app.NotWell, "order-4\tfailed", "1 cannot be done", "nothing was changed")
	clear(s.dead)
	// With an end there is something to do: to give it one.
	r := s.run(t, "trip", "order/payment", "--ttl", "1h", "--wait", "--dry-run")
	ends(t, "with an end", r, app.OK, "This opens breaker payment on 4 of 4 instances", "(1 h) by this command, which stays.")
	ends(t, "reset", s.run(t, "reset", "order/payment", "--yes"), app.OK, "closed on 4 of 4.", "Calls from order to payment will pass as long as they succeed.")
	ends(t, "reset again", s.run(t, "reset", "order/payment", "--yes", "-o", "json", "--jq", `[.id, .exitCode, (.items[]|.state, .changed)]|join(" ")`), app.OK, " 0 done false done false done false done false")
}

// TestOverride: what somebody else holds is taken over where that is said, and
// going back goes back to them.
func TestOverride(t *testing.T) {
	s := newShop(t)
	s.put("order-2", "payment", fleet.BreakerForcedOpen, heldBy(fleet.Hold{By: "bob@bastion-2", Reason: "db move"}))
	ends(t, "trip", s.run(t, "trip", "order/payment", "--yes"), app.NotWell, "bob@bastion-2")
	ends(t, "override", s.run(t, "bypass", "order/payment", "--override", "--yes"), app.OK,
		`In the hands of bob@bastion-2 ("db move")`, "Calls from order to payment will pass unprotected", "bypassed on 4 of 4.")
	if b := s.journal(t)[0]; !b.Override {
		t.Errorf("%+v", b)
	}
}

// TestSetChanged: who is there is looked at again before the first write.
func TestSetChanged(t *testing.T) {
	for _, c := range []struct {
		name         string
		before, then int
	}{{"one is gone", 4, 3}, {"one came", 3, 4}} {
		s := newShop(t)
		s.hold(t, c.before, 2)
		var lists atomic.Int64 // several are asked at once
		s.onList = func(string) {
			if int(lists.Add(1)) == c.before*2 { // planned
				s.hold(t, c.then, 2)
			}
		}
		r := s.run(t, "trip", "order/payment", "--yes", "--parallel", "1")
		ends(t, c.name, r, app.NotWell, "what is there changed since the plan was shown: nothing was changed", "hint: run it again to see the new plan")
		if len(s.sets) > 0 {
			t.Errorf("%s: orders were sent to %s", c.name, asked(s.sets))
		}
		s.hold(t, c.before, 2)
		lists.Store(0)
		s.types = "y"
		r = s.run(t, "trip", "order/payment")
		// The second question finds nobody who answers: the first line was read.
		ends(t, c.name+", asked again", r, app.NotWell, "What is there changed meanwhile. The plan is now:\n", fmt.Sprintf("on %d of %d instances", c.then, c.then))
		if len(s.sets) > 0 {
			t.Errorf("%s: orders were sent to %s", c.name, asked(s.sets))
		}
	}
}

// TestInterrupted: Ctrl-C in the middle says what is left changed.
func TestInterrupted(t *testing.T) {
	s := newShop(t)
	ctx, stop := context.WithCancel(t.Context())
	s.onSet = func(string) { stop() }
	r := s.runUntil(ctx, t, "trip", "order/payment", "--batch", "1", "--pause", "1h", "--yes")
	ends(t, "stopped", r, app.Partial, "stopped. Left changed: 1 of 4: order/order-1 payment\n", "order-2\tnot done\tclosed\tcontext canceled", "undo: midwatch changes undo ")
	if got := s.states(t, "payment"); got != "forced_open closed closed closed" {
		t.Error(got)
	}
}

// TestBatches: after so many failures no more are begun.
func TestBatches(t *testing.T) {
	s := newShop(t)
	s.refuses["order-1"], s.refuses["order-2"] = unauthorised, unauthorised
	r := s.run(t, "trip", "order/payment", "--batch", "1", "--pause", "0s", "--max-failures", "2", "--yes")
	ends(t, "stopped", r, app.NotWell, "order-1\tfailed", "order-2\tfailed", "order-3\tnot done\tclosed\tstopped after too many failures", "opened on 0 of 4. change ", " · retry: ", "!undo: ")
	if got := asked(s.sets); got != "order-1 order-2" {
		t.Errorf("orders were sent to %s", got)
	}
}

// TestGlobs: several services in one order, each with its own sentence; --breaker
// is taken literally.
func TestGlobs(t *testing.T) {
	s := newShop(t)
	s.put("order-1", "pay*", fleet.BreakerClosed)
	r := s.run(t, "trip", "*/payment", "--dry-run")
	ends(t, "globs", r, app.OK, "This opens breaker payment on 2 of 2 instances of gateway.", "This opens breaker payment on 4 of 4 instances of order.", "Calls from gateway to payment will be refused at once.")
	r = s.run(t, "trip", "--breaker", "pay*", "--yes")
	ends(t, "literally", r, app.Partial, "This opens breaker pay* on 1 of 4 instances of order, 3 cannot be done.", `order/order-2 has no breaker "pay*"`)
	if got := asked(s.sets); got != "order-1" {
		t.Errorf("orders were sent to %s", got)
	}
	// Of gateway none answers; payment is named all the same, and is not done there.
	s.dead["gateway-1"], s.dead["gateway-2"] = timedOut, timedOut
	r = s.run(t, "trip", "gateway/payment", "order/payment", "--yes")
	ends(t, "one service is silent", r, app.Partial, "gateway-1  cannot be done: no answer in 2 s", "opened on 4 of 6.")
}

// TestShare: a share of the calls is said in the plan, and kept apart from all.
func TestShare(t *testing.T) {
	s := newShop(t)
	r := s.run(t, "trip", "order/payment", "--percent", "20", "--yes")
	ends(t, "a fifth", r, app.OK, "20% of the calls from order to payment will be refused at once.", "forced open for 20% of its calls")
	ends(t, "all", s.run(t, "trip", "order/payment", "--yes"), app.OK, "!already", "opened on 4 of 4.")
}

// TestNoJournal: nothing is written down where that is said, and nothing says how
// to undo it.
func TestNoJournal(t *testing.T) {
	s := newShop(t)
	ends(t, "no journal", s.run(t, "trip", "order/payment", "--no-journal", "--reason", "full disk", "--yes"), app.OK, "opened on 4 of 4\n", "!undo:", "!change ")
	if got := s.journal(t); got != nil {
		t.Errorf("%+v", got)
	}
}

// TestErrorsAreKept: what a far side says is in the journal, and is never obeyed by
// a terminal.
func TestErrorsAreKept(t *testing.T) {
	s := newShop(t)
	s.refuses["order-1"] = errors.New("\x1b[2J::error::no")
	r := s.run(t, "trip", "order/payment", "--instance", "order-1", "--yes")
	ends(t, "hostile", r, app.NotWell, "!\x1b", `\x1b[2J`)
	if b := s.journal(t)[0]; b.Steps[0].State != change.Failed || b.Steps[0].Error == "" {
		t.Errorf("%+v", b.Steps)
	}
}

// TestSameCodeInEveryFormat: what an order came to does not depend on how it is
// shown.
func TestSameCodeInEveryFormat(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(s *shop)
		code  app.Code
	}{
		{"all", func(*shop) {}, app.OK},
		{"some", func(s *shop) { s.refuses["order-2"] = unauthorised }, app.Partial},
		{"some unread", func(s *shop) { s.dead["order-2"] = timedOut }, app.Partial},
		{"none", func(s *shop) {
			for id := range 4 {
				s.refuses[fmt.Sprint("order-", id+1)] = unauthorised
			}
		}, app.NotWell},
		{"already", func(s *shop) { s.run(t, "trip", "order/payment", "--yes") }, app.OK},
		{"held", func(s *shop) { s.put("order-1", "payment", fleet.BreakerDisabled) }, app.NotWell},
	} {
		for _, format := range [][]string{{"-o", "table"}, {"-o", "wide"}, {"-o", "json"}, {"-o", "yaml"}, {"-o", "jsonl"}, {"-o", "name"}, {"--jq", ".exitCode"}, {"--template", "{{.exitCode}}"}, {"-q"}} {
			t.Run(c.name+" "+strings.Join(format, " "), func(t *testing.T) {
				t.Parallel()
				s := newShop(t)
				c.spoil(s)
				r := s.run(t, append([]string{"trip", "order/payment", "--yes"}, format...)...)
				ends(t, c.name, r, c.code)
				switch format[0] {
				case "-q":
					if r.Out+r.Errs != "" {
						t.Errorf("quietly: %s%s", r.Out, r.Errs)
					}
				case "--jq", "--template":
					if got := strings.TrimSpace(r.Out); got != fmt.Sprint(int(c.code)) && c.name != "held" {
						t.Errorf("the document says %s", got)
					}
				}
			})
		}
	}
}

// TestManyInGroups: a plan of a thousand is told in groups, and so is what came
// of it.
func TestManyInGroups(t *testing.T) {
	const n = 1000
	s := newShop(t)
	s.hold(t, n, 0)
	for i := range n {
		s.put(fmt.Sprint("order-", i+1), "payment", fleet.BreakerClosed)
	}
	s.put("order-7", "payment", fleet.BreakerOpen)
	s.dead["order-9"] = timedOut
	s.refuses["order-4"] = unauthorised
	s.tty, s.types = 80, "y"
	r := s.run(t, "trip", "order/payment")
	ends(t, "many", r, app.Partial,
		"This opens breaker payment on 999 of 1000 instances of order, 1 cannot be done.\n",
		"   998  closed  →  forced open\n", "     1  open  →  forced open (order-7)\n", "     1  cannot be done: no answer in 2 s (order-9)\n",
		"✓ 998 done\n", "✗ order-4  401 after", "✗ order-9  no answer in 2 s\n", "opened on 998 of 1000. change ")
	if got := strings.Count(r.Errs, "\n"); got > 10 {
		t.Errorf("%d lines", got)
	}
}
