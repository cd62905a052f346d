package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// started runs a server until the test ends, and waits until it is ready.
func started(t *testing.T, ready func() bool, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	for over := time.After(20 * time.Second); !ready(); {
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", name, log.String())
		case <-over:
			t.Fatalf("%s is not ready", name)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// consulServer starts a real Consul and returns its address; the test is skipped
// where there is none.
func consulServer(t *testing.T) string {
	t.Helper()
	binary := os.Getenv("MIDWATCH_TEST_CONSUL")
	if binary == "" {
		cache := os.Getenv("MIDWATCH_CI_CACHE")
		if dir, err := os.UserCacheDir(); cache == "" && err == nil {
			cache = filepath.Join(dir, "midwatch-ci")
		}
		binary = filepath.Join(cache, "bin", "consul-1.15.4")
	}
	if _, err := os.Stat(binary); err != nil {
		registrytest.Missing(t, "registry/consul", "no consul binary: name one in MIDWATCH_TEST_CONSUL")
	}
	port := func() string {
		_, p, _ := net.SplitHostPort(deadAddress(t))
		return p
	}
	web := port()
	address := "127.0.0.1:" + web
	started(t, func() bool {
		resp, err := http.Get("http://" + address + "/v1/catalog/node/n1")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, binary, "agent", "-dev", "-node", "n1", "-client", "127.0.0.1", "-bind", "127.0.0.1", "-log-level", "warn",
		"-http-port", web, "-dns-port", "-1", "-grpc-port", "-1", "-grpc-tls-port", "-1", "-serf-lan-port", port(), "-serf-wan-port", "-1", "-server-port", port())
	return address
}

// TestDrainByConsul: the registry takes an instance out, and the plan names the
// agent that it takes for it.
func TestDrainByConsul(t *testing.T) {
	address := consulServer(t)
	for i := range 3 {
		host, port, _ := net.SplitHostPort(serve(t, "up"))
		body := fmt.Sprintf(`{"ID":"payment-%d","Name":"payment","Address":%q,"Port":%s}`, i+1, host, port)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+address+"/v1/agent/service/register", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
		resp.Body.Close()
	}
	env := map[string]string{"XDG_STATE_HOME": t.TempDir(), "MIDWATCH_REGISTRY": "consul://" + address}
	registrytest.Eventually(t, 20*time.Second, "three are there", func() bool {
		_, out, _ := runWith(t, env, "instances", "payment", "-o", "name")
		return strings.Count(out, "\n") == 3
	})
	typed := func(code int, says ...string) func(args ...string) {
		return func(args ...string) {
			t.Helper()
			got, out, errs := runWith(t, env, args...)
			if got != code {
				t.Errorf("%v: ended with %d, want %d", args, got, code)
			}
			for _, text := range says {
				if !strings.Contains(out+errs, text) {
					t.Errorf("%v: %q is not said", args, text)
				}
			}
			if t.Failed() {
				t.Logf("%v:\n%s%s", args, out, errs)
			}
		}
	}
	typed(0, "This takes 1 of 3 instances of payment out of use, by registry consul; 2 go on serving.\n",
		"Also: consul agent on n1", "_service_maintenance", "took out 1 of 1. change ", "\tdone\tin service\tout of service (")("drain", "payment/n1/payment-2", "--yes", "--reason", "kernel")
	typed(1, "2 of 3 of payment would not serve, and --max-unavailable is 50%")("drain", "payment/n1/payment-1", "--yes")
	typed(0, `"maintenance"`)("check", "payment", "--attempts", "1", "-o", "json", "--jq", `[.items[]|select(.instance=="n1/payment-2").status]`)
	typed(0, "in_force")("changes", "-o", "json", "--jq", ".items[0].now")
	typed(0, "payment back into use, by registry consul, 2 are so already", "put back 1 of 3, 2 already.")("undrain", "payment", "--yes")
	typed(0, "so many are in service already, and there is nothing to do", "nothing was changed")("undrain", "payment")
}

// TestDrainAServer: --server is one of a proxy's, drained by the proxy's own
// runtime API; trip takes it out at once.
func TestDrainAServer(t *testing.T) {
	binary, err := exec.LookPath("haproxy")
	if err != nil {
		breakertest.Missing(t, "breaker/haproxy", "no haproxy on this machine")
	}
	dir, err := os.MkdirTemp("", "mw") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	conf := fmt.Sprintf("global\n  stats socket %s mode 600 level admin\ndefaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\nfrontend f\n  bind %s\n  default_backend shop\nbackend shop\n  server s1 %s\n  server s2 %s\n",
		socket, deadAddress(t), serve(t, "up"), serve(t, "up"))
	fleetFile := "services:\n  - name: edge\n    instances: [{id: lb-1, address: \"127.0.0.1:9\", labels: {profile: haproxy, admin: \"unix://" + socket + "\"}}]\n"
	for name, text := range map[string]string{"haproxy.cfg": conf, "fleet.yaml": fleetFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	started(t, func() bool {
		var d net.Dialer
		c, err := d.DialContext(context.Background(), "unix", socket)
		if err != nil {
			return false
		}
		_ = c.Close()
		return true
	}, binary, "-db", "-f", filepath.Join(dir, "haproxy.cfg"))
	env := map[string]string{"XDG_STATE_HOME": dir, "MIDWATCH_REGISTRY": "file://" + filepath.Join(dir, "fleet.yaml")}
	for _, c := range []struct {
		line string
		code int
		says []string
	}{
		{"drain edge --server shop/s1 --yes", 0, []string{"This takes server shop/s1 of 1 of 1 instance of edge out of use, by its admin API (haproxy).", "took out 1 of 1. change "}},
		{"drain edge --server shop/s1 --yes", 0, []string{"out of service already, and there is nothing to do"}},
		{"drain edge --server shop/s9 --yes", 3, []string{"s9"}},
		{"undrain edge --server shop/s1 --yes", 0, []string{"This puts server shop/s1 of 1 of 1 instance of edge back into use", "put back 1 of 1. change "}},
		{"breakers trip edge/shop/s2 --yes", 0, []string{"This opens breaker shop/s2 on 1 of 1 instance of edge.", "Also: no call reaches it", "opened on 1 of 1."}},
		{"breakers trip edge/shop/s2 --percent 20 --yes", 1, []string{"a share is a matter of weights"}},
		{"breakers half-open edge/shop/s2 --yes", 1, []string{"half-open cannot be given to breaker shop/s2 of edge by haproxy, which can: trip, reset"}},
		{"breakers reset edge/shop/s2 --yes", 0, []string{"closed on 1 of 1."}},
	} {
		code, out, errs := runWith(t, env, strings.Fields(c.line)...)
		if code != c.code {
			t.Errorf("%s: ended with %d, want %d\n%s%s", c.line, code, c.code, out, errs)
		}
		for _, text := range c.says {
			if !strings.Contains(out+errs, text) {
				t.Errorf("%s: %q is not said\n%s%s", c.line, text, out, errs)
			}
		}
	}
}
