package consul_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul"
)

// show writes an instance on one line.
func show(in fleet.Instance) string {
	var labels, endpoints []string
	for _, k := range slices.Sorted(maps.Keys(in.Labels)) {
		labels = append(labels, k+"="+in.Labels[k])
	}
	for _, k := range slices.Sorted(maps.Keys(in.Endpoints)) {
		endpoints = append(endpoints, k+"="+in.Endpoints[k])
	}
	return fmt.Sprintf("%s at %s zone=%s version=%s weight=%d %s %q [%s] [%s]", in.ID, in.Addr, in.Zone, in.Version, in.Weight,
		in.Claimed, in.ClaimNote, strings.Join(labels, " "), strings.Join(endpoints, " "))
}

func TestRecordedHealth(t *testing.T) {
	for _, c := range []struct {
		file string
		want []string
	}{
		{"08-health-orders.http", []string{
			`node-1/orders-1 at 127.0.0.1:9101 zone=b version=2.4.1 weight=0 up "" [management_port=9102 tag.http=true tag.v2=true version=2.4.1 zone=b] []`,
			`node-1/orders-2 at 127.0.0.1:9111 zone=a version=2.4.0 weight=0 down "http is critical" [tag.v2=true version=2.4.0 zone=a] []`,
		}},
		{"09-health-orders-passing.http", []string{
			`node-1/orders-1 at 127.0.0.1:9101 zone=b version=2.4.1 weight=0 up "" [management_port=9102 tag.http=true tag.v2=true version=2.4.1 zone=b] []`,
		}},
		{"10-health-unknown.http", nil},
		{"14-health-orders-maint.http", []string{
			`node-1/orders-1 at 127.0.0.1:9101 zone=b version=2.4.1 weight=0 maintenance "disk full" [management_port=9102 tag.http=true tag.v2=true version=2.4.1 zone=b] []`,
			`node-1/orders-2 at 127.0.0.1:9111 zone=a version=2.4.0 weight=0 down "http is critical" [tag.v2=true version=2.4.0 zone=a] []`,
		}},
		{"17-filter.http", []string{
			`node-1/orders-1 at 127.0.0.1:9101 zone=b version=2.4.1 weight=0 up "" [management_port=9102 tag.http=true tag.v2=true version=2.4.1 zone=b] []`,
		}},
	} {
		t.Run(c.file, func(t *testing.T) {
			r := open(t, testEnv(), "consul://"+playback(t, map[string]string{
				"GET /v1/catalog/services": "07-catalog-services.http", "GET /v1/health/service/orders": c.file, "GET /v1/health/service/users": "10-health-unknown.http",
			}))
			defer r.Close()
			set, err := r.List(t.Context())
			if err != nil || len(set.Warnings) > 0 || !set.AsOf.IsZero() {
				t.Fatalf("%v, %+v", err, set)
			}
			var got []string
			for _, svc := range set.Services {
				for _, in := range svc.Instances {
					got = append(got, show(in))
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// entryOf is an entry on node n1 at 10.0.0.1.
func entryOf(service, checks string) string {
	return `{"Node":{"Node":"n1","Address":"10.0.0.1","Meta":{"zone":"nz"}},"Service":{"ID":"a","Service":"s",` + service + `},"Checks":[` + checks + `]}`
}

func TestMapping(t *testing.T) {
	const plain = `"Address":"10.0.0.9","Port":80`
	for _, c := range []struct{ name, entry, want string }{
		{"no address: its node's", entryOf(`"Port":80`, ""), `n1/a at 10.0.0.1:80 zone=nz version= weight=0 up "" [] []`},
		{"IPv6", entryOf(`"Address":"fd00::1","Port":80`, ""), `n1/a at [fd00::1]:80 zone=nz version= weight=0 up "" [] []`},
		{"IPv6 in brackets", entryOf(`"Address":"[fd00::1]","Port":80`, ""), `n1/a at [fd00::1]:80 zone=nz version= weight=0 up "" [] []`},
		{"several ports", entryOf(`"Ports":[{"Name":"grpc","Port":9000},{"Name":"http","Port":8080,"Default":true}]`, ""), `n1/a at 10.0.0.1:8080 zone=nz version= weight=0 up "" [] [grpc=10.0.0.1:9000]`},
		{"several ports, none the default", entryOf(`"Ports":[{"Name":"grpc","Port":9000}]`, ""), `n1/a at 10.0.0.1:9000 zone=nz version= weight=0 up "" [] []`},
		{"no port", entryOf(`"Address":"10.0.0.9"`, ""), `n1/a at 10.0.0.9 zone=nz version= weight=0 up "" [] []`},
		{"socket", entryOf(`"SocketPath":"/run/a.sock"`, ""), `n1/a at /run/a.sock zone=nz version= weight=0 up "" [] []`},
		{"Kratos", entryOf(plain+`,"Tags":["version=v1.2"],"TaggedAddresses":{"grpc":{"Address":"grpc://10.0.0.9:9000?isSecure=false","Port":9000},"lan_ipv4":{"Address":"10.0.0.9","Port":80}}`, ""),
			`n1/a at 10.0.0.9:80 zone=nz version=v1.2 weight=0 up "" [version=v1.2] [grpc=grpc://10.0.0.9:9000?isSecure=false]`},
		{"another network, the mesh's own left out", entryOf(plain+`,"TaggedAddresses":{"wan":{"Address":"1.2.3.4","Port":81},"virtual":{"Address":"240.0.0.1","Port":80}}`, ""),
			`n1/a at 10.0.0.9:80 zone=nz version= weight=0 up "" [] [wan=1.2.3.4:81]`},
		{"metadata win over tags", entryOf(plain+`,"Tags":["version=1","zone=t","team=x","plain","urlprefix-/p q=1"],"Meta":{"version":"2"}`, ""),
			`n1/a at 10.0.0.9:80 zone=t version=2 weight=0 up "" [tag.plain=true tag.urlprefix-/p q=1=true team=x version=2 zone=t] []`},
		{"our prefix wins", entryOf(plain+`,"Meta":{"midwatch_zone":"m","zone":"z"}`, ""), `n1/a at 10.0.0.9:80 zone=m version= weight=0 up "" [midwatch_zone=m zone=z] []`},
		{"weights by state", entryOf(plain+`,"Weights":{"Passing":10,"Warning":2}`, ""), `n1/a at 10.0.0.9:80 zone=nz version= weight=10 up "" [] []`},
		{"weight of a warning", entryOf(plain+`,"Weights":{"Passing":10,"Warning":2}`, `{"Name":"c","Status":"warning"}`), `n1/a at 10.0.0.9:80 zone=nz version= weight=2 degraded "c is warning" [] []`},
		{"weight in metadata", entryOf(plain+`,"Meta":{"weight":"7"},"Weights":{"Passing":10,"Warning":2}`, ""), `n1/a at 10.0.0.9:80 zone=nz version= weight=7 up "" [weight=7] []`},
		{"locality", entryOf(plain+`,"Locality":{"Zone":"lz"}`, ""), `n1/a at 10.0.0.9:80 zone=lz version= weight=0 up "" [] []`},
		{"odd fields we do not read", entryOf(plain+`,"Proxy":7`, `{"Name":"c","Status":"passing","Definition":"odd"}`), `n1/a at 10.0.0.9:80 zone=nz version= weight=0 up "" [] []`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := consul.InstanceOf([]byte(c.entry))
			if err != nil {
				t.Fatal(err)
			}
			if got := show(in); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestClaims(t *testing.T) {
	check := func(id, status, rest string) string {
		return fmt.Sprintf(`{"CheckID":%q,"Name":%q,"Status":%q%s}`, id, id, status, rest)
	}
	long := strings.Repeat("x", 4096)
	for _, c := range []struct{ name, checks, want, note string }{
		{"no check", "", "up", ""},
		{"passing says nothing", check("a", "passing", `,"Output":"fine"`), "up", ""},
		{"warning", check("a", "passing", "") + "," + check("b", "warning", `,"Output":"slow"`), "degraded", "b: slow"},
		{"critical beats warning", check("a", "warning", "") + "," + check("b", "critical", `,"Output":"gone"`), "down", "b: gone"},
		{"the first of two", check("a", "critical", `,"Output":"1"`) + "," + check("b", "critical", `,"Output":"2"`), "down", "a: 1"},
		{"the node's counts", check("serfHealth", "critical", `,"Output":"Agent not live or unreachable"`), "down", "serfHealth: Agent not live or unreachable"},
		{"maintenance beats critical", check("a", "critical", "") + "," + check("_service_maintenance:a", "critical", `,"Notes":"new disk"`), "maintenance", "new disk"},
		{"the whole node's", check("_node_maintenance", "critical", `,"Notes":"kernel"`), "maintenance", "node: kernel"},
		{"the service's reason first", check("_node_maintenance", "critical", `,"Notes":"kernel"`) + "," + check("_service_maintenance:a", "critical", `,"Notes":"disk"`), "maintenance", "disk"},
		{"a state nobody knows", check("a", "odd", ""), "unknown", "a is odd"},
		{"not better than critical", check("a", "odd", "") + "," + check("b", "critical", ""), "down", "b is critical"},
		{"control characters", check("a", "critical", `,"Output":"\u001b[2Jboo\r\nhoo\u0007"`), "down", "a: [2Jboo hoo"},
		{"endless", check("a", "critical", `,"Output":"`+long+`"`), "down", "a: " + long[:509] + "..."},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := consul.InstanceOf([]byte(entryOf(`"Port":80`, c.checks)))
			if err != nil {
				t.Fatal(err)
			}
			if in.Claimed.String() != c.want || in.ClaimNote != c.note {
				t.Errorf("got %s %q, want %s %q", in.Claimed, in.ClaimNote, c.want, c.note)
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	for entry, want := range map[string]string{
		`{}`:   "no node",
		`null`: "no node",
		`[]`:   "cannot unmarshal",
		`{"Node":{"Node":"n"},"Service":{"Service":"s"}}`:                "no service id",
		`{"Node":{"Node":"n"},"Service":{"ID":"a","Service":"s"}}`:       "no address",
		`{"Node":{"Node":"n","Address":7}}`:                              "cannot unmarshal",
		`{"Node":{"Node":"n","Address":"1.1.1.1"},"Service":{"ID":"a"}}`: "no name",
	} {
		if _, err := consul.InstanceOf([]byte(entry)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", entry, err, want)
		}
	}
}

func TestAddressable(t *testing.T) {
	for name, want := range map[string]bool{"a": true, "a b": true, "a/b": true, "ä%2f": true, "": false, ".": false, "..": false, "../x": false, "a/": false, "a//b": false, "/a": false} {
		if got := consul.Addressable(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func FuzzEntry(f *testing.F) {
	for _, name := range recordings(f, "01", "99") {
		var entries []json.RawMessage
		if json.Unmarshal([]byte(recorded(f, name).reply), &entries) == nil {
			for _, e := range entries {
				f.Add([]byte(e))
			}
		}
	}
	f.Add([]byte(entryOf(`"Ports":[{"Name":"a","Port":-1}],"Tags":["=","a=","=b"],"TaggedAddresses":{"x":{"Address":"]:["}}`, `{"Status":"x"}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := consul.InstanceOf(data)
		if err != nil {
			return
		}
		if in.ID == "" || in.Addr == "" || in.Claimed == nil || *in.Claimed == fleet.StatusNone || in.Weight < 0 {
			t.Errorf("an instance that is none: %s", show(in))
		}
		if strings.ContainsFunc(in.ClaimNote, unicode.IsControl) || len(in.ClaimNote) > 600 {
			t.Errorf("a note that is no line: %q", in.ClaimNote)
		}
		for key := range in.Labels {
			if key == "" && !strings.Contains(string(data), `""`) {
				t.Errorf("a label without a key in %s", show(in))
			}
		}
	})
}
