package layout_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

// line is an entry in one line.
func line(e layout.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Layout, e.Ref)
	for _, in := range e.Instances {
		fmt.Fprintf(&b, " | %s", in.ID)
		if in.Addr != in.ID {
			fmt.Fprintf(&b, " at %s", in.Addr)
		}
		for _, field := range [][2]string{{"zone", in.Zone}, {"version", in.Version}, {"weight", strings.TrimPrefix(fmt.Sprint(in.Weight), "0")}} {
			if field[1] != "" {
				fmt.Fprintf(&b, " %s=%s", field[0], field[1])
			}
		}
		for _, k := range slices.Sorted(maps.Keys(in.Endpoints)) {
			fmt.Fprintf(&b, " %s:%s", k, in.Endpoints[k])
		}
		for _, k := range slices.Sorted(maps.Keys(in.Labels)) {
			fmt.Fprintf(&b, " %s=%q", k, in.Labels[k])
		}
	}
	if len(e.DependsOn) > 0 {
		fmt.Fprintf(&b, " needs %s", strings.Join(e.DependsOn, ","))
	}
	return b.String()
}

// TestOddValues has what other hands than the libraries' own write: unusual
// forms of the same, and what comes near to a layout and is none.
func TestOddValues(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		// The official form. Its own client reads JSON without regard to case and
		// takes the last of two members; so do we.
		{"o/a", " \r\n{\"Op\":0,\"Addr\":\"h:1\"}\n", "naming o | h:1"},
		{"o/a", `{"Addr":"h:1"}`, "naming o | h:1"},
		{"o/a", `{"Addr":"h:1","Addr":"h:2"}`, "naming o | h:2"},
		{"o/a", `{"Op":0,"addr":"h:1"}`, "none"},
		{"o/a", `{"Addr":"h:1","Metadata":"free\ntext"}`, `naming o | h:1 metadata="free\ntext"`},
		{"o/a", `{"Addr":"h:1","Metadata":7}`, `naming o | h:1 metadata="7"`},
		{"o/a", `{"Addr":"h:1","Metadata":[1, {"a": 2}]}`, `naming o | h:1 metadata="[1,{\"a\":2}]"`},
		{"o/a", `{"Addr":"h:1","Metadata":false}`, `naming o | h:1 metadata="false"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"a":{"b": [1, 2]},"c":null}}`, `naming o | h:1 a="{\"b\":[1,2]}"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"zone":"x","midwatch_zone":"y"}}`, `naming o | h:1 zone=y midwatch_zone="y" zone="x"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"id":"i","midwatch_id":"j"}}`, "naming o | j at h:1"},
		{"o/a", `{"Addr":"h:1","Metadata":{"weight":"3"}}`, `naming o | h:1 weight=3 weight="3"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"weight":3}}`, `naming o | h:1 weight=3 weight="3"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"weight":"3.5"}}`, `naming o | h:1 weight="3.5"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"weight":-1}}`, `naming o | h:1 weight="-1"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"weight":1e3}}`, `naming o | h:1 weight="1e3"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"weight":"99999999999999999999"}}`, `naming o | h:1 weight="99999999999999999999"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"endpoints":"grpc"}}`, `naming o | h:1 endpoints="grpc"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"endpoints":{"grpc":7}}}`, `naming o | h:1 endpoints="{\"grpc\":7}"`},
		{"o/a", `{"Addr":"h:1","Metadata":{"depends_on":" a ,,b, "}}`, `naming o | h:1 depends_on=" a ,,b, " needs a,b`},
		{"o/a", `{"Addr":"h:1","Metadata":{"\u001b[2J":"\u202e::error::"}}`, "naming o | h:1 \x1b[2J=\"\\u202e::error::\""},
		{"o/a", `{"Op":"0","Addr":"h:1"}`, "error: not the JSON of gRPC naming"},
		{"o/a", `{"Op":0,"Addr":8080}`, "error: not the JSON of gRPC naming"},
		{"o/a", `{"Op":0,"Addr":null}`, `error: "" is not an address`},
		{"o/a", `{"Op":0,"Addr":""}`, `error: "" is not an address`},
		{"o/a", `{"Op":0,"Addr":"/run/a\u0000b"}`, "is not an address"},
		{"o/a", `{"Op":0,"Addr":"h:1"}{"Op":0,"Addr":"h:2"}`, "none"},
		{"o/a", `[{"Op":0,"Addr":"h:1"}]`, "none"},
		{"o/a", "\xef\xbb\xbf{\"Op\":0,\"Addr\":\"h:1\"}", "none"},
		// go-zero: the key's last segment is a number.
		{"o.rpc/7", "h:1\n", "go-zero o.rpc | h:1 grpc:h:1"},
		{"o.rpc/18446744073709551615", "[::1]:1", "go-zero o.rpc | [::1]:1 grpc:[::1]:1"},
		{"o.rpc/18446744073709551616", "h:1", "go-kit o.rpc | h:1"}, // no lease is that large
		{"o.rpc/-7", "h:1", "go-kit o.rpc | h:1"},
		{"o.rpc/7a", "h:1", "go-kit o.rpc | h:1"},
		{"o.rpc/7", "http://h:1", `go-kit o.rpc | h:1 scheme="http"`},
		{"o.rpc/7", "h:1,h:2", "none"},
		// go-kit: a URL or an address.
		{"o/a", "https://h", `go-kit o | h:443 scheme="https"`},
		{"o/a", "http://h:81/path?q#f", `go-kit o | h:81 scheme="http"`},
		{"o/a", "http://[::1]", `go-kit o | [::1]:80 scheme="http"`},
		{"o/a", "grpc://h", "none"},
		{"o/a", "http://user:hush@h:81", `go-kit o | h:81 scheme="http"`}, // a password is not taken along
		{"o/a", "http://h:81\r\nX: y", "none"},
		{"o/a", "http:///x", "none"},
		{"o/a", "h:1 h:2", "none"},
		{"o/a", `"h:1"`, "none"},
		{"o/a", "h:1\x00", "none"},
		// Kratos: null members, no port, several of one kind.
		{"/microservices/o/a", `{"id":"i","name":"o","version":"","metadata":null,"endpoints":null}`, "error: it names no endpoint"},
		{"/microservices/o/a", `{"id":"i","name":"o","version":null,"metadata":null,"endpoints":["http://h:1"]}`, `kratos o | i at h:1 http:h:1 scheme="http"`},
		{"/microservices/o/a", `{"id":"i","name":"o","endpoints":[]}`, "error: it names no endpoint"},
		{"/microservices/o/a", `{"id":"i","name":"o","endpoints":["http://h:1","http://h:2","grpc://h:3"]}`, `kratos o | i at h:1 grpc:h:3 http:h:1 scheme="http"`},
		{"/microservices/o/a", `{"id":"i","name":"o","endpoints":["https://h:1"]}`, `kratos o | i at h:1 https:h:1 scheme="https"`},
		{"/microservices/o/a", `{"id":"i","name":"o","endpoints":["grpc://h:1","tcp://h:2"]}`, `kratos o | i at h:1 grpc:h:1 tcp:h:2 scheme="grpc"`},
		{"/microservices/o/a", `{"id":"i","name":"o","endpoints":["h:1"]}`, `kratos o | i at h:1 http:h:1 scheme="http"`},
		{"/microservices/o/a", `{"id":"i","name":"o","endpoints":["http://h:1?isSecure=TRUE"]}`, `kratos o | i at h:1 http:h:1 scheme="http"`},
		{"/microservices/o/a", `{"id":"i","name":"o","endpoints":["http://h:1","nonsense"]}`, `error: "nonsense" is not an address`},
		{"/microservices/o/a", `{"id":"i","name":"o","endpoints":[7]}`, "error: not the JSON of Kratos"},
		{"/microservices/o/a", `{"id":7,"name":"o","endpoints":["http://h:1"]}`, "error: not the JSON of Kratos"},
		{"/microservices/o/a", `{"id":"i","name":"o","metadata":{"scheme":"https","version":"3"},"version":"2","endpoints":["http://h:1"]}`, `kratos o | i at h:1 version=3 http:h:1 scheme="https" version="3"`},
		{"/microservices/o/a", `{"id":"i","name":"o","metadata":"text","endpoints":["http://h:1"]}`, `kratos o | i at h:1 http:h:1 metadata="text" scheme="http"`},
		{"/microservices/o/a", `{"id":"","name":"other/name","endpoints":["http://h:1"]}`, `kratos other/name | a at h:1 http:h:1 scheme="http"`},
		// go-micro: several nodes, of which all have to be usable.
		{"/micro/registry/o/n", `{"name":"o","nodes":[{"id":"a","address":"h:1"},{"address":"h:2"}]}`, "go-micro o | a at h:1 | h:2"},
		{"/micro/registry/o/n", `{"name":"o","nodes":[{"id":"a","address":"h:1"},{"id":"b","address":"h"}]}`, `error: "h" is not an address`},
		{"/micro/registry/o/n", `{"name":"o","nodes":null}`, "error: it names no node"},
		{"/micro/registry/o/n", `{"name":"o","nodes":[null]}`, `error: "" is not an address`},
		{"/micro/registry/o/n", `{"name":"o","nodes":{"id":"a"}}`, "error: not the JSON of go-micro"},
		{"/micro/registry/o/n", `{"name":"","version":"1","metadata":{"depends_on":"x"},"nodes":[{"id":"a","address":"h:1","metadata":{"version":"2"}}]}`, `go-micro o | a at h:1 version=2 depends_on="x" version="2" needs x`},
		// Kitex: networks and weights.
		{"kitex/registry-etcd/o/h:1", `{"network":"tcp6","address":"[::1]:1","weight":-5}`, "kitex o | [::1]:1"},
		{"kitex/registry-etcd/o/h:1", `{"network":"tcp","address":"h:1","weight":"10"}`, "error: not the JSON of Kitex"},
		{"kitex/registry-etcd/o/h:1", `{"network":"tcp","address":"h:1","weight":0,"tags":{"weight":"4"}}`, `kitex o | h:1 weight=4 weight="4"`},
		{"kitex/registry-etcd/o/h:1", `{"network":"tcp","address":"h:1","weight":2,"tags":{"weight":"4"}}`, `kitex o | h:1 weight=2 weight="4"`},
		{"kitex/registry-etcd/o/h:1", `{"network":"TCP","address":"h:1"}`, `error: its network is "TCP"`},
		{"kitex/registry-etcd/o/h:1", `{"network":"tcp"}`, "none"},
		// Others' layouts, which nobody here reads.
		{"/dubbo/com.acme.Orders/providers/dubbo%3A%2F%2F10.0.0.1%3A20880", "", "none"},
		{"/services/app/10.0.0.1:80", `{"ID":"x","ServiceName":"app","Host":"10.0.0.1","Port":80,"Address":"10.0.0.1:80"}`, "none"},
		{"/apisix/routes/1", `{"uri":"/x","upstream":{"nodes":{"h:1":1}}}`, "none"},
		{"/registry/pods/default/x", "k8s\x00\n\x0c\n\x02v1", "none"},
		{"/config/db", "postgres://user:hush@h/db", "none"},
		{"/config/limits", `{"id":"a","name":"b"}`, "none"},
	} {
		got := ""
		switch e, err := layout.Decode(layout.Auto, "", c.key, []byte(c.value)); {
		case errors.Is(err, layout.ErrForeign):
			got = "none"
		case err != nil:
			got = "error: " + err.Error()
		default:
			got = line(e)
		}
		if got != c.want && (!strings.HasPrefix(got, "error: ") || c.want == "none" || !strings.Contains(got, c.want)) {
			t.Errorf("%s %s\n got %s\nwant %s", c.key, c.value, got, c.want)
		}
		if strings.Contains(got, "hush") {
			t.Errorf("%s: a password is repeated: %s", c.value, got)
		}
	}
}

