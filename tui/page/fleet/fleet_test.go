package fleet_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	fleetpage "github.com/midwatch-cli/midwatch/tui/page/fleet"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

func ref(name string) fleet.Ref { return fleet.Ref{Source: "etcd", Name: name} }

// service has one instance in the same status.
func service(name string, status fleet.Status, rate, errors, p99 float64) fleet.ServiceView {
	return fleet.ServiceView{
		Ref: ref(name), Status: status, Serving: 1, Traffic: &fleet.Traffic{Rate: rate, Errors: errors, P99: p99, P50: p99, P95: p99},
		Instances: []fleet.InstanceView{{Key: fleet.Key{Ref: ref(name), Instance: name + "-1"}, Status: status, Instance: fleet.Instance{Zone: "a", Version: "1.0"}}},
	}
}

func snapshot() *fleet.Snapshot {
	nan := math.NaN()
	s := &fleet.Snapshot{
		Services: []fleet.ServiceView{
			service("catalogue", fleet.Up, 80, 0, 0.003), service("gateway", fleet.Degraded, 115, 0.09, 2), service("inventory", fleet.Unknown, nan, nan, nan),
			service("jobs", fleet.Maintenance, 0, nan, nan), service("order", fleet.Degraded, 120, 0.1, 1), service("payment", fleet.Down, 41, 0.38, 0.5),
			service("stock", fleet.Down, 1, 0.02, 0.2), service("user", fleet.Up, 300, 0.001, 0.006),
		},
		Sources: []fleet.SourceView{{Name: "etcd"}},
		Roots:   []fleet.Root{{Ref: ref("payment"), Victims: []fleet.Ref{ref("gateway"), ref("order")}}, {Ref: ref("stock")}},
	}
	s.Services[5].Why.Detail = "payment-1 timeout"
	return s
}

// names are the services in the order of their rows; a victim has its └.
func names(lines []string) string {
	var out []string
	for _, l := range lines[1:] {
		words := strings.Fields(strings.TrimLeft(l, "▌"))
		if len(words) < 4 || words[1] == "is" || words[2] == "is" {
			continue
		}
		if words[0] == "└" {
			out = append(out, "└"+words[2])
		} else {
			out = append(out, words[1])
		}
	}
	return strings.Join(out, " ")
}

// TestOrders: each column's order, both ways; what has no number stands last in
// both. Victims hang below their cause in the page's own only.
func TestOrders(t *testing.T) {
	p, v := fleetpage.New(), pagetest.View(snapshot(), 120, 20)
	const worst = "payment └gateway └order stock inventory jobs catalogue user"
	for _, want := range [][3]string{
		{"sort: worst", worst, "SERVICE STATUS INSTANCES RATE ERR P99 BREAKERS VERSIONS WHY"},
		{"sort: service", "catalogue gateway inventory jobs order payment stock user", "SERVICE▲ STATUS INSTANCES RATE ERR P99 BREAKERS VERSIONS WHY"},
		{"sort: status", "payment stock gateway order inventory jobs catalogue user", "SERVICE STATUS▼ INSTANCES RATE ERR P99 BREAKERS VERSIONS WHY"},
		{"sort: instances", "catalogue gateway inventory jobs order payment stock user", "SERVICE STATUS INSTANCES▼ RATE ERR P99 BREAKERS VERSIONS WHY"},
		{"sort: rate", "user order gateway catalogue payment stock jobs inventory", "SERVICE STATUS INSTANCES RATE▼ ERR P99 BREAKERS VERSIONS WHY"},
		{"sort: err", "payment order gateway stock user catalogue inventory jobs", "SERVICE STATUS INSTANCES RATE ERR▼ P99 BREAKERS VERSIONS WHY"},
		{"sort: p99", "gateway order payment stock user catalogue inventory jobs", "SERVICE STATUS INSTANCES RATE ERR P99▼ BREAKERS VERSIONS WHY"},
	} {
		lines := pagetest.Drawn(t, p, v)
		if got := names(lines); got != want[1] || p.Notes(v)[0] != want[0] || strings.Join(strings.Fields(lines[0]), " ") != want[2] {
			t.Errorf("%v: %s\nwant %v\n%s", p.Notes(v), got, want, lines[0])
		}
		pagetest.Press(t, p, v, "s")
	}
	for _, want := range [][3]string{
		{"<", "sort: p99", "gateway order payment stock user catalogue inventory jobs"},
		{"<", "sort: err", "payment order gateway stock user catalogue inventory jobs"},
		{"r", "sort: err, least first", "catalogue user stock gateway order payment inventory jobs"},
		{"<", "sort: rate", "user order gateway catalogue payment stock jobs inventory"},
		{"r", "sort: rate, least first", "jobs stock payment catalogue gateway order user inventory"},
		{"r", "sort: rate", "user order gateway catalogue payment stock jobs inventory"},
	} {
		pagetest.Press(t, p, v, want[0])
		if got := names(pagetest.Drawn(t, p, v)); got != want[2] || p.Notes(v)[0] != want[1] {
			t.Errorf("%v: %s\nwant %v", p.Notes(v), got, want)
		}
	}
	p = fleetpage.New()
	p.See(v)
	pagetest.Press(t, p, v, "r")
	if got := names(pagetest.Drawn(t, p, v)); got != "catalogue user jobs inventory gateway order payment stock" || p.Notes(v)[0] != "sort: best" {
		t.Errorf("turned round: %s %v", got, p.Notes(v))
	}
}

