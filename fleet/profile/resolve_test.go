package profile_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/profile"
	"github.com/midwatch-cli/midwatch/probe"
)

// subject is one instance of order in the source etcd.
type subject struct {
	addr      string // 10.0.0.5:8080 where empty
	labels    string // key=value, separated by spaces; of the instance
	service   string // the same, of the service
	endpoints map[string]string
}

func parse(text string) map[string]string {
	m := map[string]string{}
	for _, pair := range strings.Fields(text) {
		k, v, _ := strings.Cut(pair, "=")
		m[k] = v
	}
	return m
}

func resolve(t *testing.T, r profile.Rules, s subject) fleet.Plan {
	t.Helper()
	x, err := r.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if s.addr == "" {
		s.addr = "10.0.0.5:8080"
	}
	return x.Resolve(&fleet.Service{Ref: fleet.Ref{Source: "etcd", Name: "order"}, Labels: parse(s.service)},
		&fleet.Instance{ID: "order-1", Addr: s.addr, Labels: parse(s.labels), Endpoints: s.endpoints})
}

// shown words a plan: its candidates, those that somebody named with a !.
func shown(p fleet.Plan) string {
	var out []string
	for _, c := range p.Candidates {
		word := c.String()
		if c.Named {
			word = "!" + word
		}
		out = append(out, word)
	}
	return strings.Join(out, " ")
}

func origin(p fleet.Plan, what string) string {
	var out []string
	for _, o := range p.Origins {
		if o.What == what {
			out = append(out, o.Value+" ("+o.From+")")
		}
	}
	return strings.Join(out, ", ")
}

func one(p fleet.Profile) profile.Rules {
	return profile.Rules{Profiles: map[string]fleet.Profile{"mine": p}, Services: []fleet.ServiceRule{{Match: "ord*", Profile: "mine"}}}
}

const guessed = "http://10.0.0.5:8080/actuator/health/readiness http://10.0.0.5:8080/actuator/health http://10.0.0.5:8080/health/ready " +
	"http://10.0.0.5:8080/health http://10.0.0.5:8080/healthz http://10.0.0.5:8080/readyz http://10.0.0.5:8080/q/health/ready http://10.0.0.5:8080/q/health " +
	"http://10.0.0.5:8080/health-check http://10.0.0.5:8080/healthcheck http://10.0.0.5:8080/status http://10.0.0.5:8080/ping http://10.0.0.5:8080/livez " +
	"grpc://10.0.0.5:8080 tcp://10.0.0.5:8080"

// TestOrder: flag, explicit value of the configured profile, registry metadata,
// built-in profile, guess. Each row takes away the best that was left.
func TestOrder(t *testing.T) {
	full := one(fleet.Profile{Extends: "spring", HealthPaths: []string{"/configured"}})
	full.Override.HealthPath = "/flag"
	configured := one(fleet.Profile{Extends: "spring", HealthPaths: []string{"/configured"}})
	extended := one(fleet.Profile{Extends: "spring"})
	for _, tt := range []struct {
		name   string
		rules  profile.Rules
		labels string
		want   string
		path   string
	}{
		{"flag", full, "health_path=/label", "!http://10.0.0.5:8080/flag", "/flag (flag)"},
		{"configured", configured, "health_path=/label", "!http://10.0.0.5:8080/configured", `/configured (profile "mine")`},
		{"metadata", extended, "health.path=/label", "!http://10.0.0.5:8080/label", `/label (label "health.path")`},
		{
			"built-in", extended, "", "http://10.0.0.5:8080/actuator/health/readiness http://10.0.0.5:8080/actuator/health",
			`/actuator/health/readiness /actuator/health (built-in "spring")`,
		},
		{"guess", profile.Rules{}, "", guessed, "/actuator/health/readiness /actuator/health /health/ready /health /healthz /readyz /q/health/ready /q/health /health-check /healthcheck /status /ping /livez (guess)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := resolve(t, tt.rules, subject{labels: tt.labels})
			if shown(p) != tt.want {
				t.Errorf("got  %s\nwant %s", shown(p), tt.want)
			}
			if origin(p, "path") != tt.path {
				t.Errorf("path %s, want %s", origin(p, "path"), tt.path)
			}
		})
	}
}

