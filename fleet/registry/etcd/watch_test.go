package etcd_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
)

// watching runs Watch until the test ends; sets and the final error arrive on
// the channels.
func watching(t *testing.T, r registry.Registry) (<-chan registry.Set, <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	sets, ended := make(chan registry.Set, 1000), make(chan error, 1)
	var running sync.WaitGroup
	running.Go(func() {
		ended <- r.Watch(ctx, func(s registry.Set) error { sets <- s; return nil })
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return sets, ended
}

// until reads sets until one is as wanted.
func until(t *testing.T, sets <-chan registry.Set, ended <-chan error, ok func(registry.Set) bool) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case s := <-sets:
			if ok(s) {
				return
			}
		case err := <-ended:
			t.Fatalf("Watch ended: %v", err)
		case <-late:
			t.Fatal("not seen in time")
		}
	}
}

// has says whether a set has so many services.
func has(n int) func(registry.Set) bool {
	return func(s registry.Set) bool { return len(s.Services) == n }
}

// TestServerDies lets the etcd die during Watch and come back with changes.
func TestServerDies(t *testing.T) {
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { s.Close() }()
	put := func(key string) {
		t.Helper()
		if _, err := s.Client().Put(t.Context(), key, "10.0.0.1:80"); err != nil {
			t.Fatal(err)
		}
	}
	put("prod/a/1")
	r := opened(t, s.URL()+"/prod?layout=go-kit")
	sets, ended := watching(t, r)
	until(t, sets, ended, has(1))
	s.Close()
	select {
	case err := <-ended:
		fails(t, err, registry.ReasonRefused, "connection refused", nil)
	case <-time.After(10 * time.Second):
		t.Fatal("Watch did not notice that the server is gone")
	}
	select {
	case set := <-sets:
		t.Fatalf("the outage made a set: %+v", set)
	default:
	}
	_, err = r.List(t.Context())
	fails(t, err, registry.ReasonRefused, "connection refused", nil)

	again, err := embedded.StartAt(t.Context(), s.Dir(), s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	s = again
	put("prod/b/1")
	for attempt := 0; ; attempt++ { // whoever watches calls again after a pause
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		set, err := r.List(ctx)
		cancel()
		if err == nil && len(set.Services) == 2 {
			break
		}
		if attempt == 200 {
			t.Fatalf("not back: %+v, %v", set, err)
		}
	}
	sets, ended = watching(t, r)
	until(t, sets, ended, has(2))
	put("prod/c/1")
	until(t, sets, ended, has(3))
}

// TestCompaction compacts what a Watch has not read yet: its connection is cut,
// and when it is back its revision is gone.
func TestCompaction(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	gate := newGate(t, addr)
	r := opened(t, "etcd://"+gate.addr()+"/prod?layout=go-kit")
	put := func(key string) (revision int64) {
		do(t, func(ctx context.Context) error {
			got, err := c.Put(ctx, key, "10.0.0.1:80")
			if err == nil {
				revision = got.Header.GetRevision()
			}
			return err
		})
		return revision
	}
	put("prod/a/1")
	sets, ended := watching(t, r)
	until(t, sets, ended, has(1))
	gate.hold()
	put("prod/b/1")
	do(t, func(ctx context.Context) error { _, err := c.Delete(ctx, "prod/a/1"); return err })
	revision := put("prod/c/1")
	do(t, func(ctx context.Context) error {
		_, err := c.Compact(ctx, revision, clientv3.WithCompactPhysical())
		return err
	})
	gate.release()
	until(t, sets, ended, func(s registry.Set) bool { return len(s.Services) == 2 && s.Services[0].Name == "b" })
	put("prod/d/1")
	until(t, sets, ended, has(3))
}

// gate passes connections on; held, it cuts them and lets new ones wait, so
// that a client sees an interruption and no failure.
type gate struct {
	listener net.Listener
	upstream string
	tls      *tls.Config
	mu       sync.Mutex
	open     chan struct{}
	conns    []net.Conn
	running  sync.WaitGroup
}

func newGate(t *testing.T, upstream string) *gate {
	t.Helper()
	return startGate(t, upstream, nil)
}

func startGate(t *testing.T, upstream string, config *tls.Config) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: l, upstream: upstream, tls: config, open: make(chan struct{})}
	close(g.open)
	g.running.Go(g.accept)
	t.Cleanup(func() {
		_ = l.Close()
		g.cut()
		g.running.Wait()
	})
	return g
}

func (g *gate) addr() string { return g.listener.Addr().String() }

func (g *gate) hold() {
	g.mu.Lock()
	g.open = make(chan struct{})
	g.mu.Unlock()
	g.cut()
}

func (g *gate) release() { close(g.open) }

func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		_ = c.Close()
	}
	g.conns = nil
}

func (g *gate) keep(c net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns = append(g.conns, c)
}

func (g *gate) accept() {
	for {
		c, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		open := g.open
		g.mu.Unlock()
		g.running.Go(func() {
			<-open
			if g.tls != nil {
				c = tls.Server(c, g.tls)
			}
			far, err := net.Dial("tcp", g.upstream)
			if err != nil {
				_ = c.Close()
				return
			}
			g.keep(c)
			g.keep(far)
			var both sync.WaitGroup
			both.Go(func() { _, _ = io.Copy(far, c); _ = far.Close() })
			_, _ = io.Copy(c, far)
			_ = c.Close()
			both.Wait()
		})
	}
}

// TestTLS reads through TLS, and says what is wrong when it is not trusted or
// not spoken.
func TestTLS(t *testing.T) {
	addr := startEmbedded(t)
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	cert := web.TLS.Certificates[0]
	web.Close()
	secure := startGate(t, addr, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), 0o600); err != nil {
		t.Fatal(err)
	}
	if set := list(t, opened(t, "etcd://"+secure.addr()+"?ca="+ca)); len(set.Services) != 0 {
		t.Errorf("got %+v", set)
	}
	for _, c := range []struct {
		url    string
		reason fleet.Reason
	}{
		{"etcd://" + secure.addr() + "?tls", registry.ReasonUntrusted},
		{"etcd://" + secure.addr() + "?serverName=other.example&ca=" + ca, registry.ReasonCertificate},
		{"etcd://" + addr + "?tls", registry.ReasonScheme},
	} {
		_, err := opened(t, c.url).List(t.Context())
		fails(t, err, c.reason, "", nil)
	}
	_, err := opened(t, "etcd://"+secure.addr()).List(t.Context())
	fails(t, err, registry.ReasonScheme, "it speaks TLS only", nil)
}

// TestCloseEndsEverything closes while calls wait for a server that says
// nothing.
func TestCloseEndsEverything(t *testing.T) {
	silent := newGate(t, "127.0.0.1:1")
	silent.hold()
	defer silent.release()
	r := open(t, "etcd://ops@"+silent.addr()+"?password=env:X", registry.Env{
		Secret: func(context.Context, fleet.SecretRef) (fleet.Secret, error) { return fleet.NewSecret("x"), nil },
	})
	errs := make(chan error, 2)
	go func() { _, err := r.List(context.Background()); errs <- err }()
	go func() { errs <- r.Watch(context.Background(), func(registry.Set) error { return nil }) }()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		select {
		case err := <-errs:
			fails(t, err, registry.ReasonClosed, "was closed", nil)
		case <-time.After(3 * time.Second):
			t.Fatal("a call still runs")
		}
	}
	if err := r.Close(); err != nil {
		t.Errorf("the second time: %v", err)
	}
}
