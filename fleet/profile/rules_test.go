package profile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/profile"
)

func TestCompileRefuses(t *testing.T) {
	type profiles = map[string]fleet.Profile
	for _, tt := range []struct {
		name  string
		rules profile.Rules
		want  []string // lines
	}{
		{"a flag nobody knows", profile.Rules{Override: profile.Override{Profile: "sprnig"}}, []string{`--profile: there is no profile "sprnig": did you mean spring?`}},
		{"a flag like nothing", profile.Rules{Override: profile.Override{Profile: "cobol"}}, []string{
			`--profile: there is no profile "cobol": known are dotnet, envoy, go, haproxy, midwatch, node, plain, python, quarkus, spring`,
		}},
		{"a rule's profile", profile.Rules{Services: []fleet.ServiceRule{{Match: "a", Profile: "go"}, {Match: "b", Profile: "nod"}}}, []string{
			`services[1].profile: there is no profile "nod": did you mean node?`,
		}},
		{"a rule's pattern", profile.Rules{Services: []fleet.ServiceRule{{Match: "a["}}}, []string{
			`services[0].match: service "a[": the name is a glob with a bracket or backslash left open`,
		}},
		{"extends", profile.Rules{Profiles: profiles{"mine": {Extends: "sprig"}}}, []string{`profiles.mine.extends: there is no profile "sprig": did you mean spring?`}},
		{"extends further down", profile.Rules{Profiles: profiles{"mine": {Extends: "base"}, "base": {Extends: "nowhere"}}}, []string{
			`profiles.base.extends: there is no profile "nowhere": known are base, dotnet, envoy, go, haproxy, midwatch, mine, node, plain, python, quarkus, spring`,
		}},
		{"a circle", profile.Rules{Profiles: profiles{"a": {Extends: "b"}, "b": {Extends: "a"}}}, []string{
			`profiles.a.extends: a -> b -> a goes round in a circle`, `profiles.b.extends: b -> a -> b goes round in a circle`,
		}},
		{"a circle of one", profile.Rules{Profiles: profiles{"a": {Extends: "a"}}}, []string{`profiles.a.extends: a -> a goes round in a circle`}},
		{"values", profile.Rules{Profiles: profiles{"mine": {Probe: "icmp", Ports: map[string]int{"admin": 0, "health": 65536, "metrics": 1}, HealthPaths: []string{"/ok", "a b", ""}}}}, []string{
			`profiles.mine.probe: unknown probe "icmp": want http, grpc, tcp, tls or dns`,
			`profiles.mine.ports.admin: 0 is not a port: want 1 to 65535`,
			`profiles.mine.ports.health: 65536 is not a port: want 1 to 65535`,
			`profiles.mine.health.path[1]: "a b" is not a path`,
			`profiles.mine.health.path[2]: "" is not a path`,
		}},
		{"flags", profile.Rules{Override: profile.Override{Probe: "udp", HealthPath: "/a\nb"}}, []string{
			`--probe: unknown probe "udp": want http, grpc, tcp, tls or dns`, `--health-path: "/a\nb" is not a path`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.rules.Compile()
			if want := strings.Join(tt.want, "\n"); err == nil || err.Error() != want {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
		})
	}
}

func TestExtends(t *testing.T) {
	strict := true
	x, err := profile.Rules{Profiles: map[string]fleet.Profile{
		"base": {
			Extends: "spring", Scheme: "https", Slow: time.Second, Ports: map[string]int{"admin": 8081, "metrics": 1}, AllowHosts: []string{"10.0.0.0/8"},
			Headers: map[string]fleet.Header{"A": {Text: "base"}, "B": {Text: "base"}}, Auth: fleet.Auth{BasicUser: "u"}, Strict: &strict,
		},
		"mine":   {Extends: "base", Slow: 3 * time.Second, Ports: map[string]int{"admin": 9}, Headers: map[string]fleet.Header{"A": {Text: "mine"}}},
		"spring": {MetricsPath: "/own"}, // under a built-in name: extends it
		"go":     {Extends: "node"},     // under a built-in name, extending another
		"bare":   {},
	}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	mine := x.Profile("mine")
	for _, check := range []struct {
		what string
		ok   bool
	}{
		{"name", mine.Name == "mine"},
		{"its own value", mine.Slow == 3*time.Second},
		{"from base", mine.Scheme == "https" && mine.Auth.BasicUser == "u" && *mine.Strict && mine.AllowHosts[0] == "10.0.0.0/8"},
		{"ports one by one", mine.Ports["admin"] == 9 && mine.Ports["metrics"] == 1},
		{"headers one by one", mine.Headers["A"].Text == "mine" && mine.Headers["B"].Text == "base"},
		{"from spring as configured", mine.MetricsPath == "/own"},
		{"from spring as built in", mine.HealthPaths[0] == "/actuator/health/readiness" && mine.Breakers.API == "actuator"},
		{"base is as it was", x.Profile("base").Ports["admin"] == 8081 && x.Profile("base").Headers["A"].Text == "base"},
		{"a built-in name that extends another", slices.Contains(x.Profile("go").HealthPaths, "/ready")},
		{"one that extends nothing", x.Profile("bare").HealthPaths == nil},
		{"a built-in one", x.Profile("quarkus").MetricsPath == "/q/metrics"},
		{"none", x.Profile("").Name == "" && x.Profile("nobody").HealthPaths == nil},
	} {
		if !check.ok {
			t.Errorf("%s: %+v", check.what, mine)
		}
	}
}

// TestBuiltin holds the names that conventions promise.
func TestBuiltin(t *testing.T) {
	want := []string{"dotnet", "envoy", "go", "haproxy", "midwatch", "node", "plain", "python", "quarkus", "spring"}
	if got := profile.Builtin(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	x, err := profile.Rules{}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range want {
		p := x.Profile(name)
		if p.MetricsPath == "" || len(p.HealthPaths) == 0 && p.Probe == "" {
			t.Errorf("%s does not say how to ask: %+v", name, p)
		}
		for i, path := range p.HealthPaths {
			if !strings.HasPrefix(path, "/") {
				t.Errorf("%s: %s", name, path)
			}
			// readiness before health
			if i > 0 && strings.HasPrefix(path, p.HealthPaths[0]+"/") {
				t.Errorf("%s asks %s before %s", name, p.HealthPaths[0], path)
			}
		}
	}
}

// TestAllThatIsWrongIsSaid at once, a line each, in the same order always.
func TestAllThatIsWrongIsSaid(t *testing.T) {
	rules := profile.Rules{
		Profiles: map[string]fleet.Profile{
			"b": {Probe: "udp", Ports: map[string]int{"health": 70000, "admin": -1}, HealthPaths: []string{"/a", "", "a b"}},
			"a": {Extends: "sprng"}, "c": {Extends: "d"}, "d": {Extends: "c"},
		},
		Services: []fleet.ServiceRule{{Match: "x[", Profile: "b"}, {Match: "y", Profile: "nobody-at-all"}},
		Override: profile.Override{Profile: "quarkuss", Probe: "icmp", HealthPath: "a#b"},
	}
	var first string
	for range 20 {
		x, err := rules.Compile()
		if x != nil || err == nil {
			t.Fatal("it is taken")
		}
		if first == "" {
			first = err.Error()
		}
		if err.Error() != first {
			t.Fatalf("said otherwise:\n%s\n%s", first, err)
		}
	}
	for _, want := range []string{
		`profiles.a.extends: there is no profile "sprng": did you mean spring?`,
		`profiles.b.probe: unknown probe "udp": want http, grpc, tcp, tls or dns`,
		"profiles.b.ports.admin: -1 is not a port: want 1 to 65535",
		"profiles.b.ports.health: 70000 is not a port: want 1 to 65535",
		`profiles.b.health.path[1]: "" is not a path`,
		`profiles.b.health.path[2]: "a b" is not a path`,
		"profiles.c.extends: c -> d -> c goes round in a circle",
		`services[0].match: `,
		`services[1].profile: there is no profile "nobody-at-all"`,
		`--profile: there is no profile "quarkuss": did you mean quarkus?`,
		`--probe: unknown probe "icmp"`,
		`--health-path: "a#b" is not a path`,
	} {
		if !strings.Contains(first, want) {
			t.Errorf("not said: %s\n%s", want, first)
		}
	}
}

// TestBuiltinUnderItsOwnName: a profile that is configured under the name of a
// built-in one stands before it and has what it does not say itself.
func TestBuiltinUnderItsOwnName(t *testing.T) {
	for _, extends := range []string{"", "spring"} {
		x, err := profile.Rules{Profiles: map[string]fleet.Profile{"spring": {Extends: extends, MetricsPath: "/m"}, "mine": {Extends: "spring"}}}.Compile()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"spring", "mine"} {
			p := x.Profile(name)
			if p.MetricsPath != "/m" || p.Breakers.API != "actuator" || len(p.HealthPaths) != 2 || p.Name != name {
				t.Errorf("extends %q: %s is %+v", extends, name, p)
			}
		}
	}
}
