package wait_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/wait"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run waits with short intervals, for a short time where args do not say else.
func run(t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	return cmdtest.Command{New: wait.New}.Run(t, append([]string{"--interval", "100ms", "--timeout", "1s"}, args...)...)
}

const long = "--timeout=20s"

// turns is a service that is well from its n-th answer on.
func turns(t *testing.T, n int64) string {
	t.Helper()
	var asked atomic.Int64
	return cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if asked.Add(1) < n {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"status":"DOWN"}`))
			return
		}
		_, _ = w.Write([]byte(`{"status":"UP"}`))
	})
}

func TestEnds(t *testing.T) {
	up, down := cmdtest.Up(t), cmdtest.Health(t, 503, `{"status":"DOWN"}`)
	leaving := cmdtest.Health(t, 503, `{"status":"OUT_OF_SERVICE"}`)
	url := cmdtest.Inventory(t, "well 1="+up+" 2="+up, "half 1="+up+" 2="+down, "ill 1="+down, "leaving 1="+leaving, "empty")
	for _, tt := range []struct {
		args string
		code app.Code
		says string
	}{
		{"well", app.OK, "well: 2/2 up"},
		{"well --min-instances 2", app.OK, ""},
		{"well --min-instances 3", app.TimedOut, "2 instances of 3"},
		{"half", app.TimedOut, "half: 1/2 up"},
		{"half --min-healthy 1", app.OK, ""},
		{"half --min-healthy 50%", app.OK, ""},
		{"half --min-healthy 51%", app.TimedOut, ""},
		{"half --fail-on down", app.NotWell, "half/2 is down"},
		{"ill --for down", app.OK, "ill: 1/1 down"},
		{"half --for down", app.TimedOut, "1/2 down"},
		{"leaving --for drained --grace 0s", app.OK, "1/1 drained"},
		{"leaving --for drained", app.TimedOut, "1/1 drained for 1s of 30s"},
		{"leaving --fail-on maintenance", app.NotWell, ""},
		{"well --for count=2", app.OK, ""},
		{"well --for count=3", app.TimedOut, "2 of 3 instances"},
		{"well --for gone", app.TimedOut, "2 still registered"},
		{"empty --for gone --ok-if-absent", app.OK, "empty: gone"},
		{"never --for gone --ok-if-absent", app.OK, ""},
		{"wel", app.TimedOut, "wel never appeared"},
		{"wel --must-exist", app.CannotSay, "no such service: wel"},
		{"well --must-exist", app.OK, ""},
		{"well --stable-for 200ms", app.OK, "well: 2/2 up for 200ms"},
		{"well --stable-for 20s", app.TimedOut, ""},
		{"well --consecutive 2", app.OK, ""},
		{"well ill", app.TimedOut, "ill: 0/1 up"},
		{"well --exit-zero", app.OK, ""},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"--registry", url}, strings.Fields(tt.args)...)
			if tt.code != app.TimedOut {
				args = append(args, long)
			}
			r := run(t, args...)
			if r.Code() != tt.code || !strings.Contains(r.Out, tt.says) {
				t.Errorf("ended with %d (%v), want %d and %q:\n%s%s", r.Code(), r.Err, tt.code, tt.says, r.Out, r.Errs)
			}
		})
	}
}

func TestWrongUsage(t *testing.T) {
	for _, tt := range []struct{ args, says string }{
		{"--for well", `--for "well"`},
		{"--for count=x", "count=3"},
		{"--for version=", "version=2.4.1"},
		{"--for gone=1", "takes no value"},
		{"--min-healthy lots", "--min-healthy"},
		{"--min-instances -2", "--min-instances -2"},
		{"--fail-on up", `--fail-on "up"`},
		{"--fail-on sick", `--fail-on "sick"`},
		{"--stable-for -1s", "must not be negative"},
		{"--grace -1s", "must not be negative"},
		{"--consecutive 0", "must be at least 1"},
		{"--interval 1ms", "--interval"},
		{"--report x", "--report"},
		{"[a", "[a"},
		{"-o cvs", "-o cvs"},
	} {
		r := run(t, append([]string{"--registry", "file:///nowhere"}, strings.Fields(tt.args)...)...)
		if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), tt.says) {
			t.Errorf("%s: ended with %d, %v; want 2 and %q", tt.args, r.Code(), r.Err, tt.says)
		}
	}
}

func TestUntilItIsSo(t *testing.T) {
	r := run(t, "--registry", cmdtest.Inventory(t, "pay 1="+turns(t, 30)), long, "-o", "json")
	var doc struct {
		ExitCode int
		Wait     struct {
			For    string
			Done   bool
			Passes int
		}
	}
	if err := json.Unmarshal([]byte(r.Out), &doc); err != nil {
		t.Fatalf("%v: %s%s", err, r.Out, r.Errs)
	}
	if r.Err != nil || doc.ExitCode != 0 || !doc.Wait.Done || doc.Wait.For != "up" || doc.Wait.Passes != 1 {
		t.Errorf("ended with %v and %+v", r.Err, doc)
	}
}

// TestGoneWhileWatched: gone holds for what this command has seen.
func TestGoneWhileWatched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	asked := make(chan struct{}, 1)
	addr := cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		w.WriteHeader(http.StatusNotFound)
	})
	cmdtest.Write(t, path, "pay 1="+addr)
	done := make(chan cmdtest.Result)
	go func() { done <- run(t, "pay", "--for", "gone", "--registry", "file://"+path, long) }()
	<-asked
	<-asked // the first pass is over when it is asked again
	cmdtest.Write(t, path, "other")
	if r := <-done; r.Code() != app.OK || !strings.Contains(r.Out, "pay: gone") {
		t.Errorf("ended with %d: %s%s", r.Code(), r.Out, r.Errs)
	}
}

// TestSilentRegistry: a service that cannot be found because its registry does
// not answer is not one that never appeared.
func TestSilentRegistry(t *testing.T) {
	r := run(t, "pay", "--registry", "etcd://"+cmdtest.Closed(t))
	if r.Code() != app.TimedOut || strings.Contains(r.Out, "never appeared") || !strings.Contains(r.Out, "registry etcd") {
		t.Errorf("ended with %d: %s%s", r.Code(), r.Out, r.Errs)
	}
}

// TestNothingFinished: where time runs out in the first look, nothing is said of
// services.
func TestNothingFinished(t *testing.T) {
	addr := cmdtest.Handler(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	url := cmdtest.Inventory(t, "pay 1="+addr)
	r := cmdtest.Command{New: wait.New}.Run(t, "pay", "other", "--timeout", "300ms", "--registry", url)
	if r.Code() != app.TimedOut || !strings.Contains(r.Out, "not one look at the fleet was finished") || strings.Contains(r.Out, "never appeared") {
		t.Errorf("ended with %d: %s%s", r.Code(), r.Out, r.Errs)
	}
}

// TestWrongFileEndsAtOnce: nobody waits for a file that has to be corrected.
func TestWrongFileEndsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	if err := os.WriteFile(path, []byte("services: [}"), 0o600); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	r := run(t, "--registry", "file://"+path, long)
	if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), "fleet.yaml:1") {
		t.Errorf("ended with %d, %v", r.Code(), r.Err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestCancelled: who ends it gets no verdict.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	addr := cmdtest.Handler(t, func(http.ResponseWriter, *http.Request) { cancel() })
	c := cmdtest.Command{New: wait.New, Context: ctx}
	r := c.Run(t, "pay", "--interval", "100ms", "--registry", cmdtest.Inventory(t, "pay 1="+addr))
	if r.Err == nil || r.Out != "" {
		t.Errorf("ended with %v and %q", r.Err, r.Out)
	}
}

func TestReports(t *testing.T) {
	url := cmdtest.Inventory(t, "pay 1="+cmdtest.Closed(t))
	dir := t.TempDir()
	path := filepath.Join(dir, "wait.xml")
	if r := run(t, "pay", "--registry", url, "--report", "junit="+path, "-q"); r.Code() != app.TimedOut || r.Out+r.Errs != "" {
		t.Errorf("ended with %d and %q", r.Code(), r.Out+r.Errs)
	}
	if data, err := os.ReadFile(path); err != nil || !strings.Contains(string(data), "<failure") {
		t.Errorf("%v\n%s", err, data)
	}
	if r := run(t, "pay", "--registry", url, "--report", "junit="+filepath.Join(dir, "none", "x")); r.Code() != app.Usage {
		t.Errorf("a report that cannot be written: ended with %d, %v", r.Code(), r.Err)
	}
	c := cmdtest.Command{New: wait.New, Prepare: func(a *app.App) { a.IO.CI = term.GitHub }}
	if r := c.Run(t, "pay", "--interval", "100ms", "--timeout", "1s", "--registry", url); !strings.Contains(r.Errs, "::error title=") {
		t.Errorf("no annotation:\n%s", r.Errs)
	}
}

// TestCompletes: the words of --for.
func TestCompletes(t *testing.T) {
	var cmd *cobra.Command
	cmdtest.Command{New: func(a *app.App) *cobra.Command {
		cmd = wait.New(a)
		return cmd
	}}.Run(t, "--help")
	complete, ok := cmd.GetFlagCompletionFunc("for")
	if !ok {
		t.Fatal("--for is not completed")
	}
	words, _ := complete(cmd, nil, "")
	if got := strings.Join(words, " "); got != "up down gone drained count= version=" {
		t.Errorf("offers %q", got)
	}
}
