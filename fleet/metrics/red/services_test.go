package red_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

var nan = math.NaN()

// find returns the row with these labels' values.
func find(t *testing.T, rows []red.Row, values ...string) red.Row {
	t.Helper()
	for _, r := range rows {
		var have []string
		for _, l := range r.Labels {
			have = append(have, l.Value)
		}
		slices.Sort(have)
		if slices.Equal(have, slices.Sorted(slices.Values(values))) {
			return r
		}
	}
	t.Fatalf("no row %v", values)
	return red.Row{}
}

// requests puts calls of an instance into memory, in steps of ten seconds.
func requests(t *testing.T, m *memory, service, instance, code string, values ...float64) {
	t.Helper()
	m.put(t, fmt.Sprintf(`http_requests_total{service=%q,instance=%q,code=%q}`, service, instance, code), began, 10*time.Second, values...)
}

func minute() red.Options {
	return red.Options{At: began.Add(time.Minute), Window: 61 * time.Second}
}

func TestServices(t *testing.T) {
	m := newMemory()
	requests(t, m, "orders", "1", "200", 0, 90, 180)
	requests(t, m, "orders", "1", "500", 0, 10, 20)
	requests(t, m, "orders", "2", "200", 1000, 1100, 1200)
	requests(t, m, "users", "1", "200", 5, 5, 5)
	requests(t, m, "late", "1", "200", nan, nan, 7)
	m.put(t, `process_open_fds{service="idle",instance="1"}`, began, 10*time.Second, 1, 1, 1)
	m.put(t, `up{service="deaf",instance="1"}`, began, 10*time.Second, 0, 0, 0)
	m.put(t, `midwatch_scrape_success{service="mute",instance="1"}`, began, 10*time.Second, 0, 0, 0)
	m.put(t, `midwatch_instance_up{service="mute",instance="1"}`, began, 10*time.Second, 1, 1, 1)
	m.put(t, `midwatch_instance_up{service="plain",instance="1"}`, began, 10*time.Second, 1, 1, 1)
	m.put(t, `midwatch_scrape_success{service="other",instance="1"}`, began, 10*time.Second, 1, 1, 1)
	r := compute(t, m, minute())
	if len(r.Services) != 8 || len(r.Instances) != 9 {
		t.Fatalf("%d services, %d instances", len(r.Services), len(r.Instances))
	}
	orders := find(t, r.Services, "orders")
	if orders.Rate.V != 20 || orders.Requests.V != 400 || orders.Errors.V != .05 || orders.Instances != 2 {
		t.Errorf("orders: %s, %s, %s of %d", text(orders.Rate), text(orders.Requests), text(orders.Errors), orders.Instances)
	}
	if !orders.First.Equal(began) || !orders.Last.Equal(began.Add(20*time.Second)) {
		t.Errorf("from %s to %s", orders.First, orders.Last)
	}
	one := find(t, r.Instances, "orders", "1")
	if one.Rate.V != 10 || one.Errors.V != .1 {
		t.Errorf("orders-1: %s, %s", text(one.Rate), text(one.Errors))
	}
	for service, want := range map[string]string{
		"idle": red.WhyNotCounted, "deaf": red.WhyUnread, "late": red.WhyOneScrape,
		"mute": red.WhyUnread, "plain": red.WhyNotScraped, "other": red.WhyNotCounted,
	} {
		for _, v := range all(find(t, r.Services, service).Numbers) {
			if v.OK || v.Why != want {
				t.Errorf("%s: %s, want %s", service, text(v), want)
			}
		}
	}
	users := find(t, r.Services, "users")
	if text(users.Rate) != "0" || text(users.Errors) != "n/a: "+red.WhyNoCalls || text(users.P99) != "n/a: "+red.WhyNoTimes {
		t.Errorf("users: %s, %s, %s", text(users.Rate), text(users.Errors), text(users.P99))
	}
	if !slices.IsSortedFunc(r.Services, func(a, b red.Row) int { return a.Labels.Compare(b.Labels) }) || !slices.IsSortedFunc(r.Instances, func(a, b red.Row) int { return a.Labels.Compare(b.Labels) }) {
		t.Error("rows are not sorted")
	}
}

