package probetest

import (
	"context"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe"
)

func refused(t *testing.T, s *suite) {
	r := ask(t, s.open(t), s.at(t, ClosedPort(t)), limit)
	want(t, r, probe.Fail, probe.ReasonRefused)
	if r.Answered {
		t.Error("nobody answered, and Answered is true")
	}
}

func closed(t *testing.T, s *suite) {
	address := Raw(t, func(c net.Conn) {
		readSome(c)
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.CloseWrite() // to close with something left to read is a reset
		}
		drain(c)
	})
	want(t, ask(t, s.open(t), s.at(t, address), limit), probe.Fail, probe.ReasonClosed)
}

func reset(t *testing.T, s *suite) {
	address := Raw(t, func(c net.Conn) {
		readSome(c)
		Abort(c)
	})
	want(t, ask(t, s.open(t), s.at(t, address), limit), probe.Fail, probe.ReasonReset)
}

func garbage(t *testing.T, s *suite) {
	address := Raw(t, func(c net.Conn) {
		readSome(c)
		_, _ = c.Write([]byte("-ERR unknown command, this is no such thing\r\n\x00\x01\x02"))
		drain(c)
	})
	want(t, ask(t, s.open(t), s.at(t, address), limit), probe.Unknown, probe.ReasonProtocol, probe.ReasonScheme)
}

func blackHole(t *testing.T, s *suite) {
	const deadline = 300 * time.Millisecond
	r := ask(t, s.open(t), s.at(t, Raw(t, drain)), deadline)
	want(t, r, probe.Fail, probe.ReasonTimeout)
	if r.Took < deadline-50*time.Millisecond || r.Took > deadline+2*time.Second {
		t.Errorf("took %s of a deadline of %s", r.Took, deadline)
	}
	if r.Answered {
		t.Error("nobody answered, and Answered is true")
	}
}

func blackHoleDial(t *testing.T, s *suite) {
	const dial = 200 * time.Millisecond
	p := s.Open(t, Settings{Roots: s.ca.Pool(), Resolver: NoNames(t), DialTimeout: dial})
	r := ask(t, p, s.at(t, Swallow(t)), limit)
	want(t, r, probe.Fail, probe.ReasonTimeout)
	if r.Took < dial-50*time.Millisecond || r.Took > limit/2 {
		t.Errorf("took %s of a dial limit of %s", r.Took, dial)
	}
	if phase := longest(&r); phase != "dial" {
		t.Errorf("the time lies in phase %q, want dial", phase)
	}
}

func cancelBefore(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	want(t, askIn(ctx, t, s.open(t), s.Serve(t, Listen(t))), probe.Unknown, probe.ReasonCancelled)
}

func cancelWhile(t *testing.T, s *suite) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	p := s.open(t)
	address := Raw(t, func(c net.Conn) {
		readSome(c)
		cancel() // the question has arrived and waits for its answer
		drain(c)
	})
	start := time.Now()
	want(t, askIn(ctx, t, p, s.at(t, address)), probe.Unknown, probe.ReasonCancelled)
	if took := time.Since(start); took > limit/2 {
		t.Errorf("took %s", took)
	}
}

func cancelDial(t *testing.T, s *suite) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	target := s.at(t, Swallow(t))
	p := s.open(t)
	timer := time.AfterFunc(50*time.Millisecond, cancel)
	defer timer.Stop()
	start := time.Now()
	want(t, askIn(ctx, t, p, target), probe.Unknown, probe.ReasonCancelled)
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
}

func deadlineBefore(t *testing.T, s *suite) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	want(t, askIn(ctx, t, s.open(t), s.Serve(t, Listen(t))), probe.Fail, probe.ReasonTimeout)
}

func unresolved(t *testing.T, s *suite) {
	r := ask(t, s.open(t), s.at(t, "orders.example.invalid:80"), limit)
	want(t, r, probe.Unknown, probe.ReasonResolve)
	if !strings.Contains(r.Detail, "orders.example.invalid") {
		t.Errorf("the detail does not name the name: %q", r.Detail)
	}
}

// many asks one prober five hundred times at once.
func many(t *testing.T, s *suite) {
	p := s.open(t)
	target := s.Serve(t, Listen(t))
	want(t, ask(t, p, target, limit), probe.Pass, probe.ReasonNone) // what is made once is made now
	before, goroutines := Descriptors(t), runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	const all = 500
	room := make(chan struct{}, all)
	if s.AtOnce > 0 {
		room = make(chan struct{}, s.AtOnce)
	}
	var wg sync.WaitGroup
	for range all {
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			r := p.Probe(ctx, target)
			// Five hundred at once on a busy machine may well be slow.
			if r.Outcome != probe.Pass && r.Reason != probe.ReasonSlow {
				t.Error(describe(&r))
			}
		})
	}
	wg.Wait()
	Eventually(t, func() bool { return Descriptors(t) <= before && runtime.NumGoroutine() <= goroutines }, func() {
		t.Errorf("descriptors: %d before, %d after; goroutines: %d before, %d after", before, Descriptors(t), goroutines, runtime.NumGoroutine())
	})
}

func neverEnds(t *testing.T, s *suite) {
	p := s.open(t)
	target := s.Endless(t, Listen(t))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	r := ask(t, p, target, 2*time.Second)
	if took := time.Since(start); took > limit {
		t.Errorf("took %s", took)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%s: allocated %d MiB for it", describe(&r), grown>>20)
	}
	if !r.Answered {
		t.Errorf("%s: it answered, if without end, and Answered is false", describe(&r))
	}
}

func redirects(t *testing.T, s *suite) {
	r := ask(t, s.open(t), s.Redirect(t, Listen(t)), limit)
	want(t, r, probe.Unknown, probe.ReasonRedirect)
	if !r.Answered {
		t.Error("it answered, and Answered is false")
	}
}

func slowPhase(t *testing.T, s *suite) {
	const delay = 250 * time.Millisecond
	target, phase := s.Slow(t, Listen(t), delay)
	r := ask(t, s.open(t), target, limit)
	want(t, r, probe.Pass, probe.ReasonNone)
	if got := longest(&r); got != phase {
		t.Errorf("the time lies in phase %q, want %q: %v", got, phase, r.Phases)
	}
	for _, p := range r.Phases {
		if p.Name == phase && p.Took < delay*9/10 {
			t.Errorf("phase %s took %s of a delay of %s", phase, p.Took, delay)
		}
	}
}

func hostileText(t *testing.T, s *suite) {
	p := s.open(t)
	for _, text := range []string{
		"\xff\xfe\xfd", "caf\xe9 down", "\x1b]0;title\x07\x1b[31mred", "::error file=x::owned", "##vso[task.complete]", "\u202egnp.exe", strings.Repeat("\xc3", 4096),
	} {
		ask(t, p, s.Hostile(t, Listen(t), text), limit) // the checks are those of every Result
	}
}

// longest is the phase that took most.
func longest(r *probe.Result) string {
	var name string
	var most time.Duration
	for _, p := range r.Phases {
		if p.Took > most {
			name, most = p.Name, p.Took
		}
	}
	return name
}
