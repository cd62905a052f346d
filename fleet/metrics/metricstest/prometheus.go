package metricstest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/worldtest"
)

// PrometheusName is how the real Prometheus is called in the must-run list.
const PrometheusName = "metrics/prometheus"

// Prometheus is a running Prometheus server.
type Prometheus struct {
	URL     string
	Process *os.Process
}

// StartPrometheus starts one with a configuration, on a loopback port and in a
// folder of its own; it ends with the test. Where there is none the test is
// worldtest.Missing.
func StartPrometheus(t testing.TB, config string, args ...string) *Prometheus {
	t.Helper()
	program := worldtest.Program(t, PrometheusName, "prometheus")
	dir, port := t.TempDir(), worldtest.Ports(t, 1)[0]
	if err := os.WriteFile(filepath.Join(dir, "p.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &Prometheus{URL: fmt.Sprintf("http://127.0.0.1:%d", port)}
	args = append([]string{
		"--config.file=p.yml", "--storage.tsdb.path=data", fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port), "--log.level=warn",
	}, args...)
	p.Process = worldtest.Start(t, dir, func() bool { return p.ready(t) }, program, args...)
	return p
}

func (p *Prometheus) ready(t testing.TB) bool {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/-/ready", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Until waits until something is so, and fails the test where it does not come.
func Until(t testing.TB, within time.Duration, what string, so func() bool) {
	t.Helper()
	end := time.NewTimer(within)
	defer end.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
