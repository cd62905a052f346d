package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// serve starts a server over TLS with a certificate; clients must have one too
// where that is asked for.
func serve(t *testing.T, a *registrytest.Authority, certFile, keyFile string, clients bool) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "well") }))
	s.TLS = a.Server(t, certFile, keyFile, clients)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// ask makes one request with the options' own TLS settings.
func ask(t *testing.T, address string, o registry.TLSOptions) error {
	t.Helper()
	config, err := o.Config()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/?token=s3cr3t", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close())
}

// TestHandshakes makes real ones: what the options say is what counts, and what
// goes wrong has its reason.
func TestHandshakes(t *testing.T) {
	ours, theirs := registrytest.NewAuthority(t), registrytest.NewAuthority(t)
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	cert, key := ours.Issue(t, "127.0.0.1", soon)
	good := serve(t, ours, cert, key, false)
	strict := serve(t, ours, cert, key, true)
	inside, insideKey := ours.Issue(t, "registry.internal", soon)
	named := serve(t, ours, inside, insideKey, false)
	old, oldKey := ours.Issue(t, "127.0.0.2", past)
	expired := serve(t, ours, old, oldKey, false)
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for _, c := range []struct {
		why, address string
		o            registry.TLSOptions
		reason       fleet.Reason
	}{
		{"a certificate of the named authority", good, registry.TLSOptions{CA: ours.CA}, ""},
		{"of an authority this machine does not know", good, registry.TLSOptions{TLS: true}, registry.ReasonUntrusted},
		{"of another authority", good, registry.TLSOptions{CA: theirs.CA}, registry.ReasonUntrusted},
		{"for another name", named, registry.TLSOptions{CA: ours.CA}, registry.ReasonCertificate},
		{"for the name that is asked for", named, registry.TLSOptions{CA: ours.CA, ServerName: "registry.internal"}, ""},
		{"for another name than is asked for", good, registry.TLSOptions{CA: ours.CA, ServerName: "other.internal"}, registry.ReasonCertificate},
		{"that has expired", expired, registry.TLSOptions{CA: ours.CA, ServerName: "127.0.0.2"}, registry.ReasonCertificate},
		{"a server that does not speak TLS", strings.Replace(plain.URL, "http:", "https:", 1), registry.TLSOptions{TLS: true}, registry.ReasonScheme},
		{"a client certificate where one is wanted", strict, registry.TLSOptions{CA: ours.CA, Cert: cert, Key: key}, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			err := registry.Explain("x", ask(t, c.address, c.o))
			var said *fleet.Error
			if c.reason == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.As(err, &said) || said.Reason != c.reason || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("got %+v, want %s", said, c.reason)
			}
		})
	}
	if err := ask(t, strict, registry.TLSOptions{CA: ours.CA}); err == nil {
		t.Error("no client certificate, and it was let in")
	}
}

// TestExplainSockets meets real connections that go wrong.
func TestExplainSockets(t *testing.T) {
	listen := func(then func(net.Conn)) string {
		var config net.ListenConfig
		l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				then(c)
			}
		}()
		t.Cleanup(func() { _ = l.Close(); <-done })
		return "http://" + l.Addr().String()
	}
	read := func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<10)) }
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := "http://" + l.Addr().String()
	_ = l.Close()
	for _, c := range []struct {
		why, address string
		reason       fleet.Reason
	}{
		{"nobody listens", free, registry.ReasonRefused},
		{"closed at once", listen(func(c net.Conn) { read(c); _ = c.Close() }), registry.ReasonClosed},
		{"reset", listen(func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1)) // what is left unread makes closing a reset
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}), registry.ReasonReset},
		{"closed in the middle", listen(func(c net.Conn) {
			read(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
			_ = c.Close()
		}), registry.ReasonClosed},
		{"a name that cannot exist", "http://nobody.invalid", registry.ReasonResolve},
	} {
		t.Run(c.why, func(t *testing.T) {
			err := registry.Explain("east", ask(t, c.address, registry.TLSOptions{}))
			var said *fleet.Error
			if !errors.As(err, &said) || said.Reason != c.reason || !strings.HasPrefix(said.Detail, "east: ") || strings.Contains(said.Detail, "s3cr3t") {
				t.Errorf("got %+v, want %s", said, c.reason)
			}
			if strings.ContainsAny(said.Detail, "\r\n") {
				t.Errorf("more than a line: %q", said.Detail)
			}
		})
	}
}

// TestExplainHidesEveryURL: a client that was redirected wraps one URL in
// another; neither is repeated.
func TestExplainHidesEveryURL(t *testing.T) {
	inner := &url.Error{Op: "parse", URL: "http://h/?token=s3cr3t", Err: errors.New("odd")}
	for _, err := range []error{
		inner,
		&url.Error{Op: "Get", URL: "http://a/?token=s3cr3t", Err: inner},
		&url.Error{Op: "Get", URL: "http://a/?token=s3cr3t", Err: fmt.Errorf("failed to follow: %w", inner)},
	} {
		got := registry.Explain("x", err)
		if strings.Contains(got.Error(), "s3cr3t") || !strings.HasSuffix(got.Error(), "odd") || !errors.Is(got, inner) {
			t.Errorf("%v is said as %v", err, got)
		}
	}
}

// TestMisconfiguredKeepsItsCause, also when it is explained once more.
func TestMisconfiguredKeepsItsCause(t *testing.T) {
	err := registry.Misconfigured("body", "hint", "line one: %w", io.ErrUnexpectedEOF)
	again := registry.Explain("elsewhere", fmt.Errorf("outer: %w", err))
	if !errors.Is(again, registry.ErrConfig) || !errors.Is(again, io.ErrUnexpectedEOF) || errors.Unwrap(err).Error() != "line one: unexpected EOF" {
		t.Errorf("got %v", again)
	}
	var said *fleet.Error
	if !errors.As(again, &said) || said.Reason != "body" || said.Hint != "hint" {
		t.Errorf("got %+v", said)
	}
	if errors.Is(registry.Explain("x", io.EOF), registry.ErrConfig) {
		t.Error("a failure of the far side is the user's fault")
	}
}
