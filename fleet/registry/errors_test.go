package registry_test

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

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/memory"
)

func TestExplain(t *testing.T) {
	wrap := func(err error) error {
		return &url.Error{Op: "Get", URL: "http://h/?token=s3cr3t", Err: &net.OpError{Op: "dial", Net: "tcp", Err: err}}
	}
	for _, c := range []struct {
		err    error
		reason fleet.Reason
		detail string
	}{
		{wrap(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "refused", "x: connection refused"},
		{wrap(syscall.ECONNRESET), "reset", "x: connection reset"},
		{wrap(syscall.EHOSTUNREACH), "no_route", "x: no route to it"},
		{wrap(&net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}), "resolve", "x: the name does not resolve"},
		{wrap(context.DeadlineExceeded), "timeout", "x: no answer in time"},
		{wrap(&net.DNSError{IsTimeout: true}), "resolve", "x: the name does not resolve"},
		{wrap(os.ErrDeadlineExceeded), "timeout", "x: no answer in time"},
		{wrap(context.Canceled), "cancelled", "x: cancelled"},
		{wrap(io.EOF), "closed", "x: closed without a whole answer"},
		{wrap(io.ErrUnexpectedEOF), "closed", "x: closed without a whole answer"},
		{wrap(x509.UnknownAuthorityError{}), "untrusted_ca", "x: its certificate is signed by an authority that is not trusted"},
		{wrap(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}), "certificate", "x: dial tcp: x509:"},
		{wrap(tls.RecordHeaderError{Msg: "first record"}), "wrong_scheme", "x: it does not speak TLS"},
		{fmt.Errorf("get: %w", fleet.ErrDenied), "auth", "x: get: denied"},
		{wrap(errors.New("odd\nthing")), "internal", "x: dial tcp: odd thing"},
	} {
		err := registry.Explain("x", c.err)
		var said *fleet.Error
		if !errors.As(err, &said) || said.Reason != c.reason || !strings.HasPrefix(said.Detail, c.detail) {
			t.Errorf("%v: got %+v, want %s %q", c.err, said, c.reason, c.detail)
		}
		if errors.Is(err, registry.ErrConfig) || strings.Contains(err.Error(), "s3cr3t") || !errors.Is(errors.Unwrap(err), c.err) {
			t.Errorf("%v: wrong configuration, a secret, or no cause: %v", c.err, err)
		}
	}
	if registry.Explain("x", nil) != nil {
		t.Error("nothing was explained")
	}
	known := fmt.Errorf("more: %w", &fleet.Error{Reason: "policy", Detail: "d"})
	if got := registry.Explain("x", known); !errors.Is(got, known) {
		t.Errorf("what was known became %v", got)
	}
}

func TestWithin(t *testing.T) {
	err := registry.Within("registry a", registry.Misconfigured("body", "a hint", "one\ntwo %w", io.EOF))
	var said *fleet.Error
	if !errors.As(err, &said) || said.Detail != "registry a: one\nregistry a: two EOF" || said.Hint != "a hint" || said.Reason != "body" {
		t.Errorf("got %+v", said)
	}
	if !errors.Is(err, registry.ErrConfig) || !errors.Is(err, io.EOF) {
		t.Errorf("the causes were lost: %v", err)
	}
	if got := registry.Within("a", io.EOF); got.Error() != "a: EOF" || !errors.Is(got, io.EOF) {
		t.Errorf("got %v", got)
	}
}

// around is a decorator.
type around struct{ registry.Registry }

func (a around) Unwrap() registry.Registry { return a.Registry }

// shut hides what it holds.
type shut struct{ registry.Registry }

func TestAs(t *testing.T) {
	c := memory.NewStore().Open()
	if d, ok := registry.As[registry.Drainer](around{around{c}}); !ok || d != registry.Drainer(c) {
		t.Error("an ability is not found through decorators")
	}
	if _, ok := registry.As[registry.Drainer](shut{c}); ok {
		t.Error("an ability is found behind what does not unwrap")
	}
	if _, ok := registry.As[registry.Sider](around{c}); ok {
		t.Error("an ability is found that nobody has")
	}
	if _, ok := registry.As[registry.Drainer](nil); ok {
		t.Error("nothing has an ability")
	}
	if _, ok := registry.As[registry.Drainer](around{nil}); ok {
		t.Error("a decorator round nothing has an ability")
	}
	if d := memory.Driver(); !d.Has(registry.CanDrain) || d.Has("fly") {
		t.Error("Has")
	}
}
