package page_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

func text(spans []widget.Span) string {
	s := ""
	for _, sp := range spans {
		s += sp.Text
	}
	return s
}

func TestNumbers(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		say  func(float64) string
		v    float64
		want string
	}{
		{page.Rate, nan, "n/a"},
		{page.Rate, 0, "0/s"},
		{page.Rate, 0.01, "<0.1/s"},
		{page.Rate, 0.4, "0.4/s"},
		{page.Rate, 9.96, "10/s"},
		{page.Rate, 41.4, "41/s"},
		{page.Rate, 9999.4, "9999/s"},
		{page.Rate, 12345, "12k/s"},
		{page.Rate, 2.5e6, "2.5M/s"},
		{page.Share, nan, "n/a"},
		{page.Share, 0, "0%"},
		{page.Share, 0.0001, "<0.1%"},
		{page.Share, 0.004, "0.4%"},
		{page.Share, 0.382, "38%"},
		{page.Share, 1, "100%"},
		{page.Seconds, nan, "n/a"},
		{page.Seconds, 0.006, "6 ms"},
		{page.Seconds, 1.9, "1.9 s"},
	} {
		if got := tt.say(tt.v); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.v, got, tt.want)
		}
	}
	if got := page.P99(&fleet.Traffic{P99: 10, Over: true}); got != ">10 s" {
		t.Errorf("beyond the histogram: %q", got)
	}
	if tr := page.Traffic(nil); !math.IsNaN(tr.Rate) || tr.Why == "" {
		t.Errorf("nobody measures: %+v", tr)
	}
}

// TestBar: one sign each while they are few, numbers when they are many; together
// they are all instances.
func TestBar(t *testing.T) {
	of := func(statuses ...fleet.Status) *fleet.ServiceView {
		s := &fleet.ServiceView{}
		for _, st := range statuses {
			s.Instances = append(s.Instances, fleet.InstanceView{Status: st})
		}
		return s
	}
	if got := text(page.Bar(of())); got != "none" {
		t.Errorf("none: %q", got)
	}
	if got := text(page.Bar(of(fleet.Down, fleet.Up, fleet.Unknown, fleet.Maintenance, fleet.StatusNone, fleet.Degraded))); got != "✓!–??✗" {
		t.Errorf("few: %q", got)
	}
	all := of(fleet.Down, fleet.Down)
	for range 198 {
		all.Instances = append(all.Instances, fleet.InstanceView{Status: fleet.Up})
	}
	if got := text(page.Bar(all)); got != "✓198 ✗2" {
		t.Errorf("many: %q", got)
	}
}

func TestTally(t *testing.T) {
	of := func(versions ...string) string {
		var in []fleet.InstanceView
		for _, v := range versions {
			in = append(in, fleet.InstanceView{Instance: fleet.Instance{Version: v}})
		}
		return page.Tally(in, func(in *fleet.InstanceView) string { return in.Version })
	}
	for _, tt := range []struct {
		versions []string
		want     string
	}{
		{nil, "–"},
		{[]string{"", ""}, "–"},
		{[]string{"1", "1"}, "1"},
		{[]string{"2", "2", "1", "2"}, "2 ×3, 1"},
		{[]string{"1", "2", "3", "4", "5", "6"}, "1, 2, 3, 4, others"},
	} {
		if got := of(tt.versions...); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.versions, got, tt.want)
		}
	}
}

func TestOpenBreakers(t *testing.T) {
	for _, tt := range []struct {
		states []fleet.BreakerState
		want   string
	}{
		{nil, "–"},
		{[]fleet.BreakerState{fleet.BreakerClosed}, "closed"},
		{[]fleet.BreakerState{fleet.BreakerClosed, fleet.BreakerHalfOpen}, "1 half"},
		{[]fleet.BreakerState{fleet.BreakerDisabled, fleet.BreakerClosed}, "1 off"},
		{[]fleet.BreakerState{fleet.BreakerOpen, fleet.BreakerForcedOpen, fleet.BreakerHalfOpen}, "2 open"},
	} {
		s := &fleet.ServiceView{Instances: []fleet.InstanceView{{}}}
		for _, st := range tt.states {
			s.Instances[0].Breakers = append(s.Instances[0].Breakers, fleet.NewBreaker("b", st))
		}
		if got, _ := page.OpenBreakers(s); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.states, got, tt.want)
		}
	}
}

