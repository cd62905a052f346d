package render

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/cmd/term"
)

// Report is a further report beside what the screen shows.
type Report struct {
	Kind Format
	Path string // "-" is standard output
}

// ParseReports reads the values of --report, each KIND=PATH. Only one may go to
// standard output, and only where nothing else does: with -q.
func ParseReports(values []string, quiet bool) ([]Report, error) {
	var reports []Report
	for _, v := range values {
		kind, path, ok := strings.Cut(v, "=")
		r := Report{Format(kind), path}
		switch {
		case !ok || path == "":
			return nil, fmt.Errorf("--report %q: want KIND=PATH, such as junit=check.xml", term.Clean(v))
		case !slices.Contains(Formats(true), r.Kind):
			return nil, fmt.Errorf("--report %q: a report is %s", term.Clean(v), words(Formats(true)))
		case path == "-" && !quiet:
			return nil, fmt.Errorf("--report %s: standard output holds the answer already: use -o %s, or -q with it", term.Clean(v), kind)
		case slices.ContainsFunc(reports, func(o Report) bool { return filepath.Clean(o.Path) == filepath.Clean(path) }):
			return nil, fmt.Errorf("--report %s: two reports cannot go to one place", term.Clean(v))
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// WriteReports writes the reports of a verdict. A file appears whole or not at
// all; one that cannot be written does not keep the others from it.
func WriteReports(t *term.IO, o Options, reports []Report, j Judged) error {
	var errs []error
	for _, r := range reports {
		var b bytes.Buffer
		file := term.File(&b)
		one := Options{Format: r.Kind, UTC: true, Now: o.Now}
		var err error
		if r.Kind == FormatGitHub {
			report.Annotations(&b, j.account(newPen(file, one)))
		} else if err = Verdict(file, one, j); err != nil {
			errs = append(errs, err)
			continue
		}
		if r.Path == "-" {
			_, err = t.Out.Write(b.Bytes())
		} else {
			err = report.Save(r.Path, b.Bytes())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("--report %s: %w", term.Clean(string(r.Kind)+"="+r.Path), err))
		}
	}
	return errors.Join(errs...)
}

// ReportGitHub writes what is on by default in GitHub Actions: annotations on
// standard error and, where summaryPath (GITHUB_STEP_SUMMARY) is not empty, the
// job summary at the end of that file.
func ReportGitHub(t *term.IO, o Options, j Judged, summaryPath string) error {
	account := j.account(&pen{utc: true, now: o.Now})
	var b bytes.Buffer
	report.Annotations(&b, account)
	if _, err := t.Err.Write(b.Bytes()); err != nil || summaryPath == "" {
		return err
	}
	b.Reset()
	report.Markdown(&b, account)
	b.WriteByte('\n')
	return report.Append(summaryPath, []byte(term.UnlinkLines(b.String())))
}
