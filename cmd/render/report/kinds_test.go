package report_test

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/probe"
)

// kind is a verdict of one sort, and what every report makes of it.
type kind struct {
	name    string
	rules   gate.Rules
	fleet   []fleet.ServiceView
	change  func(*report.Account) // before it is judged
	nagios  string                // the word
	exit    int                   // of --exit-style nagios
	junit   string                // tests, failures, errors, skipped
	tap     string                // the test points in short: + ok, - not ok, s skipped
	notes   []string              // annotations: level, title
	heading string                // of the Markdown
}

func kinds() []kind {
	all := func(fleet.Ref) bool { return true }
	some := gate.Count(1)
	return []kind{
		{name: "well", fleet: list(one("a", fleet.Up, fleet.Up)), nagios: "OK", junit: "2 0 0 0", tap: "++", heading: "✓ well"},
		{name: "degraded", fleet: list(one("a", fleet.Up, fleet.Degraded)), nagios: "WARNING", exit: 1, junit: "2 0 0 0", tap: "++", notes: []string{"warning a is degraded"}, heading: "! well, with warnings"},
		{
			name: "degraded that fails", rules: gate.Rules{FailOn: []fleet.Status{fleet.Degraded}}, fleet: list(one("a", fleet.Up, fleet.Degraded)),
			nagios: "CRITICAL", exit: 2, junit: "2 1 0 0", tap: "+-", notes: []string{"error a is degraded"}, heading: "✗ not well",
		},
		{name: "down", fleet: list(one("a", fleet.Up, fleet.Down)), nagios: "CRITICAL", exit: 2, junit: "2 1 0 0", tap: "+-", notes: []string{"error a is degraded"}, heading: "✗ not well"},
		{name: "all down", fleet: list(one("a", fleet.Down), one("b", fleet.Down)), nagios: "CRITICAL", exit: 2, junit: "2 2 0 0", tap: "--", notes: []string{"error a is down", "error b is down"}, heading: "✗ not well"},
		{name: "unknown", fleet: list(one("a", fleet.Unknown, fleet.Up)), nagios: "UNKNOWN", exit: 3, junit: "2 0 1 0", tap: "-+", notes: []string{"error a is degraded"}, heading: "? could not tell"},
		{name: "unknown and tolerated", rules: gate.Rules{MaxUnknown: some}, fleet: list(one("a", fleet.Unknown, fleet.Up)), nagios: "OK", junit: "2 0 0 1", tap: "s+", notes: []string{"warning a is degraded"}, heading: "✓ well"},
		{name: "ignored", rules: gate.Rules{Ignore: []gate.Ignore{{Match: all, Text: "a"}}}, fleet: list(one("a", fleet.Down, fleet.Up)), nagios: "OK", junit: "2 0 0 1", tap: "s+", notes: []string{"warning a is degraded"}, heading: "✓ well"},
		{name: "maintenance", fleet: list(one("a", fleet.Maintenance, fleet.Up)), nagios: "OK", junit: "2 0 0 1", tap: "s+", heading: "✓ well"},
		{
			name: "missing service", rules: gate.Rules{Missing: []gate.Missing{{Name: "paymnt"}}}, fleet: list(one("a", fleet.Up)),
			nagios: "UNKNOWN", exit: 3, junit: "2 0 1 0", tap: "+-", notes: []string{"error midwatch: no service"}, heading: "? could not tell",
		},
		{
			name: "dead source", fleet: list(one("a", fleet.Up)), change: func(a *report.Account) {
				a.Snapshot.Sources = []fleet.SourceView{{Name: "consul", Reason: probe.ReasonRefused, Detail: "nobody there"}, {Name: "etcd", Instances: 1}}
			},
			nagios: "UNKNOWN", exit: 3, junit: "2 0 1 0", tap: "+-", notes: []string{"error midwatch: refused"}, heading: "? could not tell",
		},
		{name: "empty service", rules: gate.Rules{MinInstances: 1}, fleet: list(one("a")), nagios: "CRITICAL", exit: 2, junit: "1 1 0 0", tap: "-", notes: []string{"error midwatch: no instances"}, heading: "✗ not well"},
		{name: "nothing matched", nagios: "UNKNOWN", exit: 3, junit: "1 0 1 0", tap: "-", notes: []string{"error midwatch: no instances"}, heading: "? could not tell"},
		{
			name: "vantage", fleet: list(away(one("a", fleet.Unknown, fleet.Unknown))), nagios: "UNKNOWN", exit: 3, junit: "2 0 2 0", tap: "--",
			notes: []string{"error a is unknown"}, heading: "? could not tell",
		},
		{
			name: "cycle", fleet: list(one("a", fleet.Down), one("b", fleet.Up)), change: func(a *report.Account) {
				r := fleet.Root{Ref: a.Snapshot.Services[0].Ref, Cycle: []fleet.Ref{a.Snapshot.Services[0].Ref, a.Snapshot.Services[1].Ref}}
				a.Snapshot.Roots = []fleet.Root{r}
			},
			nagios: "CRITICAL", exit: 2, junit: "2 1 0 0", tap: "-+", notes: []string{"error a is down"}, heading: "✗ not well",
		},
		{
			name: "a root and its victims", fleet: list(one("a", fleet.Down), one("b", fleet.Down), one("c", fleet.Degraded)), change: func(a *report.Account) {
				v := a.Snapshot.Services
				a.Snapshot.Roots = []fleet.Root{{Ref: v[0].Ref, Victims: []fleet.Ref{v[1].Ref, v[2].Ref}}}
			},
			nagios: "CRITICAL", exit: 2, junit: "3 2 0 0", tap: "--+", notes: []string{"error a is down"}, heading: "✗ not well",
		},
		{
			name: "a failure beats a doubt", fleet: list(one("a", fleet.Down), one("b", fleet.Unknown)), nagios: "CRITICAL", exit: 2, junit: "2 1 1 0", tap: "--",
			notes: []string{"error a is down", "error b is unknown"}, heading: "✗ not well",
		},
		{
			name: "a query holds", rules: asked(0), fleet: list(one("a", fleet.Up, fleet.Up)), nagios: "CRITICAL", exit: 2, junit: "3 2 0 0", tap: "-+-",
			notes: []string{"error midwatch: query"}, heading: "✗ not well",
		},
		{name: "a query does not hold", rules: asked(1), fleet: list(one("a", fleet.Up, fleet.Up)), nagios: "OK", junit: "3 0 0 0", tap: "+++", heading: "✓ well"},
		{
			name: "a query without data", rules: asked(2), fleet: list(one("a", fleet.Up, fleet.Up)), nagios: "UNKNOWN", exit: 3, junit: "3 0 1 0", tap: "++-",
			notes: []string{"error midwatch: no data"}, heading: "? could not tell",
		},
		{
			name: "down, and a query without data", rules: asked(2, 1), fleet: list(one("a", fleet.Up, fleet.Down)), nagios: "CRITICAL", exit: 2, junit: "4 1 1 0", tap: "+--+",
			notes: []string{"error a is degraded", "error midwatch: no data"}, heading: "✗ not well",
		},
	}
}

