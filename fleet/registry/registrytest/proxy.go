package registrytest

import (
	"net"
	"sync"
	"testing"
)

// Proxy stands between a registry and a real server and fails on demand: the
// Break hand of worlds whose far end is a process or a library that cannot be
// told to fail. It speaks TCP only, so Deny is not one of its faults.
type Proxy struct {
	t        testing.TB
	listener net.Listener
	network  string
	upstream string
	wg       sync.WaitGroup

	mu    sync.Mutex
	fault Fault // empty: well
	count int   // connections since the fault began
	conns map[net.Conn]bool
}

// NewProxy starts a proxy on a loopback port in front of host:port. It stops
// with the test.
func NewProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{t: t, listener: listener, network: "tcp", upstream: upstream, conns: map[net.Conn]bool{}}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
		p.wg.Wait()
	})
	return p
}

// Addr is the host:port to connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Break makes the far end fail; connections that are open are reset, except
// that Hang makes them fall silent. Refuse resets each new connection at once.
func (p *Proxy) Break(t testing.TB, how Fault) (heal func()) {
	t.Helper()
	if how == Deny {
		t.Fatal("a proxy cannot deny")
	}
	p.set(how)
	return func() { p.set("") }
}

func (p *Proxy) set(f Fault) {
	p.mu.Lock()
	p.fault, p.count = f, 0
	p.mu.Unlock()
	if f != Hang {
		p.cut()
	}
}

// cut resets what is open.
func (p *Proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		reset(c)
	}
	clear(p.conns)
}

// reset closes a connection so that the other side sees it was not in order.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// now is the present fault and how many connections it has seen.
func (p *Proxy) now() (Fault, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault, p.count
}

// keep remembers a connection so that cut finds it.
func (p *Proxy) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
}

// drop closes a connection and forgets it.
func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	_ = c.Close()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.count++
		fault, count := p.fault, p.count
		p.conns[client] = true
		p.mu.Unlock()
		switch {
		case fault == Refuse, fault == HalfCalls && count%2 == 1:
			reset(client)
			p.drop(client)
		case fault == Garbage:
			p.wg.Go(func() {
				_, _ = client.Read(make([]byte, 512))
				_, _ = client.Write([]byte("\x00\xff\x17what nobody can read\r\n\r\n\x00"))
				p.drop(client)
			})
		case fault == Hang: // held open until the fault changes
		default:
			p.wg.Go(func() { p.serve(client) })
		}
	}
}

// serve joins a client with the far end.
func (p *Proxy) serve(client net.Conn) {
	defer p.drop(client)
	far, err := (&net.Dialer{}).DialContext(p.t.Context(), p.network, p.upstream)
	if err != nil {
		return
	}
	p.keep(far)
	defer p.drop(far)
	var both sync.WaitGroup
	both.Go(func() {
		p.pass(far, client, false)
		p.drop(far)
	})
	p.pass(client, far, true)
	p.drop(client)
	both.Wait()
}

// pass copies one direction until it ends. Under HalfAnswer the far end's first
// piece is cut in the middle; under Hang nothing arrives any more.
func (p *Proxy) pass(to, from net.Conn, answer bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			switch fault, _ := p.now(); {
			case fault == Hang:
				continue
			case fault == HalfAnswer && answer:
				_, _ = to.Write(buf[:n/2])
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
