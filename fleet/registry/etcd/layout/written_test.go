package layout_test

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

// keyOf is where the registry writes an entry.
func keyOf(prefix string, ref fleet.Ref, addr string) string {
	if ref.Namespace != "" {
		prefix += ref.Namespace + "/"
	}
	return prefix + ref.Name + "/" + layout.EscapeSegment(addr)
}

// TestWrittenIsFound writes names of all kinds below prefixes of all kinds. Each
// is read back as it was, with one exception that is known and refused by the
// registry: with no prefix, a namespace that begins like a library's own prefix.
func TestWrittenIsFound(t *testing.T) {
	prefixes := []string{"", "prod/", "/prod/", "/prod/eu/", "/services/", "/microservices/", "/micro/registry/", "kitex/registry-etcd/", "ünï/"}
	names := []string{"orders", "orders.rpc", "services", "microservices", "micro", "registry", "a b", "a%2Fb", "7", "127.0.0.1:80", "訂單"}
	spaces := []string{"", "shop", "eu/shop", "services", "microservices", "micro", "micro/registry", "kitex/registry-etcd", "services/eu"}
	addrs := []string{"h:1", "[::1]:80", "[fe80::1%eth0]:80", "/run/a b/x.sock"}
	exceptions := 0
	for _, prefix := range prefixes {
		for _, name := range names {
			for _, space := range spaces {
				for _, addr := range addrs {
					ref := fleet.Ref{Namespace: space, Name: name}
					value, err := layout.Encode(fleet.Instance{ID: addr, Addr: addr})
					if err != nil {
						t.Fatal(err)
					}
					e, err := layout.Decode(layout.Auto, prefix, keyOf(prefix, ref, addr), []byte(value))
					if err != nil {
						t.Fatalf("%s below %q: %v", ref, prefix, err)
					}
					if in := e.Instances[0]; in.Addr != addr || in.ID != addr || e.Layout != layout.Naming {
						t.Errorf("%s below %q: %s", ref, prefix, line(e))
					}
					if e.Ref == ref {
						continue
					}
					exceptions++
					if prefix != "" || !strings.Contains(" services microservices micro/registry kitex/registry-etcd services/eu ", " "+space+" ") || e.Ref.Name != name {
						t.Errorf("%s below %q is read back as %s", ref, prefix, e.Ref)
					}
				}
			}
		}
	}
	if want := 5 * len(names) * len(addrs); exceptions != want {
		t.Errorf("%d exceptions, want the %d that are known", exceptions, want)
	}
}

// TestEncodeIsStable: the same instance is always the same text, whatever order
// a map has today, and what was given stays as it was.
func TestEncodeIsStable(t *testing.T) {
	in := fleet.Instance{
		ID: "orders-1", Addr: "h:1", Zone: "b", Version: "2", Weight: 3, Endpoints: map[string]string{"grpc": "h:2", "admin": "h:3"},
		Labels: map[string]string{"id": "x", "zone": "y", "midwatch_weight": "9", "team": "<a&b>", "a": "1", "b": "2", "c": "3"},
	}
	before := maps.Clone(in.Labels)
	const want = `{"Op":0,"Addr":"h:1","Metadata":{"a":"1","b":"2","c":"3","endpoints":{"admin":"h:3","grpc":"h:2"},"id":"orders-1","team":"\u003ca\u0026b\u003e","version":"2","weight":"3","zone":"b"}}`
	for range 50 {
		got, err := layout.Encode(in)
		if err != nil || got != want {
			t.Fatalf("%s, %v\nwant %s", got, err, want)
		}
	}
	if !maps.Equal(in.Labels, before) {
		t.Errorf("the labels were changed: %v", in.Labels)
	}
	if bare, err := layout.Encode(fleet.Instance{Addr: "h:1"}); err != nil || bare != `{"Op":0,"Addr":"h:1","Metadata":{}}` {
		t.Errorf("%s, %v", bare, err)
	}
}

