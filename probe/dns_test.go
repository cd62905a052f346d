package probe_test

import (
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

func TestDNS(t *testing.T) {
	const a, aaaa, srv = 1, 28, 33
	server := probetest.NameServer(t, func(name []byte, kind uint16) []byte {
		switch text := string(name); {
		case kind == a && strings.Contains(text, "order"):
			return []byte{10, 0, 0, 7}
		case kind == aaaa && strings.Contains(text, "order"):
			return append([]byte{0xfd}, make([]byte, 15)...)
		case kind == srv && strings.Contains(text, "_http"):
			return []byte{0, 1, 0, 1, 0x1f, 0x90, 5, 'o', 'r', 'd', 'e', 'r', 0}
		}
		return nil
	})
	for _, c := range []struct {
		name, address string
		outcome       probe.Outcome
		reason        probe.Reason
		part          string // of the detail, or of the trace where it passes
	}{
		{"order.example", server, probe.Pass, "", "leads to 10.0.0.7 fd00::"},
		{"/order.example", server, probe.Pass, "", "leads to 10.0.0.7 fd00::"},
		{"_http._tcp.order.example", server, probe.Pass, "", "leads to order.:8080"},
		{"payment.example", server, probe.Fail, probe.ReasonResolve, "payment.example"},
		{"_grpc._tcp.payment.example", server, probe.Fail, probe.ReasonResolve, "no such host"},
		{"", server, probe.Unknown, probe.ReasonInternal, "no name"},
		{"order.example", probetest.ClosedPort(t), probe.Unknown, probe.ReasonResolve, "order.example"},
	} {
		r := probed(t, probe.DNSProber{}, probe.Target{Kind: probe.DNS, Path: c.name, Address: c.address}, 5*time.Second)
		text := r.Detail
		if c.outcome == probe.Pass {
			text = strings.Join(r.Trace, "\n")
		}
		if r.Outcome != c.outcome || r.Reason != c.reason || !strings.Contains(text, c.part) {
			t.Errorf("%q at %s: got %s (%s) %q, %q", c.name, c.address, r.Outcome, r.Reason, r.Detail, r.Trace)
		}
	}
}

// TestDNSNameServerSilent: the name may be there; nobody told us.
func TestDNSNameServerSilent(t *testing.T) {
	silent := probetest.SilentUDP(t)
	r := probed(t, probe.DNSProber{}, probe.Target{Kind: probe.DNS, Path: "order.example", Address: silent}, 300*time.Millisecond)
	if r.Outcome != probe.Unknown || r.Reason != probe.ReasonResolve || r.Took > 2*time.Second {
		t.Errorf("got %s (%s) %q in %s", r.Outcome, r.Reason, r.Detail, r.Took)
	}
}
