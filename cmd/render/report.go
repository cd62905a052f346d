package render

import "github.com/midwatch-cli/midwatch/cmd/term"

// Report is a further report beside what the screen shows.
type Report struct {
	Kind Format
	Path string // "-" is standard output
}

// ParseReports reads the values of --report, each KIND=PATH. At most one may go
// to standard output, and none where the screen does already.
func ParseReports(values []string, quiet bool) ([]Report, error) { return nil, nil }

// WriteReports writes the reports of a verdict. A file appears whole or not at
// all.
func WriteReports(t *term.IO, o Options, reports []Report, j Judged) error { return nil }

// ReportGitHub writes what is on by default in GitHub Actions: annotations on
// standard error and, where summaryPath (GITHUB_STEP_SUMMARY) is not empty, the
// job summary.
func ReportGitHub(t *term.IO, o Options, j Judged, summaryPath string) error { return nil }
