package servicemap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/servicemap"
)

func ref(name string) fleet.Ref {
	r := fleet.Ref{Context: "prod", Source: "etcd", Name: name}
	if namespace, name, ok := strings.Cut(name, "/"); ok {
		r.Namespace, r.Name = namespace, name
	}
	return r
}

// world reads a service a line: how it is (✓ ! ✗ ? –), its name, what it depends
// on, and its breakers, which are closed unless a state is said, on two instances;
// what is behind it in brackets are its victims, if it is a root:
//
//	! order > payment, user | payment=open, user
//	✗ payment (order)
func world(lines ...string) *fleet.Snapshot {
	s := &fleet.Snapshot{Context: "prod", At: pagetest.At()}
	for _, line := range lines {
		sign, line, _ := strings.Cut(line, " ")
		line, victims, isRoot := strings.Cut(strings.TrimSuffix(line, ")"), " (")
		line, breakers, _ := strings.Cut(line, " | ")
		name, deps, _ := strings.Cut(line, " > ")
		svc := fleet.ServiceView{Ref: ref(name), Serving: 2, Status: map[string]fleet.Status{
			"✓": fleet.Up, "!": fleet.Degraded, "✗": fleet.Down, "?": fleet.Unknown, "–": fleet.Maintenance,
		}[sign], Instances: make([]fleet.InstanceView, 2)}
		svc.DependsOn = split(deps)
		for i := range svc.Instances {
			in := &svc.Instances[i]
			in.Key, in.Status = fleet.Key{Ref: svc.Ref, Instance: fmt.Sprint(name, "-", i+1)}, fleet.Up
			for _, b := range split(breakers) {
				name, word, _ := strings.Cut(b, "=")
				state := fleet.BreakerClosed
				if i == 0 && word != "" {
					state, _ = fleet.ParseBreakerState(word)
				}
				in.Breakers = append(in.Breakers, fleet.NewBreaker(name, state))
			}
		}
		if isRoot {
			r := fleet.Root{Ref: svc.Ref}
			for _, v := range split(victims) {
				r.Victims = append(r.Victims, ref(v))
			}
			s.Roots = append(s.Roots, r)
		}
		s.Services = append(s.Services, svc)
	}
	return s
}

func split(list string) (all []string) {
	for word := range strings.SplitSeq(list, ", ") {
		if word != "" {
			all = append(all, word)
		}
	}
	return all
}

// tree is the first column of the rows.
func tree(lines []string) (rows []string) {
	at := strings.Index(lines[0], "STATUS")
	if i := strings.Index(lines[0], "CONTEXT"); i >= 0 {
		at = i
	}
	for _, line := range lines[1:] {
		if line == "" {
			break
		}
		runes := []rune(line)
		rows = append(rows, strings.TrimRight(string(runes[1:min(at, len(runes))]), " "))
	}
	return rows
}

func view(s *fleet.Snapshot, width, height int) *page.View { return pagetest.View(s, width, height) }

// night is the usual trouble: payment is down, order's breaker towards it is open,
// and gateway waits.
func night() *fleet.Snapshot {
	return world("! gateway > order, user", "! order > payment, inventory, user | payment=open, ledger", "? inventory", "✗ payment (order, gateway)", "✓ user", "✓ catalogue")
}

