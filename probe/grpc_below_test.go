package probe_test

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

// TestGRPCBelow: what a peer says below gRPC comes to the outcome that the same
// would have over HTTP: a crash is a failure of it, a question it does not
// understand or answers too often is none.
func TestGRPCBelow(t *testing.T) {
	answers := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want string
		code codes.Code
	}{
		{"a handler that panics", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "fail status INTERNAL: stream terminated by RST_STREAM", codes.Internal},
		{"500", answers(http.StatusInternalServerError), "fail status UNKNOWN: unexpected HTTP status code received from server: 500", codes.Unknown},
		{"503 of a proxy", answers(http.StatusServiceUnavailable), "fail status UNAVAILABLE: unexpected HTTP status code received from server: 503", codes.Unavailable},
		{"429", answers(http.StatusTooManyRequests), "unknown limited RESOURCE_EXHAUSTED: unexpected HTTP status code received from server: 429", codes.ResourceExhausted},
		{"501", answers(http.StatusNotImplemented), "unknown protocol unexpected HTTP status code received from server: 501", 0},
		{"404", answers(http.StatusNotFound), "unknown not_found UNIMPLEMENTED: unexpected HTTP status code received from server: 404", codes.Unimplemented},
		{"403", answers(http.StatusForbidden), "unknown auth PERMISSION_DENIED: unexpected HTTP status code received from server: 403", codes.PermissionDenied},
		{"a login page", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example/", http.StatusFound)
		}, "unknown protocol unexpected HTTP status code received from server: 302", 0},
		{"more headers than we read", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("X-Much", strings.Repeat("x", 200<<10))
			w.WriteHeader(http.StatusOK)
		}, "unknown protocol error reading from server: connection error", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln := probetest.Listen(t)
			serveHTTP2(t, ln, nil, c.h)
			r := askGRPC(t, probe.GRPCProber{}, grpcAt(ln, ""))
			if got := verdictOf(r); !strings.HasPrefix(got, c.want) || r.Code != int(c.code) || !r.Answered {
				t.Errorf("%s, code %d, answered %v; want %s, %d", got, r.Code, r.Answered, c.want, c.code)
			}
		})
	}
}

// TestGRPCShutsDown: a server that is told to end while it is asked finishes the
// answer; one that has ended is refused.
func TestGRPCShutsDown(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	ln := probetest.Listen(t)
	srv := serveGRPC(t, ln, unwise{check: func(context.Context, string) (string, error) {
		close(entered)
		<-release
		return "NOT_SERVING", nil
	}}.register)
	stopped := make(chan struct{})
	go func() {
		<-entered
		go func() {
			srv.GracefulStop()
			close(stopped)
		}()
		close(release)
	}()
	if got := verdictOf(askGRPC(t, probe.GRPCProber{}, grpcAt(ln, ""))); got != "fail reported says NOT_SERVING" {
		t.Error(got)
	}
	<-stopped
	if got := verdictOf(askGRPC(t, probe.GRPCProber{}, grpcAt(ln, ""))); got != "fail refused connection refused" {
		t.Error(got)
	}
}

// TestGRPCUnix: over a socket, which has no name of its own to call by.
func TestGRPCUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "g.sock")
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var authority atomic.Value
	serveGRPC(t, ln, states(serving, "a=NOT_SERVING"), grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		authority.Store(strings.Join(md.Get(":authority"), " "))
		return next(ctx, req)
	}))
	for service, want := range map[string]string{"": "pass", "a": "fail reported says NOT_SERVING", "b": "unknown not_found NOT_FOUND: unknown service", "*": "fail reported a not_serving"} {
		target := probe.Target{Kind: probe.GRPC, Network: "unix", Address: path, Path: service}
		if got := verdictOf(askGRPC(t, probe.GRPCProber{}, target)); got != want {
			t.Errorf("%q: %s, want %s", service, got, want)
		}
		if got, _ := authority.Load().(string); got == "" || strings.Contains(got, "/") {
			t.Errorf("%q: the authority is %q", service, got)
		}
	}
}

