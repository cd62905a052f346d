package envoy_test

import (
	"math"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/envoy"
)

// The pages in little, so that the fuzzer spends its time on what it changes:
// the recordings as a whole are cases of TestReplayList.
const (
	someClusters = `{"cluster_statuses":[{"name":"orders","observability_name":"the_orders","host_statuses":[{"health_status":{"failed_outlier_check":true,"eds_health_status":"HEALTHY"}},` +
		`{"health_status":{"eds_health_status":"UNHEALTHY"}}],"circuit_breakers":{"thresholds":[{"max_pending_requests":50,"max_requests":200},{"priority":"HIGH","max_requests":0}]}},{"name":"a:b"}]}`
	someStats = `{"stats":[{"name":"cluster.the_orders.upstream_rq_completed","value":18446744073709551615},{"name":"cluster.the_orders.upstream_rq_5xx","value":18446744073709551615},` +
		`{"name":"cluster.the_orders.upstream_rq_maintenance_mode","value":9223372036854775807},{"name":"cluster.the_orders.upstream_rq_active_overflow","value":1},` +
		`{"name":"cluster.the_orders.circuit_breakers.default.rq_open","value":1},{"name":"text","value":"x"},{"histograms":{}}]}`
	someRuntime = `{"layers":["base","admin"],"entries":{"upstream.maintenance_mode.orders":{"final_value":"25","layer_values":["","25"]}}}`
)

// sound holds what was decoded to what readers rely on.
func sound(t *testing.T, list []fleet.Breaker, err error) {
	t.Helper()
	if err != nil && list != nil || err == nil && list == nil {
		t.Fatalf("%v beside %v", list, err)
	}
	for i, b := range list {
		if b.FailureRate < 0 || b.FailureRate > 1 || !math.IsNaN(b.SlowRate) || b.Share < 0 || b.Share >= 1 || b.Observed == fleet.BreakerForcedOpen {
			t.Errorf("%+v", b)
		}
		if b.Name == "" || i > 0 && list[i-1].Name >= b.Name {
			t.Errorf("the names are not in order: %+v", list)
		}
	}
}

func FuzzClusters(f *testing.F) {
	for _, page := range []string{someClusters, `{}`, `{"cluster_statuses":null}`, "orders::observability_name::orders\n"} {
		f.Add([]byte(page))
	}
	f.Fuzz(func(t *testing.T, clusters []byte) {
		list, err := envoy.Decode(clusters, []byte(someStats), []byte(someRuntime))
		sound(t, list, err)
	})
}

func FuzzStats(f *testing.F) {
	for _, page := range []string{someStats, `{"stats":[]}`, "LIVE\n"} {
		f.Add([]byte(page))
	}
	f.Fuzz(func(t *testing.T, stats []byte) {
		list, err := envoy.Decode([]byte(someClusters), stats, []byte(someRuntime))
		sound(t, list, err)
	})
}

func FuzzRuntime(f *testing.F) {
	f.Add([]byte(recorded(f, "93-layers-empty-runtime.http").body))
	for _, value := range []string{"100", "50.9", "1e2", "0x64", "-1", "1e400", "NaN"} {
		f.Add([]byte(`{"layers":["a"],"entries":{"upstream.maintenance_mode.orders":{"final_value":"` + value + `","layer_values":["` + value + `"]}}}`))
	}
	f.Fuzz(func(t *testing.T, runtime []byte) {
		list, err := envoy.Decode([]byte(someClusters), []byte(someStats), runtime)
		sound(t, list, err)
	})
}

func FuzzConfigDump(f *testing.F) {
	for _, name := range []string{"61-config-dump-bootstrap-mask.http", "60-config-dump-resource.http", "63-config-dump-bad-resource.http"} {
		f.Add([]byte(recorded(f, name).body))
	}
	f.Fuzz(func(t *testing.T, dump []byte) {
		if layer, known := envoy.AdminLayer(dump); !known && layer >= 0 {
			t.Errorf("layer %d is not known", layer)
		}
	})
}
