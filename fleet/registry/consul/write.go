package consul

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul/catalog"
)

// settleTime bounds the wait for a write to show in the catalog: an agent
// tells the servers on its own time, usually within milliseconds.
const settleTime = 2 * time.Second

// settleStep keeps the wait from asking without a break where an index does
// not block.
const settleStep = 20 * time.Millisecond

// removeAfter is how long an entry whose heartbeats have stopped stays
// critical until its agent removes it; Consul allows no less.
const removeAfter = time.Minute

// ttlCheck is the id of the check that heartbeats pass, as Consul names a
// service's only check and Kratos its own.
func ttlCheck(serviceID string) string { return "service:" + serviceID }

// Register writes the entry through an agent, with a TTL check where the entry
// has a TTL: when heartbeats stop, it turns critical after the TTL and goes a
// minute or more later. Replacing an entry removes its other checks, a
// maintenance too. Labels that Consul takes for metadata become that, the
// others tags, so that they read back the same.
func (c *client) Register(ctx context.Context, e registry.Entry) (fleet.Key, error) {
	ctx, end := c.begin(ctx)
	defer end()
	on, id := splitID(e.Instance.ID)
	reg, err := registration(e, id)
	if err != nil {
		return fleet.Key{}, err
	}
	reg.Namespace, reg.Partition = c.namespace(e.Namespace), c.options.Partition
	a, err := c.agentOf(ctx, catalog.Node{Node: on})
	if err != nil {
		return fleet.Key{}, err
	}
	err = c.do(ctx, func(ctx context.Context) error {
		return a.api.Agent().ServiceRegisterOpts(reg, api.ServiceRegisterOpts{ReplaceExistingChecks: true}.WithContext(ctx))
	})
	if err != nil {
		return fleet.Key{}, c.explain(ctx, a.where(), err)
	}
	k := fleet.Key{Ref: fleet.Ref{Namespace: reg.Namespace, Name: e.Service}, Instance: a.node + "/" + reg.ID}
	c.mu.Lock()
	c.held[k] = a
	c.mu.Unlock()
	return k, c.settle(ctx, k, func(found *catalog.Entry) bool { return found != nil && shows(found, reg) })
}

// splitID splits an instance's id at its first slash; without one it names no
// node.
func splitID(instance string) (on, id string) {
	if on, id, ok := strings.Cut(instance, "/"); ok {
		return on, id
	}
	return "", instance
}

// registration is the entry in Consul's words.
func registration(e registry.Entry, id string) (*api.AgentServiceRegistration, error) {
	in := e.Instance
	if e.Service == "" {
		return nil, registry.Misconfigured("", "", "consul: a service needs a name")
	}
	reg := &api.AgentServiceRegistration{Name: e.Service, ID: id, TaggedAddresses: map[string]api.ServiceAddress{}}
	if strings.HasPrefix(in.Addr, "/") {
		reg.SocketPath = in.Addr
	} else {
		host, number, err := splitAddr(in.Addr)
		if err != nil {
			return nil, err
		}
		reg.Address, reg.Port = host, number
	}
	reg.ID = cmp.Or(reg.ID, e.Service+"-"+strings.NewReplacer(":", "-", ".", "-", "/", "-", "[", "", "]", "").Replace(in.Addr))
	reg.Meta, reg.Tags = catalog.Metadata(in.Labels)
	for key, value := range map[string]string{"zone": in.Zone, "version": in.Version} {
		if value != "" && catalog.Label(in.Labels, key) == "" {
			reg.Meta[key] = value
		}
	}
	if in.Weight > 0 {
		reg.Weights = &api.AgentWeights{Passing: in.Weight, Warning: in.Weight}
	}
	for role, at := range in.Endpoints {
		reg.TaggedAddresses[role] = taggedAddress(at)
	}
	if e.TTL > 0 {
		reg.Check = &api.AgentServiceCheck{
			CheckID: ttlCheck(reg.ID), Name: "heartbeat", TTL: e.TTL.String(), Status: api.HealthPassing,
			DeregisterCriticalServiceAfter: max(removeAfter, e.TTL).String(),
		}
	}
	return reg, nil
}

// splitAddr reads host:port; a bare host is a service without a port.
func splitAddr(addr string) (host string, number int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		if addr == "" || strings.ContainsAny(addr, ":/ ") {
			return "", 0, registry.Misconfigured("", "write HOST:PORT", "consul: %q is not an address", addr)
		}
		return addr, 0, nil
	}
	number, err = strconv.Atoi(text)
	if err != nil || number < 0 || number > 65535 {
		return "", 0, registry.Misconfigured("", "a port is a number from 1 to 65535", "consul: %q has no such port", addr)
	}
	return host, number, nil
}

// taggedAddress is an endpoint in Consul's words; a whole URL stays one, as
// Kratos writes them.
func taggedAddress(at string) api.ServiceAddress {
	if u, err := url.Parse(at); err == nil && u.Host != "" {
		number, _ := strconv.Atoi(u.Port())
		return api.ServiceAddress{Address: at, Port: number}
	}
	host, number, err := splitAddr(at)
	if err != nil {
		return api.ServiceAddress{Address: at}
	}
	return api.ServiceAddress{Address: host, Port: number}
}