// TestGRPCAsksOnce: one probe is one connection and one question; a server that
// is not there is not waited for, and nothing is tried again behind our back.
func TestGRPCAsksOnce(t *testing.T) {
	for _, code := range []codes.Code{codes.OK, codes.Unavailable, codes.ResourceExhausted, codes.Aborted} {
		var asked atomic.Int32
		ln := &counting{Listener: probetest.Listen(t)}
		serveGRPC(t, ln, unwise{check: func(context.Context, string) (string, error) {
			asked.Add(1)
			return "SERVING", status.Error(code, "x")
		}}.register)
		askGRPC(t, probe.GRPCProber{}, grpcAt(ln, ""))
		if asked.Load() != 1 || ln.accepted.Load() != 1 {
			t.Errorf("%v: asked %d times over %d connections", code, asked.Load(), ln.accepted.Load())
		}
	}
	start := time.Now()
	r := askGRPC(t, probe.GRPCProber{}, probe.Target{Kind: probe.GRPC, Address: probetest.ClosedPort(t), Named: true})
	if took := time.Since(start); r.Reason != probe.ReasonRefused || took > 5*time.Second {
		t.Errorf("%s after %v", verdictOf(r), took)
	}
}

type counting struct {
	net.Listener
	accepted atomic.Int32
}

func (c *counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.accepted.Add(1)
	}
	return conn, err
}

// TestGRPCSaysNothingOfUs: without a profile no credentials go, and an agent
// that nobody named does not begin with a space.
func TestGRPCSaysNothingOfUs(t *testing.T) {
	var got metadata.MD
	ln := probetest.Listen(t)
	serveGRPC(t, ln, states(serving), grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		got, _ = metadata.FromIncomingContext(ctx)
		return next(ctx, req)
	}))
	if r := askGRPC(t, probe.GRPCProber{}, grpcAt(ln, "")); r.Outcome != probe.Pass {
		t.Fatal(verdictOf(r))
	}
	known := []string{":authority", "content-type", "user-agent", "grpc-accept-encoding"}
	for key, values := range got {
		if !slices.Contains(known, key) {
			t.Errorf("%s: %q was sent", key, values)
		}
		if key == "user-agent" && strings.TrimSpace(values[0]) != values[0] {
			t.Errorf("the agent is %q", values[0])
		}
	}
}

// TestGRPCWatchComesBack: a service that the server knows only later, loses and
// has again is told each time, over the one stream; a server that forgets it is
// no failure of it.
func TestGRPCWatchComesBack(t *testing.T) {
	words := make(chan string)
	ln := probetest.Listen(t)
	serveGRPC(t, ln, func(srv *grpc.Server) {
		grpc_health_v1.RegisterHealthServer(srv, follower{words: words, last: &atomic.Int32{}})
	})
	next, stop := watch(t, grpcAt(ln, "orders"))
	defer stop()
	if got := next(); got != "unknown not_found says SERVICE_UNKNOWN" {
		t.Fatal(got)
	}
	for _, step := range [][2]string{
		{"SERVING", "pass"},
		{"NOT_SERVING", "fail reported says NOT_SERVING"},
		{"SERVICE_UNKNOWN", "unknown not_found says SERVICE_UNKNOWN"},
		{"SERVING", "pass"},
		{"UNKNOWN", "unknown reported says UNKNOWN"},
		{"SERVING", "pass"},
	} {
		words <- step[0]
		words <- step[0] // the same again is no news
		if got := next(); got != step[1] {
			t.Errorf("%s: told %s, want %s", step[0], got, step[1])
		}
	}
}

// follower says on its streams what it is given, SERVICE_UNKNOWN (3) before.
type follower struct {
	grpc_health_v1.UnimplementedHealthServer
	words chan string
	last  *atomic.Int32 // less 3
}

func (f follower) now() *grpc_health_v1.HealthCheckResponse {
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_ServingStatus(f.last.Load() + 3)}
}

func (f follower) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	return f.now(), nil
}

func (f follower) Watch(_ *grpc_health_v1.HealthCheckRequest, stream grpc_health_v1.Health_WatchServer) error {
	for {
		if err := stream.Send(f.now()); err != nil {
			return err
		}
		select {
		case word := <-f.words:
			f.last.Store(grpc_health_v1.HealthCheckResponse_ServingStatus_value[word] - 3)
		case <-stream.Context().Done():
			return nil
		}
	}
}
