package cmd_test

import (
	"fmt"
	"net/http"
	"sync"
)

// counts is a service that is well and counts calls: ten more each time its page
// is read, of which one failed, each of 20 ms.
func counts() mode {
	var mu sync.Mutex
	read := map[string]int{} // by address
	return func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
		if r.URL.Path != "/metrics" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, `{"status":"UP"}`)
			return
		}
		mu.Lock()
		read[r.Host]++
		n := read[r.Host]
		mu.Unlock()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = fmt.Fprintf(w, "# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} %d\nhttp_requests_total{code=\"500\"} %d\n", 9*n, n)
		_, _ = fmt.Fprintf(w, "# TYPE http_request_duration_seconds histogram\nhttp_request_duration_seconds_bucket{le=\"0.01\"} 0\n")
		_, _ = fmt.Fprintf(w, "http_request_duration_seconds_bucket{le=\"0.1\"} %d\nhttp_request_duration_seconds_bucket{le=\"+Inf\"} %d\n", 10*n, 10*n)
		_, _ = fmt.Fprintf(w, "http_request_duration_seconds_sum %v\nhttp_request_duration_seconds_count %d\n", 0.2*float64(n), 10*n)
	}
}
