package registry_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source makes a source of a store under a name.
func source(t *testing.T, name string, store *memory.Store) *registry.Source {
	t.Helper()
	loc, err := registry.ParseLocation(name + "=memory://here")
	if err != nil {
		t.Fatal(err)
	}
	return registry.NewSource("prod", loc, memory.Driver(), store.Open(), nil)
}

func service(name string, ids ...string) fleet.Service {
	svc := fleet.Service{Ref: fleet.Ref{Name: name}}
	for _, id := range ids {
		svc.Instances = append(svc.Instances, fleet.Instance{ID: id, Addr: id + ":80"})
	}
	return svc
}

// run runs a source until the test's bubble is done with it.
func run(t *testing.T, s interface{ Run(context.Context) }) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	return func() { cancel(); <-done }
}

// refused is a gate that refuses.
func refused(context.Context) error { return syscall.ECONNREFUSED }

func TestSourceKeepsItsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		store.Put(service("order", "b", "a"))
		s := source(t, "one", store)
		if st := s.State(); st.Set != nil || st.Err != nil || st.Seq != 0 {
			t.Fatalf("before anything was read: %+v", st)
		}
		defer run(t, s)()
		synctest.Wait()
		first := s.State()
		if first.Set == nil || len(first.Set.Services) != 1 || first.Seq != 1 || first.AsOf.IsZero() {
			t.Fatalf("first: %+v", first)
		}
		if ref := first.Set.Services[0].Ref; ref != (fleet.Ref{Context: "prod", Source: "one", Name: "order"}) {
			t.Fatalf("ref %+v", ref)
		}
		<-s.Changed()

		<-time.After(time.Minute)
		broke := time.Now()
		heal := store.Break(refused)
		synctest.Wait()
		lost := s.State()
		if lost.Err == nil || !lost.Since.Equal(broke) || lost.Set != first.Set || !lost.AsOf.Equal(first.AsOf) || lost.Seq != 2 {
			t.Fatalf("lost: %+v", lost)
		}
		<-s.Changed()
		<-time.After(time.Minute)
		synctest.Wait()
		if st := s.State(); !st.Since.Equal(broke) || st.Seq != 2 || st.Set != first.Set {
			t.Fatalf("the same failure again is no change: %+v", st)
		}
		select {
		case <-s.Changed():
			t.Fatal("the same failure was told twice")
		default:
		}
		store.Put(service("payment", "p"))
		heal()
		<-s.Changed()
		back := s.State()
		if back.Err != nil || !back.Since.IsZero() || len(back.Set.Services) != 2 || back.Seq != 3 {
			t.Fatalf("back: %+v", back)
		}
		if took := time.Since(broke); took > 2*time.Minute+15*time.Second {
			t.Fatalf("it took %v to come back", took)
		}
	})
}

func TestSourceUnreachableAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		heal := store.Break(refused)
		s := source(t, "one", store)
		defer run(t, s)()
		synctest.Wait()
		st := s.State()
		if st.Set != nil || st.Err == nil || st.Since.IsZero() {
			t.Fatalf("got %+v, want no set at all and an error", st)
		}
		heal()
		<-time.After(11 * time.Second)
		synctest.Wait()
		if st := s.State(); st.Set == nil || len(st.Set.Services) != 0 || st.Err != nil {
			t.Fatalf("got %+v, want an empty set", st)
		}
	})
}

func TestSourceHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		heal := store.Break(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		s := source(t, "one", store)
		defer run(t, s)()
		<-time.After(11 * time.Second)
		synctest.Wait()
		v := s.State().View()
		if v.Reason != registry.ReasonTimeout || v.Detail != "one: no answer in 10s" {
			t.Fatalf("got %+v", v)
		}
		heal()
		<-time.After(11 * time.Second)
		synctest.Wait()
		if st := s.State(); st.Set == nil || st.Err != nil {
			t.Fatalf("got %+v", st)
		}
	})
}

// script is a registry whose Watch does what the test says.
type script struct {
	watch func(ctx context.Context, emit func(registry.Set) error) error
	list  func(ctx context.Context) (registry.Set, error)
}

