package probe

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// Attempts asks again where a second try may find another truth: no
// connection, a reset, or no answer in time. What was answered (a status, a
// body, a certificate) stands at once. Zero fields are the defaults.
type Attempts struct {
	Prober  Prober
	Max     int           // how often in all; 0 is 2
	Timeout time.Duration // for each; 0 is 2 s
	Pause   time.Duration // between two, give or take a quarter; 0 is 200 ms
	Whole   time.Duration // over all of them, pauses included; 0 is 4 s
}

// Probe asks until an answer stands. The Result is that of the last attempt,
// with the number of them, the time of the first and the length of all.
func (p *Attempts) Probe(ctx context.Context, t Target) Result {
	most := max(p.Max, 0)
	if most == 0 {
		most = 2
	}
	timeout, pause := cmp.Or(p.Timeout, 2*time.Second), cmp.Or(p.Pause, 200*time.Millisecond)
	start := time.Now()
	end := start.Add(cmp.Or(p.Whole, 4*time.Second))
	var trace []string
	for n := 1; ; n++ {
		within := wire.Until(ctx, time.Now().Add(min(timeout, time.Until(end))))
		r := p.Prober.Probe(within, t)
		within.Stop()
		r.Attempts, r.At, r.Took = n, start.Round(0), time.Since(start)
		r.Flaky = n > 1 && (r.Outcome == Pass || r.Outcome == Warn)
		if n > 1 {
			r.Trace = append(trace, r.Trace...)
		}
		wait := time.Duration(float64(pause) * (0.75 + 0.5*rand.Float64()))
		if n >= most || !again(&r) || time.Until(end) <= wait || !sleep(ctx, wait) {
			return r
		}
		trace = append(r.Trace, "again, after: "+r.Detail)
	}
}

// again says whether another attempt is worth it: nothing was answered, for a
// reason that may pass.
func again(r *Result) bool {
	switch r.Reason {
	case ReasonRefused, ReasonReset, ReasonTimeout:
		return r.Outcome == Fail && r.Code == 0
	default:
		return false
	}
}

// sleep is false if ctx ended, or will end, before d is over.
func sleep(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
