package observed_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/observed"
	"github.com/midwatch-cli/midwatch/probe"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 500_000_000, time.UTC)

// of is the series of a snapshot as text, with their values; it fails where a
// rule of all series is broken.
func of(t *testing.T, s *fleet.Snapshot, context bool) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	observed.Visit(s, context, func(f *observed.Family, l metrics.Labels, v float64) {
		var words []string
		for i, label := range l {
			if i > 0 && l[i-1].Name >= label.Name || label.Value == "" {
				t.Errorf("labels not sorted, twice, or empty: %v", l)
			}
			if label.Name == metrics.LabelName {
				continue
			}
			words = append(words, label.Name+"="+label.Value)
			if !slices.Contains(f.Labels, label.Name) && !slices.Contains(f.Whose.Labels(), label.Name) {
				t.Errorf("%s has a label %s that is not documented", f.Name, label.Name)
			}
		}
		key := l.Name() + "{" + strings.Join(words, " ") + "}"
		if _, twice := all[key]; twice || l.Name() != f.Name || math.IsNaN(v) {
			t.Errorf("%s of %s: twice %v, %v", key, f.Name, twice, v)
		}
		all[key] = v
	})
	return all
}

// names are those of series.
func names(series map[string]float64) []string {
	var out []string
	for key := range series {
		name, _, _ := strings.Cut(key, "{")
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func instance(id string, status fleet.Status) fleet.InstanceView {
	ref := fleet.Ref{Context: "prod", Source: "etcd", Name: "order"}
	return fleet.InstanceView{
		Key:      fleet.Key{Ref: ref, Instance: id},
		Instance: fleet.Instance{ID: id, Zone: "a", Version: "2.4"}, Status: status,
	}
}

// whole is a snapshot with everything in it.
func whole() *fleet.Snapshot {
	up, down := instance("order-1", fleet.Up), instance("order-2", fleet.Down)
	up.Probes = []probe.Result{
		{Target: probe.Target{Kind: probe.HTTP}, Outcome: probe.Pass, Took: 3 * time.Second, Expires: at.Add(time.Hour), Phases: []probe.Phase{{Name: "dial", Took: time.Second}, {Name: "wait", Took: time.Second}, {Name: "dial", Took: time.Second / 2}}},
		{Target: probe.Target{Kind: probe.TCP}, Outcome: probe.Pass, Expires: at.Add(time.Minute)},
	}
	up.Flaky = true
	open := fleet.Breaker{Name: "payment", State: fleet.BreakerOpen, FailureRate: 0.5, SlowRate: 0.25, Calls: 20, Rejected: 7, Since: at.Add(-time.Minute)}
	up.Breakers = []fleet.Breaker{fleet.NewBreaker("inventory", fleet.BreakerClosed), open, open}
	up.Scrape = fleet.Scrape{URL: "http://x/metrics", Took: 20 * time.Millisecond, Samples: 100, Dropped: 2}
	down.Probes = []probe.Result{{Target: probe.Target{Kind: probe.GRPC}, Outcome: probe.Fail}}
	down.Scrape = fleet.Scrape{Why: fleet.Why{Reason: probe.ReasonRefused}}
	return &fleet.Snapshot{
		Context: "prod", At: at, Took: 2 * time.Second,
		Services: []fleet.ServiceView{
			{Ref: up.Ref, Status: fleet.Degraded, Serving: 1, Instances: []fleet.InstanceView{up, down}},
			{Ref: fleet.Ref{Context: "prod", Source: "etcd", Namespace: "n", Name: "user"}, Status: fleet.Down},
		},
		Sources: []fleet.SourceView{
			{Context: "prod", Name: "etcd", AsOf: at.Add(-40 * time.Second), Services: 2, Instances: 2, Reason: probe.ReasonRefused},
			{Context: "prod", Name: "consul", Reason: probe.ReasonTimeout},
		},
	}
}

func TestEveryFamilyIsThere(t *testing.T) {
	want := []string{}
	for _, f := range observed.Families() {
		want = append(want, f.Name)
		if f.Help == "" || !strings.HasSuffix(f.Help, ".") || strings.ContainsAny(f.Help, "\n\\") || !strings.HasPrefix(f.Name, "midwatch_") {
			t.Errorf("%+v", f)
		}
	}
	slices.Sort(want)
	if got := names(of(t, whole(), true)); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if twice := slices.Compact(slices.Clone(want)); len(twice) != len(want) {
		t.Errorf("a name twice: %v", want)
	}
}

func TestValues(t *testing.T) {
	got := of(t, whole(), false)
	first, second := "instance=order-1 service=order source=etcd", "instance=order-2 service=order source=etcd"
	for key, want := range map[string]float64{
		"midwatch_instance_up{" + first + " version=2.4 zone=a}":                                                               1,
		"midwatch_instance_up{" + second + " version=2.4 zone=a}":                                                              0,
		"midwatch_instance_status{" + first + " status=up version=2.4 zone=a}":                                                 1,
		"midwatch_instance_status{" + first + " status=down version=2.4 zone=a}":                                               0,
		"midwatch_instance_status{" + second + " status=down version=2.4 zone=a}":                                              1,
		"midwatch_instance_flaky{" + first + " version=2.4 zone=a}":                                                            1,
		"midwatch_probe_success{instance=order-1 kind=http service=order source=etcd version=2.4 zone=a}":                      1,
		"midwatch_probe_success{instance=order-2 kind=grpc service=order source=etcd version=2.4 zone=a}":                      0,
		"midwatch_probe_duration_seconds{instance=order-1 kind=http phase=total service=order source=etcd version=2.4 zone=a}": 3,
		"midwatch_probe_duration_seconds{instance=order-1 kind=http phase=dial service=order source=etcd version=2.4 zone=a}":  1.5,
		"midwatch_certificate_expiry_seconds{" + first + " version=2.4 zone=a}":                                                float64(at.Unix()) + 60.5,
		"midwatch_breaker_state{breaker=payment " + first + " state=open version=2.4 zone=a}":                                  1,
		"midwatch_breaker_state{breaker=payment " + first + " state=closed version=2.4 zone=a}":                                0,
		"midwatch_breaker_state{breaker=inventory " + first + " state=closed version=2.4 zone=a}":                              1,
		"midwatch_breaker_failure_ratio{breaker=payment " + first + " version=2.4 zone=a}":                                     0.5,
		"midwatch_breaker_slow_ratio{breaker=payment " + first + " version=2.4 zone=a}":                                        0.25,
		"midwatch_breaker_calls{breaker=payment " + first + " version=2.4 zone=a}":                                             20,
		"midwatch_breaker_rejected{breaker=payment " + first + " version=2.4 zone=a}":                                          7,
		"midwatch_breaker_since_seconds{breaker=payment " + first + " version=2.4 zone=a}":                                     float64(at.Unix()) - 59.5,
		"midwatch_scrape_success{" + first + " version=2.4 zone=a}":                                                            1,
		"midwatch_scrape_success{" + second + " version=2.4 zone=a}":                                                           0,
		"midwatch_scrape_duration_seconds{" + first + " version=2.4 zone=a}":                                                   0.02,
		"midwatch_scrape_samples{" + first + " version=2.4 zone=a}":                                                            100,
		"midwatch_scrape_samples_dropped{" + first + " version=2.4 zone=a}":                                                    2,
		"midwatch_service_status{service=order source=etcd status=degraded}":                                                   1,
		"midwatch_service_instances{service=order source=etcd status=up}":                                                      1,
		"midwatch_service_instances{service=order source=etcd status=down}":                                                    1,
		"midwatch_service_instances{service=order source=etcd status=degraded}":                                                0,
		"midwatch_service_up_ratio{service=order source=etcd}":                                                                 0.5,
		"midwatch_service_up_ratio{namespace=n service=user source=etcd}":                                                      0,
		"midwatch_registry_up{source=etcd}":                                                                                    0,
		"midwatch_registry_age_seconds{source=etcd}":                                                                           40,
		"midwatch_registry_instances{source=etcd}":                                                                             2,
		"midwatch_registry_services{source=etcd}":                                                                              2,
		"midwatch_registry_up{source=consul}":                                                                                  0,
		"midwatch_sweep_duration_seconds{}":                                                                                    2,
		"midwatch_sweep_timestamp_seconds{}":                                                                                   float64(at.Unix()) + 0.5,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s is %v (there %v), want %v", key, v, ok, want)
		}
	}
	for _, key := range []string{
		"midwatch_breaker_failure_ratio{breaker=inventory " + first + " version=2.4 zone=a}", "midwatch_breaker_calls{breaker=inventory " + first + " version=2.4 zone=a}",
		"midwatch_breaker_since_seconds{breaker=inventory " + first + " version=2.4 zone=a}", "midwatch_scrape_samples{" + second + " version=2.4 zone=a}",
		"midwatch_certificate_expiry_seconds{" + second + " version=2.4 zone=a}", "midwatch_registry_instances{source=consul}", "midwatch_registry_age_seconds{source=consul}",
	} {
		if v, ok := got[key]; ok {
			t.Errorf("nobody knows %s, and it is %v", key, v)
		}
	}
}

// TestOneStatus: of the series of a stateset exactly one is 1, whatever the
// status, and an instance without one is unknown.
func TestOneStatus(t *testing.T) {
	for st := fleet.StatusNone; st <= fleet.Down; st++ {
		in := instance("order-1", st)
		in.Probes = []probe.Result{{}}
		sum, is := 0.0, ""
		for key, v := range of(t, &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: in.Ref, Instances: []fleet.InstanceView{in}}}}, true) {
			if strings.HasPrefix(key, "midwatch_instance_status{") {
				if sum += v; v == 1 {
					is = key
				}
			}
		}
		word := st.String()
		if st == fleet.StatusNone {
			word = "unknown"
		}
		if sum != 1 || !strings.Contains(is, "status="+word+" ") {
			t.Errorf("%v: %v series are 1: %s", st, sum, is)
		}
	}
}

