package registry_test

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

func TestParseLocation(t *testing.T) {
	for _, c := range []struct {
		in    string
		want  registry.Location
		shown string // when it differs from in
	}{
		{in: "consul://127.0.0.1:8500", want: registry.Location{Name: "consul", Scheme: "consul", Hosts: []string{"127.0.0.1:8500"}}},
		{in: "CONSUL://h", want: registry.Location{Name: "consul", Scheme: "consul", Hosts: []string{"h"}}, shown: "consul://h"},
		{
			in: "east=etcd://ann@h1:2379,[::1]:2380/services/?layout=kratos&tls", shown: "etcd://ann@h1:2379,[::1]:2380/services?layout=kratos&tls=",
			want: registry.Location{Name: "east", Scheme: "etcd", User: "ann", Hosts: []string{"h1:2379", "[::1]:2380"}, Path: "/services", Query: url.Values{"layout": {"kratos"}, "tls": {""}}},
		},
		{in: "etcd:///prefix", want: registry.Location{Name: "etcd", Scheme: "etcd", Path: "/prefix"}},
		{in: "etcd://h/a@b", want: registry.Location{Name: "etcd", Scheme: "etcd", Hosts: []string{"h"}, Path: "/a@b"}},
		{in: "memory://", want: registry.Location{Name: "memory", Scheme: "memory"}},
		{in: "file:///srv/fleet.yaml", want: registry.Location{Name: "file", Scheme: "file", Path: "/srv/fleet.yaml"}},
		{in: "a.b-1=file://./fleet.yaml", want: registry.Location{Name: "a.b-1", Scheme: "file", Path: "./fleet.yaml"}, shown: "file://./fleet.yaml"},
		{in: "file://targets/*.json", want: registry.Location{Name: "file", Scheme: "file", Path: "targets/*.json"}},
		{in: "file:///a%20b@c:d", want: registry.Location{Name: "file", Scheme: "file", Path: "/a b@c:d"}},
		{in: "consul+unix:///run/consul.sock", want: registry.Location{Name: "consul", Scheme: "consul", Hosts: []string{"unix:///run/consul.sock"}}},
		{in: "consul://h:1?token=env:TOKEN", want: registry.Location{Name: "consul", Scheme: "consul", Hosts: []string{"h:1"}, Query: url.Values{"token": {"env:TOKEN"}}}},
	} {
		got, err := registry.ParseLocation(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s\n got %+v\nwant %+v", c.in, got, c.want)
		}
		shown := c.shown
		if shown == "" {
			shown = c.in
		}
		if got.String() != shown {
			t.Errorf("%s is shown as %s, want %s", c.in, got.String(), shown)
		}
		again, err := registry.ParseLocation(got.String())
		if err != nil || again.String() != got.String() {
			t.Errorf("%s does not survive being written: %v, %v", c.in, again, err)
		}
	}
}

func TestParseLocationRefuses(t *testing.T) {
	for _, c := range []struct{ in, detail, hint string }{
		{"", "registry URL: empty", "etcd://127.0.0.1:2379"},
		{"127.0.0.1:8500", `"127.0.0.1:8500": no scheme`, "did you mean consul://127.0.0.1:8500?"},
		{"dev=127.0.0.1:2379/", "no scheme", "did you mean etcd://127.0.0.1:2379?"},
		{"./fleet.yaml", "no scheme", "did you mean file://./fleet.yaml?"},
		{"payment", "no scheme", "SCHEME://HOST:PORT"},
		{"ann:pw@h:8500", "registry URL: no scheme", ""},
		{"://h", "no scheme", ""},
		{"_x=etcd://h", "cannot be the name", ""},
		{"a:b=etcd://h", "cannot be the name", ""},
		{"etcd://h:99999", "host 1: port 99999 is out of range", "1 to 65535"},
		{"etcd://a:1,h:0", "host 2: port 0 is out of range", ""},
		{"etcd://h:", "the port is not a number", ""},
		{"etcd://a:1,,b:2", "host 2: empty", ""},
		{"etcd://:2379", "a port without a host", "write 127.0.0.1:2379"},
		{"etcd://::1", "needs brackets", "write [::1]"},
		{"etcd://a:b:c", "more than one colon", ""},
		{"etcd://[::1", "not an IPv6 address in brackets", ""},
		{"etcd://[::1]x", "follows the closing bracket", ""},
		{"etcd://a b", "not a host name", ""},
		{"etcd://h/%zz", "bad percent escape", "%25"},
		{"etcd://h?a=%zz", "the part after ? cannot be read", ""},
		{"etcd://h#x", "a literal # is not allowed", "%23"},
		{"etcd://h\x1b[31m", "control character at byte 9", ""},
		{"etcd://@h", "the user before @", ""},
		{"file://", "no path", "file:///absolute/path"},
		{"file:///%zz", "bad percent escape", ""},
		{"consul+unix://run/x", "must be absolute", ""},
	} {
		_, err := registry.ParseLocation(c.in)
		var at *fleet.Error
		if !errors.As(err, &at) || !errors.Is(err, registry.ErrConfig) {
			t.Errorf("%q: got %v, want wrong configuration", c.in, err)
			continue
		}
		if !strings.Contains(at.Detail, c.detail) || !strings.Contains(at.Hint, c.hint) {
			t.Errorf("%q: %q, hint %q; want %q, %q", c.in, at.Detail, at.Hint, c.detail, c.hint)
		}
	}
}

