package consul

import (
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/midwatch-cli/midwatch/fleet"
)

// checkSerf is the servers' own check of a node that runs an agent.
const checkSerf = "serfHealth"

// claim is what Consul says of an instance: the worst of its checks and its
// node's, as AggregatedStatus of its client does, and why. Maintenance of the
// service or of its node beats everything. No check at all is passing: that
// is how Consul hands it out. The note is the output of the first check in
// the deciding state, the reason that was given for a maintenance, and empty
// when all is well.
func claim(checks []check) (fleet.Status, string) {
	status, note := fleet.Up, ""
	worse := func(to fleet.Status, why string) {
		if to > status {
			status, note = to, why
		}
	}
	for i := range checks {
		c := &checks[i]
		if isMaintenance(c) {
			return fleet.Maintenance, maintenanceNote(checks)
		}
		switch c.Status {
		case api.HealthPassing:
		case api.HealthWarning:
			worse(fleet.Degraded, c.says())
		case api.HealthCritical:
			worse(fleet.Down, c.says())
		default:
			worse(fleet.Unknown, c.says())
		}
	}
	return status, note
}

// isMaintenance says whether a check is how a maintenance is written.
func isMaintenance(c *check) bool {
	return c.CheckID == api.NodeMaint || strings.HasPrefix(c.CheckID, api.ServiceMaintPrefix)
}

// maintenanceNote is the reason given for the service, else for the node.
func maintenanceNote(checks []check) string {
	note := ""
	for i := range checks {
		switch c := &checks[i]; {
		case strings.HasPrefix(c.CheckID, api.ServiceMaintPrefix):
			return oneLine(c.Notes)
		case c.CheckID == api.NodeMaint:
			note = oneLine("node: " + c.Notes)
		}
	}
	return note
}

// says is the check's output under its name.
func (c *check) says() string {
	name := c.Name
	if name == "" {
		name = c.CheckID
	}
	if out := strings.TrimSpace(c.Output); out != "" {
		return oneLine(name + ": " + out)
	}
	return oneLine(name + " is " + c.Status)
}
