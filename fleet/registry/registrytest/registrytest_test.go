package registrytest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/memory"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

func TestMain(m *testing.M) { registrytest.Main(m) }

// broken is a registry with one fault of its own.
type broken struct {
	*memory.Client
	list  func(ctx context.Context) (registry.Set, error)
	watch func(ctx context.Context, emit func(registry.Set) error) error
	close func() error
	reg   func(ctx context.Context, e registry.Entry) (fleet.Key, error)
	dereg func(ctx context.Context, k fleet.Key) error
	beat  func(ctx context.Context, k fleet.Key) error
	drain func(ctx context.Context, k fleet.Key, on bool, why string) error
}

func (b *broken) List(ctx context.Context) (registry.Set, error) {
	if b.list != nil {
		return b.list(ctx)
	}
	return b.Client.List(ctx)
}

func (b *broken) Watch(ctx context.Context, emit func(registry.Set) error) error {
	if b.watch != nil {
		return b.watch(ctx, emit)
	}
	return b.Client.Watch(ctx, emit)
}

func (b *broken) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Client.Close()
}

func (b *broken) Register(ctx context.Context, e registry.Entry) (fleet.Key, error) {
	if b.reg != nil {
		return b.reg(ctx, e)
	}
	return b.Client.Register(ctx, e)
}

func (b *broken) Deregister(ctx context.Context, k fleet.Key) error {
	if b.dereg != nil {
		return b.dereg(ctx, k)
	}
	return b.Client.Deregister(ctx, k)
}

func (b *broken) Heartbeat(ctx context.Context, k fleet.Key) error {
	if b.beat != nil {
		return b.beat(ctx, k)
	}
	return b.Client.Heartbeat(ctx, k)
}

func (b *broken) SetMaintenance(ctx context.Context, k fleet.Key, on bool, why string) error {
	if b.drain != nil {
		return b.drain(ctx, k, on, why)
	}
	return b.Client.SetMaintenance(ctx, k, on, why)
}

// plain can read and nothing else.
type plain struct{ registry.Registry }

// world is a small far end; spoil changes what is opened.
func world(spoil func(*broken) registry.Registry) registrytest.World {
	up := fleet.Up
	instance := func(id string) fleet.Instance { return fleet.Instance{ID: id, Addr: id + ":80", Claimed: &up} }
	seed := []fleet.Service{
		{Ref: fleet.Ref{Name: "a"}, Instances: []fleet.Instance{instance("a1"), instance("a2")}},
		{Ref: fleet.Ref{Namespace: "n", Name: "a"}, Instances: []fleet.Instance{instance("n1")}},
	}
	store := memory.NewStore()
	for _, svc := range seed {
		store.Put(svc)
	}
	return registrytest.World{
		Driver: memory.Driver(), Seed: seed, Settle: 300 * time.Millisecond, TTL: 40 * time.Millisecond, Burst: 100,
		Open: func(testing.TB, registry.Env) registry.Registry {
			b := &broken{Client: store.Open()}
			if spoil == nil {
				return b
			}
			return spoil(b)
		},
		Put:        func(_ testing.TB, s fleet.Service) { store.Put(s) },
		Drop:       func(_ testing.TB, r fleet.Ref) { store.Drop(r) },
		Unreadable: func(testing.TB) string { store.Warn(fleet.Warning{Where: "odd", Detail: "x"}); return "odd" },
		Break: func(_ testing.TB, how registrytest.Fault) func() {
			return store.Break(func(ctx context.Context) error {
				switch how {
				case registrytest.Hang:
					<-ctx.Done()
					return ctx.Err()
				case registrytest.Deny:
					return fmt.Errorf("no: %w", fleet.ErrDenied)
				default:
					return syscall.ECONNREFUSED
				}
			})
		},
		Cannot: map[registrytest.Hand]string{registrytest.HandSecret: "in the process"},
	}
}

