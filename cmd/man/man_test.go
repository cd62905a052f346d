package man_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/app/build"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/man"
)

// release makes pages of a release, whose date does not change from day to day.
func release(a *app.App) {
	a.Build = build.Info{Version: "1.2.3", Date: "2026-01-02T03:04:05Z"}
}

func TestPage(t *testing.T) {
	r := cmdtest.Command{New: man.New, Prepare: release}.Run(t)
	if r.Err != nil || !strings.Contains(r.Out, `.TH "MIDWATCH" "1" "Jan 2026" "midwatch 1.2.3" "midwatch"`) {
		t.Errorf("ended with %v:\n%.300s", r.Err, r.Out)
	}
	if strings.Contains(r.Out, "Auto generated") {
		t.Error("says how it was made")
	}
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "share", "man1")
	r := cmdtest.Command{New: man.New, Prepare: release}.Run(t, "--dir", dir)
	if r.Err != nil || r.Out != "" {
		t.Fatalf("ended with %v and %q", r.Err, r.Out)
	}
	for _, name := range []string{"midwatch.1", "midwatch-man.1"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(data), "Jan 2026") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFolderInTheWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{path, filepath.Join(path, "below")} {
		r := cmdtest.Command{New: man.New}.Run(t, "--dir", dir)
		if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), "--dir: ") {
			t.Errorf("%s: ended with %d, %v", dir, r.Code(), r.Err)
		}
	}
}
