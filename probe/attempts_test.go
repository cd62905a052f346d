package probe_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
)

// script answers with one result after the other, each after so long; the last
// is repeated. A result of the zero reason with no outcome waits for its ctx.
type script struct {
	steps []step
	asked []time.Duration // when, since the first
	given []time.Duration // how long each was allowed
	start time.Time
}

type step struct {
	after   time.Duration
	outcome probe.Outcome
	reason  probe.Reason
	code    int
}

func (s *script) Probe(ctx context.Context, t probe.Target) probe.Result {
	now := time.Now()
	if s.start.IsZero() {
		s.start = now
	}
	end, _ := ctx.Deadline()
	s.asked, s.given = append(s.asked, now.Sub(s.start)), append(s.given, end.Sub(now))
	next := s.steps[0]
	if len(s.steps) > 1 {
		s.steps = s.steps[1:]
	}
	timer := time.NewTimer(next.after)
	defer timer.Stop()
	r := probe.Result{Target: t, Outcome: next.outcome, Reason: next.reason, Detail: string(next.reason), Code: next.code, At: now, Trace: []string{"asked"}}
	select {
	case <-timer.C:
	case <-ctx.Done():
		r.Outcome, r.Reason, r.Detail = probe.Fail, probe.ReasonTimeout, "timeout"
		if errors.Is(context.Cause(ctx), context.Canceled) {
			r.Outcome, r.Reason, r.Detail = probe.Unknown, probe.ReasonCancelled, "cancelled"
		}
	}
	r.Took = time.Since(now)
	return r
}

func TestAttempts(t *testing.T) {
	pass := step{outcome: probe.Pass}
	fail := func(r probe.Reason) step { return step{outcome: probe.Fail, reason: r} }
	never := step{after: time.Hour}
	for _, c := range []struct {
		name     string
		a        probe.Attempts
		steps    []step
		ctx      time.Duration // deadline of the caller, 0 none
		attempts int
		outcome  probe.Outcome
		reason   probe.Reason
		flaky    bool
		most     time.Duration
	}{
		{"well at once", probe.Attempts{}, []step{pass}, 0, 1, probe.Pass, "", false, 0},
		{"refused, then well", probe.Attempts{}, []step{fail(probe.ReasonRefused), pass}, 0, 2, probe.Pass, "", true, 250 * time.Millisecond},
		{"refused twice", probe.Attempts{}, []step{fail(probe.ReasonRefused)}, 0, 2, probe.Fail, probe.ReasonRefused, false, 250 * time.Millisecond},
		{"reset, then a warning", probe.Attempts{}, []step{fail(probe.ReasonReset), {outcome: probe.Warn, reason: probe.ReasonSlow}}, 0, 2, probe.Warn, probe.ReasonSlow, true, 250 * time.Millisecond},
		{"reset, then unwell", probe.Attempts{}, []step{fail(probe.ReasonReset), fail(probe.ReasonReported)}, 0, 2, probe.Fail, probe.ReasonReported, false, 250 * time.Millisecond},
		{"an answer stands", probe.Attempts{}, []step{{outcome: probe.Fail, reason: probe.ReasonStatus, code: 500}, pass}, 0, 1, probe.Fail, probe.ReasonStatus, false, 0},
		{"a body that does not end stands", probe.Attempts{}, []step{{outcome: probe.Fail, reason: probe.ReasonTimeout, code: 200}, pass}, 0, 1, probe.Fail, probe.ReasonTimeout, false, 0},
		{"a doubt stands", probe.Attempts{}, []step{{outcome: probe.Unknown, reason: probe.ReasonResolve}, pass}, 0, 1, probe.Unknown, probe.ReasonResolve, false, 0},
		{"a closed connection stands", probe.Attempts{}, []step{fail(probe.ReasonClosed), pass}, 0, 1, probe.Fail, probe.ReasonClosed, false, 0},
		{"silence twice ends with the whole", probe.Attempts{}, []step{never}, 0, 2, probe.Fail, probe.ReasonTimeout, false, 4 * time.Second},
		{"silence, then well", probe.Attempts{}, []step{never, pass}, 0, 2, probe.Pass, "", true, 2250 * time.Millisecond},
		{"once is once", probe.Attempts{Max: 1}, []step{fail(probe.ReasonRefused), pass}, 0, 1, probe.Fail, probe.ReasonRefused, false, 0},
		{"four times", probe.Attempts{Max: 4}, []step{fail(probe.ReasonRefused)}, 0, 4, probe.Fail, probe.ReasonRefused, false, 750 * time.Millisecond},
		{"the whole ends it", probe.Attempts{Max: 100, Whole: time.Second}, []step{fail(probe.ReasonRefused)}, 0, -1, probe.Fail, probe.ReasonRefused, false, time.Second},
		{"no pause beyond the caller's end", probe.Attempts{}, []step{fail(probe.ReasonRefused), pass}, 100 * time.Millisecond, 1, probe.Fail, probe.ReasonRefused, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: slices.Clone(c.steps)}
				c.a.Prober = s
				ctx := t.Context()
				if c.ctx > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.ctx)
					defer cancel()
				}
				start := time.Now()
				r := c.a.Probe(ctx, probe.Target{Kind: probe.HTTP, Address: "a"})
				took := time.Since(start)
				if c.attempts >= 0 && (r.Attempts != c.attempts || len(s.asked) != c.attempts) {
					t.Errorf("asked %d times and says %d, want %d", len(s.asked), r.Attempts, c.attempts)
				}
				if r.Outcome != c.outcome || r.Reason != c.reason || r.Flaky != c.flaky {
					t.Errorf("got %s (%s) flaky=%v, want %s (%s) flaky=%v", r.Outcome, r.Reason, r.Flaky, c.outcome, c.reason, c.flaky)
				}
				if took > c.most || r.Took != took || !r.At.Equal(start) {
					t.Errorf("took %s and says %s, at most %s; at %s, want %s", took, r.Took, c.most, r.At, start)
				}
				for i, limit := range s.given {
					if limit > 2*time.Second || limit <= 0 {
						t.Errorf("attempt %d was given %s", i+1, limit)
					}
				}
			})
		})
	}
}

func TestAttemptsTellWhatWasTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{outcome: probe.Fail, reason: probe.ReasonRefused}, {outcome: probe.Pass}}}
		r := (&probe.Attempts{Prober: s}).Probe(t.Context(), probe.Target{})
		if got := strings.Join(r.Trace, "|"); got != "asked|again, after: refused|asked" {
			t.Errorf("trace %q", got)
		}
	})
}

func TestAttemptsPauseHasJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[time.Duration]bool{}
		for range 20 {
			s := &script{steps: []step{{outcome: probe.Fail, reason: probe.ReasonRefused}}}
			(&probe.Attempts{Prober: s}).Probe(t.Context(), probe.Target{})
			if pause := s.asked[1]; pause < 150*time.Millisecond || pause > 250*time.Millisecond {
				t.Fatalf("paused %s", pause)
			}
			seen[s.asked[1]] = true
		}
		if len(seen) < 10 {
			t.Errorf("%d different pauses of 20", len(seen))
		}
	})
}

func TestAttemptsCancelledInThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		s := &script{steps: []step{{outcome: probe.Fail, reason: probe.ReasonRefused}}}
		start := time.Now()
		r := (&probe.Attempts{Prober: s}).Probe(ctx, probe.Target{})
		if r.Attempts != 1 || time.Since(start) != 50*time.Millisecond {
			t.Errorf("%d attempts in %s", r.Attempts, time.Since(start))
		}
	})
}

func TestMux(t *testing.T) {
	m := probe.Mux{probe.HTTP: &script{steps: []step{{outcome: probe.Pass}}}}
	if r := m.Probe(t.Context(), probe.Target{Kind: probe.HTTP}); r.Outcome != probe.Pass {
		t.Errorf("got %+v", r)
	}
	if r := m.Probe(t.Context(), probe.Target{Kind: "smtp"}); r.Outcome != probe.Unknown || r.Reason != probe.ReasonInternal || !strings.Contains(r.Detail, "smtp") {
		t.Errorf("got %+v", r)
	}
}
