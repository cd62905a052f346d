package profile_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/quick"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/profile"
	"github.com/midwatch-cli/midwatch/probe"
)

// layer is one source of a decision: how it is said, and what comes of it when
// it is the best one that says anything.
type layer struct {
	name  string
	say   func(*profile.Rules, *fleet.Profile, *subject)
	value string
	from  string
}

// TestPrecedence takes every set of sources for every decision: the first of
// them in the order of the conventions decides, whichever of the others speak.
func TestPrecedence(t *testing.T) {
	label := func(key, value string) func(*profile.Rules, *fleet.Profile, *subject) {
		return func(_ *profile.Rules, _ *fleet.Profile, s *subject) { s.labels += " " + key + "=" + value }
	}
	driver := func(kind, value string) func(*profile.Rules, *fleet.Profile, *subject) {
		return func(_ *profile.Rules, _ *fleet.Profile, s *subject) {
			s.endpoints = maps.Clone(s.endpoints)
			if s.endpoints == nil {
				s.endpoints = map[string]string{}
			}
			s.endpoints[kind] = value
		}
	}
	spring := func(_ *profile.Rules, p *fleet.Profile, _ *subject) { p.Extends = "spring" }
	for what, layers := range map[string][]layer{
		"path": {
			{"flag", func(r *profile.Rules, _ *fleet.Profile, _ *subject) { r.Override.HealthPath = "/flag" }, "/flag", "flag"},
			{"configured", func(_ *profile.Rules, p *fleet.Profile, _ *subject) { p.HealthPaths = []string{"/configured"} }, "/configured", `profile "mine"`},
			{"driver's URL", driver("health", "http://10.0.0.5:8080/driver"), "/driver", "registry"},
			{"label", label("health_path", "/label"), "/label", `label "health_path"`},
			{"built-in", spring, "/actuator/health/readiness /actuator/health", `built-in "spring"`},
		},
		"port": {
			{"configured", func(_ *profile.Rules, p *fleet.Profile, _ *subject) { p.Ports = map[string]int{"health": 1} }, "1", `profile "mine"`},
			{"configured for admin", func(_ *profile.Rules, p *fleet.Profile, _ *subject) {
				p.Extends, p.Ports = "spring", merged(p.Ports, "admin", 2)
			}, "2", `profile "mine"`},
			{"label", label("health_port", "3"), "3", `label "health_port"`},
			{"driver's URL", driver("health", "http://10.0.0.5:4/h"), "4", "registry"},
		},
		"scheme": {
			{"configured", func(_ *profile.Rules, p *fleet.Profile, _ *subject) { p.Scheme = "http" }, "http", `profile "mine"`},
			{"label", label("scheme", "https"), "https", `label "scheme"`},
			{"secure", label("secure", "false"), "http", `label "secure"`},
			{"driver", driver("https", "10.0.0.5:8080"), "https", "registry"},
			{"TLS settings", func(_ *profile.Rules, p *fleet.Profile, _ *subject) { p.TLS.CA = "/ca" }, "https", `profile "mine"`},
		},
		"probe": {
			{"flag", func(r *profile.Rules, _ *fleet.Profile, _ *subject) { r.Override.Probe = probe.TLS }, "tls", "flag"},
			{"configured", func(_ *profile.Rules, p *fleet.Profile, _ *subject) { p.Probe = probe.TCP }, "tcp", `profile "mine"`},
			{"configured services", func(_ *profile.Rules, p *fleet.Profile, _ *subject) { p.GRPCServices = []string{"*"} }, "grpc", `profile "mine"`},
			{"label", label("scheme", "http"), "http", `label "scheme"`},
			{"driver", driver("grpc", "10.0.0.5:9000"), "grpc", "registry"},
			{"built-in", func(_ *profile.Rules, p *fleet.Profile, _ *subject) { p.Extends = "haproxy" }, "tcp", `built-in "haproxy"`},
		},
	} {
		t.Run(what, func(t *testing.T) {
			for set := 1; set < 1<<len(layers); set++ {
				var rules profile.Rules
				var p fleet.Profile
				var s subject
				var names []string
				best := -1
				for i, l := range layers {
					if set&(1<<i) == 0 {
						continue
					}
					l.say(&rules, &p, &s)
					names = append(names, l.name)
					if best < 0 {
						best = i
					}
				}
				rules.Profiles = map[string]fleet.Profile{"mine": p}
				rules.Services = []fleet.ServiceRule{{Match: "order", Profile: "mine"}}
				want := layers[best].value + " (" + layers[best].from + ")"
				if got := origin(resolve(t, rules, s), what); got != want {
					t.Errorf("%s: %s, want %s", strings.Join(names, " + "), got, want)
				}
			}
		})
	}
}

