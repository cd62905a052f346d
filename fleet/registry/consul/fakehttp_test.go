package consul_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// answer is what a read of the fake comes to at one moment.
type answer struct {
	body     any
	index    uint64
	filtered bool
	code     int // other than 0: an error, body is its text
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.RequestURI())
	f.headers = append(f.headers, r.Header)
	fail, deny := f.fail, f.deny
	f.mu.Unlock()
	policy := "allow"
	if deny {
		policy = "deny"
	}
	w.Header().Set("Vary", "Accept-Encoding")
	w.Header().Set("X-Consul-Default-ACL-Policy", policy)
	if fail != nil {
		if code, body := fail(r.URL.Path); code != 0 {
			http.Error(w, body, code)
			return
		}
	}
	rights, known := f.rights(r)
	switch {
	case !known:
		w.Header().Set("X-Consul-Index", "1")
		fail403(w, "ACL not found")
	case r.Method == http.MethodPut:
		f.write(w, r, rights)
	case strings.HasPrefix(r.URL.Path, "/v1/agent/"):
		f.agent(w, r, rights)
	case r.URL.Path == "/v1/catalog/datacenters":
		writeJSON(w, []string{"dc1"})
	case r.URL.Path == "/v1/status/leader":
		writeJSON(w, "127.0.0.1:18300")
	case r.URL.Query().Has("dc") && r.URL.Query().Get("dc") != "dc1":
		http.Error(w, "No path to datacenter", http.StatusInternalServerError)
	case r.URL.Query().Has("ns"):
		http.Error(w, `Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature`, http.StatusBadRequest)
	default:
		f.read(w, r, rights)
	}
}

func fail403(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusForbidden)
	_, _ = io.WriteString(w, text)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// rights are those of the request's token; all of them where ACLs are off.
func (f *fake) rights(r *http.Request) (fakeRights, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.deny {
		return allRights(), true
	}
	token := r.Header.Get("X-Consul-Token")
	if token == "" {
		return f.anonymous, true
	}
	rights, known := f.tokens[token]
	return rights, known
}

// read answers a read of the catalog, blocking where it is asked to.
func (f *fake) read(w http.ResponseWriter, r *http.Request, rights fakeRights) {
	q := r.URL.Query()
	index, _ := strconv.ParseUint(q.Get("index"), 10, 64)
	wait := 5 * time.Minute
	if d, err := time.ParseDuration(q.Get("wait")); err == nil {
		wait = d
	}
	end := time.NewTimer(wait + wait/16)
	defer end.Stop()
	for {
		f.mu.Lock()
		a := f.lookUp(r, rights)
		changed, spin := f.changed, f.spin
		f.mu.Unlock()
		if a.code != 0 {
			http.Error(w, a.body.(string), a.code)
			return
		}
		if index > 0 && a.index <= index && !spin {
			select {
			case <-changed:
				continue
			case <-r.Context().Done():
				return
			case <-end.C:
			}
		}
		f.reply(w, r, a)
		return
	}
}

// reply writes a read's answer with the headers of the real one.
func (f *fake) reply(w http.ResponseWriter, r *http.Request, a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := w.Header()
	h.Set("X-Consul-Effective-Consistency", "leader")
	h.Set("X-Consul-Index", strconv.FormatUint(a.index, 10))
	h.Set("X-Consul-KnownLeader", strconv.FormatBool(!f.headless))
	h.Set("X-Consul-LastContact", strconv.Itoa(f.lastContact))
	h.Set("X-Consul-Query-Backend", "blocking-query")
	if a.filtered && r.Header.Get("X-Consul-Token") != "" { // masked for the anonymous
		h.Set("X-Consul-Results-Filtered-By-ACLs", "true")
	}
	writeJSON(w, a.body)
}

