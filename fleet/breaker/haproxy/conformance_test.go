package haproxy_test

import (
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/haproxy"
)

func TestMain(m *testing.M) { breakertest.Main(m) }

func TestConformanceFake(t *testing.T) { breakertest.Run(t, fakeWorld) }

// open makes the Admin as the wiring would.
func open(t testing.TB) breaker.Admin {
	t.Helper()
	var d net.Dialer
	a, err := haproxy.Driver().Open(breaker.Options{Client: http.DefaultClient, Dial: d.DialContext, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// noSecret is the excuse every world here has.
func noSecret() map[breakertest.Hand]string {
	return map[breakertest.Hand]string{breakertest.HandSecret: "the socket has a level, and no credentials"}
}

func fakeWorld(t testing.TB) breakertest.World {
	f := newFake(t,
		&row{backend: "payments", name: "p1"},
		&row{backend: "orders", name: "o1", check: true, calls: 10, failed: 1},
		&row{backend: "spare", name: "s1", check: true, admin: 0x05},
	)
	return breakertest.World{
		Driver: haproxy.Driver(), Open: open, Site: breaker.Site{Base: f.base()},
		Names: []string{"orders/o1", "payments/p1"}, Unknown: "orders/nope", DrainName: "orders/o1",
		Call: f.call, Break: f.breakIt, Cannot: noSecret(),
		Trouble: func(_ testing.TB, name string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.find(name).down = true
		},
	}
}

// reply is a recorded reply, byte for byte.
func reply(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "wire", name))
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(data), "\n\n")
	if !ok || !strings.HasPrefix(string(data), "> ") {
		t.Fatalf("%s is no recording", name)
	}
	return text
}
