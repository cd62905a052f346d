package consul

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul/catalog"
)

// reasonPolicy is for what we refuse to do ourselves.
const reasonPolicy fleet.Reason = "policy"

// The places in the option agent that stand for the instance's node.
const (
	placeNode    = "{node}"
	placeAddress = "{address}"
)

// agent is one Consul agent that takes writes, and who it says it is.
type agent struct {
	api     *api.Client
	address string
	node    string
	dc      string
}

// where names the agent in messages.
func (a agent) where() string { return "consul agent at " + a.address }

// agentOf finds the agent that owns what is on a node and makes sure that it
// is the one: the same ServiceID on another node is another instance. An empty
// node is whichever agent there is, for new entries. It reads /v1/agent/self,
// which needs agent:read.
func (c *client) agentOf(ctx context.Context, n catalog.Node) (agent, error) {
	address, err := c.agentAddress(n)
	if err != nil {
		return agent{}, err
	}
	a := agent{address: address, api: c.reads}
	if address != c.address {
		if a.api, err = c.connect(address); err != nil {
			return agent{}, err
		}
	}
	var self struct {
		Config struct{ NodeName, Datacenter string }
	}
	q := &api.QueryOptions{}
	if _, err := c.get(ctx, a.api, "/v1/agent/self", &self, q.WithContext(ctx)); err != nil {
		return agent{}, c.explain(ctx, a.where(), err)
	}
	a.node, a.dc = self.Config.NodeName, self.Config.Datacenter
	return a, c.mustOwn(a, n)
}

// mustOwn refuses an agent that is not the one of a node, or for new entries
// not of the datacentre that is read.
func (c *client) mustOwn(a agent, n catalog.Node) error {
	dc := cmp.Or(n.Datacenter, c.options.DC, a.dc)
	if dc == a.dc && (n.Node == "" || n.Node == a.node) {
		return nil
	}
	is := fmt.Sprintf("%s is the agent of node %s in %s", a.where(), catalog.Line(a.node), catalog.Line(a.dc))
	if n.Node == "" {
		return &fleet.Error{Reason: reasonPolicy, Detail: is + ", and the datacenter that is read is " + catalog.Line(dc), Hint: "name an agent there: ?agent=HOST:PORT"}
	}
	hint := "name that one: ?agent=HOST:PORT"
	if n.Address != "" {
		hint = "name that one, as in ?agent=" + withPort(bracket(catalog.Line(n.Address)), c.options.Enabled())
	}
	return &fleet.Error{
		Reason: reasonPolicy,
		Detail: fmt.Sprintf("%s, and only the agent of %s in %s can do that", is, catalog.Line(n.Node), catalog.Line(dc)),
		Hint:   hint + "; if it listens on loopback only, forward a port to it",
	}
}

// agentAddress is where the agent of a node takes writes, by the option agent.
// Names and addresses of nodes are the catalog's words: they are used only
// where the option says so, and only if they are a host and nothing more.
func (c *client) agentAddress(n catalog.Node) (string, error) {
	address := c.options.Agent
	if address == "" {
		return c.address, nil
	}
	for place, value := range map[string]string{placeNode: n.Node, placeAddress: n.Address} {
		if !strings.Contains(address, place) {
			continue
		}
		if value == "" {
			return "", registry.Misconfigured("", "for new entries name one agent: ?agent=HOST:PORT", "option agent: %s stands for an instance's node, and there is none yet", place)
		}
		if !isHost(value) {
			return "", &fleet.Error{Reason: reasonPolicy, Detail: fmt.Sprintf("%s: the catalog's %q is not a host, so it is not put in place of %s", c.where(), catalog.Line(value), place)}
		}
		address = strings.ReplaceAll(address, place, bracket(value))
	}
	return withPort(address, c.options.Enabled()), nil
}

// isHost says whether s is a name or an address and nothing more.
func isHost(s string) bool {
	if net.ParseIP(s) != nil {
		return true
	}
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && r != '-' && r != '.' && r != '_' {
			return false
		}
	}
	return s != ""
}

// bracket puts an IPv6 address in brackets.
func bracket(host string) string {
	if ip := net.ParseIP(host); ip != nil && strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// locate reads an instance's entry from a server that is up to date. It wraps
// fleet.ErrNotFound where there is none.
func (c *client) locate(ctx context.Context, k fleet.Key) (catalog.Entry, error) {
	entries, _, err := c.entriesOf(ctx, k, 0)
	if err != nil {
		return catalog.Entry{}, c.explain(ctx, c.where(), err)
	}
	if e := find(entries, k.Instance); e != nil {
		return *e, nil
	}
	return catalog.Entry{}, c.missing(c.where(), k)
}

// missing is the error for an instance that is not there.
func (c *client) missing(where string, k fleet.Key) error {
	return &fleet.Error{Reason: registry.ReasonNotFound, Detail: fmt.Sprintf("%s: no instance %s", where, catalog.Line(k.String())), Err: fleet.ErrNotFound}
}

// entriesOf reads the entries of a key's service from the leader, after an
// index where one is given.
func (c *client) entriesOf(ctx context.Context, k fleet.Key, index uint64) ([]catalog.Entry, uint64, error) {
	q := (&api.QueryOptions{Datacenter: c.options.DC, Namespace: c.namespace(k.Namespace), Partition: c.options.Partition}).WithContext(ctx)
	if index > 0 {
		q.WaitIndex, q.WaitTime = index, settleTime
	}
	var r reply
	meta, err := c.get(ctx, c.reads, "/v1/health/service/"+k.Name, &r.entries, q)
	if err != nil {
		return nil, 0, err
	}
	if len(r.entries) == 0 && (meta.ResultsFilteredByACLs || meta.DefaultACLPolicy == "deny" && c.door.token.IsZero()) {
		return nil, 0, c.denied("it shows no instance of " + catalog.Line(k.Name))
	}
	var out []catalog.Entry
	for _, raw := range r.entries {
		if e, err := catalog.Decode(raw); err == nil {
			out = append(out, e)
		}
	}
	return out, nextIndex(index, meta), nil
}

// namespace is the one to write to: the entry's, else the configured one.
func (c *client) namespace(of string) string {
	if of == "" && c.options.Namespace != "*" {
		return c.options.Namespace
	}
	return of
}

// find returns the entry of an instance, nil where there is none.
func find(entries []catalog.Entry, instance string) *catalog.Entry {
	for i := range entries {
		if entries[i].ID() == instance {
			return &entries[i]
		}
	}
	return nil
}
