package wire

import (
	"context"
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

// Single is a transport over one connection of TLS that exists already. It asks
// once: if the far side hangs up, there is nothing to dial again. A transport
// that is shared would hand one instance's HTTP/2 connection to the question
// for another one of the same name. The connection is its owner's to close.
func Single(conn net.Conn) *http.Transport {
	var once sync.Once
	return &http.Transport{
		DialTLSContext: func(context.Context, string, string) (given net.Conn, err error) {
			err = io.EOF
			once.Do(func() { given, err = conn, nil })
			return given, err
		},
		ForceAttemptHTTP2: true, DisableKeepAlives: true, DisableCompression: true,
		MaxResponseHeaderBytes: maxHead,
	}
}

// Do sends req over a transport and takes the answer whole, at most bound bytes
// of its body. The times are filled beside an error, too.
func Do(req *http.Request, over http.RoundTripper, bound int) (*Answer, *Times, error) {
	w := &Times{since: time.Now()}
	defer w.stop()
	resp, err := over.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), w.trace())))
	if err != nil {
		// As a client wraps it, so that Explain knows this request from one that
		// the transport made on its own.
		return nil, w, &url.Error{Op: req.Method, URL: req.URL.Redacted(), Err: err}
	}
	defer resp.Body.Close()
	w.enter(body)
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, TLS: resp.TLS, Proto: resp.Proto}
	if !a.Endless() {
		a.Body, a.Err = io.ReadAll(io.LimitReader(resp.Body, int64(bound)+1))
		if len(a.Body) > bound {
			a.Body, a.Cut, a.Err = a.Body[:bound], true, nil
		}
	}
	return a, w, nil
}

// The phases of a question to net/http, in the order they follow each other.
const (
	setup = iota
	resolve
	dial
	handshake
	send
	wait
	body
	phases
)

// Names are the names of the phases in Times, in order.
func Names() [6]string { return [6]string{"resolve", "dial", "tls", "send", "wait", "body"} }

// Times are the phases that net/http runs through, on goroutines of its own. At
// any time one of them runs, so that they never add up to more than the whole.
type Times struct {
	mu      sync.Mutex
	now     int
	since   time.Time
	took    [phases]time.Duration
	stopped bool
}

// Each calls f with every phase that took time, and returns the name of the one
// it ended in.
func (w *Times) Each(f func(name string, took time.Duration)) (last string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, name := range Names() {
		if took := w.took[i+1]; took > 0 {
			f(name, took)
		}
		if w.now == i+1 {
			last = name
		}
	}
	return last
}

// enter ends the running phase. A late message of an earlier one (another
// address was dialled at the same time) is not listened to.
func (w *Times) enter(phase int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if phase < w.now || w.stopped {
		return
	}
	now := time.Now()
	w.took[w.now] += now.Sub(w.since)
	w.now, w.since = phase, now
}

func (w *Times) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took[w.now] += time.Since(w.since)
	w.stopped = true
}

func (w *Times) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { w.enter(resolve) },
		ConnectStart:      func(string, string) { w.enter(dial) },
		TLSHandshakeStart: func() { w.enter(handshake) },
		GotConn:           func(httptrace.GotConnInfo) { w.enter(send) },
		WroteRequest:      func(httptrace.WroteRequestInfo) { w.enter(wait) },
	}
}
