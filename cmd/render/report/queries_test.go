package report_test

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// asked are rules with expressions of three sorts: one that holds for a-1, one that
// does not hold, and one without data.
func asked(which ...int) (r gate.Rules) {
	of := func(v float64) []gate.Value {
		ref := fleet.Ref{Source: "etcd", Name: "a"}
		return []gate.Value{{
			Key: fleet.Key{Ref: ref, Instance: "a-1"}, Labels: metrics.NewLabels("service", "a", "instance", "a-1", "query", "q", "path", `/x|'y"`),
			What: "took", V: v, Op: ">", Limit: 0.3,
		}}
	}
	all := []gate.Measured{
		{Query: `took > 0.3`, Flag: "--max-p99 300ms", Known: true, Holds: true, Text: "a/a-1: p99 2 s > 300 ms", What: "p99", Unit: gate.Seconds, Values: of(2)},
		{Query: `took > 0.3`, Known: true, Text: "it is not so: took > 0.3; a/a-1 with 0.1", Values: of(0.1)},
		{Query: `up == 0`, Reason: fleet.ReasonNoData, Text: "no data: up matched no series", Hint: "midwatch query 'up'"},
	}
	for _, i := range which {
		r.Queries = append(r.Queries, all[i])
	}
	return r
}

// TestQueriesInReports: each form has what was asked, what it came to, and the
// value beside the rule.
func TestQueriesInReports(t *testing.T) {
	a := tell(kind{rules: asked(0, 1, 2), fleet: list(one("a", fleet.Up, fleet.Up))})
	for _, c := range []struct {
		form string
		text string
		want []string
	}{
		{"junit", text(report.JUnit, a), []string{
			`<testsuite name="queries" tests="3" failures="1" errors="1"`, `<testcase classname="queries" name="--max-p99 300ms"`,
			`<failure message="a/a-1: p99 2 s &gt; 300 ms" type="query">`, `<error message="no data: up matched no series" type="no_data">`,
			`<testcase classname="etcd:a" name="a-1"`, `<failure message="a/a-1: p99 2 s &gt; 300 ms`, `it is not so: took &gt; 0.3; a/a-1 with 0.1</system-out>`,
		}},
		{"tap", text(report.TAP, a), []string{
			"not ok 3 - queries/--max-p99 300ms\n", "ok 4 - queries/took > 0.3\n", "not ok 5 - queries/up == 0\n", `detail: "a/a-1: p99 2 s > 300 ms"`, "reason: no_data\n",
			"not ok 1 - etcd:a/a-1\n",
		}},
		{"markdown", text(report.Markdown, a), []string{
			"| | Query | It came to |\n", `| ✗ | \--max-p99 300ms | a/a-1: p99 2 s &gt; 300 ms |`, `| ✓ | took &gt; 0.3 | it is not so: took &gt; 0.3; a/a-1 with 0.1 |`,
			`| ? | up == 0 | no data: up matched no series |`,
		}},
		{"nagios", text(report.Nagios, a), []string{
			`'a/a-1 p99'=2s;;~:0.3`, ` 'a/a-1 {path:"/x/y\"", query:"q"} took'=0.1;;~:0.3`,
			"\na/a-1: p99 2 s > 300 ms\n", "\nup == 0: no data: up matched no series\n",
		}},
		{"prometheus", text(report.Prometheus, a), []string{
			"# TYPE midwatch_query_holds gauge\n", `midwatch_query_holds{query="took > 0.3"} 1`, `midwatch_query_holds{query="took > 0.3"} 0`,
			`midwatch_query_value{exported_query="q",instance="a-1",path="/x|'y\"",query="took > 0.3",service="a"} 2`,
		}},
		{"github", text(report.Annotations, a), []string{
			"::error title=midwatch%3A query::a/a-1: p99 2 s > 300 ms\n", "::error title=midwatch%3A no data::up == 0: no data: up matched no series\n",
		}},
	} {
		for _, want := range c.want {
			if !strings.Contains(c.text, want) {
				t.Errorf("%s: want %q in\n%s", c.form, want, c.text)
			}
		}
	}
	if strings.Contains(text(report.Prometheus, a), `midwatch_query_holds{query="up == 0"}`) {
		t.Error("what is not known is shown as a number")
	}
}

