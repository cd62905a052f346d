package wire

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Header gives the first value of a header, by its name in any case.
type Header interface{ Get(name string) string }

// Answer is one HTTP reply, whichever way it came.
type Answer struct {
	Status int
	Header Header
	Body   []byte
	Cut    bool  // the body is longer than the bound
	Err    error // why the body is not whole
	TLS    *tls.ConnectionState
	Proto  string // HTTP/1.1, HTTP/2.0; empty on the lean path
}

// ErrEncoding is a body that is not in the encoding it declares, or in one we
// neither asked for nor know.
var ErrEncoding = errors.New("content encoding")

// Endless says that the body is a stream that is never meant to end.
func (a *Answer) Endless() bool {
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "text/event-stream")
}

// Print is a fingerprint of the status and the start of the body: FNV-1a.
func (a *Answer) Print() uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := (uint64(offset) ^ uint64(a.Status)) * prime
	for _, c := range a.Body[:min(len(a.Body), 64<<10)] {
		h = (h ^ uint64(c)) * prime
	}
	return h
}

// Decode undoes a Content-Encoding that we did not ask for; some servers
// compress whatever one says. The bound holds for what comes out as well.
func (a *Answer) Decode(bound int) {
	encoding := a.Header.Get("Content-Encoding")
	if encoding == "" {
		return
	}
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	if encoding == "" || encoding == "identity" || len(a.Body) == 0 {
		return
	}
	var in io.Reader
	var err error
	switch encoding {
	case "gzip", "x-gzip":
		in, err = gzip.NewReader(bytes.NewReader(a.Body))
	case "deflate":
		in, err = zlib.NewReader(bytes.NewReader(a.Body))
	default:
		err = fmt.Errorf("%w %s was not asked for", ErrEncoding, encoding)
	}
	var out []byte
	if err == nil {
		out, err = io.ReadAll(io.LimitReader(in, int64(bound)+1))
	}
	switch {
	case len(out) > bound:
		a.Body, a.Cut = out[:bound], true
	case err == nil, len(out) > 0 && (a.Cut || a.Err != nil):
		a.Body = out // as much as there is of it
	case a.Err == nil && errors.Is(err, ErrEncoding):
		a.Err = err
	case a.Err == nil:
		a.Err = fmt.Errorf("%w: declared %s, is not: %w", ErrEncoding, encoding, err)
	}
}

// Misdirected finds the answers of servers that were spoken to in the wrong
// way: plain HTTP on a TLS port (Scheme), or TLS without the certificate they
// want (Auth). These have no status of their own; what is matched are the texts
// of Go, nginx, Apache and Tomcat.
func (a *Answer) Misdirected() (Cause, string) {
	if a.Status != http.StatusBadRequest {
		return None, ""
	}
	body := bytes.ToLower(a.start())
	for _, text := range []string{
		"http request to an https server", "plain http request was sent to https port",
		"speaking plain http to an ssl-enabled", "combination of host and port requires tls",
	} {
		if bytes.Contains(body, []byte(text)) {
			return Scheme, PlainToTLS
		}
	}
	if bytes.Contains(body, []byte("ssl certificate")) {
		return Auth, "it wants a client certificate"
	}
	return None, ""
}

// Gateway says that a 502, 503 or 504 was made by a proxy in front: it bears
// one of the texts that Envoy, HAProxy and Traefik make, or nothing in it speaks
// of health (mute) and it is a gateway's by definition (RFC 9110, 15.6.3 and
// 15.6.5) or by name.
func (a *Answer) Gateway(mute bool) bool {
	switch a.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return false
	}
	for _, text := range []string{
		"No server is available to handle this request", "no healthy upstream",
		"upstream connect error", "upstream request timeout", "no available server",
	} {
		if bytes.Contains(a.start(), []byte(text)) {
			return true
		}
	}
	if !mute {
		return false
	}
	if a.Status != http.StatusServiceUnavailable {
		return true
	}
	if a.Header.Get("X-Envoy-Upstream-Service-Time") != "" {
		return false // Envoy only passes on what the service said
	}
	server := strings.ToLower(a.Header.Get("Server"))
	for _, name := range []string{"nginx", "openresty", "envoy", "haproxy", "traefik", "caddy", "awselb", "cloudflare", "varnish"} {
		if strings.Contains(server, name) {
			return true
		}
	}
	return false
}

// start is the part of the body in which a text of a server's own stands.
func (a *Answer) start() []byte { return a.Body[:min(len(a.Body), 2048)] }

// Redirected says where a redirect leads: next is the path, if it is one of the
// same host (as the Host header names it, or the address) over the same scheme;
// text describes it. Both are empty if the answer is no redirect.
func (a *Answer) Redirected(scheme, host, address, path string) (next, text string) {
	switch a.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return "", ""
	}
	location := a.Header.Get("Location")
	if location == "" {
		return "", fmt.Sprintf("%d without a Location", a.Status)
	}
	text = fmt.Sprintf("%d to %s", a.Status, location)
	to, err := url.Parse(location)
	if err != nil {
		return "", fmt.Sprintf("%d to a place that cannot be read", a.Status)
	}
	base, err := url.Parse(path)
	if err != nil {
		return "", text
	}
	base.Scheme, base.Host = scheme, host
	there := base.ResolveReference(to)
	if there.Scheme != scheme || !strings.EqualFold(there.Host, host) && there.Host != address {
		// Not followed, whatever it is: the credentials are not for it.
		return "", text + ", another host"
	}
	return there.RequestURI(), text
}
