package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/probe"
)

// one is a service with an instance in each of the statuses given.
func one(name string, statuses ...fleet.Status) fleet.ServiceView {
	v := fleet.ServiceView{Ref: fleet.Ref{Source: "etcd", Name: name}}
	for i, st := range statuses {
		in := fleet.InstanceView{Key: fleet.Key{Ref: v.Ref, Instance: fmt.Sprint(name, "-", i+1)}, Status: st, Attempts: 1}
		in.Instance = fleet.Instance{ID: in.Key.Instance}
		if st != fleet.Up {
			in.Why = fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer in 2 s"}
		}
		v.Instances = append(v.Instances, in)
	}
	return v
}

// account is a verdict about one service.
func account(rules gate.Rules, v ...fleet.ServiceView) *report.Account {
	s := &fleet.Snapshot{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Services: v}
	return &report.Account{Snapshot: s, Verdict: gate.Check(s, rules), Title: "what it comes to"}
}

func text(write func(*bytes.Buffer, *report.Account), a *report.Account) string {
	var b bytes.Buffer
	write(&b, a)
	return b.String()
}

func TestReportsAgreeWithTheVerdict(t *testing.T) {
	all := func(fleet.Ref) bool { return true }
	unknown, err := gate.ParseAmount("50%")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		status fleet.Status
		rules  gate.Rules
		tap    string
		junit  string // an element; empty: none
	}{
		{"up", fleet.Up, gate.Rules{}, "ok 2 - etcd:a/a-2", ""},
		{"down", fleet.Down, gate.Rules{}, "not ok 2 - etcd:a/a-2", "<failure"},
		{"unknown", fleet.Unknown, gate.Rules{}, "not ok 2 - etcd:a/a-2", "<error"},
		{"degraded", fleet.Degraded, gate.Rules{}, "ok 2 - etcd:a/a-2", "<system-out"},
		{"degraded that fails", fleet.Degraded, gate.Rules{FailOn: []fleet.Status{fleet.Degraded}}, "not ok 2 - etcd:a/a-2", "<failure"},
		{"maintenance", fleet.Maintenance, gate.Rules{}, "ok 2 - etcd:a/a-2 # SKIP maintenance", "<skipped"},
		{"maintenance that fails", fleet.Maintenance, gate.Rules{FailOn: []fleet.Status{fleet.Maintenance}}, "not ok 2 - etcd:a/a-2", "<failure"},
		{"down and ignored", fleet.Down, gate.Rules{Ignore: []gate.Ignore{{Match: all, Text: "a"}}}, "ok 2 - etcd:a/a-2 # SKIP down", "<skipped"},
		{"unknown and tolerated", fleet.Unknown, gate.Rules{MaxUnknown: unknown}, "ok 2 - etcd:a/a-2 # SKIP unknown", "<skipped"},
	} {
		a := account(c.rules, one("a", fleet.Up, c.status))
		lines := strings.Split(text(report.TAP, a), "\n")
		if got := strings.Join(lines, "\n"); !strings.Contains(got, "\n"+c.tap+"\n") {
			t.Errorf("%s: want %q in\n%s", c.name, c.tap, got)
		}
		xml := text(report.JUnit, a)
		for _, element := range []string{"<failure", "<error", "<skipped", "<system-out"} {
			if strings.Contains(xml, element) != (element == c.junit) {
				t.Errorf("%s: want %q and no other in\n%s", c.name, c.junit, xml)
			}
		}
	}
}