func TestPickProfile(t *testing.T) {
	configured := profile.Rules{
		Profiles: map[string]fleet.Profile{"mine": {HealthPaths: []string{"/mine"}}},
		Services: []fleet.ServiceRule{{Match: "pay*", Profile: "go"}, {Match: "order", DependsOn: []string{"x"}}, {Match: "ord*", Profile: "mine"}, {Match: "*", Profile: "node"}},
	}
	flagged := configured
	flagged.Override.Profile = "quarkus"
	other := profile.Rules{Services: []fleet.ServiceRule{{Match: "!order", Profile: "go"}}}
	for _, tt := range []struct {
		name   string
		rules  profile.Rules
		labels string
		want   string
		from   string
	}{
		{"a flag", flagged, "profile=dotnet", "quarkus", "quarkus (flag)"},
		{"the first rule that matches and names one", configured, "profile=dotnet", "mine", `mine (services[2] "ord*")`},
		{"metadata", profile.Rules{}, "midwatch.profile=dotnet", "dotnet", `dotnet (label "midwatch.profile")`},
		{"metadata nobody knows", profile.Rules{}, "profile=dotnot", "", `dotnot (label "profile": no such profile, ignored)`},
		{"a rule for all others", other, "", "", ""},
		{"nobody", profile.Rules{}, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := resolve(t, tt.rules, subject{labels: tt.labels})
			if p.Profile != tt.want || origin(p, "profile") != tt.from {
				t.Errorf("got %q from %q, want %q from %q", p.Profile, origin(p, "profile"), tt.want, tt.from)
			}
		})
	}
}

