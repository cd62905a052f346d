package catalog_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul/catalog"
)

// written is an entry as Consul would send it.
func written(t *testing.T, e catalog.Entry) catalog.Entry {
	t.Helper()
	if e.Node.Node == "" {
		e.Node.Node, e.Node.Address = "n1", "10.0.0.1"
	}
	if e.Service.ID == "" {
		e.Service.ID, e.Service.Service = "a", "s"
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	back, err := catalog.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func checks(t *testing.T, states ...string) []catalog.Check {
	t.Helper()
	var all []catalog.Check
	for i, state := range states {
		c := catalog.Check{CheckID: fmt.Sprint("c", i), Status: state, Output: "says " + fmt.Sprint(i)}
		switch state {
		case "service":
			c = catalog.Check{CheckID: catalog.ServiceMaintenance + "a", Status: "critical", Notes: "disk"}
		case "node":
			c = catalog.Check{CheckID: catalog.NodeMaintenance, Status: "critical", Notes: "kernel"}
		}
		all = append(all, c)
	}
	return all
}

// TestWorstCheckCounts walks over every set of up to three checks, in every
// order: the claim is the worst of them, by Consul's own order, whatever stands
// first; only the note may be another's.
func TestWorstCheckCounts(t *testing.T) {
	rank := []string{"passing", "odd", "warning", "critical", "service", "node"}
	claim := []fleet.Status{fleet.Up, fleet.Unknown, fleet.Degraded, fleet.Down, fleet.Maintenance, fleet.Maintenance}
	for _, a := range rank {
		for _, b := range rank {
			for _, c := range rank {
				set := []string{a, b, c}
				worst := max(slices.Index(rank, a), slices.Index(rank, b), slices.Index(rank, c))
				e := written(t, catalog.Entry{Checks: checks(t, set...)})
				in := e.Instance()
				if *in.Claimed != claim[worst] {
					t.Errorf("%v: %v, want %v", set, *in.Claimed, claim[worst])
				}
				note := ""
				switch first := slices.Index(set, rank[worst]); {
				case slices.Contains(set, "service"):
					note = "disk"
				case slices.Contains(set, "node"):
					note = "node: kernel"
				case worst > 0:
					note = fmt.Sprintf("c%d: says %d", first, first)
				}
				if in.ClaimNote != note {
					t.Errorf("%v: note %q, want %q", set, in.ClaimNote, note)
				}
				for kind, want := range map[string]bool{catalog.ServiceMaintenance: slices.Contains(set, "service"), catalog.NodeMaintenance: slices.Contains(set, "node")} {
					if got := e.InMaintenance(kind); got != want {
						t.Errorf("%v: in maintenance of the kind %s: %v", set, kind, got)
					}
				}
			}
		}
	}
}

// TestMaintenanceIsWrittenOneWay: names that only look like it are checks as
// others are.
func TestMaintenanceIsWrittenOneWay(t *testing.T) {
	for id, want := range map[string]fleet.Status{
		"_node_maintenance":             fleet.Maintenance,
		"_service_maintenance:web":      fleet.Maintenance,
		"_service_maintenance:":         fleet.Maintenance,
		"_service_maintenance":          fleet.Down,
		"_node_maintenance2":            fleet.Down,
		"my_node_maintenance":           fleet.Down,
		"service:_service_maintenance:": fleet.Down,
		"maintenance":                   fleet.Down,
	} {
		e := written(t, catalog.Entry{Checks: []catalog.Check{{CheckID: id, Name: "Service Maintenance Mode", Status: "critical"}}})
		if in := e.Instance(); *in.Claimed != want {
			t.Errorf("%s: %v, want %v", id, *in.Claimed, want)
		}
	}
}

// TestLine: whatever a far side writes, a line comes of it, and of a line the
// same line.
func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		" \t\r\n ":                   "",
		"one  two\n three":           "one two three",
		"\x1b]0;title\x07\x1b[31mx":  "]0;title [31mx",
		"a\x00b\x7fc\u0085d":         "a b c d",
		"a\u2028b\u00a0c":            "a b c", // separators of lines and of words
		"broken \xff\xfe utf-8":      "broken \ufffd utf-8",
		"größe 支付":                   "größe 支付",
		"::error::not ours to judge": "::error::not ours to judge",
	} {
		if got := catalog.Line(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		raw := make([]byte, rng.IntN(2000))
		for i := range raw {
			raw[i] = byte(rng.IntN(256))
			if rng.IntN(3) > 0 {
				raw[i] = "abc äö\n\t支"[rng.IntN(13)]
			}
		}
		line := catalog.Line(string(raw))
		if !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) || len(line) > 512+3 || strings.TrimSpace(line) != line {
			t.Errorf("seed %d: %q", seed, line)
		}
		if again := catalog.Line(line); len(line) <= 512 && again != line {
			t.Errorf("seed %d: %q, again %q", seed, line, again)
		}
	}
	// A letter is never cut in two.
	for pad := range 4 {
		line := catalog.Line(strings.Repeat("x", 509+pad) + strings.Repeat("支", 5))
		if !utf8.ValidString(line) || !strings.HasSuffix(line, "...") || strings.Contains(line, "\ufffd") {
			t.Errorf("cut after %d: %q", 509+pad, line[500:])
		}
	}
}

