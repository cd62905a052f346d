package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
)

func TestMain(m *testing.M) { breakertest.Main(m) }

func TestConformance(t *testing.T) { breakertest.Run(t, freshWorld) }

// states is a page of metrics as Resilience4j writes it.
type states struct {
	mu sync.Mutex
	of map[string]string
}

func (s *states) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = io.WriteString(w, "# TYPE resilience4j_circuitbreaker_state gauge\n")
	for name, now := range s.of {
		for _, state := range []string{"closed", "open", "half_open", "forced_open", "disabled", "metrics_only"} {
			value := 0
			if state == now {
				value = 1
			}
			_, _ = fmt.Fprintf(w, "resilience4j_circuitbreaker_state{name=%q,state=%q,} %d.0\n", name, state, value)
		}
	}
}

const secret = "t0ken-of-the-suite"

func freshWorld(t testing.TB) breakertest.World {
	page := &states{of: map[string]string{"payment": "closed", "edge/shop/s1": "closed"}}
	front := breakertest.Front(t, page, secret)
	return breakertest.World{
		Driver: metrics.Driver(),
		Open:   func(t testing.TB) breaker.Admin { return open(t, front.Client(t), "") },
		Site:   breaker.Site{Base: front.URL}, Names: []string{"payment", "edge/shop/s1"},
		Trouble: func(_ testing.TB, name string) {
			page.mu.Lock()
			defer page.mu.Unlock()
			page.of[name] = "open"
		},
		Break: front.Break, Secret: secret,
		Cannot: map[breakertest.Hand]string{breakertest.HandCall: "a page of numbers", breakertest.Hand(breakertest.NoEffect): "a page of numbers"},
	}
}

