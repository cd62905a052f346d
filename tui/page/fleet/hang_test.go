package fleet_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/page"
	fleetpage "github.com/midwatch-cli/midwatch/tui/page/fleet"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

// rooted is a snapshot of services in these statuses, each with who waits for it.
func rooted(statuses map[string]fleet.Status, roots ...[]string) *fleet.Snapshot {
	s := &fleet.Snapshot{}
	for name, st := range statuses {
		s.Services = append(s.Services, service(name, st, 1, 0, 1))
	}
	slices.SortFunc(s.Services, func(a, b fleet.ServiceView) int { return a.Ref.Compare(b.Ref) })
	for _, names := range roots {
		r := fleet.Root{Ref: ref(names[0])}
		for _, victim := range names[1:] {
			r.Victims = append(r.Victims, ref(victim))
		}
		s.Roots = append(s.Roots, r)
	}
	return s
}

// TestHanging: a cause stands above what waits for it, and as high as the worst of
// that. No row is lost, whatever the roots say.
func TestHanging(t *testing.T) {
	down, ill, up, none := fleet.Down, fleet.Degraded, fleet.Up, fleet.StatusNone
	for _, tt := range []struct {
		name string
		of   *fleet.Snapshot
		want string
	}{
		{"what is down goes up with its cause", rooted(map[string]fleet.Status{"aa": ill, "bb": ill, "root": ill, "shop": down}, []string{"root", "shop"}), "root └shop aa bb"},
		{"a cause that is up", rooted(map[string]fleet.Status{"aa": ill, "root": up, "shop": down}, []string{"root", "shop"}), "root └shop aa"},
		{"each waits for the other", rooted(map[string]fleet.Status{"a1": down, "b1": ill}, []string{"a1", "b1"}, []string{"b1", "a1"}), "a1 b1"},
		{"it waits for itself", rooted(map[string]fleet.Status{"a1": down, "b1": ill}, []string{"a1", "a1", "b1"}), "a1 └b1"},
		{"a chain of causes", rooted(map[string]fleet.Status{"a1": ill, "b1": ill, "c1": down}, []string{"a1", "b1"}, []string{"b1", "c1"}), "b1 └c1 a1"},
		{"who waits is not there", rooted(map[string]fleet.Status{"a1": down}, []string{"a1", "gone"}), "a1"},
		{"the cause is not there", rooted(map[string]fleet.Status{"a1": up, "b1": ill}, []string{"gone", "b1"}), "b1 a1"},
		{"nobody set a status: unknown", rooted(map[string]fleet.Status{"a1": up, "b1": none, "c1": fleet.Maintenance}), "b1 c1 a1"},
	} {
		if got := names(pagetest.Drawn(t, fleetpage.New(), pagetest.View(tt.of, 110, 20))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestTwiceTheSame: two services of one key are two rows, and who waits for them
// hangs below one of them.
func TestTwiceTheSame(t *testing.T) {
	s := rooted(map[string]fleet.Status{"pay": fleet.Down, "shop": fleet.Degraded}, []string{"pay", "shop"})
	s.Services = append(s.Services, s.Services[0])
	if got := names(pagetest.Drawn(t, fleetpage.New(), pagetest.View(s, 110, 20))); got != "pay └shop pay" {
		t.Errorf("rows: %s", got)
	}
}

// TestAnyRoots: whatever the roots are, each service has a row, what hangs stands
// below a row that does not, and groups stand in the order of their worst.
func TestAnyRoots(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		statuses, status := map[string]fleet.Status{}, map[string]fleet.Status{}
		for i := range 1 + r.IntN(12) {
			statuses[fmt.Sprintf("s%02d", i)] = fleet.Status(r.IntN(int(fleet.Down) + 1))
		}
		var roots [][]string
		for range r.IntN(5) {
			root := make([]string, 1+r.IntN(5))
			for i := range root {
				root[i] = fmt.Sprintf("s%02d", r.IntN(14))
			}
			roots = append(roots, root)
		}
		for name, st := range statuses {
			status[name] = st
		}
		got := strings.Fields(names(pagetest.Drawn(t, fleetpage.New(), pagetest.View(rooted(statuses, roots...), 110, 30))))
		last, group := 99, 0
		for i, row := range got {
			name, hangs := strings.CutPrefix(row, "└")
			if hangs && i == 0 {
				t.Fatalf("seed %d: the first row hangs: %v", seed, got)
			}
			if _, there := status[name]; !there {
				t.Fatalf("seed %d: %s is twice, or nobody: %v", seed, name, got)
			}
			delete(status, name)
			if hangs {
				group = max(group, page.Badness(statuses[name]))
				continue
			}
			if i > 0 && group > last {
				t.Fatalf("seed %d: what is worse stands below: %v of %v", seed, got, statuses)
			}
			if i > 0 {
				last = group
			}
			group = page.Badness(statuses[name])
		}
		if len(status) > 0 {
			t.Fatalf("seed %d: %v have no row: %v, roots %v", seed, status, got, roots)
		}
	}
}

// TestNothingIsKnown: that nothing is shown has a reason, and the reason is the right
// one.
func TestNothingIsKnown(t *testing.T) {
	well := &fleet.Snapshot{Services: []fleet.ServiceView{service("aa", fleet.Up, 1, 0, 1), service("ab", fleet.Up, 1, 0, 1), service("b", fleet.Up, 1, 0, 1)}}
	silent := &fleet.Snapshot{Sources: []fleet.SourceView{{Name: "etcd", Reason: probe.ReasonTimeout}}}
	for _, tt := range []struct {
		of     *fleet.Snapshot
		filter string
		unwell bool
		want   string
	}{
		{silent, "", false, "? What is registered is not known: no answer from etcd"},
		{silent, "aa", true, "? What is registered is not known: no answer from etcd"},
		{well, "a", true, "✓ All that match a are up: 2."},
		{well, "x", true, "No service matches x"},
		{well, "", true, "✓ All 3 services are up."},
	} {
		p, v := fleetpage.New(), pagetest.View(tt.of, 80, 12)
		v.Unwell = tt.unwell
		if err := p.SetFilter(tt.filter); err != nil {
			t.Fatal(err)
		}
		if screen := pagetest.Screen(t, p, v); !strings.Contains(screen, tt.want) {
			t.Errorf("%q is not said:\n%s", tt.want, screen)
		}
	}
}

// TestFoot: the line below says how the service of the cursor is: also where it is
// hidden, and not where it is gone.
func TestFoot(t *testing.T) {
	p, v := fleetpage.New(), pagetest.View(snapshot(), 100, 20)
	p.See(v)
	foot := func(v *page.View) string {
		lines := pagetest.Drawn(t, p, v)
		return strings.Join(strings.Fields(lines[len(lines)-1]), " ")
	}
	if got := foot(v); got != "✗ payment is down: payment-1 timeout 1 of 1 serve" {
		t.Errorf("on it: %q", got)
	}
	_ = p.SetFilter("user")
	if got := foot(v); got != "✗ payment is down, and hidden" {
		t.Errorf("hidden: %q", got)
	}
	gone := snapshot()
	gone.Services = slices.Delete(gone.Services, 5, 6)
	if got := foot(pagetest.View(gone, 100, 20)); got != "payment is not here any more" {
		t.Errorf("gone: %q", got)
	}
	_ = p.SetFilter("")
	if got := foot(v); got != "✗ payment is down: payment-1 timeout 1 of 1 serve" {
		t.Errorf("back: %q", got)
	}
}
