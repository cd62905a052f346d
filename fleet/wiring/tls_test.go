package wiring_test

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestTLS(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	ca.issue(t, "client", clientCertificate())
	other.issue(t, "client", clientCertificate())
	soon := time.Now().Add(10*24*time.Hour + time.Hour)
	own, named := ca.server(t, "", soon, false), ca.server(t, "payment.internal", soon, false)
	mutual, expired := ca.server(t, "", soon, true), ca.server(t, "", time.Now().Add(-time.Minute), false)
	for name, c := range map[string]struct {
		far        *recorder
		tls        fleet.TLSSettings
		warn, fail int
		noSecrets  bool
		unheard    bool   // refused before anything was asked
		host       string // of the target, where the plan gives one
		outcome    probe.Outcome
		reason     probe.Reason
	}{
		"trusted":                   {far: recordTLS(t, own, nil), tls: fleet.TLSSettings{CA: ca.file("ca.pem")}, outcome: probe.Pass},
		"nobody's authority":        {far: recordTLS(t, own, nil), outcome: probe.Unknown, reason: probe.ReasonUntrusted},
		"another authority":         {far: recordTLS(t, own, nil), tls: fleet.TLSSettings{CA: other.file("ca.pem")}, outcome: probe.Unknown, reason: probe.ReasonUntrusted},
		"another name":              {far: recordTLS(t, named, nil), tls: fleet.TLSSettings{CA: ca.file("ca.pem")}, outcome: probe.Fail, reason: probe.ReasonCertificate},
		"the name is given":         {far: recordTLS(t, named, nil), tls: fleet.TLSSettings{CA: ca.file("ca.pem"), ServerName: "payment.internal"}, host: "payment.internal", outcome: probe.Pass},
		"expired":                   {far: recordTLS(t, expired, nil), tls: fleet.TLSSettings{CA: ca.file("ca.pem")}, outcome: probe.Fail, reason: probe.ReasonCertificate},
		"it ends soon":              {far: recordTLS(t, own, nil), tls: fleet.TLSSettings{CA: ca.file("ca.pem")}, warn: 30, fail: 5, outcome: probe.Warn, reason: probe.ReasonExpiring},
		"it ends too soon":          {far: recordTLS(t, own, nil), tls: fleet.TLSSettings{CA: ca.file("ca.pem")}, warn: 30, fail: 15, outcome: probe.Fail, reason: probe.ReasonExpiring},
		"it ends later":             {far: recordTLS(t, own, nil), tls: fleet.TLSSettings{CA: ca.file("ca.pem")}, warn: 7, fail: 1, outcome: probe.Pass},
		"client certificate":        {far: recordTLS(t, mutual, nil), tls: fleet.TLSSettings{CA: ca.file("ca.pem"), Cert: ca.file("client.pem"), Key: ca.file("client.key")}, outcome: probe.Pass},
		"not where it must not go":  {far: recordTLS(t, mutual, nil), noSecrets: true, unheard: true, tls: fleet.TLSSettings{CA: ca.file("ca.pem"), Cert: ca.file("client.pem"), Key: ca.file("client.key")}},
		"certificate of a stranger": {far: recordTLS(t, mutual, nil), tls: fleet.TLSSettings{CA: ca.file("ca.pem"), Cert: other.file("client.pem"), Key: other.file("client.key")}, unheard: true},
		"not verified":              {far: recordTLS(t, expired, nil), tls: fleet.TLSSettings{Insecure: true}, outcome: probe.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t, settings(), fleet.Profile{Name: "p", TLS: c.tls, WarnDays: c.warn, FailDays: c.fail})
			target := secure(c.far.addr())
			target.Host = c.host
			r := ask(t, f, "p", !c.noSecrets, target)
			if c.unheard {
				// What is seen of it depends on who is quicker: in TLS 1.3 a handshake
				// ends before the server looks at the client's certificate.
				if n := len(c.far.taken()); n != 0 || r.Outcome == probe.Pass || r.Outcome == probe.Warn {
					t.Errorf("%d requests, %v, %q: %s", n, r.Outcome, r.Reason, r.Detail)
				}
				return
			}
			if r.Outcome != c.outcome || c.reason != "" && r.Reason != c.reason {
				t.Errorf("HTTPS: %v, %q: %s; want %v, %q", r.Outcome, r.Reason, r.Detail, c.outcome, c.reason)
			}
			if c.outcome == probe.Pass && len(c.far.taken()) != 1 {
				t.Error("it was not asked once")
			}
			target.Kind, target.Scheme, target.Path = probe.TLS, "", ""
			if r := ask(t, f, "p", !c.noSecrets, target); r.Outcome != c.outcome || c.reason != "" && r.Reason != c.reason {
				t.Errorf("TLS alone: %v, %q: %s; want %v, %q", r.Outcome, r.Reason, r.Detail, c.outcome, c.reason)
			}
		})
	}
}

