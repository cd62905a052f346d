package embedded_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a server until the test ends.
func start(t *testing.T, dir, addr string) *embedded.Server {
	t.Helper()
	s, err := embedded.StartAt(t.Context(), dir, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestAnswersOverTheWire(t *testing.T) {
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Endpoint() != "http://"+s.Addr() || s.URL() != "etcd://"+s.Addr() {
		t.Errorf("endpoint %s, url %s, address %s", s.Endpoint(), s.URL(), s.Addr())
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{s.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := client.Put(ctx, "orders/a", "1"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Client().Get(ctx, "orders/", clientv3.WithPrefix()); err != nil || len(got.Kvs) != 1 || string(got.Kvs[0].Value) != "1" {
		t.Errorf("in process: %v, %v", got, err)
	}
}

func TestComesBackWithItsData(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, "127.0.0.1:0")
	if _, err := s.Client().Put(t.Context(), "k", "v"); err != nil {
		t.Fatal(err)
	}
	addr := s.Addr()
	s.Close()
	s.Close() // twice is the same as once
	if conn, err := net.Dial("tcp", addr); err == nil {
		_ = conn.Close()
		t.Fatal("something listens after Close")
	}
	again := start(t, s.Dir(), addr)
	if again.Addr() != addr {
		t.Errorf("came back at %s, was at %s", again.Addr(), addr)
	}
	if got, err := again.Client().Get(t.Context(), "k"); err != nil || len(got.Kvs) != 1 {
		t.Errorf("its data: %v, %v", got, err)
	}
}

func TestRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	for addr, want := range map[string]string{
		"0.0.0.0:0":             "not a loopback address",
		"localhost:0":           "not a loopback address",
		"nonsense":              "missing port",
		busy.Addr().String():    "address already in use",
		"127.0.0.1:port":        "embedded etcd",
		"10.255.255.1:23790":    "not a loopback address",
		"[2001:db8::1]:0":       "not a loopback address",
		"127.0.0.1:0:trailing":  "too many colons",
		"unix:///run/some.sock": "not a loopback address",
	} {
		s, err := embedded.StartAt(t.Context(), t.TempDir(), addr)
		if err == nil {
			s.Close()
			t.Errorf("%s was taken", addr)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", addr, err, want)
		}
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := embedded.Start(ctx, t.TempDir())
	if err == nil {
		s.Close() // it was ready at once: allowed, but then it must be whole
		return
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSaysNothing(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = write
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err == nil {
		s.Close()
	}
	os.Stderr = old
	_ = write.Close()
	if err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 1024)
	if n, _ := read.Read(said); n > 0 {
		t.Errorf("standard error: %s", said[:n])
	}
	_ = read.Close()
}

// TestTwoAtOnce: servers share nothing, not even a name that one could find the
// other by.
func TestTwoAtOnce(t *testing.T) {
	at, want := "127.0.0.1:0", "etcd://127.0.0.1:"
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil { // not every machine has it
		_ = l.Close()
		at, want = "[::1]:0", "etcd://[::1]:"
	}
	one, two := start(t, t.TempDir(), "127.0.0.1:0"), start(t, t.TempDir(), at)
	if _, err := one.Client().Put(t.Context(), "k", "v"); err != nil {
		t.Fatal(err)
	}
	if got, err := two.Client().Get(t.Context(), "", clientv3.WithPrefix(), clientv3.WithCountOnly()); err != nil || got.Count != 0 {
		t.Errorf("the other one has %v, %v", got, err)
	}
	members := func(s *embedded.Server) uint64 {
		got, err := s.Client().MemberList(t.Context())
		if err != nil || len(got.Members) != 1 {
			t.Fatalf("%v, %v", got, err)
		}
		return got.Header.ClusterId
	}
	if one.Addr() == two.Addr() || !strings.HasPrefix(two.URL(), want) || members(one) == 0 || members(two) == 0 {
		t.Errorf("%s and %s", one.URL(), two.URL())
	}
}

// TestShortLeases: a lease of a second is granted as that, so that a demo and
// tests need not wait, and it ends.
func TestShortLeases(t *testing.T) {
	s := start(t, t.TempDir(), "127.0.0.1:0")
	granted, err := s.Client().Grant(t.Context(), 1)
	if err != nil || granted.TTL != 1 {
		t.Fatalf("%v, %v", granted, err)
	}
	changes := s.Client().Watch(t.Context(), "k")
	if _, err := s.Client().Put(t.Context(), "k", "v", clientv3.WithLease(granted.ID)); err != nil {
		t.Fatal(err)
	}
	late := time.After(20 * time.Second)
	for {
		select {
		case answer := <-changes:
			for _, e := range answer.Events {
				if e.Type == clientv3.EventTypeDelete {
					return
				}
			}
		case <-late:
			t.Fatal("the lease did not end")
		}
	}
}

// TestFolder: a folder that cannot be written is said, and leaves nothing
// running.
func TestFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := embedded.Start(t.Context(), filepath.Join(file, "below")); err == nil {
		s.Close()
		t.Error("a folder below a file was taken")
	} else if !strings.Contains(err.Error(), "embedded etcd: ") || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("got %v", err)
	}
}
