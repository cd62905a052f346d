// Package demo is a real little fleet in one process, all of it on loopback: an
// etcd, and five services of eleven instances that register there with a lease,
// call each other over REST and gRPC through circuit breakers, keep orders and
// users in SQLite, show health and metrics, and are under a steady load.
//
//	gateway (2) -> user (2), order (2)      order -> user, inventory (2), payment (3)
//
// Things can be made to go wrong (ParseFault). What a check then says:
//
//	payment#2:hang            payment-2 is down (timeout), order and gateway are victims: 1
//	inventory#1:crash         inventory-1 is down (refused), order and gateway are victims: 1
//	payment:errors=40%        every payment is down (its /health answers 503), order and gateway are victims: 1
//	payment:errors=90%        the same, and order's breakers to payment open within some two seconds
//	payment:errors=15%        up: a health page fails above 20%: 0
//	order#2:latency=800ms     up: its /health takes 0.8 s, slow begins above 1 s: 0
//	order#2:latency=1500ms    order-2 is degraded (slow): 0, and 1 with --fail-on degraded
//	order#2:latency=3s        order-2 is down (timeout), gateway is a victim: 1
//
// Callers try up to three instances of a dependency, each for a short time
// only, so that one bad instance costs them time and not their health.
//
// Every service shows its breakers at its own port, and takes orders for them
// and for being drained, by the contract of docs/breaker-api.md: its entry in
// the registry says profile=midwatch. What is ordered acts on the calls. A
// drained instance says DRAINING at /health and in its entry, and callers leave
// it out.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/demo/service"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
)

// prefix is where in etcd the fleet registers.
const prefix = "/demo"

// defaultRate is how many calls a second the gateways get.
const defaultRate = 20

// Options say what kind of fleet to start. The zero value is a fleet that is
// well.
type Options struct {
	Faults []Fault
	Rate   int    // calls a second at the gateways; 0: 20
	Dir    string // where its data goes, into a folder of its own that Close removes; empty: the system's folder for such
}

// Fleet is a running fleet. It is safe for concurrent use.
type Fleet struct {
	URL      string // of its registry: etcd://127.0.0.1:PORT/demo
	AdminURL string // of its admin API: http://127.0.0.1:PORT

	dir      string
	etcd     *embedded.Server
	registry registry.Registry
	known    *service.Directory
	members  []member // by service, then by number
	admins   *http.Server

	stopLoad    context.CancelFunc
	loading     sync.WaitGroup
	stopSupport context.CancelFunc // heartbeats, the directory, the admin API
	supporting  sync.WaitGroup

	mu     sync.Mutex
	faults []Fault // in force, in the order they were set
	closed bool
}

// Start starts a fleet. It returns once everything listens and is registered;
// Settle waits until load and faults show. A ctx that ends earlier ends the
// start, and nothing else: Close ends the fleet.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	dir, err := os.MkdirTemp(o.Dir, "midwatch-demo-")
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	f := &Fleet{dir: dir, known: &service.Directory{}}
	if err := f.start(ctx, o); err != nil {
		f.Close()
		return nil, fmt.Errorf("demo: %w", err)
	}
	return f, nil
}

// start starts the parts, in the order in which they need each other.
func (f *Fleet) start(ctx context.Context, o Options) error {
	if err := f.startRegistry(ctx); err != nil {
		return err
	}
	support, stop := context.WithCancel(context.WithoutCancel(ctx))
	f.stopSupport = stop
	f.supporting.Go(func() { f.known.Follow(support, f.registry) })
	for _, p := range plan() {
		for n := 1; n <= p.instances; n++ {
			in, err := service.New(service.Spec{Service: p.name, ID: p.id(n), Version: p.version, DependsOn: p.dependsOn}, f.known, f.dir)
			if err != nil {
				return err
			}
			f.members = append(f.members, member{in, n})
		}
	}
	for _, fault := range o.Faults {
		if err := f.SetFault(fault); err != nil {
			return err
		}
	}
	if err := f.register(ctx, support); err != nil {
		return err
	}
	if err := f.startAdmin(); err != nil {
		return err
	}
	rate := o.Rate
	if rate <= 0 {
		rate = defaultRate
	}
	loading, stopLoad := context.WithCancel(context.WithoutCancel(ctx))
	f.stopLoad = stopLoad
	f.loading.Go(func() { service.Load(loading, f.known, rate) })
	return nil
}