func TestFindingsWithoutAnInstance(t *testing.T) {
	a := account(gate.Rules{MinInstances: 1, Missing: []gate.Missing{{Name: "paymnt"}}}, one("a"))
	a.Snapshot.Sources = []fleet.SourceView{{Name: "consul", Reason: "refused", Detail: "nobody there"}}
	a.Verdict = gate.Check(a.Snapshot, gate.Rules{MinInstances: 1, Missing: []gate.Missing{{Name: "paymnt"}}})
	got := text(report.TAP, a)
	for _, want := range []string{"1..3\n", "not ok 1 - etcd:a/a\n", "- registries/consul\n", "- paymnt/paymnt\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

func TestSuitesNameTheContextWhereThereAreSeveral(t *testing.T) {
	v := one("a", fleet.Up)
	v.Context, v.Instances[0].Context = "prod", "prod"
	a := account(gate.Rules{}, v)
	if got := text(report.JUnit, a); !strings.Contains(got, `<testsuite name="prod/etcd:a"`) {
		t.Errorf("several: %s", got)
	}
	a.Snapshot.Context = "prod"
	if got := text(report.JUnit, a); !strings.Contains(got, `<testsuite name="etcd:a"`) {
		t.Errorf("one: %s", got)
	}
}

func TestFlakyIsTold(t *testing.T) {
	v := one("a", fleet.Up)
	v.Instances[0].Flaky, v.Instances[0].Attempts = true, 2
	a := account(gate.Rules{}, v)
	if got := text(report.JUnit, a); !strings.Contains(got, "<system-out>up (flaky: asked 2 times)</system-out>") {
		t.Error(got)
	}
	if got := text(report.TAP, a); !strings.Contains(got, `detail: "(flaky: asked 2 times)"`) {
		t.Error(got)
	}
}

func TestMarkdownIsPlain(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, 1.5 s (x)": "plain text, 1.5 s (x)",
		"a|b":                   "a&#124;b",
		"<b>&amp;":              "&lt;b&gt;&amp;amp;",
		"[a](b)":                `\[a\](b)`,
		"![a](b)":               `\!\[a\](b)`,
		"*a* _b_ ~c~ `d`":       "\\*a\\* \\_b\\_ \\~c\\~ \\`d\\`",
		"@team #1 $x$":          `&#64;team &#35;1 \$x\$`,
		"https://x.y":           "https:&#47;&#47;x.y",
		"www.x.y":               "www&#46;x.y",
		`\`:                     `\\`,
		"- a":                   `\- a`,
		"+ a":                   `\+ a`,
		"=1+1":                  `\=1+1`,
		"a\nb":                  "a b",
	} {
		a := &report.Account{Snapshot: &fleet.Snapshot{}, Notes: []string{in}, Verdict: gate.Verdict{Outcome: gate.Passed}}
		if got := text(report.Markdown, a); !strings.Contains(got, "\n- "+want+"\n") {
			t.Errorf("%q: want %q in\n%s", in, want, got)
		}
	}
}

func TestMarkdownRows(t *testing.T) {
	a := account(gate.Rules{}, one("a", fleet.Down))
	a.Rows = []report.Row{{Ref: a.Snapshot.Services[0].Ref, Status: fleet.Down, Total: 1, Why: "timeout", Under: []string{"blocks    b, c"}, Root: true}}
	a.Hint = "midwatch doctor a"
	got := text(report.Markdown, a)
	for _, want := range []string{"### midwatch: ✗ not well\n", "| ✗ | a | 0/1 | down | timeout<br>blocks b, c |\n", "\nNext: midwatch doctor a\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	a.ASCII = true
	if got := text(report.Markdown, a); !strings.Contains(got, "| x | a |") {
		t.Errorf("in ASCII:\n%s", got)
	}
}

func TestAnnotationsEscape(t *testing.T) {
	a := account(gate.Rules{}, one("a", fleet.Down))
	a.Rows = []report.Row{{Ref: fleet.Ref{Name: "50%, a:b"}, Status: fleet.Down, Total: 1, Why: "100%\r\nx", Root: true}}
	got := text(report.Annotations, a)
	if want := "::error title=50%25%2C a%3Ab is down::0/1 serve. 100%25 x\n"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnnotationsOfAPass(t *testing.T) {
	a := account(gate.Rules{}, one("a", fleet.Degraded))
	a.Rows = []report.Row{{Ref: a.Snapshot.Services[0].Ref, Status: fleet.Degraded, Serving: 1, Total: 1, Why: "slow", Root: true}}
	if got, want := text(report.Annotations, a), "::warning title=a is degraded::1/1 serve. slow\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := text(report.Annotations, account(gate.Rules{}, one("a", fleet.Up))); got != "" {
		t.Errorf("a fleet that is well has annotations: %q", got)
	}
}

func TestPrometheusLabels(t *testing.T) {
	v := one("a", fleet.Up)
	v.Instances[0].Zone, v.Instances[0].Version = `b"\`, "1\n2"
	got := text(report.Prometheus, account(gate.Rules{}, v))
	if want := `instance="a-1",service="a",source="etcd",version="1 2",zone="b\"\\"} 1`; !strings.Contains(got, want) {
		t.Errorf("want %s in\n%s", want, got)
	}
}

func TestPrometheusPhases(t *testing.T) {
	v := one("a", fleet.StatusNone)
	v.Instances[0].Probes = []probe.Result{{Took: 3 * time.Second, Phases: []probe.Phase{{Name: "dial", Took: time.Second}, {Name: "wait", Took: time.Second}, {Name: "dial", Took: time.Second}}}}
	got := text(report.Prometheus, account(gate.Rules{}, v))
	for _, want := range []string{`phase="total",service="a",source="etcd"} 3`, `phase="dial",service="a",source="etcd"} 2`, `phase="wait",service="a",source="etcd"} 1`} {
		if strings.Count(got, "midwatch_probe_duration_seconds{instance=\"a-1\","+want+"\n") != 1 {
			t.Errorf("want %s once in\n%s", want, got)
		}
	}
}

func TestInWords(t *testing.T) {
	for _, c := range []struct {
		why  fleet.Why
		want string
	}{
		{fleet.Why{}, ""},
		{fleet.Why{Reason: "timeout"}, "timeout"},
		{fleet.Why{Detail: "strange"}, "strange"},
		{fleet.Why{Reason: "timeout", Detail: "no answer in 2 s"}, "timeout: no answer in 2 s"},
		{fleet.Why{Reason: "refused", Detail: "connection refused"}, "connection refused"},
		{fleet.Why{Reason: "wrong_scheme", Detail: "TLS spoken to plain"}, "wrong scheme: TLS spoken to plain"},
		{fleet.Why{Reason: fleet.ReasonVantage, Detail: "none of 400 answered from here"}, "not reached from here"},
	} {
		if got := report.InWords(c.why); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.why, got, c.want)
		}
	}
}

func TestSigns(t *testing.T) {
	for s, want := range map[fleet.Status]string{
		fleet.StatusNone: " ", fleet.Up: "✓", fleet.Maintenance: "–", fleet.Unknown: "?", fleet.Degraded: "!", fleet.Down: "✗",
	} {
		if got := report.Sign(s); got != want {
			t.Errorf("%v: got %q, want %q", s, got, want)
		}
	}
}
