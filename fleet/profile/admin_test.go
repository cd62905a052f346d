package profile_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/profile"
)

// reached are the schemes of the APIs these tests know.
func reached(api string) []string {
	return map[string][]string{
		"actuator": {"http", "https"}, "envoy": {"http", "https"}, "httpapi": {"http", "https"}, "haproxy": {"unix", "tcp"}, "memory": {"memory"},
	}[api]
}

// administered is the whole answer in one line: API, base, credentials or not,
// or why not.
func administered(a *fleet.Administration) string {
	switch {
	case a == nil:
		return "none"
	case a.Refused != "":
		return a.API + " refused: " + a.Refused
	case a.Credentials:
		return a.API + " " + a.Base + " with credentials"
	}
	return a.API + " " + a.Base
}

func TestAdministration(t *testing.T) {
	spring, haproxy := one(fleet.Profile{Extends: "spring"}), one(fleet.Profile{Extends: "haproxy"})
	trusted := haproxy
	trusted.Trusted = func(source string) bool { return source == "etcd" }
	for _, tt := range []struct {
		name  string
		rules profile.Rules
		s     subject
		want  string
	}{
		{"nobody says how", profile.Rules{}, subject{}, "none"},
		{"nobody says how, though where", profile.Rules{}, subject{labels: "admin=http://10.0.0.5:9901 admin_port=9901"}, "none"},
		{"a profile without breakers", one(fleet.Profile{Extends: "go"}), subject{}, "none"},
		{"the built-in profile's, at the service's own port", spring, subject{}, "actuator http://10.0.0.5:8080"},
		{"the built-in profile by metadata", profile.Rules{}, subject{labels: "profile=spring"}, "actuator http://10.0.0.5:8080"},
		{"metadata names the API", profile.Rules{}, subject{labels: "breakers.api=httpapi"}, "httpapi http://10.0.0.5:8080"},
		{"metadata before the built-in profile", spring, subject{labels: "midwatch.io/breakers-api=httpapi"}, "httpapi http://10.0.0.5:8080"},
		{"of the service", profile.Rules{}, subject{service: "breakers_api=httpapi"}, "httpapi http://10.0.0.5:8080"},
		{"configured before metadata", one(fleet.Profile{Extends: "spring", Breakers: fleet.BreakerAPI{API: "envoy"}}), subject{labels: "breakers_api=httpapi"}, "envoy http://10.0.0.5:8080"},
		{"an API nobody knows", profile.Rules{}, subject{labels: "breakers_api=made-up"}, "made-up http://10.0.0.5:8080"},

		{"another port", spring, subject{labels: "management.port=9000"}, "actuator http://10.0.0.5:9000"},
		{"configured port", one(fleet.Profile{Extends: "spring", Ports: map[string]int{"admin": 7}}), subject{labels: "admin_port=9000 admin=http://10.0.0.5:8/x"}, "actuator http://10.0.0.5:7/x"},
		{"not a port", spring, subject{labels: "admin_port=seven"}, `actuator refused: label "admin_port": "seven" is not a port: want 1 to 65535`},
		{"a URL", spring, subject{labels: "admin=https://10.0.0.5:9443/manage/"}, "actuator https://10.0.0.5:9443/manage with credentials"},
		{"a URL and a port", spring, subject{labels: "admin=http://10.0.0.5:9443 admin_port=9000"}, "actuator http://10.0.0.5:9443"},
		{"a URL without one", spring, subject{labels: "admin=http://10.0.0.5/manage admin_port=9000"}, "actuator http://10.0.0.5:9000/manage"},
		{"a URL with none at all", spring, subject{labels: "admin=http://10.0.0.5/manage"}, "actuator http://10.0.0.5/manage"},
		{"host and port alone", spring, subject{labels: "admin=10.0.0.5:9000"}, "actuator http://10.0.0.5:9000"},
		{"the driver's", spring, subject{endpoints: map[string]string{"admin": "http://inside.example:9000/m"}}, "actuator http://10.0.0.5:9000/m"},
		{"the driver's is a socket", spring, subject{endpoints: map[string]string{"admin": "unix:///run/x.sock"}}, "actuator http://10.0.0.5:8080"},
		{"IPv6", spring, subject{addr: "[2001:db8::5]:8080"}, "actuator http://[2001:db8::5]:8080"},
		{"IPv6 without a port", spring, subject{addr: "[2001:db8::5]:8080", labels: "admin=http://[2001:db8::5]"}, "actuator http://[2001:db8::5]"},

		{"Spring's own base path", spring, subject{labels: "management.context-path=/manage"}, "actuator http://10.0.0.5:8080/manage"},
		{"which is of Spring alone", one(fleet.Profile{Extends: "midwatch"}), subject{labels: "management.context-path=/manage"}, "httpapi http://10.0.0.5:8080"},
		{"the URL's path before it", spring, subject{labels: "management.context-path=/manage admin=http://10.0.0.5:1/x"}, "actuator http://10.0.0.5:1/x"},
		{"a configured path before both", one(fleet.Profile{Extends: "spring", Breakers: fleet.BreakerAPI{Path: "/cfg"}}), subject{labels: "management.context-path=/manage admin=http://10.0.0.5:1/x"}, "actuator http://10.0.0.5:1"},
		{"not a path", spring, subject{labels: "base_path=a#b"}, "actuator http://10.0.0.5:8080"},
		{"a query", spring, subject{labels: "admin=http://10.0.0.5:1/x?kill=1"}, `actuator refused: label "admin": "http://10.0.0.5:1/x" has more than a path`},
		{"a query and a password", spring, subject{labels: "admin=http://user:secret@10.0.0.5:1/x?token=secret"}, `actuator refused: label "admin": "http://10.0.0.5:1/x" has more than a path`},
		{"a password without a scheme", spring, subject{labels: "admin=user:secret@10.0.0.5:1"}, `actuator refused: label "admin": "10.0.0.5:1" with a password before it is no address`},
		{"a password before no host", spring, subject{labels: "admin=http://user:secret@/x"}, `actuator refused: label "admin": "" names no host`},
		{"a password in it goes nowhere", spring, subject{labels: "admin=http://user:secret@10.0.0.5:1/x"}, "actuator http://10.0.0.5:1/x"},

		{"TLS by metadata", spring, subject{labels: "management.scheme=https"}, "actuator https://10.0.0.5:8080 with credentials"},
		{"TLS by secure", spring, subject{labels: "secure=true"}, "actuator https://10.0.0.5:8080 with credentials"},
		{"TLS by the driver", spring, subject{addr: "https://10.0.0.5:8080"}, "actuator https://10.0.0.5:8080 with credentials"},
		{"the driver's scheme is not the other port's", spring, subject{addr: "https://10.0.0.5:8080", labels: "admin_port=9"}, "actuator http://10.0.0.5:9"},
		{"TLS by endpoints", spring, subject{endpoints: map[string]string{"https": "10.0.0.5:8080"}}, "actuator https://10.0.0.5:8080 with credentials"},
		{"TLS by its files", one(fleet.Profile{Extends: "spring", TLS: fleet.TLSSettings{CA: "x"}}), subject{}, "actuator https://10.0.0.5:8080 with credentials"},
		{"TLS configured", one(fleet.Profile{Extends: "spring", Scheme: "https"}), subject{labels: "scheme=http admin=http://10.0.0.5:1"}, "actuator https://10.0.0.5:1 with credentials"},
		{"TLS by the port", spring, subject{labels: "admin_port=8443"}, "actuator https://10.0.0.5:8443 with credentials"},
		{"TLS that nobody checks", one(fleet.Profile{Extends: "spring", Scheme: "https", TLS: fleet.TLSSettings{Insecure: true}}), subject{}, "actuator https://10.0.0.5:8080"},
		{"the URL knows better than the service", spring, subject{labels: "scheme=https admin=http://10.0.0.5:1"}, "actuator http://10.0.0.5:1"},
		{"gRPC over TLS", one(fleet.Profile{Extends: "midwatch"}), subject{labels: "scheme=grpcs"}, "httpapi https://10.0.0.5:8080 with credentials"},
		{"loopback", spring, subject{addr: "127.0.0.1:8080"}, "actuator http://127.0.0.1:8080 with credentials"},
		{"allowed", one(fleet.Profile{Extends: "spring", AllowHosts: []string{"10.0.0.0/8"}}), subject{}, "actuator http://10.0.0.5:8080 with credentials"},

		{"a proxy's own port", haproxy, subject{}, "haproxy tcp://10.0.0.5:8080"},
		{"a proxy's URL", haproxy, subject{labels: "admin=tcp://10.0.0.5:9999"}, "haproxy tcp://10.0.0.5:9999"},
		{"a proxy does not speak HTTP", haproxy, subject{labels: "admin=http://10.0.0.5:9999"}, `haproxy refused: label "admin": haproxy is not reached by http://, but by unix, tcp`},
		{"nor is Spring reached by a socket", spring, subject{labels: "admin=unix:///run/x"}, `actuator refused: label "admin": actuator is not reached by unix://, but by http, https`},
		{"a socket", haproxy, subject{labels: "admin=unix:///run/haproxy.sock"}, `haproxy refused: label "admin" names a socket, /run/haproxy.sock, which is not in allowSockets`},
		{"a socket of the user's own file", trusted, subject{labels: "admin=unix:///run/haproxy.sock"}, "haproxy unix:///run/haproxy.sock with credentials"},
		{"an allowed socket", one(fleet.Profile{Extends: "haproxy", AllowSockets: []string{"/run/"}}), subject{labels: "admin=unix:///run/haproxy.sock"}, "haproxy unix:///run/haproxy.sock with credentials"},
		{"a way out of the allowed folder", one(fleet.Profile{Extends: "haproxy", AllowSockets: []string{"/run/"}}), subject{labels: "admin=unix:///run/../etc/x"}, `haproxy refused: label "admin" names a socket, /run/../etc/x, which is not in allowSockets`},
		{"its own socket", one(fleet.Profile{Extends: "haproxy", AllowSockets: []string{"/run/"}}), subject{addr: "/run/haproxy.sock"}, "haproxy unix:///run/haproxy.sock with credentials"},
		{"a socket and a configured port", one(fleet.Profile{Extends: "haproxy", Ports: map[string]int{"admin": 9}}), subject{labels: "admin=unix:///run/x"}, "haproxy tcp://10.0.0.5:9"},
		{"its own socket and a port", one(fleet.Profile{Extends: "haproxy", AllowSockets: []string{"/run/"}, Ports: map[string]int{"admin": 9}}), subject{addr: "/run/h"}, `haproxy refused: profile "mine" names port 9, and its address is a socket`},

		{"another host", spring, subject{labels: "admin=http://10.0.0.6:8080"}, `actuator refused: label "admin" names another host, 10.0.0.6, which is not in allowHosts`},
		{"loopback is another host", spring, subject{labels: "admin=http://127.0.0.1:8080"}, `actuator refused: label "admin" names another host, 127.0.0.1, which is not in allowHosts`},
		{"another host of the user's own file", trusted, subject{labels: "admin=tcp://10.0.0.6:8080"}, "haproxy tcp://10.0.0.6:8080"},
		{"an allowed host", one(fleet.Profile{Extends: "spring", AllowHosts: []string{"10.0.0.6"}}), subject{labels: "admin=http://10.0.0.6:8080"}, "actuator http://10.0.0.6:8080 with credentials"},
		{"a metadata service, whoever names it", trusted, subject{labels: "admin=tcp://169.254.169.254:80"}, "haproxy refused: 169.254.169.254 is a link-local address"},
		{"... and allows it", one(fleet.Profile{Extends: "spring", AllowHosts: []string{"169.254.0.0/16"}}), subject{labels: "admin=http://169.254.169.254"}, "actuator refused: 169.254.169.254 is a link-local address"},
		{"an instance that must not be asked", spring, subject{addr: "169.254.169.254:80"}, "actuator refused: 169.254.169.254 is a link-local address"},
		{"no URL", spring, subject{labels: "admin=http://[::1"}, `actuator refused: label "admin": not a URL`},
		{"a scheme nobody knows", spring, subject{labels: "admin=gopher://10.0.0.5"}, `actuator refused: label "admin": actuator is not reached by gopher://, but by http, https`},
		{"health is elsewhere, breakers are not", one(fleet.Profile{Extends: "spring", AllowHosts: []string{"10.9.0.0/16"}}), subject{labels: "health_path=http://10.9.0.1:1/h"}, "actuator http://10.0.0.5:8080"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.rules.Schemes = reached
			p := resolve(t, tt.rules, tt.s)
			if got := administered(p.Admin); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			tt.rules.Terse = true
			if terse := resolve(t, tt.rules, tt.s); administered(terse.Admin) != tt.want || terse.Origins != nil {
				t.Errorf("in short: %s, %v", administered(terse.Admin), terse.Origins)
			}
		})
	}
}

