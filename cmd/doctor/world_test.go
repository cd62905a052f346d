package doctor_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/doctor"
	"github.com/midwatch-cli/midwatch/cmd/term"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// step is what is read of a step of the JSON document.
type step struct{ Source, Service, Instance, Step, Result, Reason, Detail, Hint string }

// answer is one run of the command.
type answer struct {
	code      app.Code
	err       error
	out, errs string
}

// run runs doctor with these arguments, on a terminal or off it.
func run(t *testing.T, dir string, tty bool, args ...string) answer {
	t.Helper()
	stdio, out, errs := term.Test("")
	stdio.OutTTY = tty
	env := map[string]string{"XDG_CONFIG_HOME": filepath.Join(dir, "config"), "XDG_STATE_HOME": filepath.Join(dir, "state")}
	a := app.New(stdio, func(name string) string { return env[name] })
	root := &cobra.Command{Use: "midwatch", SilenceErrors: true, SilenceUsage: true, PersistentPreRunE: func(*cobra.Command, []string) error { return a.Begin() }}
	a.AddGlobal(root)
	root.AddCommand(doctor.New(a))
	root.SetArgs(append([]string{"doctor", "--attempts", "1", "--probe-timeout", "500ms"}, args...))
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	got := answer{err: root.ExecuteContext(t.Context())}
	got.out, got.errs = out.String(), errs.String()
	var ended app.Ended
	var said *app.Error
	switch {
	case errors.As(got.err, &ended):
		got.code = ended.Code
	case errors.As(got.err, &said):
		got.code = said.Code
	case got.err != nil:
		t.Errorf("ended with %v", got.err)
	}
	return got
}

// steps reads the steps of a run with -o json.
func steps(t *testing.T, a answer) (all []step, failures []string) {
	t.Helper()
	var doc struct {
		Kind   string
		Items  []step
		Errors []struct{ Source, Reason string }
	}
	if err := json.NewDecoder(bytes.NewBufferString(a.out)).Decode(&doc); err != nil || doc.Kind != "Doctor" {
		t.Fatalf("%v in %q", err, a.out)
	}
	for _, e := range doc.Errors {
		failures = append(failures, e.Source+":"+e.Reason)
	}
	return doc.Items, failures
}

// write writes a file and returns its path.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// health answers on /health, and with 404 everywhere else.
func health(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-100 * 24 * time.Hour),
		NotAfter: time.Now().Add(1000 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, pem: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

// serve is a healthy server over TLS whose certificate ends then.
func (a *authority) serve(t *testing.T, ends time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "instance"}, NotBefore: time.Now().Add(-50 * 24 * time.Hour), NotAfter: ends,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(health(http.StatusOK, "application/json", `{"status":"UP"}`))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "https://")
}

// claims is a little Consul that knows one service, whose instances at addr
// have these checks: passing, critical or maintenance.
func claims(t *testing.T, addr string, checks ...string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return "consul://" + cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Consul-Index", "1")
		w.Header().Set("X-Consul-Knownleader", "true")
		w.Header().Set("X-Consul-Lastcontact", "0")
		var body any = []any{}
		switch r.URL.Path {
		case "/v1/catalog/services":
			body = map[string][]string{"consul": {}, "payment": {}}
		case "/v1/health/service/payment":
			var entries []any
			for i, status := range checks {
				id := "payment-" + string(rune('1'+i))
				check := "service:" + id
				if status == "maintenance" {
					check, status = "_service_maintenance:"+id, "critical"
				}
				entries = append(entries, map[string]any{
					"Node":    map[string]any{"Node": "n1", "Address": host, "Datacenter": "dc1"},
					"Service": map[string]any{"ID": id, "Service": "payment", "Address": host, "Port": json.Number(port), "Meta": map[string]string{}, "Weights": map[string]int{"Passing": 1, "Warning": 1}},
					"Checks":  []any{map[string]any{"Node": "n1", "CheckID": check, "Name": check, "Status": status, "ServiceID": id, "ServiceName": "payment", "Notes": "moving house"}},
				})
			}
			body = entries
		}
		_ = json.NewEncoder(w).Encode(body)
	})
}