// TestCauseIsNotShown: a victim whose cause is filtered out stands for itself.
func TestCauseIsNotShown(t *testing.T) {
	p, v := fleetpage.New(), pagetest.View(snapshot(), 100, 20)
	if err := p.SetFilter("* !payment"); err != nil {
		t.Fatal(err)
	}
	if got := names(pagetest.Drawn(t, p, v)); got != "stock gateway order inventory jobs catalogue user" {
		t.Errorf("rows: %s", got)
	}
	if err := p.SetFilter("["); err == nil || p.Filter() != "* !payment" {
		t.Errorf("a filter that cannot be understood took the place of %q: %v", p.Filter(), err)
	}
}

// TestColumns: what each width has room for. The name and its sign are never
// missing, and numbers go before instances do.
func TestColumns(t *testing.T) {
	for width, want := range map[int]string{
		200: "SERVICE STATUS INSTANCES RATE ERR P99 BREAKERS VERSIONS ZONES WHY SOURCE",
		120: "SERVICE STATUS INSTANCES RATE ERR P99 BREAKERS VERSIONS WHY",
		80:  "SERVICE STATUS INSTANCES RATE ERR P99 BREAKERS VERSIONS",
		70:  "SERVICE INSTANCES RATE ERR P99 BREAKERS VERSIONS",
		60:  "SERVICE INSTANCES RATE ERR P99 BREAKERS",
		50:  "SERVICE INSTANCES RATE ERR P99",
		30:  "SERVICE INSTANCES ERR",
		20:  "SERVICE",
	} {
		lines := pagetest.Drawn(t, fleetpage.New(), pagetest.View(snapshot(), width, 20))
		if got := strings.Join(strings.Fields(lines[0]), " "); got != want {
			t.Errorf("%d columns: %s\nwant %s", width, got, want)
		}
		if !strings.HasPrefix(lines[1], "▌✗ payment") {
			t.Errorf("%d columns: %q", width, lines[1])
		}
	}
	s := snapshot()
	s.Services[0].Namespace = "shop"
	s.Sources = append(s.Sources, fleet.SourceView{Name: "consul"}, fleet.SourceView{Context: "stage", Name: "etcd"})
	lines := pagetest.Drawn(t, fleetpage.New(), pagetest.View(s, 200, 20))
	if got := strings.Join(strings.Fields(lines[0])[:4], " "); got != "SERVICE CONTEXT SOURCE NAMESPACE" {
		t.Errorf("several contexts, sources, namespaces: %s", got)
	}
	v := pagetest.View(snapshot(), 110, 20)
	v.Wide = true
	if lines := pagetest.Drawn(t, fleetpage.New(), v); !strings.Contains(lines[0], "ZONES") {
		t.Errorf("wide has no zones: %s", lines[0])
	}
}

