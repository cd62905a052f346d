// Package catalog reads the entries of Consul's catalog: where an instance is
// called, what Consul claims of it, what its metadata and tags say. It is pure,
// and holds both directions of the mapping between labels and metadata.
//
// Shapes: GET /v1/health/service/NAME, api-docs of health and catalog; replies
// recorded from 1.15.4 are in ../testdata/wire.
package catalog

import (
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// tagPrefix is put before a tag that is no key=value, to make a label of it.
const tagPrefix = "tag."

// Entry is one element of GET /v1/health/service/NAME: what of it is used.
// The library's own type is not, because one odd field there, of a check's
// definition for instance, would cost the whole reply.
type Entry struct {
	Node    Node    `json:"Node"`
	Service Service `json:"Service"`
	Checks  []Check `json:"Checks"`
}

// Node is where an instance runs, by its name in the catalog.
type Node struct {
	Node       string            `json:"Node"`
	Address    string            `json:"Address"`
	Datacenter string            `json:"Datacenter"`
	Meta       map[string]string `json:"Meta"`
	Locality   *Locality         `json:"Locality"`
}

// Service is an instance as its agent, or whoever wrote it, describes it.
type Service struct {
	ID              string             `json:"ID"`
	Service         string             `json:"Service"`
	Tags            []string           `json:"Tags"`
	Meta            map[string]string  `json:"Meta"`
	Address         string             `json:"Address"`
	Port            int                `json:"Port"`
	Ports           []Port             `json:"Ports"` // newer agents: several, one of them the default
	SocketPath      string             `json:"SocketPath"`
	TaggedAddresses map[string]Address `json:"TaggedAddresses"`
	Weights         Weights            `json:"Weights"`
	Namespace       string             `json:"Namespace"`
	Locality        *Locality          `json:"Locality"`
}

// Port is one of several ports of an instance.
type Port struct {
	Name    string `json:"Name"`
	Port    int    `json:"Port"`
	Default bool   `json:"Default"`
}

// Address is one of several addresses of an instance, by role.
type Address struct {
	Address string `json:"Address"`
	Port    int    `json:"Port"`
}

// Weights are the shares of the calls by state.
type Weights struct {
	Passing int `json:"Passing"`
	Warning int `json:"Warning"`
}

// Locality is where a service or node is.
type Locality struct {
	Zone string `json:"Zone"`
}

// Check is the state of one health check, of the instance or of its node.
type Check struct {
	CheckID   string `json:"CheckID"`
	Name      string `json:"Name"`
	Status    string `json:"Status"`
	Notes     string `json:"Notes"`
	Output    string `json:"Output"`
	ServiceID string `json:"ServiceID"`
}

// Decode reads one entry. It fails for what cannot be an instance.
func Decode(raw []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return Entry{}, err
	}
	switch {
	case e.Node.Node == "":
		return Entry{}, errors.New("no node")
	case e.Service.ID == "" || e.Service.Service == "":
		return Entry{}, errors.New("no service id or no name")
	case e.host() == "" && e.Service.SocketPath == "":
		return Entry{}, errors.New("no address")
	}
	return e, nil
}

// ID is the instance's id: a ServiceID is unique on its node only.
func (e *Entry) ID() string { return e.Node.Node + "/" + e.Service.ID }

// host is the service's address, or its node's where it has none.
func (e *Entry) host() string {
	if e.Service.Address != "" {
		return e.Service.Address
	}
	return e.Node.Address
}

// port is the service's port; where it has several, the default one; 0 where
// it has none.
func (e *Entry) port() int {
	if e.Service.Port != 0 || len(e.Service.Ports) == 0 {
		return e.Service.Port
	}
	for _, p := range e.Service.Ports {
		if p.Default {
			return p.Port
		}
	}
	return e.Service.Ports[0].Port
}

// Addr is where the instance is called. A service without a port is its bare
// host: it exists, and nobody knows where to call it.
func (e *Entry) Addr() string {
	if e.Service.Port == 0 && len(e.Service.Ports) == 0 && e.Service.SocketPath != "" {
		return e.Service.SocketPath
	}
	if e.port() == 0 {
		return e.host()
	}
	return hostPort(e.host(), e.port())
}

