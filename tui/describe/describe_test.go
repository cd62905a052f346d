package describe_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/describe"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

func ref(name string) fleet.Ref { return fleet.Ref{Context: "prod", Source: "etcd", Name: name} }

// night is a fleet in which payment is down, order waits for it and has breakers,
// and one registry does not answer.
func night() *fleet.Snapshot {
	at := pagetest.At()
	payment := fleet.ServiceView{Ref: ref("payment"), Status: fleet.Down, Why: fleet.Why{Reason: probe.ReasonTimeout, Detail: "payment-1 timeout"}, Labels: map[string]string{"team": "shop", "runbook": "https://wiki.example/payment"}}
	in := fleet.InstanceView{Key: fleet.Key{Ref: payment.Ref, Instance: "payment-1"}, Status: fleet.Down, Why: payment.Why}
	in.Instance = fleet.Instance{ID: "payment-1", Addr: "10.0.0.1:80", Zone: "a", Version: "2.4.0", Labels: map[string]string{"rack": "7"}}
	in.Probes = []probe.Result{{Target: probe.Target{Kind: probe.HTTP, Address: in.Addr, Path: "/health"}, Outcome: probe.Fail, Reason: probe.ReasonTimeout, Detail: "no answer in 2s", Took: 2 * time.Second}}
	payment.Instances = []fleet.InstanceView{in}
	order := fleet.ServiceView{Ref: ref("order"), Status: fleet.Degraded, DependsOn: []string{"payment"}, BlockedBy: []fleet.Ref{payment.Ref}}
	for i := range 2 {
		in := fleet.InstanceView{Key: fleet.Key{Ref: order.Ref, Instance: fmt.Sprint("order-", i+1)}, Status: fleet.Up}
		in.Instance = fleet.Instance{ID: in.Key.Instance, Zone: string(rune('a' + i)), Version: "1.9"}
		b := fleet.NewBreaker("payment", fleet.BreakerOpen)
		b.FailureRate, b.Calls, b.Since, b.API, b.Verbs = 0.62, 1204, at.Add(-3*time.Minute), "httpapi", []fleet.Verb{fleet.Trip, fleet.Reset}
		if i == 1 {
			b.State, b.Observed, b.Word = fleet.BreakerForcedOpen, fleet.BreakerClosed, "FORCED"
			b.Hold = fleet.Hold{By: "oncall-1", Reason: "db move", Change: "01J9K", Until: at.Add(51 * time.Second)}
		}
		in.Breakers = []fleet.Breaker{b, fleet.NewBreaker("mail", fleet.BreakerClosed)}
		order.Instances = append(order.Instances, in)
	}
	return &fleet.Snapshot{
		At: at, Context: "prod", Services: []fleet.ServiceView{order, payment},
		Sources: []fleet.SourceView{
			{Context: "prod", Name: "etcd", URL: "etcd://10.0.0.5:2379", AsOf: at.Add(-4 * time.Second), Services: 2, Instances: 3},
			{Context: "prod", Name: "consul", URL: "consul://10.0.0.6:8500", Reason: probe.ReasonRefused, Detail: "connection refused", Hint: "is it running?", Since: at.Add(-35 * time.Second), HasHealth: true, Vantage: "you may be outside its network", Warnings: []fleet.Warning{{Where: "key a", Detail: "no address"}, {Where: "key b", Detail: "no port"}}},
		},
		Roots: []fleet.Root{{Ref: payment.Ref, Victims: []fleet.Ref{order.Ref}}},
	}
}

// words is what is said of a place.
func words(v *page.View, of page.Place) string {
	_, lines := describe.Place(v, of)
	return text(v, lines)
}

func text(v *page.View, lines []widget.Line) string {
	var all []string
	for i := range lines {
		all = append(all, lines[i].Words(v.Theme))
	}
	return strings.Join(all, "\n")
}