func TestKindsPortsSchemes(t *testing.T) {
	spring := profile.Rules{Override: profile.Override{Profile: "spring"}}
	h := "health_path=/h "
	for _, tt := range []struct {
		name  string
		rules profile.Rules
		s     subject
		want  string
	}{
		// kinds
		{"tcp by flag", profile.Rules{Override: profile.Override{Probe: probe.TCP}}, subject{}, "!tcp://10.0.0.5:8080"},
		{"tcp by profile", one(fleet.Profile{Probe: probe.TCP}), subject{labels: h}, "!tcp://10.0.0.5:8080"},
		{"tcp by built-in profile", profile.Rules{}, subject{labels: "profile=haproxy"}, "!tcp://10.0.0.5:8080"},
		{"tls", one(fleet.Profile{Probe: probe.TLS}), subject{}, "!tls://10.0.0.5:8080"},
		{"dns", one(fleet.Profile{Probe: probe.DNS}), subject{addr: "db.lan:5432"}, "!dns:db.lan"},
		{"a path by flag beats a kind by metadata", profile.Rules{Override: profile.Override{HealthPath: "h"}}, subject{labels: "scheme=grpc"}, "!http://10.0.0.5:8080/h"},
		{"grpc by profile", one(fleet.Profile{Probe: probe.GRPC}), subject{}, "!grpc://10.0.0.5:8080"},
		{"grpc by its services", one(fleet.Profile{GRPCServices: []string{"a.A", "b.B"}}), subject{}, "!grpc://10.0.0.5:8080/a.A !grpc://10.0.0.5:8080/b.B"},
		{"grpc, all of them", one(fleet.Profile{GRPCServices: []string{"*"}}), subject{}, "!grpc://10.0.0.5:8080/*"},
		{"grpc by metadata", profile.Rules{}, subject{labels: "scheme=grpc"}, "!grpc://10.0.0.5:8080"},
		{"grpcs by metadata", profile.Rules{}, subject{labels: "scheme=grpcs"}, "!grpcs://10.0.0.5:8080"},
		{"grpc by the service's metadata", profile.Rules{}, subject{service: "scheme=grpc"}, "!grpc://10.0.0.5:8080"},
		{"grpc by its only endpoint", profile.Rules{}, subject{endpoints: map[string]string{"grpc": "grpc://10.0.0.5:9000"}}, "!grpc://10.0.0.5:9000"},
		{"grpc by its only endpoint, with TLS", profile.Rules{}, subject{endpoints: map[string]string{"grpc": "grpc://10.0.0.5:9000?isSecure=true"}}, "!grpcs://10.0.0.5:9000"},
		{"grpc beside http is http", profile.Rules{}, subject{labels: h, endpoints: map[string]string{"grpc": "10.0.0.5:9000", "http": "10.0.0.5:8080"}}, "!http://10.0.0.5:8080/h"},
		{"grpc in the address", profile.Rules{}, subject{addr: "grpcs://10.0.0.5:9000"}, "!grpcs://10.0.0.5:9000"},
		{"http in metadata beats a grpc endpoint", profile.Rules{}, subject{labels: h + "scheme=http", endpoints: map[string]string{"grpc": "10.0.0.5:9000"}}, "!http://10.0.0.5:8080/h"},
		// ports
		{"health port", profile.Rules{}, subject{labels: h + "health_port=9"}, "!http://10.0.0.5:9/h"},
		{"management port", profile.Rules{}, subject{labels: h + "management.port=8081"}, "!http://10.0.0.5:8081/h"},
		{"health port beats management port", profile.Rules{}, subject{labels: h + "management.port=8081 health-port=9"}, "!http://10.0.0.5:9/h"},
		{"configured health port beats metadata", one(fleet.Profile{Ports: map[string]int{"health": 7}}), subject{labels: h + "health_port=9"}, "!http://10.0.0.5:7/h"},
		{"configured admin port", one(fleet.Profile{Extends: "spring", Ports: map[string]int{"admin": 7, "metrics": 6}}), subject{labels: h}, "!http://10.0.0.5:7/h"},
		{"an admin port says nothing of health", profile.Rules{}, subject{labels: h + "admin_port=9"}, "!http://10.0.0.5:8080/h"},
		{"... but with spring", spring, subject{labels: h + "admin_port=9"}, "!http://10.0.0.5:9/h"},
		{"envoy's admin URL", profile.Rules{}, subject{labels: "profile=envoy admin=http://10.0.0.5:15000"}, "http://10.0.0.5:15000/ready"},
		{"an admin URL elsewhere", profile.Rules{}, subject{labels: "profile=envoy admin=http://10.9.9.9:15000"}, "http://10.0.0.5:8080/ready"},
		{"an admin socket", profile.Rules{}, subject{labels: "profile=envoy admin=unix:///run/x.sock"}, "http://10.0.0.5:8080/ready"},
		{"a port out of range", profile.Rules{}, subject{labels: h + "health_port=65536"}, "!http://10.0.0.5:8080/h"},
		{"a port that is none", profile.Rules{}, subject{labels: h + "health_port=http"}, "!http://10.0.0.5:8080/h"},
		{"a grpc port", profile.Rules{}, subject{labels: "scheme=grpc gRPC_port=9090 health_port=1"}, "!grpc://10.0.0.5:9090"},
		{"a configured grpc port", one(fleet.Profile{Probe: probe.GRPC, Ports: map[string]int{"grpc": 5}}), subject{labels: "grpc_port=9090"}, "!grpc://10.0.0.5:5"},
		{"an admin port is not grpc's", one(fleet.Profile{Probe: probe.GRPC, Ports: map[string]int{"admin": 5}}), subject{}, "!grpc://10.0.0.5:8080"},
		{"no port", profile.Rules{}, subject{addr: "10.0.0.5", labels: h}, "!http://10.0.0.5:80/h"},
		{"no port, with TLS", profile.Rules{}, subject{addr: "10.0.0.5", labels: h + "secure=true"}, "!https://10.0.0.5:443/h"},
		{"IPv6", profile.Rules{}, subject{addr: "[2001:db8::1]:8080", labels: h}, "!http://[2001:db8::1]:8080/h"},
		{"IPv6 without brackets or port", profile.Rules{}, subject{addr: "2001:db8::1", labels: h}, "!http://[2001:db8::1]:80/h"},
		{"a name", profile.Rules{}, subject{addr: "order.lan.:8080", labels: h}, "!http://order.lan:8080/h"},
		// schemes
		{"by metadata", profile.Rules{}, subject{labels: h + "scheme=https"}, "!https://10.0.0.5:8080/h"},
		{"by file_sd", profile.Rules{}, subject{labels: h + "__scheme__=https"}, "!https://10.0.0.5:8080/h"},
		{"by secure", profile.Rules{}, subject{labels: h + "secure=true"}, "!https://10.0.0.5:8080/h"},
		{"by secure, not", one(fleet.Profile{TLS: fleet.TLSSettings{CA: "ca.pem"}}), subject{labels: h + "secure=false"}, "!http://10.0.0.5:8080/h"},
		{"by profile, against metadata", one(fleet.Profile{Scheme: "http"}), subject{labels: h + "scheme=https"}, "!http://10.0.0.5:8080/h"},
		{"by TLS settings", one(fleet.Profile{TLS: fleet.TLSSettings{CA: "ca.pem"}}), subject{labels: h}, "!https://10.0.0.5:8080/h"},
		{"by the address", profile.Rules{}, subject{addr: "https://10.0.0.5:8080", labels: h}, "!https://10.0.0.5:8080/h"},
		{"by endpoints", profile.Rules{}, subject{labels: h, endpoints: map[string]string{"https": "10.0.0.5:8080"}}, "!https://10.0.0.5:8080/h"},
		{"by port", profile.Rules{}, subject{addr: "10.0.0.5:443", labels: h}, "!https://10.0.0.5:443/h"},
		{"by other port", profile.Rules{}, subject{addr: "10.0.0.5:8443", labels: h}, "!https://10.0.0.5:8443/h"},
		{"one nobody speaks", profile.Rules{}, subject{labels: h + "scheme=gopher"}, "!http://10.0.0.5:8080/h"},
		// paths
		{"several", one(fleet.Profile{HealthPaths: []string{"/a", "b"}}), subject{}, "!http://10.0.0.5:8080/a !http://10.0.0.5:8080/b"},
		{"a path without its slash", profile.Rules{}, subject{labels: "health_path=h"}, "!http://10.0.0.5:8080/h"},
		{"a path that looks like a host", profile.Rules{}, subject{labels: "health_path=//evil.example/h"}, "!http://10.0.0.5:8080/evil.example/h"},
		{"a path with a question", profile.Rules{}, subject{labels: "health_path=/h?full=1"}, "!http://10.0.0.5:8080/h?full=1"},
		{"a path that is none", profile.Rules{Override: profile.Override{Profile: "envoy"}}, subject{labels: "health_path=/h#x"}, "http://10.0.0.5:8080/ready"},
		{"spring's own base", spring, subject{labels: "management.context-path=/manage/"}, "http://10.0.0.5:8080/manage/health/readiness http://10.0.0.5:8080/manage/health"},
		{"spring's own base and path", spring, subject{labels: "management.context-path=/manage health.path=ping"}, "!http://10.0.0.5:8080/manage/ping"},
		{"a URL on its own host", profile.Rules{}, subject{labels: "health_path=https://10.0.0.5:8081/h?x=1"}, "!https://10.0.0.5:8081/h?x=1"},
		{"the driver's URL, its host left alone", profile.Rules{}, subject{endpoints: map[string]string{"health": "http://host7.lan:8081/actuator/health"}}, "!http://10.0.0.5:8081/actuator/health"},
		{"the driver's URL gives way to metadata", profile.Rules{}, subject{labels: "health_path=/h health_port=9", endpoints: map[string]string{"health": "http://host7.lan:8081/x"}}, "!http://10.0.0.5:9/x"},
		{"the driver's URL, useless", profile.Rules{Override: profile.Override{Profile: "envoy"}}, subject{endpoints: map[string]string{"health": "http://%zz/"}}, "http://10.0.0.5:8080/ready"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := resolve(t, tt.rules, tt.s)
			if shown(p) != tt.want || p.Refused != "" {
				t.Errorf("got  %s %s\nwant %s\n%v", shown(p), p.Refused, tt.want, p.Origins)
			}
			if several := len(p.Candidates) > 1 && p.Candidates[0].Kind == probe.GRPC; p.Every != several {
				t.Errorf("every: %v", p.Every)
			}
		})
	}
}