func all(n red.Numbers) []red.Value {
	return []red.Value{n.Requests, n.Rate, n.Errors, n.ClientErrors, n.P50, n.P95, n.P99, n.Mean, n.Max}
}

// TestHeterogeneous: what is known of a part of a service only is marked.
func TestHeterogeneous(t *testing.T) {
	m := newMemory()
	requests(t, m, "orders", "1", "500", 0, 50, 100)
	requests(t, m, "orders", "1", "200", 0, 50, 100)
	m.put(t, `nginx_http_requests_total{service="orders",instance="2"}`, began, 10*time.Second, 0, 100, 200)
	m.put(t, `go_goroutines{service="orders",instance="3"}`, began, 10*time.Second, 5, 5, 5)
	row := find(t, compute(t, m, minute()).Services, "orders")
	for got, want := range map[string]string{
		text(row.Rate):     "20 (of 2 of 3 instances)",
		text(row.Errors):   "0.5 (of 50% of the calls)",
		text(row.P99):      "n/a: " + red.WhyNoTimes,
		signatures(row):    "http nginx",
		text(row.Requests): "400 (of 2 of 3 instances)",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if g := row.Saturation.Goroutines; text(g) != "5 (of 1 of 3 instances)" {
		t.Errorf("goroutines %s", text(g))
	}
}

// TestTwoProtocols: calls of HTTP and of gRPC are summed.
func TestTwoProtocols(t *testing.T) {
	m := newMemory()
	requests(t, m, "orders", "1", "200", 0, 100)
	for code, n := range map[string]float64{"OK": 80, "Unavailable": 15, "NotFound": 5} {
		m.put(t, fmt.Sprintf(`grpc_server_handled_total{service="orders",instance="1",grpc_code=%q}`, code), began, 10*time.Second, 0, n)
	}
	row := find(t, compute(t, m, minute()).Services, "orders")
	if signatures(row) != "grpc http" || row.Requests.V != 200 || row.Errors.V != .075 || row.ClientErrors.V != .025 {
		t.Errorf("%s: %s, %s, %s", signatures(row), text(row.Requests), text(row.Errors), text(row.ClientErrors))
	}
}

// TestSidecar: what a sidecar counts is not counted again from the page of its
// application, though both are on one page.
func TestSidecar(t *testing.T) {
	m := newMemory()
	requests(t, m, "orders", "1", "200", 0, 100)
	m.put(t, `grpc_server_handled_total{service="orders",instance="1",grpc_code="OK"}`, began, 10*time.Second, 0, 50)
	m.put(t, `istio_requests_total{service="orders",instance="1",reporter="destination",response_code="200"}`, began, 10*time.Second, 0, 150)
	m.put(t, `istio_requests_total{service="orders",instance="1",reporter="source",response_code="200"}`, began, 10*time.Second, 0, 900)
	// A client has a sidecar too, and takes no calls.
	m.put(t, `istio_requests_total{service="job",instance="1",reporter="source",response_code="200"}`, began, 10*time.Second, 0, 900)
	r := compute(t, m, minute())
	if row := find(t, r.Services, "orders"); signatures(row) != "istio" || row.Requests.V != 150 {
		t.Errorf("%s: %s", signatures(row), text(row.Requests))
	}
	if row := find(t, r.Services, "job"); text(row.Rate) != "n/a: "+red.WhyNotCounted {
		t.Errorf("job: %s", text(row.Rate))
	}
}

// TestSummaries: quantiles of summaries are never averaged.
func TestSummaries(t *testing.T) {
	m := newMemory()
	for instance, quantiles := range map[string][]float64{"1": {.2, .3}, "2": {.9}} {
		for i, q := range quantiles {
			route := fmt.Sprintf(`service="orders",instance=%q,path="/%d",code="200"`, instance, i)
			m.put(t, `http_request_duration_seconds{quantile="0.99",`+route+`}`, began, 10*time.Second, q, q)
			m.put(t, `http_request_duration_seconds_count{`+route+`}`, began, 10*time.Second, 0, 10)
			m.put(t, `http_request_duration_seconds_sum{`+route+`}`, began, 10*time.Second, 0, 1)
		}
	}
	r := compute(t, m, minute())
	for want, row := range map[string]red.Row{
		"0.3 (worst of 2 series)":         find(t, r.Instances, "orders", "1"),
		"0.9 (as its page calculates it)": find(t, r.Instances, "orders", "2"),
		"0.9 (worst of 2 instances)":      find(t, r.Services, "orders"),
	} {
		if text(row.P99) != want {
			t.Errorf("%s, want %s", text(row.P99), want)
		}
		if text(row.P50) != "n/a: "+red.WhyQuantile || !near(row.Mean.V, .1) {
			t.Errorf("p50 %s, mean %s", text(row.P50), text(row.Mean))
		}
	}
}

// TestOver: a quantile beyond the highest bound says so.
func TestOver(t *testing.T) {
	m := newMemory()
	for le, n := range map[string]float64{"0.1": 50, "1.0": 90, "+Inf": 100} {
		m.put(t, fmt.Sprintf(`http_request_duration_seconds_bucket{service="orders",instance="1",code="200",le=%q}`, le), began, 10*time.Second, 0, n)
	}
	m.put(t, `http_request_duration_seconds_count{service="orders",instance="1",code="200"}`, began, 10*time.Second, 0, 100)
	row := find(t, compute(t, m, minute()).Services, "orders")
	if text(row.P50) != "0.1" || text(row.P99) != ">1" || text(row.Mean) != "n/a: "+red.WhyNotTimed {
		t.Errorf("p50 %s, p99 %s, mean %s", text(row.P50), text(row.P99), text(row.Mean))
	}
}

// TestLayouts: instances with other bounds are merged on those they share, and
// the same bound is the same however it is written.
func TestLayouts(t *testing.T) {
	m := newMemory()
	put := func(instance string, bounds map[string]float64) {
		for le, n := range bounds {
			m.put(t, fmt.Sprintf(`http_request_duration_seconds_bucket{service="orders",instance=%q,code="200",le=%q}`, instance, le), began, 10*time.Second, 0, n)
		}
		m.put(t, fmt.Sprintf(`http_request_duration_seconds_count{service="orders",instance=%q,code="200"}`, instance), began, 10*time.Second, 0, bounds["+Inf"])
	}
	put("1", map[string]float64{"0.1": 10, "0.5": 20, "1": 30, "+Inf": 30})
	put("2", map[string]float64{"1e-01": 0, "1.0": 50, "+Inf": 50})
	row := find(t, compute(t, m, minute()).Services, "orders")
	// 10 up to 0.1, 70 up to 1: half of 80 is 30 of 70 into the second.
	if !near(row.P50.V, .1+.9*30/70) || row.P50.Approx != "of histograms with other bounds" {
		t.Errorf("p50 %s", text(row.P50))
	}
	m = newMemory()
	put("1", map[string]float64{"0.1": 10, "+Inf": 10})
	put("2", map[string]float64{"0.5": 0, "+Inf": 20})
	put("3", map[string]float64{"0.7": 5, "+Inf": 5})
	put("4", map[string]float64{"0.05": 0, "+Inf": 5})
	if row = find(t, compute(t, m, minute()).Services, "orders"); text(row.P50) != "n/a: "+red.WhyBounds {
		t.Errorf("p50 %s", text(row.P50))
	}
}

// TestRolling: in a rolling deployment one instance goes where another comes;
// the service's rate is not that of both.
func TestRolling(t *testing.T) {
	m := newMemory()
	for i := range 4 {
		old, young := make([]float64, 31), make([]float64, 31)
		for at := range old {
			old[at], young[at] = nan, nan
			if at <= 15 {
				old[at] = 1000 + float64(at)*50
			}
			if at >= 15 {
				young[at] = float64(at-15) * 50
			}
		}
		requests(t, m, "orders", fmt.Sprintf("old-%d", i), "200", old...)
		requests(t, m, "orders", fmt.Sprintf("new-%d", i), "200", young...)
	}
	r := compute(t, m, red.Options{At: began.Add(5 * time.Minute), Window: 301 * time.Second})
	row := find(t, r.Services, "orders")
	if row.Instances != 8 || math.Abs(row.Rate.V-20) > 2.1 { // 4 times 5 per second, at any time
		t.Errorf("%d instances, %s", row.Instances, text(row.Rate))
	}
	if one := find(t, r.Instances, "orders", "new-1"); one.Rate.V != 5 {
		t.Errorf("new-1: %s", text(one.Rate))
	}
}

// TestJitter: instances that are scraped at other times add up whole.
func TestJitter(t *testing.T) {
	m := newMemory()
	for i := range 10 {
		m.put(t, fmt.Sprintf(`http_requests_total{service="orders",instance="%d",code="200"}`, i), began.Add(time.Duration(i)*900*time.Millisecond), 10*time.Second, 0, 100)
	}
	if row := find(t, compute(t, m, minute()).Services, "orders"); row.Rate.V != 100 {
		t.Errorf("%s", text(row.Rate))
	}
}

// TestRestart: a restart in the middle of the window counts what came before and
// after, and is told.
func TestRestart(t *testing.T) {
	m := newMemory()
	requests(t, m, "orders", "1", "200", 1000, 1100, 40, 140, 240)
	m.put(t, `process_start_time_seconds{service="orders",instance="1"}`, began, 10*time.Second,
		1_794_000_000, 1_794_000_000, float64(began.Unix()+15), float64(began.Unix()+15), float64(began.Unix()+15))
	row := find(t, compute(t, m, minute()).Instances, "orders", "1")
	if row.Requests.V != 340 || row.Rate.V != 8.5 || row.Restarts != 1 {
		t.Errorf("%s, %s, %d restarts", text(row.Requests), text(row.Rate), row.Restarts)
	}
}

// TestProcesses: where several processes answer in turn, nothing can be said.
func TestProcesses(t *testing.T) {
	m := newMemory()
	requests(t, m, "orders", "1", "200", 1000, 50, 1010, 55)
	m.put(t, `process_start_time_seconds{service="orders",instance="1"}`, began, 10*time.Second, 1_794_000_000, 1_794_900_000, 1_794_000_000, 1_794_900_000)
	if row := find(t, compute(t, m, minute()).Services, "orders"); text(row.Rate) != "n/a: "+red.WhyProcesses {
		t.Errorf("%s", text(row.Rate))
	}
}

// TestNoNumbers: counters that are no numbers are n/a, not 0.
func TestNoNumbers(t *testing.T) {
	m := newMemory()
	requests(t, m, "orders", "1", "200", math.Inf(1), math.Inf(1), math.Inf(1))
	m.put(t, `process_open_fds{service="orders",instance="1"}`, began, 10*time.Second, 1, 1, 1)
	if row := find(t, compute(t, m, minute()).Services, "orders"); text(row.Rate) != "n/a: "+red.WhyNumber || text(row.Errors) != "n/a: "+red.WhyNumber {
		t.Errorf("%s, %s", text(row.Rate), text(row.Errors))
	}
}

// TestSpoiltCounter: where one of an instance's counters is no number for a while,
// nobody knows how many calls there were, and which share failed: neither is 0.
func TestSpoiltCounter(t *testing.T) {
	inf := math.Inf(1)
	for _, values := range [][]float64{{100, inf}, {inf, 100}, {100, inf, 120}} {
		m := newMemory()
		for _, in := range []string{"1", "2"} {
			requests(t, m, "orders", in, "500", 5, 7, 9)
			requests(t, m, "orders", in, "200", 100, 200, 300)
		}
		requests(t, m, "orders", "2", "201", values...)
		r := compute(t, m, minute())
		for _, v := range all(find(t, r.Instances, "orders", "2").Numbers)[:4] {
			if v.OK || v.Why != red.WhyNumber {
				t.Errorf("%v: %s", values, text(v))
			}
		}
		row := find(t, r.Services, "orders")
		if got := text(row.Requests) + ", " + text(row.Errors); got != "204 (of 1 of 2 instances), 0.0196078" {
			t.Errorf("%v: %s", values, got)
		}
	}
}

// TestStatuses: statuses in words that nobody knows are not errors.
func TestStatuses(t *testing.T) {
	m := newMemory()
	requests(t, m, "orders", "1", "teapot", 0, 10)
	requests(t, m, "users", "1", "", 0, 10)
	requests(t, m, "users", "1", "200", 0, 30)
	r := compute(t, m, minute())
	if row := find(t, r.Services, "orders"); text(row.Errors) != "n/a: "+red.WhyStatuses {
		t.Errorf("orders: %s", text(row.Errors))
	}
	// Where others have a status, one without got no answer.
	if row := find(t, r.Services, "users"); row.Errors.V != .25 {
		t.Errorf("users: %s", text(row.Errors))
	}
}

// TestGroups: a Prometheus server has labels of its own.
func TestGroups(t *testing.T) {
	m := newMemory()
	for _, instance := range []string{"10.0.0.1:80", "10.0.0.2:80"} {
		m.put(t, fmt.Sprintf(`http_requests_total{job="shop/orders",instance=%q,code="200"}`, instance), began, 10*time.Second, 0, 100)
	}
	o := minute()
	o.Service = []string{"job"}
	r := compute(t, m, o)
	if len(r.Services) != 1 || len(r.Instances) != 2 || r.Services[0].Rate.V != 20 || r.Services[0].Labels.Get("job") != "shop/orders" {
		t.Errorf("%+v", r)
	}
}

// TestUnion: a service's numbers are those of its instances as one: random pages
// put together in both ways say the same, whatever the order of an answer.
func TestUnion(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 25 {
		apart, one := newMemory(), newMemory()
		scale := newMemory()
		for i := range 2 + rnd.IntN(3) {
			for _, code := range []string{"200", "404", "500"} {
				below := 0.0
				for _, le := range []string{"0.1", "0.5", "1", "+Inf"} {
					below += float64(rnd.IntN(30))
					series := fmt.Sprintf(`http_request_duration_seconds_bucket{service="orders",instance="%%s",pod="%d",code=%q,le=%q}`, i, code, le)
					apart.put(t, fmt.Sprintf(series, fmt.Sprint(i)), began, 10*time.Second, 7, 7+below)
					one.put(t, fmt.Sprintf(series, "0"), began, 10*time.Second, 7, 7+below)
					scale.put(t, fmt.Sprintf(series, "0"), began, 10*time.Second, 7, 7+5*below)
				}
				series := fmt.Sprintf(`{service="orders",instance="%%s",pod="%d",code=%q}`, i, code)
				for m, factor := range map[*memory]float64{apart: 1, one: 1, scale: 5} {
					instance := "0"
					if m == apart {
						instance = fmt.Sprint(i)
					}
					m.put(t, "http_request_duration_seconds_count"+fmt.Sprintf(series, instance), began, 10*time.Second, 7, 7+factor*below)
					m.put(t, "http_request_duration_seconds_sum"+fmt.Sprintf(series, instance), began, 10*time.Second, 0, factor*below/4)
				}
			}
		}
		rnd.Shuffle(len(one.entries), func(i, j int) { one.entries[i], one.entries[j] = one.entries[j], one.entries[i] })
		a, b := compute(t, apart, minute()).Services[0], compute(t, one, minute()).Services[0]
		five := compute(t, scale, minute()).Services[0]
		av, bv, fv := all(a.Numbers), all(b.Numbers), all(five.Numbers)
		for i := range av {
			if text(av[i]) != text(bv[i]) {
				t.Fatalf("apart %s, as one %s", text(av[i]), text(bv[i]))
			}
			if i >= 2 && text(bv[i]) != text(fv[i]) { // but requests and rate
				t.Fatalf("%s, five times as many %s", text(bv[i]), text(fv[i]))
			}
		}
		if !near(five.Rate.V, 5*b.Rate.V) {
			t.Fatalf("%s, five times as many %s", text(b.Rate), text(five.Rate))
		}
	}
}

// TestSane: whatever counters hold, no number is negative, infinite or none, and
// each that is missing has its reason.
func TestSane(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	odd := []float64{0, 1, -1, 1e308, -1e308, math.Inf(1), math.Inf(-1), 1e-300, 5, 7, 100}
	value := func() float64 { return odd[rnd.IntN(len(odd))] }
	for range 200 {
		m := newMemory()
		for instance := range 1 + rnd.IntN(3) {
			for range 1 + rnd.IntN(12) {
				family := []string{
					"http_requests_total", "http_request_duration_seconds_count", "http_request_duration_seconds_sum", "http_request_duration_seconds_bucket",
					"http_request_duration_seconds", "hand_requests_total", "hand_errors_total", "hand_response_time_milliseconds", "process_start_time_seconds",
					"process_cpu_seconds_total", "process_open_fds", "process_max_fds", "hikaricp_connections_active", "hikaricp_connections_max",
					"haproxy_backend_http_requests_total", "haproxy_backend_http_responses_total", "haproxy_backend_total_time_average_seconds", "http_server_requests_seconds_max",
					"http_server_requests_seconds_count", "envoy_cluster_upstream_rq_xx",
				}[rnd.IntN(20)]
				label := []string{`code="500"`, `le="0.1"`, `le="+Inf"`, `le="x"`, `quantile="0.99"`, `status=""`, `quantile="NaN"`, `envoy_cluster_name="a"`}[rnd.IntN(8)]
				m.put(t, fmt.Sprintf(`%s{service="orders",instance="%d",%s}`, family, instance, label), began, 10*time.Second, value(), value(), value(), value())
			}
		}
		o := minute()
		o.History = red.History{Range: time.Minute, Step: 7 * time.Second}
		r := compute(t, m, o)
		for _, row := range slices.Concat(r.Services, r.Instances) {
			values := slices.Concat(all(row.Numbers), row.History)
			s := row.Saturation
			values = append(values, s.CPU, s.Memory, s.Heap, s.HeapShare, s.Goroutines, s.Threads, s.OpenFiles)
			for _, p := range s.Pools {
				values = append(values, p.Busy, p.Max, p.Share, p.Waiting)
			}
			for _, v := range row.Views {
				values = append(values, all(v.Numbers)...)
			}
			for _, v := range values {
				switch {
				case v.OK && (v.V < 0 || math.IsNaN(v.V) || math.IsInf(v.V, 0) || v.Why != ""):
					t.Fatalf("%+v", v)
				case !v.OK && (v.Why == "" || v.V != 0 || v.Over || v.Approx != ""):
					t.Fatalf("%+v", v)
				}
			}
			for _, v := range []red.Value{row.Errors, row.ClientErrors} {
				if v.V > 1 {
					t.Fatalf("a share of %g", v.V)
				}
			}
		}
		for _, s := range red.Series(r) {
			if v := s.Points[0].V; v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%v: %g", s.Labels, v)
			}
		}
	}
}

