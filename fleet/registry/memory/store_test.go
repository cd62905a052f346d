package memory_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/memory"
)

// holds words what a client sees: service[id=claim id=claim].
func holds(t *testing.T, c *memory.Client) string {
	t.Helper()
	set, err := c.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return told(set)
}

func told(set registry.Set) string {
	var words []string
	for _, s := range set.Services {
		var ids []string
		for _, in := range s.Instances {
			claim := "-"
			if in.Claimed != nil {
				claim = in.Claimed.String()
			}
			ids = append(ids, in.ID+"="+claim)
		}
		words = append(words, s.Ref.String()+fmt.Sprint(ids))
	}
	return strings.Join(words, " ")
}

func entry(service, id string, ttl time.Duration) registry.Entry {
	return registry.Entry{Service: service, Instance: fleet.Instance{ID: id, Addr: "10.0.0.1:80"}, TTL: ttl}
}

func key(service, id string) fleet.Key { return fleet.Key{Ref: fleet.Ref{Name: service}, Instance: id} }

// TestPutReplaces: the last word about a service is the whole word, whatever
// context and source stood in its name.
func TestPutReplaces(t *testing.T) {
	store := memory.NewStore()
	c := store.Open()
	store.Put(fleet.Service{Ref: fleet.Ref{Context: "prod", Source: "etcd", Name: "a"}, Labels: map[string]string{"x": "1"}, Instances: []fleet.Instance{{ID: "2"}, {ID: "1"}, {Addr: "h:9"}}})
	if got := holds(t, c); got != "a[1=- 2=- h:9=-]" {
		t.Errorf("%s", got)
	}
	store.Put(fleet.Service{Ref: fleet.Ref{Source: "consul", Name: "a"}, Instances: []fleet.Instance{{ID: "2"}}})
	set, err := c.List(t.Context())
	if err != nil || told(set) != "a[2=-]" || set.Services[0].Labels != nil || set.Services[0].Source != "" {
		t.Errorf("%+v, %v", set, err)
	}
	store.Put(fleet.Service{Ref: fleet.Ref{Name: "a"}})
	if got := holds(t, c); got != "a[]" {
		t.Errorf("an empty service is known: %s", got)
	}
	store.Put(fleet.Service{Ref: fleet.Ref{Namespace: "n", Name: "a"}, Instances: []fleet.Instance{{ID: "1"}}})
	store.Drop(fleet.Ref{Context: "any", Name: "a"})
	store.Drop(fleet.Ref{Name: "never there"})
	if got := holds(t, c); got != "n/a[1=-]" {
		t.Errorf("%s", got)
	}
}

// TestRegisterReplaces: the same id is one entry, whose lease is the last one's;
// and the service goes with its last instance.
func TestRegisterReplaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ctx := memory.NewStore().Open(), t.Context()
		add := func(e registry.Entry) {
			t.Helper()
			if k, err := c.Register(ctx, e); err != nil || k != key(e.Service, e.Instance.ID) {
				t.Fatal(k, err)
			}
		}
		after := func(d time.Duration, want string) {
			t.Helper()
			<-time.After(d)
			synctest.Wait()
			if got := holds(t, c); got != want {
				t.Errorf("holds %q, want %q", got, want)
			}
		}
		add(entry("a", "1", time.Second))
		add(entry("a", "1", time.Minute)) // the first lease no longer counts
		add(entry("a", "2", 0))           // none at all
		after(30*time.Second, "a[1=up 2=up]")
		after(time.Minute, "a[2=up]")
		add(entry("a", "2", time.Second)) // what had none has one now
		after(2*time.Second, "")
		add(entry("a", "1", time.Second))
		add(entry("a", "1", 0)) // and the reverse
		after(time.Hour, "a[1=up]")
		down := fleet.Down
		e := entry("a", "1", 0)
		e.Instance.Claimed = &down
		add(e)
		after(0, "a[1=down]")
	})
}

// TestLeaseOfWhatWasPutSince: a lease that ends takes its own entry and no other
// that has the same name by now.
func TestLeaseOfWhatWasPutSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		c := store.Open()
		for _, replace := range []func(){
			func() { store.Put(fleet.Service{Ref: fleet.Ref{Name: "a"}, Instances: []fleet.Instance{{ID: "1"}}}) },
			func() {
				store.Drop(fleet.Ref{Name: "a"})
				store.Put(fleet.Service{Ref: fleet.Ref{Name: "a"}, Instances: []fleet.Instance{{ID: "1"}}})
			},
			func() {
				_ = c.Deregister(t.Context(), key("a", "1"))
				_, _ = c.Register(t.Context(), entry("a", "1", 0))
			},
		} {
			if _, err := c.Register(t.Context(), entry("a", "1", time.Second)); err != nil {
				t.Fatal(err)
			}
			replace()
			<-time.After(time.Minute)
			synctest.Wait()
			if got := holds(t, c); !strings.HasPrefix(got, "a[1=") {
				t.Errorf("the old lease took the new entry: %q", got)
			}
			store.Drop(fleet.Ref{Name: "a"})
		}
	})
}

