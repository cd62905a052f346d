package http1_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/midwatch-cli/midwatch/probe/http1"
)

// exchange asks for what stands in answer.
func exchange(t testing.TB, answer string) (http1.Response, error) {
	t.Helper()
	return http1.Get(&conn{Reader: strings.NewReader(answer)}, &http1.Request{Path: "/", Host: "h"})
}

func TestHeader(t *testing.T) {
	for _, c := range []struct{ name, lines, get, want string }{
		{"plain", "Server: nginx\r\n", "Server", "nginx"},
		{"in any case", "sErVeR: nginx\r\n", "SERVER", "nginx"},
		{"the first of two", "Via: a\r\nVia: b\r\n", "Via", "a"},
		{"not there", "Server: nginx\r\n", "Via", ""},
		{"empty", "Server:\r\n", "Server", ""},
		{"blanks around it", "Server: \t nginx \t\r\n", "Server", "nginx"},
		{"no blank", "Server:nginx\r\n", "Server", "nginx"},
		{"a colon inside", "Location: http://a:80/x\r\n", "Location", "http://a:80/x"},
		{"bytes that are no ASCII", "Server: caf\xe9\r\n", "Server", "caf\xe9"},
		{"a name is no prefix of another", "X-Cache-Status: HIT\r\n", "X-Cache", ""},
		{"nor its end", "X-Age: 7\r\n", "Age", ""},
		{"signs are not folded", "X_A: 1\r\n", "X\x7fA", ""},
		{"nor are those beside the letters", "X[A: 1\r\nX{A: 2\r\n", "", ""},
		{"a blank before the colon is part of the name", "Server : nginx\r\n", "Server", ""},
		{"line feeds only", "Server: nginx\nVia: a\n", "Via", "a"},
		{"folded", "Warning: 199 a\r\n  b\r\n\tc\r\nVia: x\r\n", "Warning", "199 a b c"},
		{"folded, and the next", "Warning: 199 a\r\n  b\r\nVia: x\r\n", "Via", "x"},
		{"folded from the start", "Warning:\r\n 199\r\n", "Warning", "199"},
		{"folded into nothing", "Warning: a\r\n \r\nVia: x\r\n", "Warning", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.get == "" {
				if _, err := exchange(t, "HTTP/1.1 200 OK\r\n"+c.lines+"\r\n"); err == nil {
					t.Error("took it for a header")
				}
				return
			}
			for _, in := range []io.Reader{strings.NewReader("HTTP/1.1 200 OK\r\n" + c.lines + "\r\n"), iotest.OneByteReader(strings.NewReader("HTTP/1.1 200 OK\r\n" + c.lines + "\r\n"))} {
				r, err := http1.Get(&conn{Reader: in}, &http1.Request{Path: "/", Host: "h"})
				if err != nil {
					t.Fatal(err)
				}
				got := r.Header.Get(c.get)
				r.Release()
				if got != c.want {
					t.Errorf("%s is %q, want %q", c.get, got, c.want)
				}
			}
		})
	}
}

