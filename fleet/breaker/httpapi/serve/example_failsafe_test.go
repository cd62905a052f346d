package serve_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

// failsafeBreaker is a breaker of failsafe-go.
type failsafeBreaker struct {
	name string
	circuitbreaker.CircuitBreaker[any]
}

func (b failsafeBreaker) Name() string { return b.name }

func (b failsafeBreaker) Status() serve.Status {
	s := serve.NewStatus(failsafeState(b.State()))
	if m := b.Metrics(); m.Executions() > 0 {
		s.Calls = int64(min(m.Executions(), math.MaxInt64))
		s.FailureRate = float64(m.Failures()) / float64(m.Executions())
	}
	return s
}

func (b failsafeBreaker) Verbs() []serve.Verb { return []serve.Verb{serve.Reset, serve.TryHalfOpen} }

func (b failsafeBreaker) Do(v serve.Verb) error {
	if v == serve.Reset {
		b.Close()
	} else {
		b.HalfOpen()
	}
	return nil
}

func failsafeState(s circuitbreaker.State) serve.State {
	switch s {
	case circuitbreaker.ClosedState:
		return serve.Closed
	case circuitbreaker.OpenState:
		return serve.Open
	case circuitbreaker.HalfOpenState:
		return serve.HalfOpen
	}
	return serve.Unknown
}

// A breaker of failsafe-go, shown and switched from outside.
func Example_failsafe() {
	admin := &serve.Server{}
	var guard *serve.Guard
	breaker := circuitbreaker.NewBuilder[any]().WithFailureThreshold(2).WithDelay(time.Minute).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			guard.Changed(failsafeState(e.OldState), failsafeState(e.NewState))
		}).Build()
	executor := failsafe.With[any](breaker)

	guard = admin.Add(failsafeBreaker{"payment", breaker})
	pay := guard.Wrap(executor.Run)
	mux := http.NewServeMux()
	mux.Handle(serve.Path+"/", admin)

	charge := func() error { return errors.New("payment is ill") }
	for range 3 {
		fmt.Println(pay(charge))
	}
	post(mux, "/midwatch/breakers/payment", `{"verb":"bypass","by":"oncall-1","ttlSeconds":600}`)
	fmt.Println(pay(charge))
	post(mux, "/midwatch/breakers/payment", `{"verb":"trip","by":"oncall-1","reason":"db move"}`)
	fmt.Println(pay(charge))
	post(mux, "/midwatch/breakers/payment", `{"verb":"reset"}`)
	fmt.Println(pay(func() error { return nil }))

	// Output:
	// payment is ill
	// payment is ill
	// circuit breaker open
	// {"verb":"bypass","by":"oncall-1","ttlSeconds":600} -> 200
	// payment is ill
	// {"verb":"trip","by":"oncall-1","reason":"db move"} -> 200
	// refused: the circuit breaker is held open
	// {"verb":"reset"} -> 200
	// <nil>
}

// post sends an order, as midwatch or curl would.
func post(h http.Handler, path, body string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, newOrder(path, body))
	fmt.Println(body, "->", w.Code)
}