// TestCriticalRanges are those of the Monitoring Plugins Development Guidelines: a
// value outside of the range is critical, and @ turns that round.
func TestCriticalRanges(t *testing.T) {
	form := regexp.MustCompile(`^'[^'=]+'=(U|-?[0-9.]+s?);;(@?(~|-?[0-9.]+)?:?(-?[0-9.]+)?)$`)
	for op, want := range map[string][2]string{
		">": {"~:5", "5:"}, ">=": {"~:5", "5:"}, "<": {"5:", "~:5"}, "<=": {"5:", "~:5"}, "==": {"@5:5", "5:5"}, "!=": {"5:5", "@5:5"}, "": {"", ""},
	} {
		for i, wanted := range []bool{false, true} {
			for _, v := range []float64{7, -1.5, math.NaN(), math.Inf(1)} {
				a := tell(kind{fleet: list(one("a", fleet.Up)), rules: gate.Rules{Queries: []gate.Measured{{Query: "x " + op + " 5", Known: true, Wanted: wanted, Values: []gate.Value{{V: v, Op: op, Limit: 5}}}}}})
				first, _, _ := strings.Cut(text(report.Nagios, a), "\n")
				_, rest, _ := strings.Cut(first, "s;;;0 ")
				if m := form.FindStringSubmatch(rest); m == nil || m[2] != want[i] {
					t.Errorf("%s 5, wanted %v, of %v: %q, want the range %q", op, wanted, v, rest, want[i])
				}
			}
		}
	}
	a := tell(kind{fleet: list(one("a", fleet.Up)), rules: gate.Rules{Queries: []gate.Measured{{Query: "x > y", Known: true, Values: []gate.Value{{V: 1, Op: ">", Limit: math.NaN()}}}}}})
	if got := text(report.Nagios, a); !strings.Contains(got, " 'x > y'=1;;\n") {
		t.Errorf("without one limit: %s", got)
	}
}

// TestDecisive: what an expression says leads only where nothing else decided.
func TestDecisive(t *testing.T) {
	for _, c := range []struct {
		rules gate.Rules
		fleet fleet.ServiceView
		want  string
	}{
		{asked(0), one("a", fleet.Up), "a/a-1: p99 2 s > 300 ms"},
		{asked(2, 0), one("a", fleet.Up), "a/a-1: p99 2 s > 300 ms"},
		{asked(2), one("a", fleet.Up), "no data: up matched no series"},
		{asked(2), one("a", fleet.Unknown), ""},
		{asked(0), one("a", fleet.Down), ""},
		{asked(1), one("a", fleet.Up), ""},
	} {
		a := tell(kind{rules: c.rules, fleet: list(c.fleet)})
		if got := report.Decisive(&a.Verdict); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%+v leads with %q, want %q", c.rules.Queries, got, c.want)
		}
	}
}

// TestHostileLabels of an answer harm no form.
func TestHostileLabels(t *testing.T) {
	for _, s := range awkward {
		m := gate.Measured{Query: "x > 1", Known: true, Holds: true, Text: s, Values: []gate.Value{{Labels: metrics.NewLabels("a.b", s, "c", s), What: s, V: 2, Op: ">", Limit: 1}}}
		a := tell(kind{fleet: list(one("a", fleet.Up)), rules: gate.Rules{Queries: []gate.Measured{m}}})
		for form, out := range map[string]string{
			"nagios": text(report.Nagios, a), "prometheus": text(report.Prometheus, a), "github": text(report.Annotations, a), "markdown": text(report.Markdown, a),
		} {
			if strings.Contains(out, "\x1b") || !utf8.ValidString(out) || strings.Contains(out, "\n::error::x") || form == "nagios" && strings.Count(strings.SplitN(out, "\n", 2)[0], "|") != 1 {
				t.Errorf("%q in %s: %s", s, form, out)
			}
		}
		if got := text(report.Prometheus, a); !regexp.MustCompile(`midwatch_query_value\{[a-z]`).MatchString(got) || strings.Contains(got, "a.b") {
			t.Errorf("%q: %s", s, got)
		}
	}
	if st, text := report.Asked(&gate.Measured{Query: "up", Wanted: true, Known: true, Text: "no"}); st != fleet.Down || text != "no" {
		t.Errorf("what has to hold and does not is %v: %s", st, text)
	}
}
