package wiring_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/probe"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// TestFaultsHaveTheirPlaces: every bad option of a registry is told of at its
// own line, all of them at once.
func TestFaultsHaveTheirPlaces(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"options beside the URL", `
contexts:
  - name: prod
    registries:
      - name: shop
        url: etcd://127.0.0.1:2379
        layuot: naming
        layout: kratso
        tls: maybe
`, []string{
			`7: contexts[0].registries[0].layuot: option "layuot" is not known (did you mean layout?)`,
			`8: contexts[0].registries[0].layout: option layout: "kratso" is not one of`,
			`9: contexts[0].registries[0].tls: option tls: "maybe" is not true or false`,
		}},
		{"options of the URL", `
contexts:
  - name: prod
    registries:
      - consul://127.0.0.1:8500?wait=soon&nope=1
      - etcd://127.0.0.1:2379
`, []string{
			`5: contexts[0].registries[0]: option "nope" is not known`,
			`5: contexts[0].registries[0]: option wait: "soon"`,
		}},
		{"one in the URL, one beside it", `
contexts:
  - name: prod
    registries:
      - url: etcd://127.0.0.1:2379?layout=wrong
        prefix: 7
`, []string{
			`5: contexts[0].registries[0].url: option layout: "wrong" is not`,
			`6: contexts[0].registries[0].prefix: option "prefix" is not known`,
		}},
		{"twice", `
contexts:
  - name: prod
    registries:
      - url: etcd://127.0.0.1:2379?layout=naming
        layout: naming
`, []string{`6: contexts[0].registries[0].layout: option layout is given in the URL and beside it (leave it out of one of them)`}},
		{"an unknown kind", `
contexts:
  - name: prod
    registries: [etdc://127.0.0.1:2379]
`, []string{`4: contexts[0].registries[0]: `}},
		{"a port that is none", `
contexts:
  - name: prod
    registries:
      - etcd://127.0.0.1:70000
`, []string{`5: contexts[0].registries[0]: registry URL etcd://: host 1: port 70000 is out of range (a port is a number from 1 to 65535)`}},
		{"a profile nobody knows", `
contexts:
  - name: prod
    registries: ["memory://"]
    services: [{match: payment, profile: sprnig}]
`, []string{`5: contexts[0].services[0].profile: there is no profile "sprnig" (did you mean spring?)`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "midwatch.yaml")
			write(t, path, []byte(strings.TrimPrefix(c.text, "")))
			_, err := config.Load(path, wiring.Known())
			got := problems(t, err)
			if len(got) != len(c.want) {
				t.Fatalf("%d problems, want %d:\n%s", len(got), len(c.want), strings.Join(got, "\n"))
			}
			for _, want := range c.want {
				if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, want) }) {
					t.Errorf("no %s\nin\n%s", want, strings.Join(got, "\n"))
				}
			}
		})
	}
}

