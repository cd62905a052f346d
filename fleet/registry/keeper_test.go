package registry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/memory"
)

// TestReadOnceGivesEachItsOwnTime: many that hang take no longer than one, and
// the time each gets is its own, not what another left over.
func TestReadOnceGivesEachItsOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(name string, takes time.Duration) *registry.Source {
			return registry.NewSource("", registry.Location{Name: name}, nil, scripted{func(ctx context.Context) (registry.Set, error) {
				select {
				case <-time.After(takes):
					return setOf(name), nil
				case <-ctx.Done():
					return registry.Set{}, ctx.Err()
				}
			}}, nil)
		}
		k := registry.NewKeeper(slow("a", 0), slow("b", time.Hour), slow("c", 2900*time.Millisecond), slow("d", 3100*time.Millisecond), slow("e", time.Second))
		began := time.Now()
		states := k.ReadOnce(t.Context(), 3*time.Second)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		var got []string
		for _, st := range states {
			got = append(got, shown(st))
		}
		if !slices.Equal(got, []string{"a", "none", "c", "none", "e"}) {
			t.Errorf("in the order of configuration: %q", got)
		}
		for _, i := range []int{1, 3} {
			if v := states[i].View(); v.Reason != registry.ReasonTimeout || !errors.Is(states[i].Err, context.DeadlineExceeded) {
				t.Errorf("%+v", v)
			}
		}
	})
}

// TestReadOnceCancelled: the time of the command ends before that of a source.
func TestReadOnceCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		store.Break(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		k := registry.NewKeeper(source(t, "one", store))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		states := k.ReadOnce(ctx, time.Minute)
		if took := time.Since(began); took != time.Second || states[0].Err == nil || states[0].Set != nil {
			t.Errorf("took %v: %+v", took, states[0])
		}
		gone, stop := context.WithCancel(t.Context())
		stop()
		if st := k.ReadOnce(gone, time.Minute)[0]; !errors.Is(st.Err, context.Canceled) || st.View().Reason != registry.ReasonCancelled {
			t.Errorf("got %+v", st.View())
		}
	})
}

// TestReadOnceAfterAnOutage: what was read before stays beside the failure.
func TestReadOnceAfterAnOutage(t *testing.T) {
	k := registry.NewKeeper(answers("one", "a", "!no", "b"), answers("two", "x", "x", "!no"))
	for _, want := range []string{"a x", "a x", "b x"} {
		var got []string
		for _, svc := range registry.Union(k.ReadOnce(t.Context(), time.Second)) {
			got = append(got, svc.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestKeeperIsToldOfAllSources: one channel for all, and one word for several.
func TestKeeperIsToldOfAllSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stores := []*memory.Store{memory.NewStore(), memory.NewStore(), memory.NewStore()}
		var sources []*registry.Source
		for i, store := range stores {
			sources = append(sources, source(t, fmt.Sprint("s", i), store))
		}
		k := registry.NewKeeper(sources...)
		defer run(t, k)()
		synctest.Wait()
		if !told(k.Changed()) || told(k.Changed()) {
			t.Fatal("the first sets of three sources are one change")
		}
		for i, store := range stores {
			store.Put(service("a", fmt.Sprint(i)))
			synctest.Wait()
			if !told(k.Changed()) || told(k.Changed()) {
				t.Errorf("a change of source %d is not told once", i)
			}
		}
		if told(sources[0].Changed()) {
			t.Error("a source in a keeper has a channel of its own")
		}
	})
}

// TestKeeperFlapping: one source comes and goes for an hour; the other is never
// touched by it, and the union never loses a service.
func TestKeeperFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steady, flaps := memory.NewStore(), memory.NewStore()
		steady.Put(service("a", "1"))
		flaps.Put(service("b", "1"))
		k := registry.NewKeeper(source(t, "steady", steady), source(t, "flaps", flaps))
		defer run(t, k)()
		synctest.Wait()
		last := k.States()[1].Seq
		for range 30 {
			heal := flaps.Break(refused)
			<-time.After(time.Minute)
			synctest.Wait()
			ill := k.States()
			heal()
			<-time.After(time.Minute)
			synctest.Wait()
			well := k.States()
			if ill[1].Err == nil || well[1].Err != nil || !well[1].Since.IsZero() {
				t.Fatalf("ill %v, well %v", ill[1].Err, well[1].Err)
			}
			if ill[0].Seq != 1 || ill[0].Err != nil || len(registry.Union(ill)) != 2 || len(registry.Union(well)) != 2 {
				t.Fatalf("the other source: %+v", ill[0])
			}
			if well[1].Seq != last+2 {
				t.Fatalf("from %d to %d, want one change to ill and one to well", last, well[1].Seq)
			}
			last = well[1].Seq
		}
	})
}

// TestKeeperIsSafe under many readers while sources change; the race detector
// is the judge.
func TestKeeperIsSafe(t *testing.T) {
	store := memory.NewStore()
	k := registry.NewKeeper(source(t, "one", store), answers("two", slices.Repeat([]string{"a", "!no"}, 50)...))
	ctx, cancel := context.WithCancel(t.Context())
	var running, working sync.WaitGroup
	running.Go(func() { k.Sources()[0].Run(ctx) })
	working.Go(func() {
		for i := range 100 {
			store.Put(service("a", fmt.Sprint(i)))
		}
	})
	working.Go(func() {
		for range 100 {
			k.Sources()[1].Read(ctx)
		}
	})
	for range 4 {
		working.Go(func() {
			for range 100 {
				for _, svc := range registry.Union(k.States()) {
					_ = svc.String()
				}
			}
		})
	}
	working.Wait()
	cancel()
	running.Wait()
}