// TestTLSThroughNetHTTP: the same files serve where OAuth2 is wanted.
func TestTLSThroughNetHTTP(t *testing.T) {
	ca := newAuthority(t)
	ca.issue(t, "client", clientCertificate())
	far, server := recordTLS(t, ca.server(t, "", time.Time{}, true), nil), record(t, token)
	p := oauth("oauth", server.URL)
	p.TLS = fleet.TLSSettings{CA: ca.file("ca.pem"), Cert: ca.file("client.pem"), Key: ca.file("client.key")}
	says(t, ask(t, open(t, settings(), p), "oauth", true, secure(far.addr())), probe.Pass, "")
	if got := far.one(t).Header.Get("Authorization"); got != "Bearer granted-health" {
		t.Errorf("Authorization %q", got)
	}
}

// grpcServer is a real gRPC server with the health service; it hands on the
// metadata of each call.
func grpcServer(t *testing.T, seen chan<- metadata.MD, options ...grpc.ServerOption) (string, *health.Server) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	options = append(options, grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		seen <- md
		return next(ctx, req)
	}))
	s, h := grpc.NewServer(options...), health.NewServer()
	healthpb.RegisterHealthServer(s, h)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(listener) // ends with Stop
	}()
	t.Cleanup(func() {
		s.Stop()
		<-done
	})
	return listener.Addr().String(), h
}

func TestGRPC(t *testing.T) {
	ca := newAuthority(t)
	ca.issue(t, "client", clientCertificate())
	for name, c := range map[string]struct {
		scheme  string
		options []grpc.ServerOption
		tls     fleet.TLSSettings
	}{
		"plain": {scheme: "grpc"},
		"TLS with a client certificate": {
			scheme: "grpcs", options: []grpc.ServerOption{grpc.Creds(credentials.NewTLS(ca.server(t, "", time.Time{}, true)))},
			tls: fleet.TLSSettings{CA: ca.file("ca.pem"), Cert: ca.file("client.pem"), Key: ca.file("client.key")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan metadata.MD, 10)
			addr, h := grpcServer(t, seen, c.options...)
			p := proving()["bearer"]
			p.TLS, p.Headers = c.tls, map[string]fleet.Header{"X-Team": {Text: "shop"}}
			f := open(t, settings(), p)
			target := probe.Target{Kind: probe.GRPC, Scheme: c.scheme, Address: addr, Path: "shop.Orders", Named: true}
			says(t, ask(t, f, "bearer", true, target), probe.Unknown, probe.ReasonNotFound)
			h.SetServingStatus("shop.Orders", healthpb.HealthCheckResponse_SERVING)
			says(t, ask(t, f, "bearer", true, target), probe.Pass, "")
			for range 2 {
				if md := <-seen; len(md["authorization"]) != 1 || md["authorization"][0] != "Bearer "+secrets["TOKEN"] || md["x-team"][0] != "shop" {
					t.Errorf("metadata %v", md)
				}
			}
			h.SetServingStatus("shop.Orders", healthpb.HealthCheckResponse_NOT_SERVING)
			says(t, ask(t, f, "bearer", true, target), probe.Fail, probe.ReasonReported)
			<-seen
			if c.scheme == "grpcs" {
				return // without credentials there is no certificate to show
			}
			ask(t, f, "bearer", false, target)
			if md := <-seen; len(md["authorization"]) != 0 || md["x-team"][0] != "shop" {
				t.Errorf("without credentials: metadata %v", md)
			}
		})
	}
}

// TestAGRPCServerIsGuessed: nobody says what it speaks, and HTTP is tried first.
func TestAGRPCServerIsGuessed(t *testing.T) {
	seen := make(chan metadata.MD, 10)
	addr, _ := grpcServer(t, seen)
	f := open(t, settings())
	w := f.Sweeper()
	svc := fleet.Service{Ref: fleet.Ref{Source: "memory", Name: "order"}, Instances: []fleet.Instance{{ID: "order-1", Addr: addr}}}
	for range 2 {
		snap := w.Pass(t.Context(), inputOf(svc))
		if v := snap.Services[0].Instances[0]; v.Status != fleet.Up {
			t.Errorf("%v: %+v", v.Status, v.Why)
		}
	}
}
