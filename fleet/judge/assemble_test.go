package judge_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/probe"
)

// fixture describes a service in a line: one letter an instance (u up, d down,
// ? unknown, g degraded, m in maintenance, - not asked).
type fixture struct {
	name     string // source:namespace/name, the first two may be left out
	letters  string
	depends  string // comma separated
	breakers string // names of open ones, on every instance
}

func (f fixture) ref() fleet.Ref {
	r := fleet.Ref{Source: "etcd", Name: f.name}
	if source, rest, ok := strings.Cut(r.Name, ":"); ok {
		r.Source, r.Name = source, rest
	}
	if namespace, rest, ok := strings.Cut(r.Name, "/"); ok {
		r.Namespace, r.Name = namespace, rest
	}
	return r
}

var evidenceOf = map[rune][]probe.Result{'u': {pass}, 'd': {fail}, '?': {doubt}, 'g': {warn}, 'm': {pass}, '-': nil}

// assemble makes a snapshot of fixtures.
func assemble(fixtures ...fixture) *fleet.Snapshot { return judge.Assemble(partsOf(fixtures...)) }

// partsOf are what it is made of.
func partsOf(fixtures ...fixture) judge.Parts {
	p := judge.Parts{Seq: 7, Context: "prod", At: time.Unix(1000, 0).UTC(), Took: time.Second}
	evidence := map[fleet.Key]judge.Evidence{}
	for _, f := range fixtures {
		s := fleet.Service{Ref: f.ref()}
		if f.depends != "" {
			s.DependsOn = strings.Split(f.depends, ",")
		}
		for i, letter := range f.letters {
			in := fleet.Instance{ID: fmt.Sprintf("%s-%d", s.Name, i+1)}
			if letter == 'm' {
				in.Claimed = &maintenance
			}
			e := judge.Evidence{Probes: slices.Clone(evidenceOf[letter])}
			if f.breakers != "" {
				for b := range strings.SplitSeq(f.breakers, ",") {
					e.Breakers = append(e.Breakers, fleet.Breaker{Name: b, State: fleet.BreakerOpen})
				}
			}
			s.Instances = append(s.Instances, in)
			evidence[fleet.Key{Ref: s.Ref, Instance: in.ID}] = e
		}
		p.Services = append(p.Services, s)
	}
	p.Evidence = func(s *fleet.Service, in *fleet.Instance) judge.Evidence {
		return evidence[fleet.Key{Ref: s.Ref, Instance: in.ID}]
	}
	return p
}

func TestServiceStatus(t *testing.T) {
	for _, tt := range []struct {
		letters string
		want    fleet.Status
		serving int
		why     fleet.Why
	}{
		{"uuu", up, 3, fleet.Why{}},
		{"", down, 0, because("no_instances", "the registry knows it and holds no instance")},
		// down if fewer than half of its instances serve (up or degraded)
		{"udd", down, 1, because("timeout", "x-2 timeout, x-3 timeout")},
		{"dd", down, 0, because("timeout", "x-1 timeout, x-2 timeout")},
		{"gdd", down, 1, because("timeout", "x-2 timeout, x-3 timeout, x-1 slow")},
		{"dddddd", down, 0, because("timeout", "x-1 timeout, x-2 timeout, x-3 timeout, 3 more")},
		{"d?", down, 0, because("timeout", "x-1 timeout, x-2 auth")},
		{"um d", down, 1, because("timeout", "x-4 timeout, x-3 unasked")},
		// degraded if any instance is not well
		{"ud", degraded, 1, because("timeout", "x-2 timeout")},
		{"uud", degraded, 2, because("timeout", "x-3 timeout")},
		{"ugu", degraded, 3, because("slow", "x-2 slow")},
		{"ggg", degraded, 3, because("slow", "x-1 slow, x-2 slow, x-3 slow")},
		{"uu?", degraded, 2, because("auth", "x-3 auth")},
		{"u??", degraded, 1, because("auth", "x-2 auth, x-3 auth")}, // not known to be down is not down
		// unknown if nothing is known of any
		{"??", unknown, 0, because("auth", "x-1 auth, x-2 auth")},
		{"--", unknown, 0, because("unasked", "x-1 unasked, x-2 unasked")},
		{"?m", unknown, 0, because("auth", "x-1 auth")},
		// maintenance and draining are not failures
		{"mm", maintenance, 0, because("draining", "x-1 draining, x-2 draining")},
		{"um", up, 1, fleet.Why{}},
		{"umm", up, 1, fleet.Why{}},
	} {
		t.Run(tt.letters, func(t *testing.T) {
			v := assemble(fixture{name: "x", letters: tt.letters}).Services[0]
			if v.Status != tt.want || v.Serving != tt.serving || v.Why != tt.why {
				t.Errorf("got %v, %d serving, %+v\nwant %v, %d serving, %+v", v.Status, v.Serving, v.Why, tt.want, tt.serving, tt.why)
			}
		})
	}
}