func open(t testing.TB, client *http.Client, path string) breaker.Admin {
	t.Helper()
	a, err := metrics.Driver().Open(breaker.Options{
		Client: client, API: fleet.BreakerAPI{Path: path}, Log: slog.New(slog.DiscardHandler),
		Scrape: func(ctx context.Context, url string) ([]breaker.Sample, error) {
			page, err := scrape.Get(ctx, client, url)
			return convert(page.Samples), err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// convert is what wiring does.
func convert(samples []scrape.Sample) (list []breaker.Sample) {
	for _, s := range samples {
		labels := map[string]string{}
		for _, l := range s.Labels {
			labels[l.Name] = l.Value
		}
		list = append(list, breaker.Sample{Name: s.Name, Labels: labels, Value: s.Value})
	}
	return list
}

// list reads the breakers of a page.
func list(t testing.TB, page string) []fleet.Breaker {
	t.Helper()
	front := breakertest.Front(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) }), "")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	all, err := open(t, front.Client(t), "").List(ctx, breaker.Site{Base: front.URL})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func recorded(t *testing.T, name string) []fleet.Breaker {
	t.Helper()
	data, err := os.ReadFile("testdata/wire/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return list(t, string(data))
}

// TestResilience4j reads pages of Spring Boot 3 with Resilience4j 2, and of
// Spring Boot 2 with 1.7.
func TestResilience4j(t *testing.T) {
	for _, name := range []string{"resilience4j-2.prom", "resilience4j-1.prom"} {
		all := recorded(t, name)
		if len(all) != 14 {
			t.Errorf("%s: %d breakers", name, len(all))
		}
		b := breaker.Find(all, "inventory")
		if b == nil || b.State == fleet.BreakerUnknown || b.Calls <= 0 || b.Rejected != 1 || b.API != "metrics" || b.Word != "" {
			t.Errorf("%s: %+v", name, b)
		}
		b = breaker.Find(all, "payments")
		if b == nil || b.State != fleet.BreakerClosed || !math.IsNaN(b.FailureRate) || !math.IsNaN(b.SlowRate) || b.Rejected != 0 {
			t.Errorf("%s: -1 is no rate: %+v", name, b)
		}
		for _, odd := range []string{"orders/eu", "50%off", "UsersClient#get(String,int)", "ledger;v=1", "café"} {
			if b := breaker.Find(all, odd); b == nil || b.State == fleet.BreakerUnknown {
				t.Errorf("%s: %q is %+v", name, odd, b)
			}
		}
	}
}

// TestEnvoy reads a page of Envoy 1.40.
func TestEnvoy(t *testing.T) {
	all := recorded(t, "envoy.prom")
	for _, name := range []string{"orders", "payments"} {
		if b := breaker.Find(all, name); b == nil || b.State != fleet.BreakerClosed || b.Rejected != 0 || b.Calls != -1 {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func TestPages(t *testing.T) {
	for name, c := range map[string]struct{ page, want string }{
		"nothing of breakers": {"up 1\nenvoy_cluster_upstream_rq_total{envoy_cluster_name=\"a\"} 5\n", ""},
		"rates":               {"resilience4j_circuitbreaker_state{name=\"a\",state=\"open\"} 1\nresilience4j_circuitbreaker_failure_rate{name=\"a\"} 62.5\nresilience4j_circuitbreaker_slow_call_rate{name=\"a\"} 0\nresilience4j_circuitbreaker_buffered_calls{kind=\"failed\",name=\"a\"} 10\nresilience4j_circuitbreaker_buffered_calls{kind=\"successful\",name=\"a\"} 6\n", "a open 0.625 0 16 -1 "},
		"no state is 1":       {"resilience4j_circuitbreaker_state{name=\"a\",state=\"open\"} 0\n", "a unknown NaN NaN -1 -1 "},
		"two states are 1":    {"resilience4j_circuitbreaker_state{name=\"a\",state=\"open\"} 1\nresilience4j_circuitbreaker_state{name=\"a\",state=\"closed\"} 1\n", "a open NaN NaN -1 -1 "},
		"a new state":         {"resilience4j_circuitbreaker_state{name=\"a\",state=\"melted\"} 1\n", "a unknown NaN NaN -1 -1 melted"},
		"no name":             {"resilience4j_circuitbreaker_state{state=\"open\"} 1\n", ""},
		"a limit is reached":  {"envoy_cluster_circuit_breakers_default_rq_open{envoy_cluster_name=\"a\"} 1\nenvoy_cluster_circuit_breakers_high_rq_open{envoy_cluster_name=\"a\"} 0\nenvoy_cluster_upstream_rq_pending_overflow{envoy_cluster_name=\"a\"} 2\nenvoy_cluster_upstream_rq_active_overflow{envoy_cluster_name=\"a\"} 3\n", "a open NaN NaN -1 5 "},
		"connections only":    {"envoy_cluster_circuit_breakers_default_cx_open{envoy_cluster_name=\"a\"} 1\nenvoy_cluster_circuit_breakers_default_rq_open{envoy_cluster_name=\"a\"} 0\n", "a closed NaN NaN -1 -1 "},
		"Istio":               {"envoy_cluster_circuit_breakers_default_rq_pending_open{cluster_name=\"outbound|80||a\"} 1\n", "outbound|80||a open NaN NaN -1 -1 "},
		"trimmed":             {"envoy_cluster_upstream_rq_pending_overflow{cluster_name=\"a\"} 2\n", "a unknown NaN NaN -1 2 "},
		"SmallRye": {"ft_circuitbreaker_state_current{method=\"org.Pay.charge\",state=\"halfOpen\"} 1\nft_circuitbreaker_state_current{method=\"org.Pay.charge\",state=\"open\"} 0\n" +
			"ft_circuitbreaker_calls_total{method=\"org.Pay.charge\",circuitBreakerResult=\"success\"} 9\nft_circuitbreaker_calls_total{method=\"org.Pay.charge\",circuitBreakerResult=\"circuitBreakerOpen\"} 4\n", "org.Pay.charge half_open NaN NaN -1 4 "},
		"Dapr": {"dapr_resiliency_cb_state{app_id=\"shop\",name=\"myresiliency\",policy=\"circuitbreaker\",target=\"app_payment\",flow_direction=\"outbound\",status=\"half-open\"} 1\n" +
			"dapr_resiliency_cb_state{app_id=\"shop\",name=\"myresiliency\",policy=\"circuitbreaker\",target=\"app_payment\",flow_direction=\"outbound\",status=\"closed\"} 0\n", "myresiliency/app_payment/outbound half_open NaN NaN -1 -1 "},
		"Linkerd, all ready": {"outbound_http_balancer_endpoints{backend_name=\"pay\",backend_namespace=\"shop\",backend_port=\"80\",endpoint_state=\"ready\"} 3\noutbound_http_balancer_endpoints{backend_name=\"pay\",backend_namespace=\"shop\",backend_port=\"80\",endpoint_state=\"pending\"} 0\n", "pay.shop:80 closed NaN NaN -1 -1 "},
		"Linkerd, some not":  {"outbound_http_balancer_endpoints{parent_name=\"pay\",endpoint_state=\"ready\"} 1\noutbound_http_balancer_endpoints{parent_name=\"pay\",endpoint_state=\"pending\"} 2\n", "pay unknown NaN NaN -1 -1 2 of 3 endpoints pending"},
		"Linkerd, none":      {"outbound_http_balancer_endpoints{authority=\"pay\",endpoint_state=\"ready\"} 0\n", "pay unknown NaN NaN -1 -1 "},
		"odd numbers":        {"resilience4j_circuitbreaker_state{name=\"a\",state=\"open\"} NaN\nresilience4j_circuitbreaker_failure_rate{name=\"a\"} +Inf\nresilience4j_circuitbreaker_not_permitted_calls_total{name=\"a\"} -Inf\n", "a unknown NaN NaN -1 -1 "},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, b := range list(t, c.page) {
				got = append(got, fmt.Sprint(b.Name, " ", b.State, " ", b.FailureRate, " ", b.SlowRate, " ", b.Calls, " ", b.Rejected, " ", b.Word))
			}
			if text := strings.Join(got, "\n"); text != c.want {
				t.Errorf("got  %q\nwant %q", text, c.want)
			}
		})
	}
}

// TestPaths: the page is asked where the profile says, else at /metrics.
func TestPaths(t *testing.T) {
	var mu sync.Mutex
	asked := ""
	front := breakertest.Front(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = r.URL.Path
	}), "")
	for _, c := range []struct{ configured, base, want string }{
		{"", "", "/metrics"}, {"/actuator/prometheus", "", "/actuator/prometheus"}, {"", "/stats/prometheus", "/stats/prometheus"}, {"/a", "/b", "/b"},
	} {
		if _, err := open(t, front.Client(t), c.configured).List(t.Context(), breaker.Site{Base: front.URL + c.base}); err != nil {
			t.Error(err)
		}
		mu.Lock()
		if asked != c.want {
			t.Errorf("%+v: asked was %s", c, asked)
		}
		mu.Unlock()
	}
}

func TestNothingCanBeOrdered(t *testing.T) {
	a := open(t, http.DefaultClient, "")
	_, err := a.Set(t.Context(), breaker.Site{Base: "http://127.0.0.1:1"}, "payment", fleet.Order{Verb: fleet.Trip})
	var said *fleet.Error
	if !errors.Is(err, errors.ErrUnsupported) || !errors.As(err, &said) || said.Hint == "" || len(a.Verbs()) != 0 {
		t.Errorf("%v", err)
	}
	if _, err := metrics.Driver().Open(breaker.Options{}); err == nil {
		t.Error("it opens where nothing can be scraped")
	}
	if _, err := a.List(t.Context(), breaker.Site{Base: "unix:///run/a.sock"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}

// FuzzSamples: whatever a page says, the breakers are well formed.
func FuzzSamples(f *testing.F) {
	f.Add("resilience4j_circuitbreaker_state{name=\"a\",state=\"open\"} 1\n")
	f.Add("outbound_http_balancer_endpoints{authority=\"pay\",endpoint_state=\"x\"} 1e300\n")
	f.Add("envoy_cluster_upstream_rq_maintenance_mode_total{cluster_name=\"\"} 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		samples, err := scrape.Read([]byte(text), "text/plain")
		if err != nil {
			return
		}
		a, err := metrics.Driver().Open(breaker.Options{Scrape: func(context.Context, string) ([]breaker.Sample, error) { return convert(samples), nil }})
		if err != nil {
			t.Fatal(err)
		}
		all, err := a.List(t.Context(), breaker.Site{Base: "http://a"})
		for i, b := range all {
			if err != nil || b.Name == "" || b.FailureRate < 0 || b.FailureRate > 1 || b.Calls < -1 || b.Rejected < -1 || i > 0 && all[i-1].Name >= b.Name {
				t.Fatalf("%+v beside %v", all, err)
			}
		}
	})
}
