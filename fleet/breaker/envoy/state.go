package envoy

import (
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// breaker is a cluster as a breaker.
func (v *view) breaker(c *cluster) fleet.Breaker {
	b := fleet.NewBreaker(c.name, fleet.BreakerClosed)
	b.API = Name
	limit := ""
	b.Observed, limit = v.observed(c)
	percent := v.runtime.percent(c.name)
	switch {
	case percent >= 100 || c.shut():
		b.State = fleet.BreakerForcedOpen
	case percent > 0:
		b.State, b.Share = fleet.BreakerForcedOpen, float64(percent)/100
	case b.Observed == fleet.BreakerOpen:
		b.State = fleet.BreakerOpen
	}
	b.Calls = v.stats.of(c, "upstream_rq_total")
	b.Rejected = v.rejected(c)
	v.rate(c, &b)
	b.Note = note(c, percent, limit)
	return b
}

// observed is what the cluster's limits do by themselves, and which: calls are
// refused where one is reached and calls were refused for it. A limit is reached
// for a moment by the last call that fits too; and the gauges stand still while
// the limit is 0. Unknown where the proxy keeps no gauges.
func (v *view) observed(c *cluster) (fleet.BreakerState, string) {
	if c.shut() || v.stats.of(c, "circuit_breakers.default.rq_open") < 0 {
		return fleet.BreakerUnknown, ""
	}
	for _, l := range []struct {
		gauge, refused, name string
		limit                *uint64
	}{
		{"circuit_breakers.default.rq_open", "upstream_rq_active_overflow", "max_requests", c.maxRequests},
		{"circuit_breakers.default.rq_pending_open", "upstream_rq_pending_overflow", "max_pending_requests", c.maxPending},
	} {
		if v.stats.of(c, l.gauge) > 0 && v.stats.of(c, l.refused) != 0 {
			if l.limit == nil {
				return fleet.BreakerOpen, "at " + l.name
			}
			return fleet.BreakerOpen, fmt.Sprintf("at %s %d", l.name, *l.limit)
		}
	}
	return fleet.BreakerClosed, ""
}

// rejected counts the calls that maintenance mode or a limit refused since the
// proxy started; below 0 where it does not count.
func (v *view) rejected(c *cluster) int64 {
	sum := int64(-1)
	for _, name := range []string{"upstream_rq_maintenance_mode", "upstream_rq_active_overflow", "upstream_rq_pending_overflow"} {
		if n := v.stats.of(c, name); n >= 0 {
			sum = max(sum, 0) + n
		}
	}
	return sum
}

// rate is the share of answers that were 5xx. Calls that were refused are among
// Envoy's 5xx; the failures of a cluster are without them. No counter of 5xx is
// none seen.
func (v *view) rate(c *cluster, b *fleet.Breaker) {
	refused := max(b.Rejected, 0)
	answered := v.stats.of(c, "upstream_rq_completed") - refused
	if answered <= 0 {
		return
	}
	failed := max(v.stats.of(c, "upstream_rq_5xx")-refused, 0)
	b.FailureRate = min(1, float64(failed)/float64(answered))
}

// note is what the state alone does not say.
func note(c *cluster, percent uint64, limit string) string {
	var parts []string
	if percent > 0 {
		parts = append(parts, "maintenance mode")
	}
	if c.shut() {
		parts = append(parts, "max_requests is 0")
	}
	if limit != "" {
		parts = append(parts, limit)
	}
	if c.ejected > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d hosts ejected", c.ejected, c.hosts))
	}
	if c.failing > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d hosts unhealthy", c.failing, c.hosts))
	}
	return strings.Join(parts, ", ")
}
