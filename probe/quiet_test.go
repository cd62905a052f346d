package probe_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"google.golang.org/grpc/grpclog"

	"github.com/midwatch-cli/midwatch/probe"
)

// TestQuiet: what gRPC logs of a peer never reaches the terminal. Its log is one
// of the process, so it is looked at in a process of its own.
func TestQuiet(t *testing.T) {
	const env = "MIDWATCH_PROBE_TEST_QUIET"
	switch os.Getenv(env) {
	case "quiet":
		probe.Quiet()
		fallthrough
	case "loud":
		grpclog.Component("transport").Error("debug data equal to \x1b[2J")
		return
	}
	for mode, want := range map[string]bool{"loud": true, "quiet": false} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestQuiet$")
		cmd.Env = append(os.Environ(), env+"="+mode)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", mode, err, out)
		}
		if got := strings.Contains(string(out), "debug data"); got != want {
			t.Errorf("%s: logged %v, want %v:\n%s", mode, got, want, out)
		}
	}
}
