package wire_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// never are addresses that nobody asks, and ask are their neighbours.
var (
	never = []string{
		"169.254.0.0", "169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.255.255",
		"::ffff:169.254.169.254", "::ffff:a9fe:1", "fe80::", "fe80::1", "fe80::1%lo", "fe80::1%25", "febf:ffff::1",
		"fd00:ec2::254", "fd00:ec2::254%lo", "100.100.100.200", "::ffff:100.100.100.200", "192.0.0.192",
	}
	ask = []string{
		"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "8.8.8.8",
		"169.253.255.255", "169.255.0.0", "fec0::1", "fe7f::1", "fd00:ec2::253", "fd00:ec2::1:254", "fd00::1", "2001:db8::1",
		"100.100.100.201", "192.0.0.193", "::ffff:169.255.0.1",
	}
)

func TestForbidden(t *testing.T) {
	for _, text := range never {
		ip := netip.MustParseAddr(text)
		err := wire.Forbidden(ip)
		if !errors.Is(err, wire.ErrForbidden) {
			t.Errorf("%s may be asked: %v", text, err)
			continue
		}
		if bare := ip.Unmap().WithZone("").String(); !strings.HasPrefix(err.Error(), bare+" is a ") {
			t.Errorf("%s: the error does not name the address: %v", text, err)
		}
	}
	for _, text := range ask {
		if err := wire.Forbidden(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s may not be asked: %v", text, err)
		}
	}
}

func TestGuard(t *testing.T) {
	at := func(ip string) string { return netip.AddrPortFrom(netip.MustParseAddr(ip), 80).String() }
	for _, ip := range never {
		if err := wire.Guard("tcp", at(ip), nil); !errors.Is(err, wire.ErrForbidden) {
			t.Errorf("%s: %v", ip, err)
		}
	}
	for _, ip := range ask {
		if err := wire.Guard("tcp", at(ip), nil); err != nil {
			t.Errorf("%s: %v", ip, err)
		}
	}
	if err := wire.Guard("unix", "/run/169.254.169.254", nil); err != nil {
		t.Errorf("a socket: %v", err)
	}
}

// TestGuardInADialer: what a dialer of net says is still known for what it is.
func TestGuardInADialer(t *testing.T) {
	d := net.Dialer{Control: wire.Guard, Timeout: 5 * time.Second}
	_, err := d.DialContext(t.Context(), "tcp", "169.254.169.254:80")
	if cause, text := wire.Explain(err); cause != wire.Policy || text != "169.254.169.254 is a link-local address: never asked" {
		t.Errorf("got %q, %q (%v)", cause, text, err)
	}
	err = &url.Error{Op: "Get", URL: "http://169.254.169.254/", Err: err}
	if cause, text := wire.Explain(err); cause != wire.Policy || text != "169.254.169.254 is a link-local address: never asked" {
		t.Errorf("under a request: got %q, %q", cause, text)
	}
}

// TestConnectForbidden: no packet leaves, so that it takes no time.
func TestConnectForbidden(t *testing.T) {
	for _, lean := range []bool{false, true} {
		for _, ip := range never {
			address := net.JoinHostPort(ip, "80")
			d := wire.Dialer{Lean: lean, Timeout: time.Minute}
			start := time.Now()
			l, err := d.Connect(t.Context(), "", address)
			if cause, _ := wire.Explain(err); cause != wire.Policy || l.Conn != nil {
				t.Errorf("%s: got %q (%v)", address, cause, err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s: took %s", address, took)
			}
		}
	}
}

// TestNamesThatLeadToForbiddenAddresses: the text of a name is innocent, where
// it leads is not; of several addresses the others are asked.
func TestNamesThatLeadToForbiddenAddresses(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	linkLocal6 := netip.MustParseAddr("fe80::1").As16()
	aws := netip.MustParseAddr("fd00:ec2::254").As16()
	mapped := netip.MustParseAddr("::ffff:169.254.169.254").As16()
	for _, c := range []struct {
		name string
		v4   [][]byte
		v6   [][]byte
		want wire.Cause
		text string
	}{
		{"metadata over IPv4", [][]byte{{169, 254, 169, 254}}, nil, wire.Policy, "order.example leads where nobody is asked: 169.254.169.254 is a link-local address: never asked"},
		{"link-local over IPv6", nil, [][]byte{linkLocal6[:]}, wire.Policy, "order.example leads where nobody is asked: fe80::1 is a link-local address: never asked"},
		{"metadata over IPv6", nil, [][]byte{aws[:]}, wire.Policy, "order.example leads where nobody is asked: fd00:ec2::254 is a cloud metadata service: never asked"},
		{"IPv4 in IPv6", nil, [][]byte{mapped[:]}, wire.Policy, ""},
		{"both", [][]byte{{169, 254, 0, 9}}, [][]byte{aws[:]}, wire.Policy, ""},
		{"one of two", [][]byte{{169, 254, 169, 254}, {127, 0, 0, 1}}, nil, wire.None, ""},
		{"one of each", [][]byte{{127, 0, 0, 1}}, [][]byte{linkLocal6[:]}, wire.None, ""},
		{"loopback", [][]byte{{127, 0, 0, 1}}, nil, wire.None, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := names(t, func(_ string, kind uint16) [][]byte {
				return map[uint16][][]byte{1: c.v4, 28: c.v6}[kind]
			})
			for _, lean := range []bool{false, true} {
				d := wire.Dialer{Lean: lean, Resolver: wire.Resolver(server), Timeout: 5 * time.Second}
				l, err := d.Connect(t.Context(), "", "order.example:"+port)
				cause, text := wire.Explain(err)
				if cause != c.want || c.text != "" && text != c.text {
					t.Fatalf("lean %v: got %q, %q (%v); want %q, %q", lean, cause, text, err, c.want, c.text)
				}
				if l.Resolve <= 0 {
					t.Error("nothing was looked up")
				}
				if err != nil {
					continue
				}
				if l.Peer != ln.Addr().String() {
					t.Errorf("it led to %s", l.Peer)
				}
				_ = l.Close()
			}
		})
	}
}

// TestForbiddenIsNoError of ours or of the far side: it is told from all else,
// however it is wrapped.
func TestForbiddenWrapped(t *testing.T) {
	err := wire.Forbidden(netip.MustParseAddr("169.254.1.1"))
	for _, wrapped := range []error{
		err, fmt.Errorf("asking: %w", err), errors.Join(errors.New("first"), err), &net.OpError{Op: "dial", Net: "tcp", Err: err},
		&url.Error{Op: "Get", URL: "http://a/", Err: &net.OpError{Op: "dial", Net: "tcp", Err: err}},
	} {
		if cause, text := wire.Explain(wrapped); cause != wire.Policy || !strings.Contains(text, "169.254.1.1") {
			t.Errorf("%v: got %q, %q", wrapped, cause, text)
		}
	}
	// Who hung up says nothing of where it went.
	if cause, _ := wire.Explain(errors.Join(context.Canceled, err)); cause != wire.Cancelled {
		t.Errorf("cancelled: got %q", cause)
	}
}

// TestGuardInATransport: what net/http dials for others is guarded the same way.
func TestGuardInATransport(t *testing.T) {
	d := net.Dialer{Control: wire.Guard}
	tr := &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://169.254.169.254/latest/meta-data", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = wire.Do(req, tr, 10)
	if cause, text := wire.Explain(err); cause != wire.Policy || strings.Contains(text, "latest") {
		t.Errorf("got %q, %q (%v)", cause, text, err)
	}
}
