package events_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/events"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

func at(i int) time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(i) * time.Second)
}

func event(i int, kind fleet.EventKind, key fleet.Key, from, to string) fleet.Event {
	return fleet.Event{Seq: uint64(i), At: at(i), Kind: kind, Key: key, From: from, To: to}
}

func key(instance string) fleet.Key {
	return fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: "pay"}, Instance: instance}
}

func view(height int, all ...fleet.Event) *page.View {
	v := pagetest.View(&fleet.Snapshot{}, 90, height)
	v.Events = all
	return v
}

// TestRows: every kind of event says what became of whom.
func TestRows(t *testing.T) {
	service := key("")
	source := fleet.Key{Ref: fleet.Ref{Source: "consul"}}
	for _, tt := range []struct {
		event fleet.Event
		want  string
	}{
		{event(1, fleet.EventStatus, key("1"), "up", "down"), "03:04:06 status pay/1 up → down"},
		{event(1, fleet.EventServiceNew, service, "", "up"), "03:04:06 service pay new"},
		{event(1, fleet.EventServiceGone, service, "up", ""), "03:04:06 service pay gone"},
		{event(1, fleet.EventInstanceNew, key("1"), "", "up"), "03:04:06 instance pay/1 new"},
		{event(1, fleet.EventInstanceGone, key("1"), "up", ""), "03:04:06 instance pay/1 gone"},
		{event(1, fleet.EventVersion, key("1"), "1.0", "1.1"), "03:04:06 version pay/1 1.0 → 1.1"},
		{event(1, fleet.EventClaim, key("1"), "", "down"), "03:04:06 claim pay/1 - → down"},
		{event(1, fleet.EventAddress, key("1"), "a:1", "b:2"), "03:04:06 address pay/1 a:1 → b:2"},
		{event(1, fleet.EventSourceLost, source, "", ""), "03:04:06 registry consul does not answer"},
		{event(1, fleet.EventSourceBack, source, "", ""), "03:04:06 registry consul answers again"},
		{fleet.Event{At: at(1), Kind: fleet.EventBreaker, Key: key("1"), Breaker: "db", From: "forced_open", To: "half_open"}, "03:04:06 breaker db pay/1 forced open → half open"},
		{fleet.Event{At: at(1), Kind: fleet.EventBreaker, Key: key("1"), Breaker: "db", From: "closed", To: "open", Why: fleet.Why{Detail: "60% failed"}}, "03:04:06 breaker db pay/1 closed → open 60% failed"},
	} {
		if got := pagetest.Lit(pagetest.Drawn(t, events.New(), view(10, tt.event))); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.event.Kind, got, tt.want)
		}
	}
}

// TestFollows: the cursor stays on the newest until it is moved; then it stays on
// its event, however many come.
func TestFollows(t *testing.T) {
	p := events.New()
	var all []fleet.Event
	come := func() *page.View {
		n := len(all)
		all = append(all, event(n, fleet.EventStatus, key(fmt.Sprint(n)), "up", "down"))
		return view(8, all...)
	}
	on := func(what string, v *page.View, instance, note string) {
		t.Helper()
		if got := pagetest.Lit(pagetest.Drawn(t, p, v)); !strings.Contains(got, " pay/"+instance+" ") {
			t.Errorf("%s: the cursor is on %q, want pay/%s", what, got, instance)
		}
		if got := strings.Join(p.Notes(v), " · "); got != note {
			t.Errorf("%s: notes %q, want %q", what, got, note)
		}
	}
	for range 20 {
		come()
	}
	v := come()
	on("first", v, "20", "follows")
	v = come()
	on("one more", v, "21", "follows")
	pagetest.Press(t, p, v, "down")
	on("moved", v, "20", "stays here, 1 newer above")
	come()
	v = come()
	on("two more", v, "20", "stays here, 3 newer above")
	pagetest.Press(t, p, v, "f")
	on("follows again", v, "23", "follows")
	pagetest.Press(t, p, v, "f")
	v = come()
	on("stays", v, "23", "stays here, 1 newer above")
	pagetest.Press(t, p, v, "g")
	on("at the top it follows", v, "24", "follows")
	pagetest.Press(t, p, v, "end")
	on("the oldest", v, "0", "stays here, 24 newer above")
}

// TestOpens: enter goes to what an event is about.
func TestOpens(t *testing.T) {
	for _, tt := range []struct {
		key  fleet.Key
		kind page.Kind
	}{{key("1"), page.Instance}, {key(""), page.Service}, {fleet.Key{Ref: fleet.Ref{Source: "etcd"}}, page.Sources}} {
		p, v := events.New(), view(10, event(1, fleet.EventStatus, tt.key, "up", "down"))
		p.See(v)
		if i, ok := pagetest.Press(t, p, v, "enter").(page.Open); !ok || i.Place.Kind != tt.kind {
			t.Errorf("%v opens %+v", tt.key, i)
		}
	}
	p, v := events.New(), view(10)
	p.See(v)
	if i := pagetest.Press(t, p, v, "enter"); i != nil {
		t.Errorf("nothing opens %+v", i)
	}
}

func TestFilter(t *testing.T) {
	p := events.New()
	v := view(10, event(1, fleet.EventStatus, key("1"), "up", "down"), event(2, fleet.EventStatus, key("2"), "down", "up"))
	_ = p.SetFilter("pay/1")
	if screen := pagetest.Screen(t, p, v); !strings.Contains(screen, "pay/1") || strings.Contains(screen, "pay/2") || p.Notes(v)[0] != "1 hidden" {
		t.Errorf("filtered:\n%s", screen)
	}
	_ = p.SetFilter("nowhere")
	if screen := pagetest.Screen(t, p, v); !strings.Contains(screen, "No event matches") {
		t.Errorf("nothing left:\n%s", screen)
	}
	_ = p.SetFilter("")
	v.Unwell = true
	if screen := pagetest.Screen(t, p, v); strings.Contains(screen, "pay/2") || !strings.Contains(screen, "pay/1") {
		t.Errorf("only what became unwell:\n%s", screen)
	}
}
