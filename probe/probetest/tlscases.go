package probetest

import (
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
)

const day = 24 * time.Hour

func (s *suite) askTLS(t *testing.T, cert tls.Certificate) probe.Result {
	t.Helper()
	return ask(t, s.open(t), s.ServeTLS(t, Listen(t), cert), limit)
}

func tlsPasses(t *testing.T, s *suite) {
	cert := s.ca.Cert(t, time.Now().Add(-day), time.Now().Add(90*day), "localhost")
	r := s.askTLS(t, cert)
	want(t, r, probe.Pass, probe.ReasonNone)
	if !r.Expires.Equal(cert.Leaf.NotAfter) {
		t.Errorf("Expires is %s, the certificate ends %s", r.Expires, cert.Leaf.NotAfter)
	}
}

func tlsWrongName(t *testing.T, s *suite) {
	r := s.askTLS(t, s.ca.Cert(t, time.Now().Add(-day), time.Now().Add(90*day), "other.example"))
	want(t, r, probe.Fail, probe.ReasonCertificate)
	wantText(t, r, "other.example")
}

func tlsExpired(t *testing.T, s *suite) {
	end := time.Now().Add(-3 * day).Truncate(time.Second)
	r := s.askTLS(t, s.ca.Cert(t, time.Now().Add(-30*day), end, "localhost"))
	want(t, r, probe.Fail, probe.ReasonCertificate)
	wantText(t, r, end.UTC().Format("2006-01-02"))
}

func tlsNotYet(t *testing.T, s *suite) {
	start := time.Now().Add(3 * day).Truncate(time.Second)
	r := s.askTLS(t, s.ca.Cert(t, start, time.Now().Add(30*day), "localhost"))
	want(t, r, probe.Fail, probe.ReasonCertificate)
	wantText(t, r, start.UTC().Format("2006-01-02"))
}

func tlsUntrusted(t *testing.T, s *suite) {
	r := s.askTLS(t, NewCA(t).Cert(t, time.Now().Add(-day), time.Now().Add(90*day), "localhost"))
	want(t, r, probe.Unknown, probe.ReasonUntrusted)
	if !r.Answered {
		t.Error("it showed a certificate, and Answered is false")
	}
}

func wantText(t *testing.T, r probe.Result, part string) {
	t.Helper()
	if !strings.Contains(r.Detail, part) {
		t.Errorf("%s: the detail does not say %q", describe(&r), part)
	}
}

// tlsToPlain: what a plain server of that protocol says to a handshake.
func tlsToPlain(t *testing.T, s *suite) {
	target := s.ServeTLS(t, Listen(t), s.ca.Cert(t, time.Now().Add(-day), time.Now().Add(day), "localhost"))
	target.Address = Raw(t, func(c net.Conn) {
		readSome(c)
		_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request"))
	})
	want(t, ask(t, s.open(t), target, limit), probe.Unknown, probe.ReasonScheme)
}

// plainToTLS: a TLS server answers what is no handshake with an alert.
func plainToTLS(t *testing.T, s *suite) {
	cert := s.ca.Cert(t, time.Now().Add(-day), time.Now().Add(day), "localhost")
	address := Raw(t, func(c net.Conn) {
		secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
		_ = secure.HandshakeContext(t.Context())
		// As OpenSSL does; Go's own server sends nothing when the first record is not TLS.
		_, _ = c.Write([]byte{0x15, 3, 1, 0, 2, 2, 70})
	})
	want(t, ask(t, s.open(t), s.at(t, address), limit), probe.Unknown, probe.ReasonScheme)
}
