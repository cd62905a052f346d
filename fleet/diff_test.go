package fleet_test

import (
	"fmt"
	"reflect"
	"testing"
	"testing/quick"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

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
		{"a source that was not there before", &fleet.Snapshot{}, moment(2, "refused"), []string{`source_lost etcd "">"refused"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events := fleet.Diff(tt.old, tt.new)
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

func TestDiffSaysWhy(t *testing.T) {
	ill := instance("a", func(v *fleet.InstanceView) { v.Status, v.Why = down, because("timeout", "no answer in 2s") })
	for _, e := range fleet.Diff(moment(1, "", instance("a", nil)), moment(2, "", ill)) {
		if e.Why != because("timeout", "no answer in 2s") {
			t.Errorf("%+v", e)
		}
	}
	lost := fleet.Diff(moment(1, ""), moment(2, "refused"))
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
	got := fleet.Diff(old, new)
	if len(got) != 2 || got[0].Kind != fleet.EventSourceLost || got[0].Key.Context != "prod" ||
		got[1].Kind != fleet.EventServiceGone || got[1].Key.Context != "test" {
		t.Errorf("got %+v", got)
	}
}

// TestDiffInvariants: nothing happens between a fleet and itself, and what is
// new one way is gone the other.
func TestDiffInvariants(t *testing.T) {
	property := func(one, two uint64) bool {
		a, b := assemble(randomFleet(one)...), assemble(randomFleet(two)...)
		count := func(events []fleet.Event, kind fleet.EventKind) (n int) {
			for _, e := range events {
				if e.Kind == kind {
					n++
				}
			}
			return n
		}
		there, back := fleet.Diff(a, b), fleet.Diff(b, a)
		return len(fleet.Diff(a, a)) == 0 && len(there) == len(back) &&
			count(there, fleet.EventServiceNew) == count(back, fleet.EventServiceGone) &&
			count(there, fleet.EventInstanceNew) == count(back, fleet.EventInstanceGone) &&
			count(there, fleet.EventStatus) == count(back, fleet.EventStatus)
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}