// TestMaintenanceGoesBack: to what was claimed before, whatever that was, and
// however often it was switched on.
func TestMaintenanceGoesBack(t *testing.T) {
	for _, before := range []*fleet.Status{nil, claims(fleet.Up), claims(fleet.Down), claims(fleet.Maintenance)} {
		store := memory.NewStore()
		store.Put(fleet.Service{Ref: fleet.Ref{Name: "a"}, Instances: []fleet.Instance{{ID: "1", Claimed: before, ClaimNote: "was so"}}})
		c, ctx := store.Open(), t.Context()
		was := holds(t, c)
		set := func(on bool, why string) fleet.Instance {
			t.Helper()
			if err := c.SetMaintenance(ctx, key("a", "1"), on, why); err != nil {
				t.Fatal(err)
			}
			got, err := c.List(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return got.Services[0].Instances[0]
		}
		if in := set(false, ""); in.ClaimNote != "was so" || holds(t, c) != was {
			t.Errorf("off, and never on: %+v", in)
		}
		for _, why := range []string{"disk", "disk and fan"} {
			if in := set(true, why); *in.Claimed != fleet.Maintenance || in.ClaimNote != why {
				t.Errorf("on: %+v", in)
			}
		}
		for range 2 {
			if in := set(false, ""); in.ClaimNote != "was so" || holds(t, c) != was {
				t.Errorf("off: %+v, was %s", in, was)
			}
		}
	}
}

// TestNobodyThere: what is not there cannot be changed, and trying changes
// nothing; a name with a source in it finds it all the same.
func TestNobodyThere(t *testing.T) {
	store := memory.NewStore()
	store.Put(fleet.Service{Ref: fleet.Ref{Name: "a"}, Instances: []fleet.Instance{{ID: "1"}}})
	c, ctx := store.Open(), t.Context()
	for _, k := range []fleet.Key{key("a", "2"), key("b", "1"), key("a", ""), {Ref: fleet.Ref{Namespace: "n", Name: "a"}, Instance: "1"}} {
		for name, err := range map[string]error{
			"deregister": c.Deregister(ctx, k), "heartbeat": c.Heartbeat(ctx, k), "maintenance": c.SetMaintenance(ctx, k, true, "x"),
		} {
			if !errors.Is(err, fleet.ErrNotFound) || !strings.Contains(err.Error(), k.String()) {
				t.Errorf("%s of %v: %v", name, k, err)
			}
		}
	}
	if got := holds(t, c); got != "a[1=-]" {
		t.Errorf("%s", got)
	}
	k := fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "etcd", Name: "a"}, Instance: "1"}
	if err := c.Heartbeat(ctx, k); err != nil {
		t.Error(err)
	}
	if err := c.Deregister(ctx, k); err != nil || holds(t, c) != "" {
		t.Errorf("%v, holds %q", err, holds(t, c))
	}
}

// TestHeartbeatIsASignOfLife, also without a lease.
func TestHeartbeatIsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := memory.NewStore().Open()
		k, err := c.Register(t.Context(), entry("a", "1", 0))
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		if err := c.Heartbeat(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		set, _ := c.List(t.Context())
		if seen := set.Services[0].Instances[0].LastSeen; !seen.Equal(time.Now()) {
			t.Errorf("last seen %v, now is %v", seen, time.Now())
		}
	})
}

