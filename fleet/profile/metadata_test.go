package profile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/profile"
)

func TestMeta(t *testing.T) {
	for _, tt := range []struct {
		key    string
		labels map[string]string
		value  string
		label  string
	}{
		{"zone", nil, "", ""},
		{"zone", map[string]string{"zone": "b"}, "b", "zone"},
		{"zone", map[string]string{"zone": ""}, "", ""},
		{"zone", map[string]string{"ZONE": "b"}, "b", "ZONE"},
		{"zone", map[string]string{"zones": "b", "my_zone": "c"}, "", ""},
		// our own prefix, dots and dashes for underscores
		{"health_path", map[string]string{"health_path": "/h"}, "/h", "health_path"},
		{"health_path", map[string]string{"health.path": "/h"}, "/h", "health.path"},
		{"health_path", map[string]string{"health-path": "/h"}, "/h", "health-path"},
		{"health_path", map[string]string{"midwatch_health_path": "/h"}, "/h", "midwatch_health_path"},
		{"health_path", map[string]string{"midwatch.health-path": "/h"}, "/h", "midwatch.health-path"},
		{"health_path", map[string]string{"midwatch-health-path": "/h"}, "/h", "midwatch-health-path"},
		{"health_path", map[string]string{"midwatch.io/health-path": "/h"}, "/h", "midwatch.io/health-path"},
		{"health_path", map[string]string{"midwatchhealth_path": "/h"}, "", ""},
		{"health_path", map[string]string{"health_path": "/a", "midwatch_health_path": "/b"}, "/b", "midwatch_health_path"},
		{"zone", map[string]string{"midwatch_": "b"}, "", ""},
		{"zone", map[string]string{"midwatch": "b"}, "", ""},
		// two spellings of one key: always the same answer
		{"health_path", map[string]string{"health.path": "/dot", "health-path": "/dash"}, "/dash", "health-path"},
		// keys real stacks use
		{"admin_port", map[string]string{"management.port": "8081"}, "8081", "management.port"},
		{"health_port", map[string]string{"management.port": "8081"}, "8081", "management.port"},
		{"health_port", map[string]string{"management.port": "8081", "health_port": "9"}, "9", "health_port"},
		{"metrics_path", map[string]string{"prometheus.io/path": "/m"}, "/m", "prometheus.io/path"},
		{"metrics_path", map[string]string{"prometheus.path": "/m"}, "/m", "prometheus.path"},
		{"metrics_path", map[string]string{"__metrics_path__": "/m"}, "/m", "__metrics_path__"},
		{"metrics_port", map[string]string{"prometheus.io/port": "9090"}, "9090", "prometheus.io/port"},
		{"scheme", map[string]string{"__scheme__": "https"}, "https", "__scheme__"},
		{"zone", map[string]string{"topology.kubernetes.io/zone": "eu-1b"}, "eu-1b", "topology.kubernetes.io/zone"},
		{"version", map[string]string{"app.kubernetes.io/version": "2"}, "2", "app.kubernetes.io/version"},
		{"base_path", map[string]string{"management.context-path": "/manage"}, "/manage", "management.context-path"},
		{"grpc_port", map[string]string{"gRPC_port": "9000"}, "9000", "gRPC_port"},
		{"grpc_port", map[string]string{"grpc.server.port": "9000"}, "9000", "grpc.server.port"},
		// what Prometheus makes of metadata
		{"version", map[string]string{"__meta_consul_service_metadata_version": "3"}, "3", "__meta_consul_service_metadata_version"},
		{"metrics_path", map[string]string{"__meta_kubernetes_pod_annotation_prometheus_io_path": "/m"}, "/m", "__meta_kubernetes_pod_annotation_prometheus_io_path"},
		{"zone", map[string]string{"__meta_kubernetes_pod_label_topology_kubernetes_io_zone": "z"}, "z", "__meta_kubernetes_pod_label_topology_kubernetes_io_zone"},
		{"health_port", map[string]string{"__meta_eureka_app_instance_metadata_management_port": "8081"}, "8081", "__meta_eureka_app_instance_metadata_management_port"},
		{"zone", map[string]string{"__meta_kubernetes_endpointslice_endpoint_zone": "z"}, "z", "__meta_kubernetes_endpointslice_endpoint_zone"},
		{"zone", map[string]string{"__zone": "z"}, "z", "__zone"},
	} {
		value, label, ok := profile.Meta(tt.labels, tt.key)
		if value != tt.value || label != tt.label || ok != (tt.label != "") {
			t.Errorf("%s of %v: %q from %q, %v", tt.key, tt.labels, value, label, ok)
		}
	}
}