// TestDecodeKeepsNothing: an entry holds no part of the value it was read from,
// which etcd's client may use again.
func TestDecodeKeepsNothing(t *testing.T) {
	for _, p := range append(recorded(t), pair{"o/a", `{"Op":0,"Addr":"h:1","Metadata":{"list":[1,2],"zone":"b","endpoints":{"grpc":"h:2"}}}`}) {
		value := []byte(p.value)
		first, err := layout.Decode(layout.Auto, "", p.key, value)
		if err != nil {
			continue
		}
		again, _ := layout.Decode(layout.Auto, "", p.key, []byte(p.value))
		for i := range value {
			value[i] = '#'
		}
		if !reflect.DeepEqual(first, again) {
			t.Errorf("%s changed with its value: %s", p.key, line(first))
		}
	}
}

// TestShort: a message holds the start of a text, at most 300 bytes of it, and
// never half a character.
func TestShort(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int
	}{
		{"", 0},
		{strings.Repeat("x", 300), 300},
		{strings.Repeat("x", 301), 303},
		{strings.Repeat("é", 200), 303},
		{"x" + strings.Repeat("é", 200), 302},
		{strings.Repeat("測", 1<<18), 303},
	} {
		got := layout.Short(c.in)
		if len(got) != c.want || !utf8.ValidString(got) || !strings.HasPrefix(c.in, strings.TrimSuffix(got, "...")) {
			t.Errorf("%.20q (%d): %q (%d), want %d", c.in, len(c.in), got, len(got), c.want)
		}
	}
}

// TestErrForeign: only what is of no layout at all is foreign. What begins like
// one and is broken is that layout's error, and a name never finds anything
// foreign.
func TestErrForeign(t *testing.T) {
	for _, name := range []string{layout.Auto, layout.Naming, layout.Zero, layout.Kit, layout.Kratos, layout.Micro, layout.Kitex} {
		_, err := layout.Decode(name, "", "some/key", []byte(`{"rps":7}`))
		if foreign := errors.Is(err, layout.ErrForeign); err == nil || foreign != (name == layout.Auto) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := layout.Decode(layout.Auto, "", "some/key", []byte(`{"Addr":"h"}`)); err == nil || errors.Is(err, layout.ErrForeign) {
		t.Errorf("a broken address: %v", err)
	}
}

// FuzzKeys: whatever a key and a prefix are, what is read from them is a name
// without empty parts, and the place where an entry of that name would be
// written is read as the same name.
func FuzzKeys(f *testing.F) {
	for _, p := range recorded(f) {
		f.Add("", p.key)
	}
	f.Add("prod/", "prod/shop/orders/a")
	f.Add("/services/orders/", "/services/orders/a")
	f.Add("a", "ab//c/")
	f.Add("\xe8", "\xe8\xa3\xa3") // a prefix that ends within a letter
	f.Fuzz(func(t *testing.T, prefix, key string) {
		value, err := json.Marshal(map[string]any{"Op": 0, "Addr": "h:1"})
		if err != nil {
			t.Fatal(err)
		}
		e, err := layout.Decode(layout.Auto, prefix, key, value)
		if err != nil {
			return
		}
		if e.Ref.Name == "" || strings.Contains(e.Ref.Name, "/") || e.Ref.Namespace != "" && strings.Contains("/"+e.Ref.Namespace+"/", "//") || !utf8.ValidString(e.Ref.Name) {
			t.Fatalf("%q below %q is %q in %q", key, prefix, e.Ref.Name, e.Ref.Namespace)
		}
		back, err := layout.Decode(layout.Auto, "own/", keyOf("own/", e.Ref, "h:1"), value)
		if err != nil || back.Ref != e.Ref {
			t.Fatalf("%s, written anew, is %s, %v", e.Ref, back.Ref, err)
		}
	})
}
