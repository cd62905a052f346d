package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/render/data"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// oneCase is an instance, a finding that is about none, or an expression, as
// reports of test runners have it. It fails exactly where the verdict says so: what is ignored
// or tolerated is skipped.
type oneCase struct {
	suite, name string
	outcome     gate.Outcome // zero: skipped
	status      string
	reason      string
	text        string
	took        time.Duration
	attempts    int
	flaky       bool
}

func cases(j *Account) []oneCase {
	found := findings(&j.Verdict)
	var all []oneCase
	seen := make(map[fleet.Key]bool)
	s := j.Snapshot
	for i := range s.Services {
		for k := range s.Services[i].Instances {
			in := &s.Services[i].Instances[k]
			seen[in.Key] = true
			c := oneCase{
				suite: suiteOf(s, in.Ref), name: in.ID, outcome: gate.Passed, status: in.Status.String(), reason: string(in.Why.Reason),
				text: InWords(in.Why), attempts: in.Attempts, flaky: in.Flaky,
			}
			for m := range in.Probes {
				c.took += in.Probes[m].Took
			}
			f, bad := found[in.Key]
			switch {
			case bad && f.Query != nil:
				c.outcome, c.reason, c.text = f.Outcome, string(f.Reason), f.Text
			case bad:
				c.outcome = f.Outcome
			case in.Status != fleet.Up && in.Status != fleet.Degraded:
				c.outcome = 0 // taken out, ignored, or tolerated
			}
			all = append(all, c)
		}
	}
	for _, f := range j.Verdict.Findings {
		if seen[f.Key] || f.Query != nil && f.Key.Name == "" {
			continue
		}
		seen[f.Key] = true
		c := oneCase{suite: suiteOf(s, f.Key.Ref), name: f.Key.Name, outcome: f.Outcome, status: f.Outcome.String(), reason: string(f.Reason), text: f.Text}
		if f.Key.Name == "" {
			c.suite, c.name = "registries", f.Key.Source
		}
		if f.Key.Ref == (fleet.Ref{}) {
			c.suite, c.name = "fleet", "selection"
		}
		all = append(all, c)
	}
	return append(all, queryCases(&j.Verdict)...)
}

// suiteOf names a service, with its context where there are several.
func suiteOf(s *fleet.Snapshot, r fleet.Ref) string {
	if s.Context == "" && r.Context != "" {
		return r.Context + "/" + r.String()
	}
	return r.String()
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Time    string     `xml:"time,attr"`
	Failure *junitText `xml:"failure"`
	Error   *junitText `xml:"error"`
	Skipped *junitText `xml:"skipped"`
	Out     string     `xml:"system-out,omitempty"`
}

type junitText struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
}

// JUnit writes a test suite for each service and a test case for each
// instance, and a suite of the expressions: down is a failure, unknown an error, what does not count is skipped.
func JUnit(b *bytes.Buffer, j *Account) {
	doc := junitSuites{Name: "midwatch", Time: seconds(j.Snapshot.Took)}
	var took time.Duration
	for _, c := range cases(j) {
		name := j.clean(c.suite)
		if n := len(doc.Suites); n == 0 || doc.Suites[n-1].Name != name {
			doc.Suites, took = append(doc.Suites, junitSuite{Name: name, Timestamp: timestamp(j.Snapshot.At)}), 0
		}
		suite := &doc.Suites[len(doc.Suites)-1]
		one := junitCase{Class: name, Name: j.clean(c.name), Time: seconds(c.took)}
		text := &junitText{j.clean(c.text), j.clean(c.reason)}
		switch c.outcome {
		case gate.Failed:
			one.Failure = text
			suite.Failures++
			doc.Failures++
		case gate.Unknown:
			one.Error = text
			suite.Errors++
			doc.Errors++
		case gate.Passed:
			if c.text != "" || c.flaky {
				one.Out = j.clean(strings.TrimSpace(fmt.Sprintf("%s %s", c.status, c.text)) + flakyNote(&c))
			}
		default:
			one.Skipped = &junitText{Message: j.clean(c.status + ": " + c.text)}
			suite.Skipped++
			doc.Skipped++
		}
		took += c.took
		suite.Cases, suite.Time = append(suite.Cases, one), seconds(took)
		suite.Tests++
		doc.Tests++
	}
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(b)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		b.Reset() // a struct of texts is always encoded
		return
	}
	b.WriteByte('\n')
}

func flakyNote(c *oneCase) string {
	if !c.flaky {
		return ""
	}
	return fmt.Sprintf(" (flaky: asked %d times)", c.attempts)
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

func timestamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05")
}

// TAP writes TAP 14: a test point for each instance, with its why as YAML.
func TAP(b *bytes.Buffer, j *Account) {
	escape := strings.NewReplacer(`\`, `\\`, "#", `\#`)
	all := cases(j)
	fmt.Fprintf(b, "TAP version 14\n1..%d\n", len(all))
	for i, c := range all {
		ok, skip := "ok", ""
		switch c.outcome {
		case gate.Failed, gate.Unknown:
			ok = "not ok"
		case gate.Passed:
		default:
			skip = " # SKIP " + c.status
		}
		fmt.Fprintf(b, "%s %d - %s%s\n", ok, i+1, escape.Replace(j.clean(c.suite+"/"+c.name)), skip)
		if c.text == "" && !c.flaky {
			continue
		}
		b.WriteString("  ---\n")
		for _, f := range [][2]string{{"status", c.status}, {"reason", c.reason}, {"detail", strings.TrimSpace(j.clean(c.text + flakyNote(&c)))}} {
			fmt.Fprintf(b, "  %s: %s\n", f[0], data.Scalar(f[1], j.ASCII))
		}
		b.WriteString("  ...\n")
	}
	b.WriteString("# " + j.clean(j.Title) + "\n")
}
