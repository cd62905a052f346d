package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// TestKeyLine: what has no room is left out, help and quit never are, and nothing
// is wider than the screen while these two fit.
func TestKeyLine(t *testing.T) {
	words := [][2]string{{"enter", "open"}, {"s", "sort"}, {"/", "filter"}, {":", "go"}, {"p", "pause"}, {"?", "help"}, {"q", "quit"}}
	th := theme.New(theme.Options{Colorless: true})
	text := func(width int) string {
		s := ""
		for _, span := range keyLine(th, width, words).Left {
			s += span.Text
		}
		return s
	}
	for width, want := range map[int]string{
		100: " enter open · s sort · / filter · : go · p pause · ? help · q quit",
		66:  " enter open · s sort · / filter · : go · p pause · ? help · q quit",
		65:  " enter open · s sort · / filter · : go · ? help · q quit",
		30:  " enter open · ? help · q quit",
		20:  " ? help · q quit",
		5:   " ? help · q quit",
	} {
		if got := text(width); got != want {
			t.Errorf("%d columns: %q, want %q", width, got, want)
		}
	}
	for width := 17; width < 120; width++ {
		if got := text(width); widget.Width(got) > width {
			t.Errorf("%d columns: %d of %q", width, widget.Width(got), got)
		}
	}
	if got := keyLine(th, 80, nil); len(got.Left) != 1 {
		t.Errorf("no keys: %v", got)
	}
}

// TestLayout: the lines of the screen add up at every height, and the page has
// most of them.
func TestLayout(t *testing.T) {
	for height := 1; height <= 100; height++ {
		a := &App{height: height}
		l := a.layout()
		sum := l.header + l.path + l.page + l.events + l.keys
		if l.rules {
			sum += 2
		}
		if sum != height || l.page < 1 {
			t.Errorf("%d lines: %+v are %d", height, l, sum)
		}
		if height >= 10 && l.page*2 < height {
			t.Errorf("%d lines: the page has %d", height, l.page)
		}
	}
}

func TestCompletions(t *testing.T) {
	names := []string{"fleet", "events", "payment", "Order", "payment/payment-1", "order/order-1"}
	for typed, want := range map[string]string{
		"":      "fleet events payment Order",
		"pay":   "payment payment/payment-1",
		"or":    "Order order/order-1",
		"ment":  "payment payment/payment-1",
		"er-1":  "order/order-1",
		"e":     "events fleet payment Order payment/payment-1 order/order-1",
		"never": "",
	} {
		if got := strings.Join(completions(names, typed), " "); got != want {
			t.Errorf("%q: %s, want %s", typed, got, want)
		}
	}
}

// TestNamed: every place has a name that leads to it, also where two sources have
// a service of one name, or a service is called like a page.
func TestNamed(t *testing.T) {
	ref := func(source, name string) fleet.Ref { return fleet.Ref{Source: source, Name: name} }
	s := &fleet.Snapshot{}
	for _, r := range []fleet.Ref{ref("etcd", "pay"), ref("consul", "pay"), ref("etcd", "events")} {
		s.Services = append(s.Services, fleet.ServiceView{Ref: r, Instances: []fleet.InstanceView{{Key: fleet.Key{Ref: r, Instance: r.Name + "-1"}}}})
	}
	names, places := named(s)
	for name, want := range map[string]page.Place{
		"events":      {Kind: page.Events},
		"pay":         {Kind: page.Service, Key: fleet.Key{Ref: ref("etcd", "pay")}},
		"consul:pay":  {Kind: page.Service, Key: fleet.Key{Ref: ref("consul", "pay")}},
		"etcd:events": {Kind: page.Service, Key: fleet.Key{Ref: ref("etcd", "events")}},
		"pay/pay-1":   {Kind: page.Instance, Key: fleet.Key{Ref: ref("etcd", "pay"), Instance: "pay-1"}},
		"fleet":       {Kind: page.Fleet},
		"breakers":    {Kind: page.Breakers},
		"sources":     {Kind: page.Sources},
	} {
		if got := places[name]; got != want {
			t.Errorf("%s leads to %+v, want %+v", name, got, want)
		}
	}
	for _, n := range names {
		if p := pageOf(places[n]); p == nil || p.Place() != places[n] {
			t.Errorf("%s has no page of its own", n)
		}
	}
	if pageOf(page.Place{Kind: "nowhere"}) != nil {
		t.Error("a page of nothing")
	}
	if names, _ := named(nil); len(names) != 6 {
		t.Errorf("before the first snapshot: %v", names)
	}
}

func TestCutLast(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "", "pay": "pa", "é": "", "日本": "日", "e\u0301x": "e\u0301", "xe\u0301": "x", "🚀": ""} {
		if got := cutLast(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
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
	a.Update(tea.PasteMsg{Content: "pay\n\x1b[2J"})
	if got := a.asking.text; got != `pay \x1b[2J` {
		t.Errorf("pasted %q", got)
	}
}
