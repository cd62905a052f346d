package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// The users of a far end.
const (
	rootPassword = "root-0f1e2d3c"
	opsPassword  = "ops-4b5a6978"
)

// farEnd is a running etcd with authentication on. Each world on it has a
// prefix, a role and a user of its own.
type farEnd struct {
	addr   string
	root   *clientv3.Client
	worlds atomic.Int32
}

// newFarEnd switches authentication on.
func newFarEnd(t testing.TB, addr string) *farEnd {
	t.Helper()
	open := client(t, addr, "", "")
	for _, step := range []func(ctx context.Context) error{
		func(ctx context.Context) error { _, err := open.RoleAdd(ctx, "root"); return err },
		func(ctx context.Context) error { _, err := open.UserAdd(ctx, "root", rootPassword); return err },
		func(ctx context.Context) error { _, err := open.UserGrantRole(ctx, "root", "root"); return err },
		func(ctx context.Context) error { _, err := open.AuthEnable(ctx); return err },
	} {
		do(t, step)
	}
	return &farEnd{addr: addr, root: client(t, addr, "root", rootPassword)}
}

// client connects until the test ends.
func client(t testing.TB, addr, user, password string) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{"http://" + addr}, Username: user, Password: password, DialTimeout: 10 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// do runs a step on the far end, which has to work.
func do(t testing.TB, step func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := step(ctx); err != nil {
		t.Fatalf("the far end: %v", err)
	}
}

// put writes a key.
func (f *farEnd) put(t testing.TB, key, value string) {
	t.Helper()
	do(t, func(ctx context.Context) error { _, err := f.root.Put(ctx, key, value); return err })
}

// world makes a world on the far end.
func (f *farEnd) world(t testing.TB) registrytest.World {
	t.Helper()
	name := fmt.Sprintf("w%d", f.worlds.Add(1))
	prefix := name + "/"
	grant := func(ctx context.Context) error {
		_, err := f.root.RoleGrantPermission(ctx, name, prefix, clientv3.GetPrefixRangeEnd(prefix), clientv3.PermissionType(clientv3.PermReadWrite))
		return err
	}
	do(t, func(ctx context.Context) error { _, err := f.root.RoleAdd(ctx, name); return err })
	do(t, grant)
	do(t, func(ctx context.Context) error { _, err := f.root.UserAdd(ctx, name, opsPassword); return err })
	do(t, func(ctx context.Context) error { _, err := f.root.UserGrantRole(ctx, name, name); return err })
	seed := f.seed(t, prefix)
	proxy := registrytest.NewProxy(t, f.addr)
	return registrytest.World{
		Driver: etcd.Driver(),
		Open: func(t testing.TB, env registry.Env) registry.Registry {
			return open(t, fmt.Sprintf("etcd://%s@%s/%s?password=env:OPS", name, proxy.Addr(), name), env)
		},
		Seed: seed,
		Put:  func(t testing.TB, s fleet.Service) { f.replace(t, prefix, s) },
		Drop: func(t testing.TB, r fleet.Ref) { f.replace(t, prefix, fleet.Service{Ref: r}) },
		Unreadable: func(t testing.TB) string {
			f.put(t, prefix+"broken/10.0.0.1:80", `{"Op":0,"Addr":`)
			return "broken/10.0.0.1:80"
		},
		Break: func(t testing.TB, how registrytest.Fault) func() {
			if how != registrytest.Deny {
				return proxy.Break(t, how)
			}
			do(t, func(ctx context.Context) error {
				_, err := f.root.RoleRevokePermission(ctx, name, prefix, clientv3.GetPrefixRangeEnd(prefix))
				return err
			})
			return func() { do(t, grant) }
		},
		Secret: opsPassword,
		TTL:    time.Second,
		Burst:  300,
	}
}

// seed writes services in four layouts and says how they are to be read.
func (f *farEnd) seed(t testing.TB, prefix string) []fleet.Service {
	t.Helper()
	for key, value := range map[string]string{
		"orders/127.0.0.1:9101":         `{"Op":0,"Addr":"127.0.0.1:9101","Metadata":{"version":"2.4.1","weight":"3","depends_on":"payment, user.rpc"}}`,
		"orders/127.0.0.1:9111":         `{"Op":0,"Addr":"127.0.0.1:9111","Metadata":null}`,
		"payment/127.0.0.1:9102":        `{"Op":0,"Addr":"127.0.0.1:9102","Metadata":{"id":"payment-2","zone":"b","endpoints":{"grpc":"127.0.0.1:9202"}}}`,
		"staging/orders/127.0.0.1:9301": `{"Op":0,"Addr":"127.0.0.1:9301","Metadata":{}}`,
		"user.rpc/7587870401234567":     `127.0.0.1:9401`,
		"shop/shop-1":                   `{"id":"shop-1","name":"shop","version":"1.0","metadata":{"zone":"a"},"endpoints":["http://127.0.0.1:9501?isSecure=false"]}`,
	} {
		f.put(t, prefix+key, value)
	}
	return []fleet.Service{
		{Ref: fleet.Ref{Name: "orders"}, DependsOn: []string{"payment", "user.rpc"}, Instances: []fleet.Instance{
			{ID: "127.0.0.1:9101", Addr: "127.0.0.1:9101", Version: "2.4.1", Weight: 3, Labels: map[string]string{"version": "2.4.1", "weight": "3", "depends_on": "payment, user.rpc"}},
			{ID: "127.0.0.1:9111", Addr: "127.0.0.1:9111"},
		}},
		{Ref: fleet.Ref{Namespace: "staging", Name: "orders"}, Instances: []fleet.Instance{{ID: "127.0.0.1:9301", Addr: "127.0.0.1:9301"}}},
		{Ref: fleet.Ref{Name: "payment"}, Instances: []fleet.Instance{
			{ID: "payment-2", Addr: "127.0.0.1:9102", Zone: "b", Labels: map[string]string{"zone": "b"}, Endpoints: map[string]string{"grpc": "127.0.0.1:9202"}},
		}},
		{Ref: fleet.Ref{Name: "shop"}, Instances: []fleet.Instance{
			{ID: "shop-1", Addr: "127.0.0.1:9501", Zone: "a", Version: "1.0", Labels: map[string]string{"zone": "a", "scheme": "http"}, Endpoints: map[string]string{"http": "127.0.0.1:9501"}},
		}},
		{Ref: fleet.Ref{Name: "user.rpc"}, Instances: []fleet.Instance{{ID: "127.0.0.1:9401", Addr: "127.0.0.1:9401", Endpoints: map[string]string{"grpc": "127.0.0.1:9401"}}}},
	}
}

