package gate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

func amount(t *testing.T, s string) gate.Amount {
	t.Helper()
	a, err := gate.ParseAmount(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestEveryStatusUnderEveryRule is the whole matrix: one instance beside one
// that is up, in each status, under each rule that can change what it comes to.
func TestEveryStatusUnderEveryRule(t *testing.T) {
	statuses := []fleet.Status{fleet.StatusNone, fleet.Up, fleet.Maintenance, fleet.Unknown, fleet.Degraded, fleet.Down}
	all := func(fleet.Ref) bool { return true }
	P, U, F := gate.Passed, gate.Unknown, gate.Failed
	for _, c := range []struct {
		name  string
		rules gate.Rules
		want  [6]gate.Outcome // in the order of statuses
	}{
		{"none", gate.Rules{}, [6]gate.Outcome{U, P, P, U, P, F}},
		{"fail on degraded", gate.Rules{FailOn: []fleet.Status{fleet.Degraded}}, [6]gate.Outcome{U, P, P, U, F, F}},
		{"fail on unknown", gate.Rules{FailOn: []fleet.Status{fleet.Unknown}}, [6]gate.Outcome{U, P, P, F, P, F}},
		{"fail on maintenance", gate.Rules{FailOn: []fleet.Status{fleet.Maintenance}}, [6]gate.Outcome{U, P, F, U, P, F}},
		{"fail on up is nothing", gate.Rules{FailOn: []fleet.Status{fleet.Up}}, [6]gate.Outcome{U, P, P, U, P, F}},
		{"half may be unknown", gate.Rules{MaxUnknown: amount(t, "50%")}, [6]gate.Outcome{P, P, P, P, P, F}},
		{"a third may be unknown", gate.Rules{MaxUnknown: amount(t, "34%")}, [6]gate.Outcome{U, P, P, U, P, F}},
		{"all ignored", gate.Rules{Ignore: []gate.Ignore{{Match: all}}}, [6]gate.Outcome{P, P, P, P, P, P}},
		{"ignored by its reason", gate.Rules{Ignore: []gate.Ignore{{Match: all, Reason: "timeout"}}}, [6]gate.Outcome{P, P, P, P, P, P}},
		{"ignored by another", gate.Rules{Ignore: []gate.Ignore{{Match: all, Reason: "auth"}}}, [6]gate.Outcome{U, P, P, U, P, F}},
		{"ignored beats fail on", gate.Rules{FailOn: []fleet.Status{fleet.Down, fleet.Degraded}, Ignore: []gate.Ignore{{Match: all}}}, [6]gate.Outcome{P, P, P, P, P, P}},
	} {
		for i, st := range statuses {
			s := snap("a up up:timeout")
			s.Services[0].Instances[1].Status = st
			if v := gate.Check(s, c.rules); v.Outcome != c.want[i] {
				t.Errorf("%s, %v: got %v, want %v", c.name, st, v.Outcome, c.want[i])
			}
		}
	}
}

// TestIgnoredDoNotCount: a share of the unknown is one of those that count, and
// a fleet of which the rest is down is all down.
func TestIgnoredDoNotCount(t *testing.T) {
	ignore := []gate.Ignore{{Match: only("b"), Text: "b:timeout"}}
	s := snap("a unknown:auth up up up", "b down:timeout down:timeout down:timeout down:timeout")
	if v := gate.Check(s, gate.Rules{Ignore: ignore, MaxUnknown: amount(t, "24%")}); v.Outcome != gate.Unknown || len(v.Ignored) != 4 {
		t.Errorf("24%% of four: %+v", v)
	}
	if v := gate.Check(s, gate.Rules{Ignore: ignore, MaxUnknown: amount(t, "25%")}); v.Outcome != gate.Passed {
		t.Errorf("25%% of four: %+v", v)
	}
	v := gate.Check(snap("a down:refused", "b down:timeout"), gate.Rules{Ignore: ignore})
	if v.Headline != "all down" {
		t.Errorf("headline %q", v.Headline)
	}
	if len(v.Ignored) != 1 || v.Ignored[0].Reason != "b:timeout" || v.Ignored[0].Key.Instance != "b-1" {
		t.Errorf("ignored: %+v", v.Ignored)
	}
	if v := gate.Check(snap("b down:timeout"), gate.Rules{Ignore: ignore}); v.Headline != "" || v.Outcome != gate.Passed {
		t.Errorf("nothing that counts is not all down: %+v", v)
	}
}

func TestTheFirstIgnoreThatMatchesIsNamed(t *testing.T) {
	v := gate.Check(snap("a down:timeout"), gate.Rules{Ignore: []gate.Ignore{
		{Match: only("a"), Reason: "auth", Text: "a:auth"}, {Match: only("a"), Reason: "timeout", Text: "a:timeout"}, {Match: only("a"), Text: "a"},
	}})
	if len(v.Ignored) != 1 || v.Ignored[0].Reason != "a:timeout" {
		t.Errorf("got %+v", v.Ignored)
	}
}

// TestTooFewMayBeIgnoredAndDownNot: that a service may be small says nothing of how
// its instances are. One that was down once went by unseen.
func TestTooFewMayBeIgnoredAndDownNot(t *testing.T) {
	rules := gate.Rules{MinInstances: 3, Ignore: []gate.Ignore{{Match: only("a"), Reason: fleet.ReasonNoInstances, Text: "a:no_instances"}}}
	v := gate.Check(snap("a up down:timeout"), rules)
	if v.Outcome != gate.Failed || len(v.Findings) != 1 || v.Findings[0].Key.Instance != "a-2" || len(v.Ignored) != 1 {
		t.Errorf("got %+v", v)
	}
	if v := gate.Check(snap("a up up"), rules); v.Outcome != gate.Passed || len(v.Ignored) != 1 {
		t.Errorf("well but small: %+v", v)
	}
}

func TestHeadlines(t *testing.T) {
	missing := []gate.Missing{{Name: "x"}}
	for _, c := range []struct {
		name  string
		snap  *fleet.Snapshot
		rules gate.Rules
		want  string
		text  string // of the first finding
	}{
		{"one of three", snap("a up"), gate.Rules{MinInstances: 3}, "a has 1 instance, wanted 3", "a has 1 instance, wanted 3"},
		{"two of three", snap("a up up"), gate.Rules{MinInstances: 3}, "a has 2 instances, wanted 3", "a has 2 instances, wanted 3"},
		{"empty", snap("a"), gate.Rules{MinInstances: 3}, "known but empty", "a is known but has no instances"},
		{"the first that has too few", snap("a up", "b up"), gate.Rules{MinInstances: 2}, "a has 1 instance, wanted 2", "a has 1 instance, wanted 2"},
		{"too few beside an empty one", snap("a up", "b"), gate.Rules{MinInstances: 2}, "known but empty", "a has 1 instance, wanted 2"},
		{"missing beside what is well", snap("a up"), gate.Rules{Missing: missing}, "no such service", "no such service: x"},
		{"missing beside what is down", snap("a down:timeout"), gate.Rules{Missing: missing}, "all down", "a-1 because timeout"},
		{"too few and down", snap("a down:timeout"), gate.Rules{MinInstances: 2}, "all down", "a has 1 instance, wanted 2"},
	} {
		v := gate.Check(c.snap, c.rules)
		if v.Headline != c.want || len(v.Findings) == 0 || v.Findings[0].Text != c.text {
			t.Errorf("%s: headline %q, findings %+v; want %q, %q", c.name, v.Headline, v.Findings, c.want, c.text)
		}
	}
}

func TestSuggestionsRead(t *testing.T) {
	for n, want := range []string{"midwatch services lists what the registries hold", "did you mean s0?", "did you mean s0 or s1?", "did you mean s0, s1 or s2?"} {
		m := gate.Missing{Name: "x"}
		for i := range n {
			m.Suggestions = append(m.Suggestions, fmt.Sprint("s", i))
		}
		if got := gate.Check(snap("a up"), gate.Rules{Missing: []gate.Missing{m}}).Findings[0].Hint; got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

// TestFindingsKeepTheirPlaces: the worst first, then by service and instance,
// so that two runs over one fleet read alike.
func TestFindingsKeepTheirPlaces(t *testing.T) {
	s := withSource(snap("b unknown:auth down:timeout", "a down:refused unknown:auth"), "refused")
	v := gate.Check(s, gate.Rules{Missing: []gate.Missing{{Name: "zz"}}})
	var got []string
	for _, f := range v.Findings {
		got = append(got, f.Outcome.String()+" "+f.Key.String()+" "+string(f.Reason))
	}
	want := []string{
		"failed a/a-1 refused", "failed b/b-2 timeout",
		"unknown / refused", "unknown a/a-2 auth", "unknown b/b-1 auth", "unknown zz/ no_service",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestSourcesAreNamedWithTheirContext(t *testing.T) {
	s := snap("a up")
	s.Sources = []fleet.SourceView{
		{Context: "prod", Name: "etcd", Reason: "timeout", Detail: "no answer in 2 s", Hint: "midwatch doctor"}, {Context: "stage", Name: "etcd"},
	}
	v := gate.Check(s, gate.Rules{})
	if len(v.Findings) != 1 || v.Outcome != gate.Unknown {
		t.Fatalf("got %+v", v)
	}
	f := v.Findings[0]
	if f.Key.Ref != (fleet.Ref{Context: "prod", Source: "etcd"}) || f.Text != "registry etcd: no answer in 2 s" || f.Hint != "midwatch doctor" {
		t.Errorf("got %+v", f)
	}
}