// TestQuestions: what is asked for is no more than what is needed.
func TestQuestions(t *testing.T) {
	m := newMemory()
	page := readPage(t, "wire/go-client.prom")
	m.scrape(page, orders, began, 1)
	m.scrape(page, orders, began.Add(10*time.Second), 2)
	o := minute()
	o.Where = []red.Matcher{{"service", "=~", "orders|us\"ers"}, {"http.route", "!=", "/x"}}
	r := compute(t, m, o)
	if r.Services[0].Rate.V != 5 {
		t.Errorf("%s", text(r.Services[0].Rate))
	}
	if len(m.asked) != 3 {
		t.Fatalf("%d questions", len(m.asked))
	}
	for _, q := range m.asked {
		if !strings.Contains(q, `,service=~"orders|us\"ers","http.route"!="/x"}`) {
			t.Errorf("not of the selection: %s", q)
		}
	}
	samples := m.asked[2]
	for _, not := range []string{"http_request_native_seconds", "db_query_seconds", "orders_placed", "http_request_both_seconds", "promhttp"} {
		if strings.Contains(samples, not) {
			t.Errorf("%s is asked for", not)
		}
	}
	if !strings.HasSuffix(samples, "[61000ms]") || !strings.Contains(samples, "http_request_duration_seconds_bucket") {
		t.Errorf("%s", samples)
	}
	m = newMemory()
	m.put(t, `x_total{service="orders",instance="1"}`, began, 10*time.Second, 1, 2)
	if r = compute(t, m, minute()); len(r.Services) != 0 || len(r.Instances) != 0 {
		t.Errorf("%+v", r)
	}
}

