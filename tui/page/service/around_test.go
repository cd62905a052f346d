package service_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/service"
)

// TestNeighbours: a digit goes to a neighbour, and so does a click on it; one that
// is not registered has none.
func TestNeighbours(t *testing.T) {
	p, v := service.New(ref("order")), pagetest.View(snapshot(), 130, 24)
	lines := pagetest.Drawn(t, p, v)
	for key, want := range map[string]string{"1": "payment", "2": "user", "3": "gateway"} {
		if i, ok := pagetest.Press(t, p, v, key).(page.Open); !ok || i.Place.Kind != page.Service || i.Place.Key.Ref != ref(want) {
			t.Errorf("%s opens %+v, want %s", key, i, want)
		}
	}
	for _, b := range p.Keys() {
		if b.Keys[0] == "4" {
			t.Error("there is a key to nobody")
		}
	}
	for text, want := range map[string]string{"payment down": "payment", "breaker open on 1": "payment", "user up": "user", "gateway": "gateway", "nobody": "", "depends on": "", "traffic": ""} {
		line, column := 0, -1
		for i := range lines {
			if i > 12 && column < 0 {
				if at := strings.Index(lines[i], text); at >= 0 {
					line, column = i, len([]rune(lines[i][:at]))
				}
			}
		}
		if column < 0 {
			t.Fatalf("%q is not seen:\n%s", text, strings.Join(lines, "\n"))
		}
		got := ""
		if i, ok := p.Click(v, line, column, false).(page.Open); ok {
			got = i.Place.Key.Name
		}
		if got != want {
			t.Errorf("a click on %q goes to %q, want %q", text, got, want)
		}
	}
	if i := p.Click(v, 2, 4, false); i != nil {
		t.Errorf("a click on a row opens %+v", i)
	}
	v.Height = 5
	p.See(v)
	if i := p.Click(v, 4, 25, false); i != nil {
		t.Errorf("a click on what is not seen opens %+v", i)
	}
}

// TestManyNeighbours: they take as many lines as they need; nine have a key.
func TestManyNeighbours(t *testing.T) {
	s := &fleet.Snapshot{}
	hub := one("hub", fleet.Up)
	for i := range 7 {
		name := fmt.Sprint("callee-", i)
		hub.DependsOn = append(hub.DependsOn, name)
		s.Services = append(s.Services, one(name, fleet.Up))
	}
	s.Services = append(s.Services, hub)
	for _, i := range []int{10, 9, 2, 1} {
		s.Services = append(s.Services, one(fmt.Sprint("caller-", i), fleet.Up, "hub"))
	}
	other := one("far", fleet.Down, "shop/hub")
	other.Namespace = "ops"
	s.Services = append(s.Services, other)
	p, v := service.New(ref("hub")), pagetest.View(s, 60, 30)
	has(t, pagetest.Screen(t, p, v),
		"depends on  <1> ✓ callee-0 up · <2> ✓ callee-1 up\n               <3> ✓ callee-2 up · <4> ✓ callee-3 up\n",
		"               <7> ✓ callee-6 up\n   called by   <8> ✓ caller-1 up · <9> ✓ caller-2 up\n               ✓ caller-9 up · ✓ caller-10 up\n               ✗ ops/far down")
	if i, ok := pagetest.Press(t, p, v, "9").(page.Open); !ok || i.Place.Key.Name != "caller-2" {
		t.Errorf("9 opens %+v", i)
	}
	for line, row := range pagetest.Drawn(t, p, v) {
		if strings.Contains(row, "ops/far") {
			if i, ok := p.Click(v, line, 18, false).(page.Open); !ok || i.Place.Key.Namespace != "ops" {
				t.Errorf("a click below no rows opens %+v", i)
			}
		}
	}
}

// TestAmbiguous: a name that may mean two services is said to, and leads nowhere.
func TestAmbiguous(t *testing.T) {
	s := snapshot()
	twin := one("user", fleet.Up)
	twin.Source = "consul"
	s.Services[1].DependsOn = []string{"user"}
	a, b := twin, twin
	a.Source, b.Source = "consul", "files"
	s.Services = append(s.Services[:4:4], a, b)
	screen := pagetest.Screen(t, service.New(ref("order")), pagetest.View(s, 150, 24))
	if strings.Contains(screen, "<1> ✓ user") || !strings.Contains(screen, "? user, ") {
		t.Errorf("two of that name:\n%s", screen)
	}
}

