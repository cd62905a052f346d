package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/endpoints"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

// list reads the set, which has to work.
func list(t testing.TB, r registry.Registry) registry.Set {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	set, err := r.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// opened opens a registry until the test ends.
func opened(t testing.TB, url string) *etcd.Registry {
	t.Helper()
	r := open(t, url, registry.Env{Secret: func(context.Context, fleet.SecretRef) (fleet.Secret, error) { return fleet.NewSecret(opsPassword), nil }})
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r.(*etcd.Registry)
}

func TestOpenRefuses(t *testing.T) {
	for url, want := range map[string]string{
		"etcd://":                               "names no host",
		"etcd://ops@127.0.0.1:1":                "the user ops has no password",
		"etcd://127.0.0.1:1?password=env:X":     "there is no user",
		"etcd://127.0.0.1:1?layout=kratso":      "did you mean kratos?",
		"etcd://127.0.0.1:1?timeout=0s":         "must be longer than nothing",
		"etcd://127.0.0.1:1?ca=/none/ca.pem":    "option ca: no file",
		"etcd://ops@127.0.0.1:1?password=hush":  "by reference only",
		"etcd://ops:hush@127.0.0.1:1":           "a password in a URL is refused",
		"etcd://127.0.0.1:1?prefix=/x":          `"prefix" is not known`,
		"etcd://127.0.0.1:1?cert=/none/own.pem": "one is given without the other",
	} {
		r, err := tryOpen(url, registry.Env{})
		if err == nil {
			_ = r.Close()
		}
		if !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	loc, _ := registry.ParseLocation("etcd://127.0.0.1:1")
	if _, err := etcd.Driver().Open(t.Context(), loc, &struct{}{}, registry.Env{}); !errors.Is(err, registry.ErrConfig) {
		t.Errorf("foreign options: %v", err)
	}
}

func TestOutOfReach(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	for _, c := range []struct {
		url    string
		reason fleet.Reason
		detail string
	}{
		{"etcd://" + freeAddr(t), registry.ReasonRefused, "connection refused"},
		{"etcd://" + silent.Addr().String() + "?timeout=200ms", registry.ReasonTimeout, "no answer"},
		{"etcd://no-such-host.invalid:2379", registry.ReasonResolve, "does not resolve"},
		{"etcd+unix:///none/etcd.sock", "", "none/etcd.sock"},
	} {
		r := opened(t, c.url)
		began := time.Now()
		set, err := r.List(t.Context())
		if err == nil || len(set.Services) > 0 || time.Since(began) > 3*time.Second {
			t.Errorf("%s: %+v, %v after %v", c.url, set, err, time.Since(began))
			continue
		}
		if c.reason != "" {
			fails(t, err, c.reason, c.detail, nil)
		}
		if err := r.Watch(t.Context(), func(registry.Set) error { t.Error("a set from nowhere"); return nil }); err == nil {
			t.Errorf("%s: Watch returned no error", c.url)
		}
	}
}

func TestDenied(t *testing.T) {
	far := newFarEnd(t, startEmbedded(t))
	far.world(t) // user and role w1
	for url, want := range map[string]string{
		"etcd://" + far.addr + "/w1":                             "it wants a user",
		"etcd://w1@" + far.addr + "/other?password=env:X":        "permission denied to the user w1",
		"etcd://w1@" + far.addr + "?password=env:X":              "permission denied to the user w1",
		"etcd://root@" + far.addr + "/w1?password=env:X":         "the user root is not known or the password is wrong",
		"etcd://stranger@" + far.addr + "/w1?password=file:none": "the user stranger is not known or the password is wrong",
	} {
		r := opened(t, url)
		_, err := r.List(t.Context())
		fails(t, err, registry.ReasonAuth, want, fleet.ErrDenied)
		_, err = r.Register(t.Context(), registry.Entry{Service: "s", Instance: fleet.Instance{Addr: "127.0.0.1:80"}})
		fails(t, err, registry.ReasonAuth, "", fleet.ErrDenied)
		if strings.Contains(fmt.Sprintf("%+v", err), opsPassword) {
			t.Errorf("%s: the password shows in %+v", url, err)
		}
	}
	if set := list(t, opened(t, "etcd://w1@"+far.addr+"/w1?password=env:X")); len(set.Services) == 0 {
		t.Error("with the right user there is nothing")
	}
	r := open(t, "etcd://w1@"+far.addr+"/w1?password=env:X", registry.Env{Secret: func(context.Context, fleet.SecretRef) (fleet.Secret, error) {
		return fleet.Secret{}, &fleet.Error{Reason: "secret", Detail: "X is not set"}
	}})
	defer func() { _ = r.Close() }()
	_, err := r.List(t.Context())
	fails(t, err, "secret", "X is not set", nil)
}

func TestPages(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	const services, each = 25, 100
	for i := range services {
		var ops []clientv3.Op
		for j := range each {
			at := fmt.Sprintf("10.0.%d.%d:80", i, j)
			ops = append(ops, clientv3.OpPut(fmt.Sprintf("many/s%02d/%s", i, at), fmt.Sprintf(`{"Op":0,"Addr":%q}`, at)))
		}
		do(t, func(ctx context.Context) error { _, err := c.Txn(ctx).Then(ops...).Commit(); return err })
	}
	set := list(t, opened(t, "etcd://"+addr+"/many"))
	if len(set.Services) != services || len(set.Warnings) > 0 {
		t.Fatalf("%d services, warnings %v", len(set.Services), set.Warnings)
	}
	for _, s := range set.Services {
		if len(s.Instances) != each || !slices.IsSortedFunc(s.Instances, func(a, b fleet.Instance) int { return strings.Compare(a.ID, b.ID) }) {
			t.Errorf("%s has %d instances, or not in order", s.Ref, len(s.Instances))
		}
	}
}

func TestWarnings(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	put := func(key, value string) {
		do(t, func(ctx context.Context) error { _, err := c.Put(ctx, key, value); return err })
	}
	put("/services/orders/a", "10.0.0.1:80")
	set := list(t, opened(t, "etcd://"+addr+"/services"))
	want := fmt.Sprintf("no key starts with it, but 1 with /services/: write etcd://%s//services", addr)
	if len(set.Warnings) != 1 || set.Warnings[0].Detail != want {
		t.Errorf("a forgotten slash: %+v", set.Warnings)
	}
	if set := list(t, opened(t, "etcd://"+addr+"//services")); len(set.Services) != 1 || len(set.Warnings) > 0 {
		t.Errorf("with two slashes: %+v", set)
	}
	put("services/orders/b", "10.0.0.1:80")
	set = list(t, opened(t, "etcd://"+addr))
	if len(set.Services) != 1 || len(set.Services[0].Instances) != 1 || len(set.Warnings) != 1 || !strings.Contains(set.Warnings[0].Detail, "is the instance 10.0.0.1:80 already") {
		t.Errorf("an instance twice: %+v", set)
	}
	for i := range 80 {
		put(fmt.Sprintf("foreign/kind/%d", i), "{}")
	}
	set = list(t, opened(t, "etcd://"+addr))
	if last := set.Warnings[len(set.Warnings)-1]; len(set.Warnings) != 51 || !strings.Contains(last.Detail, "31 more keys cannot be read") {
		t.Errorf("%d warnings, the last %+v", len(set.Warnings), last)
	}
	if set := list(t, opened(t, "etcd://"+addr+"/nothing/here")); len(set.Services)+len(set.Warnings) > 0 {
		t.Errorf("nothing there: %+v", set)
	}
}

// TestOfficialClientReads shows that what we write is gRPC's naming form.
func TestOfficialClientReads(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	r := opened(t, "etcd://"+addr+"/prod")
	entry := registry.Entry{
		Namespace: "shop", Service: "orders", TTL: time.Minute,
		Instance: fleet.Instance{ID: "orders-1", Addr: "127.0.0.1:9101", Zone: "b", Labels: map[string]string{"depends_on": "payment"}},
	}
	k, err := r.Register(t.Context(), entry)
	if err != nil || k != (fleet.Key{Ref: fleet.Ref{Namespace: "shop", Name: "orders"}, Instance: "orders-1"}) {
		t.Fatalf("%+v, %v", k, err)
	}
	manager, err := endpoints.NewManager(c, "prod/shop/orders")
	if err != nil {
		t.Fatal(err)
	}
	got, err := manager.List(t.Context())
	if err != nil || len(got) != 1 || got["prod/shop/orders/127.0.0.1:9101"].Addr != "127.0.0.1:9101" {
		t.Errorf("the official client reads %+v, %v", got, err)
	}
	if err := manager.AddEndpoint(t.Context(), "prod/shop/orders/x", endpoints.Endpoint{Addr: "127.0.0.1:9111", Metadata: map[string]string{"version": "2"}}); err != nil {
		t.Fatal(err)
	}
	set := list(t, r)
	if len(set.Services) != 1 || len(set.Services[0].Instances) != 2 || set.Services[0].Instances[0].Version != "2" || !slices.Equal(set.Services[0].DependsOn, []string{"payment"}) {
		t.Errorf("we read %+v", set)
	}
}

func TestRegisterMoves(t *testing.T) {
	addr := startEmbedded(t)
	r := opened(t, "etcd://"+addr+"/prod")
	e := registry.Entry{Service: "orders", TTL: time.Minute, Instance: fleet.Instance{ID: "orders-1", Addr: "127.0.0.1:9101"}}
	for _, at := range []string{"127.0.0.1:9101", "127.0.0.1:9102", "/run/orders.sock", "[::1]:9103"} {
		e.Instance.Addr = at
		if _, err := r.Register(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		set := list(t, r)
		if len(set.Services) != 1 || len(set.Services[0].Instances) != 1 || set.Services[0].Instances[0].Addr != at {
			t.Errorf("moved to %s: %+v", at, set)
		}
	}
	for what, bad := range map[string]registry.Entry{
		"no name":          {Instance: e.Instance},
		"a slash":          {Service: "a/b", Instance: e.Instance},
		"a control":        {Service: "a\nb", Instance: e.Instance},
		"a bad namespace":  {Service: "a", Namespace: "x//y", Instance: e.Instance},
		"a negative ttl":   {Service: "a", Instance: e.Instance, TTL: -1},
		"no address":       {Service: "a"},
		"a bad address":    {Service: "a", Instance: fleet.Instance{Addr: "nowhere"}},
		"a bad weight":     {Service: "a", Instance: fleet.Instance{Addr: "a:1", Weight: -1}},
		"a port too large": {Service: "a", Instance: fleet.Instance{Addr: "a:65536"}},
	} {
		if k, err := r.Register(t.Context(), bad); !errors.Is(err, registry.ErrConfig) {
			t.Errorf("%s: %v, %v", what, k, err)
		}
	}
	if _, err := opened(t, "etcd://"+addr+"?layout=kratos").Register(t.Context(), e); !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), "layout=kratos would not show them") {
		t.Errorf("under a layout we do not write: %v", err)
	}
}

func TestOtherLayoutsAreWritable(t *testing.T) {
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
	for key, value := range map[string]string{
		"user.rpc/7587870401234567":         "10.0.0.1:8080",
		"user.rpc/7587870401234568":         "10.0.0.2:8080",
		"/microservices/shop/shop-1":        `{"id":"shop-1","name":"shop","endpoints":["http://10.0.0.3:80"]}`,
		"kitex/registry-etcd/k/10.0.0.4:88": `{"network":"tcp","address":"10.0.0.4:88"}`,
		"/micro/registry/m/node":            `{"name":"m","nodes":[{"id":"a","address":"10.0.0.5:1"},{"id":"b","address":"10.0.0.5:2"}]}`,
		"/services/kit/10.0.0.6:80":         "10.0.0.6:80",
	} {
		do(t, func(ctx context.Context) error {
			_, err := c.Put(ctx, key, value, clientv3.WithLease(lease))
			return err
		})
	}
	r := opened(t, "etcd://"+addr)
	for _, x := range []struct{ service, instance, effect string }{
		{"user.rpc", "10.0.0.1:8080", "writes its key again at once"},
		{"shop", "shop-1", "stays away until its lease ends"},
		{"k", "10.0.0.4:88", "every 30 s"},
		{"m", "a", "holds 2 instances"},
		{"kit", "10.0.0.6:80", ""},
	} {
		k := fleet.Key{Ref: fleet.Ref{Name: x.service}, Instance: x.instance}
		effects, err := r.SideEffects(t.Context(), k, "deregister")
		if err != nil || !strings.Contains(strings.Join(effects, "; "), x.effect) || x.effect == "" && len(effects) > 0 {
			t.Errorf("%s: side effects %q, %v; want %q", k, effects, err, x.effect)
		}
		if effects, err := r.SideEffects(t.Context(), k, "register"); err != nil || len(effects) > 0 {
			t.Errorf("%s: side effects of registering: %q, %v", k, effects, err)
		}
		if err := r.Heartbeat(t.Context(), k); err != nil {
			t.Errorf("%s: heartbeat: %v", k, err)
		}
		if err := r.Deregister(t.Context(), k); err != nil {
			t.Errorf("%s: deregister: %v", k, err)
		}
		if _, err := r.SideEffects(t.Context(), k, "deregister"); !errors.Is(err, fleet.ErrNotFound) {
			t.Errorf("%s: side effects once it is gone: %v", k, err)
		}
	}
	// The neighbour on the same lease is still there: nobody revoked it.
	if set := list(t, r); len(set.Services) != 1 || set.Services[0].Instances[0].ID != "10.0.0.2:8080" {
		t.Errorf("left over: %+v", set)
	}
}

func TestDriver(t *testing.T) {
	d := etcd.Driver()
	for _, o := range registry.Describe(d.NewOptions()) {
		if o.Name == "layout" && (o.Default != layout.Auto || len(o.OneOf) != 7) {
			t.Errorf("layout: %+v", o)
		}
	}
	if d.Has(registry.HasHealth) || d.Has(registry.CanDrain) || d.Trusted {
		t.Errorf("etcd claims nothing: %+v", d)
	}
}