func FuzzMeta(f *testing.F) {
	f.Add("midwatch.io/health-path", "/h", "health_path")
	f.Add("__meta_consul_service_metadata_version", "1", "version")
	f.Add("__", "x", "")
	f.Add("midwatch", "x", "zone")
	f.Fuzz(func(t *testing.T, label, value, key string) {
		got, from, ok := profile.Meta(map[string]string{label: value}, key)
		if ok && (got != value || from != label || value == "") {
			t.Errorf("%q=%q read as %s: %q from %q", label, value, key, got, from)
		}
	})
}

func TestNormalize(t *testing.T) {
	labels := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for _, p := range pairs {
			k, v, _ := strings.Cut(p, "=")
			m[k] = v
		}
		return m
	}
	for _, tt := range []struct {
		name     string
		service  map[string]string
		instance fleet.Instance
		want     string // zone version weight
		warning  string
	}{
		{"nothing known", nil, fleet.Instance{}, "  0", ""},
		{"from its labels", nil, fleet.Instance{Labels: labels("zone=b", "version=2", "weight=3")}, "b 2 3", ""},
		{"from its service's", labels("zone=b", "weight=3"), fleet.Instance{}, "b  3", ""},
		{"its own first", labels("zone=b"), fleet.Instance{Labels: labels("zone=c")}, "c  0", ""},
		{"the driver first", labels("zone=b"), fleet.Instance{Zone: "a", Version: "1", Weight: 9, Labels: labels("zone=c", "version=2", "weight=x")}, "a 1 9", ""},
		{"weight none", nil, fleet.Instance{Labels: labels("weight=0")}, "  0", ""},
		{"weight with space", nil, fleet.Instance{Labels: labels("weight= 7 ")}, "  7", ""},
		{"weight malformed", nil, fleet.Instance{Labels: labels("midwatch.weight=heavy")}, "  0", `label "midwatch.weight": weight "heavy" is not a whole number from 0 on; it counts as none`},
		{"weight negative", nil, fleet.Instance{Labels: labels("weight=-1")}, "  0", `label "weight": weight "-1" is not a whole number from 0 on; it counts as none`},
		{"weight too big", nil, fleet.Instance{Labels: labels("weight=99999999999999999999")}, "  0", `label "weight": weight "99999999999999999999" is not a whole number from 0 on; it counts as none`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.instance.ID = "order-1"
			before := []fleet.Instance{{ID: "order-0"}, tt.instance}
			s := fleet.Service{Ref: fleet.Ref{Name: "order"}, Labels: tt.service, Instances: slices.Clone(before)}
			own := s.Instances
			warnings := profile.Normalize(&s, nil)
			in := s.Instances[1]
			if got := fmt.Sprint(in.Zone, " ", in.Version, " ", in.Weight); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			var want []fleet.Warning
			if tt.warning != "" {
				want = []fleet.Warning{{Where: "order/order-1", Detail: tt.warning}}
			}
			if !slices.Equal(warnings, want) {
				t.Errorf("warnings %v, want %v", warnings, want)
			}
			if own[1].Zone != before[1].Zone || own[1].Weight != before[1].Weight || own[1].Version != before[1].Version {
				t.Error("the registry's own instances were changed")
			}
		})
	}
}

func TestNormalizeDependsOn(t *testing.T) {
	rules := []fleet.ServiceRule{
		{Match: "user", Profile: "go"},
		{Match: "ord*", DependsOn: []string{"ruled"}},
		{Match: "order", DependsOn: []string{"too late"}},
	}
	for _, tt := range []struct {
		name    string
		service fleet.Service
		rules   []fleet.ServiceRule
		want    string
	}{
		{"nobody says", fleet.Service{}, nil, ""},
		{"the driver", fleet.Service{DependsOn: []string{"a"}, Labels: map[string]string{"depends_on": "b"}}, nil, "a"},
		{"the driver says: none", fleet.Service{DependsOn: []string{}, Labels: map[string]string{"depends_on": "b"}}, nil, ""},
		{"its labels", fleet.Service{Labels: map[string]string{"depends-on": " b, c,,b "}}, nil, "b c"},
		{"labels of its instances, each once", fleet.Service{Instances: []fleet.Instance{
			{Labels: map[string]string{"midwatch.depends_on": "b,c"}}, {Labels: map[string]string{"depends_on": "c,shop/d"}},
		}}, nil, "b c shop/d"},
		{"the first rule that says something", fleet.Service{DependsOn: []string{"a"}}, rules, "ruled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.service.Name = "order"
			profile.Normalize(&tt.service, tt.rules)
			if got := strings.Join(tt.service.DependsOn, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
