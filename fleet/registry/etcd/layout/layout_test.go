package layout_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

// pair is a key and its value.
type pair struct{ key, value string }

// recorded reads the pairs the libraries were seen to write.
func recorded(t testing.TB) (pairs []pair) {
	t.Helper()
	data, err := os.ReadFile("testdata/wire/libraries-3.7.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^key   (".*")\nvalue (".*")$`).FindAllStringSubmatch(string(data), -1) {
		key, err1 := strconv.Unquote(m[1])
		value, err2 := strconv.Unquote(m[2])
		if err1 != nil || err2 != nil {
			t.Fatalf("%s: %v, %v", m[0], err1, err2)
		}
		pairs = append(pairs, pair{key, value})
	}
	if len(pairs) < 9 {
		t.Fatalf("found %d pairs only", len(pairs))
	}
	return pairs
}

// instance makes an instance named by its address.
func instance(addr string) fleet.Instance { return fleet.Instance{ID: addr, Addr: addr} }

func TestRecorded(t *testing.T) {
	noLease := instance("127.0.0.1:9121")
	noLease.Labels = map[string]string{"metadata": "free text"}
	versioned := instance("127.0.0.1:9101")
	versioned.Version, versioned.Weight, versioned.Labels = "2.4.1", 3, map[string]string{"version": "2.4.1", "weight": "3"}
	zero := func(addr string) fleet.Instance {
		in := instance(addr)
		in.Endpoints = map[string]string{"grpc": addr}
		return in
	}
	kit := instance("127.0.0.1:9101")
	kit.Labels = map[string]string{"scheme": "http"}
	want := map[string]layout.Entry{
		"orders/127.0.0.1:9101":           {Layout: layout.Naming, Ref: fleet.Ref{Name: "orders"}, Instances: []fleet.Instance{versioned}},
		"orders/127.0.0.1:9111":           {Layout: layout.Naming, Ref: fleet.Ref{Name: "orders"}, Instances: []fleet.Instance{instance("127.0.0.1:9111")}},
		"orders/no-lease":                 {Layout: layout.Naming, Ref: fleet.Ref{Name: "orders"}, Instances: []fleet.Instance{noLease}},
		"orders.rpc/7":                    {Layout: layout.Zero, Ref: fleet.Ref{Name: "orders.rpc"}, Instances: []fleet.Instance{zero("127.0.0.1:9111")}},
		"orders.rpc/8480174772770394647":  {Layout: layout.Zero, Ref: fleet.Ref{Name: "orders.rpc"}, Instances: []fleet.Instance{zero("127.0.0.1:9101")}},
		"/services/orders/127.0.0.1:9101": {Layout: layout.Kit, Ref: fleet.Ref{Name: "orders"}, Instances: []fleet.Instance{kit}},
		"/services/users/127.0.0.1:9301":  {Layout: layout.Kit, Ref: fleet.Ref{Name: "users"}, Instances: []fleet.Instance{instance("127.0.0.1:9301")}},
		"/microservices/orders/orders-1": {Layout: layout.Kratos, Ref: fleet.Ref{Name: "orders"}, Instances: []fleet.Instance{{
			ID: "orders-1", Addr: "127.0.0.1:9101", Version: "2.4.1", Zone: "b", Labels: map[string]string{"zone": "b", "scheme": "http"},
			Endpoints: map[string]string{"http": "127.0.0.1:9101", "grpc": "127.0.0.1:9102"},
		}}},
	}
	seen := map[string]bool{}
	for _, p := range recorded(t) {
		got, err := layout.Decode(layout.Auto, "", p.key, []byte(p.value))
		if p.key == "/microservices/orders/orders-2" {
			if err == nil || !strings.Contains(err.Error(), "no endpoint") {
				t.Errorf("%s: %+v, %v", p.key, got, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, want[p.key]) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", p.key, got, err, want[p.key])
		}
		seen[p.key] = true
	}
	if len(seen) != len(want) {
		t.Errorf("recorded are %d of the %d that are expected", len(seen), len(want))
	}
}

// TestFromReference has the layouts nobody has recorded yet.
func TestFromReference(t *testing.T) {
	for _, c := range []struct {
		name, prefix, key, value string
		want                     layout.Entry
	}{
		{
			"kitex", "", "kitex/registry-etcd/orders/10.2.0.5:8888", `{"network":"tcp","address":"10.2.0.5:8888","weight":10,"tags":{"cluster":"b"}}`,
			layout.Entry{Layout: layout.Kitex, Ref: fleet.Ref{Name: "orders"}, Instances: []fleet.Instance{
				{ID: "10.2.0.5:8888", Addr: "10.2.0.5:8888", Weight: 10, Labels: map[string]string{"cluster": "b"}},
			}},
		},
		{
			"kitex without prefix", "", "/orders/10.2.0.5:8888", `{"network":"tcp","address":"10.2.0.5:8888","weight":0,"tags":null}`,
			layout.Entry{Layout: layout.Kitex, Ref: fleet.Ref{Name: "orders"}, Instances: []fleet.Instance{instance("10.2.0.5:8888")}},
		},
		{
			"go-micro", "", "/micro/registry/shop-orders/orders-7f3a",
			`{"name":"shop/orders","version":"2.4.1","metadata":{"zone":"a","tier":"x"},"endpoints":[{"name":"Get"}],"nodes":[{"id":"orders-7f3a","address":"10.2.0.5:9000","metadata":{"zone":"b"}}]}`,
			layout.Entry{Layout: layout.Micro, Ref: fleet.Ref{Name: "shop/orders"}, Instances: []fleet.Instance{
				{ID: "orders-7f3a", Addr: "10.2.0.5:9000", Zone: "b", Version: "2.4.1", Labels: map[string]string{"zone": "b", "tier": "x"}},
			}},
		},
		{
			"kratos, secure gRPC only", "/microservices/", "/microservices/orders/x", `{"id":"","name":"","version":"","metadata":{"depends_on":"a,b"},"endpoints":["grpc://10.2.0.5:9000?isSecure=true"]}`,
			layout.Entry{Layout: layout.Kratos, Ref: fleet.Ref{Name: "orders"}, DependsOn: []string{"a", "b"}, Instances: []fleet.Instance{
				{ID: "x", Addr: "10.2.0.5:9000", Labels: map[string]string{"scheme": "grpcs", "depends_on": "a,b"}, Endpoints: map[string]string{"grpc": "grpcs://10.2.0.5:9000"}},
			}},
		},
		{
			"kratos, http after grpc", "", "/microservices/o/x", `{"id":"x","name":"o","endpoints":["grpc://10.2.0.5:9000","http://10.2.0.5:9001?isSecure=true"]}`,
			layout.Entry{Layout: layout.Kratos, Ref: fleet.Ref{Name: "o"}, Instances: []fleet.Instance{
				{ID: "x", Addr: "10.2.0.5:9001", Labels: map[string]string{"scheme": "https"}, Endpoints: map[string]string{"grpc": "10.2.0.5:9000", "http": "https://10.2.0.5:9001"}},
			}},
		},
		{
			"go-kit without port", "", "/services/o/x", `https://orders.example`,
			layout.Entry{Layout: layout.Kit, Ref: fleet.Ref{Name: "o"}, Instances: []fleet.Instance{{ID: "orders.example:443", Addr: "orders.example:443", Labels: map[string]string{"scheme": "https"}}}},
		},
		{
			"below a prefix", "prod/", "prod/shop/orders/a", `{"Op":0,"Addr":"[::1]:80"}`,
			layout.Entry{Layout: layout.Naming, Ref: fleet.Ref{Namespace: "shop", Name: "orders"}, Instances: []fleet.Instance{instance("[::1]:80")}},
		},
		{
			"the prefix is the service", "orders/", "orders/a", `{"Op":0,"Addr":"10.0.0.1:80"}`,
			layout.Entry{Layout: layout.Naming, Ref: fleet.Ref{Name: "orders"}, Instances: []fleet.Instance{instance("10.0.0.1:80")}},
		},
		{
			"a service called like a root", "", "services/10.0.0.1:80", `{"Op":0,"Addr":"10.0.0.1:80"}`,
			layout.Entry{Layout: layout.Naming, Ref: fleet.Ref{Name: "services"}, Instances: []fleet.Instance{instance("10.0.0.1:80")}},
		},
		{
			"metadata of many kinds", "", "o/a", `{"Op":0,"Addr":"10.0.0.1:80","Metadata":{"id":"o-1","weight":7,"ok":true,"none":null,"list":[1, 2],"midwatch_zone":"z","endpoints":{"grpc":"10.0.0.1:81"}}}`,
			layout.Entry{Layout: layout.Naming, Ref: fleet.Ref{Name: "o"}, Instances: []fleet.Instance{{
				ID: "o-1", Addr: "10.0.0.1:80", Zone: "z", Weight: 7, Endpoints: map[string]string{"grpc": "10.0.0.1:81"},
				Labels: map[string]string{"weight": "7", "ok": "true", "list": "[1,2]", "midwatch_zone": "z"},
			}}},
		},
	} {
		got, err := layout.Decode(layout.Auto, c.prefix, c.key, []byte(c.value))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", c.name, got, err, c.want)
		}
		named, err := layout.Decode(c.want.Layout, c.prefix, c.key, []byte(c.value))
		if err != nil || !reflect.DeepEqual(named, got) {
			t.Errorf("%s: named it is %+v, %v", c.name, named, err)
		}
	}
}

