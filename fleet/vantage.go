package fleet

import (
	"fmt"

	"github.com/midwatch-cli/midwatch/probe"
)

// vantage holds the rule that our own place in the network is not the fleet's
// health: when no instance of a source answers at dial or proxy level, and the
// source itself calls most of them well, all of them are unknown, not down. What
// is in maintenance stays so. It needs a source with health of its own.
func vantage(src *SourceView, services []ServiceView) {
	if !src.HasHealth {
		return
	}
	var all []*InstanceView
	asked, ready := 0, 0
	for i := range services {
		if v := &services[i]; v.Context == src.Context && v.Source == src.Name {
			for j := range v.Instances {
				in := &v.Instances[j]
				if reached(in.Probes) {
					return
				}
				if len(in.Probes) > 0 {
					asked++
				}
				if in.Claimed != nil && *in.Claimed == Up {
					ready++
				}
				all = append(all, in)
			}
		}
	}
	if asked == 0 || 2*ready <= len(all) {
		return
	}
	src.Vantage = fmt.Sprintf("none of %d answered from here, the registry says %d are ready: you may be outside its network", len(all), ready)
	for _, in := range all {
		if in.Status != Maintenance && len(in.Probes) > 0 {
			in.Status, in.Why = Unknown, Why{ReasonVantage, src.Vantage}
		}
	}
}

// reached says whether something of the instance itself answered one of the
// probes: a connection that was made counts, a proxy's excuse does not.
func reached(probes []probe.Result) bool {
	for i := range probes {
		r := &probes[i]
		switch r.Reason {
		case probe.ReasonRefused, probe.ReasonResolve, probe.ReasonNoRoute, probe.ReasonGateway,
			probe.ReasonPolicy, probe.ReasonCancelled, probe.ReasonInternal, ReasonUnasked:
			continue
		case probe.ReasonTimeout:
			if last := len(r.Phases) - 1; !r.Answered && (last < 0 || r.Phases[last].Name == "resolve" || r.Phases[last].Name == "dial") {
				continue // it never got beyond dialling
			}
		}
		if r.Code != 407 {
			return true
		}
	}
	return false
}
