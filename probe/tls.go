package probe

import (
	"context"
	"crypto/tls"
	"net"
	"time"
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
	d := dialer{timeout: orDefault(p.DialTimeout, defaultDial), resolver: p.Resolver}
	l, err := d.connect(ctx, t.Network, t.Address)
	a.linked(&l, err)
	if err != nil {
		return a.fail(err)
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.Config != nil {
		cfg = p.Config.Clone()
	}
	conn, err := handshake(ctx, a, l.Conn, cfg)
	if err != nil {
		return a.fail(err)
	}
	state := conn.ConnectionState()
	_ = l.Close() // not conn: a goodbye that nobody reads can take its time
	a.result.Answered = true
	c := lookAtCertificate(&state, p.Config, t, p.WarnDays, p.FailDays)
	a.result.Expires = c.ends
	return a.endInTime(c.outcome, c.reason, c.text, orDefault(p.Slow, defaultSlow))
}
