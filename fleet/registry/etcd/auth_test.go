package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// withUser adds a user with rights below a prefix, and switches authentication
// on.
func withUser(t *testing.T, addr, user, prefix string) *clientv3.Client {
	t.Helper()
	far := newFarEnd(t, addr)
	do(t, func(ctx context.Context) error { _, err := far.root.RoleAdd(ctx, user); return err })
	do(t, func(ctx context.Context) error {
		_, err := far.root.RoleGrantPermission(ctx, user, prefix, clientv3.GetPrefixRangeEnd(prefix), clientv3.PermissionType(clientv3.PermReadWrite))
		return err
	})
	do(t, func(ctx context.Context) error { _, err := far.root.UserAdd(ctx, user, opsPassword); return err })
	do(t, func(ctx context.Context) error { _, err := far.root.UserGrantRole(ctx, user, user); return err })
	return far.root
}

// TestTokensAreRenewed restarts an etcd, which forgets all tokens it gave: who
// was logged in logs in again by itself.
func TestTokensAreRenewed(t *testing.T) {
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { s.Close() }()
	withUser(t, s.Addr(), "ops", "prod/")
	r := opened(t, "etcd://ops@"+s.Addr()+"/prod?password=env:OPS")
	entry := registry.Entry{Service: "orders", TTL: time.Minute, Instance: fleet.Instance{ID: "orders-1", Addr: "127.0.0.1:9101"}}
	k, err := r.Register(t.Context(), entry)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.Close()
		again, err := embedded.StartAt(t.Context(), s.Dir(), s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		s = again
		registrytest.Eventually(t, 10*time.Second, "it is read again", func() bool {
			set, err := r.List(t.Context())
			return err == nil && len(set.Services) == 1
		})
		if err := r.Heartbeat(t.Context(), k); err != nil {
			t.Errorf("heartbeat: %v", err)
		}
		sets, ended := watching(t, r)
		until(t, sets, ended, has(1))
	}
	if err := r.Deregister(t.Context(), k); err != nil {
		t.Error(err)
	}
}

// TestPasswordIsReadAgain corrects a wrong password: the next call asks for it
// anew.
func TestPasswordIsReadAgain(t *testing.T) {
	addr := startEmbedded(t)
	withUser(t, addr, "ops", "prod/")
	password := "not-" + opsPassword
	var asked int
	r := open(t, "etcd://ops@"+addr+"/prod?password=env:OPS", registry.Env{Secret: func(_ context.Context, ref fleet.SecretRef) (fleet.Secret, error) {
		asked++
		if ref.Env != "OPS" {
			t.Errorf("asked for %s", ref)
		}
		return fleet.NewSecret(password), nil
	}})
	defer func() { _ = r.Close() }()
	if asked != 0 {
		t.Error("the password was read before anybody asked for anything")
	}
	_, err := r.List(t.Context())
	fails(t, err, registry.ReasonAuth, "the password is wrong", fleet.ErrDenied)
	password = opsPassword
	for range 3 {
		if set := list(t, r); len(set.Services) != 0 {
			t.Errorf("got %+v", set)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

// TestRightsComeAndGo takes the user's rights and gives them back.
func TestRightsComeAndGo(t *testing.T) {
	addr := startEmbedded(t)
	root := withUser(t, addr, "ops", "prod/")
	r := opened(t, "etcd://ops@"+addr+"/prod?password=env:OPS")
	list(t, r)
	do(t, func(ctx context.Context) error { _, err := root.UserRevokeRole(ctx, "ops", "ops"); return err })
	_, err := r.List(t.Context())
	fails(t, err, registry.ReasonAuth, "permission denied to the user ops", fleet.ErrDenied)
	k := fleet.Key{Ref: fleet.Ref{Name: "orders"}, Instance: "orders-1"}
	for what, err := range map[string]error{
		"deregister": r.Deregister(t.Context(), k), "heartbeat": r.Heartbeat(t.Context(), k),
		"watch": r.Watch(t.Context(), func(registry.Set) error { return nil }),
	} {
		if !errors.Is(err, fleet.ErrDenied) || errors.Is(err, fleet.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	do(t, func(ctx context.Context) error { _, err := root.UserGrantRole(ctx, "ops", "ops"); return err })
	list(t, r)
}

// TestManyAtOnce opens, watches, reads and closes by many callers.
func TestManyAtOnce(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	do(t, func(ctx context.Context) error { _, err := c.Put(ctx, "prod/a/x", "10.0.0.1:80"); return err })
	r := open(t, "etcd://"+addr+"/prod", registry.Env{})
	var all sync.WaitGroup
	problems := make(chan string, 100)
	for i := range 12 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if i%3 == 0 {
				enough := errors.New("enough")
				if err := r.Watch(ctx, func(registry.Set) error { return enough }); !errors.Is(err, enough) {
					problems <- fmt.Sprintf("watch: %v", err)
				}
				return
			}
			for range 20 {
				if set, err := r.List(ctx); err != nil || len(set.Services) != 1 {
					problems <- fmt.Sprintf("list: %+v, %v", set, err)
				}
			}
		})
	}
	all.Wait()
	close(problems)
	for p := range problems {
		t.Error(p)
	}
	for range 3 {
		all.Go(func() { _ = r.Close() })
	}
	all.Wait()
	_, err := r.List(t.Context())
	fails(t, err, registry.ReasonClosed, "the registry was closed", nil)
	err = r.Watch(t.Context(), func(registry.Set) error { return nil })
	fails(t, err, registry.ReasonClosed, "the registry was closed", nil)
}
