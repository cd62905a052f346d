package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// Judged is an answer that comes to a verdict: of check, of wait.
type Judged struct {
	Document document.CheckDoc
	Snapshot *fleet.Snapshot // nil is an empty fleet
	Verdict  gate.Verdict
	ExitCode int
	Title    string   // one line that says what it comes to; empty: made from the counts
	Explain  bool     // how each instance was asked, below the table
	Hint     string   // what to do next; empty: the first finding's, or one made from the roots
	Lines    []string // table, wide: these lines instead of check's screen, as wait has them
}

// Verdict writes a verdict in any format; nothing when the streams are quiet.
// In GitHub's own the annotations go to standard error.
func Verdict(t *term.IO, o Options, j Judged) error {
	if t.Quiet {
		return nil
	}
	if j.Snapshot == nil {
		j.Snapshot = &fleet.Snapshot{}
	}
	if done, err := writeData(t, o, j.Document, func() []string { return keys(j.Snapshot) }); done {
		return err
	}
	p := newPen(t, o)
	var b bytes.Buffer
	if write := reports(o.Format); write != nil {
		write(&b, j.account(p))
		_, err := io.WriteString(t.Out, term.UnlinkLines(b.String()))
		return err
	}
	if o.Format == FormatGitHub {
		report.Annotations(&b, j.account(p))
		if _, err := t.Err.Write(b.Bytes()); err != nil {
			return err
		}
		_, err := io.WriteString(t.Out, p.line(j.title()))
		return err
	}
	return screen(t, p, o, &j)
}

// reports is the table of formats that are one text for a program; nil for the
// others.
func reports(f Format) func(*bytes.Buffer, *report.Account) {
	switch f {
	case FormatJUnit:
		return report.JUnit
	case FormatTAP:
		return report.TAP
	case FormatNagios:
		return report.Nagios
	case FormatPrometheus:
		return report.Prometheus
	case FormatMarkdown:
		return report.Markdown
	}
	return nil
}

// account is the verdict in words, as reports take it.
func (j *Judged) account(p *pen) *report.Account {
	if j.Snapshot == nil {
		j.Snapshot = &fleet.Snapshot{}
	}
	return &report.Account{
		Snapshot: j.Snapshot, Verdict: j.Verdict, ExitCode: j.ExitCode, Title: j.title(), Rows: rows(p, j.Snapshot, false),
		Notes: aside(p, j), Hint: j.nextHint(), ASCII: p.ascii,
	}
}

// keys are the instances of a snapshot as midwatch accepts them back.
func keys(s *fleet.Snapshot) []string {
	var names []string
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			names = append(names, s.Services[i].Instances[j].Key.String())
		}
	}
	return names
}

// title is what a verdict comes to, in one sentence.
func (j *Judged) title() string {
	f := j.Verdict.Findings
	switch {
	case j.Title != "":
		return j.Title
	case len(j.Snapshot.Services) == 0 && len(f) == 0 && len(j.Verdict.Queries) > 0:
		return plural(len(j.Verdict.Queries), "expression") + ", none holds"
	case len(j.Snapshot.Services) == 0 && len(f) > 0:
		return f[0].Text + more(len(f)-1)
	case j.Verdict.Headline != "":
		return j.Verdict.Headline + ": " + Summary(j.Snapshot)
	case report.Decisive(&j.Verdict) != "":
		return report.Decisive(&j.Verdict) + "; " + Summary(j.Snapshot)
	}
	return Summary(j.Snapshot)
}

// hint is the one next action: about what decided, then about a root, then about
// anything else.
func (j *Judged) hint() string {
	if j.Hint != "" {
		return j.Hint
	}
	found := func(decided bool) string {
		for _, f := range j.Verdict.Findings {
			if f.Hint != "" && (!decided || f.Outcome == j.Verdict.Outcome) {
				return f.Hint
			}
		}
		return ""
	}
	if h := found(true); h != "" {
		return h
	}
	s := j.Snapshot
	if len(s.Roots) > 0 {
		name := s.Roots[0].Ref.Name
		if !copyable(name) {
			return "midwatch instances -o wide"
		}
		return "midwatch instances " + name + " -o wide · midwatch doctor " + name + accusing(s)
	}
	for i := range s.Services {
		switch name := s.Services[i].Name; {
		case s.Services[i].Status != fleet.Unknown:
		case copyable(name):
			return "midwatch check --explain " + name
		default:
			return "midwatch check --explain"
		}
	}
	return found(false)
}

// accusing is a further action where breakers that are open are evidence: behind
// others, or nothing.
func accusing(s *fleet.Snapshot) string {
	for i := range s.Services {
		for _, r := range fleet.Refusals(s.Services[i].Instances) {
			if address := s.Services[i].Name + "/" + r.Name; copyable(address) {
				return " · midwatch breakers show " + address
			}
		}
	}
	return ""
}

// copyable says that a name can stand in a command line that people copy: to a
// shell it is one word and nothing else.
func copyable(name string) bool {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/:@", r)
	}
	return name != "" && name[0] != '-' && !strings.ContainsFunc(name, func(r rune) bool { return !plain(r) })
}

// status is the verdict as a status, for its sign and colour.
func (j *Judged) status() fleet.Status {
	return (&report.Account{Verdict: j.Verdict}).Status()
}

// NagiosState is how a monitoring plug-in ends: 0 OK, 1 WARNING (passed, with
// something degraded), 2 CRITICAL, 3 UNKNOWN. The line of -o nagios begins with
// the same word.
func NagiosState(exitCode int, v gate.Verdict) int { return report.State(exitCode, v) }

// Summary is the sentence that says what was looked at:
// "14 instances of 6 services: 13 up, 1 down (13 of 14 answered)".
func Summary(s *fleet.Snapshot) string {
	c := s.Counts()
	if c.Instances == 0 {
		return "no instances of " + plural(c.Services, "service")
	}
	return fmt.Sprintf("%s of %s: %s (%d of %d answered)", plural(c.Instances, "instance"), plural(c.Services, "service"), tally(c), c.Answered, c.Instances)
}

// tally is the statuses that occur, with their numbers.
func tally(c fleet.Counts) string {
	var parts []string
	for _, one := range []struct {
		n    int
		word string
	}{{c.Up, "up"}, {c.Degraded, "degraded"}, {c.Down, "down"}, {c.Unknown, "unknown"}, {c.Maintenance, "in maintenance"}} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.word))
		}
	}
	return strings.Join(parts, ", ")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
