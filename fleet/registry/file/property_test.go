package file_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/quick"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/file"
)

// anyFleet makes services by chance, in the order every set has.
func anyFleet(rng *rand.Rand) []fleet.Service {
	word := func() string {
		some := []string{"order", "a b", "true", "null", "1.10", "0x1F", "é日本", "a: b", "# a", "- a", "'", `"`, `\`, "{a}", "::error::x", "@a", "*", "~", "2001-01-01", "<b>", "a,b"}
		return some[rng.IntN(len(some))]
	}
	labels := func() map[string]string {
		if rng.IntN(2) == 0 {
			return nil
		}
		return map[string]string{"k" + word(): word() + "\x1b\n\t", "plain": ""}
	}
	var all []fleet.Service
	for i := range rng.IntN(5) {
		s := fleet.Service{Ref: fleet.Ref{Namespace: []string{"", "shop", "a b"}[rng.IntN(3)], Name: fmt.Sprint(word(), i)}, Labels: labels()}
		for range rng.IntN(3) {
			s.DependsOn = append(s.DependsOn, word())
		}
		for j := range rng.IntN(4) {
			in := fleet.Instance{
				Addr:   []string{"10.0.0.1:80", "[fd00::1]:65535", "host.name:1", "/run/a b.sock", "[fe80::1%eth0]:80"}[rng.IntN(5)],
				ID:     fmt.Sprint(j, word()),
				Weight: rng.IntN(3), Labels: labels(),
			}
			if rng.IntN(2) == 0 {
				in.Zone, in.Version = word(), word()
			}
			s.Instances = append(s.Instances, in)
		}
		all = append(all, s)
	}
	registry.Sort(all)
	return all
}

// TestInventoryRoundTrip: what is written is read as the same, whatever it
// looks like, as JSON and under a name that says YAML.
func TestInventoryRoundTrip(t *testing.T) {
	property := func(seed uint64) bool {
		want := anyFleet(rand.New(rand.NewPCG(seed, 19)))
		text := inventory(want)
		for _, name := range []string{"f.json", "f.yaml", "f"} {
			got, warnings, err := file.Decode(name, "inventory", text)
			if err != nil || len(warnings) != 0 || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("%s\n%s\nis read as %+v, %v\nwant %+v", name, text, got, err, want)
				return false
			}
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// TestFileSDJoins: however the targets of a service are put into groups, the
// set is the same.
func TestFileSDJoins(t *testing.T) {
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels,omitempty"`
	}
	property := func(seed uint64) bool {
		rng := rand.New(rand.NewPCG(seed, 23))
		var flat, grouped []group
		for _, job := range []string{"a", "b"} {
			open := &group{Labels: map[string]string{"job": job}}
			for i := range 1 + rng.IntN(6) {
				target := fmt.Sprintf("10.0.0.%d:80", i)
				flat = append(flat, group{[]string{target}, map[string]string{"job": job}})
				if open.Targets = append(open.Targets, target); rng.IntN(3) == 0 {
					grouped = append(grouped, *open)
					open = &group{Labels: open.Labels}
				}
			}
			grouped = append(grouped, *open)
		}
		rng.Shuffle(len(flat), func(i, j int) { flat[i], flat[j] = flat[j], flat[i] })
		read := func(groups []group) []fleet.Service {
			for i := range groups {
				if groups[i].Targets == nil {
					groups[i].Targets = []string{}
				}
			}
			data, err := json.Marshal(groups)
			if err != nil {
				t.Fatal(err)
			}
			services, warnings, err := file.Decode("f.json", "auto", data)
			if err != nil || len(warnings) != 0 {
				t.Errorf("%s: %v, %v", data, warnings, err)
			}
			return services
		}
		if one, other := read(flat), read(grouped); !reflect.DeepEqual(one, other) {
			t.Errorf("\n%+v\n%+v", one, other)
			return false
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 300}); err != nil {
		t.Error(err)
	}
}

// TestAddressesByTheStandardLibrary: what is taken as an address the standard
// library can take apart, and a port it can dial.
func TestAddressesByTheStandardLibrary(t *testing.T) {
	property := func(seed uint64) bool {
		rng := rand.New(rand.NewPCG(seed, 29))
		host := []string{"h", "10.0.0.1", "[::1]", "::1", "[fe80::1%eth0]", "", "a b", "ä", "h/x", "u@h", "[", "]", "[h]"}[rng.IntN(13)]
		port := []string{"80", "0", "65535", "65536", "-1", "+80", "080", "http", "", "1e3", " 80"}[rng.IntN(11)]
		text, err := json.Marshal(map[string]any{"services": []any{map[string]any{"name": "a", "instances": []any{map[string]any{"address": host + ":" + port}}}}})
		if err != nil {
			t.Fatal(err)
		}
		services, _, err := file.Decode("f.json", "auto", text)
		if err != nil {
			return errors.Is(err, registry.ErrConfig)
		}
		gotHost, gotPort, err := net.SplitHostPort(services[0].Instances[0].Addr)
		n, bad := strconv.Atoi(gotPort)
		if err != nil || bad != nil || n < 1 || n > 65535 || gotHost == "" || strings.ContainsAny(gotHost, " /@") {
			t.Errorf("%s is taken as %+v", text, services[0].Instances[0])
			return false
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 1000}); err != nil {
		t.Error(err)
	}
}

// TestFileSDLabels walks the labels of file_sd: what midwatch reads of them and
// what stays Prometheus' own.
func TestFileSDLabels(t *testing.T) {
	for _, c := range []struct {
		labels string
		want   map[string]string
		addr   string
	}{
		{`{}`, map[string]string{}, "h:80"},
		{`{"env":"prod"}`, map[string]string{"env": "prod"}, "h:80"},
		{`{"__scheme__":"https"}`, map[string]string{"scheme": "https"}, "h:443"},
		{`{"__scheme__":"https","scheme":"http"}`, map[string]string{"scheme": "http"}, "h:80"},
		{`{"scheme":"https"}`, map[string]string{"scheme": "https"}, "h:443"},
		{`{"__scheme__":""}`, map[string]string{}, "h:80"},
		{`{"__metrics_path__":"/m"}`, map[string]string{"metrics_path": "/m"}, "h:80"},
		{`{"__metrics_path__":"/m","metrics_path":"/own"}`, map[string]string{"metrics_path": "/own"}, "h:80"},
		{`{"__meta_x":"1"}`, map[string]string{"__meta_x": "1"}, "h:80"},
		{`{"__tmp_x":"1","__param_module":"http","__address__":"other:1","__scrape_interval__":"5s"}`, map[string]string{}, "h:80"},
		{`{"n":null}`, map[string]string{"n": ""}, "h:80"},
		{`{"n":5,"t":true,"f":1.50}`, map[string]string{"n": "5", "t": "true", "f": "1.50"}, "h:80"},
	} {
		services, _, err := file.Decode("f.json", "auto", []byte(`[{"targets":["h"],"labels":`+c.labels+`}]`))
		if err != nil {
			t.Errorf("%s: %v", c.labels, err)
			continue
		}
		in := services[0].Instances[0]
		if !reflect.DeepEqual(in.Labels, c.want) || in.Addr != c.addr || in.ID != "h" {
			t.Errorf("%s: got %+v", c.labels, in)
		}
	}
}

// TestMoreProblems: what TestProblems has no row for, each with its place.
func TestMoreProblems(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"f.yaml", "services:\n  - name: a\n    instances:\n      - address: \"[::1]\"\n", `f.yaml:4:18: services[0].instances[0].address: "[::1]": want HOST:PORT`},
		{"f.yaml", "services:\n  - name: [a]\n", "f.yaml:2:11: services[0].name: want a text"},
		{"f.yaml", "services:\n  - name: a\n    namespace: {b: c}\n", "services[0].namespace: want a text"},
		{"f.yaml", "services:\n  - name: a\n    dependsOn: [b, [c]]\n", "services[0].dependsOn[1]: want a text"},
		{"f.yaml", "services:\n  - name: a\n    dependsOn: [\"b\\tc\"]\n", "services[0].dependsOn[0]: control character U+0009"},
		{"f.yaml", "services:\n  - name: a\n    instances: {}\n", "services[0].instances: want a list"},
		{"f.yaml", "services:\n  - name: a\n  - name: a\n    namespace: n\n  - name: a\n    namespace: n\n", `f.yaml:5:5: services[2]: service "n/a" is given twice, first at line 3`},
		{"f.yaml", "services: []\nservices: []\n", "f.yaml:2:1: services: given twice"},
		{"f.yaml", "? [a]\n: b\n", "f.yaml:2:1: not YAML"},
		{"f.yaml", "services: [{name: a, <<: {}}]\n", "anchors, aliases, tags and merges are not read here"},
		{"f.yaml", "services: *x\n", "f.yaml:1:11"},
		{"f.yaml", "# a\n---\n", "the file is empty"},
		{"f.yaml", "\"\xc3\"", "f.yaml:1:2: not UTF-8 text"},
		{"f.yaml", strings.Repeat(" ", 3000) + "a: b\n", "nested too deeply"},
		{"f.yaml", strings.Repeat("- ", 3000) + "a\n", "nested too deeply"},
		{"f.json", `{"services":[],}`, "f.json:1:16: not JSON"},
		{"f.json", `{"services":[]`, "f.json:1:15: not JSON: the document ends in the middle"},
		{"f.json", `{"services":nope}`, "f.json:1:14: not JSON"},
		{"f.json", `{services:[]}`, "f.json:1:2: not JSON"},
		{"f.json", `{"services":[]} x`, "f.json:1:17: something follows the end"},
		{"f.json", "{\"services\":[\n{\"name\":\"ä\",\n\"nam\":1}]}", `f.json:3:1: services[0]: unknown key "nam"`},
		{"f.json", `[{"targets":["h"],"labels":["a"]}]`, "f.json:1:28: [0].labels: want a mapping of texts"},
		{"f.json", `[{"targets":[["h"]]}]`, "f.json:1:14: [0].targets[0]: want a text"},
		{"f.json", `[null]`, "f.json:1:2: [0]: want a mapping"},
		{"f.json", `[{"targets":["h:"]}]`, `[0].targets[0]: "h:": port "" is not a number`},
		{"f.json", `[{"targets":["::1"]}]`, "an IPv6 address needs brackets"},
		{"f.json", `"services"`, "f.json:1:1: want a list (Prometheus file_sd) or a mapping with services (inventory) at the top"},
		{"f.json", `null`, "f.json:1:1: want a list"},
	} {
		got, _, err := file.Decode(c.file, "auto", []byte(c.text))
		if got != nil || !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: got %v, %v; want %s", c.text, got, err, c.want)
		}
	}
}

