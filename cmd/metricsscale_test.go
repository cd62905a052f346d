package cmd_test

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics/metricstest"
)

// The metrics benchmark: so many instances of so many services, a thousand
// series each, read every five seconds.
const (
	pageSeries   = 1000
	pageServices = 20
	pageVariants = 16
	readEvery    = 5 * time.Second
)

// metricsTimeVariable is how long the metrics benchmark reads, as 5m;
// metricsSizeVariable is of how many instances.
const (
	metricsTimeVariable = "MIDWATCH_BENCH_METRICS_FOR"
	metricsSizeVariable = "MIDWATCH_BENCH_METRICS_TARGETS"
)

// metricsPage is a page as a service in Go has it: histograms of calls by path
// and code, counters, gauges. The values move with n.
func metricsPage(service, n int) []byte {
	var b bytes.Buffer
	lines := 0
	say := func(format string, args ...any) {
		fmt.Fprintf(&b, format+"\n", args...)
		lines++
	}
	bounds := []string{"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"}
	b.WriteString("# HELP http_request_duration_seconds How long calls took.\n# TYPE http_request_duration_seconds histogram\n")
	for k := 0; lines+len(bounds)+2 <= pageSeries*3/4; k++ {
		set := fmt.Sprintf(`method=%q,path="/api/v1/service-%02d/resource-%d",status="%d"`, []string{"GET", "POST", "PUT"}[k%3], service, k/3, []int{200, 404, 500}[k%3])
		calls := 1000*k + 37*n*(k%7+1)
		for i, le := range bounds {
			say(`http_request_duration_seconds_bucket{%s,le=%q} %d`, set, le, calls*(i+1)/len(bounds))
		}
		say("http_request_duration_seconds_sum{%s} %v", set, float64(calls)*0.04217)
		say("http_request_duration_seconds_count{%s} %d", set, calls)
	}
	for k := 0; lines < pageSeries; k++ {
		if k%10 == 0 {
			fmt.Fprintf(&b, "# HELP app_pool_%d_total What happened.\n# TYPE app_pool_%d_total counter\n", k/10, k/10)
		}
		say(`app_pool_%d_total{pool="pool-%d",service="service-%02d"} %v`, k/10, k%10, service, float64(n*k)+0.25)
	}
	return b.Bytes()
}

// TestMetricsPage: it has as many series as the benchmark says, none twice, and
// they move.
func TestMetricsPage(t *testing.T) {
	series := map[string]bool{}
	for line := range strings.Lines(string(metricsPage(3, 5))) {
		if !strings.HasPrefix(line, "#") {
			series[line[:strings.LastIndexByte(line, ' ')]] = true
		}
	}
	if len(series) != pageSeries {
		t.Errorf("%d series, want %d", len(series), pageSeries)
	}
	if bytes.Equal(metricsPage(3, 5), metricsPage(3, 6)) || bytes.Equal(metricsPage(3, 5), metricsPage(4, 5)) {
		t.Error("it stands still, or two services have the same")
	}
}

// servePages answers with pages of metrics on one port of every address of
// 127.0.0.0/8, from answers that are ready, plain or zipped as is asked for. The
// third part of an address is the service; every five seconds its values move.
func servePages() {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var bindErr error
		err := c.Control(func(fd uintptr) { bindErr = bindToLoopback(fd) })
		return cmp.Or(err, bindErr)
	}}
	l, err := lc.Listen(context.Background(), "tcp4", "0.0.0.0:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	var ready [pageServices][pageVariants][2][]byte
	for s := range ready {
		for n := range ready[s] {
			page := metricsPage(s, n)
			var zipped bytes.Buffer
			z := gzip.NewWriter(&zipped)
			_, _ = z.Write(page)
			_ = z.Close()
			const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n%sContent-Length: %d\r\n\r\n"
			ready[s][n][0] = append(fmt.Appendf(nil, head, "", len(page)), page...)
			ready[s][n][1] = append(fmt.Appendf(nil, head, "Content-Encoding: gzip\r\n", zipped.Len()), zipped.Bytes()...)
		}
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = l.Close()
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			of := &ready[int(c.LocalAddr().(*net.TCPAddr).IP.To4()[2])%pageServices]
			in := bufio.NewReaderSize(c, 2048)
			for {
				zipped := 0
				for {
					line, err := in.ReadSlice('\n')
					if err != nil {
						return
					}
					if len(line) <= 2 {
						break
					}
					if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Accept-Encoding")) && bytes.Contains(value, []byte("gzip")) {
						zipped = 1
					}
				}
				if _, err := c.Write(of[int(time.Now().Unix()/5)%pageVariants][zipped]); err != nil {
					return
				}
			}
		}()
	}
}

// address of the i-th instance of n.
func pageAddress(i, port int) string {
	return fmt.Sprintf("127.9.%d.%d:%d", i%pageServices, 1+i/pageServices, port)
}

// cost is what reading samples took.
type cost struct {
	samples float64
	cpu     float64 // seconds
	rss     float64 // MiB at its peak
}

