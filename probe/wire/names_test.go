package wire_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// names is a name server on a port of its own: for each question it sends the
// records that answer gives, and "no such name" where these are none.
func names(t *testing.T, answer func(name string, kind uint16) [][]byte) string {
	t.Helper()
	return rawNames(t, func(q []byte, name string, kind uint16) []byte {
		records := answer(name, kind)
		reply := reply(q, 0)
		if len(records) == 0 {
			return reply
		}
		reply[7] = byte(len(records))
		for _, r := range records {
			reply = append(reply, 0xc0, 12) // the name of the question
			reply = binary.BigEndian.AppendUint16(reply, kind)
			reply = append(reply, 0, 1, 0, 0, 0, 60)
			reply = binary.BigEndian.AppendUint16(reply, uint16(len(r)))
			reply = append(reply, r...)
		}
		return reply
	})
}

// reply begins an answer with a code of RFC 1035, section 4.1.1.
func reply(q []byte, code byte) []byte {
	end := 12
	for q[end] != 0 {
		end += 1 + int(q[end])
	}
	out := append([]byte(nil), q[:end+5]...)
	copy(out[2:12], []byte{0x81, 0x80 | code, 0, 1, 0, 0, 0, 0, 0, 0})
	return out
}

// rawNames is a name server that says what answer makes of a question; nothing
// where that is nil.
func rawNames(t *testing.T, answer func(q []byte, name string, kind uint16) []byte) string {
	t.Helper()
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			var labels []string
			at := 12
			for at < n && buf[at] != 0 {
				labels = append(labels, string(buf[at+1:at+1+int(buf[at])]))
				at += 1 + int(buf[at])
			}
			if out := answer(buf[:n], strings.Join(labels, "."), binary.BigEndian.Uint16(buf[at+1:])); out != nil {
				_, _ = pc.WriteTo(out, from)
			}
		}
	})
	t.Cleanup(func() {
		_ = pc.Close()
		wg.Wait()
	})
	return pc.LocalAddr().String()
}

// TestNameServers: what a name server does, and what that is called. None of it
// says anything of the service.
func TestNameServers(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(q []byte, name string, kind uint16) []byte
		text   string
	}{
		{"no such name", func(q []byte, _ string, _ uint16) []byte { return reply(q, 3) }, "order.example: no such host"},
		{"nothing under it", func(q []byte, _ string, _ uint16) []byte { return reply(q, 0) }, "order.example: no such host"},
		{"server failure", func(q []byte, _ string, _ uint16) []byte { return reply(q, 2) }, "order.example: server misbehaving"},
		{"refused", func(q []byte, _ string, _ uint16) []byte { return reply(q, 5) }, "order.example: server misbehaving"},
		{"silence", func([]byte, string, uint16) []byte { return nil }, "order.example: the name server did not answer in time"},
		{"nonsense", func([]byte, string, uint16) []byte { return []byte("?") }, "order.example: the name server did not answer in time"},
		{"another's answer", func(q []byte, _ string, _ uint16) []byte {
			out := reply(q, 0)
			out[0]++
			return out
		}, "order.example: the name server did not answer in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := wire.Dialer{Resolver: wire.Resolver(rawNames(t, c.answer)), Timeout: 300 * time.Millisecond}
			start := time.Now()
			l, err := d.Connect(t.Context(), "tcp", "order.example:80")
			if cause, text := wire.Explain(err); cause != wire.Resolve || text != c.text {
				t.Errorf("got %q, %q (%v); want %q", cause, text, err, c.text)
			}
			if l.Conn != nil || l.Resolve <= 0 || l.Dial != 0 {
				t.Errorf("a connection %v, resolved in %s, dialled in %s", l.Conn, l.Resolve, l.Dial)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %s of 300ms", took)
			}
		})
	}
}