func TestSourcesIsACopy(t *testing.T) {
	k := registry.NewKeeper(answers("one"), answers("two"))
	k.Sources()[0] = nil
	if k.Sources()[0] == nil || k.Sources()[0].Name() != "one" {
		t.Error("a caller changed the keeper's own list")
	}
}

// TestKeeperWithoutSources is nothing to watch, and no fault.
func TestKeeperWithoutSources(t *testing.T) {
	k := registry.NewKeeper()
	k.Run(t.Context())
	if got := k.ReadOnce(t.Context(), time.Second); len(got) != 0 || len(registry.Union(got)) != 0 || k.Close() != nil {
		t.Errorf("got %v", got)
	}
}

// TestKeeperClosesAll, and says of every one that would not.
func TestKeeperClosesAll(t *testing.T) {
	closed := []string{}
	closing := func(name string, err error) *registry.Source {
		return registry.NewSource("", registry.Location{Name: name}, nil, closer{func() error { closed = append(closed, name); return err }}, nil)
	}
	first, third := errors.New("first"), errors.New("third")
	err := registry.NewKeeper(closing("a", first), closing("b", nil), closing("c", third)).Close()
	if !slices.Equal(closed, []string{"a", "b", "c"}) || !errors.Is(err, first) || !errors.Is(err, third) {
		t.Errorf("closed %v: %v", closed, err)
	}
}

// closer is a registry of which only Close is used.
type closer struct{ close func() error }

func (c closer) List(context.Context) (registry.Set, error)                  { return registry.Set{}, nil }
func (c closer) Watch(ctx context.Context, _ func(registry.Set) error) error { return ctx.Err() }
func (c closer) Close() error                                                { return c.close() }

// TestUnionIsSorted by source's name and namespace whatever the order of
// sources, and merges nothing.
func TestUnionIsSorted(t *testing.T) {
	state := func(source string, refs ...fleet.Ref) registry.State {
		set := &registry.Set{}
		for _, r := range refs {
			r.Source = source
			set.Services = append(set.Services, fleet.Service{Ref: r, Instances: []fleet.Instance{{ID: source}}})
		}
		return registry.State{Set: set}
	}
	a := state("consul", fleet.Ref{Name: "payment"}, fleet.Ref{Namespace: "shop", Name: "payment"})
	b := state("etcd", fleet.Ref{Name: "order"}, fleet.Ref{Name: "payment"})
	words := func(states ...registry.State) (out []string) {
		for _, svc := range registry.Union(states) {
			out = append(out, svc.String()+"="+svc.Instances[0].ID)
		}
		return out
	}
	forth, back := words(a, registry.State{}, b), words(b, a)
	if len(forth) != 4 || !slices.Equal(forth, back) {
		t.Errorf("%q and %q", forth, back)
	}
	if again := words(a, b); !slices.Equal(again, forth) || a.Set.Services[0].Namespace != "" {
		t.Error("the sets themselves were sorted")
	}
}

// TestSortedSetsAreNotWritten: several goroutines may have the same set.
func TestSortedSetsAreNotWritten(t *testing.T) {
	services := []fleet.Service{service("a", "1", "2"), service("b", "1")}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { registry.Sort(slices.Clone(services)) })
	}
	for range 100 {
		_ = services[0].Instances[1].ID
	}
	wg.Wait()
	mixed := []fleet.Service{service("b", "2", "10", "1"), {Ref: fleet.Ref{Namespace: "n", Name: "a"}}, service("a")}
	registry.Sort(mixed)
	if mixed[0].String() != "a" || mixed[1].String() != "n/a" || mixed[2].String() != "b" {
		t.Errorf("by name, then by namespace: %+v", mixed)
	}
	if got := mixed[2].Instances; got[0].ID != "1" || got[1].ID != "10" || got[2].ID != "2" {
		t.Errorf("ids are texts: %+v", got)
	}
}

// TestHurry: a source that failed and waits is tried again at once; hurrying one
// that is well, or hurrying early, spares no pause.
func TestHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, well := memory.NewStore(), memory.NewStore()
		k := registry.NewKeeper(source(t, "one", store), source(t, "two", well))
		tried := 0
		store.Break(func(context.Context) error { tried++; return errors.New("no") })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		k.Hurry()
		go func() { defer close(ended); k.Run(ctx) }()
		time.Sleep(10 * time.Minute) // of the bubble's clock: pauses are as long as they get
		synctest.Wait()
		before := tried
		k.Hurry()
		synctest.Wait()
		if tried != before+1 {
			t.Errorf("tried %d times, %d when hurried", before, tried-before)
		}
		k.Hurry()
		k.Hurry()
		synctest.Wait()
		if tried != before+2 {
			t.Errorf("tried %d times, %d when hurried again", before, tried-before)
		}
		cancel()
		<-ended
	})
}
