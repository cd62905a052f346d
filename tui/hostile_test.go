package tui_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/chrome"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// hostile makes snapshots of what nobody should ever send.
type hostile struct{ *rand.Rand }

func pick[T any](h hostile, of ...T) T { return of[h.IntN(len(of))] }

// name is one that is empty, endless, obeyed by terminals, turned round, invisible,
// wider than it is long or no text at all.
func (h hostile) name() string {
	return pick(h, "", "a", "b", "payment", "order", strings.Repeat("x", 300), "\x1b[31mred\x1b[0m\a", "\x1b]0;t\x07", "\u009b2J", "\u202egnp.exe", "a\u200bb\u2066\ufeff",
		"e\u0301\u0301\u0301", "\u0301", "👩‍👩‍👧‍👦 🏳️‍🌈", "日本語サービス", "a\nb\tc\r", "\xff\xfe", "שלום עולם", "a/b/c", "k=v, w", "*[?!", "ﷺ", strings.Repeat("日", 60), strings.Repeat("a/", 400))
}

func (h hostile) number() float64 {
	return pick(h, math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1e-300, 1e300, math.MaxFloat64, 0.01, 0.5, 0.9996, 1, 1.7, 41, 12345)
}

func (h hostile) took() time.Duration {
	return pick(h, 0, -time.Second, 1, time.Millisecond, 2*time.Second, 100*time.Hour, math.MaxInt64, math.MinInt64)
}

func (h hostile) time() time.Time {
	return pick(h, time.Time{}, at(), at(), at().Add(-time.Second), at().Add(time.Hour), at().AddDate(-2, 0, 0), at().AddDate(0, 0, -1), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Unix(0, 0))
}

func (h hostile) status() fleet.Status { return fleet.Status(h.IntN(int(fleet.Down) + 1)) }

func (h hostile) why() fleet.Why {
	return fleet.Why{Reason: pick(h, fleet.Reason(""), probe.ReasonTimeout, fleet.Reason(h.name())), Detail: h.name()}
}

func (h hostile) traffic() *fleet.Traffic {
	if h.IntN(3) == 0 {
		return nil
	}
	return &fleet.Traffic{Rate: h.number(), Errors: h.number(), P50: h.number(), P95: h.number(), P99: h.number(), Over: h.IntN(2) == 0, Why: h.name()}
}

func (h hostile) ref() fleet.Ref {
	return fleet.Ref{Context: pick(h, "", "prod", h.name()), Source: pick(h, "etcd", "consul", h.name()), Namespace: pick(h, "", "", h.name()), Name: h.name()}
}

func (h hostile) labels() map[string]string {
	return pick(h, nil, map[string]string{"team": "shop"}, map[string]string{h.name(): h.name(), h.name(): h.name()})
}

func (h hostile) instance(r fleet.Ref) fleet.InstanceView {
	in := fleet.InstanceView{Key: fleet.Key{Ref: r, Instance: h.name()}, Status: h.status(), Why: h.why(), Traffic: h.traffic(), Attempts: h.IntN(4) - 1, Flaky: h.IntN(2) == 0}
	in.Instance = fleet.Instance{ID: h.name(), Addr: h.name(), Zone: h.name(), Version: h.name(), Weight: pick(h, 0, -1, 1<<40), Labels: h.labels(), LastSeen: h.time(), Lease: h.took(), ClaimNote: h.name()}
	if h.IntN(2) == 0 {
		claimed := h.status()
		in.Claimed = &claimed
	}
	for range h.IntN(3) {
		r := probe.Result{Target: probe.Target{Kind: probe.HTTP, Address: h.name(), Path: h.name()}, Outcome: probe.Outcome(h.IntN(4)), Reason: probe.Reason(h.name()), Detail: h.name(), Code: pick(h, 0, 200, -7, 99999), At: h.time(), Took: h.took(), Expires: h.time()}
		for _, phase := range phases(h) {
			r.Phases = append(r.Phases, probe.Phase{Name: phase, Took: h.took()})
		}
		for range h.IntN(5) {
			r.Health.Components = append(r.Health.Components, health.Component{Name: h.name(), Word: health.Word(h.IntN(5)), Text: h.name(), Detail: h.name()})
		}
		in.Probes = append(in.Probes, r)
	}
	for range h.IntN(4) {
		b := fleet.Breaker{Name: h.name(), State: fleet.BreakerState(h.IntN(7)), FailureRate: h.number(), SlowRate: h.number(), Rejected: pick(h, int64(-1), 0, math.MaxInt64), Calls: pick(h, int64(-1), math.MaxInt64), Since: h.time(), Note: h.name(), API: h.name(), Word: h.name()}
		b.Hold = pick(h, fleet.Hold{}, fleet.Hold{By: h.name(), Reason: h.name(), Until: h.time()})
		in.Breakers = append(in.Breakers, b)
	}
	if h.IntN(3) == 0 {
		in.BreakersWhy, in.BreakersHint = h.why(), h.name()
	}
	in.Scrape = pick(h, fleet.Scrape{}, fleet.Scrape{URL: h.name(), Samples: -3, Took: h.took(), Why: h.why(), Hint: h.name(), Note: h.name()})
	in.Plan.Origins = pick(h, nil, []fleet.Origin{{What: h.name(), Value: h.name(), From: h.name()}})
	return in
}

