package app_test

import (
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
)

// TestDefaults holds the numbers that conventions promise.
func TestDefaults(t *testing.T) {
	want := map[string]string{
		"probe":      "dial 1s, whole 2s, 4s over all attempts",
		"slow":       "1s",
		"attempts":   "2, 200ms apart with jitter",
		"parallel":   "256 for the command, 4 per host address",
		"interval":   "5s with 20% jitter; 2s in wait",
		"registry":   "watched where it can be, else at most every 5s",
		"taking out": "50%",
		"grace":      "30s",
		"clock":      "2s",
		"in CI":      "a line every 30s, at most 10 annotations",
		"signals":    "130, 143, 129",
	}
	for _, d := range app.DefaultsTable() {
		if w, ok := want[d.What]; ok && d.Value != w {
			t.Errorf("%s is %q, want %q", d.What, d.Value, w)
		}
		delete(want, d.What)
		if d.What == "" || d.Value == "" || d.Meaning == "" {
			t.Errorf("an empty cell: %+v", d)
		}
	}
	if len(want) != 0 {
		t.Errorf("not in the table: %v", want)
	}
}
