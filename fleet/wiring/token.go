package wiring

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// tokens stands before a transport that fetches a token before it asks. What
// goes wrong there says nothing of the instance, and has to be told from it; and
// the token server is asked by one at a time, since it knows nothing of the
// limits of the questions that wait for it.
type tokens struct {
	next http.RoundTripper
	url  string        // of the token server
	turn chan struct{} // holds the one who may be fetching
}

// answer is what a RoundTrip returns.
type answer struct {
	response *http.Response
	err      error
}

// RoundTrip asks once there is a token. Errors of the token server are
// *url.Error and name it: package probe knows them from those of the target.
func (t *tokens) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, t.failed(ctx.Err())
	}
	var reached atomic.Bool // the transport has its token and turns to the target
	release := func() {
		if reached.CompareAndSwap(false, true) {
			<-t.turn
		}
	}
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { release() }})
	done, left := make(chan answer), make(chan struct{})
	go func() {
		response, err := t.next.RoundTrip(req.WithContext(traced))
		if err != nil && !reached.Load() {
			err = t.failed(err)
		}
		release()
		select {
		case done <- answer{response, err}:
		case <-left:
			if response != nil {
				_ = response.Body.Close() // nobody waits for it any more
			}
		}
	}()
	select {
	case a := <-done:
		return a.response, a.err
	case <-ctx.Done():
	}
	if reached.Load() {
		a := <-done // the transport sees the end of ctx too
		return a.response, a.err
	}
	close(left)
	return nil, t.failed(ctx.Err())
}

// CloseIdleConnections is what http.Client asks for.
func (t *tokens) CloseIdleConnections() { closeIdle(t.next) }

// failed words why there is no token, without what the token server wrote.
func (t *tokens) failed(err error) error {
	var refusal *oauth2.RetrieveError
	var at *url.Error
	switch {
	case errors.As(err, &refusal) && refusal.Response != nil:
		err = errors.New(refusal.Response.Status)
	case errors.Is(err, context.DeadlineExceeded):
		err = errors.New("no answer in time")
	case errors.As(err, &at):
		err = at.Err
	}
	return &url.Error{Op: "Post", URL: t.url, Err: err}
}

// dial connects for net/http: to an instance, a proxy or a token server. The
// connection ends by itself when a question has ended long since, as what
// fetches a token would wait for ever.
func (p *probers) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return p.dialFor(ctx, network, address, max(fleet.AttemptsBudget, p.settings.ProbeTimeout))
}

func (p *probers) dialFor(ctx context.Context, network, address string, longest time.Duration) (net.Conn, error) {
	conn, err := connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	limit, stop := context.WithTimeout(p.ctx, longest)
	forget := context.AfterFunc(limit, func() { _ = conn.Close() })
	return &bounded{Conn: conn, stop: func() { forget(); stop() }}, nil
}

// connect dials, never where nobody is asked, and takes no longer than dialling may
// take.
func connect(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, fleet.DialTimeout)
	defer cancel()
	return probe.Dial(ctx, network, address)
}

// bounded is a connection with an end.
type bounded struct {
	net.Conn
	stop func()
}

// Close hangs up.
func (b *bounded) Close() error {
	b.stop()
	return b.Conn.Close()
}