func merged(ports map[string]int, role string, port int) map[string]int {
	out := map[string]int{role: port}
	maps.Copy(out, ports)
	return out
}

// TestForbiddenWhoeverNamesIt: addresses that are never asked, in every
// spelling, as the address or as a URL in metadata, for every kind of source
// and however much a profile allows.
func TestForbiddenWhoeverNamesIt(t *testing.T) {
	everything := fleet.Profile{AllowHosts: []string{"0.0.0.0/0", "::/0", "169.254.169.254", "metadata.google.internal", "internal", "fe80::1"}}
	for _, host := range []string{
		"169.254.169.254", "169.254.0.1", "169.254.255.255", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[0:0:0:0:0:ffff:a9fe:a9fe]", "[::FFFF:169.254.169.254]",
		"[fe80::1]", "[fe80::1%eth0]", "[fe80::1%1]", "[febf::1]", "[FE80:0:0:0:0:0:0:1]", "[ff02::1]", "[ff02::1%eth0]", "224.0.0.1", "239.255.255.255", "[ff0e::1]",
		"0.0.0.0", "[::]", "[::%0]", "[::ffff:0.0.0.0]", "[fd00:ec2::254]", "[fd00:0ec2:0:0::0254]", "100.100.100.200", "[::ffff:100.100.100.200]", "192.0.0.192",
		"metadata", "METADATA", "metadata.google.internal", "metadata.google.internal.", "instance-data.ec2.internal", "instance-data",
		"2852039166", "0xa9fea9fe", "0XA9FEA9FE", "0251.0376.0251.0376", "0xa9.0xfe.0xa9.0xfe", "169.254.43518", "169.16689662", "0.0xa9fe", "a.0x1", "a.1", "1",
	} {
		for _, c := range []struct {
			what  string
			rules profile.Rules
		}{
			{"a registry", profile.Rules{}},
			{"the user's own file", profile.Rules{Trusted: func(string) bool { return true }}},
			{"a profile that allows all", one(everything)},
		} {
			if p := resolve(t, c.rules, subject{addr: host + ":80"}); p.Refused == "" || len(p.Candidates) != 0 || p.Credentials {
				t.Errorf("%s names %s: it would be asked at %s", c.what, host, shown(p))
			}
			if p := resolve(t, c.rules, subject{labels: "health_path=http://" + host + ":80/latest/meta-data"}); p.Refused == "" || len(p.Candidates) != 0 {
				t.Errorf("metadata of %s names %s: it would be asked at %s", c.what, host, shown(p))
			}
			// Named by the driver, its host counts for nothing.
			p := resolve(t, c.rules, subject{endpoints: map[string]string{"health": "http://" + host + ":81/h"}})
			for _, q := range p.Candidates {
				if !strings.HasPrefix(q.Address, "10.0.0.5:") {
					t.Errorf("the driver of %s names %s: %s", c.what, host, q.Address)
				}
			}
		}
	}
}

// TestNotForbidden: neighbours of what is forbidden are ordinary addresses.
func TestNotForbidden(t *testing.T) {
	for _, host := range []string{
		"169.253.255.255", "169.255.0.0", "[fe00::1]", "[fec0::1]", "[fd00:ec2::253]", "100.100.100.201", "192.0.0.191", "223.255.255.255", "240.0.0.1",
		"metadata.shop.internal", "my-metadata", "metadata-1", "1a", "a1.b2", "x0x1", "0xy.example", "10.0.0.1", "[::1]", "127.0.0.1", "localhost", "a_b.c-d", "xn--mnchen-3ya.de",
	} {
		if p := resolve(t, profile.Rules{}, subject{addr: host + ":80"}); p.Refused != "" || len(p.Candidates) == 0 {
			t.Errorf("%s is refused: %s", host, p.Refused)
		}
	}
}

