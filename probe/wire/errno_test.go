package wire_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// TestErrnos has every errno that connecting, reading and writing give.
func TestErrnos(t *testing.T) {
	for no, want := range map[syscall.Errno]wire.Cause{
		syscall.ECONNREFUSED: wire.Refused, syscall.ENOENT: wire.Refused,
		syscall.ECONNRESET: wire.Reset, syscall.EPIPE: wire.Reset, syscall.ECONNABORTED: wire.Reset,
		syscall.ETIMEDOUT:    wire.Timeout,
		syscall.EHOSTUNREACH: wire.NoRoute, syscall.ENETUNREACH: wire.NoRoute, syscall.ENETDOWN: wire.NoRoute, syscall.EHOSTDOWN: wire.NoRoute,
		syscall.EADDRNOTAVAIL: wire.NoRoute, syscall.EAFNOSUPPORT: wire.NoRoute,
		syscall.EMFILE: wire.Internal, syscall.ENFILE: wire.Internal, syscall.EACCES: wire.Internal, syscall.EPERM: wire.Internal,
		syscall.ENOBUFS: wire.Internal, syscall.ENOMEM: wire.Internal, syscall.EINVAL: wire.Internal, syscall.EADDRINUSE: wire.Internal,
	} {
		for how, err := range map[string]error{
			"bare":      no,
			"a dial":    &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", no)},
			"a read":    &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", no)},
			"lean":      os.NewSyscallError("connect", no),
			"a file":    &os.PathError{Op: "read", Path: "tcp", Err: no},
			"a request": &url.Error{Op: "Get", URL: "http://u:s3cret@a/", Err: &net.OpError{Op: "dial", Err: no}},
			"a chain":   fmt.Errorf("asking: %w", fmt.Errorf("dialling: %w", no)),
			"joined":    errors.Join(errors.New("first try"), no),
		} {
			cause, text := wire.Explain(err)
			if cause != want || text == "" || strings.Contains(text, "s3cret") || strings.Contains(text, "\n") {
				t.Errorf("%d (%v) in %s: got %q, %q; want %q", int(no), no, how, cause, text, want)
			}
		}
	}
}

// TestWhichErrorWins where an error is several at once.
func TestWhichErrorWins(t *testing.T) {
	dns := &net.DNSError{Err: "i/o timeout", Name: "a.example", IsTimeout: true}
	for name, c := range map[string]struct {
		err  error
		want wire.Cause
	}{
		"cancelling over a timeout":       {errors.Join(os.ErrDeadlineExceeded, context.Canceled), wire.Cancelled},
		"cancelling over the resolver":    {errors.Join(dns, context.Canceled), wire.Cancelled},
		"cancelling over a certificate":   {errors.Join(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, context.Canceled), wire.Cancelled},
		"the resolver over the deadline":  {errors.Join(context.DeadlineExceeded, dns), wire.Resolve},
		"a refusal over the deadline":     {errors.Join(context.DeadlineExceeded, syscall.ECONNREFUSED), wire.Refused},
		"a name over an authority":        {errors.Join(x509.UnknownAuthorityError{}, x509.HostnameError{Certificate: &x509.Certificate{}, Host: "a"}), wire.Certificate},
		"a deadline over an early end":    {errors.Join(io.ErrUnexpectedEOF, os.ErrDeadlineExceeded), wire.Timeout},
		"a reset over an early end":       {errors.Join(io.EOF, syscall.ECONNRESET), wire.Reset},
		"an early end over what we close": {errors.Join(net.ErrClosed, io.EOF), wire.Closed},
	} {
		if cause, text := wire.Explain(c.err); cause != c.want {
			t.Errorf("%s: got %q, %q", name, cause, text)
		}
	}
}

// TestAlerts has what TLS servers say to us before they hang up.
func TestAlerts(t *testing.T) {
	for code, want := range map[tls.AlertError]wire.Cause{
		42: wire.Auth, 43: wire.Auth, 44: wire.Auth, 45: wire.Auth, 46: wire.Auth, 116: wire.Auth, // what is wrong with our certificate
		40: wire.Protocol, 47: wire.Protocol, 50: wire.Protocol, 70: wire.Protocol, 71: wire.Protocol, 80: wire.Protocol, 112: wire.Protocol, 120: wire.Protocol,
	} {
		cause, text := wire.Explain(&net.OpError{Op: "remote error", Err: code})
		if cause != want || text == "" {
			t.Errorf("%d (%v): got %q, %q; want %q", code, code, cause, text, want)
		}
	}
}

// TestExplainNeverQuotesTheRequest: the URL may hold credentials, and stands
// beside the result anyway.
func TestExplainNeverQuotesTheRequest(t *testing.T) {
	for _, inner := range []error{
		io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, syscall.ECONNRESET, net.ErrClosed,
		errors.New("something new"),
		x509.UnknownAuthorityError{},
		&net.DNSError{Name: "a.example", Err: "x"}, &net.ParseError{Type: "IP address", Text: "x"},
	} {
		_, text := wire.Explain(&url.Error{Op: "Get", URL: "http://user:s3cret@10.0.0.1/health", Err: inner})
		if strings.Contains(text, "10.0.0.1") || strings.Contains(text, "s3cret") {
			t.Errorf("%v: %q", inner, text)
		}
	}
}