// lookUp is the answer to a read now. f.mu is held.
func (f *fake) lookUp(r *http.Request, rights fakeRights) answer {
	filter := r.URL.Query().Get("filter")
	name, isHealth := strings.CutPrefix(r.URL.Path, "/v1/health/service/")
	state, isState := strings.CutPrefix(r.URL.Path, "/v1/health/state/")
	switch {
	case r.URL.Path == "/v1/catalog/services":
		if !rights.service {
			return answer{body: map[string]any{}, index: f.tableIndex("services"), filtered: true}
		}
		return answer{body: f.names(), index: f.tableIndex("services")}
	case isHealth:
		entries, err := filterHealth(f.health(name), filter)
		if err != nil {
			return answer{body: err.Error(), code: http.StatusInternalServerError}
		}
		a := answer{body: entries, index: f.tableIndex("services", "checks")}
		if raw := f.raw[name]; raw != "" {
			a.body = append(entries, json.RawMessage(raw))
		}
		if r.URL.Query().Get("passing") != "" {
			a.body = slices.DeleteFunc(entries, func(e any) bool {
				return slices.ContainsFunc(e.(map[string]any)["Checks"].([]*fakeCheck), func(c *fakeCheck) bool { return c.Status != "passing" })
			})
		}
		if !rights.service || !rights.node {
			a.body, a.filtered = []any{}, len(entries) > 0
		}
		return a
	case isState && filter != "" && filter != noCheck:
		return answer{body: badFilter, code: http.StatusInternalServerError}
	case isState:
		out := []*fakeCheck{}
		for _, checks := range f.checks {
			for _, c := range checks {
				if filter != noCheck && (state == "any" || c.Status == state) {
					out = append(out, c)
				}
			}
		}
		return answer{body: out, index: f.tableIndex("checks")}
	}
	return answer{body: "404 page not found", code: http.StatusNotFound}
}

// agent answers a read of the agent of node-1.
func (f *fake) agent(w http.ResponseWriter, r *http.Request, rights fakeRights) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id, isService := strings.CutPrefix(r.URL.Path, "/v1/agent/service/")
	switch {
	case r.URL.Path == "/v1/agent/self":
		if !rights.agent {
			fail403(w, `Permission denied: token with AccessorID '5dc9' lacks permission 'agent:read' on "node-1"`)
			return
		}
		writeJSON(w, map[string]any{"Config": map[string]any{"Datacenter": "dc1", "NodeName": "node-1"}, "Member": map[string]any{"Name": "node-1"}})
	case isService && f.services["node-1"][id] == nil:
		http.Error(w, "unknown service ID: "+id, http.StatusNotFound)
	case isService:
		writeJSON(w, f.services["node-1"][id])
	default:
		http.NotFound(w, r)
	}
}

// badMetaKey is what metadata keys may not hold.
var badMetaKey = regexp.MustCompile(`[^A-Za-z0-9_-]`)

// write answers a PUT.
func (f *fake) write(w http.ResponseWriter, r *http.Request, rights fakeRights) {
	id := func(prefix string) (string, bool) { return strings.CutPrefix(r.URL.Path, prefix) }
	unknown := func(id string) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, "Unknown service ID %q. Ensure that the service ID is passed, not the service name.", id)
	}
	if !rights.write {
		fail403(w, `Permission denied: anonymous token lacks permission 'service:write' on "x". The anonymous token is used implicitly when a request does not specify a token.`)
		return
	}
	if r.URL.Path == "/v1/agent/service/register" {
		f.register(w, r)
		return
	}
	if gone, ok := id("/v1/agent/service/deregister/"); ok {
		if !f.remove("node-1", gone) {
			unknown(gone)
		}
		return
	}
	if of, ok := id("/v1/agent/service/maintenance/"); ok {
		f.mu.Lock()
		known := f.services["node-1"][of] != nil
		f.mu.Unlock()
		if !known {
			unknown(of)
			return
		}
		f.maintenance("node-1", of, r.URL.Query().Get("reason"), r.URL.Query().Get("enable") == "true")
		return
	}
	for verb, status := range map[string]string{"pass": "passing", "warn": "warning", "fail": "critical", "update": ""} {
		checkID, ok := id("/v1/agent/check/" + verb + "/")
		if !ok {
			continue
		}
		body := struct{ Status, Output string }{status, r.URL.Query().Get("note")}
		if verb == "update" {
			_ = json.NewDecoder(r.Body).Decode(&body)
		}
		if !f.update("node-1", checkID, body.Status, body.Output) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, "Unknown check ID %q. Ensure that the check ID is passed, not the check name.", checkID)
		}
		return
	}
	f.writeCatalog(w, r)
}

