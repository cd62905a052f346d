package probe_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

// everyKind is a prober of each kind that dials, with a target for it.
func everyKind(t *testing.T, r *net.Resolver) map[string]struct {
	p      probe.Prober
	target probe.Target
} {
	t.Helper()
	web, err := probe.NewHTTP(probe.HTTPOptions{Resolver: r})
	if err != nil {
		t.Fatal(err)
	}
	client, err := probe.NewHTTP(probe.HTTPOptions{Client: &http.Client{Transport: &http.Transport{DialContext: probe.Dial, DisableKeepAlives: true}}})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]struct {
		p      probe.Prober
		target probe.Target
	}{
		"http":     {web, probe.Target{Kind: probe.HTTP, Path: "/health", Named: true}},
		"https":    {web, probe.Target{Kind: probe.HTTP, Scheme: "https", Path: "/health", Named: true}},
		"a client": {client, probe.Target{Kind: probe.HTTP, Path: "/health", Named: true}},
		"tcp":      {probe.TCPProber{Resolver: r}, probe.Target{Kind: probe.TCP}},
		"tls":      {probe.TLSProber{Resolver: r, Config: &tls.Config{MinVersion: tls.VersionTLS12}}, probe.Target{Kind: probe.TLS}},
		"grpc":     {probe.GRPCProber{Resolver: r}, probe.Target{Kind: probe.GRPC}},
	}
}

// TestNeverAsked: no kind of prober asks a link-local address or a metadata
// service, in whatever spelling.
func TestNeverAsked(t *testing.T) {
	for kind, c := range everyKind(t, probetest.NoNames(t)) {
		for _, address := range []string{
			"169.254.169.254:80", "169.254.0.1:8080", "[::ffff:169.254.169.254]:80", "[fe80::1%lo]:80", "[fe80::1]:80", "[fd00:ec2::254]:80",
		} {
			c.target.Address = address
			if kind == "a client" {
				c.target.Address = strings.Replace(address, "%lo", "%25lo", 1) // as a URL has it
			}
			r := probed(t, c.p, c.target, 5*time.Second)
			if r.Outcome != probe.Unknown || r.Reason != probe.ReasonPolicy || !strings.Contains(r.Detail, "never asked") || r.Answered {
				t.Errorf("%s %s: got %s (%s) %q", kind, address, r.Outcome, r.Reason, r.Detail)
			}
			if r.Took > 2*time.Second {
				t.Errorf("%s %s: took %s", kind, address, r.Took)
			}
		}
	}
}

// TestNeverAskedByName: a name that leads there is no way round.
func TestNeverAskedByName(t *testing.T) {
	const a, aaaa = 1, 28
	for name, records := range map[string]map[uint16][]byte{
		"IPv4":   {a: {169, 254, 169, 254}},
		"IPv6":   {aaaa: net.ParseIP("fe80::1")},
		"AWS":    {aaaa: net.ParseIP("fd00:ec2::254")},
		"mapped": {aaaa: append(append(make([]byte, 10), 0xff, 0xff), 169, 254, 1, 1)},
		"both":   {a: {169, 254, 1, 1}, aaaa: net.ParseIP("fe80::9")},
	} {
		var asked atomic.Int64
		server := probetest.NameServer(t, func(_ []byte, kind uint16) []byte { asked.Add(1); return records[kind] })
		resolver := &net.Resolver{PreferGo: true, Dial: probetest.DialNames(server)}
		for kind, c := range everyKind(t, resolver) {
			if kind == "a client" {
				continue // it asks the system's resolver
			}
			c.target.Address = "order.example:80"
			r := probed(t, c.p, c.target, 5*time.Second)
			if r.Outcome != probe.Unknown || r.Reason != probe.ReasonPolicy || !strings.HasPrefix(r.Detail, "order.example leads where nobody is asked: ") {
				t.Errorf("%s %s: got %s (%s) %q", name, kind, r.Outcome, r.Reason, r.Detail)
			}
		}
		if asked.Load() == 0 {
			t.Errorf("%s: the name was never looked up", name)
		}
	}
}

// TestNeverAskedIsNotAskedAgain: trying once more finds no other truth.
func TestNeverAskedIsNotAskedAgain(t *testing.T) {
	r := probed(t, &probe.Attempts{Prober: probe.TCPProber{}, Max: 5}, probe.Target{Kind: probe.TCP, Address: "169.254.1.1:80"}, 5*time.Second)
	if r.Attempts != 1 || r.Reason != probe.ReasonPolicy {
		t.Errorf("%d attempts: %s (%s)", r.Attempts, r.Outcome, r.Reason)
	}
}

// TestLoopbackIsAsked: a demo, a sidecar and a test live there.
func TestLoopbackIsAsked(t *testing.T) {
	p, err := probe.NewHTTP(probe.HTTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	address := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"UP\"}")
	_, port, _ := net.SplitHostPort(address)
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "localhost"} {
		if r := probed(t, p, health(host+":"+port), 5*time.Second); r.Outcome != probe.Pass {
			t.Errorf("%s: got %s (%s) %q", host, r.Outcome, r.Reason, r.Detail)
		}
	}
}

// TestNeverAskedForNames: neither does a registry name the metadata service of a
// cloud as its name server.
func TestNeverAskedForNames(t *testing.T) {
	r := probed(t, probe.DNSProber{}, probe.Target{Kind: probe.DNS, Path: "order.example", Address: "169.254.169.254:53"}, 5*time.Second)
	if r.Outcome != probe.Unknown || r.Reason != probe.ReasonPolicy {
		t.Errorf("got %s (%s) %q", r.Outcome, r.Reason, r.Detail)
	}
}