// TestNothing: a page without rows says why.
func TestNothing(t *testing.T) {
	well := &fleet.Snapshot{Services: []fleet.ServiceView{service("a", fleet.Up, 1, 0, 1)}}
	for _, tt := range []struct {
		snapshot *fleet.Snapshot
		filter   string
		unwell   bool
		want     string
	}{
		{&fleet.Snapshot{}, "", false, "No service is registered"},
		{&fleet.Snapshot{Sources: []fleet.SourceView{{Name: "etcd", Reason: "no_route", Hint: "is the network up?"}, {Name: "files"}}}, "", false, "? What is registered is not known: no answer from etcd (no route)"},
		{&fleet.Snapshot{Sources: []fleet.SourceView{{Name: "etcd", Services: 3}}}, "", false, "None of the services that are registered was chosen."},
		{well, "nobody", false, "No service matches nobody"},
		{well, "", true, "All 1 services are up"},
	} {
		p, v := fleetpage.New(), pagetest.View(tt.snapshot, 80, 12)
		v.Unwell = tt.unwell
		if err := p.SetFilter(tt.filter); err != nil {
			t.Fatal(err)
		}
		if screen := pagetest.Screen(t, p, v); !strings.Contains(screen, tt.want) {
			t.Errorf("%q is not said:\n%s", tt.want, screen)
		}
		if i := pagetest.Press(t, p, v, "enter"); i != nil {
			t.Errorf("%s: nothing opens %+v", tt.want, i)
		}
	}
}

func TestOpens(t *testing.T) {
	p, v := fleetpage.New(), pagetest.View(snapshot(), 80, 12)
	p.See(v)
	pagetest.Press(t, p, v, "down")
	if i, ok := pagetest.Press(t, p, v, "enter").(page.Open); !ok || i.Place.Kind != page.Service || i.Place.Key.Ref != ref("gateway") {
		t.Errorf("enter opens %+v", i)
	}
}

// TestCursorAndRows: whatever moves, the lit row is of the service the cursor is
// on while that is there, and every service is in exactly one row.
func TestCursorAndRows(t *testing.T) {
	all := snapshot()
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		p, on := fleetpage.New(), ""
		for range 40 {
			s := &fleet.Snapshot{Sources: all.Sources, Roots: all.Roots}
			for _, svc := range all.Services {
				if r.IntN(5) > 0 {
					svc.Status = fleet.Status(1 + r.IntN(5))
					s.Services = append(s.Services, svc)
				}
			}
			v := pagetest.View(s, 100, 3+r.IntN(12))
			lines := pagetest.Drawn(t, p, v)
			there := slices.ContainsFunc(s.Services, func(svc fleet.ServiceView) bool { return svc.Name == on })
			if lit := pagetest.Lit(lines); on != "" && there && !strings.Contains(" "+lit+" ", " "+on+" ") {
				t.Fatalf("seed %d: on %s, lit is %q\n%s", seed, on, lit, strings.Join(lines, "\n"))
			}
			v.Height = 20
			rows := strings.Fields(strings.ReplaceAll(names(pagetest.Drawn(t, p, v)), "└", ""))
			slices.Sort(rows)
			var want []string
			for _, svc := range s.Services {
				want = append(want, svc.Name)
			}
			if len(s.Services) > 0 && fmt.Sprint(rows) != fmt.Sprint(want) {
				t.Fatalf("seed %d: rows %v, services %v", seed, rows, want)
			}
			if len(s.Services) == 0 {
				continue
			}
			pagetest.Press(t, p, v, []string{"down", "up", "pgdown", "g", "G"}[r.IntN(5)])
			if i, ok := pagetest.Press(t, p, v, "enter").(page.Open); ok {
				on = i.Place.Key.Name
			}
		}
	}
}
