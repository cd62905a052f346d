package breakertest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/worldtest"
)

// Program finds a real server's program, see worldtest.Program.
func Program(t testing.TB, name string, files ...string) string {
	t.Helper()
	return worldtest.Program(t, name, files...)
}

// Ports returns loopback ports nobody listens on, see worldtest.Ports.
func Ports(t testing.TB, n int) []int {
	t.Helper()
	return worldtest.Ports(t, n)
}

// Start starts a program and waits until it is ready, see worldtest.Start.
func Start(t testing.TB, dir string, ready func() bool, program string, args ...string) {
	t.Helper()
	worldtest.Start(t, dir, ready, program, args...)
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