// TestNamedAgainstFound decodes all that was recorded by the name of every
// layout. A name is an order: what is not of that layout is refused, or read as
// the same address, never as something else.
func TestNamedAgainstFound(t *testing.T) {
	names := []string{layout.Naming, layout.Zero, layout.Kit, layout.Kratos, layout.Micro, layout.Kitex}
	own := 0
	for _, p := range recorded(t) {
		found, err := layout.Decode(layout.Auto, "", p.key, []byte(p.value))
		if err != nil {
			continue // its own layout refuses it, see TestRecorded
		}
		for _, name := range names {
			named, err := layout.Decode(name, "", p.key, []byte(p.value))
			switch {
			case name == found.Layout:
				if own++; err != nil || line(named) != line(found) {
					t.Errorf("%s: found %s, named %s, %v", p.key, line(found), line(named), err)
				}
			case err == nil && (named.Instances[0].Addr != found.Instances[0].Addr || named.Ref != found.Ref || named.Layout != name):
				t.Errorf("%s as %s: %s", p.key, name, line(named))
			}
		}
	}
	if own < 8 {
		t.Errorf("only %d entries were read by their own name", own)
	}
}

// TestHuge: values of a MiB, as large as etcd takes them, are read or refused
// in bounded time, and an error never repeats one.
func TestHuge(t *testing.T) {
	const size = 1 << 20
	long := strings.Repeat("x", size)
	for what, c := range map[string]struct{ key, value string }{
		"address":        {"o/a", `{"Op":0,"Addr":"` + long + `:1"}`},
		"bad address":    {"o/a", `{"Op":0,"Addr":"` + long + `"}`},
		"metadata":       {"o/a", `{"Op":0,"Addr":"h:1","Metadata":"` + long + `"}`},
		"many labels":    {"o/a", `{"Op":0,"Addr":"h:1","Metadata":{` + strings.Repeat(`"a":"b",`, size/8) + `"a":"b"}}`},
		"deep":           {"o/a", `{"Op":0,"Addr":"h:1","Metadata":` + strings.Repeat(`{"a":`, size/5)},
		"deep, closed":   {"o/a", `{"Op":0,"Addr":"h:1","Metadata":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}"},
		"too deep":       {"o/a", `{"Op":0,"Addr":"h:1","Metadata":` + strings.Repeat("[", size/2) + strings.Repeat("]", size/2) + "}"},
		"many nodes":     {"o/a", `{"name":"o","nodes":[` + strings.Repeat(`{"address":"h:1"},`, size/18) + `{"address":"h"}]}`},
		"many endpoints": {"o/a", `{"id":"a","name":"o","endpoints":[` + strings.Repeat(`"http://h:1",`, size/13) + `"http://h:1"]}`},
		"a URL":          {"o/a", "http://" + long},
		"plain":          {"o/a", long},
		"key":            {strings.Repeat("a/", size/2) + "b", "h:1"},
		"network":        {"o/a", `{"network":"` + long + `","address":"h:1"}`},
		"operation":      {"o/a", `{"Op":` + strings.Repeat("1", size) + `,"Addr":"h:1"}`},
	} {
		began := time.Now()
		e, err := layout.Decode(layout.Auto, "", c.key, []byte(c.value))
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s: %v", what, took)
		}
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("%s: an error of %d bytes: %.80s...", what, len(err.Error()), err)
		}
		if err == nil && len(e.Instances) == 0 {
			t.Errorf("%s: neither an instance nor an error", what)
		}
	}
}

// TestFieldsWinOverLabels: what an instance is called cannot be changed by what
// it is labelled with, or a registration could not be found again.
func TestFieldsWinOverLabels(t *testing.T) {
	for _, in := range []fleet.Instance{
		{ID: "h:1", Addr: "h:1", Labels: map[string]string{"id": "other"}},
		{ID: "h:1", Addr: "h:1", Labels: map[string]string{"midwatch_id": "other"}},
		{ID: "mine", Addr: "h:1", Labels: map[string]string{"id": "other", "midwatch_id": "third"}},
		{ID: "mine", Addr: "h:1", Zone: "z", Version: "1", Weight: 2, Labels: map[string]string{"zone": "other", "midwatch_version": "other", "weight": "9"}},
		{ID: "mine", Addr: "h:1", Endpoints: map[string]string{"grpc": "h:2"}, Labels: map[string]string{"endpoints": `{"grpc":"h:3"}`}},
	} {
		value, err := layout.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		e, err := layout.Decode(layout.Naming, "", "o/a", []byte(value))
		if err != nil {
			t.Fatal(err)
		}
		got := e.Instances[0]
		if got.ID != in.ID || got.Addr != in.Addr || got.Zone != in.Zone || got.Version != in.Version || got.Weight != in.Weight || !maps.Equal(got.Endpoints, in.Endpoints) {
			t.Errorf("%s\n got %s\nwant %+v", value, line(e), in)
		}
	}
}

// FuzzRoundTrip: what we write is read back, whatever the texts are, as long as
// they are UTF-8, and always has an id and an address.
func FuzzRoundTrip(f *testing.F) {
	f.Add("orders-1", "10.0.0.1:80", "b", "2.4.1", 3, "team", "x")
	f.Add("", "[::1]:80", "", "", 0, "id", "other")
	f.Add("a/b", "/run/x.sock", "\x1b", "null", 1, "endpoints", `{"a":"b"}`)
	f.Add("i", "h:1", "", "", 0, "midwatch_zone", "z")
	f.Fuzz(func(t *testing.T, id, addr, zone, version string, weight int, label, text string) {
		for _, s := range []string{id, addr, zone, version, label, text} {
			if !utf8.ValidString(s) {
				return
			}
		}
		in := fleet.Instance{ID: id, Addr: addr, Zone: zone, Version: version, Weight: weight, Labels: map[string]string{label: text}}
		value, err := layout.Encode(in)
		if err != nil {
			if weight >= 0 {
				t.Fatalf("%+v: %v", in, err)
			}
			return
		}
		e, err := layout.Decode(layout.Naming, "p/", "p/svc/x", []byte(value))
		if err != nil {
			return // an address nobody can use
		}
		got := e.Instances[0]
		called := cmp.Or(id, addr)
		if id == "" && (label == "id" || label == "midwatch_id") {
			called = cmp.Or(text, addr) // who gives no id may give it as a label
		}
		if got.ID != called || got.Addr != addr || e.Ref.Name != "svc" {
			t.Errorf("%s came back as %s", value, line(e))
		}
		if zone != "" && got.Zone != zone || version != "" && got.Version != version || weight > 0 && got.Weight != weight {
			t.Errorf("%s came back as %s", value, line(e))
		}
	})
}
