package check_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/check"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/term"
)

func run(t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	return cmdtest.Command{New: check.New}.Run(t, append([]string{"--attempts", "1"}, args...)...)
}

// down is a body that says why.
const down = `{"status":"DOWN","components":{"db":{"status":"DOWN"}}}`

func TestVerdicts(t *testing.T) {
	up := cmdtest.Up(t)
	fleets := map[string]string{
		"well":     cmdtest.Inventory(t, "a 1="+up+" 2="+up),
		"down":     cmdtest.Inventory(t, "a 1="+up, "b 1="+cmdtest.Health(t, 503, down)),
		"refused":  cmdtest.Inventory(t, "a 1="+cmdtest.Closed(t)),
		"degraded": cmdtest.Inventory(t, "a 1="+cmdtest.Health(t, 200, `{"status":"degraded"}`)),
		"unknown":  cmdtest.Inventory(t, "a 1="+up, "b 1="+cmdtest.Health(t, 401, `{}`)),
		"leaving":  cmdtest.Inventory(t, "a 1="+cmdtest.Health(t, 503, `{"status":"OUT_OF_SERVICE"}`)),
		"empty":    cmdtest.Inventory(t, "a"),
		"nothing":  cmdtest.Inventory(t),
		"dead":     "etcd://" + cmdtest.Closed(t),
	}
	for _, tt := range []struct {
		fleet string
		args  string
		want  app.Code
		says  string // on either stream
	}{
		{"well", "", app.OK, "2 instances of 1 service: 2 up (2 of 2 answered)"},
		{"well", "a", app.OK, ""},
		{"well", "a b", app.CannotSay, "no such service: b"},
		{"well", "--min-instances 3", app.NotWell, "a has 2 instances, wanted 3"},
		{"down", "", app.NotWell, "db down"},
		{"down", "a", app.OK, ""},
		{"down", "--ignore b", app.OK, "1 ignored: b"},
		{"down", "--ignore b:reported", app.OK, "1 ignored: b:reported"},
		{"down", "--ignore b:timeout", app.NotWell, ""},
		{"refused", "", app.NotWell, "all down"},
		{"refused", "--ignore a", app.OK, ""},
		{"degraded", "", app.OK, "1 degraded"},
		{"degraded", "--fail-on degraded", app.NotWell, ""},
		{"unknown", "", app.CannotSay, "401"},
		{"unknown", "--max-unknown 1", app.OK, ""},
		{"unknown", "--max-unknown 50%", app.OK, ""},
		{"unknown", "--fail-on unknown", app.NotWell, ""},
		{"leaving", "", app.OK, "maintenance"},
		{"leaving", "--fail-on maintenance", app.NotWell, ""},
		{"empty", "", app.NotWell, "known but empty"},
		{"empty", "--min-instances 0", app.OK, ""},
		{"nothing", "", app.CannotSay, "no service matched"},
		{"dead", "", app.CannotSay, "refused"},
		{"dead", "-o json", app.CannotSay, `"errors":[{`},
	} {
		t.Run(tt.fleet+" "+tt.args, func(t *testing.T) {
			r := run(t, append(strings.Fields(tt.args), "--registry", fleets[tt.fleet])...)
			if r.Code() != tt.want {
				t.Errorf("ended with %d (%v), want %d\n%s%s", r.Code(), r.Err, tt.want, r.Out, r.Errs)
			}
			if !strings.Contains(r.Out+r.Errs, tt.says) {
				t.Errorf("does not say %q:\n%s%s", tt.says, r.Out, r.Errs)
			}
		})
	}
}

// TestWarned: well with a warning is an error of its own kind, so that other
// styles of exit codes can tell.
func TestWarned(t *testing.T) {
	r := run(t, "--registry", cmdtest.Inventory(t, "a 1="+cmdtest.Health(t, 200, `{"status":"degraded"}`)))
	var ended app.Ended
	if !errors.As(r.Err, &ended) || ended.Code != app.OK || !ended.Warned {
		t.Errorf("ended with %#v, want OK with a warning", r.Err)
	}
}

func TestWrongUsage(t *testing.T) {
	url := cmdtest.Inventory(t, "a 1="+cmdtest.Closed(t))
	for _, tt := range []struct{ args, says, hint string }{
		{"--fail-on sick", `--fail-on "sick"`, ""},
		{"--fail-on up", `--fail-on "up"`, ""},
		{"--max-unknown many", "--max-unknown", ""},
		{"--max-unknown -1", "--max-unknown", ""},
		{"--min-instances -1", "must not be negative", ""},
		{"--ignore [a", "--ignore", "want SERVICE or SERVICE:reason"},
		{"--ignore !a", "negated", ""},
		{"--report junit", "--report", ""},
		{"--report pdf=x", "pdf", ""},
		{"--probe-timeout 0s", "--probe-timeout 0s", "durations look like"},
		{"--attempts 0", "--attempts 0", ""},
		{"--health-path health", "--health-path", "did you mean /health?"},
		{"--interval 1ms", "--interval 1ms", ""},
		{"-l a(", "a(", ""},
		{"-o cvs", "-o cvs", ""},
		{"--jq .[", "jq", ""},
		{"--template {{", "template", ""},
		{"--registry ectd://x", "ectd", ""},
	} {
		t.Run(tt.args, func(t *testing.T) {
			args := append([]string{"--registry", url}, strings.Fields(tt.args)...)
			if strings.HasPrefix(tt.args, "--registry") {
				args = args[2:]
			}
			r := run(t, args...)
			if r.Code() != app.Usage {
				t.Fatalf("ended with %d (%v), want 2", r.Code(), r.Err)
			}
			if !strings.Contains(r.Err.Error(), tt.says) || !strings.Contains(r.Hint(), tt.hint) {
				t.Errorf("says %q, hint %q; want %q, %q", r.Err, r.Hint(), tt.says, tt.hint)
			}
			if r.Out != "" {
				t.Errorf("wrote %q", r.Out)
			}
		})
	}
}

