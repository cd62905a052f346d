package doctor_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
)

// measured answers well at /health, and at one path with a page of metrics.
func measured(t *testing.T, path, kind, body string) string {
	t.Helper()
	return cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/health":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"status":"UP"}`)
		case path:
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, body)
		default:
			http.NotFound(w, r)
		}
	})
}

// TestMetrics: what is said of the page of metrics, which changes no code.
func TestMetrics(t *testing.T) {
	const text = "# TYPE calls_total counter\ncalls_total{code=\"200\"} 4\ncalls_total{code=\"500\"} 1\n"
	for _, tt := range []struct {
		name, address, labels, want string
	}{
		{"a page", measured(t, "/metrics", "text/plain", text), "", "ok\t-\tGET /metrics: 2 samples (text) in "},
		{"the second guess", measured(t, "/actuator/prometheus", "text/plain", text), "", "ok\t-\tGET /actuator/prometheus: 2 samples (text) in "},
		{"counted by hand", measured(t, "/m.json", "application/json", `{"request_count":3,"error_count":1,"response_time_ms":2.5}`), "{metrics_path: /m.json}", "ok\t-\tGET /m.json: 3 samples (json) in "},
		{"a named page that is not there", measured(t, "/metrics", "text/plain", text), "{metrics_path: /m}", "warning\tnot_found\t"},
		{"a page that is none", measured(t, "/metrics", "text/plain", "calls_total{ 1\n"), "{metrics_path: /metrics}", "warning\tbody\t"},
		{"another host", measured(t, "/metrics", "text/plain", text), "{metrics_path: 'http://169.254.169.254/m'}", "warning\tpolicy\t169.254.169.254 is a link-local address"},
		{"not to be scraped", measured(t, "/metrics", "text/plain", text), "{prometheus.io/scrape: 'false'}", "warning\tpolicy\tlabel \"prometheus.io/scrape\" is false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			labels := ""
			if tt.labels != "" {
				labels = ", labels: " + tt.labels
			}
			registry := "file://" + write(t, dir+"/fleet.yaml", fmt.Sprintf("services:\n  - {name: payment, instances: [{id: payment-1, address: %q%s}]}\n", tt.address, labels))
			a := run(t, dir, false, "payment", "--registry", registry)
			if a.code != app.OK || !strings.Contains(a.out, "\npayment-1\tmetrics\t"+tt.want) {
				t.Errorf("code %d, want %q in\n%s%s", a.code, tt.want, a.out, a.errs)
			}
		})
	}
}
