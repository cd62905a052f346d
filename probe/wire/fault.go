// Package wire is what connections, handshakes and HTTP answers show, before
// anybody judges it: it dials, shakes hands, asks over net/http, and puts what
// went wrong into words. A leaf: package probe maps its causes to outcomes.
package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

// Cause is why there is no answer, or none worth the name. The words are those
// of the reasons of package probe.
type Cause string

// The causes that errors have. None is no error.
const (
	None        Cause = ""
	Refused     Cause = "refused"
	Reset       Cause = "reset"
	Closed      Cause = "closed"
	Timeout     Cause = "timeout"
	Certificate Cause = "certificate"
	Resolve     Cause = "resolve"
	NoRoute     Cause = "no_route"
	Untrusted   Cause = "untrusted_ca"
	Scheme      Cause = "wrong_scheme"
	Protocol    Cause = "protocol"
	Auth        Cause = "auth"
	Policy      Cause = "policy"
	Cancelled   Cause = "cancelled"
	Internal    Cause = "internal"
)

// PlainToTLS is what there is to say of the wrong scheme in the one direction.
const PlainToTLS = "spoke plain HTTP to a port that speaks TLS"

// Explain finds the cause of an error of the network, of TLS or of a context,
// and a line for people, which may quote the far side.
//
// The order matters: what we did ourselves (cancelled) comes before what the
// resolver says, and that before the deadline, since a lookup that ran out of
// time is still a name we could not resolve and not a service that is unwell.
func Explain(err error) (Cause, string) {
	if err == nil {
		return None, ""
	}
	if errors.Is(err, context.Canceled) {
		return Cancelled, "stopped asking"
	}
	if errors.Is(err, ErrForbidden) {
		return Policy, innermost(err).Error()
	}
	for _, reads := range []func(error) (Cause, string){explainRoute, explainTLS, explainErrno} {
		if cause, text := reads(err); cause != None {
			return cause, text
		}
	}
	if timedOut(err) {
		return Timeout, "no answer in time"
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Closed, "closed without an answer"
	}
	if errors.Is(err, net.ErrClosed) {
		return Internal, "we closed the connection"
	}
	text := bare(err).Error()
	if text == "http2: client conn could not be established" || text == "http2: client conn is closed" {
		// It hung up after the handshake, before the request was on its way.
		return Closed, "closed without an answer"
	}
	if strings.Contains(text, `malformed HTTP response "\x15\x03`) {
		// An alert of TLS; net/http has no type for what is no HTTP.
		return Scheme, PlainToTLS
	}
	return Protocol, text
}

// explainRoute reads what went wrong before any packet reached the target:
// names, malformed addresses, a proxy or a token server on the way. None of
// these says anything of the service itself.
func explainRoute(err error) (Cause, string) {
	var nested *url.Error
	if inner := bare(err); errors.As(inner, &nested) {
		// A request inside the request: OAuth2 fetching its token.
		return Auth, "cannot get a token: " + nested.Error()
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		return NoRoute, "the proxy: " + op.Err.Error()
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return Resolve, NoSuchName(dns)
	}
	var addr *net.AddrError
	var network net.UnknownNetworkError
	if errors.As(err, &addr) || errors.As(err, &network) {
		return Internal, "not an address: " + bare(err).Error()
	}
	var parse *net.ParseError
	if errors.As(err, &parse) {
		return Internal, parse.Error()
	}
	return None, ""
}

// NoSuchName says what the resolver said, without the address of the resolver,
// which differs from machine to machine.
func NoSuchName(err *net.DNSError) string {
	switch {
	case err.IsNotFound:
		return err.Name + ": no such host"
	case err.IsTimeout:
		return err.Name + ": the name server did not answer in time"
	default:
		return err.Name + ": " + err.Err
	}
}

// explainTLS reads handshakes that went wrong.
func explainTLS(err error) (Cause, string) {
	var header tls.RecordHeaderError
	if errors.As(err, &header) || errors.Is(err, http.ErrSchemeMismatch) {
		return Scheme, "spoke TLS to a port that does not"
	}
	var wrongName x509.HostnameError
	if errors.As(err, &wrongName) {
		return Certificate, nameText(wrongName)
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return Certificate, validityText(invalid.Cert, time.Now())
	}
	var (
		authority    x509.UnknownAuthorityError
		roots        x509.SystemRootsError
		verification *tls.CertificateVerificationError
	)
	if errors.As(err, &authority) || errors.As(err, &roots) {
		return Untrusted, "its certificate is signed by nobody we trust"
	}
	if errors.As(err, &verification) {
		return Untrusted, verification.Err.Error()
	}
	// An alert of the far side has no exported type; net marks where it came from.
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		if text := op.Err.Error(); strings.Contains(text, "certificate") {
			return Auth, "it does not take our certificate: " + text
		}
		return Protocol, op.Err.Error()
	}
	return None, ""
}

// nameText lists the names a certificate is for, beside the one we asked for.
func nameText(err x509.HostnameError) string {
	var names []string
	if err.Certificate != nil {
		names = append(names, err.Certificate.DNSNames...)
		for _, ip := range err.Certificate.IPAddresses {
			names = append(names, ip.String())
		}
	}
	if len(names) == 0 {
		return "its certificate names nobody, not " + err.Host
	}
	const most = 5
	more := ""
	if len(names) > most {
		names, more = names[:most], ", ..."
	}
	return "its certificate is for " + strings.Join(names, ", ") + more + ", not for " + err.Host
}

// validityText says on which side of its life a certificate is.
func validityText(cert *x509.Certificate, now time.Time) string {
	if cert == nil {
		return "its certificate is not valid now"
	}
	if now.Before(cert.NotBefore) {
		return "its certificate is valid only from " + cert.NotBefore.UTC().Format(time.RFC3339) + ": look at both clocks"
	}
	return "its certificate ended " + cert.NotAfter.UTC().Format(time.RFC3339)
}

// explainErrno reads the kernel's own words.
func explainErrno(err error) (Cause, string) {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return None, ""
	}
	switch no {
	case syscall.ECONNREFUSED:
		return Refused, "connection refused"
	case syscall.ENOENT:
		// A server takes its unix socket with it when it ends, so this is the
		// closed port of that network.
		return Refused, "no such socket"
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return Reset, "connection reset"
	case syscall.ETIMEDOUT:
		return Timeout, "no answer in time"
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN,
		syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT:
		return NoRoute, no.Error()
	case syscall.EMFILE, syscall.ENFILE:
		return Internal, no.Error() + ": raise ulimit -n or lower --parallel"
	default:
		return Internal, no.Error()
	}
}

func timedOut(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// innermost takes off what net and net/http wrap around an error of ours.
func innermost(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return bare(err)
}

// bare takes the request's own line off an error of net/http: the target is
// named beside the result anyway.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