// TestHeaderIsGoneWithItsAnswer: what was given stays, nothing else does.
func TestHeaderIsGoneWithItsAnswer(t *testing.T) {
	r, err := exchange(t, "HTTP/1.1 200 OK\r\nServer: first\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	server := r.Header.Get("Server")
	r.Release()
	if got := r.Header.Get("Server"); got != "" {
		t.Errorf("a header of an answer that was given back: %q", got)
	}
	next, err := exchange(t, "HTTP/1.1 200 OK\r\nServer: other\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	defer next.Release()
	if server != "first" {
		t.Errorf("the text of the first became %q", server)
	}
	var none http1.Response
	none.Release()
	if none.Header.Get("Server") != "" {
		t.Error("an answer that never was has a header")
	}
}

func TestHeadsThatAreNone(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, answer := range map[string]string{
		"an empty status line":               "HTTP/\r\n\r\n",
		"no blank in the status line":        "HTTP/1.1\r\n\r\n",
		"a status of two digits":             "HTTP/1.1 20 OK\r\n\r\n",
		"a status of four digits":            "HTTP/1.1 2000 OK\r\n\r\n",
		"a status with a sign":               "HTTP/1.1 +20 OK\r\n\r\n",
		"a version of three digits":          "HTTP/1.10 200 OK\r\n\r\n",
		"a version without a dot":            "HTTP/1-1 200 OK\r\n\r\n",
		"a header that begins with a blank":  ok + " Server: x\r\n\r\n",
		"a line without a colon":             ok + "Server\r\n\r\n",
		"a header without a name":            ok + ": x\r\n\r\n",
		"a name with a sign in it":           ok + "Ser(ver: x\r\n\r\n",
		"a name that is no ASCII":            ok + "S\xe9rver: x\r\n\r\n",
		"a control character in a name":      ok + "Ser\x01ver: x\r\n\r\n",
		"a control character in a value":     ok + "Server: a\x1b[2J\r\n\r\n",
		"a zero in a value":                  ok + "Server: a\x00b\r\n\r\n",
		"a lonely carriage return":           ok + "Server: a\rX: b\r\n\r\n",
		"a control character in a fold":      ok + "Server: a\r\n \x00\r\n\r\n",
		"a length with a sign":               ok + "Content-Length: +2\r\n\r\nOK",
		"a length below nothing":             ok + "Content-Length: -2\r\n\r\nOK",
		"a length that is none":              ok + "Content-Length: two\r\n\r\nOK",
		"an empty length":                    ok + "Content-Length:\r\n\r\nOK",
		"a length beyond 63 bits":            ok + "Content-Length: 9223372036854775808\r\n\r\nOK",
		"a list of lengths":                  ok + "Content-Length: 2, 2\r\n\r\nOK",
		"two lengths that differ in writing": ok + "Content-Length: 2\r\nContent-Length: 02\r\n\r\nOK",
		"a coding nobody knows":              ok + "Transfer-Encoding: gzip\r\n\r\nOK",
		"a coding under chunks":              ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"chunks twice":                       ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a bad length under no content":      "HTTP/1.1 204 No Content\r\nContent-Length: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := exchange(t, answer)
			var protocol *http1.ProtocolError
			if !errors.As(err, &protocol) || protocol.TLS || protocol.HTTP2 || errors.Unwrap(protocol) == nil {
				t.Errorf("got %v, want a *ProtocolError", err)
			}
		})
	}
}

