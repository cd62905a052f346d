package grpchealth_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe/grpchealth"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

// TestSecondLook: what another connection shows of a peer that hung up without a
// word when it was asked plainly.
func TestSecondLook(t *testing.T) {
	ca := probetest.NewCA(t)
	cert := ca.Cert(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "orders.example")
	speaks := func(c *tls.Config) func(net.Conn) {
		c.Certificates, c.MinVersion = []tls.Certificate{cert}, tls.VersionTLS12
		return func(conn net.Conn) {
			secure := tls.Server(conn, c)
			_ = secure.Handshake()
			_, _ = io.Copy(io.Discard, secure)
		}
	}
	older := &tls.Config{MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert}
	for _, c := range []struct {
		name  string
		serve func(net.Conn)
		want  string // "" is nothing found
	}{
		{"plain to TLS", speaks(&tls.Config{}), "spoke plain gRPC to a port that speaks TLS"},
		{"plain to TLS that wants our certificate", speaks(&tls.Config{ClientAuth: tls.RequireAnyClientCert}), "spoke plain gRPC to a port that speaks TLS"},
		{"plain to TLS that speaks no h2", speaks(&tls.Config{NextProtos: []string{"http/1.1"}}), "spoke plain gRPC to a port that speaks TLS"},
		{"plain to an older TLS that wants our certificate", speaks(older), "spoke plain gRPC to a port that speaks TLS"},
		{"plain to one that hangs up", func(net.Conn) {}, ""},
		{"plain to one that speaks something else", func(c net.Conn) { _, _ = c.Write([]byte("220 mail.example ESMTP\r\n")) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := probetest.Raw(t, c.serve)
			var d net.Dialer
			conn, err := d.DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			settings := &tls.Config{MinVersion: tls.VersionTLS12}
			found := grpchealth.SecondLook(within(t), conn, settings, "orders.example")
			if got := text(found); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			if settings.ServerName != "" || settings.NextProtos != nil || settings.InsecureSkipVerify {
				t.Errorf("the caller's settings were written to: %+v", settings)
			}
			var foreign *grpchealth.Foreign
			if errors.As(found, &foreign) != (c.want != "") || foreign != nil && !foreign.TLS {
				t.Errorf("found %#v", found)
			}
			if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the connection is not closed: %v", err)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestSecondLookInTime: a peer that says nothing holds nobody up.
func TestSecondLookInTime(t *testing.T) {
	address := probetest.Raw(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	found := grpchealth.SecondLook(ctx, conn, nil, "orders.example")
	if took := time.Since(start); found != nil || took > 5*time.Second {
		t.Errorf("%v after %v", found, took)
	}
}

// TestSecondLookShowsNothing: the look that verifies nobody sends nothing, our
// own certificate neither, however that is given.
func TestSecondLookShowsNothing(t *testing.T) {
	ca := probetest.NewCA(t)
	cert := ca.Cert(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "orders.example")
	got := make(chan int64, 1)
	for name, cfg := range map[string]*tls.Config{
		"no settings":         nil,
		"a certificate":       {Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		"one that is fetched": {GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }, MinVersion: tls.VersionTLS12},
	} {
		address := probetest.Raw(t, func(conn net.Conn) {
			secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert})
			_ = secure.Handshake()
			n, _ := io.Copy(io.Discard, secure)
			got <- n + int64(len(secure.ConnectionState().PeerCertificates))
		})
		var d net.Dialer
		conn, err := d.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if found := grpchealth.SecondLook(within(t), conn, cfg, "orders.example"); found == nil {
			t.Errorf("%s: found nothing", name)
		}
		if n := <-got; n != 0 {
			t.Errorf("%s: %d bytes or certificates were sent", name, n)
		}
	}
}
