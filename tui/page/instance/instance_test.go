package instance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/instance"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

func key() fleet.Key {
	return fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: "payment"}, Instance: "payment-1"}
}

// full has something in every part of the page.
func full() fleet.InstanceView {
	claimed := fleet.Maintenance
	in := fleet.InstanceView{Key: key(), Status: fleet.Degraded, Why: fleet.Why{Reason: fleet.ReasonBreaker, Detail: "breaker user open"}, Attempts: 2, Flaky: true}
	in.Instance = fleet.Instance{
		ID: "payment-1", Addr: "10.0.0.1:80", Zone: "a", Version: "2.4", Weight: 10, Claimed: &claimed, ClaimNote: "moved by hand",
		Labels: map[string]string{"team": "shop", "tier": "1"}, Endpoints: map[string]string{"admin": "10.0.0.1:81"},
		LastSeen: pagetest.At().Add(-4 * time.Second), Lease: 8 * time.Second,
	}
	in.Probes = []probe.Result{
		{
			Target: probe.Target{Kind: probe.HTTP, Address: in.Addr, Path: "/health"}, Outcome: probe.Warn, Code: 200, Reason: probe.ReasonSlow, Took: 3 * time.Millisecond, Detail: "slow",
			Phases: []probe.Phase{{Name: "dial", Took: time.Millisecond}, {Name: "wait", Took: 2 * time.Millisecond}},
			Health: health.Verdict{Dialect: "spring", Components: []health.Component{
				{Name: "db", Word: health.Well, Text: "UP"}, {Name: "db/replica", Word: health.Ill, Text: "DOWN", Detail: "refused"}, {Name: "disk", Word: health.Warn, Text: "LOW"}, {Name: "x", Text: "?"},
			}},
		},
		{Target: probe.Target{Kind: probe.TCP, Address: in.Addr}, Outcome: probe.Pass, Took: time.Millisecond},
		{Target: probe.Target{Kind: probe.GRPC, Address: in.Addr}, Outcome: probe.Unknown, Reason: probe.ReasonAuth},
		{Target: probe.Target{Kind: probe.TLS, Address: in.Addr}, Outcome: probe.Fail, Reason: probe.ReasonCertificate},
	}
	in.Traffic = &fleet.Traffic{Rate: 41, Errors: 0.38, P50: 0.001, P95: 0.02, P99: 2}
	in.Scrape = fleet.Scrape{URL: "http://10.0.0.1:80/metrics", Form: "text", Samples: 120, Took: 4 * time.Millisecond, Note: "two families twice"}
	open := fleet.NewBreaker("user", fleet.BreakerForcedOpen)
	open.FailureRate, open.Rejected, open.Since, open.Hold = 0.62, 1204, pagetest.At().Add(-time.Minute), fleet.Hold{By: "oncall-1", Reason: "db move"}
	in.Breakers = []fleet.Breaker{open, fleet.NewBreaker("order", fleet.BreakerClosed)}
	in.Plan.Origins = []fleet.Origin{{What: "path", Value: "/health", From: `label "health_path"`}}
	return in
}

func view(height int, all ...fleet.InstanceView) *page.View {
	return pagetest.View(&fleet.Snapshot{Services: []fleet.ServiceView{{Ref: key().Ref, Instances: all}}}, 110, height)
}

func has(t *testing.T, screen string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(screen, want) {
			t.Errorf("%q is not seen:\n%s", want, screen)
		}
	}
}

func TestAllOfIt(t *testing.T) {
	v := view(100, full())
	v.History.Add(v.Snapshot)
	has(t, pagetest.Screen(t, instance.New(key()), v),
		"▌! payment-1 is degraded: breaker user open",
		"Registered in etcd", "address      10.0.0.1:80", "weight       10", "claims       – maintenance  moved by hand", "last seen    4 s ago", "lease        ends in 8 s",
		"labels       team=shop\n                tier=1", "endpoints    admin=10.0.0.1:81",
		"http         ! warn  http://10.0.0.1:80/health  200 · slow · spring", "dial       1 ms  usually 1 ms    █", "in all     3 ms",
		"▾ Components\n   └ ✓ db UP\n     └ ✗ replica DOWN  refused\n   └ ! disk LOW\n   └ ? x ?",
		"tcp          ✓ pass", "grpc         ? unknown", "tls          ✗ fail", "attempts     2", "it took a retry to pass",
		"passes       !", "none since this began",
		"rate         41/s", "errors       38%", "p50 1 ms  p95 20 ms  p99 2 s", "120 samples in 4 ms  http://10.0.0.1:80/metrics  text", "two families twice",
		"user         forced open  fail 62%  slow n/a  rejected 1204  since 03:03:05\n                held by oncall-1: \"db move\"", "order        closed  fail n/a  slow n/a",
		`path         /health  label "health_path"`,
	)
}

