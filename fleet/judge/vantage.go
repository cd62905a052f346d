package judge

import (
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// vantage holds the rule that our own place in the network is not the fleet's
// health: when no instance of a source answers at dial or proxy level, and the
// source itself calls most of them well, all of them are unknown, not down. What
// is in maintenance stays so. It needs a source with health of its own, and three
// instances of it asked, or the two it holds: what one does is its own affair.
func vantage(src *fleet.SourceView, services []fleet.ServiceView) {
	var asked []*fleet.InstanceView
	total, ready := 0, 0
	for i := range services {
		if v := &services[i]; v.Context == src.Context && v.Source == src.Name {
			for j := range v.Instances {
				in := &v.Instances[j]
				tried, reached := met(in.Probes)
				if reached {
					return
				}
				if tried {
					asked = append(asked, in)
				}
				total++
				if in.Claimed != nil && *in.Claimed == fleet.Up {
					ready++
				}
			}
		}
	}
	enough := len(asked) >= 3 || len(asked) == 2 && max(src.Instances, total) == 2
	if !src.HasHealth || !enough || 2*ready <= total {
		return
	}
	src.Vantage = fmt.Sprintf("none of %d answered from here, the registry says %d are ready: you may be outside its network", len(asked), ready)
	for _, in := range asked {
		if in.Status != fleet.Maintenance {
			in.Status, in.Why = fleet.Unknown, fleet.Why{Reason: fleet.ReasonVantage, Detail: src.Vantage}
		}
	}
}

// met says whether an instance was tried at all, and whether something of it
// answered: a connection that was made counts, a proxy's excuse does not.
func met(probes []probe.Result) (tried, reached bool) {
	for i := range probes {
		r := &probes[i]
		last := len(r.Phases) - 1
		switch r.Reason {
		case probe.ReasonPolicy, probe.ReasonCancelled, probe.ReasonInternal, fleet.ReasonUnasked:
			continue
		case probe.ReasonRefused, probe.ReasonResolve, probe.ReasonNoRoute, probe.ReasonGateway:
		case probe.ReasonTimeout:
			reached = reached || r.Answered || last >= 0 && r.Phases[last].Name != "resolve" && r.Phases[last].Name != "dial"
		default:
			if r.Reason == probe.ReasonAuth && !r.Answered {
				continue // no token was to be had: nobody was asked
			}
			reached = reached || r.Code != 407 // which is a proxy's
		}
		tried = true
	}
	return tried, reached
}