// collectingCost runs ours: a query that gathers first. What it asks is how many
// samples there were.
func collectingCost(b *testing.B, targets, port int, lasting time.Duration) cost {
	b.Helper()
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	groups := make([]group, pageServices)
	for i := range targets {
		g := &groups[i%pageServices]
		g.Targets = append(g.Targets, pageAddress(i, port))
		g.Labels = map[string]string{"job": fmt.Sprintf("service-%02d", i%pageServices), "metrics_path": "/metrics", "zone": "a"}
	}
	dir := b.TempDir()
	file := filepath.Join(dir, "fleet.json")
	data, err := json.Marshal(groups)
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
	home := []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_STATE_HOME=" + dir, "MIDWATCH_CONFIG="}
	u := measure(b, home, `"exitCode":0`, buildBinary(b), "query", "sum(sum_over_time(scrape_samples_scraped[1h])) and (sum(up) == "+strconv.Itoa(targets)+")",
		"--collect", (lasting - readEvery).String(), "--interval", readEvery.String(), "-o", "json", "--registry", "file://"+file)
	var said struct {
		Items []struct{ Value []any }
	}
	if err := json.Unmarshal([]byte(u.said), &said); err != nil || len(said.Items) != 1 {
		b.Fatalf("%v: %.400s", err, u.said)
	}
	samples := must(strconv.ParseFloat(said.Items[0].Value[1].(string), 64))
	b.Logf("midwatch: %.0f samples, %.1f s of CPU, %.0f MiB", samples, u.whole, u.rss)
	return cost{samples, u.whole, u.rss}
}

// prometheusCost runs Prometheus.
func prometheusCost(b *testing.B, targets, port int, lasting time.Duration) cost {
	b.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "global: {scrape_interval: %v, scrape_timeout: %v}\nscrape_configs:\n- job_name: fleet\n  static_configs:\n", readEvery, readEvery)
	for i := range targets {
		fmt.Fprintf(&text, "  - {targets: [%q], labels: {service: service-%02d, instance: %q, zone: a}}\n", pageAddress(i, port), i%pageServices, pageAddress(i, port))
	}
	var c cost
	b.Run("prometheus", func(b *testing.B) {
		far := metricstest.StartPrometheus(b, text.String())
		timer := time.NewTimer(lasting)
		defer timer.Stop()
		<-timer.C
		c.cpu, c.rss = spent(b, far.Process.Pid)
		page := fetched(b, far.URL+"/metrics")
		for line := range strings.Lines(page) {
			if value, ok := strings.CutPrefix(line, `prometheus_tsdb_head_samples_appended_total{type="float"} `); ok {
				c.samples = must(strconv.ParseFloat(strings.TrimSpace(value), 64))
			} else if value, ok := strings.CutPrefix(line, `prometheus_tsdb_head_samples_appended_total `); ok {
				c.samples = must(strconv.ParseFloat(strings.TrimSpace(value), 64))
			}
		}
	})
	b.Logf("Prometheus: %.0f samples, %.1f s of CPU, %.0f MiB", c.samples, c.cpu, c.rss)
	return c
}

func fetched(b *testing.B, url string) string {
	b.Helper()
	resp, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// spent is what a running process took until now: seconds of CPU, and MiB at its
// peak.
func spent(b *testing.B, pid int) (cpu, rss float64) {
	b.Helper()
	stat := string(must(os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))))
	_, stat, _ = strings.Cut(stat, ") ") // the name may hold blanks
	fields := strings.Fields(stat)
	const perSecond = 100 // USER_HZ
	cpu = (must(strconv.ParseFloat(fields[11], 64)) + must(strconv.ParseFloat(fields[12], 64))) / perSecond
	status := string(must(os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))))
	_, peak, _ := strings.Cut(status, "VmHWM:")
	return cpu, must(strconv.ParseFloat(strings.Fields(peak)[0], 64)) / 1024
}

// BenchmarkMetrics prints what it takes to read the pages of 1,000 instances, a
// thousand series each, every five seconds for a minute, against Prometheus: CPU
// per sample, and memory. One after the other: they would share two cores with
// each other and the pages.
func BenchmarkMetrics(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("the addresses of 127.0.0.0/8 answer on Linux only")
	}
	targets, lasting := 1000, time.Minute
	if v := os.Getenv(metricsSizeVariable); v != "" {
		targets = must(strconv.Atoi(v))
	}
	if v := os.Getenv(metricsTimeVariable); v != "" {
		lasting = must(time.ParseDuration(v))
	}
	port := startServer(b, "pages")
	for b.Loop() {
		theirs := prometheusCost(b, targets, port, lasting)
		ours := collectingCost(b, targets, port, lasting)
		cpu, rss := (ours.cpu/ours.samples)/(theirs.cpu/theirs.samples), ours.rss/theirs.rss
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(cpu, "CPU/sample/Prometheus")
		b.ReportMetric(rss, "RSS/Prometheus")
		b.ReportMetric(ours.samples/theirs.samples, "samples/Prometheus")
		if targets < 1000 {
			b.Log("the bounds are for 1,000 instances")
			continue
		}
		bound(b, "CPU for a sample against Prometheus", cpu, 1)
		bound(b, "memory against Prometheus", rss, 0.25)
	}
}
