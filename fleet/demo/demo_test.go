package demo_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/demo"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd"
)

// services reads the fleet's registry with our own driver.
func services(t *testing.T, f *demo.Fleet) map[string]fleet.Service {
	t.Helper()
	loc, err := registry.ParseLocation(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	d := etcd.Driver()
	r, err := d.Open(t.Context(), loc, d.NewOptions(), registry.Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	set, err := r.List(t.Context())
	if err != nil || len(set.Warnings) > 0 {
		t.Fatalf("%v, warnings %v", err, set.Warnings)
	}
	out := map[string]fleet.Service{}
	for _, s := range set.Services {
		out[s.Name] = s
	}
	return out
}

// get asks one page, as a probe would: a connection of its own, two seconds.
func get(t *testing.T, addr, path string) (code int, body string, took time.Duration, err error) {
	t.Helper()
	web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Second}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	answer, err := web.Do(request)
	if err != nil {
		return 0, "", time.Since(began), err
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(data), time.Since(began), err
}

// verdicts asks every instance's health page and says in a word how it is.
func verdicts(t *testing.T, f *demo.Fleet) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, s := range services(t, f) {
		for _, in := range s.Instances {
			code, body, took, err := get(t, in.Addr, in.Labels["health_path"])
			var page struct{ Status string }
			var timeout net.Error
			switch {
			case errors.Is(err, syscall.ECONNREFUSED):
				out[in.ID] = "refused"
			case errors.As(err, &timeout) && timeout.Timeout():
				out[in.ID] = "timeout"
			case err != nil:
				out[in.ID] = err.Error()
			case json.Unmarshal([]byte(body), &page) != nil:
				out[in.ID] = "not JSON: " + body
			case code == http.StatusOK && page.Status == "UP" && took > time.Second:
				out[in.ID] = "slow"
			case code == http.StatusOK && page.Status == "UP":
				out[in.ID] = "up"
			case code == http.StatusServiceUnavailable && page.Status == "DOWN":
				out[in.ID] = "down"
			default:
				out[in.ID] = body
			}
		}
	}
	return out
}

// unwell is what verdicts says but for those that are up.
func unwell(t *testing.T, f *demo.Fleet) map[string]string {
	t.Helper()
	all := verdicts(t, f)
	if len(all) != 11 {
		t.Errorf("the fleet has %d instances: %v", len(all), all)
	}
	maps.DeleteFunc(all, func(_, word string) bool { return word == "up" })
	return all
}

func TestWell(t *testing.T) {
	f := start(t)
	if bad := unwell(t, f); len(bad) > 0 {
		t.Errorf("not well: %v", bad)
	}
	found := services(t, f)
	for name, want := range map[string]struct {
		instances int
		dependsOn []string
	}{
		"gateway": {2, []string{"order", "user"}}, "order": {2, []string{"inventory", "payment", "user"}},
		"payment": {3, nil}, "inventory": {2, nil}, "user": {2, nil},
	} {
		s := found[name]
		if len(s.Instances) != want.instances || !slices.Equal(s.DependsOn, want.dependsOn) {
			t.Errorf("%s: %d instances, depends on %v", name, len(s.Instances), s.DependsOn)
		}
	}
	if in := found["payment"].Instances[1]; in.ID != "payment-2" || in.Zone != "b" || in.Version == "" || !strings.HasPrefix(in.Addr, "127.0.0.1:") {
		t.Errorf("payment-2: %+v", in)
	}
	if in := found["order"].Instances[0]; in.Endpoints["grpc"] == "" {
		t.Errorf("order-1 has no gRPC endpoint: %+v", in)
	}
	code, body, _, err := get(t, found["order"].Instances[0].Addr, "/health")
	for _, word := range []string{`"payment":{"status":"UP"`, `"db":{"status":"UP"`, `"breaker":"closed"`} {
		if err != nil || code != http.StatusOK || !strings.Contains(body, word) {
			t.Errorf("order-1's health lacks %s: %d %s %v", word, code, body, err)
		}
	}
}

// TestFaults has what each kind of fault does to every health page.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		faults []string
		want   map[string]string
	}{
		"one hangs":       {[]string{"payment#2:hang"}, map[string]string{"payment-2": "timeout"}},
		"a user hangs":    {[]string{"user#1:hang"}, map[string]string{"user-1": "timeout"}},
		"an order hangs":  {[]string{"order#1:hang"}, map[string]string{"order-1": "timeout"}},
		"one crashed":     {[]string{"inventory#1:crash"}, map[string]string{"inventory-1": "refused"}},
		"an order is off": {[]string{"order#2:crash"}, map[string]string{"order-2": "refused"}},
		"errors":          {[]string{"payment:errors=40%"}, map[string]string{"payment-1": "down", "payment-2": "down", "payment-3": "down"}},
		"few errors":      {[]string{"payment:errors=15%"}, nil},
		"errors of one":   {[]string{"user#2:errors=50%"}, map[string]string{"user-2": "down"}},
		"a little late":   {[]string{"order#2:latency=800ms"}, nil},
		"late":            {[]string{"order#2:latency=1500ms"}, map[string]string{"order-2": "slow"}},
		"too late":        {[]string{"order#2:latency=3s"}, map[string]string{"order-2": "timeout"}},
		"two at once":     {[]string{"user#1:hang", "payment#3:crash"}, map[string]string{"user-1": "timeout", "payment-3": "refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, c.faults...)
			// A busy machine may be late once; what a fault does stays.
			var got map[string]string
			for range 3 {
				if got = unwell(t, f); maps.Equal(got, c.want) {
					return
				}
			}
			t.Errorf("%v: unwell are %v, want %v", c.faults, got, c.want)
		})
	}
}

