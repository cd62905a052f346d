package consul_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

func TestMain(m *testing.M) { registrytest.Main(m) }

func TestConformanceFake(t *testing.T) { registrytest.Run(t, fakeWorld) }

func TestConformanceReal(t *testing.T) {
	server := startConsul(t)
	registrytest.Run(t, func(t testing.TB) registrytest.World { return realWorld(t, server) })
}

// secretToken is what the worlds authenticate with; both check it.
const secretToken = "11111111-2222-3333-4444-555555555555"

// open opens the driver with options given as in a URL.
func open(t testing.TB, env registry.Env, url string) registry.Registry {
	t.Helper()
	r, err := tryOpen(t, env, url)
	if err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	return r
}

func tryOpen(t testing.TB, env registry.Env, url string) (registry.Registry, error) {
	t.Helper()
	loc, err := registry.ParseLocation(url)
	if err != nil {
		return nil, err
	}
	d := consul.Driver()
	options := d.NewOptions()
	if err := registry.Decode(options, loc.Values()); err != nil {
		return nil, err
	}
	return d.Open(t.Context(), loc, options, env)
}

// env resolves every reference to the token.
func testEnv() registry.Env {
	return registry.Env{
		UserAgent: "midwatch/test",
		Secret:    func(context.Context, fleet.SecretRef) (fleet.Secret, error) { return fleet.NewSecret(secretToken), nil },
	}
}

func is(s fleet.Status) *fleet.Status { return &s }

// seed is what both worlds hold at the start: the recorded services, one of
// them on a node without an agent.
func seed() []fleet.Service {
	at := func(name string, in ...fleet.Instance) fleet.Service {
		return fleet.Service{Ref: fleet.Ref{Name: name}, Instances: in}
	}
	return []fleet.Service{
		at("orders", fleet.Instance{
			ID: "node-1/orders-1", Addr: "127.0.0.1:9101", Zone: "b", Version: "2.4.1", Claimed: is(fleet.Up),
			Labels: map[string]string{"version": "2.4.1", "zone": "b", "management_port": "9102", "tag.v2": "true", "tag.http": "true"},
		}, fleet.Instance{
			ID: "node-1/orders-2", Addr: "127.0.0.1:9111", Zone: "a", Version: "2.4.0", Claimed: is(fleet.Down), Weight: 3,
			Labels: map[string]string{"version": "2.4.0", "zone": "a", "tag.v2": "true"},
		}),
		at("users", fleet.Instance{ID: "node-1/users-1", Addr: "127.0.0.1:9201", Claimed: is(fleet.Degraded)}),
		at("ledger", fleet.Instance{
			ID: "ext-1/ledger-1", Addr: "127.0.0.2:9000", Version: "7", Claimed: is(fleet.Up),
			Labels:    map[string]string{"version": "7"},
			Endpoints: map[string]string{"grpc": "grpc://127.0.0.2:9001?isSecure=false"},
		}),
	}
}

// seeds are the requests that put it there.
func seeds() [][2]string {
	return [][2]string{
		{"/v1/agent/service/register", `{"ID":"orders-1","Name":"orders","Address":"127.0.0.1","Port":9101,"Tags":["v2","http"],"Meta":{"version":"2.4.1","zone":"b","management_port":"9102"},"Check":{"CheckID":"service:orders-1","Name":"ttl","TTL":"10m","Status":"passing"}}`},
		{"/v1/agent/service/register", `{"ID":"orders-2","Name":"orders","Address":"127.0.0.1","Port":9111,"Tags":["v2"],"Meta":{"version":"2.4.0","zone":"a"},"Weights":{"Passing":3,"Warning":1},"Check":{"CheckID":"service:orders-2","Name":"ttl","TTL":"10m"}}`},
		{"/v1/agent/service/register", `{"ID":"users-1","Name":"users","Port":9201,"Check":{"TTL":"10m","Status":"warning"}}`},
		{"/v1/catalog/register", `{"Node":"ext-1","Address":"127.0.0.2","NodeMeta":{"external-node":"true"},"SkipNodeUpdate":true,"Service":{"ID":"ledger-1","Service":"ledger","Port":9000,"Tags":["version=7"],"TaggedAddresses":{"grpc":{"Address":"grpc://127.0.0.2:9001?isSecure=false","Port":9001}}},"Check":{"CheckID":"service:ledger-1","Name":"probe","Status":"passing","ServiceID":"ledger-1"}}`},
	}
}

// hands change a Consul, the fake or a real one, over its HTTP API.
type hands struct {
	base  string
	token string
	http  *http.Client
}

func newHands(t testing.TB, addr, token string) *hands {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &hands{base: "http://" + addr, token: token, http: &http.Client{Transport: transport}}
}

