package service_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/service"
)

// world is a fleet in which services call each other by chance.
func world(r *rand.Rand) *fleet.Snapshot {
	s := &fleet.Snapshot{At: pagetest.At()}
	n := 1 + r.IntN(20)
	for i := range n {
		svc := one(fmt.Sprint("s", i), fleet.Status(r.IntN(int(fleet.Down)+1)))
		if r.IntN(6) == 0 {
			svc.Namespace = "ops"
		}
		for range r.IntN(5) {
			svc.DependsOn = append(svc.DependsOn, fmt.Sprint("s", r.IntN(n+2)))
		}
		for k := range r.IntN(12) {
			in := fleet.InstanceView{Key: fleet.Key{Ref: svc.Ref, Instance: fmt.Sprint(svc.Name, "-", k)}, Status: fleet.Status(r.IntN(int(fleet.Down) + 1))}
			in.Version, in.Zone = []string{"", "1.0", "1.1", "2.0"}[r.IntN(4)], []string{"", "a", "b"}[r.IntN(3)]
			if r.IntN(3) == 0 {
				in.Breakers = []fleet.Breaker{fleet.NewBreaker(fmt.Sprint("s", r.IntN(n)), fleet.BreakerStates()[r.IntN(7)])}
			}
			if r.IntN(4) > 0 {
				in.Traffic = &fleet.Traffic{Rate: r.Float64() * 100, Errors: r.Float64(), P99: math.NaN()}
			}
			svc.Instances = append(svc.Instances, in)
		}
		s.Services = append(s.Services, svc)
	}
	return s
}

// TestEveryNeighbour: each service that is registered, and that one calls or is
// called by, stands there; each digit goes to one of them, no two to the same
// place on one side, and no click leads anywhere else.
func TestEveryNeighbour(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 150 {
		s := world(r)
		of := s.Services[r.IntN(len(s.Services))]
		p, v := service.New(of.Ref), pagetest.View(s, 100, 60)
		lines := pagetest.Drawn(t, p, v)
		screen := strings.Join(lines, "\n")
		there := func(ref fleet.Ref) bool {
			return slices.ContainsFunc(s.Services, func(svc fleet.ServiceView) bool { return svc.Ref == ref })
		}
		for key := 1; key <= 9; key++ {
			digit := strconv.Itoa(key)
			shown := strings.Contains(screen, "<"+digit+"> ")
			at := slices.IndexFunc(p.Keys(), func(b page.Binding) bool { return b.Keys[0] == digit })
			if shown != (at >= 0) {
				t.Fatalf("round %d: key %d is shown: %v, and there: %v\n%s", round, key, shown, at >= 0, screen)
			}
			if !shown {
				continue
			}
			i, ok := p.Keys()[at].Do(v).(page.Open)
			if !ok || i.Place.Kind != page.Service || !there(i.Place.Key.Ref) || !strings.Contains(screen, fmt.Sprintf("<%d> ", key)) {
				t.Fatalf("round %d: %d opens %+v", round, key, i)
			}
			if name := i.Place.Key.Name; !regexp.MustCompile(`<` + digit + `> \S (\w+/)?` + name + ` `).MatchString(screen) {
				t.Errorf("round %d: %d opens %s:\n%s", round, key, name, screen)
			}
		}
		if round > 20 {
			continue
		}
		for line := range lines {
			for column := r.IntN(3); column < 100; column += 3 {
				i, ok := p.Click(v, line, column, false).(page.Open)
				if ok && (i.Place.Kind != page.Service || !there(i.Place.Key.Ref) || i.Place.Key.Ref == of.Ref) {
					t.Fatalf("round %d: a click on %d, %d opens %+v:\n%s", round, column, line, i, screen)
				}
			}
		}
	}
}

// TestCounted: versions and zones count every instance once, and what serves in the
// zones is what serves.
func TestCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	on, serve := regexp.MustCompile(` on (\d+)`), regexp.MustCompile(`(\d+) of (\d+)`)
	row := func(screen, name string) string {
		for line := range strings.Lines(screen) {
			if rest, ok := strings.CutPrefix(line, "   "+name+" "); ok {
				return rest
			}
		}
		return ""
	}
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 150 {
		s := world(r)
		of := s.Services[r.IntN(len(s.Services))]
		screen := pagetest.Screen(t, service.New(of.Ref), pagetest.View(s, 200, 60))
		versions, zones, serving := 0, 0, 0
		for i := range of.Instances {
			versions += boolean(of.Instances[i].Version != "")
			zones += boolean(of.Instances[i].Zone != "")
			serving += boolean(of.Instances[i].Status.Serves())
		}
		sum := 0
		for _, m := range on.FindAllStringSubmatch(row(screen, "versions"), -1) {
			sum += number(m[1])
		}
		if versions > 0 && sum != len(of.Instances) || versions == 0 && sum != 0 {
			t.Errorf("%d of %d instances by version:\n%s", sum, len(of.Instances), screen)
		}
		up, all := 0, 0
		for _, m := range serve.FindAllStringSubmatch(row(screen, "zones"), -1) {
			up, all = up+number(m[1]), all+number(m[2])
		}
		if zones > 0 && (up != serving || all != len(of.Instances)) || zones == 0 && all != 0 {
			t.Errorf("%d of %d serve by zone, %d of %d do:\n%s", up, all, serving, len(of.Instances), screen)
		}
	}
}

func boolean(is bool) int {
	if is {
		return 1
	}
	return 0
}

// TestAnyWorld: on any size nothing is wider or longer than there is room for, and
// the cursor is seen where there are rows.
func TestAnyWorld(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		s := world(r)
		of := s.Services[r.IntN(len(s.Services))]
		v := pagetest.View(s, 1+r.IntN(200), 1+r.IntN(50))
		for i := range r.IntN(6) {
			older := *s
			older.At = s.At.Add(time.Duration(i-6) * 5 * time.Second)
			v.History.Add(&older)
		}
		p := service.New(of.Ref)
		lines := pagetest.Drawn(t, p, v)
		if len(of.Instances) > 0 && v.Height > 1 && v.Width > 20 && pagetest.Lit(lines) == "" {
			t.Errorf("%dx%d: no cursor:\n%s", v.Width, v.Height, strings.Join(lines, "\n"))
		}
		v.Unwell = true
		pagetest.Drawn(t, p, v)
		v.Snapshot = &fleet.Snapshot{At: s.At}
		pagetest.Drawn(t, p, v)
	}
}

// TestProbes: phases that take no time worth a word are not told, and a service that
// was never asked has no such line.
func TestProbes(t *testing.T) {
	v := pagetest.View(snapshot(), 120, 24)
	for i := range v.Snapshot.Services[1].Instances {
		v.Snapshot.Services[1].Instances[i].Probes = []probe.Result{{Outcome: probe.Pass, Took: 3 * time.Millisecond, Phases: []probe.Phase{
			{Name: "dial", Took: 10 * time.Microsecond}, {Name: "tls", Took: time.Millisecond}, {Name: "wait", Took: 2 * time.Millisecond},
		}}}
	}
	v.History.Add(v.Snapshot)
	has(t, pagetest.Screen(t, service.New(ref("order")), v), "probes      usually 3 ms: tls 1 ms · wait 2 ms")
	if screen := pagetest.Screen(t, service.New(ref("user")), v); strings.Contains(screen, "probes") {
		t.Errorf("nobody asked it:\n%s", screen)
	}
}
