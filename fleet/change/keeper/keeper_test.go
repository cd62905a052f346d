package keeper_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/memory"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
	"github.com/midwatch-cli/midwatch/fleet/change/keeper"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
)

// TestMain makes this binary a keeper where it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "keep" {
		os.Exit(keep())
	}
	goleak.VerifyTestMain(m)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const base = "memory://order-1"

// world is one breaker, a journal, and a desk.
type world struct {
	t     *testing.T
	far   *memory.Far
	admin breaker.Admin
	j     *journal.Journal
	desk  change.Desk
	log   buffer
	skew  time.Duration // of the clock, as after a suspend
	mu    sync.Mutex

	removed atomic.Bool // the journal
}

// buffer may be read while it is written to.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.skew)
}

// sleep is a machine that was suspended: its clock went on, no timer did.
func (w *world) sleep(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.skew += d
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, far: &memory.Far{}}
	w.far.Put(base, fleet.NewBreaker("payment", fleet.BreakerClosed))
	var err error
	w.admin, err = w.far.Driver().Open(breaker.Options{})
	must(t, err)
	w.admin = &lame{Admin: w.admin}
	w.j, err = journal.Open(t.Context(), t.TempDir(), journal.Options{Now: w.now})
	must(t, err)
	w.desk = desk.New(desk.Setup{
		Env:     kind.Env{Admin: func(fleet.Administration) (breaker.Admin, error) { return w.admin, nil }},
		Journal: w.j, Who: change.Who{User: "alice", Host: "bastion-1"}, Now: w.now,
	})
	return w
}

func (w *world) keeper(pid int) *keeper.Keeper {
	open := func(context.Context, change.Origin) (change.Desk, func(), error) { return w.desk, func() {}, nil }
	return &keeper.Keeper{
		Journal: w.j, Self: change.Keeper{PID: pid, Host: "elsewhere"}, Log: &w.log, Now: w.now,
		PutBack: func(ctx context.Context, now time.Time) ([]change.Settled, error) {
			return desk.PutBackDue(ctx, w.j, open, change.Filter{}, now)
		},
		Again: w.desk.Again, Removed: w.removed.Load,
	}
}

// lame is an Admin that cannot reach the first instance while it is cut off.
type lame struct {
	breaker.Admin
	cut atomic.Bool
}

func (l *lame) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	if at.Base == base && l.cut.Load() {
		return nil, errors.New("no route")
	}
	return l.Admin.List(ctx, at)
}

// trip trips the breaker for a while.
func (w *world) trip(o change.Options) *change.Batch {
	w.t.Helper()
	return w.tripAt(base, "order-1", o)
}

func (w *world) tripAt(base, instance string, o change.Options) *change.Batch {
	w.t.Helper()
	i, err := change.BreakerIntent("prod", change.Target{Service: "order", Instance: instance, Breaker: "payment", Admin: &fleet.Administration{Base: base}}, change.Order{Verb: fleet.Trip})
	must(w.t, err)
	plan, err := w.desk.Plan(w.t.Context(), []change.Intent{i})
	must(w.t, err)
	out, err := w.desk.Apply(w.t.Context(), plan, o)
	must(w.t, err)
	return out.Batch
}

func (w *world) state() string {
	list, err := w.admin.List(context.Background(), breaker.Site{Base: base})
	must(w.t, err)
	return list[0].State.String()
}

// running runs a keeper in a bubble until it ends.
func running(t *testing.T, test func(t *testing.T, w *world, ended <-chan error)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer func() { must(t, w.j.Close()) }()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ended := make(chan error, 1)
		go func() { ended <- w.keeper(7).Run(ctx) }()
		synctest.Wait()
		test(t, w, ended)
		stop()
		synctest.Wait()
	})
}

// pass lets time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestItPutsBack(t *testing.T) {
	running(t, func(t *testing.T, w *world, ended <-chan error) {
		k, err := w.j.Keeper(t.Context())
		must(t, err)
		w.trip(change.Options{TTL: 2 * time.Minute, Keeper: k})
		pass(2*time.Minute - time.Second)
		if got := w.state(); got != "forced_open" {
			t.Errorf("before its end: %s", got)
		}
		pass(2 * time.Second)
		if got := w.state(); got != "closed" {
			t.Errorf("after its end: %s", got)
		}
		must(t, <-ended)
		if !strings.Contains(w.log.String(), "trip order/payment: put back by ") || !strings.Contains(w.log.String(), "nothing left to put back") {
			t.Errorf("%s", w.log.String())
		}
		if k, err := w.j.Keeper(t.Context()); err != nil || !k.IsZero() {
			t.Errorf("it left %+v, %v", k, err)
		}
	})
}