// shows says whether the catalog's entry is the one that was registered.
func shows(e *catalog.Entry, reg *api.AgentServiceRegistration) bool {
	same := e.Service.Address == reg.Address && e.Service.Port == reg.Port && e.Service.SocketPath == reg.SocketPath &&
		len(e.Service.Meta) == len(reg.Meta) && len(e.Service.Tags) == len(reg.Tags)
	for key, value := range reg.Meta {
		same = same && e.Service.Meta[key] == value
	}
	return same && (reg.Weights == nil || e.Service.Weights == catalog.Weights(*reg.Weights))
}

// Deregister removes the entry where it lives: from its agent, which would
// write it again otherwise, or from the catalog if no agent keeps it. A whole
// node is never removed.
func (c *client) Deregister(ctx context.Context, k fleet.Key) error {
	ctx, end := c.begin(ctx)
	defer end()
	e, err := c.locate(ctx, k)
	if err != nil {
		return err
	}
	where := c.where()
	if e.AgentOwned() {
		a, failed := c.agentOf(ctx, e.Node)
		if failed != nil {
			return failed
		}
		where = a.where()
		err = c.do(ctx, func(ctx context.Context) error {
			return a.api.Agent().ServiceDeregisterOpts(e.Service.ID, c.onAgent(ctx, k))
		})
	} else {
		err = c.deregisterFromCatalog(ctx, &e, "")
	}
	if err != nil {
		return c.explainGone(ctx, where, k, err)
	}
	c.mu.Lock()
	delete(c.held, k)
	c.mu.Unlock()
	return c.settle(ctx, k, func(found *catalog.Entry) bool { return found == nil })
}

// deregisterFromCatalog removes one service of a node, or one check of it. The
// request without either removes the whole node, so it is never sent.
func (c *client) deregisterFromCatalog(ctx context.Context, e *catalog.Entry, checkID string) error {
	d := &api.CatalogDeregistration{
		Node: e.Node.Node, Datacenter: c.options.DC, CheckID: checkID,
		Namespace: e.Service.Namespace, Partition: c.options.Partition,
	}
	if checkID == "" {
		d.ServiceID = e.Service.ID
	}
	if d.ServiceID == "" && d.CheckID == "" {
		return errors.New("neither a service nor a check to remove")
	}
	return c.do(ctx, func(ctx context.Context) error {
		_, err := c.reads.Catalog().Deregister(d, (&api.WriteOptions{}).WithContext(ctx))
		return err
	})
}

// Heartbeat passes the TTL check of an entry. One without such a check needs
// no heartbeat; fleet.ErrNotFound when the entry is gone.
func (c *client) Heartbeat(ctx context.Context, k fleet.Key) error {
	ctx, end := c.begin(ctx)
	defer end()
	c.mu.Lock()
	a, ok := c.held[k]
	c.mu.Unlock()
	if !ok {
		e, err := c.locate(ctx, k)
		if err != nil {
			return err
		}
		if a, err = c.agentOf(ctx, e.Node); err != nil {
			return err
		}
	}
	_, id := splitID(k.Instance)
	err := c.do(ctx, func(ctx context.Context) error {
		return a.api.Agent().UpdateTTLOpts(ttlCheck(id), "heartbeat", api.HealthPassing, c.onAgent(ctx, k))
	})
	if isGone(err) {
		err = c.do(ctx, func(ctx context.Context) error {
			_, _, err := a.api.Agent().Service(id, c.onAgent(ctx, k))
			return err
		})
	}
	return c.explainGone(ctx, a.where(), k, err)
}

// onAgent returns the options of a request to an agent.
func (c *client) onAgent(ctx context.Context, k fleet.Key) *api.QueryOptions {
	return (&api.QueryOptions{Namespace: c.namespace(k.Namespace), Partition: c.options.Partition}).WithContext(ctx)
}

// isGone says whether Consul answered that there is no such thing.
func isGone(err error) bool {
	var answer api.StatusError
	return errors.As(err, &answer) && answer.Code == 404
}

// explainGone is explain for requests whose 404 means the instance.
func (c *client) explainGone(ctx context.Context, where string, k fleet.Key, err error) error {
	if isGone(err) {
		return c.missing(where, k)
	}
	return c.explain(ctx, where, err)
}

// settle waits until the catalog shows what was written, so that who reads
// next reads it. That it takes longer is no failure: the write was accepted.
func (c *client) settle(ctx context.Context, k fleet.Key, shown func(*catalog.Entry) bool) error {
	until, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	index := uint64(0)
	for {
		entries, next, err := c.entriesOf(until, k, index)
		switch {
		case ctx.Err() != nil:
			return c.explain(ctx, c.where(), ctx.Err())
		case err != nil, shown(find(entries, k.Instance)):
			return nil
		}
		index = next
		if pause(until, settleStep) != nil {
			return nil
		}
	}
}

// sideEffect names the agent that would take a write to an entry.
func (c *client) sideEffect(e *catalog.Entry) string {
	if !e.AgentOwned() {
		return fmt.Sprintf("consul catalog, node %s, which has no agent", catalog.Line(e.Node.Node))
	}
	return "consul agent on " + catalog.Line(e.Node.Node)
}
