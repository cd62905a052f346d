package sources_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/sources"
)

// from is a service that a source has, with so many instances of each status.
func from(source, name string, up, down int) fleet.ServiceView {
	s := fleet.ServiceView{Ref: fleet.Ref{Source: source, Name: name}}
	for i := range up + down {
		in := fleet.InstanceView{Key: fleet.Key{Ref: s.Ref, Instance: fmt.Sprint(name, "-", i+1)}, Status: fleet.Up, Probes: []probe.Result{{Answered: true}}}
		in.Version, in.Scrape.URL = "1.0", "http://x/metrics"
		if i >= up {
			in.Status, in.Probes[0].Answered = fleet.Down, false
			in.Scrape.Why.Reason = probe.ReasonTimeout
		}
		s.Instances = append(s.Instances, in)
	}
	return s
}

// covered are two sources and what comes from them.
func covered(width, height int) *page.View {
	a, b := from("etcd", "payment", 2, 1), from("etcd", "order", 2, 0)
	a.DependsOn = []string{"order"}
	for i := range a.Instances {
		a.Instances[i].Zone, a.Instances[i].Weight = "a", 10*i
		a.Instances[i].Labels = map[string]string{"team": "shop"}
	}
	a.Instances[0].Labels["tier"] = "1"
	a.Instances[0].Breakers = []fleet.Breaker{fleet.NewBreaker("order", fleet.BreakerClosed)}
	a.Instances[1].Plan.Admin = &fleet.Administration{}
	a.Instances[2].BreakersWhy.Reason = probe.ReasonTimeout
	b.Instances[0].Status = fleet.StatusNone
	c, none := from("consul", "user", 0, 2), from("consul", "idle", 0, 0)
	claimed := fleet.Up
	c.Instances[0].Claimed = &claimed
	for i := range c.Instances {
		c.Instances[i].Version = ""
		c.Instances[i].Scrape = fleet.Scrape{}
	}
	s := &fleet.Snapshot{At: at(), Services: []fleet.ServiceView{a, b, c, none}, Sources: []fleet.SourceView{
		{Name: "etcd", URL: "etcd://a:2379", AsOf: at(), Services: 2, Instances: 5},
		{Name: "consul", URL: "consul://b:8500", AsOf: at(), Services: 2, Instances: 2, HasHealth: true},
		{Name: "files", URL: "file:///x.yaml", AsOf: at(), HasHealth: true},
	}}
	v := pagetest.View(s, width, height)
	return v
}

func has(t *testing.T, screen string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(screen, want) {
			t.Errorf("%q is not seen:\n%s", want, screen)
		}
	}
}

// TestCover: how much comes from a source, how much of that answers, what it says
// of it, and what it does not.
func TestCover(t *testing.T) {
	p, v := sources.New(), covered(110, 24)
	screen := pagetest.Screen(t, p, v)
	has(t, screen,
		"▌✓ etcd      answers     0 s         2          5     80%         –",
		" ✓ consul    answers     0 s         2          2      0%         –",
		" ✓ files     answers     0 s         0          0     n/a         –",
		"answer      4 of 5 instances · ✓ 3 up · ? 1 unknown · ✗ 1 down",
		"read        metrics 4 of 5 · breakers 2 of 3",
		"says        version 5 of 5 · zone 3 of 5 · weight 2 of 5 · what they call 1 of 2 services",
		"health      none of its own: what is known comes from asking",
		"labels      team 3 · tier 1",
		"last change none was seen since this began",
	)
	pagetest.Press(t, p, v, "down")
	screen = pagetest.Screen(t, p, v)
	has(t, screen, "answer      0 of 2 instances · ✗ 2 down", "read        metrics n/a · breakers n/a", "says        version 0 of 2 · zone 0 of 2\n", "health      its own, of 1 of 2", "empty       1 services have no instance")
	if strings.Contains(screen, "labels") {
		t.Errorf("there are no labels:\n%s", screen)
	}
	pagetest.Press(t, p, v, "down")
	screen = pagetest.Screen(t, p, v)
	has(t, screen, "url         file:///x.yaml")
	for _, not := range []string{"answer ", "0 of 0"} {
		if strings.Contains(screen, not) {
			t.Errorf("%q is seen:\n%s", not, screen)
		}
	}
	for range 6 {
		pagetest.Press(t, p, v, "s")
	}
	if got := strings.Join(p.Notes(v), ""); got != "sort: answer" {
		t.Errorf("notes %q", got)
	}
}

