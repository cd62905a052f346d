package selection_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// shop is a fleet to select from.
func shop() []fleet.Service {
	in := func(id, zone, version string, labels map[string]string) fleet.Instance {
		return fleet.Instance{ID: id, Zone: zone, Version: version, Labels: labels}
	}
	return []fleet.Service{
		{Ref: fleet.Ref{Source: "etcd", Name: "order"}, Labels: map[string]string{"team": "a", "tier": "web"}, Instances: []fleet.Instance{
			in("order-1", "a", "1.0", map[string]string{"canary": "yes"}), in("order-2", "b", "1.1", nil), in("order-3", "b", "1.1", map[string]string{"team": "b"}),
		}},
		{Ref: fleet.Ref{Source: "etcd", Name: "payment"}, Instances: []fleet.Instance{in("127.0.0.1:9102", "a", "2.4.1", nil)}},
		{Ref: fleet.Ref{Source: "consul", Namespace: "shop", Name: "payment"}, Instances: []fleet.Instance{in("n1/payment-1", "a", "2.4.1", nil)}},
		{Ref: fleet.Ref{Source: "consul", Namespace: "shop", Name: "empty"}, Labels: map[string]string{"team": "a"}},
	}
}

func chosen(services []fleet.Service) string {
	var out []string
	for _, s := range services {
		ids := make([]string, len(s.Instances))
		for i, in := range s.Instances {
			ids[i] = in.ID
		}
		out = append(out, s.String()+"["+strings.Join(ids, " ")+"]")
	}
	return strings.Join(out, " ")
}

func TestSelection(t *testing.T) {
	const (
		order    = "etcd:order[order-1 order-2 order-3]"
		payment  = "etcd:payment[127.0.0.1:9102]"
		shopPay  = "consul:shop/payment[n1/payment-1]"
		empty    = "consul:shop/empty[]"
		everyone = order + " " + payment + " " + shopPay + " " + empty
	)
	for _, tt := range []struct {
		name    string
		s       selection.Selector
		want    string
		unknown string
	}{
		{"nothing asked for", selection.Selector{}, everyone, ""},
		{"a name", selection.Selector{Names: []string{"order"}}, order, ""},
		{"a bare name selects both", selection.Selector{Names: []string{"payment"}}, payment + " " + shopPay, ""},
		{"one source", selection.Selector{Names: []string{"consul:payment"}}, shopPay, ""},
		{"a namespace in the name", selection.Selector{Names: []string{"shop/payment"}}, shopPay, ""},
		{"a glob", selection.Selector{Names: []string{"ord*"}}, order, ""},
		{"two names", selection.Selector{Names: []string{"order", "empty"}}, order + " " + empty, ""},
		{"all but one", selection.Selector{Names: []string{"!payment"}}, order + " " + empty, ""},
		{"some but one", selection.Selector{Names: []string{"*", "!order"}}, payment + " " + shopPay + " " + empty, ""},
		{"a no beats a yes", selection.Selector{Names: []string{"order", "!ord*"}}, "", ""},
		{"one instance, as -o name prints it", selection.Selector{Names: []string{"order/order-2"}}, "etcd:order[order-2]", ""},
		{"one instance by its address", selection.Selector{Names: []string{"payment/127.0.0.1:9102"}}, payment, ""},
		{"an id with a slash", selection.Selector{Names: []string{"payment/n1/payment-1"}}, shopPay, ""},
		{"all but one instance", selection.Selector{Names: []string{"order", "!order/order-2"}}, "etcd:order[order-1 order-3]", ""},
		{"an unknown name", selection.Selector{Names: []string{"order", "nobody"}}, order, "nobody"},
		{"a glob that matches nothing", selection.Selector{Names: []string{"x*"}}, "", "x*"},
		{"an unknown no is no matter", selection.Selector{Names: []string{"!nobody"}}, everyone, ""},
		{"known, though a label rules it out", selection.Selector{Names: []string{"payment"}, Labels: "team=a"}, "", ""},
		{"a label of the service", selection.Selector{Labels: "tier=web"}, order, ""},
		{"a label of an instance beats its service's", selection.Selector{Labels: "team=a"}, "etcd:order[order-1 order-2] " + empty, ""},
		{"a label of an instance", selection.Selector{Labels: "canary"}, "etcd:order[order-1]", ""},
		{"no such label", selection.Selector{Labels: "!canary,team"}, "etcd:order[order-2 order-3] " + empty, ""},
		{"in", selection.Selector{Labels: "team in (b, c)"}, "etcd:order[order-3]", ""},
		{"a zone", selection.Selector{Zone: "b"}, "etcd:order[order-2 order-3]", ""},
		{"a version", selection.Selector{Version: "2.*"}, payment + " " + shopPay, ""},
		{"an instance", selection.Selector{Instance: "order-1"}, "etcd:order[order-1]", ""},
		{"a namespace", selection.Selector{Namespace: "shop"}, shopPay + " " + empty, ""},
		{"a source", selection.Selector{Source: "con*"}, shopPay + " " + empty, ""},
		{"a context that is none of theirs", selection.Selector{Context: "stage"}, "", ""},
		{"all of it", selection.Selector{Names: []string{"o*"}, Labels: "team", Zone: "b", Version: "1.1", Instance: "*-3"}, "etcd:order[order-3]", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sel, err := tt.s.Compile()
			if err != nil {
				t.Fatal(err)
			}
			services := shop()
			got, unknown := sel.Apply(services)
			if chosen(got) != tt.want || strings.Join(unknown, " ") != tt.unknown {
				t.Errorf("got  %s, unknown %v\nwant %s, unknown %s", chosen(got), unknown, tt.want, tt.unknown)
			}
			if chosen(services) != everyone {
				t.Error("selecting changed what was selected from")
			}
		})
	}
}

