package report_test

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/probe"
)

// awkward are texts that some form gives a meaning to.
var awkward = []string{
	"plain", "a b", "]]>", "<failure/>", "&amp;", `"quoted"`, "'single'", "# SKIP", "# TODO", `\#`, "...", "---", "- a", "1..2", "Bail out!", "ok 1", "a: b", "yes", "50%", "a|b", "日本", "\x1b[2J", "\xff", "two\nlines", "[x](y)",
	" lead", "trail ", "", "::error::x", "https://x.y", "1. one", "2) two", "    code", "2.4.1 is out", "@all", "{{x}}", "${x}", "a,b:c",
}

// spelled is a service that says a text everywhere.
func spelled(text string) *report.Account {
	v := one(text, fleet.Down, fleet.Up)
	for i := range v.Instances {
		in := &v.Instances[i]
		in.ID, in.Key.Instance = fmt.Sprint(text, i), fmt.Sprint(text, i)
		in.Why = fleet.Why{Reason: probe.ReasonBody, Detail: text}
		in.Probes = []probe.Result{{Took: 250 * time.Millisecond}, {Took: 500 * time.Millisecond}}
	}
	a := account(gate.Rules{}, v)
	a.Title, a.Hint, a.Notes = text, text, []string{text}
	a.Rows = []report.Row{{Ref: v.Ref, Status: fleet.Down, Total: 2, Serving: 1, Why: text, Under: []string{text}, Root: true}}
	return a
}

