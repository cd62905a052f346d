package etcd_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// TestSeveralHosts reads from those that live.
func TestSeveralHosts(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	do(t, func(ctx context.Context) error { _, err := c.Put(ctx, "prod/a/x", "10.0.0.1:80"); return err })
	for _, hosts := range []string{addr + "," + freeAddr(t), freeAddr(t) + "," + addr, freeAddr(t) + "," + addr + "," + freeAddr(t)} {
		r := opened(t, "etcd://"+hosts+"/prod")
		registrytest.Eventually(t, 10*time.Second, "the living one of "+hosts+" answers", func() bool {
			set, err := r.List(t.Context())
			return err == nil && len(set.Services) == 1
		})
		sets, ended := watching(t, r)
		until(t, sets, ended, has(1))
	}
	_, err := opened(t, "etcd://"+freeAddr(t)+","+freeAddr(t)).List(t.Context())
	fails(t, err, registry.ReasonRefused, "connection refused", nil)
}

// TestUnixSocket reads through a socket of this machine.
func TestUnixSocket(t *testing.T) {
	addr := startEmbedded(t)
	path := filepath.Join(t.TempDir(), "etcd.sock")
	socket, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			near, err := socket.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", addr)
			if err != nil {
				_ = near.Close()
				continue
			}
			running.Go(func() { _, _ = io.Copy(far, near); _ = far.Close() })
			running.Go(func() { _, _ = io.Copy(near, far); _ = near.Close() })
		}
	})
	r := open(t, "etcd+unix://"+path, registry.Env{})
	if set := list(t, r); len(set.Services)+len(set.Warnings) != 0 {
		t.Errorf("got %+v", set)
	}
	_ = r.Close()
	_ = socket.Close()
	running.Wait()
}

// TestSilence lets the connection of a Watch fall silent: nothing says that it
// is dead, and still it is noticed.
func TestSilence(t *testing.T) {
	t.Parallel()
	addr := startEmbedded(t)
	proxy := registrytest.NewProxy(t, addr)
	r := opened(t, "etcd://"+proxy.Addr()+"?timeout=1s")
	sets, ended := watching(t, r)
	until(t, sets, ended, has(0))
	heal := proxy.Break(t, registrytest.Hang)
	defer heal()
	select {
	case err := <-ended:
		fails(t, err, registry.ReasonClosed, "the connection is lost", nil)
	case set := <-sets:
		t.Fatalf("the silence made a set: %+v", set)
	case <-time.After(40 * time.Second):
		t.Fatal("nobody noticed")
	}
}

// TestWatchIsList makes many changes in all layouts, and holds what Watch says
// in the end against what List does.
func TestWatchIsList(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	r := opened(t, "etcd://"+addr)
	watcher := opened(t, "etcd://"+addr)
	sets, ended := watching(t, watcher)
	until(t, sets, ended, has(0))
	const seed = 20
	random := rand.New(rand.NewPCG(seed, seed))
	for range 400 {
		n := random.IntN(12)
		key, value := anyEntry(random.IntN(7), n)
		do(t, func(ctx context.Context) error {
			var err error
			if random.IntN(3) == 0 {
				_, err = c.Delete(ctx, key)
			} else {
				_, err = c.Put(ctx, key, value)
			}
			return err
		})
	}
	want := list(t, r)
	if len(want.Services) < 5 || len(want.Warnings) == 0 {
		t.Fatalf("too little is left to say anything: %+v", want)
	}
	until(t, sets, ended, func(got registry.Set) bool { return reflect.DeepEqual(got, want) })
}

// anyEntry is an entry in one of the layouts, or one nobody can read.
func anyEntry(kind, n int) (key, value string) {
	at := fmt.Sprintf("10.0.%d.%d:80", kind, n)
	service := fmt.Sprintf("s%d", n%3)
	switch kind {
	case 0:
		return "naming-" + service + "/" + at, fmt.Sprintf(`{"Op":0,"Addr":%q,"Metadata":{"depends_on":"s%d"}}`, at, n)
	case 1:
		return "zero-" + service + fmt.Sprintf(".rpc/%d", n), at
	case 2:
		return "/services/kit-" + service + "/" + at, "http://" + at
	case 3:
		return "/microservices/kratos-" + service + "/" + at, fmt.Sprintf(`{"id":"i%d","name":"kratos-%s","endpoints":["http://%s"]}`, n, service, at)
	case 4:
		return "/micro/registry/micro-" + service + "/" + at, fmt.Sprintf(`{"name":"micro-%s","nodes":[{"id":"i%d","address":%q}]}`, service, n, at)
	case 5:
		return "kitex/registry-etcd/kitex-" + service + "/" + at, fmt.Sprintf(`{"network":"tcp","address":%q}`, at)
	}
	return fmt.Sprintf("foreign/%d/x", n), "?"
}

