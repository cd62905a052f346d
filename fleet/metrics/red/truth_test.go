package red_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-5*max(math.Abs(a), math.Abs(b)) }

// TestTruth holds pages to numbers that were added up beside this code, by hand
// and by a script of a few lines: calls that are no probes and no scrapes, those
// that failed, those refused, and the quantiles of their durations.
func TestTruth(t *testing.T) {
	na := math.NaN()
	for _, c := range []struct {
		page                  string
		signatures            string
		calls, failed, client float64
		p50, p95, p99, mean   float64
	}{
		{"wire/go-client.prom", "http", 50, 5, 5, .003, .03, .046, .0040998478},
		{"wire/go-client.om", "http", 50, 5, 5, .003, .03, .046, .0040998478},
		{"wire/go-client.pb", "http", 50, 5, 5, .003, .03, .046, .0040998478},
		{"wire/node-prom-client.prom", "http", 55, 10, 5, .00255, .0054166667, .0090833333, .0030779826},
		{"wire/node-prom-client.om", "http", 24, 3, 0, .046, .0945454545, .0989090909, .046},
		{"wire/node-prom-bundle.prom", "http", 55, 10, 5, .0104605263, .0280460527, .0296092105, .0029753321},
		{"wire/python-client.prom", "http", 40, 5, 0, .0769230769, .4428571429, .4885714286, .078},
		{"wire/python-client-name.prom", "http", 40, 5, 0, na, na, na, na},
		{"wire/python-fastapi.prom", "fastapi", 55, 10, 5, .0050909091, .0096727273, .0166, .0032463697},
		{"wire/rust-prometheus.prom", "http", 28, 4, 0, .0033333333, .036, .0472, .0067165724},
		{"wire/rust-metrics-exporter.prom", "http", 28, 4, 0, .0033333333, .036, .0472, .0067165724},
		{"wire/prometheus.prom", "http", 7, 0, 1, .05, .095, .099, .0002961249},
		{"wire/prometheus-federate.prom", "http", 7, 0, 1, na, na, na, na},
		{"wire/pushgateway.prom", "http", 1, 0, 0, na, na, na, na},
		{"wire/alertmanager.prom", "http", 0, na, na, na, na, na, na}, // only a probe
		{"wire/etcd.prom", "grpc", 6, 0, 0, na, na, na, na},
		{"wire/etcd.pb", "grpc", 6, 0, 0, na, na, na, na},
		{"wire/spring-boot-2.prom", "micrometer", 93, 33, 18, na, na, na, .026993071},
		{"wire/spring-boot-2.om", "micrometer", 93, 33, 18, na, na, na, .026993071},
		{"wire/spring-boot-3.prom", "micrometer", 92, 33, 17, na, na, na, .0260233718},
		{"wire/spring-boot-3-histogram.prom", "micrometer", 20, 3, 2, .002097151, .013981011, .03243595, .0043007303},
		{"wire/eureka.prom", "micrometer", 94, 4, 20, na, na, na, .0068735396},
		{"wire/nginx-exporter.prom", "nginx", 9, na, na, na, na, na, na},
		{"wire/haproxy.prom", "haproxy", 12, 6, 0, na, na, na, .001},
		{"wire/haproxy-scope.prom", "haproxy-server", 12, 6, 0, na, na, na, .001},
		{"wire/envoy.prom", "envoy", 9, 0, 0, na, na, na, na}, // its durations were not flushed yet
		{"wire/node-exporter.prom", "", na, na, na, na, na, na, na},
		{"wire/redis-exporter.prom", "", na, na, na, na, na, na, na},
		{"wire/blackbox-exporter.prom", "", na, na, na, na, na, na, na},
	} {
		r := twice(t, c.page).Services[0]
		if got := signatures(r); got != c.signatures {
			t.Errorf("%s: signature %q, want %q", c.page, got, c.signatures)
		}
		for _, n := range []struct {
			name string
			got  red.Value
			want float64
		}{
			{"requests", r.Requests, c.calls},
			{"rate", r.Rate, c.calls / 10},
			{"errors", r.Errors, c.failed / c.calls},
			{"client errors", r.ClientErrors, c.client / c.calls},
			{"p50", r.P50, c.p50},
			{"p95", r.P95, c.p95},
			{"p99", r.P99, c.p99},
			{"mean", r.Mean, c.mean},
		} {
			if n.got.OK == math.IsNaN(n.want) || n.got.OK && !near(n.got.V, n.want) || n.got.OK == (n.got.Why != "") {
				t.Errorf("%s: %s %s, want %g", c.page, n.name, text(n.got), n.want)
			}
		}
	}
}

