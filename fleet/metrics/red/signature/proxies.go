package signature

// proxies are sidecars and gateways: what stands before a service and counts all
// that passes.
var proxies = []Signature{
	{
		Name: "istio", Stack: "Istio sidecars and gateways", Source: "istio.io/latest/docs/reference/config/metrics",
		// A gateway reports as source too: the two are never summed.
		Covers: OverAny, Calls: []string{"istio_requests_total"}, Keep: Label{"reporter", "destination"},
		Status: []string{"response_code"}, StatusRPC: "grpc_response_status",
		Times: []string{"istio_request_duration_milliseconds"},
	},
	{
		Name: "linkerd", Stack: "Linkerd's proxy; durations to the first byte", Source: "linkerd.io/2/reference/proxy-metrics",
		Covers: OverAny, Need: []string{"response_total", "response_latency_ms"},
		Calls: []string{"response_total"}, Keep: Label{"direction", "inbound"},
		Status: []string{"classification", "status_code"}, Times: []string{"response_latency_ms"},
	},
	{
		Name: "envoy", Stack: "Envoy: what its listeners took", Source: "envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/stats",
		Covers: OverAny, Calls: []string{"envoy_http_downstream_rq_xx"}, Drop: Label{"envoy_http_conn_manager_prefix", "admin"},
		Status: []string{"envoy_response_code_class"},
		Times:  []string{"envoy_http_downstream_rq_time"}, Unit: Milliseconds,
	},
	{
		// What timed out is among the 5xx: upstream_rq_timeout is not added.
		Name: "envoy-upstream", Stack: "Envoy: what it sent to each cluster", Source: "envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats",
		Covers: OverAny, Calls: []string{"envoy_cluster_upstream_rq_xx"},
		Status: []string{"envoy_response_code_class"},
		Times:  []string{"envoy_cluster_upstream_rq_time"}, Unit: Milliseconds,
		View: "upstream", By: "envoy_cluster_name",
	},
	{
		Name: "traefik", Stack: "Traefik, by service", Source: "doc.traefik.io/traefik/observability/metrics/overview",
		Covers: OverAny, Calls: []string{"traefik_service_requests_total"}, Status: []string{"code"},
		Times: []string{"traefik_service_request_duration_seconds"},
	},
	{
		Name: "haproxy", Stack: "HAProxy: its backends", Source: "github.com/haproxy/haproxy/blob/master/addons/promex/README",
		Covers: OverAny, Calls: []string{"haproxy_backend_http_requests_total"},
		Responses: "haproxy_backend_http_responses_total", Status: []string{"code"},
		Averages: "haproxy_backend_total_time_average_seconds", AveragesOf: "of the last 1024 calls",
	},
	{
		Name: "haproxy-frontend", Stack: "HAProxy: its frontends", Source: "github.com/haproxy/haproxy/blob/master/addons/promex/README",
		Covers: OverAny, Calls: []string{"haproxy_frontend_http_requests_total"},
		Responses: "haproxy_frontend_http_responses_total", Status: []string{"code"},
		View: "frontend", By: "proxy",
	},
	{
		Name: "haproxy-server", Stack: "HAProxy: the servers of its backends", Source: "github.com/haproxy/haproxy/blob/master/addons/promex/README",
		Covers: OverAny, Calls: []string{"haproxy_server_http_responses_total"}, Status: []string{"code"},
		Averages: "haproxy_server_total_time_average_seconds", AveragesOf: "of the last 1024 calls",
		View: "server", By: "server",
	},
	{
		Name: "nginx-ingress", Stack: "ingress-nginx of Kubernetes", Source: "kubernetes.github.io/ingress-nginx/user-guide/monitoring",
		Covers: OverAny, Calls: []string{"nginx_ingress_controller_requests"}, Status: []string{"status"},
		Times: []string{"nginx_ingress_controller_request_duration_seconds"},
	},
	{
		Name: "nginx-plus", Stack: "NGINX Plus, by its exporter", Source: "github.com/nginx/nginx-prometheus-exporter/blob/main/README.md",
		Covers: OverAny, Calls: []string{"nginxplus_server_zone_requests"},
		Responses: "nginxplus_server_zone_responses", Status: []string{"code"},
		Averages: "nginxplus_upstream_server_response_time", AveragesOf: "of its upstreams", Unit: Milliseconds,
	},
	{
		Name: "nginx", Stack: "NGINX, by its exporter: no statuses, no durations", Source: "github.com/nginx/nginx-prometheus-exporter/blob/main/README.md",
		Covers: OverAny, Calls: []string{"nginx_http_requests_total"}, Status: []string{},
	},
	{
		Name: "kong", Stack: "Kong 3", Source: "developer.konghq.com/plugins/prometheus",
		Covers: OverAny, Calls: []string{"kong_http_requests_total"}, Status: []string{"code"},
		Times: []string{"kong_request_latency_ms"},
	},
	{
		// Each handler that a request passes counts it.
		Name: "caddy", Stack: "Caddy 2", Source: "caddyserver.com/docs/metrics",
		Covers: OverAny, Calls: []string{"caddy_http_request_duration_seconds_count"}, Status: []string{"code"},
		Times: []string{"caddy_http_request_duration_seconds"}, Outermost: "handler",
	},
}
