package envoy_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/peertest"
)

// fakeCluster is a cluster of the fake.
type fakeCluster struct {
	name, alias     string // the other name is for statistics
	stat            string
	limit, pending  uint64
	hosts, ejected  int
	counts          map[string]uint64 // by the end of their names
	failing         int
	highPriorityOff bool // max_requests 0 of the other priority
}

// fake is an in-process admin interface: it answers as the recordings do.
type fake struct {
	t        testing.TB
	mu       sync.Mutex
	addr     string
	network  string
	end      func() // ends the server that listens now
	clusters []*fakeCluster
	layers   []string            // of the runtime; the one called admin can be written
	values   map[string][]string // by key, one for each layer
	trimmed  bool                // no numbers of clusters
	deaf     bool                // no /config_dump
	ready    string
	how      breakertest.Fault
	healed   chan struct{}
	requests []string
	turn     int // every page comes in another order
}

func newFake(t testing.TB, network string, clusters ...*fakeCluster) *fake {
	t.Helper()
	f := &fake{t: t, network: network, clusters: clusters, layers: []string{"base", "admin"}, values: map[string][]string{}, ready: "LIVE", healed: make(chan struct{})}
	for _, c := range clusters {
		c.stat = strings.ReplaceAll(cmp.Or(c.alias, c.name), ":", "_")
		if c.hosts == 0 {
			c.hosts = 1
		}
		all := map[string]uint64{
			"circuit_breakers.default.rq_open": 0, "circuit_breakers.default.rq_pending_open": 0, "upstream_rq_total": 0, "upstream_rq_completed": 0,
			"upstream_rq_maintenance_mode": 0, "upstream_rq_active_overflow": 0, "upstream_rq_pending_overflow": 0,
			"external.upstream_rq_completed": 7, "circuit_breakers.default.remaining_cx_pools": 18446744073709551613,
		}
		maps.Copy(all, c.counts)
		c.counts = all
	}
	f.addr = "127.0.0.1:0"
	if network == "unix" {
		f.addr = peertest.SocketDir(t) + "/e.sock"
	}
	f.listen()
	t.Cleanup(func() { f.end() })
	return f
}

func (f *fake) base() string {
	if f.network == "unix" {
		return "unix://" + f.addr
	}
	return "http://" + f.addr
}

func (f *fake) listen() {
	l, err := net.Listen(f.network, f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	f.addr = l.Addr().String()
	server, done := &http.Server{Handler: f}, make(chan struct{})
	f.end = func() {
		_ = server.Close()
		<-done
	}
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
}

func (f *fake) breakIt(_ testing.TB, how breakertest.Fault) (heal func()) {
	if how == breakertest.Refuse {
		f.end()
		return f.listen
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.how, f.healed = how, make(chan struct{})
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.how = ""
		close(f.healed)
	}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	how, healed := f.how, f.healed
	f.requests = append(f.requests, r.Method+" "+r.URL.RequestURI())
	code, body := f.answer(r)
	f.mu.Unlock()
	switch how {
	case breakertest.Hang:
		select {
		case <-healed:
		case <-r.Context().Done():
		}
		return
	case breakertest.Garbage:
		code, body = 200, "<html><body>Welcome to nginx!</body></html>"
	case breakertest.Deny:
		code, body = 403, "RBAC: access denied"
	}
	w.Header().Set("Server", "envoy")
	if how == breakertest.Half {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		body = body[:len(body)/2]
	}
	w.WriteHeader(code)
	_, _ = w.Write([]byte(body))
}

func (f *fake) answer(r *http.Request) (int, string) {
	f.turn++
	post := func(do func() (int, string)) (int, string) {
		if r.Method != http.MethodPost {
			return 405, "Method GET not allowed, POST required."
		}
		if f.how == breakertest.NoEffect {
			return 200, "OK\n"
		}
		return do()
	}
	switch r.URL.Path {
	case "/clusters":
		return 200, f.page(map[string]any{"cluster_statuses": f.pageClusters()})
	case "/stats":
		return 200, f.page(map[string]any{"stats": f.pageStats(r.URL.Query().Get("filter"))})
	case "/runtime":
		entries := map[string]any{}
		for key, values := range f.values {
			entries[key] = map[string]any{"final_value": f.final(key), "layer_values": values}
		}
		return 200, f.page(map[string]any{"layers": f.layers, "entries": entries})
	case "/config_dump":
		if !f.deaf {
			return 200, f.dump()
		}
	case "/ready":
		if f.ready == "LIVE" {
			return 200, "LIVE\n"
		}
		return 503, f.ready + "\n"
	case "/healthcheck/fail":
		return post(func() (int, string) { f.ready = "DRAINING"; return 200, "OK\n" })
	case "/healthcheck/ok":
		return post(func() (int, string) { f.ready = "LIVE"; return 200, "OK\n" })
	case "/runtime_modify":
		return post(func() (int, string) { return f.modify(r.URL.RawQuery) })
	}
	return 404, "invalid path. admin commands are:\n  /: Admin home page\n"
}

func (f *fake) page(v any) string {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		f.t.Error(err)
	}
	return string(data) + "\n"
}

