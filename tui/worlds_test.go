package tui_test

import (
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// inContext is a snapshot as another context has it.
func inContext(s *fleet.Snapshot, context string) *fleet.Snapshot {
	s.Context = context
	for i := range s.Sources {
		s.Sources[i].Context = context
	}
	for i := range s.Services {
		svc := &s.Services[i]
		svc.Context = context
		for j := range svc.Instances {
			svc.Instances[j].Key.Context = context
		}
		for j := range svc.BlockedBy {
			svc.BlockedBy[j].Context = context
		}
	}
	for i := range s.Roots {
		s.Roots[i].Ref.Context = context
		for j := range s.Roots[i].Victims {
			s.Roots[i].Victims[j].Context = context
		}
	}
	return s
}

// contexts are the night in one context, and a calm one in another, with services
// of the same names, and one that only one of them has.
func contexts() *fleet.Snapshot {
	return fleet.Merge([]*fleet.Snapshot{night(), inContext(without(healed(), "catalogue"), "stage")})
}

// lived are the passes of a little more than three minutes: payment has an outage
// that ends and one that goes on, a breaker of order follows it, and everything is
// measured.
func lived() []*fleet.Snapshot {
	var all []*fleet.Snapshot
	for i := range 40 {
		s := healed()
		bad := i >= 8 && i < 14 || i >= 30
		if bad {
			s = night()
		}
		s.Seq, s.At = uint64(i+1), at().Add(time.Duration(i-39)*5*time.Second)
		for k := range s.Services {
			live(&s.Services[k], i, bad, s.At)
		}
		for k := range s.Sources {
			s.Sources[k].AsOf, s.Sources[k].Reason = s.At, ""
		}
		all = append(all, s)
	}
	return all
}

// live is a service in the i-th pass.
func live(svc *fleet.ServiceView, i int, bad bool, now time.Time) {
	wave := float64(1 + i%5)
	if t := svc.Traffic; t != nil && t.Rate > 0 {
		svc.Traffic = traffic(t.Rate*(1+wave/20), t.Errors, t.P99*wave/5)
		if !bad {
			svc.Traffic.Errors = 0
		}
	}
	for j := range svc.Instances {
		in := &svc.Instances[j]
		in.Traffic = traffic(10+2*wave+float64(j), 0, 0.004*wave)
		if in.Status == fleet.Down {
			in.Traffic = traffic(0.4, 0.38, 2)
		}
		if len(in.Probes) > 0 && in.Probes[0].Outcome == probe.Pass {
			ms := time.Millisecond * time.Duration(1+i%3)
			in.Probes[0].Took, in.Probes[0].Phases = 3*ms, []probe.Phase{{Name: "dial", Took: ms}, {Name: "wait", Took: 2 * ms}}
		}
		for k := range in.Breakers {
			b := &in.Breakers[k]
			b.State, b.Since = fleet.BreakerClosed, time.Time{}
			if j == 1 && (i >= 10 && i < 15 || i >= 32) {
				b.State, b.Since = fleet.BreakerOpen, now.Add(-30*time.Second)
			}
			if j == 1 && (i == 15 || i == 16) {
				b.State = fleet.BreakerHalfOpen
			}
		}
	}
}

// deep is the night with an instance whose health page is a tree.
func deep() *fleet.Snapshot {
	s := night()
	in := &s.Services[4].Instances[0]
	all := in.Probes[0].Health.Components
	for _, name := range []string{"discovery", "diskSpace", "eureka", "hystrix", "livenessState", "mail", "ping", "rabbit", "readinessState", "redis", "refreshScope", "ssl", "vault"} {
		all = append(all, health.Component{Name: name, Word: health.Well, Text: "UP"})
	}
	in.Probes[0].Health.Components = append(all, health.Component{
		Name: "clusters/eu/replica", Word: health.Ill, Text: "DOWN",
		Detail: "org.springframework.jdbc.CannotGetJdbcConnectionException: Failed to obtain JDBC Connection; nested exception is java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms",
	})
	return s
}
