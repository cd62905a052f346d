package probe

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// DNSProber asks whether a name resolves: Target.Path is the name, one that
// begins with an underscore is looked up as SRV, others as addresses.
// Target.Address is the name server (host:port); empty is the system's.
type DNSProber struct {
	Slow time.Duration // slower answers are warnings; 0 is 1 s, below 0 never
}

// Probe looks the name up. Elsewhere a name that does not resolve is *unknown*,
// since it says nothing of the service behind it. Here the name is the service:
// a name server that says with authority that there is no such name, or nothing
// under it, has answered, and the answer is a failure. A server that does not
// answer stays unknown.
func (p DNSProber) Probe(ctx context.Context, t Target) Result {
	a := begin(ctx, t)
	name := strings.Trim(t.Path, "/")
	if name == "" {
		return *a.end(Unknown, ReasonInternal, "no name to look up")
	}
	begun := time.Now()
	found, err := wire.LookUp(ctx, t.Address, name)
	a.phase("resolve", time.Since(begun))
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound && ctx.Err() == nil {
		a.result.Answered = true
		return *a.end(Fail, ReasonResolve, wire.NoSuchName(dns))
	}
	if err != nil {
		return *a.fail(err)
	}
	a.result.Answered = true
	a.note("leads to " + strings.Join(found, " "))
	return *a.endInTime(Pass, ReasonNone, "", cmp.Or(p.Slow, defaultSlow))
}
