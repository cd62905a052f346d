package consul_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// realName is how the world of a real Consul is called in the must-run list.
const realName = "registry/consul"

// realVersion is the version the recordings and the cached binary are of.
const realVersion = "1.15.4"

// rootToken is the management token of the real Consul the tests start.
const rootToken = "99999999-2222-3333-4444-555555555555"

// consulBinary finds a real Consul, or skips the test.
func consulBinary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("MIDWATCH_TEST_CONSUL"); path != "" {
		return path
	}
	if path, err := exec.LookPath("consul"); err == nil {
		return path
	}
	cache := os.Getenv("MIDWATCH_CI_CACHE")
	if cache == "" {
		if dir, err := os.UserCacheDir(); err == nil {
			cache = filepath.Join(dir, "midwatch-ci")
		}
	}
	path := filepath.Join(cache, "bin", "consul-"+realVersion)
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		registrytest.Missing(t, realName, "no consul binary: name one in MIDWATCH_TEST_CONSUL")
	}
	return path
}

// server is a real Consul under default deny.
type server struct {
	addr   string
	serf   string // port of its gossip
	hands  *hands // with the management token
	policy string
	token  string // accessor of secretToken
}

// freePorts returns loopback ports nobody listens on.
func freePorts(t testing.TB, n int) (ports []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return ports
}

// startConsul starts a real Consul that ends with the test, under default
// deny, with a token for the driver that may do what an operator may.
func startConsul(t testing.TB) *server {
	t.Helper()
	s := startAgent(t, rootToken, fmt.Sprintf(`acl { enabled = true default_policy = "deny" tokens { initial_management = %q agent = %q } }`, rootToken, rootToken))
	s.makeToken(t)
	return s
}

// startAgent starts a real Consul of one server, node-1, with a piece of
// configuration.
func startAgent(t testing.TB, token, config string) *server {
	t.Helper()
	return startNode(t, "node-1", token, "-dev", "-hcl", config)
}

// joinAgent starts an agent on a node of its own that joins a server.
func joinAgent(t testing.TB, s *server, node string) *server {
	t.Helper()
	return startNode(t, node, "", "-data-dir", t.TempDir(), "-retry-join", "127.0.0.1:"+s.serf, "-retry-interval", "1s")
}

// startNode starts an agent and waits until the catalog has its node.
func startNode(t testing.TB, node, token string, more ...string) *server {
	t.Helper()
	binary, ports := consulBinary(t), freePorts(t, 3)
	args := []string{
		"agent", "-node", node, "-client", "127.0.0.1", "-bind", "127.0.0.1", "-log-level", "warn",
		"-http-port", ports[0], "-dns-port", "-1", "-grpc-port", "-1", "-grpc-tls-port", "-1",
		"-serf-lan-port", ports[1], "-serf-wan-port", "-1", "-server-port", ports[2],
	}
	cmd := exec.Command(binary, append(args, more...)...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		late.Stop()
		if t.Failed() {
			t.Logf("the server's log ends:\n%s", log.Bytes()[max(0, log.Len()-2000):])
		}
	})
	s := &server{addr: "127.0.0.1:" + ports[0], serf: ports[1]}
	s.hands = newHands(t, s.addr, token)
	registrytest.Eventually(t, 30*time.Second, "a leader, and the node in its catalog", func() bool {
		code, data, _ := s.hands.try(http.MethodGet, "/v1/health/node/"+node, "")
		return code == http.StatusOK && bytes.Contains(data, []byte("serfHealth"))
	})
	return s
}

// operatorRules are the rights the documentation asks for.
const operatorRules = `service_prefix "" { policy = "write" } node_prefix "" { policy = "read" } agent_prefix "" { policy = "read" }`

