package service

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// knows makes a directory that holds one service.
func knows(name string, addrs ...string) *Directory {
	var list []fleet.Instance
	for _, a := range addrs {
		list = append(list, fleet.Instance{ID: a, Addr: a})
	}
	d := &Directory{}
	d.services.Store(&map[string][]fleet.Instance{name: list})
	return d
}

var errBad = errors.New("bad")

// TestCallerGoesRound spreads calls over the instances, and tries another one
// when one fails.
func TestCallerGoesRound(t *testing.T) {
	c := newCaller("payment", knows("payment", "a", "b", "c"), nil, &serve.Server{})
	asked := map[string]int{}
	for range 30 {
		tries := map[string]bool{}
		err := c.call(t.Context(), func(_ context.Context, in fleet.Instance) error {
			if tries[in.Addr] {
				t.Errorf("%s was asked twice in one call", in.Addr)
			}
			tries[in.Addr] = true
			asked[in.Addr]++
			if in.Addr == "b" {
				return errBad
			}
			return nil
		})
		if err != nil {
			t.Errorf("one bad instance of three made a call fail: %v", err)
		}
	}
	if asked["b"] != 10 || asked["a"] < 10 || asked["c"] < 10 {
		t.Errorf("asked: %v", asked)
	}
	if ok, known := c.reached(); !ok || !known {
		t.Errorf("reached: %v, known: %v", ok, known)
	}
}

// TestBreaker opens when the whole service fails, lets nothing through while it
// is open, and closes again.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCaller("payment", knows("payment", "a", "b", "c"), nil, &serve.Server{})
		if _, known := c.reached(); known {
			t.Error("known before the first call")
		}
		var asked atomic.Int32
		result := errBad
		f := func(context.Context, fleet.Instance) error { asked.Add(1); return result }
		for range 20 {
			if err := c.call(t.Context(), f); !errors.Is(err, errBad) && !errors.Is(err, circuitbreaker.ErrOpen) {
				t.Fatalf("got %v", err)
			}
		}
		if !c.breaker.IsOpen() || asked.Load()%attempts != 0 {
			t.Fatalf("%v after %d attempts", c.breaker.State(), asked.Load())
		}
		if ok, known := c.reached(); ok || !known {
			t.Errorf("reached: %v, known: %v", ok, known)
		}
		before := asked.Load()
		if err := c.call(t.Context(), f); !errors.Is(err, circuitbreaker.ErrOpen) || !strings.HasPrefix(err.Error(), "payment: ") || asked.Load() != before {
			t.Errorf("open: %v, %d attempts", err, asked.Load()-before)
		}
		result = nil
		after(reopenAfter)
		for range 3 {
			if err := c.call(t.Context(), f); err != nil {
				t.Errorf("half open: %v", err)
			}
		}
		if !c.breaker.IsClosed() {
			t.Errorf("it is %v", c.breaker.State())
		}
	})
}

// TestCallerTimes bounds each attempt, and blames nobody when its own caller
// leaves.
func TestCallerTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context, _ fleet.Instance) error { <-ctx.Done(); return ctx.Err() }
		c := newCaller("payment", knows("payment", "a", "b", "c"), nil, &serve.Server{})
		began := time.Now()
		if err := c.call(t.Context(), hang); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != attempts*leafTimeout {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		orders := newCaller("order", knows("order", "a"), nil, &serve.Server{})
		began = time.Now()
		if err := orders.call(t.Context(), hang); err == nil || time.Since(began) != attempts*orderTimeout {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), leafTimeout/2)
		defer cancel()
		total, _ := c.calls.count()
		if err := c.call(ctx, hang); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if now, _ := c.calls.count(); now != total {
			t.Error("a caller that left was counted against the service")
		}
		if err := newCaller("payment", &Directory{}, nil, &serve.Server{}).call(t.Context(), hang); !errors.Is(err, errNobody) {
			t.Errorf("nobody registered: %v", err)
		}
	})
}

// TestACallInFlightLeavesNoConnection: whoever calls on while the caller is
// closed makes no connection that nobody closes.
func TestACallInFlightLeavesNoConnection(t *testing.T) {
	c := newCaller("order", &Directory{}, nil, &serve.Server{})
	if _, err := c.conn("127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	c.close()
	if conn, err := c.conn("127.0.0.1:1"); !errors.Is(err, errClosed) {
		t.Errorf("%v, %v", conn, err)
	}
	c.close()
}

func TestAsk(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()
	web := server.Client()
	if err := ask(t.Context(), web, http.MethodPost, server.URL+"/good", "{}"); err != nil {
		t.Error(err)
	}
	if err := ask(t.Context(), web, http.MethodGet, server.URL+"/bad", ""); !errors.Is(err, errStatus) {
		t.Errorf("502: %v", err)
	}
	if err := ask(t.Context(), web, "BAD METHOD", server.URL, ""); err == nil {
		t.Error("a bad method was sent")
	}
}
