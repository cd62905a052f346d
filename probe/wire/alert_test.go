package wire_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// meets is a server for one connection, and its address.
func meets(t *testing.T, serve func(conn net.Conn)) string {
	t.Helper()
	ln := listen(t, "tcp4", "127.0.0.1:0")
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := ln.Accept(); err == nil {
			serve(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
	return ln.Addr().String()
}

// speaks makes a server of TLS, which keeps what it has understood open.
func speaks(cert *link, version uint16, client tls.ClientAuthType) func(net.Conn) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: version, ClientAuth: client}
	cfg.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.cert.Raw}, PrivateKey: cert.key}}
	return func(conn net.Conn) {
		secure := tls.Server(conn, cfg)
		if secure.HandshakeContext(context.Background()) == nil {
			_, _ = io.Copy(io.Discard, secure)
		}
	}
}

// TestAlert: what a connection on which nothing is asked shows of a peer that
// hung up.
func TestAlert(t *testing.T) {
	root := issue(t, nil, true, 100*day, "root")
	leaf := issue(t, root, false, day, "order.example")
	for _, c := range []struct {
		name  string
		serve func(net.Conn)
		cfg   *tls.Config
		want  string // "" is nothing found
	}{
		{"it wants our certificate", speaks(leaf, tls.VersionTLS13, tls.RequireAnyClientCert), trust(root), "remote error: tls: certificate required"},
		{"an older one wants our certificate", speaks(leaf, tls.VersionTLS12, tls.RequireAnyClientCert), trust(root), "remote error: tls: "},
		{"a CA that we do not know", speaks(leaf, tls.VersionTLS13, tls.NoClientCert), nil, ""},
		{"it hangs up", func(net.Conn) {}, trust(root), ""},
		{"it speaks no TLS", func(conn net.Conn) { _, _ = io.WriteString(conn, "220 mail.example ESMTP\r\n") }, trust(root), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d wire.Dialer
			found := d.Alert(t.Context(), "tcp", meets(t, c.serve), c.cfg, "order.example", "h2", "http/1.1")
			switch {
			case c.want == "" && found != nil:
				t.Errorf("found %v", found)
			case c.want != "" && (found == nil || !strings.HasPrefix(found.Error(), c.want) || !wire.IsAlert(found)):
				t.Errorf("found %v, want %s", found, c.want)
			}
		})
	}
	ln := listen(t, "tcp4", "127.0.0.1:0")
	_ = ln.Close()
	var d wire.Dialer
	if found := d.Alert(t.Context(), "tcp", ln.Addr().String(), nil, "order.example"); found != nil {
		t.Errorf("nobody is there: found %v", found)
	}
}

// TestAlertInTime: a server of TLS that is well, or that says nothing at all,
// holds nobody up, and not past the end of the context.
func TestAlertInTime(t *testing.T) {
	root := issue(t, nil, true, 100*day, "root")
	leaf := issue(t, root, false, day, "order.example")
	for name, serve := range map[string]func(net.Conn){
		"well":   speaks(leaf, tls.VersionTLS13, tls.NoClientCert),
		"silent": func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) },
	} {
		var d wire.Dialer
		address := meets(t, serve)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		start := time.Now()
		found := d.Alert(ctx, "tcp", address, trust(root), "order.example")
		cancel()
		if took := time.Since(start); found != nil || took > 400*time.Millisecond {
			t.Errorf("%s: %v after %s", name, found, took)
		}
	}
}

func TestHungUp(t *testing.T) {
	for err, want := range map[error]bool{
		io.EOF: true, syscall.ECONNRESET: true, syscall.EPIPE: true,
		nil: false, syscall.ECONNREFUSED: false, context.DeadlineExceeded: false, errors.New("malformed HTTP"): false,
	} {
		if wire.HungUp(err) != want {
			t.Errorf("%v: want %v", err, want)
		}
	}
}