func list(v ...fleet.ServiceView) []fleet.ServiceView { return v }

// away is a service of which nothing is reached from here.
func away(v fleet.ServiceView) fleet.ServiceView {
	for i := range v.Instances {
		v.Instances[i].Why = fleet.Why{Reason: fleet.ReasonVantage, Detail: "none of 2 answered from here"}
	}
	return v
}

// tell judges a kind and gives it the words that a screen would have.
func tell(k kind) *report.Account {
	s := &fleet.Snapshot{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Took: 210 * time.Millisecond, Services: k.fleet}
	a := &report.Account{Snapshot: s, Title: "what it comes to"}
	if k.change != nil {
		k.change(a)
	}
	root := map[fleet.Ref]bool{}
	for i := range s.Roots {
		root[s.Roots[i].Ref] = true
	}
	for i := range s.Services {
		v := &s.Services[i]
		for k := range v.Instances {
			if v.Status = max(v.Status, v.Instances[k].Status); v.Instances[k].Status.Serves() {
				v.Serving++
			}
		}
		if v.Serving*2 >= len(v.Instances) && v.Serving > 0 && v.Status > fleet.Maintenance {
			v.Status = fleet.Degraded
		}
		if v.Status > fleet.Maintenance {
			a.Rows = append(a.Rows, report.Row{Ref: v.Ref, Status: v.Status, Serving: v.Serving, Total: len(v.Instances), Why: "why", Root: root[v.Ref] || len(s.Roots) == 0})
		}
	}
	a.Verdict = gate.Check(s, k.rules)
	a.ExitCode = map[gate.Outcome]int{gate.Passed: 0, gate.Failed: 1, gate.Unknown: 3}[a.Verdict.Outcome]
	return a
}

