package probe_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
)

func TestPoolRunsAllAndWhatFollows(t *testing.T) {
	for _, p := range []probe.Pool{{}, {Parallel: 1}, {Parallel: 7}, {Parallel: 256, PerHost: 4}, {Parallel: 3, PerHost: 1}} {
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			var n atomic.Int64
			var jobs []probe.Job
			for i := range 50 {
				jobs = append(jobs, probe.Job{Group: fmt.Sprint(i % 5), Host: fmt.Sprint("h", i%3), Do: func(context.Context) []probe.Job {
					n.Add(1)
					var more []probe.Job
					for range 20 {
						more = append(more, probe.Job{Host: "h1", Do: func(context.Context) []probe.Job { n.Add(1); return nil }})
					}
					return more
				}})
			}
			if left := p.Run(t.Context(), jobs); len(left) != 0 || n.Load() != 50+50*20 {
				t.Fatalf("ran %d jobs, left %d; want 1050 and none", n.Load(), len(left))
			}
		})
	}
}

func TestPoolOfNothing(t *testing.T) {
	if left := (probe.Pool{Parallel: 4}).Run(t.Context(), nil); len(left) != 0 {
		t.Fatalf("left %d of nothing", len(left))
	}
}

func TestPoolLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := map[string]int{}, map[string]int{}
		var jobs []probe.Job
		for i := range 200 {
			host := fmt.Sprint("h", i%4)
			jobs = append(jobs, probe.Job{Host: host, Do: func(context.Context) []probe.Job {
				mu.Lock()
				running[host]++
				running["all"]++
				most[host] = max(most[host], running[host])
				most["all"] = max(most["all"], running["all"])
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				running[host]--
				running["all"]--
				mu.Unlock()
				return nil
			}})
		}
		start := time.Now()
		probe.Pool{Parallel: 10, PerHost: 3}.Run(t.Context(), jobs)
		if most["all"] != 10 || most["h0"] > 3 || most["h3"] > 3 {
			t.Fatalf("most at once: %v; want 10 in all, 3 a host", most)
		}
		// 50 jobs of each host, 10 at once over four hosts: the limits are used up, but
		// for an end at which one host is left with more than the others.
		if took := time.Since(start); took > 24*time.Second {
			t.Fatalf("took %v; the limits allow 20 s", took)
		}
	})
}

func TestPoolUsesWorkersForWhatFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		scout := probe.Job{Do: func(context.Context) []probe.Job {
			var more []probe.Job
			for range 100 {
				more = append(more, probe.Job{Do: func(context.Context) []probe.Job { time.Sleep(time.Second); return nil }})
			}
			return more
		}}
		probe.Pool{Parallel: 50}.Run(t.Context(), []probe.Job{scout})
		if took := time.Since(start); took != 2*time.Second {
			t.Fatalf("100 jobs of a second on 50 workers took %v, want 2s", took)
		}
	})
}

func TestPoolSpreadsGroups(t *testing.T) {
	var order []string
	var jobs []probe.Job
	for _, g := range []string{"a", "a", "a", "b", "b", "c"} {
		jobs = append(jobs, probe.Job{Group: g, Do: func(context.Context) []probe.Job { order = append(order, g); return nil }})
	}
	probe.Pool{Parallel: 1}.Run(t.Context(), jobs)
	if want := []string{"a", "b", "c", "a", "b", "a"}; !slices.Equal(order, want) {
		t.Fatalf("order %v, want %v", order, want)
	}
}

func TestPoolStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		var n atomic.Int64
		var jobs []probe.Job
		for range 10 {
			jobs = append(jobs, probe.Job{Host: "one", Do: func(context.Context) []probe.Job { n.Add(1); time.Sleep(time.Second); return nil }})
		}
		left := probe.Pool{Parallel: 4, PerHost: 1}.Run(ctx, jobs)
		if n.Load() != 3 || len(left) != 7 {
			t.Fatalf("ran %d and left %d, want 3 and 7", n.Load(), len(left))
		}
	})
}

func TestPoolPaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var jobs []probe.Job
		for range 21 {
			jobs = append(jobs, probe.Job{Do: func(context.Context) []probe.Job { return nil }})
		}
		probe.Pool{Parallel: 8, QPS: 10}.Run(t.Context(), jobs)
		if took := time.Since(start); took != 2*time.Second {
			t.Fatalf("21 jobs at 10 a second took %v, want 2s", took)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ran := 0
		for i := range jobs {
			jobs[i].Do = func(context.Context) []probe.Job { ran++; return nil }
		}
		if left := (probe.Pool{Parallel: 1, QPS: 5}).Run(ctx, jobs); len(left)+ran != len(jobs) || ran < 5 || ran > 6 {
			t.Fatalf("ran %d and left %d of %d in a second at 5 a second", ran, len(left), len(jobs))
		}
	})
}
