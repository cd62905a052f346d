package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
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
	if j.Snapshot == nil {
		j.Snapshot = &fleet.Snapshot{}
	}
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
			err = writeFile(r.Path, b.Bytes())
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
	if j.Snapshot == nil {
		j.Snapshot = &fleet.Snapshot{}
	}
	account := j.account(&pen{utc: true, now: o.Now})
	var b bytes.Buffer
	report.Annotations(&b, account)
	if _, err := t.Err.Write(b.Bytes()); err != nil || summaryPath == "" {
		return err
	}
	b.Reset()
	report.Markdown(&b, account)
	b.WriteByte('\n')
	return appendFile(summaryPath, []byte(term.UnlinkLines(b.String())))
}

// writeFile writes beside the file and then puts it in its place, so that
// nobody ever reads half of it. What is no plain file (a pipe, a terminal, a
// device) is written to directly; a link is followed.
func writeFile(path string, data []byte) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	old, there := os.Stat(path)
	if there == nil && !old.Mode().IsRegular() {
		return appendFile(path, data)
	}
	f, err := createBeside(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if there == nil {
		err = errors.Join(err, f.Chmod(old.Mode().Perm()))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// createBeside makes a new file in the folder of another, open to whom the umask
// lets. Its errors do not speak of a name that nobody gave.
func createBeside(path string) (*os.File, error) {
	for {
		name := fmt.Sprintf(".%s.%08x", filepath.Base(path), rand.Uint32())
		f, err := os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if known := (*fs.PathError)(nil); errors.As(err, &known) {
			err = known.Err
		}
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// appendFile writes at the end of a file.
func appendFile(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