// hostPort joins a host, also one that has its brackets already, and a port.
func hostPort(host string, port int) string {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// Instance is the entry in our words.
func (e *Entry) Instance() fleet.Instance {
	status, note := claim(e.Checks)
	labels := e.labels()
	return fleet.Instance{
		ID:        e.ID(),
		Addr:      e.Addr(),
		Zone:      e.zone(labels),
		Version:   Label(labels, "version"),
		Weight:    e.weight(labels, status),
		Claimed:   &status,
		ClaimNote: note,
		Labels:    labels,
		Endpoints: e.endpoints(),
	}
}

// labels are the metadata and, where they do not contradict, the tags.
func (e *Entry) labels() map[string]string {
	if len(e.Service.Meta)+len(e.Service.Tags) == 0 {
		return nil
	}
	out := make(map[string]string, len(e.Service.Meta)+len(e.Service.Tags))
	for _, tag := range e.Service.Tags {
		key, value, pair := strings.Cut(tag, "=")
		if !pair || !isKey(key) {
			key, value = tagPrefix+tag, "true"
		}
		if _, taken := out[key]; !taken {
			out[key] = value
		}
	}
	for key, value := range e.Service.Meta {
		out[key] = value
	}
	return out
}

// isKey says whether the part of a tag before = can be a label's key.
func isKey(s string) bool {
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && !strings.ContainsRune("._-/", r) {
			return false
		}
	}
	return s != ""
}

// Label reads one of our own keys, which may carry our prefix.
func Label(labels map[string]string, key string) string {
	if v := labels["midwatch_"+key]; v != "" {
		return v
	}
	return labels[key]
}

// zone is what the service says of itself, then what its node does.
func (e *Entry) zone(labels map[string]string) string {
	if z := Label(labels, "zone"); z != "" {
		return z
	}
	for _, l := range []*Locality{e.Service.Locality, e.Node.Locality} {
		if l != nil && l.Zone != "" {
			return l.Zone
		}
	}
	return e.Node.Meta["zone"]
}

// weight is the label's, else Consul's own for the state it is in. Consul
// writes 1 and 1 for services nobody gave a weight: that is no weight.
func (e *Entry) weight(labels map[string]string, claimed fleet.Status) int {
	if n, err := strconv.Atoi(Label(labels, "weight")); err == nil && n >= 0 {
		return n
	}
	w := e.Service.Weights
	switch {
	case w == (Weights{1, 1}) || w.Passing < 0 || w.Warning < 0:
		return 0
	case claimed == fleet.Degraded:
		return w.Warning
	}
	return w.Passing
}

// endpoints are the further addresses: named ports, and tagged addresses that
// differ from the one that is called. Kratos writes whole URLs by scheme; the
// virtual addresses of the mesh are for its proxies only.
func (e *Entry) endpoints() map[string]string {
	out := map[string]string{}
	for _, p := range e.Service.Ports {
		if p.Port > 0 && p.Name != "" && p.Port != e.port() {
			out[p.Name] = hostPort(e.host(), p.Port)
		}
	}
	own := e.Addr()
	for role, a := range e.Service.TaggedAddresses {
		switch {
		case strings.Contains(a.Address, "://"):
			out[role] = a.Address
		case a.Address == "" || a.Port <= 0 || strings.Contains(role, "virtual"):
		case hostPort(a.Address, a.Port) != own:
			out[role] = hostPort(a.Address, a.Port)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// AgentOwned says whether an agent keeps the entry, and would write it again:
// its node is a member of the gossip pool, which the servers check as
// serfHealth. Nodes written into the catalog from outside have no such check.
func (e *Entry) AgentOwned() bool {
	for _, c := range e.Checks {
		if c.CheckID == checkSerf && c.ServiceID == "" {
			return true
		}
	}
	return false
}

// Metadata is the inverse of an instance's labels: what Consul takes for
// metadata becomes that, the others tags, so that they read back the same.
func Metadata(labels map[string]string) (meta map[string]string, tags []string) {
	meta = map[string]string{}
	for key, value := range labels {
		switch {
		case isMeta(key, value):
			meta[key] = value
		case strings.HasPrefix(key, tagPrefix) && value == "true":
			tags = append(tags, strings.TrimPrefix(key, tagPrefix))
		default:
			tags = append(tags, key+"="+value)
		}
	}
	slices.Sort(tags)
	return meta, tags
}

// isMeta says whether Consul takes a label as metadata: letters, digits,
// dashes and underscores, 128 bytes of key, 512 of value, no consul- prefix.
func isMeta(key, value string) bool {
	if len(key) > 128 || len(value) > 512 || strings.HasPrefix(key, "consul-") {
		return false
	}
	return isKey(key) && !strings.ContainsAny(key, "./")
}