// TestGlobNames: what a pattern takes in, as a shell has it.
func TestGlobNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.json", "b.json", "ab.json", ".json", ".hidden.json", "a.yaml", "a.json.bak", "aXb", "ab", "a*.json"} {
		text := "[]"
		if strings.HasSuffix(name, ".json") {
			text = targets("h:1")
		}
		write(t, filepath.Join(dir, name), text)
	}
	for pattern, want := range map[string]string{
		"*.json":   "a,a*,ab,b",
		"a*.json":  "a,a*,ab",
		"*b.json":  "ab,b",
		"a.*":      "a",
		"a*b":      "",
		".*.json":  ".hidden",
		"zz*.json": "",
	} {
		set, err := open(t, filepath.Join(dir, pattern), nil, registry.Env{}).List(t.Context())
		var got []string
		for _, s := range set.Services {
			got = append(got, s.Name)
		}
		if err != nil || strings.Join(got, ",") != want {
			t.Errorf("%s: %q, %v; want %s", pattern, got, err, want)
		}
		if none := want == "" && pattern == "zz*.json"; none != slices.ContainsFunc(set.Warnings, func(w fleet.Warning) bool { return w.Detail == "no file matches" }) {
			t.Errorf("%s: warnings %v", pattern, set.Warnings)
		}
	}
}

