package tui_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/outside"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// at is when everything happens.
func at() time.Time { return time.Date(2026, 1, 2, 2, 14, 33, 0, time.UTC) }

func ref(name string) fleet.Ref { return fleet.Ref{Context: "prod", Source: "etcd", Name: name} }

// service is one whose instances have these statuses, numbered from 1.
func service(name, version string, statuses ...fleet.Status) fleet.ServiceView {
	s := fleet.ServiceView{Ref: ref(name), Status: fleet.Up}
	for i, st := range statuses {
		in := fleet.InstanceView{Key: fleet.Key{Ref: s.Ref, Instance: fmt.Sprint(name, "-", i+1)}, Status: st, Attempts: 1}
		in.Instance = fleet.Instance{ID: in.Key.Instance, Addr: fmt.Sprint("10.0.0.", len(name), ":", 9000+i), Zone: string(rune('a' + i%2)), Version: version}
		in.Probes = []probe.Result{{
			Target: probe.Target{Kind: probe.HTTP, Address: in.Addr, Path: "/health"}, Outcome: probe.Pass, Code: 200, At: at(), Took: 3 * time.Millisecond, Answered: true,
			Phases: []probe.Phase{{Name: "dial", Took: time.Millisecond}, {Name: "first byte", Took: 2 * time.Millisecond}},
		}}
		in.Traffic = traffic(10, 0, 0.004)
		if st == fleet.Down {
			in.Why = fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer in 2s"}
			in.Probes[0] = probe.Result{Target: in.Probes[0].Target, Outcome: probe.Fail, Reason: probe.ReasonTimeout, Detail: "no answer in 2s", At: at(), Took: 2 * time.Second}
			in.Traffic = traffic(math.NaN(), math.NaN(), math.NaN())
		}
		if st.Serves() {
			s.Serving++
		}
		s.Instances = append(s.Instances, in)
	}
	return s
}

func traffic(rate, errors, p99 float64) *fleet.Traffic {
	t := &fleet.Traffic{Window: time.Minute, Rate: rate, Errors: errors, P50: p99 / 4, P95: p99 / 2, P99: p99}
	if math.IsNaN(rate) {
		t.Why = "no page of the instance was asked for"
	}
	return t
}