func phases(h hostile) []string {
	return pick(h, nil, []string{"dial", "wait"}, []string{h.name(), "dial", "dial"})
}

// snapshot is one of them: with services twice, roots that are victims and of
// services that are not there, sources without a name.
func (h hostile) snapshot() *fleet.Snapshot {
	s := &fleet.Snapshot{Seq: pick(h, uint64(0), 1, 7, math.MaxUint64), Context: pick(h, "", "prod", h.name()), At: h.time(), Took: h.took()}
	for range h.IntN(8) {
		svc := fleet.ServiceView{Ref: h.ref(), Labels: h.labels(), Status: h.status(), Why: h.why(), Serving: h.IntN(9) - 1, Traffic: h.traffic()}
		for range h.IntN(3) {
			svc.DependsOn = append(svc.DependsOn, h.name())
		}
		for range pick(h, 0, 1, 2, 5, 30) {
			svc.Instances = append(svc.Instances, h.instance(svc.Ref))
		}
		s.Services = append(s.Services, svc)
		if h.IntN(6) == 0 {
			s.Services = append(s.Services, svc)
		}
	}
	slices.SortFunc(s.Services, func(a, b fleet.ServiceView) int { return a.Ref.Compare(b.Ref) })
	for i := range s.Services {
		other := s.Services[h.IntN(len(s.Services))].Ref
		if h.IntN(3) == 0 {
			s.Roots = append(s.Roots, fleet.Root{Ref: s.Services[i].Ref, Victims: []fleet.Ref{other, h.ref(), s.Services[i].Ref}, Cycle: []fleet.Ref{other}})
		}
	}
	for range h.IntN(4) {
		src := fleet.SourceView{Context: pick(h, "", "prod", h.name()), Name: h.name(), URL: h.name(), AsOf: h.time(), Reason: pick(h, "", fleet.Reason(h.name())), Detail: h.name(), Hint: h.name(), Since: h.time(), Vantage: pick(h, "", h.name()), Services: h.IntN(9), Instances: -1}
		for range h.IntN(12) {
			src.Warnings = append(src.Warnings, fleet.Warning{Where: h.name(), Detail: h.name()})
		}
		s.Sources = append(s.Sources, src)
	}
	return s
}

// cursors is what each page's cursor was put on last.
type cursors map[page.Page]page.Place

// fault says that the cursor went elsewhere although what it was on is there. By hand
// says that a person did something: where it went is what it is on from then on.
func (c cursors) fault(a *tui.App, byHand bool) string {
	top, all, at := tui.Cursor(a)
	on, known := c[top]
	switch there := known && slices.Contains(all, on); {
	case at >= len(all):
		return fmt.Sprintf("the cursor is on row %d of %d", at, len(all))
	case top.Place().Kind == page.Map, top.Place().Kind == page.Events: // rows may share a place: those pages have tests of their own
		delete(c, top)
	case byHand && at >= 0, !known && at >= 0:
		c[top] = all[at]
	case byHand || !there:
	case at < 0:
		return fmt.Sprintf("the cursor is on nothing, and %+v is there", on)
	case all[at] != on:
		return fmt.Sprintf("the cursor is on %+v, and was on %+v, which is there", all[at], on)
	}
	return ""
}

