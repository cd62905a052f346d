package breakertest

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
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
// with the test.
func Start(t testing.TB, dir string, ready func() bool, program string, args ...string) {
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
}

// Upstream is a server behind a proxy: what reaches it shows whether the proxy
// let calls through.
type Upstream struct {
	Addr string
	// Calls counts all requests but those for /health and those that are held.
	Calls atomic.Int64
	// Unwell makes /health answer 503 while it is set.
	Unwell atomic.Bool
	// Held counts the requests for paths that end in /hold; each waits for
	// Release.
	Held    atomic.Int64
	release chan struct{}
}

// NewUpstream starts an upstream on a loopback port; it ends with the test.
func NewUpstream(t testing.TB) *Upstream {
	t.Helper()
	u := &Upstream{release: make(chan struct{})}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/health":
			if u.Unwell.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		case strings.HasSuffix(r.URL.Path, "/hold"):
			u.Held.Add(1)
			select {
			case <-u.release:
			case <-r.Context().Done():
			}
		default:
			u.Calls.Add(1)
		}
	}))
	t.Cleanup(s.Close)
	u.Addr = s.Listener.Addr().String()
	return u
}

// Release lets all held requests go, and those that come later.
func (u *Upstream) Release() { close(u.release) }

// Through sends n calls one after the other, each over a connection of its own,
// and says how many were answered with 200.
func Through(t testing.TB, n int, url string) (passed int) {
	t.Helper()
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for range n {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			passed++
		}
	}
	return passed
}
