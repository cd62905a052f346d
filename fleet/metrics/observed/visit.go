package observed

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/probe"
)

// Visit hands each series of a snapshot to each: its family, its labels, the
// name among them, and its value at s.At, which is never NaN. What was not
// found out, or is not given, has no series: that is not 0. The labels are
// each's until it returns. Those of instances are the ones that scraped series
// have, so that both can be joined; context is left out unless it is wanted.
//
// A pass that asked nobody, as one that read only metrics, says nothing of how
// instances and services are, but for what registries claim.
func Visit(s *fleet.Snapshot, context bool, each func(f *Family, l metrics.Labels, v float64)) {
	v := visitor{each: each, at: s.At, context: context, asked: asked(s)}
	for i := range s.Services {
		service := &s.Services[i]
		for k := range service.Instances {
			v.instance(&service.Instances[k])
		}
		v.service(service)
	}
	for i := range s.Sources {
		v.source(&s.Sources[i])
	}
	v.pass(s)
}

// asked says whether any instance was asked how it is.
func asked(s *fleet.Snapshot) bool {
	for i := range s.Services {
		for k := range s.Services[i].Instances {
			if len(s.Services[i].Instances[k].Probes) > 0 {
				return true
			}
		}
	}
	return false
}

// visitor hands out the series of one snapshot.
type visitor struct {
	each    func(*Family, metrics.Labels, float64)
	at      time.Time
	context bool
	asked   bool

	whose  metrics.Labels // what the present series are about
	labels metrics.Labels // of the present one: its memory is used again
}

// put hands out one. Extra are pairs of names and values.
func (v *visitor) put(of place, value float64, extra ...string) {
	f := &table[of]
	v.labels = append(v.labels[:0], metrics.Label{Name: metrics.LabelName, Value: f.Name})
	v.labels = append(v.labels, v.whose...)
	for i := 0; i+1 < len(extra); i += 2 {
		if extra[i+1] == "" {
			continue
		}
		at, _ := slices.BinarySearchFunc(v.labels, extra[i], func(l metrics.Label, name string) int { return strings.Compare(l.Name, name) })
		v.labels = slices.Insert(v.labels, at, metrics.Label{Name: extra[i], Value: extra[i+1]})
	}
	v.each(f, v.labels, value)
}

// about sets what the next series are about.
func (v *visitor) about(k fleet.Key, zone, version string) {
	if !v.context {
		k.Context = ""
	}
	t := metrics.Target{Key: k, Zone: zone, Version: version}
	v.whose = t.Labels()
}

func (v *visitor) instance(in *fleet.InstanceView) {
	v.about(in.Key, in.Zone, in.Version)
	if v.known(in) {
		v.put(instanceUp, truth(in.Status.Serves()))
		for st := fleet.Up; st <= fleet.Down; st++ {
			v.put(instanceStatus, truth(known(in.Status) == st), "status", st.String())
		}
	}
	if len(in.Probes) > 0 {
		v.put(instanceFlaky, truth(in.Flaky))
		v.probe(&in.Probes[0])
	}
	if end := expires(in.Probes); !end.IsZero() {
		v.put(certificateExpiry, unix(end))
	}
	for i := range in.Breakers {
		if i == 0 || in.Breakers[i].Name != in.Breakers[i-1].Name { // no two series may be alike
			v.breaker(&in.Breakers[i])
		}
	}
	v.scrape(&in.Scrape)
}

// known says whether the pass found out, or tried to, how an instance is.
func (v *visitor) known(in *fleet.InstanceView) bool {
	return v.asked || in.Why.Reason != fleet.ReasonUnasked
}

