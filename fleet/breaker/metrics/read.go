package metrics

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
)

// page gathers breakers from the samples of a page.
type page struct{ byName map[string]*gathered }

// gathered is one breaker while its series are read.
type gathered struct {
	fleet.Breaker
	ready, pending float64 // Linkerd: endpoints
}

// read makes breakers of the samples of a page, sorted by name.
func read(samples []breaker.Sample) []fleet.Breaker {
	p := page{map[string]*gathered{}}
	for i := range samples {
		p.add(&samples[i])
	}
	list := make([]fleet.Breaker, 0, len(p.byName))
	for _, g := range p.byName {
		g.settle()
		list = append(list, g.Breaker)
	}
	slices.SortFunc(list, func(a, b fleet.Breaker) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// add reads one sample, if it is of a family that tells of breakers.
func (p *page) add(s *breaker.Sample) {
	if rest, ok := strings.CutPrefix(s.Name, "resilience4j_circuitbreaker_"); ok {
		p.resilience4j(rest, s)
		return
	}
	if rest, ok := strings.CutPrefix(s.Name, "envoy_cluster_"); ok {
		p.envoy(rest, s)
		return
	}
	switch s.Name {
	case "ft_circuitbreaker_state_current":
		p.of(s.Labels["method"]).oneHot(s.Labels["state"], s.Value)
	case "ft_circuitbreaker_calls_total":
		if s.Labels["circuitBreakerResult"] == "circuitBreakerOpen" {
			p.of(s.Labels["method"]).reject(s.Value)
		}
	case "dapr_resiliency_cb_state":
		p.of(daprName(s.Labels)).oneHot(s.Labels["status"], s.Value)
	case "outbound_http_balancer_endpoints":
		g := p.of(linkerdName(s.Labels))
		if s.Labels["endpoint_state"] == "ready" {
			g.ready += s.Value
		} else {
			g.pending += s.Value
		}
	}
}

// of returns the breaker of a name, a new one where it is the first sample of
// it. A sample without the label that names one is of none.
func (p *page) of(name string) *gathered {
	g := p.byName[name]
	if g == nil {
		g = &gathered{Breaker: fleet.NewBreaker(name, fleet.BreakerUnknown)}
		g.API = Name
		if name != "" {
			p.byName[name] = g
		}
	}
	return g
}

// resilience4j reads what its Micrometer binding writes. The counter of calls
// that are not permitted stands still while a breaker is forced open.
func (p *page) resilience4j(family string, s *breaker.Sample) {
	name := s.Labels["name"]
	switch family {
	case "state":
		p.of(name).oneHot(s.Labels["state"], s.Value)
	case "failure_rate":
		p.of(name).FailureRate = percent(s.Value)
	case "slow_call_rate":
		p.of(name).SlowRate = percent(s.Value)
	case "buffered_calls":
		g := p.of(name)
		g.Calls = add(g.Calls, s.Value)
	case "not_permitted_calls_total", "not_permitted_calls":
		p.of(name).reject(s.Value)
	}
}

// envoy reads a cluster's limits. They are limits on what is under way at a
// time: open is that one is reached at this moment. That connections are at
// theirs refuses no call. What somebody ordered over the admin API is on no page
// of metrics: a cluster in maintenance mode looks closed.
func (p *page) envoy(family string, s *breaker.Sample) {
	cluster := s.Labels["envoy_cluster_name"]
	if cluster == "" {
		cluster = s.Labels["cluster_name"] // Istio
	}
	switch family {
	case "circuit_breakers_default_rq_open", "circuit_breakers_high_rq_open",
		"circuit_breakers_default_rq_pending_open", "circuit_breakers_high_rq_pending_open":
		g := p.of(cluster)
		if s.Value > 0 {
			g.State = fleet.BreakerOpen
		} else if g.State == fleet.BreakerUnknown {
			g.State = fleet.BreakerClosed
		}
	case "upstream_rq_pending_overflow", "upstream_rq_active_overflow", "upstream_rq_maintenance_mode",
		"upstream_rq_pending_overflow_total", "upstream_rq_active_overflow_total", "upstream_rq_maintenance_mode_total":
		p.of(cluster).reject(s.Value)
	}
}

// daprName names a breaker of Dapr: what it is in front of, and in which
// direction, for the same policy stands in front of several.
func daprName(labels map[string]string) string {
	var parts []string
	for _, key := range []string{"name", "target", "flow_direction"} {
		if labels[key] != "" {
			parts = append(parts, labels[key])
		}
	}
	return strings.Join(parts, "/")
}

// linkerdName names what a balancer sends calls to.
func linkerdName(labels map[string]string) string {
	for _, of := range []string{"backend", "parent"} {
		if name := labels[of+"_name"]; name != "" {
			if ns := labels[of+"_namespace"]; ns != "" {
				name += "." + ns
			}
			if port := labels[of+"_port"]; port != "" {
				name += ":" + port
			}
			return name
		}
	}
	return labels["authority"]
}

// settle says what the endpoints of a balancer come to. Linkerd counts tripped
// endpoints together with those it is connecting to, so that only their absence
// says something.
func (g *gathered) settle() {
	switch all := g.ready + g.pending; {
	case all <= 0:
	case g.pending == 0:
		g.State = fleet.BreakerClosed
	default:
		g.Word = fmt.Sprintf("%v of %v endpoints pending", g.pending, all)
	}
}

// oneHot reads a series that is 1 in one of its states. Should two be, the one
// that matters more counts.
func (g *gathered) oneHot(word string, value float64) {
	if !(value > 0) {
		return
	}
	state, err := fleet.ParseBreakerState(word)
	if err != nil {
		g.Word = word
		return
	}
	if weight(state) > weight(g.State) {
		g.State, g.Word = state, ""
	}
}

// weight orders states by how much they matter.
func weight(s fleet.BreakerState) int {
	return slices.Index([]fleet.BreakerState{
		fleet.BreakerUnknown, fleet.BreakerClosed, fleet.BreakerMetricsOnly, fleet.BreakerDisabled, fleet.BreakerHalfOpen, fleet.BreakerOpen, fleet.BreakerForcedOpen,
	}, s)
}

// reject counts calls that were refused.
func (g *gathered) reject(n float64) { g.Rejected = add(g.Rejected, n) }

// add adds to a count that may not be known yet.
func add(count int64, n float64) int64 {
	if !(n >= 0 && n < 1<<62) {
		return count
	}
	return max(count, 0) + int64(n)
}

// percent is a rate that is written as 0 to 100; below 0 it is not known.
func percent(v float64) float64 {
	if !(v >= 0 && v <= 100) {
		return math.NaN()
	}
	return v / 100
}
