package profile_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/profile"
	"github.com/midwatch-cli/midwatch/probe"
)

// exposed is the whole answer in one line: the URLs, named ones with a !,
// credentials or not, or why not.
func exposed(e *fleet.Exposition) string {
	switch {
	case e == nil:
		return "none"
	case e.Refused != "":
		return "refused: " + e.Refused
	}
	out := strings.Join(e.URLs, " ")
	if e.Named {
		out = "!" + out
	}
	if e.Credentials {
		out += " with credentials"
	}
	return out
}

func measured(t *testing.T, r profile.Rules, s subject) fleet.Plan {
	t.Helper()
	x, err := r.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if s.addr == "" {
		s.addr = "10.0.0.5:8080"
	}
	return x.ResolveMetrics(&fleet.Service{Ref: fleet.Ref{Source: "etcd", Name: "order"}, Labels: parse(s.service)},
		&fleet.Instance{ID: "order-1", Addr: s.addr, Labels: parse(s.labels), Endpoints: s.endpoints})
}

const guessedPages = "http://10.0.0.5:8080/metrics http://10.0.0.5:8080/actuator/prometheus http://10.0.0.5:8080/q/metrics " +
	"http://10.0.0.5:8080/stats/prometheus http://10.0.0.5:8080/actuator/metrics"

