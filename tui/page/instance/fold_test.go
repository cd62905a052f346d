package instance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/instance"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// on moves the cursor to the line that begins with a text.
func on(t *testing.T, p page.Page, v *page.View, text string) {
	t.Helper()
	pagetest.Press(t, p, v, "g")
	for range 200 {
		lit := pagetest.Lit(pagetest.Drawn(t, p, v))
		if strings.HasPrefix(lit, text) {
			return
		}
		pagetest.Press(t, p, v, "down")
	}
	t.Fatalf("no line begins with %q:\n%s", text, pagetest.Screen(t, p, v))
}

func lacks(t *testing.T, screen string, nots ...string) {
	t.Helper()
	for _, not := range nots {
		if strings.Contains(screen, not) {
			t.Errorf("%q is seen:\n%s", not, screen)
		}
	}
}

// TestFolds: enter or space on any line of a part folds it to its title, which says
// it in short, and the cursor stays on that; again unfolds it.
func TestFolds(t *testing.T) {
	for title, tt := range map[string]struct{ line, short, gone string }{
		"Registered in etcd": {"version", "10.0.0.1:80 · 2.4 · a", "team=shop"},
		"Probes":             {"dial 1 ms", "! warn  200 · slow · spring", "grpc         ?"},
		"Components":         {"└ ! disk", "2 of 4 are not well", "replica"},
		"History":            {"passes", "no failure", "none since this began"},
		"Metrics":            {"errors", "41/s  38% errors  p99 2 s", "120 samples"},
		"Breakers":           {"▾ Breakers", "1 open", "forced open"},
		"Asked as":           {"path", "path /health", `label "health_path"`},
	} {
		p, v := instance.New(key()), view(100, full())
		v.History.Add(v.Snapshot)
		before := pagetest.Screen(t, p, v)
		on(t, p, v, tt.line)
		pagetest.Press(t, p, v, "space")
		screen := pagetest.Screen(t, p, v)
		has(t, screen, "▸ "+title+"  "+tt.short)
		lacks(t, screen, tt.gone)
		if got := pagetest.Lit(pagetest.Drawn(t, p, v)); !strings.HasPrefix(got, "▸ "+title) {
			t.Errorf("%s: the cursor is on %q", title, got)
		}
		pagetest.Press(t, p, v, "enter")
		pagetest.Press(t, p, v, "g")
		if got := pagetest.Screen(t, p, v); got != before {
			t.Errorf("%s is not as it was:\n%s", title, got)
		}
	}
	p, v := instance.New(key()), view(100, full())
	p.See(v)
	pagetest.Press(t, p, v, "enter")
	has(t, pagetest.Screen(t, p, v), "▌! payment-1 is degraded", "team=shop") // what belongs to no part stays
}

// TestFoldsAll: all parts at once, and back; what was folded stays so when other
// things come.
func TestFoldsAll(t *testing.T) {
	p, v := instance.New(key()), view(100, full())
	before := pagetest.Screen(t, p, v)
	on(t, p, v, "rate")
	pagetest.Press(t, p, v, "z")
	screen := pagetest.Screen(t, p, v)
	lacks(t, screen, "▾", "team=shop", "grpc", "replica")
	if n := strings.Count(screen, "▸"); n != 6 {
		t.Errorf("%d parts are folded:\n%s", n, screen)
	}
	if got := pagetest.Lit(pagetest.Drawn(t, p, v)); !strings.HasPrefix(got, "▸ Metrics") {
		t.Errorf("the cursor is on %q", got)
	}
	v.Snapshot = view(100, full()).Snapshot
	lacks(t, pagetest.Screen(t, p, v), "▾")
	pagetest.Press(t, p, v, "z")
	pagetest.Press(t, p, v, "g")
	if got := pagetest.Screen(t, p, v); got != before {
		t.Errorf("unfolded:\n%s", got)
	}
	v.Theme = theme.New(theme.Options{ASCII: true, Colorless: true})
	has(t, pagetest.Screen(t, p, v), ">! payment-1", " v Probes")
	pagetest.Press(t, p, v, "z")
	has(t, pagetest.Screen(t, p, v), " > Probes  ! warn")
}