// TestRegisterRace registers many instances of one service at once.
func TestRegisterRace(t *testing.T) {
	addr := startEmbedded(t)
	r := opened(t, "etcd://"+addr+"/prod")
	const many = 20
	var all sync.WaitGroup
	errs := make([]error, many)
	for i := range many {
		all.Go(func() {
			e := registry.Entry{Service: "orders", TTL: time.Minute, Instance: fleet.Instance{ID: fmt.Sprintf("o-%02d", i), Addr: fmt.Sprintf("127.0.0.1:%d", 9000+i)}}
			k, err := r.Register(t.Context(), e)
			if err == nil {
				err = r.Heartbeat(t.Context(), k)
			}
			if err == nil && i%2 == 1 {
				err = r.Deregister(t.Context(), k)
			}
			errs[i] = err
		})
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("o-%02d: %v", i, err)
		}
	}
	set := list(t, r)
	if len(set.Services) != 1 || len(set.Services[0].Instances) != many/2 {
		t.Errorf("got %+v", set)
	}
}

// TestLeases looks at the leases themselves: each entry has one of its own, an
// entry without a TTL has none, and nothing is revoked.
func TestLeases(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	r := opened(t, "etcd://"+addr+"/prod")
	leaseOf := func(key string) (id clientv3.LeaseID, ttl int64) {
		do(t, func(ctx context.Context) error {
			got, err := c.Get(ctx, key)
			if err != nil || len(got.Kvs) == 0 || got.Kvs[0].Lease == 0 {
				return err
			}
			id = clientv3.LeaseID(got.Kvs[0].Lease)
			info, err := c.TimeToLive(ctx, id)
			if err == nil {
				ttl = info.GrantedTTL
			}
			return err
		})
		return id, ttl
	}
	register := func(id, at string, ttl time.Duration) fleet.Key {
		k, err := r.Register(t.Context(), registry.Entry{Service: "s", TTL: ttl, Instance: fleet.Instance{ID: id, Addr: at}})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	first := register("a", "127.0.0.1:1", 1500*time.Millisecond+30*time.Second)
	lease, ttl := leaseOf("prod/s/127.0.0.1:1")
	if lease == 0 || ttl != 32 {
		t.Errorf("a lease of %d s, want 31.5 rounded up", ttl)
	}
	register("b", "127.0.0.1:2", 0)
	if id, _ := leaseOf("prod/s/127.0.0.1:2"); id != 0 {
		t.Error("an entry for good hangs on a lease")
	}
	if err := r.Deregister(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	do(t, func(ctx context.Context) error {
		info, err := c.TimeToLive(ctx, lease)
		if err == nil && info.TTL <= 0 {
			err = fmt.Errorf("the lease was revoked")
		}
		return err
	})
	// The lease ends while its key is moved to another: the heartbeat follows the key.
	again := register("a", "127.0.0.1:1", time.Minute)
	do(t, func(ctx context.Context) error { _, err := c.Revoke(ctx, lease); return err })
	if err := r.Heartbeat(t.Context(), again); err != nil {
		t.Errorf("heartbeat: %v", err)
	}
	if moved, _ := leaseOf("prod/s/127.0.0.1:1"); moved == lease {
		t.Error("registered again, it hangs on the old lease")
	}
	if ids := strings.Join(instanceIDs(list(t, r)), " "); ids != "a b" {
		t.Errorf("left are %s", ids)
	}
}

// instanceIDs lists the ids of a set in order.
func instanceIDs(set registry.Set) (ids []string) {
	for _, s := range set.Services {
		for _, in := range s.Instances {
			ids = append(ids, in.ID)
		}
	}
	return ids
}
