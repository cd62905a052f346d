package registry_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

func TestTLSConfig(t *testing.T) {
	cert, key := registrytest.NewAuthority(t).Issue(t, "n", time.Now().Add(time.Hour))
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
	cert, key := registrytest.NewAuthority(t).Issue(t, "n", time.Now().Add(time.Hour))
	_, other := registrytest.NewAuthority(t).Issue(t, "n", time.Now().Add(time.Hour))
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
