package probe

import (
	"context"
	"net"
	"time"
)

// TCPProber asks whether a port (or a unix socket) accepts. That is all it
// finds out: behind a mesh a port accepts for the dead as well, which is why
// fleet.Judge takes its Pass for nothing unless somebody named this probe.
type TCPProber struct {
	DialTimeout time.Duration // 0 is 1 s
	Resolver    *net.Resolver // nil: the system's
	Slow        time.Duration // slower connections are warnings; 0 is 1 s, below 0 never
}

// Probe connects and hangs up.
func (p TCPProber) Probe(ctx context.Context, t Target) Result {
	a := begin(ctx, t)
	d := dialer{timeout: orDefault(p.DialTimeout, defaultDial), resolver: p.Resolver}
	l, err := d.connect(ctx, t.Network, t.Address)
	a.linked(&l, err)
	if err != nil {
		return a.fail(err)
	}
	_ = l.Close()
	a.result.Answered = true
	a.note("connected, nothing said")
	return a.endInTime(Pass, ReasonNone, "", orDefault(p.Slow, defaultSlow))
}

// orDefault is d, or the default where nothing was said.
func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
