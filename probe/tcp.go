package probe

import (
	"cmp"
	"context"
	"net"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// TCPProber asks whether a port (or a unix socket) accepts. That is all it
// finds out: behind a mesh a port accepts for the dead as well, which is why
// judge.Instance takes its Pass for nothing unless somebody named this probe.
type TCPProber struct {
	DialTimeout time.Duration // 0 is 1 s
	Resolver    *net.Resolver // nil: the system's
	Slow        time.Duration // slower connections are warnings; 0 is 1 s, below 0 never
}

// Probe connects and hangs up.
func (p TCPProber) Probe(ctx context.Context, t Target) Result {
	a := begin(ctx, t)
	conn, err := a.connect(ctx, &wire.Dialer{Timeout: p.DialTimeout, Resolver: p.Resolver})
	if err != nil {
		return *a.fail(err)
	}
	_ = conn.Close()
	a.result.Answered = true
	return *a.endInTime(Pass, ReasonNone, "", cmp.Or(p.Slow, defaultSlow))
}