func TestUnreadable(t *testing.T) {
	for _, c := range []struct{ layout, key, value, want string }{
		{layout.Auto, "orders/a", "", "no layout known"},
		{layout.Auto, "orders/a", "{", "no layout known"},
		{layout.Auto, "orders/a", `{"some":"json"}`, "no layout known"},
		{layout.Auto, "orders/a", "hello", "no layout known"},
		{layout.Auto, "orders", "10.0.0.1:80", "no part for a service"},
		{layout.Auto, "orders//a", "10.0.0.1:80", "no part for a service"},
		{layout.Auto, "orders/\xff", "10.0.0.1:80", "not UTF-8"},
		{layout.Auto, "o/a", `{"Op":1,"Addr":"10.0.0.1:80"}`, "its operation is 1"},
		{layout.Auto, "o/a", `{"Op":0,"Addr":"10.0.0.1"}`, `"10.0.0.1" is not an address`},
		{layout.Auto, "o/a", `{"Op":0,"Addr":"10.0.0.1:70000"}`, "no port from 1 to 65535"},
		{layout.Auto, "o/a", `{"Op":0,"Addr":":80"}`, "is not an address"},
		{layout.Auto, "o/a", `{"Op":0,"Addr":"a\u001b[2Jb:80"}`, "is not an address"},
		{layout.Auto, "o/a", `{"Op":"x","Addr":"10.0.0.1:80"}`, "not the JSON of gRPC naming"},
		{layout.Naming, "o/a", "10.0.0.1:80", "not the JSON of gRPC naming"},
		{layout.Zero, "o/a", "10.0.0.1:80", "does not end in a number"},
		{layout.Zero, "o/7", "nothing", "is not an address"},
		{layout.Kit, "o/a", "ftp://host", "its URL has no port"},
		{layout.Kit, "o/a", "http://%zz", "is not a URL"},
		{layout.Kratos, "o/a", "[]", "not the JSON of Kratos"},
		{layout.Kratos, "o/a", `{"endpoints":["http://"]}`, "its URL has no port"},
		{layout.Micro, "o/a", `{"nodes":[]}`, "it names no node"},
		{layout.Micro, "o/a", `{"nodes":[{"id":"x","address":"none"}]}`, "is not an address"},
		{layout.Micro, "o/a", `"x"`, "not the JSON of go-micro"},
		{layout.Kitex, "o/a", `{"network":"unix","address":"/run/x"}`, `its network is "unix"`},
		{layout.Kitex, "o/a", `{"network":"tcp","address":":8888"}`, "is not an address"},
		{layout.Kitex, "o/a", "x", "not the JSON of Kitex"},
		{"dubbo", "o/a", "x", "no layout is called"},
	} {
		got, err := layout.Decode(c.layout, "", c.key, []byte(c.value))
		if err == nil || !strings.Contains(err.Error(), c.want) || len(got.Instances) > 0 {
			t.Errorf("%s %q %q: %+v, %v; want %q", c.layout, c.key, c.value, got, err, c.want)
		}
	}
	if _, err := layout.Decode(layout.Auto, "other/", "orders/a", []byte("10.0.0.1:80")); err == nil {
		t.Error("a key outside the prefix was read")
	}
}

