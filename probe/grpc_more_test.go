package probe_test

import (
	"context"
	"crypto/tls"
	"fmt"
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
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

// described makes reflection name services that are not there to be called.
type described struct{ names []string }

func (d described) GetServiceInfo() map[string]grpc.ServiceInfo {
	all := map[string]grpc.ServiceInfo{"grpc.health.v1.Health": {}, "grpc.reflection.v1.ServerReflection": {}}
	for _, name := range d.names {
		all[name] = grpc.ServiceInfo{}
	}
	return all
}

// words is a health server of before List that knows just these.
func words(of map[string]string) unwise {
	return unwise{check: func(_ context.Context, service string) (string, error) {
		if word, ok := of[service]; ok {
			return word, nil
		}
		return "", status.Error(codes.NotFound, "unknown service")
	}}
}

// TestGRPCAll: List, then reflection in both its versions, then the whole.
func TestGRPCAll(t *testing.T) {
	v1 := func(srv *grpc.Server, names ...string) {
		grpc_reflection_v1.RegisterServerReflectionServer(srv, reflection.NewServerV1(reflection.ServerOptions{Services: described{names}}))
	}
	var hundred []string
	for i := range 120 {
		hundred = append(hundred, fmt.Sprintf("s%03d", i))
	}
	for _, c := range []struct {
		name     string
		register func(*grpc.Server)
		want     string // verdict, then the components, then how it was asked
	}{
		{"list", states(serving, "a=SERVING"), "pass; a=well server=well; by List"},
		{"an unset one", states(serving, "a=UNKNOWN"), "unknown reported says UNKNOWN; a=unknown server=well; by List"},
		{"reflection", func(srv *grpc.Server) {
			words(map[string]string{"": "SERVING", "a.A": "SERVING", "b.B": "NOT_SERVING"}).register(srv)
			v1(srv, "a.A", "b.B", "c.C")
		}, "fail reported b.B not_serving; a.A=well b.B=ill server=well; by reflection"},
		{"older reflection", func(srv *grpc.Server) {
			words(map[string]string{"a.A": "SERVING"}).register(srv)
			grpc_reflection_v1alpha.RegisterServerReflectionServer(srv, reflection.NewServer(reflection.ServerOptions{Services: described{[]string{"a.A"}}}))
		}, "pass; a.A=well; by reflection"},
		{"no reflection", words(map[string]string{"": "SERVING"}).register, "pass; server=well; neither List nor reflection: the whole server only"},
		{"nothing but names", func(srv *grpc.Server) {
			words(nil).register(srv)
			v1(srv, "a.A")
		}, "unknown not_found NOT_FOUND: it keeps the health of none of its services; ; "},
		{"no word and no reflection", words(nil).register, "unknown not_found UNIMPLEMENTED: unknown service grpc.reflection.v1alpha.ServerReflection; ; "},
		{"more than List may hold", func(srv *grpc.Server) {
			states(serving, strings.Split(strings.Join(hundred, "=SERVING,")+"=SERVING", ",")...)(srv)
			v1(srv, hundred...)
		}, "pass; 101 components; by reflection, the first 100 services only"},
		{"a denied list", unwise{list: func() (*grpc_health_v1.HealthListResponse, error) {
			return nil, status.Error(codes.PermissionDenied, "no")
		}}.register, "unknown auth PERMISSION_DENIED: no; ; "},
		{"a service that cannot be asked", func(srv *grpc.Server) {
			unwise{check: func(_ context.Context, service string) (string, error) {
				if service == "" {
					return "SERVING", nil
				}
				return "", status.Error(codes.Internal, "oops")
			}}.register(srv)
			v1(srv, "a.A")
		}, "fail status INTERNAL: oops; ; "},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln := probetest.Listen(t)
			serveGRPC(t, ln, c.register)
			r := askGRPC(t, probe.GRPCProber{}, grpcAt(ln, "*"))
			var parts []string
			for _, part := range r.Health.Components {
				parts = append(parts, part.Name+"="+part.Word.String())
			}
			if len(parts) > 50 {
				parts = []string{fmt.Sprint(len(parts), " components")}
			}
			_, how, _ := strings.Cut(strings.Join(r.Trace, "\n"), "asked for all services ")
			if got := verdictOf(r) + "; " + strings.Join(parts, " ") + "; " + how; got != c.want {
				t.Errorf("%s\nwant: %s", got, c.want)
			}
		})
	}
}

