package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
)

// said parses a text and returns what is said of it, without the file's name
// and the places; empty where it is right.
func said(t *testing.T, text string, known config.Known) string {
	t.Helper()
	_, err := config.Parse("x.yaml", []byte(text), known)
	if err == nil {
		return ""
	}
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		t.Fatalf("%q: no *Error: %v", text, err)
	}
	var lines []string
	for _, p := range wrong.Problems {
		if p.File != "x.yaml" || p.Line < 1 {
			t.Errorf("%q: no place: %+v", text, p)
		}
		p.File, p.Line = "", 0
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// inProfile and inContext put one key into a file that is right without it.
func inProfile(key, value string) string {
	return "profiles:\n  p:\n    " + key + ": " + value + "\n"
}

func inContext(key, value string) string {
	return "contexts:\n  - name: a\n    registries: ['etcd://h']\n    " + key + ": " + value + "\n"
}

// TestValues walks every key whose text is checked: what is taken, and what is
// said of the rest.
func TestValues(t *testing.T) {
	const (
		url     = "want a URL that starts with http:// or https://"
		proxy   = "want a URL that starts with http:// or https:// or socks5://"
		hosts   = "want a CIDR (10.0.0.0/8) or a domain suffix (.shop.internal)"
		path    = "want a path that starts with /"
		refused = "credentials in a URL are refused"
	)
	for _, c := range []struct {
		key        string
		good       []string
		wrong      map[string]string
		in         func(key, value string) string
		underneath string // the path of the problem, where it is not the key's own
	}{
		{
			key: "prometheus: {url", in: func(key, value string) string { return inContext(key, value+"}") }, underneath: "contexts[0].prometheus.url",
			good:  []string{"http://h", "'https://h:9090/p', profile: plain"},
			wrong: map[string]string{"ftp://h": url, "http://u:p@h": refused},
		},
		{
			key: "prometheus", in: inContext,
			good:  []string{"http://h", "https://h:9090/p", "'http://[::1]:9090'", "http://h/?a=b"},
			wrong: map[string]string{"h:9090": url, "ftp://h": url, "http://": url, "/p": url, "http://u:p@h": refused, "http://u@h": refused, "'http://h h'": url, "'http://%zz'": url},
		},
		{
			key: "proxy", in: inProfile,
			good:  []string{"http://h:3128", "https://h", "socks5://127.0.0.1:1080"},
			wrong: map[string]string{"socks4://h": proxy, "h:3128": proxy, "socks5://u:p@h": refused, "none": proxy},
		},
		{
			key: "allowHosts", in: inProfile,
			good: []string{
				"10.0.0.0/8", "fd00::/8", "0.0.0.0/0", "10.0.0.5", "'::1'", "'fd00::1'", ".shop.internal", "shop.internal", "'*.shop.internal'", "h", "a-b_c.d", "[10.0.0.0/8, .a]",
			},
			wrong: map[string]string{
				"10.0.0.0/33": hosts, "10.0.0.1:80": hosts, "'*'": hosts, "'.'": hosts, "'**.a'": hosts, "http://h": hosts, "1.2.3": hosts, "'2852039166'": hosts, "'a b'": hosts, "'..a'": hosts, "'10.0.0.*'": hosts, "'a/8'": hosts,
			},
		},
		{
			key: "allowSockets", in: inProfile,
			good:  []string{"/run/a.sock", "'/run/*.sock'", "/run/", "[/a, /b]"},
			wrong: map[string]string{"run/a": "want the whole path of a socket", "'@a'": "want the whole path of a socket", "unix:///a": "want the whole path of a socket"},
		},
		{
			key: "health", in: inProfile, underneath: "health.path",
			good:  []string{"{path: /h}", "{path: [/a, /b?c=d]}", "", "{}"},
			wrong: map[string]string{"{path: h}": path, "{path: http://h/a}": path, "{path: ''}": "is empty"},
		},
		{
			key: "metrics", in: inProfile, underneath: "metrics.path",
			good:  []string{"{path: /m}"},
			wrong: map[string]string{"{path: m}": path, "{path: [/m]}": "want text, not a list"},
		},
		{
			key: "breakers", in: inProfile, underneath: "breakers.",
			good:  []string{"{api: envoy}", "{api: x, path: /p, csrf: /t}"},
			wrong: map[string]string{"{api: a b}": "is not a name", "{path: p}": path, "{ap: x}": "unknown key (did you mean api?)"},
		},
		{
			key: "breakers", in: inProfile, underneath: "breakers.",
			good: []string{
				"{api: mapping, mapping: {list: {path: /l}}}", "{api: mapping, mapping: {list: {path: /l, method: POST, body: '{}'}, items: /i, name: /n, state: /s, states: {A: open, 'true': closed, 2: half_open}}}",
				"{api: mapping, mapping: {list: {path: /l}, fields: {calls: /c, by: /b}, set: {half-open: {path: '/{name}'}, trip: {path: /p, method: PATCH, body: 'x'}}}}",
			},
			wrong: map[string]string{
				"{api: mapping}":                                                            "has no mapping beside it",
				"{mapping: {list: {path: /l}}}":                                             "is for api: mapping only",
				"{api: envoy, mapping: {list: {path: /l}}}":                                 "is for api: mapping only",
				"{api: mapping, mapping: {}}":                                               "is missing",
				"{api: mapping, mapping: {list: {}}}":                                       "is missing",
				"{api: mapping, mapping: {list: {path: l}}}":                                path,
				"{api: mapping, mapping: {list: {path: /l, method: LIST}}}":                 "want GET, POST, PUT, PATCH or DELETE",
				"{api: mapping, mapping: {list: {path: /l}, items: breakers}}":              "want a JSON pointer",
				"{api: mapping, mapping: {list: {path: /l}, fields: {call: /c}}}":           "unknown key (did you mean calls?)",
				"{api: mapping, mapping: {list: {path: /l}, fields: {calls: c}}}":           "want a JSON pointer",
				"{api: mapping, mapping: {list: {path: /l}, set: {open: {path: /p}}}}":      "unknown key",
				"{api: mapping, mapping: {list: {path: /l}, set: {trip: {body: x}}}}":       "is missing",
				"{api: mapping, mapping: {list: {path: /l}, states: {A: ajar}}}":            "want unknown, closed, half_open, open, forced_open, disabled or metrics_only",
				"{api: mapping, mapping: {list: {path: /l}, states: {A: 1}}}":               "want text, not a number",
				"{api: mapping, mapping: {list: {path: /l}, states: {'': open}}}":           "is no word of an API",
				"{api: mapping, mapping: {list: {path: /l}, states: {\"a\\e[1mb\": open}}}": "is no word of an API",
				"{api: mapping, mapping: {list: {path: /l}, states: [A]}}":                  "want a mapping, not a list",
			},
		},
		{
			key: "services", in: inContext, underneath: "services[0]",
			good:  []string{"[{match: 'ord*'}]", "[{match: '!a'}]", "[{match: 'etcd:x/y'}]", "[{match: a, dependsOn: [b, c]}]", "[]", ""},
			wrong: map[string]string{"[{match: 'a['}]": "is not a service or a glob", "[{}]": "is missing", "[{match: ''}]": "is empty", "[a]": "want a mapping, not text"},
		},
		{
			key: "ports", in: inProfile, underneath: "ports.",
			good:  []string{"{admin: 1, health: 65535, metrics: 80}", "", "{}"},
			wrong: map[string]string{"{admin: 0}": "0 is out of range (1 to 65535)", "{admin: 65536}": "65536 is out of range", "{admn: 1}": "unknown role (did you mean admin?)", "{admin: '80'}": "want a whole number, not text"},
		},
	} {
		for _, value := range c.good {
			if got := said(t, c.in(c.key, value), config.Known{}); got != "" {
				t.Errorf("%s: %s: %s", c.key, value, got)
			}
		}
		for value, want := range c.wrong {
			at := c.underneath
			if at == "" {
				at = c.key
			}
			got := said(t, c.in(c.key, value), config.Known{})
			if !strings.Contains(got, want) || !strings.Contains(got, at) || strings.Contains(got, "\n") {
				t.Errorf("%s: %s: got %q, want %s at %s", c.key, value, got, want, at)
			}
		}
	}
}

// TestSecretsByReference: every place of a secret takes every kind of
// reference, and repeats nothing of what it refuses.
func TestSecretsByReference(t *testing.T) {
	places := map[string]func(ref string) string{
		"bearer": func(ref string) string { return inProfile("auth", "{bearer: "+ref+"}") },
		"basic":  func(ref string) string { return inProfile("auth", "{basic: {username: u, password: "+ref+"}}") },
		"oauth2": func(ref string) string {
			return inProfile("auth", "{oauth2: {clientId: i, tokenUrl: 'https://h', clientSecret: "+ref+"}}")
		},
		"header": func(ref string) string { return inProfile("headers", "{Authorization: "+ref+"}") },
		"token": func(ref string) string {
			return "contexts: [{name: a, registries: [{url: 'etcd://h', token: " + ref + "}]}]"
		},
		"password": func(ref string) string {
			return "contexts: [{name: a, registries: [{url: 'etcd://h', password: " + ref + "}]}]"
		},
	}
	for place, in := range places {
		for _, ref := range []string{"'env:X'", "env:A_B-1", "file:/run/s", "file:relative", "{cmd: [a]}", "{cmd: [a, '']}", "\n      cmd: [a, b]"} {
			if strings.Contains(ref, "''") || strings.HasPrefix(ref, "\n") {
				continue
			}
			if got := said(t, in(ref), config.Known{}); got != "" {
				t.Errorf("%s: %s: %s", place, ref, got)
			}
		}
		for _, wrong := range []string{
			"s3cret", "'s3cret'", "12345678", "true", "'env:'", "'file:'", "'env:s3cret value'", "'cmd:s3cret'", "'ENV:s3cret'", "'${s3cret}'", "{env: s3cret}", "{cmd: s3cret}", "{cmd: []}", "{cmd: [s3cret], x: y}",
			"[s3cret]", "{}", "'env:X\\ns3cret'", "\"env:\\e[2Js3cret\"", "",
		} {
			got := said(t, in(wrong), config.Known{})
			if got == "" || strings.Contains(got, "s3cret") || strings.Contains(got, "12345678") {
				t.Errorf("%s: %s: got %q", place, wrong, got)
			}
		}
	}
}

// TestRelativePaths start from the file's folder, wherever midwatch runs.
func TestRelativePaths(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // paths look otherwise there
	}
	text := `contexts:
  - name: a
    registries:
      - {url: 'consul://h', ca: certs/ca.pem, token: 'file:../token', cert: /abs.pem}
      - file://fleet.yaml
      - b=file://./sub/../sd/*.json?format=file_sd
      - c=file:///abs.yaml
profiles:
  p: {tls: {ca: ca.pem, cert: ./c.pem, key: ../k.pem}, auth: {bearer: 'file:t'}}
`
	f, err := config.Parse("/etc/mid watch/midwatch.yaml", []byte(text), config.Known{})
	if err != nil {
		t.Fatal(err)
	}
	rs, p := f.Contexts[0].Registries, f.Profiles["p"]
	equal(t, "beside a URL", rs[0].Values()["ca"], any("/etc/mid watch/certs/ca.pem"))
	equal(t, "a reference", rs[0].Options["token"].Ref.File, "/etc/token")
	equal(t, "a whole path", rs[0].Options["cert"].Text, "/abs.pem")
	equal(t, "files", []string{rs[1].URL, rs[2].URL, rs[3].URL}, []string{
		"file:///etc/mid%20watch/fleet.yaml", "file:///etc/mid%20watch/sd/*.json?format=file_sd", "file:///abs.yaml",
	})
	equal(t, "TLS", []string{p.TLS.CA, p.TLS.Cert, p.TLS.Key, p.Auth.Bearer.File}, []string{
		"/etc/mid watch/ca.pem", "/etc/mid watch/c.pem", "/etc/k.pem", "/etc/mid watch/t",
	})
	for _, wrong := range []string{"etcd://h?ca=ca.pem", "etcd://h?key=./k", "etcd://h?token=file:t", "{url: 'etcd://h', ca: ~/ca.pem}"} {
		got := said(t, "contexts: [{name: a, registries: ["+quoted(wrong)+"]}]", config.Known{})
		if !strings.Contains(got, "want a whole path here") && !strings.Contains(got, "~ is not expanded here") {
			t.Errorf("%s: %q", wrong, got)
		}
	}
}

