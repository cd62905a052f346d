package service

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts an instance's calls twice: for Prometheus, in a registry of
// its own, and for the small JSON form. It is safe for concurrent use.
type metrics struct {
	registry     *prometheus.Registry
	httpCalls    *prometheus.CounterVec
	httpSeconds  *prometheus.HistogramVec
	grpcCalls    *prometheus.CounterVec
	grpcSeconds  *prometheus.HistogramVec
	mu           sync.Mutex
	total, wrong int64
	took         time.Duration
}

// newMetrics makes the series of one instance. Those of gRPC exist where it is
// spoken.
func newMetrics(service, version string, speaksGRPC bool) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		httpCalls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "HTTP calls answered.",
		}, []string{"method", "path", "code"}),
		httpSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "How long HTTP calls took.", Buckets: prometheus.DefBuckets,
		}, []string{"method", "path"}),
		grpcCalls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grpc_server_handled_total", Help: "gRPC calls answered.",
		}, []string{"grpc_service", "grpc_method", "grpc_code"}),
		grpcSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grpc_server_handling_seconds", Help: "How long gRPC calls took.", Buckets: prometheus.DefBuckets,
		}, []string{"grpc_service", "grpc_method"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "service_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"service": service, "version": version},
	})
	info.Set(1)
	m.registry.MustRegister(m.httpCalls, m.httpSeconds, info)
	if speaksGRPC {
		m.registry.MustRegister(m.grpcCalls, m.grpcSeconds)
	}
	return m
}

// http counts an answered HTTP call.
func (m *metrics) http(method, path string, code int, took time.Duration) {
	m.httpCalls.WithLabelValues(method, path, strconv.Itoa(code)).Inc()
	m.httpSeconds.WithLabelValues(method, path).Observe(took.Seconds())
	m.add(code >= http.StatusInternalServerError, took)
}

// grpc counts an answered gRPC call.
func (m *metrics) grpc(service, method, code string, wrong bool, took time.Duration) {
	m.grpcCalls.WithLabelValues(service, method, code).Inc()
	m.grpcSeconds.WithLabelValues(service, method).Observe(took.Seconds())
	m.add(wrong, took)
}

// add counts for the JSON form.
func (m *metrics) add(wrong bool, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total++
	m.took += took
	if wrong {
		m.wrong++
	}
}

// summary is the JSON form: counts since the start, and the mean time of an
// answer.
type summary struct {
	Requests int64   `json:"request_count"`
	Errors   int64   `json:"error_count"`
	MeanMs   float64 `json:"response_time_ms"`
}

// summary reads the counts.
func (m *metrics) summary() summary {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := summary{Requests: m.total, Errors: m.wrong}
	if m.total > 0 {
		s.MeanMs = float64(m.took.Microseconds()) / 1000 / float64(m.total)
	}
	return s
}

// page serves the exposition.
func (m *metrics) page() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
