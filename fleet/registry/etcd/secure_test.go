package etcd_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// authority signs certificates for one test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes one; its certificate is in the file ca.pem.
func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{dir: t.TempDir(), cert: cert, key: key}
	a.write(t, "ca.pem", "CERTIFICATE", der)
	return a
}

// ca is the file of the authority's certificate.
func (a *authority) ca() string { return filepath.Join(a.dir, "ca.pem") }

func (a *authority) write(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// issue signs a certificate for a name, until a time, and returns its files.
func (a *authority) issue(t *testing.T, name string, until time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return a.write(t, name+".pem", "CERTIFICATE", der), a.write(t, name+".key", "PRIVATE KEY", secret)
}

// server is the TLS configuration of a server with that certificate; with
// clients it asks for theirs.
func (a *authority) server(t *testing.T, certFile, keyFile string, clients bool) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}
	if clients {
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		config.ClientCAs.AddCert(a.cert)
	}
	return config
}

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
	for name, start := range map[string]func(t *testing.T, a *authority, cert, key string) string{
		"embedded": func(t *testing.T, a *authority, cert, key string) string {
			return startGate(t, startEmbedded(t), a.server(t, cert, key, true)).addr()
		},
		"real": func(t *testing.T, a *authority, cert, key string) string {
			return runReal(t, "https", "--cert-file", cert, "--key-file", key, "--trusted-ca-file", a.ca(), "--client-cert-auth")
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, other := newAuthority(t), newAuthority(t)
			cert, key := ours.issue(t, "127.0.0.1", time.Now().Add(time.Hour))
			own, ownKey := ours.issue(t, "midwatch", time.Now().Add(time.Hour))
			strange, strangeKey := other.issue(t, "stranger", time.Now().Add(time.Hour))
			addr := start(t, ours, cert, key)

			r := opened(t, query(addr, "ca", ours.ca(), "cert", own, "key", ownKey))
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
				"another authority":      {query(addr, "ca", other.ca(), "cert", own, "key", ownKey), registry.ReasonUntrusted, "not trusted", "?ca=FILE"},
				"another name":           {query(addr, "ca", ours.ca(), "serverName", "etcd.example"), registry.ReasonCertificate, "etcd.example", ""},
				"no certificate":         {query(addr, "ca", ours.ca()), registry.ReasonAuth, "it wants a client certificate", "?cert=FILE&key=FILE"},
				"a stranger certificate": {query(addr, "ca", ours.ca(), "cert", strange, "key", strangeKey), "", "", ""},
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
	a := newAuthority(t)
	cert, key := a.issue(t, "127.0.0.1", time.Now().Add(-time.Minute))
	secure := startGate(t, startEmbedded(t), a.server(t, cert, key, false))
	_, err := opened(t, query(secure.addr(), "ca", a.ca())).List(t.Context())
	fails(t, err, registry.ReasonCertificate, "expired", nil)
}

// TestTLSFiles: what is wrong with the files is the user's to correct, and is
// said before anything is sent.
func TestTLSFiles(t *testing.T) {
	a, b := newAuthority(t), newAuthority(t)
	cert, key := a.issue(t, "one", time.Now().Add(time.Hour))
	_, otherKey := b.issue(t, "two", time.Now().Add(time.Hour))
	for what, c := range map[string]struct{ url, want string }{
		"a key as authority": {query("127.0.0.1:1", "ca", key), "holds no certificate"},
		"a key of another":   {query("127.0.0.1:1", "ca", a.ca(), "cert", cert, "key", otherKey), "do not go together"},
		"no key":             {query("127.0.0.1:1", "cert", cert), "one is given without the other"},
		"no certificate":     {query("127.0.0.1:1", "key", key), "one is given without the other"},
		"a folder":           {query("127.0.0.1:1", "ca", a.dir), "option ca"},
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
				_, _ = conn.Read(make([]byte, 64<<10)) // read, or the close is a reset
				_, _ = conn.Write([]byte(c.answer))
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
