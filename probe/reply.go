package probe

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/probe/health"
)

// answer is one reply, whichever way it came.
type answer struct {
	status  int
	header  http.Header
	body    []byte // until release
	cut     bool   // the body is longer than the bound
	bodyErr error  // why the body is not whole
	tls     *tls.ConnectionState
	release func()
}

// errEncoding is a body that is not in the encoding it declares, or in one we
// neither asked for nor know.
var errEncoding = errors.New("content encoding")

// endless says that the body is a stream that is never meant to end.
func (r *answer) endless() bool {
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "text/event-stream")
}

// decode undoes a Content-Encoding that we did not ask for; some servers
// compress whatever one says. The bound holds for what comes out as well.
func (r *answer) decode(bound int) {
	encoding := strings.ToLower(strings.TrimSpace(r.header.Get("Content-Encoding")))
	if encoding == "" || encoding == "identity" || len(r.body) == 0 {
		return
	}
	var in io.ReadCloser
	var err error
	switch encoding {
	case "gzip", "x-gzip":
		in, err = gzip.NewReader(bytes.NewReader(r.body))
	case "deflate":
		in, err = zlib.NewReader(bytes.NewReader(r.body))
	default:
		err = fmt.Errorf("%w %s was not asked for", errEncoding, encoding)
	}
	if err == nil {
		defer in.Close()
		var out []byte
		out, err = io.ReadAll(io.LimitReader(in, int64(bound)+1))
		if len(out) > bound {
			r.body, r.cut = out[:bound], true
			return
		}
		if err == nil || r.cut || r.bodyErr != nil {
			r.body = out // as much as there is of it
			return
		}
	}
	if r.bodyErr == nil {
		if !errors.Is(err, errEncoding) {
			err = fmt.Errorf("%w: declared %s, is not: %w", errEncoding, encoding, err)
		}
		r.bodyErr = err
	}
}

// broken says what a body that ended before its end means, where that decides.
// One whose connection was closed too early is read like any other: what was
// meant may have come whole.
func (r *answer) broken(limit time.Duration) (Outcome, Reason, string, bool) {
	err := r.bodyErr
	switch {
	case err == nil:
		return Unknown, ReasonNone, "", false
	case errors.Is(err, errEncoding):
		return Unknown, ReasonBody, err.Error(), true
	case errors.Is(err, io.ErrUnexpectedEOF) && len(r.body) > 0:
		return Unknown, ReasonNone, "", false
	}
	outcome, reason, text := Classify(err)
	switch reason {
	case ReasonTimeout:
		text = fmt.Sprintf("%d, but the body did not end in time", r.status)
		if limit > 0 {
			text = fmt.Sprintf("%d, but the body did not end in %s", r.status, limit)
		}
	case ReasonProtocol:
		reason, text = ReasonBody, fmt.Sprintf("%d, but the body cannot be read: %s", r.status, text)
	case ReasonCancelled:
	default:
		text = fmt.Sprintf("%d, but in the body: %s", r.status, text)
	}
	return outcome, reason, text, true
}

// misdirected finds the answers of servers that were spoken to in the wrong
// way: plain HTTP on a TLS port, or TLS without the certificate they want.
// These have no status of their own; what is matched are the texts of Go,
// nginx, Apache, Tomcat and Jetty.
func (r *answer) misdirected() (Reason, string, bool) {
	if r.status != http.StatusBadRequest {
		return ReasonNone, "", false
	}
	body := bytes.ToLower(r.body[:min(len(r.body), 2048)])
	for _, text := range []string{
		"http request to an https server", "plain http request was sent to https port",
		"speaking plain http to an ssl-enabled", "combination of host and port requires tls",
	} {
		if bytes.Contains(body, []byte(text)) {
			return ReasonScheme, textPlainToTLS, true
		}
	}
	if bytes.Contains(body, []byte("ssl certificate")) {
		return ReasonAuth, "it wants a client certificate", true
	}
	return ReasonNone, "", false
}

// gateway says that a 502, 503 or 504 was made by a proxy in front: it bears
// one of the texts that Envoy, HAProxy and Traefik make, or no dialect speaks in
// it and it is a gateway's by definition (RFC 9110, 15.6.3 and 15.6.5) or by name.
func (r *answer) gateway(v health.Verdict) bool {
	switch r.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return false
	}
	for _, text := range []string{
		"No server is available to handle this request", "no healthy upstream",
		"upstream connect error", "upstream request timeout", "no available server",
	} {
		if bytes.Contains(r.body[:min(len(r.body), 2048)], []byte(text)) {
			return true
		}
	}
	if v.Dialect != "" && v.Word != health.NoWord {
		return false
	}
	if r.status != http.StatusServiceUnavailable {
		return true
	}
	if r.header.Get("X-Envoy-Upstream-Service-Time") != "" {
		return false // Envoy only passes on what the service said
	}
	server := strings.ToLower(r.header.Get("Server"))
	for _, name := range []string{"nginx", "openresty", "envoy", "haproxy", "traefik", "caddy", "awselb", "cloudflare", "varnish"} {
		if strings.Contains(server, name) {
			return true
		}
	}
	return false
}
