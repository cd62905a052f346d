package file_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry/file"
)

// writings are one document, written as people and programs write it.
var writings = map[string]map[string]string{
	"inventory": {
		"block": `services:
  - name: payment
    namespace: shop
    labels:
      team: pay
      note: "a: b # c"
    dependsOn:
      - ledger
    instances:
      - id: p-1
        address: 10.0.0.1:80
        version: 1.10
        weight: 3
      - address: "[::1]:81"
`,
		"flush lists": `services:
- name: payment
  namespace: shop
  labels: {team: pay, note: "a: b # c"}
  dependsOn: [ledger]
  instances:
  - {id: p-1, address: "10.0.0.1:80", version: 1.10, weight: 3}
  - {address: "[::1]:81"}
`,
		"comments": `# all of it
services: # here
  # the first
  - name: payment # its name
    # where
    namespace: shop
    labels:
      # whose
      team: pay
      note: 'a: b # c' # no comment within quotes
    dependsOn: # what it needs
      - ledger # books
    instances:
      # one
      - id: p-1
        # its address
        address: 10.0.0.1:80 # there
        version: 1.10
        weight: 3
      # two
      - address: "[::1]:81"
# the end
`,
		"other order": `services:
  - instances:
      - weight: 3
        version: "1.10"
        address: '10.0.0.1:80'
        id: "p-1"
      - address: '[::1]:81'
        weight: 0
        zone: ""
    dependsOn: ["ledger"]
    labels: {"note": 'a: b # c', 'team': pay}
    namespace: "shop"
    name: 'payment'
`,
		"marks of a document": `---
services:
  - name: payment
    namespace: shop
    labels: {team: pay, note: "a: b # c"}
    dependsOn: [ledger]
    instances: [{id: p-1, address: 10.0.0.1:80, version: 1.10, weight: 3}, {address: "[::1]:81"}]
...
`,
		"flow over lines": `{services: [
  {name: payment, namespace: shop,
   labels: {team: pay, note: "a: b # c"},
   dependsOn: [ledger],
   instances: [
     {id: p-1, address: "10.0.0.1:80", version: "1.10", weight: 3},
     {address: "[::1]:81"}]}]}
`,
		"JSON": `{"services":[{"name":"payment","namespace":"shop","labels":{"team":"pay","note":"a: b # c"},"dependsOn":["ledger"],
 "instances":[{"id":"p-1","address":"10.0.0.1:80","version":"1.10","weight":3},{"address":"[::1]:81"}]}]}`,
		"JSON with escapes and nulls": `{"services":[{"name":"p\u0061yment","namespace":"shop","labels":{"te\u0061m":"pay","note":"a: b \u0023 c"},"dependsOn":["ledger"],
 "instances":[{"id":"p-1","address":"10.0.0.1:80","version":"1.10","weight":3,"zone":null},{"id":null,"address":"[::1]:81","labels":null}]}]}`,
	},
	"file_sd": {
		"block": `- targets:
    - 10.0.0.1:80
    - "[::1]:81"
  labels:
    job: payment
    env: prod
- targets: []
  labels:
    job: idle
`,
		"comments": `# written by hand
- targets: # two
    # the first
    - 10.0.0.1:80 # here
    - '[::1]:81'
  # whose
  labels: {job: payment, env: prod}
# nothing
- labels:
    job: idle
  targets: []
`,
		"flow": `[{targets: ["10.0.0.1:80", "[::1]:81"], labels: {job: payment, env: prod}}, {targets: [], labels: {job: idle}}]`,
		"JSON": `[
  {
    "targets": ["10.0.0.1:80", "[::1]:81"],
    "labels": {"job": "payment", "env": "prod"}
  },
  {"targets": [], "labels": {"job": "idle"}}
]
`,
		"JSON in one line": `[{"labels":{"env":"prod","job":"payment"},"targets":["10.0.0.1:80","[::1]:81"]},{"labels":{"job":"idle"},"targets":[]}]`,
		"groups that join": `- {targets: ["10.0.0.1:80"], labels: {job: payment, env: prod}}
- {targets: ["[::1]:81"], labels: {job: payment, env: prod}}
- {labels: {job: idle}}
`,
	},
}

// TestHoweverItIsWritten: the same document says the same, in YAML and in JSON,
// with comments, with the marks that editors of other systems leave, and whether
// its last line ends or not.
func TestHoweverItIsWritten(t *testing.T) {
	want := map[string][]fleet.Service{
		"inventory": {{
			Ref: fleet.Ref{Namespace: "shop", Name: "payment"}, Labels: map[string]string{"team": "pay", "note": "a: b # c"}, DependsOn: []string{"ledger"},
			Instances: []fleet.Instance{{ID: "[::1]:81", Addr: "[::1]:81"}, {ID: "p-1", Addr: "10.0.0.1:80", Version: "1.10", Weight: 3}},
		}},
		"file_sd": {
			{Ref: fleet.Ref{Name: "idle"}},
			{Ref: fleet.Ref{Name: "payment"}, Instances: []fleet.Instance{
				{ID: "10.0.0.1:80", Addr: "10.0.0.1:80", Labels: map[string]string{"job": "payment", "env": "prod"}},
				{ID: "[::1]:81", Addr: "[::1]:81", Labels: map[string]string{"job": "payment", "env": "prod"}},
			}},
		},
	}
	for format, texts := range writings {
		for name, text := range texts {
			for how, change := range map[string]func(string) string{
				"as it is":          func(s string) string { return s },
				"a byte order mark": func(s string) string { return "\xef\xbb\xbf" + s },
				"CRLF":              func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
				"both":              func(s string) string { return "\xef\xbb\xbf" + strings.ReplaceAll(s, "\n", "\r\n") },
				"no last newline":   func(s string) string { return strings.TrimRight(s, "\n") },
				"empty lines":       func(s string) string { return "\n\n" + strings.ReplaceAll(s, "\n", "\n\n") + "\n" },
				"space at the ends": func(s string) string { return strings.ReplaceAll(s, "\n", "  \n") },
			} {
				if strings.HasPrefix(text, "---") && how == "empty lines" {
					continue
				}
				file, as := "fleet.yaml", []string{"auto", format}
				if strings.HasPrefix(name, "JSON") {
					file = "fleet.json"
				}
				for _, as := range as {
					got, warnings, err := decode(file, as, change(text))
					if err != nil || len(warnings) != 0 || !reflect.DeepEqual(got, want[format]) {
						t.Errorf("%s, %s, %s, as %s: %v %v\n got %+v\nwant %+v", format, name, how, as, err, warnings, got, want[format])
					}
				}
			}
		}
	}
}

