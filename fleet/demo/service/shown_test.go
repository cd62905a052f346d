package service

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

// exposition reads an instance's metrics as Prometheus does.
func exposition(t *testing.T, in *Instance) map[string]*dto.MetricFamily {
	t.Helper()
	code, body := visit(t, in, http.MethodGet, "/metrics", "")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil || code != http.StatusOK {
		t.Fatalf("%d, %v:\n%s", code, err, body)
	}
	return families
}

// series finds the one with these labels, NAME=VALUE.
func series(f *dto.MetricFamily, labels ...string) *dto.Metric {
	for _, m := range f.GetMetric() {
		met := 0
		for _, l := range m.GetLabel() {
			if slices.Contains(labels, l.GetName()+"="+l.GetValue()) {
				met++
			}
		}
		if met == len(labels) {
			return m
		}
	}
	return nil
}

// TestExposition: what Prometheus reads of an instance is what it answered.
func TestExposition(t *testing.T) {
	in := newOne(t, Spec{Service: "payment", ID: "payment-1", Version: "2.4.1"}, &Directory{})
	if f := exposition(t, in); f["http_requests_total"] != nil || f["service_info"] == nil {
		t.Errorf("before the first call: %v", f)
	}
	if err := in.Apply(Condition{Errors: 0.25}); err != nil {
		t.Fatal(err)
	}
	for range 12 {
		visit(t, in, http.MethodPost, "/payments", "{}")
	}
	visit(t, in, http.MethodGet, "/health", "") // no business call
	visit(t, in, http.MethodPost, "/nonsense", "")
	f := exposition(t, in)
	for code, want := range map[string]float64{"200": 9, "500": 3} {
		m := series(f["http_requests_total"], "method=POST", "path=/payments", "code="+code)
		if m.GetCounter().GetValue() != want {
			t.Errorf("%s: %v, want %v", code, m, want)
		}
	}
	if n := len(f["http_requests_total"].GetMetric()); n != 2 || f["http_requests_total"].GetType() != dto.MetricType_COUNTER {
		t.Errorf("%d series, %v", n, f["http_requests_total"])
	}
	h := series(f["http_request_duration_seconds"], "method=POST", "path=/payments").GetHistogram()
	buckets := h.GetBucket()
	if h.GetSampleCount() != 12 || len(buckets) < 10 || buckets[len(buckets)-1].GetCumulativeCount() > 12 || h.GetSampleSum() < 0 {
		t.Errorf("durations: %v", h)
	}
	info := series(f["service_info"], "service=payment", "version=2.4.1")
	if info.GetGauge().GetValue() != 1 {
		t.Errorf("info: %v", f["service_info"])
	}
	for name := range f {
		if strings.HasPrefix(name, "grpc_") {
			t.Errorf("it speaks no gRPC, and shows %s", name)
		}
	}
}

// TestMetricsAgree: the small JSON form says what the exposition does, in its
// three keys and no more.
func TestMetricsAgree(t *testing.T) {
	in := newOne(t, Spec{Service: "user", ID: "user-1", Version: "1"}, &Directory{})
	if err := in.Apply(Condition{Errors: 0.5}); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		visit(t, in, http.MethodGet, "/users/7", "")
	}
	code, body := visit(t, in, http.MethodGet, "/metrics.json", "")
	var got map[string]float64
	if err := json.Unmarshal([]byte(body), &got); err != nil || code != http.StatusOK || len(got) != 3 {
		t.Fatalf("%d %s %v", code, body, err)
	}
	f := exposition(t, in)
	h := series(f["http_request_duration_seconds"], "path=/users/7").GetHistogram()
	if got["request_count"] != 8 || got["error_count"] != 4 || got["request_count"] != float64(h.GetSampleCount()) {
		t.Errorf("%v, and the exposition has %v", got, h)
	}
	// Whole microseconds are kept: half of one a call may be lost.
	if mean := h.GetSampleSum() / 8 * 1000; math.Abs(got["response_time_ms"]-mean) > 0.002 {
		t.Errorf("mean %v ms, the exposition has %v", got["response_time_ms"], mean)
	}
}