func TestKnownTakesWhatIsRight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "midwatch.yaml")
	write(t, path, []byte(`
contexts:
  - name: prod
    registries:
      - url: consul://127.0.0.1:8500
        token: env:TOKEN
        wait: 30s
      - url: etcd://127.0.0.1:2379
        layout: naming
      - file:///srv/fleet.yaml
    services: [{match: "pay*", profile: spring}]
`))
	f, err := config.Load(path, wiring.Known())
	if err != nil || len(f.Contexts[0].Registries) != 3 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestParseRegistries(t *testing.T) {
	got, err := wiring.ParseRegistries([]string{"etcd://127.0.0.1:2379", "b=etcd://127.0.0.1:2380?layout=naming", "file=file:///x=y.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Registry{
		{Name: "etcd", URL: "etcd://127.0.0.1:2379"},
		{Name: "b", URL: "etcd://127.0.0.1:2380?layout=naming"},
		{Name: "file", URL: "file:///x=y.yaml"},
	}
	for i := range want {
		if got[i].Name != want[i].Name || got[i].URL != want[i].URL {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	for in, part := range map[string]string{
		"etcd://a etcd://b":                     `two registries are called "etcd"`,
		"x=etcd://a x=consul://b":               `two registries are called "x"`,
		"x=":                                    "no scheme",
		"=etcd://a":                             "cannot be the name of a source",
		"etdc://127.0.0.1:2379":                 `nothing is known of the scheme "etdc"`,
		"127.0.0.1:2379":                        "no scheme",
		"etcd://127.0.0.1:99999":                "out of range",
		"etcd://root:hunter2@127.0.0.1":         "a password in a URL is refused",
		"consul://127.0.0.1?token=hunter2":      "a secret is given by reference only",
		"consul://127.0.0.1?tokne=hunter2":      `option "tokne" is not known`,
		"etcd://u@127.0.0.1?password=hunter2":   "a secret is given by reference only",
		"file:///fleet.yaml?token=hunter2":      `option "token" is not known`,
		"consul://127.0.0.1?dc=a&wait=hunter2x": "wait",
	} {
		_, err := wiring.ParseRegistries(strings.Fields(in))
		if err == nil || !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, want %q", in, err, part)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") && !strings.Contains(in, "wait=") {
			t.Errorf("%q: the secret is repeated: %v", in, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	one := func(r config.Registry) config.Context {
		return config.Context{Name: "prod", Registries: []config.Registry{{Name: "first", URL: "memory://"}, r}}
	}
	for name, c := range map[string]struct {
		context  config.Context
		profiles map[string]fleet.Profile
		alter    func(*wiring.Settings)
		words    string
	}{
		"unknown scheme":         {context: one(config.Registry{URL: "etdc://127.0.0.1:2379"}), words: `scheme "etdc"`},
		"wrong URL":              {context: one(config.Registry{URL: "127.0.0.1"}), words: "no scheme"},
		"unknown option":         {context: one(config.Registry{URL: "etcd://127.0.0.1:2379", Options: map[string]config.Option{"nope": {Text: "1"}}}), words: `"nope" is not known`},
		"wrong kind of option":   {context: one(config.Registry{URL: "etcd://127.0.0.1:2379", Options: map[string]config.Option{"layout": {Ref: fleet.SecretRef{Env: "A"}}}}), words: "layout"},
		"missing CA":             {context: one(config.Registry{URL: "etcd://127.0.0.1:2379?ca=/nowhere/ca.pem"}), words: "/nowhere/ca.pem"},
		"unknown profile":        {context: config.Context{Services: []fleet.ServiceRule{{Match: "a", Profile: "sprnig"}}}, words: "did you mean spring"},
		"unknown --profile":      {alter: func(s *wiring.Settings) { s.Override.Profile = "sprnig" }, words: "--profile"},
		"unknown --probe":        {alter: func(s *wiring.Settings) { s.Override.Probe = "smtp" }, words: "--probe"},
		"extends nobody":         {profiles: map[string]fleet.Profile{"a": {Name: "a", Extends: "b"}}, words: `"b"`},
		"wrong file in registry": {context: one(config.Registry{URL: "file://"}), words: "no path"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			if c.alter != nil {
				c.alter(&s)
			}
			f, err := wiring.Open(t.Context(), c.context, c.profiles, s)
			if err == nil || f != nil || !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%v, want %q", err, c.words)
			}
		})
	}
}

// TestOneContext goes from a file to a snapshot: what is trusted, which profile
// asks, what the sweep is told of the sources.
func TestOneContext(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/alive" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, "OK")
	})
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	write(t, path, []byte(`
services:
  - name: payment
    dependsOn: [user]
    instances: [{id: payment-1, address: "`+far.addr()+`", labels: {zone: b, version: "2.4.1"}}]
  - name: user
    instances: [{id: user-1, address: "`+far.addr()+`"}]
`))
	s := settings()
	s.Explain = true
	f, err := wiring.Open(t.Context(), config.Context{
		Name: "prod", ReadOnly: true, Protected: true,
		Registries: []config.Registry{{Name: "inventory", URL: "file://" + path}},
		Services:   []fleet.ServiceRule{{Match: "pay*", Profile: "shop", DependsOn: []string{"user", "stock"}}},
	}, map[string]fleet.Profile{"shop": {Name: "shop", HealthPaths: []string{"/alive"}, Headers: map[string]fleet.Header{"X-Team": {Text: "shop"}}}}, s)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Context != "prod" || !f.ReadOnly || !f.Protected {
		t.Errorf("%+v", f)
	}
	if p := f.Profile("shop"); len(p.HealthPaths) != 1 {
		t.Errorf("profile %+v", p)
	}
	if _, err := f.Registry("inventory"); err != nil {
		t.Error(err)
	}
	if _, err := f.Registry("other"); !errors.Is(err, fleet.ErrNotFound) || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("%v", err)
	}
	states := f.Keeper().ReadOnce(t.Context(), time.Second)
	in := f.Input(states)
	if err := wiring.ConfigError(states); err != nil || len(in.Services) != 2 || in.Sources[0].Name != "inventory" || in.Sources[0].Instances != 2 {
		t.Fatalf("%+v, %v", in, err)
	}
	sweeper := f.Sweeper()
	// Both have one address, and two profiles: two questions.
	snap := sweeper.Pass(t.Context(), in)
	payment := snap.Services[0].Instances[0]
	if payment.Status != fleet.Up || payment.Zone != "b" || payment.Version != "2.4.1" || payment.Plan.Profile != "shop" || len(payment.Plan.Origins) == 0 {
		t.Errorf("%v %+v", payment.Status, payment)
	}
	if got := snap.Services[0].DependsOn; !slices.Equal(got, []string{"user", "stock"}) {
		t.Errorf("depends on %q", got)
	}
	if user := snap.Services[1].Instances[0]; user.Status != fleet.Unknown {
		t.Errorf("user is %v: %+v", user.Status, user.Why)
	}
	for _, r := range far.taken() {
		if r.Method == "PRI" {
			continue // gRPC was guessed as well
		}
		if (r.Header.Get("X-Team") == "shop") != (r.URL.Path == "/alive") || r.UserAgent() != "midwatch/test" {
			t.Errorf("%s with %v", r.URL, r.Header)
		}
	}
}

