package demo_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi"
	"github.com/midwatch-cli/midwatch/fleet/demo"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// administration is an Admin for the fleet's services, as their registered
// profile says.
func administration(t *testing.T) breaker.Admin {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	a, err := httpapi.Driver().Open(breaker.Options{Client: &http.Client{Transport: transport}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// sites are where the breakers of a service's instances are administered.
func sites(t *testing.T, f *demo.Fleet, name string) (list []breaker.Site) {
	t.Helper()
	for _, in := range services(t, f)[name].Instances {
		if in.Labels["profile"] != "midwatch" {
			t.Fatalf("%s is registered with %v", in.ID, in.Labels)
		}
		list = append(list, breaker.Site{Addr: in.Addr, Base: "http://" + in.Addr})
	}
	if len(list) == 0 {
		t.Fatalf("%s has no instances", name)
	}
	return list
}

// read is one breaker now.
func read(t *testing.T, a breaker.Admin, at breaker.Site, name string) fleet.Breaker {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	list, err := a.List(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	b := breaker.Find(list, name)
	if b == nil {
		t.Fatalf("%s has no breaker %s: %+v", at.Base, name, list)
	}
	return *b
}

// order orders, which has to work.
func order(t *testing.T, a breaker.Admin, at breaker.Site, name string, v fleet.Verb) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := a.Set(ctx, at, name, fleet.Order{Verb: v, By: "test", Reason: "to see"}); err != nil {
		t.Fatal(err)
	}
}

// TestBreakersOfAFleetThatIsWell: they are all there, closed, and counted.
func TestBreakersOfAFleetThatIsWell(t *testing.T) {
	f := start(t)
	a := administration(t)
	for service, want := range map[string][]string{
		"gateway": {"order", "user"}, "order": {"inventory", "payment", "user"}, "payment": {}, "inventory": {}, "user": {},
	} {
		for _, at := range sites(t, f, service) {
			list, err := a.List(t.Context(), at)
			names := []string{}
			for _, b := range list {
				names = append(names, b.Name)
				if b.State != fleet.BreakerClosed || b.Observed != fleet.BreakerClosed || b.Calls <= 0 || b.FailureRate != 0 || b.Rejected != 0 || b.Since.IsZero() {
					t.Errorf("%s: %+v", service, b)
				}
			}
			if err != nil || !slices.Equal(names, want) {
				t.Errorf("%s has the breakers %v, want %v: %v", service, names, want, err)
			}
		}
	}
}

// TestBreakersOpenByThemselves: once the fleet has settled under a fault of all
// payments, order's breakers to payment are open, on every instance, and those
// to others are not.
func TestBreakersOpenByThemselves(t *testing.T) {
	for _, fault := range []string{"payment:errors=90%", "payment:hang", "payment:crash"} {
		t.Run(fault, func(t *testing.T) {
			began := time.Now()
			f := start(t, fault)
			t.Logf("settled after %v", time.Since(began))
			a := administration(t)
			for _, at := range sites(t, f, "order") {
				eventually(t, "payment is open", func() bool { return read(t, a, at, "payment").State == fleet.BreakerOpen })
				if b := read(t, a, at, "payment"); b.Observed == fleet.BreakerClosed || !b.Hold.IsZero() {
					t.Errorf("%+v", b)
				}
				for _, other := range []string{"inventory", "user"} {
					if b := read(t, a, at, other); b.State != fleet.BreakerClosed {
						t.Errorf("%s: %+v", other, b)
					}
				}
				events, err := a.(breaker.Historian).Events(t.Context(), at, "payment")
				if err != nil || !slices.ContainsFunc(events, func(e breaker.Event) bool {
					return e.Kind == "transition" && e.From == fleet.BreakerClosed && e.To == fleet.BreakerOpen
				}) {
					t.Errorf("the events do not tell: %+v, %v", events, err)
				}
			}
		})
	}
}

// TestOneBadInstanceOpensNothing: the story of the README.
func TestOneBadInstanceOpensNothing(t *testing.T) {
	f := start(t, "payment#2:hang")
	a := administration(t)
	for _, at := range sites(t, f, "order") {
		if b := read(t, a, at, "payment"); b.State != fleet.BreakerClosed {
			t.Errorf("%+v", b)
		}
	}
}

// TestOrdersActOnCalls: while a breaker is held open no call comes through,
// after the reset they do; while it is bypassed they go past it.
func TestOrdersActOnCalls(t *testing.T) {
	f := start(t)
	a := administration(t)
	payments := func() (n int) {
		for _, at := range sites(t, f, "payment") {
			_, body, _, err := get(t, at.Addr, "/metrics")
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(body) {
				if strings.HasPrefix(line, `http_requests_total{code="200",method="POST",path="/payments"} `) {
					n += number(line)
				}
			}
		}
		return n
	}
	orders := sites(t, f, "order")
	for _, at := range orders {
		order(t, a, at, "payment", fleet.Trip)
	}
	eventually(t, "calls under way have ended", func() bool { n := payments(); return n == payments() })
	before := payments()
	eventually(t, "20 calls were refused", func() bool { return read(t, a, orders[0], "payment").Rejected >= 20 })
	if after := payments(); after != before {
		t.Errorf("%d payments came through a breaker that is held open", after-before)
	}
	if b := read(t, a, orders[0], "payment"); b.State != fleet.BreakerForcedOpen || b.Observed != fleet.BreakerClosed || b.Hold.By != "test" {
		t.Errorf("%+v", b)
	}
	for _, v := range []fleet.Verb{fleet.Reset, fleet.Bypass} {
		for _, at := range orders {
			order(t, a, at, "payment", v)
		}
		before := payments()
		eventually(t, "payments after "+string(v), func() bool { return payments() > before })
	}
	if b := read(t, a, orders[0], "payment"); b.State != fleet.BreakerDisabled {
		t.Errorf("%+v", b)
	}
}

// number is the value at the end of a line.
func number(line string) (n int) {
	for _, c := range strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]) {
		n = 10*n + int(c-'0')
	}
	return n
}

// TestBypassOfAnOpenBreaker: what fails behind it is called again.
func TestBypassOfAnOpenBreaker(t *testing.T) {
	f := start(t, "payment:errors=100%")
	a := administration(t)
	at := sites(t, f, "order")[0]
	eventually(t, "payment is open", func() bool { return read(t, a, at, "payment").State == fleet.BreakerOpen })
	order(t, a, at, "payment", fleet.Bypass)
	if b := read(t, a, at, "payment"); b.State != fleet.BreakerDisabled || b.Observed == fleet.BreakerClosed {
		t.Errorf("%+v", b)
	}
	order(t, a, at, "payment", fleet.Reset)
	if b := read(t, a, at, "payment"); b.State.Held() {
		t.Errorf("%+v", b)
	}
}

// TestDrain: a drained instance says so, gets no new calls, and no call is lost;
// put back, it is called again.
func TestDrain(t *testing.T) {
	f := start(t)
	d := administration(t).(breaker.Drainer)
	at := sites(t, f, "user")[0]
	word := func() health.Verdict {
		code, body, _, err := get(t, at.Addr, "/health")
		if err != nil {
			t.Fatal(err)
		}
		return health.Read(health.Answer{Status: code, Header: func(string) string { return "" }, Body: []byte(body)})
	}
	if effects, err := d.DrainEffects(t.Context(), at, "", true); err != nil || len(effects) == 0 {
		t.Errorf("%q, %v", effects, err)
	}
	if _, err := d.SetDrain(t.Context(), at, "", true, fleet.Order{By: "test", Reason: "to see"}); err != nil {
		t.Fatal(err)
	}
	if v := word(); !v.Draining {
		t.Errorf("its health page says %+v", v)
	}
	calls := func() int {
		_, body, _, err := get(t, at.Addr, "/metrics.json")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(body, `"request_count":`)
		count, _, _ := strings.Cut(rest, ",")
		return number(" " + count)
	}
	eventually(t, "the registry says it", func() bool {
		return slices.ContainsFunc(services(t, f)["user"].Instances, func(in fleet.Instance) bool { return in.Addr == at.Addr && in.Labels["draining"] == "true" })
	})
	eventually(t, "nobody calls it any more", func() bool {
		before := calls()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		<-ctx.Done()
		return calls() == before
	})
	if s, err := d.Drained(t.Context(), at, ""); err != nil || !s.On || s.Text != "drained" || s.InFlight != 0 || s.Hold.By != "test" {
		t.Errorf("%+v, %v", s, err)
	}
	if bad := unwell(t, f); len(bad) != 1 {
		t.Errorf("not well: %v", bad)
	}
	if _, err := d.SetDrain(t.Context(), at, "", false, fleet.Order{}); err != nil {
		t.Fatal(err)
	}
	if v := word(); v.Draining {
		t.Errorf("its health page says %+v", v)
	}
	before := calls()
	eventually(t, "it is called again", func() bool { return calls() > before })
}

// TestUnknownBreaker: nothing comes into being.
func TestUnknownBreaker(t *testing.T) {
	f := start(t)
	a := administration(t)
	at := sites(t, f, "order")[0]
	if _, err := a.Set(t.Context(), at, "paymant", fleet.Order{Verb: fleet.Trip}); !errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if list, err := a.List(t.Context(), at); err != nil || len(list) != 3 {
		t.Errorf("%+v, %v", list, err)
	}
}