func TestSelectorErrors(t *testing.T) {
	for want, s := range map[string]selection.Selector{
		`service "ord[": the name is a glob with a bracket or backslash left open`:  {Names: []string{"order", "ord["}},
		`service "": the name is empty`:                                             {Names: []string{""}},
		`label selector "zone in (a", character 11: want "," or ")", found the end`: {Labels: "zone in (a"},
		`--zone "b[" is a glob with a bracket or backslash left open`:               {Zone: "b["},
		`--service-version "[" is a glob with a bracket or backslash left open`:     {Version: "["},
		`--instance "[" is a glob with a bracket or backslash left open`:            {Instance: "["},
		`--context "[" is a glob with a bracket or backslash left open`:             {Context: "["},
		`source "[" is a glob with a bracket or backslash left open`:                {Source: "["},
		`--namespace "a\\" is a glob with a bracket or backslash left open`:         {Namespace: `a\`},
	} {
		if _, err := s.Compile(); err == nil || err.Error() != want {
			t.Errorf("%+v:\n got %v\nwant %s", s, err, want)
		}
	}
}

func TestPattern(t *testing.T) {
	p, err := selection.ParsePattern("shop/pay*")
	if err != nil {
		t.Fatal(err)
	}
	key := fleet.Key{Ref: fleet.Ref{Namespace: "shop", Name: "payment"}, Instance: "1"}
	if !p.Match(key.Ref) || !p.MatchInstance(key) {
		t.Error("shop/pay* does not match shop/payment")
	}
	if p, _ = selection.ParsePattern("payment/1"); p.Match(key.Ref) || !p.MatchInstance(key) {
		t.Error("payment/1 is one instance, not the service")
	}
	if _, err = selection.ParsePattern(""); err == nil {
		t.Error("an empty pattern is none")
	}
}

// TestKeysSelectThemselves: what -o name prints is accepted back.
func TestKeysSelectThemselves(t *testing.T) {
	for _, s := range shop() {
		for _, in := range s.Instances {
			key := fleet.Key{Ref: s.Ref, Instance: in.ID}
			for _, text := range []string{key.String(), s.Ref.String(), s.Ref.String() + "/" + in.ID} {
				if p, err := selection.ParsePattern(text); err != nil || !p.MatchInstance(key) {
					t.Errorf("%q does not select %v: %v", text, key, err)
				}
			}
		}
	}
}

func TestSuggest(t *testing.T) {
	if got := match.Nearest("paymnet", []string{"order", "payment"}); !slices.Equal(got, []string{"payment"}) {
		t.Errorf("got %v", got)
	}
}
