package service

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errInjected is the failure of a call that was made to fail.
var errInjected = errors.New("injected by a fault")

// Condition is what is wrong with an instance; the zero value is nothing.
type Condition struct {
	Errors  float64       // this share of its business calls fails
	Latency time.Duration // every answer takes so much longer, but those about metrics
	Hang    bool          // it accepts everything and never answers
	Crash   bool          // it does not listen
}

// condition is the Condition an instance is in. It is safe for concurrent use.
type condition struct {
	mu     sync.Mutex
	now    Condition
	due    float64       // grows by the share of errors with each call; a whole one is a failure
	lifted chan struct{} // closed when the hanging ends; nil: it does not hang
}

// set replaces what is wrong.
func (c *condition) set(now Condition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
	switch {
	case now.Hang && c.lifted == nil:
		c.lifted = make(chan struct{})
	case !now.Hang && c.lifted != nil:
		close(c.lifted)
		c.lifted = nil
	}
}

// hang waits for as long as the instance hangs. It returns the context's error
// when the caller has left.
func (c *condition) hang(ctx context.Context) error {
	c.mu.Lock()
	lifted := c.lifted
	c.mu.Unlock()
	if lifted == nil {
		return nil
	}
	select {
	case <-lifted:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait takes as long as an answer has to take; for ever while it hangs. It
// returns the context's error when the caller has left.
func (c *condition) wait(ctx context.Context) error {
	if err := c.hang(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	latency := c.now.Latency
	c.mu.Unlock()
	if latency > 0 {
		rest(ctx, latency)
	}
	return ctx.Err()
}

// inject says whether this call has to fail. The failures are spread evenly, so
// that a share shows after a few calls already.
func (c *condition) inject() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	const rounding = 1e-9
	if c.due += c.now.Errors; c.due < 1-rounding {
		return nil
	}
	c.due--
	return errInjected
}
