package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"
)

// maxHead bounds the header of an answer, as package http1 does.
const maxHead = 64 << 10

// errSocketClient: a proxy cannot be asked for a socket of this machine.
var errSocketClient = errors.New("a unix socket cannot be asked through a proxy or with OAuth2")

// full asks over net/http: over the configured client or, without one, over a
// transport that has just this one connection. A shared transport would hand
// one instance's connection to the question for another of the same name.
func (p *HTTPProber) full(ctx context.Context, a *asking, path string) (*answer, error) {
	if p.o.Client != nil {
		if a.target.Network == "unix" {
			a.note("not asked: " + errSocketClient.Error())
			return nil, errSocketClient
		}
		client := *p.o.Client
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		client.Jar, client.Timeout = nil, 0
		a.note("net/http, with the profile's client")
		return p.exchange(ctx, a, client.Do, a.target.Address, path)
	}
	conn, err := p.secured(ctx, a)
	if err != nil {
		return nil, err
	}
	stop := interruptible(ctx, conn)
	tr := single(conn)
	reply, err := p.exchange(ctx, a, tr.RoundTrip, authority(a.target), path)
	stop()
	tr.CloseIdleConnections()
	_ = conn.Close()
	return reply, err
}

// secured connects and shakes hands.
func (p *HTTPProber) secured(ctx context.Context, a *asking) (net.Conn, error) {
	l, err := p.dialer.connect(ctx, a.target.Network, a.target.Address)
	a.linked(&l, err)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.o.TLS != nil {
		cfg = p.o.TLS.Clone()
	}
	if cfg.NextProtos == nil {
		cfg.NextProtos = []string{"h2", "http/1.1"}
	}
	return handshake(ctx, a, l.Conn, cfg)
}

// handshake makes a TLS connection of conn, which it closes beside an error.
func handshake(ctx context.Context, a *asking, conn net.Conn, cfg *tls.Config) (*tls.Conn, error) {
	cfg.ServerName = serverName(cfg, a.target)
	a.doing("tls")
	begun := time.Now()
	secure := tls.Client(conn, cfg)
	err := secure.HandshakeContext(ctx)
	a.phase("tls", time.Since(begun))
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	state := secure.ConnectionState()
	text := tls.VersionName(state.Version) + ", asked for " + cfg.ServerName
	if state.NegotiatedProtocol != "" {
		text += ", speaks " + state.NegotiatedProtocol
	}
	a.note(text)
	return secure, nil
}

// single is a transport over one connection that exists already. It asks once:
// if the far side hangs up there is nothing to dial again.
func single(conn net.Conn) *http.Transport {
	var once sync.Once
	give := func(context.Context, string, string) (net.Conn, error) {
		err := io.EOF
		var given net.Conn
		once.Do(func() { given, err = conn, nil })
		return given, err
	}
	return &http.Transport{
		DialTLSContext:    give,
		ForceAttemptHTTP2: true, DisableKeepAlives: true, DisableCompression: true,
		MaxResponseHeaderBytes: maxHead,
	}
}

// exchange sends the request over do and takes the answer whole.
func (p *HTTPProber) exchange(ctx context.Context, a *asking, do func(*http.Request) (*http.Response, error), host, path string) (*answer, error) {
	scheme := a.target.Scheme
	if scheme == "" {
		scheme = "http"
	}
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	var watch stopwatch
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, watch.trace()), http.MethodGet, scheme+"://"+host+path, nil)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the nesting that means a token server elsewhere
		}
		return nil, &net.ParseError{Type: "path", Text: err.Error()}
	}
	req.Host, req.Header, req.Close = authority(a.target), p.header.Clone(), true
	watch.enter("setup")
	resp, err := do(req)
	if err != nil {
		a.doing(watch.stop(a))
		return nil, err
	}
	defer resp.Body.Close()
	watch.enter("body")
	reply := &answer{status: resp.StatusCode, header: resp.Header, tls: resp.TLS, release: func() {}}
	if !reply.endless() {
		reply.body, reply.bodyErr = io.ReadAll(io.LimitReader(resp.Body, int64(p.o.MaxBody)+1))
		if len(reply.body) > p.o.MaxBody {
			reply.body, reply.cut, reply.bodyErr = reply.body[:p.o.MaxBody], true, nil
		}
	}
	a.doing(watch.stop(a))
	a.note(resp.Proto + " over net/http")
	return reply, nil
}

// stopwatch times the phases that net/http runs through on goroutines of its
// own. At any time one phase runs, so they never add up to more than the whole.
type stopwatch struct {
	mu     sync.Mutex
	now    int // index in order
	since  time.Time
	took   [len(order)]time.Duration
	closed bool
}

// order is how phases follow each other; a late message of an earlier one
// (another address was dialled at the same time) is not listened to.
var order = [...]string{"setup", "resolve", "dial", "tls", "send", "wait", "body"}

func (w *stopwatch) enter(phase string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range order {
		if order[i] == phase && i >= w.now && !w.closed {
			now := time.Now()
			if !w.since.IsZero() {
				w.took[w.now] += now.Sub(w.since)
			}
			w.now, w.since = i, now
		}
	}
}

// stop hands the times over and says in which phase it ended.
func (w *stopwatch) stop(a *asking) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.took[w.now] += time.Since(w.since)
	for i, took := range w.took[1:] {
		a.phase(order[i+1], took)
		if i+1 <= 2 {
			a.dialed += took
		}
	}
	return order[w.now]
}

func (w *stopwatch) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { w.enter("resolve") },
		ConnectStart:         func(string, string) { w.enter("dial") },
		TLSHandshakeStart:    func() { w.enter("tls") },
		GotConn:              func(httptrace.GotConnInfo) { w.enter("send") },
		WroteRequest:         func(httptrace.WroteRequestInfo) { w.enter("wait") },
		GotFirstResponseByte: func() { w.enter("body") },
	}
}
