package catalog

import (
	"strings"
	"unicode"

	"github.com/midwatch-cli/midwatch/fleet"
)

// checkSerf is the servers' own check of a node that runs an agent.
const checkSerf = "serfHealth"

// How a maintenance is written: a critical check of one of these names.
const (
	NodeMaintenance    = "_node_maintenance"
	ServiceMaintenance = "_service_maintenance:" // and the ServiceID
)

// The states of a check.
const (
	passing  = "passing"
	warning  = "warning"
	critical = "critical"
)

// maxLine bounds a text of the far side that becomes part of a line.
const maxLine = 512

// claim is what Consul says of an instance: the worst of its checks and its
// node's, as AggregatedStatus of its client does, and why. Maintenance of the
// service or of its node beats everything. No check at all is passing: that
// is how Consul hands it out. The note is the output of the first check in
// the deciding state, the reason that was given for a maintenance, and empty
// when all is well.
func claim(checks []Check) (fleet.Status, string) {
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
		case passing:
		case warning:
			worse(fleet.Degraded, c.says())
		case critical:
			worse(fleet.Down, c.says())
		default:
			worse(fleet.Unknown, c.says())
		}
	}
	return status, note
}

// isMaintenance says whether a check is how a maintenance is written.
func isMaintenance(c *Check) bool {
	return c.CheckID == NodeMaintenance || strings.HasPrefix(c.CheckID, ServiceMaintenance)
}

// maintenanceNote is the reason given for the service, else for the node.
func maintenanceNote(checks []Check) string {
	note := ""
	for i := range checks {
		switch c := &checks[i]; {
		case strings.HasPrefix(c.CheckID, ServiceMaintenance):
			return Line(c.Notes)
		case c.CheckID == NodeMaintenance:
			note = Line("node: " + c.Notes)
		}
	}
	return note
}

// says is the check's output under its name.
func (c *Check) says() string {
	name := c.Name
	if name == "" {
		name = c.CheckID
	}
	if out := strings.TrimSpace(c.Output); out != "" {
		return Line(name + ": " + out)
	}
	return Line(name + " is " + c.Status)
}

// Line makes one line of a text of the far side: no control characters, no
// bytes that are no text, at most 512 of them.
func Line(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= maxLine {
		return s
	}
	return strings.ToValidUTF8(s[:maxLine], "") + "..."
}

// InMaintenance says whether a check of this kind of maintenance is there.
func (e *Entry) InMaintenance(kind string) bool {
	for i := range e.Checks {
		if strings.HasPrefix(e.Checks[i].CheckID, kind) {
			return true
		}
	}
	return false
}