// TestGRPCSends: who we are, and what the profile says, goes with every call, in
// the List and in the reflection too.
func TestGRPCSends(t *testing.T) {
	gate := func(ctx context.Context) error {
		md, _ := metadata.FromIncomingContext(ctx)
		if got := md.Get("authorization"); len(got) != 1 || got[0] != "Bearer secret-4711" {
			return status.Error(codes.Unauthenticated, "missing bearer token")
		}
		if got := md.Get("user-agent"); len(got) != 1 || !strings.HasPrefix(got[0], "midwatch/1 ") {
			return status.Error(codes.PermissionDenied, "who are you")
		}
		if got := md.Get(":authority"); len(got) != 1 || got[0] != "orders.internal" {
			return status.Error(codes.PermissionDenied, "whom do you mean")
		}
		return nil
	}
	ln := probetest.Listen(t)
	serveGRPC(t, ln, func(srv *grpc.Server) {
		words(map[string]string{"a.A": "SERVING"}).register(srv)
		grpc_reflection_v1.RegisterServerReflectionServer(srv, reflection.NewServerV1(reflection.ServerOptions{Services: described{[]string{"a.A"}}}))
	}, grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if err := gate(ctx); err != nil {
			return nil, err
		}
		return next(ctx, req)
	}), grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		if err := gate(stream.Context()); err != nil {
			return err
		}
		return next(srv, stream)
	}))
	target := grpcAt(ln, "*")
	target.Host = "orders.internal"
	p := probe.GRPCProber{UserAgent: "midwatch/1", Headers: http.Header{"Authorization": {"Bearer secret-4711"}}}
	if r := askGRPC(t, p, target); r.Outcome != probe.Pass {
		t.Error(verdictOf(r))
	}
	p.Headers = http.Header{"Authorization": {"Bearer other"}}
	r := askGRPC(t, p, target)
	if got := verdictOf(r); got != "unknown auth UNAUTHENTICATED: missing bearer token" {
		t.Error(got)
	}
	p.Headers = http.Header{"Authorization": {"Bearer secret-4711\n"}}
	r = askGRPC(t, p, target)
	if r.Outcome != probe.Unknown || strings.Contains(fmt.Sprintf("%+v", r), "secret-4711") {
		t.Errorf("a header that cannot be sent: %+v", r)
	}
}