// TestItWaitsForItsChange: a person may think about the plan, but not for ever.
func TestItWaitsForItsChange(t *testing.T) {
	running(t, func(t *testing.T, w *world, ended <-chan error) {
		pass(keeper.Linger - 5*time.Second)
		if len(ended) > 0 {
			t.Error("it did not wait")
		}
		pass(10 * time.Second)
		must(t, <-ended)
	})
}

// TestAfterASuspend: the end is absolute.
func TestAfterASuspend(t *testing.T) {
	running(t, func(t *testing.T, w *world, ended <-chan error) {
		w.trip(change.Options{TTL: 8 * time.Hour})
		pass(5 * time.Second)
		w.sleep(9 * time.Hour)
		pass(2 * time.Second)
		if got := w.state(); got != "closed" {
			t.Errorf("after the machine slept: %s", got)
		}
		must(t, <-ended)
	})
}

// TestItTriesAgain: what could not be put back is tried until it can, and what
// somebody else changed is left alone.
func TestItTriesAgain(t *testing.T) {
	running(t, func(t *testing.T, w *world, ended <-chan error) {
		w.trip(change.Options{TTL: time.Minute})
		w.far.Fail(errors.New("no route"))
		pass(5 * time.Minute)
		if got := w.log.String(); len(ended) > 0 || !strings.Contains(got, "not put back, tried again in 10s: ") || strings.Count(got, "not put back, tried again in 1m0s: ") < 2 {
			t.Errorf("%s", got)
		}
		w.far.Fail(nil)
		pass(keeper.Linger)
		if got := w.state(); got != "closed" {
			t.Errorf("%s", got)
		}
		must(t, <-ended)
	})
	running(t, func(t *testing.T, w *world, ended <-chan error) {
		w.trip(change.Options{TTL: time.Minute})
		w.far.Put(base, fleet.NewBreaker("payment", fleet.BreakerDisabled))
		pass(2 * time.Minute)
		if got := w.state(); got != "disabled" {
			t.Errorf("%s", got)
		}
		must(t, <-ended)
	})
}

// TestItEndsWithItsJournal: once its journal is taken away it tries to keep what it
// promised, and does not stay for ever.
func TestItEndsWithItsJournal(t *testing.T) {
	running(t, func(t *testing.T, w *world, ended <-chan error) {
		w.trip(change.Options{TTL: time.Minute})
		w.far.Fail(errors.New("no route"))
		w.removed.Store(true)
		pass(50 * time.Second)
		if len(ended) > 0 {
			t.Error("it ended before it tried")
		}
		pass(20 * time.Second)
		must(t, <-ended)
		if !strings.Contains(w.log.String(), "the journal was taken away") {
			t.Errorf("%s", w.log.String())
		}
		w.far.Fail(nil)
	})
}

// TestOneThatFailsHoldsUpNoOther: what comes due meanwhile is put back at its
// own end.
func TestOneThatFailsHoldsUpNoOther(t *testing.T) {
	const other = "memory://order-2"
	running(t, func(t *testing.T, w *world, _ <-chan error) {
		w.far.Put(other, fleet.NewBreaker("payment", fleet.BreakerClosed))
		w.trip(change.Options{TTL: time.Minute})
		w.tripAt(other, "order-2", change.Options{TTL: 3*time.Minute + 10*time.Second})
		w.admin.(*lame).cut.Store(true)
		pass(3*time.Minute + 12*time.Second)
		if list, err := w.admin.List(t.Context(), breaker.Site{Base: other}); err != nil || list[0].State != fleet.BreakerClosed {
			t.Errorf("%+v, %v", list, err)
		}
		w.admin.(*lame).cut.Store(false)
		pass(time.Minute)
		if got := w.state(); got != "closed" {
			t.Errorf("%s", got)
		}
	})
}

