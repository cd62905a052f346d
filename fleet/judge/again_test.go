package judge_test

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/quick"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/judge"
)

// TestAgainIsAsIfItHadBeenSo: what a snapshot of everything says of a smaller
// pass, or one that asked for less, is what that pass says itself.
func TestAgainIsAsIfItHadBeenSo(t *testing.T) {
	nothing := func(*fleet.InstanceView, *judge.Evidence) {}
	lesser := map[string]func(*fleet.InstanceView, *judge.Evidence){
		"everything":  nothing,
		"no breakers": func(_ *fleet.InstanceView, e *judge.Evidence) { e.Breakers = nil },
		"no probes":   func(_ *fleet.InstanceView, e *judge.Evidence) { e.Probes = nil },
		"nothing":     func(_ *fleet.InstanceView, e *judge.Evidence) { *e = judge.Evidence{} },
	}
	property := func(seed uint64) bool {
		rng := rand.New(rand.NewPCG(seed, 8))
		parts := partsOf(randomFleet(seed)...)
		parts.Warnings = []fleet.Warning{{Where: "key /a/b", Detail: "cannot be read"}}
		parts.Sources = []fleet.SourceView{{Context: "prod", Name: "etcd", HasHealth: true, Instances: 9}}
		for i := range parts.Services {
			parts.Known = append(parts.Known, parts.Services[i].Ref)
			parts.Services[i].Context, parts.Known[i].Context = "prod", "prod"
		}
		evidence := parts.Evidence
		parts.Evidence = func(s *fleet.Service, in *fleet.Instance) judge.Evidence {
			plain := *s
			plain.Context = ""
			return evidence(&plain, in)
		}
		whole := judge.Assemble(parts)
		var chosen []fleet.Service
		keep := map[fleet.Ref]bool{}
		for _, s := range parts.Services {
			if rng.IntN(3) > 0 {
				chosen, keep[s.Ref] = append(chosen, s), true
			}
		}
		for name, less := range lesser {
			smaller := parts
			smaller.Services = chosen
			smaller.Evidence = func(s *fleet.Service, in *fleet.Instance) judge.Evidence {
				e := parts.Evidence(s, in)
				less(nil, &e)
				return e
			}
			want := judge.Assemble(smaller)
			got := judge.Again(whole, judge.Another{Less: less, Select: func(all []fleet.Service) (some []fleet.Service) {
				for _, s := range all {
					if keep[s.Ref] {
						some = append(some, s)
					}
				}
				return some
			}})
			if !reflect.DeepEqual(plain(got), plain(want)) || got.Seq != want.Seq || !got.At.Equal(want.At) || !reflect.DeepEqual(got.Sources, want.Sources) {
				t.Logf("%s of %d:\n%q\n%q", name, seed, plain(got), plain(want))
				return false
			}
		}
		return reflect.DeepEqual(judge.Again(whole, judge.Another{}), whole)
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// TestAgainKnows: a dependency on a service that was not looked at is no wrong
// name, where it is said that there is one.
func TestAgainKnows(t *testing.T) {
	parts := partsOf(fixture{name: "order", letters: "u", depends: "payment"})
	order, payment := parts.Services[0].Ref, fleet.Ref{Source: "etcd", Name: "payment"}
	parts.Known = []fleet.Ref{order, payment}
	s := judge.Assemble(parts)
	if n := len(s.Warnings); n != 0 {
		t.Fatalf("%v", s.Warnings)
	}
	if got := judge.Again(s, judge.Another{Known: parts.Known}); len(got.Warnings) != 0 {
		t.Errorf("known: %v", got.Warnings)
	}
	if got := judge.Again(s, judge.Another{}); len(got.Warnings) != 1 {
		t.Errorf("not known: %v", got.Warnings)
	}
}

// TestAgainWithTwins: a registry that has an id twice still has two instances.
func TestAgainWithTwins(t *testing.T) {
	ref := fleet.Ref{Source: "etcd", Name: "a"}
	twins := []fleet.Instance{{ID: "1", Addr: "x"}, {ID: "1", Addr: "y"}}
	at := 0
	s := judge.Assemble(judge.Parts{Services: []fleet.Service{{Ref: ref, Instances: twins}}, Evidence: func(*fleet.Service, *fleet.Instance) judge.Evidence {
		at++
		if at == 1 {
			return judge.Evidence{Probes: evidenceOf['d'], Scrape: &fleet.Scrape{Form: "text"}}
		}
		return judge.Evidence{Probes: evidenceOf['u']}
	}})
	if got := judge.Again(s, judge.Another{}); !reflect.DeepEqual(got, s) || got.Services[0].Serving != 1 {
		t.Errorf("%+v", got.Services[0])
	}
	stranger := func([]fleet.Service) []fleet.Service {
		return []fleet.Service{{Ref: fleet.Ref{Name: "b"}, Instances: twins}}
	}
	if got := judge.Again(s, judge.Another{Select: stranger}); got.Services[0].Status != fleet.Unknown {
		t.Errorf("of somebody who was not there: %+v", got.Services[0])
	}
}
