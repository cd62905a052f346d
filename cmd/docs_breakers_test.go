package cmd_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/all"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// fenced is the code block of a language that holds a word.
func fenced(t *testing.T, text, language, word string) string {
	t.Helper()
	for _, m := range regexp.MustCompile("(?s)\n```"+language+"\n(.*?)```\n").FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[1], word) {
			return m[1]
		}
	}
	t.Fatalf("there is no block of %s with %q", language, word)
	return ""
}

// table is the rows of the first Markdown table whose header begins so.
func table(t *testing.T, text, header string) (rows [][]string) {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n| "+header+" |")
	if !ok {
		t.Fatalf("there is no table %q", header)
	}
	lines := strings.Split(rest, "\n")
	for _, line := range lines[2:] { // the rest of the header, and the dashes
		line, ok := strings.CutPrefix(line, "|")
		if !ok {
			break
		}
		cells := strings.Split(strings.TrimSuffix(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// names lists words in backticks, as the pages write them; a dash where there
// are none.
func names[T ~string](words []T) string {
	var list []string
	for _, w := range words {
		list = append(list, "`"+string(w)+"`")
	}
	if list == nil {
		return "–"
	}
	return strings.Join(list, ", ")
}

// TestDocsBreakersOrders: each API's orders and abilities are those its driver
// declares.
func TestDocsBreakersOrders(t *testing.T) {
	text := page(t, "docs/breakers.md")
	rows := table(t, text, "API | trip | reset | bypass | half-open | abilities")
	drivers := all.Drivers()
	if len(rows) != len(drivers) {
		t.Fatalf("docs/breakers.md has %d APIs, and there are %d", len(rows), len(drivers))
	}
	for i, d := range drivers {
		row := rows[i]
		if row[0] != "`"+d.Name+"`" || row[5] != names(d.Abilities) {
			t.Errorf("docs/breakers.md: %q and %q, want %q and %q", row[0], row[5], d.Name, names(d.Abilities))
		}
		for j, v := range fleet.Verbs() {
			if can := slices.Contains(d.Verbs, v); can == (row[j+1] == "–") {
				t.Errorf("docs/breakers.md, %s: %s is %q, and the driver can: %v", d.Name, v, row[j+1], can)
			}
		}
	}
	explained := table(t, text, "ability")
	for _, a := range []breaker.Ability{breaker.CanDrain, breaker.HasEvents, breaker.CanAdvise, breaker.KeepsHolds, breaker.Observes} {
		if !slices.ContainsFunc(explained, func(row []string) bool { return row[0] == "`"+string(a)+"`" }) {
			t.Errorf("docs/breakers.md does not explain the ability %s", a)
		}
	}
}

func TestDocsBreakersStates(t *testing.T) {
	rows := table(t, page(t, "docs/breakers.md"), "state")
	if len(rows) != len(fleet.BreakerStates()) {
		t.Errorf("docs/breakers.md has %d states, want %d", len(rows), len(fleet.BreakerStates()))
	}
	for _, s := range fleet.BreakerStates() {
		if !slices.ContainsFunc(rows, func(row []string) bool { return row[0] == "`"+s.String()+"`" }) {
			t.Errorf("docs/breakers.md lacks the state %s", s)
		}
	}
}

// documented is what the page's examples come to.
func documented(t *testing.T) (*config.File, *wiring.Fleet) {
	t.Helper()
	text, dir := page(t, "docs/breakers.md"), t.TempDir()
	registry := filepath.Join(dir, "fleet.yaml")
	if err := os.WriteFile(registry, []byte(fenced(t, text, "yaml", "  - name: order\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	file := strings.ReplaceAll(fenced(t, text, "yaml", "contexts:"), "/etc/midwatch/fleet.yaml", registry)
	f, err := config.Parse("midwatch.yaml", []byte(file), wiring.Known())
	if err != nil {
		t.Fatal(err)
	}
	c := f.Context("shop")
	opened, err := wiring.Open(t.Context(), *c, f.ProfilesOf(c), wiring.Settings{Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return f, opened
}

// TestDocsBreakersExamples: the configuration and the registry of the page load,
// and each instance is asked as the page says.
func TestDocsBreakersExamples(t *testing.T) {
	rows := table(t, page(t, "docs/breakers.md"), "instance | API")
	_, opened := documented(t)
	plan := opened.Sweeper().Plan
	var got [][]string
	for _, s := range opened.Input(opened.Keeper().ReadOnce(t.Context(), time.Minute)).Services {
		for i := range s.Instances {
			row := []string{s.Instances[i].ID, "none", "", ""}
			if a := plan(&s, &s.Instances[i]).Admin; a != nil {
				row = []string{row[0], a.API, a.Base, map[bool]string{true: "yes", false: "no"}[a.Credentials]}
				if a.Refused != "" {
					t.Errorf("%s: %s", row[0], a.Refused)
				}
			}
			got = append(got, row)
		}
	}
	byName := func(a, b []string) int { return strings.Compare(a[0], b[0]) }
	slices.SortFunc(got, byName)
	slices.SortFunc(rows, byName)
	if fmt.Sprint(got) != fmt.Sprint(rows) {
		t.Errorf("docs/breakers.md says\n%v\nand it is\n%v", rows, got)
	}
}

// TestDocsBreakersMapping: the mapping of the page reads the answer of the page,
// and its requests are as the page has them.
func TestDocsBreakersMapping(t *testing.T) {
	text := page(t, "docs/breakers.md")
	answer := regexp.MustCompile("For an API such as `([^`]+)`").FindStringSubmatch(text)
	if answer == nil {
		t.Fatal("docs/breakers.md has no answer for its mapping")
	}
	body, asked := answer[1], []string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		if r.Method == http.MethodPost {
			body = strings.ReplaceAll(body, "HalfOpen", "Isolated")
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}))
	defer server.Close()
	_, opened := documented(t)
	admin, err := opened.Admin(fleet.Administration{API: "mapping", Base: server.URL, Profile: "stock"})
	if err != nil {
		t.Fatal(err)
	}
	at := breaker.Site{Key: fleet.Key{Ref: fleet.Ref{Name: "stock"}, Instance: "stock-1"}, Base: server.URL}
	list, err := admin.List(t.Context(), at)
	if err != nil || len(list) != 1 || list[0].Name != "orders" || list[0].State != fleet.BreakerHalfOpen || list[0].Rejected != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	b, err := admin.Set(t.Context(), at, "orders", fleet.Order{Verb: fleet.Trip, By: "ann", Reason: "db move"})
	if err != nil || b.State != fleet.BreakerForcedOpen || !slices.Contains(asked, "POST /admin/circuits/orders/isolate") {
		t.Errorf("%+v, %v, %q", b, err, asked)
	}
}
