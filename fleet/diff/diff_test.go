package diff_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/diff"
)

var (
	up          = fleet.Up
	down        = fleet.Down
	maintenance = fleet.Maintenance
)

func because(r fleet.Reason, detail string) fleet.Why { return fleet.Why{Reason: r, Detail: detail} }

// instance makes a view of payment/ID.
func instance(id string, change func(*fleet.InstanceView)) fleet.InstanceView {
	v := fleet.InstanceView{
		Key:      fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: "payment"}, Instance: id},
		Instance: fleet.Instance{ID: id, Addr: id + ":80", Version: "1"},
		Status:   up,
	}
	if change != nil {
		change(&v)
	}
	return v
}

func moment(seq uint64, reason fleet.Reason, instances ...fleet.InstanceView) *fleet.Snapshot {
	s := &fleet.Snapshot{Seq: seq, At: time.Unix(int64(seq), 0), Sources: []fleet.SourceView{{Name: "etcd", Reason: reason, Detail: "detail"}}}
	if instances != nil {
		s.Services = []fleet.ServiceView{{Ref: fleet.Ref{Source: "etcd", Name: "payment"}, Status: up, Instances: instances}}
	}
	return s
}

func words(events []fleet.Event) []string {
	out := []string{}
	for _, e := range events {
		name := e.Key.Source
		if e.Key.Name != "" {
			name = e.Key.Name
		}
		if e.Key.Instance != "" {
			name += "/" + e.Key.Instance
		}
		if e.Breaker != "" {
			name += ":" + e.Breaker
		}
		out = append(out, fmt.Sprintf("%s %s %q>%q", e.Kind, name, e.From, e.To))
	}
	return out
}