// TestANamedProtocolRestrictsTheGuesses is a bug that was: with --probe http the
// paths were guessed, and then gRPC and the bare port besides.
func TestANamedProtocolRestrictsTheGuesses(t *testing.T) {
	const paths = 13
	for _, tt := range []struct {
		name  string
		rules profile.Rules
		s     subject
		more  string // what is asked beside the paths
	}{
		{"nobody named it", profile.Rules{}, subject{}, "grpc://10.0.0.5:8080 tcp://10.0.0.5:8080"},
		{"a profile that is silent about it", one(fleet.Profile{Strict: new(bool)}), subject{}, "grpc://10.0.0.5:8080 tcp://10.0.0.5:8080"},
		{"by flag", profile.Rules{Override: profile.Override{Probe: probe.HTTP}}, subject{}, ""},
		{"by profile", one(fleet.Profile{Probe: probe.HTTP}), subject{}, ""},
		{"by metadata", profile.Rules{}, subject{labels: "scheme=http"}, ""},
		{"by the address", profile.Rules{}, subject{addr: "http://10.0.0.5:8080"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			words := strings.Fields(shown(resolve(t, tt.rules, tt.s)))
			if len(words) < paths {
				t.Fatalf("got %q", words)
			}
			for _, w := range words[:paths] {
				if !strings.HasPrefix(w, "http://10.0.0.5:8080/") {
					t.Errorf("not a guessed path: %s", w)
				}
			}
			if got := strings.Join(words[paths:], " "); got != tt.more {
				t.Errorf("got %q, want %q", got, tt.more)
			}
		})
	}
}