// TestGRPCForeign: the far sides that grpc-go all calls UNAVAILABLE.
func TestGRPCForeign(t *testing.T) {
	ca := probetest.NewCA(t)
	cert := ca.Cert(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "localhost")
	withCA := probe.GRPCProber{TLS: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}}
	mutual := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }
	refuse := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, c := range []struct {
		name   string
		serve  func(t *testing.T, ln net.Listener)
		scheme string
		want   string
	}{
		{"plain to a TLS server", func(t *testing.T, ln net.Listener) {
			serveGRPC(t, ln, states(serving), grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
		}, "", "unknown wrong_scheme spoke plain gRPC to a port that speaks TLS"},
		{
			"plain to an HTTPS server", func(t *testing.T, ln net.Listener) { serve(t, ln, &cert, up) }, "",
			"unknown wrong_scheme spoke plain gRPC to a port that speaks TLS",
		},
		{
			"TLS to a plain server", func(t *testing.T, ln net.Listener) { serveGRPC(t, ln, states(serving)) }, "grpcs",
			"unknown wrong_scheme spoke TLS to a port that does not",
		},
		{"no client certificate", func(t *testing.T, ln net.Listener) {
			serveGRPC(t, ln, states(serving), grpc.Creds(credentials.NewTLS(mutual)))
		}, "grpcs", "unknown auth it does not take our certificate: tls: certificate required"},
		{
			"HTTP/1.1", func(t *testing.T, ln net.Listener) { serve(t, ln, nil, up) }, "",
			"unknown protocol it speaks HTTP/1 and not gRPC: HTTP/1.1 200 OK",
		},
		{
			"another HTTP/2 server", func(t *testing.T, ln net.Listener) { serveHTTP2(t, ln, nil, page) }, "",
			`unknown protocol unexpected HTTP status code received from server: 200 (OK); transport: received unexpected content-type "text/plain; charset=utf-8" data: "hello"`,
		},
		{
			"another HTTP/2 server over TLS", func(t *testing.T, ln net.Listener) { serveHTTP2(t, ln, &cert, page) }, "grpcs",
			`unknown protocol unexpected HTTP status code received from server: 200 (OK); transport: received unexpected content-type "text/plain; charset=utf-8" data: "hello"`,
		},
		{
			"a proxy without a server", func(t *testing.T, ln net.Listener) { serveHTTP2(t, ln, nil, refuse(http.StatusBadGateway)) }, "",
			`fail status UNAVAILABLE: unexpected HTTP status code received from server: 502 (Bad Gateway); malformed header: missing HTTP content-type`,
		},
		{
			"a proxy that wants credentials", func(t *testing.T, ln net.Listener) { serveHTTP2(t, ln, nil, refuse(http.StatusUnauthorized)) }, "",
			`unknown auth UNAUTHENTICATED: unexpected HTTP status code received from server: 401 (Unauthorized); malformed header: missing HTTP content-type`,
		},
		{"redis", func(t *testing.T, ln net.Listener) {
			probetest.RawOn(t, ln, func(c net.Conn) { _, _ = c.Write([]byte("-ERR unknown command 'PRI'\r\n")) })
		}, "", "unknown protocol it does not speak HTTP/2"},
		{"a half frame", func(t *testing.T, ln net.Listener) {
			probetest.RawOn(t, ln, func(c net.Conn) { _, _ = c.Write([]byte{0, 0}) })
		}, "", "unknown protocol it does not speak HTTP/2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln := probetest.Listen(t)
			c.serve(t, ln)
			target := grpcAt(ln, "")
			if target.Scheme = c.scheme; c.scheme != "" {
				target.Host = "localhost"
			}
			r := askGRPC(t, withCA, target)
			if got := verdictOf(r); got != c.want || !r.Answered {
				t.Errorf("%s, answered %v; want %s", got, r.Answered, c.want)
			}
		})
	}
}

// TestGRPCHang: a handler that never answers is a timeout, however alive its
// connection is, and nobody answered.
func TestGRPCHang(t *testing.T) {
	ln := probetest.Listen(t)
	serveGRPC(t, ln, unwise{check: func(ctx context.Context, _ string) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	}}.register)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	r := probe.GRPCProber{}.Probe(ctx, grpcAt(ln, ""))
	if r.Outcome != probe.Fail || r.Reason != probe.ReasonTimeout || r.Detail != "no answer in 300ms" {
		t.Error(verdictOf(r))
	}
}

// TestGRPCSlow: what is well and slow is a warning.
func TestGRPCSlow(t *testing.T) {
	ln := probetest.Listen(t)
	serveGRPC(t, ln, states(serving))
	if r := askGRPC(t, probe.GRPCProber{Slow: 1}, grpcAt(ln, "")); r.Outcome != probe.Warn || r.Reason != probe.ReasonSlow {
		t.Error(verdictOf(r))
	}
}

