package cmd_test

import (
	"flag"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd"
	breakers "github.com/midwatch-cli/midwatch/fleet/breaker/all"
	"github.com/midwatch-cli/midwatch/fleet/breaker/mapping"
	"github.com/midwatch-cli/midwatch/fleet/metrics/observed"
	"github.com/midwatch-cli/midwatch/fleet/registry/all"
)

var update = flag.Bool("update", false, "write the generated pages and golden files")

// generated compares a page with what the code says, or writes it.
func generated(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join("..", "docs", name)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/%s is not what the code says: go test ./cmd -run %s -update", name, t.Name())
	}
}

func page(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestDocsSeries: the series of what midwatch sees are a contract.
func TestDocsSeries(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# What midwatch sees, as series

Made from the table in ` + "`fleet/metrics/observed/observed.go`" + `. Names and meanings stay as they are; further families may come.

The same series are in the store that queries and gates ask, beside what was scraped, and in ` + "`-o prometheus`" + `. All are gauges: what was so when the pass ended. What was not found out, or is not given, has no series: it is never 0. Of a set of states (` + "`status`, `state`" + `) exactly one series is 1.

| series | further labels | what it is |
| --- | --- | --- |
`)
	for _, f := range observed.Families() {
		labels := "–"
		if len(f.Labels) > 0 {
			labels = "`" + strings.Join(f.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, labels, f.Help)
	}
	b.WriteString("\nLabels, left out where they are empty:\n\n| series | labels |\n| --- | --- |\n")
	for _, row := range []struct {
		name  string
		whose observed.Whose
	}{
		{"`midwatch_instance_*`, `midwatch_probe_*`, `midwatch_certificate_*`, `midwatch_breaker_*`, `midwatch_scrape_*`: as scraped series have them", observed.Instances},
		{"`midwatch_service_*`", observed.Services},
		{"`midwatch_registry_*`", observed.Sources},
		{"`midwatch_sweep_*`", observed.Passes},
	} {
		fmt.Fprintf(&b, "| %s | `%s` |\n", row.name, strings.Join(row.whose.Labels(), "`, `"))
	}
	b.WriteString(`
` + "`context`" + ` is in ` + "`-o prometheus`" + ` wherever the context has a name, and in the store only where several contexts are open.

- An instance nobody could find out about is not up: ` + "`midwatch_instance_up`" + ` is 0, so that a gate on it fails rather than passes; ` + "`midwatch_instance_status{status=\"unknown\"}`" + ` tells it from one that is down. Maintenance is not up either.
- A pass that asked no instance how it is, as one that only reads metrics, has no ` + "`midwatch_instance_up`, `midwatch_instance_status` or `midwatch_service_*`" + ` but for what registries claim.
- Breakers are in passes that read them, ` + "`midwatch_scrape_*`" + ` in those that read metrics.
- ` + "`midwatch_probe_*`" + ` are of the probe that decided the status.
`)
	generated(t, "series.md", b.String())
}

func TestDocsExitCodes(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Exit codes\n\nMade from the table in `cmd/app/exit.go`. The code never depends on the output format.\n\n")
	b.WriteString("| code | meaning | with `--exit-style nagios` |\n| --- | --- | --- |\n")
	for _, row := range cmd.Codes() {
		fmt.Fprintf(&b, "| %d | %s | %d |\n", row.Code, row.Meaning, row.Nagios)
	}
	b.WriteString("\nA certain failure beats a doubt: something down is 1 even when a registry is silent; nothing down but something unknown, or a registry that did not answer, is 3; degraded alone is 0 with a warning (1 with `--fail-on degraded`, and 1 in the nagios style). Maintenance is no failure.\n")
	b.WriteString("\n`go run` turns every code into 1: scripts use the binary.\n")
	generated(t, "exit-codes.md", b.String())
}

func TestDocsDefaults(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Defaults\n\nMade from the table in `fleet/defaults.go`; `midwatch help defaults` prints the same.\n\n| what | default | meaning |\n| --- | --- | --- |\n")
	for _, row := range cmd.DefaultsTable() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.What, row.Value, row.Meaning)
	}
	generated(t, "defaults.md", b.String())
}

