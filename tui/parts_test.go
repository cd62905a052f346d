package tui

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/offer"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// TestPlaces: every place has a name that leads to it, also where two sources have
// a service of one name, or a service is called like a command.
func TestPlaces(t *testing.T) {
	ref := func(source, name string) fleet.Ref { return fleet.Ref{Source: source, Name: name} }
	s := &fleet.Snapshot{}
	for _, r := range []fleet.Ref{ref("etcd", "pay"), ref("consul", "pay"), ref("etcd", "events"), ref("etcd", "q"), ref("etcd", "svc")} {
		s.Services = append(s.Services, fleet.ServiceView{Ref: r, Instances: []fleet.InstanceView{
			{Key: fleet.Key{Ref: r, Instance: r.Name + "-1"}, Breakers: []fleet.Breaker{fleet.NewBreaker("user", fleet.BreakerOpen)}},
		}})
	}
	a := New(Options{})
	names, places := offer.Places(s, a.commands().Words())
	for name, want := range map[string]page.Place{
		"pay":         {Kind: page.Service, Key: fleet.Key{Ref: ref("etcd", "pay")}},
		"consul:pay":  {Kind: page.Service, Key: fleet.Key{Ref: ref("consul", "pay")}},
		"etcd:events": {Kind: page.Service, Key: fleet.Key{Ref: ref("etcd", "events")}},
		"etcd:q":      {Kind: page.Service, Key: fleet.Key{Ref: ref("etcd", "q")}},
		"etcd:svc":    {Kind: page.Service, Key: fleet.Key{Ref: ref("etcd", "svc")}},
		"pay/pay-1":   {Kind: page.Instance, Key: fleet.Key{Ref: ref("etcd", "pay"), Instance: "pay-1"}},
		"pay/user":    {Kind: page.Breakers, Key: fleet.Key{Ref: ref("etcd", "pay")}, Item: "user"},
	} {
		if got := places[name]; got != want {
			t.Errorf("%s leads to %+v, want %+v", name, got, want)
		}
	}
	for _, n := range names {
		if p := pageOf(places[n]); p == nil || p.Place() != places[n].Page() {
			t.Errorf("%s has no page of its own", n)
		}
	}
	if pageOf(page.Place{Kind: "nowhere"}) != nil {
		t.Error("a page of nothing")
	}
	if names, _ := offer.Places(nil, nil); len(names) != 0 {
		t.Errorf("before the first snapshot: %v", names)
	}
}

// TestKeysAreTold: every key of every page is in one binding only, says what it
// does, and does something.
func TestKeysAreTold(t *testing.T) {
	for _, kind := range []page.Kind{page.Fleet, page.Service, page.Instance, page.Breakers, page.Events, page.Sources, page.Changes, page.Map} {
		a := New(Options{})
		a.open(page.Place{Kind: kind})
		seen := map[string]bool{}
		for _, of := range [][]page.Binding{a.top().Keys(), a.keys()} {
			for _, b := range of {
				if b.Shown == "" || b.Does == "" || b.Do == nil || len(b.Keys) == 0 {
					t.Errorf("%s: %+v says nothing", kind, b)
				}
				for _, k := range b.Keys {
					if seen[k] {
						t.Errorf("%s: %s is two things", kind, k)
					}
					seen[k] = true
				}
			}
		}
	}
}

// TestBackground: the palette follows the terminal's ground, unless it was chosen.
func TestBackground(t *testing.T) {
	dark := theme.New(theme.Options{}).Open(theme.Good, false)
	a := New(Options{})
	a.background(false)
	if a.theme.Open(theme.Good, false) == dark {
		t.Error("dark colours on a light ground")
	}
	a.background(true)
	if a.theme.Open(theme.Good, false) != dark {
		t.Error("light colours on a dark ground")
	}
	b := New(Options{Fixed: true})
	b.background(false)
	if b.theme.Open(theme.Good, false) != dark {
		t.Error("the palette that was chosen gave way")
	}
}

// TestFeed: the command waits for a snapshot, and tells the end.
func TestFeed(t *testing.T) {
	feed := make(chan *fleet.Snapshot, 1)
	a := New(Options{Feed: feed})
	feed <- &fleet.Snapshot{Seq: 7}
	if m, ok := a.next()().(snapshotMsg); !ok || m.snapshot.Seq != 7 {
		t.Errorf("came %+v", m)
	}
	close(feed)
	if _, ok := a.next()().(endedMsg); !ok {
		t.Error("the end is not told")
	}
	if a.Init() == nil {
		t.Error("nothing is waited for")
	}
	if _, cmd := a.Update(snapshotMsg{&fleet.Snapshot{}}); cmd == nil {
		t.Error("the next snapshot is not waited for")
	}
	if _, cmd := a.Update(endedMsg{}); cmd != nil {
		t.Error("something is waited for after the end")
	}
	if _, cmd := a.Update(tickMsg{}); cmd == nil {
		t.Error("the clock stops")
	}
	if _, cmd := a.Update(tea.FocusMsg{}); cmd != nil {
		t.Error("something is done about nothing")
	}
}

// TestEventsAreBounded: a day of changes does not grow the list.
func TestEventsAreBounded(t *testing.T) {
	a := New(Options{})
	for i := range 3 * keptEvents {
		r := fleet.Ref{Source: "etcd", Name: "pay"}
		s := &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: r, Instances: []fleet.InstanceView{{Key: fleet.Key{Ref: r, Instance: "1"}, Status: fleet.Status(1 + i%2*4)}}}}, Sources: []fleet.SourceView{{Name: "etcd"}}}
		a.take(s)
	}
	if len(a.events) != keptEvents {
		t.Errorf("%d events are kept, want %d", len(a.events), keptEvents)
	}
}

// TestPaste: what is pasted goes into the line that is typed, in one line.
func TestPaste(t *testing.T) {
	a := New(Options{})
	a.resize(80, 24)
	a.Update(tea.PasteMsg{Content: "lost"})
	a.askFilter()
	a.Update(tea.PasteMsg{Content: "pay\n\x1b[2J\n"})
	if got := a.asking.Text(); got != `pay \x1b[2J` {
		t.Errorf("pasted %q", got)
	}
}
