package signature

// httpServices are what services say of the HTTP calls that they answer.
var httpServices = []Signature{
	{
		// The second family is that of Ruby's middleware, whose durations have
		// OpenTelemetry's name and no status.
		Name: "otel-http", Stack: "OpenTelemetry, ASP.NET Core from 8 on; Ruby's Rack middleware",
		Source: "opentelemetry.io/docs/specs/semconv/http/http-metrics", Covers: OverHTTP, Prefixed: true,
		Calls:  []string{"http_server_request_duration_seconds_count", "http_server_requests_total"},
		Status: []string{"http_response_status_code", "http_status_code", "code", "status"},
		Times:  []string{"http_server_request_duration_seconds"}, Unit: Seconds,
	},
	{
		Name: "otel-http-old", Stack: "OpenTelemetry before its HTTP conventions were stable",
		Source: "github.com/open-telemetry/opentelemetry-specification/blob/v1.20.0/specification/metrics/semantic_conventions/http-metrics.md",
		Covers: OverHTTP, Prefixed: true,
		Calls:  []string{"http_server_duration_milliseconds_count"},
		Status: []string{"http_status_code", "http_response_status_code"},
		Times:  []string{"http_server_duration_milliseconds"},
	},
	{
		Name: "micrometer", Stack: "Micrometer: Spring Boot, Quarkus, Micronaut",
		Source: "docs.spring.io/spring-framework/reference/integration/observability.html", Covers: OverHTTP, Prefixed: true,
		Calls:  []string{"http_server_requests_seconds_count"},
		Status: []string{"status", "outcome"},
		Times:  []string{"http_server_requests_seconds"}, Maxima: "http_server_requests_seconds_max",
	},
	{
		Name: "go-zero", Stack: "go-zero, REST", Source: "github.com/zeromicro/go-zero/blob/master/rest/handler/prometheushandler.go",
		Covers: OverHTTP, Prefixed: true, Calls: []string{"http_server_requests_code_total", "http_server_requests_duration_ms_count"},
		Status: []string{"code"}, Times: []string{"http_server_requests_duration_ms"},
	},
	{
		Name: "prometheus-net", Stack: "prometheus-net: older ASP.NET Core", Source: "github.com/prometheus-net/prometheus-net/blob/master/README.md",
		Covers: OverHTTP, Prefixed: true, Calls: []string{"http_requests_received_total"},
		Status: []string{"code"}, Times: []string{"http_request_duration_seconds"},
	},
	{
		// The histogram by handler has three buckets: the one without labels is finer.
		Name: "fastapi", Stack: "FastAPI by prometheus-fastapi-instrumentator", Source: "github.com/trallnag/prometheus-fastapi-instrumentator/blob/master/README.md",
		Covers: OverHTTP, Prefixed: true, Need: []string{"http_request_duration_highr_seconds"},
		Calls:  []string{"http_requests_total", "http_request_duration_highr_seconds_count"},
		Status: []string{"status"}, Times: []string{"http_request_duration_highr_seconds"},
	},
	{
		Name: "http", Stack: "services with a client library of Prometheus: Go, Node, Python, Rust and others",
		Source: "prometheus.io/docs/practices/naming", Covers: OverHTTP, Prefixed: true,
		Calls: []string{
			"http_request_duration_seconds_count", "http_requests_duration_seconds_count",
			"http_requests_total", "http_request_total", "http_response_time_seconds_count", "http_request_latency_seconds_count",
		},
		Times: []string{
			"http_request_duration_seconds", "http_requests_duration_seconds", "http_response_time_seconds",
			"http_request_latency_seconds", "http_requests_latency_seconds", "http_response_duration_seconds", "http_latency_seconds",
			"http_request_time_seconds", "http_request_ms", "request_duration_seconds", "request_latency_seconds", "response_time_seconds",
		},
	},
	{
		Name: "framework", Stack: "middleware of Gin, Echo and Starlette",
		Source: "github.com/zsais/go-gin-prometheus, echo.labstack.com/docs/middleware/prometheus, github.com/stephenhillier/starlette_exporter",
		Covers: OverHTTP,
		Calls:  []string{"gin_requests_total", "echo_requests_total", "starlette_requests_total"},
		Times:  []string{"gin_request_duration_seconds", "echo_request_duration_seconds", "starlette_request_duration_seconds"},
	},
	{
		Name: "json", Stack: "services that count by hand: a page of JSON", Source: "docs/metrics.md",
		Covers: OverAny, Calls: []string{"hand_requests_total"}, Status: []string{}, Failed: []string{"hand_errors_total"},
		Averages: "hand_response_time_milliseconds", AveragesOf: "as the page has it",
	},
}

