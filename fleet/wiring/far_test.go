package wiring_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a server on loopback that takes down what reaches it.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request
}

// record starts one. Nil answers everything with a good word.
func record(t *testing.T, h http.HandlerFunc) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(r.taking(h))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) taking(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.seen = append(r.seen, req)
		r.mu.Unlock()
		if h != nil {
			h(w, req)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"status":"UP"}`)
	})
}

func (r *recorder) addr() string { return r.Listener.Addr().String() }

// taken returns what came since it was last asked.
func (r *recorder) taken() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	return seen
}

// one is the only request that came.
func (r *recorder) one(t *testing.T) *http.Request {
	t.Helper()
	seen := r.taken()
	if len(seen) != 1 {
		t.Fatalf("%d requests came", len(seen))
	}
	return seen[0]
}

// secrets are what references lead to.
var secrets = map[string]string{"PASSWORD": "hunter2", "TOKEN": "t0ken-value", "KEY": "k3y-value", "CLIENT": "cl13nt-value", "AWKWARD": awkward}

// noSecret fails if a text holds one of them.
func noSecret(t *testing.T, text string) {
	t.Helper()
	for name, value := range secrets {
		if strings.Contains(text, value) {
			t.Errorf("the secret %s is in: %s", name, text)
		}
	}
}

func resolve(_ context.Context, ref fleet.SecretRef) (fleet.Secret, error) {
	value, ok := secrets[ref.Env]
	if !ok {
		return fleet.Secret{}, fmt.Errorf("secret %s: the variable is not set", ref)
	}
	return fleet.NewSecret(value), nil
}

// settings are those of tests: one attempt, a second for it.
func settings() wiring.Settings {
	return wiring.Settings{UserAgent: "midwatch/test", Secret: resolve, ProbeTimeout: time.Second, Attempts: 1, Parallel: 8}
}

// open opens a context with a registry that is empty, and profiles.
func open(t *testing.T, s wiring.Settings, profiles ...fleet.Profile) *wiring.Fleet {
	t.Helper()
	byName := map[string]fleet.Profile{}
	for _, p := range profiles {
		byName[p.Name] = p
	}
	f, err := wiring.Open(t.Context(), config.Context{Name: "test", Registries: []config.Registry{{Name: "memory", URL: "memory://"}}}, byName, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// ask asks one target as a profile says.
func ask(t *testing.T, f *wiring.Fleet, profile string, credentials bool, target probe.Target) probe.Result {
	t.Helper()
	r := f.Sweeper().Prober(profile, credentials).Probe(t.Context(), target)
	noSecret(t, fmt.Sprintf("%+v", r))
	return r
}

func web(addr, path string) probe.Target {
	return probe.Target{Kind: probe.HTTP, Scheme: "http", Address: addr, Path: path, Named: true}
}

func secure(addr string) probe.Target {
	return probe.Target{Kind: probe.HTTP, Scheme: "https", Address: addr, Path: "/health", Named: true}
}

// says fails unless a result has this outcome and reason, and its detail all of
// the words.
func says(t *testing.T, r probe.Result, outcome probe.Outcome, reason probe.Reason, words ...string) {
	t.Helper()
	if r.Outcome != outcome || r.Reason != reason || slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(r.Detail, w) }) {
		t.Errorf("%v, %q: %s\nwant %v, %q, %q", r.Outcome, r.Reason, r.Detail, outcome, reason, words)
	}
}

// authority makes certificates, kept as files.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.issue(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// issue writes NAME.pem and NAME.key.
func (a *authority) issue(t *testing.T, name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore = time.Now().Add(-time.Hour)
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(90 * 24 * time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, a.file(name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, a.file(name+".key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}))
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// server is the TLS of a server with a certificate for a name, and loopback
// where the name is empty. Clients must show a certificate where mutual.
func (a *authority) server(t *testing.T, name string, ends time.Time, mutual bool) *tls.Config {
	t.Helper()
	c := &x509.Certificate{NotAfter: ends, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if name == "" {
		c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	} else {
		c.DNSNames = []string{name}
	}
	a.issue(t, "server"+name, c)
	pair, err := tls.LoadX509KeyPair(a.file("server"+name+".pem"), a.file("server"+name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{pair}}
	if mutual {
		conf.ClientAuth, conf.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		conf.ClientCAs.AddCert(a.cert)
	}
	return conf
}

// recordTLS is record over TLS.
func recordTLS(t *testing.T, conf *tls.Config, h http.HandlerFunc) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewUnstartedServer(r.taking(h))
	r.TLS, r.EnableHTTP2 = conf, true
	r.Config.ErrorLog = quiet()
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

// problems are the lines of a configuration's error, sorted.
func problems(t *testing.T, err error) []string {
	t.Helper()
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		t.Fatalf("no wrong configuration: %v", err)
	}
	lines := map[string]bool{}
	for _, p := range wrong.Problems {
		line := fmt.Sprintf("%d: %s: %s", p.Line, p.Path, p.Message)
		if p.Hint != "" {
			line += " (" + p.Hint + ")"
		}
		lines[line] = true
	}
	return slices.Sorted(maps.Keys(lines))
}

func clientCertificate() *x509.Certificate {
	return &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
}

func inputOf(services ...fleet.Service) sweep.Input { return sweep.Input{Services: services} }