// TestCursorStays: it stays on its line while parts above it grow.
func TestCursorStays(t *testing.T) {
	p, v := instance.New(key()), view(12, full())
	on(t, p, v, "durations")
	longer := full()
	longer.Probes[0].Phases = append(longer.Probes[0].Phases, probe.Phase{Name: "body", Took: time.Millisecond}, probe.Phase{Name: "tls", Took: time.Millisecond})
	v.Snapshot = view(12, longer).Snapshot
	if got := pagetest.Lit(pagetest.Drawn(t, p, v)); !strings.HasPrefix(got, "durations") {
		t.Errorf("the cursor is on %q", got)
	}
}

// TestBreakerLine: enter on a breaker goes to it; who holds it is the journal's word,
// and how long runs down.
func TestBreakerLine(t *testing.T) {
	p, v := instance.New(key()), view(100, full())
	on(t, p, v, "user")
	if i, ok := pagetest.Press(t, p, v, "enter").(page.Open); !ok || i.Place.Kind != page.Breakers || i.Place.Item != "user" || i.Place.Key.Ref != key().Ref {
		t.Errorf("enter opens %+v", i)
	}
	if got := p.Keys()[0].Does; got != "its breaker" {
		t.Errorf("enter says it does %q", got)
	}
	if p.Ticks(v) {
		t.Error("nothing runs down")
	}
	v.Holder = desk.NewHolder([]desk.Change{pagetest.Order("01J9K", fleet.Trip, key().Ref, "user", 1, pagetest.At(), time.Minute)})
	v.Now = pagetest.At().Add(9 * time.Second)
	has(t, pagetest.Screen(t, p, v), `held by oncall-1@bastion-1: "db move", ends in 51 s`)
	if !p.Ticks(v) {
		t.Error("it runs down")
	}
	v.History.Add(v.Snapshot)
	next := full()
	next.Breakers[0].State = fleet.BreakerClosed
	v.Snapshot = &fleet.Snapshot{At: pagetest.At().Add(5 * time.Second), Services: []fleet.ServiceView{{Ref: key().Ref, Instances: []fleet.InstanceView{next}}}}
	v.History.Add(v.Snapshot)
	has(t, pagetest.Screen(t, p, v), "                #─\n", "                ──\n")
}

// TestMouse: a click puts the cursor on a line, the second one folds its part; the
// wheel scrolls.
func TestMouse(t *testing.T) {
	p, v := instance.New(key()), view(20, full())
	p.See(v)
	p.Click(v, 3, 5, false)
	if got := pagetest.Lit(pagetest.Drawn(t, p, v)); !strings.HasPrefix(got, "http") {
		t.Errorf("the cursor is on %q", got)
	}
	p.Click(v, 3, 5, true)
	p.See(v)
	has(t, pagetest.Screen(t, p, v), "▸ Probes")
	if p.Click(v, 500, 0, true) != nil || p.Click(v, -1, 0, true) != nil {
		t.Error("there is nothing to click on")
	}
	p.Wheel(v, 5)
	p.See(v)
	lacks(t, pagetest.Screen(t, p, v), "payment-1 is degraded")
}

