package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/probe/http1"
)

// accept asks for health first and refuses nothing: some servers answer 406 to
// a list without */*.
const accept = "application/health+json, application/json;q=0.9, text/plain;q=0.5, */*;q=0.1"

// Bounds of an answer; see the table of defaults.
const (
	defaultDial = time.Second
	defaultSlow = time.Second
	defaultBody = 1 << 20
	excerptSize = 200
)

// HTTPOptions say how a profile's instances are asked over HTTP. The zero value
// asks without credentials and trusts the system's certificates.
type HTTPOptions struct {
	UserAgent   string
	Headers     http.Header   // sent with every request; a redirect never takes them to another host
	Client      *http.Client  // what asks, where proxies, OAuth2 or a dialler of its own are wanted; its idle connections are its owner's
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
	dialer dialer
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
	o.Slow, o.DialTimeout = orDefault(o.Slow, defaultSlow), orDefault(o.DialTimeout, defaultDial)
	if o.MaxBody == 0 {
		o.MaxBody = defaultBody
	}
	return &HTTPProber{o: o, dialer: dialer{timeout: o.DialTimeout, resolver: o.Resolver}, header: header, lines: lines}, nil
}

// Probe asks t, and once more where the answer sends us to another path of the
// same host.
func (p *HTTPProber) Probe(ctx context.Context, t Target) Result {
	a := begin(ctx, t)
	path := t.Path
	for hop := 0; ; hop++ {
		reply, err := p.ask(ctx, a, path)
		if err != nil {
			return a.fail(err)
		}
		next, text := redirected(t, path, reply)
		if text == "" || next != "" && hop == 0 {
			if text == "" {
				defer reply.release()
				return p.read(a, reply)
			}
			reply.release()
			a.note(text)
			path = next
			continue
		}
		reply.release()
		a.answered(reply)
		if next != "" {
			text += ", beyond the one redirect that is followed"
		}
		return a.end(Unknown, ReasonRedirect, text)
	}
}

// ask makes one exchange over the path that serves it.
func (p *HTTPProber) ask(ctx context.Context, a *asking, path string) (*answer, error) {
	if a.target.Scheme != "https" && p.o.Client == nil {
		return p.lean(ctx, a, path)
	}
	return p.full(ctx, a, path)
}

// lean asks over package http1.
func (p *HTTPProber) lean(ctx context.Context, a *asking, path string) (*answer, error) {
	l, err := p.dialer.connect(ctx, a.target.Network, a.target.Address)
	a.linked(&l, err)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	defer interruptible(ctx, l.Conn)()
	begun := time.Now()
	a.doing("wait")
	r, err := http1.Get(l.Conn, &http1.Request{Path: path, Host: authority(a.target), Header: p.lines})
	if err != nil {
		a.phase("wait", time.Since(begun))
		return nil, err
	}
	a.phase("send", r.Sent.Sub(begun))
	a.phase("wait", r.Head.Sub(r.Sent))
	reply := &answer{status: r.Status, header: r.Header, release: r.Release}
	if !reply.endless() {
		a.doing("body")
		reply.body, reply.cut, reply.bodyErr = r.Body(p.o.MaxBody)
		a.phase("body", time.Since(r.Head))
	}
	return reply, nil
}

// redirected says where a redirect leads: the path, if it is one of the same
// host, and a text; neither if the answer is no redirect.
func redirected(t Target, path string, reply *answer) (next, text string) {
	switch reply.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return "", ""
	}
	location := reply.header.Get("Location")
	if location == "" {
		return "", fmt.Sprintf("%d without a Location", reply.status)
	}
	text = fmt.Sprintf("%d to %s", reply.status, location)
	u, err := url.Parse(location)
	if err != nil {
		return "", fmt.Sprintf("%d to a place that cannot be read", reply.status)
	}
	base, err := url.Parse(path)
	if err != nil {
		return "", text
	}
	base.Scheme, base.Host = "http", authority(t)
	if t.Scheme != "" {
		base.Scheme = t.Scheme
	}
	there := base.ResolveReference(u)
	if there.Scheme != base.Scheme || !strings.EqualFold(there.Host, base.Host) && there.Host != t.Address {
		// Not followed, whatever it is: the credentials are not for it.
		return "", text + ", another host"
	}
	return there.RequestURI(), text
}

// read says what a whole answer means.
func (p *HTTPProber) read(a *asking, reply *answer) Result {
	a.answered(reply)
	if reply.endless() {
		return a.end(Unknown, ReasonBody, fmt.Sprintf("%d and an endless stream of events", reply.status))
	}
	reply.decode(p.o.MaxBody)
	a.excerpt(reply)
	if outcome, reason, text, ok := reply.broken(a.limit); ok {
		return a.end(outcome, reason, text)
	}
	if reason, text, ok := reply.misdirected(); ok {
		return a.end(Unknown, reason, text)
	}
	v, outcome, reason, text, bare := verdict(reply, p.o.Strict, a.target.Named)
	r := &a.result
	r.Health, r.Bare = v, bare
	if outcome == Fail && reply.gateway(v) {
		reason, text = ReasonGateway, fmt.Sprintf("the gateway answers: %d %s", reply.status, http.StatusText(reply.status))
	}
	if outcome == Pass && reply.bodyErr != nil {
		outcome, reason, text = Warn, ReasonBody, fmt.Sprintf("%d, and the body ended early, after %d bytes", reply.status, len(reply.body))
	}
	if reply.tls != nil {
		c := lookAtCertificate(reply.tls, p.o.TLS, a.target, p.o.WarnDays, p.o.FailDays)
		r.Expires = c.ends
		outcome, reason, text = c.worse(outcome, reason, text)
	}
	return a.endInTime(outcome, reason, text, p.o.Slow)
}
