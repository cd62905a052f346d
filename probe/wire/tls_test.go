package wire_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

const day = 24 * time.Hour

// link is a certificate with its key, to make others with.
type link struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate that ends in so long; a nil issuer signs itself.
func issue(t *testing.T, by *link, ca bool, left time.Duration, names ...string) *link {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-400 * day), NotAfter: time.Now().Add(left).Truncate(time.Second),
		IsCA: ca, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if ca {
		template.KeyUsage = x509.KeyUsageCertSign
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &link{cert, key}
}

func trust(roots ...*link) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	for _, r := range roots {
		c.RootCAs.AddCert(r.cert)
	}
	return c
}

// pair is a connection of this machine with itself.
func pair(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	ln := listen(t, "tcp4", "127.0.0.1:0")
	d := wire.Dialer{Timeout: 20 * time.Second}
	l, err := d.Connect(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return l, theirs
}

// shows is a server that shows a chain, at the other end of a connection.
func shows(t *testing.T, cfg *tls.Config, chain ...*link) net.Conn {
	t.Helper()
	ours, theirs := pair(t)
	shown := tls.Certificate{PrivateKey: chain[0].key}
	for _, l := range chain {
		shown.Certificate = append(shown.Certificate, l.cert.Raw)
	}
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg.Certificates = []tls.Certificate{shown}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer theirs.Close()
		secure := tls.Server(theirs, cfg)
		if secure.HandshakeContext(context.Background()) == nil {
			_, _ = io.Copy(io.Discard, secure)
		}
	}()
	t.Cleanup(func() {
		_ = ours.Close()
		<-done
	})
	return ours
}

func handshake(t *testing.T, conn net.Conn, cfg *tls.Config, name string, protocols ...string) (*tls.ConnectionState, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	secure, err := wire.Handshake(ctx, conn, cfg, name, protocols...)
	if err != nil {
		if _, still := conn.Write([]byte{0}); still == nil {
			t.Error("the handshake failed and the connection is open")
		}
		return nil, err
	}
	state := secure.ConnectionState()
	return &state, nil
}

func TestHandshakeChains(t *testing.T) {
	root := issue(t, nil, true, 1000*day, "root")
	other := issue(t, nil, true, 1000*day, "other root")
	middle := issue(t, root, true, 30*day, "middle")
	leaf := issue(t, middle, false, 90*day, "order.example", "*.shop.example")
	selfSigned := issue(t, nil, false, 90*day, "order.example")
	gone := issue(t, root, true, -day, "gone")
	underGone := issue(t, gone, false, 90*day, "order.example")
	for _, c := range []struct {
		name  string
		host  string
		cfg   *tls.Config
		chain []*link
		want  wire.Cause
	}{
		{"whole", "order.example:443", trust(root), []*link{leaf, middle}, wire.None},
		{"with its root", "order.example", trust(root), []*link{leaf, middle, root}, wire.None},
		{"in disorder", "order.example", trust(root), []*link{leaf, root, middle}, wire.None},
		{"a wildcard", "eu.shop.example:443", trust(root), []*link{leaf, middle}, wire.None},
		{"a wildcard is one label", "a.eu.shop.example", trust(root), []*link{leaf, middle}, wire.Certificate},
		{"a wildcard is not the name itself", "shop.example", trust(root), []*link{leaf, middle}, wire.Certificate},
		{"an address", "127.0.0.1:443", trust(root), []*link{leaf, middle}, wire.Certificate},
		{"an address of IPv6", "[::1]:443", trust(root), []*link{leaf, middle}, wire.Certificate},
		{"incomplete", "order.example", trust(root), []*link{leaf}, wire.Untrusted},
		{"incomplete, and the middle is trusted", "order.example", trust(middle), []*link{leaf}, wire.None},
		{"another authority", "order.example", trust(other), []*link{leaf, middle}, wire.Untrusted},
		{"nobody trusted", "order.example", trust(), []*link{leaf, middle}, wire.Untrusted},
		{"signed by itself", "order.example", trust(root), []*link{selfSigned}, wire.Untrusted},
		{"signed by itself and trusted", "order.example", trust(selfSigned), []*link{selfSigned}, wire.None},
		{"its authority has ended", "order.example", trust(root), []*link{underGone, gone}, wire.Certificate},
	} {
		t.Run(c.name, func(t *testing.T) {
			state, err := handshake(t, shows(t, nil, c.chain...), c.cfg, c.host)
			if cause, text := wire.Explain(err); cause != c.want {
				t.Fatalf("got %q, %q; want %q", cause, text, c.want)
			}
			if err == nil {
				if doubt := wire.Doubt(state, c.cfg, c.host); doubt != nil {
					t.Errorf("verified, and doubted: %v", doubt)
				}
			}
			// What is not verified is doubted for the same reason.
			off := c.cfg.Clone()
			off.InsecureSkipVerify = true
			state, err = handshake(t, shows(t, nil, c.chain...), off, c.host)
			if err != nil {
				t.Fatal(err)
			}
			if cause, text := wire.Explain(wire.Doubt(state, off, c.host)); cause != c.want {
				t.Errorf("doubted as %q, %q; want %q", cause, text, c.want)
			}
		})
	}
}

