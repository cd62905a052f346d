package selection_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// guarded is a fleet with breakers: those of order-3 could not be read.
func guarded() *fleet.Snapshot {
	s := &fleet.Snapshot{}
	add := func(ref fleet.Ref, instances ...string) {
		v := fleet.ServiceView{Ref: ref}
		for _, text := range instances {
			id, names, _ := strings.Cut(text, ":")
			in := fleet.InstanceView{Key: fleet.Key{Ref: ref, Instance: id}, Instance: fleet.Instance{ID: id}}
			for _, name := range strings.Fields(names) {
				in.Breakers = append(in.Breakers, fleet.NewBreaker(name, fleet.BreakerClosed))
			}
			if names == "" {
				in.BreakersWhy = fleet.Why{Reason: "auth", Detail: "401"}
			}
			v.Instances = append(v.Instances, in)
		}
		s.Services = append(s.Services, v)
	}
	add(fleet.Ref{Source: "etcd", Name: "edge"}, "edge-1:shop/s1 shop/s2 api/s1 a*c")
	add(fleet.Ref{Source: "etcd", Name: "gateway"}, "gateway-1:order")
	add(fleet.Ref{Source: "etcd", Name: "order"}, "order-1:inventory payment", "order-2:inventory payment", "order-3:")
	add(fleet.Ref{Source: "consul", Namespace: "shop", Name: "order"}, "n1:payment")
	return s
}

func foundWords(found []selection.Found) string {
	var words []string
	for _, f := range found {
		words = append(words, f.In.Instance.ID+"/"+f.Breaker.Name)
	}
	return strings.Join(words, " ")
}

func TestFindBreakers(t *testing.T) {
	const (
		edge  = "edge-1/shop/s1 edge-1/shop/s2 edge-1/api/s1 edge-1/a*c"
		order = "order-1/inventory order-1/payment order-2/inventory order-2/payment"
	)
	for _, tt := range []struct {
		texts   string
		name    string // --breaker
		want    string
		missing string
	}{
		{"", "", edge + " gateway-1/order " + order + " n1/payment", ""},
		{"order/payment", "", "order-1/payment order-2/payment n1/payment", ""},
		{"etcd:order/payment", "", "order-1/payment order-2/payment", ""},
		{"consul:order", "", "n1/payment", ""},
		{"*/payment", "", "order-1/payment order-2/payment n1/payment", ""},
		{"*/order", "", "gateway-1/order", ""},
		{"order", "", order + " n1/payment", ""},
		{"ord*/inv*", "", "order-1/inventory order-2/inventory", ""},
		{"edge/shop/s1", "", "edge-1/shop/s1", ""},
		{"edge/shop/*", "", "edge-1/shop/s1 edge-1/shop/s2", ""},
		{"edge/*", "", edge, ""},
		{"edge/*s1", "", "edge-1/shop/s1 edge-1/api/s1", ""},
		{"edge/a*c", "", "edge-1/a*c", ""},
		{"edge", "shop/s1", "edge-1/shop/s1", ""},
		{"", "payment", "order-1/payment order-2/payment n1/payment", ""},
		{"edge", "a*c", "edge-1/a*c", ""},
		{"edge", "shop/*", "", "edge/shop/* (edge/shop/s1 edge/shop/s2)"},
		{"shop/order", "payment", "n1/payment", ""}, // with a literal name the service may have its namespace
		{"order/payment gateway/order", "", "gateway-1/order order-1/payment order-2/payment n1/payment", ""},
		{"order/paymnt", "", "", "order/paymnt (order/payment)"},
		{"nobody/payment order/inventory", "", "order-1/inventory order-2/inventory", "nobody/payment"},
		{"order/Payment", "", "", "order/Payment (order/payment)"},
	} {
		t.Run(tt.texts+" "+tt.name, func(t *testing.T) {
			b, err := selection.ParseBreakers(strings.Fields(tt.texts), tt.name)
			if err != nil {
				t.Fatal(err)
			}
			found, missing := b.Find(guarded())
			if got := foundWords(found); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			var words []string
			for _, m := range missing {
				word := m.Text
				if len(m.Suggestions) > 0 {
					word += " (" + strings.Join(m.Suggestions, " ") + ")"
				}
				words = append(words, word)
			}
			if got := strings.Join(words, ", "); got != tt.missing {
				t.Errorf("missing %q, want %q", got, tt.missing)
			}
		})
	}
}

func TestParseBreakersRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"order/":   "want SERVICE/BREAKER",
		"/payment": "want SERVICE/BREAKER",
		"order/[x": "the name is a glob with a bracket",
		"[x/order": "the name is a glob with a bracket",
		"!order":   "a negated name means no breaker",
		":/x":      "empty",
	} {
		if _, err := selection.ParseBreakers([]string{text}, ""); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), text[:1]) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestServicesOfBreakers(t *testing.T) {
	b, err := selection.ParseBreakers([]string{"order/payment", "*/x/y", "consul:edge"}, "")
	if err != nil || !slices.Equal(b.Services(), []string{"order", "*", "consul:edge"}) {
		t.Errorf("%q, %v", b.Services(), err)
	}
	if b, err = selection.ParseBreakers(nil, ""); err != nil || b.Services() != nil {
		t.Errorf("all: %q, %v", b.Services(), err)
	}
}

// TestTargets: a bare service where it has one, wrong usage with the list where
// it has several.
func TestTargets(t *testing.T) {
	for _, tt := range []struct {
		texts, want, detail, hint string
	}{
		{"gateway", "gateway-1/order", "", ""},
		{"consul:order", "n1/payment", "", ""},
		{"order/payment", "order-1/payment order-2/payment n1/payment", "", ""},
		{"order", "", "order has 2 breakers: say which", "order/inventory  order/payment"},
		{"g*", "gateway-1/order", "", ""},
		{"edge/*", "edge-1/shop/s1 edge-1/shop/s2 edge-1/api/s1 edge-1/a*c", "", ""},
		{"order/paymnt", "", "no such breaker: order/paymnt", "did you mean order/payment?"},
		{"nobody", "", "no such breaker: nobody", "midwatch breakers list shows what there is"},
	} {
		t.Run(tt.texts, func(t *testing.T) {
			b, err := selection.ParseBreakers(strings.Fields(tt.texts), "")
			if err != nil {
				t.Fatal(err)
			}
			found, err := b.Targets(guarded())
			if got := foundWords(found); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if tt.detail == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var said *fleet.Error
			if !errors.As(err, &said) || said.Detail != tt.detail || said.Hint != tt.hint {
				t.Errorf("%+v", err)
			}
		})
	}
}

func TestUnreadBreakers(t *testing.T) {
	for texts, want := range map[string]int{"": 1, "order/payment": 1, "gateway": 0, "*/x": 1, "consul:order": 0} {
		b, err := selection.ParseBreakers(strings.Fields(texts), "")
		if err != nil {
			t.Fatal(err)
		}
		if unread := b.Unread(guarded()); len(unread) != want || want == 1 && unread[0].ID != "order-3" {
			t.Errorf("%q: %d are unread, want %d", texts, len(unread), want)
		}
	}
}

// FuzzBreakers: every breaker selects itself by its address, whatever its name,
// where its service is a plain word; nothing panics.
func FuzzBreakers(f *testing.F) {
	for _, seed := range []string{"payment", "shop/s1", "a*c", "[", "a b%#;", "outbound|8080||payment.shop", "!x", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		in := fleet.InstanceView{Key: fleet.Key{Ref: fleet.Ref{Name: "order"}}, Breakers: []fleet.Breaker{fleet.NewBreaker(name, fleet.BreakerClosed), fleet.NewBreaker(name+"x", fleet.BreakerClosed)}}
		s := &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: in.Key.Ref, Instances: []fleet.InstanceView{in}}}}
		if b, err := selection.ParseBreakers([]string{selection.Address(in.Key, name)}, ""); err == nil {
			if found, _ := b.Find(s); !slices.ContainsFunc(found, func(f selection.Found) bool { return f.Breaker.Name == name }) {
				t.Errorf("%q does not select itself", name)
			}
		}
		if name == "" {
			return
		}
		b, err := selection.ParseBreakers([]string{"order"}, name)
		if err != nil {
			t.Fatal(err)
		}
		if found, _ := b.Find(s); len(found) != 1 || found[0].Breaker.Name != name {
			t.Errorf("%q literally: %v", name, found)
		}
	})
}

// TestNamed: what is meant of a service of which nothing could be read.
func TestNamed(t *testing.T) {
	gateway := fleet.Ref{Source: "etcd", Name: "gateway"}
	for _, tt := range []struct {
		texts, name string
		want        string
		exact       bool
	}{
		{"*/payment", "", "payment", true},
		{"gateway/payment order/x*", "", "payment", true},
		{"order/payment", "", "", true},
		{"*/pay*", "", "", false},
		{"gateway", "", "", false},
		{"gateway", "pay*", "pay*", true},
		{"", "", "", false},
	} {
		b, err := selection.ParseBreakers(strings.Fields(tt.texts), tt.name)
		if err != nil {
			t.Fatal(err)
		}
		if names, exact := b.Named(gateway); strings.Join(names, " ") != tt.want || exact != tt.exact {
			t.Errorf("%s %s: %v, %v", tt.texts, tt.name, names, exact)
		}
	}
}

