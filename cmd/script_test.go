package cmd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/midwatch-cli/midwatch/cmd"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
)

func TestMain(m *testing.M) {
	if playRole() {
		return
	}
	testscript.Main(m, map[string]func(){
		"midwatch": func() { os.Exit(cmd.Main()) },
	})
}

// scripts lists the folders of testdata/script: one for each command.
func scripts(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "testdata", "script"))
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join("..", "testdata", "script", e.Name())
		found, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
		if err != nil || len(found) == 0 {
			t.Errorf("%s holds no script", dir)
			continue
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

// TestScripts runs the tool as it is typed, with its exit codes. The scripts
// find these commands besides testscript's own:
//
//	service NAME MODE     an HTTP server on loopback; $NAME is its address. MODE is a row of modes
//	closed NAME           an address where nothing listens
//	etcd NAME             an etcd of its own; $NAME is its URL
//	expand FILE...        $NAMES in files become what they stand for
//	code N COMMAND...     the command ends with exactly N
func TestScripts(t *testing.T) {
	for _, dir := range scripts(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir: dir, UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
				Setup: func(e *testscript.Env) error {
					e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
					e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
					e.Setenv("LANG", "C.UTF-8")
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"service": service,
					"closed":  closed,
					"etcd":    startEtcd,
					"expand":  expand,
					"code":    code,
				},
			})
		})
	}
}

// TestEveryCommandHasScripts walks the tree of commands.
func TestEveryCommandHasScripts(t *testing.T) {
	have := map[string]bool{}
	for _, dir := range scripts(t) {
		have[filepath.Base(dir)] = true
	}
	for _, c := range tree().Commands() {
		if c.Runnable() && !have[c.Name()] {
			t.Errorf("testdata/script/%s is not there", c.Name())
		}
	}
}

// code runs a command that must end with a code.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit interface{ ExitCode() int }
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("ended with %d, want %s", got, args[0])
	}
}

func expand(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		path := ts.MkAbs(name)
		data, err := os.ReadFile(path)
		ts.Check(err)
		text := os.Expand(string(data), func(key string) string {
			value := ts.Getenv(key)
			if value == "" {
				ts.Fatalf("%s: $%s stands for nothing", name, key)
			}
			return value
		})
		ts.Check(os.WriteFile(path, []byte(text), 0o600))
	}
}

func closed(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, l.Addr().String())
		ts.Check(l.Close())
	}
}

func startEtcd(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: etcd NAME")
	}
	dir, err := os.MkdirTemp("", "midwatch-etcd")
	ts.Check(err)
	s, err := embedded.Start(context.Background(), dir)
	ts.Check(err)
	ts.Defer(func() {
		s.Close()
		_ = os.RemoveAll(dir)
	})
	ts.Setenv(args[0], s.URL())
}

func service(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: service NAME MODE")
	}
	handle, ok := modes[args[1]]
	if !ok {
		ts.Fatalf("no mode is called %q", args[1])
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	done := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, done) })}
	go func() { _ = server.Serve(l) }()
	ts.Defer(func() {
		close(done)
		_ = server.Close()
	})
	ts.Setenv(args[0], l.Addr().String())
}

type mode func(w http.ResponseWriter, r *http.Request, done <-chan struct{})

// answers makes a mode that answers /health with a body, all else with 404.
func answers(status int, contentType, body string) mode {
	return func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
		if r.URL.Path != "/health" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// modes are what the servers of scripts do.
var modes = map[string]mode{
	"up":       answers(200, "application/json", `{"status":"UP"}`),
	"down":     answers(503, "application/json", `{"status":"DOWN","components":{"db":{"status":"DOWN","details":{"error":"no connection"}}}}`),
	"degraded": answers(200, "application/json", `{"status":"degraded"}`),
	"draining": answers(503, "application/json", `{"status":"OUT_OF_SERVICE"}`),
	"denied":   answers(401, "application/json", `{}`),
	"page":     answers(200, "text/html", "<!doctype html><html><body>Sign in</body></html>"),
	"hostile":  answers(503, "text/plain", "\x1b]0;owned\a\x1b[2J::error::fail\n##vso[task.complete]\xff\xfe | <b>|"),
	"waits":    answers(503, "application/json", `{"status":"DOWN","components":{"payment":{"status":"DOWN"}}}`),
	"alike": func(w http.ResponseWriter, _ *http.Request, _ <-chan struct{}) {
		w.WriteHeader(200)
	},
	"hang": func(_ http.ResponseWriter, r *http.Request, done <-chan struct{}) {
		select {
		case <-done:
		case <-r.Context().Done():
		}
	},
	"endless": func(w http.ResponseWriter, r *http.Request, done <-chan struct{}) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(1<<30))
		block := bytes.Repeat([]byte(" "), 1<<16)
		for range 1 << 14 {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	},
	"drip": func(w http.ResponseWriter, r *http.Request, done <-chan struct{}) {
		w.Header().Set("Content-Type", "application/json")
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-r.Context().Done():
				return
			case <-tick.C:
				_, _ = io.WriteString(w, " ")
				if f, ok := w.(http.Flusher); ok {
					f.Flush()
				}
			}
		}
	},
	"loop": func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
		http.Redirect(w, r, r.URL.Path+"/x", http.StatusFound)
	},
	"slow": func(w http.ResponseWriter, r *http.Request, done <-chan struct{}) {
		timer := time.NewTimer(1200 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-done:
		case <-r.Context().Done():
		case <-timer.C:
			answers(200, "application/json", `{"status":"UP"}`)(w, r, done)
		}
	},
}

func hasAll(text string, parts ...string) string {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return p
		}
	}
	return ""
}
