package replay_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// TestMoments: whatever people call a time, in a recording that goes over
// midnight.
func TestMoments(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	w, err := record.Create(path, line.Header{Contexts: []string{""}}, false)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 1, 2, 23, 50, 0, 500_000_000, time.UTC)
	for i := range 31 {
		if err := w.Pass(record.Pass{Snapshot: &fleet.Snapshot{Seq: uint64(i + 1), At: begin.Add(time.Duration(i) * time.Minute)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(begin, ""); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"":                          "2026-01-03T00:20:00.500Z",
		"+0s":                       "2026-01-02T23:50:00.500Z",
		"+90s":                      "2026-01-02T23:51:00.500Z",
		"-10m":                      "2026-01-03T00:10:00.500Z",
		"-0s":                       "2026-01-03T00:20:00.500Z",
		"2026-01-03T00:00:00Z":      "2026-01-02T23:59:00.500Z",
		"2026-01-03T01:05:01+01:00": "2026-01-03T00:05:00.500Z",
		"2026-01-03T00:05Z":         "2026-01-03T00:04:00.500Z",
		"23:55":                     "2026-01-02T23:54:00.500Z",
		"23:50:00":                  "2026-01-02T23:50:00.500Z", // half a second before its first pass, in the same second
		"00:10:01":                  "2026-01-03T00:10:00.500Z",
		"23:49":                     "does not reach there",
		"+31m":                      "does not reach there",
		"-1h":                       "does not reach there",
		"5m":                        "no time",
		"yesterday":                 "no time",
		"25:00":                     "no time",
		"+":                         "no time",
	} {
		args := []string{"replay", path, "--utc"}
		if at != "" {
			args = append(args, "--at", at)
		}
		r := run(t, append(args, "--", "check", "--jq", ".at")...)
		if got := strings.TrimSpace(r.out); got != want && (r.code != 2 || !strings.Contains(r.errs, want)) {
			t.Errorf("--at %q: %q, %d %s; want %s", at, got, r.code, r.errs, want)
		}
	}
}