// TestWhereItIsCalled: the host by the service, else by its node; the port by
// the default, else by the first; a socket only where there is no port.
func TestWhereItIsCalled(t *testing.T) {
	grpc, web := catalog.Port{Name: "grpc", Port: 9000}, catalog.Port{Name: "http", Port: 8080}
	byDefault := web
	byDefault.Default = true
	for _, c := range []struct {
		name string
		s    catalog.Service
		want string
	}{
		{"both", catalog.Service{Address: "10.0.0.9", Port: 80}, "10.0.0.9:80"},
		{"its node's address", catalog.Service{Port: 80}, "10.0.0.1:80"},
		{"a name", catalog.Service{Address: "pay.example", Port: 80}, "pay.example:80"},
		{"one port beats several", catalog.Service{Port: 80, Ports: []catalog.Port{grpc, byDefault}}, "10.0.0.1:80"},
		{"the default of several", catalog.Service{Ports: []catalog.Port{grpc, byDefault}}, "10.0.0.1:8080"},
		{"the first of several", catalog.Service{Ports: []catalog.Port{grpc, web}}, "10.0.0.1:9000"},
		{"a zone of IPv6", catalog.Service{Address: "fe80::1%eth0", Port: 80}, "[fe80::1%eth0]:80"},
		{"a socket", catalog.Service{SocketPath: "/run/a.sock", Address: "10.0.0.9"}, "/run/a.sock"},
		{"a port beats a socket", catalog.Service{SocketPath: "/run/a.sock", Port: 80}, "10.0.0.1:80"},
		{"several ports beat a socket", catalog.Service{SocketPath: "/run/a.sock", Ports: []catalog.Port{web}}, "10.0.0.1:8080"},
		{"no port", catalog.Service{Address: "10.0.0.9"}, "10.0.0.9"},
		{"no port, IPv6", catalog.Service{Address: "fd00::1"}, "fd00::1"},
	} {
		e := written(t, catalog.Entry{Service: c.s})
		if got := e.Instance(); got.Addr != c.want || got.Addr != e.Addr() || got.ID != "n1/a" || e.ID() != got.ID {
			t.Errorf("%s: %s at %s, want %s", c.name, got.ID, got.Addr, c.want)
		}
	}
}

