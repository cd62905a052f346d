package breakers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestTheScreen(t *testing.T) {
	w := newWorld(t)
	w.screens()
	w.tty = true
	r := w.run(t)
	if r.Err != nil {
		t.Errorf("ended with %v\n%s", r.Err, r.Errs)
	}
	lines(t, "breakers", r.Out, `
  SERVICE  BREAKER    STATE        OBSERVED  INSTANCES  FAIL  SLOW  REJECTED  SINCE  HELD BY
✗ order    payment    open         –         3 of 4      62%    0%     1,204  3 m    itself
! order    inventory  forced open  closed    4 of 4      n/a   n/a        88  9 m    oncall-1: "db move",
                                                                                     ends in 51 s
✓ gateway  order      closed       –         2 of 2     0.4%    0%         0  2 h
  3 more are closed
nobody says how the breakers of 1 other instance are read
`)
	lines(t, "breakers list", w.run(t, "list").Out, r.Out)
	lines(t, "--open", w.run(t, "--open", "order").Out, `
  SERVICE  BREAKER    STATE        OBSERVED  INSTANCES  FAIL  SLOW  REJECTED  SINCE  HELD BY
✗ order    payment    open         –         3 of 3      62%    0%     1,200  3 m    itself
! order    inventory  forced open  closed    4 of 4      n/a   n/a        88  9 m    oncall-1: "db move",
                                                                                     ends in 51 s
`)
	lines(t, "all well", w.run(t, "gateway/user", "edge").Out, "2 breakers of 2 services: all closed")
	lines(t, "none refuses", w.run(t, "gateway", "--open").Out, "none of 4 breakers refuses calls")
}

// TestNarrow: on a terminal of 80 columns nothing runs over its edge: what is
// least wanted is left out.
func TestNarrow(t *testing.T) {
	w := newWorld(t)
	w.screens()
	w.tty, w.columns = true, 80
	lines(t, "breakers", w.run(t).Out, `
  SERVICE  BREAKER    STATE        INSTANCES  FAIL  SINCE  HELD BY
✗ order    payment    open         3 of 4      62%  3 m    itself
! order    inventory  forced open  4 of 4      n/a  9 m    oncall-1: "db move",
                                                           ends in 51 s
✓ gateway  order      closed       2 of 2     0.4%  2 h
  3 more are closed
nobody says how the breakers of 1 other instance are read
`)
	lines(t, "show", w.run(t, "show", "order/inventory", "--instance", "order-3").Out, `
  INSTANCE       BREAKER    STATE        FAIL  SINCE  HELD BY
! order/order-3  inventory  forced open   n/a  9 m    oncall-1: "db move",
                                                      ends in 51 s
    can be ordered: trip, reset, bypass, half-open, over memory at memory://10.5.111.3:80
    change 01J9K
`)
}

// TestOffATerminal: every row, no folding, no relative times, numbers as they
// are.
func TestOffATerminal(t *testing.T) {
	w := newWorld(t)
	w.screens()
	want := strings.NewReplacer(" ", "\t", "_", " ").Replace(`
SERVICE BREAKER STATE OBSERVED INSTANCES FAIL SLOW REJECTED SINCE HELD_BY
order payment open - 3_of_4 0.62 0 1204 2026-01-02T02:11:00.000Z itself
order inventory forced_open closed 4_of_4 - - 88 2026-01-02T02:05:00.000Z oncall-1:_"db_move",_ends_at_2026-01-02T02:14:51Z
order user closed - 4_of_4 0 0 0 2026-01-02T01:14:00.000Z -
edge shop/s1 closed - 1_of_1 - - - - -
`)
	lines(t, "breakers", w.run(t, "order", "edge").Out, want)
}

