package memory_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/memory"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

func TestMain(m *testing.M) { registrytest.Main(m) }

// claims makes a pointer to a status.
func claims(s fleet.Status) *fleet.Status { return &s }

// seed is what a fresh world holds.
func seed() []fleet.Service {
	instance := func(id, addr string, claim fleet.Status) fleet.Instance {
		return fleet.Instance{ID: id, Addr: addr, Zone: "a", Version: "1.0", Weight: 3, Claimed: claims(claim), Labels: map[string]string{"k": "v"}}
	}
	return []fleet.Service{
		{Ref: fleet.Ref{Name: "order"}, DependsOn: []string{"payment"}, Instances: []fleet.Instance{instance("o-1", "10.0.0.1:80", fleet.Up), instance("o-2", "10.0.0.2:80", fleet.Down)}},
		{Ref: fleet.Ref{Name: "payment"}, Labels: map[string]string{"team": "pay"}, Instances: []fleet.Instance{instance("p-1", "10.0.1.1:80", fleet.Up)}},
		{Ref: fleet.Ref{Namespace: "shop", Name: "order"}, Instances: []fleet.Instance{instance("s-1", "[fd00::1]:80", fleet.Degraded)}},
	}
}

// gate plays a fault.
func gate(how registrytest.Fault) func(context.Context) error {
	var calls atomic.Int64
	return func(ctx context.Context) error {
		n := calls.Add(1)
		switch how {
		case registrytest.Hang:
			<-ctx.Done()
			return ctx.Err()
		case registrytest.HalfCalls:
			if n%2 == 0 {
				return nil
			}
			return syscall.ECONNRESET
		case registrytest.HalfAnswer:
			return io.ErrUnexpectedEOF
		case registrytest.Garbage:
			return errors.New("not our protocol")
		case registrytest.Deny:
			return fmt.Errorf("no token: %w", fleet.ErrDenied)
		case registrytest.Refuse:
		}
		return syscall.ECONNREFUSED
	}
}

// world is a fresh store.
func world(testing.TB) registrytest.World {
	store := memory.NewStore()
	for _, svc := range seed() {
		store.Put(svc)
	}
	want := seed()
	registry.Sort(want)
	return registrytest.World{
		Driver: memory.Driver(),
		Open:   func(testing.TB, registry.Env) registry.Registry { return store.Open() },
		Seed:   want,
		Put:    func(_ testing.TB, s fleet.Service) { store.Put(s) },
		Drop:   func(_ testing.TB, r fleet.Ref) { store.Drop(r) },
		Unreadable: func(testing.TB) string {
			store.Warn(fleet.Warning{Where: "order/o-9", Detail: "not an address"})
			return "order/o-9"
		},
		Break:  func(_ testing.TB, how registrytest.Fault) func() { return store.Break(gate(how)) },
		TTL:    200 * time.Millisecond,
		Cannot: map[registrytest.Hand]string{registrytest.HandSecret: "nobody to authenticate to"},
	}
}

func TestConformance(t *testing.T) { registrytest.Run(t, world) }

func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := memory.NewStore().Open()
		ctx := t.Context()
		k, err := c.Register(ctx, registry.Entry{Service: "a", Instance: fleet.Instance{Addr: "h:1"}, TTL: 10 * time.Second})
		if err != nil || k.Instance != "h:1" {
			t.Fatal(k, err)
		}
		count := func() int {
			set, err := c.List(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return len(set.Services)
		}
		<-time.After(9 * time.Second)
		if err := c.Heartbeat(ctx, k); err != nil || count() != 1 {
			t.Fatal(err, count())
		}
		<-time.After(9 * time.Second)
		synctest.Wait()
		if count() != 1 {
			t.Fatal("gone in spite of its heartbeat")
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if count() != 0 {
			t.Fatal("still there after its lease")
		}
		if err := c.Heartbeat(ctx, k); !errors.Is(err, fleet.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

func TestCopies(t *testing.T) {
	store := memory.NewStore()
	mine := seed()[0]
	store.Put(mine)
	mine.Instances[0].Labels["k"] = "changed"
	c := store.Open()
	set, err := c.List(t.Context())
	if err != nil || set.Services[0].Instances[0].Labels["k"] != "v" {
		t.Fatalf("the store saw a change of the caller's: %+v, %v", set, err)
	}
	set.Services[0].Instances[0].Labels["k"], *set.Services[0].Instances[0].Claimed = "changed", fleet.Down
	again, _ := c.List(t.Context())
	if in := again.Services[0].Instances[0]; in.Labels["k"] != "v" || *in.Claimed != fleet.Up {
		t.Fatalf("the store saw a change of a reader's: %+v", in)
	}
}

func TestDriverOpens(t *testing.T) {
	r, err := memory.Driver().Open(t.Context(), registry.Location{Scheme: "memory"}, &memory.Options{}, registry.Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if set, err := r.List(t.Context()); err != nil || len(set.Services) != 0 {
		t.Fatal(set, err)
	}
}
