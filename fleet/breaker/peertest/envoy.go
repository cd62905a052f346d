package peertest

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
)

// EnvoyName is how the real Envoy is called in the must-run list.
const EnvoyName = "breaker/envoy"

// Odd is a name with everything in it that a query, a path or a name of
// statistics could trip over.
const Odd = "outbound|80|v1|a/b c%d#e;f&g=h+i:j?é.local"

// Envoy is a running Envoy with a cluster of its own upstream for each name and
// a route for each: on an HTTP listener, and on one with a health_check filter;
// and with a TCP listener to the first.
type Envoy struct {
	// Base is its admin interface: http:// or unix://.
	Base string
	// Front, Checked and TCP are its listeners, as http://.
	Front, Checked, TCP string
	// Names are its clusters: payments and Odd.
	Names []string
	// Up are their upstreams.
	Up map[string]*breakertest.Upstream
}

// URL is where calls to a cluster go in.
func (e *Envoy) URL(name string) string {
	if at := slices.Index(e.Names, name); at >= 0 {
		return e.Front + "/" + strconv.Itoa(at)
	}
	return e.Front + "/nowhere"
}

// Tree is a piece of Envoy's configuration.
type Tree = map[string]any

// Runtime is a layered runtime that can be written.
func Runtime() Tree {
	return Tree{"layers": []any{Tree{"name": "base", "static_layer": Tree{}}, Tree{"name": "admin", "admin_layer": Tree{}}}}
}

// StartEnvoy starts one; it ends with the test. A nil runtime is none in its
// bootstrap; its admin interface is on a socket where that is asked for.
func StartEnvoy(t testing.TB, runtime Tree, socket bool) *Envoy {
	t.Helper()
	program := breakertest.Program(t, EnvoyName, "envoy-1.40.0", "envoy")
	dir, ports := SocketDir(t), breakertest.Ports(t, 4)
	at := func(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) }
	e := &Envoy{
		Base: at(ports[0]), Front: at(ports[1]), TCP: at(ports[2]), Checked: at(ports[3]),
		Names: []string{"payments", Odd}, Up: map[string]*breakertest.Upstream{},
	}
	admin := tcpAddress(ports[0])
	if socket {
		e.Base, admin = "unix://"+dir+"/e.sock", Tree{"pipe": Tree{"path": dir + "/e.sock"}}
	}
	for _, name := range e.Names {
		e.Up[name] = breakertest.NewUpstream(t)
	}
	boot := Tree{"admin": Tree{"address": admin}, "static_resources": Tree{"clusters": e.clusters(t), "listeners": e.listeners(ports[1:])}}
	if runtime != nil {
		boot["layered_runtime"] = runtime
	}
	data, err := json.Marshal(boot)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "e.json"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	// No listener answers before all of them do.
	ready := func() bool { return answers(t, e.Checked+"/healthz") }
	breakertest.Start(t, dir, ready, program, "-c", "e.json", "--concurrency", "1", "--disable-hot-restart", "-l", "warn")
	return e
}

func tcpAddress(port int) Tree {
	return Tree{"socket_address": Tree{"address": "127.0.0.1", "port_value": port}}
}

// clusters lets one call at a time through each.
func (e *Envoy) clusters(t testing.TB) (all []any) {
	for _, name := range e.Names {
		_, text, _ := net.SplitHostPort(e.Up[name].Addr)
		port, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		endpoint := Tree{"endpoint": Tree{"address": tcpAddress(port)}}
		all = append(all, Tree{
			"name": name, "type": "STATIC", "connect_timeout": "1s", "circuit_breakers": Tree{"thresholds": []any{Tree{"max_requests": 1}}},
			"load_assignment": Tree{"cluster_name": name, "endpoints": []any{Tree{"lb_endpoints": []any{endpoint}}}},
		})
	}
	return all
}

// listeners are the front, the TCP and the checked one, on these ports.
func (e *Envoy) listeners(ports []int) []any {
	const types = "type.googleapis.com/envoy.extensions.filters."
	var routes []any
	for i, name := range e.Names {
		routes = append(routes, Tree{"match": Tree{"prefix": "/" + strconv.Itoa(i)}, "route": Tree{"cluster": name}})
	}
	router := Tree{"name": "router", "typed_config": Tree{"@type": types + "http.router.v3.Router"}}
	check := Tree{"name": "check", "typed_config": Tree{"@type": types + "http.health_check.v3.HealthCheck", "pass_through_mode": false, "headers": []any{
		Tree{"name": ":path", "string_match": Tree{"exact": "/healthz"}},
	}}}
	http := func(filters ...any) Tree {
		return Tree{
			"@type": types + "network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "in", "http_filters": filters,
			"route_config": Tree{"virtual_hosts": []any{Tree{"name": "all", "domains": []any{"*"}, "routes": routes}}},
		}
	}
	tcp := Tree{"@type": types + "network.tcp_proxy.v3.TcpProxy", "stat_prefix": "tcp", "cluster": e.Names[0]}
	var all []any
	for i, filter := range []Tree{http(router), tcp, http(check, router)} {
		all = append(all, Tree{"address": tcpAddress(ports[i]), "filter_chains": []any{Tree{"filters": []any{Tree{"name": "f", "typed_config": filter}}}}})
	}
	return all
}
