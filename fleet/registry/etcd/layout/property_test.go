package layout_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

// words are texts that may stand in fields and labels.
var words = []string{"", "a", "b-2", "2.4.1", "with space", `"quoted"`, "ünïcode", "{}", "null", "a,b", "\x1b[2J", "::error::", "<b>", strings.Repeat("x", 300)}

// TestAnythingComesBack writes instances with random contents and reads them
// back.
func TestAnythingComesBack(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	word := func() string { return words[random.IntN(len(words))] }
	for range 2000 {
		in := fleet.Instance{Addr: fmt.Sprintf("10.0.0.%d:%d", random.IntN(256), 1+random.IntN(65535)), Zone: word(), Version: word(), Weight: random.IntN(4)}
		if in.ID = word(); in.ID == "" {
			in.ID = in.Addr
		}
		in.Labels = map[string]string{}
		for range random.IntN(4) {
			in.Labels["label-"+word()] = word()
		}
		if random.IntN(2) == 0 {
			in.Endpoints = map[string]string{"grpc": word(), "admin": word()}
		}
		value, err := layout.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{layout.Auto, layout.Naming} {
			got, err := layout.Decode(name, "prod/", "prod/shop/orders/x", []byte(value))
			if err != nil {
				t.Fatalf("%s: %v", value, err)
			}
			back := got.Instances[0]
			for k, v := range in.Labels {
				if back.Labels[k] != v {
					t.Errorf("label %q is %q, was %q", k, back.Labels[k], v)
				}
			}
			back.Labels = in.Labels
			if !reflect.DeepEqual(back, in) || got.Ref != (fleet.Ref{Namespace: "shop", Name: "orders"}) {
				t.Fatalf("came back as %+v\nwas          %+v\nby way of    %s", back, in, value)
			}
		}
	}
}

// TestPlaces has what keys say of themselves, below prefixes of all kinds.
func TestPlaces(t *testing.T) {
	const value = `{"Op":0,"Addr":"10.0.0.1:80"}`
	for _, c := range []struct{ prefix, key, want string }{
		{"", "orders/x", "orders"},
		{"", "/orders/x", "orders"},
		{"", "/services/orders/x", "orders"},
		{"", "services/orders/x", "orders"},
		{"", "/services/x", "services"},
		{"", "/microservices/orders/x", "orders"},
		{"", "/micro/registry/orders/x", "orders"},
		{"", "/micro/orders/x", "micro/orders"},
		{"", "/micro/registry/x", "micro/registry"},
		{"", "kitex/registry-etcd/orders/x", "orders"},
		{"", "/prod/eu/orders/x", "prod/eu/orders"},
		{"", "/services/eu/orders/x", "eu/orders"},
		{"prod/", "prod/orders/x", "orders"},
		{"prod/", "prod/services/orders/x", "services/orders"},
		{"prod/", "prod/x", "prod"},
		{"/prod/eu/", "/prod/eu/x", "eu"},
		{"/services/", "/services/orders/x", "orders"},
		{"/services/orders/", "/services/orders/x", "orders"},
		{"/microservices/orders/", "/microservices/orders/x", "orders"},
		{"orders/", "orders/eu/x", "eu"},
		{"", "x", ""},
		{"", "/x", ""},
		{"", "", ""},
		{"", "/", ""},
		{"", "a//x", ""},
		{"prod/", "prod/", ""},
		{"prod/", "production/orders/x", ""},
	} {
		got, err := layout.Decode(layout.Auto, c.prefix, c.key, []byte(value))
		if c.want == "" {
			if err == nil {
				t.Errorf("%q below %q is %s", c.key, c.prefix, got.Ref)
			}
			continue
		}
		if err != nil || got.Ref.String() != c.want {
			t.Errorf("%q below %q is %s, %v; want %s", c.key, c.prefix, got.Ref, err, c.want)
		}
	}
}

// TestAddresses has what may be an address.
func TestAddresses(t *testing.T) {
	for addr, ok := range map[string]bool{
		"10.0.0.1:80": true, "orders.example:65535": true, "[::1]:1": true, "[fe80::1%eth0]:80": true, "localhost:8080": true, "a_b:80": true,
		"": false, "10.0.0.1": false, ":80": false, "10.0.0.1:": false, "10.0.0.1:0": false, "10.0.0.1:65536": false, "10.0.0.1:-1": false, "10.0.0.1:+80": false,
		"::1:80": false, "a b:80": false, "a/b:80": false, "u@h:80": false, "h:80:90": false, "h\x00:80": false, "h\x1b:80": false, "h?:80": false, "h#:80": false, "\xff:80": false, "h:http": false,
	} {
		if err := layout.CheckAddr(addr); (err == nil) != ok {
			t.Errorf("%q: %v", addr, err)
		}
	}
}
