package consul_test

import (
	"errors"
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The fake is a Consul of one datacentre in this process: a server, and the
// agent of node-1 behind the same address, as `consul agent -dev` is. It was
// written from the wire reference and is held to the recorded replies by
// TestRecordings, which plays the recorded requests to it (and to a real
// Consul) and compares the answers.

type fakeNode struct {
	ID              string
	Node            string
	Address         string
	Datacenter      string
	TaggedAddresses map[string]string
	Meta            map[string]string
	CreateIndex     uint64
	ModifyIndex     uint64
}

type fakeAddress struct {
	Address string
	Port    int
}

type fakeService struct {
	ID                string
	Service           string
	Tags              []string
	Address           string
	SocketPath        string                 `json:",omitempty"`
	TaggedAddresses   map[string]fakeAddress `json:",omitempty"`
	Meta              map[string]string
	Port              int
	Weights           fakeWeights
	EnableTagOverride bool
	Proxy             map[string]any
	Connect           map[string]any
	PeerName          string
	CreateIndex       uint64
	ModifyIndex       uint64
}

type fakeWeights struct{ Passing, Warning int }

type fakeCheck struct {
	Node        string
	CheckID     string
	Name        string
	Status      string
	Notes       string
	Output      string
	ServiceID   string
	ServiceName string
	ServiceTags []string
	Type        string
	Interval    string
	Timeout     string
	ExposedPort int
	Definition  map[string]any
	CreateIndex uint64
	ModifyIndex uint64
}

// fakeRights are what a token may do.
type fakeRights struct{ service, node, write, agent bool }

func allRights() fakeRights { return fakeRights{true, true, true, true} }

type fake struct {
	t    testing.TB
	http *httptest.Server

	mu          sync.Mutex
	index       uint64
	tables      map[string]uint64 // services, checks: the index each was last changed at
	changed     chan struct{}     // closed and replaced at each change
	nodes       map[string]*fakeNode
	services    map[string]map[string]*fakeService // node, id
	checks      map[string]map[string]*fakeCheck   // node, id
	timers      map[string]*time.Timer             // TTL checks by id
	ttls        map[string]time.Duration
	deny        bool // default policy
	tokens      map[string]fakeRights
	anonymous   fakeRights
	raw         map[string]string // service -> an entry as it is, that nobody can read
	lastContact int               // ms
	headless    bool
	spin        bool // no query blocks
	requests    []string
	headers     []map[string][]string
	fail        func(path string) (code int, body string)
}

func newFake(t testing.TB) *fake {
	f := &fake{
		t: t, index: 10, tables: map[string]uint64{}, changed: make(chan struct{}),
		nodes: map[string]*fakeNode{}, services: map[string]map[string]*fakeService{}, checks: map[string]map[string]*fakeCheck{},
		timers: map[string]*time.Timer{}, ttls: map[string]time.Duration{}, tokens: map[string]fakeRights{}, raw: map[string]string{},
	}
	f.addNode("node-1", "127.0.0.1", true)
	f.put("node-1", &fakeService{ID: "consul", Service: "consul", Tags: []string{}, Port: 8300})
	f.http = httptest.NewServer(f)
	t.Cleanup(func() {
		f.mu.Lock()
		for _, timer := range f.timers {
			timer.Stop()
		}
		f.mu.Unlock()
		f.http.Close()
	})
	return f
}

func (f *fake) addr() string { return strings.TrimPrefix(f.http.URL, "http://") }

// move counts a change of tables and wakes who waits. f.mu is held.
func (f *fake) move(tables ...string) uint64 {
	f.index++
	for _, t := range tables {
		f.tables[t] = f.index
	}
	close(f.changed)
	f.changed = make(chan struct{})
	return f.index
}

// addNode adds a node; one with an agent has the check serfHealth.
func (f *fake) addNode(name, address string, agent bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.move()
	f.nodes[name] = &fakeNode{
		ID: "3bd3b5e9-9d7b-a4b1-63e6-8c03e84b60b8", Node: name, Address: address, Datacenter: "dc1",
		TaggedAddresses: map[string]string{"lan": address, "lan_ipv4": address, "wan": address, "wan_ipv4": address},
		Meta:            map[string]string{"consul-network-segment": ""}, CreateIndex: at, ModifyIndex: at,
	}
	f.services[name], f.checks[name] = map[string]*fakeService{}, map[string]*fakeCheck{}
	if agent {
		f.setCheck(&fakeCheck{Node: name, CheckID: "serfHealth", Name: "Serf Health Status", Status: "passing", Output: "Agent alive and reachable", ServiceTags: []string{}})
	}
}

// put adds or replaces a service on a node.
func (f *fake) put(node string, s *fakeService) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.putLocked(node, s)
}

func (f *fake) putLocked(node string, s *fakeService) {
	s.CreateIndex = f.move("services")
	s.ModifyIndex = s.CreateIndex
	if old := f.services[node][s.ID]; old != nil {
		s.CreateIndex = old.CreateIndex
	}
	if s.Weights == (fakeWeights{}) {
		s.Weights = fakeWeights{1, 1}
	}
	if s.Tags == nil {
		s.Tags = []string{}
	}
	if s.Meta == nil {
		s.Meta = map[string]string{}
	}
	if s.Address != "" && s.TaggedAddresses == nil {
		s.TaggedAddresses = map[string]fakeAddress{}
	}
	if s.Address != "" {
		for _, role := range []string{"lan_ipv4", "wan_ipv4"} {
			if _, given := s.TaggedAddresses[role]; !given {
				s.TaggedAddresses[role] = fakeAddress{s.Address, s.Port}
			}
		}
	}
	s.Proxy = map[string]any{"Mode": "", "MeshGateway": map[string]any{}, "Expose": map[string]any{}}
	s.Connect = map[string]any{}
	f.services[node][s.ID] = s
}