// TestOutageOfADependency lets the whole payment service hang: its callers fail
// as well and say by which component.
func TestOutageOfADependency(t *testing.T) {
	f := start(t, "payment:hang")
	for _, name := range []string{"order", "gateway"} {
		in := services(t, f)[name].Instances[0]
		dependency := map[string]string{"order": "payment", "gateway": "order"}[name]
		eventually(t, name+" fails and names "+dependency, func() bool {
			code, body, _, err := get(t, in.Addr, "/health")
			return err == nil && code == http.StatusServiceUnavailable && strings.Contains(body, `"`+dependency+`":{"status":"DOWN"`)
		})
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	late := time.After(20 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not so in time: %s", what)
		}
	}
}

func TestAdmin(t *testing.T) {
	f := start(t)
	call := func(method, path, kind, body string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, f.AdminURL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", kind)
		if strings.HasPrefix(body, "host:") {
			request.Host = "evil.example"
		}
		web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := web.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		data, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, strings.TrimSpace(string(data))
	}
	const kind = "application/json"
	for _, c := range []struct {
		method, path, kind, body string
		code                     int
		want                     string
	}{
		{"GET", "/admin/faults", "", "", 200, `{"faults":[]}`},
		{"POST", "/admin/faults", kind, `{"fault":"payment#2:crash"}`, 200, `{"faults":["payment#2:crash"]}`},
		{"POST", "/admin/faults", kind + "; charset=utf-8", `{"fault":"user:errors=10%"}`, 200, `{"faults":["payment#2:crash","user:errors=10%"]}`},
		{"POST", "/admin/faults", kind, `{"fault":"user:errors=30%"}`, 200, `{"faults":["payment#2:crash","user:errors=30%"]}`},
		{"POST", "/admin/faults", kind, `{"fault":"usr:hang"}`, 400, "did you mean user?"},
		{"POST", "/admin/faults", kind, `{"falt":"user:hang"}`, 400, `the body has to be {\"fault\"`},
		{"POST", "/admin/faults", kind, `not JSON`, 400, "the body has to be"},
		{"POST", "/admin/faults", "text/plain", `{"fault":"user:hang"}`, 415, "application/json"},
		{"GET", "/admin/faults", kind, "host: rebound", 403, "loopback"},
		{"PUT", "/admin/faults", kind, "", 405, ""},
		{"DELETE", "/admin/faults?fault=user:errors=1%25", "", "", 200, `{"faults":["payment#2:crash"]}`},
		{"DELETE", "/admin/faults?fault=user:hang", "", "", 404, "no fault user:hang is in force"},
		{"DELETE", "/admin/faults?fault=user", "", "", 400, "want a service"},
	} {
		code, body := call(c.method, c.path, c.kind, c.body)
		if code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, code, body, c.code, c.want)
		}
	}
	if got := unwell(t, f); got["payment-2"] != "refused" {
		t.Errorf("payment-2 crashed, and unwell are %v", got)
	}
	if code, body := call("DELETE", "/admin/faults", "", ""); code != 200 || body != `{"faults":[]}` {
		t.Errorf("lifting all: %d %s", code, body)
	}
	if got := unwell(t, f)["payment-2"]; got != "" {
		t.Errorf("put right, payment-2 is %s", got)
	}
}

