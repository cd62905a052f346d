package app_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// TestMerge puts snapshots side by side and changes none of them.
func TestMerge(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := &fleet.Snapshot{
		Seq: 7, Context: "a", At: at, Took: 3 * time.Second,
		Services: []fleet.ServiceView{{Ref: fleet.Ref{Context: "a", Name: "order"}}},
		Sources:  []fleet.SourceView{{Context: "a", Name: "etcd"}},
		Roots:    []fleet.Root{{Ref: fleet.Ref{Context: "a", Name: "order"}}},
		Warnings: []fleet.Warning{{Where: "a"}},
	}
	b := &fleet.Snapshot{
		Seq: 9, Context: "b", At: at.Add(time.Second), Took: time.Second,
		Services: []fleet.ServiceView{{Ref: fleet.Ref{Context: "b", Name: "order"}}, {Ref: fleet.Ref{Context: "b", Name: "user"}}},
		Sources:  []fleet.SourceView{{Context: "b", Name: "etcd"}},
		Warnings: []fleet.Warning{{Where: "b"}},
	}
	if got := app.Merge([]*fleet.Snapshot{a}); got != a {
		t.Error("one snapshot is not itself")
	}
	m := app.Merge([]*fleet.Snapshot{b, a})
	if m.Context != "" || !m.At.Equal(b.At) || m.Took != 3*time.Second || m.Seq != 0 {
		t.Errorf("context %q, at %v, took %v, seq %d", m.Context, m.At, m.Took, m.Seq)
	}
	var names []string
	for _, s := range m.Services {
		names = append(names, s.Context+"/"+s.Name)
	}
	if strings.Join(names, " ") != "b/order b/user a/order" || len(m.Sources) != 2 || len(m.Roots) != 1 || len(m.Warnings) != 2 {
		t.Errorf("%v, %d sources, %d roots, %d warnings", names, len(m.Sources), len(m.Roots), len(m.Warnings))
	}
	if len(a.Services) != 1 || len(b.Services) != 2 {
		t.Error("merging changed what it merged")
	}
	if got := app.Merge(nil); got == nil || len(got.Services) != 0 {
		t.Errorf("of none: %+v", got)
	}
}

// two writes a configuration of two contexts, each with an inventory.
func (w *world) two(t *testing.T, first, second []string) {
	t.Helper()
	w.config(t, "contexts:\n  - name: a\n    registries: ["+w.fleet(t, "a.yaml", first...)+"]\n"+
		"  - name: b\n    registries: ["+w.fleet(t, "b.yaml", second...)+"]\n")
}

func compile(t *testing.T, names ...string) *selection.Selection {
	t.Helper()
	sel, err := (&app.Selection{}).Compile(names)
	if err != nil {
		t.Fatal(err)
	}
	return sel
}

// TestMissing: a name is missing when no context knows it, with near names of
// all of them.
func TestMissing(t *testing.T) {
	w := newWorld(t).flags(t, "--all-contexts")
	w.two(t, []string{"order 127.0.0.1:1", "payment 127.0.0.1:1"}, []string{"order 127.0.0.1:1", "paymnt 127.0.0.1:1"})
	s := w.open(t)
	for names, want := range map[string]string{
		"":                      "",
		"order":                 "",
		"payment":               "", // context a has it
		"paymnt":                "", // context b has it
		"ord*":                  "",
		"paymentt":              "paymentt:payment,paymnt",
		"zzz":                   "zzz:",
		"order zzz paymentx":    "zzz: paymentx:payment,paymnt",
		"order !payment":        "",
		"!nothing-is-called-so": "",
		"x* order":              "x*:",
		"etcd:order":            "etcd:order:",
	} {
		r, err := s.Held(t.Context(), compile(t, strings.Fields(names)...))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range r.Missing {
			near := slices.Clone(m.Suggestions)
			slices.Sort(near)
			got = append(got, m.Name+":"+strings.Join(near, ","))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: missing %v, want %q", names, got, want)
		}
	}
}

