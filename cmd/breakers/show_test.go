package breakers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestShow(t *testing.T) {
	w := newWorld(t)
	w.screens()
	w.put("order", 4, "inventory", fleet.BreakerForcedOpen, func(b *fleet.Breaker) { b.Share, b.Verbs = 0.25, []fleet.Verb{} })
	w.tty, w.columns = true, 124
	r := w.run(t, "show", "order/inventory", "--instance", "order-[34]")
	if r.Err != nil {
		t.Errorf("ended with %v", r.Err)
	}
	lines(t, "show", r.Out, `
  INSTANCE       BREAKER    STATE                         OBSERVED  FAIL  SLOW  CALLS  REJECTED  SINCE  HELD BY
! order/order-3  inventory  forced open                   closed     n/a   n/a    n/a        22  9 m    oncall-1: "db move",
                                                                                                        ends in 51 s
    can be ordered: trip, reset, bypass, half-open, over memory at memory://10.5.111.3:80
    change 01J9K
! order/order-4  inventory  forced open for 25% of calls  –          n/a   n/a    n/a       n/a  –      someone else
    can be ordered: nothing, over memory at memory://10.5.111.4:80
`)
	w.tty = false
	lines(t, "off a terminal", w.run(t, "show", "order/payment", "--instance", "order-1", "--no-headers").Out,
		"order/order-1\tpayment\topen\t-\t0.62\t0\t50\t400\t2026-01-02T02:13:00.000Z\titself\t-\ttrip, reset, bypass, half-open\tmemory\tmemory://10.5.111.1:80")
	if r := w.run(t, "show"); r.Code() != app.CannotSay { // without the root's own wording
		t.Errorf("nothing to show: %d", r.Code())
	}
	if r := w.run(t, "show", "order/nothing"); r.Code() != app.CannotSay || !strings.Contains(r.Errs, "no such breaker: order/nothing") {
		t.Errorf("ended with %d: %s", r.Code(), r.Errs)
	}
}

// order gives an order to a breaker of the world, so that there is something to
// remember.
func (w *world) order(t *testing.T, service string, n int, name string, v fleet.Verb) {
	t.Helper()
	admin, err := w.far.Driver().Open(breaker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Set(t.Context(), breaker.Site{Base: "memory://" + addr(service, n)}, name, fleet.Order{Verb: v}); err != nil {
		t.Fatal(err)
	}
}

func TestEvents(t *testing.T) {
	w := newWorld(t)
	w.screens()
	before := time.Now()
	w.order(t, "order", 1, "payment", fleet.Trip)
	w.order(t, "order", 2, "user", fleet.Bypass)
	w.order(t, "order", 1, "payment", fleet.Reset)
	r := w.run(t, "events", "order", "--no-headers")
	if r.Err != nil {
		t.Errorf("ended with %v: %s", r.Err, r.Errs)
	}
	var got []string
	for line := range strings.Lines(r.Out) {
		at, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if when, err := time.Parse(time.RFC3339, at); err != nil || when.Before(before.Truncate(time.Second)) {
			t.Errorf("at %q: %v", at, err)
		}
		got = append(got, rest)
	}
	lines(t, "events", strings.Join(got, "\n"), strings.Join([]string{
		"order/order-1\tpayment\topen\tforced open\t-", "order/order-2\tuser\tclosed\tdisabled\t-", "order/order-1\tpayment\tforced open\tclosed\t-",
	}, "\n"))
	r = w.run(t, "events", "order/user", "-o", "json", "--jq", `.items[]|[.instance,.breaker,.event,.from,.to]|join(" ")`)
	lines(t, "of one", r.Out, "order-2 user transition closed disabled")
	if r = w.run(t, "events", "gateway"); r.Err != nil || !strings.Contains(r.Errs, "nothing is remembered of 4 breakers") {
		t.Errorf("nothing happened: %v, %s", r.Err, r.Errs)
	}
	w.tty = true
	if r = w.run(t, "events", "order/user", "-o", "wide"); !strings.Contains(r.Out, " UTC ") || !strings.Contains(r.Out, "transition") {
		t.Errorf("on a terminal:\n%s", r.Out)
	}
}

// TestEventsThatCannotBeRead: breakers are there, what happened to them is not
// to be had.
func TestEventsThatCannotBeRead(t *testing.T) {
	far := cmdtest.Handler(t, contract(`{"breakers":[{"breaker":"payment","state":"closed"}]}`))
	w := newWorld(t)
	w.registry = cmdtest.Inventory(t, "shop shop-1="+far)
	r := w.run(t, "events", "--profile", "midwatch", "-o", "json", "--jq", ".errors[]|[.service,.instance,.reason]|join(\" \")")
	if r.Code() != app.CannotSay || !strings.Contains(r.Errs, "shop/shop-1: ") {
		t.Errorf("ended with %d: %s", r.Code(), r.Errs)
	}
	lines(t, "as data", r.Out, "shop shop-1 "+string(probe.ReasonNotFound))
}

// TestOverHTTP reads a service that speaks the breaker contract by its profile.
func TestOverHTTP(t *testing.T) {
	far := cmdtest.Handler(t, contract(`{"breakers":[{"breaker":"payment","state":"open","failureRate":0.5,"calls":10,"since":"2026-01-02T02:13:00Z"}]}`))
	denied := handled(t, 401, `{"title":"Unauthorized","status":401}`)
	w := newWorld(t)
	w.registry = cmdtest.Inventory(t, "shop shop-1="+far+" shop-2="+denied)
	r := w.run(t, "--profile", "midwatch", "--no-headers")
	lines(t, "over HTTP", r.Out, "shop\tpayment\topen\t-\t1 of 1\t0.5\t-\t-\t2026-01-02T02:13:00.000Z\titself")
	if r.Code() != app.CannotSay || !strings.Contains(r.Errs, "error: breakers of shop/shop-2 could not be read") {
		t.Errorf("ended with %d: %s", r.Code(), r.Errs)
	}
	r = w.run(t, "show", "shop/payment", "--instance", "shop-1", "--profile", "midwatch", "-o", "json", "--jq", ".items[].api")
	lines(t, "the API", r.Out, "httpapi")
	if r.Err != nil {
		t.Errorf("the other was not asked for: %v, %s", r.Err, r.Errs)
	}
}
