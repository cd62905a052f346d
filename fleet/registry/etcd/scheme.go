package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// secondLook bounds the wait for what the far end speaks.
const secondLook = time.Second

// misspoken looks again at a far end that hung up before it ever answered. Etcd
// does so, without a word, on whoever speaks TLS to its plain port, plain text to
// its TLS port, or shows no certificate where one is wanted.
func (l *link) misspoken(ctx context.Context, err error) error {
	var said *fleet.Error
	if !errors.As(err, &said) || ctx.Err() != nil {
		return err
	}
	switch said.Reason {
	case registry.ReasonClosed, registry.ReasonReset, registry.ReasonProtocol:
	default:
		return err
	}
	if l.last.wanted.Load() {
		return &fleet.Error{
			Reason: registry.ReasonAuth, Detail: l.where + ": it wants a client certificate",
			Hint: "name one: ?cert=FILE&key=FILE", Err: errors.Join(fleet.ErrDenied, said.Err),
		}
	}
	ctx, cancel := context.WithTimeout(ctx, secondLook)
	defer cancel()
	words, hint, speaks := "it does not speak TLS", "leave tls, ca and cert out of the URL", speaksHTTP2
	if !l.last.secure {
		words, hint, speaks = "it speaks TLS only", "add ?tls to the URL, or ?ca=FILE with its authority", speaksTLS
	}
	target := l.last.target()
	conn, dialErr := dial(ctx, target)
	if dialErr != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if !speaks(ctx, conn) {
		return err
	}
	return &fleet.Error{Reason: registry.ReasonScheme, Detail: l.where + ": " + words, Hint: hint, Err: said.Err}
}

// refused reads the alert with which the far end ended a handshake; nil where
// there is none.
func (l *link) refused(cause error) error {
	var alert *net.OpError
	if !errors.As(cause, &alert) || alert.Op != "remote error" {
		return nil
	}
	said := &fleet.Error{Reason: registry.ReasonProtocol, Detail: l.where + ": it ended the TLS handshake: " + alert.Err.Error(), Err: cause}
	if strings.Contains(said.Detail, "certificate") || strings.Contains(said.Detail, "access denied") {
		said.Reason, said.Hint, said.Err = registry.ReasonAuth, "is the client certificate (?cert=FILE&key=FILE) of an authority it trusts?", errors.Join(fleet.ErrDenied, cause)
	}
	return said
}

// speaksTLS greets in TLS. An answer of that kind proves it, also one we would
// not trust: nothing is said over the connection.
func speaksTLS(ctx context.Context, conn net.Conn) bool {
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		host = "localhost" // a socket
	}
	err = tls.Client(conn, &tls.Config{ServerName: host, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}).HandshakeContext(ctx)
	var untrusted *tls.CertificateVerificationError
	var remote *net.OpError
	return err == nil || errors.As(err, &untrusted) || errors.As(err, &remote) && remote.Op == "remote error"
}

// speaksHTTP2 greets in plain HTTP/2 (RFC 9113, section 3.4): whoever speaks it
// answers with a frame of settings, type 4.
func speaksHTTP2(ctx context.Context, conn net.Conn) bool {
	const greeting = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	var frame [9]byte
	if _, err := io.WriteString(conn, greeting); err != nil {
		return false
	}
	_, err := io.ReadFull(conn, frame[:])
	return err == nil && frame[3] == 4
}
