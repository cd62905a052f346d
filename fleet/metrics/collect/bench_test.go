package collect_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/collect"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// BenchmarkPass reads 100 instances with 1,000 series each, again and again, over
// real connections; the server's work is in it. "B/series" is what is held for
// each series after it.
func BenchmarkPass(b *testing.B) {
	var lines strings.Builder
	for i := range 1000 {
		if i%20 == 0 {
			fmt.Fprintf(&lines, "# HELP http_requests_%d_total Requests that were served.\n# TYPE http_requests_%d_total counter\n", i/20, i/20)
		}
		fmt.Fprintf(&lines, "http_requests_%d_total{method=\"GET\",path=\"/orders/%d\",status=\"200\"} %%[1]d\n", i/20, i%20)
	}
	format, n := lines.String(), 0
	body := fmt.Sprintf(format, 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, body)
	}))
	b.Cleanup(server.Close)
	transport := &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}
	b.Cleanup(transport.CloseIdleConnections)
	now := time.UnixMilli(began)
	store := series.New(series.Options{Window: 5 * time.Minute})
	c := collect.New(collect.Options{
		Store: store, Now: func() time.Time { return now },
		Client: func(string, bool) (*http.Client, error) { return &http.Client{Transport: transport}, nil },
	})
	var targets []metrics.Target
	for i := range 100 {
		targets = append(targets, at(fmt.Sprint("order-", i), server.URL+"/metrics"))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ReportAllocs()
	for b.Loop() {
		n++
		now, body = now.Add(5*time.Second), fmt.Sprintf(format, n)
		var all sync.WaitGroup
		for i := range targets {
			all.Go(func() {
				if got := c.Collect(b.Context(), targets[i]); got.Samples != 1000 {
					b.Errorf("%+v", got)
				}
			})
		}
		all.Wait()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/sample")
	b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/100_000, "B/series")
	runtime.KeepAlive(c)
}