func TestLocationHidesSecrets(t *testing.T) {
	const secret = "s3cr3t"
	for _, in := range []string{
		"consul://ann:s3cr3t@h:8500", "consul://:s3cr3t@h", "consul://ann:s3cr3t/x@h:8500", "consul://ann:s3cr3t?x@h", "ann:s3cr3t@h:8500",
		"x=ann:s3cr3t@h", "consul://ann:12s3cr3t@h", "consul://s3cr3t:x@", "http+s3cr3t=x@h",
	} {
		loc, err := registry.ParseLocation(in)
		if err == nil {
			t.Errorf("%s was taken: %v", in, loc)
		} else if said := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(said, secret) {
			t.Errorf("%s: the error repeats it: %s", in, said)
		}
	}
	for _, in := range []string{"consul://h?token=s3cr3t", "consul://h?passWord=s3cr3t", "consul://h?auth=s3cr3t&x=1", "nats://h?api_key=env"} {
		loc, err := registry.ParseLocation(in)
		if err != nil || strings.Contains(loc.String(), secret) || !strings.Contains(loc.String(), "***") {
			t.Errorf("%s is shown as %s (%v)", in, loc, err)
		}
	}
	// Digits where the port stands may be a password too, when an @ follows.
	if _, err := registry.ParseLocation("consul://ann:70123456/x@h"); err == nil || strings.Contains(err.Error(), "70123456") {
		t.Errorf("got %v", err)
	}
}

func TestCheckNames(t *testing.T) {
	one, _ := registry.ParseLocation("etcd://a:1")
	two, _ := registry.ParseLocation("etcd://b:1")
	named, _ := registry.ParseLocation("b=etcd://b:1")
	if err := registry.CheckNames([]registry.Location{one, named}); err != nil {
		t.Error(err)
	}
	err := registry.CheckNames([]registry.Location{one, two})
	var at *fleet.Error
	if !errors.As(err, &at) || !errors.Is(err, registry.ErrConfig) || at.Hint != "name them, as in etcd2=etcd://b:1" {
		t.Errorf("got %v, %+v", err, at)
	}
}

func FuzzParseLocation(f *testing.F) {
	for _, s := range []string{"etcd://ann@h1:2379,[::1]:2380/services?layout=kratos", "file://./x", "a=consul+unix:///x?token=env:A", "ann:pw@h", "etcd://h:99999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		loc, err := registry.ParseLocation(s)
		if err != nil {
			if !errors.Is(err, registry.ErrConfig) {
				t.Fatalf("%q: %v is not ErrConfig", s, err)
			}
			return
		}
		if loc.Name == "" || loc.Scheme == "" {
			t.Fatalf("%q: no name or scheme: %+v", s, loc)
		}
		again, err := registry.ParseLocation(loc.String())
		if err != nil || again.String() != loc.String() {
			t.Fatalf("%q is written %q, which is read as %q (%v)", s, loc, again, err)
		}
	})
}