// TestChainEnd: the certificate that ends first ends the chain, and a longer way
// to another root is the better one.
func TestChainEnd(t *testing.T) {
	root, short := issue(t, nil, true, 1000*day, "root"), issue(t, nil, true, 10*day, "short")
	middle := issue(t, root, true, 30*day, "middle")
	leaf := issue(t, middle, false, 90*day, "a")
	under := issue(t, short, false, 90*day, "a")
	chains := func(all ...[]*x509.Certificate) *tls.ConnectionState {
		return &tls.ConnectionState{VerifiedChains: all, PeerCertificates: all[0]}
	}
	for _, c := range []struct {
		name  string
		state *tls.ConnectionState
		want  time.Time
	}{
		{"nothing shown", &tls.ConnectionState{}, time.Time{}},
		{"not verified", &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf.cert, middle.cert}}, leaf.cert.NotAfter},
		{"the middle ends first", chains([]*x509.Certificate{leaf.cert, middle.cert, root.cert}), middle.cert.NotAfter},
		{"the root ends first", chains([]*x509.Certificate{under.cert, short.cert}), short.cert.NotAfter},
		{"two ways", chains([]*x509.Certificate{under.cert, short.cert}, []*x509.Certificate{leaf.cert, middle.cert, root.cert}), middle.cert.NotAfter},
	} {
		if got := wire.ChainEnd(c.state); !got.Equal(c.want) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	state, err := handshake(t, shows(t, nil, leaf, middle), trust(root), "a")
	if err != nil {
		t.Fatal(err)
	}
	if got := wire.ChainEnd(state); !got.Equal(middle.cert.NotAfter) {
		t.Errorf("after a handshake: got %s, want %s", got, middle.cert.NotAfter)
	}
}

// TestHandshakeSays what it is asked to: the name, the protocols, and nothing
// of that stays in the configuration.
func TestHandshakeSays(t *testing.T) {
	root := issue(t, nil, true, 100*day, "root")
	leaf := issue(t, root, false, 100*day, "order.example", "other.example")
	for _, c := range []struct {
		name       string
		cfgName    string
		cfgProto   []string
		host       string
		protocols  []string
		server     []string
		sni, spoke string
		want       wire.Cause
	}{
		{"the host", "", nil, "order.example:443", nil, nil, "order.example", "", wire.None},
		{"the configuration wins", "other.example", nil, "order.example:443", nil, nil, "other.example", "", wire.None},
		{"an address is no name", "", nil, "127.0.0.1:443", nil, nil, "", "", wire.Certificate},
		{"HTTP/2 first", "", nil, "order.example", []string{"h2", "http/1.1"}, []string{"h2", "http/1.1"}, "order.example", "h2", wire.None},
		{"HTTP/1.1 where that is all", "", nil, "order.example", []string{"h2", "http/1.1"}, []string{"http/1.1"}, "order.example", "http/1.1", wire.None},
		{"none where it knows none", "", nil, "order.example", []string{"h2", "http/1.1"}, nil, "order.example", "", wire.None},
		{"the configuration's protocols win", "", []string{"http/1.1"}, "order.example", []string{"h2", "http/1.1"}, []string{"h2", "http/1.1"}, "order.example", "http/1.1", wire.None},
		{"none in common", "", nil, "order.example", []string{"h2"}, []string{"spdy/3"}, "order.example", "", wire.Protocol},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sni string
			server := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: c.server, GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				sni = h.ServerName
				return nil, nil
			}}
			cfg := trust(root)
			cfg.ServerName, cfg.NextProtos = c.cfgName, c.cfgProto
			state, err := handshake(t, shows(t, server, leaf), cfg, c.host, c.protocols...)
			if cause, text := wire.Explain(err); cause != c.want {
				t.Fatalf("got %q, %q; want %q", cause, text, c.want)
			}
			if err == nil && state.NegotiatedProtocol != c.spoke {
				t.Errorf("spoke %q, want %q", state.NegotiatedProtocol, c.spoke)
			}
			if sni != c.sni {
				t.Errorf("asked for %q, want %q", sni, c.sni)
			}
			if cfg.ServerName != c.cfgName || len(cfg.NextProtos) != len(c.cfgProto) {
				t.Errorf("the configuration was changed: %q, %q", cfg.ServerName, cfg.NextProtos)
			}
		})
	}
}