func signatures(r red.Row) string {
	var names []string
	for _, u := range r.Signatures {
		names = append(names, u.Signature)
	}
	return strings.Join(names, " ")
}

// TestOpenTelemetry: one service, recorded in all spellings of its names, says
// the same.
func TestOpenTelemetry(t *testing.T) {
	seen := 0
	for _, page := range pages(t) {
		if !strings.HasPrefix(page, "wire/otel-go") {
			continue
		}
		seen++
		r := twice(t, page).Services[0]
		if got := signatures(r); got != "otel-http otel-rpc" {
			t.Errorf("%s: %s", page, got)
		}
		// 40 calls of HTTP of which 5 failed, and 40 of which nobody knows.
		if r.Requests.V != 80 || r.Errors.V != .125 || r.Errors.Approx != "of 50% of the calls" || !near(r.Mean.V, .082) {
			t.Errorf("%s: %s requests, %s errors, mean %s", page, text(r.Requests), text(r.Errors), text(r.Mean))
		}
		if strings.HasSuffix(page, ".pb") {
			if r.P99.Approx != "of histograms with other bounds" {
				t.Errorf("%s: p99 %s", page, text(r.P99))
			}
			continue // the histogram of the other calls is in protobuf only
		}
		if !near(r.P50.V, .0807692) || !near(r.P95.V, .23) || !near(r.P99.V, .246) || r.P99.Approx != "of 50% of the calls" {
			t.Errorf("%s: p50 %s, p95 %s, p99 %s", page, text(r.P50), text(r.P95), text(r.P99))
		}
	}
	if seen != 12 {
		t.Errorf("%d pages", seen)
	}
}

// TestMade: the pages that were written after documentation tell of the same
// hundred calls; see their README.
func TestMade(t *testing.T) {
	used := map[string]bool{}
	for _, page := range pages(t) {
		r := twice(t, page)
		for _, row := range r.Services {
			for _, u := range row.Signatures {
				used[u.Signature] = true
			}
			for _, v := range row.Views {
				used[v.Signature] = true
			}
			if strings.HasPrefix(page, "made/") {
				hundred(t, page, row)
			}
		}
	}
	for _, s := range signature.Table() {
		if !used[s.Name] {
			t.Errorf("no page has the signature %s", s.Name)
		}
	}
}

func hundred(t *testing.T, page string, r red.Row) {
	t.Helper()
	// What a page cannot tell.
	cannot := map[string][]string{
		"made/grpc-spring.prom": {"p50", "p95", "p99"},
		"made/hand.prom":        {"client errors", "p50", "p95", "p99"},
		"made/nginx-plus.prom":  {"p50", "p95", "p99"},
		"made/summary.prom":     {"p95"},
		"made/no-unit.prom":     {"p50", "p95", "p99", "mean"},
	}[page]
	other := map[string]float64{}
	switch page {
	case "made/nginx-plus.prom":
		other["mean"] = .04 // the worst of its upstreams
	case "made/no-unit.prom":
		other["errors"], other["client errors"] = 0, 0
	}
	for _, n := range []struct {
		name string
		got  red.Value
		want float64
	}{
		{"requests", r.Requests, 100},
		{"rate", r.Rate, 10},
		{"errors", r.Errors, .04},
		{"client errors", r.ClientErrors, .06},
		{"p50", r.P50, .015},
		{"p95", r.P95, .05 + .05*5/7},
		{"p99", r.P99, .25},
		{"mean", r.Mean, .025},
	} {
		want := n.want
		if v, ok := other[n.name]; ok {
			want = v
		}
		if n.got.OK == slices.Contains(cannot, n.name) || n.got.OK && !near(n.got.V, want) {
			t.Errorf("%s: %s %s, want %g", page, n.name, text(n.got), want)
		}
	}
}