// night is the fleet of the design: payment is down, order and gateway wait for
// it, inventory lets nobody in.
func night() *fleet.Snapshot {
	payment := service("payment", "2.4.0", fleet.Up, fleet.Down, fleet.Down)
	payment.Status, payment.Why = fleet.Down, fleet.Why{Reason: probe.ReasonTimeout, Detail: "payment-2 timeout after 2 s, payment-3 timeout after 2 s"}
	payment.Traffic = traffic(41, 0.38, 2)
	payment.Instances[0].Labels = map[string]string{"team": "shop"}
	payment.Instances[0].Probes[0].Health = health.Verdict{Dialect: "spring", Word: health.Well, Components: []health.Component{
		{Name: "db", Word: health.Well, Text: "UP"}, {Name: "db/replica", Word: health.Ill, Text: "DOWN", Detail: "connection refused"}, {Name: "disk", Word: health.Warn, Text: "WARN"},
	}}
	payment.Instances[0].Plan.Origins = []fleet.Origin{{What: "path", Value: "/actuator/health", From: "profile \"spring\""}}
	payment.Instances[0].Scrape = fleet.Scrape{URL: "http://10.0.0.7:9000/metrics", Form: "text", Samples: 120, Took: 4 * time.Millisecond}
	payment.Instances[1].Scrape = fleet.Scrape{URL: "http://10.0.0.7:9001/metrics", Why: fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer in 2s"}, Hint: "midwatch doctor payment"}
	payment.Instances[1].Breakers, payment.Instances[1].BreakersWhy = nil, fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer in 2s"}
	order := service("order", "2.4.1", fleet.Up, fleet.Up, fleet.Up, fleet.Up)
	order.Status, order.Why, order.BlockedBy = fleet.Degraded, fleet.Why{Reason: fleet.ReasonDependency, Detail: "waits for payment"}, []fleet.Ref{payment.Ref}
	order.DependsOn, order.Traffic = []string{"payment", "inventory"}, traffic(120, 0.09, 2)
	order.Instances[3].Version = "2.4.0"
	for i := range order.Instances {
		b := fleet.NewBreaker("payment", fleet.BreakerClosed)
		if i == 1 {
			b.State, b.FailureRate, b.Rejected, b.Since = fleet.BreakerOpen, 0.62, 1204, at().Add(-3*time.Minute)
		}
		order.Instances[i].Breakers = []fleet.Breaker{b}
		order.Instances[i].Plan.Admin = &fleet.Administration{}
	}
	gateway := service("gateway", "1.9", fleet.Up, fleet.Up)
	gateway.Status, gateway.Why, gateway.BlockedBy = fleet.Degraded, fleet.Why{Reason: fleet.ReasonDependency, Detail: "waits for order"}, []fleet.Ref{payment.Ref}
	gateway.DependsOn, gateway.Traffic = []string{"order", "user"}, traffic(115, 0.09, 2)
	inventory := service("inventory", "", fleet.Unknown, fleet.Unknown)
	inventory.Status, inventory.Why = fleet.Unknown, fleet.Why{Reason: probe.ReasonAuth, Detail: "401 at /health"}
	inventory.Traffic = traffic(math.NaN(), math.NaN(), math.NaN())
	user, catalogue := service("user", "3.1", fleet.Up, fleet.Up), service("catalogue", "1.2", fleet.Up)
	user.Traffic, catalogue.Traffic = traffic(300, 0, 0.006), traffic(80, 0, 0.003)
	return &fleet.Snapshot{
		Seq: 1, Context: "prod", At: at(), Took: 210 * time.Millisecond,
		Services: []fleet.ServiceView{catalogue, gateway, inventory, order, payment, user},
		Sources: []fleet.SourceView{
			{Context: "prod", Name: "etcd", URL: "etcd://10.0.0.5:2379", AsOf: at(), Services: 6, Instances: 14},
			{Context: "prod", Name: "consul", URL: "consul://10.0.0.6:8500", AsOf: at().Add(-40 * time.Second), Reason: probe.ReasonRefused, Detail: "connection refused", Hint: "is it running?", Since: at().Add(-35 * time.Second)},
		},
		Roots: []fleet.Root{{Ref: payment.Ref, Victims: []fleet.Ref{order.Ref, gateway.Ref}}},
	}
}

// without is the night without some services.
func without(s *fleet.Snapshot, names ...string) *fleet.Snapshot {
	out := *s
	out.Services, out.Roots = nil, nil
next:
	for _, svc := range s.Services {
		for _, n := range names {
			if svc.Name == n {
				continue next
			}
		}
		out.Services = append(out.Services, svc)
	}
	return &out
}

// healed is the night after: everything is up.
func healed() *fleet.Snapshot {
	s := night()
	s.Seq, s.At, s.Roots = 2, at().Add(5*time.Second), nil
	for i := range s.Services {
		svc := &s.Services[i]
		svc.Status, svc.Why, svc.BlockedBy, svc.Serving = fleet.Up, fleet.Why{}, nil, len(svc.Instances)
		for j := range svc.Instances {
			svc.Instances[j].Status, svc.Instances[j].Why = fleet.Up, fleet.Why{}
			svc.Instances[j].Probes = []probe.Result{{Target: svc.Instances[j].Probes[0].Target, Outcome: probe.Pass, Code: 200, Took: time.Millisecond, Answered: true}}
			for k := range svc.Instances[j].Breakers {
				svc.Instances[j].Breakers[k].State = fleet.BreakerClosed
			}
		}
	}
	s.Sources[1].Reason = ""
	return s
}

// odd has names that nobody should have.
func odd() *fleet.Snapshot {
	s := night()
	for i, name := range []string{strings.Repeat("x", 300), "\x1b[31mred\x1b[0m\x07\x9b2J", "日本語サービス", "🚀🚒 é\u202e", "a\nb\tc", ""} {
		svc := &s.Services[i]
		svc.Name = name
		svc.Why.Detail = name + "\x1b]0;title\x07"
		for j := range svc.Instances {
			in := &svc.Instances[j]
			in.Key.Ref, in.Version, in.Zone = svc.Ref, name, name
			in.Key.Instance = fmt.Sprint(name, j)
			in.Why.Detail = name
			for k := range in.Breakers {
				in.Breakers[k].Name = name
			}
		}
	}
	s.Roots, s.Sources[0].Name, s.Sources[1].Detail = nil, "\x1b[2J", strings.Repeat("長", 90)
	return s
}

// dash is a dashboard that is driven by hand.
type dash struct {
	t   testing.TB
	app *tui.App
	now time.Time
	run func(tea.Cmd) (quits bool) // does what a command does; nil: nothing but quitting is done

	ended     bool
	reel      *reel         // that is played; nil: there is the present
	refreshed int           // how often it was asked to read
	every     time.Duration // how often it was told to, last
}

func start(t testing.TB, o theme.Options, width, height int, snapshots ...*fleet.Snapshot) *dash {
	d := &dash{t: t, now: at()}
	hands := tui.Hands{Refresh: func() { d.refreshed++ }, Interval: func(every time.Duration) { d.every = every }}
	d.app = tui.New(tui.Options{Context: "prod", Interval: 5 * time.Second, Theme: o, Fixed: true, Now: func() time.Time { return d.now }, Zone: time.UTC, Hands: hands, World: around()})
	d.size(width, height)
	for _, s := range snapshots {
		d.take(s)
	}
	return d
}

// around is a world of nothing but records.
func around() outside.World {
	return outside.World{Getenv: func(string) string { return "" }, Raw: func(_ *page.View, of page.Place) []string {
		return []string{"{", fmt.Sprintf("  %q: %q,", "service", of.Key.Name), fmt.Sprintf("  %q: %q", "instance", of.Key.Instance), "}"}
	}}
}

func (d *dash) take(s *fleet.Snapshot) { d.send(tui.SnapshotMsg(s)) }
func (d *dash) size(w, h int)          { d.send(tea.WindowSizeMsg{Width: w, Height: h}) }

// send hands a message to the root and says whether it wants to end.
func (d *dash) send(m tea.Msg) bool {
	_, cmd := d.app.Update(m)
	switch m.(type) {
	case tea.KeyPressMsg, tea.PasteMsg:
		if d.run != nil {
			quits := d.run(cmd)
			d.ended = d.ended || quits
			return quits
		}
	}
	if cmd == nil {
		return false
	}
	if _, isKey := m.(tea.KeyPressMsg); !isKey {
		return false // a command that waits
	}
	_, quits := cmd().(tea.QuitMsg)
	return quits
}

// press presses keys by their names: enter, ctrl+z, G; it says whether the last
// one ended everything.
func (d *dash) press(keys ...string) (quits bool) {
	named := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "tab": tea.KeyTab,
		"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace, "space": tea.KeySpace,
	}
	for _, key := range keys {
		k := tea.Key{}
		rest, ctrl := strings.CutPrefix(key, "ctrl+")
		if code, ok := named[rest]; ok {
			k.Code = code
		} else {
			k.Code, _ = utf8.DecodeRuneInString(rest)
			k.Text = rest
		}
		if ctrl {
			k.Mod, k.Text = tea.ModCtrl, ""
		}
		if key == "space" {
			k.Text = " "
		}
		if got := tea.KeyPressMsg(k).String(); got != key && key != "space" {
			d.t.Fatalf("%q is spelled %q", key, got)
		}
		quits = d.send(tea.KeyPressMsg(k))
	}
	return quits
}

// types types a text, a key for each character.
func (d *dash) types(text string) {
	for _, r := range text {
		if r == ' ' {
			d.press("space")
		} else {
			d.press(string(r))
		}
	}
}

// screen is what stands there, as plain text without blanks at the ends of lines.
func (d *dash) screen() string {
	lines := strings.Split(ansi.Strip(d.app.View().Content), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
