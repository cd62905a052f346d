package grpchealth_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	grpcserver "google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/midwatch-cli/midwatch/probe/grpchealth"
	"github.com/midwatch-cli/midwatch/probe/health"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is the other end of a connection inside the process, with serve on it.
func peer(t *testing.T, serve func(c net.Conn)) *grpchealth.Client {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve(far)
		_ = far.Close()
	}()
	c, err := grpchealth.Open(near, grpchealth.Options{Authority: "orders.example"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		_ = far.Close()
		<-done
	})
	return c
}

// answer takes in the question and says text.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Write([]byte(text))
		_, _ = io.Copy(io.Discard, c)
	}
}

// one is a listener of a single connection.
type one struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l one) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l one) Close() error   { return nil }
func (l one) Addr() net.Addr { return &net.UnixAddr{Name: "inside", Net: "unix"} }

// server runs grpc-go's own health server on a connection inside the process.
func server(t *testing.T) (*grpchealth.Client, *grpcserver.Server) {
	t.Helper()
	near, far := net.Pipe()
	l := one{make(chan net.Conn, 1), make(chan struct{})}
	l.conns <- far
	srv, h := grpc.NewServer(), grpcserver.NewServer()
	grpc_health_v1.RegisterHealthServer(srv, h)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	c, err := grpchealth.Open(near, grpchealth.Options{Authority: "orders.example"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		close(l.done)
		srv.Stop()
		<-done
	})
	return c, h
}

func TestCheckAndWatch(t *testing.T) {
	c, h := server(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if c.Answered() {
		t.Error("answered before it was asked")
	}
	said, err := c.Check(ctx, "")
	if err != nil || said != (grpchealth.Said{Service: "", Word: "SERVING"}) || !c.Answered() {
		t.Errorf("%+v, %v", said, err)
	}
	_, err = c.Check(ctx, "orders")
	var refused *grpchealth.Error
	if !errors.As(err, &refused) || refused.Name != "NOT_FOUND" || refused.Code != 5 || refused.Error() != "NOT_FOUND: unknown service" {
		t.Errorf("%v", err)
	}
	words := make(chan string)
	ended := make(chan error)
	watching, stop := context.WithCancel(ctx)
	go func() {
		ended <- c.Watch(watching, "orders", func(s grpchealth.Said) { words <- s.Service + " " + s.Word })
	}()
	if got := <-words; got != "orders SERVICE_UNKNOWN" {
		t.Error(got)
	}
	h.SetServingStatus("orders", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	if got := <-words; got != "orders NOT_SERVING" {
		t.Error(got)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a watch that was stopped ends with %v", err)
	}
}

func TestForeign(t *testing.T) {
	for _, c := range []struct {
		says string
		want string
		tls  bool
	}{
		{"HTTP/1.1 400 Bad Request\r\n\r\n", "it speaks HTTP/1 and not gRPC: HTTP/1.1 400 Bad Request", false},
		{"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", "spoke plain gRPC to a port that speaks TLS", true},
		{"\x15\x03\x01\x00\x02\x02\x46padpad", "spoke plain gRPC to a port that speaks TLS", true},
		{"\x00\x00\x00\x07\x00\x00\x00\x00\x00", "it does not speak HTTP/2", false}, // GOAWAY before SETTINGS
		{"220 mail.example ESMTP\r\n", "it does not speak HTTP/2", false},
	} {
		client := peer(t, answer(c.says))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err := client.Check(ctx, "")
		cancel()
		var foreign *grpchealth.Foreign
		if !errors.As(err, &foreign) || foreign.TLS != c.tls || foreign.Error() != c.want || !client.Answered() {
			t.Errorf("%q: %v, want %s", c.says, err, c.want)
		}
	}
}

func TestHungUp(t *testing.T) {
	client := peer(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) })
	_, err := client.Check(t.Context(), "")
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) || client.Answered() {
		t.Errorf("%v, answered %v", err, client.Answered())
	}
	if _, _, err := client.All(t.Context()); err == nil {
		t.Error("a dead connection answers")
	}
	if err := client.Watch(t.Context(), "", func(grpchealth.Said) {}); err == nil {
		t.Error("a dead connection can be watched")
	}
}

func TestDeadline(t *testing.T) {
	client := peer(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Check(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestRead(t *testing.T) {
	for word, want := range map[string]health.Word{
		"SERVING": health.Well, "NOT_SERVING": health.Ill, "UNKNOWN": health.Unknown, "SERVICE_UNKNOWN": health.Unknown, "17": health.Unknown,
	} {
		v := grpchealth.Read(grpchealth.Said{Service: "a", Word: word})
		if v.Word != want || v.Text != word || v.Dialect != "grpc" || v.Components != nil || v.Draining || v.Starting {
			t.Errorf("%s: %+v", word, v)
		}
	}
	v := grpchealth.ReadAll([]grpchealth.Said{{"", "SERVING"}, {"z\x1b[2J", "SERVING"}, {"a", "NOT_SERVING"}, {"b", "UNKNOWN"}})
	if v.Word != health.Ill || v.Text != "NOT_SERVING" || len(v.Components) != 4 || v.Components[0].Name != "a" || v.Components[2].Name != "server" || v.Components[3].Name != "z [2J" {
		t.Errorf("%+v", v)
	}
	if v := grpchealth.ReadAll(nil); v.Word != health.NoWord {
		t.Errorf("%+v", v)
	}
}

// FuzzPeer: whatever a far side begins with, there is an error with a text and
// an end.
func FuzzPeer(f *testing.F) {
	for _, s := range []string{
		"", "HTTP/1.1 200 OK\r\n\r\n", "\x15\x03\x01\x00\x02\x02\x46", "-ERR\r\n", "\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, begins []byte) {
		client := peer(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write(begins)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		said, err := client.Check(ctx, "")
		if err == nil || err.Error() == "" || ctx.Err() != nil {
			t.Errorf("%q: %+v, %v", begins, said, err)
		}
	})
}