// replace makes a service what is given, in one transaction.
func (f *farEnd) replace(t testing.TB, prefix string, s fleet.Service) {
	t.Helper()
	below := prefix + s.Name + "/"
	if s.Namespace != "" {
		below = prefix + s.Namespace + "/" + s.Name + "/"
	}
	do(t, func(ctx context.Context) error {
		got, err := f.root.Get(ctx, below, clientv3.WithPrefix(), clientv3.WithKeysOnly())
		if err != nil {
			return err
		}
		wanted := map[string]bool{}
		var ops []clientv3.Op
		for _, in := range s.Instances {
			value, err := layout.Encode(in)
			if err != nil {
				return err
			}
			wanted[below+in.Addr] = true
			ops = append(ops, clientv3.OpPut(below+in.Addr, value))
		}
		for _, kv := range got.Kvs {
			if !wanted[string(kv.Key)] {
				ops = append(ops, clientv3.OpDelete(string(kv.Key)))
			}
		}
		if len(ops) == 0 {
			return nil
		}
		_, err = f.root.Txn(ctx).Then(ops...).Commit()
		return err
	})
}

// open opens a registry from its URL.
func open(t testing.TB, text string, env registry.Env) registry.Registry {
	t.Helper()
	r, err := tryOpen(text, env)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tryOpen opens a registry from its URL, or says why not.
func tryOpen(text string, env registry.Env) (registry.Registry, error) {
	loc, err := registry.ParseLocation(text)
	if err != nil {
		return nil, err
	}
	driver := etcd.Driver()
	options := driver.NewOptions()
	if err := registry.Decode(options, loc.Values()); err != nil {
		return nil, err
	}
	return driver.Open(context.Background(), loc, options, env)
}

// startEmbedded runs an etcd in the process.
func startEmbedded(t testing.TB) string {
	t.Helper()
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s.Addr()
}

// startReal runs the etcd of this machine on ports that were free a moment
// ago.
func startReal(t testing.TB) string {
	t.Helper()
	addr := runReal(t, "http")
	c := client(t, addr, "", "")
	registrytest.Eventually(t, 20*time.Second, "the real etcd answers", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := c.Get(ctx, "health")
		return err == nil
	})
	return addr
}

// runReal runs the etcd of this machine with more flags, and returns once its
// client port accepts.
func runReal(t testing.TB, scheme string, flags ...string) string {
	t.Helper()
	path, err := exec.LookPath("etcd")
	if err != nil {
		registrytest.Missing(t, "registry/etcd", "there is no etcd on the PATH")
	}
	clientAddr, peerAddr := freeAddr(t), freeAddr(t)
	said := &strings.Builder{}
	cmd := exec.Command(path, append(flags, "--name", "suite", "--data-dir", t.TempDir(),
		"--listen-client-urls", scheme+"://"+clientAddr, "--advertise-client-urls", scheme+"://"+clientAddr,
		"--listen-peer-urls", "http://"+peerAddr, "--initial-advertise-peer-urls", "http://"+peerAddr,
		"--initial-cluster", "suite=http://"+peerAddr, "--heartbeat-interval", "10", "--election-timeout", "50", "--bcrypt-cost", "4")...)
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
	})
	registrytest.Eventually(t, 20*time.Second, "the real etcd listens", func() bool {
		select {
		case err := <-done:
			done <- err
			t.Fatalf("the real etcd ended: %v\n%s", err, said.String())
		default:
		}
		conn, err := net.Dial("tcp", clientAddr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return clientAddr
}

// freeAddr is a loopback address nobody listens on.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// fails holds an error against what it has to say.
func fails(t testing.TB, err error, reason fleet.Reason, detail string, is error) {
	t.Helper()
	var said *fleet.Error
	if !errors.As(err, &said) {
		t.Errorf("got %v (%T), want a *fleet.Error", err, err)
		return
	}
	if said.Reason != reason || !strings.Contains(said.Detail, detail) || is != nil && !errors.Is(err, is) {
		t.Errorf("got %q: %q (%v)\nwant %q: %q (%v)", said.Reason, said.Detail, said.Err, reason, detail, is)
	}
}
