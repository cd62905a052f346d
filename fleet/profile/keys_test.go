package profile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/profile"
)

// keys are our own, as the conventions list them, of those Meta is asked for.
var keys = []string{
	"zone", "version", "weight", "scheme", "profile", "health_path", "health_port", "metrics_path", "metrics_port", "metrics_scheme", "scrape", "admin", "admin_port", "depends_on", "grpc_port", "base_path", "secure",
}

// TestEverySpelling walks our own keys through every way a registry lets one
// write them.
func TestEverySpelling(t *testing.T) {
	prefixes := []string{"", "midwatch_", "midwatch.", "midwatch-", "midwatch.io/", "midwatch_io_", "MIDWATCH_", "Midwatch-"}
	origins := []string{
		"", "__", "__meta_consul_service_metadata_", "__meta_consul_metadata_", "__meta_kubernetes_pod_label_", "__meta_kubernetes_pod_annotation_", "__meta_kubernetes_service_annotation_",
		"__meta_kubernetes_node_label_", "__meta_kubernetes_endpointslice_label_", "__meta_eureka_app_instance_metadata_", "__meta_docker_container_label_", "__meta_nacos_metadata_",
	}
	for _, key := range keys {
		for _, prefix := range prefixes {
			for _, sign := range []string{"_", ".", "-", "/"} {
				label := prefix + strings.ReplaceAll(key, "_", sign)
				for _, spelled := range []string{label, strings.ToUpper(label)} {
					if value, from, ok := profile.Meta(map[string]string{spelled: "v", "other": "w"}, key); !ok || value != "v" || from != spelled {
						t.Errorf("%s is not read as %s: %q from %q", spelled, key, value, from)
					}
				}
			}
			for _, origin := range origins {
				// Prometheus writes all but letters and digits as underscores.
				label := origin + strings.NewReplacer(".", "_", "-", "_", "/", "_").Replace(prefix) + key
				if value, _, ok := profile.Meta(map[string]string{label: "v"}, key); !ok || value != "v" {
					t.Errorf("%s is not read as %s", label, key)
				}
			}
		}
	}
}

// TestNotAKey: what only looks like one of our keys is not read.
func TestNotAKey(t *testing.T) {
	for _, key := range keys {
		for _, label := range []string{
			"x" + key, key + "x", "x_" + key, key + "_x", "midwatch" + key, "midwatch__" + key, "midwatch.com/" + key, "notmidwatch_" + key, "_" + key, " " + key, key + " ",
			"__meta_kubernetes_pod_labelpresent_" + key, "__meta_kubernetes_pod_annotationpresent_" + key, "meta_consul_service_metadata_" + key, "__tmp_" + key,
		} {
			if value, from, ok := profile.Meta(map[string]string{label: "v"}, key); ok {
				t.Errorf("%q is read as %s: %q from %q", label, key, value, from)
			}
		}
	}
}

// TestRealStacks walks the keys of other systems, as the wire reference lists
// them, each with the key of ours that it stands for.
func TestRealStacks(t *testing.T) {
	for _, c := range []struct{ label, key string }{
		{"management.port", "health_port"},
		{"management.port", "admin_port"},
		{"management_port", "health_port"},
		{"management.context-path", "base_path"},
		{"management.scheme", "scheme"},
		{"health.path", "health_path"},
		{"prometheus.path", "metrics_path"},
		{"prometheus.port", "metrics_port"},
		{"prometheus.io/path", "metrics_path"},
		{"prometheus.io/port", "metrics_port"},
		{"prometheus.io/scheme", "metrics_scheme"},
		{"prometheus.io/scrape", "scrape"},
		{"topology.kubernetes.io/zone", "zone"},
		{"failure-domain.beta.kubernetes.io/zone", "zone"},
		{"availability-zone", "zone"},
		{"app.kubernetes.io/version", "version"},
		{"__scheme__", "scheme"},
		{"__metrics_path__", "metrics_path"},
		{"management.secure", "secure"},
		{"gRPC_port", "grpc_port"},
		{"grpc.server.port", "grpc_port"},
		{"__meta_kubernetes_endpointslice_endpoint_zone", "zone"},
		{"__meta_kubernetes_pod_annotation_prometheus_io_port", "metrics_port"},
		{"__meta_kubernetes_pod_label_app_kubernetes_io_version", "version"},
		{"__meta_kubernetes_node_label_topology_kubernetes_io_zone", "zone"},
		{"__meta_eureka_app_instance_metadata_management_port", "health_port"},
		{"__meta_eureka_app_instance_metadata_management_context_path", "base_path"},
		{"__meta_consul_service_metadata_gRPC_port", "grpc_port"},
	} {
		labels := map[string]string{c.label: "theirs"}
		if value, from, ok := profile.Meta(labels, c.key); !ok || value != "theirs" || from != c.label {
			t.Errorf("%s is not read as %s: %q from %q", c.label, c.key, value, from)
		}
		// Ours, bare or with the prefix, comes first.
		for _, own := range []string{c.key, "midwatch_" + c.key} {
			if strings.HasSuffix(strings.ToLower(strings.NewReplacer(".", "_", "-", "_").Replace(c.label)), c.key) {
				continue // the same key in another spelling
			}
			labels[own] = "ours"
			if value, from, _ := profile.Meta(labels, c.key); value != "ours" || from != own {
				t.Errorf("%s beside %s: %q from %q", own, c.label, value, from)
			}
		}
		if value, _, _ := profile.Meta(map[string]string{c.label: "theirs", "midwatch_" + c.key: ""}, c.key); value != "theirs" {
			t.Errorf("an empty value of ours hides %s", c.label)
		}
	}
}