func TestOriginsTellWhatWasIgnored(t *testing.T) {
	p := resolve(t, profile.Rules{}, subject{labels: "health_port=99999 scheme=gopher health_path=/a\x01b"})
	for what, want := range map[string]string{
		"port":   `99999 (label "health_port": not a port of this instance, ignored), 8080 (registry)`,
		"scheme": `gopher (label "scheme": neither http nor https, ignored), http (guess)`,
		"probe":  "http (guess)",
	} {
		if got := origin(p, what); got != want {
			t.Errorf("%s: %s\nwant %s", what, got, want)
		}
	}
	if got := origin(p, "path"); !strings.HasPrefix(got, "/a\x01b (label \"health_path\": not a path, ignored), /actuator") {
		t.Errorf("path: %q", got)
	}
}

// TestPolicy: metadata may change port, path and scheme, never the host, and
// names no socket; some addresses are never asked, whoever names them.
func TestPolicy(t *testing.T) {
	trusted := profile.Rules{Trusted: func(source string) bool { return source == "etcd" }}
	elsewhere := profile.Rules{Trusted: func(source string) bool { return source == "file" }}
	allow := one(fleet.Profile{AllowHosts: []string{"10.9.0.0/16", ".lan"}, AllowSockets: []string{"/run/app/", "/srv/*.sock"}})
	for _, tt := range []struct {
		name  string
		rules profile.Rules
		s     subject
		want  string // candidates
		why   string // or why not
	}{
		{"a URL elsewhere", profile.Rules{}, subject{labels: "health_path=http://10.9.9.9/h"}, "", `label "health_path" names another host, 10.9.9.9, which is not in allowHosts`},
		{"... of a source that is not the user's", elsewhere, subject{labels: "health_path=http://10.9.9.9/h"}, "", `label "health_path" names another host, 10.9.9.9, which is not in allowHosts`},
		{"... of the user's own", trusted, subject{labels: "health_path=http://10.9.9.9:1/h"}, "!http://10.9.9.9:1/h", ""},
		{"... in allowHosts", allow, subject{labels: "health_path=http://10.9.9.9:1/h"}, "!http://10.9.9.9:1/h", ""},
		{"... by suffix", allow, subject{labels: "health_path=http://x.lan:1/h"}, "!http://x.lan:1/h", ""},
		{"... by suffix, not quite", allow, subject{labels: "health_path=http://xlan:1/h"}, "", `label "health_path" names another host, xlan, which is not in allowHosts`},
		{"... never a link-local one", trusted, subject{labels: "health_path=http://169.254.169.254/h"}, "", "169.254.169.254 is a link-local address"},
		{"a URL that is none", profile.Rules{}, subject{labels: "health_path=http://%zz/"}, "", `label "health_path": not a URL`},
		{"a URL with a user", profile.Rules{}, subject{labels: "health_path=http://10.0.0.5:80@evil.example/"}, "", `label "health_path" names another host, evil.example, which is not in allowHosts`},
		{"a socket", profile.Rules{}, subject{addr: "/run/x.sock"}, "", "a registry may not name a socket: /run/x.sock is not in allowSockets"},
		{"a socket as a URL", profile.Rules{}, subject{addr: "unix:///run/x.sock"}, "", "a registry may not name a socket: /run/x.sock is not in allowSockets"},
		{"an abstract socket", profile.Rules{}, subject{addr: "@x"}, "", "a registry may not name a socket: @x is not in allowSockets"},
		{"a socket of the user's own", trusted, subject{addr: "/run/x.sock", labels: "health_path=/h"}, "!http+unix:///run/x.sock:/h", ""},
		{"a socket in an allowed folder", allow, subject{addr: "/run/app/x.sock", labels: "health_path=/h"}, "!http+unix:///run/app/x.sock:/h", ""},
		{"a socket by glob", allow, subject{addr: "unix:/srv/x.sock", labels: "health_path=/h"}, "!http+unix:///srv/x.sock:/h", ""},
		{"a socket that climbs out", allow, subject{addr: "/run/app/../docker.sock"}, "", "a registry may not name a socket: /run/app/../docker.sock is not in allowSockets"},
		{"link-local", trusted, subject{addr: "169.254.1.1:80"}, "", "169.254.1.1 is a link-local address"},
		{"link-local IPv6", trusted, subject{addr: "[fe80::1]:80"}, "", "fe80::1 is a link-local address"},
		{"link-local IPv6 with a zone", trusted, subject{addr: "[fe80::1%eth0]:80"}, "", "fe80::1 is a link-local address"},
		{"link-local in IPv6 clothes", trusted, subject{addr: "[::ffff:169.254.169.254]:80"}, "", "169.254.169.254 is a link-local address"},
		{"cloud metadata by name", trusted, subject{addr: "Metadata.Google.Internal.:80"}, "", "Metadata.Google.Internal is a cloud metadata service"},
		{"cloud metadata, IPv6", trusted, subject{addr: "[fd00:ec2:0::254]:80"}, "", "fd00:ec2::254 is a cloud metadata service"},
		{"cloud metadata, another cloud", trusted, subject{addr: "100.100.100.200:80"}, "", "100.100.100.200 is a cloud metadata service"},
		{"an address as one number", trusted, subject{addr: "2852039166:80"}, "", "2852039166 is neither an address nor a name"},
		{"an address in hex", trusted, subject{addr: "0xa9fea9fe:80"}, "", "0xa9fea9fe is neither an address nor a name"},
		{"an address in octal", trusted, subject{addr: "0251.0376.0251.0376:80"}, "", "0251.0376.0251.0376 is neither an address nor a name"},
		{"an address cut short", trusted, subject{addr: "169.254.43518:80"}, "", "169.254.43518 is neither an address nor a name"},
		{"where it listens", profile.Rules{}, subject{addr: "0.0.0.0:8080"}, "", "0.0.0.0 is where it listens, not an address: it must register one"},
		{"where it listens, IPv6", profile.Rules{}, subject{addr: "[::]:8080"}, "", ":: is where it listens, not an address: it must register one"},
		{"multicast", profile.Rules{}, subject{addr: "239.0.0.1:8080"}, "", "239.0.0.1 is a multicast address"},
		{"a port out of range", profile.Rules{}, subject{addr: "10.0.0.5:99999"}, "", `its address: "99999" is not a port: want 1 to 65535`},
		{"port 0", profile.Rules{}, subject{addr: "10.0.0.5:0"}, "", `its address: "0" is not a port: want 1 to 65535`},
		{"no address", profile.Rules{}, subject{addr: ":80"}, "", `its address: ":80" names no host`},
		{"two addresses", profile.Rules{}, subject{addr: "10.0.0.5:80:90"}, "", `its address: "10.0.0.5:80:90" is not host:port`},
		{"a bracket", profile.Rules{}, subject{addr: "0["}, "", `its address: "0[" names no host`},
		{"letters of another script", profile.Rules{}, subject{addr: "раураl.com:80"}, "", `its address: "раураl.com:80" names no host`},
		{"control characters", profile.Rules{}, subject{addr: "a\x1b[31m:80"}, "", `its address: "a\x1b[31m:80" is not host:port`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := resolve(t, tt.rules, tt.s)
			if shown(p) != tt.want || p.Refused != tt.why {
				t.Errorf("got  %s; %q\nwant %s; %q", shown(p), p.Refused, tt.want, tt.why)
			}
		})
	}
}