// TestJUnitKeepsTexts: what a service says is read back from the XML as it was
// cleaned, in names, messages and output.
func TestJUnitKeepsTexts(t *testing.T) {
	for _, s := range awkward {
		var got struct {
			Suites []struct {
				Name      string `xml:"name,attr"`
				Time      string `xml:"time,attr"`
				Timestamp string `xml:"timestamp,attr"`
				Cases     []struct {
					Class   string `xml:"classname,attr"`
					Name    string `xml:"name,attr"`
					Time    string `xml:"time,attr"`
					Failure struct {
						Message string `xml:"message,attr"`
						Type    string `xml:"type,attr"`
					} `xml:"failure"`
					Out string `xml:"system-out"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		a := spelled(s)
		if err := xml.Unmarshal([]byte(text(report.JUnit, a)), &got); err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		want := written(s)
		suite := got.Suites[0]
		if len(got.Suites) != 1 || suite.Name != clean("etcd:"+s) || suite.Time != "1.500" || suite.Timestamp != "2026-01-02T03:04:05" {
			t.Errorf("%q: suite %+v", s, suite)
		}
		first, second := suite.Cases[0], suite.Cases[1]
		if first.Name != clean(s+"0") || first.Time != "0.750" || first.Failure.Message != want || first.Failure.Type != "body" || first.Class != suite.Name {
			t.Errorf("%q: %+v, want %q", s, first, want)
		}
		if got, want := second.Out, strings.TrimSpace("up "+want); strings.TrimSpace(got) != want {
			t.Errorf("%q: output %q, want %q", s, got, want)
		}
	}
}

// clean is what a text is after it was made harmless.
func clean(s string) string {
	a := &report.Account{Snapshot: &fleet.Snapshot{}, Title: s}
	line := text(report.TAP, a)
	return strings.TrimSuffix(line[strings.LastIndex(line[:len(line)-1], "\n# ")+3:], "\n")
}

// written is a detail in words, harmless.
func written(s string) string {
	return clean(report.InWords(fleet.Why{Reason: probe.ReasonBody, Detail: s}))
}

// TestTAPKeepsTexts: a description is no directive and no plan, and the YAML below
// it is read back.
func TestTAPKeepsTexts(t *testing.T) {
	point := regexp.MustCompile(`^(not )?ok [12] - (?:[^#\\]|\\\\|\\#)*$`)
	for _, s := range awkward {
		got := text(report.TAP, spelled(s))
		lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
		if lines[0] != "TAP version 14" || lines[1] != "1..2" {
			t.Errorf("%q: begins with %q", s, lines[:2])
		}
		points := 0
		for i := 2; i < len(lines); i++ {
			switch {
			case point.MatchString(lines[i]):
				points++
			case lines[i] == "  ---":
				end := i + 1
				for lines[end] != "  ..." {
					end++
				}
				var doc map[string]string
				if err := yaml.Unmarshal([]byte(strings.Join(lines[i+1:end], "\n")), &doc); err != nil || doc["detail"] != strings.TrimSpace(written(s)) || doc["reason"] != "body" {
					t.Errorf("%q: %q is %v, %v", s, lines[i+1:end], doc, err)
				}
				i = end
			case strings.HasPrefix(lines[i], "# ") && i == len(lines)-1:
			default:
				t.Errorf("%q: what is %q?", s, lines[i])
			}
		}
		if points != 2 {
			t.Errorf("%q: %d points:\n%s", s, points, got)
		}
	}
}

// TestMarkdownLinesStayTheirOwn: a text never ends its row, opens a list or a
// block of code, or makes anything a link.
func TestMarkdownLinesStayTheirOwn(t *testing.T) {
	for _, s := range awkward {
		lines := strings.Split(text(report.Markdown, spelled(s)), "\n")
		rows := 0
		for _, l := range lines {
			if strings.HasPrefix(l, "| ✗ |") {
				rows++
				if strings.Count(l, "|") != 6 {
					t.Errorf("%q: a row of %d cells: %q", s, strings.Count(l, "|")-1, l)
				}
			}
			body := strings.TrimPrefix(strings.TrimPrefix(l, "- "), "Next: ")
			if regexp.MustCompile(`^(\s{4,}|[-+*>=] |[0-9]+[.)]( |$)|#{2}[^#])`).MatchString(body) {
				t.Errorf("%q: a block begins with %q", s, l)
			}
			if strings.Contains(l, "](") && !strings.Contains(l, `\](`) || strings.Contains(l, "://") || strings.Contains(l, "<f") {
				t.Errorf("%q: markup in %q", s, l)
			}
		}
		if rows != 1 {
			t.Errorf("%q: %d rows", s, rows)
		}
	}
}

// TestNumberedTextIsNoList: "1. one" is what a service said, not the first of a list.
func TestNumberedTextIsNoList(t *testing.T) {
	for in, want := range map[string]string{
		"1. one": `1\. one`, "12) x": `12\) x`, "3.": `3\.`, "2.4.1 is out": "2.4.1 is out", "1.5 s": "1.5 s", "14 instances": "14 instances", "    code": "code", " 1. one": `1\. one`,
	} {
		a := &report.Account{Snapshot: &fleet.Snapshot{}, Verdict: gate.Verdict{Outcome: gate.Passed}, Title: in}
		if got := text(report.Markdown, a); !strings.HasSuffix(got, "\n\n"+want+"\n") {
			t.Errorf("%q: want %q in %q", in, want, got)
		}
	}
}

// TestMarkdownSaysWhatNoRowSays: a service that is missing has no row, a registry
// has its own line among the notes.
func TestMarkdownSaysWhatNoRowSays(t *testing.T) {
	a := tell(kind{
		rules: gate.Rules{Missing: []gate.Missing{{Name: "paymnt"}}}, fleet: list(one("a", fleet.Down)),
		change: func(a *report.Account) {
			a.Snapshot.Sources = []fleet.SourceView{{Name: "consul", Reason: probe.ReasonRefused, Detail: "nobody there"}}
		},
	})
	a.Notes = []string{"registry consul: 40 s old, refused"}
	got := text(report.Markdown, a)
	if want := "\n- registry consul: 40 s old, refused\n- no such service: paymnt\n"; !strings.HasSuffix(got, want) || strings.Count(got, "consul") != 1 {
		t.Errorf("want %q at the end of\n%s", want, got)
	}
	if len(a.Notes) != 1 {
		t.Errorf("the notes became %q", a.Notes)
	}
}

// TestReportsOfNothing: a verdict that came before anything was read.
func TestReportsOfNothing(t *testing.T) {
	a := &report.Account{Snapshot: &fleet.Snapshot{}, Verdict: gate.Verdict{Outcome: gate.Unknown}, ExitCode: 124, Title: "time ran out"}
	for name, c := range map[string]struct{ got, want string }{
		"tap":         {text(report.TAP, a), "TAP version 14\n1..0\n# time ran out\n"},
		"nagios":      {text(report.Nagios, a), "MIDWATCH UNKNOWN - time ran out | up=0;;;0;0 degraded=0;;;0;0 down=0;;;0;0 unknown=0;;;0;0 maintenance=0;;;0;0 answered=0;;;0;0 time=0.000s;;;0\n"},
		"prometheus":  {text(report.Prometheus, a), ""},
		"annotations": {text(report.Annotations, a), ""},
		"markdown":    {text(report.Markdown, a), "### midwatch: ? could not tell\n\ntime ran out\n"},
		"junit":       {text(report.JUnit, a), xml.Header + `<testsuites name="midwatch" tests="0" failures="0" errors="0" skipped="0" time="0.000"></testsuites>` + "\n"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", name, c.got, c.want)
		}
	}
}
