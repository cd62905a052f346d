package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// unasked is how long a server that speaks first may take to do so.
const unasked = 500 * time.Millisecond

// HungUp says that a peer ended the connection and gave no reason.
func HungUp(err error) bool {
	cause, _ := Explain(err)
	return cause == Closed || cause == Reset
}

// Alert finds out why a peer of TLS hung up: it shakes hands over another
// connection, asks nothing, and returns the alert that this one is ended with, or
// nil where none comes.
//
// In TLS 1.3 a client's handshake is done before the server has looked at the
// client's certificate, so that a question is already under way when the refusal
// comes: whether the alert or the reset behind it is seen first is chance. Over a
// connection on which nothing was asked only the alert can come.
func (d *Dialer) Alert(ctx context.Context, network, address string, cfg *tls.Config, name string, protocols ...string) error {
	conn, err := d.Connect(ctx, network, address)
	if err != nil {
		return nil
	}
	defer func() { _ = conn.Close() }()
	secure, err := Handshake(ctx, conn, cfg, name, protocols...)
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, unasked)
		defer cancel()
		interruptible(limited, secure)
		_, err = secure.Read(make([]byte, 1))
	}
	if IsAlert(err) {
		return err
	}
	return nil
}

// IsAlert tells the alerts of the far side, whose type is not exported.
func IsAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}
