package etcd_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// query writes a URL with options, some of which are paths.
func query(addr string, options ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(options); i += 2 {
		values.Set(options[i], options[i+1])
	}
	return "etcd://" + addr + "?" + values.Encode()
}

// TestSecure reads over TLS with a client's certificate, from the machine's own
// server and from one in the process, and says what is wrong where it cannot.
func TestSecure(t *testing.T) {
	for name, start := range map[string]func(t *testing.T, a *registrytest.Authority, cert, key string) string{
		"embedded": func(t *testing.T, a *registrytest.Authority, cert, key string) string {
			return startGate(t, startEmbedded(t), a.Server(t, cert, key, true, "h2")).addr()
		},
		"real": func(t *testing.T, a *registrytest.Authority, cert, key string) string {
			return runReal(t, "https", "--cert-file", cert, "--key-file", key, "--trusted-ca-file", a.CA, "--client-cert-auth")
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, other := registrytest.NewAuthority(t), registrytest.NewAuthority(t)
			cert, key := ours.Issue(t, "127.0.0.1", time.Now().Add(time.Hour))
			own, ownKey := ours.Issue(t, "midwatch", time.Now().Add(time.Hour))
			strange, strangeKey := other.Issue(t, "stranger", time.Now().Add(time.Hour))
			addr := start(t, ours, cert, key)

			r := opened(t, query(addr, "ca", ours.CA, "cert", own, "key", ownKey))
			if _, err := r.Register(t.Context(), registry.Entry{Service: "orders", Instance: fleet.Instance{Addr: "127.0.0.1:80"}}); err != nil {
				t.Fatal(err)
			}
			sets, ended := watching(t, r)
			until(t, sets, ended, has(1))

			for what, c := range map[string]struct {
				url    string
				reason fleet.Reason
				detail string
				hint   string
			}{
				"plain text":             {query(addr), registry.ReasonScheme, "it speaks TLS only", "add ?tls"},
				"an unknown authority":   {query(addr, "tls", "true"), registry.ReasonUntrusted, "not trusted", "?ca=FILE"},
				"another authority":      {query(addr, "ca", other.CA, "cert", own, "key", ownKey), registry.ReasonUntrusted, "not trusted", "?ca=FILE"},
				"another name":           {query(addr, "ca", ours.CA, "serverName", "etcd.example"), registry.ReasonCertificate, "etcd.example", ""},
				"no certificate":         {query(addr, "ca", ours.CA), registry.ReasonAuth, "it wants a client certificate", "?cert=FILE&key=FILE"},
				"a stranger certificate": {query(addr, "ca", ours.CA, "cert", strange, "key", strangeKey), "", "", ""},
			} {
				r := opened(t, c.url)
				for range 2 { // the second call finds a connection that has failed
					_, err := r.List(t.Context())
					if err == nil {
						t.Fatalf("%s: it was read", what)
					}
					if c.reason != "" {
						fails(t, err, c.reason, c.detail, nil)
						var said *fleet.Error
						if errors.As(err, &said) && !strings.Contains(said.Hint, c.hint) {
							t.Errorf("%s: the hint is %q, want %q", what, said.Hint, c.hint)
						}
					}
				}
				if err := r.Watch(t.Context(), func(registry.Set) error { t.Errorf("%s: a set", what); return nil }); err == nil {
					t.Errorf("%s: Watch returned no error", what)
				}
			}
		})
	}
}

// TestExpired: a server whose certificate has run out is not read, also where
// its authority is known.
func TestExpired(t *testing.T) {
	a := registrytest.NewAuthority(t)
	cert, key := a.Issue(t, "127.0.0.1", time.Now().Add(-time.Minute))
	secure := startGate(t, startEmbedded(t), a.Server(t, cert, key, false, "h2"))
	_, err := opened(t, query(secure.addr(), "ca", a.CA)).List(t.Context())
	fails(t, err, registry.ReasonCertificate, "expired", nil)
}

// TestTLSFiles: what is wrong with the files is the user's to correct, and is
// said before anything is sent.
func TestTLSFiles(t *testing.T) {
	a, b := registrytest.NewAuthority(t), registrytest.NewAuthority(t)
	cert, key := a.Issue(t, "one", time.Now().Add(time.Hour))
	_, otherKey := b.Issue(t, "two", time.Now().Add(time.Hour))
	for what, c := range map[string]struct{ url, want string }{
		"a key as authority": {query("127.0.0.1:1", "ca", key), "holds no certificate"},
		"a key of another":   {query("127.0.0.1:1", "ca", a.CA, "cert", cert, "key", otherKey), "do not go together"},
		"no key":             {query("127.0.0.1:1", "cert", cert), "one is given without the other"},
		"no certificate":     {query("127.0.0.1:1", "key", key), "one is given without the other"},
		"a folder":           {query("127.0.0.1:1", "ca", t.TempDir()), "option ca"},
		"no file":            {query("127.0.0.1:1", "cert", cert+"x", "key", key), "no file"},
	} {
		r, err := tryOpen(c.url, registry.Env{})
		if err == nil {
			_ = r.Close()
		}
		if !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

// TestNotOurScheme: what hangs up on everybody is not said to speak the other
// scheme.
func TestNotOurScheme(t *testing.T) {
	for what, c := range map[string]struct {
		answer      string
		plain, over fleet.Reason
	}{
		"hangs up":                      {"", registry.ReasonClosed, registry.ReasonClosed},
		"says anything":                 {"220 mail.example ESMTP\r\n", registry.ReasonProtocol, registry.ReasonScheme},
		"says half a frame":             {"\x00\x00", registry.ReasonClosed, registry.ReasonClosed},
		"alert: handshake failure":      {"\x15\x03\x01\x00\x02\x02\x28", registry.ReasonScheme, registry.ReasonProtocol},
		"alert: bad certificate":        {"\x15\x03\x01\x00\x02\x02\x2a", registry.ReasonScheme, registry.ReasonAuth},
		"alert: unknown authority":      {"\x15\x03\x01\x00\x02\x02\x30", registry.ReasonScheme, registry.ReasonAuth},
		"alert: old protocol version":   {"\x15\x03\x01\x00\x02\x02\x46", registry.ReasonScheme, registry.ReasonProtocol},
		"alert: a certificate required": {"\x15\x03\x01\x00\x02\x02\x74", registry.ReasonScheme, registry.ReasonAuth},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var running sync.WaitGroup
		running.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Read(make([]byte, 64<<10))
				_, _ = conn.Write([]byte(c.answer))
				_ = conn.(*net.TCPConn).CloseWrite()
				_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
				_, _ = io.Copy(io.Discard, conn) // read to its end, or the close is a reset
				_ = conn.Close()
			}
		})
		for url, want := range map[string]fleet.Reason{"etcd://" + l.Addr().String(): c.plain, "etcd://" + l.Addr().String() + "?tls": c.over} {
			_, err := opened(t, url).List(t.Context())
			var said *fleet.Error
			if !errors.As(err, &said) || said.Reason != want {
				t.Errorf("%s, %s: %v, want %q", what, url, err, want)
			}
		}
		_ = l.Close()
		running.Wait()
	}
}