// TestHostile: whatever the feed brings and whatever a person does to the keyboard,
// the mouse and the terminal, nothing panics; a frame has exactly the lines of the
// screen, none wider than it; nothing of a service is obeyed; there is a footer; and
// the cursor stays on what it is on for as long as that is there.
func TestHostile(t *testing.T) {
	keys := []string{
		"enter", "esc", "up", "down", "down", "left", "right", "tab", "pgup", "pgdown", "home", "end", "backspace", "space", "ctrl+z", "ctrl+u", "ctrl+r",
		"a", "e", "f", "g", "G", "h", "j", "k", "l", "p", "r", "s", "s", "<", "M", "w", "y", "c", "d", "m", "u", "z", "1", "2", "/", ":", "?", "*", "[", "]", "T", "D", "U", "!", "=", "日",
	}
	commands := []string{":fleet", ":breakers", ":events", ":sources", ":changes", ":map", ":go payment", ":utc", ":local", "/pay", "/!a", "/zone=a", "/["}
	sizes := [][2]int{{80, 24}, {0, 0}, {1, 1}, {2, 50}, {300, 3}, {40, 10}, {20, 6}, {200, 60}, {3, 2}, {80, 12}, {-4, 7}, {120, 18}}
	rounds := uint64(40)
	if testing.Short() {
		rounds = 8
	}
	for seed := range rounds {
		h := hostile{rand.New(rand.NewPCG(seed, 6))}
		d := start(t, theme.Options{ASCII: seed%3 == 0, Colorless: seed%2 == 0, Light: seed%5 == 0, ColorBlind: seed%4 == 0}, 80, 24)
		size, on, done, last := [2]int{80, 24}, cursors{}, []string{}, (*fleet.Snapshot)(nil)
		for range 120 {
			byHand := false
			switch n := h.IntN(24); {
			case n < 2:
				size = sizes[h.IntN(len(sizes))]
				d.size(size[0], size[1])
				done = append(done, fmt.Sprint(size))
			case n < 6 && last != nil && h.IntN(3) == 0: // the same again, without a row and turned round
				s := *last
				s.Services = slices.Clone(s.Services)
				slices.Reverse(s.Services)
				s.Services = s.Services[:max(0, len(s.Services)-h.IntN(2))]
				d.take(&s)
				done = append(done, "again")
			case n < 6:
				last = h.snapshot()
				d.take(last)
				done = append(done, "snapshot")
			case n == 6:
				d.now = pick(h, d.now.Add(time.Second), d.now.Add(time.Hour), d.now.Add(-time.Hour), d.now.AddDate(0, 0, 1))
				d.send(tui.TickMsg())
				done = append(done, "tick")
			case n == 7:
				d.send(tea.ColorProfileMsg{Profile: pick(h, colorprofile.ANSI, colorprofile.TrueColor)})
				d.send(tea.ResumeMsg{})
				done = append(done, "colours")
			case n == 8:
				byHand = true
				d.send(tea.PasteMsg{Content: h.name()})
				done = append(done, "paste")
			case n == 9:
				byHand = true
				x, y := h.IntN(310)-2, h.IntN(62)-1
				d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
				done = append(done, fmt.Sprint("click ", x, ",", y))
			case n == 10:
				byHand = true
				d.send(tea.MouseWheelMsg{Button: pick(h, tea.MouseWheelUp, tea.MouseWheelDown)})
				done = append(done, "wheel")
			case n == 11:
				byHand = true
				words := pick(h, commands...)
				d.types(words)
				d.press("enter")
				done = append(done, words)
			default:
				byHand = true
				key := pick(h, keys...)
				d.press(key)
				done = append(done, key)
			}
			fault := hostileFault(d, size)
			if moved := on.fault(d.app, byHand); fault == "" {
				fault = moved
			}
			if fault != "" {
				t.Fatalf("seed %d: %s, after %q\n%s", seed, fault, done, d.screen())
			}
		}
	}
}

// hostileFault says what is wrong with the frame.
func hostileFault(d *dash, size [2]int) string {
	frame := d.app.View().Content
	if fault := faultOf(frame, size); fault != "" {
		return fault
	}
	if size[0] <= 0 || size[1] <= 0 {
		size = [2]int{80, 24}
	}
	lines := strings.Split(frame, "\n")
	if len(lines) != size[1] {
		return fmt.Sprintf("%d lines on %d", len(lines), size[1])
	}
	if l := chrome.NewLayout(size[1], false); l.Keys > 0 && size[0] >= 3 && strings.TrimSpace(ansi.Strip(lines[len(lines)-1])) == "" {
		return "there is no footer"
	}
	return ""
}

// TestMemoryIsBounded: services and instances that come under a new name each time,
// as where ids are made anew with each start, leave nothing for good.
func TestMemoryIsBounded(t *testing.T) {
	d := start(t, theme.Options{}, 80, 24)
	held := func(from, to int) uint64 {
		for i := from; i < to; i++ {
			s := &fleet.Snapshot{Seq: uint64(i + 1), At: at().Add(time.Duration(i) * time.Second), Context: "prod"}
			for j := range 4 {
				svc := service(fmt.Sprintf("svc-%d-%d", i, j), "1.0", fleet.Up, fleet.Down)
				svc.Instances[0].Breakers = []fleet.Breaker{fleet.NewBreaker(fmt.Sprint("b", i), fleet.BreakerOpen)}
				s.Services = append(s.Services, svc)
			}
			slices.SortFunc(s.Services, func(a, b fleet.ServiceView) int { return a.Ref.Compare(b.Ref) })
			d.take(s)
			d.press("down", "space", "enter", "enter", "esc", "esc")
			d.app.View()
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	first := held(0, 481)
	second := held(481, 1203)
	t.Logf("%d kB, and %d kB after %d more passes", first>>10, second>>10, 1203-481)
	if second > first+first/2 {
		t.Errorf("%d bytes, and %d later", first, second)
	}
	runtime.KeepAlive(d)
}
