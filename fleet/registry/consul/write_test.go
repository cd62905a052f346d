package consul_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// able is the registry with all it can do.
type able interface {
	registry.Registry
	registry.Registrar
	registry.Drainer
	registry.Sider
}

func openAble(t testing.TB, url string) able {
	t.Helper()
	r := open(t, testEnv(), url)
	t.Cleanup(func() { r.Close() })
	return r.(able)
}

// seen lists until an instance is as wanted.
func seen(t testing.TB, r registry.Registry, what, id string, ok func(fleet.Instance) bool) {
	t.Helper()
	registrytest.Eventually(t, 5*time.Second, what, func() bool {
		set, err := r.List(t.Context())
		return err == nil && ok(instance(set, id))
	})
}

func key(service, instance string) fleet.Key {
	return fleet.Key{Ref: fleet.Ref{Name: service}, Instance: instance}
}

// roundTrips are entries that have to read back as they were registered.
func roundTrips() map[string]fleet.Instance {
	return map[string]fleet.Instance{
		"plain": {ID: "a", Addr: "10.0.0.1:80"},
		"full": {
			ID: "b", Addr: "10.0.0.1:81", Zone: "z", Version: "1.2", Weight: 5,
			Labels:    map[string]string{"zone": "z", "version": "1.2", "team": "x", "prometheus.io/path": "/m", "tag.canary": "true", "tag.odd": "no"},
			Endpoints: map[string]string{"grpc": "10.0.0.1:9000", "admin": "http://10.0.0.1:8080/x"},
		},
		"IPv6":                      {ID: "c", Addr: "[fd00::1]:80"},
		"without port":              {ID: "d", Addr: "10.0.0.1"},
		"long value":                {ID: "e", Addr: "10.0.0.1:82", Labels: map[string]string{"long": strings.Repeat("x", 600)}},
		"socket":                    {ID: "f", Addr: "/run/f.sock"},
		"slash and colon in the id": {ID: "node-1/f/1:2", Addr: "10.0.0.1:83"},
	}
}

