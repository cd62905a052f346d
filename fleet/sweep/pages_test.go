package sweep_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/probe"
)

// published is a snapshot and when it came.
type published struct {
	after time.Duration
	*fleet.Snapshot
}

// later runs a loop whose pages are read beside passes, for a while, and returns
// all that it published: a pass takes nothing, one in ten seconds.
func later(t *testing.T, s *shelf, long time.Duration, change func(*sweep.Loop), services ...fleet.Service) (all []published, hub *sweep.Hub) {
	t.Helper()
	f := &far{answers: map[string]map[string]probe.Result{}}
	for i := range services {
		for _, in := range services[i].Instances {
			f.answers[in.Addr] = at("/health", well)
		}
	}
	w := scraping(f, s)
	w.Metrics.Time, w.Metrics.Later = 25*time.Second, true
	l := &sweep.Loop{
		Sweeper: w, Hub: sweep.NewHub(), Pace: sweep.NewPace(10 * time.Second), Changed: make(chan struct{}),
		Input: func() (sweep.Input, bool) { return sweep.Input{Services: services}, true },
	}
	if change != nil {
		change(l)
	}
	start := time.Now()
	ctx, stop := context.WithTimeout(t.Context(), long)
	defer stop()
	feed := l.Hub.Latest(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx)
	}()
	for snap := range feed {
		all = append(all, published{time.Since(start), snap})
	}
	<-ended
	return all, l.Hub
}

// hanging lets one page hang until its time is over, and the others take a moment.
func hanging(instance string) func(context.Context, metrics.Target) error {
	return func(ctx context.Context, t metrics.Target) error {
		if t.Key.Instance == instance {
			<-ctx.Done()
			return ctx.Err()
		}
		time.Sleep(time.Second) // of the bubble's clock
		return nil
	}
}

// TestVerdictsComeBeforePages: the first snapshot waits for no page; the same pass
// is published again with what they say, and happens once.
func TestVerdictsComeBeforePages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		s := &shelf{before: hanging("")}
		all, hub := later(t, s, 5*time.Second, func(l *sweep.Loop) {
			l.Read = func() { told = append(told, "read") }
			l.Passed = func(snap *fleet.Snapshot) {
				if snap.Seq != 0 {
					t.Error("told of a snapshot that was published already")
				}
				told = append(told, scrapes(snap))
			}
		}, service("order", "10.0.0.1:80", "9.0.0.1:80", "8.0.0.1:80"))
		if len(all) != 2 || all[0].after != 0 || all[1].after != time.Second {
			t.Fatalf("published %+v", all)
		}
		first, second := all[0].Snapshot, all[1].Snapshot
		if first.Seq != 1 || second.Seq != 2 || first.Pass != 1 || second.Pass != 1 || !first.At.Equal(second.At) {
			t.Errorf("%d of pass %d at %v, then %d of %d at %v", first.Seq, first.Pass, first.At, second.Seq, second.Pass, second.At)
		}
		expect(t, first, "up up up")
		expect(t, second, "up up up")
		if got := fmt.Sprint(told); got != "[- - - read 11 policy -]" || scrapes(first) != "- - -" {
			t.Errorf("told %s; what was published first is %s now", got, scrapes(first))
		}
		if events, _ := hub.Since(0); len(events) != 0 {
			t.Errorf("it happened twice: %v", events)
		}
		if len(s.observed) != 1 {
			t.Errorf("the pass was kept %d times", len(s.observed))
		}
	})
}

// TestAPageThatHangs holds no verdict up, of nobody and in no pass; what was read
// last stays until more is known.
func TestAPageThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{before: hanging("10.0.0.2:80")}
		all, _ := later(t, s, 99*time.Second, nil, service("order", "10.0.0.1:80", "10.0.0.2:80"))
		passes, pages, last := map[uint64]time.Duration{}, 0, time.Duration(0)
		for i, p := range all {
			if p.Seq != uint64(i+1) {
				t.Errorf("number %d after %d", p.Seq, i)
			}
			if _, again := passes[p.Pass]; again {
				pages++
				if got := scrapes(p.Snapshot); got != "11 timeout" {
					t.Errorf("read %s", got)
				}
				continue
			}
			if gap := p.after - last; gap > 11*time.Second {
				t.Errorf("%v without a verdict", gap)
			}
			passes[p.Pass], last = p.after, p.after
			if got := scrapes(p.Snapshot); (got == "- -") != (p.after < 25*time.Second) {
				t.Errorf("after %v it holds %s", p.after, got)
			}
		}
		// Pages are read one round after the other: of 25 s, from a pass on.
		if n := len(passes); n < 9 || n > 11 || pages != 3 || len(s.observed) != n {
			t.Errorf("%d passes, %d of them kept, %d with pages more", n, len(s.observed), pages)
		}
	})
}

// TestWhereThereIsNoPage that is said once, and not again after each pass.
func TestWhereThereIsNoPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, _ := later(t, &shelf{}, 35*time.Second, nil, service("order", "9.0.0.1:80"))
		if n := len(all); n < 4 || n > 6 || all[n-1].Pass != uint64(n-1) {
			t.Errorf("%d snapshots, the last of pass %d", n, all[n-1].Pass)
		}
	})
}

// TestPagesBesideProbesKeepToTheLimits: both together are no more than one would be.
func TestPagesBesideProbesKeepToTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var services []fleet.Service
		for i := range 20 {
			services = append(services, service(fmt.Sprint("order-", i), fmt.Sprintf("10.0.0.1:%d", 1000+i), fmt.Sprintf("10.0.1.%d:80", i)))
		}
		var now, most, both atomic.Int64
		busy := func(page bool) {
			n := now.Add(1)
			defer now.Add(-1)
			most.Store(max(most.Load(), n))
			if page {
				time.Sleep(7 * time.Second)
				return
			}
			if n > 1 {
				both.Add(1)
			}
			time.Sleep(300 * time.Millisecond)
		}
		later(t, &shelf{before: func(context.Context, metrics.Target) error {
			busy(true)
			return nil
		}}, 100*time.Second, func(l *sweep.Loop) {
			l.Sweeper.Pool = probe.Pool{Parallel: 6, PerHost: 4}
			probing := l.Sweeper.Prober("", false)
			l.Sweeper.Prober = func(string, bool) probe.Prober { return busyProber{probing, func() { busy(false) }} }
		}, services...)
		if most.Load() != 6 || both.Load() == 0 {
			t.Errorf("%d at once, want 6", most.Load())
		}
	})
}

type busyProber struct {
	probe.Prober
	busy func()
}

func (b busyProber) Probe(ctx context.Context, t probe.Target) probe.Result {
	b.busy()
	return b.Prober.Probe(ctx, t)
}

// TestPagesOfAnEndedWatch: what is half read when it ends is not told of, and nobody
// is left behind.
func TestPagesOfAnEndedWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, _ := later(t, &shelf{before: hanging("10.0.0.1:80")}, 5*time.Second, func(l *sweep.Loop) {
			l.Read = func() { t.Error("told of half of the pages") }
		}, service("order", "10.0.0.1:80"))
		if len(all) != 1 || all[0].after != 0 {
			t.Errorf("published %+v", all)
		}
	})
}
