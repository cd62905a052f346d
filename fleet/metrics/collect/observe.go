package collect

import (
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// Observe keeps what a pass saw as series, ends those of instances that are no
// longer there, and lets be asked again where no page was found. It is called by
// one goroutine.
func (c *Collector) Observe(s *fleet.Snapshot) {
	at := s.At.UnixMilli() // who asks about the snapshot asks about its time
	if s.At.IsZero() {
		at = c.o.Now().UnixMilli()
	}
	here := c.settle(s)
	c.keepSeen(s, at, here)
	c.o.Store.Keep(at, func(l metrics.Labels) bool {
		_, ok := here[key(l)]
		return ok || c.o.Contexts && l.Get(metrics.LabelContext) != s.Context
	})
}

// settle forgets the instances and services that a pass did not have, and says
// which sets of labels are those of instances that are here.
func (c *Collector) settle(s *fleet.Snapshot) map[string]bool {
	here, keys, groups := map[string]bool{}, map[fleet.Key]bool{}, map[group]bool{}
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			in := &s.Services[i].Instances[j]
			here[key(c.labels(&metrics.Target{Key: in.Key, Zone: in.Zone, Version: in.Version}))] = true
			keys[in.Key], groups[group{in.Ref, in.Version}] = true, true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.several, c.shared = severalOf(s), map[question]*shared{}
	for k := range c.sources {
		if k.Context == s.Context && !keys[k] {
			delete(c.sources, k)
		}
	}
	for g, v := range c.services {
		switch {
		case g.ref.Context != s.Context:
		case groups[g]:
			v.askAgain()
		default:
			delete(c.services, g)
		}
	}
	return here
}

// key makes one string of labels, the same for the same labels only.
func key(l metrics.Labels) string {
	var b strings.Builder
	for _, label := range l {
		b.WriteString(label.Name)
		b.WriteByte(0xff) // in no valid UTF-8, so in no label
		b.WriteString(label.Value)
		b.WriteByte(0xff)
	}
	return b.String()
}

// seen is the series that passes over one context came to.
type seen struct {
	target *series.Target
	last   []named // in the order of the last pass, which mostly stays
	now    []named
	build  labels.ScratchBuilder
}

type named struct {
	labels metrics.Labels
	id     series.ID
}

// keepSeen appends the series of a pass.
func (c *Collector) keepSeen(s *fleet.Snapshot, at int64, here map[string]bool) {
	if c.o.Observed == nil {
		return
	}
	c.mu.Lock()
	own := c.seen[s.Context]
	if own == nil {
		own = &seen{build: labels.NewScratchBuilder(16)}
		c.seen[s.Context] = own
	}
	c.mu.Unlock()
	var of metrics.Labels
	if c.o.Contexts {
		of = metrics.NewLabels(metrics.LabelContext, s.Context)
	}
	here[key(of)] = true
	own.target = c.o.Store.Target(of)
	own.target.Begin(at)
	c.o.Observed(s, func(l metrics.Labels, v float64) { own.keep(l, at, v) })
	own.target.Finish()
	own.last, own.now = own.now, own.last[:0]
}

// keep appends one series; one that stood at its place in the last pass is known.
func (s *seen) keep(l metrics.Labels, at int64, v float64) {
	if i := len(s.now); i < len(s.last) && slices.Equal(s.last[i].labels, l) && s.target.Append(s.last[i].id, at, v) {
		s.now = append(s.now, s.last[i])
		return
	}
	s.build.Reset()
	for _, one := range l {
		s.build.Add(one.Name, one.Value)
	}
	s.build.Sort()
	id, ok := s.target.Series(s.build.Labels())
	if !ok {
		return // the store counts it
	}
	s.target.Append(id, at, v)
	s.now = append(s.now, named{slices.Clone(l), id})
}
