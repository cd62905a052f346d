package document_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/probe"
)

// withBreakers gives the instances of order breakers: one open by itself, one
// that somebody holds, one of which little is known; those of the last instance
// could not be read.
func withBreakers(order *fleet.ServiceView) {
	for i := range order.Instances {
		in := &order.Instances[i]
		in.Plan.Admin = &fleet.Administration{API: "actuator", Base: "http://" + in.Addr, Profile: "spring"}
		if i == len(order.Instances)-1 {
			in.BreakersWhy, in.BreakersHint = fleet.Why{Reason: probe.ReasonAuth, Detail: "401 at /actuator/circuitbreakers"}, "set auth in profile \"spring\""
			continue
		}
		in.Breakers = []fleet.Breaker{
			{
				Name: "inventory", State: fleet.BreakerForcedOpen, Observed: fleet.BreakerClosed, Share: 0.3, FailureRate: math.NaN(), SlowRate: math.NaN(),
				Calls: 12, Rejected: 88, Since: at.Add(-9 * time.Minute), API: "actuator", Verbs: []fleet.Verb{fleet.Trip, fleet.Reset},
				Hold: fleet.Hold{By: "oncall-1", Reason: "db move", Change: "01J9K", Until: at.Add(51 * time.Second)},
			},
			{Name: "payment", State: fleet.BreakerOpen, FailureRate: 0.62, SlowRate: 0, Calls: 50, Rejected: 1204, Since: at.Add(-3 * time.Minute), API: "actuator", Verbs: []fleet.Verb{fleet.Trip}},
			fleet.NewBreaker("user", fleet.BreakerClosed),
		}
	}
}

// breakers is the document of all breakers of a snapshot.
func breakers(s *fleet.Snapshot) document.BreakersDoc {
	var items []document.Breaker
	var unread []*fleet.InstanceView
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			in := &s.Services[i].Instances[j]
			if in.BreakersWhy.Reason != "" {
				unread = append(unread, in)
			}
			for k := range in.Breakers {
				items = append(items, document.BreakerOf(in, &in.Breakers[k], fleet.Hold{}))
			}
		}
	}
	return document.Breakers(s, items, unread)
}

// TestBreakersHoldTheContract: the fields of the conventions are there under
// their names.
func TestBreakersHoldTheContract(t *testing.T) {
	d := decoded(t, documents()["Breakers"]).(map[string]any)
	item := d["items"].([]any)[1].(map[string]any)
	want := map[string]any{
		"source": "etcd", "namespace": "", "service": "order", "instance": "order-1", "breaker": "payment", "state": "open", "observed": nil,
		"failureRate": 0.62, "slowRate": 0.0, "calls": 50.0, "rejected": 1204.0, "since": "2026-01-02T03:01:05.678Z", "heldBy": "itself", "api": "actuator",
	}
	for field, value := range want {
		if got, there := item[field]; !there || fmt.Sprint(got) != fmt.Sprint(value) {
			t.Errorf("%s is %v, want %v", field, got, value)
		}
	}
	held := d["items"].([]any)[0].(map[string]any)
	for field, value := range map[string]any{"state": "forced_open", "observed": "closed", "failureRate": nil, "slowRate": nil, "heldBy": "oncall-1", "share": 0.3} {
		if fmt.Sprint(held[field]) != fmt.Sprint(value) {
			t.Errorf("%s is %v, want %v", field, held[field], value)
		}
	}
	errs := d["errors"].([]any)
	last := errs[len(errs)-1].(map[string]any)
	if last["instance"] != "order-4" || last["service"] != "order" || last["reason"] != "auth" || last["hint"] == "" {
		t.Errorf("the instance whose breakers could not be read: %v", last)
	}
}

func TestBreakerCountsAddUp(t *testing.T) {
	s := &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: fleet.Ref{Name: "a"}}, {Ref: fleet.Ref{Name: "b"}}, {Ref: fleet.Ref{Name: "c"}}}}
	for i := range 2 {
		for j := range 2 {
			in := fleet.InstanceView{Key: fleet.Key{Ref: s.Services[i].Ref, Instance: fmt.Sprint(j)}}
			for _, state := range fleet.BreakerStates() {
				in.Breakers = append(in.Breakers, fleet.NewBreaker(state.String(), state))
			}
			s.Services[i].Instances = append(s.Services[i].Instances, in)
		}
	}
	s.Services[2].Instances = []fleet.InstanceView{{BreakersWhy: fleet.Why{Reason: "auth"}}}
	got := breakers(s).Counts
	want := document.BreakerCounts{
		Services: 2, Instances: 4, Unread: 1, Breakers: 28,
		Closed: 4, HalfOpen: 4, Open: 4, ForcedOpen: 4, Disabled: 4, MetricsOnly: 4, Unknown: 4,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestHeldBy: nothing known of a closed one, itself where it went there alone,
// someone else where it cannot have.
func TestHeldBy(t *testing.T) {
	somebody := fleet.Hold{By: "oncall-1"}
	for state, want := range map[fleet.BreakerState]string{
		fleet.BreakerUnknown: "", fleet.BreakerClosed: "", fleet.BreakerHalfOpen: "itself", fleet.BreakerOpen: "itself",
		fleet.BreakerForcedOpen: "someone else", fleet.BreakerDisabled: "someone else", fleet.BreakerMetricsOnly: "someone else",
	} {
		if got := document.HeldBy(state, fleet.Hold{}); got != want {
			t.Errorf("%v: %q, want %q", state, got, want)
		}
		if got := document.HeldBy(state, somebody); got != "oncall-1" {
			t.Errorf("%v, held: %q", state, got)
		}
	}
	if got := document.HeldBy(fleet.BreakerOpen, fleet.Hold{Reason: "why"}); got != "someone else" {
		t.Errorf("a reason without a name: %q", got)
	}
}

// TestNumbersThatAreNone are null, not text and not an error.
func TestNumbersThatAreNone(t *testing.T) {
	b := fleet.NewBreaker("x", fleet.BreakerClosed)
	b.FailureRate, b.SlowRate = math.Inf(1), math.Inf(-1)
	got := document.BreakerOf(&fleet.InstanceView{}, &b, fleet.Hold{})
	if got.FailureRate != nil || got.SlowRate != nil || got.Calls != nil || got.Rejected != nil || got.Share != nil || got.Observed != nil || got.Hold != nil {
		t.Errorf("got %+v", got)
	}
	b.State = fleet.BreakerForcedOpen
	if got = document.BreakerOf(&fleet.InstanceView{}, &b, fleet.Hold{By: "me", Until: at}); *got.Share != 1 || got.HeldBy != "me" || !got.Hold.Until.Equal(at) {
		t.Errorf("held: %+v", got)
	}
}

// TestBreakerEventIsAnItem: as it is listed, with the breaker's name.
func TestBreakerEventIsAnItem(t *testing.T) {
	s := example()
	e := fleet.Event{Seq: 8, At: at, Kind: fleet.EventBreaker, Key: s.Services[0].Instances[0].Key, Breaker: "payment", From: "closed", To: "open"}
	got, ok := document.Event(e, nil, s).(document.InstanceEvent)
	if !ok || got.Event != "breaker" || got.EventHead.Breaker != "payment" || got.From != "closed" || got.To != "open" || len(got.Breakers) != 3 {
		t.Errorf("got %+v", got)
	}
}
