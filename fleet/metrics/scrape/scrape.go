// Package scrape asks for pages of metrics and reads them: Prometheus' text
// format, OpenMetrics 1.0, the protobuf form with its native histograms, the
// numbers of services that count by hand, and what Spring Boot's actuator says
// where it has no page.
//
// A page is read whole or refused with its line; nothing of a refused one is
// handed on. A Decoder reads the pages of one target: what a page shares with
// the one before, most of it, is compared and not parsed again.
//
// Sources: https://prometheus.io/docs/instrumenting/content_negotiation/,
// exposition_formats/ beside it, and https://prometheus.io/docs/specs/om/.
package scrape

// The forms of a page, as fleet.Scrape names them.
const (
	Text        = "text"        // Prometheus' text format, any version
	OpenMetrics = "openmetrics" // OpenMetrics 1.0
	Protobuf    = "protobuf"    // io.prometheus.client.MetricFamily, each after its length
	ByHand      = "json"        // request_count, error_count, response_time_ms
	Actuator    = "actuator"    // Spring Boot's /actuator/metrics
)

// The bounds of a page.
const (
	MaxBytes  = 32 << 20 // also after it is inflated
	MaxSeries = 200_000
	maxLine   = 64 << 10 // bytes that a series is written with
)

// The media types that are asked for.
const (
	plainText   = "text/plain"
	openMetrics = "application/openmetrics-text"
	protobuf    = "application/vnd.google.protobuf"
)
