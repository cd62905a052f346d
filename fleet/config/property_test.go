package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/probe"
)

// maker makes configurations by chance.
type maker struct{ *rand.Rand }

func pick[T any](m maker, some ...T) T { return some[m.IntN(len(some))] }

// maybe gives a field a value in half of all cases.
func maybe[T any](m maker, field *T, some ...T) {
	if m.IntN(2) == 0 {
		*field = pick(m, some...)
	}
}

// words are texts that may stand where any text may, most of them odd.
func (m maker) word() string {
	return pick(m, "a", "true", "null", "~", "1", "1.10", "0x1F", ".inf", "2001-01-01", "- a", "? a", "a: b", "# a", "'", `"`, `\`, "[a]", "{a}", "&a", "*a", "!a", "|", "%", "@", "`",
		" a", "a ", "é", "日本", "a,b", "---", "...", "=", "yes", "::error::x", "x y z", "C:\\x")
}

func (m maker) ref() fleet.SecretRef {
	return pick(m, fleet.SecretRef{Env: "TOKEN"}, fleet.SecretRef{Env: "A-b_1"}, fleet.SecretRef{File: "/run/secrets/a b"}, fleet.SecretRef{File: "/x: y#z"},
		fleet.SecretRef{Cmd: []string{"pass", "show", m.word(), m.word()}}, fleet.SecretRef{Cmd: []string{"x"}})
}

func (m maker) profile(name string) fleet.Profile {
	p := fleet.Profile{Name: name}
	maybe(m, &p.Probe, probe.HTTP, probe.GRPC, probe.TCP, probe.TLS, probe.DNS)
	maybe(m, &p.Scheme, "http", "https")
	maybe(m, &p.HealthPaths, []string{"/h"}, []string{"/h?a=b", "/ä b", "/#"})
	maybe(m, &p.GRPCServices, []string{"*"}, []string{m.word(), "grpc.v1.Health"})
	maybe(m, &p.MetricsPath, "/m", "/m: #")
	maybe(m, &p.Breakers, fleet.BreakerAPI{API: "actuator"}, fleet.BreakerAPI{API: "1.0", Path: "/a", CSRF: m.word()},
		fleet.BreakerAPI{API: "mapping", Mapping: m.mapping()})
	maybe(m, &p.Ports, map[string]int{"admin": 1}, map[string]int{"health": 65535, "metrics": 80})
	maybe(m, &p.TLS, fleet.TLSSettings{CA: "/a b.pem"}, fleet.TLSSettings{Cert: "/c", Key: "/k", ServerName: m.word()}, fleet.TLSSettings{Insecure: true})
	maybe(m, &p.Auth, fleet.Auth{Bearer: m.ref()}, fleet.Auth{BasicUser: m.word(), BasicPassword: m.ref()},
		fleet.Auth{OAuth2: &fleet.OAuth2{ClientID: m.word(), ClientSecret: m.ref(), TokenURL: "https://h/t?x=y", Scopes: pick(m, nil, []string{m.word()}, []string{"a", "b"})}})
	yes, no := true, false
	maybe(m, &p.Strict, &yes, &no)
	maybe(m, &p.Slow, time.Nanosecond, 1500*time.Millisecond, 100*time.Hour)
	if m.IntN(2) == 0 {
		p.WarnDays, p.FailDays = 30, 1+m.IntN(30)
	}
	maybe(m, &p.Proxy, "socks5://h:1", "http://[::1]:3128")
	maybe(m, &p.AllowHosts, []string{"10.0.0.0/8"}, []string{".a.b", "fd00::/8", "::1"})
	maybe(m, &p.AllowSockets, []string{"/run/a b"}, []string{"/run/*.sock", "/x/"})
	if p.Auth.IsZero() {
		maybe(m, &p.Headers, map[string]fleet.Header{"Authorization": {Ref: m.ref()}})
	} else {
		maybe(m, &p.Headers, map[string]fleet.Header{"X-A": {Text: m.word()}, "X-B": {Ref: m.ref()}})
	}
	return p
}

func (m maker) mapping() *fleet.BreakerMapping {
	b := &fleet.BreakerMapping{List: fleet.MappedRequest{Path: pick(m, "/l", "/a: #{b}")}}
	maybe(m, &b.Items, "/", "/a~1b/- c")
	maybe(m, &b.Name, "/name", "/true")
	maybe(m, &b.State, "/ ", "/~0")
	maybe(m, &b.Fields, map[string]string{"calls": "/c"}, map[string]string{"failureRate": "/r: #", "by": "/0"})
	word := strings.TrimLeft(m.word(), "? ") // YAML has other uses for a question mark
	maybe(m, &b.States, map[string]fleet.BreakerState{word: fleet.BreakerForcedOpen}, map[string]fleet.BreakerState{word: fleet.BreakerOpen, "a b": fleet.BreakerUnknown})
	maybe(m, &b.Set, map[fleet.Verb]fleet.MappedRequest{fleet.Trip: {Method: "PUT", Path: "/{name}", Body: `{"a":"{name}: #"}`}},
		map[fleet.Verb]fleet.MappedRequest{fleet.HalfOpen: {Path: "/{name}", Body: m.word()}, fleet.Reset: {Path: "/x"}})
	return b
}

func (m maker) registry(i int) config.Registry {
	r := config.Registry{Name: fmt.Sprintf("r%d", i), URL: pick(m, "etcd://h:1,[::1]:2/p?layout=a%20b", "consul://ann@h", "file:///a%20b.yaml", "etcd://h?token=env:X")}
	if m.IntN(2) == 0 {
		r.Options = map[string]config.Option{}
		for _, key := range []string{"dc", "layout", "tags"} {
			if m.IntN(2) == 0 {
				r.Options[key] = config.Option{Text: m.word()}
			}
		}
		if m.IntN(2) == 0 {
			ref := m.ref()
			r.Options["password"] = config.Option{Text: ref.String(), Ref: ref}
		}
		if len(r.Options) == 0 {
			r.Options = nil
		}
	}
	return r
}