// TestHealthThreshold: exactly 20% is well, one failure more is not, too few
// calls prove nothing, and ten seconds later all is forgotten.
func TestHealthThreshold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &Instance{Spec: Spec{Service: "payment", ID: "payment-1"}, cond: &condition{}, callers: map[string]*caller{}, metrics: newMetrics("payment", "1", false)}
		calls := func(well, bad int) {
			for range well {
				in.calls.add(true)
			}
			for range bad {
				in.calls.add(false)
			}
		}
		expect := func(when string, want int, total, failed float64) {
			t.Helper()
			code, body := visit(t, in, http.MethodGet, "/health", "")
			var p page
			if err := json.Unmarshal([]byte(body), &p); err != nil {
				t.Fatal(err)
			}
			word := map[int]string{http.StatusOK: up, http.StatusServiceUnavailable: down}[want]
			r := p.Components["requests"]
			if code != want || p.Status != word || r.Status != word || r.Details["calls"] != total || r.Details["failed"] != failed || r.Details["seconds"] != 10.0 {
				t.Errorf("%s: %d %s, want %d, %v of %v", when, code, body, want, failed, total)
			}
		}
		expect("at first", http.StatusOK, 0, 0)
		calls(0, minSamples-1)
		expect("four of four", http.StatusOK, 4, 4)
		calls(16, 0)
		expect("exactly 20%", http.StatusOK, 20, 4)
		calls(0, 1)
		expect("5 of 21", http.StatusServiceUnavailable, 21, 5)
		calls(4, 0)
		expect("exactly 20% again", http.StatusOK, 25, 5)
		after(windowLength + windowSlot)
		expect("forgotten", http.StatusOK, 0, 0)
		calls(0, minSamples)
		expect("five of five", http.StatusServiceUnavailable, 5, 5)
	})
}

// TestHealthShowsBreakers: a dependency out of reach is a component that is
// down, by its breaker or by its share of failures, and not the service's own
// state.
func TestHealthShowsBreakers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCaller("payment", knows("payment", "a", "b", "c"), nil, &serve.Server{})
		in := &Instance{Spec: Spec{Service: "order"}, cond: &condition{}, callers: map[string]*caller{"payment": c}}
		expect := func(when, want, breaker string) {
			t.Helper()
			p := in.page(t.Context())
			got := p.Components["payment"]
			if p.Status != up || got.Status != want || want != "" && got.Details["breaker"] != breaker {
				t.Errorf("%s: %+v, want %s with its breaker %s", when, p, want, breaker)
			}
		}
		good := func(context.Context, fleet.Instance) error { return nil }
		bad := func(context.Context, fleet.Instance) error { return errBad }
		expect("never asked", "", "")
		if err := c.call(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		expect("asked once", up, "closed")
		for range 20 {
			_ = c.call(t.Context(), bad)
		}
		expect("failing", down, "open")
		after(reopenAfter)
		// Half open, it lets a call through; one more failure opens it again.
		if err := c.call(t.Context(), bad); err == nil || errors.Is(err, circuitbreaker.ErrOpen) {
			t.Errorf("half open: %v", err)
		}
		if err := c.call(t.Context(), good); !errors.Is(err, circuitbreaker.ErrOpen) && err != nil {
			t.Errorf("after it: %v", err)
		}
		after(windowLength + time.Second)
		for range 5 {
			if err := c.call(t.Context(), good); err != nil {
				t.Errorf("put right: %v", err)
			}
		}
		expect("put right", up, "closed")
	})
}

// TestRetries: a call tries other instances, at most three times, each within
// its own time; the outcome is one call.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name      string
			instances []string
			bad       string // instances that fail
			tries     int
			ok        bool
		}{
			{"the first answers", []string{"a", "b", "c"}, "", 1, true},
			{"one bad of one", []string{"a"}, "a", 3, false},
			{"the next one is bad", []string{"a", "b", "c"}, "c", 2, true}, // the first call goes to c, a, b
			{"two bad of three", []string{"a", "b", "c"}, "ca", 3, true},
			{"all bad", []string{"a", "b", "c", "d"}, "abcd", 3, false},
			{"the only good one of four is not among the three", []string{"a", "b", "c", "d"}, "acd", 3, false},
		} {
			way := newCaller("payment", knows("payment", c.instances...), nil, &serve.Server{})
			tries := 0
			err := way.call(t.Context(), func(_ context.Context, in fleet.Instance) error {
				tries++
				if strings.Contains(c.bad, in.Addr) {
					return errBad
				}
				return nil
			})
			total, failed := way.calls.count()
			if tries != c.tries || (err == nil) != c.ok || total != 1 || (failed == 0) != c.ok {
				t.Errorf("%s: %d tries, %v; counted %d of %d", c.name, tries, err, failed, total)
			}
		}
	})
}

