package wire_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

func gzipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.Bytes()
}

func deflated(text string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.Bytes()
}

func TestDecode(t *testing.T) {
	const bound = 1000
	early := io.ErrUnexpectedEOF
	long := strings.Repeat("0123456789", 5000)
	half := gzipped(`{"status":"UP"} and more that is cut off`)
	for _, c := range []struct {
		name, encoding string
		in             wire.Answer
		body           string
		cut            bool
		err            error
	}{
		{"none", "", wire.Answer{Body: []byte("OK")}, "OK", false, nil},
		{"identity", "identity", wire.Answer{Body: []byte("OK")}, "OK", false, nil},
		{"gzip", "gzip", wire.Answer{Body: gzipped("OK")}, "OK", false, nil},
		{"GZip, shouted", " X-GZIP ", wire.Answer{Body: gzipped("OK")}, "OK", false, nil},
		{"deflate", "deflate", wire.Answer{Body: deflated("OK")}, "OK", false, nil},
		{"an empty body has none", "gzip", wire.Answer{}, "", false, nil},
		{"a bomb", "gzip", wire.Answer{Body: gzipped(long)}, long[:bound], true, nil},
		{"bad gzip", "gzip", wire.Answer{Body: []byte(`{"status":"UP"}`)}, `{"status":"UP"}`, false, wire.ErrEncoding},
		{"gzip that ends early", "gzip", wire.Answer{Body: half[:len(half)-12]}, string(half[:len(half)-12]), false, wire.ErrEncoding},
		{"... because the connection did", "gzip", wire.Answer{Body: half[:len(half)-8], Err: early}, `{"status":"UP"} and more that is cut off`, false, early},
		{"unknown", "br", wire.Answer{Body: []byte("x")}, "x", false, wire.ErrEncoding},
		{"two of them", "gzip, br", wire.Answer{Body: []byte("x")}, "x", false, wire.ErrEncoding},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := c.in
			a.Header = http.Header{"Content-Encoding": {c.encoding}}
			a.Decode(bound)
			if string(a.Body) != c.body || a.Cut != c.cut || !errors.Is(a.Err, c.err) {
				t.Errorf("got %q cut=%v %v", a.Body, a.Cut, a.Err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, encoding := range []string{"gzip", "deflate", "br", ""} {
		f.Add(encoding, gzipped("OK"))
		f.Add(encoding, deflated(`{"status":"UP"}`))
		f.Add(encoding, gzipped(strings.Repeat("x", 10000)))
	}
	f.Fuzz(func(t *testing.T, encoding string, body []byte) {
		const bound = 100
		a := wire.Answer{Header: http.Header{"Content-Encoding": {encoding}}, Body: body[:min(len(body), bound)]}
		a.Decode(bound)
		if len(a.Body) > bound || a.Err != nil && !errors.Is(a.Err, wire.ErrEncoding) {
			t.Fatalf("%d bytes, %v", len(a.Body), a.Err)
		}
	})
}

func TestEndless(t *testing.T) {
	for kind, want := range map[string]bool{"text/event-stream": true, "Text/Event-Stream; charset=utf-8": true, "text/plain": false, "": false, "text/event-streams": false} {
		a := wire.Answer{Header: http.Header{"Content-Type": {kind}}}
		if a.Endless() != want {
			t.Errorf("%q: want %v", kind, want)
		}
	}
}

func TestMisdirected(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   wire.Cause
	}{
		{400, "Client sent an HTTP request to an HTTPS server.\n", wire.Scheme},
		{400, "<title>400 The plain HTTP request was sent to HTTPS port</title>", wire.Scheme},
		{400, "Reason: You're speaking plain HTTP to an SSL-enabled server port.", wire.Scheme},
		{400, "Bad Request\nThis combination of host and port requires TLS.", wire.Scheme},
		{400, "<title>400 No required SSL certificate was sent</title>", wire.Auth},
		{400, "<title>400 The SSL certificate error</title>", wire.Auth},
		{400, `{"error":"bad request"}`, wire.None},
		{200, "Client sent an HTTP request to an HTTPS server.", wire.None},
		{400, strings.Repeat(" ", 4096) + "Client sent an HTTP request to an HTTPS server.", wire.None},
	} {
		a := wire.Answer{Status: c.status, Body: []byte(c.body)}
		if got, text := a.Misdirected(); got != c.want || (text == "") != (got == wire.None) {
			t.Errorf("%d %.60q: got %q, %q; want %q", c.status, c.body, got, text, c.want)
		}
	}
}

func TestGateway(t *testing.T) {
	header := func(kv ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(kv); i += 2 {
			h.Set(kv[i], kv[i+1])
		}
		return h
	}
	for _, c := range []struct {
		name   string
		status int
		header http.Header
		body   string
		mute   bool
		want   bool
	}{
		{"nginx cannot reach it", 502, header("Server", "nginx/1.22.1"), "<html><h1>502 Bad Gateway</h1>", true, true},
		{"HAProxy has no server", 503, header(), "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n", true, true},
		{"HAProxy waited", 504, header(), "<html><body><h1>504 Gateway Time-out</h1>", true, true},
		{"Envoy has no host", 503, header("Server", "envoy"), "no healthy upstream", true, true},
		{"... whatever a dialect makes of that", 503, header("Server", "envoy"), "no healthy upstream", false, true},
		{"the service says it itself", 503, header("Server", "nginx"), `{"status":"DOWN"}`, false, false},
		{"a service behind Envoy", 503, header("Server", "istio-envoy", "X-Envoy-Upstream-Service-Time", "3"), "", true, false},
		{"a service on its own", 503, header(), "", true, false},
		{"a service that is no proxy", 503, header("Server", "uvicorn"), "", true, false},
		{"a service that fails", 500, header("Server", "nginx"), "<html>", true, false},
		{"a 502 that speaks", 502, header(), `{"status":"DOWN"}`, false, false},
	} {
		a := wire.Answer{Status: c.status, Header: c.header, Body: []byte(c.body)}
		if got := a.Gateway(c.mute); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestRedirected(t *testing.T) {
	for _, c := range []struct {
		status                int
		location, path        string
		next, text            string
		scheme, host, address string
	}{
		{status: 200, location: "/x"},
		{status: 304, location: "/x"},
		{status: 302, text: "302 without a Location"},
		{status: 301, location: "/health/", path: "/health", next: "/health/", text: "301 to /health/"},
		{status: 308, location: "?full=1", path: "/a/b", next: "/a/b?full=1", text: "308 to ?full=1"},
		{status: 307, location: "http://order:80/x", path: "/", next: "/x", text: "307 to http://order:80/x"},
		{status: 307, location: "http://10.0.0.1:80/x", path: "/", next: "/x", text: "307 to http://10.0.0.1:80/x"},
		{status: 307, location: "http://ORDER:80/x", path: "/", next: "/x", text: "307 to http://ORDER:80/x"},
		{status: 307, location: "http://order:81/x", path: "/", text: "307 to http://order:81/x, another host"},
		{status: 307, location: "https://order:80/x", path: "/", text: "307 to https://order:80/x, another host"},
		{status: 303, location: "http://order:80.evil.example/x", path: "/", text: "303 to a place that cannot be read"},
		{status: 303, location: "http://order:80@evil.example/x", path: "/", text: "303 to http://order:80@evil.example/x, another host"},
		{status: 303, location: "//evil.example", path: "/", text: "303 to //evil.example, another host"},
		{status: 302, location: "/x", path: "/%zz", text: "302 to /x"},
	} {
		a := wire.Answer{Status: c.status, Header: http.Header{"Location": {c.location}}}
		next, text := a.Redirected("http", "order:80", "10.0.0.1:80", c.path)
		if next != c.next || text != c.text {
			t.Errorf("%d %q: got %q, %q; want %q, %q", c.status, c.location, next, text, c.next, c.text)
		}
	}
}
