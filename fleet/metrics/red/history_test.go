package red_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

func rates(values []red.Value) string {
	var all []string
	for _, v := range values {
		if v.OK {
			all = append(all, fmt.Sprintf("%.4g", v.V))
		} else {
			all = append(all, "-")
		}
	}
	return strings.Join(all, " ")
}

// history asks for a minute in steps of ten seconds.
func history(at time.Duration) red.Options {
	return red.Options{At: began.Add(at), Window: 21 * time.Second, History: red.History{Range: time.Minute, Step: 10 * time.Second}}
}

func TestHistory(t *testing.T) {
	for _, c := range []struct {
		name      string
		instances map[string][]float64 // calls, in steps of ten seconds
		want      string
	}{
		{"it grows", map[string][]float64{"1": {0, 100, 300, 300, 350, 360, 400}}, "10 20 0 5 1 4"},
		{"a restart", map[string][]float64{"1": {1000, 1100, 20, 40, 40, 40, 40}}, "10 2 2 0 0 0"},
		{"it came late", map[string][]float64{"1": {nan, nan, nan, 0, 100, 200, 300}}, "- - - 10 10 10"},
		{"one goes, one comes", map[string][]float64{"1": {0, 100, 200, 300, nan, nan, nan}, "2": {nan, nan, nan, 0, 100, 200, 300}}, "10 10 10 10 10 10"},
		{"a scrape is missing", map[string][]float64{"1": {0, 100, nan, 300, 400, 500, 600}}, "10 10 10 10 10 10"},
		{"two", map[string][]float64{"1": {0, 100, 200, 300, 400, 500, 600}, "2": {0, 10, 20, 30, 40, 50, 60}}, "11 11 11 11 11 11"},
	} {
		m := newMemory()
		for instance, values := range c.instances {
			requests(t, m, "orders", instance, "200", values...)
		}
		row := find(t, compute(t, m, history(time.Minute)).Services, "orders")
		if got := rates(row.History); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		for _, v := range row.History {
			if !v.OK && v.Why != red.WhyNotThen {
				t.Errorf("%s: %s", c.name, text(v))
			}
		}
	}
}

// TestHistoryBetween: steps and scrapes need not meet; calls in between are
// spread evenly, and none is lost.
func TestHistoryBetween(t *testing.T) {
	m := newMemory()
	m.put(t, `http_requests_total{service="orders",instance="1",code="200"}`, began, 7*time.Second, 0, 70, 140, 210, 280, 350, 420, 490, 560, 630)
	row := find(t, compute(t, m, history(65*time.Second)).Services, "orders")
	if got := rates(row.History); got != "10 10 10 10 10 10" {
		t.Errorf("%s", got)
	}
	// Seconds of a scrape every half minute.
	m = newMemory()
	m.put(t, `http_requests_total{service="orders",instance="1",code="200"}`, began, 30*time.Second, 0, 300, 900)
	o := history(time.Minute)
	o.Window = time.Hour
	if got := rates(find(t, compute(t, m, o).Services, "orders").History); got != "10 10 10 20 20 20" {
		t.Errorf("%s", got)
	}
}

// TestHistoryInstances: rows of instances have theirs; those that count nothing,
// and those that are not asked for, have none.
func TestHistoryInstances(t *testing.T) {
	m := newMemory()
	requests(t, m, "orders", "1", "200", 0, 100, 200, 300, 400, 500, 600)
	m.put(t, `process_open_fds{service="idle",instance="1"}`, began, 10*time.Second, 1, 1, 1, 1, 1, 1, 1)
	r := compute(t, m, history(time.Minute))
	if got := rates(find(t, r.Instances, "orders", "1").History); got != "10 10 10 10 10 10" {
		t.Errorf("%s", got)
	}
	if got := rates(find(t, r.Services, "idle").History); got != "- - - - - -" {
		t.Errorf("%s", got)
	}
	for _, q := range m.asked[3:] {
		if strings.Contains(q, "bucket") {
			t.Errorf("buckets are asked for: %s", q)
		}
	}
	if r = compute(t, m, minute()); len(r.Services[0].History) != 0 {
		t.Errorf("%d steps that nobody asked for", len(r.Services[0].History))
	}
	o := history(time.Minute)
	o.History = red.History{Range: 1e9 * time.Second, Step: time.Nanosecond}
	if r = compute(t, m, o); len(r.Services[0].History) > 10_000 {
		t.Errorf("%d steps", len(r.Services[0].History))
	}
}

