package render

import (
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// Judged is an answer that comes to a verdict: of check, of wait.
type Judged struct {
	Document document.CheckDoc
	Snapshot *fleet.Snapshot // never nil
	Verdict  gate.Verdict
	ExitCode int
	Title    string   // one line that says what it comes to; empty: made from the counts
	Explain  bool     // how each instance was asked, below the table
	Hint     string   // what to do next; empty: the first finding's, or one made from the roots
	Lines    []string // table, wide: these lines instead of check's screen, as wait has them
}

// Verdict writes a verdict in any format. In GitHub's own the annotations go to
// standard error.
func Verdict(t *term.IO, o Options, j Judged) error { return nil }

// NagiosState is how a monitoring plug-in ends: 0 OK, 1 WARNING (passed, with
// something degraded), 2 CRITICAL, 3 UNKNOWN. The line of -o nagios begins with
// the same word.
func NagiosState(exitCode int, v gate.Verdict) int { return 3 }

// Summary is the sentence that says what was looked at:
// "14 instances of 6 services: 13 up, 1 down (13 of 14 answered)".
func Summary(s *fleet.Snapshot) string { return "" }