// quoted puts a URL in quotes and leaves a mapping as it is.
func quoted(s string) string {
	if strings.HasPrefix(s, "{") {
		return s
	}
	return "'" + s + "'"
}

// TestNamesThatMeet: contexts, and the registries of one context, are told
// apart by name; the same name in two contexts is none of that.
func TestNamesThatMeet(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"contexts: [{name: a, registries: ['etcd://h']}, {name: b, registries: ['etcd://h']}]", ""},
		{"contexts: [{name: a, registries: ['etcd://h']}, {name: A, registries: ['etcd://h']}]", ""},
		{"contexts: [{name: a, registries: ['etcd://h']}, {name: a, registries: ['etcd://h']}]", "contexts[1].name: a is the name of contexts[0] too"},
		{"contexts: [{name: a, registries: ['etcd://h', 'consul://h']}]", ""},
		{"contexts: [{name: a, registries: ['etcd://h', 'etcd://i']}]", "contexts[0].registries[1]: etcd is the name of contexts[0].registries[0] too (NAME=URL gives a registry a name of its own)"},
		{"contexts: [{name: a, registries: ['etcd://h', 'b=etcd://i']}]", ""},
		{"contexts: [{name: a, registries: ['etcd=consul://h', 'etcd://i']}]", "contexts[0].registries[1]: etcd is the name of contexts[0].registries[0] too (NAME=URL gives a registry a name of its own)"},
		{"contexts: [{name: a, registries: [{url: 'x=etcd://h', name: etcd}, 'etcd://i']}]", "contexts[0].registries[1]: etcd is the name of contexts[0].registries[0] too (NAME=URL gives a registry a name of its own)"},
		{"contexts: [{name: none, registries: ['etcd://h']}]", "contexts[0].name: none means no context at all and cannot name one"},
		{"contexts: [{name: a, registries: []}]", "contexts[0].registries: names no registry (as in - etcd://127.0.0.1:2379)"},
		{"contexts: [{name: a, registries: ~}]", "contexts[0].registries: names no registry (as in - etcd://127.0.0.1:2379)"},
		{"contexts: [{name: a, registries: [{name: b}]}]", "contexts[0].registries[0].url: is missing (as in etcd://127.0.0.1:2379)"},
		{"contexts: [{name: a, registries: [{url: 'etcd://h', tags: []}]}]", "contexts[0].registries[0].tags: is empty (leave the key out)"},
	} {
		if got := said(t, c.text, config.Known{}); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

// TestCircles: profiles that extend each other, in every order of the file, are
// told of once.
func TestCircles(t *testing.T) {
	for _, c := range []struct {
		extends string // a>b: a extends b
		want    []string
	}{
		{"a>b b>c c>go", nil},
		{"a>a", []string{"profiles.a.extends: goes round in a circle: a -> a"}},
		{"a>b b>a", []string{"profiles.a.extends: goes round in a circle: a -> b -> a"}},
		{"c>b b>a a>c d>a", []string{"profiles.a.extends: goes round in a circle: a -> c -> b -> a"}},
		{"a>b b>a x>y y>x", []string{"profiles.a.extends: goes round in a circle: a -> b -> a", "profiles.x.extends: goes round in a circle: x -> y -> x"}},
		{"go>go", nil},               // extends the built-in one of its name
		{"go>spring spring>go", nil}, // ends at a built-in one
		{"a>nobody", []string{`profiles.a.extends: there is no profile "nobody" (known here: a, go, plain, spring)`}},
		{"a>spirng", []string{`profiles.a.extends: there is no profile "spirng" (did you mean spring?)`}},
	} {
		pairs := strings.Fields(c.extends)
		for range 2 {
			text := "profiles:\n"
			for _, pair := range pairs {
				name, base, _ := strings.Cut(pair, ">")
				text += "  " + name + ": {extends: " + base + "}\n"
			}
			lines := strings.Split(said(t, text, known()), "\n")
			slices.Sort(lines)
			if lines[0] == "" {
				lines = nil
			}
			if !slices.Equal(lines, c.want) {
				t.Errorf("%s:\n got %q\nwant %q", c.extends, lines, c.want)
			}
			slices.Reverse(pairs)
		}
	}
}

// TestContradictions: values that are right alone and wrong together.
func TestContradictions(t *testing.T) {
	for _, c := range []struct{ profile, want string }{
		{"{auth: {bearer: 'env:X', basic: {username: a, password: 'env:Y'}}}", "profiles.p.auth: has basic and bearer (one way to prove who we are is all there can be)"},
		{"{auth: {bearer: 'env:X'}, headers: {authorization: 'env:Y'}}", "profiles.p.auth: has bearer, and headers has Authorization (they are the same header)"},
		{"{auth: {bearer: 'env:X'}, headers: {X-Token: 'env:Y'}}", ""},
		{"{tls: {cert: /c}}", "profiles.p.tls.cert: has no key beside it"},
		{"{tls: {key: /k}}", "profiles.p.tls.key: has no cert beside it"},
		{"{tls: {cert: /c, key: /k}}", ""},
		{"{warnDays: 3, failDays: 7}", "profiles.p.failDays: 7 is more than warnDays (3): the failure would come before the warning"},
		{"{warnDays: 7, failDays: 7}", ""},
		{"{failDays: 7}", ""},
		{"{headers: {A: b, a: c}}", "profiles.p.headers.a: is given twice, also as A (case does not tell headers apart)"},
		{"{headers: {Host: h}}", "profiles.p.headers.Host: is set by the protocol and cannot be given"},
		{"{headers: {connection: close}}", "profiles.p.headers.connection: is set by the protocol and cannot be given"},
		{"{headers: {X-Proof: 'Bearer abc'}}", "profiles.p.headers.X-Proof: a secret is given by reference only (env:NAME, file:PATH or {cmd: [program, argument, ...]})"},
		{"{headers: {X-Proof: 'basic abc'}}", "profiles.p.headers.X-Proof: a secret is given by reference only (env:NAME, file:PATH or {cmd: [program, argument, ...]})"},
	} {
		if got := said(t, "profiles: {p: "+c.profile+"}", config.Known{}); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.profile, got, c.want)
		}
	}
}