// TestWarnings: those of who answers are passed on, once.
func TestWarnings(t *testing.T) {
	r, err := red.Compute(t.Context(), warning{}, minute())
	if err != nil || !slices.Equal(r.Warnings, []string{"half of it is missing"}) {
		t.Errorf("%v, %v", r.Warnings, err)
	}
}

type warning struct{}

func (warning) Query(context.Context, metrics.Question) (metrics.Answer, error) {
	return metrics.Answer{Warnings: []string{"half of it is missing"}}, nil
}

// TestSpoiltErrors: where failures are a family of their own, one that is no
// number is not none.
func TestSpoiltErrors(t *testing.T) {
	for name, is := range map[string]float64{"NaN": nan, "Inf": math.Inf(1)} {
		m, spoilt := newMemory(), math.Inf(1) // put leaves out what is NaN

		m.put(t, `hand_requests_total{service="orders",instance="1"}`, began, 10*time.Second, 0, 100, 200)
		m.put(t, `hand_errors_total{service="orders",instance="1"}`, began, 10*time.Second, 0, spoilt, spoilt)
		m.put(t, `dubbo_provider_requests_total{service="pay",instance="1"}`, began, 10*time.Second, 0, 100, 200)
		m.put(t, `dubbo_provider_requests_timeout_total{service="pay",instance="1"}`, began, 10*time.Second, 0, spoilt, spoilt)
		m.put(t, `dubbo_provider_requests_limit_total{service="pay",instance="1"}`, began, 10*time.Second, 0, 10, 20)
		m.put(t, `hand_requests_total{service="half",instance="1"}`, began, 10*time.Second, 0, 100, 200)
		m.put(t, `hand_errors_total{service="half",instance="1"}`, began, 10*time.Second, 0, spoilt, spoilt)
		m.put(t, `hand_requests_total{service="half",instance="2"}`, began, 10*time.Second, 0, 100, 200)
		m.put(t, `hand_errors_total{service="half",instance="2"}`, began, 10*time.Second, 0, 50, 100)
		for i := range m.entries {
			if math.IsInf(m.entries[i].v, 1) {
				m.entries[i].v = is
			}
		}
		r := compute(t, m, minute())
		orders, pay, half := find(t, r.Services, "orders"), find(t, r.Services, "pay"), find(t, r.Services, "half")
		for _, c := range []struct{ got, want string }{
			{text(orders.Requests), "200"},
			{text(orders.Errors), "n/a: " + red.WhyErrors},
			{text(pay.Requests), "200"},
			{text(pay.Errors), "n/a: " + red.WhyErrors},
			{text(pay.ClientErrors), "0.1"},
			{text(half.Errors), "0.5 (of 50% of the calls)"},
		} {
			if c.got != c.want {
				t.Errorf("%s: %s, want %s", name, c.got, c.want)
			}
		}
	}
}

// TestStrangeStatusesAreNotJudged: calls with a status that nobody understands
// have neither failed nor not.
func TestStrangeStatusesAreNotJudged(t *testing.T) {
	m := newMemory()
	requests(t, m, "orders", "1", "200", 0, 50)
	requests(t, m, "orders", "1", "500", 0, 50)
	requests(t, m, "orders", "1", "teapot", 0, 300)
	requests(t, m, "quiet", "1", "200", 5, 5)
	requests(t, m, "quiet", "1", "teapot", 0, 300)
	r := compute(t, m, minute())
	orders, quiet := find(t, r.Services, "orders"), find(t, r.Services, "quiet")
	for _, c := range []struct{ got, want string }{
		{text(orders.Requests), "400"},
		{text(orders.Errors), "0.5 (of 25% of the calls)"},
		{text(orders.ClientErrors), "0 (of 25% of the calls)"},
		{text(quiet.Errors), "n/a: " + red.WhyStatuses},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
