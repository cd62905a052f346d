package calls_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/calls"
	"github.com/midwatch-cli/midwatch/fleet/match"
)

// ref reads source:namespace/name; the source is etcd where none is given.
func ref(text string) fleet.Ref {
	r := fleet.Ref{Context: "prod", Source: "etcd", Name: text}
	if source, rest, ok := strings.Cut(text, ":"); ok {
		r.Source, r.Name = source, rest
	}
	if namespace, name, ok := strings.Cut(r.Name, "/"); ok {
		r.Namespace, r.Name = namespace, name
	}
	return r
}

// world reads a service a line: its name, what it depends on, and its breakers,
// closed ones, on a single instance: "order > payment, user ! payment".
func world(lines ...string) *fleet.Snapshot {
	s := &fleet.Snapshot{}
	for _, line := range lines {
		head, breakers, _ := strings.Cut(line, " ! ")
		name, deps, _ := strings.Cut(head, " > ")
		svc := fleet.ServiceView{Ref: ref(strings.TrimSpace(name)), Instances: make([]fleet.InstanceView, 1)}
		for d := range strings.SplitSeq(deps, ", ") {
			if d != "" {
				svc.DependsOn = append(svc.DependsOn, d)
			}
		}
		for b := range strings.SplitSeq(breakers, ", ") {
			if b != "" {
				svc.Instances[0].Breakers = append(svc.Instances[0].Breakers, fleet.NewBreaker(b, fleet.BreakerClosed))
			}
		}
		s.Services = append(s.Services, svc)
	}
	return s
}