// TestUnreadableFile: what the user may not read is wrong configuration that
// keeps its cause.
func TestUnreadableFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(path, []byte("contexts: []\n"), 0o000); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path, config.Known{})
	if os.Getuid() == 0 { // the superuser may read everything
		if err != nil {
			t.Error(err)
		}
		return
	}
	if !errors.Is(err, os.ErrPermission) || !strings.HasPrefix(err.Error(), path+": cannot be read: ") {
		t.Errorf("got %v", err)
	}
}

// TestManyProblemsAreAllShown, each once, however many there are.
func TestManyProblemsAreAllShown(t *testing.T) {
	text := "profiles:\n"
	for i := range 200 {
		text += fmt.Sprintf("  p%d: {scheme: ftp}\n", i)
	}
	lines := strings.Split(said(t, text, config.Known{}), "\n")
	if len(lines) != 200 || lines[0] != `profiles.p0.scheme: want http or https, not "ftp"` || lines[199] != `profiles.p199.scheme: want http or https, not "ftp"` {
		t.Errorf("%d lines, from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
}

// TestMappingIsCheckedByItsAdapter: what the adapter finds stands at its own
// place in the file; what decoding found already is not said twice.
func TestMappingIsCheckedByItsAdapter(t *testing.T) {
	asked := 0
	known := config.Known{Mapping: func(m *fleet.BreakerMapping) []config.Fault {
		asked++
		if m.List.Path != "/l" || m.Set[fleet.Trip].Body != "x" {
			t.Errorf("%+v", m)
		}
		return []config.Fault{{Key: "set.trip.body", Message: "want JSON", Hint: "as in {}"}, {Key: "items", Message: "is not there"}}
	}}
	text := "profiles:\n  p:\n    breakers:\n      api: mapping\n      mapping:\n        list: {path: /l}\n        set:\n          trip:\n            path: /p\n            body: x\n"
	_, err := config.Parse("x.yaml", []byte(text), known)
	want := "x.yaml:5:7: profiles.p.breakers.mapping.items: is not there\nx.yaml:10:13: profiles.p.breakers.mapping.set.trip.body: want JSON (as in {})"
	if err == nil || err.Error() != want || asked != 1 {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if _, err := config.Parse("x.yaml", []byte(strings.Replace(text, "path: /l", "path: l", 1)), known); err == nil || asked != 1 || strings.Contains(err.Error(), "want JSON") {
		t.Errorf("%v, asked %d times", err, asked)
	}
	child := "profiles:\n  p:\n    extends: q\n    breakers: {api: mapping}\n  q:\n    breakers: {api: mapping, mapping: {list: {path: /l}, set: {trip: {path: /p, body: x}}}}\n"
	if _, err := config.Parse("x.yaml", []byte(child), config.Known{}); err != nil {
		t.Errorf("a mapping that is inherited: %v", err)
	}
}