func (s *server) makeToken(t testing.TB) {
	t.Helper()
	var policy struct{ ID string }
	s.hands.call(t, http.MethodPut, "/v1/acl/policy", fmt.Sprintf(`{"Name":"operator","Rules":%q}`, operatorRules), &policy)
	var token struct{ AccessorID string }
	s.hands.call(t, http.MethodPut, "/v1/acl/token", fmt.Sprintf(`{"SecretID":%q,"Policies":[{"ID":%q}]}`, secretToken, policy.ID), &token)
	s.policy, s.token = policy.ID, token.AccessorID
}

// rights changes what the driver's token may do.
func (s *server) rights(t testing.TB, rules string) {
	t.Helper()
	s.hands.call(t, http.MethodPut, "/v1/acl/policy/"+s.policy, fmt.Sprintf(`{"ID":%q,"Name":"operator","Rules":%q}`, s.policy, rules), nil)
}

// fresh empties the catalog but for the servers, and seeds it.
func (s *server) fresh(t testing.TB) {
	t.Helper()
	s.rights(t, operatorRules)
	s.hands.call(t, http.MethodPut, "/v1/agent/maintenance?enable=false", "", nil)
	s.empty(t)
	s.hands.seed(t)
}

func (s *server) empty(t testing.TB) {
	t.Helper()
	names := func() (names []string) {
		var all map[string][]string
		s.hands.call(t, http.MethodGet, "/v1/catalog/services", "", &all)
		for name := range all {
			if name != "consul" {
				names = append(names, name)
			}
		}
		return names
	}
	registrytest.Eventually(t, 10*time.Second, "an empty catalog", func() bool {
		left := names()
		for _, name := range left {
			for _, id := range s.hands.idsOf(t, name) {
				s.hands.remove(t, id)
			}
		}
		return len(left) == 0
	})
}

// realWorld is a real Consul of one node, emptied and seeded again.
func realWorld(t testing.TB, s *server) registrytest.World {
	s.fresh(t)
	w := world(t, s.addr, s.hands, func(t testing.TB) func() {
		s.rights(t, "")
		return func() { s.rights(t, operatorRules) }
	})
	w.Cannot[registrytest.HandUnreadable] = "an agent and a catalog refuse what is no entry"
	return w
}

// What a real one says of wrong questions is what we expect of it.
func TestErrorsReal(t *testing.T) {
	s := startAgent(t, "", "")
	for url, want := range map[string]struct {
		reason       fleet.Reason
		detail, hint string
		is           error
	}{
		s.addr + "?dc=dcx":                    {registry.ReasonNotFound, "no datacenter dcx", "there are: dc1", fleet.ErrNotFound},
		s.addr + "?namespace=team":            {"", "Enterprise", "namespace", registry.ErrConfig},
		s.addr + "?filter=Nope":               {"", "boolean expression", "option filter", registry.ErrConfig},
		s.addr + "?tls=true":                  {registry.ReasonScheme, "plain HTTP", "leave tls", nil},
		s.addr + "/ui":                        {registry.ReasonProtocol, "not Consul's", "8500", nil},
		"127.0.0.1:" + s.serf + "?timeout=1s": {"", "", "", nil}, // gossip: it may hang up, or say nothing
	} {
		s.hands.call(t, http.MethodPut, "/v1/agent/service/register", `{"ID":"a","Name":"a","Port":1}`, nil)
		registrytest.Eventually(t, 5*time.Second, "a in the catalog", func() bool { return len(s.hands.idsOf(t, "a")) == 1 })
		r := open(t, testEnv(), "consul://"+url)
		_, err := r.List(t.Context())
		var said *fleet.Error
		switch {
		case !errors.As(err, &said), want.is != nil && !errors.Is(err, want.is):
			t.Errorf("%s: %v", url, err)
		case want.detail != "" && (said.Reason != want.reason || !strings.Contains(said.Detail, want.detail) || !strings.Contains(said.Hint, want.hint)):
			t.Errorf("%s: reason %q, detail %q, hint %q", url, said.Reason, said.Detail, said.Hint)
		}
		r.Close()
	}
}
