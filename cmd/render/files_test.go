package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// TestOnePlaceUnderTwoNames: the second report once overwrote the first in silence.
func TestOnePlaceUnderTwoNames(t *testing.T) {
	for _, second := range []string{"check.xml", "./check.xml", "x/../check.xml", ".//check.xml"} {
		if _, err := render.ParseReports([]string{"junit=check.xml", "tap=" + second}, false); err == nil || !strings.Contains(err.Error(), "one place") {
			t.Errorf("%s: %v", second, err)
		}
	}
	if got, err := render.ParseReports([]string{"junit=check.xml", "tap=x/check.xml", "github=-"}, true); err != nil || len(got) != 3 {
		t.Errorf("three places: %v, %v", got, err)
	}
}

// TestSummaryIsAppended: every step of a job adds to one summary; none takes the
// others' away.
func TestSummaryIsAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary.md")
	for n := 1; n <= 3; n++ {
		io, _, _ := device{}.open()
		if err := render.ReportGitHub(io, render.Options{Now: at}, judged(broken(), gate.Rules{}), path); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil || strings.Count(string(b), "### midwatch: ✗ not well\n") != n || !strings.HasSuffix(string(b), "\n\n") {
			t.Errorf("after %d: %v\n%s", n, err, b)
		}
	}
}
