package grpchealth

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
)

// SecondLook asks a peer that hung up without a word, and was asked plainly,
// whether it understands TLS, over another connection, which it closes: Go's
// servers close without a word then, as one does that is unwell. It returns what
// it found, or nil. cfg may be nil.
func SecondLook(ctx context.Context, conn net.Conn, cfg *tls.Config, name string) error {
	defer conn.Close()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg = cfg.Clone()
	cfg.NextProtos = []string{"h2"}
	if cfg.ServerName == "" {
		cfg.ServerName = name
	}
	// Nothing is sent, so whose certificate it is does not matter; nor is ours
	// shown to somebody who is not verified.
	cfg.InsecureSkipVerify, cfg.Certificates, cfg.GetClientCertificate = true, nil, nil
	if err := tls.Client(conn, cfg).HandshakeContext(ctx); err == nil || isAlert(err) {
		return &Foreign{TLS: true, What: plainToTLS}
	}
	return nil
}

// isAlert tells the alerts of the far side, whose type is not exported.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}