// startRegistry starts the etcd and opens it as a registry.
func (f *Fleet) startRegistry(ctx context.Context) error {
	data := filepath.Join(f.dir, "etcd")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	server, err := embedded.Start(ctx, data)
	if err != nil {
		return err
	}
	f.etcd, f.URL = server, server.URL()+prefix
	loc, err := registry.ParseLocation(f.URL)
	if err != nil {
		return err
	}
	driver := etcd.Driver()
	f.registry, err = driver.Open(ctx, loc, driver.NewOptions(), registry.Env{
		UserAgent: "midwatch-demo", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	return err
}

// register registers every instance and keeps it so while support lasts.
func (f *Fleet) register(ctx, support context.Context) error {
	registrar, ok := registry.As[registry.Registrar](f.registry)
	if !ok {
		return errors.New("its registry cannot register")
	}
	errs := make([]error, len(f.members))
	var all sync.WaitGroup
	for i, m := range f.members {
		all.Go(func() {
			k, err := registrar.Register(ctx, m.entry())
			if errs[i] = err; err == nil {
				f.supporting.Go(func() { m.beat(support, registrar, k) })
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// startAdmin serves the admin API.
func (f *Fleet) startAdmin() error {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f.AdminURL = "http://" + listener.Addr().String()
	f.admins = &http.Server{Handler: f.admin(), ReadHeaderTimeout: 5 * time.Second}
	f.supporting.Go(func() { _ = f.admins.Serve(listener) })
	return nil
}

// Faults lists what is in force, in the order it was set.
func (f *Fleet) Faults() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.faults)
}

// SetFault makes something go wrong from now on. A fault of the same kind at
// the same place is replaced.
func (f *Fleet) SetFault(fault Fault) error {
	return f.change(fault, func(at int) []Fault {
		if at >= 0 {
			f.faults[at] = fault
			return f.faults
		}
		return append(f.faults, fault)
	})
}

// LiftFault puts right what a fault of this kind made wrong at this place;
// fleet.ErrNotFound where none is in force.
func (f *Fleet) LiftFault(fault Fault) error {
	missing := false
	err := f.change(fault, func(at int) []Fault {
		if missing = at < 0; missing {
			return f.faults
		}
		return slices.Delete(f.faults, at, at+1)
	})
	if err == nil && missing {
		return &fleet.Error{Reason: registry.ReasonNotFound, Detail: fmt.Sprintf("no fault %s is in force", fault), Err: fleet.ErrNotFound}
	}
	return err
}

// change replaces the faults and applies them. Edit is told where a fault of
// the same kind stands, or -1.
func (f *Fleet) change(fault Fault, edit func(at int) []Fault) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errors.New("the fleet was closed")
	}
	f.faults = edit(slices.IndexFunc(f.faults, func(x Fault) bool {
		return x.Service == fault.Service && x.Instance == fault.Instance && x.Kind == fault.Kind
	}))
	var errs []error
	for _, m := range f.members {
		if fault.hits(m.Service, m.n) {
			errs = append(errs, m.Apply(f.condition(m)))
		}
	}
	return errors.Join(errs...)
}

// condition is what the faults make of an instance; of several of one kind the
// last counts. The caller holds the lock.
func (f *Fleet) condition(m member) (c service.Condition) {
	for _, fault := range f.faults {
		if !fault.hits(m.Service, m.n) {
			continue
		}
		switch fault.Kind {
		case Errors:
			c.Errors = fault.Rate
		case Latency:
			c.Latency = fault.Latency
		case Hang:
			c.Hang = true
		case Crash:
			c.Crash = true
		}
	}
	return c
}

// Close stops the fleet, waits until nothing of it runs, and removes its data.
// Twice is the same as once.
func (f *Fleet) Close() {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return
	}
	f.closed = true
	f.mu.Unlock()
	if f.stopLoad != nil {
		f.stopLoad()
	}
	f.loading.Wait()
	if f.admins != nil {
		_ = f.admins.Close() // nobody's work is lost
	}
	if f.stopSupport != nil {
		f.stopSupport()
	}
	f.supporting.Wait()
	for _, m := range f.members {
		m.Close()
	}
	if f.registry != nil {
		_ = f.registry.Close() // its server goes next
	}
	if f.etcd != nil {
		f.etcd.Close()
	}
	_ = os.RemoveAll(f.dir) // what is left is in the system's folder for such
}