// TestPlaces: what is said of each kind of thing, and that it is all that is known.
func TestPlaces(t *testing.T) {
	s := night()
	v := pagetest.View(s, 100, 30)
	order, payment := s.Services[0].Instances[0].Key, s.Services[1].Instances[0].Key
	v.Events = []fleet.Event{
		{Kind: fleet.EventStatus, Key: payment, At: s.At.Add(-2 * time.Second), From: "up", To: "down", Why: fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer in 2s"}},
		{Kind: fleet.EventBreaker, Key: order, At: s.At.Add(-time.Second), From: "closed", To: "open", Breaker: "payment"},
		{Kind: fleet.EventSourceLost, Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "consul"}}, At: s.At},
	}
	v.Changes = []desk.Change{pagetest.Order("01J9K", fleet.Trip, ref("order"), "payment", 2, s.At, time.Minute)}
	for name, c := range map[string]struct {
		of    page.Place
		title string
		says  []string
		not   []string
	}{
		"a cause": {
			page.Place{Kind: page.Service, Key: fleet.Key{Ref: ref("payment")}},
			"payment",
			[]string{"payment is down: payment-1 timeout", "name         etcd:payment", "context      prod", "why          timeout", "blocks       etcd:order", "labels       runbook=https://wiki.example/payment\n                team=shop", "versions     2.4.0", "Instances\n", "payment-1", "What happened\n", "no answer in 2s"},
			[]string{"waits for", "breaker payment"},
		},
		"a victim": {
			page.Place{Kind: page.Service, Key: fleet.Key{Ref: ref("order")}},
			"order",
			[]string{"waits for    etcd:payment", "depends on   payment", "zones        a, b", "order-1", "order-2", "closed → open"},
			[]string{"blocks", "labels", "▌"},
		},
		"an instance": {
			page.Place{Kind: page.Instance, Key: payment},
			"payment/payment-1",
			[]string{"payment-1 is down", "10.0.0.1:80", "rack=7", "no answer in 2s", "What happened"},
			nil,
		},
		"a breaker": {
			page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: ref("order")}, Item: "payment"},
			"order/payment",
			[]string{"order/order-1 has it open", "failures     62%", "slow         n/a", "calls        1204", "rejected     n/a", "since        03:01:05, for 3 m", "takes        trip, reset", "read by      httpapi", "order/order-2 has it forced open", "its word     FORCED", "by itself    closed", `held by      oncall-1: "db move", ends in 51 s`, "change       01J9K", "closed → open"},
			[]string{"mail"},
		},
		"a breaker of one": {
			page.Place{Kind: page.Breakers, Key: order, Item: "payment"}, "order/payment", []string{"order-1 has it"}, []string{"order-2 has it"},
		},
		"a registry": {
			page.Place{Kind: page.Sources, Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "etcd"}}, Item: "etcd"},
			"etcd",
			[]string{"url          etcd://10.0.0.5:2379", "state        ✓ answers", "as of        03:04:01, 4 s old", "holds        2 services, 3 instances", "it says nothing of how"},
			[]string{"hint", "since"},
		},
		"one that does not answer": {
			page.Place{Kind: page.Sources, Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "consul"}}, Item: "consul"},
			"consul",
			[]string{"✗ refused: connection refused", "since        03:03:30", "hint         is it running?", "never read", "vantage      you may be", "warnings     key a: no address\n                key b: no port", "it says itself", "What happened"},
			nil,
		},
		"an event": {
			page.EventPlace(&v.Events[0]), "payment/payment-1",
			[]string{"2026-01-02 03:04:03.000 UTC", "what         status", "from         up", "to           down", "why          timeout\n                no answer in 2s", "As it is now", "payment-1 is down"},
			nil,
		},
		"of a breaker":  {page.EventPlace(&v.Events[1]), "order/order-1", []string{"breaker      payment", "As it is now", "order-1 is up"}, nil},
		"of a registry": {page.EventPlace(&v.Events[2]), "consul", []string{"As it is now", "connection refused"}, nil},
		"a change": {
			page.Place{Kind: page.Changes, Item: "01J9K"}, "01J9K", []string{"order-1", "order-2", "db move", "oncall-1"}, []string{"▌"},
		},
	} {
		title, lines := describe.Place(v, c.of)
		got := text(v, lines)
		if title != c.title {
			t.Errorf("%s: it is called %q", name, title)
		}
		for _, want := range c.says {
			if !strings.Contains(got, want) {
				t.Errorf("%s: lacks %q:\n%s", name, want, got)
			}
		}
		for _, not := range c.not {
			if strings.Contains(got, not) {
				t.Errorf("%s: has %q:\n%s", name, not, got)
			}
		}
	}
}

