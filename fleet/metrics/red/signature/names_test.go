package signature

import (
	"regexp"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for raw, want := range map[string]Name{
		// One family in all spellings that were recorded.
		"http_server_request_duration_seconds_bucket":                 {"http_server_request_duration", Seconds, Bucket},
		"http_server_request_duration_bucket":                         {"http_server_request_duration", NoUnit, Bucket},
		"http.server.request.duration_bucket":                         {"http_server_request_duration", NoUnit, Bucket},
		"http.server.request.duration_seconds_count":                  {"http_server_request_duration", Seconds, Count},
		"http_dot_server_dot_request_dot_duration_sum":                {"http_server_request_duration", NoUnit, Sum},
		"U__http_2e_server_2e_request_2e_duration__seconds_bucket":    {"http_server_request_duration", Seconds, Bucket},
		"U__http_2e_server_2e_request_2e_duration__seconds__count":    {"http_server_request_duration", Seconds, Count},
		"http_dot_server_dot_request_dot_body_dot_size__bytes_bucket": {"http_server_request_body_size_bytes", NoUnit, Bucket},
		"shop.orders-placed_total":                                    {"shop_orders_placed", NoUnit, Total},
		"http_requests_total":                                         {"http_requests", NoUnit, Total},
		"orders_placed":                                               {"orders_placed", NoUnit, Plain},
		"http_server_requests_seconds_max":                            {"http_server_requests", Seconds, Max},
		"http_requests_created":                                       {"http_requests", NoUnit, Created},
		"response_latency_ms_bucket":                                  {"response_latency", Milliseconds, Bucket},
		"http_server_requests_duration_ms_count":                      {"http_server_requests_duration", Milliseconds, Count},
		"istio_request_duration_milliseconds_sum":                     {"istio_request_duration", Milliseconds, Sum},
		"process_cpu_time_ns_total":                                   {"process_cpu_time", Nanoseconds, Total},
		"redis_latency_percentiles_usec":                              {"redis_latency_percentiles", Microseconds, Plain},
		"server_requests_seconds_bucket_seconds_bucket":               {"server_requests", Seconds, Bucket}, // Kratos
		"server_requests_seconds_bucket_bucket":                       {"server_requests", Seconds, Bucket},
		"job:http_requests_total:rate5m":                              {}, // a rule made it
		"seconds":                                                     {"seconds", NoUnit, Plain},
		"_seconds":                                                    {"_seconds", NoUnit, Plain},
		"_total":                                                      {"_total", NoUnit, Plain},
		"":                                                            {},
		"haproxy_backend_total_time_average_seconds":                  {"haproxy_backend_total_time_average", Seconds, Plain},
		"envoy_http_downstream_rq_xx":                                 {"envoy_http_downstream_rq_xx", NoUnit, Plain},
		"U__":                                                         {},
		"U___":                                                        {"_", NoUnit, Plain},
		"U__a_zz_b":                                                   {"a_zz_b", NoUnit, Plain}, // not of the scheme
		"U__a_2e":                                                     {"a_2e", NoUnit, Plain},
		strings.Repeat("_bucket", 3):                                  {"_bucket", NoUnit, Bucket},
	} {
		if got := Parse(raw); got != want {
			t.Errorf("%s: %+v, want %+v", raw, got, want)
		}
	}
}

func TestUnits(t *testing.T) {
	for u, want := range map[Unit]float64{Seconds: 1, Milliseconds: 1e-3, Microseconds: 1e-6, Nanoseconds: 1e-9, NoUnit: 1} {
		if got := u.InSeconds(); got != want {
			t.Errorf("%s: %g", u, got)
		}
	}
}

// TestPattern: what is asked for is what can be found, and buckets are not.
func TestPattern(t *testing.T) {
	pattern := regexp.MustCompile("^(?:" + Pattern(Table()) + ")$")
	for _, name := range []string{
		"http_requests_total", "http_requests", "http.requests", "shop.http.requests_total", "myapp_http_requests_total",
		"http_server_request_duration_seconds_count", "http.server.request.duration_seconds_count", "http.server.request.duration",
		"http_dot_server_dot_request_dot_duration_count", "U__http_2e_server_2e_request_2e_duration__seconds__count", "U__http_2e_server_2e_request_2e_duration_count",
		"server_requests_seconds_bucket_seconds_count", "server_requests_seconds_bucket_count", "server_requests_code_total",
		"http_server_requests_seconds_max", "istio_requests_total", "dubbo_provider_rt_milliseconds_p99", "hand_requests_total",
	} {
		if !pattern.MatchString(name) {
			t.Errorf("%s is not asked for", name)
		}
	}
	for _, name := range []string{
		"http_request_duration_seconds_bucket", "http.server.request.duration_bucket", "http_requests_totally", "promhttp_metric_handler_requests_total",
		"go_goroutines", "up", "http_requests_total_by_day", "job:http_requests:rate5m",
	} {
		if pattern.MatchString(name) {
			t.Errorf("%s is asked for", name)
		}
	}
	for _, s := range Table() {
		for _, f := range s.Families() {
			if !pattern.MatchString(f) {
				t.Errorf("%s: %s is not asked for", s.Name, f)
			}
		}
	}
}

func TestSpelled(t *testing.T) {
	pattern := regexp.MustCompile("^(?:" + Spelled("process_open_fds", "jvm_memory_used_bytes") + ")$")
	for name, want := range map[string]bool{
		"process_open_fds": true, "jvm.memory.used_bytes": true, "jvm_dot_memory_dot_used__bytes": true, "U__jvm_2e_memory_2e_used__bytes": true,
		"my_process_open_fds": false, "process_open_fds_total": false,
	} {
		if pattern.MatchString(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"http_requests_total", "U__http_2e_x__seconds", "a_dot_b__c", "a.b-c/d", "U__a_110000_b", "U___2e__"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		n := Parse(raw)
		if strings.ContainsAny(n.Stem, ".-/") && !strings.HasPrefix(raw, "U__") {
			t.Errorf("%q: %q", raw, n.Stem)
		}
		if n.Stem == "" && n != (Name{}) {
			t.Errorf("%q: no stem, but %+v", raw, n)
		}
		if again := Parse(n.Stem); !strings.HasPrefix(n.Stem, "U__") && !strings.Contains(n.Stem, "_dot_") && n.Part == Plain && again.Stem != n.Stem {
			t.Errorf("%q: %q, and again %q", raw, n.Stem, again.Stem)
		}
	})
}