// TestBare: what is not known is not made up, and parts without content are left
// out.
func TestBare(t *testing.T) {
	in := fleet.InstanceView{Key: key(), Status: fleet.Unknown}
	in.Scrape = fleet.Scrape{URL: "http://x/metrics", Why: fleet.Why{Reason: probe.ReasonRefused, Detail: "connection refused"}, Hint: "name the port"}
	in.BreakersWhy, in.BreakersHint = fleet.Why{Reason: probe.ReasonAuth, Detail: "401"}, "credentials in the profile"
	screen := pagetest.Screen(t, instance.New(key()), view(60, in))
	has(t, screen, "? payment-1 is unknown", "it was not asked in this pass", "rate         n/a", "metrics are not read", "scrape       ? refused  connection refused  http://x/metrics", "name the port",
		"not read     auth  401", "credentials in the profile")
	for _, not := range []string{"weight", "claims", "lease", "labels", "Asked as", "flaky", "attempts", "History", "0/s", "0%"} {
		if strings.Contains(screen, not) {
			t.Errorf("%q is seen:\n%s", not, screen)
		}
	}
}

// TestFailuresStay: the history keeps failures, the newest first.
func TestFailuresStay(t *testing.T) {
	v := view(60, full())
	for i := range 100 {
		in := full()
		if i == 3 || i == 20 {
			in.Status, in.Why = fleet.Down, fleet.Why{Detail: "no answer"}
			in.Probes = []probe.Result{{Outcome: probe.Fail, Took: 2 * time.Second}}
		}
		v.History.Add(&fleet.Snapshot{At: pagetest.At().Add(time.Duration(i) * time.Second), Services: []fleet.ServiceView{{Ref: key().Ref, Instances: []fleet.InstanceView{in}}}})
	}
	has(t, pagetest.Screen(t, instance.New(key()), v), "failures     03:04:25 ✗ down  no answer  1 pass, 1 s, well again 03:04:26\n                in all 2 s\n                03:04:08 ✗ down",
		"rate 41/s", "50/s│", "0│", "p99 2 s")
}

func TestGoneAndBack(t *testing.T) {
	p, v := instance.New(key()), view(60, full())
	if v.Unwell = true; len(p.Notes(v)) != 0 {
		t.Errorf("notes before anything was seen: %v", p.Notes(v))
	}
	p.See(v)
	gone := view(60)
	has(t, pagetest.Screen(t, p, gone), "10.0.0.1:80")
	if got := strings.Join(p.Notes(gone), ""); got != "gone: as it was at 03:04:05" {
		t.Errorf("notes: %q", got)
	}
	pagetest.Screen(t, p, v)
	if len(p.Notes(v)) != 0 {
		t.Errorf("it is back: %v", p.Notes(v))
	}
	has(t, pagetest.Screen(t, instance.New(key()), gone), "payment-1 is not here any more")
}

// TestOutage: one that goes on says for how long, also where its reason changed; a
// pass it was not in is a gap, and since when it is missing is told.
func TestOutage(t *testing.T) {
	v := view(60, full())
	p := instance.New(key())
	p.See(v)
	for i := range 9 {
		in := full()
		in.Status, in.Why = fleet.Down, fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer"}
		if i > 5 {
			in.Why = fleet.Why{Reason: probe.ReasonRefused, Detail: "connection refused"}
		}
		in.Probes = []probe.Result{{Outcome: probe.Fail, Took: 2 * time.Second, Expires: pagetest.At().Add(72 * time.Hour)}}
		v.Snapshot = &fleet.Snapshot{At: pagetest.At().Add(time.Duration(i) * 10 * time.Second), Services: []fleet.ServiceView{{Ref: key().Ref, Instances: []fleet.InstanceView{in}}}}
		if i == 3 {
			v.Snapshot.Services = nil
		}
		v.History.Add(v.Snapshot)
		if i == 3 {
			p.See(v)
			if got := strings.Join(p.Notes(v), ""); got != "gone since 03:04:35: as it was at 03:04:05" {
				t.Errorf("notes: %q", got)
			}
		}
	}
	has(t, pagetest.Screen(t, p, v), "passes       ✗✗✗ ✗✗✗✗✗", "certificate until 2026-01-05, in 2 d",
		"failures     03:05:05 ✗ down  connection refused  3 passes, 1 m 20 s so far", "03:04:05 ✗ down  no answer  5 passes, 1 m, then otherwise")
}

// TestScrolls: to its end and no further, on every size.
func TestScrolls(t *testing.T) {
	for height := 1; height < 70; height++ {
		p, v := instance.New(key()), view(height, full())
		first := pagetest.Screen(t, p, v)
		pagetest.Press(t, p, v, "end")
		has(t, pagetest.Screen(t, p, v), `label "health_path"`)
		pagetest.Press(t, p, v, "down")
		has(t, pagetest.Screen(t, p, v), `label "health_path"`)
		pagetest.Press(t, p, v, "g")
		if got := pagetest.Screen(t, p, v); got != first {
			t.Errorf("%d lines: the top is not what it was:\n%s", height, got)
		}
	}
	p, v := instance.New(key()), view(20, full())
	p.See(v)
	if i, ok := pagetest.Press(t, p, v, "u").(page.Open); !ok || i.Place.Kind != page.Service {
		t.Errorf("u opens %+v", i)
	}
}