// TestCredentials: only over verified TLS, to loopback, or inside allowHosts.
func TestCredentials(t *testing.T) {
	allow := one(fleet.Profile{AllowHosts: []string{"10.0.0.0/24", "svc.lan", "*.cluster.local", "2001:db8::/32", "192.0.2.7"}})
	insecure := one(fleet.Profile{Scheme: "https", TLS: fleet.TLSSettings{Insecure: true}})
	for _, tt := range []struct {
		rules  profile.Rules
		addr   string
		labels string
		want   bool
	}{
		{profile.Rules{}, "10.0.0.5:8080", "", false},
		{profile.Rules{}, "10.0.0.5:8080", "scheme=https", true},
		{profile.Rules{}, "10.0.0.5:8080", "scheme=grpcs", true},
		{profile.Rules{}, "10.0.0.5:8080", "scheme=grpc", false},
		{insecure, "10.0.0.5:8080", "", false}, // TLS that nobody verified
		{profile.Rules{}, "127.0.0.1:8080", "", true},
		{profile.Rules{}, "127.8.8.8:8080", "", true},
		{profile.Rules{}, "[::1]:8080", "", true},
		{profile.Rules{}, "[::ffff:127.0.0.1]:8080", "", true},
		{profile.Rules{}, "localhost:8080", "", true},
		{profile.Rules{}, "localhost.evil.example:8080", "", false},
		{allow, "10.0.0.5:8080", "", true},
		{allow, "[::ffff:10.0.0.5]:8080", "", true},
		{allow, "10.0.1.5:8080", "", false},
		{allow, "192.0.2.7:80", "", true},
		{allow, "[2001:db8::7]:80", "", true},
		{allow, "svc.lan:80", "", true},
		{allow, "order.SVC.lan:80", "", true},
		{allow, "evilsvc.lan:80", "", false},
		{allow, "order.cluster.local:80", "", true},
		{allow, "order.cluster.local.evil.example:80", "", false},
	} {
		if got := resolve(t, tt.rules, subject{addr: tt.addr, labels: tt.labels}).Credentials; got != tt.want {
			t.Errorf("%s %s: %v, want %v", tt.addr, tt.labels, got, tt.want)
		}
	}
	trusted := profile.Rules{Trusted: func(string) bool { return true }}
	if !resolve(t, trusted, subject{addr: "/run/x.sock"}).Credentials {
		t.Error("a socket is on this machine")
	}
}