// TestBreakAndHeal: a fault stands before everything, an unhealed one is not
// ended by time, and healing ends what hangs in it as if nothing had been.
func TestBreakAndHeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		store.Put(fleet.Service{Ref: fleet.Ref{Name: "a"}, Instances: []fleet.Instance{{ID: "1"}}})
		c := store.Open()
		heal := store.Break(func(context.Context) error { return io.ErrUnexpectedEOF })
		for name, do := range map[string]func() error{
			"list":        func() error { _, err := c.List(t.Context()); return err },
			"watch":       func() error { return c.Watch(t.Context(), func(registry.Set) error { t.Error("told"); return nil }) },
			"register":    func() error { _, err := c.Register(t.Context(), entry("b", "1", 0)); return err },
			"deregister":  func() error { return c.Deregister(t.Context(), key("a", "1")) },
			"heartbeat":   func() error { return c.Heartbeat(t.Context(), key("a", "1")) },
			"maintenance": func() error { return c.SetMaintenance(t.Context(), key("a", "1"), true, "x") },
		} {
			if err := do(); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: %v", name, err)
			}
		}
		heal()
		heal()
		if got := holds(t, c); got != "a[1=-]" {
			t.Errorf("a broken registry was written to: %s", got)
		}
		heal = store.Break(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		listed := make(chan string)
		go func() { listed <- holds(t, c) }()
		<-time.After(time.Hour)
		synctest.Wait()
		select {
		case got := <-listed:
			t.Errorf("a far end that hangs answered %s", got)
		default:
		}
		heal()
		if got := <-listed; got != "a[1=-]" {
			t.Errorf("healed: %s", got)
		}
	})
}

// TestHangEnds: a call that hangs ends with its context or with its client, each
// by its own name.
func TestHangEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		defer store.Break(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })()
		c := store.Open()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.List(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("in time: %v", err)
		}
		if _, err := c.List(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after time: %v", err)
		}
		ended := make(chan error)
		go func() { ended <- c.Watch(t.Context(), func(registry.Set) error { return nil }) }()
		synctest.Wait()
		_ = c.Close()
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("closed: %v", err)
		}
		if _, err := c.List(t.Context()); err == nil || c.Close() != nil {
			t.Errorf("a closed client lists: %v", err)
		}
		if other := store.Open(); other == c {
			t.Error("a closed client was handed out again")
		}
	})
}

// TestWatchTakesChangesTogether: a slow reader skips, and sees the last state;
// none of its sets is older than the one before.
func TestWatchTakesChangesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		c := store.Open()
		put := func(n int) {
			store.Put(fleet.Service{Ref: fleet.Ref{Name: "a"}, Instances: []fleet.Instance{{ID: fmt.Sprintf("%03d", n)}}})
		}
		var sets []string
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- c.Watch(ctx, func(set registry.Set) error {
				sets = append(sets, told(set))
				<-time.After(time.Second) // others write meanwhile
				return nil
			})
		}()
		synctest.Wait()
		for n := range 100 {
			put(n)
			<-time.After(100 * time.Millisecond)
		}
		<-time.After(3 * time.Second)
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if len(sets) < 5 || len(sets) > 15 || sets[0] != "" || sets[len(sets)-1] != "a[099=-]" || !slices.IsSorted(sets) {
			t.Errorf("%d sets: %q", len(sets), sets)
		}
	})
}

// TestWatchStopsWhereItsReaderDoes: an error of emit is returned as it is.
func TestWatchStopsWhereItsReaderDoes(t *testing.T) {
	stop := errors.New("enough")
	calls := 0
	err := memory.NewStore().Open().Watch(t.Context(), func(registry.Set) error {
		calls++
		return stop
	})
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

// TestAgainstAModel: whatever is done in whatever order, the store holds what a
// plain map would.
func TestAgainstAModel(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 1))
		store := memory.NewStore()
		c, ctx := store.Open(), t.Context()
		model := map[fleet.Key]bool{}
		for range 200 {
			k := key(string(rune('a'+rng.IntN(3))), string(rune('1'+rng.IntN(3))))
			was := model[k]
			switch rng.IntN(4) {
			case 0:
				if _, err := c.Register(ctx, entry(k.Name, k.Instance, 0)); err != nil {
					t.Fatal(err)
				}
				model[k] = true
			case 1:
				if err := c.Deregister(ctx, k); (err == nil) != was {
					t.Fatalf("seed %d: deregister %v: %v, was there: %v", seed, k, err, was)
				}
				delete(model, k)
			case 2:
				if err := c.Heartbeat(ctx, k); (err == nil) != was {
					t.Fatalf("seed %d: heartbeat %v: %v, was there: %v", seed, k, err, was)
				}
			case 3:
				store.Drop(k.Ref)
				for other := range model {
					if other.Ref == k.Ref {
						delete(model, other)
					}
				}
			}
		}
		set, err := c.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, s := range set.Services {
			if len(s.Instances) == 0 {
				t.Errorf("seed %d: %s is left without instances", seed, s.Ref)
			}
			for _, in := range s.Instances {
				if n++; !model[fleet.Key{Ref: s.Ref, Instance: in.ID}] {
					t.Errorf("seed %d: %s/%s is not wanted", seed, s.Ref, in.ID)
				}
			}
		}
		if n != len(model) {
			t.Errorf("seed %d: %d instances, want %d", seed, n, len(model))
		}
	}
}