// TestGRPCCertificate: the certificate's own word goes beside the service's.
func TestGRPCCertificate(t *testing.T) {
	ca := probetest.NewCA(t)
	cert := ca.Cert(t, time.Now().Add(-time.Hour), time.Now().Add(5*24*time.Hour), "localhost")
	ln := probetest.Listen(t)
	serveGRPC(t, ln, states(serving), grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
	target := grpcAt(ln, "")
	target.Scheme, target.Host = "grpcs", "localhost"
	for _, c := range []struct {
		p    probe.GRPCProber
		want probe.Outcome
	}{
		{probe.GRPCProber{TLS: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}, WarnDays: 3}, probe.Pass},
		{probe.GRPCProber{TLS: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}, WarnDays: 30}, probe.Warn},
		{probe.GRPCProber{TLS: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}, FailDays: 30}, probe.Fail},
		{probe.GRPCProber{TLS: &tls.Config{InsecureSkipVerify: true}}, probe.Warn},
		{probe.GRPCProber{}, probe.Unknown},
	} {
		if r := askGRPC(t, c.p, target); r.Outcome != c.want || r.Outcome != probe.Unknown && !r.Expires.Equal(cert.Leaf.NotAfter) {
			t.Errorf("%s, ends %s; want %s", verdictOf(r), r.Expires, c.want)
		}
	}
}

// watch collects what Watch tells until stop.
func watch(t *testing.T, target probe.Target) (next func() string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	told := make(chan probe.Result)
	go func() {
		defer close(told)
		probe.GRPCProber{Slow: -1}.Watch(ctx, target, 20*time.Millisecond, func(r probe.Result) {
			select {
			case told <- r:
			case <-ctx.Done():
			}
		})
	}()
	next = func() string {
		r, ok := <-told
		if !ok {
			t.Fatal("nothing more was told")
		}
		return verdictOf(r)
	}
	return next, func() {
		cancel()
		for range told {
		}
	}
}

func TestGRPCWatch(t *testing.T) {
	h := grpcserver.NewServer()
	ln := probetest.Listen(t)
	srv := serveGRPC(t, ln, func(srv *grpc.Server) { grpc_health_v1.RegisterHealthServer(srv, h) })
	next, stop := watch(t, grpcAt(ln, "orders.v1.Orders"))
	defer stop()
	expect := func(want string) {
		t.Helper()
		if got := next(); got != want {
			t.Fatalf("told %s, want %s", got, want)
		}
	}
	expect("unknown not_found NOT_FOUND: unknown service")
	h.SetServingStatus("orders.v1.Orders", serving)
	expect("pass")
	h.SetServingStatus("orders.v1.Orders", notServing)
	expect("fail reported says NOT_SERVING")
	h.SetServingStatus("orders.v1.Orders", serving)
	expect("pass")
	srv.Stop()
	for got := next(); got != "fail refused connection refused"; got = next() {
		if !strings.HasPrefix(got, "fail closed") && !strings.HasPrefix(got, "fail reset") {
			t.Fatalf("told %s when the server ended", got)
		}
	}
}

// TestGRPCWatchPolls: a server that cannot be watched is asked again and again,
// and so are all services at once.
func TestGRPCWatchPolls(t *testing.T) {
	for _, path := range []string{"", "*"} {
		answers := make(chan string)
		ln := probetest.Listen(t)
		serveGRPC(t, ln, unwise{check: func(ctx context.Context, _ string) (string, error) {
			select {
			case word := <-answers:
				return word, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}}.register)
		next, stop := watch(t, grpcAt(ln, path))
		for _, word := range []string{"SERVING", "NOT_SERVING", "UNKNOWN"} {
			// The same again is not told again.
			answers <- word
			got := next()
			answers <- word
			want := map[string]string{"SERVING": "pass", "UNKNOWN": "unknown reported says UNKNOWN"}[word]
			if word == "NOT_SERVING" {
				want = "fail reported says NOT_SERVING"
				if path == "*" {
					want = "fail reported server not_serving"
				}
			}
			if got != want {
				t.Errorf("%q %s: told %s, want %s", path, word, got, want)
			}
		}
		stop()
	}
}