// TestNobodyWasAsked: a pass that read only metrics does not say that all is
// down; what a registry claims it says.
func TestNobodyWasAsked(t *testing.T) {
	unasked, claimed := instance("order-1", fleet.Unknown), instance("order-2", fleet.Down)
	unasked.Why, claimed.Why = fleet.Why{Reason: fleet.ReasonUnasked}, fleet.Why{Reason: fleet.ReasonClaimed}
	unasked.Scrape = fleet.Scrape{Samples: 1}
	snap := func(in ...fleet.InstanceView) *fleet.Snapshot {
		return &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: in[0].Ref, Instances: in}}}
	}
	if got, want := names(of(t, snap(unasked), true)), []string{"midwatch_scrape_samples", "midwatch_scrape_samples_dropped", "midwatch_scrape_success"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	up := func(got map[string]float64) string {
		var ids []string
		for _, key := range slices.Sorted(maps.Keys(got)) {
			if strings.HasPrefix(key, "midwatch_instance_up{") {
				ids = append(ids, fmt.Sprint(strings.Contains(key, "order-1"), got[key]))
			}
		}
		return strings.Join(ids, ", ")
	}
	if got := up(of(t, snap(unasked, claimed), true)); got != "false 0" {
		t.Errorf("claimed: %s", got)
	}
	// Time ran out before the first was asked: nobody knows how it is, and others were asked.
	claimed.Probes = []probe.Result{{}}
	if got := up(of(t, snap(unasked, claimed), true)); got != "true 0, false 0" {
		t.Errorf("out of time: %s", got)
	}
}

// TestLabelsAreThoseOfScrapes, so that both can be joined.
func TestLabelsAreThoseOfScrapes(t *testing.T) {
	s := whole()
	in := &s.Services[0].Instances[0]
	for _, context := range []bool{true, false} {
		target := metrics.Target{Key: in.Key, Zone: in.Zone, Version: in.Version}
		if !context {
			target.Key.Context = ""
		}
		found := false
		observed.Visit(s, context, func(_ *observed.Family, l metrics.Labels, _ float64) {
			found = found || l.Name() == "midwatch_instance_up" && slices.Equal(l[1:], target.Labels())
		})
		if !found {
			t.Errorf("context %v: no series has the labels %v", context, target.Labels())
		}
	}
}

func BenchmarkVisit(b *testing.B) {
	s := whole()
	for range 1000 {
		s.Services = append(s.Services, s.Services[0])
	}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		observed.Visit(s, false, func(*observed.Family, metrics.Labels, float64) { n++ })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/series")
}
