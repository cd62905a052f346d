package registry

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

	"github.com/midwatch-cli/midwatch/fleet"
)

// ErrConfig is wrapped by every error that is the user's to correct: a wrong
// URL, an unknown option, a missing or malformed file. Commands answer it as
// wrong configuration; all other errors mean that the registry could not be
// read.
var ErrConfig = errors.New("wrong configuration")

// ErrTaken is wrapped where an entry cannot be written without losing that of
// another instance.
var ErrTaken = errors.New("taken by another instance")

// The reasons a registry can fail for, in the words of the closed list.
const (
	ReasonRefused     fleet.Reason = "refused"
	ReasonReset       fleet.Reason = "reset"
	ReasonClosed      fleet.Reason = "closed"
	ReasonTimeout     fleet.Reason = "timeout"
	ReasonCertificate fleet.Reason = "certificate"
	ReasonResolve     fleet.Reason = "resolve"
	ReasonNoRoute     fleet.Reason = "no_route"
	ReasonUntrusted   fleet.Reason = "untrusted_ca"
	ReasonScheme      fleet.Reason = "wrong_scheme"
	ReasonProtocol    fleet.Reason = "protocol"
	ReasonAuth        fleet.Reason = "auth"
	ReasonNotFound    fleet.Reason = "not_found"
	ReasonStatus      fleet.Reason = "status"
	ReasonBody        fleet.Reason = "body"
	ReasonLimited     fleet.Reason = "limited"
	ReasonCancelled   fleet.Reason = "cancelled"
	ReasonInternal    fleet.Reason = "internal"
)

// Misconfigured makes a *fleet.Error that wraps ErrConfig. The format may hold
// %w for a cause.
func Misconfigured(reason fleet.Reason, hint, format string, args ...any) error {
	cause := fmt.Errorf(format, args...)
	return &fleet.Error{Reason: reason, Detail: cause.Error(), Hint: hint, Err: &configCause{cause}}
}

// configCause is both ErrConfig and the cause.
type configCause struct{ cause error }

func (c *configCause) Error() string   { return c.cause.Error() }
func (c *configCause) Unwrap() []error { return []error{ErrConfig, c.cause} }

// Explain turns what a client library returned into a *fleet.Error that says
// where and why, in our words where the cause is known. An error that is
// already one is returned as it is. Where names the far end and must hold no
// secret; URLs inside err, which may, are left out.
func Explain(where string, err error) error {
	var known *fleet.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	reason, words := reasonOf(err)
	return &fleet.Error{Reason: reason, Detail: where + ": " + words, Hint: hintFor(reason), Err: err}
}

// reasonOf finds the reason and says it.
func reasonOf(err error) (reason fleet.Reason, words string) {
	var (
		dns      *net.DNSError
		unknown  x509.UnknownAuthorityError
		invalid  x509.CertificateInvalidError
		hostname x509.HostnameError
		record   tls.RecordHeaderError
		timeout  net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return ReasonCancelled, "cancelled"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return ReasonTimeout, "no answer in time"
	case errors.Is(err, fleet.ErrDenied):
		return ReasonAuth, plain(err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return ReasonRefused, "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ReasonReset, "connection reset"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return ReasonNoRoute, "no route to it"
	case errors.As(err, &dns):
		return ReasonResolve, "the name does not resolve"
	case errors.As(err, &unknown):
		return ReasonUntrusted, "its certificate is signed by an authority that is not trusted"
	case errors.As(err, &invalid), errors.As(err, &hostname):
		return ReasonCertificate, plain(err)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return ReasonScheme, "it does not speak TLS"
	case errors.As(err, &timeout) && timeout.Timeout():
		return ReasonTimeout, "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ReasonClosed, "closed without a whole answer"
	}
	return ReasonInternal, plain(err)
}

// hintFor is the next step for reasons that have an obvious one.
func hintFor(reason fleet.Reason) string {
	switch reason {
	case ReasonRefused, ReasonNoRoute:
		return "is the address right, and is it running?"
	case ReasonResolve:
		return "is the name right, and does this machine's DNS know it?"
	case ReasonUntrusted:
		return "name its authority with ?ca=FILE"
	case ReasonScheme:
		return "leave tls, ca and cert out of the URL"
	case ReasonAuth:
		return "give a token that may read: ?token=env:NAME"
	}
	return ""
}

// plain is the error's text without the URLs that clients put round it, one in
// another after a redirect, and without line breaks.
func plain(err error) string {
	text := err.Error()
	for at, ok := errors.AsType[*url.Error](err); ok; at, ok = errors.AsType[*url.Error](at.Err) {
		text = strings.ReplaceAll(text, at.Error(), at.Err.Error())
	}
	return strings.Join(strings.Fields(text), " ")
}

// Within puts where something went wrong before an error's words, each line of
// them, and leaves all else of it as it is.
func Within(where string, err error) error {
	var said *fleet.Error
	if !errors.As(err, &said) {
		return fmt.Errorf("%s: %w", where, err)
	}
	lines := strings.Split(said.Detail, "\n")
	for i, line := range lines {
		lines[i] = where + ": " + line
	}
	return &fleet.Error{Reason: said.Reason, Detail: strings.Join(lines, "\n"), Hint: said.Hint, Err: err}
}
