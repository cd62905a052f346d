package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

func TestParseReports(t *testing.T) {
	for _, c := range []struct {
		values []string
		quiet  bool
		want   string // a part of the error; empty: none
	}{
		{nil, false, ""},
		{[]string{"junit=a.xml", "markdown=b.md"}, false, ""},
		{[]string{"junit=a=b.xml"}, false, ""},
		{[]string{"junit"}, false, "KIND=PATH"},
		{[]string{"junit="}, false, "KIND=PATH"},
		{[]string{"=x"}, false, "a report is table"},
		{[]string{"word=x"}, false, "a report is table"},
		{[]string{"junit=-"}, false, "-o junit"},
		{[]string{"junit=-"}, true, ""},
		{[]string{"junit=-", "tap=-"}, true, "one place"},
		{[]string{"junit=a", "tap=a"}, false, "one place"},
		{[]string{"\x1b=x"}, false, `\x1b`},
	} {
		got, err := render.ParseReports(c.values, c.quiet)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || err == nil && len(got) != len(c.values) {
			t.Errorf("%q: got %v, %v; want %q", c.values, got, err, c.want)
		}
	}
}

func TestWriteReports(t *testing.T) {
	dir := t.TempDir()
	j := judged(broken(), gate.Rules{})
	var reports []render.Report
	for _, f := range render.Formats(true) {
		reports = append(reports, render.Report{Kind: f, Path: filepath.Join(dir, string(f))})
	}
	io, out, errw := device{width: 80, color: true}.open()
	if err := render.WriteReports(io, render.Options{Now: at}, reports, j); err != nil {
		t.Fatal(err)
	}
	if out.Len()+errw.Len() > 0 {
		t.Errorf("the screen shows %q %q", out, errw)
	}
	for _, f := range render.Formats(true) {
		got, err := os.ReadFile(filepath.Join(dir, string(f)))
		if err != nil {
			t.Fatal(err)
		}
		want := written(t, render.Options{Format: f}, j)
		if f == render.FormatGitHub {
			if !strings.HasPrefix(string(got), "::error title=payment is down::") {
				t.Errorf("github: %q", got)
			}
			continue
		}
		if string(got) != want {
			t.Errorf("%s differs from what -o writes:\n%s", f, got)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestReportToStandardOutput(t *testing.T) {
	io, out, _ := device{}.open()
	io.Quiet = true
	j := judged(well(), gate.Rules{})
	if err := render.WriteReports(io, render.Options{}, []render.Report{{Kind: render.FormatTAP, Path: "-"}}, j); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "TAP version 14\n") {
		t.Errorf("got %q", out)
	}
}

func TestReportReplacesAFile(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "report.xml"), filepath.Join(dir, "link.xml")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	io, _, _ := device{}.open()
	if err := render.WriteReports(io, render.Options{}, []render.Report{{Kind: render.FormatJUnit, Path: link}}, judged(well(), gate.Rules{})); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o600 || info.Size() < 100 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}

func TestReportToADevice(t *testing.T) {
	io, _, _ := device{}.open()
	if err := render.WriteReports(io, render.Options{}, []render.Report{{Kind: render.FormatJUnit, Path: os.DevNull}}, judged(well(), gate.Rules{})); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("the device is %v, %v", info, err)
	}
}

func TestOneBadReportKeepsNoOther(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.xml")
	io, _, _ := device{}.open()
	err := render.WriteReports(io, render.Options{}, []render.Report{
		{Kind: render.FormatJUnit, Path: filepath.Join(dir, "no", "such", "folder.xml")}, {Kind: render.FormatJUnit, Path: good},
	}, judged(well(), gate.Rules{}))
	if err == nil || !strings.Contains(err.Error(), "--report junit=") {
		t.Errorf("got %v, want an error that names the report", err)
	}
	if _, err := os.Stat(good); err != nil {
		t.Error(err)
	}
}

func TestReportGitHub(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary.md")
	if err := os.WriteFile(path, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	io, out, errw := device{}.open()
	j := judged(broken(), gate.Rules{})
	if err := render.ReportGitHub(io, render.Options{Now: at}, j, path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n" + written(t, render.Options{Format: render.FormatMarkdown}, j) + "\n"; string(got) != want {
		t.Errorf("the summary is\n%s\nwant\n%s", got, want)
	}
	if out.Len() > 0 || !strings.HasPrefix(errw.String(), "::error title=payment is down::") {
		t.Errorf("streams: %q, %q", out, errw)
	}
	if err := render.ReportGitHub(io, render.Options{}, j, filepath.Join(path, "x")); err == nil {
		t.Error("a summary that cannot be written is no error")
	}
	if err := render.ReportGitHub(io, render.Options{}, render.Judged{}, ""); err != nil {
		t.Error(err)
	}
}

func TestStreamErrorsAreTold(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Close() }()
	for _, f := range render.Formats(true) {
		io, _, _ := device{}.open()
		io.Out, io.Err = full, full
		if err := render.Verdict(io, render.Options{Format: f}, judged(broken(), gate.Rules{})); err == nil {
			t.Errorf("%s: a full disk is no error", f)
		}
	}
	io, _, _ := device{}.open()
	io.Out = full
	if err := render.Write(io, render.Options{}, sample()); err == nil {
		t.Error("a full disk is no error")
	}
	if err := render.Line(io, render.Options{}, 1); err == nil {
		t.Error("a full disk is no error")
	}
}
