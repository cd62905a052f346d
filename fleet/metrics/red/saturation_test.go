package red_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// TestSaturation adds instances up; of shares the worst counts.
func TestSaturation(t *testing.T) {
	m := newMemory()
	put := func(instance, family, labels string, values ...float64) {
		m.put(t, fmt.Sprintf(`%s{service="orders",instance=%q%s}`, family, instance, labels), began, 10*time.Second, values...)
	}
	put("1", "process_cpu_seconds_total", "", 100, 105, 110)
	put("2", "process_cpu_time_ns_total", "", 0, 2e9, 5e9)
	put("3", "process_cpu_usage", "", .25, .25, .25)
	put("3", "system_cpu_count", "", 4, 4, 4)
	for i, open := range []float64{10, 90} {
		put(fmt.Sprint(i+1), "process_open_fds", "", open, open, open)
		put(fmt.Sprint(i+1), "process_max_fds", "", 100, 100, 100)
		put(fmt.Sprint(i+1), "process_resident_memory_bytes", "", 1e6, 1e6, 2e6)
		for pool, most := range map[string]float64{"main": 10, "slow": 1} {
			put(fmt.Sprint(i+1), "hikaricp_connections_active", `,pool="`+pool+`"`, 1, 1, float64(i))
			put(fmt.Sprint(i+1), "hikaricp_connections_max", `,pool="`+pool+`"`, most, most, most)
			put(fmt.Sprint(i+1), "hikaricp_connections_pending", `,pool="`+pool+`"`, 0, 0, 3)
			put(fmt.Sprint(i+1), "jdbc_connections_active", `,name="`+pool+`"`, 1, 1, 1) // the same pools
		}
	}
	// Spaces that do not know their limit say -1, and names may have dots.
	put("3", "jvm_memory_used_bytes", `,area="heap",id="eden"`, 10, 10, 30)
	put("3", "jvm_memory_used_bytes", `,area="heap",id="old"`, 10, 10, 30)
	put("3", "jvm_memory_used_bytes", `,area="nonheap",id="meta"`, 10, 10, 500)
	put("3", "jvm_memory_max_bytes", `,area="heap",id="eden"`, -1, -1, -1)
	put("3", "jvm_memory_max_bytes", `,area="heap",id="old"`, 240, 240, 240)
	put("3", "db_client_connection_count", `,db_client_connection_pool_name="x",db_client_connection_state="idle"`, 7, 7, 7)
	put("3", "db_client_connection_count", `,db_client_connection_pool_name="x",db_client_connection_state="used"`, 1, 2, 3)
	put("3", "db_client_connection_max", `,db_client_connection_pool_name="x"`, 12, 12, 12)
	put("3", "tomcat_threads_busy_threads", `,name="http"`, 1, 2, 3)
	put("3", "tomcat_threads_config_max_threads", `,name="http"`, 200, 200, 200)
	put("3", "resilience4j_bulkhead_available_concurrent_calls", `,name="b"`, 1, 2, 3)
	put("3", "resilience4j_bulkhead_max_allowed_concurrent_calls", `,name="b"`, 4, 4, 4)

	r := compute(t, m, minute())
	s := find(t, r.Services, "orders").Saturation
	for _, c := range []struct {
		name string
		v    red.Value
		want string
	}{
		{"cpu", s.CPU, "1.75"}, // 0.5, 0.25 and a quarter of four
		{"memory", s.Memory, "4e+06 (of 2 of 3 instances)"},
		{"files", s.OpenFiles, "0.9 (worst of 2 instances)"},
		{"heap", s.Heap, "60 (of 1 of 3 instances)"},
		{"of its limit", s.HeapShare, "0.25"},
		{"goroutines", s.Goroutines, "n/a: " + red.WhyNoData},
		{"threads", s.Threads, "n/a: " + red.WhyNoData},
		{"cpu of one", find(t, r.Instances, "orders", "3").Saturation.CPU, "1 (as its page calculates it)"},
	} {
		if text(c.v) != c.want {
			t.Errorf("%s: %s, want %s", c.name, text(c.v), c.want)
		}
	}
	got := ""
	for _, p := range s.Pools {
		got += fmt.Sprintf("%s %s: %s of %s, %s, waiting %s\n", p.Kind, p.Name, text(p.Busy), text(p.Max), text(p.Share), text(p.Waiting))
	}
	if want := `bulkhead b: 1 of 4, 0.25, waiting n/a: its page does not say
db x: 3 of 12, 0.25, waiting n/a: its page does not say
hikaricp main: 1 of 20, 0.1 (worst of 2 instances), waiting 6
hikaricp slow: 1 of 2, 1 (worst of 2 instances), waiting 6
tomcat http: 3 of 200, 0.015, waiting n/a: its page does not say
`; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestSaturationOneScrape: gauges are known at once, what is counted is not.
func TestSaturationOneScrape(t *testing.T) {
	m := newMemory()
	m.put(t, `process_cpu_seconds_total{service="orders",instance="1"}`, began, time.Second, 5)
	m.put(t, `go_goroutines{service="orders",instance="1"}`, began, time.Second, 7)
	s := compute(t, m, minute()).Services[0].Saturation
	if text(s.CPU) != "n/a: "+red.WhyOneScrape || text(s.Goroutines) != "7" {
		t.Errorf("cpu %s, goroutines %s", text(s.CPU), text(s.Goroutines))
	}
}
