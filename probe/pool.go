package probe

import (
	"context"
	"sync"
	"time"
)

// Job is one piece of work for a Pool.
type Job struct {
	Group string // jobs of one group are spread among those of the others
	Host  string // counts towards the limit of this host; empty for none
	// Do does the work on one of the pool's goroutines. What it returns is
	// queued in its place: a first answer may decide what else to ask.
	Do func(ctx context.Context) []Job
}

// Pool runs many jobs at once under its limits. The zero value of a limit
// means no limit, but for Parallel, where it means one.
type Pool struct {
	Parallel int     // jobs at once
	PerHost  int     // of them with the same Host
	QPS      float64 // jobs started a second
}

// Run does all jobs and those they lead to. When ctx ends, no further job is
// started; those running are waited for (they have ctx too) and the jobs that
// never ran are returned.
func (p Pool) Run(ctx context.Context, jobs []Job) (unasked []Job) {
	r := &run{pool: p, ctx: ctx, hosts: map[string]*host{}, ready: interleave(jobs), pending: len(jobs)}
	r.cond.L = &r.mu
	stop := context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.cond.Broadcast()
	})
	defer stop()
	r.mu.Lock()
	r.wake(len(jobs))
	r.mu.Unlock()
	r.workers.Wait()
	for _, h := range r.hosts {
		r.ready = append(r.ready, h.parked...)
	}
	return r.ready
}

// run is one call of Run.
type run struct {
	pool Pool
	ctx  context.Context

	mu      sync.Mutex
	cond    sync.Cond
	workers sync.WaitGroup
	started int
	idle    int   // workers that wait and were not signalled
	ready   []Job // next first
	hosts   map[string]*host
	pending int // jobs that are ready, parked or running
	slot    time.Time
}

// host keeps the jobs that wait for others at the same host.
type host struct {
	running int
	parked  []Job
}

func (r *run) work() {
	for {
		job, ok := r.next()
		if !ok {
			return
		}
		if !r.pace() {
			r.putBack(job)
			return
		}
		r.done(job, job.Do(r.ctx))
	}
}

// next waits for a job whose host has room. It is false when all is done or
// ctx has ended.
func (r *run) next() (Job, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		if r.ctx.Err() != nil || r.pending == 0 {
			return Job{}, false
		}
		for len(r.ready) > 0 {
			job := r.ready[0]
			r.ready[0] = Job{}
			r.ready = r.ready[1:]
			if job.Host == "" || r.pool.PerHost == 0 {
				return job, true
			}
			h := r.hosts[job.Host]
			if h == nil {
				h = &host{}
				r.hosts[job.Host] = h
			}
			if h.running < r.pool.PerHost {
				h.running++
				return job, true
			}
			h.parked = append(h.parked, job)
		}
		r.idle++
		r.cond.Wait()
	}
}

// done takes a finished job out and queues what follows from it.
func (r *run) done(job Job, more []Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending += len(more) - 1
	r.ready = append(r.ready, more...)
	r.release(job)
	if r.pending == 0 {
		r.cond.Broadcast()
		return
	}
	// The caller takes the next job itself: what is new beyond that one needs
	// another worker.
	r.wake(len(r.ready) - 1)
}

// wake sees to it that n jobs more find a worker: an idle one or, up to the
// limit, a new one. It is called with the lock held.
func (r *run) wake(n int) {
	for range n {
		if r.idle > 0 {
			r.idle--
			r.cond.Signal()
			continue
		}
		if r.started >= max(r.pool.Parallel, 1) {
			return
		}
		r.started++
		r.workers.Go(r.work)
	}
}

// putBack returns a job that was taken and not done.
func (r *run) putBack(job Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready = append(r.ready, job)
	r.release(job)
}

func (r *run) release(job Job) {
	h := r.hosts[job.Host]
	if h == nil {
		return
	}
	h.running--
	switch {
	case len(h.parked) > 0:
		r.ready = append(r.ready, h.parked[0])
		h.parked[0] = Job{}
		h.parked = h.parked[1:]
	case h.running == 0:
		delete(r.hosts, job.Host) // a fleet's addresses are many
	}
}

// pace waits for this job's turn under QPS; it is false when ctx ended first.
func (r *run) pace() bool {
	if r.pool.QPS <= 0 {
		return r.ctx.Err() == nil
	}
	r.mu.Lock()
	now := time.Now()
	if r.slot.Before(now) {
		r.slot = now
	}
	wait := r.slot.Sub(now)
	r.slot = r.slot.Add(time.Duration(float64(time.Second) / r.pool.QPS))
	r.mu.Unlock()
	if wait <= 0 {
		return r.ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.ctx.Done():
		return false
	}
}

// interleave orders jobs so that no group gets its whole burst at once: the
// first of each group, then the second of each, and so on.
func interleave(jobs []Job) []Job {
	seen := map[string]int{}        // jobs of a group so far
	round := make([]int, len(jobs)) // of each job
	var next []int                  // how many are in a round, then where the next of it goes
	for i := range jobs {
		n := seen[jobs[i].Group]
		if n == len(next) {
			next = append(next, 0)
		}
		seen[jobs[i].Group], round[i] = n+1, n
		next[n]++
	}
	at := 0
	for n, size := range next {
		next[n], at = at, at+size
	}
	out := make([]Job, len(jobs))
	for i, n := range round {
		out[next[n]] = jobs[i]
		next[n]++
	}
	return out
}