// deep is a health page of Spring with a tree of parts.
func deep(well int) fleet.InstanceView {
	in := full()
	all := []health.Component{
		{Name: "broker", Word: health.Well, Text: "UP"},
		{Name: "broker/primary", Word: health.Well, Text: "UP"},
		{Name: "broker/primary/queue", Word: health.Ill, Text: "DOWN", Detail: "com.rabbitmq.client.AlreadyClosedException: connection is already closed due to connection error; cause: java.net.SocketException: Broken pipe while waiting for the broker at 10.2.3.4"},
		{Name: "broker/secondary", Word: health.Well, Text: "UP"},
		{Name: "cache/near", Word: health.Warn, Text: "OUT_OF_SERVICE", Detail: "\x1b[2Jevicted\n\tall"},
		{Name: "clock", Word: health.Unknown, Text: "UNKNOWN"},
	}
	for i := range well {
		all = append(all, health.Component{Name: fmt.Sprintf("part%d", i), Word: health.Well, Text: "UP", Detail: "free 12 GB"})
	}
	in.Probes = in.Probes[:1]
	in.Probes[0].Health.Components = all
	return in
}

// TestTree: what is unwell stands first, on every level, with what it says in full;
// what is well follows.
func TestTree(t *testing.T) {
	p, v := instance.New(key()), view(100, deep(2))
	v.Width = 70
	want := strings.TrimPrefix(`
 ▾ Components
   └ ✓ broker UP
     └ ✓ primary UP
       └ ✗ queue DOWN
           com.rabbitmq.client.AlreadyClosedException: connection
           is already closed due to connection error; cause:
           java.net.SocketException: Broken pipe while waiting for
           the broker at 10.2.3.4
     └ ✓ secondary UP
   └ cache
     └ ! near OUT_OF_SERVICE  \x1b[2Jevicted  all
   └ ? clock UNKNOWN
   └ ✓ part0 UP  free 12 GB
   └ ✓ part1 UP  free 12 GB
`, "\n")
	if got := pagetest.Screen(t, p, v); !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	in := deep(0)
	in.Probes[0].Health.Components[2].Detail = strings.Repeat("長い話 ", 300)
	v = view(100, in)
	screen := pagetest.Screen(t, p, v)
	if n := strings.Count(screen, "\n           長"); n != 4 || !strings.Contains(screen, " …\n") {
		t.Errorf("%d lines of a long story:\n%s", n, screen)
	}
	for width := 1; width < 60; width++ {
		v.Width = width
		pagetest.Drawn(t, p, v)
	}
}

// TestManyWell: where many parts are well they are one line until one asks.
func TestManyWell(t *testing.T) {
	p, v := instance.New(key()), view(100, deep(30))
	screen := pagetest.Screen(t, p, v)
	has(t, screen, "▸ 30 are well  part0, part1, part2", "✗ queue DOWN")
	lacks(t, screen, "└ ✓ part0")
	on(t, p, v, "▸ 30 are well")
	pagetest.Press(t, p, v, "enter")
	has(t, pagetest.Screen(t, p, v), "▾ 30 are well\n   └ ✓ part0 UP  free 12 GB\n   └ ✓ part1")
	on(t, p, v, "└ ✓ part7")
	pagetest.Press(t, p, v, "space")
	screen = pagetest.Screen(t, p, v)
	has(t, screen, "▌  ▸ 30 are well", "✗ queue DOWN")
	on(t, p, v, "▾ Components")
	pagetest.Press(t, p, v, "space")
	lacks(t, pagetest.Screen(t, p, v), "are well  part", "queue")
	has(t, pagetest.Screen(t, p, v), "▸ Components  2 of 36 are not well")
}

// TestOtherProbe: parts that another probe told of say so; where all are well that
// is said.
func TestOtherProbe(t *testing.T) {
	in := full()
	in.Probes[1].Health.Components = []health.Component{{Name: "shop.Orders", Word: health.Well, Text: "SERVING"}}
	p, v := instance.New(key()), view(100, in)
	has(t, pagetest.Screen(t, p, v), "▾ Components (tcp)\n   └ ✓ shop.Orders SERVING")
	on(t, p, v, "└ ✓ shop.Orders")
	pagetest.Press(t, p, v, "space")
	has(t, pagetest.Screen(t, p, v), "▸ Components (tcp)  1, none is unwell")
}