func (s script) List(ctx context.Context) (registry.Set, error) { return s.list(ctx) }
func (s script) Watch(ctx context.Context, emit func(registry.Set) error) error {
	return s.watch(ctx, emit)
}
func (s script) Close() error { return errors.New("cannot close") }

func TestSourceBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Time
		attempts := func() int { mu.Lock(); defer mu.Unlock(); return len(at) }
		var good atomic.Bool
		s := registry.NewSource("", registry.Location{Name: "x"}, nil, script{watch: func(_ context.Context, emit func(registry.Set) error) error {
			mu.Lock()
			at = append(at, time.Now())
			mu.Unlock()
			if good.CompareAndSwap(true, false) {
				return emit(registry.Set{})
			}
			return errors.New("no")
		}}, nil)
		stop := run(t, s)
		<-time.After(time.Minute)
		synctest.Wait()
		n := attempts()
		good.Store(true)
		<-time.After(12 * time.Second)
		stop()
		if n < 8 || n > 20 {
			t.Errorf("%d attempts in a minute", n)
		}
		for i := 1; i < n; i++ {
			longest := min(10*time.Second, 500*time.Millisecond<<(i-1))
			if gap := at[i].Sub(at[i-1]); gap > longest || gap < longest/2 {
				t.Errorf("pause %d is %v, want %v to %v", i, gap, longest/2, longest)
			}
		}
		// After a set the pauses start small again.
		if len(at) < n+3 {
			t.Errorf("%d attempts after it was well for a moment", len(at)-n)
		}
	})
}

func TestSourceEndsWithoutError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := registry.NewSource("", registry.Location{Name: "x"}, nil, script{watch: func(_ context.Context, emit func(registry.Set) error) error {
			return emit(registry.Set{})
		}}, nil)
		defer run(t, s)()
		synctest.Wait()
		if v := s.State().View(); v.Reason != registry.ReasonClosed {
			t.Fatalf("got %+v", v)
		}
	})
}

func TestSourceMeaning(t *testing.T) {
	asOf := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	mine := []fleet.Service{service("b", "2", "1"), service("a", "x")}
	s := registry.NewSource("", registry.Location{Name: "x"}, nil, script{list: func(context.Context) (registry.Set, error) {
		return registry.Set{Services: mine, AsOf: asOf, Warnings: []fleet.Warning{{Where: "k", Detail: "d"}}}, nil
	}}, func(svc *fleet.Service) []fleet.Warning {
		svc.DependsOn = []string{"db"}
		return []fleet.Warning{{Where: svc.String(), Detail: "seen"}}
	})
	st := s.Read(t.Context())
	got := st.Set.Services
	if got[0].Name != "a" || got[1].Instances[0].ID != "1" || got[1].DependsOn[0] != "db" || got[1].Source != "x" {
		t.Errorf("got %+v", got)
	}
	if !st.AsOf.Equal(asOf) || len(st.Set.Warnings) != 3 || st.Set.Warnings[1].Where != "x:b" {
		t.Errorf("got %+v", st)
	}
	if mine[0].Instances[0].ID != "2" || mine[0].DependsOn != nil || mine[0].Source != "" {
		t.Errorf("the driver's own slice was changed: %+v", mine)
	}
	v := st.View()
	if v.Services != 2 || v.Instances != 3 || v.Name != "x" || v.Reason != "" {
		t.Errorf("view %+v", v)
	}
}

func TestKeeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := memory.NewStore(), memory.NewStore()
		one.Put(service("payment", "a"))
		two.Put(service("payment", "b"))
		two.Put(service("order", "c"))
		k := registry.NewKeeper(source(t, "one", one), source(t, "two", two))
		defer run(t, k)()
		synctest.Wait()
		<-k.Changed()
		names := func() (out []string) {
			for _, svc := range registry.Union(k.States()) {
				out = append(out, svc.String())
			}
			return out
		}
		all := []string{"two:order", "one:payment", "two:payment"}
		if got := names(); !reflect.DeepEqual(got, all) {
			t.Fatalf("got %v", got)
		}
		two.Break(refused)
		synctest.Wait()
		<-k.Changed()
		if got := names(); !reflect.DeepEqual(got, all) {
			t.Fatalf("a source that fails hid something: %v", got)
		}
		if st := k.States(); st[0].Err != nil || st[1].Err == nil || k.Sources()[1].Name() != "two" {
			t.Fatalf("got %+v", st)
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well, hangs, dead := memory.NewStore(), memory.NewStore(), memory.NewStore()
		well.Put(service("a", "1"))
		hangs.Break(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		dead.Break(refused)
		k := registry.NewKeeper(source(t, "hangs", hangs), source(t, "well", well), source(t, "dead", dead))
		began := time.Now()
		states := k.ReadOnce(t.Context(), 2*time.Second)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %v, want the time of the slowest alone", took)
		}
		for i, want := range []fleet.Reason{registry.ReasonTimeout, "", registry.ReasonRefused} {
			if v := states[i].View(); v.Reason != want || (v.Services == 1) != (want == "") {
				t.Errorf("source %d: %+v, want %q", i, v, want)
			}
		}
		if got := registry.Union(states); len(got) != 1 || !errors.Is(states[0].Err, context.DeadlineExceeded) {
			t.Errorf("got %v, %v", got, states[0].Err)
		}
	})
}

func TestKeeperClose(t *testing.T) {
	k := registry.NewKeeper(registry.NewSource("", registry.Location{Name: "x"}, nil, script{}, nil))
	if err := k.Close(); err == nil {
		t.Error("the error of Close was lost")
	}
	if k.Sources()[0].Registry() == nil {
		t.Error("no registry")
	}
}

func TestPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, emitted := 0, []int{}
		var at []time.Time
		list := func(context.Context) (registry.Set, error) {
			calls++
			at = append(at, time.Now())
			if calls == 7 {
				return registry.Set{}, syscall.ECONNREFUSED
			}
			svc := service(fmt.Sprint("s", calls/3))
			return registry.Set{Services: []fleet.Service{svc}, AsOf: time.Now()}, nil
		}
		err := registry.Poll(t.Context(), 5*time.Second, list, func(registry.Set) error { emitted = append(emitted, calls); return nil })
		if !errors.Is(err, syscall.ECONNREFUSED) || !reflect.DeepEqual(emitted, []int{1, 3, 6}) {
			t.Errorf("%v after sets at %v", err, emitted)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < 4500*time.Millisecond || gap > 5500*time.Millisecond {
				t.Errorf("interval %v", gap)
			}
		}
		calls = 0
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := registry.Poll(ctx, 5*time.Second, list, func(registry.Set) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		stop := errors.New("stop")
		if err := registry.Poll(t.Context(), time.Second, list, func(registry.Set) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("got %v", err)
		}
	})
}

func TestEqual(t *testing.T) {
	base := func() registry.Set {
		svc := service("a", "1", "2")
		svc.Labels, svc.DependsOn = map[string]string{"k": "v"}, []string{"b"}
		up := fleet.Up
		svc.Instances[0].Claimed = &up
		return registry.Set{Services: []fleet.Service{svc}, Warnings: []fleet.Warning{{Where: "w"}}}
	}
	for what, change := range map[string]func(*registry.Set){
		"warning":   func(s *registry.Set) { s.Warnings = nil },
		"services":  func(s *registry.Set) { s.Services = nil },
		"name":      func(s *registry.Set) { s.Services[0].Name = "z" },
		"namespace": func(s *registry.Set) { s.Services[0].Namespace = "z" },
		"labels":    func(s *registry.Set) { s.Services[0].Labels["k"] = "z" },
		"depends":   func(s *registry.Set) { s.Services[0].DependsOn[0] = "z" },
		"instances": func(s *registry.Set) { s.Services[0].Instances = s.Services[0].Instances[1:] },
		"address":   func(s *registry.Set) { s.Services[0].Instances[1].Addr = "z" },
		"claim":     func(s *registry.Set) { *s.Services[0].Instances[0].Claimed = fleet.Down },
	} {
		other := base()
		change(&other)
		if registry.Equal(base(), other) {
			t.Errorf("another %s is not seen", what)
		}
	}
	alive := base()
	alive.AsOf, alive.Services[0].Instances[0].LastSeen, alive.Services[0].Instances[0].Lease = time.Now(), time.Now(), time.Second
	if !registry.Equal(base(), alive) {
		t.Error("a sign of life counts as a change")
	}
}