// TestJoinAcrossFiles: a service that is in several files has the instances of
// all; what the first says of it counts, in the order of names.
func TestJoinAcrossFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"1.yaml": "services: [{name: a, labels: {by: one}, instances: [{id: x, address: 'h:1'}]}, {name: only, instances: []}]",
		"2.yaml": "services: [{name: a, labels: {by: two}, dependsOn: [b], instances: [{id: x, address: 'h:2'}, {id: w, address: 'h:3'}]}]",
		"3.yaml": "services: [{name: a, namespace: n, instances: [{id: x, address: 'h:4'}]}]",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	set, err := open(t, filepath.Join(dir, "*.yaml"), nil, registry.Env{}).List(t.Context())
	if err != nil || names(set) != "a=w,x a=x only=" {
		t.Fatalf("got %s, %v", names(set), err)
	}
	a := set.Services[0]
	if a.Labels["by"] != "one" || a.DependsOn != nil || a.Instances[1].Addr != "h:1" {
		t.Errorf("the first file does not count: %+v", a)
	}
	want := fleet.Warning{Where: filepath.Join(dir, "2.yaml"), Detail: `instance "x" of service "a" is in another file too; that one counts`}
	if len(set.Warnings) != 1 || set.Warnings[0] != want {
		t.Errorf("warnings %+v", set.Warnings)
	}
}

// TestPermissionDenied: what may not be read is named; a folder that may not be
// listed too.
func TestPermissionDenied(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a.json"), targets("h:1"))
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	for _, path := range []string{"a.json", "*.json"} {
		set, err := open(t, filepath.Join(dir, path), nil, registry.Env{}).List(t.Context())
		if os.Getuid() == 0 { // the superuser may read everything
			if err != nil || len(set.Services) != 1 {
				t.Errorf("%s: %v, %v", path, set, err)
			}
			continue
		}
		var said *fleet.Error
		if !errors.Is(err, fleet.ErrDenied) || !errors.As(err, &said) || said.Reason != registry.ReasonAuth || !strings.Contains(said.Detail, "no right to read it") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// FuzzName: a file's name comes from the user, its text from whoever writes
// the file; together they never make a line that a terminal would act on.
func FuzzName(f *testing.F) {
	for _, name := range []string{"f.yaml", "f.json", "a\x1b[2J.json", "é.yml", "\xff", ".json", "x"} {
		for _, text := range []string{targets("h"), "services: [{name: \"\\e\"}]", "{", "\xff", `[{"targets":["\u001b"],"labels":{"job":"\u009b"}}]`} {
			f.Add(name, text)
		}
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		services, _, err := file.Decode(name, "auto", []byte(text))
		if err != nil {
			if strings.ContainsFunc(err.Error(), func(c rune) bool { return c < ' ' && c != '\n' || c >= 0x7f && c <= 0x9f }) {
				t.Fatalf("%q of %q: %q", text, name, err)
			}
			return
		}
		for _, s := range services {
			if s.Name == "" {
				t.Fatalf("%q of %q makes a service without a name", text, name)
			}
		}
	})
}
