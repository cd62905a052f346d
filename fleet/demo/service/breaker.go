package service

import (
	"context"
	"math"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

// shown is a caller's breaker as others see it.
type shown struct{ *caller }

// Name is the service it stands in front of.
func (s shown) Name() string { return s.to }

// Status is what the library says.
func (s shown) Status() serve.Status {
	status := serve.NewStatus(stateOf(s.breaker.State()))
	status.Rejected = s.rejected.Load()
	if m := s.breaker.Metrics(); m.Executions() > 0 {
		status.Calls = int64(min(m.Executions(), math.MaxInt64))
		status.FailureRate = float64(m.Failures()) / float64(m.Executions())
	}
	return status
}

// Verbs are what the library can do.
func (s shown) Verbs() []serve.Verb { return []serve.Verb{serve.Reset, serve.TryHalfOpen} }

// Do does it.
func (s shown) Do(v serve.Verb) error {
	if v == serve.Reset {
		s.breaker.Close()
	} else {
		s.breaker.HalfOpen()
	}
	return nil
}

// stateOf is a state of the library in the contract's words.
func stateOf(s circuitbreaker.State) serve.State {
	switch s {
	case circuitbreaker.ClosedState:
		return serve.Closed
	case circuitbreaker.HalfOpenState:
		return serve.HalfOpen
	case circuitbreaker.OpenState:
		return serve.Open
	}
	return serve.Unknown
}

// way is how a call goes now: through the breaker, past it, or not at all.
func (c *caller) way(ctx context.Context) (failsafe.Executor[any], error) {
	switch c.guard.Allow() {
	case serve.Refused:
		return nil, serve.ErrRefused
	case serve.Unprotected:
		return c.bare.WithContext(ctx), nil
	case serve.Protected:
	}
	return c.executor.WithContext(ctx), nil
}
