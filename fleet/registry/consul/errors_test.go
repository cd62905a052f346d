package consul_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// What a failing Consul says, and what we say of it.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, file   string // a recorded reply,
		code         int    // or this
		body         string
		url          string
		reason       fleet.Reason
		detail, hint string
		is           error
	}{
		{name: "a bad filter", file: "18-filter-bad.http", reason: "", detail: "boolean expression", hint: "option filter", is: registry.ErrConfig},
		{name: "unknown datacentre", code: 500, body: "No path to datacenter", url: "?dc=dcx", reason: registry.ReasonNotFound, detail: "no datacenter dcx", hint: "there are: dc1", is: fleet.ErrNotFound},
		{name: "no leader", code: 500, body: "No cluster leader", reason: registry.ReasonStatus, detail: "no leader", hint: "election"},
		{name: "namespaces it has not", code: 400, body: `Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature`, reason: "", detail: "Enterprise", hint: "namespace", is: registry.ErrConfig},
		{name: "limited", code: 429, body: "Your IP is issuing too many concurrent connections", reason: registry.ReasonLimited, detail: "too many"},
		{name: "a proxy asks who we are", code: 401, body: "who?", reason: registry.ReasonAuth, hint: "token", is: fleet.ErrDenied},
		{name: "denied, forwarded by another server", code: 500, body: "rpc error making call: ACL not found", url: "?token=env:T", reason: registry.ReasonAuth, hint: "does not know this token", is: fleet.ErrDenied},
		{name: "another server", code: 404, body: "404 page not found", reason: registry.ReasonNotFound, detail: "404 page"},
		{name: "a redirect", code: 301, body: "", reason: registry.ReasonStatus, detail: "Moved", hint: "8500"},
		{name: "TLS wanted", code: 400, body: "Client sent an HTTP request to an HTTPS server.", reason: registry.ReasonScheme, detail: "speaks TLS", hint: "tls=true"},
		{name: "a page", code: 200, body: "<html>welcome</html>", reason: registry.ReasonProtocol, detail: "not Consul's", hint: "8500"},
		{name: "JSON of another kind", code: 200, body: "[1]", reason: registry.ReasonProtocol, detail: "not Consul's", hint: "8500"},
		{name: "text that draws on the screen", code: 500, body: "\x1b[2Jboo\r\n\x07::error::x " + strings.Repeat("y", 5000), reason: registry.ReasonStatus, detail: " [2Jboo ::error::x yyy"},
		{name: "our token, repeated", code: 500, body: "bad token " + secretToken, url: "?token=env:T", reason: registry.ReasonStatus, detail: "bad token ***"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, body := c.code, c.body
			if c.file != "" {
				rec := recorded(t, c.file)
				code, body = rec.code, rec.reply
			}
			f := newFake(t)
			f.fail = func(path string) (int, string) {
				if strings.HasSuffix(path, "/datacenters") {
					return 0, ""
				}
				return code, body
			}
			r := open(t, testEnv(), "consul://"+f.addr()+c.url)
			defer r.Close()
			set, err := r.List(t.Context())
			var said *fleet.Error
			if !errors.As(err, &said) || len(set.Services) > 0 {
				t.Fatalf("got %v, %+v", err, set)
			}
			if said.Reason != c.reason || !strings.Contains(said.Detail, c.detail) || !strings.Contains(said.Hint, c.hint) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("reason %q, detail %q, hint %q, %v", said.Reason, said.Detail, said.Hint, said.Err)
			}
			all := fmt.Sprintf("%v %+v %#v", err, said, said)
			if strings.ContainsAny(said.Detail+said.Hint, "\x1b\r\n\x07") || strings.Contains(all, secretToken) || len(said.Detail) > 700 {
				t.Errorf("unclean: %q", all)
			}
		})
	}
}

// One service's health that cannot be had is an error and nothing.
func TestAllOrNothing(t *testing.T) {
	f := newFake(t)
	newHands(t, f.addr(), "").seed(t)
	for i := range 40 {
		f.put("node-1", &fakeService{ID: fmt.Sprintf("s-%d", i), Service: fmt.Sprintf("s-%d", i), Port: 1})
	}
	f.fail = func(path string) (int, string) {
		if strings.HasSuffix(path, "/users") {
			return 500, "rpc error making call: EOF"
		}
		return 0, ""
	}
	r := open(t, testEnv(), "consul://"+f.addr())
	defer r.Close()
	set, err := r.List(t.Context())
	if err == nil || !strings.Contains(err.Error(), "EOF") || len(set.Services)+len(set.Warnings) > 0 {
		t.Errorf("got %v and %+v", err, set)
	}
}

// Far ends that are no Consul at all.
func TestNotConsul(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	dead := freePorts(t, 1)[0]
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte("\x16\x03what\r\n"))
			conn.Close()
		}
	}()
	defer func() { garbage.Close(); <-done }()
	for _, c := range []struct {
		url    string
		reason fleet.Reason
		hint   string
	}{
		{"127.0.0.1:" + dead, registry.ReasonRefused, "running"},
		{"consul.invalid:8500", registry.ReasonResolve, ""},
		{strings.TrimPrefix(plain.URL, "http://") + "?tls=true", registry.ReasonScheme, "leave tls"},
		{garbage.Addr().String(), registry.ReasonProtocol, "8500"},
	} {
		r := open(t, testEnv(), "consul://"+c.url)
		_, err := r.List(t.Context())
		var said *fleet.Error
		if !errors.As(err, &said) || said.Reason != c.reason || !strings.Contains(said.Hint, c.hint) {
			t.Errorf("%s: %v (%+v)", c.url, err, said)
		}
		r.Close()
	}
}

// A far end that accepts and never answers costs one request's time.
func TestHangs(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	r := open(t, testEnv(), "consul://"+strings.TrimPrefix(server.URL, "http://")+"?timeout=100ms")
	defer r.Close()
	var said *fleet.Error
	if _, err := r.List(t.Context()); !errors.As(err, &said) || said.Reason != registry.ReasonTimeout {
		t.Errorf("List: %v", err)
	}
	if err := r.Watch(t.Context(), func(registry.Set) error { return nil }); !errors.As(err, &said) || said.Reason != registry.ReasonTimeout {
		t.Errorf("Watch: %v", err)
	}
	slow := open(t, testEnv(), "consul://"+strings.TrimPrefix(server.URL, "http://"))
	defer slow.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := slow.List(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("List: %v, want the context's error", err)
	}
}

// A registry that was closed says so.
func TestClosed(t *testing.T) {
	f := newFake(t)
	r := open(t, testEnv(), "consul://"+f.addr())
	for range 2 {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	_, err := r.List(t.Context())
	var said *fleet.Error
	if !errors.As(err, &said) || said.Reason != registry.ReasonCancelled || !strings.Contains(err.Error(), "closed") {
		t.Errorf("List after Close: %v", err)
	}
}
