package offer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/offer"
)

// random is a fleet with names from a small alphabet, so that many begin alike.
func random(r *rand.Rand) *fleet.Snapshot {
	word := func() string {
		text := ""
		for range 1 + r.IntN(4) {
			text += string("aAbz-"[r.IntN(5)])
		}
		return text
	}
	s := &fleet.Snapshot{}
	for range r.IntN(12) {
		svc := fleet.ServiceView{Ref: fleet.Ref{Context: word(), Source: "etcd", Name: word()}}
		for range r.IntN(4) {
			in := fleet.Instance{ID: word(), Zone: word(), Labels: map[string]string{word(): word()}}
			svc.Instances = append(svc.Instances, fleet.InstanceView{Key: fleet.Key{Ref: svc.Ref, Instance: in.ID}, Instance: in})
		}
		s.Services = append(s.Services, svc)
	}
	return s
}

// TestNothingIsLost: whatever part of a name is typed, in whatever case, its service
// is among the offers; none comes twice; those that begin so stand first.
func TestNothingIsLost(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		s := random(r)
		for i := range s.Services {
			name := s.Services[i].Name
			from := r.IntN(len(name))
			part := name[from : from+1+r.IntN(len(name)-from)]
			for _, typed := range []string{part, strings.ToUpper(part), "!" + part, "zone=a " + part} {
				before := strings.TrimSuffix(strings.TrimSuffix(typed, part), strings.ToUpper(part))
				for about, all := range map[string][]string{"filter": offer.Filter(typed, s), "words": offer.Words(strings.TrimPrefix(typed, "!"), s)} {
					want := before + name
					if about == "words" {
						want = strings.TrimPrefix(want, "!")
					}
					if !slices.Contains(all, want) {
						t.Fatalf("%s: %q does not offer %q: %q", about, typed, want, all)
					}
					sorted := slices.Clone(all)
					slices.Sort(sorted)
					if n := len(slices.Compact(sorted)); n != len(all) {
						t.Fatalf("%s: %q offers something twice: %q", about, typed, all)
					}
				}
			}
		}
	}
}

// TestEveryValue: each zone, context and label that somebody has is offered behind
// its name, and nothing else is.
func TestEveryValue(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		s := random(r)
		want := map[string]map[string]bool{}
		add := func(key, value string) {
			if want[key] == nil {
				want[key] = map[string]bool{}
			}
			want[key][fmt.Sprint(key, "=", value)] = true
		}
		for i := range s.Services {
			add("context", s.Services[i].Context)
			for k := range s.Services[i].Instances {
				in := &s.Services[i].Instances[k]
				add("zone", in.Zone)
				for name, value := range in.Labels {
					add(name, value)
				}
			}
		}
		for key, values := range want {
			got := offer.Filter(key+"=", s)
			for _, line := range got {
				if !values[line] {
					t.Fatalf("%s= offers %q, which nobody has", key, line)
				}
			}
			if len(got) != len(values) {
				t.Fatalf("%s= offers %q of %v", key, got, values)
			}
		}
	}
}