func TestEncode(t *testing.T) {
	for _, in := range []fleet.Instance{
		instance("127.0.0.1:80"),
		{ID: "payment-2", Addr: "[::1]:80", Zone: "b", Version: "2.4.1", Weight: 3, Labels: map[string]string{"team": "x", "depends_on": "a"}, Endpoints: map[string]string{"grpc": "[::1]:81"}},
		{ID: "s", Addr: "/run/s.sock"},
	} {
		value, err := layout.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		var official struct {
			Op       int
			Addr     string
			Metadata any
		}
		if err := json.Unmarshal([]byte(value), &official); err != nil || official.Op != 0 || official.Addr != in.Addr {
			t.Errorf("%s: %+v, %v", value, official, err)
		}
		got, err := layout.Decode(layout.Naming, "p/", "p/svc/x", []byte(value))
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		back := got.Instances[0]
		for k, v := range in.Labels {
			if back.Labels[k] != v {
				t.Errorf("label %s is %q, was %q", k, back.Labels[k], v)
			}
		}
		back.Labels = in.Labels
		if !reflect.DeepEqual(back, in) {
			t.Errorf("came back as %+v, was %+v", back, in)
		}
	}
	if value, err := layout.Encode(fleet.Instance{Addr: "a:1", Weight: -1}); err == nil {
		t.Errorf("a negative weight made %s", value)
	}
	value, err := layout.Encode(fleet.Instance{ID: "x", Addr: "a:1", Zone: "new", Labels: map[string]string{"midwatch_zone": "old", "zone": "older"}})
	if err != nil || strings.Contains(value, "old") {
		t.Errorf("the field has to win over the label: %s, %v", value, err)
	}
}

