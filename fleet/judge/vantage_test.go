package judge_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/probe"
)

// away makes a fleet of one source, n instances, of which ready are claimed up
// and the rest down, each with the same result.
func away(n, ready int, hasHealth bool, result func(i int) []probe.Result) *fleet.Snapshot {
	s := fleet.Service{Ref: fleet.Ref{Source: "consul", Name: "payment"}}
	for i := range n {
		in := fleet.Instance{ID: fmt.Sprintf("%03d", i), Claimed: &down}
		if i < ready {
			in.Claimed = &up
		}
		s.Instances = append(s.Instances, in)
	}
	return judge.Assemble(judge.Parts{
		Services: []fleet.Service{s, {Ref: fleet.Ref{Source: "other", Name: "x"}, Instances: []fleet.Instance{{ID: "000", Claimed: &up}}}},
		Sources:  []fleet.SourceView{{Name: "consul", HasHealth: hasHealth, Instances: n}, {Name: "other", HasHealth: true, Instances: 1}},
		Evidence: func(s *fleet.Service, in *fleet.Instance) judge.Evidence {
			if s.Source == "other" {
				return judge.Evidence{Probes: []probe.Result{{Outcome: probe.Pass, Answered: true}}}
			}
			var i int
			_, _ = fmt.Sscanf(in.ID, "%d", &i)
			return judge.Evidence{Probes: result(i)}
		},
	})
}

func always(r probe.Result) func(int) []probe.Result {
	return func(int) []probe.Result { return []probe.Result{r} }
}

func TestVantage(t *testing.T) {
	timeout := func(phases ...string) probe.Result {
		r := probe.Result{Outcome: probe.Fail, Reason: probe.ReasonTimeout}
		for _, p := range phases {
			r.Phases = append(r.Phases, probe.Phase{Name: p})
		}
		return r
	}
	of := func(o probe.Outcome, reason probe.Reason, code int) probe.Result {
		return probe.Result{Outcome: o, Reason: reason, Code: code, Answered: code != 0}
	}
	refused := of(probe.Fail, probe.ReasonRefused, 0)
	for _, tt := range []struct {
		name      string
		n, ready  int
		hasHealth bool
		result    func(int) []probe.Result
		applies   bool
	}{
		{"the sentence's case", 400, 398, true, always(timeout("resolve", "dial")), true},
		{"refused", 4, 4, true, always(refused), true},
		{"no route", 4, 4, true, always(of(probe.Unknown, probe.ReasonNoRoute, 0)), true},
		{"no name", 4, 4, true, always(of(probe.Unknown, probe.ReasonResolve, 0)), true},
		{"a proxy says that it cannot", 4, 4, true, always(of(probe.Unknown, probe.ReasonGateway, 503)), true},
		{"a proxy wants to know us", 4, 4, true, always(of(probe.Unknown, probe.ReasonAuth, 407)), true},
		{"just over half are ready", 4, 3, true, always(refused), true},
		{"half are ready", 4, 2, true, always(refused), false},
		{"the source itself calls them down", 4, 0, true, always(refused), false},
		{"a source without health of its own", 4, 4, false, always(refused), false},
		{"it connects and does not answer", 4, 4, true, always(timeout("dial", "send", "wait")), false},
		{"it connects and breaks off", 4, 4, true, always(of(probe.Fail, probe.ReasonReset, 0)), false},
		{"it answers that it is ill", 4, 4, true, always(of(probe.Fail, probe.ReasonReported, 503)), false},
		{"no token to ask with", 4, 4, true, always(of(probe.Unknown, probe.ReasonAuth, 0)), false},
		{"it wants credentials", 4, 4, true, always(of(probe.Unknown, probe.ReasonAuth, 401)), false},
		{"one of them answers", 400, 398, true, func(i int) []probe.Result {
			if i == 17 {
				return []probe.Result{of(probe.Pass, "", 200)}
			}
			return []probe.Result{refused}
		}, false},
		{"time ran out before they were asked", 4, 4, true, always(of(probe.Unknown, fleet.ReasonUnasked, 0)), false},
		{"we stopped asking", 4, 4, true, always(of(probe.Unknown, probe.ReasonCancelled, 0)), false},
		{"an address that answers beside one that does not", 4, 4, true, func(int) []probe.Result {
			return []probe.Result{of(probe.Unknown, probe.ReasonNotFound, 404), refused}
		}, false},
		{"nothing was asked", 4, 4, true, func(int) []probe.Result { return nil }, false},
		{"no instances", 0, 0, true, always(refused), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := away(tt.n, tt.ready, tt.hasHealth, tt.result)
			want := ""
			if tt.applies {
				want = fmt.Sprintf("none of %d answered from here, the registry says %d are ready: you may be outside its network", tt.n, tt.ready)
			}
			if s.Sources[0].Vantage != want || s.Sources[1].Vantage != "" {
				t.Errorf("got %q and %q, want %q", s.Sources[0].Vantage, s.Sources[1].Vantage, want)
			}
			for _, v := range s.Services {
				for _, in := range v.Instances {
					applied := in.Why.Reason == fleet.ReasonVantage
					if applied != (tt.applies && v.Source == "consul") {
						t.Fatalf("%s: %v %+v", in.Key, in.Status, in.Why)
					}
					if applied && (in.Status != unknown || in.Why.Detail != want) {
						t.Fatalf("%s: %v %+v", in.Key, in.Status, in.Why)
					}
				}
			}
			if tt.applies && (s.Services[0].Status != unknown || len(s.Roots) != 0) {
				t.Errorf("service %v, roots %v: what we cannot see is no cause", s.Services[0].Status, story(s))
			}
		})
	}
}