// TestHeldAndPass: what is held is not asked; a pass asks all contexts.
func TestHeldAndPass(t *testing.T) {
	w := newWorld(t).flags(t, "--all-contexts")
	w.two(t, []string{"order " + up(t) + " " + down(t)}, []string{"user " + up(t)})
	s := w.open(t)
	r, err := s.Held(t.Context(), compile(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, svc := range r.Snapshot.Services {
		for _, in := range svc.Instances {
			if len(in.Probes) > 0 || in.Status == fleet.Down {
				t.Errorf("%s was asked: %v", in.ID, in.Probes)
			}
		}
	}
	asked := make(chan [2]int, 10)
	r, err = s.Pass(t.Context(), compile(t), app.Everything, func(done, total int) { asked <- [2]int{done, total} })
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]fleet.Status{}
	for _, svc := range r.Snapshot.Services {
		for _, in := range svc.Instances {
			got[in.Context+"/"+in.ID] = in.Status
		}
	}
	if len(got) != 3 || got["a/order-1"] != fleet.Up || got["a/order-2"] != fleet.Down || got["b/user-1"] != fleet.Up {
		t.Errorf("got %v", got)
	}
	if len(asked) == 0 {
		t.Error("nobody was told how far it is")
	}
	if got := s.Read(t.Context()); len(got) != 2 || len(got[0].Services) != 1 || got[1].Services[0].Name != "user" {
		t.Errorf("read %+v", got)
	}
}

// TestBadFile: a malformed file is wrong configuration, with its place, however
// it is read; a registry that does not answer is none.
func TestBadFile(t *testing.T) {
	w := newWorld(t)
	path := w.write(t, "fleet.yaml", "services:\n  - name: order\n    instances:\n      - {address: \"127.0.0.1:99999\"}\n")
	s := w.flags(t, "--registry", "file://"+path, "--registry", "etcd://"+closed(t)).open(t)
	if err := s.ConfigError(); err != nil {
		t.Errorf("before it was read: %v", err)
	}
	_, err := s.Pass(t.Context(), compile(t), app.Everything, nil)
	refused(t, "pass", err, app.Usage, "fleet.yaml:4", "99999")
	_, err = s.Held(t.Context(), compile(t))
	refused(t, "held", err, app.Usage, "fleet.yaml:4")
	refused(t, "afterwards", s.ConfigError(), app.Usage, "fleet.yaml:4")

	w = newWorld(t)
	s = w.flags(t, "--registry", "file://"+w.dir+"/none.yaml").open(t)
	_, err = s.Held(t.Context(), compile(t))
	refused(t, "missing", err, app.Usage, "none.yaml")

	s = newWorld(t).flags(t, "--registry", "etcd://"+closed(t)).open(t)
	r, err := s.Held(t.Context(), compile(t))
	if err != nil || s.ConfigError() != nil {
		t.Fatalf("a dead registry: %v, %v", err, s.ConfigError())
	}
	if src := r.Snapshot.Sources[0]; src.Reason != "refused" || src.Hint == "" {
		t.Errorf("got %+v", src)
	}
	if got := s.MissingIn(compile(t, "order")); len(got) != 1 || got[0].Name != "order" {
		t.Errorf("a name that a silent source may know: %+v", got)
	}
}

// TestDeadRegistryHidesNothing: what the other one holds is asked all the same.
func TestDeadRegistryHidesNothing(t *testing.T) {
	w := newWorld(t)
	s := w.flags(t, "--registry", w.fleet(t, "fleet.yaml", "order "+up(t)), "--registry", "etcd://"+closed(t)).open(t)
	r, err := s.Pass(t.Context(), compile(t), app.Everything, nil)
	if err != nil || len(r.Snapshot.Services) != 1 || r.Snapshot.Services[0].Instances[0].Status != fleet.Up {
		t.Fatalf("%v, %+v", err, r.Snapshot.Services)
	}
	if src := r.Snapshot.Sources; src[0].Reason != "" || src[1].Reason != "refused" {
		t.Errorf("got %+v", src)
	}
}

// TestRegistry finds the one source that a write goes to.
func TestRegistry(t *testing.T) {
	for _, c := range []struct {
		args, name string
		want       string   // the source; empty: refused
		says       []string // why
	}{
		{"--registry memory://", "", "memory", nil},
		{"--registry memory://", "memory", "memory", nil},
		{"--registry memory://", "etcd", "", []string{`no registry is called "etcd" here`, "hint: there are: memory"}},
		{"--registry a=memory:// --registry b=memory://", "b", "b", nil},
		{"--registry a=memory:// --registry b=memory://", "", "", []string{"there are 2 registries", "hint: name one with --source: a, b"}},
		{"--registry a=memory:// --registry b=memory://", "c", "", []string{`no registry is called "c"`, "hint: there are: a, b"}},
	} {
		s := newWorld(t).flags(t, strings.Fields(c.args)...).open(t)
		f, src, err := s.Registry(c.name)
		if c.want == "" {
			refused(t, c.args, err, app.Usage, c.says...)
			continue
		}
		if err != nil || src.Name() != c.want || f != s.Fleets[0] {
			t.Errorf("%s, %q: %v, %v", c.args, c.name, src, err)
		}
	}
	w := newWorld(t).flags(t, "--all-contexts")
	w.two(t, []string{"order 127.0.0.1:1"}, []string{"order 127.0.0.1:1"})
	_, _, err := w.open(t).Registry("file")
	refused(t, "the same name in two contexts", err, app.Usage, "there are 2 registries")
}

// TestListed: what could not be found out is said, and makes the code 3.
func TestListed(t *testing.T) {
	held := &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: fleet.Ref{Name: "order"}}}}
	for _, c := range []struct {
		name string
		r    app.Reading
		code app.Code
		want string
	}{
		{"all is there", app.Reading{Snapshot: held}, app.OK, ""},
		{"nothing", app.Reading{Snapshot: &fleet.Snapshot{}}, app.CannotSay, "error: no service matched\nhint: midwatch services lists what the registries hold\n"},
		{"a name", app.Reading{Snapshot: held, Missing: []app.Missing{{Name: "zzz"}}}, app.CannotSay, "error: no such service: zzz\nhint: midwatch services lists"},
		{
			"near names",
			app.Reading{Snapshot: held, Missing: []app.Missing{{Name: "ordr", Suggestions: []string{"order", "ord"}}}},
			app.CannotSay,
			"error: no such service: ordr\nhint: did you mean order or ord?\n",
		},
		{
			"a dead registry, and nothing more is said of what it may hold",
			app.Reading{Snapshot: &fleet.Snapshot{Sources: []fleet.SourceView{{Name: "etcd", Reason: "refused", Detail: "etcd: no"}, {Name: "file"}}}},
			app.CannotSay,
			"error: registry etcd: etcd: no\n",
		},
		{
			"with a hint, hostile",
			app.Reading{Snapshot: &fleet.Snapshot{Sources: []fleet.SourceView{{Name: "e\x1b[2J", Reason: "refused", Detail: "x", Hint: "::error::y"}}}},
			app.CannotSay,
			"error: registry e\\x1b[2J: x\nhint: ",
		},
	} {
		w := newWorld(t)
		err := w.Listed(c.r)
		if !errors.Is(err, app.End(c.code)) {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := w.errs.String(); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" || strings.ContainsRune(got, '\x1b') {
			t.Errorf("%s: said %q, want %q", c.name, got, c.want)
		}
		quiet := newWorld(t).flags(t, "-q")
		if got := quiet.Listed(c.r); (got == nil) != (err == nil) || quiet.errs.Len() > 0 {
			t.Errorf("%s, quietly: %v, said %q", c.name, got, quiet.errs)
		}
	}
}