func (m maker) file() *config.File {
	f := &config.File{Path: "x.yaml"}
	names := func() []string { return []string{"a", "b.c", "true", "1.0", "null", "Z-9_x"}[:m.IntN(7)] }
	for _, name := range names() {
		if f.Profiles == nil {
			f.Profiles = map[string]fleet.Profile{}
		}
		f.Profiles[name] = m.profile(name)
	}
	for _, name := range names() {
		c := config.Context{Name: name}
		for i := range 1 + m.IntN(3) {
			c.Registries = append(c.Registries, m.registry(i))
		}
		for range m.IntN(3) {
			rule := fleet.ServiceRule{Match: pick(m, "a*", "!b", "etcd:c", "x/y", "*")}
			maybe(m, &rule.DependsOn, []string{m.word()}, []string{"a", m.word()})
			c.Services = append(c.Services, rule)
		}
		maybe(m, &c.ReadOnly, true)
		maybe(m, &c.Protected, true)
		maybe(m, &c.Write, true)
		maybe(m, &c.Prometheus, config.Prometheus{URL: "https://h:9090/p?a=b#c"}, config.Prometheus{URL: "http://h", Profile: "1.0"})
		if m.IntN(2) == 0 {
			c.Profiles = map[string]fleet.Profile{"own": m.profile("own")}
		}
		f.Contexts = append(f.Contexts, c)
	}
	return f
}

// TestShownReadsAsTheSame: decode(show(x)) = x for configurations of every
// shape, and the schema takes what is shown.
func TestShownReadsAsTheSame(t *testing.T) {
	s, top := readSchema(t)
	property := func(seed uint64) bool {
		want := maker{rand.New(rand.NewPCG(seed, 9))}.file()
		shown, err := config.Show(want)
		if err != nil {
			t.Error(err)
			return false
		}
		got, err := config.Parse("x.yaml", shown, config.Known{})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nis read as\n%+v, %v\nwant\n%+v", shown, got, err, want)
			return false
		}
		var v any
		if err := yaml.Unmarshal(shown, &v); err != nil {
			t.Errorf("%s\nis no YAML: %v", shown, err)
			return false
		}
		asJSON, err := config.ShowJSON(want)
		var same any
		if err := errors.Join(err, yaml.Unmarshal(asJSON, &same)); err != nil || !json.Valid(asJSON) || !reflect.DeepEqual(same, v) {
			t.Errorf("%s\nis another as JSON (%v):\n%s", shown, err, asJSON)
			return false
		}
		if w := s.wrong(top, v, ""); w != "" && string(shown) != "{}\n" {
			t.Errorf("%s\nis refused by the schema: %s", shown, w)
			return false
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 150}); err != nil {
		t.Error(err)
	}
}

// TestShownHoldsNoSecret: references are shown, what they refer to cannot be.
func TestShownHoldsNoSecret(t *testing.T) {
	t.Setenv("MIDWATCH_TEST_SECRET", "s3cret-value")
	f, err := config.Parse("x.yaml", []byte(`contexts:
  - name: a
    registries:
      - {url: 'consul://h', token: 'env:MIDWATCH_TEST_SECRET'}
profiles:
  p: {auth: {bearer: {cmd: [printenv, MIDWATCH_TEST_SECRET]}}, headers: {Cookie: 'env:MIDWATCH_TEST_SECRET'}}
`), config.Known{})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := config.Show(f)
	if err != nil || strings.Contains(string(shown), "s3cret-value") || strings.Count(string(shown), "MIDWATCH_TEST_SECRET") != 3 {
		t.Errorf("%v\n%s", err, shown)
	}
}

// TestShowRegistry: one registry as it stands in a list, so that it can be
// pasted below registries.
func TestShowRegistry(t *testing.T) {
	property := func(seed uint64) bool {
		want := maker{rand.New(rand.NewPCG(seed, 13))}.registry(1)
		shown, err := config.ShowRegistry(want)
		if err != nil {
			t.Error(err)
			return false
		}
		text := "contexts:\n  - name: a\n    registries:\n"
		for line := range strings.Lines(string(shown)) {
			text += "      " + line
		}
		f, err := config.Parse("x.yaml", []byte(text), config.Known{})
		if err != nil || len(f.Contexts[0].Registries) != 1 || !reflect.DeepEqual(f.Contexts[0].Registries[0], want) {
			t.Errorf("%s\nread as %+v, %v\nwant %+v", text, f, err, want)
			return false
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 200}); err != nil {
		t.Error(err)
	}
}

// TestProfilesOf: a context's own profile stands before that of all contexts,
// and nobody's map is handed out.
func TestProfilesOf(t *testing.T) {
	f := &config.File{
		Profiles: map[string]fleet.Profile{"a": {Scheme: "http"}, "b": {Scheme: "http"}},
		Contexts: []config.Context{{Name: "x", Profiles: map[string]fleet.Profile{"b": {Scheme: "https"}, "c": {}}}, {Name: "y"}},
	}
	got := f.ProfilesOf(&f.Contexts[0])
	if len(got) != 3 || got["b"].Scheme != "https" || got["a"].Scheme != "http" {
		t.Errorf("got %v", got)
	}
	got["d"] = fleet.Profile{}
	delete(got, "a")
	if len(f.Profiles) != 2 || len(f.Contexts[0].Profiles) != 2 || len(f.ProfilesOf(&f.Contexts[1])) != 2 {
		t.Error("the file's own profiles were changed")
	}
}