// TestHistoryHousekeeping: what is no work is none in the past either.
func TestHistoryHousekeeping(t *testing.T) {
	m := newMemory()
	for path, factor := range map[string]float64{"/orders": 1, "/metrics": 50} {
		m.put(t, fmt.Sprintf(`http_requests_total{service="orders",instance="1",code="200",path=%q}`, path), began, 30*time.Second, 0, factor*300, factor*600)
	}
	if got := rates(find(t, compute(t, m, history(time.Minute)).Services, "orders").History); got != "10 10 10 10 10 10" {
		t.Errorf("%s", got)
	}
}

func TestSeries(t *testing.T) {
	m := newMemory()
	page := readPage(t, "wire/go-client.prom")
	m.scrape(page, orders, began, 1)
	m.scrape(page, orders, began.Add(10*time.Second), 2)
	requests(t, m, "users", "1", "200", 5, 5)
	var got []string
	at := began.Add(time.Minute)
	for _, s := range red.Series(compute(t, m, minute())) {
		if len(s.Points) != 1 || s.Points[0].T != at.UnixMilli() {
			t.Errorf("%+v", s)
		}
		var labels []string
		for _, l := range s.Labels {
			if l.Name != metrics.LabelName {
				labels = append(labels, l.Name+"="+l.Value)
			}
		}
		got = append(got, fmt.Sprintf("%s{%s} %.4g", s.Labels.Name(), strings.Join(labels, ","), s.Points[0].V))
	}
	want := `midwatch_service_request_rate{service=users} 0
midwatch_service_request_rate{service=orders,source=file} 5
midwatch_service_error_ratio{service=orders,source=file} 0.1
midwatch_service_client_error_ratio{service=orders,source=file} 0.1
midwatch_service_latency_seconds{quantile=0.5,service=orders,source=file} 0.003
midwatch_service_latency_seconds{quantile=0.95,service=orders,source=file} 0.03
midwatch_service_latency_seconds{quantile=0.99,service=orders,source=file} 0.046
midwatch_instance_request_rate{instance=1,service=users} 0
midwatch_instance_request_rate{instance=orders-1,service=orders,source=file} 5
midwatch_instance_error_ratio{instance=orders-1,service=orders,source=file} 0.1
midwatch_instance_client_error_ratio{instance=orders-1,service=orders,source=file} 0.1
midwatch_instance_latency_seconds{instance=orders-1,quantile=0.5,service=orders,source=file} 0.003
midwatch_instance_latency_seconds{instance=orders-1,quantile=0.95,service=orders,source=file} 0.03
midwatch_instance_latency_seconds{instance=orders-1,quantile=0.99,service=orders,source=file} 0.046`
	wanted := strings.Split(want, "\n")
	for i := range max(len(got), len(wanted)) {
		if i >= len(got) || i >= len(wanted) || !strings.Contains("\n"+strings.Join(got, "\n")+"\n", "\n"+wanted[i]+"\n") {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
		}
	}
}

// TestHistoryIsTheSameEachTime: rates that are equal but for the order in which
// they are added up draw other bars.
func TestHistoryIsTheSameEachTime(t *testing.T) {
	m := newMemory()
	var values []float64
	for i := range 40 {
		values = append(values, float64(i)*0.1*math.Pi)
	}
	requests(t, m, "orders", "1", "200", values...)
	o := red.Options{At: began.Add(400 * time.Second), Window: time.Minute, History: red.History{Range: 400 * time.Second, Step: 95 * time.Second}}
	want := fmt.Sprintf("%+v", compute(t, m, o).Services)
	for range 20 {
		if got := fmt.Sprintf("%+v", compute(t, m, o).Services); got != want {
			t.Fatalf("%s\nwant\n%s", got, want)
		}
	}
}