// TestNamesAreCancelled in a moment, with nothing left behind (see TestMain).
func TestNamesAreCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := rawNames(t, func([]byte, string, uint16) []byte { cancel(); return nil })
	d := wire.Dialer{Resolver: wire.Resolver(server), Timeout: time.Minute}
	start := time.Now()
	_, err := d.Connect(ctx, "tcp", "order.example:80")
	if cause, text := wire.Explain(errors.Join(ctx.Err(), err)); cause != wire.Cancelled {
		t.Errorf("got %q, %q (%v)", cause, text, err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

// TestSecondAddress: a name whose first address is refused, or swallows packets,
// is asked at its second.
func TestSecondAddress(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	server := names(t, func(_ string, kind uint16) [][]byte {
		if kind != 1 {
			return nil
		}
		return [][]byte{{127, 0, 0, 2}, {127, 0, 0, 1}} // nobody listens at the first
	})
	for _, lean := range []bool{false, true} {
		d := wire.Dialer{Lean: lean, Resolver: wire.Resolver(server), Timeout: 10 * time.Second}
		l, err := d.Connect(t.Context(), "tcp", "order.example:"+port)
		if err != nil {
			t.Fatalf("lean %v: %v", lean, err)
		}
		if l.Peer != "127.0.0.1:"+port {
			t.Errorf("lean %v: it led to %s", lean, l.Peer)
		}
		_ = l.Close()
	}
}

// TestAllAddressesRefuse: the last one's error stands.
func TestAllAddressesRefuse(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	server := names(t, func(_ string, kind uint16) [][]byte {
		return map[uint16][][]byte{1: {{127, 0, 0, 2}, {127, 0, 0, 3}}}[kind]
	})
	for _, lean := range []bool{false, true} {
		d := wire.Dialer{Lean: lean, Resolver: wire.Resolver(server), Timeout: 10 * time.Second}
		l, err := d.Connect(t.Context(), "tcp", "order.example:"+port)
		if cause, text := wire.Explain(err); cause != wire.Refused || l.Conn != nil {
			t.Errorf("lean %v: got %q, %q", lean, cause, text)
		}
	}
}

// srv is the body of an SRV record, RFC 2782.
func srv(port uint16, labels ...string) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0, 1, 0, 1}, port)
	for _, l := range labels {
		out = append(append(out, byte(len(l))), l...)
	}
	return append(out, 0)
}

func TestLookUp(t *testing.T) {
	server := names(t, func(name string, kind uint16) [][]byte {
		switch {
		case name == "order.example" && kind == 1:
			return [][]byte{{10, 0, 0, 9}, {10, 0, 0, 10}, {169, 254, 1, 1}}
		case name == "order.example" && kind == 28:
			return [][]byte{append([]byte{0xfd}, make([]byte, 15)...)}
		case name == "four.example" && kind == 1:
			return [][]byte{{10, 0, 0, 7}}
		case name == "_http._tcp.order.example" && kind == 33:
			return [][]byte{srv(8081, "b", "example"), srv(8080, "a", "example")}
		}
		return nil
	})
	for name, want := range map[string]string{
		"order.example":            "10.0.0.10 10.0.0.9 169.254.1.1 fd00::", // looking is not asking
		"order.example.":           "10.0.0.10 10.0.0.9 169.254.1.1 fd00::",
		"four.example":             "10.0.0.7",
		"_http._tcp.order.example": "a.example.:8080 b.example.:8081",
		"_http._tcp.none.example":  "",
		"none.example":             "",
		"bad name.example":         "",
	} {
		got, err := wire.LookUp(t.Context(), server, name)
		if strings.Join(got, " ") != want || (err == nil) == (want == "") {
			t.Errorf("%q: got %q, %v; want %q", name, got, err, want)
		}
		var dns *net.DNSError
		if err != nil && (!errors.As(err, &dns) || !dns.IsNotFound) {
			t.Errorf("%q: %v is not known for what it is", name, err)
		}
	}
	if _, err := wire.LookUp(t.Context(), "[fd00:ec2::254]:53", "order.example"); !errors.Is(err, wire.ErrForbidden) {
		t.Errorf("a name server that is never asked: %v", err)
	}
}

// TestLookUpOnlyWhatIsWritten: the search list of the machine adds nothing.
func TestLookUpOnlyWhatIsWritten(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]bool{}
	server := names(t, func(name string, _ uint16) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		asked[name] = true
		return nil
	})
	_, _ = wire.LookUp(t.Context(), server, "order.example")
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 1 || !asked["order.example"] {
		t.Errorf("asked for %v", asked)
	}
}
