package probe

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

// Classify says what an error of the network, of TLS or of a context means for
// the target that was asked: the first rows of the table "From an answer to an
// outcome". The text is one line for people and may quote the far side. A nil
// error is Pass.
//
// The order matters: what we did ourselves (cancelled) comes before what the
// resolver says, and that before the deadline, since a lookup that ran out of
// time is still a name we could not resolve and not a service that is unwell.
func Classify(err error) (Outcome, Reason, string) {
	if err == nil {
		return Pass, ReasonNone, ""
	}
	if errors.Is(err, context.Canceled) {
		return Unknown, ReasonCancelled, "stopped asking"
	}
	if outcome, reason, text, ok := classifyRoute(err); ok {
		return outcome, reason, text
	}
	if outcome, reason, text, ok := classifyTLS(err); ok {
		return outcome, reason, text
	}
	if outcome, reason, text, ok := classifyErrno(err); ok {
		return outcome, reason, text
	}
	if timedOut(err) {
		return Fail, ReasonTimeout, "no answer in time"
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Fail, ReasonClosed, "closed without an answer"
	}
	if errors.Is(err, net.ErrClosed) {
		return Unknown, ReasonInternal, "we closed the connection"
	}
	text := bare(err).Error()
	if strings.Contains(text, `malformed HTTP response "\x15\x03`) {
		// An alert of TLS; net/http has no type for what is no HTTP.
		return Unknown, ReasonScheme, textPlainToTLS
	}
	return Unknown, ReasonProtocol, text
}

const textPlainToTLS = "spoke plain HTTP to a port that speaks TLS"

// classifyRoute reads what went wrong before any packet reached the target:
// names, malformed addresses, a proxy or a token server on the way. None of
// these says anything of the service itself.
func classifyRoute(err error) (Outcome, Reason, string, bool) {
	var nested *url.Error
	if inner := bare(err); errors.As(inner, &nested) {
		// A request inside the request: OAuth2 fetching its token.
		return Unknown, ReasonAuth, "cannot get a token: " + nested.Error(), true
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		return Unknown, ReasonNoRoute, "the proxy: " + op.Err.Error(), true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return Unknown, ReasonResolve, dnsText(dns), true
	}
	var addr *net.AddrError
	var network net.UnknownNetworkError
	if errors.As(err, &addr) || errors.As(err, &network) {
		return Unknown, ReasonInternal, "not an address: " + bare(err).Error(), true
	}
	var parse *net.ParseError
	if errors.As(err, &parse) {
		return Unknown, ReasonInternal, parse.Error(), true
	}
	return Unknown, ReasonNone, "", false
}

// dnsText says what the resolver said, without the address of the resolver,
// which differs from machine to machine.
func dnsText(err *net.DNSError) string {
	switch {
	case err.IsNotFound:
		return err.Name + ": no such host"
	case err.IsTimeout:
		return err.Name + ": the name server did not answer in time"
	default:
		return err.Name + ": " + err.Err
	}
}

// classifyTLS reads handshakes that went wrong.
func classifyTLS(err error) (Outcome, Reason, string, bool) {
	var header tls.RecordHeaderError
	if errors.As(err, &header) || errors.Is(err, http.ErrSchemeMismatch) {
		return Unknown, ReasonScheme, "spoke TLS to a port that does not", true
	}
	var wrongName x509.HostnameError
	if errors.As(err, &wrongName) {
		return Fail, ReasonCertificate, nameText(wrongName), true
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return Fail, ReasonCertificate, validityText(invalid.Cert, time.Now()), true
	}
	var (
		authority    x509.UnknownAuthorityError
		roots        x509.SystemRootsError
		verification *tls.CertificateVerificationError
	)
	if errors.As(err, &authority) || errors.As(err, &roots) {
		return Unknown, ReasonUntrusted, "its certificate is signed by nobody we trust", true
	}
	if errors.As(err, &verification) {
		return Unknown, ReasonUntrusted, verification.Err.Error(), true
	}
	// An alert of the far side has no exported type; net marks where it came from.
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		if text := op.Err.Error(); strings.Contains(text, "certificate") {
			return Unknown, ReasonAuth, "it does not take our certificate: " + text, true
		}
		return Unknown, ReasonProtocol, op.Err.Error(), true
	}
	return Unknown, ReasonNone, "", false
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

// classifyErrno reads the kernel's own words.
func classifyErrno(err error) (Outcome, Reason, string, bool) {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return Unknown, ReasonNone, "", false
	}
	switch no {
	case syscall.ECONNREFUSED:
		return Fail, ReasonRefused, "connection refused", true
	case syscall.ENOENT:
		// A server takes its unix socket with it when it ends, so this is the
		// closed port of that network.
		return Fail, ReasonRefused, "no such socket", true
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return Fail, ReasonReset, "connection reset", true
	case syscall.ETIMEDOUT:
		return Fail, ReasonTimeout, "no answer in time", true
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN,
		syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT:
		return Unknown, ReasonNoRoute, no.Error(), true
	case syscall.EMFILE, syscall.ENFILE:
		return Unknown, ReasonInternal, no.Error() + ": raise ulimit -n or lower --parallel", true
	default:
		return Unknown, ReasonInternal, no.Error(), true
	}
}

func timedOut(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
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