// rpcServices are what they say of other calls.
var rpcServices = []Signature{
	{
		Name: "grpc", Stack: "go-grpc-prometheus, go-grpc-middleware, Java's ports of them; durations are off by default",
		Source: "github.com/grpc-ecosystem/go-grpc-middleware/tree/main/providers/prometheus", Covers: OverRPC, Prefixed: true,
		Calls: []string{"grpc_server_handled_total"}, Status: []string{"grpc_code", "code"}, Codes: GRPC,
		Times: []string{"grpc_server_handling_seconds", "grpc_server_handled_latency_seconds"},
	},
	{
		Name: "grpc-otel", Stack: "gRPC's own OpenTelemetry", Source: "grpc.io/docs/guides/opentelemetry-metrics",
		Covers: OverRPC, Prefixed: true,
		Calls: []string{"grpc_server_call_duration_seconds_count"}, Status: []string{"grpc_status"}, Codes: GRPC,
		Times: []string{"grpc_server_call_duration_seconds"}, Unit: Seconds,
	},
	{
		Name: "grpc-spring", Stack: "grpc-spring of net.devh", Source: "github.com/grpc-ecosystem/grpc-spring/blob/master/docs/en/server/configuration.md",
		Covers: OverRPC, Prefixed: true,
		Calls: []string{"grpc_server_processing_duration_seconds_count"}, Status: []string{"statusCode"}, Codes: GRPC,
		Times: []string{"grpc_server_processing_duration_seconds"}, Maxima: "grpc_server_processing_duration_seconds_max",
	},
	{
		Name: "otel-rpc", Stack: "OpenTelemetry, RPC", Source: "opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics",
		Covers: OverRPC, Prefixed: true,
		Calls:  []string{"rpc_server_call_duration_seconds_count"},
		Status: []string{"rpc_response_status_code", "rpc_status_code", "rpc_grpc_status_code"}, Codes: GRPC,
		Times: []string{"rpc_server_call_duration_seconds"}, Unit: Seconds,
	},
	{
		Name: "otel-rpc-old", Stack: "OpenTelemetry before its RPC conventions were stable",
		Source: "github.com/open-telemetry/semantic-conventions/blob/v1.30.0/docs/rpc/rpc-metrics.md",
		Covers: OverRPC, Prefixed: true,
		Calls:  []string{"rpc_server_duration_milliseconds_count"},
		Status: []string{"rpc_grpc_status_code", "rpc_status_code", "rpc_response_status_code"}, Codes: GRPC,
		Times: []string{"rpc_server_duration_milliseconds"},
	},
	{
		Name: "go-zero-rpc", Stack: "go-zero, zRPC", Source: "github.com/zeromicro/go-zero/blob/master/zrpc/internal/serverinterceptors/prometheusinterceptor.go",
		Covers: OverRPC, Prefixed: true, Calls: []string{"rpc_server_requests_code_total", "rpc_server_requests_duration_ms_count"},
		Status: []string{"code"}, Codes: GRPC, Times: []string{"rpc_server_requests_duration_ms"},
	},
	{
		Name: "kratos", Stack: "Kratos, HTTP and gRPC", Source: "github.com/go-kratos/kratos/blob/main/middleware/metrics/metrics.go",
		Covers: OverAny, Calls: []string{"server_requests_code_total"}, Status: []string{"code"}, Codes: Kratos,
		Times: []string{"server_requests_seconds"},
	},
	{
		// requests_failed_total has business exceptions among them: the kinds are
		// summed instead, and those counted apart.
		Name: "dubbo", Stack: "Dubbo 3", Source: "dubbo.apache.org/en/overview/reference/metrics",
		Covers: OverRPC, Calls: []string{"dubbo_provider_requests_total"}, Status: []string{},
		Failed: []string{
			"dubbo_provider_requests_unknown_failed_total", "dubbo_provider_requests_timeout_total", "dubbo_provider_requests_failed_network_total",
			"dubbo_provider_requests_failed_service_unavailable_total", "dubbo_provider_requests_failed_codec_total",
		},
		Refused:  []string{"dubbo_provider_requests_business_failed_total", "dubbo_provider_requests_limit_total"},
		Averages: "dubbo_provider_rt_milliseconds_avg", AveragesOf: "as the page has it", Unit: Milliseconds,
		Quantiles: map[float64]string{0.5: "dubbo_provider_rt_milliseconds_p50", 0.95: "dubbo_provider_rt_milliseconds_p95", 0.99: "dubbo_provider_rt_milliseconds_p99"},
	},
}