// TestGone: nothing is said of what is not there.
func TestGone(t *testing.T) {
	v := pagetest.View(night(), 80, 24)
	for _, of := range []page.Place{
		{Kind: page.Service, Key: fleet.Key{Ref: ref("x")}},
		{Kind: page.Instance, Key: fleet.Key{Ref: ref("order"), Instance: "order-9"}},
		{Kind: page.Breakers, Key: fleet.Key{Ref: ref("x")}, Item: "a"},
		{Kind: page.Breakers, Key: fleet.Key{Ref: ref("order")}, Item: "x"},
		{Kind: page.Sources},
		{Kind: page.Events},
		{Kind: page.Fleet},
		{Kind: page.Map},
	} {
		if got := words(v, of); got != "" {
			t.Errorf("%+v: %s", of, got)
		}
	}
	if name := describe.Name(page.Place{Kind: page.Fleet}); name != "" {
		t.Errorf("the fleet is called %q", name)
	}
}

// TestMany: events are told up to a number, the newest first.
func TestMany(t *testing.T) {
	s := night()
	v := pagetest.View(s, 80, 24)
	key := s.Services[1].Instances[0].Key
	for i := range 100 {
		v.Events = append(v.Events, fleet.Event{Kind: fleet.EventStatus, Key: key, At: s.At.Add(time.Duration(i) * time.Second), From: "up", To: "down"})
	}
	got := words(v, page.Place{Kind: page.Instance, Key: key})
	_, told, _ := strings.Cut(got, "What happened\n")
	if n := strings.Count(told, "up → down"); n != 20 {
		t.Errorf("%d events are told", n)
	}
	if first, _, _ := strings.Cut(told, "\n"); !strings.Contains(first, "03:05:44") {
		t.Errorf("the first one is %s", first)
	}
}

// TestHostile: what services say of themselves comes out clean.
func TestHostile(t *testing.T) {
	s := night()
	const evil = "\x1b[2J\u202e\x07"
	svc := &s.Services[1]
	svc.Labels, svc.Why.Detail, svc.DependsOn = map[string]string{evil: evil}, evil, []string{evil}
	in := &svc.Instances[0]
	in.Version, in.Zone, in.Labels = evil, evil, map[string]string{evil: evil}
	s.Sources[1].Detail, s.Sources[1].Vantage = evil, evil
	s.Services[0].Instances[0].Breakers[0].Word = evil
	v := pagetest.View(s, 60, 24)
	for _, of := range []page.Place{
		{Kind: page.Service, Key: fleet.Key{Ref: svc.Ref}},
		{Kind: page.Instance, Key: in.Key},
		{Kind: page.Sources, Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "consul"}}},
		{Kind: page.Breakers, Key: fleet.Key{Ref: ref("order")}, Item: "payment"},
	} {
		if got := words(v, of); strings.ContainsAny(got, "\x1b\u202e\x07") || !strings.Contains(got, `\x1b[2J`) {
			t.Errorf("%+v: %q", of, got)
		}
	}
}

// TestNotReadYet: a registry that has said nothing yet is not said to answer.
func TestNotReadYet(t *testing.T) {
	s := night()
	s.Sources = []fleet.SourceView{{Context: "prod", Name: "etcd"}}
	v := pagetest.View(s, 100, 40)
	got := words(v, page.Place{Kind: page.Sources, Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "etcd"}}, Item: "etcd"})
	if strings.Contains(got, "answers") || !strings.Contains(got, "? not read yet") {
		t.Errorf("not read yet:\n%s", got)
	}
}