func TestServerName(t *testing.T) {
	p := resolve(t, one(fleet.Profile{TLS: fleet.TLSSettings{ServerName: "order.internal"}, HealthPaths: []string{"/h"}}), subject{})
	if p.Candidates[0].Host != "order.internal" || p.Candidates[0].Address != "10.0.0.5:8080" {
		t.Errorf("%+v", p.Candidates[0])
	}
}

// FuzzResolve: whatever a registry writes, a plan asks the registered host and
// no other, at a real port, or says why not.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{"10.0.0.5:8080", "[::1]:80", "unix:/x", "http://a/b", "x", ":", "[", "0[", "//", "0:0", "a@b:1", "169.254.169.254:80"} {
		f.Add(s, "/health", "9", "https")
		f.Add("10.0.0.5:8080", s, s, s)
	}
	x, err := profile.Rules{}.Compile()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, addr, path, port, scheme string) {
		p := x.Resolve(&fleet.Service{}, &fleet.Instance{Addr: addr, Labels: map[string]string{
			"health_path": path, "health_port": port, "scheme": scheme, "admin": path, "profile": scheme,
		}, Endpoints: map[string]string{"health": path, "grpc": path}})
		if (p.Refused == "") != (len(p.Candidates) > 0) {
			t.Fatalf("refused %q with %d candidates", p.Refused, len(p.Candidates))
		}
		for _, c := range p.Candidates {
			host, n, err := net.SplitHostPort(c.Address)
			if err != nil || c.Network != "" {
				t.Fatalf("%q leads to %+v: %v", addr, c, err)
			}
			if number, err := net.LookupPort("tcp", n); err != nil || number == 0 || fmt.Sprint(number) != n {
				t.Errorf("%q leads to port %q", addr, n)
			}
			if !strings.Contains(addr, host) {
				t.Errorf("%q leads to host %q", addr, host)
			}
			if c.Kind == probe.HTTP && (!strings.HasPrefix(c.Path, "/") || strings.HasPrefix(c.Path, "//")) {
				t.Errorf("%q leads to path %q", path, c.Path)
			}
			if slices.ContainsFunc([]byte(c.Path), func(b byte) bool { return b <= ' ' || b == 0x7f }) {
				t.Errorf("%q leads to path %q", path, c.Path)
			}
		}
	})
}