func TestAdministrationIsExplained(t *testing.T) {
	for _, tt := range []struct {
		name, labels, want string
		profile            fleet.Profile
	}{
		{"nothing", "", "", fleet.Profile{}},
		{"built-in", "", `actuator at http://10.0.0.5:8080 (built-in "spring")`, fleet.Profile{Extends: "spring"}},
		{"a label for the place", "admin_port=9", `actuator at http://10.0.0.5:9 (built-in "spring", label "admin_port")`, fleet.Profile{Extends: "spring"}},
		{"configured", "admin=http://10.0.0.5:9/x", `envoy at http://10.0.0.5:9/x (profile "mine", label "admin")`, fleet.Profile{Breakers: fleet.BreakerAPI{API: "envoy"}}},
		{"labels", "breakers_api=httpapi", `httpapi at http://10.0.0.5:8080 (label "breakers_api")`, fleet.Profile{}},
		{"refused", "admin=http://10.0.0.6", `actuator refused: label "admin" names another host, 10.0.0.6, which is not in allowHosts (built-in "spring", label "admin")`, fleet.Profile{Extends: "spring"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := origin(resolve(t, one(tt.profile), subject{labels: tt.labels}), "breakers"); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// FuzzAdministration: whatever a registry writes, breakers are administered at
// the instance's own host, over a scheme that the API speaks, without a query or
// credentials in the URL; never at a socket.
func FuzzAdministration(f *testing.F) {
	for _, seed := range [][4]string{
		{"10.0.0.5:8080", "http://10.0.0.5:9901/base", "", ""},
		{"10.0.0.5:8080", "unix:///run/haproxy.sock", "9", "/manage"},
		{"10.0.0.5:8080", "tcp://10.0.0.5:1", "", "x#y"},
		{"10.0.0.5:8080", "http://10.0.0.5@evil.example/", "", ""},
		{"[::1]:80", "//[::1]:81/a/../b", "0", "/"},
		{"/run/x", "@abstract", "", ""},
		{"A", "", "1", "%"},
		{"A", "", "", "?0"},
		{"a.b:1", "HTTP://A.B./%2e%2e//x", "65536", "//"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	x, err := profile.Rules{Schemes: reached, Profiles: map[string]fleet.Profile{}}.Compile()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, addr, admin, port, base string) {
		for _, api := range []string{"actuator", "haproxy"} {
			labels := map[string]string{"breakers_api": api, "admin": admin, "admin_port": port, "base_path": base}
			plan := x.Resolve(&fleet.Service{Ref: fleet.Ref{Source: "etcd", Name: "order"}}, &fleet.Instance{ID: "1", Addr: addr, Labels: labels})
			a := plan.Admin
			if a == nil {
				t.Fatal("the API was named")
			}
			if (a.Refused == "") != (a.Base != "") {
				t.Fatalf("neither refused nor a place: %+v", a)
			}
			if a.Refused != "" {
				continue
			}
			u, err := url.Parse(a.Base)
			if err != nil {
				t.Fatalf("%q is not a URL: %v", a.Base, err)
			}
			own, err := url.Parse("//" + addr)
			if at := strings.Index(addr, "://"); at >= 0 {
				own, err = url.Parse(addr)
			} else if _, bare := netip.ParseAddr(addr); bare == nil {
				own, err = &url.URL{Host: "[" + addr + "]"}, nil
			}
			switch {
			case !slices.Contains(reached(api), u.Scheme) || u.Scheme == "unix":
				t.Fatalf("%s over %s", api, a.Base)
			case u.User != nil || u.RawQuery != "" || u.Fragment != "":
				t.Fatalf("more than a place: %s", a.Base)
			case err == nil && !strings.EqualFold(strings.TrimSuffix(u.Hostname(), "."), strings.TrimSuffix(own.Hostname(), ".")):
				t.Fatalf("%s administered at %s", addr, a.Base)
			}
		}
	})
}

// BenchmarkResolve compares instances with and without breakers, and what it
// costs to say where metrics are too.
func BenchmarkResolve(b *testing.B) {
	for _, name := range []string{"", "spring"} {
		b.Run(fmt.Sprintf("profile=%q/metrics", name), func(b *testing.B) {
			x, err := profile.Rules{Terse: true, Schemes: reached, Override: profile.Override{Profile: name}}.Compile()
			if err != nil {
				b.Fatal(err)
			}
			s := &fleet.Service{Ref: fleet.Ref{Source: "etcd", Name: "order"}}
			in := &fleet.Instance{ID: "1", Addr: "10.0.0.5:8080", Labels: parse("zone=a version=2.4.1 health_path=/health weight=1")}
			b.ReportAllocs()
			for b.Loop() {
				x.ResolveMetrics(s, in)
			}
		})
		b.Run(fmt.Sprintf("profile=%q", name), func(b *testing.B) {
			x, err := profile.Rules{Terse: true, Schemes: reached, Override: profile.Override{Profile: name}}.Compile()
			if err != nil {
				b.Fatal(err)
			}
			s := &fleet.Service{Ref: fleet.Ref{Source: "etcd", Name: "order"}}
			in := &fleet.Instance{ID: "1", Addr: "10.0.0.5:8080", Labels: parse("zone=a version=2.4.1 health_path=/health weight=1")}
			b.ReportAllocs()
			for b.Loop() {
				x.Resolve(s, in)
			}
		})
	}
}
