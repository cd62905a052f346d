package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

const (
	attempts     = 3                      // of a call, each at another instance while there are some
	leafTimeout  = 250 * time.Millisecond // of an attempt at a service that calls nobody
	orderTimeout = 1200 * time.Millisecond
	reopenAfter  = time.Second // how long a breaker stays open before it tries again
)

var (
	errNobody = errors.New("no instance is registered")
	errStatus = errors.New("the other side failed")
	errClosed = errors.New("this side has ended")
)

// caller is one instance's way to one service it depends on: a circuit breaker
// around attempts at several instances. One instance that hangs costs time and
// opens nothing; a service that fails opens the breaker. It is safe for
// concurrent use.
type caller struct {
	to       string
	timeout  time.Duration
	known    *Directory
	web      *http.Client
	breaker  circuitbreaker.CircuitBreaker[any]
	guard    *serve.Guard           // in front of the breaker: what somebody ordered of it
	executor failsafe.Executor[any] // through the breaker
	bare     failsafe.Executor[any] // past it
	rejected atomic.Int64           // calls that the breaker refused
	next     atomic.Uint64
	calls    window

	mu    sync.Mutex
	conns map[string]*grpc.ClientConn // nil once it is closed
}

// newCaller makes the way to a service, and shows its breaker at admin.
func newCaller(to string, known *Directory, web *http.Client, admin *serve.Server) *caller {
	c := &caller{to: to, timeout: leafTimeout, known: known, web: web, conns: map[string]*grpc.ClientConn{}}
	if to == "order" {
		c.timeout = orderTimeout
	}
	counts := func(_ any, err error) bool { return err != nil && !errors.Is(err, context.Canceled) }
	c.breaker = circuitbreaker.NewBuilder[any]().HandleIf(counts).
		WithFailureThresholdRatio(10, 20).WithSuccessThreshold(3).WithDelay(reopenAfter).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) { c.guard.Changed(stateOf(e.OldState), stateOf(e.NewState)) }).Build()
	retry := retrypolicy.NewBuilder[any]().HandleIf(counts).WithMaxAttempts(attempts).Build()
	c.executor, c.bare = failsafe.With[any](c.breaker, retry), failsafe.With[any](retry)
	c.guard = admin.Add(shown{c})
	return c
}

// call runs f with one instance after the other until one answers.
func (c *caller) call(ctx context.Context, f func(ctx context.Context, in fleet.Instance) error) error {
	first := c.next.Add(1)
	way, err := c.way(ctx)
	if err == nil {
		err = c.through(ctx, way, first, f)
	}
	if ctx.Err() != nil {
		return ctx.Err() // whoever called us has left: that says nothing of them
	}
	if errors.Is(err, circuitbreaker.ErrOpen) {
		c.rejected.Add(1)
	}
	c.calls.add(err == nil)
	if err != nil {
		return fmt.Errorf("%s: %w", c.to, err)
	}
	return nil
}

// through makes the attempts of a call.
func (c *caller) through(ctx context.Context, way failsafe.Executor[any], first uint64, f func(ctx context.Context, in fleet.Instance) error) error {
	return way.RunWithExecution(func(e failsafe.Execution[any]) error {
		instances := c.known.Of(c.to)
		if len(instances) == 0 {
			return errNobody
		}
		attempt, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		return f(attempt, instances[(first+uint64(e.Attempts()))%uint64(len(instances))])
	})
}

// rest is a call over HTTP.
func (c *caller) rest(ctx context.Context, method, path, body string) error {
	return c.call(ctx, func(ctx context.Context, in fleet.Instance) error {
		return ask(ctx, c.web, method, "http://"+in.Addr+path, body)
	})
}

// ask sends one HTTP request; a status of 500 and above is an error.
func ask(ctx context.Context, web *http.Client, method, url, body string) error {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := web.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close() // read to its end or useless
	if answer.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("%w: %d", errStatus, answer.StatusCode)
	}
	return err
}

// place is a call of the order service over gRPC.
func (c *caller) place(ctx context.Context, order *structpb.Struct) error {
	return c.call(ctx, func(ctx context.Context, in fleet.Instance) error {
		conn, err := c.conn(in.Endpoints["grpc"])
		if err != nil {
			return err
		}
		return conn.Invoke(ctx, placeMethod, order, &structpb.Struct{})
	})
}

// conn keeps one connection an address.
func (c *caller) conn(addr string) (*grpc.ClientConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conns == nil {
		return nil, errClosed // a call that is still in flight must not leave one behind
	}
	if conn := c.conns[addr]; conn != nil {
		return conn, nil
	}
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: reopenAfter / 4, Multiplier: 1.6, MaxDelay: reopenAfter}, MinConnectTimeout: orderTimeout}))
	if err == nil {
		c.conns[addr] = conn
	}
	return conn, err
}

// reached says whether calls get through, as far as that is known.
func (c *caller) reached() (ok, known bool) {
	total, _ := c.calls.count()
	state := c.guard.State()
	return state != serve.Open && state != serve.ForcedOpen && !c.calls.failing(), total > 0
}

// close ends the connections.
func (c *caller) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close() // it was ours alone
	}
	c.conns = nil
}
