package judge_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// story words what a snapshot says of causes: "payment: order gateway", with
// the members of a cycle in brackets.
func story(s *fleet.Snapshot) []string {
	var out []string
	for _, r := range s.Roots {
		line := r.Ref.Name
		if r.Cycle != nil {
			line += fmt.Sprint(names(r.Cycle))
		}
		out = append(out, strings.TrimSpace(line+": "+strings.Join(names(r.Victims), " ")))
	}
	return out
}

func names(refs []fleet.Ref) []string {
	var out []string
	for _, r := range refs {
		out = append(out, r.Name)
	}
	return out
}

func TestRoots(t *testing.T) {
	chain := func(payment, order, gateway string) []fixture {
		return []fixture{{"gateway", gateway, "order", ""}, {"order", order, "payment", ""}, {"payment", payment, "", ""}}
	}
	for _, tt := range []struct {
		name     string
		fixtures []fixture
		want     []string
	}{
		{"all well", chain("uuu", "uu", "uu"), nil},
		{"one of three hangs: its callers are blocked", chain("udu", "uu", "uu"), []string{"payment: order gateway"}},
		{"down", chain("ddd", "uu", "uu"), []string{"payment: order gateway"}},
		{"empty", chain("", "uu", "uu"), []string{"payment: order gateway"}},
		{"merely degraded blocks nobody", chain("ugu", "uu", "uu"), []string{"payment:"}},
		{"unknown is no cause", chain("???", "uu", "uu"), nil},
		{"maintenance is no cause", chain("mm", "uu", "uu"), nil},
		{"a failing caller that names nothing is a root too", chain("ddd", "dd", "uu"), []string{"order: gateway", "payment:"}},
		{"a degraded caller of what fails is a victim", chain("ddd", "gg", "uu"), []string{"payment: order gateway"}},
		{"a degraded caller of what is degraded is a root", chain("ggg", "gg", "uu"), []string{"order:", "payment:"}},
		{"what is unknown in between is blocked as well", chain("ddd", "??", "uu"), []string{"payment: order gateway"}},
		{
			"a failing caller whose breaker names it is a victim",
			[]fixture{{"gateway", "uu", "order", ""}, {"order", "dd", "payment", "payment"}, {"payment", "ddd", "", ""}},
			[]string{"payment: order gateway"},
		},
		{
			"a breaker of another name excuses nothing",
			[]fixture{{"order", "dd", "payment", "stock"}, {"payment", "dd", "", ""}},
			[]string{"order:", "payment:"},
		},
		{
			"a breaker towards a service that is well excuses nothing",
			[]fixture{{"order", "dd", "payment,stock", "stock"}, {"payment", "dd", "", ""}, {"stock", "u", "", ""}},
			[]string{"order:", "payment:"},
		},
		{
			"a cluster's name holds the service's",
			[]fixture{{"edge", "dd", "payment", "outbound|8080||payment.shop.svc.cluster.local"}, {"payment", "dd", "", ""}},
			[]string{"payment: edge"},
		},
		{
			"an open breaker alone makes a root that blocks nobody",
			[]fixture{{"gateway", "u", "order", ""}, {"order", "uu", "", "mailer"}},
			[]string{"order:"},
		},
		{
			"each victim under its nearest root, once",
			[]fixture{
				{"a", "d", "", ""},
				{"b", "d", "", ""},
				{"near-a", "u", "a", ""},
				{"near-b", "u", "b", ""},
				{"both", "u", "a,near-b", ""},
				{"far", "u", "both", ""},
			},
			[]string{"a: both near-a far", "b: near-b"},
		},
		{
			"a diamond",
			[]fixture{{"top", "u", "left,right", ""}, {"left", "u", "base", ""}, {"right", "u", "base", ""}, {"base", "d", "", ""}},
			[]string{"base: left right top"},
		},
		{
			"the worst first, then the one with most victims",
			[]fixture{{"a", "du", "", ""}, {"b", "dd", "", ""}, {"c", "dd", "", ""}, {"of-c", "u", "c", ""}},
			[]string{"c: of-c", "b:", "a:"},
		},
		{
			"a cycle is one node",
			[]fixture{{"a", "uu", "b", ""}, {"b", "ud", "a", ""}, {"caller", "u", "a", ""}},
			[]string{"b[a b]: caller"},
		},
		{
			"a cycle behind a root is its victim",
			[]fixture{{"a", "u", "b", ""}, {"b", "u", "a,base", ""}, {"base", "d", "", ""}},
			[]string{"base: b a"},
		},
		{
			"a cycle that names what it waits for is a victim as a whole",
			[]fixture{{"a", "d", "b", ""}, {"b", "u", "a,base", "base"}, {"base", "d", "", ""}},
			[]string{"base: b a"},
		},
		{"a service that needs itself", []fixture{{"a", "d", "a", ""}}, []string{"a:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := story(assemble(tt.fixtures...))
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestBlockedServices(t *testing.T) {
	s := assemble(
		fixture{"gateway", "uu", "order", ""}, fixture{"order", "uu", "payment", "payment"}, fixture{"payment", "udu", "", ""},
		fixture{"idle", "mm", "payment", ""}, fixture{"dark", "??", "payment", ""}, fixture{"user", "u", "", ""},
	)
	for name, want := range map[string]struct {
		status  fleet.Status
		why     fleet.Why
		blocked []string
	}{
		"payment": {degraded, because("timeout", "payment-2 timeout"), nil},
		"order":   {degraded, because("breaker", "waits for payment; breaker payment open on 2 of 2"), []string{"payment"}},
		"gateway": {degraded, because("dependency", "waits for payment"), []string{"payment"}},
		"idle":    {maintenance, because("draining", "idle-1 draining, idle-2 draining"), []string{"payment"}},
		"dark":    {unknown, because("auth", "dark-1 auth, dark-2 auth"), []string{"payment"}},
		"user":    {up, fleet.Why{}, nil},
	} {
		i := slices.IndexFunc(s.Services, func(v fleet.ServiceView) bool { return v.Name == name })
		v := s.Services[i]
		if v.Status != want.status || v.Why != want.why || !slices.Equal(names(v.BlockedBy), want.blocked) {
			t.Errorf("%s: %v %+v %v\nwant %v %+v %v", name, v.Status, v.Why, names(v.BlockedBy), want.status, want.why, want.blocked)
		}
		for _, in := range v.Instances {
			if name == "gateway" && in.Status != up {
				t.Error("being blocked changed an instance")
			}
		}
	}
}

func TestComponentsAccuse(t *testing.T) {
	for _, tt := range []struct {
		component string
		word      health.Word
		outcome   probe.Outcome
		victim    bool
	}{
		{"payment", health.Ill, probe.Fail, true},
		{"Payment", health.Ill, probe.Fail, true},
		{"clients/payment", health.Ill, probe.Fail, true},
		{"payment", health.Warn, probe.Fail, true},
		{"payment", health.Well, probe.Fail, false},
		{"payment", health.Unknown, probe.Fail, false},
		{"payments", health.Ill, probe.Fail, false},
		{"db", health.Ill, probe.Fail, false},
		{"payment", health.Ill, probe.Pass, false}, // an answer that is well accuses nobody
	} {
		ill := withVerdict(answer(tt.outcome, probe.ReasonReported, ""), health.Verdict{Components: []health.Component{{Name: tt.component, Word: tt.word}}})
		services := []fleet.Service{
			{Ref: fleet.Ref{Name: "order"}, DependsOn: []string{"payment"}, Instances: []fleet.Instance{{ID: "1"}, {ID: "2"}}},
			{Ref: fleet.Ref{Name: "payment"}},
		}
		s := judge.Assemble(judge.Parts{Services: services, Evidence: func(_ *fleet.Service, in *fleet.Instance) judge.Evidence {
			if in.ID == "1" {
				return judge.Evidence{Probes: []probe.Result{ill}}
			}
			return judge.Evidence{Probes: []probe.Result{fail}}
		}})
		if got := len(s.Roots) == 1 && s.Roots[0].Ref.Name == "payment"; got != tt.victim {
			t.Errorf("%s %v under %v: victim %v, roots %v", tt.component, tt.word, tt.outcome, got, story(s))
		}
	}
}

func TestGraphWarnings(t *testing.T) {
	s := assemble(
		fixture{"a", "u", "b", ""}, fixture{"b", "u", "a", ""}, fixture{"self", "u", "self", ""},
		fixture{"lost", "u", "nobody", ""}, fixture{"consul:x/twin", "u", "", ""}, fixture{"file:y/twin", "u", "", ""}, fixture{"unsure", "u", "twin", ""},
	)
	want := []fleet.Warning{
		{Where: "dependsOn of etcd:lost", Detail: "nobody is not known to any source"},
		{Where: "dependsOn of etcd:self", Detail: "it names itself"},
		{Where: "dependsOn of etcd:unsure", Detail: "twin could be consul:x/twin or file:y/twin: say which"},
		{Where: "dependsOn", Detail: "a cycle: a, b depend on each other"},
	}
	if !slices.Equal(s.Warnings, want) {
		t.Errorf("got  %v\nwant %v", s.Warnings, want)
	}
	if len(s.Roots) != 0 {
		t.Errorf("a warning is no cause: %v", story(s))
	}
}

// TestDependencyOutsideTheSelection: what was not selected was not asked, so it
// blocks nobody, and it is known, so there is no warning.
func TestDependencyOutsideTheSelection(t *testing.T) {
	order := fleet.Ref{Source: "etcd", Name: "order"}
	s := judge.Assemble(judge.Parts{
		Services: []fleet.Service{{Ref: order, DependsOn: []string{"payment"}, Instances: []fleet.Instance{{ID: "1"}}}},
		Known:    []fleet.Ref{order, {Source: "etcd", Name: "payment"}},
		Evidence: func(*fleet.Service, *fleet.Instance) judge.Evidence {
			return judge.Evidence{Probes: []probe.Result{pass}}
		},
	})
	if len(s.Warnings) != 0 || s.Services[0].Status != up || s.Services[0].BlockedBy != nil {
		t.Errorf("warnings %v, %+v", s.Warnings, s.Services[0])
	}
}

// randomFleet makes a fleet with dependencies out of a seed.
func randomFleet(seed uint64) []fixture {
	rng := rand.New(rand.NewPCG(seed, 3))
	n := 1 + rng.IntN(9)
	name := func() string { return fmt.Sprintf("s%d", rng.IntN(n)) }
	all := make([]fixture, n)
	for i := range all {
		f := fixture{name: fmt.Sprintf("s%d", i)}
		for range rng.IntN(4) {
			f.letters += string("uuud?gm"[rng.IntN(7)])
		}
		var depends []string
		for range rng.IntN(3) {
			depends = append(depends, name())
		}
		f.depends = strings.Join(depends, ",")
		if rng.IntN(3) == 0 {
			f.breakers = name()
		}
		all[i] = f
	}
	return all
}

// TestRootsInvariants checks what must hold in every fleet.
func TestRootsInvariants(t *testing.T) {
	property := func(seed uint64) bool {
		fixtures := randomFleet(seed)
		s := assemble(fixtures...)
		if problem := rootsProblem(s); problem != "" {
			t.Logf("%+v\n%q\n%s", fixtures, story(s), problem)
			return false
		}
		slices.Reverse(fixtures)
		return slices.Equal(story(s), story(assemble(fixtures...))) // the order of reading does not matter
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 3000}); err != nil {
		t.Error(err)
	}
}

func rootsProblem(s *fleet.Snapshot) string {
	isRoot, victimOf := map[fleet.Ref]bool{}, map[fleet.Ref]fleet.Ref{}
	for _, r := range s.Roots {
		for _, member := range append([]fleet.Ref{r.Ref}, r.Cycle...) {
			isRoot[member] = true
		}
		for _, v := range r.Victims {
			if _, twice := victimOf[v]; twice {
				return v.Name + " is listed twice"
			}
			victimOf[v] = r.Ref
		}
	}
	for _, v := range s.Services {
		unwell, failing := len(v.Instances) == 0, len(v.Instances) == 0
		for _, in := range v.Instances {
			unwell = unwell || in.Status == down || in.Status == degraded
			failing = failing || in.Status == down
		}
		of, isVictim := victimOf[v.Ref]
		switch {
		case isVictim && isRoot[v.Ref]:
			return v.Name + " is a root and a victim"
		case isVictim != (len(v.BlockedBy) > 0):
			return v.Name + " is a victim and not blocked, or the reverse"
		case isVictim && v.BlockedBy[0] != of:
			return v.Name + " stands under a root that is not its nearest"
		case isVictim && v.Status == up:
			return v.Name + " is blocked and up"
		case failing && !isVictim && !isRoot[v.Ref]:
			return v.Name + " fails and is neither root nor victim"
		case v.Status == down && !unwell:
			return v.Name + " is down without an instance that is"
		case !unwell && !isVictim && (v.Status == degraded || v.Status == down) && !hasUnknown(v):
			return v.Name + " is not well for no reason"
		}
		for _, b := range v.BlockedBy {
			if !isRoot[b] {
				return v.Name + " waits for " + b.Name + ", which is no root"
			}
		}
	}
	return ""
}

func hasUnknown(v fleet.ServiceView) bool {
	return slices.ContainsFunc(v.Instances, func(in fleet.InstanceView) bool { return in.Status == unknown })
}
