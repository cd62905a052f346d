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
	"syscall"
	"time"
)

// What an answer may take before its body. A longer head is a ProtocolError.
const (
	maxHead    = 64 << 10
	maxInterim = 10 // 1xx answers before the real one
	keepBuffer = 64 << 10
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
// goroutine.
type Response struct {
	Status int
	Header http.Header

	Sent time.Time // the request was handed to the kernel
	Head time.Time // the head of the answer was here

	length int64
	body   io.Reader
	buf    *buffers
}

// Release gives the buffers back. What Body gave must not be used afterwards.
func (r *Response) Release() {
	if b := r.buf; b != nil {
		r.buf, r.body = nil, nil
		b.release()
	}
}

// Body reads the body, at most bound bytes of it; cut says that more was to
// come. Beside an error, which says why the body ended before its end, stands
// what came of it. It is called once.
func (r *Response) Body(bound int) (body []byte, cut bool, err error) {
	b := r.buf
	b.source.n = int64(bound) + maxHead // framing has its own bytes
	buf := b.body[:0]
	if want := int(min(r.length, int64(bound))) + 1; want > cap(buf) {
		buf = make([]byte, 0, want)
	}
	// One byte beyond the bound shows whether there is more.
	for err == nil && len(buf) <= bound {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		var n int
		n, err = r.body.Read(buf[len(buf):min(cap(buf), bound+1)])
		buf = buf[:len(buf)+n]
	}
	b.body = buf
	switch {
	case len(buf) > bound:
		return buf[:bound], true, nil
	case errors.Is(err, io.EOF):
		return buf, false, nil
	case b.source.n <= 0:
		return buf, true, nil // framing without end is cut like a body without end
	default:
		return buf, false, err
	}
}

// source is a connection that gives n bytes more and keeps its error: what
// parses the head tells of half a line, not of why the line is half.
type source struct {
	r   io.Reader
	n   int64
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.n <= 0 {
		return 0, io.EOF
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.n)])
	s.n -= int64(n)
	if err != nil {
		s.err = err
	}
	return n, err
}

// buffers are what one exchange needs, kept for the next.
type buffers struct {
	source source
	br     *bufio.Reader
	out    []byte
	body   []byte
}

var pool = sync.Pool{New: func() any {
	b := &buffers{out: make([]byte, 0, 512), body: make([]byte, 0, 2048)}
	b.br = bufio.NewReaderSize(&b.source, 4096)
	return b
}}

func (b *buffers) release() {
	b.source = source{}
	if cap(b.body) > keepBuffer {
		b.body = nil // one huge body is no reason to keep its room for ever
	}
	pool.Put(b)
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
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
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
func Get(conn io.ReadWriter, req *Request) (*Response, error) {
	if !clean(req.Path) {
		return nil, fmt.Errorf("path %q: %w", req.Path, ErrRequest)
	}
	if !clean(req.Host) {
		return nil, fmt.Errorf("host %q: %w", req.Host, ErrRequest)
	}
	b := pool.Get().(*buffers)
	r, err := b.exchange(conn, req)
	if err != nil {
		b.release()
		return nil, err
	}
	return r, nil
}

func (b *buffers) exchange(conn io.ReadWriter, req *Request) (*Response, error) {
	b.write(req)
	// A server may answer without reading (and close): its answer counts more
	// than the error of our write.
	_, writeErr := conn.Write(b.out)
	sent := time.Now()
	b.source = source{r: conn, n: maxHead}
	b.br.Reset(&b.source)
	resp, err := b.head()
	if err != nil {
		if writeErr != nil {
			return nil, writeErr
		}
		return nil, err
	}
	return &Response{
		Status: resp.StatusCode, Header: resp.Header, Sent: sent, Head: time.Now(),
		length: resp.ContentLength, body: resp.Body, buf: b,
	}, nil
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

// get is what http.ReadResponse has to know of the request.
var get = &http.Request{Method: http.MethodGet}

// head reads up to the end of the header, over interim answers.
func (b *buffers) head() (*http.Response, error) {
	first, err := b.br.Peek(5)
	if len(first) == 0 {
		return nil, err
	}
	if !strings.HasPrefix("HTTP/", string(first)) {
		return nil, foreign(first)
	}
	for range maxInterim {
		resp, err := http.ReadResponse(b.br, get)
		if err != nil {
			return nil, b.headError(err)
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
	}
	return nil, &ProtocolError{Err: errors.New("interim answers without end")}
}

// headError tells a connection that ended from words that are no HTTP.
func (b *buffers) headError(err error) error {
	switch {
	case errors.Is(b.source.err, io.EOF):
		return io.ErrUnexpectedEOF
	case b.source.err != nil:
		return b.source.err
	case b.source.n <= 0:
		return &ProtocolError{Err: fmt.Errorf("its header is longer than %d bytes", maxHead)}
	default:
		return &ProtocolError{Err: err}
	}
}

// foreign names the protocol that begins like this.
func foreign(first []byte) error {
	if string(first) == "GET /" {
		// Our own question: a connection to a closed port of this machine, made
		// from that very port, meets itself.
		return syscall.ECONNREFUSED
	}
	e := &ProtocolError{Err: fmt.Errorf("not HTTP: the answer begins %q", first)}
	switch {
	case len(first) > 1 && (first[0] == 0x15 || first[0] == 0x16) && first[1] == 3:
		e.TLS = true // an alert or a handshake record of TLS
	case len(first) > 3 && first[0] == 0 && first[3] == 4:
		e.HTTP2 = true // the SETTINGS frame a server begins with, RFC 9113 section 3.4
	}
	return e
}
