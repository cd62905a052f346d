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
	Peer    string // where a name led to; empty for a literal address
	stop    func() bool
}

// Close hangs up.
func (l *Link) Close() error {
	if l.stop != nil {
		l.stop()
	}
	return l.Conn.Close()
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
func (d *Dialer) Connect(ctx context.Context, network, address string) (*Link, error) {
	l := &Link{}
	begun := time.Now()
	limit := d.Timeout
	if limit == 0 {
		limit = time.Second
	}
	within := before(ctx, begun.Add(limit))
	var err error
	if network == "unix" {
		var nd net.Dialer
		l.Conn, err = nd.DialContext(within, network, address)
	} else if to, bad := netip.ParseAddrPort(address); bad == nil {
		l.Conn, err = d.dial(within, to)
	} else {
		var all []netip.AddrPort
		all, err = d.lookup(within, address)
		l.Resolve = time.Since(begun)
		if err != nil {
			return l, err
		}
		begun = time.Now()
		l.Conn, l.Peer, err = d.first(within, all)
	}
	l.Dial = time.Since(begun)
	if err != nil {
		return l, err
	}
	if _, own := l.Conn.(interface{ endsWithItsContext() }); !own {
		l.stop = interruptible(ctx, l.Conn)
	}
	return l, nil
}

// dial makes one connection to a literal address.
func (d *Dialer) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	if d.Lean {
		return dialLean(ctx, to)
	}
	return dialTCP(ctx, to)
}

// first tries the addresses of a name in turn. Each gets its share of what is
// left, so that one that swallows packets leaves time for the next.
func (d *Dialer) first(ctx context.Context, all []netip.AddrPort) (conn net.Conn, peer string, err error) {
	for i, to := range all {
		end, _ := ctx.Deadline()
		share := time.Until(end) / time.Duration(len(all)-i)
		conn, err = d.dial(before(ctx, time.Now().Add(share)), to)
		if err == nil || ctx.Err() != nil {
			return conn, to.String(), err
		}
	}
	return nil, "", err
}

// lookup resolves host:port. A resolver that ran into the limit says so itself.
func (d *Dialer) lookup(ctx context.Context, address string) ([]netip.AddrPort, error) {
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

// system asks the name servers of this machine.
var system = &net.Resolver{Dial: dialNames}

// Resolver asks the name server at address (host:port), by Go's own resolver;
// empty is the system's. Unlike net.DefaultResolver it leaves nothing behind
// when a lookup's context ends: there, what waits for a silent server goes on
// waiting for its own 5 s.
func Resolver(address string) *net.Resolver {
	if address == "" {
		return system
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialNames(ctx, network, address)
	}}
}

func dialNames(ctx context.Context, network, address string) (net.Conn, error) {
	var nd net.Dialer
	conn, err := nd.DialContext(ctx, network, address)
	if err == nil {
		interruptible(ctx, conn) // its owner ends ctx when it is done
	}
	return conn, err
}

// dialTCP makes one connection to a literal address. It is short-lived: no
// keep-alive probes. (DialTCP would bind a port first, which a sweep runs out of.)
func dialTCP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	nd := net.Dialer{KeepAlive: -1}
	return nd.DialContext(ctx, "tcp", to.String())
}

// interruptible ends what conn does when ctx ends; what it returns takes that
// back.
func interruptible(ctx context.Context, conn interface{ SetDeadline(time.Time) error }) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}
