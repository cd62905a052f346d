package wire_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// dialing wraps an errno as the net package does.
func dialing(no syscall.Errno) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", no)}
}

type late struct{}

func (late) Error() string   { return "late" }
func (late) Timeout() bool   { return true }
func (late) Temporary() bool { return true }

func TestExplain(t *testing.T) {
	from, to := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	past := &x509.Certificate{NotBefore: from, NotAfter: to}
	future := &x509.Certificate{NotBefore: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2999, 2, 1, 0, 0, 0, 0, time.UTC)}
	verify := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	request := func(err error) error { return &url.Error{Op: "Get", URL: "http://10.0.0.1/health", Err: err} }
	remote := func(text string) error { return &net.OpError{Op: "remote error", Err: errors.New(text)} }
	for _, c := range []struct {
		name string
		err  error
		want wire.Cause
		text string
	}{
		{"nothing", nil, wire.None, ""},
		{"refused", dialing(syscall.ECONNREFUSED), wire.Refused, "connection refused"},
		{"refused, wrapped", request(fmt.Errorf("x: %w", dialing(syscall.ECONNREFUSED))), wire.Refused, "connection refused"},
		{"no socket", dialing(syscall.ENOENT), wire.Refused, "no such socket"},
		{"reset", dialing(syscall.ECONNRESET), wire.Reset, "connection reset"},
		{"broken pipe", dialing(syscall.EPIPE), wire.Reset, "connection reset"},
		{"the kernel's timeout", dialing(syscall.ETIMEDOUT), wire.Timeout, "no answer in time"},
		{"no route to host", dialing(syscall.EHOSTUNREACH), wire.NoRoute, "no route to host"},
		{"no network", dialing(syscall.ENETUNREACH), wire.NoRoute, "network is unreachable"},
		{"no IPv6", dialing(syscall.EADDRNOTAVAIL), wire.NoRoute, "cannot assign requested address"},
		{"no descriptors", dialing(syscall.EMFILE), wire.Internal, "too many open files: raise ulimit -n or lower --parallel"},
		{"not allowed", dialing(syscall.EACCES), wire.Internal, "permission denied"},
		{"deadline of a context", context.DeadlineExceeded, wire.Timeout, "no answer in time"},
		{"deadline of a connection", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, wire.Timeout, "no answer in time"},
		{"some other timeout", request(late{}), wire.Timeout, "no answer in time"},
		{"cancelled", request(context.Canceled), wire.Cancelled, "stopped asking"},
		{"cancelled while resolving", fmt.Errorf("lookup: %w", context.Canceled), wire.Cancelled, "stopped asking"},
		{"closed", io.EOF, wire.Closed, "closed without an answer"},
		{"closed in the middle", request(io.ErrUnexpectedEOF), wire.Closed, "closed without an answer"},
		{"closed between handshake and request", request(errors.New("http2: client conn could not be established")), wire.Closed, "closed without an answer"},
		{"closed by us", net.ErrClosed, wire.Internal, "we closed the connection"},
		{"no such host", &net.DNSError{Err: "no such host", Name: "a.example", Server: "10.0.0.2:53", IsNotFound: true}, wire.Resolve, "a.example: no such host"},
		{"resolver late", &net.DNSError{Err: "i/o timeout", Name: "a.example", Server: "10.0.0.2:53", IsTimeout: true}, wire.Resolve, "a.example: the name server did not answer in time"},
		{"resolver broken", &net.DNSError{Err: "server misbehaving", Name: "a.example", Server: "10.0.0.2:53"}, wire.Resolve, "a.example: server misbehaving"},
		{"no port", &net.AddrError{Err: "missing port in address", Addr: "10.0.0.1"}, wire.Internal, "not an address: address 10.0.0.1: missing port in address"},
		{"no network of that name", net.UnknownNetworkError("sctp"), wire.Internal, "not an address: unknown network sctp"},
		{"the proxy refused", request(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: dialing(syscall.ECONNREFUSED)}), wire.NoRoute, "the proxy: dial tcp: connect: connection refused"},
		{"the token server refused", request(&url.Error{Op: "Post", URL: "http://token.example", Err: dialing(syscall.ECONNREFUSED)}), wire.Auth, `cannot get a token: Post "http://token.example": dial tcp: connect: connection refused`},
		{"expired", verify(x509.CertificateInvalidError{Cert: past, Reason: x509.Expired}), wire.Certificate, "its certificate ended 2026-02-03T04:05:06Z"},
		{"not yet", verify(x509.CertificateInvalidError{Cert: future, Reason: x509.Expired}), wire.Certificate, "its certificate is valid only from 2999-01-01T00:00:00Z: look at both clocks"},
		{"expired, unseen", verify(x509.CertificateInvalidError{Reason: x509.Expired}), wire.Certificate, "its certificate is not valid now"},
		{"invalid otherwise", verify(x509.CertificateInvalidError{Cert: past, Reason: x509.TooManyIntermediates}), wire.Untrusted, "x509: too many intermediates for path length constraint"},
		{"wrong name", verify(x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"a.example", "b.example"}, IPAddresses: []net.IP{net.IPv4(10, 0, 0, 1)}}, Host: "c.example"}), wire.Certificate, "its certificate is for a.example, b.example, 10.0.0.1, not for c.example"},
		{"many wrong names", verify(x509.HostnameError{Certificate: &x509.Certificate{DNSNames: strings.Split("abcdefgh", "")}, Host: "z"}), wire.Certificate, "its certificate is for a, b, c, d, e, ..., not for z"},
		{"no name", verify(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "z"}), wire.Certificate, "its certificate names nobody, not z"},
		{"unknown authority", verify(x509.UnknownAuthorityError{}), wire.Untrusted, "its certificate is signed by nobody we trust"},
		{"no roots", verify(x509.SystemRootsError{}), wire.Untrusted, "its certificate is signed by nobody we trust"},
		{"TLS to plain", request(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}), wire.Scheme, "spoke TLS to a port that does not"},
		{"TLS to plain HTTP", request(http.ErrSchemeMismatch), wire.Scheme, "spoke TLS to a port that does not"},
		{"plain to TLS", request(errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15\x03\x01\x00\x02\x02F"`)), wire.Scheme, wire.PlainToTLS},
		{"wants a certificate", remote("tls: certificate required"), wire.Auth, "it does not take our certificate: tls: certificate required"},
		{"no version in common", remote("tls: protocol version not supported"), wire.Protocol, "tls: protocol version not supported"},
		{"something else", request(errors.New("net/http: HTTP/1.x transport connection broken")), wire.Protocol, "net/http: HTTP/1.x transport connection broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, text := wire.Explain(c.err); got != c.want || text != c.text {
				t.Errorf("got %q, %q; want %q, %q", got, text, c.want, c.text)
			}
		})
	}
}