// TestTargetsOfSilence: a breaker that is named is no typing error where its
// service could not be read at all.
func TestTargetsOfSilence(t *testing.T) {
	s := guarded()
	silent := fleet.Ref{Source: "etcd", Name: "silent"}
	s.Services = append(s.Services, fleet.ServiceView{Ref: silent, Instances: []fleet.InstanceView{{
		Key: fleet.Key{Ref: silent, Instance: "silent-1"}, Instance: fleet.Instance{ID: "silent-1"}, BreakersWhy: fleet.Why{Reason: "timeout", Detail: "no answer"},
	}}})
	for texts, want := range map[string]string{
		"silent/payment gateway/order": "gateway-1/order",
		"silent/payment":               "",
		"silent/pay* gateway/order":    "no such breaker: silent/pay*",
		"order/nosuch":                 "no such breaker: order/nosuch", // some of order were read, and have none
	} {
		b, err := selection.ParseBreakers(strings.Fields(texts), "")
		if err != nil {
			t.Fatal(err)
		}
		found, err := b.Targets(s)
		got := foundWords(found)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", texts, got, want)
		}
	}
}

// TestExactly: keys mean themselves and nothing that is spelt alike.
func TestExactly(t *testing.T) {
	order := fleet.Ref{Source: "etcd", Name: "order"}
	one := func(ref fleet.Ref, instance, breaker string) selection.OneBreaker {
		return selection.OneBreaker{Key: fleet.Key{Ref: ref, Instance: instance}, Breaker: breaker}
	}
	for _, tt := range []struct {
		name, want, wrong string
		of                []selection.OneBreaker
	}{
		{"a service", "order-1/payment order-2/payment", "", []selection.OneBreaker{one(order, "", "payment")}},
		{"an instance", "order-2/payment", "", []selection.OneBreaker{one(order, "order-2", "payment")}},
		{"each its own", "order-1/inventory order-2/payment", "", []selection.OneBreaker{one(order, "order-1", "inventory"), one(order, "order-2", "payment")}},
		{"a star is a letter", "edge-1/a*c", "", []selection.OneBreaker{one(fleet.Ref{Source: "etcd", Name: "edge"}, "", "a*c")}},
		{"not there", "", "no such breaker: order/order-1 user", []selection.OneBreaker{one(order, "order-1", "user")}},
		{"one that could not be read", "", "", []selection.OneBreaker{one(order, "order-3", "payment")}},
		{"another source", "", "no such breaker: order/payment", []selection.OneBreaker{one(fleet.Ref{Source: "file", Name: "order"}, "", "payment")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := selection.ExactBreakers(tt.of...)
			found, err := b.Targets(guarded())
			if got := foundWords(found); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if said := ""; err != nil {
				if said = err.Error(); said != tt.wrong {
					t.Errorf("%q, want %q", said, tt.wrong)
				}
			} else if tt.wrong != "" {
				t.Errorf("it has to say %q", tt.wrong)
			}
		})
	}
	b := selection.ExactBreakers(one(order, "order-1", "payment"))
	if !b.Means(fleet.Key{Ref: order, Instance: "order-1"}, "payment") || b.Means(fleet.Key{Ref: order, Instance: "order-2"}, "payment") || b.Means(fleet.Key{Ref: order, Instance: "order-1"}, "user") {
		t.Error("one breaker of one instance is meant")
	}
	all := []fleet.Service{{Ref: order, Instances: []fleet.Instance{{ID: "order-1"}, {ID: "order-2"}}}, {Ref: fleet.Ref{Source: "consul", Name: "order"}, Instances: []fleet.Instance{{ID: "order-1"}}}}
	selected, unknown := selection.Exactly(fleet.Key{Ref: order, Instance: "order-2"}, fleet.Key{Ref: order, Instance: "order-9"}).Apply(all)
	if len(selected) != 1 || len(selected[0].Instances) != 1 || selected[0].Instances[0].ID != "order-2" || !slices.Equal(unknown, []string{"order/order-9"}) {
		t.Errorf("%+v, unknown %q", selected, unknown)
	}
}