// TestFilter: the words of commands, and bare words that are a part of a name.
func TestFilter(t *testing.T) {
	service := func(name, zone, version, team string) *fleet.ServiceView {
		r := fleet.Ref{Context: "prod", Source: "etcd", Namespace: "shop", Name: name}
		if name == "user" {
			r.Context = "stage"
		}
		return &fleet.ServiceView{Ref: r, Labels: map[string]string{"team": team}, Instances: []fleet.InstanceView{
			{Key: fleet.Key{Ref: r, Instance: name + "-1"}, Instance: fleet.Instance{ID: name + "-1", Zone: zone, Version: version}},
		}}
	}
	all := []*fleet.ServiceView{service("payment", "a", "2.4.0", "shop"), service("order", "b", "2.4.1", "shop"), service("user", "a", "3.1", "id")}
	for text, want := range map[string]string{
		"":                  "payment order user",
		"pay":               "payment",
		"er":                "order user",
		"pay user":          "payment user",
		"ord*":              "order",
		"* !pay*":           "order user",
		"zone=a":            "payment user",
		"zone=a version=2*": "payment",
		"team=shop":         "payment order",
		"team!=shop":        "user",
		"etcd:order":        "order",
		"namespace=shop":    "payment order user",
		"namespace=x":       "",
		"context=prod":      "payment order",
		"context=pr* er":    "order",
		"source=etcd":       "payment order user",
		"source=consul":     "",
		"instance=user-1":   "user",
		"user/user-1":       "user",
		"nowhere":           "",
	} {
		f, err := page.ParseFilter(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var got []string
		for _, s := range all {
			if f.Service(s) {
				got = append(got, s.Name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, want %q", text, got, want)
		}
	}
	for _, text := range []string{"[", "a!=b=c,,", "version=["} {
		if _, err := page.ParseFilter(text); err == nil {
			t.Errorf("%q is understood", text)
		}
	}
	empty := &fleet.ServiceView{Ref: fleet.Ref{Name: "order"}}
	if f, _ := page.ParseFilter("order"); !f.Service(empty) {
		t.Error("a service without instances cannot be found")
	}
	f, _ := page.ParseFilter("ment-1")
	if !f.Instance(all[0], &all[0].Instances[0]) || f.Instance(all[1], &all[1].Instances[0]) {
		t.Error("a part of an instance's name")
	}
	if f, _ := page.ParseFilter("Open pay"); !f.Any("payment OPEN") || f.Any("payment closed") {
		t.Error("words of any text")
	}
}

// TestWords: every word has to be in the text, and the service where it shall be.
func TestWords(t *testing.T) {
	r := fleet.Ref{Context: "prod", Source: "etcd", Namespace: "shop", Name: "order"}
	for text, want := range map[string]bool{
		"": true, "pay": true, "OPEN Pay": true, "closed": false, "pay closed": false, "context=prod": true, "context=p* open": true, "context=prod closed": false,
		"context=stage": false, "source=etcd namespace=shop": true, "source=consul": false, "zone=a": false, " open ": true,
	} {
		f, err := page.ParseWords(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if got := f.About(r, "Payment open"); got != want || f.Text != strings.TrimSpace(text) {
			t.Errorf("%q: %v of %q", text, got, f.Text)
		}
	}
	if _, err := page.ParseWords("context=["); err == nil {
		t.Error("an open bracket is understood")
	}
}

func TestEvents(t *testing.T) {
	v := &page.View{Zone: time.UTC}
	key := fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: "pay"}, Instance: "pay-1"}
	for _, tt := range []struct {
		event fleet.Event
		want  string
		tone  theme.Tone
	}{
		{fleet.Event{Kind: fleet.EventStatus, Key: key, From: "up", To: "down", Why: fleet.Why{Detail: "no answer"}}, "✗ pay/pay-1 up → down: no answer", theme.Bad},
		{fleet.Event{Kind: fleet.EventStatus, Key: key, From: "down", To: "up"}, "✓ pay/pay-1 down → up", theme.Good},
		{fleet.Event{Kind: fleet.EventBreaker, Key: key, Breaker: "user", From: "closed", To: "open"}, "✗ pay/pay-1 breaker user closed → open", theme.Bad},
		{fleet.Event{Kind: fleet.EventInstanceGone, Key: key}, "! pay/pay-1 is gone", theme.Warn},
		{fleet.Event{Kind: fleet.EventServiceNew, Key: fleet.Key{Ref: key.Ref}}, "· pay is new", theme.Dim},
		{fleet.Event{Kind: fleet.EventVersion, Key: key, To: "2"}, "· pay/pay-1 version - → 2", theme.Dim},
		{fleet.Event{Kind: fleet.EventSourceLost, Key: fleet.Key{Ref: fleet.Ref{Source: "etcd"}}}, "✗ registry etcd does not answer, its last set is kept", theme.Bad},
		{fleet.Event{Kind: fleet.EventSourceBack, Key: fleet.Key{Ref: fleet.Ref{Source: "etcd"}}}, "✓ registry etcd answers again", theme.Good},
	} {
		if got := text(page.Event(v, &tt.event).Left); got != " - "+tt.want || page.EventTone(&tt.event) != tt.tone {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// TestSeveral: whether names are enough to tell services apart, and what tells them
// apart where they are not.
func TestSeveral(t *testing.T) {
	in := func(contexts ...string) *fleet.Snapshot {
		s := &fleet.Snapshot{}
		for _, c := range contexts {
			s.Services = append(s.Services, fleet.ServiceView{Ref: fleet.Ref{Context: c, Name: "pay"}})
		}
		return s
	}
	named := in("prod")
	named.Context = "prod"
	empty := &fleet.Snapshot{Sources: []fleet.SourceView{{Context: "prod"}, {Context: "stage"}}}
	for _, tt := range []struct {
		s    *fleet.Snapshot
		want bool
	}{{in(), false}, {in(""), false}, {in("prod", "prod"), false}, {in("prod", "stage"), true}, {named, false}, {empty, true}} {
		if got := page.Several(tt.s); got != tt.want {
			t.Errorf("%+v: %v", tt.s, got)
		}
	}
	e := &fleet.Event{Kind: fleet.EventInstanceNew, Key: fleet.Key{Ref: fleet.Ref{Context: "stage", Name: "pay"}, Instance: "1"}}
	for s, want := range map[*fleet.Snapshot]string{in("prod", "stage"): "stage:pay/1 is new", named: "pay/1 is new"} {
		text := ""
		for _, span := range page.Event(&page.View{Snapshot: s, Zone: time.UTC}, e).Left[2:] {
			text += span.Text
		}
		if text != want {
			t.Errorf("%q, want %q", text, want)
		}
	}
}

// TestHoldOf: the journal's word goes before the far side's.
func TestHoldOf(t *testing.T) {
	k := fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: "order"}, Instance: "order-1"}
	b := fleet.NewBreaker("payment", fleet.BreakerForcedOpen)
	v := &page.View{}
	if got := page.HoldOf(v, k, &b); !got.IsZero() {
		t.Errorf("nobody's: %+v", got)
	}
	b.Hold = fleet.Hold{By: "api"}
	if got := page.HoldOf(v, k, &b); got.By != "api" {
		t.Errorf("the far side's: %+v", got)
	}
	v.Holder = desk.NewHolder([]desk.Change{pagetest.Order("01J9K", fleet.Trip, k.Ref, "payment", 1, pagetest.At(), time.Minute)})
	if got := page.HoldOf(v, k, &b); got.By != "oncall-1@bastion-1" || got.Change != "01J9K" {
		t.Errorf("the journal's: %+v", got)
	}
}

// TestReason: a registry's reason is words, not a code.
func TestReason(t *testing.T) {
	for r, want := range map[fleet.Reason]string{"refused": "refused", "not_found": "not found", "body": "not readable"} {
		if got := page.Reason(r); got != want {
			t.Errorf("%s: %q, want %q", r, got, want)
		}
	}
}

// TestElsewhere: a key that changes something says where it is at home; no other
// key says anything.
func TestElsewhere(t *testing.T) {
	for key, want := range map[string]string{"T": "breakers", "H": "breakers", "D": "instances", "E": "instances", "U": ":changes", "t": "", "X": ""} {
		if got := page.Elsewhere(key); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}
