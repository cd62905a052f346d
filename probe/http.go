package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/midwatch-cli/midwatch/probe/health"
	"github.com/midwatch-cli/midwatch/probe/http1"
	"github.com/midwatch-cli/midwatch/probe/veil"
	"github.com/midwatch-cli/midwatch/probe/wire"
)

// accept asks for health first and refuses nothing: some servers answer 406 to
// a list without */*.
const accept = "application/health+json, application/json;q=0.9, text/plain;q=0.5, */*;q=0.1"

const (
	defaultSlow = time.Second
	defaultBody = 1 << 20
)

// HTTPOptions say how a profile's instances are asked over HTTP. The zero value
// asks without credentials and trusts the system's certificates.
type HTTPOptions struct {
	UserAgent   string
	Headers     http.Header   // sent with every request; a redirect never takes them to another host
	Veil        *veil.Veil    // what is hidden in answers
	Client      *http.Client  // its transport asks, where a proxy, OAuth2 or a dialler of its own is wanted; DialTimeout, TLS and Resolver are then its affair
	TLS         *tls.Config   // for https without a Client; ServerName wins over Target.Host
	Resolver    *net.Resolver // nil: the system's
	Strict      bool          // a component that is down under a good word is a warning
	Slow        time.Duration // slower answers are warnings; 0 is 1 s, below 0 never
	DialTimeout time.Duration // 0 is 1 s
	MaxBody     int           // bytes read of a body, also after decompression; 0 is 1 MiB
	WarnDays    int           // a certificate that ends within so many days is a warning; 0 never
	FailDays    int           // ... is a failure
}

// HTTPProber asks by GET, over HTTP/1.1 or HTTP/2. Plain HTTP/1.1 without a
// Client goes over the lean path of package http1, all else through net/http.
// Every question has a connection of its own.
type HTTPProber struct {
	o      HTTPOptions
	header http.Header // what is sent, and
	lines  []byte      // the same as it goes over the wire
}

// NewHTTP checks the options. Its error names a header that cannot be sent,
// never the value of one.
func NewHTTP(o HTTPOptions) (*HTTPProber, error) {
	header := http.Header{"Accept": {accept}, "Accept-Encoding": {"identity"}, "User-Agent": {"midwatch"}}
	if o.UserAgent != "" {
		header.Set("User-Agent", o.UserAgent)
	}
	for name, values := range o.Headers {
		header[http.CanonicalHeaderKey(name)] = values
	}
	header.Del("Host") // the target says which
	lines, err := http1.HeaderLines(header)
	if err != nil {
		return nil, err
	}
	o.Slow, o.MaxBody = cmp.Or(o.Slow, defaultSlow), cmp.Or(o.MaxBody, defaultBody)
	return &HTTPProber{o: o, header: header, lines: lines}, nil
}

// Probe asks t, and once more where the answer sends us to another path of the
// same host.
func (p *HTTPProber) Probe(ctx context.Context, t Target) Result {
	a := begin(ctx, t)
	defer a.over()
	a.veil = p.o.Veil
	if t.Scheme == "" {
		t.Scheme = "http"
	}
	path := t.Path
	for hop := 0; ; hop++ {
		reply, err := p.ask(ctx, a, path)
		if err != nil {
			return *a.fail(err)
		}
		next, text := reply.Redirected(t.Scheme, authority(t), t.Address, path)
		switch {
		case text == "":
			return *p.read(a, reply)
		case next == "" || hop > 0:
			a.answered(reply)
			return *a.end(Unknown, ReasonRedirect, text)
		}
		a.note(text + ", followed")
		path = next
	}
}

// ask makes one exchange over the path that serves it.
func (p *HTTPProber) ask(ctx context.Context, a *asking, path string) (*wire.Answer, error) {
	switch {
	case p.o.Client != nil && a.target.Network == "unix":
		return nil, fmt.Errorf("%w: a unix socket cannot be asked through a proxy or with OAuth2", errOurs)
	case p.o.Client != nil:
		return p.full(ctx, a, cmp.Or(p.o.Client.Transport, http.DefaultTransport), a.target.Address, path)
	case a.target.Scheme == "https":
		return p.secure(ctx, a, path)
	default:
		return p.lean(ctx, a, path)
	}
}

