// Package scrape asks for pages of metrics: as Prometheus does, and beside that
// for the numbers of services that count by hand and for what Spring Boot's
// actuator says where it has no page. What a page says is read by the package
// exposition.
//
// Sources: https://prometheus.io/docs/instrumenting/content_negotiation/ and
// https://docs.spring.io/spring-boot/api/rest/actuator/metrics.html.
package scrape

// The forms of answers that are no pages, and are made such, as fleet.Scrape
// names them.
const (
	ByHand   = "json"     // request_count, error_count, response_time_ms
	Actuator = "actuator" // Spring Boot's /actuator/metrics
)

// MaxBytes bounds a page, also after it is inflated.
const MaxBytes = 32 << 20

// The media types that are asked for.
const (
	plainText   = "text/plain"
	openMetrics = "application/openmetrics-text"
	protobuf    = "application/vnd.google.protobuf"
)