func TestWide(t *testing.T) {
	w := newWorld(t)
	w.screens()
	r := w.run(t, "order/payment", "-o", "wide", "--no-headers")
	var got []string
	for line := range strings.Lines(r.Out) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		got = append(got, strings.Join(cells[3:8], " ")+" "+cells[len(cells)-1])
	}
	want := []string{"order payment open - order-1 memory", "order payment open - order-2 memory", "order payment open - order-3 memory", "order payment closed - order-4 memory"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestNames(t *testing.T) {
	w := newWorld(t)
	w.screens()
	lines(t, "-o name", w.run(t, "-o", "name").Out, "edge/shop/s1\ngateway/order\ngateway/user\norder/inventory\norder/payment\norder/user")
	for _, address := range strings.Fields(w.run(t, "-o", "name").Out) {
		if r := w.run(t, "show", address, "-o", "name"); r.Err != nil || strings.TrimSpace(r.Out) != address {
			t.Errorf("%s is not accepted back: %v, %s", address, r.Err, r.Out)
		}
	}
}

// TestHeldByWhomWeKnow: the journal's word goes before the far side's.
func TestHeldByWhomWeKnow(t *testing.T) {
	w := newWorld(t)
	w.put("edge", 1, "a", fleet.BreakerForcedOpen)
	w.put("edge", 1, "b", fleet.BreakerDisabled, heldBy(fleet.Hold{By: "far", Reason: "x"}))
	w.put("edge", 1, "c", fleet.BreakerForcedOpen, heldBy(fleet.Hold{By: "late", Until: night.Add(-time.Minute)}))
	w.put("edge", 1, "d", fleet.BreakerHalfOpen)
	w.holders = func(k fleet.Key, b *fleet.Breaker) fleet.Hold {
		if k.Name == "edge" && b.Name == "b" {
			return fleet.Hold{By: "oncall-2", Reason: "rehearsal", Change: "01J9B"}
		}
		return fleet.Hold{}
	}
	w.tty = true
	lines(t, "holders", w.run(t, "edge").Out, `
  SERVICE  BREAKER  STATE        INSTANCES  FAIL  SLOW  REJECTED  HELD BY
! edge     a        forced open  1 of 1      n/a   n/a       n/a  someone else
! edge     c        forced open  1 of 1      n/a   n/a       n/a  late, should have ended 1 m ago
! edge     d        half open    1 of 1      n/a   n/a       n/a  itself
! edge     b        disabled     1 of 1      n/a   n/a       n/a  oncall-2: "rehearsal"
`)
	r := w.run(t, "edge/b", "-o", "json", "--jq", ".items[]|[.heldBy, .hold.change]|join(\" \")")
	lines(t, "as data", r.Out, "oncall-2 01J9B")
}

// TestDocument: what was read and what was not are in one document.
func TestDocument(t *testing.T) {
	w := newWorld(t)
	w.screens()
	var doc struct {
		Kind   string
		Counts map[string]int
		Items  []struct{ Service, Instance, Breaker, State string }
		Errors []struct{ Service, Instance, Reason string }
	}
	if err := json.Unmarshal([]byte(w.run(t, "order", "-o", "json").Out), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Kind != "Breakers" || len(doc.Items) != 12 || doc.Counts["open"] != 3 || doc.Counts["forcedOpen"] != 4 || doc.Counts["breakers"] != 12 || len(doc.Errors) != 0 {
		t.Errorf("%+v", doc)
	}
	if first := fmt.Sprint(doc.Items[0]); first != "{order order-1 inventory forced_open}" {
		t.Errorf("sorted by key: %s", first)
	}
}

// TestEnds: a listing ends well; what could not be read, and what is not there,
// is 3 with a sentence and what to do.
func TestEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		args string
		fail error
		code app.Code
		errs []string
	}{
		{"well", "order", nil, app.OK, nil},
		{"a breaker that is open is shown, no verdict", "order/payment", nil, app.OK, nil},
		{"none is open", "gateway --open", nil, app.OK, nil},
		{"no such service", "ordr/payment", nil, app.CannotSay, []string{"error: no such service: ordr", "hint: did you mean order?"}},
		{"no such breaker", "order/paymnt", nil, app.CannotSay, []string{"error: no such breaker: order/paymnt", "hint: did you mean order/payment?"}},
		{"nothing like it", "order/xyzzy", nil, app.CannotSay, []string{"error: no such breaker: order/xyzzy", "hint: midwatch breakers list"}},
		{"one of two", "order/payment order/xyzzy", nil, app.CannotSay, []string{"error: no such breaker: order/xyzzy"}},
		{"nobody says how", "plain", nil, app.CannotSay, []string{"error: nobody says how the breakers of plain are read", "hint: set profile or breakers.api; midwatch registries lists the APIs"}},
		{"nobody says how, by name", "plain/payment", nil, app.CannotSay, []string{"error: nobody says how the breakers of plain/payment are read"}},
		{
			"out of reach", "order",
			&fleet.Error{Reason: probe.ReasonAuth, Detail: "401 at /breakers", Hint: "set auth in its profile"},
			app.CannotSay,
			[]string{"error: breakers of order/order-1 and 3 more instances could not be read", "401 at /breakers", "hint: set auth in its profile"},
		},
		{"out of reach, by name", "order/payment", errors.New("odd"), app.CannotSay, []string{"error: breakers of order/order-1 and 3 more instances could not be read"}},
		{"misspelt command", "shw order/payment", nil, app.Usage, nil},
		{"misspelt command, alone", "lsit", nil, app.CannotSay, []string{"error: no such service: lsit", "hint: did you mean midwatch breakers list?"}},
		{"wrong address", "order/", nil, app.Usage, nil},
		{"wrong flag value", "--interval 1ms", nil, app.Usage, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.screens()
			w.far.Fail(tt.fail)
			r := w.run(t, strings.Fields(tt.args)...)
			if r.Code() != tt.code {
				t.Errorf("ended with %d, want %d: %v\n%s%s", r.Code(), tt.code, r.Err, r.Out, r.Errs)
			}
			for _, want := range tt.errs {
				if !strings.Contains(r.Errs, want) {
					t.Errorf("nothing says %q:\n%s", want, r.Errs)
				}
			}
			if tt.code == app.OK && strings.Contains(r.Errs, "error") {
				t.Errorf("complained: %s", r.Errs)
			}
		})
	}
}