// house is a whole little fleet without a registry: one instance a service.
func house(t *testing.T) (all map[string]*Instance, dir string) {
	t.Helper()
	dir = t.TempDir()
	known, all, list := &Directory{}, map[string]*Instance{}, map[string][]fleet.Instance{}
	for _, spec := range []Spec{
		{Service: "user", ID: "user-1"},
		{Service: "inventory", ID: "inventory-1"},
		{Service: "payment", ID: "payment-1"},
		{Service: "order", ID: "order-1", DependsOn: []string{"inventory", "payment", "user"}},
		{Service: "gateway", ID: "gateway-1", DependsOn: []string{"order", "user"}},
	} {
		in, err := New(spec, known, dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(in.Close)
		web, rpc := in.Addrs()
		entry := fleet.Instance{ID: in.ID, Addr: web}
		if rpc != "" {
			entry.Endpoints = map[string]string{"grpc": rpc}
		}
		all[spec.Service], list[spec.Service] = in, []fleet.Instance{entry}
	}
	known.services.Store(&list)
	return all, dir
}

// TestCheckoutGoesThroughAll: one call at the gateway is one at each service it
// passes, over REST and over gRPC, and is written down.
func TestCheckoutGoesThroughAll(t *testing.T) {
	all, _ := house(t)
	for _, path := range []string{"/checkout", "/checkout?via=grpc"} {
		if code, body := visit(t, all["gateway"], http.MethodPost, path, "{}"); code != http.StatusOK || !strings.Contains(body, `"by":"gateway-1"`) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	// The user is asked by the gateway and by the order, each time.
	for name, want := range map[string]int{"gateway": 2, "user": 4, "order": 2, "inventory": 2, "payment": 2} {
		if total, failed := all[name].Calls(); total != want || failed != 0 {
			t.Errorf("%s answered %d calls, %d failed; want %d", name, total, failed, want)
		}
	}
	f := exposition(t, all["order"])
	if series(f["http_requests_total"], "path=/orders", "code=200") == nil || series(f["grpc_server_handled_total"], "grpc_method=Place", "grpc_code=OK") == nil {
		t.Error("one order came over REST and one over gRPC, and it does not show")
	}
	if n := series(f["grpc_server_handling_seconds"], "grpc_method=Place").GetHistogram().GetSampleCount(); n != 1 {
		t.Errorf("%d timed calls over gRPC", n)
	}
	var kept int
	if err := all["order"].store.db.QueryRowContext(t.Context(), `SELECT count(*) FROM orders`).Scan(&kept); err != nil || kept != 2 {
		t.Errorf("%d orders written down, %v", kept, err)
	}
}

// TestFaultsAreSetAndLifted: each kind shows at the service itself and at who
// calls it, and is gone when it is lifted.
func TestFaultsAreSetAndLifted(t *testing.T) {
	for name, c := range map[string]struct {
		what Condition
		says string // what its caller says of it
	}{
		"errors":  {Condition{Errors: 1}, "the other side failed: 500"},
		"hang":    {Condition{Hang: true}, "deadline exceeded"},
		"latency": {Condition{Latency: 2 * leafTimeout}, "deadline exceeded"},
		"crash":   {Condition{Crash: true}, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, _ := house(t)
			pay := all["payment"]
			order := func() (int, string) { return visit(t, all["order"], http.MethodPost, "/orders", "{}") }
			if code, body := order(); code != http.StatusOK {
				t.Fatalf("at first: %d %s", code, body)
			}
			if err := pay.Apply(c.what); err != nil {
				t.Fatal(err)
			}
			if code, body := order(); code != http.StatusBadGateway || !strings.Contains(body, "payment: ") || !strings.Contains(body, c.says) {
				t.Errorf("set: %d %s", code, body)
			}
			if err := pay.Apply(Condition{}); err != nil {
				t.Fatal(err)
			}
			if code, body := order(); code != http.StatusOK {
				t.Errorf("lifted: %d %s", code, body)
			}
		})
	}
}

// TestOrderHealthOverGRPC: the health service tells the server's and the
// service's state, knows no other, follows what the calls come to, and ends
// with a crash.
func TestOrderHealthOverGRPC(t *testing.T) {
	in := newOne(t, Spec{Service: "order", ID: "order-1"}, &Directory{})
	_, addr := in.Addrs()
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	client := healthpb.NewHealthClient(conn)
	for name, want := range map[string]codes.Code{"": codes.OK, ordersService: codes.OK, "midwatch.demo.Nonsense": codes.NotFound} {
		answer, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: name})
		if status.Code(err) != want || err == nil && answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("%q: %v, %v", name, answer, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	watch, err := client.Watch(ctx, &healthpb.HealthCheckRequest{Service: ordersService})
	if err != nil {
		t.Fatal(err)
	}
	next := func() healthpb.HealthCheckResponse_ServingStatus {
		t.Helper()
		answer, err := watch.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetStatus()
	}
	if got := next(); got != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("at first: %v", got)
	}
	for range minSamples {
		in.calls.add(false)
	}
	if got := next(); got != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("with failures only: %v", got)
	}
	if err := in.Apply(Condition{Crash: true}); err != nil {
		t.Fatal(err)
	}
	for err == nil { // it may say that it is going before it is gone
		_, err = watch.Recv()
	}
	if ctx.Err() != nil || errors.Is(err, io.EOF) {
		t.Errorf("crashed: %v", err)
	}
}