// TestFraming: what says how long a body is, and which word wins.
func TestFraming(t *testing.T) {
	for _, c := range []struct{ name, answer, body string }{
		{"the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nOK more", "OK"},
		{"chunks over a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", "OK"},
		{"a length before chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n2\r\nOK\r\n0\r\n\r\n", "OK"},
		{"no chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", "2\r\nOK\r\n0\r\n\r\n"},
		{"... but its length", "HTTP/1.0 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nOK", "OK"},
		{"HTTP/1.0 that would stay", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nOK", "OK"},
		{"a version after ours", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nOK", "OK"},
		{"no content, whatever the length", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nOK", ""},
		{"no content, whatever the coding", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", ""},
		{"nothing after a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\nPRI *", ""},
		{"chunks of one", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nO\r\n1\r\nK\r\n0\r\n\r\n", "OK"},
		{"no chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
		{"trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: A, B\r\n\r\n2\r\nOK\r\n0\r\nA: 1\r\nB: 2\r\n\r\n", "OK"},
		{"a length without end", "HTTP/1.1 200 OK\r\nContent-Length: 0000000000000002\r\n\r\nOK", "OK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(c.answer), iotest.OneByteReader(strings.NewReader(c.answer)), iotest.DataErrReader(strings.NewReader(c.answer))} {
				r, err := http1.Get(&conn{Reader: in}, &http1.Request{Path: "/", Host: "h"})
				if err != nil {
					t.Fatal(err)
				}
				body, cut, err := r.Body(1 << 10)
				if string(body) != c.body || cut || err != nil {
					t.Errorf("got %q, %v, %v; want %q", body, cut, err, c.body)
				}
				r.Release()
			}
		})
	}
}

// TestChunksThatAreNone: what came before the fault is there.
func TestChunksThatAreNone(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, c := range []struct {
		name, chunks, body string
		early              bool // the connection ended, else it is no HTTP
	}{
		{"no size", "OK\r\n", "", false},
		{"a size beyond all", "fffffffffffffffff\r\n", "", false},
		{"longer than it says", "1\r\nOK\r\n0\r\n\r\n", "O", false},
		{"no end of a chunk", "2\r\nOK", "OK", true},
		{"no last chunk", "2\r\nOK\r\n", "OK", true},
		{"nothing after the last", "2\r\nOK\r\n0\r\n", "OK", false},
		{"half a trailer", "2\r\nOK\r\n0\r\nA: 1\r\n", "OK", false},
		{"a trailer without end", "2\r\nOK\r\n0\r\nA: " + strings.Repeat("x", 100<<10), "OK", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := exchange(t, head+c.chunks)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Release()
			body, cut, err := r.Body(1 << 10)
			var protocol *http1.ProtocolError
			if string(body) != c.body || cut || errors.Is(err, io.ErrUnexpectedEOF) != c.early || errors.As(err, &protocol) == c.early {
				t.Errorf("got %q, cut=%v, %v", body, cut, err)
			}
		})
	}
}

// TestBodyAtTheBound: one byte decides whether a body is cut, however it ends.
func TestBodyAtTheBound(t *testing.T) {
	const bound = 100
	for _, n := range []int{0, 1, bound - 1, bound, bound + 1, 50 * bound} {
		body := strings.Repeat("x", n)
		for form, answer := range map[string]string{
			"length":       fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, body),
			"until closed": "HTTP/1.1 200 OK\r\n\r\n" + body,
			"chunks":       fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s0\r\n\r\n", chunk(body)),
		} {
			r, err := exchange(t, answer)
			if err != nil {
				t.Fatal(err)
			}
			got, cut, err := r.Body(bound)
			if len(got) != min(n, bound) || cut != (n > bound) || err != nil {
				t.Errorf("%s, %d bytes: got %d, cut=%v, %v", form, n, len(got), cut, err)
			}
			r.Release()
		}
	}
}

func chunk(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%x\r\n%s\r\n", len(s), s)
}

// TestErrorsOfTheConnection in each part of an answer are the connection's own.
func TestErrorsOfTheConnection(t *testing.T) {
	late := iotest.ErrReader(os.ErrDeadlineExceeded)
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf", "HTTP/1.1 200 OK\r\n\r\nhalf",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nA: b\r\n",
	} {
		r, err := http1.Get(&conn{Reader: io.MultiReader(strings.NewReader(answer), late)}, &http1.Request{Host: "h"})
		if err != nil {
			t.Fatal(err)
		}
		if body, cut, err := r.Body(100); string(body) != "half" || cut || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: got %q, cut=%v, %v", answer, body, cut, err)
		}
		r.Release()
	}
	for _, answer := range []string{"", "HT", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nServer: x\r\n", "HTTP/1.1 103 Early\r\n\r\n"} {
		_, err := http1.Get(&conn{Reader: io.MultiReader(strings.NewReader(answer), late)}, &http1.Request{Host: "h"})
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: got %v", answer, err)
		}
	}
}

// TestHalfAWord: too little to tell what it would have been is no other
// protocol.
func TestHalfAWord(t *testing.T) {
	if _, err := exchange(t, "HTT"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want an early end", err)
	}
}

