package http1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
)

// Header is the header of an answer.
type Header struct{ b *buffers }

// field is one line of a header, as places in what came: the bytes move when
// there is more than was thought.
type field struct{ name, colon, value, end int }

// Get returns the first value of a header, by its name in any case; empty if it
// is not there.
func (h Header) Get(name string) string {
	if h.b == nil {
		return ""
	}
	for _, f := range h.b.fields {
		if h.b.named(f, name) {
			return string(h.b.in[f.value:f.end])
		}
	}
	return ""
}

// named compares a name without regard to case, as ASCII.
func (b *buffers) named(f field, name string) bool {
	if f.colon-f.name != len(name) {
		return false
	}
	for i, c := range b.in[f.name:f.colon] {
		if d := name[i]; c != d && (c|0x20 != d|0x20 || c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// head reads up to the end of the header, over interim answers.
func (b *buffers) head(r *Response) error {
	const begins = "HTTP/"
	for len(b.in) < len(begins) {
		if err := b.fill(); err != nil {
			if string(b.in) != begins[:len(b.in)] {
				return foreign(b.in)
			}
			return err // too little to tell
		}
	}
	if first := b.in[:len(begins)]; string(first) != begins {
		return foreign(first)
	}
	for range maxInterim {
		major, minor, err := b.statusLine(r)
		if err == nil {
			err = b.readFields()
		}
		if err != nil {
			return err
		}
		if r.Status >= 200 || r.Status == http.StatusSwitchingProtocols {
			r.length, err = b.framing(r.Status, major > 1 || major == 1 && minor > 0)
			return err
		}
	}
	return &ProtocolError{Err: errors.New("interim answers without end")}
}

// fill reads once more. Its error is what ended the connection, an early end of
// it, or a *ProtocolError for a head that is too long.
func (b *buffers) fill() error {
	if b.err == nil && len(b.in) >= maxHead {
		return &ProtocolError{Err: fmt.Errorf("its header is longer than %d bytes", maxHead)}
	}
	if len(b.in) == cap(b.in) {
		b.in = append(b.in, 0)[:len(b.in)]
	}
	for range 100 {
		if b.err != nil {
			break
		}
		var n int
		n, b.err = b.conn.Read(b.in[len(b.in):min(cap(b.in), maxHead)])
		if b.in = b.in[:len(b.in)+n]; n > 0 {
			return nil
		}
	}
	switch {
	case b.err == nil:
		return io.ErrNoProgress
	case errors.Is(b.err, io.EOF) && len(b.in) > 0:
		return io.ErrUnexpectedEOF
	default:
		return b.err
	}
}

// line gives the place of the next line, without its end, and steps over it.
func (b *buffers) line() (from, to int, err error) {
	from = b.at
	for seen := from; ; {
		if i := bytes.IndexByte(b.in[seen:], '\n'); i >= 0 {
			to = seen + i
			b.at = to + 1
			if to > from && b.in[to-1] == '\r' {
				to--
			}
			return from, to, nil
		}
		seen = len(b.in)
		if err := b.fill(); err != nil {
			return 0, 0, err
		}
	}
}

// statusLine reads the first line, RFC 9112 section 4. The reason phrase and
// the blank before it may be missing.
func (b *buffers) statusLine(r *Response) (major, minor byte, err error) {
	from, to, err := b.line()
	if err != nil {
		return 0, 0, err
	}
	line := b.in[from:to]
	version, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return 0, 0, malformed("HTTP response", line)
	}
	code, _, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	if len(code) != 3 || !digit(code[0]) || !digit(code[1]) || !digit(code[2]) {
		return 0, 0, malformed("HTTP status code", code)
	}
	if len(version) != len("HTTP/1.1") || string(version[:5]) != "HTTP/" || !digit(version[5]) || version[6] != '.' || !digit(version[7]) {
		return 0, 0, malformed("HTTP version", version)
	}
	r.Status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	return version[5] - '0', version[7] - '0', nil
}

// readFields reads the header's lines up to the empty one. A line that begins
// with a blank goes on with the one before; such lines are joined where they
// stand.
func (b *buffers) readFields() error {
	b.fields = b.fields[:0]
	for {
		from, to, err := b.line()
		if err != nil {
			return err
		}
		if from == to {
			return b.valid()
		}
		if blank(b.in[from]) {
			if len(b.fields) == 0 {
				return malformed("header", b.in[from:to])
			}
			last := &b.fields[len(b.fields)-1]
			from, to = b.trim(from, to)
			b.in[last.end] = ' ' // over the end of its line
			last.end += 1 + copy(b.in[last.end+1:], b.in[from:to])
			continue
		}
		colon := bytes.IndexByte(b.in[from:to], ':')
		if colon < 0 {
			return malformed("header", b.in[from:to])
		}
		f := field{name: from, colon: from + colon}
		f.value, f.end = b.trim(f.colon+1, to)
		b.fields = append(b.fields, f)
	}
}

// valid looks at every name and value: names are tokens (a blank before the
// colon makes another name of it, as net/http has it), values hold no control
// characters.
func (b *buffers) valid() error {
	for i := range b.fields {
		f := &b.fields[i]
		f.value, f.end = b.trim(f.value, f.end)
		ok := f.colon > f.name
		for _, c := range b.in[f.name:f.colon] {
			ok = ok && (c == ' ' || tokenByte(c))
		}
		for _, c := range b.in[f.value:f.end] {
			ok = ok && (c >= ' ' && c != 0x7f || c == '\t')
		}
		if !ok {
			return malformed("header", b.in[f.name:f.end])
		}
	}
	return nil
}

// trim takes blanks off both ends of a place.
func (b *buffers) trim(from, to int) (int, int) {
	for from < to && blank(b.in[from]) {
		from++
	}
	for from < to && blank(b.in[to-1]) {
		to--
	}
	return from, to
}

// framing says how long the body is, RFC 9112 section 6.3. What could be read
// in two ways is an error: two lengths, and codings other than chunked.
func (b *buffers) framing(status int, chunks bool) (int64, error) {
	length, coded := int64(untilClosed), false
	var said []byte
	for _, f := range b.fields {
		value := b.in[f.value:f.end]
		switch {
		case b.named(f, "Content-Length"):
			n, err := strconv.ParseUint(string(value), 10, 63)
			if err != nil {
				return 0, malformed("Content-Length", value)
			}
			if said != nil && !bytes.Equal(said, value) {
				return 0, &ProtocolError{Err: fmt.Errorf("it gives two lengths, %s and %s", said, value)}
			}
			length, said = int64(n), value
		case chunks && b.named(f, "Transfer-Encoding"):
			if coded || !bytes.EqualFold(value, []byte("chunked")) {
				return 0, &ProtocolError{Err: fmt.Errorf("unsupported transfer encoding %q", value)}
			}
			coded = true
		}
	}
	switch {
	case status < 200 || status == http.StatusNoContent || status == http.StatusNotModified:
		return 0, nil
	case coded:
		return inChunks, nil
	default:
		return length, nil
	}
}

func malformed(what string, text []byte) error {
	return &ProtocolError{Err: fmt.Errorf("malformed %s %q", what, text[:min(len(text), 200)])}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func blank(c byte) bool { return c == ' ' || c == '\t' }

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