// TestNoInstanceHasABreaker: read, and there is none.
func TestNoInstanceHasABreaker(t *testing.T) {
	w := newWorld(t)
	if r := w.run(t, "order"); r.Code() != app.CannotSay || !strings.Contains(r.Errs, "there are no breakers of order") {
		t.Errorf("ended with %d: %s", r.Code(), r.Errs)
	}
	if r := w.run(t); r.Code() != app.CannotSay || !strings.Contains(r.Errs, "there are no breakers of 8 instances") {
		t.Errorf("ended with %d: %s", r.Code(), r.Errs)
	}
}

// TestLiteralName takes no globs and splits nothing.
func TestLiteralName(t *testing.T) {
	w := newWorld(t)
	w.put("edge", 1, "a/*", fleet.BreakerClosed)
	w.put("edge", 1, "a/b", fleet.BreakerClosed)
	lines(t, "literally", w.run(t, "edge", "--breaker", "a/*", "-o", "name").Out, "edge/a/*")
	lines(t, "everywhere", w.run(t, "--breaker", "a/b", "-o", "name").Out, "edge/a/b")
	if r := w.run(t, "edge", "--breaker", "b/*"); r.Code() != app.CannotSay {
		t.Errorf("ended with %d", r.Code())
	}
}

// TestAWordOfTheFarSide that is no state of ours is shown beside unknown.
func TestAWordOfTheFarSide(t *testing.T) {
	w := newWorld(t)
	w.put("edge", 1, "a", fleet.BreakerUnknown, func(b *fleet.Breaker) { b.Word = "WOBBLY" })
	lines(t, "list", w.run(t, "edge", "--no-headers").Out, "edge\ta\tunknown (WOBBLY)\t-\t1 of 1\t-\t-\t-\t-\t-")
	lines(t, "as data", w.run(t, "edge", "-o", "json", "--jq", ".items[].word").Out, "WOBBLY")
}

// TestHostileNames reach no terminal as they are.
func TestHostileNames(t *testing.T) {
	w := newWorld(t)
	w.put("edge", 1, "pay\x1b[31m\n::error::ment", fleet.BreakerForcedOpen, heldBy(fleet.Hold{By: "\x1b]0;me\a", Reason: "##[x]"}))
	for _, tty := range []bool{true, false} {
		w.tty = tty
		for _, args := range [][]string{{}, {"-o", "wide"}, {"-o", "name"}, {"show", "edge/*"}, {"-o", "json"}, {"-o", "yaml"}} {
			r := w.run(t, args...)
			if strings.ContainsAny(r.Out+r.Errs, "\x1b\a") || strings.Contains(r.Out, "\n::error::") {
				t.Errorf("%q wrote %q", args, r.Out+r.Errs)
			}
		}
	}
}