// TestEveryKindInEveryReport: six reports of one verdict never tell six stories.
func TestEveryKindInEveryReport(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			a := tell(k)
			if got := text(report.Nagios, a); !strings.HasPrefix(got, "MIDWATCH "+k.nagios+" - what it comes to") {
				t.Errorf("nagios: %s", got)
			}
			if got := report.State(a.ExitCode, a.Verdict); got != k.exit {
				t.Errorf("nagios ends with %d, want %d", got, k.exit)
			}
			if got := junitCounts(t, text(report.JUnit, a)); got != k.junit {
				t.Errorf("junit counts %s, want %s", got, k.junit)
			}
			if got := tapPoints(text(report.TAP, a)); got != k.tap {
				t.Errorf("tap points %s, want %s", got, k.tap)
			}
			if got := annotations(text(report.Annotations, a)); fmt.Sprint(got) != fmt.Sprint(k.notes) {
				t.Errorf("annotations %q, want %q", got, k.notes)
			}
			if got := text(report.Markdown, a); !strings.HasPrefix(got, "### midwatch: "+k.heading+"\n\nwhat it comes to\n") {
				t.Errorf("markdown: %s", got)
			}
		})
	}
}

func junitCounts(t *testing.T, text string) string {
	t.Helper()
	var s struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Suites   []struct {
			Tests    int        `xml:"tests,attr"`
			Failures int        `xml:"failures,attr"`
			Errors   int        `xml:"errors,attr"`
			Skipped  int        `xml:"skipped,attr"`
			Cases    []struct{} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	sum := [4]int{}
	for _, suite := range s.Suites {
		sum = [4]int{sum[0] + suite.Tests, sum[1] + suite.Failures, sum[2] + suite.Errors, sum[3] + suite.Skipped}
		if len(suite.Cases) != suite.Tests {
			t.Errorf("a suite of %d says %d", len(suite.Cases), suite.Tests)
		}
	}
	if whole := [4]int{s.Tests, s.Failures, s.Errors, s.Skipped}; whole != sum {
		t.Errorf("the whole is %v, its suites %v", whole, sum)
	}
	return fmt.Sprintf("%d %d %d %d", s.Tests, s.Failures, s.Errors, s.Skipped)
}

func tapPoints(text string) string {
	points := ""
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "not ok "):
			points += "-"
		case strings.HasPrefix(line, "ok ") && strings.Contains(line, " # SKIP "):
			points += "s"
		case strings.HasPrefix(line, "ok "):
			points += "+"
		}
	}
	return points
}

