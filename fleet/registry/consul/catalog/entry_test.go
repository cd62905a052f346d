package catalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul/catalog"
)

// instanceOf reads one entry and makes an instance of it.
func instanceOf(raw []byte) (fleet.Instance, error) {
	e, err := catalog.Decode(raw)
	if err != nil {
		return fleet.Instance{}, err
	}
	return e.Instance(), nil
}

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
		{
			"Kratos", entryOf(plain+`,"Tags":["version=v1.2"],"TaggedAddresses":{"grpc":{"Address":"grpc://10.0.0.9:9000?isSecure=false","Port":9000},"lan_ipv4":{"Address":"10.0.0.9","Port":80}}`, ""),
			`n1/a at 10.0.0.9:80 zone=nz version=v1.2 weight=0 up "" [version=v1.2] [grpc=grpc://10.0.0.9:9000?isSecure=false]`,
		},
		{
			"another network, the mesh's own left out", entryOf(plain+`,"TaggedAddresses":{"wan":{"Address":"1.2.3.4","Port":81},"virtual":{"Address":"240.0.0.1","Port":80}}`, ""),
			`n1/a at 10.0.0.9:80 zone=nz version= weight=0 up "" [] [wan=1.2.3.4:81]`,
		},
		{
			"metadata win over tags", entryOf(plain+`,"Tags":["version=1","zone=t","team=x","plain","urlprefix-/p q=1"],"Meta":{"version":"2"}`, ""),
			`n1/a at 10.0.0.9:80 zone=t version=2 weight=0 up "" [tag.plain=true tag.urlprefix-/p q=1=true team=x version=2 zone=t] []`,
		},
		{"our prefix wins", entryOf(plain+`,"Meta":{"midwatch_zone":"m","zone":"z"}`, ""), `n1/a at 10.0.0.9:80 zone=m version= weight=0 up "" [midwatch_zone=m zone=z] []`},
		{"weights by state", entryOf(plain+`,"Weights":{"Passing":10,"Warning":2}`, ""), `n1/a at 10.0.0.9:80 zone=nz version= weight=10 up "" [] []`},
		{"weight of a warning", entryOf(plain+`,"Weights":{"Passing":10,"Warning":2}`, `{"Name":"c","Status":"warning"}`), `n1/a at 10.0.0.9:80 zone=nz version= weight=2 degraded "c is warning" [] []`},
		{"weight in metadata", entryOf(plain+`,"Meta":{"weight":"7"},"Weights":{"Passing":10,"Warning":2}`, ""), `n1/a at 10.0.0.9:80 zone=nz version= weight=7 up "" [weight=7] []`},
		{"locality", entryOf(plain+`,"Locality":{"Zone":"lz"}`, ""), `n1/a at 10.0.0.9:80 zone=lz version= weight=0 up "" [] []`},
		{"odd fields we do not read", entryOf(plain+`,"Proxy":7`, `{"Name":"c","Status":"passing","Definition":"odd"}`), `n1/a at 10.0.0.9:80 zone=nz version= weight=0 up "" [] []`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := instanceOf([]byte(c.entry))
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
			in, err := instanceOf([]byte(entryOf(`"Port":80`, c.checks)))
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
		if _, err := instanceOf([]byte(entry)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", entry, err, want)
		}
	}
}

func FuzzEntry(f *testing.F) {
	recordings, err := filepath.Glob(filepath.Join("..", "testdata", "wire", "*-health-*.http"))
	if err != nil || len(recordings) < 5 {
		f.Fatal("no recordings", err)
	}
	for _, name := range recordings {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		var entries []json.RawMessage
		if at := bytes.Index(data, []byte("\n[")); at >= 0 && json.Unmarshal(data[at:], &entries) == nil {
			for _, e := range entries {
				f.Add([]byte(e))
			}
		}
	}
	f.Add([]byte(entryOf(`"Ports":[{"Name":"a","Port":-1}],"Tags":["=","a=","=b"],"TaggedAddresses":{"x":{"Address":"]:["}}`, `{"Status":"x"}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := instanceOf(data)
		if err != nil {
			return
		}
		if in.ID == "" || in.Addr == "" || in.Claimed == nil || *in.Claimed == fleet.StatusNone || in.Weight < 0 {
			t.Errorf("an instance that is none: %s", show(in))
		}
		if strings.ContainsFunc(in.ClaimNote, unicode.IsControl) || len(in.ClaimNote) > 600 {
			t.Errorf("a note that is no line: %q", in.ClaimNote)
		}
		meta, tags := catalog.Metadata(in.Labels)
		again, err := json.Marshal(map[string]any{
			"Node":    map[string]any{"Node": "n", "Address": "a"},
			"Service": map[string]any{"ID": "i", "Service": "s", "Meta": meta, "Tags": tags},
		})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := instanceOf(again); err != nil || !sameLabels(back.Labels, in.Labels) {
			t.Errorf("labels %q come back as %q (%v)", in.Labels, back.Labels, err)
		}
		for key := range in.Labels {
			if key == "" && !strings.Contains(string(data), `""`) {
				t.Errorf("a label without a key in %s", show(in))
			}
		}
	})
}

// sameLabels compares labels; those whose key no tag and no metadata can hold
// are left out.
func sameLabels(got, want map[string]string) bool {
	for key, value := range want {
		if v, ok := got[key]; ok && v == value {
			continue
		}
		return false
	}
	return len(got) == len(want)
}

func TestMetadata(t *testing.T) {
	long := strings.Repeat("x", 513)
	meta, tags := catalog.Metadata(map[string]string{
		"zone": "b", "my-key_1": "v", "a.b": "1", "a/b": "2", "consul-x": "3", "long": long, "tag.canary": "true", "tag.odd": "no", strings.Repeat("k", 129): "v",
	})
	if want := map[string]string{"zone": "b", "my-key_1": "v"}; !maps.Equal(meta, want) {
		t.Errorf("metadata %v, want %v", meta, want)
	}
	if want := []string{"a.b=1", "a/b=2", "canary", "consul-x=3", strings.Repeat("k", 129) + "=v", "long=" + long, "tag.odd=no"}; !slices.Equal(tags, want) {
		t.Errorf("tags %q, want %q", tags, want)
	}
	if meta, tags := catalog.Metadata(nil); len(meta) != 0 || tags != nil {
		t.Errorf("of nothing: %v %v", meta, tags)
	}
}

func TestAgentOwned(t *testing.T) {
	for checks, want := range map[string]bool{
		`{"CheckID":"serfHealth","Status":"passing"}`:                 true,
		`{"CheckID":"serfHealth","Status":"critical"}`:                true, // its agent is away, and still keeps it
		`{"CheckID":"serfHealth","Status":"passing","ServiceID":"a"}`: false,
		`{"CheckID":"service:a","Status":"passing","ServiceID":"a"}`:  false,
		``: false,
	} {
		e, err := catalog.Decode([]byte(entryOf(`"Port":1`, checks)))
		if err != nil || e.AgentOwned() != want {
			t.Errorf("%s: %v, %v", checks, e.AgentOwned(), err)
		}
	}
}