// TestClaims: a source that has health of its own and gives none is told.
func TestClaims(t *testing.T) {
	v := covered(110, 24)
	v.Snapshot.Services[2].Instances[0].Claimed = nil
	p := sources.New()
	p.Aim(page.Place{Kind: page.Sources, Key: fleet.Key{Ref: fleet.Ref{Source: "consul"}}, Item: "consul"})
	has(t, pagetest.Screen(t, p, v), "▌✓ consul", "health      its own, of none of them")
}

// TestChanged: when what a source says changed last, and how often it was lost; what
// happened to services of others, or to their health, is none of that.
func TestChanged(t *testing.T) {
	event := func(after int, kind fleet.EventKind, source, name string) fleet.Event {
		return fleet.Event{At: at().Add(time.Duration(after) * time.Second), Kind: kind, Key: fleet.Key{Ref: fleet.Ref{Source: source, Name: name}, Instance: "1"}, From: "up", To: "down"}
	}
	lost := func(after int) fleet.Event {
		return fleet.Event{At: at().Add(time.Duration(after) * time.Second), Kind: fleet.EventSourceLost, Key: fleet.Key{Ref: fleet.Ref{Source: "etcd"}}}
	}
	p, v := sources.New(), covered(110, 24)
	v.Events = []fleet.Event{event(1, fleet.EventInstanceNew, "etcd", "payment"), event(2, fleet.EventVersion, "etcd", "order"), event(3, fleet.EventStatus, "etcd", "order"), event(4, fleet.EventInstanceGone, "consul", "user")}
	screen := pagetest.Screen(t, p, v)
	has(t, screen, "last change 03:04:07 order/1 version up -> down")
	if strings.Contains(screen, "outages") {
		t.Errorf("it was not lost:\n%s", screen)
	}
	v.Events = append(v.Events, lost(5))
	has(t, pagetest.Screen(t, p, v), "outages     1, at 03:04:10")
	v.Events = append(v.Events, lost(7))
	has(t, pagetest.Screen(t, p, v), "outages     2, the last at 03:04:12")
	pagetest.Press(t, p, v, "down")
	has(t, pagetest.Screen(t, p, v), "last change 03:04:09 user/1 is gone")
}

// TestContexts: sources of one name in two contexts have each their own.
func TestContexts(t *testing.T) {
	v := covered(140, 24)
	other := from("etcd", "payment", 1, 3)
	other.Context = "stage"
	v.Snapshot.Services = append(v.Snapshot.Services, other)
	v.Snapshot.Sources = append(v.Snapshot.Sources, fleet.SourceView{Context: "stage", Name: "etcd", AsOf: at(), Services: 1, Instances: 4})
	p := sources.New()
	screen := pagetest.Screen(t, p, v)
	has(t, screen, "answer      4 of 5 instances")
	p.Aim(page.Place{Kind: page.Sources, Key: fleet.Key{Ref: fleet.Ref{Context: "stage", Source: "etcd"}}, Item: "etcd"})
	has(t, pagetest.Screen(t, p, v), "▌✓ etcd      stage", " stage: etcd", "answer      1 of 4 instances · ✓ 1 up · ✗ 3 down")
}

// TestManyWarnings: a few are told, the others counted.
func TestManyWarnings(t *testing.T) {
	v := covered(110, 40)
	for i := range 30 {
		v.Snapshot.Sources[0].Warnings = append(v.Snapshot.Sources[0].Warnings, fleet.Warning{Where: fmt.Sprint("entry ", i), Detail: "no address\x1b[2J"})
	}
	screen := pagetest.Screen(t, sources.New(), v)
	has(t, screen, "warning     entry 0: no address\\x1b[2J", "and 22 more warnings", "answer      4 of 5")
	if strings.Contains(screen, "entry 8") {
		t.Errorf("too many are told:\n%s", screen)
	}
}

// TestSmall: on every size, and rows stay.
func TestSmall(t *testing.T) {
	for height := 1; height < 30; height++ {
		for _, width := range []int{1, 10, 40, 80, 200} {
			lines := pagetest.Drawn(t, sources.New(), covered(width, height))
			if height > 1 && width >= 40 && !strings.HasPrefix(lines[1], "▌✓ etcd") {
				t.Errorf("%dx%d: %q", width, height, lines)
			}
		}
	}
}