// faults are registries that are wrong on purpose, by the case that has to see
// it.
func faults() map[string]func(*broken) registry.Registry {
	list := func(f func(b *broken, set registry.Set, err error) (registry.Set, error)) func(*broken) registry.Registry {
		return func(b *broken) registry.Registry {
			b.list = func(ctx context.Context) (registry.Set, error) {
				set, err := b.Client.List(ctx)
				return f(b, set, err)
			}
			return b
		}
	}
	watch := func(f func(b *broken, ctx context.Context, emit func(registry.Set) error) error) func(*broken) registry.Registry {
		return func(b *broken) registry.Registry {
			b.watch = func(ctx context.Context, emit func(registry.Set) error) error { return f(b, ctx, emit) }
			return b
		}
	}
	half := func(set registry.Set) registry.Set { set.Services = set.Services[:len(set.Services)/2]; return set }
	return map[string]func(*broken) registry.Registry{
		"ability/declared": func(b *broken) registry.Registry { return plain{b} },
		"list/whole": list(func(_ *broken, set registry.Set, err error) (registry.Set, error) {
			slices.Reverse(set.Services)
			return set, err
		}),
		"list/all-or-error": list(func(_ *broken, set registry.Set, err error) (registry.Set, error) {
			return set, nil
		}),
		"list/one-bad-entry": list(func(_ *broken, set registry.Set, err error) (registry.Set, error) {
			set.Warnings = nil
			return set, err
		}),
		"list/same-name-twice": list(func(_ *broken, set registry.Set, err error) (registry.Set, error) {
			for i := range set.Services {
				set.Services[i].Instances = set.Services[0].Instances
			}
			return set, err
		}),
		"list/cancel": list(func(_ *broken, set registry.Set, err error) (registry.Set, error) {
			if err != nil {
				err = errors.New("something")
			}
			return set, err
		}),
		"list/deadline": func(b *broken) registry.Registry {
			b.list = func(ctx context.Context) (registry.Set, error) {
				<-ctx.Done()
				<-time.After(1200 * time.Millisecond)
				return registry.Set{}, ctx.Err()
			}
			return b
		},
		"list/empty": list(func(_ *broken, set registry.Set, err error) (registry.Set, error) {
			if len(set.Services) == 0 {
				err = errors.New("nothing there")
			}
			return set, err
		}),
		"list/denied": list(func(_ *broken, set registry.Set, err error) (registry.Set, error) { return registry.Set{}, nil }),
		"list/reason": list(func(_ *broken, set registry.Set, err error) (registry.Set, error) {
			if err != nil {
				err = errors.New(err.Error())
			}
			return set, err
		}),
		"watch/first": watch(func(b *broken, ctx context.Context, emit func(registry.Set) error) error {
			skip := true
			return b.Client.Watch(ctx, func(set registry.Set) error {
				if skip {
					skip = false
					return nil
				}
				return emit(set)
			})
		}),
		"watch/changes": watch(func(b *broken, ctx context.Context, emit func(registry.Set) error) error {
			return b.Client.Watch(ctx, func(set registry.Set) error {
				set.Services = slices.DeleteFunc(set.Services, func(s fleet.Service) bool { return s.Namespace == "n" && len(set.Services) > 2 })
				return emit(set)
			})
		}),
		"watch/remove-all": watch(func(b *broken, ctx context.Context, emit func(registry.Set) error) error {
			return b.Client.Watch(ctx, func(set registry.Set) error {
				if len(set.Services) == 0 {
					return nil
				}
				return emit(set)
			})
		}),
		"watch/outage": watch(func(b *broken, ctx context.Context, emit func(registry.Set) error) error {
			err := b.Client.Watch(ctx, emit)
			if ctx.Err() == nil {
				return emit(registry.Set{})
			}
			return err
		}),
		"watch/coalesce": watch(backlog),
		"watch/emit-error": watch(func(b *broken, ctx context.Context, emit func(registry.Set) error) error {
			return b.Client.Watch(ctx, func(set registry.Set) error { _ = emit(set); return nil })
		}),
		"watch/cancel": watch(func(b *broken, ctx context.Context, emit func(registry.Set) error) error {
			_ = b.Client.Watch(ctx, emit)
			return errors.New("over")
		}),
		"close/returns": func(b *broken) registry.Registry {
			b.close = func() error { return nil }
			return b
		},
		"register/shows": func(b *broken) registry.Registry {
			b.reg = func(ctx context.Context, e registry.Entry) (fleet.Key, error) {
				k, err := b.Client.Register(ctx, e)
				k.Instance = "another"
				return k, err
			}
			return b
		},
		"register/twice": func(b *broken) registry.Registry {
			n := 0
			b.reg = func(ctx context.Context, e registry.Entry) (fleet.Key, error) {
				n++
				e.Instance.ID += fmt.Sprint(n)
				return b.Client.Register(ctx, e)
			}
			return b
		},
		"register/other-id": func(b *broken) registry.Registry {
			at := map[string]fleet.Key{}
			b.reg = func(ctx context.Context, e registry.Entry) (fleet.Key, error) {
				k, err := b.Client.Register(ctx, e)
				if was, taken := at[e.Instance.Addr]; taken && was != k {
					_ = b.Client.Deregister(ctx, was)
				}
				at[e.Instance.Addr] = k
				return k, err
			}
			return b
		},
		"deregister/gone": func(b *broken) registry.Registry {
			b.dereg = func(context.Context, fleet.Key) error { return nil }
			return b
		},
		"deregister/absent": func(b *broken) registry.Registry {
			b.dereg = func(ctx context.Context, k fleet.Key) error { _ = b.Client.Deregister(ctx, k); return nil }
			return b
		},
		"deregister/comeback": func(b *broken) registry.Registry {
			gone := false
			b.dereg = func(ctx context.Context, k fleet.Key) error { gone = true; return b.Client.Deregister(ctx, k) }
			b.reg = func(ctx context.Context, e registry.Entry) (fleet.Key, error) {
				if gone {
					return fleet.Key{Ref: fleet.Ref{Name: e.Service}, Instance: e.Instance.ID}, nil
				}
				return b.Client.Register(ctx, e)
			}
			return b
		},
		"heartbeat/absent": func(b *broken) registry.Registry {
			b.beat = func(context.Context, fleet.Key) error { return nil }
			return b
		},
		"heartbeat/keeps": func(b *broken) registry.Registry {
			b.reg = func(ctx context.Context, e registry.Entry) (fleet.Key, error) {
				e.TTL = 0
				return b.Client.Register(ctx, e)
			}
			return b
		},
		"drain/works": func(b *broken) registry.Registry {
			b.drain = func(ctx context.Context, k fleet.Key, on bool, _ string) error {
				return b.Client.SetMaintenance(ctx, k, on, "")
			}
			return b
		},
		"drain/absent": func(b *broken) registry.Registry {
			b.drain = func(context.Context, fleet.Key, bool, string) error { return nil }
			return b
		},
		"safe/concurrent": list(func(_ *broken, set registry.Set, err error) (registry.Set, error) { return half(set), err }),
		"ability/watch": watch(func(b *broken, ctx context.Context, emit func(registry.Set) error) error {
			return registry.Poll(ctx, 10*time.Second, b.Client.List, emit)
		}),
	}
}