// annotations are level and title of each.
func annotations(text string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^::([a-z]+) title=([^:,]*)::`).FindAllStringSubmatch(text, -1) {
		out = append(out, m[1]+" "+strings.ReplaceAll(m[2], "%3A", ":"))
	}
	return out
}

// perfdata is the grammar of the Monitoring Plugins Development Guidelines:
// label=value[UOM];warn;crit;min;max, apart by blanks.
var perfdata = regexp.MustCompile(`^([a-z]+)=([0-9.]+)(s?);;;0(?:;([0-9]+))?$`)

// TestNagiosPerfdata: what is graphed adds up to what there is.
func TestNagiosPerfdata(t *testing.T) {
	for _, k := range kinds() {
		a := tell(k)
		first, _, _ := strings.Cut(text(report.Nagios, a), "\n")
		first, _, _ = strings.Cut(first, " '") // those of queries come last
		_, graphs, ok := strings.Cut(first, " | ")
		if !ok {
			t.Fatalf("%s: %q", k.name, first)
		}
		c, sum, seen := a.Snapshot.Counts(), 0, map[string]bool{}
		for _, one := range strings.Fields(graphs) {
			m := perfdata.FindStringSubmatch(one)
			if m == nil || seen[m[1]] {
				t.Errorf("%s: %q", k.name, one)
				continue
			}
			seen[m[1]] = true
			if m[1] == "time" {
				if m[2] != "0.210" || m[3] != "s" {
					t.Errorf("%s: %q", k.name, one)
				}
				continue
			}
			if m[4] != strconv.Itoa(c.Instances) {
				t.Errorf("%s: at most %s of %d", k.name, m[4], c.Instances)
			}
			if n, err := strconv.Atoi(m[2]); err != nil {
				t.Errorf("%s: %v", k.name, err)
			} else if m[1] != "answered" {
				sum += n
			}
		}
		if sum != c.Instances || len(seen) != 7 {
			t.Errorf("%s: the parts are %d of %d, under %d labels", k.name, sum, c.Instances, len(seen))
		}
	}
}

// TestNagiosStates: the state is that of the exit code; a warning is a pass with
// something degraded. Nothing known is UNKNOWN, never CRITICAL.
func TestNagiosStates(t *testing.T) {
	for _, c := range []struct {
		code int
		v    gate.Verdict
		want int
	}{
		{0, gate.Verdict{Outcome: gate.Passed}, 0},
		{0, gate.Verdict{Outcome: gate.Passed, Degraded: 3}, 1},
		{1, gate.Verdict{Outcome: gate.Failed, Degraded: 3}, 2},
		{3, gate.Verdict{Outcome: gate.Unknown, Degraded: 1}, 3},
		{124, gate.Verdict{Outcome: gate.Failed}, 2},
		{124, gate.Verdict{Outcome: gate.Unknown}, 3},
	} {
		if got := report.State(c.code, c.v); got != c.want {
			t.Errorf("%d of %v: %d, want %d", c.code, c.v.Outcome, got, c.want)
		}
	}
}

func TestNagiosText(t *testing.T) {
	a := tell(kind{fleet: list(one("a|b", fleet.Down), one("c", fleet.Unknown))})
	a.Snapshot.Roots = []fleet.Root{{Ref: a.Snapshot.Services[0].Ref}}
	a.Rows[0].Why, a.Notes = "50% | 'load'=1\nnext", []string{"registry consul: 40 s old | refused"}
	got := text(report.Nagios, a)
	want := "MIDWATCH CRITICAL - what it comes to; a/b | up=0;;;0;2 degraded=0;;;0;2 down=1;;;0;2 unknown=1;;;0;2 maintenance=0;;;0;2 answered=0;;;0;2 time=0.210s;;;0\n" +
		"a/b 0/1 down: 50% / 'load'=1 next\nc 0/1 unknown: why\nregistry consul: 40 s old / refused\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	a.ASCII, a.Title = true, "two → three"
	if got := text(report.Nagios, a); !strings.HasPrefix(got, "MIDWATCH CRITICAL - two -> three; ") {
		t.Errorf("in ASCII: %s", got)
	}
}

// TestTenAnnotationsAtMost: GitHub shows ten of a step; the tenth says how many
// more there are, and none is lost from the count.
func TestTenAnnotationsAtMost(t *testing.T) {
	for n, last := range map[int]string{
		0: "", 1: "::error title=s00 is down::why", 10: "::error title=s09 is down::why", 11: "::error title=midwatch::2 more are not well", 500: "::error title=midwatch::491 more are not well",
	} {
		var services []fleet.ServiceView
		for i := range n {
			services = append(services, one(fmt.Sprintf("s%02d", i), fleet.Down))
		}
		a := tell(kind{fleet: services})
		if n == 0 {
			a.Verdict = gate.Verdict{Outcome: gate.Passed}
		}
		for i := range a.Rows {
			a.Rows[i].Root = false
		}
		lines := strings.Split(strings.TrimSuffix(text(report.Annotations, a), "\n"), "\n")
		if len(lines) != max(min(n, 10), 1) || lines[len(lines)-1] != last {
			t.Errorf("%d services: %d lines, the last %q", n, len(lines), lines[len(lines)-1])
		}
	}
}

func TestAnnotationsOfOneRootAreOne(t *testing.T) {
	a := tell(kind{fleet: list(one("a", fleet.Down, fleet.Down, fleet.Unknown))})
	a.Rows[0].Why, a.Rows[0].Under = "timeout", []string{"cycle     a, b depend on each other", "blocks    c,  d"}
	if got, want := text(report.Annotations, a), "::error title=a is down::0/3 serve. timeout. cycle a, b depend on each other. blocks c, d\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