// story words a graph: "order>payment d,b" is declared, and guarded by breaker b;
// what is outside stands in brackets.
func story(s *fleet.Snapshot, g *calls.Graph) (all []string) {
	for _, e := range g.Edges {
		to := "(" + e.Name + ")"
		if e.To != calls.Outside {
			to = s.Services[e.To].Ref.String()
		}
		var how []string
		if e.Declared {
			how = append(how, "declared")
		}
		for _, b := range e.Breakers {
			how = append(how, b.Name)
		}
		line := s.Services[e.From].Name + ">" + strings.TrimPrefix(to, "etcd:") + " " + strings.Join(how, ",")
		if e.Why != "" {
			line += " " + e.Why
		}
		all = append(all, line)
	}
	return all
}

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		name  string
		world []string
		want  []string
	}{
		{"nothing", nil, nil},
		{"nobody says anything", []string{"order", "payment"}, nil},
		{"declared", []string{"order > payment", "payment"}, []string{"order>payment declared"}},
		{"by a breaker", []string{"order ! payment", "payment"}, []string{"order>payment payment"}},
		{"both are one", []string{"order > payment ! payment, user", "payment", "user"}, []string{"order>payment declared,payment", "order>user user"}},
		{"two names of one", []string{"order > payment, etcd:payment ! etcd:payment", "payment"}, []string{"order>payment declared,etcd:payment"}},
		{"case does not matter to programs", []string{"order ! PAYMENT, Payment#pay(Long)", "payment"}, []string{"order>payment PAYMENT,Payment#pay(Long)"}},
		{"nor may two differ by case alone", []string{"order ! Payment", "payment", "PAYMENT"}, []string{"order>(Payment) Payment payment could be etcd:payment or etcd:payment: say which"}},
		{"a cluster's name", []string{"edge ! outbound|8080||payment.shop.svc.cluster.local", "payment", "shop"}, []string{"edge>payment outbound|8080||payment.shop.svc.cluster.local"}},
		{"its namespace counts", []string{"edge ! outbound|8080||payment.shop.svc.cluster.local", "shop/payment", "bank/payment"}, []string{"edge>shop/payment outbound|8080||payment.shop.svc.cluster.local"}},
		{"a backend and its servers", []string{"edge ! shop/s1, shop/s2", "shop"}, []string{"edge>shop shop/s1,shop/s2"}},
		{"a backend nobody knows", []string{"edge ! shop/s1, shop/s2"}, []string{"edge>(shop) shop/s1,shop/s2"}},
		{"a name of which nothing stands before the slash", []string{"edge ! /s1"}, []string{"edge>(/s1) /s1"}},
		{"outside", []string{"order > ledger ! db"}, []string{"order>(ledger) declared", "order>(db) db"}},
		{"outside, both ways", []string{"order > ledger ! ledger"}, []string{"order>(ledger) declared,ledger"}},
		{"itself", []string{"order > order ! order, order/1"}, nil},
		{"itself is skipped in a path", []string{"order ! order|payment", "payment"}, []string{"order>payment order|payment"}},
		{"the own namespace first", []string{"a/order > payment ! payment", "a/payment", "b/payment"}, []string{"order>a/payment declared,payment"}},
		{"the own source first", []string{"consul:order > payment", "payment", "consul:payment"}, []string{"order>consul:payment declared"}},
		{"one of several is not guessed", []string{"order > payment", "a/payment", "b/payment"}, []string{"order>(payment) declared payment could be etcd:a/payment or etcd:b/payment: say which"}},
		{"nor by a part", []string{"order ! x|payment|user", "a/payment", "b/payment", "user"}, []string{"order>(x|payment|user) x|payment|user payment could be etcd:a/payment or etcd:b/payment: say which"}},
		{"a cycle", []string{"a > b", "b > a"}, []string{"a>b declared", "b>a declared"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := world(tt.world...)
			if got := story(s, calls.Of(s)); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestContexts: services call each other inside their context only.
func TestContexts(t *testing.T) {
	s := world("order > payment ! payment", "payment")
	s.Services[1].Context = "test"
	if got := story(s, calls.Of(s)); !slices.Equal(got, []string{"order>(payment) declared,payment"}) {
		t.Errorf("got %q", got)
	}
}

// TestGuards: a breaker is one, in its worst state, with how many instances are in
// that and since when; what is counted is added up.
func TestGuards(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := world("order ! payment", "payment")
	in := &s.Services[0].Instances
	*in = nil
	for i, st := range []fleet.BreakerState{fleet.BreakerClosed, fleet.BreakerHalfOpen, fleet.BreakerOpen, fleet.BreakerOpen, fleet.BreakerUnknown} {
		b := fleet.NewBreaker("payment", st)
		if i > 0 {
			b.FailureRate, b.Rejected, b.Since = float64(i)/10, int64(i), at.Add(-time.Duration(i)*time.Minute)
		}
		*in = append(*in, fleet.InstanceView{Breakers: []fleet.Breaker{b}})
	}
	*in = append(*in, fleet.InstanceView{})
	g := calls.Of(s)
	want := calls.Breaker{Name: "payment", State: fleet.BreakerOpen, In: 2, Of: 5, Failures: 0.4, Calls: -1, Rejected: 10, Since: at.Add(-3 * time.Minute)}
	e := &g.Edges[0]
	if len(e.Breakers) != 1 || e.Breakers[0] != want || !e.Refuses() || *e.Worst() != want {
		t.Errorf("got  %+v\nwant %+v", e.Breakers, want)
	}
	*in = (*in)[:1]
	g = calls.Of(s)
	e = &g.Edges[0]
	if b := e.Worst(); e.Refuses() || !math.IsNaN(b.Failures) || b.Rejected >= 0 || b.In != 1 || b.Of != 1 {
		t.Errorf("a closed one that counts nothing: %+v", b)
	}
	if (&calls.Edge{}).Worst() != nil {
		t.Error("a breaker of nothing")
	}
}

// TestDeclared: what is not linked is said; what is known and was not chosen is
// neither an edge nor a fault.
func TestDeclared(t *testing.T) {
	s := world("order > payment, payment, nobody, order, twin", "payment > stock", "a/twin", "b/twin")
	known := []fleet.Ref{ref("stock")}
	for i := range s.Services {
		known = append(known, s.Services[i].Ref)
	}
	deps, warnings := calls.Declared(s, known)
	if fmt.Sprint(deps) != "[[1] [] [] []]" {
		t.Errorf("edges %v", deps)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.Where+": "+w.Detail)
	}
	if want := []string{
		"dependsOn of etcd:order: nobody is not known to any source", "dependsOn of etcd:order: it names itself",
		"dependsOn of etcd:order: twin could be etcd:a/twin or etcd:b/twin: say which",
	}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if _, warnings := calls.Declared(s, nil); len(warnings) != 4 {
		t.Errorf("what was not chosen is unknown where nobody says what is known: %v", warnings)
	}
	if deps, warnings := calls.Declared(world("a", "b"), nil); len(deps) != 2 || warnings != nil {
		t.Errorf("nobody declares anything: %v %v", deps, warnings)
	}
}

func TestWords(t *testing.T) {
	for name, want := range map[string]string{
		"payment": "payment payment", "Broker/Primary": "broker/primary broker primary",
		"outbound|80||pay.shop": "outbound|80||pay.shop outbound 80 pay shop", "": "",
	} {
		if got := strings.TrimSpace(strings.Join(calls.Words(name), " ")); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestAnyGraph: in any world each pair has one edge at most, edges know their ends
// from both sides, nothing calls itself, and what is declared is what Declared says.
func TestAnyGraph(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		n := 1 + r.IntN(12)
		s := &fleet.Snapshot{}
		word := func() string {
			return []string{"s0", "s1", "S2", "ns/s3", "x/s4", "etcd:s5", "outbound|1||s6.ns.svc", "db", "", "|", "s7", "s1/a"}[r.IntN(12)]
		}
		for i := range n {
			v := fleet.ServiceView{Ref: fleet.Ref{Source: []string{"etcd", "consul"}[r.IntN(2)], Namespace: []string{"", "ns"}[r.IntN(2)], Name: fmt.Sprint("s", i)}}
			for range r.IntN(4) {
				v.DependsOn = append(v.DependsOn, word())
			}
			for range r.IntN(3) {
				in := fleet.InstanceView{}
				for range r.IntN(3) {
					in.Breakers = append(in.Breakers, fleet.NewBreaker(word(), fleet.BreakerState(r.IntN(7))))
				}
				v.Instances = append(v.Instances, in)
			}
			s.Services = append(s.Services, v)
		}
		g := calls.Of(s)
		seen := map[string]bool{}
		out, in := 0, 0
		for i := range s.Services {
			out, in = out+len(g.Out[i]), in+len(g.In[i])
			for _, e := range g.Out[i] {
				if g.Edges[e].From != i {
					t.Fatalf("seed %d: an edge of another", seed)
				}
			}
			for _, e := range g.In[i] {
				if g.Edges[e].To != i {
					t.Fatalf("seed %d: an edge to another", seed)
				}
			}
		}
		outside := 0
		for _, e := range g.Edges {
			key := fmt.Sprint(e.From, " ", e.To, " ", e.Name)
			if seen[key] || e.From == e.To || !e.Declared && len(e.Breakers) == 0 || (e.To == calls.Outside) != (e.To < 0) {
				t.Fatalf("seed %d: %+v", seed, e)
			}
			seen[key] = true
			if e.To == calls.Outside {
				outside++
			}
		}
		if out != len(g.Edges) || in != len(g.Edges)-outside {
			t.Fatalf("seed %d: %d edges, %d out, %d in, %d outside", seed, len(g.Edges), out, in, outside)
		}
		deps, _ := calls.Declared(s, nil)
		plain := g.Services()
		for i := range deps {
			for _, d := range deps[i] {
				if !slices.Contains(plain[i], d) {
					t.Fatalf("seed %d: %d depends on %d, which is no edge", seed, i, d)
				}
			}
		}
	}
}

func TestSeveralIsSaid(t *testing.T) {
	x := match.Index{}
	x.Add(match.Name{Source: "a", Name: "pay"})
	x.Add(match.Name{Source: "b", Name: "pay"})
	if _, err := x.Find(match.Name{Source: "c"}, "pay"); err == nil || err.Error() != "pay could be a:pay or b:pay: say which" {
		t.Errorf("said %v", err)
	}
}