func registerAndRead(t *testing.T, url string) {
	r := openAble(t, url)
	for name, in := range roundTrips() {
		t.Run(name, func(t *testing.T) {
			k, err := r.Register(t.Context(), registry.Entry{Service: "trip", Instance: in})
			if err != nil {
				t.Fatal(err)
			}
			want := in
			want.ID, want.Claimed = "node-1/"+strings.TrimPrefix(in.ID, "node-1/"), is(fleet.Up)
			if k != key("trip", want.ID) {
				t.Errorf("key %+v", k)
			}
			set, err := r.List(t.Context())
			got := instance(set, k.Instance)
			if got.Claimed == nil || err != nil {
				t.Fatalf("not there at once: %v, %+v", err, set.Services)
			}
			if show(got) != show(want) || !maps.Equal(got.Labels, want.Labels) {
				t.Errorf("\n got %s\nwant %s", show(got), show(want))
			}
			if err := r.Deregister(t.Context(), k); err != nil {
				t.Fatal(err)
			}
			set, _ = r.List(t.Context())
			if instance(set, k.Instance).ID != "" {
				t.Error("not gone at once")
			}
		})
	}
	t.Run("zone and version without labels, an id made up", func(t *testing.T) {
		k, err := r.Register(t.Context(), registry.Entry{Service: "trip", Instance: fleet.Instance{Addr: "10.0.0.1:84", Zone: "z", Version: "3"}})
		if err != nil || k.Instance != "node-1/trip-10-0-0-1-84" {
			t.Fatalf("%v, %v", k, err)
		}
		seen(t, r, "zone and version", k.Instance, func(in fleet.Instance) bool { return in.Zone == "z" && in.Version == "3" })
	})
	t.Run("replaced without a TTL", func(t *testing.T) {
		e := registry.Entry{Service: "trip", Instance: fleet.Instance{ID: "t", Addr: "10.0.0.1:85"}, TTL: time.Minute}
		k, err := r.Register(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Heartbeat(t.Context(), k); err != nil {
			t.Errorf("Heartbeat: %v", err)
		}
		e.TTL = 0
		if _, err := r.Register(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if err := r.Heartbeat(t.Context(), k); err != nil {
			t.Errorf("a heartbeat nobody needs: %v", err)
		}
		other := openAble(t, url) // one that did not register it
		if err := other.Heartbeat(t.Context(), k); err != nil {
			t.Errorf("a heartbeat by another: %v", err)
		}
		if err := other.Heartbeat(t.Context(), key("trip", "node-1/nobody")); !errors.Is(err, fleet.ErrNotFound) {
			t.Errorf("a heartbeat for nobody: %v", err)
		}
	})
}

// external drains, puts back and removes an instance no agent keeps.
func external(t *testing.T, url string, h *hands) {
	r := openAble(t, url)
	k := key("ledger", "ext-1/ledger-1")
	if effects, err := r.SideEffects(t.Context(), key("x", "new"), "register"); err != nil || strings.Join(effects, ",") != "consul agent on node-1" {
		t.Errorf("side effects of registering: %q, %v", effects, err)
	}
	for range 2 {
		if err := r.SetMaintenance(t.Context(), k, true, "new disk"); err != nil {
			t.Fatal(err)
		}
		seen(t, r, "maintenance", k.Instance, func(in fleet.Instance) bool {
			return in.Claimed != nil && *in.Claimed == fleet.Maintenance && in.ClaimNote == "new disk"
		})
	}
	for range 2 {
		if err := r.SetMaintenance(t.Context(), k, false, ""); err != nil {
			t.Fatal(err)
		}
		seen(t, r, "back", k.Instance, func(in fleet.Instance) bool { return in.Claimed != nil && *in.Claimed == fleet.Up })
	}
	h.call(t, http.MethodPut, "/v1/catalog/register", `{"Node":"ext-1","Address":"127.0.0.2","SkipNodeUpdate":true,"Service":{"ID":"ledger-2","Service":"ledger","Port":9001}}`, nil)
	effects, err := r.SideEffects(t.Context(), k, "deregister")
	if err != nil || len(effects) != 2 || effects[0] != "consul catalog, node ext-1, which has no agent" {
		t.Errorf("side effects %q, %v", effects, err)
	}
	if err := r.Deregister(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if err := r.Deregister(t.Context(), k); !errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
	seen(t, r, "its neighbour on the node", "ext-1/ledger-2", func(in fleet.Instance) bool { return in.ID != "" })
}

// wholeNode is in maintenance: undrain of one instance says that it stays so.
func wholeNode(t *testing.T, url string, node func(on bool)) {
	r := openAble(t, url)
	k := key("orders", "node-1/orders-1")
	node(true)
	seen(t, r, "the node's maintenance", k.Instance, func(in fleet.Instance) bool {
		return in.Claimed != nil && *in.Claimed == fleet.Maintenance && strings.Contains(in.ClaimNote, "kernel")
	})
	effects, err := r.SideEffects(t.Context(), k, "undrain")
	if err != nil || len(effects) != 2 || effects[0] != "consul agent on node-1" || !strings.Contains(effects[1], "whole node") {
		t.Errorf("side effects %q, %v", effects, err)
	}
	var said *fleet.Error
	if err := r.SetMaintenance(t.Context(), k, false, ""); !errors.As(err, &said) || !strings.Contains(said.Detail, "whole node node-1") || !strings.Contains(said.Hint, "consul maint") {
		t.Errorf("undrain: %v", err)
	}
	node(false)
	seen(t, r, "the node back", k.Instance, func(in fleet.Instance) bool { return in.Claimed != nil && *in.Claimed == fleet.Up })
}

func TestWritesFake(t *testing.T) {
	f := newFake(t)
	h := newHands(t, f.addr(), "")
	h.seed(t)
	url := "consul://" + f.addr()
	t.Run("register", func(t *testing.T) { registerAndRead(t, url) })
	t.Run("external", func(t *testing.T) { external(t, url, h) })
	t.Run("node", func(t *testing.T) {
		wholeNode(t, url, func(on bool) { f.maintenance("node-1", "", "kernel", on) })
	})
}

func TestWritesReal(t *testing.T) {
	s := startConsul(t)
	s.fresh(t)
	url := "consul://" + s.addr + "?token=env:T"
	t.Run("register", func(t *testing.T) { registerAndRead(t, url) })
	t.Run("external", func(t *testing.T) { external(t, url, s.hands) })
	t.Run("node", func(t *testing.T) {
		wholeNode(t, url, func(on bool) {
			s.hands.call(t, http.MethodPut, fmt.Sprintf("/v1/agent/maintenance?enable=%v&reason=kernel", on), "", nil)
		})
	})
}

// foreign tries to write to what another node's agent owns.
func foreign(t *testing.T, r able, k fleet.Key) {
	t.Helper()
	for what, err := range map[string]error{
		"drain": r.SetMaintenance(t.Context(), k, true, "x"), "undrain": r.SetMaintenance(t.Context(), k, false, ""),
		"deregister": r.Deregister(t.Context(), k), "heartbeat": r.Heartbeat(t.Context(), k),
	} {
		var said *fleet.Error
		if !errors.As(err, &said) || said.Reason != "policy" || !strings.Contains(said.Detail, "only the agent of n3") || !strings.Contains(said.Hint, "?agent=") {
			t.Errorf("%s: %v (%+v)", what, err, said)
		}
	}
	if _, err := r.Register(t.Context(), registry.Entry{Service: "x", Instance: fleet.Instance{ID: "n3/x", Addr: "1.1.1.1:1"}}); err == nil || !strings.Contains(err.Error(), "n3") {
		t.Errorf("register under another node's name: %v", err)
	}
}

// What another node's agent owns is not touched: the same ServiceID on this
// node is another instance.
func TestOtherAgentFake(t *testing.T) {
	f := newFake(t)
	newHands(t, f.addr(), "").seed(t)
	f.addNode("n3", "10.2.0.13", true)
	f.put("n3", &fakeService{ID: "orders-1", Service: "orders", Address: "10.2.0.13", Port: 9101})
	r := openAble(t, "consul://"+f.addr())
	f.mu.Lock()
	f.requests = nil
	f.mu.Unlock()
	foreign(t, r, key("orders", "n3/orders-1"))
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, request := range f.requests {
		if strings.HasPrefix(request, "PUT") {
			t.Errorf("sent %s", request)
		}
	}
}

// What is read is one datacentre and the agent belongs to another.
func TestAgentElsewhere(t *testing.T) {
	f := newFake(t)
	newHands(t, f.addr(), "").seed(t)
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/v1/agent/self" {
			t.Errorf("sent %s %s", r.Method, r.URL)
		}
		writeJSON(w, map[string]any{"Config": map[string]any{"NodeName": "node-1", "Datacenter": "dc2"}})
	}))
	defer far.Close()
	r := openAble(t, "consul://"+f.addr()+"?dc=dc1&agent="+strings.TrimPrefix(far.URL, "http://"))
	_, err := r.Register(t.Context(), registry.Entry{Service: "x", Instance: fleet.Instance{Addr: "a:1"}})
	for what, err := range map[string]error{"register": err, "drain": r.SetMaintenance(t.Context(), key("orders", "node-1/orders-1"), true, "x")} {
		var said *fleet.Error
		if !errors.As(err, &said) || said.Reason != "policy" || !strings.Contains(said.Detail, "in dc2") || !strings.Contains(said.Detail, "dc1") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Two real agents: the one that owns the instance takes the write.
func TestOtherAgentReal(t *testing.T) {
	s := startAgent(t, "", "")
	other := joinAgent(t, s, "n3")
	other.hands.call(t, http.MethodPut, "/v1/agent/service/register", `{"ID":"orders-1","Name":"orders","Port":9101}`, nil)
	s.hands.call(t, http.MethodPut, "/v1/agent/service/register", `{"ID":"orders-1","Name":"orders","Port":9101}`, nil)
	k := key("orders", "n3/orders-1")
	far := openAble(t, "consul://"+s.addr)
	seen(t, far, "both", k.Instance, func(in fleet.Instance) bool { return in.ID != "" })
	foreign(t, far, k)
	near := openAble(t, "consul://"+s.addr+"?agent="+other.addr)
	if err := near.SetMaintenance(t.Context(), k, true, "new disk"); err != nil {
		t.Fatal(err)
	}
	set, err := far.List(t.Context())
	if a, b := instance(set, k.Instance), instance(set, "node-1/orders-1"); err != nil || *a.Claimed != fleet.Maintenance || *b.Claimed != fleet.Up {
		t.Errorf("%v, %s, %s", err, show(a), show(b))
	}
	if err := near.Deregister(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	set, _ = far.List(t.Context())
	if instance(set, k.Instance).ID != "" || instance(set, "node-1/orders-1").ID == "" {
		t.Errorf("the wrong one went: %+v", set.Services)
	}
}

// The option agent sends writes elsewhere, and reads stay where they are.
func TestAgentOption(t *testing.T) {
	f := newFake(t)
	h := newHands(t, f.addr(), "")
	h.seed(t)
	var hosts []string
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts = append(hosts, r.Method+" "+r.URL.Path)
		f.ServeHTTP(w, r)
	}))
	defer agent.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(agent.URL, "http://"), ":")
	for _, option := range []string{"127.0.0.1:" + port, "{address}:" + port} {
		hosts = nil
		r := openAble(t, "consul://"+f.addr()+"?agent="+option)
		if err := r.SetMaintenance(t.Context(), key("orders", "node-1/orders-1"), true, "x"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(hosts, ", "); got != "GET /v1/agent/self, PUT /v1/agent/service/maintenance/orders-1" {
			t.Errorf("%s: the agent was asked %s", option, got)
		}
	}
	r := openAble(t, "consul://"+f.addr()+"?agent={node}:"+port)
	if _, err := r.Register(t.Context(), registry.Entry{Service: "x", Instance: fleet.Instance{Addr: "1.1.1.1:1"}}); !errors.Is(err, registry.ErrConfig) {
		t.Errorf("a new entry where only nodes are named: %v", err)
	}
	f.addNode("evil.example:80/#", "10.0.0.1", true)
	f.put("evil.example:80/#", &fakeService{ID: "x", Service: "odd", Port: 1})
	if err := r.Deregister(t.Context(), key("odd", "evil.example:80/#/x")); err == nil || !strings.Contains(err.Error(), "is not a host") {
		t.Errorf("a node's name that is more than a name: %v", err)
	}
}