// TestReflection declares the order service so that a client without its code
// can call it.
func TestReflection(t *testing.T) {
	in := newOne(t, Spec{Service: "order", ID: "order-1"}, &Directory{})
	_, addr := in.Addrs()
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*descriptorpb.FileDescriptorProto{}
	for _, symbol := range []string{ordersService, "google.protobuf.Struct"} {
		q := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}}
		if err := stream.Send(q); err != nil {
			t.Fatal(err)
		}
		answer, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
			f := &descriptorpb.FileDescriptorProto{}
			if err := proto.Unmarshal(raw, f); err != nil {
				t.Fatal(err)
			}
			files[f.GetName()] = f
		}
	}
	f := files[ordersFile]
	if f == nil || len(f.GetService()) != 1 || f.GetService()[0].GetName() != ordersName {
		t.Fatalf("got %v", f)
	}
	if m := f.GetService()[0].GetMethod(); len(m) != 1 || "/"+f.GetPackage()+"."+ordersName+"/"+m[0].GetName() != placeMethod || m[0].GetInputType() != ".google.protobuf.Struct" {
		t.Errorf("got %v", m)
	}
	for _, needed := range f.GetDependency() {
		if files[needed] == nil {
			t.Errorf("%s is needed, and not given", needed)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Error(err)
	}
}

// TestStoresAreClosed: when the last instance of a service is closed, SQLite
// has put its log away and nobody holds the file: it can be opened anew with
// all that was written.
func TestStoresAreClosed(t *testing.T) {
	all, dir := house(t)
	if code, body := visit(t, all["gateway"], http.MethodPost, "/checkout", "{}"); code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	if logs, err := filepath.Glob(filepath.Join(dir, "*.db-wal")); err != nil || len(logs) == 0 {
		t.Errorf("while it is open: %v, %v", logs, err)
	}
	for _, in := range all {
		in.Close()
		in.Close() // twice is the same as once
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	var names []string
	for _, path := range left {
		names = append(names, filepath.Base(path))
	}
	if err != nil || strings.Join(names, " ") != "order.db user.db" {
		t.Errorf("left are %v, %v", names, err)
	}
	again, err := openStore(dir, "order")
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	var number int
	if err := again.db.QueryRowContext(t.Context(), `SELECT max(number) FROM orders`).Scan(&number); err != nil || number != 1 {
		t.Errorf("the last order is %d, %v", number, err)
	}
	if err := all["order"].store.order(t.Context()); err == nil {
		t.Error("a closed store takes an order")
	}
}

// TestUnknownWork: what a service has no work for is not found, and not
// counted.
func TestUnknownWork(t *testing.T) {
	in := newOne(t, Spec{Service: "mail", ID: "mail-1", Version: "1"}, &Directory{})
	for path, want := range map[string]int{"/health": http.StatusOK, "/metrics": http.StatusOK, "/metrics.json": http.StatusOK, "/orders": http.StatusNotFound, "/": http.StatusNotFound} {
		if code, _ := visit(t, in, http.MethodGet, path, ""); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	if _, rpc := in.Addrs(); rpc != "" {
		t.Errorf("it speaks gRPC at %s", rpc)
	}
	if total, _ := in.Calls(); total != 0 || in.store != nil {
		t.Errorf("%d calls, store %v", total, in.store)
	}
}