// TestDrift: versions are counted and marked when they differ; a zone in which
// nothing serves stands out.
func TestDrift(t *testing.T) {
	s := snapshot()
	for i, version := range []string{"2.4", "2.5", "2.4", ""} {
		in := &s.Services[1].Instances[i]
		in.Version, in.Zone = version, []string{"b", "b", "a", ""}[i]
	}
	has(t, pagetest.Screen(t, service.New(ref("order")), pagetest.View(s, 130, 24)),
		"3 of 4 serve, 3 versions", "versions    ! 3 versions: 2.4 on 2, not said on 1, 2.5 on 1", "zones       not said 1 of 1 · a ✗ 0 of 1 · b 2 of 2 serve")
	for i := range s.Services[1].Instances {
		s.Services[1].Instances[i].Version, s.Services[1].Instances[i].Zone = "", ""
	}
	screen := pagetest.Screen(t, service.New(ref("order")), pagetest.View(s, 130, 24))
	if strings.Contains(screen, "versions") || strings.Contains(screen, "zones") {
		t.Errorf("nothing is made up:\n%s", screen)
	}
}

// lived is a view of a service whose numbers and probes are remembered.
func lived(passes int) *page.View {
	v := pagetest.View(snapshot(), 120, 24)
	for i := range passes {
		s := snapshot()
		s.At = pagetest.At().Add(time.Duration(i) * 5 * time.Second)
		s.Services[1].Traffic.Rate = float64(10 * (i % 4))
		for j := range s.Services[1].Instances {
			ms := time.Millisecond * time.Duration(j+1)
			s.Services[1].Instances[j].Probes = []probe.Result{{Outcome: probe.Pass, Took: 3 * ms, Phases: []probe.Phase{{Name: "dial", Took: ms}, {Name: "wait", Took: 2 * ms}}}}
		}
		v.History.Add(s)
		v.Snapshot, v.Now = s, s.At
	}
	return v
}

// TestTrend: how the numbers went, and how long a probe usually takes.
func TestTrend(t *testing.T) {
	v := lived(8)
	screen := pagetest.Screen(t, service.New(ref("order")), v)
	has(t, screen, "trend       rate ▁▃▅▇▁▃▅▇  errors ▄▄▄▄▄▄▄▄  p99 ▄▄▄▄▄▄▄▄ in 35 s", "probes      usually 9 ms: dial 3 ms · wait 6 ms")
	v.Width = 30
	if screen := pagetest.Screen(t, service.New(ref("order")), v); strings.Contains(screen, "trend") {
		t.Errorf("no room:\n%s", screen)
	}
	if screen := pagetest.Screen(t, service.New(ref("order")), lived(1)); strings.Contains(screen, "trend") {
		t.Errorf("one pass is no trend:\n%s", screen)
	}
}

// TestGoneSince: since when a service, or the instance of the cursor, is gone.
func TestGoneSince(t *testing.T) {
	p, v := service.New(ref("order")), lived(3)
	p.See(v)
	pagetest.Press(t, p, v, "G")
	less := snapshot()
	less.At = v.Snapshot.At.Add(5 * time.Second)
	less.Services[1].Instances = less.Services[1].Instances[:3]
	v.History.Add(less)
	v.Snapshot = less
	has(t, pagetest.Screen(t, p, v), "order-4 is not here any more: since 03:04:20, as it was at 03:04:15")
	none := &fleet.Snapshot{At: less.At.Add(5 * time.Second)}
	v.History.Add(none)
	v.Snapshot = none
	has(t, pagetest.Screen(t, p, v), " order is not here any more: since 03:04:25, as it was at 03:04:20", "depends on  <1> ✗ payment down")
}

// TestManyInstances: what is around a service leaves its instances half of the
// page.
func TestManyInstances(t *testing.T) {
	s := snapshot()
	for i := range 40 {
		in := s.Services[1].Instances[0]
		in.Key.Instance = fmt.Sprint("more-", i)
		s.Services[1].Instances = append(s.Services[1].Instances, in)
	}
	lines := pagetest.Drawn(t, service.New(ref("order")), pagetest.View(s, 130, 16))
	if n := strings.Count(strings.Join(lines, "\n"), "10.0.0.1:9"); n != 8 {
		t.Errorf("%d instances are seen:\n%s", n, strings.Join(lines, "\n"))
	}
	has(t, strings.Join(lines, "\n"), "depends on  <1> ✗ payment", "called by   <3> ! gateway")
}
