package wire

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// Dialer makes the connections of every prober: names are looked up first and
// timed on their own, literal addresses go round the resolver.
type Dialer struct {
	Timeout  time.Duration // for one connection, resolving included; 0 is 1 s
	Resolver *net.Resolver // nil: the system's
}

// Link is a new connection and what it took.
type Link struct {
	net.Conn
	Resolve time.Duration
	Dial    time.Duration
	Peer    string // where a name led to; empty for a literal address
}

// earlier is a context with an earlier deadline that costs no timer: the
// net package looks at Deadline when it waits for a connection.
type earlier struct {
	context.Context
	end time.Time
}

func (e earlier) Deadline() (time.Time, bool) { return e.end, true }

func before(ctx context.Context, end time.Time) context.Context {
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		return ctx
	}
	return earlier{ctx, end}
}

// Connect dials an address: host:port, or the path of a socket if network is
// "unix". The link is filled as far as it came, also beside an error, which
// Explain reads.
func (d *Dialer) Connect(ctx context.Context, network, address string) (Link, error) {
	var l Link
	start := time.Now()
	limit := d.Timeout
	if limit == 0 {
		limit = time.Second
	}
	ctx = before(ctx, start.Add(limit))
	if network == "unix" {
		var nd net.Dialer
		conn, err := nd.DialContext(ctx, network, address)
		l.Conn, l.Dial = conn, time.Since(start)
		return l, err
	}
	if _, err := netip.ParseAddrPort(address); err == nil {
		l.Conn, err = dialTCP(ctx, address)
		l.Dial = time.Since(start)
		return l, err
	}
	addrs, err := d.lookup(ctx, address)
	l.Resolve = time.Since(start)
	if err != nil {
		return l, err
	}
	begun := time.Now()
	for i, ap := range addrs {
		// Each address gets its share of what is left, so that one that swallows
		// packets leaves time for the next.
		end, _ := ctx.Deadline()
		share := time.Until(end) / time.Duration(len(addrs)-i)
		l.Conn, err = dialTCP(before(ctx, time.Now().Add(share)), ap.String())
		if err == nil {
			l.Peer = ap.String()
		}
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	l.Dial = time.Since(begun)
	return l, err
}

// lookup resolves host:port. A resolver that ran into the limit says so itself.
func (d *Dialer) lookup(ctx context.Context, address string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	r := d.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	port, err := r.LookupPort(ctx, "tcp", service)
	if err != nil {
		return nil, err
	}
	// The resolver does look at Done.
	end, _ := ctx.Deadline()
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	ips, err := r.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		addrs[i] = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	}
	return addrs, nil
}

// dialTCP makes one connection to a literal address. It is short-lived: no
// keep-alive probes. (DialTCP would bind a port first, which a sweep runs out of.)
func dialTCP(ctx context.Context, to string) (net.Conn, error) {
	nd := net.Dialer{KeepAlive: -1}
	return nd.DialContext(ctx, "tcp", to)
}

// Interruptible ends what conn does when ctx ends; what it returns takes that
// back.
func Interruptible(ctx context.Context, conn net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}