// backlog queues every change instead of taking them together, and emits them
// one by one.
func backlog(b *broken, ctx context.Context, emit func(registry.Set) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var queue []registry.Set
	more := make(chan struct{}, 1)
	done := make(chan error, 1)
	go func() {
		seen := 0
		done <- b.Client.Watch(ctx, func(set registry.Set) error {
			mu.Lock()
			for seen++; len(queue) < 60 && seen > 1; {
				queue = append(queue, set)
			}
			queue = append(queue, set)
			mu.Unlock()
			select {
			case more <- struct{}{}:
			default:
			}
			return nil
		})
	}()
	for {
		select {
		case err := <-done:
			return err
		case <-more:
		}
		mu.Lock()
		now := queue
		queue = nil
		mu.Unlock()
		for _, set := range now {
			if err := emit(set); err != nil {
				cancel()
				<-done
				return err
			}
		}
	}
}

// TestSuiteSees runs each case on a registry that breaks its rule, and on one
// that does not.
func TestSuiteSees(t *testing.T) {
	spoiled := faults()
	for _, name := range registrytest.Names() {
		t.Run(name, func(t *testing.T) {
			if found := registrytest.Try(t, name, world(nil)); len(found) > 0 {
				t.Errorf("a good registry fails: %v", found)
			}
			spoil, ok := spoiled[name]
			delete(spoiled, name)
			if !ok {
				if !strings.HasPrefix(name, "options/") && name != "safe/secret" {
					t.Errorf("no registry shows that %s can fail", name)
				}
				return
			}
			if found := registrytest.Try(t, name, world(spoil)); len(found) == 0 {
				t.Error("a broken registry passes")
			}
		})
	}
	for name := range spoiled {
		t.Errorf("no case is called %s", name)
	}
}

type badOptions struct {
	Layout string `option:"layout" oneof:"a,b"`
}

func (*badOptions) Validate() error { return errors.New("never right") }

