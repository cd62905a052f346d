package probe_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	grpcserver "google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

const (
	serving    = grpc_health_v1.HealthCheckResponse_SERVING
	notServing = grpc_health_v1.HealthCheckResponse_NOT_SERVING
)

// serveGRPC runs a gRPC server with what register puts into it, until the test
// ends.
func serveGRPC(t *testing.T, ln net.Listener, register func(*grpc.Server), options ...grpc.ServerOption) *grpc.Server {
	t.Helper()
	srv := grpc.NewServer(options...)
	register(srv)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln)
	}()
	t.Cleanup(func() {
		srv.Stop()
		<-done
	})
	return srv
}

// states is a real health server with these states beside the whole's.
func states(whole grpc_health_v1.HealthCheckResponse_ServingStatus, others ...string) func(*grpc.Server) {
	return func(srv *grpc.Server) {
		h := grpcserver.NewServer()
		h.SetServingStatus("", whole)
		for _, o := range others {
			name, word, _ := strings.Cut(o, "=")
			h.SetServingStatus(name, grpc_health_v1.HealthCheckResponse_ServingStatus(grpc_health_v1.HealthCheckResponse_ServingStatus_value[word]))
		}
		grpc_health_v1.RegisterHealthServer(srv, h)
	}
}

// unwise says of everything what it is told, and has neither List nor Watch.
type unwise struct {
	grpc_health_v1.UnimplementedHealthServer
	check func(ctx context.Context, service string) (string, error)
	list  func() (*grpc_health_v1.HealthListResponse, error)
}

func (u unwise) Check(ctx context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	word, err := u.check(ctx, r.GetService())
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_ServingStatus(grpc_health_v1.HealthCheckResponse_ServingStatus_value[word])}, err
}

func (u unwise) List(ctx context.Context, r *grpc_health_v1.HealthListRequest) (*grpc_health_v1.HealthListResponse, error) {
	if u.list == nil {
		return u.UnimplementedHealthServer.List(ctx, r)
	}
	return u.list()
}

func (u unwise) register(srv *grpc.Server) { grpc_health_v1.RegisterHealthServer(srv, u) }

func gates(err error) unwise {
	return unwise{check: func(context.Context, string) (string, error) { return "", err }}
}

func grpcAt(ln net.Listener, path string) probe.Target {
	return probe.Target{Kind: probe.GRPC, Address: ln.Addr().String(), Path: path, Named: true}
}

func askGRPC(t *testing.T, p probe.GRPCProber, target probe.Target) probe.Result {
	t.Helper()
	if p.Slow == 0 {
		p.Slow = -1
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	start := time.Now()
	r := p.Probe(ctx, target)
	for _, complaint := range probetest.Complaints(&r, target, time.Since(start)) {
		t.Errorf("%s: %s", target, complaint)
	}
	return r
}

func verdictOf(r probe.Result) string {
	return strings.TrimSpace(r.Outcome.String() + " " + string(r.Reason) + " " + r.Detail)
}

// grpcWorld is the world of gRPC, over TLS where there is an authority.
func grpcWorld(ca *probetest.CA) probetest.World {
	target := func(ln net.Listener, secure bool) probe.Target {
		target := grpcAt(ln, "")
		if secure {
			target.Scheme, target.Host = "grpcs", "localhost"
		}
		return target
	}
	hand := func(register func(*grpc.Server), options ...grpc.ServerOption) func(*testing.T, net.Listener) probe.Target {
		return func(t *testing.T, ln net.Listener) probe.Target {
			if ca != nil {
				cert := ca.Cert(t, time.Now().Add(-time.Hour), time.Now().Add(99*24*time.Hour), "localhost")
				options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
			}
			serveGRPC(t, ln, register, options...)
			return target(ln, ca != nil)
		}
	}
	w := probetest.World{
		CA: ca,
		Open: func(_ *testing.T, s probetest.Settings) probe.Prober {
			return probe.GRPCProber{
				TLS: &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12}, Resolver: s.Resolver, DialTimeout: s.DialTimeout,
			}
		},
		Serve: hand(states(serving)),
		ServeTLS: func(t *testing.T, ln net.Listener, cert tls.Certificate) probe.Target {
			serveGRPC(t, ln, states(serving), grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
			return target(ln, true)
		},
		Unwell: hand(states(notServing)),
		Slow: func(t *testing.T, ln net.Listener, d time.Duration) (probe.Target, string) {
			return hand(unwise{check: func(ctx context.Context, _ string) (string, error) {
				timer := time.NewTimer(d)
				defer timer.Stop()
				select {
				case <-timer.C:
				case <-ctx.Done():
				}
				return "SERVING", nil
			}}.register)(t, ln), "wait"
		},
		Endless: func(t *testing.T, ln net.Listener) probe.Target {
			var cert *tls.Certificate
			if ca != nil {
				c := ca.Cert(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "localhost")
				cert = &c
			}
			serveHTTP2(t, ln, cert, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/grpc")
				_, _ = w.Write(binary.BigEndian.AppendUint32([]byte{0}, 1<<30))
				for chunk := make([]byte, 64<<10); r.Context().Err() == nil; {
					if _, err := w.Write(chunk); err != nil {
						return
					}
				}
			})
			return target(ln, ca != nil)
		},
		Hostile: func(t *testing.T, ln net.Listener, text string) probe.Target {
			return hand(gates(status.Error(codes.Internal, text)).register)(t, ln)
		},
		Cannot: map[string]string{"redirect": "gRPC has none"},
	}
	if ca != nil {
		w.Cannot["scheme/tls-port"] = "every target speaks TLS"
	}
	return w
}

