package judge_test

import (
	"slices"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/probe"
)

var night = time.Date(2026, 1, 2, 2, 15, 0, 0, time.UTC)

// broken makes a breaker: its state, how long ago it entered it, who holds it.
func broken(name string, state fleet.BreakerState, ago time.Duration, hold fleet.Hold) fleet.Breaker {
	b := fleet.NewBreaker(name, state)
	b.Hold = hold
	if ago > 0 {
		b.Since = night.Add(-ago)
	}
	return b
}

// caller makes order, whose instances are well and have breakers; and payment,
// whose instances are as a letter of fixture says.
func caller(payment string, breakers ...[]fleet.Breaker) *fleet.Snapshot {
	order := fleet.Service{Ref: fleet.Ref{Source: "etcd", Name: "order"}, DependsOn: []string{"payment"}}
	for i := range breakers {
		order.Instances = append(order.Instances, fleet.Instance{ID: "order-" + string(rune('1'+i))})
	}
	callee := fleet.Service{Ref: fleet.Ref{Source: "etcd", Name: "payment"}}
	for i := range payment {
		callee.Instances = append(callee.Instances, fleet.Instance{ID: "payment-" + string(rune('1'+i))})
	}
	seen := map[string]int{}
	return judge.Assemble(judge.Parts{
		At: night, Services: []fleet.Service{order, callee},
		Evidence: func(s *fleet.Service, _ *fleet.Instance) judge.Evidence {
			i := seen[s.Name]
			seen[s.Name]++
			if s.Name == "payment" {
				return judge.Evidence{Probes: slices.Clone(evidenceOf[rune(payment[i])])}
			}
			return judge.Evidence{Probes: []probe.Result{pass}, Breakers: breakers[i]}
		},
	})
}

// TestTheCalleeIsTheRoot is the golden story: with payment down the breakers of
// order that are open are evidence against payment; with payment well they are
// order's own.
func TestTheCalleeIsTheRoot(t *testing.T) {
	open := func(ago time.Duration) []fleet.Breaker {
		return []fleet.Breaker{broken("inventory", fleet.BreakerClosed, time.Hour, fleet.Hold{}), broken("payment", fleet.BreakerOpen, ago, fleet.Hold{})}
	}
	closed := []fleet.Breaker{broken("payment", fleet.BreakerClosed, time.Hour, fleet.Hold{})}
	three := [][]fleet.Breaker{open(3 * time.Minute), open(200 * time.Second), closed, open(time.Minute)}
	forced := []fleet.Breaker{broken("payment", fleet.BreakerForcedOpen, 9*time.Minute, fleet.Hold{By: "oncall-1", Reason: "db move"})}
	for _, tt := range []struct {
		name     string
		payment  string
		breakers [][]fleet.Breaker
		roots    []string
		why      fleet.Why
	}{
		{
			"payment is down", "ddd", three,
			[]string{"payment: order"},
			because("breaker", "waits for payment; breaker payment open on 3 of 4 since 02:11:40 UTC"),
		},
		{
			"one of payment is down", "udu", three,
			[]string{"payment: order"},
			because("breaker", "waits for payment; breaker payment open on 3 of 4 since 02:11:40 UTC"),
		},
		{
			"payment is well by its own evidence", "uuu", three,
			[]string{"order:"},
			because("breaker", "breaker payment open on 3 of 4 since 02:11:40 UTC"),
		},
		{
			"of payment nothing is known", "???", three,
			[]string{"order:"},
			because("breaker", "breaker payment open on 3 of 4 since 02:11:40 UTC"),
		},
		{
			"somebody holds it", "uuu",
			[][]fleet.Breaker{forced, forced},
			[]string{"order:"},
			because("breaker", `breaker payment forced open on 2 of 2 since 02:06:00 UTC (oncall-1: "db move")`),
		},
		{
			"some by themselves, some are held", "uuu",
			[][]fleet.Breaker{forced, open(time.Minute), open(time.Minute)},
			[]string{"order:"},
			because("breaker", `breaker payment open on 2 of 3 since 02:14:00 UTC, breaker payment forced open on 1 of 3 since 02:06:00 UTC (oncall-1: "db move")`),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := caller(tt.payment, tt.breakers...)
			if got := story(s); !slices.Equal(got, tt.roots) {
				t.Errorf("roots %q, want %q", got, tt.roots)
			}
			if order := s.Services[0]; order.Status != degraded || order.Why != tt.why {
				t.Errorf("order is %v: %+v\nwant %+v", order.Status, order.Why, tt.why)
			}
		})
	}
}