// TestOdd reads pages that are wrong in some way. Their families are called h and
// s: here they are those of calls.
func TestOdd(t *testing.T) {
	rename := strings.NewReplacer("\nh_", "\nhttp_request_duration_seconds_", "\ns_", "\nhttp_request_duration_seconds_", "\ns{", "\nhttp_request_duration_seconds{",
		" h ", " http_request_duration_seconds ", " s ", " http_request_duration_seconds ")
	for _, c := range []struct{ page, want string }{
		{"06-counter-without-total.prom", "requests 93 errors 0.0322581 p50 n/a: its page has no durations p99 n/a: its page has no durations mean n/a: its page has no durations"},
		{"18-histogram-no-inf.prom", "requests 5 errors n/a: its page has no error data p50 0.55 p99 >1 mean 0.5"},
		{"19-histogram-odd-le.prom", "requests 5 errors n/a: its page has no error data p50 0.55 p99 >1 mean 0.5"},
		{"20-histogram-not-monotonic.prom", "requests 7 errors n/a: its page has no error data p50 0.06 p99 >1 mean n/a: the sum of its durations is no number"},
		{"22-summary-nan.prom", "requests 0 errors n/a: its page has no error data p50 n/a: no calls in the window p99 n/a: no calls in the window mean n/a: no calls in the window"},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", "odd", c.page))
		if err != nil {
			t.Fatal(err)
		}
		m := newMemory()
		lines := readText(t, c.page, []byte(rename.Replace(string(data))))
		m.scrape(lines, orders, began, 1)
		m.scrape(lines, orders, began.Add(10*time.Second), 2)
		r := compute(t, m, minute()).Services[0]
		got := fmt.Sprintf("requests %s errors %s p50 %s p99 %s mean %s", text(r.Requests), text(r.Errors), text(r.P50), text(r.P99), text(r.Mean))
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.page, got, c.want)
		}
	}
	// Two scrapes between which the process started again.
	m := newMemory()
	m.scrape(readPage(t, "odd/33-counter-reset-1.prom"), orders, began, 1)
	m.scrape(readPage(t, "odd/34-counter-reset-2.prom"), orders, began.Add(10*time.Second), 1)
	if r := compute(t, m, minute()).Services[0]; text(r.Requests) != "12" || text(r.Rate) != "1.2" {
		t.Errorf("%s requests, %s per second", text(r.Requests), text(r.Rate))
	}
}

// TestByHand: the table reads what scraping makes of services that count by
// hand.
func TestByHand(t *testing.T) {
	for _, s := range signature.Table() {
		if s.Name != "json" {
			continue
		}
		got := []string{s.Calls[0], s.Failed[0], s.Averages}
		if want := []string{scrape.HandRequests, scrape.HandErrors, scrape.HandResponseTime}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// failing answers nothing.
type failing struct{ at, asked int }

func (f *failing) Query(context.Context, metrics.Question) (metrics.Answer, error) {
	if f.asked++; f.asked >= f.at {
		return metrics.Answer{}, fmt.Errorf("question %d", f.asked)
	}
	return metrics.Answer{}, nil
}

// TestErrors: who cannot answer is heard, whichever question it is.
func TestErrors(t *testing.T) {
	for at := 1; at <= 4; at++ {
		q := &failing{at: at}
		_, err := red.Compute(context.Background(), q, red.Options{At: began, Window: time.Minute, History: red.History{Range: time.Minute, Step: time.Second}})
		if err == nil || err.Error() != fmt.Sprintf("question %d", at) {
			t.Errorf("question %d: %v", at, err)
		}
	}
}