type openOptions struct {
	Token string `option:"token" help:"takes a literal"`
	Level string `option:"level" help:"checked nowhere"`
}

func TestSuiteSeesOptions(t *testing.T) {
	with := func(options func() any) registrytest.World {
		w := world(nil)
		d := *w.Driver
		d.NewOptions = options
		w.Driver = &d
		return w
	}
	shared := &openOptions{}
	for _, c := range []struct {
		name    string
		options func() any
		want    string
	}{
		{"options/defaults", func() any { return &badOptions{} }, "the defaults are refused"},
		{"options/defaults", func() any { return &badOptions{} }, "has no help"},
		{"options/defaults", func() any { return shared }, "the same pointer twice"},
	} {
		found := strings.Join(registrytest.Try(t, c.name, with(c.options)), "\n")
		if !strings.Contains(found, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, found, c.want)
		}
	}
	for _, name := range []string{"options/unknown", "options/bad-value"} {
		if found := registrytest.Try(t, name, with(func() any { return &openOptions{} })); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}

func TestSuiteSeesSecrets(t *testing.T) {
	leak := func(say func(env registry.Env, b *broken)) []string {
		w := world(nil)
		w.Driver = &registry.Driver{Name: "etcd", Schemes: []string{"x"}, Summary: "x", Abilities: w.Driver.Abilities, NewOptions: w.Driver.NewOptions}
		w.Cannot = nil
		w.Secret = "s3cr3t-t0ken"
		open := w.Open
		w.Open = func(t testing.TB, env registry.Env) registry.Registry {
			b := open(t, env).(*broken)
			say(env, b)
			return b
		}
		return registrytest.Try(t, "safe/secret", w)
	}
	if found := leak(func(registry.Env, *broken) {}); len(found) > 0 {
		t.Errorf("nothing is leaked, and this is found: %v", found)
	}
	in := func(env registry.Env) string {
		s, _ := env.Secret(context.Background(), fleet.SecretRef{Env: "TOKEN"})
		return s.Reveal()
	}
	for what, say := range map[string]func(env registry.Env, b *broken){
		"log": func(env registry.Env, _ *broken) { env.Log.Debug("asking", "token", in(env)) },
		"error": func(env registry.Env, b *broken) {
			b.watch = func(context.Context, func(registry.Set) error) error { return fmt.Errorf("GET /?token=%s", in(env)) }
		},
		"cause": func(env registry.Env, b *broken) {
			b.list = func(context.Context) (registry.Set, error) {
				return registry.Set{}, &fleet.Error{Reason: "x", Detail: "y", Err: errors.New(in(env))}
			}
		},
	} {
		found := strings.Join(leak(say), "\n")
		if !strings.Contains(found, "<<<SECRET>>>") || strings.Contains(found, "s3cr3t") {
			t.Errorf("%s: found %q", what, found)
		}
	}
}

func TestWorldIsChecked(t *testing.T) {
	for want, spoil := range map[string]func(*registrytest.World){
		"never nil":                             func(w *registrytest.World) { w.Put = nil },
		"may not excuse itself from lease":      func(w *registrytest.World) { w.Cannot[registrytest.HandLease] = "too lazy" },
		"no reason is given for secret":         func(w *registrytest.World) { w.Cannot[registrytest.HandSecret] = " " },
		"why hang cannot be had":                func(w *registrytest.World) { w.Break = nil },
		"Unreadable is nil":                     func(w *registrytest.World) { w.Unreadable = nil },
		"Secret is empty":                       func(w *registrytest.World) { w.Cannot = nil },
		"TTL is zero":                           func(w *registrytest.World) { w.TTL = 0 },
		"Burst is under 100":                    func(w *registrytest.World) { w.Burst = 5 },
		"two services":                          func(w *registrytest.World) { w.Seed = w.Seed[1:] },
		"one name in two namespaces":            func(w *registrytest.World) { w.Seed[1].Name = "b" },
		"claim a status for every instance":     func(w *registrytest.World) { w.Seed[0].Instances[0].Claimed = nil },
		"may not excuse itself from unreadable": func(w *registrytest.World) { w.Cannot[registrytest.HandUnreadable] = "x" },
	} {
		w := world(nil)
		spoil(&w)
		if found := strings.Join(registrytest.Try(t, "list/whole", w), "\n"); !strings.Contains(found, want) {
			t.Errorf("got %q, want %q", found, want)
		}
	}
}
