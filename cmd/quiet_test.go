package cmd_test

import (
	"strings"
	"testing"
)

// TestQuietLeavesTheCodeOnly: -q is the same rule for every command, also where
// the text is the whole purpose, as of man and completion (a bug that was).
// Those that read a fleet are walked in TestSameCodeInEveryFormat. Help is not
// the answer of a command, and whoever asks for it wants it.
func TestQuietLeavesTheCodeOnly(t *testing.T) {
	for _, line := range []string{
		"man", "completion bash", "completion zsh", "completion fish", "completion powershell",
		"version", "schema", "schema Check", "registries", "config path", "config schema", "config show", "context list",
	} {
		want, loud, _ := run(t, strings.Fields(line)...)
		code, out, errs := run(t, append(strings.Fields(line), "-q")...)
		if code != want || out != "" || errs != "" {
			t.Errorf("%s -q: ended with %d (without -q %d) and printed %d bytes, %q", line, code, want, len(out), errs)
		}
		if want == 0 && loud == "" && line != "config show" {
			t.Errorf("%s: prints nothing without -q", line)
		}
	}
	dir := t.TempDir()
	if code, out, _ := run(t, "man", "--dir", dir, "-q"); code != 0 || out != "" {
		t.Errorf("man --dir -q: ended with %d and %q", code, out)
	}
}