func TestExposition(t *testing.T) {
	spring, grpc := one(fleet.Profile{Extends: "spring"}), one(fleet.Profile{Probe: probe.GRPC})
	trusted := spring
	trusted.Trusted = func(source string) bool { return source == "etcd" }
	none := profile.Rules{}
	for _, tt := range []struct {
		name  string
		rules profile.Rules
		s     subject
		want  string
	}{
		{"nobody says where", none, subject{}, guessedPages},
		{"the built-in profile", one(fleet.Profile{Extends: "go"}), subject{}, "http://10.0.0.5:8080/metrics"},
		{"of Spring: two", spring, subject{}, "http://10.0.0.5:8080/actuator/prometheus http://10.0.0.5:8080/actuator/metrics"},
		{"of Quarkus", none, subject{labels: "profile=quarkus"}, "http://10.0.0.5:8080/q/metrics"},
		{"of Envoy", none, subject{labels: "profile=envoy admin=http://10.0.0.5:9901"}, "http://10.0.0.5:9901/stats/prometheus"},
		{"of HAProxy, whose health is TCP", none, subject{labels: "profile=haproxy"}, "http://10.0.0.5:8080/metrics"},
		{"of HAProxy, whose administration is no HTTP", none, subject{labels: "profile=haproxy admin=tcp://10.0.0.5:9999 metrics_port=8404"}, "http://10.0.0.5:8404/metrics"},

		{"a path", none, subject{labels: "metrics_path=/m"}, "!http://10.0.0.5:8080/m"},
		{"a path without a slash", none, subject{labels: "metrics-path=m/n"}, "!http://10.0.0.5:8080/m/n"},
		{"a path with a query", none, subject{labels: "metrics_path=/v1/metrics?format=prometheus"}, "!http://10.0.0.5:8080/v1/metrics?format=prometheus"},
		{"of the service", none, subject{service: "midwatch.io/metrics-path=/m"}, "!http://10.0.0.5:8080/m"},
		{"of file_sd", none, subject{labels: "__metrics_path__=/m __scheme__=https"}, "!https://10.0.0.5:8080/m with credentials"},
		{"metadata before the built-in profile", spring, subject{labels: "metrics_path=/m"}, "!http://10.0.0.5:8080/m"},
		{"configured before metadata", one(fleet.Profile{Extends: "spring", MetricsPath: "/c"}), subject{labels: "metrics_path=/m"}, "!http://10.0.0.5:8080/c"},
		{"what Kubernetes annotates", none, subject{labels: "prometheus.io/scrape=true prometheus.io/path=/m prometheus.io/port=9102 prometheus.io/scheme=https"}, "!https://10.0.0.5:9102/m with credentials"},
		{"a port alone does not name a path", none, subject{labels: "prometheus.io/port=9102"}, strings.ReplaceAll(guessedPages, "8080", "9102")},
		{"which is not to be scraped", none, subject{labels: "prometheus.io/scrape=false"}, `refused: label "prometheus.io/scrape" is false: it is not to be scraped`},
		{"... and configuration knows better", one(fleet.Profile{MetricsPath: "/c"}), subject{labels: "prometheus.io/scrape=false"}, "!http://10.0.0.5:8080/c"},
		{"not a path", none, subject{labels: "metrics_path=/a#b"}, `refused: label "metrics_path": "/a#b" is not a path`},
		{"not an escape", none, subject{labels: "metrics_path=/%zz?token=secret"}, `refused: label "metrics_path": "/%zz" is not a path`},

		{"configured port", one(fleet.Profile{Ports: map[string]int{"metrics": 9}}), subject{labels: "metrics_port=7 metrics_path=http://10.0.0.5:8/m"}, "!http://10.0.0.5:9/m"},
		{"configured port of administration", one(fleet.Profile{Extends: "spring", Ports: map[string]int{"admin": 9}}), subject{labels: "metrics_port=7"}, "http://10.0.0.5:9/actuator/prometheus http://10.0.0.5:9/actuator/metrics"},
		{"which is not where Go has them", one(fleet.Profile{Extends: "go", Ports: map[string]int{"admin": 9}}), subject{}, "http://10.0.0.5:8080/metrics"},
		{"not a port", none, subject{labels: "metrics_port=http"}, `refused: label "metrics_port": "http" is not a port: want 1 to 65535`},
		{"Spring's management port", spring, subject{labels: "management.port=9000"}, "http://10.0.0.5:9000/actuator/prometheus http://10.0.0.5:9000/actuator/metrics"},
		{"... and base path", spring, subject{labels: "management.port=9000 management.context-path=/manage"}, "http://10.0.0.5:9000/manage/prometheus http://10.0.0.5:9000/manage/metrics"},
		{"the metrics' own port before it", spring, subject{labels: "management.port=9000 metrics_port=9001"}, "http://10.0.0.5:9001/actuator/prometheus http://10.0.0.5:9001/actuator/metrics"},
		{"a management port without a profile", none, subject{labels: "management.port=9000"}, "http://10.0.0.5:8080/metrics http://10.0.0.5:9000/metrics " +
			"http://10.0.0.5:9000/actuator/prometheus http://10.0.0.5:9000/q/metrics http://10.0.0.5:9000/stats/prometheus http://10.0.0.5:9000/actuator/metrics"},
		{"... that is its own", none, subject{labels: "management.port=8080"}, guessedPages},
		{"a path that is for the management port", none, subject{labels: "management.port=9000 prometheus.path=/actuator/prometheus"}, "!http://10.0.0.5:9000/actuator/prometheus"},
		{"... under its base path", none, subject{labels: "management.port=9000 management.context-path=manage prometheus.path=/manage/prometheus"}, "!http://10.0.0.5:9000/manage/prometheus"},
		{"... and one that is not", none, subject{labels: "management.port=9000 prometheus.path=/actuatorless"}, "!http://10.0.0.5:8080/actuatorless"},
		{"a port of health beside a Go service", one(fleet.Profile{Extends: "go"}), subject{labels: "health_port=9000"}, "http://10.0.0.5:8080/metrics http://10.0.0.5:9000/metrics"},

		{"a URL", none, subject{labels: "metrics_path=https://10.0.0.5:9443/m"}, "!https://10.0.0.5:9443/m with credentials"},
		{"a URL and a port", none, subject{labels: "metrics_path=http://10.0.0.5:9443/m metrics_port=9"}, "!http://10.0.0.5:9443/m"},
		{"a URL without a port", none, subject{labels: "metrics_path=http://10.0.0.5/m metrics_port=9"}, "!http://10.0.0.5:9/m"},
		{"a URL with neither", spring, subject{labels: "metrics_path=http://10.0.0.5 management.port=9000"}, "http://10.0.0.5/actuator/prometheus http://10.0.0.5/actuator/metrics"},
		{"a password in it goes nowhere", none, subject{labels: "metrics_path=http://user:secret@10.0.0.5:1/m"}, "!http://10.0.0.5:1/m"},
		{"the driver's", none, subject{endpoints: map[string]string{"metrics": "http://inside.example:9000/m"}}, "!http://10.0.0.5:9000/m"},
		{"the driver's port", none, subject{endpoints: map[string]string{"metrics": "10.9.9.9:9000"}}, strings.ReplaceAll(guessedPages, "8080", "9000")},
		{"the driver's is a socket", none, subject{endpoints: map[string]string{"metrics": "unix:///run/x.sock"}}, guessedPages},
		{"IPv6", none, subject{addr: "[2001:db8::5]:8080", labels: "metrics_path=/m"}, "!http://[2001:db8::5]:8080/m"},
		{"IPv6 without a port", none, subject{addr: "2001:db8::5", labels: "metrics_path=/m"}, "!http://[2001:db8::5]/m"},

		{"IPv6 with a zone", none, subject{addr: "[2001:db8::5%eth0]:8080", labels: "metrics_path=/m"}, "!http://[2001:db8::5%25eth0]:8080/m"},

		{"TLS by metadata", none, subject{labels: "metrics_path=/m scheme=https"}, "!https://10.0.0.5:8080/m with credentials"},
		{"TLS of the metrics alone", none, subject{labels: "metrics_path=/m scheme=https metrics_scheme=http"}, "!http://10.0.0.5:8080/m"},
		{"TLS by secure", none, subject{labels: "metrics_path=/m secure=true"}, "!https://10.0.0.5:8080/m with credentials"},
		{"TLS by the driver", none, subject{addr: "https://10.0.0.5:8080", labels: "metrics_path=/m"}, "!https://10.0.0.5:8080/m with credentials"},
		{"which is not the other port's", none, subject{addr: "https://10.0.0.5:8080", labels: "metrics_path=/m metrics_port=9"}, "!http://10.0.0.5:9/m"},
		{"TLS by endpoints", none, subject{endpoints: map[string]string{"https": "10.0.0.5:8080"}, labels: "metrics_path=/m"}, "!https://10.0.0.5:8080/m with credentials"},
		{"TLS by its files", one(fleet.Profile{MetricsPath: "/m", TLS: fleet.TLSSettings{CA: "x"}}), subject{}, "!https://10.0.0.5:8080/m with credentials"},
		{"TLS configured", one(fleet.Profile{MetricsPath: "/m", Scheme: "https"}), subject{labels: "scheme=http"}, "!https://10.0.0.5:8080/m with credentials"},
		{"TLS by the port", none, subject{labels: "metrics_path=/m metrics_port=8443"}, "!https://10.0.0.5:8443/m with credentials"},
		{"TLS that nobody checks", one(fleet.Profile{MetricsPath: "/m", Scheme: "https", TLS: fleet.TLSSettings{Insecure: true}}), subject{}, "!https://10.0.0.5:8080/m"},
		{"loopback", one(fleet.Profile{Extends: "go"}), subject{addr: "127.0.0.1:8080"}, "http://127.0.0.1:8080/metrics with credentials"},
		{"allowed", one(fleet.Profile{Extends: "go", AllowHosts: []string{"10.0.0.0/8"}}), subject{}, "http://10.0.0.5:8080/metrics with credentials"},

		{"gRPC alone", grpc, subject{}, "none"},
		{"gRPC by metadata", none, subject{labels: "scheme=grpc"}, "none"},
		{"gRPC of a built-in profile", one(fleet.Profile{Extends: "go", Probe: probe.GRPC}), subject{}, "none"},
		{"gRPC with a path and no port", grpc, subject{labels: "metrics_path=/m"}, "none"},
		{"gRPC with a port", none, subject{labels: "scheme=grpcs metrics_port=9 metrics_path=/m"}, "!http://10.0.0.5:9/m"},
		{"gRPC with an endpoint", grpc, subject{endpoints: map[string]string{"metrics": "10.0.0.5:9"}, labels: "metrics_path=/m"}, "!http://10.0.0.5:9/m"},
		{"gRPC beside HTTP", grpc, subject{endpoints: map[string]string{"grpc": "10.0.0.5:8080", "http": "10.0.0.5:8000"}, labels: "metrics_path=/m"}, "!http://10.0.0.5:8000/m"},
		{"TCP alone", one(fleet.Profile{Probe: probe.TCP}), subject{}, "none"},
		{"TLS alone", one(fleet.Profile{Probe: probe.TLS}), subject{}, "none"},

		{"a socket", one(fleet.Profile{AllowSockets: []string{"/run/"}}), subject{addr: "/run/x.sock", labels: "metrics_port=9"}, "none"},
		{"a socket that must not be named", none, subject{addr: "/run/x.sock"}, "refused: a registry may not name a socket: /run/x.sock is not in allowSockets"},
		{"a socket in a URL", trusted, subject{labels: "metrics_path=unix:///run/x.sock"}, `refused: label "metrics_path" names a socket, and metrics are read over HTTP`},
		{"another scheme", none, subject{labels: "metrics_path=ftp://10.0.0.5/m"}, `refused: label "metrics_path": metrics are not read by ftp://, but by http, https`},
		{"another host", none, subject{labels: "metrics_path=http://10.0.0.6/m"}, `refused: label "metrics_path" names another host, 10.0.0.6, which is not in allowHosts`},
		{"another host of the user's own file", trusted, subject{labels: "metrics_path=http://10.0.0.6/m"}, "!http://10.0.0.6/m"},
		{"an allowed host", one(fleet.Profile{AllowHosts: []string{"10.0.0.6"}}), subject{labels: "metrics_path=http://10.0.0.6/m"}, "!http://10.0.0.6/m with credentials"},
		{"a metadata service, whoever names it", trusted, subject{labels: "metrics_path=http://169.254.169.254/latest"}, "refused: 169.254.169.254 is a link-local address"},
		{"an instance that must not be asked", none, subject{addr: "169.254.169.254:80"}, "refused: 169.254.169.254 is a link-local address"},
		{"no URL", none, subject{labels: "metrics_path=http://[::1"}, `refused: label "metrics_path": not a URL`},
		{"health is elsewhere, metrics are not", one(fleet.Profile{Extends: "go", AllowHosts: []string{"10.9.0.0/16"}}), subject{labels: "health_path=http://10.9.0.1:1/h"}, "http://10.0.0.5:8080/metrics"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := exposed(measured(t, tt.rules, tt.s).Metrics); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			tt.rules.Terse = true
			if terse := measured(t, tt.rules, tt.s); exposed(terse.Metrics) != tt.want || terse.Origins != nil {
				t.Errorf("in short: %s, %v", exposed(terse.Metrics), terse.Origins)
			}
			if plain := resolve(t, tt.rules, tt.s); plain.Metrics != nil {
				t.Errorf("not wanted: %s", exposed(plain.Metrics))
			}
		})
	}
}

