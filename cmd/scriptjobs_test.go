package cmd_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
)

// Scripts wait for what they can see, this long at most.
const (
	scriptPatience = 20 * time.Second
	scriptPoll     = 20 * time.Millisecond
)

// worldKey is where a script keeps its scriptWorld.
type worldKey struct{}

// scriptWorld is what a script has started.
type scriptWorld struct {
	vars  []string // the environment it began with
	jobs  map[string]*job
	etcds map[string]*etcdServer
}

func worldOf(ts *testscript.TestScript) *scriptWorld {
	return ts.Value(worldKey{}).(*scriptWorld)
}

// close ends the jobs that the script has left.
func (w *scriptWorld) close() {
	for _, j := range w.jobs {
		_ = j.cmd.Process.Kill()
		<-j.ended
	}
}

// job is a process beside the script.
type job struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error
}

// environment is the script's as it is now. Variables that a script adds are
// seen if they are named here.
func environment(ts *testscript.TestScript) []string {
	names := []string{"MIDWATCH_CONFIG", "MIDWATCH_CONTEXT", "MIDWATCH_REGISTRY", "MIDWATCH_READ_ONLY", "GITHUB_ACTIONS"}
	for _, kv := range worldOf(ts).vars {
		name, _, _ := strings.Cut(kv, "=")
		names = append(names, name)
	}
	var env []string
	for _, name := range names {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// command makes a process of the script's.
func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	path := args[0]
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if found := filepath.Join(dir, args[0]); !strings.ContainsRune(args[0], filepath.Separator) {
			if _, err := os.Stat(found); err == nil {
				path = found
				break
			}
		}
	}
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), environment(ts)
	return cmd
}

// codeOf is the exit code of what a process ended with.
func codeOf(ts *testscript.TestScript, err error) string {
	var exit interface{ ExitCode() int }
	switch {
	case err == nil:
		return "0"
	case errors.As(err, &exit):
		return fmt.Sprint(exit.ExitCode())
	}
	ts.Fatalf("%v", err)
	return ""
}

// code runs a command that must end with a code.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	if got := codeOf(ts, ts.Exec(args[1], args[2:]...)); got != args[0] {
		ts.Fatalf("ended with %s, want %s", got, args[0])
	}
}

// until runs a command until it ends with a code.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until N COMMAND...")
	}
	poll(ts, "ended with "+args[0], func() bool {
		return codeOf(ts, ts.Exec(args[1], args[2:]...)) == args[0]
	})
}

// poll asks until it is so.
func poll(ts *testscript.TestScript, what string, so func() bool) {
	tick := time.NewTicker(scriptPoll)
	defer tick.Stop()
	over := time.After(scriptPatience)
	for !so() {
		select {
		case <-tick.C:
		case <-over:
			ts.Fatalf("never %s", what)
		}
	}
}

// unread runs a command whose standard output is closed at the far end.
func unread(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: unread N COMMAND...")
	}
	r, w, err := os.Pipe()
	ts.Check(err)
	ts.Check(r.Close())
	cmd := command(ts, args[1:])
	var errs strings.Builder
	cmd.Stdout, cmd.Stderr = w, &errs
	err = cmd.Run()
	ts.Check(w.Close())
	if errs.Len() > 0 {
		ts.Logf("[stderr]\n%s", errs.String())
	}
	if got := codeOf(ts, err); got != args[0] {
		ts.Fatalf("ended with %s, want %s", got, args[0])
	}
	if strings.Contains(errs.String(), "pipe") {
		ts.Fatalf("speaks of the pipe")
	}
}

func startJob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start JOB COMMAND...")
	}
	out, err := os.Create(ts.MkAbs(args[0] + ".out"))
	ts.Check(err)
	errs, err := os.Create(ts.MkAbs(args[0] + ".err"))
	ts.Check(err)
	j := &job{cmd: command(ts, args[1:]), ended: make(chan struct{})}
	j.cmd.Stdout, j.cmd.Stderr = out, errs
	ts.Check(j.cmd.Start())
	go func() {
		defer close(j.ended)
		j.err = j.cmd.Wait()
		_ = out.Close()
		_ = errs.Close()
	}()
	worldOf(ts).jobs[args[0]] = j
}

func jobOf(ts *testscript.TestScript, name string) *job {
	j := worldOf(ts).jobs[name]
	if j == nil {
		ts.Fatalf("no job is called %q", name)
	}
	return j
}

func sees(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sees JOB REGEXP")
	}
	j := jobOf(ts, args[0])
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	text := func() string { return ts.ReadFile(args[0]+".out") + ts.ReadFile(args[0]+".err") }
	poll(ts, "seen: "+args[1], func() bool {
		over := false
		select {
		case <-j.ended:
			over = true
		default:
		}
		if want.MatchString(text()) {
			return true
		}
		if over {
			ts.Fatalf("%s ended without it:\n%s", args[0], text())
		}
		return false
	})
}

func signalJob(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": os.Kill}
	if neg || len(args) != 2 || signals[args[1]] == nil {
		ts.Fatalf("usage: signal JOB INT|TERM|HUP|KILL")
	}
	ts.Check(jobOf(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

func ended(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ended JOB N")
	}
	j := jobOf(ts, args[0])
	select {
	case <-j.ended:
	case <-time.After(scriptPatience):
		ts.Fatalf("%s does not end", args[0])
	}
	if got := codeOf(ts, j.err); got != args[1] {
		ts.Fatalf("%s ended with %s, want %s\n%s%s", args[0], got, args[1], ts.ReadFile(args[0]+".out"), ts.ReadFile(args[0]+".err"))
	}
}

// ours are the workflow commands that midwatch itself gives in GitHub Actions.
var ours = regexp.MustCompile(`^::(error|warning|notice) title=`)

func clean(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: clean")
	}
	for _, stream := range []string{"stdout", "stderr"} {
		if bad := unclean(ts.ReadFile(stream)); bad != "" {
			ts.Fatalf("%s holds %s", stream, bad)
		}
	}
}

// unclean finds what a terminal or a build system could obey.
func unclean(text string) string {
	if !utf8.ValidString(text) {
		return "what is no UTF-8"
	}
	for _, r := range text {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return fmt.Sprintf("the character %U", r)
		}
	}
	lower := strings.ToLower(text)
	for _, mark := range []string{"##[", "##vso[", "##teamcity["} {
		if strings.Contains(lower, mark) {
			return mark
		}
	}
	for line := range strings.Lines(text) {
		if start := strings.TrimSpace(line); strings.HasPrefix(start, "::") && !ours.MatchString(start) {
			return "the workflow command " + start
		}
	}
	return ""
}
