package cmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

// between replaces what stands between a mark and the end mark after it.
func between(t *testing.T, text, mark, want string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "<!-- "+mark)
	if !ok {
		t.Fatalf("no mark %s", mark)
	}
	line, rest, _ := strings.Cut(rest, "\n")
	_, after, ok := strings.Cut(rest, "<!-- end -->")
	if !ok {
		t.Fatalf("no end of %s", mark)
	}
	before, _, _ := strings.Cut(text, "<!-- "+mark)
	return before + "<!-- " + mark + line + "\n" + want + "<!-- end -->" + after
}

// TestDocsRed: the page says what each signature gives, why numbers are missing,
// and which series there are.
func TestDocsRed(t *testing.T) {
	var signatures, reasons strings.Builder
	signatures.WriteString("| signature | stack | calls | errors | durations | names are from |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, s := range signature.Table() {
		g := s.Gives()
		stack := s.Stack
		if s.View != "" {
			stack += ", a view beside the one above"
		}
		fmt.Fprintf(&signatures, "| `%s` | %s | %s | %s | %s | %s |\n", s.Name, stack, g.Calls, g.Errors, g.Durations, s.Source)
	}
	reasons.WriteString("| n/a because | what it means |\n| --- | --- |\n")
	for _, r := range red.Reasons() {
		fmt.Fprintf(&reasons, "| %s | %s |\n", r.Why, r.Meaning)
	}
	text := page(t, "docs/red.md")
	want := between(t, between(t, text, "signatures", signatures.String()), "reasons", reasons.String())
	if *update {
		if err := os.WriteFile(filepath.Join("..", "docs", "red.md"), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if text != want {
		t.Error("docs/red.md is not what the code says: go test ./cmd -run TestDocsRed -update")
	}
	for _, name := range []string{
		red.SeriesRequestRate, red.SeriesErrorRatio, red.SeriesClientErrors, red.SeriesLatency,
		red.InstanceRequestRate, red.InstanceErrorRatio, red.InstanceClientErrors, red.InstanceLatency,
	} {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("docs/red.md lacks the series %s", name)
		}
	}
}
