package http1_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/midwatch-cli/midwatch/probe/http1"
)

// conn answers from a reader and keeps what was written.
type conn struct {
	io.Reader
	sent bytes.Buffer
	deaf error // what writing gives
}

func (c *conn) Write(p []byte) (int, error) {
	if c.deaf != nil {
		return 0, c.deaf
	}
	return c.sent.Write(p)
}

func TestGet(t *testing.T) {
	const bound = 32
	long := strings.Repeat("x", 100)
	for _, c := range []struct {
		name, answer string
		status       int
		body         string
		cut          bool
		err          error
	}{
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK and what is no part of it", 200, "OK", false, nil},
		{"until closed", "HTTP/1.1 200 OK\r\n\r\nOK", 200, "OK", false, nil},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nOK", 200, "OK", false, nil},
		{"line feeds only", "HTTP/1.1 200 OK\nContent-Length: 2\n\nOK", 200, "OK", false, nil},
		{"no reason phrase", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nOK", 200, "OK", false, nil},
		{"no reason, no blank", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nOK", 200, "OK", false, nil},
		{"empty", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", 503, "", false, nil},
		{"no content", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 204, "", false, nil},
		{"not modified has no body", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, "", false, nil},
		{"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 200, "OK", false, nil},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n", 200, "abcde", false, nil},
		{"longer than the bound", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + long, 200, long[:bound], true, nil},
		{"as long as the bound", "HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n" + long[:bound], 200, long[:bound], false, nil},
		{"without end", "HTTP/1.1 200 OK\r\n\r\n" + long, 200, long[:bound], true, nil},
		{"a length beyond reason", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n" + long, 200, long[:bound], true, nil},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{\"a\":1}", 200, `{"a":1}`, false, io.ErrUnexpectedEOF},
		{"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 200, "ab", false, io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(c.answer), iotest.OneByteReader(strings.NewReader(c.answer))} {
				r, err := http1.Get(&conn{Reader: in}, &http1.Request{Path: "/", Host: "h"})
				if err != nil {
					t.Fatal(err)
				}
				body, cut, err := r.Body(bound)
				if r.Status != c.status || string(body) != c.body || cut != c.cut || !errors.Is(err, c.err) {
					t.Errorf("got %d %q cut=%v %v; want %d %q cut=%v %v", r.Status, body, cut, err, c.status, c.body, c.cut, c.err)
				}
				if r.Head.Before(r.Sent) {
					t.Errorf("the head came before the question was sent")
				}
				r.Release()
				r.Release() // twice is once
			}
		})
	}
}

func TestGetNoAnswer(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name, answer string
		want         string // of the *ProtocolError; empty for another error
		is           error
	}{
		{"closed", "", "", io.EOF},
		{"closed in the status line", "HTTP/1.1 2", "", io.ErrUnexpectedEOF},
		{"closed in the header", "HTTP/1.1 200 OK\r\nContent-", "", io.ErrUnexpectedEOF},
		{"another protocol", "220 mail.example ESMTP\r\n", `not HTTP: the answer begins "220 m"`, nil},
		{"a shorter one", "-\r\n", `not HTTP: the answer begins "-\r\n"`, nil},
		{"an alert of TLS", "\x15\x03\x01\x00\x02\x02\x46", "it speaks TLS", nil},
		{"settings of HTTP/2", "\x00\x00\x06\x04\x00\x00\x00\x00\x00", "it speaks HTTP/2 without TLS", nil},
		{"no such version", "HTTP/9.x 200 OK\r\n\r\n", `malformed HTTP version "HTTP/9.x"`, nil},
		{"no number", "HTTP/1.1 abc OK\r\n\r\n", `malformed HTTP status code "abc"`, nil},
		{"a header without end", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 80<<10), "its header is longer than 65536 bytes", nil},
		{"interim without end", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 20), "interim answers without end", nil},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nOK", "it gives two lengths, 2 and 3", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := http1.Get(&conn{Reader: strings.NewReader(c.answer)}, &http1.Request{Path: "/", Host: "h"})
			var protocol *http1.ProtocolError
			switch {
			case c.is != nil:
				if !errors.Is(err, c.is) || errors.As(err, &protocol) {
					t.Errorf("got %v, want %v", err, c.is)
				}
			case !errors.As(err, &protocol) || protocol.Error() != c.want:
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("itself", func(t *testing.T) {
		_, err := http1.Get(&conn{Reader: strings.NewReader("GET / HTTP/1.1\r\nHost: h\r\n\r\n")}, &http1.Request{Path: "/", Host: "h"})
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v, want a closed port", err)
		}
	})
	t.Run("a reader's own error", func(t *testing.T) {
		_, err := http1.Get(&conn{Reader: iotest.ErrReader(os.ErrDeadlineExceeded)}, &http1.Request{Path: "/", Host: "h"})
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a deadline in the header", func(t *testing.T) {
		in := io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\nServ"), iotest.ErrReader(os.ErrDeadlineExceeded))
		if _, err := http1.Get(&conn{Reader: in}, &http1.Request{Path: "/", Host: "h"}); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("it does not read and does not answer", func(t *testing.T) {
		if _, err := http1.Get(&conn{Reader: strings.NewReader(""), deaf: broken}, &http1.Request{Path: "/", Host: "h"}); !errors.Is(err, broken) {
			t.Errorf("got %v, want the error of writing", err)
		}
	})
	t.Run("it does not read and answers all the same", func(t *testing.T) {
		r, err := http1.Get(&conn{Reader: strings.NewReader("HTTP/1.1 503 Full\r\n\r\n"), deaf: broken}, &http1.Request{Path: "/", Host: "h"})
		if err != nil || r.Status != 503 {
			t.Errorf("got %v, %v; want its 503", r, err)
		}
	})
}

func TestRequestAsWritten(t *testing.T) {
	lines, err := http1.HeaderLines(http.Header{"User-Agent": {"midwatch/1"}, "Accept": {"*/*"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{"/health?full=1", "GET /health?full=1 HTTP/1.1\r\nHost: order:80\r\nConnection: close\r\nAccept: */*\r\nUser-Agent: midwatch/1\r\n\r\n"},
		{"", "GET / HTTP/1.1\r\nHost: order:80\r\nConnection: close\r\nAccept: */*\r\nUser-Agent: midwatch/1\r\n\r\n"},
		{"health", "GET /health HTTP/1.1\r\nHost: order:80\r\nConnection: close\r\nAccept: */*\r\nUser-Agent: midwatch/1\r\n\r\n"},
	} {
		c1 := &conn{Reader: strings.NewReader("HTTP/1.1 200 OK\r\n\r\n")}
		if _, err := http1.Get(c1, &http1.Request{Path: c.path, Host: "order:80", Header: lines}); err != nil {
			t.Fatal(err)
		}
		if got := c1.sent.String(); got != c.want {
			t.Errorf("wrote\n%q, want\n%q", got, c.want)
		}
	}
}

// TestRequestCannotBeSplit: path and host come from registries.
func TestRequestCannotBeSplit(t *testing.T) {
	for _, req := range []http1.Request{
		{Path: "/a HTTP/1.1\r\nX: y", Host: "h"},
		{Path: "/a\nb", Host: "h"},
		{Path: "/a\x00", Host: "h"},
		{Path: "/a b", Host: "h"},
		{Path: "/", Host: "h\r\nX: y"},
		{Path: "/", Host: "h x"},
	} {
		c := &conn{Reader: strings.NewReader("HTTP/1.1 200 OK\r\n\r\n")}
		if _, err := http1.Get(c, &req); !errors.Is(err, http1.ErrRequest) || c.sent.Len() > 0 {
			t.Errorf("%+v: got %v after writing %q", req, err, c.sent.String())
		}
	}
}

func TestHeaderLinesKeepsSecrets(t *testing.T) {
	for name, value := range map[string]string{"Authorization": "Bearer s3cret\n", "X-Token": "s3cret\r\nX: y", "Bad Name": "s3cret", "": "s3cret", "A:": "s3cret"} {
		_, err := http1.HeaderLines(http.Header{name: {value}})
		if err == nil || strings.Contains(err.Error(), "s3cret") || name != "" && !strings.Contains(err.Error(), name) {
			t.Errorf("%q: got %v, want an error that names the header and not its value", name, err)
		}
	}
}

func TestBodyOfManyIsTheirOwn(t *testing.T) {
	// Buffers go from one exchange to the next: nothing of the last may show.
	for _, body := range []string{strings.Repeat("a", 5000), "b", strings.Repeat("c", 200_000), "", "d"} {
		r, err := http1.Get(&conn{Reader: strings.NewReader("HTTP/1.1 200 OK\r\n\r\n" + body)}, &http1.Request{Host: "h"})
		if err != nil {
			t.Fatal(err)
		}
		if got, cut, err := r.Body(1 << 20); string(got) != body || cut || err != nil {
			t.Fatalf("got %d bytes, %v, %v; want %d", len(got), cut, err, len(body))
		}
		r.Release()
	}
}

func TestGetAllocates(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"status\":\"UP\"}"
	req := &http1.Request{Path: "/health", Host: "127.0.0.1:8080"}
	var c replay
	if n := testing.AllocsPerRun(200, func() {
		c.r.Reset(answer)
		r, err := http1.Get(&c, req)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Body(1 << 20); err != nil {
			t.Fatal(err)
		}
		r.Release()
	}); n > pooled {
		t.Errorf("%v allocations for one exchange", n)
	}
}

func FuzzGet(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"status\":\"UP\"}",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
		"\x15\x03\x01\x00\x02\x02\x46", "HTTP/1.1 200 OK\nContent-Length: 100\n\nOK", "-ERR\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
	} {
		f.Add([]byte(seed))
	}
	const bound = 64
	f.Fuzz(func(t *testing.T, answer []byte) {
		r, err := http1.Get(&conn{Reader: bytes.NewReader(answer)}, &http1.Request{Path: "/", Host: "h"})
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error that says nothing")
			}
			return
		}
		body, cut, err := r.Body(bound)
		if len(body) > bound || cut && err != nil || r.Status < 100 {
			t.Fatalf("status %d, %d bytes, cut=%v, %v", r.Status, len(body), cut, err)
		}
		// What net/http makes of it is the same.
		if r.Status >= 200 {
			if !bytes.HasPrefix(answer, []byte("HTTP/")) {
				t.Fatalf("took %q for HTTP", answer)
			}
		}
		r.Release()
	})
}