// TestVantageSpeaksOfTheSource is a bug that was: one instance that was selected,
// refused, and called well by Consul came out as unknown, whatever the rest of the
// source would have answered. Three instances speak for a source, or all it holds,
// if that are two.
func TestVantageSpeaksOfTheSource(t *testing.T) {
	for _, tt := range []struct {
		name         string
		asked, holds int
		applies      bool
	}{
		{"one of many", 1, 400, false},
		{"two of many", 2, 400, false},
		{"three of many", 3, 400, true},
		{"the only one", 1, 1, false},
		{"both of two", 2, 2, true},
		{"two of three", 2, 3, false},
		{"all three", 3, 3, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			selected := fleet.Service{Ref: fleet.Ref{Source: "consul", Name: "payment"}}
			for i := range tt.asked {
				selected.Instances = append(selected.Instances, fleet.Instance{ID: fmt.Sprint(i), Claimed: &up})
			}
			s := judge.Assemble(judge.Parts{
				Services: []fleet.Service{selected},
				Sources:  []fleet.SourceView{{Name: "consul", HasHealth: true, Instances: tt.holds}},
				Evidence: func(*fleet.Service, *fleet.Instance) judge.Evidence {
					return judge.Evidence{Probes: []probe.Result{{Outcome: probe.Fail, Reason: probe.ReasonRefused}}}
				},
			})
			want := down
			if tt.applies {
				want = unknown
			}
			for _, in := range s.Services[0].Instances {
				if in.Status != want || (s.Sources[0].Vantage != "") != tt.applies {
					t.Errorf("%s: %v %+v, %q", in.Key, in.Status, in.Why, s.Sources[0].Vantage)
				}
			}
		})
	}
}

// TestVantageSpeaksOfThoseAsked: who was not asked, for want of time or of a
// token, stays as it is.
func TestVantageSpeaksOfThoseAsked(t *testing.T) {
	for _, unasked := range []probe.Reason{fleet.ReasonUnasked, probe.ReasonAuth} {
		s := away(4, 4, true, func(i int) []probe.Result {
			reason := probe.ReasonNoRoute
			if i == 3 {
				reason = unasked
			}
			return []probe.Result{{Outcome: probe.Unknown, Reason: reason}}
		})
		if want := "none of 3 answered from here, the registry says 4 are ready: you may be outside its network"; s.Sources[0].Vantage != want {
			t.Errorf("%s: got %q", unasked, s.Sources[0].Vantage)
		}
		if last := s.Services[0].Instances[3]; last.Status != unknown || last.Why.Reason != unasked {
			t.Errorf("%s: got %v %+v", unasked, last.Status, last.Why)
		}
	}
}

func TestVantageLeavesMaintenance(t *testing.T) {
	s := judge.Assemble(judge.Parts{
		Services: []fleet.Service{{Ref: fleet.Ref{Source: "consul", Name: "x"}, Instances: []fleet.Instance{
			{ID: "1", Claimed: &up}, {ID: "2", Claimed: &up}, {ID: "3", Claimed: &maintenance},
		}}},
		Sources: []fleet.SourceView{{Name: "consul", HasHealth: true, Instances: 3}},
		Evidence: func(*fleet.Service, *fleet.Instance) judge.Evidence {
			return judge.Evidence{Probes: []probe.Result{{Outcome: probe.Fail, Reason: probe.ReasonRefused}}}
		},
	})
	var got []fleet.Status
	for _, in := range s.Services[0].Instances {
		got = append(got, in.Status)
	}
	if !slices.Equal(got, []fleet.Status{unknown, unknown, maintenance}) {
		t.Errorf("got %v", got)
	}
}