// Who the agent is has to be known before anything is written.
func TestAgentIsNotToBeKnown(t *testing.T) {
	f := newFake(t)
	h := newHands(t, f.addr(), "root")
	f.deny, f.tokens = true, map[string]fakeRights{"root": allRights(), secretToken: {service: true, node: true, write: true}}
	h.seed(t)
	r := openAble(t, "consul://"+f.addr()+"?token=env:T")
	refusal(t, r.SetMaintenance(t.Context(), key("orders", "node-1/orders-1"), true, "x"), "agent:read")
}

func TestWrongEntries(t *testing.T) {
	f := newFake(t)
	r := openAble(t, "consul://"+f.addr())
	for addr, want := range map[string]string{"": "not an address", "a:b:c": "not an address", "a:99999": "no such port", "a:x": "no such port", "http://a": "no such port"} {
		if _, err := r.Register(t.Context(), registry.Entry{Service: "x", Instance: fleet.Instance{Addr: addr}}); !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", addr, err, want)
		}
	}
	if _, err := r.Register(t.Context(), registry.Entry{Instance: fleet.Instance{Addr: "a:1"}}); !errors.Is(err, registry.ErrConfig) {
		t.Errorf("no name: %v", err)
	}
}

// Recorded refusals of writes.
func TestRecordedWrites(t *testing.T) {
	answers := map[string]string{
		"GET /v1/health/service/orders":               "08-health-orders.http",
		"PUT /v1/agent/service/register":              "02-register-bad-meta-key.http",
		"PUT /v1/agent/service/maintenance/orders-1":  "15-maintenance-unknown.http",
		"PUT /v1/agent/service/deregister/orders-1":   "24-deregister-again.http",
		"PUT /v1/agent/check/update/service:orders-1": "22-check-unknown.http",
		"GET /v1/agent/service/orders-1":              "21-agent-self-404.http",
	}
	played := playback(t, answers)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/agent/self" {
			writeJSON(w, map[string]any{"Config": map[string]any{"NodeName": "node-1", "Datacenter": "dc1"}})
			return
		}
		req, _ := http.NewRequestWithContext(r.Context(), r.Method, "http://"+played+r.URL.Path, r.Body)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return
		}
		defer resp.Body.Close()
		w.Header().Set("X-Consul-LastContact", "0")
		w.WriteHeader(resp.StatusCode)
		_, _ = w.Write(readAll(resp))
	}))
	defer http.DefaultClient.CloseIdleConnections()
	defer front.Close()
	r := openAble(t, "consul://"+strings.TrimPrefix(front.URL, "http://"))
	k := key("orders", "node-1/orders-1")
	for what, err := range map[string]error{
		"drain": r.SetMaintenance(t.Context(), k, true, "x"), "deregister": r.Deregister(t.Context(), k), "heartbeat": r.Heartbeat(t.Context(), k),
	} {
		if !errors.Is(err, fleet.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := r.Register(t.Context(), registry.Entry{Service: "x", Instance: fleet.Instance{Addr: "a:1"}})
	var said *fleet.Error
	if !errors.As(err, &said) || said.Reason != registry.ReasonStatus || !strings.Contains(said.Detail, "Key contains invalid characters") {
		t.Errorf("register: %v", err)
	}
}