// try sends one request and returns its status and body.
func (h *hands) try(method, path, body string) (int, []byte, error) {
	req, err := http.NewRequest(method, h.base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, nil, err
	}
	if h.token != "" {
		req.Header.Set("X-Consul-Token", h.token)
	}
	resp, err := h.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, data, err
}

// call sends one request that has to work, and decodes its answer.
func (h *hands) call(t testing.TB, method, path, body string, out any) {
	t.Helper()
	code, data, err := h.try(method, path, body)
	if err != nil || code != http.StatusOK {
		t.Fatalf("%s %s: %d %s %v", method, path, code, data, err)
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, data)
		}
	}
}

// seed puts the seed there and waits until the catalog shows it.
func (h *hands) seed(t testing.TB) {
	t.Helper()
	for _, s := range seeds() {
		h.call(t, http.MethodPut, s[0], s[1], nil)
	}
	for _, want := range []string{"orders-1", "orders-2", "users-1", "ledger-1"} {
		name, _, _ := strings.Cut(want, "-")
		registrytest.Eventually(t, 5*time.Second, want+" in the catalog", func() bool {
			_, data, _ := h.try(http.MethodGet, "/v1/health/service/"+name, "")
			return bytes.Contains(data, []byte(`"service:`+want+`"`))
		})
	}
}

// put registers a service's instances at the agent and removes its others.
func (h *hands) put(t testing.TB, s fleet.Service) {
	t.Helper()
	keep := map[string]bool{}
	for _, in := range s.Instances {
		keep[in.ID] = true
		host, port, _ := strings.Cut(in.Addr, ":")
		h.call(t, http.MethodPut, "/v1/agent/service/register", fmt.Sprintf(`{"ID":%q,"Name":%q,"Address":%q,"Port":%s}`, in.ID, s.Name, host, port), nil)
	}
	for _, id := range h.idsOf(t, s.Name) {
		if !keep[id[1]] {
			h.remove(t, id)
		}
	}
}

// idsOf lists node and id of a service's instances.
func (h *hands) idsOf(t testing.TB, name string) (ids [][2]string) {
	t.Helper()
	var found []struct {
		Node    struct{ Node string }
		Service struct{ ID string }
	}
	h.call(t, http.MethodGet, "/v1/health/service/"+name, "", &found)
	for _, e := range found {
		ids = append(ids, [2]string{e.Node.Node, e.Service.ID})
	}
	return ids
}

// remove removes one instance where it lives.
func (h *hands) remove(t testing.TB, id [2]string) {
	t.Helper()
	if id[0] == "node-1" {
		_, _, err := h.try(http.MethodPut, "/v1/agent/service/deregister/"+id[1], "")
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	h.call(t, http.MethodPut, "/v1/catalog/deregister", fmt.Sprintf(`{"Node":%q,"ServiceID":%q}`, id[0], id[1]), nil)
}

func (h *hands) drop(t testing.TB, r fleet.Ref) {
	t.Helper()
	for _, id := range h.idsOf(t, r.Name) {
		h.remove(t, id)
	}
}

// world joins the hands to a far end behind a proxy that can fail.
func world(t testing.TB, addr string, h *hands, deny func(t testing.TB) (heal func())) registrytest.World {
	proxy := registrytest.NewProxy(t, addr)
	return registrytest.World{
		Driver: consul.Driver(),
		Open: func(t testing.TB, env registry.Env) registry.Registry {
			return open(t, env, "consul://"+proxy.Addr()+"?token=env:ANY")
		},
		Seed: seed(),
		Put:  h.put,
		Drop: h.drop,
		Break: func(t testing.TB, how registrytest.Fault) func() {
			if how == registrytest.Deny {
				return deny(t)
			}
			return proxy.Break(t, how)
		},
		Secret: secretToken,
		TTL:    2 * time.Second,
		Cannot: map[registrytest.Hand]string{registrytest.HandNamespaces: "only Consul Enterprise has them"},
	}
}

// fakeWorld is the fake under default deny, with a token that may do all.
func fakeWorld(t testing.TB) registrytest.World {
	f := newFake(t)
	f.deny, f.tokens = true, map[string]fakeRights{secretToken: allRights(), "root": allRights()}
	h := newHands(t, f.addr(), "root")
	h.seed(t)
	rights := func(r fakeRights) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.tokens[secretToken] = r
	}
	w := world(t, f.addr(), h, func(testing.TB) func() {
		rights(fakeRights{})
		return func() { rights(allRights()) }
	})
	w.Unreadable = func(testing.TB) string {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.raw["odd"] = `{"Node":{"Node":"node-1","Address":"127.0.0.1"},"Service":{"ID":"odd-1","Service":"odd","Port":"http"}}`
		f.move("services")
		return "odd"
	}
	return w
}

// readAll is a reply's body.
func readAll(resp *http.Response) []byte {
	data, _ := io.ReadAll(resp.Body)
	return data
}
