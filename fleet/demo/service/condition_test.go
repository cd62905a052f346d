package service

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestInjectIsEven(t *testing.T) {
	for rate, calls := range map[float64]int{0: 100, 0.1: 100, 0.15: 100, 0.4: 100, 1.0 / 3: 300, 0.5: 10, 1: 10} {
		c := &condition{}
		c.set(Condition{Errors: rate})
		failed := 0
		for i := range calls {
			if c.inject() != nil {
				failed++
			}
			if want := rate * float64(i+1); float64(failed) > want+1e-6 || float64(failed) < want-1 {
				t.Errorf("%v: %d of the first %d calls failed", rate, failed, i+1)
			}
		}
		if want := int(rate*float64(calls) + 0.5); failed != want {
			t.Errorf("%v: %d of %d failed, want %d", rate, failed, calls, want)
		}
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &condition{}
		c.set(Condition{Latency: 800 * time.Millisecond})
		began := time.Now()
		if err := c.wait(t.Context()); err != nil || time.Since(began) != 800*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if err := c.hang(t.Context()); err != nil || time.Since(began) != 800*time.Millisecond {
			t.Errorf("metrics are not slow: %v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began = time.Now()
		if err := c.wait(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("a caller that leaves: %v after %v", err, time.Since(began))
		}
	})
}

func TestHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &condition{}
		c.set(Condition{Hang: true})
		c.set(Condition{Hang: true, Latency: time.Second}) // it hangs on
		answered := make(chan error, 2)
		go func() { answered <- c.wait(t.Context()) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that leaves: %v", err)
		}
		select {
		case err := <-answered:
			t.Errorf("it hangs, and answered %v", err)
		default:
		}
		c.set(Condition{})
		if err := <-answered; err != nil {
			t.Errorf("put right: %v", err)
		}
		if err := c.wait(t.Context()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
