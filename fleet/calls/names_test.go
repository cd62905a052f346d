package calls_test

import (
	"fmt"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
)

// FuzzNames: whatever dependencies and breakers are called, each makes one edge at
// most, never to its owner, and one to the outside keeps a name people can see.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"payment", "", "/", "|", "shop/payment", "etcd:shop/payment", "outbound|8080||payment.shop.svc", "Payment#pay(Long)", "order", "order/payment", "\x00", "\xff|\xfe", "x/payment/y", "日本"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s := world("order", "payment", "shop/payment", "shop/user", "consul:x/payment", "日本")
		s.Services[0].DependsOn = []string{name}
		s.Services[0].Instances[0].Breakers = []fleet.Breaker{fleet.NewBreaker(name, fleet.BreakerClosed)}
		g := calls.Of(s)
		if len(g.Edges) > 2 {
			t.Fatalf("%q makes %d edges", name, len(g.Edges))
		}
		for _, e := range g.Edges {
			switch {
			case e.From != 0 || e.To == 0:
				t.Fatalf("%q: %+v", name, e)
			case e.To == calls.Outside && e.Name == "" && name != "":
				t.Fatalf("%q is outside without a name", name)
			case e.To != calls.Outside && (e.Name != "" || e.Why != ""):
				t.Fatalf("%q: %+v is here and said to be outside", name, e)
			}
		}
	})
}

// BenchmarkOf reads 1,000 calls of 200 services, each guarded by a breaker on 25
// instances.
func BenchmarkOf(b *testing.B) {
	s := &fleet.Snapshot{}
	for i := range 200 {
		v := fleet.ServiceView{Ref: ref(fmt.Sprintf("s%03d", i)), Instances: make([]fleet.InstanceView, 25)}
		for k := range 5 {
			name := fmt.Sprintf("s%03d", (i+1+k*37)%200)
			v.DependsOn = append(v.DependsOn, name)
			for n := range v.Instances {
				v.Instances[n].Breakers = append(v.Instances[n].Breakers, fleet.NewBreaker(name, fleet.BreakerClosed))
			}
		}
		s.Services = append(s.Services, v)
	}
	b.ReportAllocs()
	for b.Loop() {
		if g := calls.Of(s); len(g.Edges) != 1000 {
			b.Fatal(len(g.Edges))
		}
	}
}