// registration is a service as an agent takes it.
type registration struct {
	ID, Name, Address, SocketPath string
	Port                          int
	Tags                          []string
	Meta                          map[string]string
	TaggedAddresses               map[string]fakeAddress
	Weights                       *fakeWeights
	Check                         *checkRegistration
	Checks                        []checkRegistration
}

type checkRegistration struct{ CheckID, Name, Status, TTL, HTTP, Interval, Timeout, Notes string }

func (f *fake) register(w http.ResponseWriter, r *http.Request) {
	var reg registration
	if err := json.NewDecoder(r.Body).Decode(&reg); err != nil {
		http.Error(w, "Request decode failed: "+err.Error(), http.StatusBadRequest)
		return
	}
	for key, value := range reg.Meta {
		if badMetaKey.MatchString(key) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, "Invalid Service Meta: Couldn't load metadata pair ('%s', '%s'): Key contains invalid characters", key, value)
			return
		}
	}
	if reg.ID == "" {
		reg.ID = reg.Name
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &fakeService{ID: reg.ID, Service: reg.Name, Tags: reg.Tags, Address: reg.Address, SocketPath: reg.SocketPath, Port: reg.Port, Meta: reg.Meta, TaggedAddresses: reg.TaggedAddresses}
	if reg.Weights != nil {
		s.Weights = *reg.Weights
	}
	f.putLocked("node-1", s)
	if r.URL.Query().Get("replace-existing-checks") == "true" {
		for _, c := range f.checks["node-1"] {
			if c.ServiceID == reg.ID {
				f.removeCheck("node-1", c.CheckID)
			}
		}
	}
	if reg.Check != nil {
		reg.Checks = append(reg.Checks, *reg.Check)
	}
	for i, c := range reg.Checks {
		made := &fakeCheck{Node: "node-1", CheckID: c.CheckID, Name: c.Name, Status: c.Status, Notes: c.Notes, ServiceID: reg.ID, Interval: c.Interval, Timeout: c.Timeout, Type: "ttl"}
		if c.HTTP != "" {
			made.Type = "http"
		}
		if made.CheckID == "" {
			made.CheckID = "service:" + reg.ID
			if len(reg.Checks) > 1 {
				made.CheckID += ":" + strconv.Itoa(i+1)
			}
		}
		if made.Name == "" {
			made.Name = "Service '" + reg.Name + "' check"
		}
		if made.Status == "" {
			made.Status = "critical"
		}
		f.setCheck(made)
		f.ttls[made.CheckID], _ = time.ParseDuration(c.TTL)
		f.arm("node-1", made.CheckID)
	}
}

// writeCatalog answers a write that passes the agents by.
func (f *fake) writeCatalog(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Node, Address, ServiceID, CheckID string
		NodeMeta                          map[string]string
		SkipNodeUpdate                    bool
		Service                           *fakeService
		Check                             *fakeCheck
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch r.URL.Path {
	case "/v1/catalog/register":
		f.mu.Lock()
		known := f.nodes[body.Node] != nil
		f.mu.Unlock()
		if !known {
			f.addNode(body.Node, body.Address, false)
		}
		if body.Service != nil {
			f.put(body.Node, body.Service)
		}
		if body.Check != nil {
			f.mu.Lock()
			body.Check.Node = body.Node
			f.setCheck(body.Check)
			f.mu.Unlock()
		}
	case "/v1/catalog/deregister":
		switch {
		case body.ServiceID != "":
			f.remove(body.Node, body.ServiceID)
		case body.CheckID != "":
			f.mu.Lock()
			f.removeCheck(body.Node, body.CheckID)
			f.mu.Unlock()
		default: // the whole node: nobody here may do that
			f.t.Errorf("a whole node was removed: %s", body.Node)
		}
	default:
		http.NotFound(w, r)
		return
	}
	writeJSON(w, true)
}
