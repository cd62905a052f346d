package file_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/file"
)

const goodInventory = `# the whole of it
services:
  - name: payment
    namespace: shop
    labels: {team: pay, on: true}
    dependsOn: [ledger, "user"]
    instances:
      - {id: payment-1, address: "10.0.0.1:8080", zone: a, version: 2.10, weight: 3, labels: {profile: spring}}
      - address: "[fd00::1]:8080"
        zone:            # nothing is as good as absent
      - address: unix:///run/payment.sock
  - name: idle
`

const goodTargets = `[{"targets":["10.2.0.13:8080","10.2.0.14:8080"],"labels":{"job":"orders","env":"prod","__metrics_path__":"/actuator/prometheus","__scheme__":"https","__tmp_x":"1","__meta_version":"2.4.1"}},
 {"targets":["10.2.0.13:9090","[::1]","plain.example","10.2.0.13:9090"],"labels":{"service":"orders","job":"x","scheme":"http"}},
 {"targets":["h:1"]}]`

func TestInventory(t *testing.T) {
	got, warnings, err := file.Decode("fleet.yaml", "auto", []byte(goodInventory))
	if err != nil || len(warnings) != 0 {
		t.Fatal(err, warnings)
	}
	want := []fleet.Service{
		{Ref: fleet.Ref{Name: "idle"}},
		{
			Ref: fleet.Ref{Namespace: "shop", Name: "payment"}, Labels: map[string]string{"team": "pay", "on": "true"}, DependsOn: []string{"ledger", "user"},
			Instances: []fleet.Instance{
				{ID: "[fd00::1]:8080", Addr: "[fd00::1]:8080"},
				{ID: "payment-1", Addr: "10.0.0.1:8080", Zone: "a", Version: "2.10", Weight: 3, Labels: map[string]string{"profile": "spring"}},
				{ID: "unix:///run/payment.sock", Addr: "/run/payment.sock"},
			},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestFileSD(t *testing.T) {
	got, warnings, err := file.Decode("some/web.json", "auto", []byte(goodTargets))
	if err != nil {
		t.Fatal(err)
	}
	first := map[string]string{"job": "orders", "env": "prod", "metrics_path": "/actuator/prometheus", "scheme": "https", "__meta_version": "2.4.1"}
	second := map[string]string{"service": "orders", "job": "x", "scheme": "http"}
	want := []fleet.Service{
		{Ref: fleet.Ref{Name: "orders"}, Instances: []fleet.Instance{
			{ID: "10.2.0.13:8080", Addr: "10.2.0.13:8080", Labels: first},
			{ID: "10.2.0.13:9090", Addr: "10.2.0.13:9090", Labels: second},
			{ID: "10.2.0.14:8080", Addr: "10.2.0.14:8080", Labels: first},
			{ID: "[::1]", Addr: "[::1]:80", Labels: second},
			{ID: "plain.example", Addr: "plain.example:80", Labels: second},
		}},
		{Ref: fleet.Ref{Name: "web"}, Instances: []fleet.Instance{{ID: "h:1", Addr: "h:1", Labels: map[string]string{}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if len(warnings) != 1 || warnings[0].Where != "some/web.json:2:55" || !strings.Contains(warnings[0].Detail, `"10.2.0.13:9090" of service "orders" is listed twice`) {
		t.Errorf("warnings %+v", warnings)
	}
}

// TestServiceName walks the labels that name a service, in their order.
func TestServiceName(t *testing.T) {
	labels := []string{"midwatch_service", "service", "job", "__meta_consul_service", "__meta_kubernetes_service_name"}
	for i, first := range labels {
		var b strings.Builder
		b.WriteString("- targets: [h]\n  labels:\n")
		for j := len(labels) - 1; j >= i; j-- {
			fmt.Fprintf(&b, "    %s: %s\n", labels[j], "by-"+labels[j])
		}
		got, _, err := file.Decode("x.yml", "file_sd", []byte(b.String()))
		if err != nil || got[0].Name != "by-"+first {
			t.Errorf("%s: got %+v, %v", first, got, err)
		}
	}
	got, _, err := file.Decode("/etc/sd/web.prod.yml", "auto", []byte("- targets: [h]\n"))
	if err != nil || got[0].Name != "web.prod" {
		t.Errorf("got %+v, %v", got, err)
	}
	got, _, err = file.Decode("x.yml", "auto", []byte("- targets: [h]\n  labels: {__scheme__: https}\n"))
	if err != nil || got[0].Instances[0].Addr != "h:443" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEmpty(t *testing.T) {
	for name, text := range map[string]string{"a.json": "[]", "a.yaml": "[]\n", "b.yaml": "services: []\n", "b.json": `{"services":[]}`, "c.yaml": "services:\n", "bom.json": "\xef\xbb\xbf[]"} {
		if got, _, err := file.Decode(name, "auto", []byte(text)); name == "c.yaml" {
			if err == nil {
				t.Errorf("%s: services without a value was taken", name)
			}
		} else if err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestProblems(t *testing.T) {
	inv := func(instance string) string {
		return "services:\n  - name: a\n    instances:\n      - " + instance + "\n"
	}
	for _, c := range []struct{ file, text, want, hint string }{
		{"f.yaml", inv(`address: "h:99999"`), `f.yaml:4:18: services[0].instances[0].address: "h:99999": port 99999 is out of range: 1 to 65535`, ""},
		{"f.yaml", inv("address: h:0"), "port 0 is out of range", ""},
		{"f.yaml", inv("address: h"), `"h": want HOST:PORT`, ""},
		{"f.yaml", inv("address: h:x"), `port "x" is not a number`, ""},
		{"f.yaml", inv("address: http://h:1"), "without a scheme", ""},
		{"f.yaml", inv("address: h:1/x"), "not HOST:PORT", ""},
		{"f.yaml", inv(`address: ":80"`), "no host before the port", ""},
		{"f.yaml", inv(`address: "::1:80"`), "an IPv6 address needs brackets", ""},
		{"f.yaml", inv("address: unix://run"), "must be absolute", ""},
		{"f.yaml", inv("{id: x}"), "services[0].instances[0].address: missing", ""},
		{"f.yaml", inv("{addresss: h:1}"), `f.yaml:4:10: services[0].instances[0]: unknown key "addresss"`, "did you mean address?"},
		{"f.yaml", inv("{address: h:1, weight: -1}"), `weight: "-1" is not a whole number`, ""},
		{"f.yaml", inv("{address: h:1, weight: 1.5}"), `weight: "1.5" is not a whole number`, ""},
		{"f.yaml", inv("{address: h:1, address: h:2}"), "services[0].instances[0].address: given twice", ""},
		{"f.yaml", inv("{address: h:1}\n      - {address: h:1}"), `f.yaml:5:10: services[0].instances[1]: instance "h:1" is given twice, first at line 4`, ""},
		{"f.yaml", inv("just text"), "services[0].instances[0]: want a mapping", ""},
		{"f.yaml", inv("{address: [h]}"), "address: want a text", ""},
		{"f.yaml", inv("{address: h:1, labels: [a]}"), "labels: want a mapping of texts", ""},
		{"f.yaml", inv("{address: h:1, labels: {a: {b: c}}}"), "labels.a: want a text", ""},
		{"f.yaml", inv(`{address: h:1, id: "a\e[31m"}`), "services[0].instances[0].id: control character U+001B", ""},
		{"f.yaml", inv(`{address: h:1, labels: {"a\tb": c}}`), "control character U+0009", ""},
		{"f.yaml", "services:\n  - {name: a}\n  - {name: a}\n", `services[1]: service "a" is given twice, first at line 2`, "put its instances together"},
		{"f.yaml", "services:\n  - {}\n", "services[0].name: missing", ""},
		{"f.yaml", "services: {}\n", "services: want a list", ""},
		{"f.yaml", "service: []\n", `f.yaml:1:1: unknown key "service"`, "did you mean services?"},
		{"f.yaml", "{}", "no services", "services: []"},
		{"f.yaml", "services:\n  - {name: a, dependsOn: b}\n", "dependsOn: want a list", ""},
		{"f.yaml", "hello\n", "want a list (Prometheus file_sd) or a mapping", ""},
		{"f.yaml", "", "f.yaml:1:1: the file is empty; an empty list is written []", ""},
		{"f.yaml", "# only words\n", "the file is empty", ""},
		{"f.yaml", "a: b\n---\nc: d\n", "a second document", ""},
		{"f.yaml", "services: &x []\n", "anchors, aliases, tags and merges are not read here", ""},
		{"f.yaml", "services: !!seq []\n", "anchors, aliases, tags and merges are not read here", ""},
		{"f.yaml", "services:\n\t- a\n", "f.yaml:2:1: not YAML:", ""},
		{"f.yaml", "services:\n  - name: \xff\n", "f.yaml:2:11: not UTF-8 text", ""},
		{"f.yaml", "services: " + strings.Repeat("[", 3000), "nested too deeply", ""},
		{"f.yaml", "services: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), "nested too deeply", ""},
		{"f.json", strings.Repeat("[", 100), "nested too deeply", ""},
		{"f.json", `{"services":[{"name":"a","instances":[{"address":"h:70000"}]}]}`, `f.json:1:50: services[0].instances[0].address: "h:70000": port 70000`, ""},
		{"f.json", "{\"services\":[\n {\"name\":", "f.json:2:10: not JSON: the document ends in the middle", ""},
		{"f.json", "[\n  x]", "f.json:2:3: not JSON: invalid character 'x'", ""},
		{"f.json", "[] []", "f.json:1:4: something follows the end", ""},
		{"f.json", "services: []", "f.json:1:1: not JSON", ""},
		{"f.json", "12", "want a list (Prometheus file_sd) or a mapping", ""},
		{"f.json", `[{"targets":["h"],"label":{}}]`, `f.json:1:19: [0]: unknown key "label"`, "did you mean labels?"},
		{"f.json", `[{"targets":["h:99999"]}]`, `f.json:1:14: [0].targets[0]: "h:99999": port 99999 is out of range`, ""},
		{"f.json", `[{"targets":["https://h/x"]}]`, "without a scheme", ""},
		{"f.json", `[{"targets":"h"}]`, "[0].targets: want a list", ""},
		{"f.json", `[{"targets":[""]}]`, "[0].targets[0]: empty", ""},
		{"f.json", `[{"targets":["h"],"labels":{"job":"a\u001b[31m"}}]`, "[0].labels: control character U+001B", ""},
		{"f.json", `[{"targets":["h"],"labels":{"":"a"}}]`, "a label needs a name", ""},
		{"f.json", `[{"targets":["h"],"labels":{"a":"1","a":"2"}}]`, "labels.a: given twice", ""},
		{"a\nb.json", `[1]`, "a?b.json:1:2: [0]: want a mapping", ""},
	} {
		got, _, err := file.Decode(c.file, "auto", []byte(c.text))
		var said *fleet.Error
		if got != nil || !errors.Is(err, registry.ErrConfig) || !errors.As(err, &said) {
			t.Errorf("%.60q: got %v, %v; want wrong configuration", c.text, got, err)
			continue
		}
		if !strings.Contains(said.Detail, c.want) || !strings.Contains(said.Hint, c.hint) || said.Reason != registry.ReasonBody {
			t.Errorf("%.60q:\n got %q, hint %q\nwant %q, hint %q", c.text, said.Detail, said.Hint, c.want, c.hint)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ format, text, want string }{
		{"inventory", "[]", "not an inventory"},
		{"file_sd", "services: []", "not file_sd"},
	} {
		if _, _, err := file.Decode("f.yaml", c.format, []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.format, err)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, _, err := file.Decode("f.yaml", "auto", []byte("services:\n  - name: a\n    instances: [{address: x}, {address: h:1, wieght: 2}]\n  - nam: b\n"))
	if err == nil || strings.Count(err.Error(), "f.yaml:") != 3 {
		t.Errorf("got %v", err)
	}
	var many strings.Builder
	for range 100 {
		many.WriteString("- x\n")
	}
	_, _, err = file.Decode("f.yaml", "auto", []byte(many.String()))
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 21 || lines[20] != "f.yaml: and 80 more" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

// TestLabelsAreData keeps in label values what is refused in names: whoever
// shows them has to take care.
func TestLabelsAreData(t *testing.T) {
	got, _, err := file.Decode("f.json", "auto", []byte(`[{"targets":["h"],"labels":{"job":"a","note":"\u001b[31m::error::","n":null}}]`))
	if err != nil || got[0].Instances[0].Labels["note"] != "\x1b[31m::error::" {
		t.Errorf("got %+v, %v", got, err)
	}
	got, _, err = file.Decode("f.yaml", "auto", []byte("services:\n  - name: \"::error::x\"\n"))
	if err != nil || got[0].Name != "::error::x" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// check is what has to hold for every document.
func check(t *testing.T, name string, data []byte) {
	t.Helper()
	services, warnings, err := file.Decode(name, "auto", data)
	if err != nil {
		if !errors.Is(err, registry.ErrConfig) || services != nil || warnings != nil {
			t.Fatalf("%v beside %v", err, services)
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.HasPrefix(line, name+":") {
				t.Fatalf("no place in %q", line)
			}
			if strings.ContainsFunc(line, unicode.IsControl) || !utf8.ValidString(line) {
				t.Fatalf("an error that is unfit to be shown: %q", line)
			}
		}
		return
	}
	for i, s := range services {
		if s.Name == "" || strings.ContainsFunc(s.Name, unicode.IsControl) || i > 0 && services[i-1].Compare(s.Ref) >= 0 {
			t.Fatalf("service %+v", s)
		}
		for j, in := range s.Instances {
			if in.ID == "" || in.Addr == "" || in.Weight < 0 || strings.ContainsFunc(in.ID+in.Addr, unicode.IsControl) || j > 0 && s.Instances[j-1].ID >= in.ID {
				t.Fatalf("instance %+v", in)
			}
		}
	}
}

func FuzzInventory(f *testing.F) {
	for _, s := range []string{goodInventory, "services: []", "services:\n- {}", "a: &x [*x]", "services:\n  - name: |\n      x\n", "{\"services\": [{\"name\": 1}]}", "? a\n: b", "- - - -", "services: !x", "\"\\e\": 1", "0: {\x85: 1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { check(t, "f.yaml", data) })
}

func FuzzFileSD(f *testing.F) {
	for _, s := range []string{goodTargets, "[]", `[{"targets":[null]}]`, `[{"targets":["[::1]:80","h"],"labels":{"a":null}}]`, "[{\"targets\":[\"\\u001b\"]}]", "[1,", "{\"a\":"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { check(t, "f.json", data) })
}
