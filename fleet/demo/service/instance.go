// Package service is one instance of one service of the demo: its servers, its
// work, its calls to others, what it shows of itself, and what can be wrong
// with it.
package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

// Spec says which instance of which service to run. The services are gateway,
// inventory, order, payment and user; another name answers health and metrics
// and has no work.
type Spec struct {
	Service   string
	ID        string
	Version   string
	DependsOn []string
}

// MetricsPath is where its metrics are. Inventory counts by hand, as services do
// that use no library for it: it has nothing for Prometheus.
func (s Spec) MetricsPath() string {
	if s.Service == "inventory" {
		return "/metrics.json"
	}
	return "/metrics"
}

// Instance is one copy of a service: an HTTP server, for orders a gRPC server
// too, its metrics, and its ways to the services it depends on. It is safe for
// concurrent use.
type Instance struct {
	Spec
	cond    *condition
	calls   window // business calls it answered
	metrics *metrics
	callers map[string]*caller
	store   *store // nil: it keeps nothing
	admin   serve.Server
	web     *http.Client

	httpAddr string // where it listens, also while it is crashed
	grpcAddr string // empty: it speaks no gRPC

	mu      sync.Mutex
	running func() // stops the servers; nil: they are stopped
}

// New starts an instance on ephemeral loopback ports. It finds others in known
// and keeps its service's database in dir.
func New(spec Spec, known *Directory, dir string) (*Instance, error) {
	in := &Instance{
		Spec: spec, cond: &condition{}, callers: map[string]*caller{},
		metrics: newMetrics(spec.Service, spec.Version, spec.Service == "order"),
		web:     &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}},
	}
	in.admin.Drains = true
	in.admin.DrainEffects = []string{"its own /health says DRAINING (503)", "its entry in the registry says draining"}
	for _, to := range spec.DependsOn {
		in.callers[to] = newCaller(to, known, in.web, &in.admin)
	}
	if spec.Service == "user" || spec.Service == "order" {
		db, err := openStore(dir, spec.Service)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", spec.ID, err)
		}
		in.store = db
	}
	if err := in.start(); err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// start listens and serves, at the addresses it had before if it had any.
// Twice is the same as once.
func (in *Instance) start() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.running != nil {
		return nil
	}
	web, err := listen(in.httpAddr)
	if err != nil {
		return fmt.Errorf("%s: %w", in.ID, err)
	}
	server := &http.Server{Handler: in.handler(), ReadHeaderTimeout: 5 * time.Second}
	stop := []func(){func() { _ = server.Close() }} // what is open is cut: there is nothing to save
	var serving sync.WaitGroup
	if in.httpAddr == "" {
		in.httpAddr = web.Addr().String()
	}
	if in.Service == "order" {
		raw, err := listen(in.grpcAddr)
		if err != nil {
			_ = web.Close()
			return fmt.Errorf("%s: %w", in.ID, err)
		}
		if in.grpcAddr == "" {
			in.grpcAddr = raw.Addr().String()
		}
		orders, state := newOrders(in)
		done := make(chan struct{})
		serving.Go(func() { _ = orders.Serve(raw) })
		serving.Go(func() { in.report(state, done) })
		stop = append(stop, orders.Stop, func() { close(done) })
	}
	serving.Go(func() { _ = server.Serve(web) })
	in.running = func() {
		for _, f := range stop {
			f()
		}
		serving.Wait()
	}
	return nil
}

// listen listens on a loopback address; without one on an ephemeral port.
func listen(addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	return (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
}

// stop closes the listeners and cuts what is open: from now on connections are
// refused.
func (in *Instance) stop() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.running != nil {
		in.running()
		in.running = nil
	}
}

// Addrs are where the instance listens, or did before it crashed. The second is
// empty where no gRPC is spoken.
func (in *Instance) Addrs() (web, grpc string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.httpAddr, in.grpcAddr
}

// Calls returns how many business calls the instance answered in the last ten
// seconds, and how many of them failed.
func (in *Instance) Calls() (total, failed int) { return in.calls.count() }

// Failing says whether so many of them failed that its health page does.
func (in *Instance) Failing() bool { return in.calls.failing() }

// Draining says whether somebody is taking the instance out of use. It answers
// whoever still calls, and says so in its health page.
func (in *Instance) Draining() bool { return in.admin.Draining() }

// Refuses says whether the instance's breaker to a service refuses calls.
func (in *Instance) Refuses(to string) bool {
	c := in.callers[to]
	return c != nil && (c.guard.State() == serve.Open || c.guard.State() == serve.ForcedOpen)
}

// Apply replaces what is wrong with the instance. A crashed one that is put
// right listens where it did before.
func (in *Instance) Apply(c Condition) error {
	in.cond.set(c)
	if c.Crash {
		in.stop()
		return nil
	}
	return in.start()
}

// Close frees everything.
func (in *Instance) Close() {
	in.stop()
	for _, c := range in.callers {
		c.close()
	}
	in.web.CloseIdleConnections()
	if in.store != nil {
		in.store.close()
	}
}

// report keeps the state that the gRPC health service shows up to date.
func (in *Instance) report(state *health.Server, done <-chan struct{}) {
	tick := time.NewTicker(windowSlot)
	defer tick.Stop()
	for {
		setServing(state, !in.calls.failing() && !in.Draining())
		select {
		case <-tick.C:
		case <-done:
			state.Shutdown()
			return
		}
	}
}

// errLeft is the outcome of a call whose caller did not wait for it.
var errLeft = errors.New("the caller has left")

// serve runs a business call as the instance's condition has it, and counts it.
// A call whose caller left says nothing of the instance and is errLeft.
func (in *Instance) serve(ctx context.Context, work func(ctx context.Context) error) error {
	defer in.admin.Enter()()
	err := in.cond.inject()
	if err == nil {
		err = work(ctx)
	}
	if ctx.Err() != nil {
		return errLeft
	}
	in.calls.add(err == nil)
	return err
}

// slow makes a gRPC call take as long as the instance's condition has it.
func (in *Instance) slow(ctx context.Context, question any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := in.cond.wait(ctx); err != nil {
		return nil, err
	}
	return handle(ctx, question)
}

// slowStream is slow for streams.
func (in *Instance) slowStream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if err := in.cond.wait(stream.Context()); err != nil {
		return err
	}
	return handle(server, stream)
}