func TestPrefix(t *testing.T) {
	for _, c := range []struct{ path, layout, want, other string }{
		{"", layout.Auto, "", ""},
		{"/", layout.Auto, "", ""},
		{"/prod", layout.Auto, "prod/", "/prod/"},
		{"/prod/shop", layout.Naming, "prod/shop/", "/prod/shop/"},
		{"//services", layout.Auto, "/services/", "services/"},
		{"/microservices", layout.Auto, "/microservices/", "microservices/"},
		{"/micro/registry", layout.Auto, "/micro/registry/", "micro/registry/"},
		{"/micro/registryx", layout.Auto, "micro/registryx/", "/micro/registryx/"},
		{"", layout.Kratos, "/microservices/", "microservices/"},
		{"", layout.Micro, "/micro/registry/", "micro/registry/"},
		{"", layout.Kitex, "kitex/registry-etcd/", "/kitex/registry-etcd/"},
		{"/own", layout.Kratos, "own/", "/own/"},
	} {
		got := layout.PrefixOf(c.path, c.layout)
		if got != c.want {
			t.Errorf("%s with %s: %q, want %q", c.path, c.layout, got, c.want)
		}
		if c.want != "" && layout.OtherSpelling(got) != c.other {
			t.Errorf("%s: the other spelling is %q, want %q", got, layout.OtherSpelling(got), c.other)
		}
	}
	if got := layout.EscapeSegment("/run/100%.sock"); got != "%2Frun%2F100%25.sock" {
		t.Errorf("got %s", got)
	}
}
