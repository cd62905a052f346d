package http1

import (
	"bufio"
	"errors"
	"io"
	"net/http/httputil"
)

// Body reads the body, at most bound bytes of it; cut says that more was to
// come. Beside an error, which says why the body ended before its end, stands
// what came of it. It is called once, and what it gives is there until Release.
func (r *Response) Body(bound int) (body []byte, cut bool, err error) {
	b := r.buf
	here := b.in[b.at:]
	switch {
	case r.length == inChunks:
		return b.chunked(bound)
	case r.length >= 0 && r.length <= int64(min(len(here), bound)):
		return here[:r.length], false, nil // all of it came with the head
	}
	end := bound + 1 // one byte beyond the bound shows whether there is more
	if r.length >= 0 {
		end = int(min(r.length, int64(end)))
	}
	return b.read(&rest{b: b, n: end}, end, bound, r.length >= 0)
}

// read takes at most end bytes in.
func (b *buffers) read(from io.Reader, end, bound int, promised bool) (body []byte, cut bool, err error) {
	const atFirst = 2048 // a length is a promise only
	buf := b.body[:0]
	if cap(buf) == 0 {
		buf = make([]byte, 0, atFirst)
	}
	for err == nil && len(buf) < end {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		var n int
		n, err = from.Read(buf[len(buf):min(cap(buf), end)])
		buf = buf[:len(buf)+n]
	}
	b.body = buf
	switch {
	case len(buf) > bound:
		return buf[:bound], true, nil
	case len(buf) == end:
		return buf, false, nil
	case !errors.Is(err, io.EOF):
		return buf, false, err
	case promised:
		return buf, false, io.ErrUnexpectedEOF
	default:
		return buf, false, nil
	}
}

// errTrailer is an answer in chunks whose last is not the end of it.
var errTrailer = &ProtocolError{Err: errors.New("no end after the last chunk")}

// chunked reads a body in chunks and what follows the last one.
func (b *buffers) chunked(bound int) (body []byte, cut bool, err error) {
	const size = 4096
	if b.chunks == nil {
		b.chunks = bufio.NewReaderSize(nil, size)
	}
	source := &rest{b: b, n: bound + maxHead} // framing has its own bytes
	b.chunks.Reset(source)
	body, cut, err = b.read(httputil.NewChunkedReader(b.chunks), bound+1, bound, false)
	switch {
	case cut:
		return body, true, nil
	case err != nil && source.n <= 0:
		return body, true, nil // framing without end is cut like a body without end
	case err != nil && b.err != nil && !errors.Is(b.err, io.EOF):
		return body, false, b.err
	case err != nil && errors.Is(err, io.ErrUnexpectedEOF):
		return body, false, err
	case err != nil:
		return body, false, &ProtocolError{Err: err}
	}
	for {
		line, err := b.chunks.ReadSlice('\n')
		switch {
		case err != nil && b.err != nil && !errors.Is(b.err, io.EOF):
			return body, false, b.err
		case err != nil:
			return body, false, errTrailer
		case len(line) <= len("\r\n") && (line[0] == '\r' || line[0] == '\n'):
			return body, false, nil
		}
	}
}

// rest is what came beside the head and then the connection, n bytes of it.
type rest struct {
	b *buffers
	n int
}

func (r *rest) Read(p []byte) (int, error) {
	if r.n <= 0 {
		return 0, io.EOF
	}
	p = p[:min(len(p), r.n)]
	b := r.b
	n := copy(p, b.in[b.at:])
	b.at += n
	if n == 0 {
		if b.err != nil {
			return 0, b.err
		}
		n, b.err = b.conn.Read(p)
	}
	r.n -= n
	if n > 0 {
		return n, nil
	}
	return n, b.err
}
