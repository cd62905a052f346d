package servicemap_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/servicemap"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// tangle is a fleet of so many services, about so many calls between them, of
// which every third is known by a breaker alone, and statuses of all kinds.
func tangle(r *rand.Rand, services, each int) *fleet.Snapshot {
	s := &fleet.Snapshot{Context: "prod", At: pagetest.At()}
	for i := range services {
		v := fleet.ServiceView{Ref: fleet.Ref{Context: "prod", Source: "etcd", Name: fmt.Sprintf("s%04d", i)}, Status: fleet.Up, Instances: make([]fleet.InstanceView, 2)}
		if r.IntN(6) == 0 {
			v.Status = []fleet.Status{fleet.Down, fleet.Degraded, fleet.Unknown, fleet.Maintenance, fleet.StatusNone}[r.IntN(5)]
		}
		n := 0
		if each > 0 {
			n = r.IntN(2*each + 1)
		}
		for range n {
			name := fmt.Sprintf("s%04d", r.IntN(services+services/10+1)) // some are outside
			if r.IntN(3) > 0 {
				v.DependsOn = append(v.DependsOn, name)
				continue
			}
			for k := range v.Instances {
				v.Instances[k].Breakers = append(v.Instances[k].Breakers, fleet.NewBreaker(name, fleet.BreakerState(r.IntN(7))))
			}
		}
		s.Services = append(s.Services, v)
		if v.Status == fleet.Down {
			s.Roots = append(s.Roots, fleet.Root{Ref: v.Ref})
		}
	}
	return s
}

// TestAnyFleet: every service is in a row with its own calls exactly once, every
// call in exactly one row, a service that comes again points at a row that has it,
// and any way of looking at it fills no more than the screen.
func TestAnyFleet(t *testing.T) {
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := tangle(r, 1+r.IntN(40), r.IntN(5))
		g := calls.Of(s)
		p, v := servicemap.New(fleet.Ref{}), view(s, 400, 4000)
		lines := pagetest.Drawn(t, p, v)
		full, again, beginnings := map[string]int{}, 0, 0
		rows := 0
		for _, line := range lines[1:] {
			if line == "" {
				break
			}
			rows++
			name := strings.TrimLeft(strings.TrimPrefix(line, "▌"), " │┃├└┡┣┗─━")
			switch words := strings.Fields(name); {
			case strings.Contains(line, "without known calls"):
				rows--
			case words[1] == "↑" || words[1] == "↻":
				again++
			case words[2] != "outside":
				if full[words[1]]++; strings.HasPrefix(strings.TrimLeft(line, "▌ "), words[0]) {
					beginnings++
				}
			}
		}
		for i := range s.Services {
			if n := full[s.Services[i].Name]; n != 1 {
				t.Fatalf("seed %d: %s is there %d times\n%s", seed, s.Services[i].Name, n, strings.Join(lines, "\n"))
			}
		}
		if rows != len(g.Edges)+beginnings {
			t.Fatalf("seed %d: %d rows of %d calls and %d beginnings\n%s", seed, rows, len(g.Edges), beginnings, strings.Join(lines, "\n"))
		}
		looks(t, r, s)
	}
}

// looks draws a fleet in any size, with any keys and filters.
func looks(t *testing.T, r *rand.Rand, s *fleet.Snapshot) {
	t.Helper()
	about := fleet.Ref{}
	if r.IntN(3) == 0 {
		about = s.Services[r.IntN(len(s.Services))].Ref
	}
	p := servicemap.New(about)
	for range 30 {
		v := view(s, 1+r.IntN(120), 1+r.IntN(40))
		if r.IntN(4) == 0 {
			v.Theme = theme.New(theme.Options{ASCII: true, Colorless: true})
		}
		v.Unwell, v.Wide = r.IntN(3) == 0, r.IntN(3) == 0
		_ = p.SetFilter([]string{"", "", fmt.Sprintf("s%04d", r.IntN(50)), "s00*", "zone=a"}[r.IntN(5)])
		pagetest.Drawn(t, p, v)
		pagetest.Press(t, p, v, []string{"down", "end", "pgdown", "up", "home", "f", "enter"}[r.IntN(7)])
		lines := pagetest.Drawn(t, p, v)
		if v.Theme.ASCII && strings.ContainsFunc(strings.Join(lines, ""), func(r rune) bool { return r > '~' }) {
			t.Fatalf("more than ASCII:\n%s", strings.Join(lines, "\n"))
		}
	}
}

