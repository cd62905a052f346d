package grpchealth

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// unasked is how long a server that speaks first may take to do so.
const unasked = 500 * time.Millisecond

// SecondLook asks a peer that hung up without a word why it did, over another
// connection, which it closes: whether TLS is understood, where it was asked
// plainly (Go's servers close without a word then, as one does that is unwell),
// and else whether it follows the handshake with an alert (of TLS 1.3, that it
// wants a certificate; a reset swallows it if the question is already under way).
// It returns what it found, or nil. A nil cfg trusts the system's certificates.
func SecondLook(ctx context.Context, conn net.Conn, cfg *tls.Config, name string, plain bool) error {
	defer conn.Close()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg = cfg.Clone()
	cfg.NextProtos = []string{"h2"}
	if cfg.ServerName == "" {
		cfg.ServerName = name
	}
	if plain {
		// Nothing is sent, so whose certificate it is does not matter; nor is ours
		// shown to somebody who is not verified.
		cfg.InsecureSkipVerify, cfg.Certificates, cfg.GetClientCertificate = true, nil, nil
	}
	secure := tls.Client(conn, cfg)
	err := secure.HandshakeContext(ctx)
	if plain {
		if err == nil || isAlert(err) {
			return &Foreign{TLS: true, What: plainToTLS}
		}
		return nil
	}
	if err == nil {
		_ = conn.SetReadDeadline(time.Now().Add(unasked))
		_, err = secure.Read(make([]byte, 1))
	}
	if isAlert(err) {
		return err
	}
	return nil
}

// isAlert tells the alerts of the far side, whose type is not exported.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}