func TestTree(t *testing.T) {
	for _, tt := range []struct {
		name  string
		world []string
		want  []string
	}{
		{"the night", nil, []string{
			"! gateway", "┡━ ! order", "│  ┡━ ✗ payment", "│  ├─ ? inventory", "│  ├─ ✓ user", "│  └─ ? ledger", "└─ ✓ ↑ user", "1 without known calls", "✓ catalogue",
		}},
		{"nobody calls anybody", []string{"✓ a", "✗ b"}, []string{"2 without known calls", "✗ b", "✓ a"}},
		{"one", []string{"✓ a"}, []string{"1 without known calls", "✓ a"}},
		{"a cycle is told where it closes, and begins somewhere", []string{"✓ a > b", "✓ b > c", "✓ c > a"}, []string{"✓ a", "└─ ✓ b", "   └─ ✓ c", "      └─ ✓ ↻ a"}},
		{"a cycle that is called does not begin a way", []string{"✓ a > b", "✓ b > a", "✓ top > b"}, []string{"✓ top", "└─ ✓ b", "   └─ ✓ a", "      └─ ✓ ↻ b"}},
		{"a diamond is drawn once", []string{"✓ top > a, b", "✓ a > base", "✓ b > base", "✓ base > db"}, []string{
			"✓ top", "├─ ✓ a", "│  └─ ✓ base", "│     └─ ? db", "└─ ✓ b", "   └─ ✓ ↑ base",
		}},
		{"ways to what is worst stand first", []string{"✓ a > well", "! b > ill", "! c > dead", "✗ dead", "! ill", "✓ well"}, []string{
			"! c", "┗━ ✗ dead", "! b", "┗━ ! ill", "✓ a", "└─ ✓ well",
		}},
		{"also those that are long", []string{"✓ a > b, z", "✓ b > c", "✓ c > d", "✗ d", "✓ z"}, []string{
			"✓ a", "├─ ✓ b", "│  └─ ✓ c", "│     ┗━ ✗ d", "└─ ✓ z",
		}},
		{"a call that is refused is not well, whatever it leads to", []string{"! a > b, c | c=open", "✓ b", "✓ c"}, []string{"! a", "┡━ ✓ c", "└─ ✓ b"}},
		{"also outside", []string{"! a > b | ledger=forced_open", "✓ b"}, []string{"! a", "┡━ ? ledger", "└─ ✓ b"}},
		{"several unwell ones are tied together", []string{"! a > b, c, d", "✗ b", "! c", "✓ d"}, []string{"! a", "┣━ ✗ b", "┡━ ! c", "└─ ✓ d"}},
		{"what is below an unwell one stands beside the way to the next", []string{"! a > b, c", "✗ b > x", "! c", "✓ x"}, []string{"! a", "┣━ ✗ b", "┃  └─ ✓ x", "┗━ ! c"}},
		{"what is not known, or out on purpose, is not unwell", []string{"✓ a > b, c", "? b", "– c"}, []string{"✓ a", "├─ ? b", "└─ – c"}},
		{"several may be meant", []string{"✓ a > x", "✓ n/x", "✓ m/x"}, []string{"✓ a", "└─ ? x", "2 without known calls", "✓ x                    n", "✓ x                    m"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := night()
			if tt.world != nil {
				s = world(tt.world...)
			}
			p := servicemap.New(fleet.Ref{})
			lines := pagetest.Drawn(t, p, view(s, 160, 40))
			if got := tree(lines); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// at puts the cursor on a row, and returns the words of that row and the lines at
// the foot.
func at(t *testing.T, p page.Page, v *page.View, row int) (lit string, foot []string) {
	t.Helper()
	pagetest.Drawn(t, p, v)
	pagetest.Press(t, p, v, "home")
	for range row {
		pagetest.Press(t, p, v, "down")
	}
	lines := pagetest.Drawn(t, p, v)
	for _, line := range lines[max(0, len(lines)-3):] {
		if line != "" {
			foot = append(foot, strings.Join(strings.Fields(line), " "))
		}
	}
	return pagetest.Lit(lines), foot
}

// TestRows: what a row says, and what stands at the foot while the cursor is on it.
func TestRows(t *testing.T) {
	s := night()
	for i := range s.Services {
		svc := &s.Services[i]
		if svc.Name == "order" {
			b := &svc.Instances[0].Breakers[0]
			b.FailureRate, b.Calls, b.Rejected, b.Since = 0.62, 50, 1204, pagetest.At().Add(-3*time.Minute)
			svc.Traffic = &fleet.Traffic{Rate: 120, Errors: 0.09}
		}
		if svc.Name == "payment" {
			svc.Why.Detail = "payment-2 timeout"
		}
	}
	p, v := servicemap.New(fleet.Ref{}), view(s, 160, 30)
	for row, want := range []struct {
		lit  string
		foot []string
	}{
		{"! gateway degraded – – – n/a n/a", []string{"! gateway is degraded 2 of 2 serve", "nobody we know of calls it called by 0 · calls 2"}},
		{"┡━ ! order degraded declared – – 120/s 9.0%", []string{"! order is degraded 2 of 2 serve", "gateway calls it: declared", "gateway → order called by 1 · calls 4"}},
		{"│ ┡━ ✗ payment down, cause breaker open on 1 of 2, declared 62% 1204 n/a n/a payment-2 timeout", []string{
			"✗ payment is down: payment-2 timeout 2 of 2 serve", "order calls it: declared; breaker payment open on 1 of 2, 50 calls, 62% fail, 1204 rejected, for 3 m",
			"gateway → order → payment called by 1 · calls 0 · 2 wait for it",
		}},
		{"│ ├─ ? inventory unknown declared – – n/a n/a", []string{"? inventory is unknown 2 of 2 serve", "order calls it: declared", "gateway → order → inventory called by 1 · calls 0"}},
		{"│ ├─ ✓ user up declared – – n/a n/a", []string{"✓ user is up 2 of 2 serve", "order calls it: declared", "gateway → order → user called by 2 · calls 0"}},
		{"│ └─ ? ledger outside breaker closed n/a n/a", []string{"ledger is not in any registry here", "order calls it: breaker ledger closed on 2 of 2", "gateway → order → ledger"}},
		{"└─ ✓ ↑ user up declared – –", []string{"✓ user is up 2 of 2 serve", "gateway calls it: declared", "gateway → user; it stands above as well called by 2 · calls 0"}},
		{"1 without known calls", []string{
			"Nobody declares a call of theirs or to them, and no breaker is called like one.",
			"depends_on in the registry's metadata or dependsOn in midwatch.yaml says whom a service calls",
		}},
		{"✓ catalogue up – – – n/a n/a", []string{"✓ catalogue is up 2 of 2 serve", "nobody we know of calls it called by 0 · calls 0"}},
	} {
		lit, foot := at(t, p, v, row)
		if lit != want.lit {
			t.Errorf("row %d:\n got %s\nwant %s", row, lit, want.lit)
		}
		if !slices.Equal(foot, want.foot) {
			t.Errorf("row %d: the foot\n got %q\nwant %q", row, foot, want.foot)
		}
	}
}

// TestNotHere: what is called and is not in the snapshot is said as it is: not
// registered, not chosen, or one of several.
func TestNotHere(t *testing.T) {
	s := world("✓ order > db, x", "✓ m/x", "✓ n/x")
	p := servicemap.New(fleet.Ref{})
	if lit, foot := at(t, p, view(s, 120, 20), 1); !strings.Contains(lit, "? db outside") || foot[0] != "db is not in any registry here" {
		t.Errorf("%s: %q", lit, foot)
	}
	if lit, foot := at(t, p, view(s, 120, 20), 2); !strings.Contains(lit, "? x unclear") || foot[0] != "? x could be etcd:m/x or etcd:n/x: say which" {
		t.Errorf("%s: %q", lit, foot)
	}
	chosen := *s
	chosen.Sources = []fleet.SourceView{{Context: "prod", Name: "etcd", Services: 4}}
	if _, foot := at(t, p, view(&chosen, 120, 20), 1); foot[0] != "db is not among the services that were chosen" {
		t.Errorf("some of the services: %q", foot)
	}
}

// TestPaths: which ways a filter, only what is unwell, and a page around one
// service leave.
func TestPaths(t *testing.T) {
	all := world("✓ gateway > order, user, static", "✓ order > payment, stock | payment", "✓ payment > ledger, bank", "✓ stock", "✓ user > bank", "✓ static", "✓ bank", "✓ alone")
	ill := world("✓ gateway > order, user", "! order > payment, stock | mailer=open, cache", "✗ payment > bank", "✓ stock", "✓ user > bank", "✓ bank", "? dark", "✓ alone")
	refused := world("✓ gateway > order", "! order > payment | payment=open", "✓ payment > bank", "✓ bank")
	well := world("✓ a > b", "✓ b")
	for _, tt := range []struct {
		name   string
		of     *fleet.Snapshot
		about  string
		filter string
		unwell bool
		want   []string
		notes  string
	}{
		{"who calls it and whom it calls", all, "", "payment", false, []string{"✓ gateway", "└─ ✓ order", "   └─ ✓ payment", "      ├─ ✓ bank", "      └─ ? ledger"}, "4 hidden"},
		{"several", all, "", "stock user", false, []string{"✓ gateway", "├─ ✓ order", "│  └─ ✓ stock", "└─ ✓ user", "   └─ ✓ bank"}, "3 hidden"},
		{"by a word of the selector", all, "", "st*", false, []string{"✓ gateway", "├─ ✓ order", "│  └─ ✓ stock", "└─ ✓ static"}, "4 hidden"},
		{"what is outside", all, "", "ledger", false, []string{"✓ gateway", "└─ ✓ order", "   └─ ✓ payment", "      └─ ? ledger"}, "5 hidden"},
		{"one without calls", all, "", "alone", false, []string{"1 without known calls", "✓ alone"}, "7 hidden"},
		{"nothing", all, "", "nowhere", false, nil, "8 hidden"},
		{"without some", all, "", "!order !user", false, []string{"✓ gateway", "└─ ✓ static", "✓ payment", "├─ ✓ bank", "└─ ? ledger", "✓ stock", "1 without known calls", "✓ alone"}, "2 hidden"},
		{"some without others", all, "", "bank !user", false, []string{"✓ gateway", "└─ ✓ order", "   └─ ✓ payment", "      └─ ✓ bank"}, "4 hidden"},
		{"around one", all, "order", "", false, []string{"✓ gateway", "└─ ✓ order", "   ├─ ✓ payment", "   │  ├─ ✓ bank", "   │  └─ ? ledger", "   └─ ✓ stock"}, "around order · 3 hidden"},
		{"around one, filtered", all, "order", "bank", false, []string{"✓ gateway", "└─ ✓ order", "   └─ ✓ payment", "      └─ ✓ bank"}, "around order · 4 hidden"},
		{"around one that is gone", all, "lost", "", false, nil, "around lost · 8 hidden"},
		{"unwell", ill, "", "", true, []string{"✓ gateway", "┗━ ! order", "   ┣━ ✗ payment", "   ┗━ ? mailer", "1 without known calls", "? dark"}, "4 hidden"},
		{"unwell and filtered", ill, "", "dark", true, []string{"1 without known calls", "? dark"}, "7 hidden"},
		{"refused alone", refused, "", "", true, []string{"✓ gateway", "┗━ ! order", "   ┗━ ✓ payment"}, "1 hidden"},
		{"all is well", well, "", "", true, nil, "2 hidden"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			about := fleet.Ref{}
			if tt.about != "" {
				about = ref(tt.about)
			}
			p, v := servicemap.New(about), view(tt.of, 120, 30)
			if err := p.SetFilter(tt.filter); err != nil {
				t.Fatal(err)
			}
			v.Unwell = tt.unwell
			lines := pagetest.Drawn(t, p, v)
			got := tree(lines)
			if tt.want == nil {
				got = nil
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			if notes := strings.Join(p.Notes(v), " · "); notes != tt.notes {
				t.Errorf("notes %q, want %q", notes, tt.notes)
			}
		})
	}
}

// TestNothing: an empty page says why it is, and what to do.
func TestNothing(t *testing.T) {
	well := world("✓ a > b", "✓ b")
	for want, do := range map[string]func() (*servicemap.Page, *page.View){
		"No service is registered.": func() (*servicemap.Page, *page.View) {
			return servicemap.New(fleet.Ref{}), view(&fleet.Snapshot{}, 80, 10)
		},
		"No service matches x": func() (*servicemap.Page, *page.View) {
			p := servicemap.New(fleet.Ref{})
			_ = p.SetFilter("x")
			return p, view(well, 80, 10)
		},
		"✓ No way leads to what is not up.": func() (*servicemap.Page, *page.View) {
			v := view(well, 80, 10)
			v.Unwell = true
			return servicemap.New(fleet.Ref{}), v
		},
		"lost is not here any more": func() (*servicemap.Page, *page.View) {
			return servicemap.New(ref("lost")), view(well, 80, 10)
		},
	} {
		p, v := do()
		if screen := pagetest.Screen(t, p, v); !strings.Contains(screen, want) {
			t.Errorf("%q is not said:\n%s", want, screen)
		}
	}
	p := servicemap.New(fleet.Ref{})
	if p.Draw(view(well, 80, 10)) != nil {
		t.Error("drawn before anything was seen")
	}
	if err := p.SetFilter("["); err == nil || p.Filter() != "" {
		t.Error("a filter that cannot be understood is taken")
	}
}

// TestMoves: enter goes to the service, o to where it is in full, and neither does
// anything where there is nothing.
func TestMoves(t *testing.T) {
	p, v := servicemap.New(fleet.Ref{}), view(night(), 120, 30)
	for row, want := range map[int]string{0: "gateway", 2: "payment", 5: "", 6: "user", 7: "", 8: "catalogue"} {
		at(t, p, v, row)
		open, _ := pagetest.Press(t, p, v, "enter").(page.Open)
		if open.Place.Key.Name != want || want != "" && open.Place.Kind != page.Service {
			t.Errorf("enter on row %d opens %+v, want %q", row, open.Place, want)
		}
	}
	lit, _ := at(t, p, v, 6)
	if lit != "└─ ✓ ↑ user up declared – –" {
		t.Fatal(lit)
	}
	pagetest.Press(t, p, v, "f")
	if got := pagetest.Lit(pagetest.Drawn(t, p, v)); !strings.HasPrefix(got, "│ ├─ ✓ user") {
		t.Errorf("o goes to %s", got)
	}
	pagetest.Press(t, p, v, "f")
	if got := pagetest.Lit(pagetest.Drawn(t, p, v)); !strings.HasPrefix(got, "│ ├─ ✓ user") {
		t.Errorf("o goes on to %s", got)
	}
	if place := servicemap.New(ref("order")).Place(); place.Kind != page.Map || place.Key.Name != "order" || place.Name() != "map" {
		t.Errorf("the place is %+v", place)
	}
}

// TestCursor: the cursor is on a call, wherever that is drawn, and comes back to it.
func TestCursor(t *testing.T) {
	p, v := servicemap.New(fleet.Ref{}), view(night(), 120, 30)
	lit, _ := at(t, p, v, 3)
	if !strings.Contains(lit, "inventory") {
		t.Fatal(lit)
	}
	changed := world("✓ front > gateway", "✓ gateway > order, user", "✓ order > payment, inventory, user", "✗ inventory", "✓ payment", "✓ user")
	if lit := pagetest.Lit(pagetest.Drawn(t, p, view(changed, 120, 30))); !strings.Contains(lit, "┡━ ✗ inventory") {
		t.Errorf("the call moved, and the cursor is on %s", lit)
	}
	if lit := pagetest.Lit(pagetest.Drawn(t, p, view(world("✓ order > payment, inventory", "✓ payment"), 120, 30))); !strings.Contains(lit, "? inventory outside") {
		t.Errorf("the service left the registry, and the cursor is on %s", lit)
	}
	without := world("! gateway > order", "✓ order > payment", "✓ payment", "✓ inventory")
	v = view(without, 120, 30)
	screen := pagetest.Screen(t, p, v)
	if !strings.Contains(screen, "the call of order to inventory is not here any more") {
		t.Errorf("what is gone is not said:\n%s", screen)
	}
	if i := pagetest.Press(t, p, v, "enter"); i != nil {
		t.Errorf("enter on what is gone is %+v", i)
	}
	if lit := pagetest.Lit(pagetest.Drawn(t, p, view(night(), 120, 30))); !strings.Contains(lit, "inventory") {
		t.Errorf("back, and the cursor is on %s", lit)
	}
	at(t, p, view(night(), 120, 30), 0)
	if lit := pagetest.Lit(pagetest.Drawn(t, p, view(changed, 120, 30))); !strings.Contains(lit, "└─ ✓ gateway") && !strings.Contains(lit, "━ ✓ gateway") {
		t.Errorf("a service is called from now on, and the cursor is on %s", lit)
	}
	for row, want := range map[int]string{0: "gateway", 5: "the call of order to ledger", 7: "what had no calls"} {
		at(t, p, view(night(), 120, 30), row)
		if screen := pagetest.Screen(t, p, view(world("✓ x > y", "✓ y"), 120, 30)); !strings.Contains(screen, want+" is not here any more") {
			t.Errorf("%q is not said:\n%s", want, screen)
		}
	}
}

// TestOrders: an order is about the caller's breaker on the way to the row, and of
// several one can choose; with nobody calling, about the service's own. Where there
// is none that is said.
func TestOrders(t *testing.T) {
	s := world("✓ edge > shop, user | shop/s1, shop/s2, order", "✓ shop", "✓ order", "✓ user", "✓ alone")
	p, v := servicemap.New(fleet.Ref{}), view(s, 120, 20)
	for row, want := range []string{
		"edge/ [shop/s1 shop/s2 order]", "edge/ [shop/s1 shop/s2]", "edge/order []", " [] edge has no breaker we know of towards user", " []", "alone/ []",
	} {
		at(t, p, v, row)
		w, _ := pagetest.Press(t, p, v, "T").(page.Want)
		got := ""
		for _, target := range w.Wish.Targets {
			got += target.Key.Name + "/" + target.Breaker
		}
		if got = strings.TrimRight(got+fmt.Sprint(" ", w.Breakers)+" "+w.Nothing, " "); got != want {
			t.Errorf("row %d: %q, want %q", row, got, want)
		}
	}
}

// TestPointed: a click puts the cursor on a row, the second opens its service.
func TestPointed(t *testing.T) {
	p, v := servicemap.New(fleet.Ref{}), view(night(), 120, 8)
	pagetest.Drawn(t, p, v)
	if i := p.Click(v, 3, 10, false); i != nil {
		t.Errorf("a click is %+v", i)
	}
	open, _ := p.Click(v, 3, 10, true).(page.Open)
	if open.Place.Key.Name != "payment" {
		t.Errorf("the second opens %+v", open)
	}
	p.Wheel(v, 3)
	if got := tree(pagetest.Drawn(t, p, v)); got[0] != "│  ├─ ? inventory" {
		t.Errorf("scrolled to %q", got)
	}
}

// TestApart: contexts, registries and namespaces are told where there are several,
// and a call stays inside its context.
func TestApart(t *testing.T) {
	s := world("✓ order > payment", "✓ payment", "✓ a/user")
	other := world("✓ order > payment", "✗ payment")
	for i := range other.Services {
		other.Services[i].Context, other.Services[i].Source = "stage", "consul"
	}
	s.Services = append(s.Services, other.Services...)
	s.Sources = []fleet.SourceView{{Context: "prod", Name: "etcd"}, {Context: "prod", Name: "consul"}, {Context: "stage", Name: "consul"}}
	p := servicemap.New(fleet.Ref{})
	lines := pagetest.Drawn(t, p, view(s, 200, 30))
	for _, name := range []string{"CONTEXT", "SOURCE", "NAMESPACE"} {
		if !strings.Contains(lines[0], name) {
			t.Errorf("no column %s: %s", name, lines[0])
		}
	}
	var got []string
	for _, line := range lines[1:7] {
		got = append(got, strings.Join(strings.Fields(strings.TrimPrefix(line, "▌"))[:4], " "))
	}
	if want := []string{"✓ order stage consul", "┗━ ✗ payment stage", "✓ order prod etcd", "└─ ✓ payment prod", "1 without known calls", "✓ user prod etcd"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestCycles: how many there are is said, where one begins, and where it closes.
func TestCycles(t *testing.T) {
	p, v := servicemap.New(fleet.Ref{}), view(world("✓ a > b", "✓ b > a", "✓ c > d", "✓ d > e, x", "✓ e > c", "✓ x > y", "✓ y"), 120, 30)
	if _, foot := at(t, p, v, 0); foot[1] != "a cycle: those that it calls call it as well called by 1 · calls 1" {
		t.Errorf("where it begins: %q", foot)
	}
	if lit, foot := at(t, p, v, 2); !strings.Contains(lit, "↻ a") || foot[2] != "a → b → a: a cycle called by 1 · calls 1" {
		t.Errorf("where it closes: %s, %q", lit, foot)
	}
	if got := strings.Join(p.Notes(v), " · "); got != "2 cycles" {
		t.Errorf("notes %q", got)
	}
	_ = p.SetFilter("a")
	pagetest.Drawn(t, p, v)
	if got := strings.Join(p.Notes(v), " · "); got != "1 cycle · 5 hidden" {
		t.Errorf("notes %q", got)
	}
	_ = p.SetFilter("!c !e")
	if _, foot := at(t, p, v, 3); foot[1] != "who calls it is hidden called by 1 · calls 2" {
		t.Errorf("who calls it was left out: %q", foot)
	}
	shared, v := servicemap.New(fleet.Ref{}), view(world("✓ a > s", "✓ b > s", "✓ s > x", "✓ x"), 120, 30)
	if _, foot := at(t, shared, v, 4); foot[2] != "b → s; whom it calls stands above, f goes there called by 2 · calls 1" {
		t.Errorf("what comes again: %q", foot)
	}
}

// TestHidden: what the cursor is on and is not shown is not said to be gone.
func TestHidden(t *testing.T) {
	for row, want := range map[int]string{
		0: "gateway is hidden", 3: "the call of order to inventory is hidden", 5: "the call of order to ledger is hidden", 7: "what had no calls is hidden", 8: "catalogue is hidden",
	} {
		p, v := servicemap.New(fleet.Ref{}), view(night(), 120, 30)
		at(t, p, v, row)
		_ = p.SetFilter("stock")
		s := night()
		s.Services = append(s.Services, world("✓ shelf > stock", "✓ stock").Services...)
		v.Snapshot = s
		if screen := pagetest.Screen(t, p, v); !strings.Contains(screen, want) {
			t.Errorf("%q is not said:\n%s", want, screen)
		}
	}
}

// TestAround: the page around a service begins at that service, and goes with it.
func TestAround(t *testing.T) {
	p, v := servicemap.New(ref("order")), view(night(), 120, 30)
	if lit := pagetest.Lit(pagetest.Drawn(t, p, v)); !strings.HasPrefix(lit, "┗━ ! order") {
		t.Errorf("the cursor is on %s", lit)
	}
	rows, on := p.Rows()
	var names []string
	for _, r := range rows {
		names = append(names, string(r.Kind)+" "+r.Key.Name+r.Item)
	}
	if got := strings.Join(names, ", "); got != "service gateway, service order, service payment, service inventory, service user, map ledger" || on != 1 {
		t.Errorf("rows %s, on %d", got, on)
	}
	if lit := pagetest.Lit(pagetest.Drawn(t, servicemap.New(ref("gateway")), v)); !strings.HasPrefix(lit, "! gateway") {
		t.Errorf("the cursor is on %s", lit)
	}
}