// remove takes a service and its checks away and says whether it was there.
func (f *fake) remove(node, id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.services[node][id] == nil {
		return false
	}
	delete(f.services[node], id)
	for _, c := range f.checks[node] {
		if c.ServiceID == id {
			f.removeCheck(node, c.CheckID)
		}
	}
	f.move("services")
	return true
}

func (f *fake) removeCheck(node, checkID string) {
	if f.checks[node][checkID] == nil {
		return
	}
	delete(f.checks[node], checkID)
	if timer := f.timers[checkID]; timer != nil {
		timer.Stop()
		delete(f.timers, checkID)
	}
	f.move("checks")
}

// setCheck adds or replaces a check. f.mu is held.
func (f *fake) setCheck(c *fakeCheck) {
	if c.Definition == nil {
		c.Definition = map[string]any{}
	}
	if s := f.services[c.Node][c.ServiceID]; s != nil {
		c.ServiceName, c.ServiceTags = s.Service, s.Tags
	}
	c.CreateIndex = f.move("checks")
	c.ModifyIndex = c.CreateIndex
	if old := f.checks[c.Node][c.CheckID]; old != nil {
		c.CreateIndex = old.CreateIndex
	}
	f.checks[c.Node][c.CheckID] = c
}

// update changes a check's status as an agent does: the catalog hears of it at
// once when the status differs, of another output alone only minutes later
// (check_update_interval), so never here. A TTL check starts to run again.
func (f *fake) update(node, checkID, status, output string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.checks[node][checkID]
	if old == nil {
		return false
	}
	if old.Status != status {
		c := *old
		c.Status, c.Output = status, output
		f.setCheck(&c)
	}
	f.arm(node, checkID)
	return true
}

// arm lets a TTL check run out. f.mu is held.
func (f *fake) arm(node, checkID string) {
	ttl := f.ttls[checkID]
	if ttl == 0 {
		return
	}
	if timer := f.timers[checkID]; timer != nil {
		timer.Stop()
	}
	f.timers[checkID] = time.AfterFunc(ttl, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if old := f.checks[node][checkID]; old != nil {
			c := *old
			c.Status, c.Output = "critical", "TTL expired"
			f.setCheck(&c)
		}
	})
}

// maintenance sets or lifts the check an agent writes for it.
func (f *fake) maintenance(node, id, reason string, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	checkID, name := "_node_maintenance", "Node Maintenance Mode"
	if id != "" {
		checkID, name = "_service_maintenance:"+id, "Service Maintenance Mode"
	}
	switch {
	case !on:
		f.removeCheck(node, checkID)
	case f.checks[node][checkID] == nil:
		f.setCheck(&fakeCheck{Node: node, CheckID: checkID, Name: name, Status: "critical", Notes: reason, ServiceID: id, ServiceTags: []string{}, Type: "maintenance"})
	}
}

// tableIndex is the index of tables, never 0. f.mu is held.
func (f *fake) tableIndex(tables ...string) uint64 {
	index := uint64(1)
	for _, t := range tables {
		index = max(index, f.tables[t])
	}
	return index
}

// names is the reply of /v1/catalog/services.
func (f *fake) names() map[string][]string {
	out := map[string][]string{}
	for _, node := range slices.Sorted(maps.Keys(f.services)) {
		for _, id := range slices.Sorted(maps.Keys(f.services[node])) {
			s := f.services[node][id]
			tags := out[s.Service]
			if tags == nil {
				tags = []string{}
			}
			for _, tag := range s.Tags {
				if !slices.Contains(tags, tag) {
					tags = append(tags, tag)
				}
			}
			out[s.Service] = tags
		}
	}
	for name := range f.raw {
		out[name] = []string{}
	}
	return out
}

// health is the reply of /v1/health/service/NAME.
func (f *fake) health(name string) []any {
	out := []any{}
	for _, node := range slices.Sorted(maps.Keys(f.services)) {
		for _, id := range slices.Sorted(maps.Keys(f.services[node])) {
			s := f.services[node][id]
			if s.Service != name {
				continue
			}
			var ofNode, ofService []*fakeCheck
			for _, checkID := range slices.Sorted(maps.Keys(f.checks[node])) {
				switch c := f.checks[node][checkID]; c.ServiceID {
				case "":
					ofNode = append(ofNode, c)
				case id:
					ofService = append(ofService, c)
				}
			}
			out = append(out, map[string]any{"Node": f.nodes[node], "Service": s, "Checks": append(ofNode, ofService...)})
		}
	}
	return out
}

// noCheck is the filter no check passes. CheckID is text: "is empty", which is
// for lists, is refused by the real one.
const noCheck = `CheckID == ""`

// badFilter is what Consul says of a filter it cannot read.
const badFilter = "Failed to create boolean expression evaluator: 1:8 (7): no match found, expected: \"-\", \"0\", \"\\\"\", \"`\", [ \\t\\r\\n], [1-9] or [a-zA-Z]"

// metaFilter is the one filter over health entries the fake knows.
var metaFilter = regexp.MustCompile(`^Service\.Meta\.(\w+) == "([^"]*)"$`)

func filterHealth(entries []any, filter string) ([]any, error) {
	if filter == "" {
		return entries, nil
	}
	m := metaFilter.FindStringSubmatch(filter)
	if m == nil {
		return nil, errors.New(badFilter)
	}
	out := []any{}
	for _, e := range entries {
		if e.(map[string]any)["Service"].(*fakeService).Meta[m[1]] == m[2] {
			out = append(out, e)
		}
	}
	return out, nil
}
