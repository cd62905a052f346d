package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"
)

// Handshake makes a TLS connection of conn, for the server name if cfg has none
// of its own; a nil cfg trusts the system's certificates. It closes conn beside
// an error. cfg is not changed.
func Handshake(ctx context.Context, conn net.Conn, cfg *tls.Config, name string, protocols ...string) (*tls.Conn, error) {
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg = cfg.Clone()
	cfg.ServerName = ServerName(cfg, name)
	if cfg.NextProtos == nil {
		cfg.NextProtos = protocols
	}
	secure := tls.Client(conn, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// ServerName is whom a certificate has to be for: cfg may know better than the
// address.
func ServerName(cfg *tls.Config, name string) string {
	if cfg != nil && cfg.ServerName != "" {
		return cfg.ServerName
	}
	return HostOnly(name)
}

// Doubt verifies a finished handshake that was not verified at the time; nil
// for one that was, or that stands the test. cfg may be nil.
func Doubt(state *tls.ConnectionState, cfg *tls.Config, name string) error {
	if len(state.VerifiedChains) > 0 || len(state.PeerCertificates) == 0 {
		return nil
	}
	o := x509.VerifyOptions{DNSName: ServerName(cfg, name), Intermediates: x509.NewCertPool()}
	if cfg != nil {
		o.Roots = cfg.RootCAs
	}
	for _, cert := range state.PeerCertificates[1:] {
		o.Intermediates.AddCert(cert)
	}
	if _, err := state.PeerCertificates[0].Verify(o); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}

// ChainEnd is when the certificates shown stop to prove anything: of each chain
// that verified the first end, of several chains the last of these (servers
// send old certificates along that no chain needs). Zero without certificates.
func ChainEnd(state *tls.ConnectionState) time.Time {
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
	if ends.IsZero() && len(state.PeerCertificates) > 0 {
		return state.PeerCertificates[0].NotAfter
	}
	return ends
}

// HostOnly is an authority without its port and brackets.
func HostOnly(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	if n := len(authority); n > 2 && authority[0] == '[' && authority[n-1] == ']' {
		return authority[1 : n-1]
	}
	return authority
}
