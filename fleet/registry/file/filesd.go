package file

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// serviceLabels name the service of a target group, the first one wins; the
// file's base name is used where none is there.
func serviceLabels() []string {
	return []string{"midwatch_service", "service", "job", "__meta_consul_service", "__meta_kubernetes_service_name"}
}

// targetGroups reads Prometheus file_sd: a list of {targets, labels}. Groups of
// one service join. As in Prometheus only those two keys are allowed. A target
// without a port has that of its scheme; the id is the target as written.
func (r *reader) targetGroups(doc node) []fleet.Service {
	byName := map[string]*fleet.Service{}
	taken := map[string]map[string]bool{}
	var order []string
	r.each(doc, "", func(n node, path string) {
		before := len(r.problems)
		var labels map[string]string
		var targets []target
		r.fields(n, path, map[string]func(node, string){
			"targets": func(n node, path string) { targets = r.targets(n, path) },
			"labels":  r.labels(&labels),
		})
		name := r.serviceOf(labels)
		if r.badName(n.at, path+".labels", name); len(r.problems) > before {
			return
		}
		svc := byName[name]
		if svc == nil {
			svc = &fleet.Service{Ref: fleet.Ref{Name: name}}
			byName[name], taken[name] = svc, make(map[string]bool, len(targets))
			order = append(order, name)
		}
		kept := ours(labels) // one map for the group: a set is frozen
		svc.Instances = slices.Grow(svc.Instances, len(targets))
		for _, t := range targets {
			addr, problem := t.resolve(kept["scheme"])
			switch {
			case problem != "":
				r.failText(t.at, t.path, fmt.Sprintf("%q: %s", t.text, problem), "")
			case taken[name][t.text]:
				r.warnings = append(r.warnings, fleet.Warning{Where: r.where(t.at), Detail: fmt.Sprintf("target %q of service %q is listed twice; the first counts", t.text, name)})
			default:
				taken[name][t.text] = true
				svc.Instances = append(svc.Instances, fleet.Instance{ID: t.text, Addr: addr, Labels: kept})
			}
		}
	})
	services := make([]fleet.Service, 0, len(order))
	for _, name := range order {
		services = append(services, *byName[name])
	}
	return services
}

// target is one entry of targets.
type target struct {
	text, path string
	at         place
}

// targets reads the targets of a group.
func (r *reader) targets(n node, path string) []target {
	out := make([]target, 0, len(n.items))
	r.each(n, path, func(n node, path string) {
		t := target{path: path, at: n.at}
		r.name(&t.text)(n, path)
		if n.kind == text && n.text == "" {
			r.failText(n.at, path, "empty", "")
		}
		if t.text != "" {
			out = append(out, t)
		}
	})
	return out
}

// resolve is the target's address with a port.
func (t target) resolve(scheme string) (addr, problem string) {
	s := t.text
	bare := strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") || !strings.Contains(s, ":")
	if bare && !strings.HasPrefix(s, "/") {
		port := "80"
		if scheme == "https" {
			port = "443"
		}
		s = net.JoinHostPort(strings.Trim(s, "[]"), port)
	}
	return checkAddress(s)
}

// serviceOf is the name of a group's service.
func (r *reader) serviceOf(labels map[string]string) string {
	for _, key := range serviceLabels() {
		if labels[key] != "" {
			return labels[key]
		}
	}
	base := filepath.Base(r.file)
	return cmp.Or(strings.TrimSuffix(base, filepath.Ext(base)), base) // .json is all name
}

// ours are the labels as midwatch reads them: __scheme__ and __metrics_path__
// under our own keys unless those are there, __meta_* as they are, and of
// Prometheus' other internal labels none.
func ours(labels map[string]string) map[string]string {
	out := make(map[string]string, len(labels))
	for key, value := range labels {
		if !strings.HasPrefix(key, "__") || strings.HasPrefix(key, "__meta_") {
			out[key] = value
		}
	}
	for from, to := range map[string]string{"__scheme__": "scheme", "__metrics_path__": "metrics_path"} {
		if value := labels[from]; value != "" && out[to] == "" {
			out[to] = value
		}
	}
	return out
}
