package selection_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// randomSelector asks for this and that, mostly for what there is.
func randomSelector(rng *rand.Rand) selection.Selector {
	one := func(words ...string) string { return words[rng.IntN(len(words))] }
	s := selection.Selector{
		Labels: one("", "", "team", "!canary", "team=a", "team!=b,tier", "team in (a,b)", "canary notin (yes)"),
		Zone:   one("", "", "a", "b", "?"), Version: one("", "", "1.*", "2.4.1"), Instance: one("", "", "order-*", "*"), Namespace: one("", "", "shop", "*"),
	}
	for range rng.IntN(4) {
		s.Names = append(s.Names, one("order", "payment", "consul:payment", "shop/*", "*", "!order", "!order/order-2", "!consul:*", "order/order-1", "nobody"))
	}
	return s
}

// TestSelectingAgainChangesNothing: applied to what it chose, a selection
// chooses it again; what it chose is a part of what there was, in that order;
// and a name that was met once is not unknown.
func TestSelectingAgainChangesNothing(t *testing.T) {
	property := func(seed uint64) bool {
		s := randomSelector(rand.New(rand.NewPCG(seed, 6)))
		sel, err := s.Compile()
		if err != nil {
			t.Log(err)
			return false
		}
		all := shop()
		once, unknown := sel.Apply(all)
		twice, _ := sel.Apply(once)
		if !reflect.DeepEqual(once, twice) {
			t.Logf("%+v: %s, again %s", s, chosen(once), chosen(twice))
			return false
		}
		at := 0
		for _, c := range once {
			for at < len(all) && all[at].Ref != c.Ref {
				at++
			}
			if at == len(all) || len(c.Instances) > len(all[at].Instances) {
				t.Logf("%+v: %s is out of order", s, c.Ref)
				return false
			}
		}
		return !slices.Contains(unknown, "order") && !slices.Contains(unknown, "payment") && slices.Contains(s.Names, "nobody") == slices.Contains(unknown, "nobody")
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

// TestSelectorsOnlyNarrow: one more condition never selects more, and turning a
// name round selects exactly the rest.
func TestSelectorsOnlyNarrow(t *testing.T) {
	keys := func(s selection.Selector) map[string]bool {
		sel, err := s.Compile()
		if err != nil {
			t.Fatal(err)
		}
		got, _ := sel.Apply(shop())
		m := map[string]bool{}
		for _, c := range got {
			for _, in := range c.Instances {
				m[c.Ref.String()+"/"+in.ID] = true
			}
		}
		return m
	}
	all := len(keys(selection.Selector{}))
	for seed := range uint64(300) {
		s := randomSelector(rand.New(rand.NewPCG(seed, 7)))
		wide := keys(s)
		for name, narrow := range map[string]func(*selection.Selector){
			"a zone":    func(s *selection.Selector) { s.Zone = "b" },
			"a label":   func(s *selection.Selector) { s.Labels = strings.TrimPrefix(s.Labels+",!canary", ",") },
			"a refusal": func(s *selection.Selector) { s.Names = append(slices.Clone(s.Names), "!payment") },
		} {
			less := s
			if narrow(&less); s.Zone != "" && name == "a zone" {
				continue
			}
			for key := range keys(less) {
				if !wide[key] {
					t.Errorf("%+v with %s selects %s, and without it not", s, name, key)
				}
			}
		}
	}
	for _, name := range []string{"order", "ord*", "*", "consul:payment", "shop/payment", "order/order-2", "nobody", "payment/127.0.0.1:9102"} {
		with, without := keys(selection.Selector{Names: []string{name}}), keys(selection.Selector{Names: []string{"!" + name}})
		for key := range with {
			if without[key] {
				t.Errorf("%s and !%s both select %s", name, name, key)
			}
		}
		if len(with)+len(without) != all {
			t.Errorf("%s selects %d and !%s %d of %d", name, len(with), name, len(without), all)
		}
	}
}

// TestNamesOfEveryKind: names with letters of any script, with what is special
// in globs, and with colons, select themselves.
func TestNamesOfEveryKind(t *testing.T) {
	for _, name := range []string{"支付", "größe", "a.b", "a-b_c", "Pay", "pay[1]", "a+b", "100%", "x'y", "🛒"} {
		services := []fleet.Service{
			{Ref: fleet.Ref{Source: "etcd", Name: name}, Instances: []fleet.Instance{{ID: "[::1]:80"}, {ID: "10.0.0.1:80"}}},
			{Ref: fleet.Ref{Source: "etcd", Name: "other"}, Instances: []fleet.Instance{{ID: "1"}}},
		}
		for text, want := range map[string]string{
			name:                     "[::1]:80 10.0.0.1:80",
			"etcd:" + name:           "[::1]:80 10.0.0.1:80",
			name + "/10.0.0.1:80":    "10.0.0.1:80",
			name + "/[::1]:80":       "[::1]:80",
			name + `/\[::1\]:80`:     "[::1]:80",
			"!other":                 "[::1]:80 10.0.0.1:80",
			name + "/*:80":           "[::1]:80 10.0.0.1:80",
			strings.Repeat("?", 200): "",
		} {
			if strings.Contains(name, "[") && strings.ContainsAny(text, `*\`) {
				continue // a glob throughout, in which the name's brackets are a class
			}
			sel, err := selection.Selector{Names: []string{text}}.Compile()
			if err != nil {
				t.Errorf("%q: %v", text, err)
				continue
			}
			got, _ := sel.Apply(services)
			var ids []string
			for _, s := range got {
				for _, in := range s.Instances {
					ids = append(ids, in.ID)
				}
			}
			if strings.Join(ids, " ") != want {
				t.Errorf("%q selects %q, want %q", text, ids, want)
			}
		}
	}
}