func TestAssembleSortsAndKeeps(t *testing.T) {
	s := fleet.Service{Ref: fleet.Ref{Source: "etcd", Name: "b"}, Labels: map[string]string{"team": "x"}, Instances: []fleet.Instance{{ID: "2"}, {ID: "10"}, {ID: "1"}}}
	parts := judge.Parts{
		Seq: 3, Context: "prod", At: time.Unix(5, 0), Took: time.Minute,
		Services: []fleet.Service{s, {Ref: fleet.Ref{Source: "etcd", Name: "a"}}, {Ref: fleet.Ref{Source: "consul", Name: "b"}}},
		Sources:  []fleet.SourceView{{Name: "etcd"}, {Name: "consul"}},
		Warnings: []fleet.Warning{{Where: "here", Detail: "something"}},
	}
	got := judge.Assemble(parts)
	var order []string
	for _, v := range got.Services {
		order = append(order, v.String())
		for _, in := range v.Instances {
			order = append(order, in.Key.String())
		}
	}
	if want := []string{"etcd:a", "consul:b", "etcd:b", "b/1", "b/10", "b/2"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	if got.Seq != 3 || got.Context != "prod" || got.Took != time.Minute || len(got.Warnings) != 1 || got.Sources[0].Name != "etcd" {
		t.Errorf("lost something: %+v", got)
	}
	if s.Instances[0].ID != "2" {
		t.Error("the caller's instances were sorted")
	}
}

func TestAssembleInstances(t *testing.T) {
	flaky := pass
	flaky.Attempts, flaky.Flaky, flaky.Answered = 2, true, true
	for _, tt := range []struct {
		name     string
		in       fleet.Instance
		e        judge.Evidence
		want     fleet.Status
		why      fleet.Why
		attempts int
		flaky    bool
	}{
		{"asked once", fleet.Instance{}, judge.Evidence{Probes: []probe.Result{pass}}, up, fleet.Why{}, 1, false},
		{"flaky is a flag", fleet.Instance{}, judge.Evidence{Probes: []probe.Result{flaky}}, up, fleet.Why{}, 2, true},
		{
			"refused by policy",
			fleet.Instance{},
			judge.Evidence{Plan: fleet.Plan{Refused: "169.254.169.254 is a link-local address"}},
			unknown,
			because("policy", "169.254.169.254 is a link-local address"), 0, false,
		},
		{
			"refused, and the registry says down",
			fleet.Instance{Claimed: &down, ClaimNote: "check 'http' is critical"},
			judge.Evidence{Plan: fleet.Plan{Refused: "a socket"}},
			down,
			because("claimed", "the registry says down, asking it settled nothing: a socket: check 'http' is critical"), 0, false,
		},
		{
			"a reason for maintenance",
			fleet.Instance{Claimed: &maintenance, ClaimNote: "disk swap"},
			judge.Evidence{},
			maintenance,
			because("draining", "the registry has it in maintenance: disk swap"), 0, false,
		},
		{
			"a claim that decided nothing",
			fleet.Instance{Claimed: &up, ClaimNote: "passing"},
			judge.Evidence{Probes: []probe.Result{fail}},
			down,
			because("timeout", "no answer in 2s"), 1, false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := judge.Assemble(judge.Parts{
				Services: []fleet.Service{{Ref: fleet.Ref{Name: "x"}, Instances: []fleet.Instance{tt.in}}},
				Evidence: func(*fleet.Service, *fleet.Instance) judge.Evidence { return tt.e },
			})
			v := s.Services[0].Instances[0]
			if v.Status != tt.want || v.Why != tt.why || v.Attempts != tt.attempts || v.Flaky != tt.flaky {
				t.Errorf("got %v %+v, %d attempts, flaky %v", v.Status, v.Why, v.Attempts, v.Flaky)
			}
		})
	}
}

// TestCountsAddUp holds for whatever a fleet is made of.
func TestCountsAddUp(t *testing.T) {
	property := func(seed uint64) bool {
		rng := rand.New(rand.NewPCG(seed, 2))
		var all []fixture
		want := map[rune]int{}
		for i := range rng.IntN(6) {
			f := fixture{name: fmt.Sprintf("s%d", i)}
			for range rng.IntN(6) {
				letter := rune("ud?gm-"[rng.IntN(6)])
				f.letters += string(letter)
				want[letter]++
			}
			all = append(all, f)
		}
		c := assemble(all...).Counts()
		return c.Services == len(all) && c.Up+c.Maintenance+c.Unknown+c.Degraded+c.Down == c.Instances &&
			c.Up == want['u'] && c.Down == want['d'] && c.Unknown == want['?']+want['-'] && c.Degraded == want['g'] && c.Maintenance == want['m']
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestCountsAnswered(t *testing.T) {
	s := &fleet.Snapshot{Services: []fleet.ServiceView{{Instances: []fleet.InstanceView{
		{Status: up, Probes: []probe.Result{{}, {Answered: true}}},
		{Status: down, Probes: []probe.Result{{}}},
		{}, // a status nobody set counts as unknown, not as up
	}}}}
	if got, want := s.Counts(), (fleet.Counts{Services: 1, Instances: 3, Answered: 1, Up: 1, Down: 1, Unknown: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