// codeSpans finds what stands in backticks.
var codeSpans = regexp.MustCompile("`([^`\n]+)`")

// TestDocsMap: every package is on the map, and what is on the map exists.
func TestDocsMap(t *testing.T) {
	text := page(t, "docs/map.md")
	named := map[string]bool{}
	for _, m := range codeSpans.FindAllStringSubmatch(text, -1) {
		name := strings.TrimSuffix(m[1], "/")
		named[name] = true
		if strings.ContainsAny(name, " *<") || !strings.Contains(name, "/") && !strings.HasSuffix(name, ".go") {
			continue // a word, not a place
		}
		if _, err := os.Stat(filepath.Join("..", name)); err != nil {
			t.Errorf("docs/map.md names %s, which is not there", name)
		}
	}
	seen := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || seen[s.pkg] {
			continue
		}
		seen[s.pkg] = true
		if s.pkg != "." && !named[s.pkg] {
			t.Errorf("docs/map.md does not name package %s", s.pkg)
		}
	}
}

// TestDocsFollowOneCommand: each step names a file and a function in it, as
// `cmd/check/check.go` `run` or `fleet/sweep/sweep.go` `Sweeper.Pass`.
func TestDocsFollowOneCommand(t *testing.T) {
	functions := map[string]map[string]bool{} // file -> functions
	for _, s := range sources(t) {
		functions[s.name] = map[string]bool{}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				functions[s.name][functionName(f)] = true
			}
		}
	}
	steps := regexp.MustCompile("`([a-z0-9_/]+\\.go)` `([A-Za-z0-9_.]+)`").FindAllStringSubmatch(page(t, "docs/follow-one-command.md"), -1)
	if len(steps) < 40 {
		t.Errorf("docs/follow-one-command.md has %d steps, want the whole way of both", len(steps))
	}
	for _, m := range steps {
		if !functions[m[1]][m[2]] {
			t.Errorf("docs/follow-one-command.md: there is no %s in %s", m[2], m[1])
		}
	}
}

func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	x := f.Recv.List[0].Type
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	if id, ok := x.(*ast.Ident); ok {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// TestDocsSupport: every driver of a registry and of a breaker API has its
// section, in the order of the tables and in one form, with the abilities and
// orders it declares and no others.
func TestDocsSupport(t *testing.T) {
	text := page(t, "docs/support.md")
	at := 0
	section := func(name, declared string) {
		t.Helper()
		begin := strings.Index(text, "\n### "+name+"\n\n")
		if begin < at {
			t.Errorf("docs/support.md has no section %q, or has it before that of another", name)
			return
		}
		at = begin
		_, body, _ := strings.Cut(text[begin:], "\n\n")
		if body, _, _ = strings.Cut(body, "\n#"); !strings.HasPrefix(body, declared) {
			t.Errorf("docs/support.md, %s: the driver declares\n%s", name, declared)
		}
		if strings.Contains(body, "| --- |") && !strings.Contains(body, "\n| what | how | tried against |\n") {
			t.Errorf("docs/support.md, %s: its table is of another form", name)
		}
	}
	for _, d := range all.Drivers() {
		section(d.Name, "Abilities: "+names(d.Abilities)+".")
	}
	listed := func(words string) string { return strings.ReplaceAll(words, "–", "none") }
	for _, d := range breakers.Drivers() {
		orders := "Orders: " + listed(names(d.Verbs)) + "."
		if d.Name == mapping.Name {
			orders = strings.TrimSuffix(orders, ".") + ", those of them that `breakers.mapping.set` has."
		}
		section(d.Name, orders+" Abilities: "+listed(names(d.Abilities))+".")
	}
}

func TestReadmeHoldsTheTwoCommands(t *testing.T) {
	text := page(t, "README.md")
	for _, want := range []string{"\n    go run . demo\n", "\n    go test ./...\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("README.md lacks the line %q", strings.TrimSpace(want))
		}
	}
}
