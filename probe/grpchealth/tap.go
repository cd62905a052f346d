package grpchealth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
)

// tap is a connection that remembers how the far side began and how it ended:
// gRPC keeps neither in an error that has a type.
type tap struct {
	net.Conn
	mu    sync.Mutex
	head  []byte
	total int
	err   error
}

const plainToTLS = "spoke plain gRPC to a port that speaks TLS"

// headSize is enough to tell who speaks.
const headSize = 512

// Read reads and remembers.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.mu.Lock()
	t.total += n
	if room := headSize - len(t.head); room > 0 {
		t.head = append(t.head, p[:min(n, room)]...)
	}
	t.mu.Unlock()
	t.failed(err)
	return n, err
}

// Write writes. An error is kept and not told: what the far side sent before it
// hung up (an alert, a line of another protocol) is still to be read, and the
// reading ends by itself.
func (t *tap) Write(p []byte) (int, error) {
	if _, err := t.Conn.Write(p); err != nil {
		t.failed(err)
	}
	return len(p), nil
}

// failed keeps the last error that is not of our own closing, but lets no end of
// file take the place of one that says more.
func (t *tap) failed(err error) {
	if err == nil || errors.Is(err, net.ErrClosed) {
		return
	}
	t.mu.Lock()
	if t.err == nil || !errors.Is(err, io.EOF) {
		t.err = err
	}
	t.mu.Unlock()
}

func (t *tap) read() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}

func (t *tap) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// foreign says who speaks, if it is not HTTP/2: whose server begins with a
// SETTINGS frame (RFC 9113, section 3.4).
func (t *tap) foreign() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.head
	const frame, settings = 9, 4
	switch {
	case len(h) == 0:
		return nil
	case bytes.HasPrefix(h, []byte("HTTP/")):
		if bytes.Contains(h, []byte("to an HTTPS server")) || bytes.Contains(h, []byte("to HTTPS port")) {
			return &Foreign{TLS: true, What: plainToTLS}
		}
		line, _, _ := bytes.Cut(h, []byte("\r\n"))
		return &Foreign{What: "it speaks HTTP/1 and not gRPC: " + string(line)}
	case len(h) >= 3 && (h[0] == 0x15 || h[0] == 0x16) && h[1] == 3:
		return &Foreign{TLS: true, What: plainToTLS}
	case len(h) < frame || h[3] != settings:
		return &Foreign{What: "it does not speak HTTP/2"}
	}
	return nil
}

// below is the status that gRPC gives to what the far side said below it, which
// is not gRPC's own: a status of HTTP, as a proxy has them, or the end of a
// stream (grpc/doc/http-grpc-status-mapping.md and PROTOCOL-HTTP2.md, "Errors").
// It is nil where that speaks of our question, or nothing was said.
func below(said *Error) *Error {
	if code, ok := strings.CutPrefix(said.Message, "unexpected HTTP status code received from server: "); ok {
		switch code[:min(3, len(code))] {
		case "401", "403", "404", "500", "502", "503", "504":
			return said
		case "429":
			return &Error{uint32(codes.ResourceExhausted), name(codes.ResourceExhausted), said.Message}
		}
	}
	if code, ok := strings.CutPrefix(said.Message, "stream terminated by RST_STREAM with error code: "); ok && code != "PROTOCOL_ERROR" && code != "HTTP_1_1_REQUIRED" {
		return said
	}
	return nil
}

// handed are the credentials of a connection that somebody else secured, or did
// not.
type handed struct{ secure bool }

// handedInfo goes with the connection; :scheme comes of it.
type handedInfo struct{ credentials.CommonAuthInfo }

// AuthType is the name of the kind.
func (handedInfo) AuthType() string { return "handed" }

// ClientHandshake has nothing left to do.
func (h handed) ClientHandshake(_ context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	level := credentials.NoSecurity
	if h.secure {
		level = credentials.PrivacyAndIntegrity
	}
	return conn, handedInfo{credentials.CommonAuthInfo{SecurityLevel: level}}, nil
}

// ServerHandshake is never called: this is a client's.
func (handed) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.ErrUnsupported
}

// Info says "tls" where it is, which makes the :scheme https.
func (h handed) Info() credentials.ProtocolInfo {
	if h.secure {
		return credentials.ProtocolInfo{SecurityProtocol: "tls"}
	}
	return credentials.ProtocolInfo{SecurityProtocol: "insecure"}
}

// Clone copies.
func (h handed) Clone() credentials.TransportCredentials { return h }

// OverrideServerName changes nothing: no name is verified here.
func (handed) OverrideServerName(string) error { return nil }
