package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// TLSProber asks for a handshake and reads the certificate.
type TLSProber struct {
	Config      *tls.Config   // nil trusts the system's certificates; ServerName wins over Target.Host
	DialTimeout time.Duration // 0 is 1 s
	Resolver    *net.Resolver // nil: the system's
	Slow        time.Duration // slower handshakes are warnings; 0 is 1 s, below 0 never
	WarnDays    int           // a certificate that ends within so many days is a warning; 0 never
	FailDays    int           // ... is a failure
}

// Probe shakes hands and hangs up.
func (p TLSProber) Probe(ctx context.Context, t Target) Result {
	a := begin(ctx, t)
	conn, err := a.connect(ctx, &wire.Dialer{Timeout: p.DialTimeout, Resolver: p.Resolver})
	if err != nil {
		return *a.fail(err)
	}
	defer func() { _ = conn.Close() }() // without TLS's goodbye: it can take its time if nobody reads it
	secure, err := a.handshake(ctx, conn, p.Config)
	if err != nil {
		return *a.fail(err)
	}
	state := secure.ConnectionState()
	a.result.Answered = true
	c := lookAtCertificate(&state, p.Config, t, p.WarnDays, p.FailDays)
	a.result.Expires = c.ends
	return *a.endInTime(c.outcome, c.reason, c.text, cmp.Or(p.Slow, defaultSlow))
}