// TestDeep: a way that is longer than the screen is wide is seen by its end, and a
// name that is longer still is cut.
func TestDeep(t *testing.T) {
	var lines []string
	for i := range 300 {
		lines = append(lines, fmt.Sprintf("✓ n%03d > n%03d", i, i+1))
	}
	s := world(append(lines, "✗ n300 > "+strings.Repeat("長", 300), "✓ x > n150")...)
	for _, width := range []int{40, 80, 300} {
		p, v := servicemap.New(fleet.Ref{}), view(s, width, 20)
		pagetest.Drawn(t, p, v)
		pagetest.Press(t, p, v, "end")
		screen := pagetest.Screen(t, p, v)
		for _, want := range []string{"…  ", "━ ✗ n300", "└─ ? 長", "✓ ↑ n150"} {
			if !strings.Contains(screen, want) {
				t.Errorf("%d columns: %q is not seen:\n%s", width, want, screen)
			}
		}
	}
	p, v := servicemap.New(fleet.Ref{}), view(s, 80, 20)
	if _, foot := at(t, p, v, 300); !strings.HasPrefix(foot[2], "296 before → n296 → n297 → n298 → n299 → n300 called by") {
		t.Errorf("the way is %q", foot)
	}
	if _, foot := at(t, p, view(s, 120, 20), 5); !strings.HasPrefix(foot[2], "n000 → n001 → n002 → n003 → n004 → n005 called by") {
		t.Errorf("the way is %q", foot)
	}
}

// TestHuge: rows are made once for a snapshot, however long one moves about, and a
// key costs what is seen, not what there is.
func TestHuge(t *testing.T) {
	cost := func(services, each int) (allocs float64) {
		s := tangle(rand.New(rand.NewPCG(1, 1)), services, each)
		p, v := servicemap.New(fleet.Ref{}), view(s, 120, 40)
		move := func(n int) {
			for i := range n {
				pagetest.Press(t, p, v, []string{"down", "up"}[i%2])
				p.Draw(v)
			}
		}
		pagetest.Drawn(t, p, v)
		move(10)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const keys = 100
		move(keys)
		runtime.ReadMemStats(&after)
		return float64(after.Mallocs-before.Mallocs) / keys
	}
	small, large := cost(40, 5), cost(400, 5)
	t.Logf("a key and its lines: %.0f allocations with 40 services, %.0f with 400", small, large)
	if large > 1.3*small {
		t.Errorf("400 services: %.0f allocations a key, 40: %.0f", large, small)
	}
}

// BenchmarkSnapshot is a new snapshot of 200 services with 1,000 calls, and of as
// many with 25 instances each, and the lines that are drawn of it.
func BenchmarkSnapshot(b *testing.B) {
	for _, instances := range []int{2, 25} {
		b.Run(fmt.Sprint(200*instances, " instances"), func(b *testing.B) {
			s := tangle(rand.New(rand.NewPCG(1, 1)), 200, 5)
			for i := range s.Services {
				for len(s.Services[i].Instances) < instances {
					s.Services[i].Instances = append(s.Services[i].Instances, s.Services[i].Instances[0])
				}
			}
			b.Logf("%d calls", len(calls.Of(s).Edges))
			p, v := servicemap.New(fleet.Ref{}), view(s, 120, 40)
			var out strings.Builder
			b.ReportAllocs()
			for b.Loop() {
				again := *s
				v.Snapshot = &again
				p.See(v)
				out.Reset()
				for _, l := range p.Draw(v) {
					widget.Write(&out, v.Theme, l, v.Width)
				}
			}
		})
	}
}

var _ page.Pointed = (*servicemap.Page)(nil)
