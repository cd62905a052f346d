package service_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/service"
)

func ref(name string) fleet.Ref {
	return fleet.Ref{Context: "prod", Source: "etcd", Namespace: "shop", Name: name}
}

func one(name string, status fleet.Status, dependsOn ...string) fleet.ServiceView {
	return fleet.ServiceView{Ref: ref(name), Status: status, DependsOn: dependsOn}
}

// order has four instances, of which one is down and one has open breakers.
func order() fleet.ServiceView {
	s := one("order", fleet.Degraded, "payment", "shop/user", "nobody")
	s.Serving, s.Why.Detail = 3, "waits for payment"
	s.Traffic = &fleet.Traffic{Rate: 120, Errors: 0.09, P50: 0.01, P95: 0.2, P99: 2, Over: true}
	for i := range 4 {
		in := fleet.InstanceView{Key: fleet.Key{Ref: s.Ref, Instance: fmt.Sprint("order-", i+1)}, Status: fleet.Up}
		in.Instance = fleet.Instance{ID: in.Key.Instance, Addr: fmt.Sprint("10.0.0.1:", 9000+i), Zone: string(rune('a' + i%2)), Version: "2.4"}
		in.Traffic = &fleet.Traffic{Rate: float64(10 * i), Errors: float64(i) / 100, P99: float64(4-i) / 10}
		b := fleet.NewBreaker("payment", fleet.BreakerClosed)
		if i == 1 {
			b.State = fleet.BreakerOpen
		}
		in.Breakers = []fleet.Breaker{b}
		if i == 2 {
			in.Status, in.Why = fleet.Down, fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer in 2s"}
			in.Breakers, in.BreakersWhy = nil, in.Why
			nan := math.NaN()
			in.Traffic = &fleet.Traffic{Rate: nan, Errors: nan, P99: nan, Why: "nothing of it was scraped"}
		}
		s.Instances = append(s.Instances, in)
	}
	return s
}

func snapshot() *fleet.Snapshot {
	other := one("order", fleet.Down)
	other.Context = "stage"
	return &fleet.Snapshot{Services: []fleet.ServiceView{one("gateway", fleet.Degraded, "order"), order(), other, one("payment", fleet.Down), one("user", fleet.Up)}}
}

func has(t *testing.T, screen string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(screen, want) {
			t.Errorf("%q is not seen:\n%s", want, screen)
		}
	}
}

func TestPage(t *testing.T) {
	p := service.New(ref("order"))
	has(t, pagetest.Screen(t, p, pagetest.View(snapshot(), 130, 24)),
		"▌✗ order-3", "✗ order-3 is down: no answer in 2s", "? timeout", "1 open",
		"! order is degraded: waits for payment", "3 of 4 serve",
		"traffic     120/s  9.0% errors  p50 10 ms  p95 200 ms  p99 >2 s",
		"breakers    payment closed on 2 open on 1",
		"depends on  <1> ✗ payment down, breaker open on 1 of 3 · <2> ✓ user up · ? nobody, not registered",
		"called by   <3> ! gateway degraded", "versions    2.4 on 4", "zones       a ! 1 of 2 · b 2 of 2 serve",
	)
	if p.Place().Key.Name != "order" || p.Place().Name() != "order" {
		t.Errorf("the place is %+v", p.Place())
	}
}

func rows(lines []string) string {
	var out []string
	for _, l := range lines[1:] {
		words := strings.Fields(strings.TrimLeft(l, "▌"))
		if len(words) > 3 && strings.HasPrefix(words[1], "order-") && words[2] != "is" {
			out = append(out, strings.TrimPrefix(words[1], "order-"))
		}
	}
	return strings.Join(out, " ")
}

func TestOrders(t *testing.T) {
	p, v := service.New(ref("order")), pagetest.View(snapshot(), 130, 24)
	for _, want := range []string{
		"sort: worst 3 1 2 4", "sort: instance 1 2 3 4", "sort: status 3 1 2 4", "sort: rate 4 2 1 3", "sort: err 4 2 1 3", "sort: p99 1 2 4 3",
		"sort: breakers 2 3 1 4", "sort: version 1 2 3 4", "sort: zone 1 3 2 4", "sort: address 1 2 3 4", "sort: why 3 1 2 4", "sort: worst 3 1 2 4",
	} {
		lines := pagetest.Drawn(t, p, v)
		if got := p.Notes(v)[0] + " " + rows(lines); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		pagetest.Press(t, p, v, "s")
	}
	for keys, want := range map[string]string{
		"r": "sort: best 1 2 4 3", "s r": "sort: instance, z to a 4 3 2 1", "s s s r": "sort: rate, least first 1 2 4 3", "< r": "sort: why, z to a 3 1 2 4",
		"s s s s s s r": "sort: breakers, best first 1 4 3 2",
	} {
		p := service.New(ref("order"))
		p.See(v)
		for _, key := range strings.Fields(keys) {
			pagetest.Press(t, p, v, key)
		}
		if got := p.Notes(v)[0] + " " + rows(pagetest.Drawn(t, p, v)); got != want {
			t.Errorf("%s: %s, want %s", keys, got, want)
		}
	}
}

