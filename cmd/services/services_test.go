package services_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/services"
)

// inventory has what a table can show: versions and zones that differ, a
// namespace, a dependency, an empty service.
const inventory = `services:
  - name: pay
    dependsOn: [order, user]
    labels: {team: shop}
    instances:
      - {id: "1", address: "10.0.0.1:80", zone: a, version: 2.4.1}
      - {id: "2", address: "10.0.0.2:80", zone: b, version: 2.4.1}
      - {id: "3", address: "10.0.0.3:80", zone: b, version: 2.4.0}
  - {name: order, instances: []}
  - {name: user, namespace: stage, instances: [{id: "1", address: "10.0.0.4:80"}]}
`

func file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	if err := os.WriteFile(path, []byte(inventory), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

func run(t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	return cmdtest.Command{New: services.New}.Run(t, args...)
}

func TestTable(t *testing.T) {
	r := run(t, "--registry", file(t), "-o", "wide")
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	rows := map[string][]string{}
	var head []string
	for line := range strings.Lines(r.Out) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if head == nil {
			head = cells
			continue
		}
		for i, name := range head {
			if name == "SERVICE" {
				rows[cells[i]] = cells
			}
		}
	}
	cell := func(service, column string) string {
		for i, name := range head {
			if name == column && rows[service] != nil {
				return rows[service][i]
			}
		}
		return "no such cell"
	}
	for _, tt := range []struct{ service, column, want string }{
		{"pay", "INSTANCES", "3"},
		{"pay", "VERSIONS", "2.4.1 x2, 2.4.0"},
		{"pay", "ZONES", "a, b x2"},
		{"pay", "DEPENDS ON", "order, user"},
		{"pay", "CLAIMED", "-"},
		{"pay", "SOURCE", "file"},
		{"order", "INSTANCES", "0"},
		{"order", "VERSIONS", "-"},
		{"user", "NAMESPACE", "stage"},
	} {
		if got := cell(tt.service, tt.column); got != tt.want {
			t.Errorf("%s of %s is %q, want %q\n%s", tt.column, tt.service, got, tt.want, r.Out)
		}
	}
	if !strings.Contains(r.Errs, "3 services, 4 instances") {
		t.Errorf("counts: %q", r.Errs)
	}
}

// TestSorted: the order of a document is that of its keys.
func TestSorted(t *testing.T) {
	r := run(t, "--registry", file(t), "-o", "json")
	var doc struct {
		Kind  string
		Items []struct{ Namespace, Service string }
	}
	if err := json.Unmarshal([]byte(r.Out), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range doc.Items {
		got = append(got, i.Namespace+"/"+i.Service)
	}
	if doc.Kind != "Services" || strings.Join(got, " ") != "/order /pay stage/user" {
		t.Errorf("%s: %v", doc.Kind, got)
	}
}

func TestSelected(t *testing.T) {
	url := file(t)
	for _, tt := range []struct {
		args string
		want string
		code app.Code
	}{
		{"pay", "pay", 0},
		{"pa*", "pay", 0},
		{"* !pay", "order stage/user", 0},
		{"-n stage", "stage/user", 0},
		{"-l team=shop", "pay", 0},
		{"--zone b", "pay", 0},
		{"--service-version 2.4.0", "pay", 0},
		{"file:pay", "pay", 0},
		{"pya", "", app.CannotSay},
		{"pay pya", "pay", app.CannotSay},
		{"--zone nowhere", "", app.CannotSay},
	} {
		r := run(t, append([]string{"--registry", url, "-o", "name"}, strings.Fields(tt.args)...)...)
		got := strings.Join(strings.Fields(r.Out), " ")
		if strings.ReplaceAll(got, "stage/", "") != strings.ReplaceAll(tt.want, "stage/", "") || r.Code() != tt.code {
			t.Errorf("%s: ended with %d and %q, want %d and %q", tt.args, r.Code(), got, tt.code, tt.want)
		}
	}
}

func TestSaid(t *testing.T) {
	url := file(t)
	dead := "etcd://" + cmdtest.Closed(t)
	for _, tt := range []struct {
		args []string
		says []string
	}{
		{[]string{"--registry", url, "pya"}, []string{"error: no such service: pya", "hint: did you mean pay?"}},
		{[]string{"--registry", url, "zzzzzz"}, []string{"hint: midwatch services lists"}},
		{[]string{"--registry", url, "--zone", "x"}, []string{"error: no service matched"}},
		{[]string{"--registry", url, "--registry", dead}, []string{"error: registry etcd: ", "hint: "}},
	} {
		r := run(t, tt.args...)
		for _, want := range tt.says {
			if !strings.Contains(r.Errs, want) {
				t.Errorf("%v: does not say %q: %s", tt.args, want, r.Errs)
			}
		}
		if r.Code() != app.CannotSay {
			t.Errorf("%v: ended with %d, want 3", tt.args, r.Code())
		}
		if q := run(t, append(tt.args, "-q")...); q.Out+q.Errs != "" || q.Code() != app.CannotSay {
			t.Errorf("%v -q: ended with %d and %q", tt.args, q.Code(), q.Out+q.Errs)
		}
	}
}

// TestColumnsWorthTheirPlace: on a terminal a column that says the same in
// every row is left out.
func TestColumnsWorthTheirPlace(t *testing.T) {
	url := cmdtest.Inventory(t, "pay 1=10.0.0.1:80", "order 1=10.0.0.2:80")
	tty := cmdtest.Command{New: services.New, Prepare: func(a *app.App) { a.IO.OutTTY = true }}
	one := tty.Run(t, "--registry", url)
	for _, column := range []string{"SOURCE", "CONTEXT", "NAMESPACE"} {
		if strings.Contains(one.Out, column) {
			t.Errorf("one source: %s is shown\n%s", column, one.Out)
		}
	}
	two := tty.Run(t, "--registry", "a="+url, "--registry", "b="+url)
	if !strings.Contains(two.Out, "SOURCE") {
		t.Errorf("two sources: SOURCE is not shown\n%s", two.Out)
	}
}
