package actuator_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// fakeGateway is a Spring Boot Admin server, as one of version 3.5.5 was seen:
// it passes on what is below /instances/ID/actuator if it knows the endpoint.
type fakeGateway struct {
	guard fake // its own Spring Security

	mu   sync.Mutex
	list []*fakeEntry
}

// fakeEntry is one instance of it.
type fakeEntry struct {
	id, name, serviceURL, managementURL string
	endpoints                           []string
	far                                 *fake // nil: out of its reach
	late                                bool  // does not answer it in time
}

func (g *fakeGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, query, _ := strings.Cut(r.RequestURI, "?")
	if strings.Contains(strings.ToLower(raw), "%2f") {
		htmlPage(w, http.StatusBadRequest, "HTTP Status 400 – Bad Request")
		return
	}
	if g.guard.password != "" {
		g.guard.mu.Lock()
		ok := g.guard.admitted(w, r, raw)
		g.guard.mu.Unlock()
		if !ok {
			return
		}
	}
	if raw == "/instances" && r.Method == http.MethodGet {
		g.instances(w, strings.TrimPrefix(query, "name="))
		return
	}
	id, rest, proxied := strings.Cut(strings.TrimPrefix(raw, "/instances/"), "/actuator")
	if !strings.HasPrefix(raw, "/instances/") || !proxied {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	g.mu.Lock()
	i := slices.IndexFunc(g.list, func(e *fakeEntry) bool { return e.id == id })
	var e fakeEntry
	if i >= 0 {
		e = *g.list[i]
	}
	g.mu.Unlock()
	endpoint, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch {
	case i < 0:
		w.WriteHeader(http.StatusServiceUnavailable)
	case !slices.Contains(e.endpoints, endpoint):
		w.WriteHeader(http.StatusNotFound)
	case e.late:
		w.WriteHeader(http.StatusGatewayTimeout)
	case e.far == nil:
		w.WriteHeader(http.StatusBadGateway)
	default:
		passed := r.Clone(r.Context())
		passed.RequestURI = e.far.path + rest
		if query != "" {
			passed.RequestURI += "?" + query
		}
		passed.Header.Del("Authorization") // it has credentials of its own for it
		passed.SetBasicAuth("operator", e.far.password)
		e.far.ServeHTTP(w, passed)
	}
}

func (g *fakeGateway) instances(w http.ResponseWriter, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := []any{}
	for _, e := range g.list {
		if name != "" && e.name != name {
			continue
		}
		endpoints := []any{}
		for _, id := range e.endpoints {
			endpoints = append(endpoints, map[string]any{"id": id, "url": e.managementURL + "/" + id})
		}
		out = append(out, map[string]any{
			"id": e.id, "version": 2, "registered": true, "endpoints": endpoints, "statusInfo": map[string]any{"status": "UP", "details": map[string]any{}},
			"registration": map[string]any{"name": e.name, "managementUrl": e.managementURL, "healthUrl": e.managementURL + "/health", "serviceUrl": e.serviceURL, "source": "http-api", "metadata": map[string]any{}},
		})
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(out)
}