// TestFurtherAddresses: which addresses are told beside the one that is called.
func TestFurtherAddresses(t *testing.T) {
	for _, c := range []struct {
		name string
		s    catalog.Service
		want map[string]string
	}{
		{"none", catalog.Service{Port: 80}, nil},
		{"the same again", catalog.Service{Port: 80, TaggedAddresses: map[string]catalog.Address{"lan": {Address: "10.0.0.1", Port: 80}, "lan_ipv4": {Address: "10.0.0.1", Port: 80}}}, nil},
		{"the same in brackets", catalog.Service{Address: "fd00::1", Port: 80, TaggedAddresses: map[string]catalog.Address{"lan_ipv6": {Address: "[fd00::1]", Port: 80}}}, nil},
		{"outside", catalog.Service{Port: 80, TaggedAddresses: map[string]catalog.Address{"wan": {Address: "1.2.3.4", Port: 8080}, "wan_ipv6": {Address: "2001:db8::1", Port: 8080}}}, map[string]string{"wan": "1.2.3.4:8080", "wan_ipv6": "[2001:db8::1]:8080"}},
		{"the mesh's own", catalog.Service{Port: 80, TaggedAddresses: map[string]catalog.Address{"virtual": {Address: "240.0.0.1", Port: 80}, "consul-virtual": {Address: "240.0.0.2", Port: 80}}}, nil},
		{"no port, no host", catalog.Service{Port: 80, TaggedAddresses: map[string]catalog.Address{"a": {Address: "1.2.3.4"}, "b": {Port: 80}, "c": {Address: "1.2.3.4", Port: -1}}}, nil},
		{"whole URLs", catalog.Service{Port: 80, TaggedAddresses: map[string]catalog.Address{"http": {Address: "http://10.0.0.1:80", Port: 80}, "grpc": {Address: "grpc://10.0.0.1:9000"}}}, map[string]string{"http": "http://10.0.0.1:80", "grpc": "grpc://10.0.0.1:9000"}},
		{"named ports", catalog.Service{Ports: []catalog.Port{{Name: "http", Port: 80, Default: true}, {Name: "admin", Port: 81}, {Port: 82}, {Name: "none"}, {Name: "odd", Port: -5}}}, map[string]string{"admin": "10.0.0.1:81"}},
	} {
		e := written(t, catalog.Entry{Service: c.s})
		if got := e.Instance().Endpoints; !maps.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestWhereItRunsAndHowMuch: who has the say over zone, version and weight.
func TestWhereItRunsAndHowMuch(t *testing.T) {
	near := catalog.Node{Node: "n1", Address: "10.0.0.1", Meta: map[string]string{"zone": "of the node"}, Locality: &catalog.Locality{Zone: "near the node"}}
	for _, c := range []struct {
		name string
		e    catalog.Entry
		want string // zone, version, weight
	}{
		{"nothing", catalog.Entry{}, " | | 0"},
		{"the node's metadata", catalog.Entry{Node: catalog.Node{Node: "n1", Address: "h", Meta: near.Meta}}, "of the node | | 0"},
		{"the node's locality", catalog.Entry{Node: near}, "near the node | | 0"},
		{"an empty locality", catalog.Entry{Node: near, Service: catalog.Service{Locality: &catalog.Locality{}}}, "near the node | | 0"},
		{"the service's locality", catalog.Entry{Node: near, Service: catalog.Service{Locality: &catalog.Locality{Zone: "near"}}}, "near | | 0"},
		{"a tag", catalog.Entry{Node: near, Service: catalog.Service{Tags: []string{"zone=t", "version=1", "weight=2"}}}, "t | 1 | 2"},
		{"the first of two tags", catalog.Entry{Service: catalog.Service{Tags: []string{"version=1", "version=2"}}}, " | 1 | 0"},
		{"metadata", catalog.Entry{Node: near, Service: catalog.Service{Tags: []string{"zone=t"}, Meta: map[string]string{"zone": "m", "version": "3", "weight": "4"}}}, "m | 3 | 4"},
		{"with our prefix", catalog.Entry{Service: catalog.Service{Meta: map[string]string{"midwatch_zone": "p", "zone": "m", "midwatch_version": "5", "midwatch_weight": "6", "weight": "4"}}}, "p | 5 | 6"},
		{"an empty one of ours says nothing", catalog.Entry{Service: catalog.Service{Meta: map[string]string{"midwatch_zone": "", "zone": "m"}}}, "m | | 0"},
		{"no weight at all", catalog.Entry{Service: catalog.Service{Weights: catalog.Weights{Passing: 1, Warning: 1}}}, " | | 0"},
		{"a weight", catalog.Entry{Service: catalog.Service{Weights: catalog.Weights{Passing: 5, Warning: 1}}}, " | | 5"},
		{"a weight below nothing", catalog.Entry{Service: catalog.Service{Weights: catalog.Weights{Passing: -5, Warning: 1}}}, " | | 0"},
		{"a label that is no number", catalog.Entry{Service: catalog.Service{Meta: map[string]string{"weight": "heavy"}, Weights: catalog.Weights{Passing: 5, Warning: 1}}}, " | | 5"},
		{"a label below nothing", catalog.Entry{Service: catalog.Service{Meta: map[string]string{"weight": "-1"}}}, " | | 0"},
		{"taken out by its weight", catalog.Entry{Service: catalog.Service{Meta: map[string]string{"weight": "0"}, Weights: catalog.Weights{Passing: 5, Warning: 1}}}, " | | 0"},
	} {
		e := written(t, c.e)
		in := e.Instance()
		if got := fmt.Sprintf("%s | %s | %d", in.Zone, in.Version, in.Weight); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(c.want), " ") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestLabelsComeBack: labels as a user may give them to register are written as
// metadata and tags, and read again as they were.
func TestLabelsComeBack(t *testing.T) {
	const letters = "abcXYZ019._-/"
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 2))
		labels := map[string]string{}
		for range rng.IntN(6) {
			key := make([]byte, 1+rng.IntN(140))
			for i := range key {
				key[i] = letters[rng.IntN(len(letters))]
			}
			name := []string{string(key), "consul-" + string(key), "zone"}[rng.IntN(3)]
			if strings.HasPrefix(name, "tag.") {
				continue // our own spelling of a tag
			}
			labels[name] = []string{"", "true", "a=b", "größe 支付", strings.Repeat("v", 511+rng.IntN(4)), "x,y"}[rng.IntN(6)]
		}
		if rng.IntN(2) == 0 {
			labels["tag.canary"] = "true"
		}
		meta, tags := catalog.Metadata(labels)
		for key, value := range meta {
			if len(key) > 128 || len(value) > 512 || strings.ContainsAny(key, "./") || strings.HasPrefix(key, "consul-") {
				t.Errorf("seed %d: Consul refuses %q: %q", seed, key, value)
			}
		}
		if !slices.IsSorted(tags) {
			t.Errorf("seed %d: tags in no order: %q", seed, tags)
		}
		e := written(t, catalog.Entry{Service: catalog.Service{Meta: meta, Tags: tags}})
		if back := e.Instance().Labels; !maps.Equal(back, labels) {
			t.Errorf("seed %d: %q come back as %q", seed, labels, back)
		}
	}
}