func TestSeveral(t *testing.T) {
	for _, c := range []struct {
		name                         string
		s                            fleet.Snapshot
		contexts, sources, namespace bool
	}{
		{"one source", fleet.Snapshot{Sources: []fleet.SourceView{{Name: "etcd"}}, Services: []fleet.ServiceView{{}}}, false, false, false},
		{"two sources", fleet.Snapshot{Sources: []fleet.SourceView{{Name: "etcd"}, {Name: "consul"}}}, false, true, false},
		{"two contexts", fleet.Snapshot{Sources: []fleet.SourceView{{Context: "a", Name: "etcd"}, {Context: "b", Name: "etcd"}}}, true, true, false},
		{"three, the last one differs", fleet.Snapshot{Sources: []fleet.SourceView{{Context: "a", Name: "x"}, {Context: "a", Name: "y"}, {Context: "b", Name: "x"}}}, true, true, false},
		{"a namespace", fleet.Snapshot{Services: []fleet.ServiceView{{}, {Ref: fleet.Ref{Namespace: "shop"}}}}, false, false, true},
	} {
		contexts, sources, namespaces := app.Several(&c.s)
		if contexts != c.contexts || sources != c.sources || namespaces != c.namespace {
			t.Errorf("%s: %v, %v, %v", c.name, contexts, sources, namespaces)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 services", 1: "1 service", 2: "2 services", 1000: "1000 services"} {
		if got := app.Count(n, "service"); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