// TestReapply: an instance that restarted is tripped again, until the end.
func TestReapply(t *testing.T) {
	for _, again := range []bool{true, false} {
		running(t, func(t *testing.T, w *world, ended <-chan error) {
			b := w.trip(change.Options{TTL: 2 * time.Minute, Reapply: again})
			w.far.Put(base, fleet.NewBreaker("payment", fleet.BreakerClosed))
			pass(30 * time.Second)
			if got := w.state(); (got == "forced_open") != again {
				t.Errorf("reapply %v: %s", again, got)
			}
			b, err := w.j.Batch(t.Context(), b.ID)
			must(t, err)
			if (b.Steps[0].Again == 1) != again {
				t.Errorf("reapply %v: counted %d", again, b.Steps[0].Again)
			}
			pass(2 * time.Minute)
			if got := w.state(); got != "closed" {
				t.Errorf("reapply %v, at the end: %s", again, got)
			}
			must(t, <-ended)
		})
	}
}

// TestThereIsOne: a second goes at once, and takes over from one that is lost.
func TestThereIsOne(t *testing.T) {
	running(t, func(t *testing.T, w *world, ended <-chan error) {
		w.trip(change.Options{TTL: time.Hour})
		must(t, w.keeper(8).Run(t.Context()))
		if k, err := w.j.Keeper(t.Context()); err != nil || k.PID != 7 {
			t.Errorf("%+v, %v", k, err)
		}
		if len(ended) > 0 {
			t.Error("the first ended")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer func() { must(t, w.j.Close()) }()
		w.trip(change.Options{TTL: time.Minute})
		_, err := w.j.Keep(t.Context(), change.Keeper{PID: 1, Host: "elsewhere"}, change.Keeper{})
		must(t, err)
		pass(change.KeeperLost + time.Second)
		must(t, w.keeper(8).Run(t.Context()))
		if got := w.state(); got != "closed" {
			t.Errorf("%s", got)
		}
	})
}

// keep is the process that Ensure starts.
func keep() int {
	dir := os.Args[2]
	j, err := journal.Open(context.Background(), dir, journal.Options{})
	if err != nil {
		return 1
	}
	if _, err := j.Keep(context.Background(), keeper.Self(), change.Keeper{}); err != nil {
		return 1
	}
	if err := j.Close(); err != nil {
		return 1
	}
	select {} // until it is ended
}

// TestEnsure starts a real process, in a session of its own, and finds it again.
func TestEnsure(t *testing.T) {
	dir := t.TempDir()
	j, err := journal.Open(t.Context(), dir, journal.Options{})
	must(t, err)
	defer func() { _ = j.Close() }()
	k, err := keeper.Ensure(t.Context(), j, dir, "keep", dir)
	must(t, err)
	p, err := os.FindProcess(k.PID)
	must(t, err)
	defer func() { _ = p.Kill(); _, _ = p.Wait() }()
	if k.PID == os.Getpid() || k.Host != keeper.Host() || !keeper.Alive(k.Host, k.PID) {
		t.Errorf("%+v", k)
	}
	if again, err := keeper.Ensure(t.Context(), j, dir, "keep", dir); err != nil || again.PID != k.PID {
		t.Errorf("a second one: %+v, %v", again, err)
	}
	// The sixth field of its status is its session.
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", k.PID)); err == nil {
		if session := strings.Fields(string(stat))[5]; session != strconv.Itoa(k.PID) {
			t.Errorf("its session is %s, not its own", session)
		}
	}
	if lacks := keeper.Lacks(k, []string{"PATH", "MIDWATCH_TEST_NEVER_SET"}); len(lacks) != 1 || lacks[0] != "MIDWATCH_TEST_NEVER_SET" {
		t.Errorf("it lacks %q", lacks)
	}
	must(t, keeper.Dismiss(t.Context(), j))
	_, _ = p.Wait()
	if dead, err := keeper.Dead(t.Context(), j); err != nil || !dead.Same(k) {
		t.Errorf("dismissed, it is %+v, %v", dead, err)
	}
	must(t, keeper.Dismiss(t.Context(), j)) // there is none
	if info, err := os.Stat(filepath.Join(dir, keeper.LogFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its log: %v, %v", info, err)
	}
}
