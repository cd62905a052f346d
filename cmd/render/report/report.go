// Package report writes a verdict in the forms of build systems and monitoring:
// JUnit, TAP, Nagios, the Prometheus exposition, Markdown, and annotations of
// GitHub Actions. Texts are cleaned here, and escaped as each form wants it; a
// report is saved whole or not at all.
package report

import (
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// Account is a verdict with the words it is told in.
type Account struct {
	Snapshot *fleet.Snapshot // never nil
	Verdict  gate.Verdict
	ExitCode int
	Title    string   // one sentence: what it comes to
	Rows     []Row    // services that are not well, roots first
	Notes    []string // what must be said beside them: ignored, flaky, stale registries
	Hint     string   // what to do next; empty: nothing
	ASCII    bool
}

// Row is a service that is not well.
type Row struct {
	Ref            fleet.Ref
	Status         fleet.Status
	Serving, Total int
	Why            string
	Under          []string // who waits for it
	Root           bool     // it is a cause
}

// Up is how many of how many serve: 1/3.
func (r *Row) Up() string { return fmt.Sprintf("%d/%d", r.Serving, r.Total) }

// clean makes any text one harmless line.
func (j *Account) clean(s string) string {
	s = term.Clean(s)
	if j.ASCII {
		s = term.ASCII(s)
	}
	return s
}

// Status is the verdict as a status, for its sign and colour.
func (j *Account) Status() fleet.Status {
	switch {
	case j.Verdict.Outcome == gate.Failed:
		return fleet.Down
	case j.Verdict.Outcome != gate.Passed:
		return fleet.Unknown
	case j.Verdict.Degraded > 0:
		return fleet.Degraded
	}
	return fleet.Up
}

// Sign is the symbol of a status.
func Sign(s fleet.Status) string {
	signs := [...]string{fleet.StatusNone: " ", fleet.Up: "✓", fleet.Maintenance: "–", fleet.Unknown: "?", fleet.Degraded: "!", fleet.Down: "✗"}
	return signs[s]
}

// State is how a monitoring plug-in ends: 0 OK, 1 WARNING (passed, with
// something degraded), 2 CRITICAL, 3 UNKNOWN.
func State(exitCode int, v gate.Verdict) int {
	switch {
	case exitCode == 0 && v.Degraded > 0:
		return 1
	case exitCode == 0:
		return 0
	case v.Outcome == gate.Unknown:
		return 3
	}
	return 2
}

// InWords is a reason with its detail. The vantage is said once, of its
// registry, and not again of each instance.
func InWords(w fleet.Why) string {
	word := strings.ReplaceAll(string(w.Reason), "_", " ")
	switch {
	case w.Reason == fleet.ReasonVantage:
		return "not reached from here"
	case w.Detail == "" || w.Detail == word:
		return word
	case word == "" || strings.Contains(w.Detail, word):
		return w.Detail
	}
	return word + ": " + w.Detail
}

// findings is the first finding about each key.
func findings(v *gate.Verdict) map[fleet.Key]gate.Finding {
	found := make(map[fleet.Key]gate.Finding, len(v.Findings))
	for _, f := range v.Findings {
		if _, ok := found[f.Key]; !ok {
			found[f.Key] = f
		}
	}
	return found
}
