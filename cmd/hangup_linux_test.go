package cmd_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
)

// comes waits for what another process does.
func comes(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	over := time.After(30 * time.Second)
	for !so() {
		select {
		case <-tick.C:
		case <-over:
			t.Fatalf("never: %s", what)
		}
	}
}

// TestTheKeeperOutlivesItsTerminal: the terminal is closed, its folder is removed,
// and what was promised is put back all the same. Meanwhile nobody else may look
// into the journal, and in the end no process is left.
func TestTheKeeperOutlivesItsTerminal(t *testing.T) {
	server, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	home := t.TempDir()
	folder := filepath.Join(home, "here")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	registry := "r=" + server.URL()
	if code, _, errs := run(t, "register", "payment", "127.0.0.1:9001", "--id", "payment-1", "--yes", "--registry", registry); code != 0 {
		t.Fatal(errs)
	}
	shell := exec.Command("sh", "-c", `umask 0; midwatch deregister payment/payment-1 --observe 0s --ttl 8s --yes --registry "$0"; read line`, registry)
	shell.Dir = folder
	shell.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_STATE_HOME=" + filepath.Join(home, "state"), "TERM=xterm", "LANG=C.UTF-8"}
	terminal, err := pty.Start(shell)
	if err != nil {
		t.Fatal(err)
	}
	said, part := "", make([]byte, 4096)
	for !strings.Contains(said, "undo: midwatch changes undo") {
		n, err := terminal.Read(part)
		if said += string(part[:n]); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	found := regexp.MustCompile(`by keeper (\d+) on`).FindStringSubmatch(said)
	if found == nil {
		t.Fatalf("no keeper is named: %s", said)
	}
	pid, _ := strconv.Atoi(found[1])
	if err := terminal.Close(); err != nil { // as when the window is closed
		t.Fatal(err)
	}
	_ = shell.Wait() // it was hung up
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	alive := func() bool { return syscall.Kill(pid, 0) == nil }
	if !alive() {
		t.Fatal("the keeper ended with its terminal")
	}
	if at, err := os.Readlink("/proc/" + found[1] + "/cwd"); err != nil || at != "/" {
		t.Errorf("it is in %s, %v", at, err)
	}
	if in, err := os.Readlink("/proc/" + found[1] + "/fd/0"); err != nil || in != os.DevNull {
		t.Errorf("it reads from %s, %v", in, err)
	}
	private(t, filepath.Join(home, "state", "midwatch"))
	names := func() string {
		_, out, _ := run(t, "instances", "-o", "name", "--registry", registry)
		return out
	}
	if got := names(); got != "" {
		t.Errorf("meanwhile it holds %s", got)
	}
	comes(t, "it puts back", func() bool { return names() == "payment/payment-1\n" })
	comes(t, "it ends", func() bool { return !alive() })
}

// private fails if anything in the state folder is for more than its user.
func private(t *testing.T, dir string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if seen++; err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return err
	})
	if err != nil || seen < 4 { // the folder, the journal, its log, the keeper's
		t.Errorf("%d files, %v", seen, err)
	}
}