// lean asks over package http1.
func (p *HTTPProber) lean(ctx context.Context, a *asking, path string) (*wire.Answer, error) {
	conn, err := a.connect(ctx, &wire.Dialer{Timeout: p.o.DialTimeout, Resolver: p.o.Resolver, Lean: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	a.lean.Release() // of the redirect that led here
	a.lean, err = http1.Get(conn, &http1.Request{Path: path, Host: authority(a.target), Header: p.lines})
	if err != nil {
		a.phase("wait", time.Since(conn.At))
		return nil, err
	}
	r := &a.lean
	a.phase("send", r.Sent.Sub(conn.At))
	a.phase("wait", r.Head.Sub(r.Sent))
	a.reply = wire.Answer{Status: r.Status, Header: r.Header}
	if !a.reply.Endless() {
		a.reply.Body, a.reply.Cut, a.reply.Err = r.Body(p.o.MaxBody)
		a.phase("body", time.Since(r.Head))
	}
	return &a.reply, nil
}

// secure asks over TLS, by net/http on a connection of our own making.
func (p *HTTPProber) secure(ctx context.Context, a *asking, path string) (*wire.Answer, error) {
	dialer := &wire.Dialer{Timeout: p.o.DialTimeout, Resolver: p.o.Resolver}
	conn, err := a.connect(ctx, dialer)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	protocols := []string{"h2", "http/1.1"}
	secure, err := a.handshake(ctx, conn, p.o.TLS, protocols...)
	if err != nil {
		return nil, err
	}
	tr := wire.Single(secure)
	defer tr.CloseIdleConnections()
	reply, err := p.full(ctx, a, tr, authority(a.target), path)
	if wire.HungUp(err) {
		err = cmp.Or(dialer.Alert(ctx, a.target.Network, a.target.Address, p.o.TLS, authority(a.target), protocols...), err)
	}
	return reply, err
}

// full asks over net/http.
func (p *HTTPProber) full(ctx context.Context, a *asking, over http.RoundTripper, host, path string) (*wire.Answer, error) {
	scheme := a.target.Scheme
	if scheme == "" {
		scheme = "http"
	}
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+host+path, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %q is no path that can be asked", errOurs, path)
	}
	req.Host, req.Header, req.Close = authority(a.target), p.header.Clone(), true
	reply, times, err := wire.Do(req, over, p.o.MaxBody)
	if last := times.Each(a.phase); last != "" {
		a.now = last
	}
	if err != nil {
		return nil, err
	}
	a.note("asked over net/http, " + reply.Proto)
	a.reply = *reply
	return &a.reply, nil
}

// read says what a whole answer means.
func (p *HTTPProber) read(a *asking, reply *wire.Answer) *Result {
	reply.Decode(p.o.MaxBody)
	a.answered(reply)
	if reply.Endless() {
		return a.end(Unknown, ReasonBody, fmt.Sprintf("%d and an endless stream of events", reply.Status))
	}
	if outcome, reason, text := a.broken(reply); reason != ReasonNone {
		return a.end(outcome, reason, text)
	}
	if cause, text := reply.Misdirected(); cause != wire.None {
		return a.end(Unknown, Reason(cause), text)
	}
	said := health.Answer{Status: reply.Status, Header: reply.Header.Get, Body: reply.Body, Cut: reply.Cut}
	v := health.Read(said)
	d := Decide(said, v, a.target.Named, p.o.Strict)
	outcome, reason, text := d.Outcome, d.Reason, d.Detail
	r := &a.result
	r.Health, r.Bare = v, d.Bare
	if outcome == Fail && reply.Gateway(v.Dialect == "" || v.Word == health.NoWord) {
		reason, text = ReasonGateway, fmt.Sprintf("the gateway answers: %d %s", reply.Status, http.StatusText(reply.Status))
	}
	if outcome == Pass && reply.Err != nil {
		outcome, reason, text = Warn, ReasonBody, fmt.Sprintf("%d, and the body ended early, after %d bytes", reply.Status, len(reply.Body))
	}
	if reply.TLS != nil {
		c := lookAtCertificate(reply.TLS, p.o.TLS, a.target, p.o.WarnDays, p.o.FailDays)
		r.Expires = c.ends
		outcome, reason, text = c.worse(outcome, reason, text)
	}
	return a.endInTime(outcome, reason, text, p.o.Slow)
}

// broken says what a body that ended before its end means, where that decides.
// One whose connection was closed too early is read like any other: what was
// meant may have come whole.
func (a *asking) broken(reply *wire.Answer) (Outcome, Reason, string) {
	err := reply.Err
	switch {
	case err == nil, errors.Is(err, io.ErrUnexpectedEOF) && len(reply.Body) > 0:
		return Unknown, ReasonNone, ""
	case errors.Is(err, wire.ErrEncoding):
		return Unknown, ReasonBody, err.Error()
	}
	a.now = "body"
	outcome, reason, text := a.classify(err)
	if reason == ReasonProtocol {
		reason = ReasonBody
	}
	if reason != ReasonCancelled {
		text = fmt.Sprintf("%d, but in the body: %s", reply.Status, text)
	}
	return outcome, reason, text
}
