package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/metricstest"
	"github.com/midwatch-cli/midwatch/fleet/metrics/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened is a Querier over a server, with a client whose connections end with
// the test.
func opened(t testing.TB, url string) *server.Server {
	t.Helper()
	return openedBy(t, url, &http.Transport{})
}

func openedBy(t testing.TB, url string, over http.RoundTripper) *server.Server {
	t.Helper()
	client := &http.Client{Transport: over, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(client.CloseIdleConnections)
	s, err := server.Open(server.Options{URL: url, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// recordedWorld is what a real server answered to the questions of the suite;
// TestRecord writes it down.
func recordedWorld(t testing.TB, folder string) metricstest.World {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "wire", folder, "at"))
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	far := httptest.NewServer(play(t, folder))
	t.Cleanup(far.Close)
	return metricstest.World{Querier: opened(t, far.URL), At: at}
}

func TestConformanceRecorded(t *testing.T) {
	for _, folder := range []string{"prometheus-2.42", "prometheus-3.16"} {
		t.Run(folder, func(t *testing.T) {
			metricstest.Run(t, func(t testing.TB) metricstest.World { return recordedWorld(t, folder) })
		})
	}
}

func TestConformanceReal(t *testing.T) {
	t.Parallel()
	far, at := startSuite(t)
	metricstest.Run(t, func(t testing.TB) metricstest.World {
		return metricstest.World{Querier: opened(t, far.URL), At: at}
	})
}

// TestRecord writes the replies of the real server down, for recordedWorld.
func TestRecord(t *testing.T) {
	folder := os.Getenv(recordVariable)
	if folder == "" {
		t.Skip(recordVariable + " names no folder")
	}
	folder = filepath.Join("testdata", "wire", folder)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	far, at := startSuite(t)
	if err := os.WriteFile(filepath.Join(folder, "at"), []byte(at.Format(time.RFC3339)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, name := range metricstest.Names() {
		n := 0
		r := &recorder{t: t, folder: folder, known: known, name: func() string {
			n++
			return fmt.Sprintf("%s-%02d", strings.ReplaceAll(name, "/", "-"), n)
		}}
		w := metricstest.World{Querier: openedBy(t, far.URL, r), At: at}
		if failures := metricstest.Try(t, name, w); len(failures) > 0 {
			t.Errorf("%s: %v", name, failures)
		}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// startSuite starts a Prometheus and waits until it holds the suite's series.
func startSuite(t testing.TB) (far *metricstest.Prometheus, at time.Time) {
	t.Helper()
	at = time.Now().Truncate(time.Minute)
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/native" {
			w.Header().Set("Content-Type", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited")
			writeNative(t, w, metricstest.Native(at))
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, metricstest.Page(at))
	}))
	t.Cleanup(pages.Close)
	host := strings.TrimPrefix(pages.URL, "http://")
	far = metricstest.StartPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- job_name: suite
  honor_labels: true
  metric_relabel_configs: [{action: labeldrop, regex: job}]
  static_configs:
  - targets: [%[1]q]
  - targets: [%[1]q]
    labels: {__metrics_path__: /native}
`, host), "--enable-feature=native-histograms")
	s := opened(t, far.URL)
	metricstest.Until(t, 30*time.Second, "it holds all series", func() bool {
		q := metrics.Question{Expr: `count(last_over_time({__name__=~"suite_.*"}[11m]))`, At: at.Add(time.Second)}
		a, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return len(a.Series) == 1 && int(a.Series[0].Points[0].V) == len(metricstest.Data(at))+1
	})
	return far, at
}

// writeNative writes a native histogram as protobuf, the only form of pages that
// has such: each sample with its time.
func writeNative(t testing.TB, w io.Writer, s metrics.Series) {
	f := &dto.MetricFamily{Name: proto.String(s.Labels.Name()), Type: dto.MetricType_HISTOGRAM.Enum()}
	var labels []*dto.LabelPair
	for _, l := range s.Labels {
		if l.Name != metrics.LabelName {
			labels = append(labels, &dto.LabelPair{Name: proto.String(l.Name), Value: proto.String(l.Value)})
		}
	}
	for _, h := range s.Histograms {
		n := int64(h.Buckets[0].Count)
		f.Metric = append(f.Metric, &dto.Metric{Label: labels, TimestampMs: proto.Int64(h.T), Histogram: &dto.Histogram{
			SampleCount: proto.Uint64(uint64(h.Count)), SampleSum: proto.Float64(h.Sum),
			Schema: proto.Int32(0), ZeroThreshold: proto.Float64(h.Buckets[0].Upper), ZeroCount: proto.Uint64(uint64(n)),
			// Of schema 0 bucket i ends at 2^i: 0 at 1, 2 at 4.
			PositiveSpan:  []*dto.BucketSpan{{Offset: proto.Int32(0), Length: proto.Uint32(1)}, {Offset: proto.Int32(1), Length: proto.Uint32(1)}},
			PositiveDelta: []int64{2 * n, 2 * n},
		}})
	}
	if _, err := protodelim.MarshalTo(w, f); err != nil {
		t.Error(err)
	}
}