func decode(name, format, text string) ([]fleet.Service, []fleet.Warning, error) {
	return file.Decode(name, format, []byte(text))
}

// TestPlacesHoldHoweverItIsWritten: the place that an error names is the one
// that an editor shows, whatever the lines end with.
func TestPlacesHoldHoweverItIsWritten(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"f.yaml", "# größe\nservices:\n  - name: a\n    instances:\n      - addresses: h:1\n", "f.yaml:5:9: services[0].instances[0]: unknown key"},
		{"f.yaml", "services:\n  - name: größe\n    größe: 1\n", "f.yaml:3:5: services[0]: unknown key"},
		{"f.yaml", "- targets: [\"支付:0\", \"h:0\"]\n", `f.yaml:1:21: [0].targets[1]: "h:0": port 0`},
		{"f.json", "{\n  \"services\": [\n    {\"name\": \"a\", \"x\": 1}\n  ]\n}\n", "f.json:3:19: services[0]: unknown key"},
		{"f.json", "[\n  {\"targets\": [\"支付\", \"h:0\"]}\n]\n", `f.json:2:22: [0].targets[1]: "h:0": port 0`},
		{"f.json", "{\n  \"services\": [\n    {\"name\": }\n  ]\n}\n", "f.json:3:14: not JSON"},
	} {
		for how, text := range map[string]string{"as it is": c.text, "CRLF": strings.ReplaceAll(c.text, "\n", "\r\n")} {
			if _, _, err := decode(c.file, "auto", text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q, %s:\n got %v\nwant %s", c.text, how, err, c.want)
			}
		}
	}
	// A mark at the beginning is seen by nobody.
	if _, _, err := decode("f.json", "auto", "\xef\xbb\xbf{\"x\": 1}"); err == nil || !strings.Contains(err.Error(), "f.json:1:2: unknown key") {
		t.Errorf("with a byte order mark: %v", err)
	}
}

// TestJSONAndYAMLAgree: a JSON document is a YAML one, whatever its texts hold.
func TestJSONAndYAMLAgree(t *testing.T) {
	for _, text := range []string{
		"plain", "yes", "no", "null", "~", "1.0", "0x10", "1e3", ".inf", "2026-01-02", "12:30:45", "a: b", "- a", "# a", "&a", "*a", "!a", "%a", "@a", "`a`", "|", ">", "?", "'", `"`, `\`, "a\\nb",
		"größe", "支付", "🛒", " a ", "a,b", "[a]", "{a}", "<<", "=", "...", "---", "\u2028", "\u00a0", "\u200b", "</script>",
	} {
		raw, err := json.Marshal(map[string]any{"services": []any{map[string]any{
			"name": "a", "labels": map[string]string{"k": text, "x" + text: "v"}, "instances": []any{map[string]any{"id": "i" + text, "address": "h:1"}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		asJSON, _, err := decode("f.json", "auto", string(raw))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := asJSON[0]; got.Labels["k"] != text || got.Labels["x"+text] != "v" || got.Instances[0].ID != "i"+text {
			t.Errorf("%q is read from JSON as %+v", text, got)
		}
		asYAML, _, err := decode("f.yaml", "auto", "# YAML\n"+string(raw))
		if err != nil || !reflect.DeepEqual(asYAML, asJSON) {
			t.Errorf("%q: as YAML %+v, %v", text, asYAML, err)
		}
	}
}

// TestManyInstances: a file of 50,000 instances in one line, and one of as many
// lines, are read; an error at their very end has its place.
func TestManyInstances(t *testing.T) {
	const n = 50_000
	var line, lines strings.Builder
	for i := range n {
		fmt.Fprintf(&line, `,"10.%d.%d.%d:80"`, i>>16, i>>8&255, i&255)
		fmt.Fprintf(&lines, "    - 10.%d.%d.%d:80\n", i>>16, i>>8&255, i&255)
	}
	for name, text := range map[string]string{
		"f.json": `[{"targets":[` + line.String()[1:] + `%s]}]`,
		"f.yaml": "- targets:\n" + lines.String() + "%s",
	} {
		got, _, err := decode(name, "auto", strings.Replace(text, "%s", "", 1))
		if err != nil || len(got) != 1 || len(got[0].Instances) != n {
			t.Fatalf("%s: %v", name, err)
		}
		bad, where := `,"h:0"`, fmt.Sprintf("f.json:1:%d: ", strings.Index(text, "%s")+2)
		if name == "f.yaml" {
			bad, where = "    - h:0\n", fmt.Sprintf("f.yaml:%d:7: ", n+2)
		}
		if _, _, err := decode(name, "auto", strings.Replace(text, "%s", bad, 1)); err == nil || !strings.Contains(err.Error(), where) {
			t.Errorf("%s: %v, want it at %s", name, err, where)
		}
	}
}
