package probe_test

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

// TestHTTPSClientCertificateWanted is a bug that was: in TLS 1.3 the refusal
// comes when the question is under way, and whether its alert or the reset
// behind it was seen first decided between unknown and down. The server here
// always lets the reset win.
func TestHTTPSClientCertificateWanted(t *testing.T) {
	ca := probetest.NewCA(t)
	cert := ca.Cert(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "localhost")
	base := tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"}}
	wants, mute := base.Clone(), base.Clone()
	wants.ClientAuth = tls.RequireAnyClientCert
	for _, c := range []struct {
		name     string
		protos   []string
		again    *tls.Config // what the second connection meets
		end      func(net.Conn)
		want     string
		answered bool
	}{
		{"HTTP/2, reset", []string{"h2", "http/1.1"}, wants, probetest.Abort, "unknown auth it does not take our certificate: tls: certificate required", true},
		{"HTTP/1.1, reset", []string{"http/1.1"}, wants, probetest.Abort, "unknown auth it does not take our certificate: tls: certificate required", true},
		{"HTTP/1.1, closed", []string{"http/1.1"}, wants, func(c net.Conn) { _ = c.Close() }, "unknown auth it does not take our certificate: tls: certificate required", true},
		{"one that resets and wants nothing", []string{"http/1.1"}, mute, probetest.Abort, "fail reset connection reset", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var met atomic.Int32
			address := probetest.Raw(t, func(conn net.Conn) {
				settings := c.again.Clone()
				first := met.Add(1) == 1
				if first {
					settings = base.Clone()
				}
				settings.NextProtos = c.protos
				secure := tls.Server(conn, settings)
				if secure.HandshakeContext(t.Context()) != nil {
					return
				}
				if first {
					_, _ = secure.Read(make([]byte, 1)) // the question is under way
					c.end(conn)
					return
				}
				_, _ = io.Copy(io.Discard, secure)
			})
			p, err := probe.NewHTTP(probe.HTTPOptions{TLS: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}})
			if err != nil {
				t.Fatal(err)
			}
			target := health(address)
			target.Scheme, target.Host = "https", "localhost"
			r := probed(t, p, target, 5*time.Second)
			if got := verdictOf(r); got != c.want || r.Answered != c.answered {
				t.Errorf("got %s, answered %v; want %s", got, r.Answered, c.want)
			}
		})
	}
}

// TestHTTPSClientCertificateWantedByGo asks the standard library's server often
// enough to see each way in which alert and question can meet.
func TestHTTPSClientCertificateWantedByGo(t *testing.T) {
	ca := probetest.NewCA(t)
	cert := ca.Cert(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "localhost")
	srv := httptest.NewUnstartedServer(http.HandlerFunc(up))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.EnableHTTP2 = true
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS13}
	srv.StartTLS()
	defer srv.Close()
	p, err := probe.NewHTTP(probe.HTTPOptions{TLS: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}})
	if err != nil {
		t.Fatal(err)
	}
	target := health(srv.Listener.Addr().String())
	target.Scheme, target.Host = "https", "localhost"
	for range 50 {
		r := probed(t, p, target, 5*time.Second)
		if got := verdictOf(r); got != "unknown auth it does not take our certificate: tls: certificate required" || !r.Answered {
			t.Fatalf("got %s, answered %v", got, r.Answered)
		}
	}
}