func (f *fake) pageClusters() (list []any) {
	for i := range f.clusters {
		c := f.clusters[(i+f.turn)%len(f.clusters)]
		hosts := []any{}
		for h := range c.hosts {
			health := map[string]any{"eds_health_status": "HEALTHY"}
			if h < c.ejected {
				health["failed_outlier_check"] = true
			} else if h < c.ejected+c.failing {
				health["failed_active_health_check"] = true
			}
			hosts = append(hosts, map[string]any{"health_status": health, "weight": 1})
		}
		high := map[string]any{"priority": "HIGH", "max_connections": 1024, "max_pending_requests": 1024, "max_requests": 1024, "max_retries": 3}
		if c.highPriorityOff {
			high["max_requests"] = 0
		}
		list = append(list, map[string]any{
			"name": c.name, "observability_name": cmp.Or(c.alias, c.name), "host_statuses": hosts,
			"circuit_breakers": map[string]any{"thresholds": []any{
				map[string]any{"max_connections": 1024, "max_pending_requests": c.pending, "max_requests": c.limit, "max_retries": 3}, high,
			}},
		})
	}
	return list
}

func (f *fake) pageStats(filter string) []any {
	list := []any{map[string]any{"histograms": map[string]any{}}}
	if strings.HasPrefix(filter, `^http\.`) {
		return append(list, map[string]any{"name": "http.admin.downstream_rq_active", "value": 1}, map[string]any{"name": "http.in.downstream_rq_active", "value": 4})
	}
	if f.trimmed {
		return list
	}
	for i := range f.clusters {
		c := f.clusters[(i+f.turn)%len(f.clusters)]
		for name, n := range c.counts {
			list = append(list, map[string]any{"name": "cluster." + c.stat + "." + name, "value": n})
		}
	}
	return list
}

// dump is the bootstrap as config_dump?mask=bootstrap.layered_runtime shows it.
func (f *fake) dump() string {
	boot := map[string]any{}
	if f.layers != nil {
		layers := []any{}
		for _, name := range f.layers {
			kind := "static_layer"
			if name == "admin" {
				kind = "admin_layer"
			}
			layers = append(layers, map[string]any{"name": name, kind: map[string]any{}})
		}
		boot["layered_runtime"] = map[string]any{"layers": layers}
	}
	return f.page(map[string]any{"configs": []any{map[string]any{"@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump", "bootstrap": boot}}})
}

func (f *fake) final(key string) (last string) {
	for _, v := range f.values[key] {
		if v != "" {
			last = v
		}
	}
	return last
}

// modify takes the query apart as Envoy does: & and = as they stand, percent
// signs decoded, + for itself.
func (f *fake) modify(query string) (int, string) {
	layer := slices.Index(f.layers, "admin")
	if layer < 0 {
		return 503, "No admin layer specified"
	}
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		key = decoded(key)
		if f.values[key] == nil {
			f.values[key] = make([]string, len(f.layers))
		}
		f.values[key][layer] = value
		if !slices.ContainsFunc(f.values[key], func(v string) bool { return v != "" }) {
			delete(f.values, key)
		}
	}
	return 200, "OK\n"
}

func decoded(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		var b byte
		if n, _ := fmt.Sscanf(s[i:], "%%%02x", &b); n == 1 {
			out.WriteByte(b)
			i += 2
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// writes lists what was posted.
func (f *fake) writes() (list []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if path, ok := strings.CutPrefix(r, "POST "); ok {
			list = append(list, path)
		}
	}
	return list
}

func (f *fake) find(name string) *fakeCluster {
	i := slices.IndexFunc(f.clusters, func(c *fakeCluster) bool { return c.name == name })
	return f.clusters[i]
}

// call is one call through a cluster.
func (f *fake) call(_ testing.TB, name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.find(name)
	c.counts["upstream_rq_completed"]++
	if f.final("upstream.maintenance_mode."+name) == "100" {
		c.counts["upstream_rq_maintenance_mode"]++
		c.counts["upstream_rq_5xx"]++
		return false
	}
	c.counts["upstream_rq_total"]++
	return true
}
