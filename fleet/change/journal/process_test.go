//go:build unix

package journal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
)

// role makes this test binary another process that uses a journal.
const role = "MIDWATCH_TEST_JOURNAL"

func TestMain(m *testing.M) {
	if what := os.Getenv(role); what != "" {
		os.Exit(child(what, os.Getenv("DIR")))
	}
	goleak.VerifyTestMain(m)
}

// again starts this test binary in a role.
func again(t testing.TB, what, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	c := exec.CommandContext(t.Context(), exe)
	c.Env = append(os.Environ(), role+"="+what, "DIR="+dir)
	return c
}

const each = 15 // batches of a process

func child(what, dir string) int {
	t := &testing.T{}
	ctx := context.Background()
	if what == "full" {
		// No file may grow beyond this: what a full disk is like.
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: 256 << 10, Max: 256 << 10}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			fmt.Println(err)
			return 2
		}
	}
	j, err := journal.Open(ctx, dir, journal.Options{})
	if err != nil {
		fmt.Println(err)
		return 2
	}
	for n := range each * map[string]int{"write": 1, "die": 1, "full": 1000}[what] {
		b := batch(t, 3)
		b.What = what + strconv.Itoa(n)
		if err := j.Begin(ctx, b); err != nil {
			return said(err)
		}
		b.Steps[0].State, b.Steps[1].State, b.Steps[2].State = change.Done, change.Failed, change.Unknown
		if err := errors.Join(j.Record(ctx, b.ID, b.Steps[:1]), j.Record(ctx, b.ID, b.Steps[1:]), j.Finish(ctx, b.ID, noon)); err != nil {
			return said(err)
		}
	}
	if what == "die" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // the log is left behind
	}
	if err := j.Close(); err != nil {
		fmt.Println(err)
		return 2
	}
	return 0
}

func said(err error) int {
	var known *fleet.Error
	if !errors.As(err, &known) {
		fmt.Println("no word for people:", err)
		return 2
	}
	fmt.Println(known.Detail + " | " + known.Hint)
	return 1
}

// TestTenProcesses write at once, and lose nothing.
func TestTenProcesses(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if out, err := again(t, "write", dir).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	found, err := open(t, dir).Batches(t.Context(), change.Filter{})
	must(t, err)
	if len(found) != 10*each {
		t.Errorf("%d batches, want %d", len(found), 10*each)
	}
	for _, b := range found {
		if len(b.Steps) != 3 || b.Finished.IsZero() || b.Steps[0].State != change.Done && b.Steps[0].Put == "" || b.Steps[1].State != change.Failed || b.Steps[2].State != change.Unknown {
			t.Errorf("%+v", b)
		}
	}
}

// TestKilled: what was committed is there when the process was killed, also for
// one that only reads and must not fold the log in.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	var exit *exec.ExitError
	if err := again(t, "die", dir).Run(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("it ended with %v", err)
	}
	j, err := journal.Read(t.Context(), dir, journal.Options{})
	must(t, err)
	found, err := j.Batches(t.Context(), change.Filter{})
	must(t, err)
	must(t, j.Close())
	if len(found) != each {
		t.Errorf("%d batches, want %d", len(found), each)
	}
}

// TestAFullDisk is said as what it is, and nothing is begun.
func TestAFullDisk(t *testing.T) {
	out, err := again(t, "full", t.TempDir()).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "full") && !strings.Contains(string(out), "no space") || !strings.Contains(string(out), "--no-journal") {
		t.Errorf("%v: %s", err, out)
	}
}

// names lists the files of a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var all []string
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		all = append(all, fmt.Sprint(e.Name(), info.Size(), info.ModTime()))
	}
	return all
}

// TestReadingMakesNothing: no folder, no file, no log, no byte.
func TestReadingMakesNothing(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "midwatch")
	if _, err := journal.Read(t.Context(), dir, journal.Options{}); !errors.Is(err, journal.ErrNone) {
		t.Errorf("without a folder: %v", err)
	}
	if _, err := journal.Read(t.Context(), "", journal.Options{}); !errors.Is(err, journal.ErrNone) {
		t.Errorf("without a home: %v", err)
	}
	if got := names(t, parent); len(got) > 0 {
		t.Errorf("reading made %q", got)
	}
	j := open(t, dir)
	b := batch(t, 2)
	done(t, j, b)
	reads := func(when string) {
		t.Helper()
		before := names(t, dir)
		r, err := journal.Read(t.Context(), dir, journal.Options{})
		must(t, err)
		got, err := r.Batch(t.Context(), b.ID)
		must(t, err)
		if len(got.Steps) != 2 || got.Steps[1].State != change.Done {
			t.Errorf("%s it reads %+v", when, got)
		}
		if err := r.Begin(t.Context(), batch(t, 1)); err == nil {
			t.Errorf("%s a reader writes", when)
		}
		must(t, r.Close())
		if after := names(t, dir); !slices.Equal(before, after) {
			t.Errorf("%s reading left %q, before it were %q", when, after, before)
		}
	}
	reads("beside who writes,")
	must(t, j.Close())
	reads("when nobody writes,")
}

func TestWhatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		says  string
	}{
		"damaged": {func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, journal.File), []byte(strings.Repeat("no journal ", 500)), 0o600))
		}, "it is damaged"},
		"newer": {func(t *testing.T, dir string) {
			j := open(t, dir)
			must(t, j.Close())
			data, err := os.ReadFile(filepath.Join(dir, journal.File))
			must(t, err)
			data[63] = 99 // the last byte of user_version in a database's header
			must(t, os.WriteFile(filepath.Join(dir, journal.File), data, 0o600))
		}, "it was written by a newer midwatch"},
		"a folder": {func(t *testing.T, dir string) { must(t, os.Mkdir(filepath.Join(dir, journal.File), 0o700)) }, "is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.spoil(t, dir)
			_, err := journal.Open(t.Context(), dir, journal.Options{})
			refused(t, err, c.says)
			if _, err = journal.Read(t.Context(), dir, journal.Options{}); err == nil {
				t.Error("it can be read")
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	_, err := journal.Open(t.Context(), filepath.Join(file, "midwatch"), journal.Options{})
	refused(t, err, "not a directory")
	_, err = journal.Open(t.Context(), "", journal.Options{})
	refused(t, err, "there is no folder for the journal")
	// A file system that takes no writes, whoever asks.
	_, err = journal.Open(t.Context(), "/proc/midwatch", journal.Options{})
	refused(t, err, "cannot be used")
}

// refused fails unless an error is said for people, with the way out.
func refused(t *testing.T, err error, says string) {
	t.Helper()
	var known *fleet.Error
	if !errors.As(err, &known) || !strings.Contains(known.Detail, says) || !strings.Contains(known.Hint, "--no-journal") {
		t.Errorf("%v: %+v, want %q", err, known, says)
	}
}