func TestDiff(t *testing.T) {
	a, b := instance("a", nil), instance("b", nil)
	with := func(change func(*fleet.InstanceView)) fleet.InstanceView { return instance("a", change) }
	for _, tt := range []struct {
		name     string
		old, new *fleet.Snapshot
		want     []string
	}{
		{"the first snapshot", nil, moment(2, "", a), []string{}},
		{"no snapshot", moment(1, "", a), nil, []string{}},
		{"nothing happened", moment(1, "", a, b), moment(2, "", a, b), []string{}},
		{"a new instance", moment(1, "", a), moment(2, "", a, b), []string{`instance_new payment/b "">"up"`}},
		{"a new instance before", moment(1, "", b), moment(2, "", a, b), []string{`instance_new payment/a "">"up"`}},
		{"an instance is gone", moment(1, "", a, b), moment(2, "", b), []string{`instance_gone payment/a "up">""`}},
		{"an address-identified instance moved: gone and new", moment(1, "", a), moment(2, "", b), []string{
			`instance_gone payment/a "up">""`, `instance_new payment/b "">"up"`,
		}},
		{"an id-identified instance moved", moment(1, "", a), moment(2, "", with(func(v *fleet.InstanceView) { v.Addr = "c:81" })), []string{
			`address payment/a "a:80">"c:81"`,
		}},
		{"another version", moment(1, "", a), moment(2, "", with(func(v *fleet.InstanceView) { v.Version = "2" })), []string{`version payment/a "1">"2"`}},
		{"another status", moment(1, "", a), moment(2, "", with(func(v *fleet.InstanceView) { v.Status = down })), []string{`status payment/a "up">"down"`}},
		{"the registry changed its mind", moment(1, "", a), moment(2, "", with(func(v *fleet.InstanceView) { v.Claimed = &maintenance })), []string{
			`claim payment/a "">"maintenance"`,
		}},
		{"all at once, always in the same order", moment(1, "", a), moment(2, "", with(func(v *fleet.InstanceView) {
			v.Addr, v.Version, v.Claimed, v.Status = "x:1", "2", &down, down
		})), []string{
			`address payment/a "a:80">"x:1"`, `version payment/a "1">"2"`, `claim payment/a "">"down"`, `status payment/a "up">"down"`,
		}},
		{"labels, weight and leases are no events", moment(1, "", a), moment(2, "", with(func(v *fleet.InstanceView) {
			v.Labels, v.Weight, v.Lease, v.LastSeen = map[string]string{"a": "b"}, 5, time.Second, time.Unix(9, 9)
		})), []string{}},
		{"a new service", moment(1, ""), moment(2, "", a), []string{`service_new payment "">"up"`, `instance_new payment/a "">"up"`}},
		{"a service is gone", moment(1, "", a), moment(2, ""), []string{`instance_gone payment/a "up">""`, `service_gone payment "up">""`}},
		{"a service is empty, not gone", moment(1, "", a), moment(2, "", []fleet.InstanceView{}...), []string{`instance_gone payment/a "up">""`}},
		{"the source is lost: nothing of it is gone", moment(1, "", a, b), moment(2, "refused"), []string{`source_lost etcd "">"refused"`}},
		{"the source stays lost: still nothing", moment(1, "refused", a, b), moment(2, "refused", a), []string{}},
		{"a lost source keeps its set, which is still asked", moment(1, "refused", a), moment(2, "refused", with(func(v *fleet.InstanceView) { v.Status = down })), []string{
			`status payment/a "up">"down"`,
		}},
		{"the source is back", moment(1, "refused", a), moment(2, "", a), []string{`source_back etcd "refused">""`}},
		{"the source is back with news", moment(1, "refused", a), moment(2, "", b), []string{
			`source_back etcd "refused">""`, `instance_gone payment/a "up">""`, `instance_new payment/b "">"up"`,
		}},
		{"another reason is the same outage", moment(1, "refused", a), moment(2, "timeout", a), []string{}},
		{"a breaker opens", moment(1, "", with(breakers(closed))), moment(2, "", with(breakers(open))), []string{`breaker payment/a:user "closed">"open"`}},
		{"one of several closes", moment(1, "", with(breakers(called(open, "a"), called(open, "b")))), moment(2, "", with(breakers(called(open, "a"), called(closed, "b")))), []string{
			`breaker payment/a:b "open">"closed"`,
		}},
		{"after the status", moment(1, "", with(breakers(closed))), moment(2, "", with(func(v *fleet.InstanceView) {
			breakers(forced)(v)
			v.Status = fleet.Degraded
		})), []string{`status payment/a "up">"degraded"`, `breaker payment/a:user "closed">"forced_open"`}},
		{"counts are no event", moment(1, "", with(breakers(closed))), moment(2, "", with(breakers(fleet.Breaker{Name: "user", State: fleet.BreakerClosed, Calls: 7, Rejected: 9}))), []string{}},
		{"a new breaker is no event", moment(1, "", with(breakers())), moment(2, "", with(breakers(closed))), []string{}},
		{"unless it refuses", moment(1, "", with(breakers())), moment(2, "", with(breakers(open))), []string{`breaker payment/a:user "">"open"`}},
		{"nor is one that is gone", moment(1, "", with(breakers(open))), moment(2, "", with(breakers())), []string{}},
		{"they could not be read", moment(1, "", with(breakers(open))), moment(2, "", with(unread)), []string{}},
		{"they can be read again: nobody knows since when", moment(1, "", with(unread)), moment(2, "", with(breakers(open))), []string{}},
		{"breakers of a new instance", moment(1, "", b), moment(2, "", with(breakers(open)), b), []string{`instance_new payment/a "">"up"`}},
		{"a source that was not there before", &fleet.Snapshot{}, moment(2, "refused"), []string{`source_lost etcd "">"refused"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events := diff.Between(tt.old, tt.new)
			if got := words(events); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			for _, e := range events {
				if e.Seq != tt.new.Seq || !e.At.Equal(tt.new.At) {
					t.Errorf("%s is of %d at %v", e.Kind, e.Seq, e.At)
				}
			}
		})
	}
}

var (
	closed = fleet.NewBreaker("user", fleet.BreakerClosed)
	open   = fleet.NewBreaker("user", fleet.BreakerOpen)
	forced = fleet.NewBreaker("user", fleet.BreakerForcedOpen)
)

func called(b fleet.Breaker, name string) fleet.Breaker {
	b.Name = name
	return b
}

// breakers are those of an instance that were read.
func breakers(list ...fleet.Breaker) func(*fleet.InstanceView) {
	return func(v *fleet.InstanceView) { v.Plan.Admin, v.Breakers = &fleet.Administration{API: "actuator"}, list }
}

// unread could not be.
func unread(v *fleet.InstanceView) {
	v.Plan.Admin, v.BreakersWhy = &fleet.Administration{API: "actuator"}, because("auth", "401")
}

func TestBreakersSayWhy(t *testing.T) {
	failing := open
	failing.FailureRate, failing.SlowRate, failing.Calls = 0.625, 0.031, 50
	slow := open
	slow.SlowRate = 1
	counted := open
	counted.FailureRate, counted.SlowRate, counted.Calls = 0, 0, 12
	held := forced
	held.Hold = fleet.Hold{By: "oncall-1", Reason: "db move"}
	for want, to := range map[string]fleet.Breaker{
		"62.5% failed, 3.1% slow of 50 calls": failing,
		"100% slow":                           slow,
		"":                                    counted,
		`oncall-1: "db move"`:                 held,
	} {
		events := diff.Between(moment(1, "", instance("a", breakers(closed))), moment(2, "", instance("a", breakers(to))))
		if len(events) != 1 || events[0].Why != because(fleet.ReasonBreaker, want) || events[0].Breaker != "user" {
			t.Errorf("%+v, want %q", events, want)
		}
	}
}

func TestDiffSaysWhy(t *testing.T) {
	ill := instance("a", func(v *fleet.InstanceView) { v.Status, v.Why = down, because("timeout", "no answer in 2s") })
	for _, e := range diff.Between(moment(1, "", instance("a", nil)), moment(2, "", ill)) {
		if e.Why != because("timeout", "no answer in 2s") {
			t.Errorf("%+v", e)
		}
	}
	lost := diff.Between(moment(1, ""), moment(2, "refused"))
	if len(lost) != 1 || lost[0].Why != because("refused", "detail") {
		t.Errorf("%+v", lost)
	}
}

// TestDiffTellsContextsApart: the same names in two contexts are two things.
func TestDiffTellsContextsApart(t *testing.T) {
	view := func(context string) fleet.ServiceView {
		return fleet.ServiceView{Ref: fleet.Ref{Context: context, Source: "etcd", Name: "x"}}
	}
	old := &fleet.Snapshot{Services: []fleet.ServiceView{view("prod"), view("test")}}
	new := &fleet.Snapshot{Sources: []fleet.SourceView{{Context: "prod", Name: "etcd", Reason: "refused"}, {Context: "test", Name: "etcd"}}}
	got := diff.Between(old, new)
	if len(got) != 2 || got[0].Kind != fleet.EventSourceLost || got[0].Key.Context != "prod" ||
		got[1].Kind != fleet.EventServiceGone || got[1].Key.Context != "test" {
		t.Errorf("got %+v", got)
	}
}
