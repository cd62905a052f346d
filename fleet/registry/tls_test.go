package registry_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// pair writes a certificate and its key.
func writePair(t *testing.T) (cert, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, data []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", keyDER)
}

func TestTLSConfig(t *testing.T) {
	cert, key := writePair(t)
	if c, err := (registry.TLSOptions{}).Config(); c != nil || err != nil {
		t.Errorf("nothing asked for gives %v, %v", c, err)
	}
	c, err := registry.TLSOptions{CA: cert, Cert: cert, Key: key, ServerName: "n"}.Config()
	if err != nil || c.RootCAs == nil || len(c.Certificates) != 1 || c.ServerName != "n" || c.InsecureSkipVerify {
		t.Errorf("got %+v, %v", c, err)
	}
	c, err = registry.TLSOptions{TLS: true}.Config()
	if err != nil || c.RootCAs != nil {
		t.Errorf("plain tls: %+v, %v", c, err)
	}
}

func TestTLSConfigRefuses(t *testing.T) {
	cert, key := writePair(t)
	_, other := writePair(t)
	missing := filepath.Join(t.TempDir(), "none.pem")
	for _, c := range []struct {
		o     registry.TLSOptions
		want  string
		cause error
	}{
		{registry.TLSOptions{CA: missing}, "option ca: no file " + missing, fs.ErrNotExist},
		{registry.TLSOptions{CA: key}, "holds no certificate", nil},
		{registry.TLSOptions{CA: t.TempDir()}, "option ca: ", nil},
		{registry.TLSOptions{Cert: cert}, "one is given without the other", nil},
		{registry.TLSOptions{Key: key}, "one is given without the other", nil},
		{registry.TLSOptions{Cert: missing, Key: key}, "option cert: no file", fs.ErrNotExist},
		{registry.TLSOptions{Cert: cert, Key: missing}, "option key: no file", fs.ErrNotExist},
		{registry.TLSOptions{Cert: cert, Key: other}, "do not go together", nil},
	} {
		config, err := c.o.Config()
		if config != nil || !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), c.want) || c.cause != nil && !errors.Is(err, c.cause) {
			t.Errorf("%+v: got %v, want %q", c.o, err, c.want)
		}
	}
}
