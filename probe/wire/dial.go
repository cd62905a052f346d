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
	Lean     bool          // for one short question and its answer: by the fewest system calls
}

// Link is a new connection and what it took. It fails when the context it was
// made with ends.
type Link struct {
	net.Conn
	Resolve time.Duration
	Dial    time.Duration
	At      time.Time // when the connection was there
	Peer    string    // where a name led to; empty for a literal address
	stop    func() bool
}

// Close hangs up.
func (l *Link) Close() error {
	if l.stop != nil {
		l.stop()
	}
	return l.Conn.Close()
}

// Connect dials an address: host:port, or the path of a socket if network is
// "unix". The link is filled as far as it came, also beside an error, which
// Explain reads.
func (d *Dialer) Connect(ctx context.Context, network, address string) (*Link, error) {
	l := &Link{}
	begun := time.Now()
	limit := d.Timeout
	if limit == 0 {
		limit = time.Second
	}
	end := begun.Add(limit)
	if earlier, ok := ctx.Deadline(); ok && earlier.Before(end) {
		end = earlier
	}
	var err error
	if network == "unix" {
		var nd net.Dialer
		l.Conn, err = nd.DialContext(earlier{ctx, end}, network, address)
	} else if to, bad := netip.ParseAddrPort(address); bad == nil {
		if err = Forbidden(to.Addr()); err == nil {
			l.Conn, err = d.dial(ctx, end, to)
		}
	} else {
		var all []netip.AddrPort
		all, err = d.lookup(ctx, end, address)
		now := time.Now()
		l.Resolve, begun = now.Sub(begun), now
		if err != nil {
			return l, err
		}
		l.Conn, l.Peer, err = d.first(ctx, end, all)
	}
	l.At = time.Now()
	l.Dial = l.At.Sub(begun)
	if err != nil {
		return l, err
	}
	if _, own := l.Conn.(interface{ endsWithItsContext() }); !own {
		l.stop = interruptible(ctx, l.Conn)
	}
	return l, nil
}

// dial makes one connection to a literal address before the end.
func (d *Dialer) dial(ctx context.Context, end time.Time, to netip.AddrPort) (net.Conn, error) {
	if d.Lean {
		return dialLean(ctx, end, to)
	}
	return dialTCP(ctx, end, to)
}

// first tries the addresses of a name in turn. Each gets its share of what is
// left, so that one that swallows packets leaves time for the next.
func (d *Dialer) first(ctx context.Context, end time.Time, all []netip.AddrPort) (conn net.Conn, peer string, err error) {
	for i, to := range all {
		share := time.Until(end) / time.Duration(len(all)-i)
		conn, err = d.dial(ctx, time.Now().Add(share), to)
		if err == nil || ctx.Err() != nil {
			return conn, to.String(), err
		}
	}
	return nil, "", err
}

// lookup resolves host:port. A resolver that ran into the limit says so itself.
func (d *Dialer) lookup(ctx context.Context, end time.Time, address string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	r := d.Resolver
	if r == nil {
		r = system
	}
	port, err := r.LookupPort(ctx, "tcp", service)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	ips, err := r.LookupNetIP(ctx, "ip", host)
	if err == nil {
		ips, err = allowed(host, ips)
	}
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
func dialTCP(ctx context.Context, end time.Time, to netip.AddrPort) (net.Conn, error) {
	nd := net.Dialer{KeepAlive: -1}
	return nd.DialContext(earlier{ctx, end}, "tcp", to.String())
}

// earlier is a context with an earlier deadline and without a timer: the net
// package looks at Deadline when it waits for a connection, and one that is
// there when its turn comes late counts.
type earlier struct {
	context.Context
	end time.Time
}

func (e earlier) Deadline() (time.Time, bool) { return e.end, true }

// interruptible ends what conn does when ctx ends; what it returns takes that
// back. A Limit's end is set on the connection, and only its parent is listened
// to.
func interruptible(ctx context.Context, conn interface{ SetDeadline(time.Time) error }) (stop func() bool) {
	if l, ok := ctx.(*Limit); ok {
		_ = conn.SetDeadline(l.end)
		ctx = l.Context
	}
	if ctx.Done() == nil {
		return nil
	}
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}