// TestHangIsLifted answers what was asked while the instance hung.
func TestHangIsLifted(t *testing.T) {
	f := start(t)
	fault, err := demo.ParseFault("payment#1:hang")
	if err != nil {
		t.Fatal(err)
	}
	addr := services(t, f)["payment"].Instances[0].Addr
	if err := f.SetFault(fault); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		_, _, _, err := get(t, addr, "/health")
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Fatalf("it hangs, and answered: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	if err := f.LiftFault(fault); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Errorf("put right, it answered %v", err)
	}
	if err := f.LiftFault(fault); !errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("lifted twice: %v", err)
	}
}

func TestMetricsPages(t *testing.T) {
	f := start(t, "user#1:errors=10%")
	for name, s := range services(t, f) {
		in := s.Instances[0]
		code, body, _, err := get(t, in.Addr, in.Labels["metrics_path"])
		byHand := name == "inventory" // it has nothing for Prometheus
		for _, series := range []string{"http_requests_total{code=", "http_request_duration_seconds_bucket{", `service_info{service="` + name} {
			if err != nil || code != http.StatusOK || strings.Contains(body, series) == byHand {
				t.Errorf("%s lacks %s: %d %v", in.ID, series, code, err)
			}
		}
		if got := strings.Contains(body, "grpc_server_handled_total{"); got != (name == "order") {
			t.Errorf("%s has series of gRPC: %v", in.ID, got)
		}
		if code, _, _, err = get(t, in.Addr, "/metrics"); err != nil || (code == http.StatusNotFound) != byHand {
			t.Errorf("%s has a page for Prometheus: %d %v", in.ID, code, err)
		}
		var sum struct {
			Requests int64    `json:"request_count"`
			Errors   *int64   `json:"error_count"`
			Mean     *float64 `json:"response_time_ms"`
		}
		_, body, _, err = get(t, in.Addr, "/metrics.json")
		if err != nil || json.Unmarshal([]byte(body), &sum) != nil || sum.Requests < 5 || sum.Errors == nil || sum.Mean == nil || *sum.Mean <= 0 {
			t.Errorf("%s: %s, %v", in.ID, body, err)
		}
	}
}

func TestOrdersSpeakGRPC(t *testing.T) {
	f := start(t, "order#2:hang")
	orders := services(t, f)["order"].Instances
	dial := func(in fleet.Instance) *grpc.ClientConn {
		conn, err := grpc.NewClient(in.Endpoints["grpc"], grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	well := dial(orders[0])
	for _, service := range []string{"", "midwatch.demo.Orders"} {
		got, err := healthpb.NewHealthClient(well).Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || got.Status != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("%q: %v, %v", service, got, err)
		}
	}
	stream, err := reflectionpb.NewServerReflectionClient(well).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(q *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		t.Helper()
		if err := stream.Send(q); err != nil {
			t.Fatal(err)
		}
		answer, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	var names []string
	for _, s := range ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}).GetListServicesResponse().GetService() {
		names = append(names, s.Name)
	}
	for _, want := range []string{"midwatch.demo.Orders", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"} {
		if !slices.Contains(names, want) {
			t.Errorf("reflection lists %v, not %s", names, want)
		}
	}
	file := ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "midwatch.demo.Orders"}})
	if len(file.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
		t.Errorf("nothing declares the order service: %v", file)
	}
	if err := stream.CloseSend(); err != nil {
		t.Error(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := healthpb.NewHealthClient(dial(orders[1])).Check(ctx, &healthpb.HealthCheckRequest{}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("it hangs, and says %v", err)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	f, err := demo.Start(t.Context(), demo.Options{Dir: dir, Rate: 50})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, f)
	f.Close()
	f.Close() // twice is the same as once
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left in its folder: %v, %v", left, err)
	}
	for _, text := range []string{f.URL, f.AdminURL} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if conn, err := net.Dial("tcp", u.Host); err == nil {
			_ = conn.Close()
			t.Errorf("%s still listens", text)
		}
	}
	if err := f.SetFault(demo.Fault{Service: "user", Kind: demo.Hang}); err == nil {
		t.Error("a closed fleet takes a fault")
	}
}

func TestStartFails(t *testing.T) {
	if f, err := demo.Start(t.Context(), demo.Options{Dir: "/none/such"}); err == nil {
		f.Close()
		t.Error("started in a folder that is not there")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if f, err := demo.Start(ctx, demo.Options{Dir: dir}); err == nil {
		f.Close()
		t.Error("started though its context had ended")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left in its folder: %v", left)
	}
}

func TestSettleSaysWhatIsMissing(t *testing.T) {
	f, err := demo.Start(t.Context(), demo.Options{Dir: t.TempDir(), Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := f.Settle(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "payment-3 ") {
		t.Errorf("got %v", err)
	}
}
