package serve_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sony/gobreaker/v2"

	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

// goBreaker is a breaker of sony/gobreaker, which can neither be opened nor
// closed from outside.
type goBreaker struct {
	*gobreaker.CircuitBreaker[any]
}

func (b goBreaker) Status() serve.Status {
	s := serve.NewStatus(goBreakerState(b.State()))
	if c := b.Counts(); c.Requests > 0 {
		s.Calls = int64(c.Requests)
		s.FailureRate = float64(c.TotalFailures) / float64(c.Requests)
	}
	return s
}

func (goBreaker) Verbs() []serve.Verb { return nil }

func (goBreaker) Do(serve.Verb) error { return errors.ErrUnsupported }

func goBreakerState(s gobreaker.State) serve.State {
	switch s {
	case gobreaker.StateClosed:
		return serve.Closed
	case gobreaker.StateHalfOpen:
		return serve.HalfOpen
	case gobreaker.StateOpen:
		return serve.Open
	}
	return serve.Unknown
}

// A breaker of sony/gobreaker. What it cannot do itself, holding open and
// bypassing, the server does in front of it.
func Example_gobreaker() {
	admin := &serve.Server{}
	breaker := gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Name:        "payment",
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 2 },
		OnStateChange: func(name string, from, to gobreaker.State) {
			admin.Guard(name).Changed(goBreakerState(from), goBreakerState(to))
		},
	})
	pay := admin.Add(goBreaker{breaker}).Wrap(func(call func() error) error {
		_, err := breaker.Execute(func() (any, error) { return nil, call() })
		return err
	})
	mux := http.NewServeMux()
	mux.Handle(serve.Path+"/", admin)

	charge := func() error { return errors.New("payment is ill") }
	for range 3 {
		fmt.Println(pay(charge))
	}
	post(mux, "/midwatch/breakers/payment", `{"verb":"reset"}`)
	post(mux, "/midwatch/breakers/payment", `{"verb":"bypass"}`)
	fmt.Println(pay(charge))
	post(mux, "/midwatch/breakers/payment", `{"verb":"reset"}`)
	fmt.Println(pay(charge))

	// Output:
	// payment is ill
	// payment is ill
	// circuit breaker is open
	// {"verb":"reset"} -> 501
	// {"verb":"bypass"} -> 200
	// payment is ill
	// {"verb":"reset"} -> 200
	// circuit breaker is open
}

// newOrder is a POST of an order.
func newOrder(path, body string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}
