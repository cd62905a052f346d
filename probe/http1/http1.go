// Package http1 asks one question over one connection: a GET of HTTP/1.1, the
// connection closed by the answer. It is what makes a sweep over ten thousand
// instances cheap: no pool of connections, no goroutine, few allocations. It
// knows neither TLS nor proxies, follows nothing and retries nothing; the
// connection's owner dials it, sets its deadline and closes it.
//
// Messages are those of RFC 9112; beyond it, lines may end in a bare line feed
// and the version may be HTTP/1.0, as net/http has it.
package http1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// What an answer may take before its body. A longer head is a ProtocolError.
const (
	maxHead    = 64 << 10
	maxInterim = 10 // 1xx answers before the real one
	keepBuffer = 64 << 10
	keepFields = 1 << 10
)

// ProtocolError says that what came is no answer in HTTP/1.
type ProtocolError struct {
	TLS   bool  // the far side speaks TLS
	HTTP2 bool  // the far side speaks HTTP/2 only
	Err   error // what was wrong with it
}

// Error is one line for people.
func (e *ProtocolError) Error() string {
	switch {
	case e.TLS:
		return "it speaks TLS"
	case e.HTTP2:
		return "it speaks HTTP/2 without TLS"
	default:
		return e.Err.Error()
	}
}

// Unwrap gives what was wrong with the answer.
func (e *ProtocolError) Unwrap() error { return e.Err }

// Request is one GET.
type Request struct {
	Path   string // path and query; empty is /
	Host   string // the Host header
	Header []byte // further lines, each ended by CRLF; see HeaderLines
}

// Response is the head of one answer; Body reads the rest. It is used by one
// goroutine. The zero Response is one that was released.
type Response struct {
	Status int
	Header Header // until Release

	Sent time.Time // the request was handed to the kernel
	Head time.Time // the head of the answer was here

	length int64 // of the body, or one of these
	buf    *buffers
}

const (
	untilClosed = -1
	inChunks    = -2
)

// Release gives the buffers back. The header and what Body gave must not be
// used afterwards. A copy of the Response is released with it.
func (r *Response) Release() {
	if b := r.buf; b != nil {
		r.buf, r.Header = nil, Header{}
		b.release()
	}
}

// buffers are what one exchange needs, kept for the next.
type buffers struct {
	conn   io.Reader
	err    error   // what reading came to in the end
	in     []byte  // what came, the head first
	at     int     // so far it is read
	fields []field // of the header, as places in it
	out    []byte
	body   []byte
	chunks *bufio.Reader
}

var pool = sync.Pool{New: func() any {
	return &buffers{in: make([]byte, 0, 1024), out: make([]byte, 0, 256), fields: make([]field, 0, 16)}
}}

func (b *buffers) release() {
	b.conn, b.err, b.in, b.at, b.fields = nil, nil, b.in[:0], 0, b.fields[:0]
	if b.chunks != nil {
		b.chunks.Reset(nil)
	}
	// One huge answer is no reason to keep its room for ever.
	if cap(b.body) > keepBuffer {
		b.body = nil
	}
	if cap(b.fields) <= keepFields {
		pool.Put(b)
	}
}

// HeaderLines writes a header as it goes over the wire. Values are never
// quoted in its error: they may be secrets.
func HeaderLines(h http.Header) ([]byte, error) {
	for name, values := range h {
		if !token(name) {
			return nil, fmt.Errorf("header %q: not a header name", name)
		}
		for _, v := range values {
			if strings.IndexFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) >= 0 {
				return nil, fmt.Errorf("header %s: its value holds a line end or another control character", name)
			}
		}
	}
	var b bytes.Buffer
	err := h.Write(&b)
	return b.Bytes(), err
}

func token(s string) bool {
	for i := range len(s) {
		if !tokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// tokenByte says what a header's name may hold, RFC 9110 section 5.6.2.
func tokenByte(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) < 0
}

// ErrRequest says that a path or host cannot be put into a request: it holds a
// blank or a control character. They come from registries, and a line end in
// one would be a request of somebody else's making.
var ErrRequest = errors.New("holds a blank or a control character")

func clean(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// Get asks and reads the head of the answer. An error means that there is no
// answer: one of the connection's own errors, io.EOF if it was closed before a
// byte came, ErrRequest, or a *ProtocolError. Cancelling is the owner's
// business, by the connection's deadline.
func Get(conn io.ReadWriter, req *Request) (Response, error) {
	if !clean(req.Path) {
		return Response{}, fmt.Errorf("path %q: %w", req.Path, ErrRequest)
	}
	if !clean(req.Host) {
		return Response{}, fmt.Errorf("host %q: %w", req.Host, ErrRequest)
	}
	b := pool.Get().(*buffers)
	b.write(req)
	// A server may answer without reading (and close): its answer counts more
	// than the error of our write.
	_, writeErr := conn.Write(b.out)
	r := Response{Sent: time.Now(), Header: Header{b}, buf: b}
	b.conn = conn
	if err := b.head(&r); err != nil {
		b.release()
		if writeErr != nil {
			err = writeErr
		}
		return Response{}, err
	}
	r.Head = time.Now()
	return r, nil
}

func (b *buffers) write(req *Request) {
	out := append(b.out[:0], "GET "...)
	if !strings.HasPrefix(req.Path, "/") {
		out = append(out, '/')
	}
	out = append(out, req.Path...)
	out = append(out, " HTTP/1.1\r\nHost: "...)
	out = append(out, req.Host...)
	out = append(out, "\r\nConnection: close\r\n"...)
	out = append(out, req.Header...)
	b.out = append(out, "\r\n"...)
}