// TestABreakerNamesADependency: exactly, as a part of a path, or of a cluster's
// name; it accuses the dependency, so that a caller that is down is a victim.
func TestABreakerNamesADependency(t *testing.T) {
	for name, victim := range map[string]bool{
		"payment": true, "Payment": true, "payment/charge": true, "edge/payment/s1": true,
		"outbound|8080||payment.shop.svc.cluster.local": true, "payment@eu": true, "payment:9090": true,
		"payments": false, "pay": false, "prepayment": false, "stock": false,
	} {
		got := story(assemble(fixture{"order", "dd", "payment", name}, fixture{"payment", "dd", "", ""}))
		if is := slices.Equal(got, []string{"payment: order"}); is != victim {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	by := func(who, why string) fleet.Hold { return fleet.Hold{By: who, Reason: why} }
	view := func(list ...fleet.Breaker) fleet.InstanceView { return fleet.InstanceView{Breakers: list} }
	shed := broken("edge", fleet.BreakerForcedOpen, 0, fleet.Hold{})
	shed.Share = 0.3
	for _, tt := range []struct {
		name string
		in   []fleet.InstanceView
		want []string
	}{
		{"none", nil, nil},
		{"nothing refuses", []fleet.InstanceView{view(broken("a", fleet.BreakerHalfOpen, 1, fleet.Hold{})), view(broken("a", fleet.BreakerDisabled, 1, fleet.Hold{}))}, nil},
		{"nobody says since when", []fleet.InstanceView{view(broken("a", fleet.BreakerOpen, 0, fleet.Hold{}))}, []string{"breaker a open on 1 of 1"}},
		{"one of two says so", []fleet.InstanceView{view(broken("a", fleet.BreakerOpen, 0, fleet.Hold{})), view(broken("a", fleet.BreakerOpen, time.Minute, fleet.Hold{}))}, []string{"breaker a open on 2 of 2 since 02:14:00 UTC"}},
		{"not all have it", []fleet.InstanceView{view(broken("a", fleet.BreakerOpen, 0, fleet.Hold{})), view(), view(broken("a", fleet.BreakerClosed, 0, fleet.Hold{}))}, []string{"breaker a open on 1 of 2"}},
		{"another day", []fleet.InstanceView{view(broken("a", fleet.BreakerOpen, 3*time.Hour, fleet.Hold{}))}, []string{"breaker a open on 1 of 1 since 2026-01-01 23:15:00 UTC"}},
		{"another year, the same day", []fleet.InstanceView{view(broken("a", fleet.BreakerOpen, 365*24*time.Hour, fleet.Hold{}))}, []string{"breaker a open on 1 of 1 since 2025-01-02 02:15:00 UTC"}},
		{"the more, the earlier", []fleet.InstanceView{view(broken("a", fleet.BreakerOpen, 0, fleet.Hold{}), broken("b", fleet.BreakerOpen, 0, fleet.Hold{})), view(broken("b", fleet.BreakerOpen, 0, fleet.Hold{}))}, []string{"breaker b open on 2 of 2", "breaker a open on 1 of 1"}},
		{"held by two", []fleet.InstanceView{view(broken("a", fleet.BreakerForcedOpen, 0, by("x", "1"))), view(broken("a", fleet.BreakerForcedOpen, 0, by("y", "1")))}, []string{"breaker a forced open on 2 of 2"}},
		{"by nobody who is known", []fleet.InstanceView{view(broken("a", fleet.BreakerForcedOpen, 0, by("", "db move")))}, []string{`breaker a forced open on 1 of 1 ("db move")`}},
		{"for no reason", []fleet.InstanceView{view(broken("a", fleet.BreakerForcedOpen, 0, by("x", "")))}, []string{"breaker a forced open on 1 of 1 (x)"}},
		{"a share", []fleet.InstanceView{view(shed)}, []string{"breaker edge forced open for 30% of calls on 1 of 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, r := range fleet.Refusals(tt.in) {
				got = append(got, r.Words(night, time.UTC))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestUnreadBreakersChangeNothing: that they could not be read is kept, and is
// no evidence.
func TestUnreadBreakersChangeNothing(t *testing.T) {
	s := judge.Assemble(judge.Parts{
		Services: []fleet.Service{{Ref: fleet.Ref{Name: "order"}, Instances: []fleet.Instance{{ID: "1"}}}},
		Evidence: func(*fleet.Service, *fleet.Instance) judge.Evidence {
			return judge.Evidence{Probes: []probe.Result{pass}, BreakersWhy: because("auth", "401"), BreakersHint: "set auth"}
		},
	})
	in := &s.Services[0].Instances[0]
	if in.Status != up || (in.Why != fleet.Why{}) || in.BreakersWhy != because("auth", "401") || in.BreakersHint != "set auth" || s.Roots != nil {
		t.Errorf("%+v", in)
	}
}
