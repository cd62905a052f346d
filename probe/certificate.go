package probe

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"
)

// certificate is what there is to say of the certificate that was shown in a
// handshake that came about.
type certificate struct {
	ends    time.Time
	outcome Outcome // Pass, Warn or Fail
	reason  Reason
	text    string
}

// lookAtCertificate reads a finished handshake. Where verification was off, it
// is made up for here: what it finds is a warning, since somebody decided not
// to mind it.
func lookAtCertificate(state *tls.ConnectionState, cfg *tls.Config, t Target, warnDays, failDays int) certificate {
	if len(state.PeerCertificates) == 0 {
		return certificate{outcome: Pass}
	}
	c := certificate{ends: chainEnd(state), outcome: Pass}
	if len(state.VerifiedChains) == 0 {
		between := x509.NewCertPool()
		var roots *x509.CertPool
		if cfg != nil {
			roots = cfg.RootCAs
		}
		for _, cert := range state.PeerCertificates[1:] {
			between.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: serverName(cfg, t), Roots: roots, Intermediates: between})
		if err != nil {
			_, c.reason, c.text = Classify(&tls.CertificateVerificationError{Err: err})
			c.outcome, c.text = Warn, "verification is off: "+c.text
			return c
		}
	}
	left := time.Until(c.ends)
	days := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
	switch {
	case failDays > 0 && left < days(failDays):
		c.outcome = Fail
	case warnDays > 0 && left < days(warnDays):
		c.outcome = Warn
	default:
		return c
	}
	c.reason = ReasonExpiring
	c.text = fmt.Sprintf("its certificate ends %s, in %d days", c.ends.UTC().Format(time.RFC3339), int(left/(24*time.Hour)))
	return c
}

// chainEnd is when the certificates shown stop to prove anything: of each chain
// that verified the first end, of several chains the last of these. Servers
// send old certificates along that no chain needs.
func chainEnd(state *tls.ConnectionState) time.Time {
	var ends time.Time
	for _, chain := range state.VerifiedChains {
		first := chain[0].NotAfter
		for _, cert := range chain {
			if cert.NotAfter.Before(first) {
				first = cert.NotAfter
			}
		}
		if first.After(ends) {
			ends = first
		}
	}
	if ends.IsZero() {
		ends = state.PeerCertificates[0].NotAfter
	}
	return ends
}

// worse puts the certificate's word beside that of the answer: its failure
// beats everything, its warning only what is well.
func (c certificate) worse(outcome Outcome, reason Reason, text string) (Outcome, Reason, string) {
	if c.outcome == Fail && outcome != Fail || c.outcome == Warn && outcome == Pass {
		return c.outcome, c.reason, c.text
	}
	return outcome, reason, text
}

// serverName is whom a certificate has to be for.
func serverName(cfg *tls.Config, t Target) string {
	if cfg != nil && cfg.ServerName != "" {
		return cfg.ServerName
	}
	return hostOnly(authority(t))
}

// hostOnly is an authority without its port and brackets.
func hostOnly(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	if n := len(authority); n > 2 && authority[0] == '[' && authority[n-1] == ']' {
		return authority[1 : n-1]
	}
	return authority
}