// TestHandshakeWithoutConfiguration trusts the system, which knows nobody here.
func TestHandshakeWithoutConfiguration(t *testing.T) {
	root := issue(t, nil, true, 100*day, "root")
	_, err := handshake(t, shows(t, nil, issue(t, root, false, day, "order.example")), nil, "order.example")
	if cause, text := wire.Explain(err); cause != wire.Untrusted {
		t.Errorf("got %q, %q", cause, text)
	}
	if doubt := wire.Doubt(&tls.ConnectionState{}, nil, "a"); doubt != nil {
		t.Errorf("nothing was shown, and it is doubted: %v", doubt)
	}
}

// TestClientCertificateWanted is told apart from one that is no good.
func TestClientCertificateWanted(t *testing.T) {
	root := issue(t, nil, true, 100*day, "root")
	leaf, client := issue(t, root, false, day, "order.example"), issue(t, root, false, day, "us")
	stranger := issue(t, nil, false, day, "stranger")
	for name, c := range map[string]struct {
		shows *link
		want  wire.Cause
	}{"none, which has no alert of its own there": {nil, wire.Protocol}, "a stranger's": {stranger, wire.Auth}, "ours": {client, wire.None}} {
		t.Run(name, func(t *testing.T) {
			// TLS 1.2: in 1.3 a client hears of it only after its handshake.
			server := &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trust(root).RootCAs}
			cfg := trust(root)
			if c.shows != nil {
				cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					return &tls.Certificate{Certificate: [][]byte{c.shows.cert.Raw}, PrivateKey: c.shows.key}, nil
				}
			}
			_, err := handshake(t, shows(t, server, leaf), cfg, "order.example")
			if cause, text := wire.Explain(err); cause != c.want {
				t.Errorf("got %q, %q; want %q", cause, text, c.want)
			}
		})
	}
}

// TestHandshakeEnds with its context, and closes what it was given.
func TestHandshakeEnds(t *testing.T) {
	for _, how := range []wire.Cause{wire.Cancelled, wire.Timeout} {
		ours, theirs := pair(t) // it is silent
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if how == wire.Cancelled {
			ctx, cancel = context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		_, err := wire.Handshake(ctx, ours, nil, "order.example")
		cancel()
		if cause, text := wire.Explain(err); cause != how {
			t.Errorf("got %q, %q (%v); want %q", cause, text, err, how)
		}
		if _, err := ours.Write([]byte{0}); err == nil {
			t.Error("the connection is open")
		}
		_ = theirs.Close()
	}
}

func TestServerName(t *testing.T) {
	for _, c := range []struct{ cfg, authority, want string }{
		{"", "order.example:443", "order.example"},
		{"", "order.example", "order.example"},
		{"", "127.0.0.1:443", "127.0.0.1"},
		{"", "[::1]:443", "::1"},
		{"", "[::1]", "::1"},
		{"", "::1", "::1"},
		{"", "", ""},
		{"", "[]", "[]"},
		{"", "a:b:c", "a:b:c"},
		{"named.example", "order.example:443", "named.example"},
	} {
		if got := wire.ServerName(&tls.Config{ServerName: c.cfg}, c.authority); got != c.want {
			t.Errorf("%q, %q: got %q, want %q", c.cfg, c.authority, got, c.want)
		}
		if c.cfg == "" {
			if got := wire.ServerName(nil, c.authority); got != c.want {
				t.Errorf("no configuration, %q: got %q", c.authority, got)
			}
		}
	}
}