// idle gives nothing and no error, for ever.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestReaderThatGivesNothing(t *testing.T) {
	if _, err := http1.Get(&conn{Reader: idle{}}, &http1.Request{Host: "h"}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

// TestManyHeaders: their number is bounded by their size alone.
func TestManyHeaders(t *testing.T) {
	var b strings.Builder
	for i := 0; b.Len() < 60<<10; i++ {
		fmt.Fprintf(&b, "X-%d: %d\r\n", i, i)
	}
	r, err := exchange(t, "HTTP/1.1 200 OK\r\n"+b.String()+"Last: yes\r\nContent-Length: 2\r\n\r\nOK")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if body, _, err := r.Body(10); string(body) != "OK" || err != nil || r.Header.Get("x-77") != "77" || r.Header.Get("last") != "yes" {
		t.Errorf("got %q, %v, %q", body, err, r.Header.Get("x-77"))
	}
}

// agrees holds an answer against what net/http makes of it: the same status, the
// same headers, the same body, or an error on both sides.
func agrees(t *testing.T, answer []byte) {
	t.Helper()
	const bound = 1 << 10
	br := bufio.NewReader(bytes.NewReader(answer))
	resp, theirs := http.ReadResponse(br, &http.Request{Method: http.MethodGet})
	for n := 0; theirs == nil && resp.StatusCode < 200 && resp.StatusCode != 101; n++ {
		if n > 8 {
			return // we count them, it does not
		}
		resp, theirs = http.ReadResponse(br, &http.Request{Method: http.MethodGet})
	}
	r, ours := http1.Get(&conn{Reader: bytes.NewReader(answer)}, &http1.Request{Path: "/", Host: "h"})
	if (ours == nil) != (theirs == nil) {
		if theirs == nil && !bytes.HasPrefix(answer, []byte("HTTP/")) {
			return // the first five bytes must be ours
		}
		if theirs != nil && strings.Contains(theirs.Error(), "trailer key") {
			return // nobody here reads trailers
		}
		t.Fatalf("%q: %v, net/http says %v", answer, ours, theirs)
	}
	if ours != nil {
		return
	}
	defer r.Release()
	defer resp.Body.Close()
	if r.Status != resp.StatusCode {
		t.Fatalf("%q: status %d, net/http says %d", answer, r.Status, resp.StatusCode)
	}
	for name, values := range resp.Header {
		switch name {
		case "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Cache-Control":
			continue // net/http takes some of these out
		}
		if got := r.Header.Get(name); got != strings.Trim(values[0], " \t") {
			t.Fatalf("%q: %s is %q, net/http says %q", answer, name, got, values[0])
		}
	}
	want, theirs := io.ReadAll(io.LimitReader(resp.Body, bound+1))
	body, cut, ours := r.Body(bound)
	if cut != (len(want) > bound) || !bytes.Equal(body, want[:min(len(want), bound)]) {
		t.Fatalf("%q: body %q, cut=%v; net/http says %q", answer, body, cut, want)
	}
	if !cut && (ours == nil) != (theirs == nil) && !strings.Contains(fmt.Sprint(theirs), "trailer") && !strings.Contains(fmt.Sprint(theirs), "MIME header") {
		t.Fatalf("%q: body ends with %v, net/http says %v", answer, ours, theirs)
	}
}

// TestRecordedAgrees: every recorded reply is read as net/http reads it.
func TestRecordedAgrees(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "health", "testdata", "wire", "pages", "*.http"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if at := bytes.Index(raw, []byte("HTTP/1.")); at >= 0 {
			agrees(t, raw[at:])
		}
	}
}

func FuzzAgrees(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n{}",
		"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n", "HTTP/1.0 400 Bad\r\nConnection: keep-alive\r\n\r\nx",
		"HTTP/1.1 204 No\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200\r\nServer : a\r\nX:\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n1\r\na\r\n0\r\nA: b\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nOK",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) { agrees(t, answer) })
}
