package red

import (
	"slices"

	"github.com/midwatch-cli/midwatch/fleet/metrics/red/page"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red/signature"
)

// reading is a family of gauges, or of it the series with a label's value.
type reading struct{ family, label, value string }

func (r reading) holds(s *page.Counter) bool { v, _ := s.Get(r.label); return v == r.value }

// readings are tried in order; the first that a page has counts.
type readings []reading

// The families that say how loaded a process is: those of client libraries
// (prometheus.io/docs/instrumenting/writing_clientlibs), Micrometer
// (docs.micrometer.io/micrometer/reference/reference/jvm.html), OpenTelemetry
// (opentelemetry.io/docs/specs/semconv/runtime), prom-client, prometheus-net and
// Envoy.
var (
	cpuCounters = []string{"process_cpu_seconds_total", "process_cpu_time_ns_total", "jvm_cpu_time_seconds_total", "dotnet_process_cpu_time_seconds_total"}
	cpuUsage    = readings{{family: "process_cpu_usage"}, {family: "jvm_cpu_recent_utilization_ratio"}}
	cpuCount    = readings{{family: "system_cpu_count"}, {family: "jvm_cpu_count"}}

	memory = readings{
		{family: "process_resident_memory_bytes"},
		{family: "process_working_set_bytes"},
		{family: "dotnet_process_memory_working_set_bytes"},
		{family: "process_memory_usage_bytes"},
		{family: "envoy_server_memory_physical_size"},
	}
	heap = readings{
		{"jvm_memory_used_bytes", "area", "heap"},
		{"jvm_memory_used_bytes", "jvm_memory_type", "heap"},
		{"jvm_memory_bytes_used", "area", "heap"},
		{family: "go_memstats_heap_inuse_bytes"},
		{family: "nodejs_heap_size_used_bytes"},
		{family: "dotnet_total_memory_bytes"},
		{family: "dotnet_gc_last_collection_heap_size_bytes"},
		{family: "envoy_server_memory_allocated"},
	}
	heapLimit = readings{
		{"jvm_memory_max_bytes", "area", "heap"}, {"jvm_memory_limit_bytes", "jvm_memory_type", "heap"}, {"jvm_memory_bytes_max", "area", "heap"},
	}
	goroutines = readings{{family: "go_goroutines"}, {family: "go_goroutine_count"}}
	threads    = readings{
		{family: "jvm_threads_live_threads"},
		{family: "jvm_thread_count"},
		{family: "jvm_threads_current"},
		{family: "go_threads"},
		{family: "process_num_threads"},
		{family: "process_threads"},
		{family: "haproxy_process_nbthread"},
	}
	openFiles = readings{{family: "process_open_fds"}, {family: "process_files_open_files"}, {family: "process_open_file_descriptor_count"}}
	fileLimit = readings{{family: "process_max_fds"}, {family: "process_files_max_files"}, {family: "haproxy_process_max_fds"}}
)

// poolKind is a kind of pool, and the families of gauges that tell of it.
type poolKind struct {
	kind, label   string  // the label has a pool's name
	busy, free    string  // one of the two
	only          reading // of a family, what counts
	most, waiting string
	unless        string // a family that says the same of the same pools
}

var pools = []poolKind{
	{kind: "hikaricp", label: "pool", busy: "hikaricp_connections_active", most: "hikaricp_connections_max", waiting: "hikaricp_connections_pending"},
	{kind: "jdbc", label: "name", busy: "jdbc_connections_active", most: "jdbc_connections_max", unless: "hikaricp_connections_active"},
	{kind: "r2dbc", label: "name", busy: "r2dbc_pool_acquired_connections", most: "r2dbc_pool_max_allocated_connections", waiting: "r2dbc_pool_pending_connections"},
	{kind: "tomcat", label: "name", busy: "tomcat_threads_busy_threads", most: "tomcat_threads_config_max_threads"},
	{kind: "jetty", busy: "jetty_threads_busy", most: "jetty_threads_config_max"},
	{kind: "executor", label: "name", busy: "executor_active_threads", most: "executor_pool_max_threads", waiting: "executor_queued_tasks"},
	{kind: "bulkhead", label: "name", free: "resilience4j_bulkhead_available_concurrent_calls", most: "resilience4j_bulkhead_max_allowed_concurrent_calls"},
	{kind: "sql", label: "db_name", busy: "go_sql_in_use_connections", most: "go_sql_max_open_connections"},
	{
		kind: "db", label: "db_client_connection_pool_name", busy: "db_client_connection_count",
		only: reading{"db_client_connection_count", "db_client_connection_state", "used"}, most: "db_client_connection_max", waiting: "db_client_connection_pending_requests",
	},
	{kind: "haproxy", busy: "haproxy_process_current_connections", most: "haproxy_process_max_connections"},
}

// gaugeNames are all gauges that are asked for; the last ones only say that an
// instance is there.
func gaugeNames() []string {
	var names []string
	for _, all := range []readings{cpuUsage, cpuCount, memory, heap, heapLimit, goroutines, threads, openFiles, fileLimit} {
		for _, one := range all {
			names = append(names, one.family)
		}
	}
	for _, p := range pools {
		names = append(names, p.busy, p.free, p.most, p.waiting)
	}
	names = append(names, readNames...)
	names = append(names, "midwatch_instance_up")
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// counterNames are the counters that are asked for beside those of signatures.
func counterNames() []string { return append(slices.Clone(cpuCounters), page.StartTime) }

// readNames say whether a page could be read: those of a Prometheus server, and
// of our own passes (docs/series.md).
var readNames = []string{"up", "midwatch_scrape_success"}

var presentName = signature.Parse("midwatch_instance_up")
