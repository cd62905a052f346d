package worldtest

import (
	"bytes"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Program finds a real server's program: by the names it has in the cache of
// .ci/run or on the path, first come first served. Where there is none the test
// is Missing under name.
func Program(t testing.TB, name string, files ...string) string {
	t.Helper()
	cache := os.Getenv("MIDWATCH_CI_CACHE")
	if cache == "" {
		if dir, err := os.UserCacheDir(); err == nil {
			cache = filepath.Join(dir, "midwatch-ci")
		}
	}
	for _, file := range files {
		cached := filepath.Join(cache, "bin", file)
		if info, err := os.Stat(cached); err == nil && info.Mode().IsRegular() {
			return cached
		}
		// Debian keeps servers where a user's path does not lead.
		for _, try := range []string{file, "/usr/sbin/" + file} {
			if path, err := exec.LookPath(try); err == nil {
				return path
			}
		}
	}
	Missing(t, name, "there is no "+strings.Join(files, " or ")+" in "+filepath.Join(cache, "bin")+" or on the path")
	return ""
}

// Ports returns loopback ports nobody listens on, from below those that the
// system gives to outgoing connections: a server that starts a moment later
// still finds them free.
func Ports(t testing.TB, n int) (ports []int) {
	t.Helper()
	for tries := 0; len(ports) < n; tries++ {
		port := 12000 + rand.IntN(20000)
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(port))
		switch {
		case err == nil:
			defer l.Close() // only at the end: no port comes twice
			ports = append(ports, port)
		case tries > 1000:
			t.Fatal(err)
		}
	}
	return ports
}

// Start starts a program in a folder, waits until ready says so, and ends it
// with the test. It returns the process.
func Start(t testing.TB, dir string, ready func() bool, program string, args ...string) *os.Process {
	t.Helper()
	// The context of a test ends before its cleanups run.
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Dir, cmd.WaitDelay = dir, 10*time.Second
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		<-ended
		if t.Failed() {
			t.Logf("the log of %s ends:\n%s", program, log.Bytes()[max(0, log.Len()-2000):])
		}
	})
	end := time.NewTimer(30 * time.Second)
	defer end.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-ended:
			t.Fatalf("%s ended:\n%s", program, log.Bytes())
		case <-end.C:
			t.Fatalf("%s is not ready within 30 s", program)
		}
	}
	return cmd.Process
}
