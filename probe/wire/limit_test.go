package wire_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

type key struct{}

// TestLimit: whether anybody waits for it or not, it says the same.
func TestLimit(t *testing.T) {
	for _, waits := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			parent, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "v"))
			defer cancel()
			end := time.Now().Add(2 * time.Second)
			l := wire.Until(parent, end)
			defer l.Stop()
			if waits {
				_ = l.Done()
			}
			if at, ok := l.Deadline(); !ok || !at.Equal(end) || l.Err() != nil || l.Value(key{}) != "v" {
				t.Errorf("at first: ends %v, %v, value %v", at, l.Err(), l.Value(key{}))
			}
			time.Sleep(2*time.Second - 1)
			synctest.Wait()
			if l.Err() != nil {
				t.Errorf("just before its end: %v", l.Err())
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if !errors.Is(l.Err(), context.DeadlineExceeded) || !errors.Is(context.Cause(l), context.DeadlineExceeded) {
				t.Errorf("at its end: %v, cause %v", l.Err(), context.Cause(l))
			}
			select {
			case <-l.Done():
			default:
				t.Error("over, and not done")
			}
			if parent.Err() != nil {
				t.Error("it ended its parent")
			}
		})
	}
}

func TestLimitEndsWithItsParent(t *testing.T) {
	for _, waits := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			parent, cancel := context.WithCancel(t.Context())
			l := wire.Until(parent, time.Now().Add(time.Hour))
			defer l.Stop()
			if waits {
				_ = l.Done()
			}
			cancel()
			synctest.Wait()
			if !errors.Is(l.Err(), context.Canceled) {
				t.Errorf("waits %v: %v", waits, l.Err())
			}
			<-l.Done()
		})
	}
}

// TestLimitIsNeverLater than what it was made of.
func TestLimitIsNeverLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for give, want := range map[time.Duration]time.Duration{time.Hour: time.Second, time.Second: time.Second, time.Millisecond: time.Millisecond, -time.Second: -time.Second} {
			l := wire.Until(parent, time.Now().Add(give))
			if end, _ := l.Deadline(); time.Until(end) != want {
				t.Errorf("%s: ends in %s, want %s", give, time.Until(end), want)
			}
			if over := errors.Is(l.Err(), context.DeadlineExceeded); over != (give < 0) {
				t.Errorf("%s: %v", give, l.Err())
			}
			l.Stop()
		}
	})
}

// TestLimitHasChildren: contexts made of it end with it, on no goroutine of
// their own.
func TestLimitHasChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := wire.Until(t.Context(), time.Now().Add(time.Second))
		defer l.Stop()
		child, cancel := context.WithCancel(context.WithValue(l, key{}, "of the child"))
		defer cancel()
		ran := make(chan struct{})
		context.AfterFunc(l, func() { close(ran) })
		start := time.Now()
		<-child.Done()
		<-ran
		if took := time.Since(start); took != time.Second || !errors.Is(child.Err(), context.DeadlineExceeded) || child.Value(key{}) != "of the child" {
			t.Errorf("ended after %s: %v", took, child.Err())
		}
	})
}

func TestLimitStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := wire.Until(t.Context(), time.Now().Add(time.Hour))
		l.Stop() // nobody waited
		if l.Err() != nil {
			t.Errorf("%v", l.Err())
		}
		done := l.Done()
		l.Stop()
		l.Stop()
		<-done
		if !errors.Is(l.Err(), context.Canceled) {
			t.Errorf("%v", l.Err())
		}
	})
}

// TestLimitOfMany: it may be asked by many at once.
func TestLimitOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := wire.Until(t.Context(), time.Now().Add(time.Second))
		defer l.Stop()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				_, _ = l.Err(), l.Value(key{})
				<-l.Done()
			})
		}
		wg.Wait()
	})
}

// TestLimitAllocates: it is there because a sweep makes ten thousand of them.
func TestLimitAllocates(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	end := time.Now().Add(time.Hour)
	if n := testing.AllocsPerRun(100, func() {
		l := wire.Until(ctx, end)
		if l.Err() != nil {
			t.Fatal("over")
		}
		l.Stop()
	}); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// TestDate: what is read in a hurry is what net/http reads.
func TestDate(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 800 {
		text := at.Format(http.TimeFormat)
		if got, ok := wire.Date(text); !ok || !got.Equal(at) {
			t.Errorf("%q: got %v, %v", text, got, ok)
		}
		at = at.Add(12*time.Hour + 61*time.Second)
	}
	for _, text := range []string{
		"", "now", "Mon, 23 Nov 2026 04:20:11 GMT", "Mon, 23 Nov 2026 04:20:11 UTC", "Mon, 29 Feb 2024 00:00:00 GMT", "Mon, 29 Feb 2026 00:00:00 GMT",
		"Mon, 31 Apr 2026 00:00:00 GMT", "Mon, 23 Nov 2026 24:00:00 GMT", "Mon, 23 Nov 2026 04:60:00 GMT", "Mon, 23 Nov 2026 04:20:60 GMT", "Mon, 00 Nov 2026 04:20:11 GMT",
		"Xyz, 23 Nov 2026 04:20:11 GMT", "Mon, 23 Xyz 2026 04:20:11 GMT", "mon, 23 nov 2026 04:20:11 GMT", "Mon, 23 Nov 0000 04:20:11 GMT", "Mon, 23 Nov 2026 -4:20:11 GMT",
		"Mon, 2x Nov 2026 04:20:11 GMT", "Mon; 23 Nov 2026 04:20:11 GMT", "Monday, 23-Nov-26 04:20:11 GMT", "Mon Nov 23 04:20:11 2026", " Mon, 23 Nov 2026 04:20:11 GMT",
	} {
		want, err := http.ParseTime(text)
		if got, ok := wire.Date(text); ok != (err == nil) || ok && !got.Equal(want) {
			t.Errorf("%q: got %v, %v; net/http says %v, %v", text, got, ok, want, err)
		}
	}
}

func FuzzDate(f *testing.F) {
	f.Add("Mon, 23 Nov 2026 04:20:11 GMT")
	f.Add("Monday, 23-Nov-26 04:20:11 GMT")
	f.Fuzz(func(t *testing.T, text string) {
		want, err := http.ParseTime(text)
		if got, ok := wire.Date(text); ok != (err == nil) || ok && !got.Equal(want) {
			t.Errorf("%q: got %v, %v; net/http says %v, %v", text, got, ok, want, err)
		}
	})
}

func TestRound(t *testing.T) {
	for in, want := range map[time.Duration]time.Duration{
		1999*time.Millisecond + 900*time.Microsecond: 2 * time.Second, 396 * time.Millisecond: 400 * time.Millisecond,
		49*time.Millisecond + 600*time.Microsecond: 50 * time.Millisecond, 0: 0,
	} {
		if got := wire.Round(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
