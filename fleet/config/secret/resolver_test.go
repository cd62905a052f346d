package secret_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config/form"
	"github.com/midwatch-cli/midwatch/fleet/config/secret"
)

// helper is the variable that makes this test's binary the command that a
// reference runs.
const helper = "MIDWATCH_TEST_SECRET_HELPER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(helper); mode != "" {
		os.Exit(command(mode))
	}
	goleak.VerifyTestMain(m)
}

// command is what the commands of these tests do.
func command(mode string) int {
	switch mode {
	case "say":
		fmt.Println("from-" + os.Args[1])
	case "lines":
		fmt.Print("one\ntwo\n")
	case "crlf":
		fmt.Print("carriage\r\n")
	case "nothing":
	case "fail":
		fmt.Print("s3cret")
		fmt.Fprintln(os.Stderr, "s3cret on standard error")
		return 3
	case "flood":
		_, _ = os.Stdout.Write(bytes.Repeat([]byte("s3cret"), 1<<20))
	case "hang":
		fmt.Fprintln(os.Stderr, "hanging")
		if err := os.WriteFile(os.Args[1], nil, 0o600); err != nil {
			return 1
		}
		select {}
	case "count":
		f, err := os.OpenFile(os.Args[1], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return 1
		}
		_, _ = f.WriteString("x")
		_ = f.Close()
		fmt.Println("counted")
	}
	return 0
}

// run is a reference to a command of this binary.
func run(t *testing.T, mode string, args ...string) fleet.SecretRef {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(helper, mode)
	return fleet.SecretRef{Cmd: append([]string{self}, args...)}
}

func file(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func env(name string) string {
	return map[string]string{
		"TOKEN": "s3cret", "LINES": "s3cret\nmore", "ETCDCTL_USER": "root:s3:cret", "CONSUL_HTTP_AUTH": "ops:s3cret", "BARE": "root:s3cret",
	}[name]
}

func TestResolve(t *testing.T) {
	ctx := t.Context()
	r := secret.NewResolver(env, nil)
	for _, c := range []struct {
		why  string
		ref  fleet.SecretRef
		want string
	}{
		{"nothing is no secret", fleet.SecretRef{}, ""},
		{"a variable", fleet.SecretRef{Env: "TOKEN"}, "s3cret"},
		{"a variable that holds a pair by custom", fleet.SecretRef{Env: "ETCDCTL_USER"}, "s3:cret"},
		{"another", fleet.SecretRef{Env: "CONSUL_HTTP_AUTH"}, "s3cret"},
		{"a colon alone makes no pair", fleet.SecretRef{Env: "BARE"}, "root:s3cret"},
		{"a file", fleet.SecretRef{File: file(t, "s3cret\n", 0o600)}, "s3cret"},
		{"a file without a line break", fleet.SecretRef{File: file(t, " s3cret ", 0o600)}, " s3cret "},
		{"a file from elsewhere", fleet.SecretRef{File: file(t, "s3cret\r\n", 0o600)}, "s3cret"},
		{"a command", run(t, "say", "me"), "from-me"},
		{"a command from elsewhere", run(t, "crlf"), "carriage"},
	} {
		t.Run(c.why, func(t *testing.T) {
			if len(c.ref.Cmd) > 0 {
				// The variable is the last one set; say it again for this one.
				t.Setenv(helper, map[bool]string{true: "say", false: "crlf"}[len(c.ref.Cmd) > 1])
			}
			got, err := r.Resolve(ctx, c.ref)
			if err != nil || got.Reveal() != c.want {
				t.Errorf("got %q, %v; want %q", got.Reveal(), err, c.want)
			}
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		why, mode string
		ref       fleet.SecretRef
		want      string
	}{
		{why: "no variable", ref: fleet.SecretRef{Env: "MISSING"}, want: "env:MISSING: the variable is not set"},
		{why: "several lines", ref: fleet.SecretRef{Env: "LINES"}, want: "env:LINES: holds more than one line (only a last line break is left out)"},
		{why: "no file", ref: fleet.SecretRef{File: filepath.Join(dir, "none")}, want: "none: no such file or directory"},
		{why: "a folder", ref: fleet.SecretRef{File: dir}, want: "is not a regular file"},
		{why: "an empty file", ref: fleet.SecretRef{File: file(t, "\n", 0o600)}, want: "is empty"},
		{why: "a file of several lines", ref: fleet.SecretRef{File: file(t, "s3cret\n\n", 0o600)}, want: "more than one line"},
		{why: "a large file", ref: fleet.SecretRef{File: file(t, strings.Repeat("s3cret", 20_000), 0o600)}, want: "larger than 64 KiB"},
		{why: "no program", ref: fleet.SecretRef{Cmd: []string{"no-such-program-at-all", "--token=s3cret"}}, want: "cmd:no-such-program-at-all: cannot be run: executable file not found"},
		{why: "no program at a path", ref: fleet.SecretRef{Cmd: []string{filepath.Join(dir, "none")}}, want: "cannot be run: no such file"},
		{why: "escape sequences", ref: fleet.SecretRef{Env: "A\x1b[2J"}, want: `"env:A\x1b[2J": the variable is not set`},
		{why: "failing", mode: "fail", want: "ended with exit status 3 (run it by hand to see why)"},
		{why: "silent", mode: "nothing", want: "is empty"},
		{why: "talkative", mode: "lines", want: "more than one line"},
		{why: "endless", mode: "flood", want: "wrote more than 64 KiB"},
	} {
		t.Run(c.why, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(c.want, "no such file") {
				c.want = "cannot find"
			}
			if c.mode != "" {
				c.ref = run(t, c.mode)
			}
			got, err := secret.NewResolver(env, nil).Resolve(t.Context(), c.ref)
			var wrong *form.Error
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if !got.IsZero() || strings.Contains(fmt.Sprintf("%+v %#v", err, wrong), "s3cret") {
				t.Errorf("a value came with the error, or in it: %v", err)
			}
		})
	}
	_, err := secret.NewResolver(env, nil).Resolve(t.Context(), fleet.SecretRef{File: filepath.Join(dir, "none")})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestResolveKeepsWhatItFound(t *testing.T) {
	tally := filepath.Join(t.TempDir(), "tally")
	ref := run(t, "count", tally)
	r := secret.NewResolver(env, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := r.Resolve(t.Context(), ref); err != nil || got.Reveal() != "counted" {
				t.Errorf("%q, %v", got.Reveal(), err)
			}
		})
	}
	wg.Wait()
	if data, err := os.ReadFile(tally); err != nil || string(data) != "x" {
		t.Errorf("the command ran %d times, %v", len(data), err)
	}
	// Other arguments are another reference, whatever they look like together.
	other := fleet.SecretRef{Cmd: []string{ref.Cmd[0], tally + " "}}
	if _, err := r.Resolve(t.Context(), other); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(tally + " "); err != nil {
		t.Errorf("the other command did not run: %v", err)
	}
}

func TestResolveLooksAgainForWhatItDidNotFind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "late")
	r := secret.NewResolver(env, nil)
	if _, err := r.Resolve(t.Context(), fleet.SecretRef{File: path}); err == nil {
		t.Fatal("found before it was there")
	}
	if err := os.WriteFile(path, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Resolve(t.Context(), fleet.SecretRef{File: path}); err != nil || got.Reveal() != "s3cret" {
		t.Errorf("%v", err)
	}
}