// serveHTTP2 is an HTTP/2 server that need not be one of gRPC.
func serveHTTP2(t *testing.T, ln net.Listener, cert *tls.Certificate, h http.HandlerFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	srv := &http.Server{
		Handler: h, Protocols: &protocols, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if cert != nil {
			srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
			_ = srv.ServeTLS(ln, "", "")
			return
		}
		_ = srv.Serve(ln)
	}()
	t.Cleanup(func() {
		cancel()
		_ = srv.Close()
		<-done
	})
}

func TestConformanceGRPC(t *testing.T) { probetest.Run(t, grpcWorld(nil)) }

func TestConformanceGRPCS(t *testing.T) { probetest.Run(t, grpcWorld(probetest.NewCA(t))) }

// TestGRPCRecorded is what was recorded of grpc-go's own server, asked of the
// same server again.
func TestGRPCRecorded(t *testing.T) {
	full := states(serving, "orders.v1.Orders=SERVING", "payments.v1.Payments=NOT_SERVING", "odd=UNKNOWN")
	for _, c := range []struct {
		name     string
		register func(*grpc.Server)
		path     string
		want     string
		code     codes.Code
	}{
		{"the whole", full, "", "pass", 0},
		{"a service", full, "orders.v1.Orders", "pass", 0},
		{"with a slash", full, "/orders.v1.Orders", "pass", 0},
		{"not serving", full, "payments.v1.Payments", "fail reported says NOT_SERVING", 0},
		{"names are case-sensitive", full, "Orders.v1.Orders", "unknown not_found NOT_FOUND: unknown service", codes.NotFound},
		{"zero value", full, "odd", "unknown reported says UNKNOWN", 0},
		{"all", full, "*", "fail reported payments.v1.Payments not_serving", 0},
		{"all well", states(serving, "a=SERVING"), "*", "pass", 0},
		{"after Shutdown", func(srv *grpc.Server) {
			h := grpcserver.NewServer()
			h.Shutdown()
			grpc_health_v1.RegisterHealthServer(srv, h)
		}, "", "fail reported says NOT_SERVING", 0},
		{"no health service", func(*grpc.Server) {}, "", "unknown not_found UNIMPLEMENTED: unknown service grpc.health.v1.Health", codes.Unimplemented},
		{"no health service, all", func(*grpc.Server) {}, "*", "unknown not_found UNIMPLEMENTED: unknown service grpc.health.v1.Health", codes.Unimplemented},
		{"no token", gates(status.Error(codes.Unauthenticated, "missing bearer token")).register, "", "unknown auth UNAUTHENTICATED: missing bearer token", codes.Unauthenticated},
		{"not allowed", gates(status.Error(codes.PermissionDenied, "")).register, "", "unknown auth PERMISSION_DENIED", codes.PermissionDenied},
		{"too often", gates(status.Error(codes.ResourceExhausted, "slow down")).register, "", "unknown limited RESOURCE_EXHAUSTED: slow down", codes.ResourceExhausted},
		{"its own deadline", gates(status.Error(codes.DeadlineExceeded, "db")).register, "", "fail timeout DEADLINE_EXCEEDED: db", codes.DeadlineExceeded},
		{"its own unavailable", gates(status.Error(codes.Unavailable, "no healthy upstream")).register, "", "fail status UNAVAILABLE: no healthy upstream", codes.Unavailable},
		{"a crash", gates(status.Error(codes.Internal, "nil\npointer\x1b[2J")).register, "", "fail status INTERNAL: nil pointer [2J", codes.Internal},
		{"bad question", gates(status.Error(codes.InvalidArgument, "x")).register, "", "unknown status INVALID_ARGUMENT: x", codes.InvalidArgument},
		{"no code of gRPC", gates(status.Error(99, "x")).register, "", "unknown status code 99: x", 99},
		{"cancelled over there", gates(status.Error(codes.Canceled, "x")).register, "", "unknown status CANCELLED: x", codes.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln := probetest.Listen(t)
			serveGRPC(t, ln, c.register)
			r := askGRPC(t, probe.GRPCProber{}, grpcAt(ln, c.path))
			if got := verdictOf(r); got != c.want || r.Code != int(c.code) || !r.Answered {
				t.Errorf("%s, code %d, answered %v; want %s, %d", got, r.Code, r.Answered, c.want, c.code)
			}
		})
	}
}
