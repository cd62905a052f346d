package consul

import (
	"context"

	"github.com/hashicorp/consul/api"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul/catalog"
)

// SetMaintenance puts one instance in maintenance or takes it out. Its agent
// adds a critical check of a name of its own, so that DNS and readers of
// passing instances stop handing it out; it survives the agent's restart. On a
// node without an agent the same check is written into the catalog. When the
// whole node is in maintenance, taking one instance out of its own is done and
// then said to be not enough.
func (c *client) SetMaintenance(ctx context.Context, k fleet.Key, on bool, why string) error {
	ctx, end := c.begin(ctx)
	defer end()
	e, err := c.locate(ctx, k)
	if err != nil {
		return err
	}
	where := c.where()
	switch {
	case e.AgentOwned():
		a, failed := c.agentOf(ctx, e.Node)
		if failed != nil {
			return failed
		}
		where = a.where()
		err = c.do(ctx, func(ctx context.Context) error {
			if on {
				return a.api.Agent().EnableServiceMaintenanceOpts(e.Service.ID, why, c.onAgent(ctx, k))
			}
			return a.api.Agent().DisableServiceMaintenanceOpts(e.Service.ID, c.onAgent(ctx, k))
		})
	case on:
		err = c.markInCatalog(ctx, &e, why)
	case e.InMaintenance(catalog.ServiceMaintenance):
		err = c.deregisterFromCatalog(ctx, &e, catalog.ServiceMaintenance+e.Service.ID)
	}
	if err != nil {
		return c.explainGone(ctx, where, k, err)
	}
	if err := c.settle(ctx, k, func(found *catalog.Entry) bool {
		return found == nil || found.InMaintenance(catalog.ServiceMaintenance) == on
	}); err != nil {
		return err
	}
	if !on && e.InMaintenance(catalog.NodeMaintenance) {
		return &fleet.Error{
			Reason: reasonPolicy,
			Detail: where + ": the whole node " + catalog.Line(e.Node.Node) + " is in maintenance, so its instances stay out of use",
			Hint:   "on that node: consul maint -disable",
		}
	}
	return nil
}

// markInCatalog writes the check that an agent would for an entry that no
// agent keeps. The node's own record is left as it is.
func (c *client) markInCatalog(ctx context.Context, e *catalog.Entry, why string) error {
	if why == "" {
		why = "Maintenance mode is enabled for this service, but no reason was provided."
	}
	mark := &api.AgentCheck{
		Node: e.Node.Node, CheckID: catalog.ServiceMaintenance + e.Service.ID, Name: "Service Maintenance Mode",
		Status: api.HealthCritical, Notes: why, ServiceID: e.Service.ID, ServiceName: e.Service.Service,
		Type: "maintenance", Namespace: e.Service.Namespace,
	}
	reg := &api.CatalogRegistration{
		Node: e.Node.Node, Address: e.Node.Address, Datacenter: c.options.DC, SkipNodeUpdate: true, Check: mark, Partition: c.options.Partition,
	}
	return c.do(ctx, func(ctx context.Context) error {
		_, err := c.reads.Catalog().Register(reg, (&api.WriteOptions{}).WithContext(ctx))
		return err
	})
}

// SideEffects says who would carry out a write to an instance, and what else
// it does there. It only reads.
func (c *client) SideEffects(ctx context.Context, k fleet.Key, verb string) ([]string, error) {
	ctx, end := c.begin(ctx)
	defer end()
	if verb == "register" {
		on, _ := splitID(k.Instance)
		a, err := c.agentOf(ctx, catalog.Node{Node: on})
		if err != nil {
			return nil, err
		}
		return []string{"consul agent on " + catalog.Line(a.node)}, nil
	}
	e, err := c.locate(ctx, k)
	if err != nil {
		return nil, err
	}
	out := []string{c.sideEffect(&e)}
	switch verb {
	case "deregister":
		out = append(out, "a process that registers itself may write its entry again")
	case "drain":
		out = append(out, "its check _service_maintenance turns critical: DNS stops handing it out until undrain, over restarts too")
	case "undrain":
		if e.InMaintenance(catalog.NodeMaintenance) {
			out = append(out, "the whole node is in maintenance: that stays")
		}
	}
	return out, nil
}