// TestResolveCancelled ends the context while a command hangs: whoever started
// it and whoever waits for it return, and the command is gone.
func TestResolveCancelled(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "started")
	ref := run(t, "hang", mark)
	r := secret.NewResolver(env, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			_, err := r.Resolve(ctx, ref)
			if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "gave up waiting for it") {
				t.Errorf("got %v", err)
			}
		})
	}
	for { // until the command runs
		if _, err := os.Stat(mark); err == nil {
			break
		}
		runtime.Gosched()
	}
	cancel()
	wg.Wait()
}

func TestResolveWarnsOfOpenFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // modes say nothing there
	}
	var said []string
	r := secret.NewResolver(env, func(s string) { said = append(said, s) })
	open, own, group := file(t, "a", 0o644), file(t, "b", 0o600), file(t, "c", 0o640)
	for _, path := range []string{open, open, own, group} {
		if _, err := r.Resolve(t.Context(), fleet.SecretRef{File: path}); err != nil {
			t.Fatal(err)
		}
	}
	want := "file:" + open + " can be read by everybody on this machine (mode 0644)"
	if len(said) != 1 || said[0] != want {
		t.Errorf("said %q, want %q once", said, want)
	}
}

// TestResolveAtTheEdges: sizes just within and just beyond, links, and names
// that look like others.
func TestResolveAtTheEdges(t *testing.T) {
	whole := strings.Repeat("s", 64<<10)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(file(t, "behind a link\n", 0o600), link); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(t.TempDir(), "dangling")
	if err := os.Symlink(filepath.Join(t.TempDir(), "none"), dangling); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why  string
		ref  fleet.SecretRef
		want string // ! for an error
	}{
		{"64 KiB", fleet.SecretRef{File: file(t, whole, 0o600)}, whole},
		{"a byte more", fleet.SecretRef{File: file(t, whole+"s", 0o600)}, "!larger than 64 KiB"},
		{"behind a link", fleet.SecretRef{File: link}, "behind a link"}, // as Kubernetes mounts them
		{"a link to nothing", fleet.SecretRef{File: dangling}, "!no such file"},
		{"a zero byte", fleet.SecretRef{File: file(t, "a\x00b", 0o600)}, "!more than one line"},
		{"carriage return alone", fleet.SecretRef{File: file(t, "a\rb\n", 0o600)}, "!more than one line"},
		{"only a line break from elsewhere", fleet.SecretRef{File: file(t, "\r\n", 0o600)}, "!is empty"},
		{"spaces are part of it", fleet.SecretRef{File: file(t, "  \n", 0o600)}, "  "},
		{"no UTF-8", fleet.SecretRef{File: file(t, "\xff\xfe", 0o600)}, "\xff\xfe"},
		{"a variable's name is exact", fleet.SecretRef{Env: "token"}, "!is not set"},
	} {
		got, err := secret.NewResolver(env, nil).Resolve(t.Context(), c.ref)
		if want, bad := strings.CutPrefix(c.want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), want) || !got.IsZero() {
				t.Errorf("%s: %v, want %s", c.why, err, want)
			}
			continue
		}
		if err != nil || got.Reveal() != c.want {
			t.Errorf("%s: %d bytes, %v", c.why, len(got.Reveal()), err)
		}
	}
}
