package breakers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/breakers"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

func at() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// owner is a service with a breaker in these states, one an instance.
func owner(name, breaker string, states ...fleet.BreakerState) fleet.ServiceView {
	s := fleet.ServiceView{Ref: fleet.Ref{Source: "etcd", Name: name}}
	for i, st := range states {
		b := fleet.NewBreaker(breaker, st)
		b.Rejected, b.Since = int64(10*i), at().Add(-time.Duration(i+1)*time.Minute)
		b.FailureRate = float64(i) / 10
		s.Instances = append(s.Instances, fleet.InstanceView{Key: fleet.Key{Ref: s.Ref, Instance: fmt.Sprint(name, "-", i)}, Breakers: []fleet.Breaker{b}})
	}
	return s
}

func view(width, height int, services ...fleet.ServiceView) *page.View {
	return pagetest.View(&fleet.Snapshot{Services: services}, width, height)
}

// row is the words of the row of a breaker.
func row(t *testing.T, screen, name string) string {
	t.Helper()
	for line := range strings.Lines(screen) {
		if words := strings.Fields(strings.TrimLeft(line, "▌ ")); len(words) > 2 && words[1]+"/"+words[2] == name {
			return strings.Join(words, " ")
		}
	}
	t.Fatalf("no row of %s:\n%s", name, screen)
	return ""
}

// TestGrouped: a breaker is one row, in its worst state, with how many instances
// are in that, what was counted together, and since when.
func TestGrouped(t *testing.T) {
	const (
		closed, half, open, forced, off = fleet.BreakerClosed, fleet.BreakerHalfOpen, fleet.BreakerOpen, fleet.BreakerForcedOpen, fleet.BreakerDisabled
	)
	held := owner("held", "db", forced, closed)
	held.Instances[0].Breakers[0].Hold = fleet.Hold{By: "oncall-1", Reason: "db move"}
	nobody := owner("plain", "x", closed)
	nobody.Instances[0].Breakers[0] = fleet.NewBreaker("x", closed)
	v := view(120, 30, owner("order", "payment", open, closed, open, closed), owner("well", "b", closed, closed), owner("half", "b", closed, half),
		owner("off", "b", off), held, owner("odd", "b", fleet.BreakerUnknown), owner("forced", "b", forced), nobody)
	p := breakers.New()
	screen := pagetest.Screen(t, p, v)
	for name, want := range map[string]string{
		"order/payment": "✗ order payment open 2 of 4 30% n/a 60 3 m itself",
		"well/b":        "✓ well b closed 2 of 2 10% n/a 10 2 m itself",
		"half/b":        "! half b half open 1 of 2 10% n/a 10 2 m itself",
		"off/b":         "! off b disabled 1 0% n/a 0 1 m someone else",
		"held/db":       "✗ held db forced open 1 of 2 10% n/a 10 1 m oncall-1: \"db move\"",
		"odd/b":         "? odd b unknown 1 0% n/a 0 1 m itself",
		"forced/b":      "✗ forced b forced open 1 0% n/a 0 1 m someone else",
		"plain/x":       "✓ plain x closed 1 n/a n/a n/a – itself",
	} {
		if got := row(t, screen, name); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	var order []string
	for line := range strings.Lines(screen) {
		if words := strings.Fields(strings.TrimLeft(line, "▌ ")); len(words) > 8 {
			order = append(order, words[1])
		}
	}
	if got := strings.Join(order, " "); got != "SERVICE order held forced half odd off well plain" && got != "BREAKER order held forced half odd off well plain" {
		t.Errorf("the order is %s", got)
	}
	if i, ok := p.Keys()[0].Do(v).(page.Open); !ok || i.Place.Kind != page.Service || i.Place.Key.Name != "order" {
		t.Errorf("enter opens %+v", i)
	}
}

func TestFilterAndUnwell(t *testing.T) {
	v := view(100, 20, owner("order", "payment", fleet.BreakerOpen), owner("user", "db", fleet.BreakerClosed))
	unread := owner("lost", "x")
	unread.Instances = []fleet.InstanceView{{BreakersWhy: fleet.Why{Reason: probe.ReasonTimeout}}}
	v.Snapshot.Services = append(v.Snapshot.Services, unread)
	p := breakers.New()
	for _, tt := range []struct {
		filter string
		unwell bool
		sees   []string
		not    []string
		notes  string
	}{
		{"", false, []string{"payment", "db"}, nil, "not read on 1 instance"},
		{"open", false, []string{"payment"}, []string{" db "}, "not read on 1 instance · 1 hidden"},
		{"order/pay", false, []string{"payment"}, []string{" db "}, "not read on 1 instance · 1 hidden"},
		{"", true, []string{"payment"}, []string{" db "}, "not read on 1 instance · 1 hidden"},
		{"db", true, []string{"No breaker matches db"}, []string{"payment"}, "not read on 1 instance · 2 hidden"},
	} {
		if err := p.SetFilter(tt.filter); err != nil {
			t.Fatal(err)
		}
		v.Unwell = tt.unwell
		screen := pagetest.Screen(t, p, v)
		for _, want := range tt.sees {
			if !strings.Contains(screen, want) {
				t.Errorf("%q, %v: %q is not seen:\n%s", tt.filter, tt.unwell, want, screen)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(screen, not) {
				t.Errorf("%q, %v: %q is seen:\n%s", tt.filter, tt.unwell, not, screen)
			}
		}
		if got := strings.Join(p.Notes(v), " · "); got != tt.notes {
			t.Errorf("%q: notes %q, want %q", tt.filter, got, tt.notes)
		}
	}
	if screen := pagetest.Screen(t, breakers.New(), view(80, 10)); !strings.Contains(screen, "No service is registered") {
		t.Errorf("an empty fleet:\n%s", screen)
	}
	none := view(80, 10, fleet.ServiceView{Ref: fleet.Ref{Name: "order"}})
	if screen := pagetest.Screen(t, breakers.New(), none); !strings.Contains(screen, "No breakers are read") {
		t.Errorf("a fleet without breakers:\n%s", screen)
	}
}

// TestHeldByTheJournal: who is known by the journal goes before the far side's
// word, and how long it is held runs down with the clock.
func TestHeldByTheJournal(t *testing.T) {
	held := owner("held", "db", fleet.BreakerForcedOpen)
	held.Instances[0].Breakers[0].Hold = fleet.Hold{By: "api", Reason: "token"}
	held.Instances[0].Key.Instance = "held-1"
	v := view(140, 12, held, owner("other", "db", fleet.BreakerForcedOpen))
	v.Holder = desk.NewHolder([]desk.Change{pagetest.Order("01J9K", fleet.Trip, held.Ref, "db", 1, at(), time.Minute)})
	p := breakers.New()
	for after, want := range map[time.Duration]string{
		9 * time.Second: "ends in 51 s", 59*time.Second + 1: "ends now", time.Minute: "ends now", 2 * time.Minute: "should have ended 1 m ago",
	} {
		v.Now = at().Add(after)
		screen := pagetest.Screen(t, p, v)
		if got := row(t, screen, "held/db"); !strings.HasSuffix(got, `oncall-1@bastion-1: "db move", `+want) || !p.Ticks(v) {
			t.Errorf("after %v: %s", after, got)
		}
		if got := row(t, screen, "other/db"); !strings.HasSuffix(got, "someone else") {
			t.Errorf("nobody's: %s", got)
		}
	}
	v.Holder = nil
	if got := row(t, pagetest.Screen(t, p, v), "held/db"); !strings.HasSuffix(got, `api: "token"`) || p.Ticks(v) {
		t.Errorf("the far side's word: %s", got)
	}
}