func TestFilter(t *testing.T) {
	for filter, want := range map[string]string{
		"": "3 1 2 4", "zone=b": "2 4", "order-4": "4", "er-1": "1", "instance=order-[12]": "1 2", "order/order-2": "2", "nowhere": "",
	} {
		p, v := service.New(ref("order")), pagetest.View(snapshot(), 100, 24)
		if err := p.SetFilter(filter); err != nil {
			t.Fatal(err)
		}
		lines := pagetest.Drawn(t, p, v)
		if got := rows(lines); got != want {
			t.Errorf("%q: %s, want %s", filter, got, want)
		}
		if want == "" {
			has(t, strings.Join(lines, "\n"), "No instance matches nowhere", "order is degraded")
		}
	}
	p, v := service.New(ref("order")), pagetest.View(snapshot(), 100, 24)
	v.Unwell = true
	if got := rows(pagetest.Drawn(t, p, v)); got != "3" || p.Notes(v)[0] != "3 hidden" {
		t.Errorf("only unwell: %s, %v", got, p.Notes(v))
	}
	p = service.New(ref("user"))
	has(t, pagetest.Screen(t, p, pagetest.View(snapshot(), 80, 20)), "user is registered and has no instance", "✓ user is up", "called by   <1> ! order degraded")
}

// TestGone: a service that is gone is shown as it was, and says so; one that never
// was says that too.
func TestGone(t *testing.T) {
	p, v := service.New(ref("order")), pagetest.View(snapshot(), 100, 24)
	p.See(v)
	v.Snapshot = &fleet.Snapshot{At: pagetest.At()}
	has(t, pagetest.Screen(t, p, v), "order-3", "order is not here any more")
	v.Snapshot = snapshot()
	if screen := pagetest.Screen(t, p, v); strings.Contains(screen, "not here") {
		t.Errorf("it is back:\n%s", screen)
	}
	has(t, pagetest.Screen(t, service.New(ref("never")), v), "never is not here any more", "esc goes back")
}

func TestOpens(t *testing.T) {
	p, v := service.New(ref("order")), pagetest.View(snapshot(), 100, 24)
	p.See(v)
	pagetest.Press(t, p, v, "down")
	if i, ok := pagetest.Press(t, p, v, "enter").(page.Open); !ok || i.Place.Kind != page.Instance || i.Place.Key.Instance != "order-1" {
		t.Errorf("enter opens %+v", i)
	}
}

// TestSmall: the rows stay when there is no room for what is around them.
func TestSmall(t *testing.T) {
	for height := 1; height < 24; height++ {
		for _, width := range []int{1, 10, 40, 80, 160} {
			lines := pagetest.Drawn(t, service.New(ref("order")), pagetest.View(snapshot(), width, height))
			if height > 1 && width >= 40 && !strings.HasPrefix(lines[1], "▌✗ order-3") {
				t.Errorf("%dx%d: %q", width, height, lines)
			}
		}
	}
}

// TestWhoCallsWhom: whom a service calls and who calls it, also those that only a
// breaker tells of, and m goes to the map around it. What is gone has those it had.
func TestWhoCallsWhom(t *testing.T) {
	s := snapshot()
	front := one("front", fleet.Up)
	front.Instances = []fleet.InstanceView{{Breakers: []fleet.Breaker{fleet.NewBreaker("order", fleet.BreakerOpen)}}}
	s.Services = append(s.Services, front, one("odd", fleet.StatusNone, "order"))
	p, v := service.New(ref("order")), pagetest.View(s, 130, 24)
	has(t, pagetest.Screen(t, p, v),
		"depends on  <1> ✗ payment down, breaker open on 1 of 3 · <2> ✓ user up · ? nobody, not registered", "called by   <3> ✓ front up, breaker open on 1 of 1 · <4> ! gateway degraded · <5> ? odd unknown")
	open, _ := pagetest.Press(t, p, v, "m").(page.Open)
	if open.Place.Kind != page.Map || open.Place.Key.Ref != ref("order") {
		t.Errorf("m opens %+v", open.Place)
	}
	has(t, pagetest.Screen(t, p, pagetest.View(&fleet.Snapshot{}, 130, 24)), "order is not here any more", "called by   <3> ✓ front up")
	alone := pagetest.Screen(t, service.New(ref("user")), pagetest.View(&fleet.Snapshot{Services: []fleet.ServiceView{one("user", fleet.Up)}}, 130, 24))
	for _, not := range []string{"depends on", "called by"} {
		if strings.Contains(alone, not) {
			t.Errorf("%s nobody:\n%s", not, alone)
		}
	}
}