// TestMetaIsAlwaysTheSame: of two spellings of the same rank the answer does
// not depend on the order of a map.
func TestMetaIsAlwaysTheSame(t *testing.T) {
	for _, key := range keys {
		if !strings.Contains(key, "_") {
			continue
		}
		labels := map[string]string{}
		for _, sign := range []string{"_", ".", "-", "/"} {
			labels[strings.ReplaceAll(key, "_", sign)] = "by " + sign
		}
		for range 50 {
			if value, _, _ := profile.Meta(labels, key); value != "by -" { // the least, as texts are sorted
				t.Fatalf("%s: %s", key, value)
			}
		}
	}
}

// TestNormalizeReadsBoth: what the service says holds for its instances that do
// not say it themselves, for every spelling.
func TestNormalizeReadsBoth(t *testing.T) {
	for _, spelled := range []string{"%s", "midwatch_%s", "midwatch.%s", "__meta_consul_service_metadata_%s", "midwatch.io/%s"} {
		label := func(key string) string { return fmt.Sprintf(spelled, key) }
		s := fleet.Service{
			Ref: fleet.Ref{Name: "order"}, Labels: map[string]string{label("zone"): "z", label("version"): "1", label("weight"): "5"},
			Instances: []fleet.Instance{{ID: "a"}, {ID: "b", Labels: map[string]string{label("zone"): "own"}}, {ID: "c", Zone: "driver", Weight: 1}},
		}
		if warnings := profile.Normalize(&s, nil); len(warnings) != 0 {
			t.Errorf("%s: %v", spelled, warnings)
		}
		var got []string
		for _, in := range s.Instances {
			got = append(got, fmt.Sprintf("%s %s %d", in.Zone, in.Version, in.Weight))
		}
		if want := []string{"z 1 5", "own 1 5", "driver 1 1"}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", spelled, got, want)
		}
	}
}

// TestNormalizeTwiceIsOnce: what is in its place already stays there.
func TestNormalizeTwiceIsOnce(t *testing.T) {
	rules := []fleet.ServiceRule{{Match: "ord*", DependsOn: []string{"db"}}}
	s := fleet.Service{Ref: fleet.Ref{Name: "order"}, Labels: map[string]string{"zone": "z"}, Instances: []fleet.Instance{{ID: "a", Labels: map[string]string{"weight": "3", "depends_on": "x"}}}}
	profile.Normalize(&s, rules)
	once := fmt.Sprintf("%+v", s)
	own := &s.Instances[0]
	profile.Normalize(&s, rules)
	if twice := fmt.Sprintf("%+v", s); twice != once || own != &s.Instances[0] {
		t.Errorf("\nonce  %s\ntwice %s", once, twice)
	}
}

// TestNormalizeRules: those that do not match leave the dependencies alone; one that is
// turned round matches all others.
func TestNormalizeRules(t *testing.T) {
	for _, c := range []struct {
		match string
		name  fleet.Ref
		takes bool
	}{
		{"order", fleet.Ref{Name: "order"}, true},
		{"ord*", fleet.Ref{Source: "etcd", Name: "order"}, true},
		{"pay*", fleet.Ref{Name: "order"}, false},
		{"!payment", fleet.Ref{Name: "order"}, true},
		{"!order", fleet.Ref{Name: "order"}, false},
		{"etcd:order", fleet.Ref{Source: "etcd", Name: "order"}, true},
		{"consul:order", fleet.Ref{Source: "etcd", Name: "order"}, false},
		{"shop/order", fleet.Ref{Namespace: "shop", Name: "order"}, true},
		{"order", fleet.Ref{Namespace: "shop", Name: "order"}, true},
		{"web/order", fleet.Ref{Namespace: "shop", Name: "order"}, false},
	} {
		s := fleet.Service{Ref: c.name}
		profile.Normalize(&s, []fleet.ServiceRule{{Match: c.match, DependsOn: []string{"db"}}})
		if got := len(s.DependsOn) == 1; got != c.takes {
			t.Errorf("%s for %s: taken %v", c.match, c.name, got)
		}
	}
}