// TestCredentialsByDefinition compares with the sentence of the conventions,
// for hosts and rules by chance: over verified TLS, to loopback, or inside
// allowHosts; and never where the instance must not be asked.
func TestCredentialsByDefinition(t *testing.T) {
	hosts := []string{"10.0.0.5", "10.1.0.5", "127.0.0.1", "127.255.0.1", "[::1]", "[fd00::5]", "[fd01::5]", "[::ffff:10.0.0.5]", "localhost", "a.shop.internal", "shop.internal", "ashop.internal", "192.0.2.1", "169.254.1.1"}
	property := func(seed uint64) bool {
		rng := rand.New(rand.NewPCG(seed, 17))
		host := hosts[rng.IntN(len(hosts))]
		p := fleet.Profile{HealthPaths: []string{"/h"}, Scheme: []string{"http", "https"}[rng.IntN(2)], TLS: fleet.TLSSettings{Insecure: rng.IntN(2) == 0}}
		for _, entry := range []string{"10.0.0.0/16", "fd00::/16", ".shop.internal", "192.0.2.1", "169.254.0.0/16"} {
			if rng.IntN(3) == 0 {
				p.AllowHosts = append(p.AllowHosts, entry)
			}
		}
		plan := resolve(t, one(p), subject{addr: host + ":8080"})
		want := p.Scheme == "https" && !p.TLS.Insecure || within(p.AllowHosts, strings.Trim(host, "[]"))
		if strings.HasPrefix(host, "169.254.") {
			want = false
		}
		if plan.Credentials != want {
			t.Errorf("%s of %+v: %v, want %v", host, p, plan.Credentials, want)
		}
		return plan.Credentials == want
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

// within says whether a host is loopback or inside the list, by the standard
// library's older words for it.
func within(list []string, host string) bool {
	ip := net.ParseIP(host)
	if host == "localhost" || ip != nil && ip.IsLoopback() {
		return true
	}
	return slices.ContainsFunc(list, func(entry string) bool {
		if _, block, err := net.ParseCIDR(entry); err == nil {
			return ip != nil && block.Contains(ip)
		}
		if one, err := netip.ParseAddr(entry); err == nil {
			return ip != nil && ip.Equal(one.AsSlice())
		}
		return strings.HasSuffix("."+host, entry)
	})
}

// fill sets every field of a profile to something, a number makes it another.
func fill(t *testing.T, n int) fleet.Profile {
	t.Helper()
	var p fleet.Profile
	v := reflect.ValueOf(&p).Elem()
	yes := n%2 == 0
	for i := range v.NumField() {
		f, text := v.Field(i), fmt.Sprintf("/v%d", n)
		switch name := v.Type().Field(i).Name; name {
		case "Name", "Extends":
		case "Probe":
			f.SetString([]string{"http", "tcp"}[n%2])
		case "Strict":
			f.Set(reflect.ValueOf(&yes))
		case "Ports":
			f.Set(reflect.ValueOf(map[string]int{"health": n + 1}))
		case "Headers":
			f.Set(reflect.ValueOf(map[string]fleet.Header{"X": {Text: text}}))
		case "Breakers":
			f.Set(reflect.ValueOf(fleet.BreakerAPI{API: text, Path: text, CSRF: text, Mapping: &fleet.BreakerMapping{Items: text}}))
		case "TLS":
			f.Set(reflect.ValueOf(fleet.TLSSettings{CA: text}))
		case "Auth":
			f.Set(reflect.ValueOf(fleet.Auth{BasicUser: text}))
		case "Slow":
			f.Set(reflect.ValueOf(time.Duration(n+1) * time.Second))
		default:
			switch f.Kind() {
			case reflect.String:
				f.SetString(text)
			case reflect.Int:
				f.SetInt(int64(n + 1))
			case reflect.Slice:
				f.Set(reflect.ValueOf([]string{text}))
			default:
				t.Fatalf("a new field %s: say here what may be in it", name)
			}
		}
	}
	return p
}

// TestEveryFieldIsInherited, and every one can be said anew: a field that merge
// forgot is found here.
func TestEveryFieldIsInherited(t *testing.T) {
	base, over := fill(t, 0), fill(t, 1)
	typ := reflect.TypeFor[fleet.Profile]()
	for i := range typ.NumField() {
		name := typ.Field(i).Name
		if name == "Name" || name == "Extends" {
			continue
		}
		for _, says := range []bool{false, true} {
			child := fleet.Profile{Extends: "base"}
			want := reflect.ValueOf(base).Field(i).Interface()
			if says {
				want = reflect.ValueOf(over).Field(i).Interface()
				reflect.ValueOf(&child).Elem().Field(i).Set(reflect.ValueOf(over).Field(i))
			}
			x, err := profile.Rules{Profiles: map[string]fleet.Profile{"base": base, "child": child, "grandchild": {Extends: "child"}}}.Compile()
			if err != nil {
				t.Fatal(err)
			}
			for _, who := range []string{"child", "grandchild"} {
				if got := reflect.ValueOf(x.Profile(who)).Field(i).Interface(); !reflect.DeepEqual(got, want) {
					t.Errorf("%s of %s (said %v): %v, want %v", name, who, says, got, want)
				}
			}
		}
	}
}

// TestMapsAreLaidOver key by key, and nobody's map is written to.
func TestMapsAreLaidOver(t *testing.T) {
	base := fleet.Profile{Ports: map[string]int{"admin": 1, "health": 2}, Headers: map[string]fleet.Header{"A": {Text: "1"}, "B": {Text: "2"}}}
	child := fleet.Profile{Extends: "base", Ports: map[string]int{"health": 3}, Headers: map[string]fleet.Header{"B": {Text: "4"}}}
	x, err := profile.Rules{Profiles: map[string]fleet.Profile{"base": base, "child": child}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	got := x.Profile("child")
	if !reflect.DeepEqual(got.Ports, map[string]int{"admin": 1, "health": 3}) || got.Headers["A"].Text != "1" || got.Headers["B"].Text != "4" {
		t.Errorf("got %+v", got)
	}
	if base.Ports["health"] != 2 || len(child.Ports) != 1 || base.Headers["B"].Text != "2" {
		t.Errorf("written to: %+v, %+v", base, child)
	}
	if name := x.Profile("child").Name; name != "child" {
		t.Errorf("it is called %q", name)
	}
	if p := x.Profile("nobody"); !reflect.DeepEqual(p, fleet.Profile{}) {
		t.Errorf("nobody's profile: %+v", p)
	}
}

// TestResolverIsSafe for many at once; the race detector is the judge.
func TestResolverIsSafe(t *testing.T) {
	x, err := one(fleet.Profile{Extends: "spring", Ports: map[string]int{"admin": 7}}).Compile()
	if err != nil {
		t.Fatal(err)
	}
	s := &fleet.Service{Ref: fleet.Ref{Source: "etcd", Name: "order"}, Labels: map[string]string{"zone": "a"}}
	in := &fleet.Instance{ID: "1", Addr: "10.0.0.5:80", Labels: map[string]string{"health_port": "8"}}
	want := shown(x.Resolve(s, in))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if got := shown(x.Resolve(s, in)); got != want {
					t.Errorf("got %s, want %s", got, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestTerse: plans without origins ask the same.
func TestTerse(t *testing.T) {
	for _, s := range []subject{{}, {labels: "health_path=/h scheme=https profile=go"}, {addr: "169.254.169.254:80"}, {labels: "scheme=grpc"}, {addr: "/run/x"}} {
		full, terse := resolve(t, profile.Rules{}, s), resolve(t, profile.Rules{Terse: true}, s)
		if len(terse.Origins) != 0 {
			t.Errorf("%+v: origins %v", s, terse.Origins)
		}
		full.Origins, terse.Origins = nil, nil
		if !reflect.DeepEqual(full, terse) {
			t.Errorf("%+v:\n full %+v\nterse %+v", s, full, terse)
		}
	}
}
