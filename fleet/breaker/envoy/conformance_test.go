package envoy_test

import (
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/envoy"
)

func TestMain(m *testing.M) { breakertest.Main(m) }

func TestConformanceFake(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			breakertest.Run(t, func(t testing.TB) breakertest.World { return fakeWorld(t, network) })
		})
	}
}

// open makes the Admin as the wiring would.
func open(t testing.TB) breaker.Admin { return openBelow(t, "") }

// openBelow is for an admin interface below a path.
func openBelow(t testing.TB, path string) breaker.Admin {
	t.Helper()
	var d net.Dialer
	transport := &http.Transport{DialContext: d.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := envoy.Driver().Open(breaker.Options{Client: client, Dial: d.DialContext, Log: slog.New(slog.DiscardHandler), API: fleet.BreakerAPI{Path: path}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// noSecret is the excuse every world here has.
func noSecret() map[breakertest.Hand]string {
	return map[breakertest.Hand]string{breakertest.HandSecret: "Envoy asks nobody who they are"}
}

func fakeWorld(t testing.TB, network string) breakertest.World {
	f := newFake(t, network,
		&fakeCluster{name: "payments", limit: 1024, pending: 1024},
		&fakeCluster{name: "outbound|80|v1|a/b c.local:x", limit: 200, pending: 50, hosts: 3, ejected: 1},
		&fakeCluster{name: "spare", limit: 0, pending: 1024},
	)
	return breakertest.World{
		Driver: envoy.Driver(), Open: open, Site: breaker.Site{Base: f.base()},
		Names: []string{"payments", "outbound|80|v1|a/b c.local:x"}, Call: f.call, Break: f.breakIt, Cannot: noSecret(),
		Trouble: func(_ testing.TB, name string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			c := f.find(name).counts
			c["circuit_breakers.default.rq_open"], c["upstream_rq_active_overflow"] = 1, 3
		},
	}
}

// recording is one recorded answer.
type recording struct {
	asked string // GET /clusters?format=json
	code  int
	body  string
}

func recorded(t testing.TB, name string) recording {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "wire", name))
	if err != nil {
		t.Fatal(err)
	}
	request, rest, _ := strings.Cut(string(data), "\n\n")
	head, body, ok := strings.Cut(rest, "\n\n")
	fields := strings.Fields(head)
	if !ok || !strings.HasPrefix(request, "> ") || len(fields) < 2 {
		t.Fatalf("%s is no recording", name)
	}
	code, err := strconv.Atoi(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	asked, _, _ := strings.Cut(strings.TrimPrefix(request, "> "), "\n")
	return recording{asked: asked, code: code, body: strings.TrimSuffix(body, "\n")}
}
