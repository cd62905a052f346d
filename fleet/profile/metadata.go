// Package profile decides how an instance is asked: it reads the registry's
// metadata through one table, merges flags, configuration, metadata, built-in
// profiles and guesses in that order, and keeps to the rules on where we may
// ask and where credentials may go. It is pure; what it decides comes with its
// origin, for --explain.
package profile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// foreign are the keys real stacks use for what our own keys say, the best
// first. A label is compared with a key as sameKey does, so health.path needs
// no row beside health_path.
var foreign = map[string][]string{
	"zone":           {"topology_kubernetes_io_zone", "failure_domain_beta_kubernetes_io_zone", "availability_zone", "meta_kubernetes_endpointslice_endpoint_zone"},
	"version":        {"app_kubernetes_io_version"},
	"scheme":         {"scheme__", "management_scheme"},
	"health_port":    {"management_port"},
	"metrics_path":   {"prometheus_io_path", "prometheus_path", "metrics_path__"},
	"metrics_port":   {"prometheus_io_port", "prometheus_port"},
	"metrics_scheme": {"prometheus_io_scheme"},
	"scrape":         {"prometheus_io_scrape"},
	"admin_port":     {"management_port"},
	"base_path":      {"management_context_path"}, // Spring: stands for /actuator
	"secure":         {"management_secure"},       // Spring Cloud Consul and Nacos: true is https
	"grpc_port":      {"grpc_server_port"},
}

// Meta reads one of our own keys from metadata: with the prefix midwatch_
// (midwatch.io/ on Kubernetes) first, then bare, then under the names of other
// stacks. Dots, dashes and slashes stand for underscores, letters of both
// cases are the same, and labels that Prometheus made of metadata
// (__meta_consul_service_metadata_...) are read as that. An empty value is no
// value. The label is the key as the registry has it.
func Meta(labels map[string]string, key string) (value, label string, ok bool) {
	best := -1
	if len(labels) == 0 {
		return "", "", false
	}
	others := foreign[key]
	for l, v := range labels {
		rank := rankOf(l, key, others)
		if rank >= 0 && v != "" && (best < 0 || rank < best || rank == best && l < label) {
			best, value, label = rank, v, l
		}
	}
	return value, label, best >= 0
}

// rankOf says how well a label names a key, or one of the others that stand for
// it: less is better, -1 is not at all.
func rankOf(label, key string, others []string) int {
	if strings.HasPrefix(label, "__") {
		label = label[2:]
		for _, origin := range [...]string{"_metadata_", "_annotation_", "_label_"} {
			if _, name, found := strings.Cut(label, origin); found && strings.HasPrefix(label, "meta_") {
				label = name
			}
		}
	}
	if len(label) > len("midwatch") && strings.EqualFold(label[:len("midwatch")], "midwatch") {
		rest := label[len("midwatch"):]
		if sameKey(rest, "_"+key) || sameKey(rest, "_io_"+key) {
			return 0
		}
	}
	if sameKey(label, key) {
		return 1
	}
	for i, name := range others {
		if sameKey(label, name) {
			return i + 2
		}
	}
	return -1
}

// sameKey compares a label with a key, which is in lower case and has only
// underscores.
func sameKey(label, key string) bool {
	if len(label) != len(key) {
		return false
	}
	for i := range len(key) {
		c := label[i]
		switch {
		case c == '.' || c == '-' || c == '/':
			c = '_'
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if c != key[i] {
			return false
		}
	}
	return true
}

// Normalize fills in what the driver left open: zone, version and weight of
// instances from their metadata or their service's, and the dependencies: what
// configuration says of the service, else what the driver read, else the
// metadata of the service and its instances. The service is the caller's; its
// slice of instances is copied before it is changed. A weight that is none is a
// warning.
func Normalize(s *fleet.Service, rules []fleet.ServiceRule) (warnings []fleet.Warning) {
	depends := s.DependsOn
	read := depends == nil
	if v, _, ok := Meta(s.Labels, "depends_on"); ok && read {
		depends = addNames(depends, v)
	}
	instances := s.Instances
	copied := false
	for i := range instances {
		in := instances[i]
		if v, _, ok := Meta(in.Labels, "depends_on"); ok && read {
			depends = addNames(depends, v)
		}
		changed, warning := fill(s, &in)
		if warning != "" {
			warnings = append(warnings, fleet.Warning{Where: fleet.Key{Ref: s.Ref, Instance: in.ID}.String(), Detail: warning})
		}
		if changed && !copied {
			instances, copied = slices.Clone(instances), true
		}
		if changed {
			instances[i] = in
		}
	}
	s.Instances, s.DependsOn = instances, depends
	for _, r := range rules {
		if p, err := selection.ParsePattern(r.Match); err == nil && len(r.DependsOn) > 0 && p.Match(s.Ref) != p.Not {
			s.DependsOn = r.DependsOn
			break
		}
	}
	return warnings
}

// fill sets what an instance does not say itself.
func fill(s *fleet.Service, in *fleet.Instance) (changed bool, warning string) {
	if len(in.Labels)+len(s.Labels) == 0 {
		return false, ""
	}
	for _, f := range [...]struct {
		key   string
		field *string
	}{{"zone", &in.Zone}, {"version", &in.Version}} {
		if *f.field == "" {
			if v, _, ok := lookup(s, in, f.key); ok {
				*f.field, changed = v, true
			}
		}
	}
	if v, label, ok := lookup(s, in, "weight"); ok && in.Weight == 0 {
		w, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil || w < 0 {
			return changed, fmt.Sprintf("label %q: weight %q is not a whole number from 0 on; it counts as none", label, v)
		}
		in.Weight, changed = w, changed || w != 0
	}
	return changed, ""
}

// lookup reads a key of an instance, else of its service.
func lookup(s *fleet.Service, in *fleet.Instance, key string) (value, label string, ok bool) {
	if value, label, ok = Meta(in.Labels, key); ok {
		return value, label, ok
	}
	return Meta(s.Labels, key)
}

// addNames adds the names of a comma separated list that are not there yet.
func addNames(names []string, list string) []string {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
