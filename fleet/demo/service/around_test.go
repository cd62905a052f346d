package service

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// stage is a registry that plays what it is told: each Watch emits the next
// sets and then fails, or waits when there are no more.
type stage struct {
	acts [][]registry.Set
	next int
}

func (s *stage) List(context.Context) (registry.Set, error) { return registry.Set{}, errBad }
func (s *stage) Close() error                               { return nil }

func (s *stage) Watch(ctx context.Context, emit func(registry.Set) error) error {
	if s.next == len(s.acts) {
		<-ctx.Done()
		return ctx.Err()
	}
	act := s.acts[s.next]
	s.next++
	for _, set := range act {
		if err := emit(set); err != nil {
			return err
		}
	}
	return errBad
}

// one is a set of one service with one instance.
func one(name, addr string) registry.Set {
	return registry.Set{Services: []fleet.Service{{Ref: fleet.Ref{Name: name}, Instances: []fleet.Instance{{ID: addr, Addr: addr}}}}}
}

// TestFollow keeps the last set through an outage and takes the next one after
// it.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &Directory{}
		if got := d.Of("user"); got != nil {
			t.Errorf("known before anything was read: %v", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			d.Follow(ctx, &stage{acts: [][]registry.Set{{one("user", "a:1"), one("user", "b:1")}, {}, {one("order", "c:1")}}})
		})
		synctest.Wait()
		if got := d.Of("user"); len(got) != 1 || got[0].Addr != "b:1" {
			t.Errorf("at first: %v", got)
		}
		after(600 * time.Millisecond)
		if got := d.Of("user"); len(got) != 1 {
			t.Errorf("in the outage: %v", got)
		}
		after(600 * time.Millisecond)
		if d.Of("user") != nil || len(d.Of("order")) != 1 {
			t.Errorf("after it: %v, %v", d.Of("user"), d.Of("order"))
		}
		cancel()
		running.Wait()
	})
}

// TestLoad calls gateways in turn, half of the time over gRPC, and stops.
func TestLoad(t *testing.T) {
	var mu sync.Mutex
	calls := map[string]int{}
	enough := make(chan struct{})
	gateway := func(name string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			calls[name+" "+r.Method+" "+r.URL.RequestURI()]++
			total := 0
			for _, n := range calls {
				total += n
			}
			if total == 40 {
				close(enough)
			}
			w.WriteHeader(http.StatusInternalServerError) // it does not mind
		}))
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	known := knows("gateway", gateway("one"), gateway("two"))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { Load(ctx, known, 500) })
	<-enough
	cancel()
	running.Wait()
	if len(calls) != 4 {
		t.Errorf("got %v", calls)
	}
	for call, n := range calls {
		if n < 8 {
			t.Errorf("%s: %d of 40", call, n)
		}
	}
}

// TestLoadWithoutGateways waits for them.
func TestLoadWithoutGateways(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		Load(ctx, &Directory{}, 20)
		if time.Since(began) != time.Minute {
			t.Errorf("ended after %v", time.Since(began))
		}
	})
}

// TestLoadIsBounded lets the gateway hang: calls do not pile up.
func TestLoadIsBounded(t *testing.T) {
	var mu sync.Mutex
	now, most, seen := 0, 0, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or it would not notice that callers leave
		mu.Lock()
		now++
		if most = max(most, now); most == loadAtOnce {
			select {
			case <-seen:
			default:
				close(seen)
			}
		}
		mu.Unlock()
		<-r.Context().Done()
		mu.Lock()
		now--
		mu.Unlock()
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { Load(ctx, knows("gateway", strings.TrimPrefix(server.URL, "http://")), 1000) })
	select {
	case <-seen:
	case <-time.After(20 * time.Second):
		t.Error("the load never came to its bound")
	}
	cancel()
	running.Wait()
	mu.Lock()
	defer mu.Unlock()
	if most > loadAtOnce {
		t.Errorf("%d calls at once", most)
	}
}

