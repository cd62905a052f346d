package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// TestUnusualIDs registers instances under ids and addresses people really use
// and some they should not: what is taken is found again by the key that was
// returned, and can be kept alive and taken away by it.
func TestUnusualIDs(t *testing.T) {
	addr := startEmbedded(t)
	r := opened(t, "etcd://"+addr+"/prod")
	for _, e := range []registry.Entry{
		{Service: "orders", Instance: fleet.Instance{ID: "a/b/c", Addr: "h:1"}},
		{Service: "orders", Instance: fleet.Instance{ID: "/", Addr: "h:2"}},
		{Service: "orders", Instance: fleet.Instance{ID: "訂單-1 ü", Addr: "h:3"}},
		{Service: "orders", Instance: fleet.Instance{ID: "%2F", Addr: "h:4"}},
		{Service: "orders", Instance: fleet.Instance{ID: `"quoted"\`, Addr: "h:5"}},
		{Service: "orders", Instance: fleet.Instance{ID: strings.Repeat("long", 2500), Addr: "h:6"}},
		{Service: "orders", Instance: fleet.Instance{ID: "null", Addr: "h:7"}},
		{Service: "orders", Instance: fleet.Instance{ID: "[fe80::1%eth0]:80", Addr: "[fe80::1%eth0]:80"}},
		{Service: "orders", Instance: fleet.Instance{ID: "socket", Addr: "/run/100%/x.sock"}},
		{Service: "orders", Instance: fleet.Instance{Addr: "h:8", Labels: map[string]string{"id": "label"}}},
		{Service: "замовлення", Namespace: "läden/süd", Instance: fleet.Instance{ID: "x", Addr: "h:1"}},
		{Service: "services", Namespace: "services", Instance: fleet.Instance{ID: "x", Addr: "h:1"}},
	} {
		k, err := r.Register(t.Context(), e)
		if err != nil {
			t.Errorf("%s: %v", e.Instance.ID, err)
			continue
		}
		if want := e.Instance.ID; want != "" && k.Instance != want || k.Name != e.Service || k.Namespace != e.Namespace {
			t.Errorf("%s: the key is %s", want, k)
		}
		if ids := strings.Join(idsOf(list(t, r), k.Ref), " "); ids != k.Instance {
			t.Errorf("%s: there are %s", k, ids)
		}
		if err := r.Heartbeat(t.Context(), k); err != nil {
			t.Errorf("%s: heartbeat: %v", k, err)
		}
		if err := r.Deregister(t.Context(), k); err != nil {
			t.Errorf("%s: deregister: %v", k, err)
		}
		if err := r.Deregister(t.Context(), k); !errors.Is(err, fleet.ErrNotFound) {
			t.Errorf("%s: deregistered again: %v", k, err)
		}
		if left := list(t, r); len(left.Services)+len(left.Warnings) > 0 {
			t.Fatalf("%s: left over %+v", k, left)
		}
	}
}

// idsOf lists the ids of one service.
func idsOf(set registry.Set, ref fleet.Ref) (ids []string) {
	for _, s := range set.Services {
		if s.Ref == ref {
			for _, in := range s.Instances {
				ids = append(ids, in.ID)
			}
		}
	}
	return ids
}

// TestNotReadBack: an entry that would be read back as something else is not
// written. A namespace called like a library's prefix was once taken, and the
// key that was returned named nothing.
func TestNotReadBack(t *testing.T) {
	addr := startEmbedded(t)
	r := opened(t, "etcd://"+addr)
	in := fleet.Instance{ID: "x", Addr: "h:1"}
	for what, e := range map[string]registry.Entry{
		"a root of go-kit":       {Namespace: "services", Service: "orders", Instance: in},
		"a root of Kratos":       {Namespace: "microservices", Service: "orders", Instance: in},
		"a root of Kitex":        {Namespace: "kitex/registry-etcd", Service: "orders", Instance: in},
		"below a root":           {Namespace: "services/eu", Service: "orders", Instance: in},
		"half a character":       {Service: "orders", Instance: fleet.Instance{ID: "x\xff", Addr: "h:1"}},
		"half a character there": {Namespace: "a\xff", Service: "orders", Instance: in},
		"more than etcd takes":   {Service: "orders", Instance: fleet.Instance{ID: "x", Addr: "h:1", Labels: map[string]string{"long": strings.Repeat("x", 1<<21)}}},
	} {
		k, err := r.Register(t.Context(), e)
		if err == nil || len(err.Error()) > 1000 {
			t.Errorf("%s: %v, %.300v", what, k, err)
		}
		if what != "more than etcd takes" && !errors.Is(err, registry.ErrConfig) {
			t.Errorf("%s: %v is not the user's to correct", what, err)
		}
	}
	if set := list(t, r); len(set.Services)+len(set.Warnings) > 0 {
		t.Errorf("written all the same: %+v", set)
	}
	// Below a prefix of one's own these are names like any other.
	if _, err := opened(t, "etcd://"+addr+"/prod").Register(t.Context(), registry.Entry{Namespace: "services", Service: "orders", Instance: in}); err != nil {
		t.Error(err)
	}
}

// TestSharedLease: several keys on one lease, as some libraries write them.
// Taking one away, moving it or keeping it alive leaves the lease and the others
// alone.
func TestSharedLease(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	var lease clientv3.LeaseID
	do(t, func(ctx context.Context) error {
		granted, err := c.Grant(ctx, 60)
		if err == nil {
			lease = granted.ID
		}
		return err
	})
	for i := range 4 {
		do(t, func(ctx context.Context) error {
			_, err := c.Put(ctx, fmt.Sprintf("prod/orders/h:%d", i+1), fmt.Sprintf(`{"Op":0,"Addr":"h:%d","Metadata":{"id":"o-%d"}}`, i+1, i+1), clientv3.WithLease(lease))
			return err
		})
	}
	r := opened(t, "etcd://"+addr+"/prod")
	key := func(id string) fleet.Key { return fleet.Key{Ref: fleet.Ref{Name: "orders"}, Instance: id} }
	if err := r.Heartbeat(t.Context(), key("o-1")); err != nil {
		t.Error(err)
	}
	if err := r.Deregister(t.Context(), key("o-1")); err != nil {
		t.Error(err)
	}
	if _, err := r.Register(t.Context(), registry.Entry{Service: "orders", TTL: time.Minute, Instance: fleet.Instance{ID: "o-2", Addr: "h:22"}}); err != nil {
		t.Error(err)
	}
	if got := idsOf(list(t, r), fleet.Ref{Name: "orders"}); !slices.Equal(got, []string{"o-2", "o-3", "o-4"}) {
		t.Errorf("left are %v", got)
	}
	do(t, func(ctx context.Context) error {
		info, err := c.TimeToLive(ctx, lease, clientv3.WithAttachedKeys())
		if err == nil && (info.TTL <= 0 || len(info.Keys) != 2) {
			t.Errorf("the lease has %d s and %d keys", info.TTL, len(info.Keys))
		}
		return err
	})
}

// TestExpiry: an entry nobody keeps alive goes by itself, and Watch says so; one
// that is kept alive stays, and once it is gone its heartbeat says so.
func TestExpiry(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{"embedded": startEmbedded, "real": startReal} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			r := opened(t, "etcd://"+addr+"/prod")
			var keys []fleet.Key
			for _, id := range []string{"kept", "left"} {
				k, err := r.Register(t.Context(), registry.Entry{Service: id, TTL: time.Second, Instance: fleet.Instance{ID: id, Addr: "h:1"}})
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, k)
			}
			sets, ended := watching(t, opened(t, "etcd://"+addr+"/prod"))
			until(t, sets, ended, has(2))
			var seen registry.Set
			registrytest.Eventually(t, 20*time.Second, "the one that was left goes", func() bool {
				if err := r.Heartbeat(t.Context(), keys[0]); err != nil {
					t.Fatalf("the one that is kept: %v", err)
				}
				select {
				case seen = <-sets:
				case err := <-ended:
					t.Fatalf("Watch ended: %v", err)
				default:
				}
				return len(seen.Services) == 1
			})
			if got := idsOf(seen, fleet.Ref{Name: "kept"}); !slices.Equal(got, []string{"kept"}) {
				t.Errorf("left are %+v", seen)
			}
			err := r.Heartbeat(t.Context(), keys[1])
			fails(t, err, registry.ReasonNotFound, "holds no left/left", fleet.ErrNotFound)
			until(t, sets, ended, has(0))
			if set := list(t, r); len(set.Services) != 0 {
				t.Errorf("List still has %+v", set)
			}
		})
	}
}