func TestExpositionIsExplained(t *testing.T) {
	for _, tt := range []struct {
		name, labels, want string
		profile            fleet.Profile
	}{
		{"guess", "", guessedPages + " (guess)", fleet.Profile{}},
		{"built-in", "", `http://10.0.0.5:8080/metrics (built-in "go")`, fleet.Profile{Extends: "go"}},
		{"a label for the port", "metrics_port=9", `http://10.0.0.5:9/metrics (built-in "go", label "metrics_port")`, fleet.Profile{Extends: "go"}},
		{"configured", "metrics_port=9", `http://10.0.0.5:9/m (profile "mine", label "metrics_port")`, fleet.Profile{MetricsPath: "/m"}},
		{"a URL", "metrics_path=http://10.0.0.5:9/m", `http://10.0.0.5:9/m (label "metrics_path")`, fleet.Profile{}},
		{"refused", "metrics_path=http://10.0.0.6/m", `refused: label "metrics_path" names another host, 10.0.0.6, which is not in allowHosts (registry)`, fleet.Profile{}},
		{"gRPC", "scheme=grpc", "", fleet.Profile{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := origin(measured(t, one(tt.profile), subject{labels: tt.labels}), "metrics"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestExpositionChangesNothingElse: a plan with metrics is otherwise the plan
// without.
func TestExpositionChangesNothingElse(t *testing.T) {
	for _, s := range []subject{{}, {labels: "profile=spring management.port=9 admin=http://10.0.0.5:7"}, {labels: "scheme=grpc"}, {addr: "169.254.169.254:80"}} {
		plain, with := resolve(t, profile.Rules{}, s), measured(t, profile.Rules{}, s)
		if shown(plain) != shown(with) || administered(plain.Admin) != administered(with.Admin) || plain.Refused != with.Refused || plain.Credentials != with.Credentials {
			t.Errorf("%+v: %+v, %+v", s, plain, with)
		}
	}
}

// FuzzExposition: whatever a registry writes, metrics are read over HTTP at the
// instance's own host, without credentials in the URL.
func FuzzExposition(f *testing.F) {
	for _, seed := range [][4]string{
		{"10.0.0.5:8080", "http://10.0.0.5:9901/m?x=1", "", ""},
		{"10.0.0.5:8080", "unix:///run/haproxy.sock", "9", "/manage"},
		{"10.0.0.5:8080", "/%zz", "", "x#y"},
		{"10.0.0.5:8080", "http://10.0.0.5@evil.example/", "", "%zz"},
		{"[::1]:80", "//[::1]:81/a/../b", "0", "/"},
		{"/run/x", "@abstract", "", "a b"},
		{"a.b:1", "HTTP://A.B./%2e%2e//x", "65536", "//"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	x, err := profile.Rules{}.Compile()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, addr, path, port, base string) {
		labels := map[string]string{"metrics_path": path, "metrics_port": port, "base_path": base, "health_port": port}
		e := x.ResolveMetrics(&fleet.Service{Ref: fleet.Ref{Source: "etcd", Name: "order"}}, &fleet.Instance{ID: "1", Addr: addr, Labels: labels}).Metrics
		if e == nil {
			return
		}
		if (e.Refused == "") != (len(e.URLs) > 0) || e.Named && len(e.URLs) > 1 {
			t.Fatalf("neither refused nor a place: %+v", e)
		}
		own, err := url.Parse("//" + addr)
		if strings.Contains(addr, "://") {
			own, err = url.Parse(addr)
		} else if _, bad := netip.ParseAddr(addr); bad == nil {
			own, err = &url.URL{Host: "[" + addr + "]"}, nil
		}
		for _, text := range e.URLs {
			u, bad := url.Parse(text)
			switch {
			case bad != nil:
				t.Fatalf("%q is not a URL: %v", text, bad)
			case u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Fragment != "":
				t.Fatalf("not a place: %s", text)
			case err == nil && !strings.EqualFold(strings.TrimRight(u.Hostname(), "."), strings.TrimRight(own.Hostname(), ".]")):
				t.Fatalf("%s has metrics at %s", addr, text)
			}
		}
	})
}