// TestOrderOverGRPC has what a call comes to in gRPC's words.
func TestOrderOverGRPC(t *testing.T) {
	user := newOne(t, Spec{Service: "user", ID: "user-1"}, &Directory{})
	inventory := newOne(t, Spec{Service: "inventory", ID: "inventory-1"}, &Directory{})
	payment := newOne(t, Spec{Service: "payment", ID: "payment-1"}, &Directory{})
	known := &Directory{}
	all := map[string][]fleet.Instance{}
	for _, in := range []*Instance{user, inventory, payment} {
		web, _ := in.Addrs()
		all[in.Service] = []fleet.Instance{{ID: in.ID, Addr: web}}
	}
	known.services.Store(&all)
	order := newOne(t, Spec{Service: "order", ID: "order-1", DependsOn: []string{"user", "inventory", "payment"}}, known)
	_, grpcAddr := order.Addrs()
	c := newCaller("order", &Directory{}, nil, &serve.Server{})
	defer c.close()
	place := func() error {
		conn, err := c.conn(grpcAddr)
		if err != nil {
			t.Fatal(err)
		}
		answer := &structpb.Struct{}
		err = conn.Invoke(t.Context(), placeMethod, &structpb.Struct{}, answer)
		if err == nil && answer.Fields["by"].GetStringValue() != "order-1" {
			t.Errorf("got %v", answer)
		}
		return err
	}
	if err := place(); err != nil {
		t.Errorf("all is well: %v", err)
	}
	for name, x := range map[string]struct {
		who  *Instance
		what Condition
		code codes.Code
		says string
	}{
		"its own fault":     {order, Condition{Errors: 1}, codes.Internal, "injected"},
		"payment fails":     {payment, Condition{Errors: 1}, codes.Unavailable, "payment: "},
		"inventory crashed": {inventory, Condition{Crash: true}, codes.Unavailable, "inventory: "},
	} {
		if err := x.who.Apply(x.what); err != nil {
			t.Fatal(err)
		}
		if err := place(); status.Code(err) != x.code || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
		if err := x.who.Apply(Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	code, body := visit(t, order, http.MethodGet, "/metrics", "")
	for _, series := range []string{
		`grpc_server_handled_total{grpc_code="OK",grpc_method="Place",grpc_service="midwatch.demo.Orders"} 1`,
		`grpc_server_handled_total{grpc_code="Internal",grpc_method="Place",grpc_service="midwatch.demo.Orders"} 1`,
		`grpc_server_handled_total{grpc_code="Unavailable",grpc_method="Place",grpc_service="midwatch.demo.Orders"} 2`,
	} {
		if code != http.StatusOK || !strings.Contains(body, series) {
			t.Errorf("the metrics lack %s", series)
		}
	}
	if total, failed := order.Calls(); total != 4 || failed != 3 {
		t.Errorf("%d of %d failed, want 3 of 4", failed, total)
	}
}

func TestSummary(t *testing.T) {
	m := newMetrics("user", "1", false)
	if got := m.summary(); got != (summary{}) {
		t.Errorf("at first: %+v", got)
	}
	m.http(http.MethodGet, "/users/7", http.StatusOK, 10*time.Millisecond)
	m.http(http.MethodGet, "/users/7", http.StatusNotFound, 20*time.Millisecond)
	m.http(http.MethodGet, "/users/7", http.StatusBadGateway, 60*time.Millisecond)
	if got := m.summary(); got != (summary{Requests: 3, Errors: 1, MeanMs: 30}) {
		t.Errorf("got %+v", got)
	}
	families, err := m.registry.Gather()
	if err != nil || len(families) != 3 {
		t.Errorf("%d families, %v", len(families), err)
	}
	if families, err = newMetrics("order", "1", true).registry.Gather(); err != nil || len(families) != 1 {
		t.Errorf("before the first call: %d families, %v", len(families), err)
	}
}

// TestMetricsHang shows that the pages about metrics hang with the rest.
func TestMetricsHang(t *testing.T) {
	in := newOne(t, Spec{Service: "payment", ID: "payment-1"}, &Directory{})
	if err := in.Apply(Condition{Hang: true}); err != nil {
		t.Fatal(err)
	}
	web, _ := in.Addrs()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, path := range []string{"/health", "/metrics", "/metrics.json"} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := ask(ctx, client, http.MethodGet, "http://"+web+path, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", path, err)
		}
		cancel()
	}
}

// TestNewFails frees what was made already.
func TestNewFails(t *testing.T) {
	if in, err := New(Spec{Service: "order", ID: "order-1"}, &Directory{}, "/none/such"); err == nil || !strings.HasPrefix(err.Error(), "order-1: ") {
		in.Close()
		t.Errorf("got %v", err)
	}
}