// TestMisreadIgnore: a reason that is misspelt reads as SOURCE:SERVICE, which
// then matches nothing.
func TestMisreadIgnore(t *testing.T) {
	url := cmdtest.Inventory(t, "a 1="+cmdtest.Closed(t))
	const warning = "warning: --ignore a:refusd matches no service"
	if r := run(t, "--registry", url, "--ignore", "a:refusd"); r.Code() != app.NotWell || !strings.Contains(r.Errs, warning) {
		t.Errorf("ended with %d and %q, want 1 and a warning", r.Code(), r.Errs)
	}
	if r := run(t, "--registry", url, "--ignore", "a:refusd", "-q"); r.Errs != "" {
		t.Errorf("-q wrote %q", r.Errs)
	}
	for _, good := range []string{"file:a", "a:refused", "a", "zzz"} {
		if r := run(t, "--registry", url, "--ignore", good); strings.Contains(r.Errs, "warning") {
			t.Errorf("--ignore %s warns: %s", good, r.Errs)
		}
	}
}

func TestReports(t *testing.T) {
	url := cmdtest.Inventory(t, "a 1="+cmdtest.Closed(t))
	dir := t.TempDir()
	xml, md := filepath.Join(dir, "a.xml"), filepath.Join(dir, "a.md")
	r := run(t, "--registry", url, "--report", "junit="+xml, "--report", "markdown="+md, "-q")
	if r.Code() != app.NotWell || r.Out+r.Errs != "" {
		t.Errorf("ended with %d and %q", r.Code(), r.Out+r.Errs)
	}
	for path, want := range map[string]string{xml: "<failure", md: "| a |"} {
		data, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v, lacks %q:\n%s", path, err, want, data)
		}
	}
	r = run(t, "--registry", url, "--report", "junit="+filepath.Join(dir, "none", "a.xml"))
	if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), "--report") {
		t.Errorf("a report that cannot be written: ended with %d, %v", r.Code(), r.Err)
	}
}

// TestBuild: in GitHub Actions there are annotations and a summary, unless they
// are not wanted.
func TestBuild(t *testing.T) {
	url := cmdtest.Inventory(t, "a 1="+cmdtest.Closed(t))
	summary := filepath.Join(t.TempDir(), "summary.md")
	c := cmdtest.Command{
		New: check.New, Env: map[string]string{"GITHUB_STEP_SUMMARY": summary},
		Prepare: func(a *app.App) { a.IO.CI = term.GitHub },
	}
	r := c.Run(t, "--attempts", "1", "--registry", url)
	if !strings.Contains(r.Errs, "::error title=a is down") {
		t.Errorf("no annotation:\n%s", r.Errs)
	}
	if data, err := os.ReadFile(summary); err != nil || !strings.Contains(string(data), "| a |") {
		t.Errorf("summary: %v\n%s", err, data)
	}
	if r := c.Run(t, "--attempts", "1", "--registry", url, "-q"); r.Errs != "" {
		t.Errorf("-q wrote %q", r.Errs)
	}
	if r := c.Run(t, "--attempts", "1", "--registry", url, "--no-ci"); strings.Contains(r.Errs, "::error") {
		t.Errorf("--no-ci annotates:\n%s", r.Errs)
	}
}

// TestBeyondReach: where a Prometheus server is all there is, expressions alone
// decide.
func TestBeyondReach(t *testing.T) {
	far := "http://" + cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		result := ""
		if expr := r.FormValue("query"); expr == "queue > 5" || expr == "queue" {
			result = `{"metric":{"job":"a"},"value":[1,"7"]}`
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[`+result+`]}}`)
	})
	for _, tt := range []struct {
		args []string
		want app.Code
		says string
	}{
		{[]string{"--fail-on-query", "queue > 5"}, app.NotWell, `{job="a"}: queue 7 > 5`},
		{[]string{"--fail-on-query", "queue > 9"}, app.OK, `1 expression, none holds`},
		{[]string{"--fail-on-query", "queue > 9", "a"}, app.OK, `it is not so: queue > 9; {job="a"} with 7`},
		{[]string{"--fail-on-query", "other > 9"}, app.CannotSay, "no data"},
		{[]string{"--fail-on-query", "other > 9", "-o", "nagios"}, app.CannotSay, "MIDWATCH UNKNOWN - no data"},
		{[]string{"--fail-on-query", "queue > 5", "-o", "json"}, app.NotWell, `"holds":true`},
	} {
		r := run(t, append(tt.args, "--prometheus", far)...)
		if r.Code() != tt.want || !strings.Contains(r.Out+r.Errs, tt.says) {
			t.Errorf("%v: ended with %d (%v), want %d with %q\n%s%s", tt.args, r.Code(), r.Err, tt.want, tt.says, r.Out, r.Errs)
		}
	}
}

// TestWatchingEndsWithWrongUsage: an expression that is at fault is so at every
// pass.
func TestWatchingEndsWithWrongUsage(t *testing.T) {
	r := run(t, "-w", "--interval", "100ms", "--timeout", "30s", "--fail-on-query", "midwatch_instance_status > on () midwatch_instance_status",
		"--registry", cmdtest.Inventory(t, "a 1="+cmdtest.Up(t)))
	if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), "many-to-many") {
		t.Errorf("ended with %d: %v", r.Code(), r.Err)
	}
}
