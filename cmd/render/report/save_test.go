//go:build unix

package report_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/render/report"
)

// TestReportsHeedTheUmask: what a fleet is made of is for whom its owner says. A
// report was once open to everyone.
func TestReportsHeedTheUmask(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	path := filepath.Join(t.TempDir(), "check.xml")
	if err := report.Save(path, []byte("a report")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o664); err != nil {
		t.Fatal(err)
	}
	if err := report.Save(path, []byte("a report")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o664 {
		t.Errorf("the file that was there is %v, %v", info.Mode(), err)
	}
}

// TestReportsThatCannotBeWritten: the error speaks of no name that nobody gave, and
// what was there stays.
func TestReportsThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	file, folder, loop := filepath.Join(dir, "file"), filepath.Join(dir, "folder"), filepath.Join(dir, "loop")
	if err := os.WriteFile(file, []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	for path, part := range map[string]string{
		filepath.Join(dir, "no", "such.xml"): "no such file or directory",
		filepath.Join(file, "below.xml"):     "not a directory",
		folder:                               "is a directory",
		"/dev/full":                          "no space left",
		filepath.Join(dir, strings.Repeat("n", 300)+".xml"): "file name too long",
	} {
		err := report.Save(path, []byte("a report"))
		if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), ".such.xml.") {
			t.Errorf("%s: got %v, want %q", path, err, part)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "kept" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	left, err := fs.Glob(os.DirFS(dir), ".*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestReportToANamedPipe: whoever reads at its other end gets the report.
func TestReportToANamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		b, err := os.ReadFile(path)
		if err != nil {
			b = []byte(err.Error())
		}
		got <- string(b)
	}()
	if err := report.Save(path, []byte("a report")); err != nil {
		t.Fatal(err)
	}
	if text := <-got; text != "a report" {
		t.Errorf("got %q", text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("the pipe is %v, %v", info.Mode(), err)
	}
}

// TestLinkToNowhere: the report takes the place of a link that leads nowhere.
func TestLinkToNowhere(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	if err := report.Save(link, []byte("a report")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(link); err != nil || string(b) != "a report" {
		t.Errorf("got %q, %v", b, err)
	}
}

// TestNobodyReadsHalf: a file is replaced as a whole; who has it open goes on
// reading what it was.
func TestNobodyReadsHalf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "check.json")
	if err := report.Save(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := report.Save(path, []byte("second, and longer")); err != nil {
		t.Fatal(err)
	}
	old := make([]byte, 100)
	if n, _ := f.Read(old); string(old[:n]) != "first" {
		t.Errorf("who reads meanwhile gets %q", old[:n])
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "second, and longer" {
		t.Errorf("who reads then gets %q, %v", b, err)
	}
}

func TestAppend(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "summary.md")
	for _, text := range []string{"a\n", "", "b\n"} {
		if err := report.Append(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "a\nb\n" {
		t.Errorf("got %q, %v", b, err)
	}
	if err := report.Append(dir, nil); err == nil {
		t.Error("a folder was written to")
	}
}
