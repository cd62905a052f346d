// Package worldtest is what the conformance suites have in common: what a case
// found wrong with a world that is broken on purpose, and which real servers
// must not be missing.
package worldtest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// MustRunVariable names the environment variable that lists the worlds that
// must run, comma separated: registry/etcd,breaker/haproxy.
const MustRunVariable = "MIDWATCH_TEST_MUST_RUN"

// Missing skips a test whose real server is not on this machine, and fails it
// where the world is listed in MustRunVariable.
func Missing(t testing.TB, world, why string) {
	t.Helper()
	for listed := range strings.SplitSeq(os.Getenv(MustRunVariable), ",") {
		if strings.TrimSpace(listed) == world {
			t.Fatalf("%s must run (%s): %s", world, MustRunVariable, why)
		}
	}
	t.Skipf("%s is not tried: %s", world, why)
}

// Failures runs a test and returns what it found wrong, without failing t.
func Failures(t testing.TB, test func(t testing.TB)) []string {
	r := &recorder{TB: t}
	r.do(func() { test(r) })
	for len(r.cleanups) > 0 {
		last := r.cleanups[len(r.cleanups)-1]
		r.cleanups = r.cleanups[:len(r.cleanups)-1]
		r.do(last)
	}
	return r.failures
}

// recorder is a testing.TB that writes failures down.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

// do runs f where FailNow may end the goroutine.
func (r *recorder) do(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

func (r *recorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, text)
}

func (r *recorder) Errorf(format string, args ...any) { r.note(fmt.Sprintf(format, args...)) }
func (r *recorder) Error(args ...any)                 { r.note(fmt.Sprint(args...)) }
func (r *recorder) Fail()                             { r.note("failed") }
func (r *recorder) Fatalf(format string, args ...any) {
	r.note(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
func (r *recorder) Fatal(args ...any)   { r.note(fmt.Sprint(args...)); runtime.Goexit() }
func (r *recorder) FailNow()            { r.note("failed"); runtime.Goexit() }
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Log(...any)          {}
func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failures) > 0
}
