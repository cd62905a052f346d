// Package exposition reads pages of metrics: Prometheus' text format,
// OpenMetrics 1.0, and the protobuf form with its native histograms.
//
// A page is read whole or refused with its line; nothing of a refused one is
// handed on. A Decoder reads the pages of one target: what a page shares with
// the one before, most of it, is compared and not parsed again.
//
// Sources: https://prometheus.io/docs/instrumenting/exposition_formats/ and
// https://prometheus.io/docs/specs/om/open_metrics_spec/.
package exposition

// The forms of a page, as fleet.Scrape names them.
const (
	Text        = "text"        // Prometheus' text format, any version
	OpenMetrics = "openmetrics" // OpenMetrics 1.0
	Protobuf    = "protobuf"    // io.prometheus.client.MetricFamily, each after its length
)

// MaxSeries bounds a page: what is beyond is dropped, and said.
const MaxSeries = 200_000

// maxLine bounds what a series is written with, in bytes.
const maxLine = 64 << 10

// The media types that are read.
const (
	plainText   = "text/plain"
	openMetrics = "application/openmetrics-text"
	protobuf    = "application/vnd.google.protobuf"
)