// TestTrustIsTheSources: a file's own words may name a socket, a registry's
// may not.
func TestTrustIsTheSources(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	write(t, path, []byte("services: []\n"))
	f, err := wiring.Open(t.Context(), config.Context{Registries: []config.Registry{{Name: "mine", URL: "file://" + path}, {Name: "theirs", URL: "memory://"}}}, nil, settings())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := fleet.Instance{ID: "a", Addr: "/run/a.sock"}
	for source, refused := range map[string]bool{"mine": false, "theirs": true, "nobody": true} {
		plan := f.Sweeper().Plan(&fleet.Service{Ref: fleet.Ref{Source: source, Name: "a"}}, &in)
		if (plan.Refused != "") != refused {
			t.Errorf("%s: %+v", source, plan)
		}
	}
}

func TestConfigError(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bad.yaml"), []byte("services: 7\n"))
	for name, c := range map[string]struct {
		url  string
		user bool // the user has to correct it
	}{
		"a missing file":           {"file://" + dir + "/none.yaml", true},
		"a malformed file":         {"file://" + dir + "/bad.yaml", true},
		"a registry out of reach":  {"etcd://127.0.0.1:1", false},
		"a registry that is empty": {"memory://", false},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := wiring.Open(t.Context(), config.Context{Registries: []config.Registry{{Name: "r", URL: c.url}}}, nil, settings())
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			states := f.Keeper().ReadOnce(t.Context(), 2*time.Second)
			if err := wiring.ConfigError(states); (err != nil) != c.user {
				t.Errorf("%v", err)
			}
			if in := f.Input(states); len(in.Sources) != 1 || (in.Sources[0].Reason == "") != (c.url == "memory://") {
				t.Errorf("%+v", in.Sources)
			}
		})
	}
}

// TestAFileThatBreaksKeepsItsSet: once it was read whole, a malformed file is
// an outage, not the end.
func TestAFileThatBreaksKeepsItsSet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	write(t, path, []byte("services: [{name: a, instances: [{id: a-1, address: \"127.0.0.1:1\"}]}]\n"))
	f, err := wiring.Open(t.Context(), config.Context{Registries: []config.Registry{{Name: "r", URL: "file://" + path}}}, nil, settings())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Keeper().ReadOnce(t.Context(), time.Second)
	write(t, path, []byte("services: {{\n"))
	states := f.Keeper().ReadOnce(t.Context(), time.Second)
	if err := wiring.ConfigError(states); err != nil {
		t.Errorf("%v", err)
	}
	if in := f.Input(states); len(in.Services) != 1 || in.Sources[0].Reason == "" {
		t.Errorf("%+v", in)
	}
}

func TestSweeperLimits(t *testing.T) {
	s := settings()
	s.Parallel, s.QPS = 17, 5
	w := open(t, s).Sweeper()
	if want := (probe.Pool{Parallel: 17, PerHost: fleet.ParallelHost, QPS: 5}); w.Pool != want || w.Context != "test" || !w.Terse || w.Now == nil {
		t.Errorf("%+v", w)
	}
}

// TestKnownMapping: what the adapter finds wrong with a mapping is said with its
// place in the file.
func TestKnownMapping(t *testing.T) {
	text := "profiles:\n  p:\n    breakers:\n      api: mapping\n      mapping:\n        list: {path: '/l/{name}'}\n        set:\n          trip: {path: /p}\n          reset: {path: '/{nam}', body: 'a=b'}\n"
	_, err := config.Parse("x.yaml", []byte(text), wiring.Known())
	for _, want := range []string{
		"x.yaml:6:9: profiles.p.breakers.mapping.list: {name} has no place there",
		"x.yaml:8:11: profiles.p.breakers.mapping.set.trip: neither path nor body has {name}",
		"x.yaml:9:19: profiles.p.breakers.mapping.set.reset.path: {nam} stands for nothing",
		"x.yaml:9:35: profiles.p.breakers.mapping.set.reset.body: want JSON",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing says %s:\n%v", want, err)
		}
	}
}
