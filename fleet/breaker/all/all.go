// Package all is the table of admin APIs: one line each.
package all

import (
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator"
	"github.com/midwatch-cli/midwatch/fleet/breaker/envoy"
	"github.com/midwatch-cli/midwatch/fleet/breaker/haproxy"
	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi"
	"github.com/midwatch-cli/midwatch/fleet/breaker/mapping"
	"github.com/midwatch-cli/midwatch/fleet/breaker/metrics"
	"github.com/midwatch-cli/midwatch/fleet/match"
)

// Drivers lists the kinds of admin API there are, by name.
func Drivers() []*breaker.Driver {
	return []*breaker.Driver{
		actuator.Driver(),
		envoy.Driver(),
		haproxy.Driver(),
		httpapi.Driver(),
		mapping.Driver(),
		metrics.Driver(),
		actuator.Gateway(), // springbootadmin
	}
}

// Driver returns the driver of a name. Its error wraps fleet.ErrNotFound and
// says which there are.
func Driver(name string) (*breaker.Driver, error) {
	for _, d := range Drivers() {
		if d.Name == name {
			return d, nil
		}
	}
	hint := "known are " + strings.Join(Names(), ", ")
	if near := match.Nearest(name, Names()); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return nil, &fleet.Error{Detail: fmt.Sprintf("there is no breaker API %q", name), Hint: hint, Err: fleet.ErrNotFound}
}

// Names lists the kinds by name.
func Names() []string {
	names := []string{}
	for _, d := range Drivers() {
		names = append(names, d.Name)
	}
	return names
}
