package probetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"math/big"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Listen opens an ephemeral port of loopback that closes with the test.
func Listen(t testing.TB) net.Listener {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// ClosedPort is an address at which nobody listens. The port stays bound until
// the test ends, so that no other test is given it.
func ClosedPort(t testing.TB) string {
	t.Helper()
	fd := socket(t)
	return boundAddress(t, fd)
}

// Swallow is an address that swallows packets: its queue is full, so that a
// connection is neither taken nor refused.
func Swallow(t testing.TB) string {
	t.Helper()
	fd := socket(t)
	address := boundAddress(t, fd)
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	// Fill the queue until a connection is no longer taken.
	for range 32 {
		d := net.Dialer{Timeout: 100 * time.Millisecond}
		c, err := d.DialContext(t.Context(), "tcp4", address)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the queue of a listener is never full")
	return ""
}

func socket(t testing.TB) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	return fd
}

func boundAddress(t testing.TB, fd int) string {
	t.Helper()
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	in, ok := sa.(*syscall.SockaddrInet4)
	if !ok {
		t.Fatalf("a socket of another family: %T", sa)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(in.Port))
}

// Raw is a server that does as serve says with each connection, closes it then,
// and ends with the test: connections still open are closed under serve.
func Raw(t testing.TB, serve func(c net.Conn)) string {
	t.Helper()
	ln := Listen(t)
	RawOn(t, ln, serve)
	return ln.Addr().String()
}

// RawOn is Raw on a listener that exists.
func RawOn(t testing.TB, ln net.Listener, serve func(c net.Conn)) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			wg.Go(func() {
				defer func() {
					mu.Lock()
					delete(open, c)
					mu.Unlock()
					_ = c.Close()
				}()
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
}

// Abort closes a connection with a reset.
func Abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// readSome takes in what the far side begins with.
func readSome(c net.Conn) {
	buf := make([]byte, 64<<10)
	_, _ = c.Read(buf)
}

// drain reads until the far side has had enough.
func drain(c net.Conn) {
	buf := make([]byte, 4096)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

// NoNames is a resolver for which no name exists.
func NoNames(t testing.TB) *net.Resolver {
	t.Helper()
	return &net.Resolver{PreferGo: true, Dial: DialNames(NameServer(t, nil))}
}

// DialNames is the Dial of a resolver that asks the name server at address.
func DialNames(address string) func(ctx context.Context, network, _ string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", address)
	}
}

// NameServer answers on a UDP port of loopback. For each question it asks
// answer for the body of the one record that is to be sent (4 bytes for type A),
// nil for "no such name"; a nil answer knows no name.
func NameServer(t testing.TB, answer func(name []byte, kind uint16) []byte) string {
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
			if reply := nameReply(buf[:n], answer); reply != nil {
				_, _ = pc.WriteTo(reply, from)
			}
		}
	})
	t.Cleanup(func() {
		_ = pc.Close()
		wg.Wait()
	})
	return pc.LocalAddr().String()
}

// SilentUDP is a port that takes in what is sent and never answers.
func SilentUDP(t testing.TB) string {
	t.Helper()
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	return pc.LocalAddr().String()
}

// nameReply makes an answer of RFC 1035 section 4: the question again, and one
// record or none.
func nameReply(q []byte, answer func(name []byte, kind uint16) []byte) []byte {
	const head = 12
	end := head
	for end < len(q) && q[end] != 0 {
		end += 1 + int(q[end])
	}
	if end+5 > len(q) {
		return nil
	}
	kind := binary.BigEndian.Uint16(q[end+1:])
	reply := append([]byte(nil), q[:end+5]...)
	copy(reply[2:head], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	var body []byte
	if answer != nil {
		body = answer(q[head:end], kind)
	}
	if body == nil {
		reply[3] |= 3 // NXDOMAIN
		return reply
	}
	reply[7] = 1
	reply = append(reply, 0xc0, head) // the name of the question
	reply = binary.BigEndian.AppendUint16(reply, kind)
	reply = append(reply, 0, 1, 0, 0, 0, 60)
	reply = binary.BigEndian.AppendUint16(reply, uint16(len(body)))
	return append(reply, body...)
}

// Descriptors counts what this process has open.
func Descriptors(t testing.TB) int {
	t.Helper()
	for _, dir := range []string{"/proc/self/fd", "/dev/fd"} {
		if entries, err := os.ReadDir(dir); err == nil {
			return len(entries)
		}
	}
	t.Fatal("this system does not list a process's descriptors")
	return 0
}

// Eventually looks again and again until ok, for some seconds, and then calls
// otherwise. It is the one place that waits for what gives no sign.
func Eventually(t testing.TB, ok func() bool, otherwise func()) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); !ok(); <-tick.C {
		if time.Now().After(end) {
			otherwise()
			return
		}
	}
}

// CA makes certificates for one test.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewCA makes an authority that nobody else knows.
func NewCA(t testing.TB) *CA {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "probetest CA"},
		NotBefore: time.Now().Add(-365 * day), NotAfter: time.Now().Add(365 * day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &CA{cert, key}
}

// Pool trusts this authority only.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// Cert makes a certificate for names, localhost's with its addresses.
func (ca *CA) Cert(t testing.TB, from, to time.Time, names ...string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: from.Truncate(time.Second), NotAfter: to.Truncate(time.Second), DNSNames: names,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if names[0] == "localhost" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
