package wire_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

func TestConnect(t *testing.T) {
	ln := listen(t, "tcp", "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	socket := listen(t, "unix", t.TempDir()+"/s")
	for _, c := range []struct {
		name, network, address string
		peer                   bool // a name was looked up
		cause                  wire.Cause
	}{
		{"address", "", ln.Addr().String(), false, wire.None},
		{"name", "tcp", "localhost:" + port, true, wire.None},
		{"socket", "unix", socket.Addr().String(), false, wire.None},
		{"no socket", "unix", socket.Addr().String() + "x", false, wire.Refused},
		{"no port", "", "127.0.0.1", false, wire.Internal},
		{"a port beyond all", "", "127.0.0.1:65536", false, wire.Internal},
		{"a port that is no number", "", "localhost:no-such-service", false, wire.Resolve},
		{"nothing", "", "", false, wire.Internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, lean := range []bool{false, true} {
				d := wire.Dialer{Lean: lean}
				l, err := d.Connect(t.Context(), c.network, c.address)
				if cause, text := wire.Explain(err); cause != c.cause {
					t.Fatalf("got %q, %q (%v); want %q", cause, text, err, c.cause)
				}
				if (l.Conn == nil) != (err != nil) {
					t.Fatalf("a connection of %v beside %v", l.Conn, err)
				}
				if (l.Peer != "") != c.peer || (l.Resolve > 0) != c.peer && err == nil {
					t.Errorf("peer %q, resolved in %s", l.Peer, l.Resolve)
				}
				if err == nil {
					if l.Dial <= 0 {
						t.Error("the dial took no time")
					}
					_ = l.Close()
				}
			}
		})
	}
}

// TestLinkEndsWithItsContext: also one that only waits for an answer.
func TestLinkEndsWithItsContext(t *testing.T) {
	ln := listen(t, "tcp", "127.0.0.1:0")
	for _, lean := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		d := wire.Dialer{Lean: lean}
		l, err := d.Connect(ctx, "", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if l.RemoteAddr().String() != ln.Addr().String() || l.LocalAddr() == nil {
			t.Errorf("from %v to %v", l.LocalAddr(), l.RemoteAddr())
		}
		cancel()
		if _, err := l.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("lean %v: reading gave %v", lean, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if _, err := d.Connect(ctx, "", ln.Addr().String()); err == nil {
			t.Errorf("lean %v: connected for a context that is over", lean)
		}
	}
}

func TestDoTimes(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			<-r.Context().Done()
			return
		}
		_, _ = w.Write([]byte("OK"))
	}))
	defer srv.Close()
	for path, want := range map[string]string{"/": "body", "/hang": "wait"} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		tr := &http.Transport{DisableKeepAlives: true}
		start := time.Now()
		a, times, err := wire.Do(req, tr, 1)
		took := time.Since(start)
		cancel()
		if (err != nil) != (path == "/hang") || a != nil && (string(a.Body) != "O" || !a.Cut || a.Proto != "HTTP/1.1") {
			t.Errorf("%s: got %+v, %v", path, a, err)
		}
		var sum time.Duration
		var names []string
		last := times.Each(func(name string, d time.Duration) {
			sum += d
			names = append(names, name)
		})
		if last != want || sum > took || len(names) < 3 {
			t.Errorf("%s: ended in %q of %q, which add up to %s of %s; want %q", path, last, names, sum, took, want)
		}
	}
}

func TestHostOnly(t *testing.T) {
	for in, want := range map[string]string{"a:80": "a", "a": "a", "[::1]:80": "::1", "[::1]": "::1", "10.0.0.1:1": "10.0.0.1", "": ""} {
		if got := wire.HostOnly(in); got != want {
			t.Errorf("%q: got %q", in, got)
		}
	}
}
