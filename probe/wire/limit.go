package wire

import (
	"context"
	"sync"
	"time"
)

// Limit is a context with an earlier end that costs nothing until somebody
// waits for it: context.WithDeadline makes a timer and tells its parent, and a
// question that sets its deadline on the connection needs neither.
type Limit struct {
	context.Context
	end time.Time

	mu     sync.Mutex
	timed  context.Context // made when somebody waits
	cancel context.CancelFunc
}

// Until is ctx with an end. Its owner calls Stop.
func Until(ctx context.Context, end time.Time) *Limit {
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	return &Limit{Context: ctx, end: end}
}

// Deadline is its end.
func (l *Limit) Deadline() (time.Time, bool) { return l.end, true }

// Done makes it a context like any other.
func (l *Limit) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timed == nil {
		l.timed, l.cancel = context.WithDeadline(l.Context, l.end)
	}
	return l.timed.Done()
}

// Err is that of the context it was made of, or that its end is over.
func (l *Limit) Err() error {
	if timed := l.waited(); timed != nil {
		return timed.Err()
	}
	if err := l.Context.Err(); err != nil {
		return err
	}
	if !time.Now().Before(l.end) {
		return context.DeadlineExceeded
	}
	return nil
}

// Value asks what was made for those who wait, so that the context package
// knows it for one of its own.
func (l *Limit) Value(key any) any {
	if timed := l.waited(); timed != nil {
		return timed.Value(key)
	}
	return l.Context.Value(key)
}

// Stop frees what waiting took.
func (l *Limit) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel()
	}
}

func (l *Limit) waited() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.timed
}

// Round takes off the microseconds between setting a limit and asking.
func Round(limit time.Duration) time.Duration {
	if limit > 100*time.Millisecond {
		return limit.Round(10 * time.Millisecond)
	}
	return limit.Round(time.Millisecond)
}