func (v *visitor) probe(r *probe.Result) {
	kind := string(r.Target.Kind)
	v.put(probeSuccess, truth(r.Outcome == probe.Pass || r.Outcome == probe.Warn), "kind", kind)
	v.put(probeDuration, r.Took.Seconds(), "kind", kind, "phase", "total")
	for i, phase := range r.Phases {
		same := func(other probe.Phase) bool { return other.Name == phase.Name }
		if slices.IndexFunc(r.Phases, same) < i || phase.Name == "total" {
			continue // it was added to the first
		}
		for _, again := range r.Phases[i+1:] {
			if same(again) {
				phase.Took += again.Took
			}
		}
		v.put(probeDuration, phase.Took.Seconds(), "kind", kind, "phase", phase.Name)
	}
}

func (v *visitor) breaker(b *fleet.Breaker) {
	for _, state := range fleet.BreakerStates() {
		v.put(breakerState, truth(b.State == state), "breaker", b.Name, "state", state.String())
	}
	if !math.IsNaN(b.FailureRate) {
		v.put(breakerFailures, b.FailureRate, "breaker", b.Name)
	}
	if !math.IsNaN(b.SlowRate) {
		v.put(breakerSlow, b.SlowRate, "breaker", b.Name)
	}
	if b.Calls >= 0 {
		v.put(breakerCalls, float64(b.Calls), "breaker", b.Name)
	}
	if b.Rejected >= 0 {
		v.put(breakerRejected, float64(b.Rejected), "breaker", b.Name)
	}
	if !b.Since.IsZero() {
		v.put(breakerSince, unix(b.Since), "breaker", b.Name)
	}
}

func (v *visitor) scrape(s *fleet.Scrape) {
	if *s == (fleet.Scrape{}) {
		return // the pass read none
	}
	well := s.Why == fleet.Why{}
	v.put(scrapeSuccess, truth(well))
	if s.Took > 0 {
		v.put(scrapeDuration, s.Took.Seconds())
	}
	if well {
		v.put(scrapeSamples, float64(s.Samples))
		v.put(scrapeDropped, float64(s.Dropped))
	}
}

func (v *visitor) service(s *fleet.ServiceView) {
	var n [fleet.Down + 1]int
	found := len(s.Instances) == 0
	for i := range s.Instances {
		n[known(s.Instances[i].Status)]++
		found = found || v.known(&s.Instances[i])
	}
	if !found {
		return
	}
	v.about(fleet.Key{Ref: s.Ref}, "", "")
	for st := fleet.Up; st <= fleet.Down; st++ {
		v.put(serviceStatus, truth(known(s.Status) == st), "status", st.String())
		v.put(serviceInstances, float64(n[st]), "status", st.String())
	}
	v.put(serviceUp, float64(s.Serving)/float64(max(len(s.Instances), 1)))
}

func (v *visitor) source(s *fleet.SourceView) {
	v.about(fleet.Key{Ref: fleet.Ref{Context: s.Context, Source: s.Name}}, "", "")
	v.put(registryUp, truth(s.Reason == ""))
	if s.AsOf.IsZero() && s.Reason != "" {
		return // it was never read
	}
	v.put(registryServices, float64(s.Services))
	v.put(registryInstances, float64(s.Instances))
	if !s.AsOf.IsZero() && !v.at.IsZero() {
		v.put(registryAge, max(v.at.Sub(s.AsOf), 0).Seconds())
	}
}

func (v *visitor) pass(s *fleet.Snapshot) {
	if s.At.IsZero() {
		return
	}
	v.about(fleet.Key{Ref: fleet.Ref{Context: s.Context}}, "", "")
	v.put(sweepDuration, s.Took.Seconds())
	v.put(sweepEnd, unix(s.At))
}

// known is a status that an instance without one has: nobody knows.
func known(s fleet.Status) fleet.Status {
	if s == fleet.StatusNone {
		return fleet.Unknown
	}
	return s
}

// expires is the earliest end of the certificates that were shown.
func expires(r []probe.Result) (end time.Time) {
	for i := range r {
		if at := r[i].Expires; !at.IsZero() && (end.IsZero() || at.Before(end)) {
			end = at
		}
	}
	return end
}

// unix is a time in seconds, with what is below them.
func unix(t time.Time) float64 {
	return float64(t.Unix()) + float64(t.Nanosecond())/float64(time.Second)
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
