package exposition_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served starts a server.
func served(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *http.Client) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server, server.Client()
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// TestGoClient asks Prometheus' own library, in each of its ways.
func TestGoClient(t *testing.T) {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shop.orders.placed", Help: "x"}, []string{"http.route"})
	native := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "took_seconds", NativeHistogramBucketFactor: 1.1})
	registry.MustRegister(counter, native)
	counter.WithLabelValues("/a\"b\\c\nd").Add(2)
	for i := range 100 {
		native.Observe(float64(i))
	}
	var a scrape.Asker
	for name, c := range map[string]struct {
		o      promhttp.HandlerOpts
		native bool
		form   string
		count  string
	}{
		"text":                   {promhttp.HandlerOpts{}, false, exposition.Text, `{__name__="took_seconds_count"} 100`},
		"OpenMetrics":            {promhttp.HandlerOpts{EnableOpenMetrics: true}, false, exposition.OpenMetrics, `{__name__="took_seconds_count"} 100`},
		"protobuf":               {promhttp.HandlerOpts{EnableOpenMetrics: true}, true, exposition.Protobuf, `{__name__="took_seconds"} {count:100`},
		"protobuf, without gzip": {promhttp.HandlerOpts{DisableCompression: true}, true, exposition.Protobuf, `{__name__="took_seconds"} {count:100`},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := served(t, promhttp.HandlerFor(registry, c.o).ServeHTTP)
			answer, err := a.Ask(within(t), client, server.URL, c.native)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Release()
			var d exposition.Decoder
			v := &book{}
			report, err := d.Decode(answer.Body, answer.Type, 0, v)
			lines := strings.Join(v.lines, "\n")
			if err != nil || report.Form != c.form || report.Native == c.native || len(report.Notes) > 0 ||
				!strings.Contains(lines, `{__name__="shop.orders.placed", "http.route"="/a\"b\\c\nd"} 2`) || !strings.Contains(lines, c.count) {
				t.Errorf("%+v, %v\n%s\n%s", report, err, lines, answer.Body)
			}
		})
	}
}
