package profile

import (
	"maps"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// builtins are the profiles that exist without configuration. Their paths are
// alternatives and not named by anybody: a bare 2xx alone proves nothing there.
var builtins = map[string]fleet.Profile{
	"spring": {
		HealthPaths: []string{"/actuator/health/readiness", "/actuator/health"},
		MetricsPath: "/actuator/prometheus", Breakers: fleet.BreakerAPI{API: "actuator"},
	},
	"quarkus":  {HealthPaths: []string{"/q/health/ready", "/q/health"}, MetricsPath: "/q/metrics"},
	"dotnet":   {HealthPaths: []string{"/health/ready", "/healthz", "/health"}, MetricsPath: "/metrics"},
	"go":       {HealthPaths: []string{"/readyz", "/healthz", "/health"}, MetricsPath: "/metrics"},
	"node":     {HealthPaths: []string{"/health/ready", "/ready", "/health", "/healthz"}, MetricsPath: "/metrics"},
	"python":   {HealthPaths: []string{"/health", "/healthz", "/readyz", "/ht/"}, MetricsPath: "/metrics"},
	"envoy":    {HealthPaths: []string{"/ready"}, MetricsPath: "/stats/prometheus", Breakers: fleet.BreakerAPI{API: "envoy"}},
	"haproxy":  {Probe: probe.TCP, MetricsPath: "/metrics", Breakers: fleet.BreakerAPI{API: "haproxy"}},
	"midwatch": {HealthPaths: []string{"/health"}, MetricsPath: "/metrics", Breakers: fleet.BreakerAPI{API: "httpapi"}},
	"plain":    {HealthPaths: []string{"/health", "/healthz", "/status", "/"}, MetricsPath: "/metrics"},
}

// guesses are the paths tried where nobody says anything: readiness before
// health, the usual ones first.
var guesses = []string{
	"/actuator/health/readiness", "/actuator/health", "/health/ready", "/health", "/healthz", "/readyz",
	"/q/health/ready", "/q/health", "/health-check", "/healthcheck", "/status", "/ping", "/livez",
}

// healthAtAdmin says of which built-in profiles the admin port serves health.
func healthAtAdmin(builtin string) bool {
	return builtin == "spring" || builtin == "quarkus" || builtin == "envoy"
}

// Builtin lists the profiles that exist without configuration, by name.
func Builtin() []string { return slices.Sorted(maps.Keys(builtins)) }

// merge lays a profile over the one it extends: what it does not say comes from
// there; headers and ports one by one.
func merge(over, under fleet.Profile) fleet.Profile {
	out := over
	set(&out.Probe, under.Probe)
	set(&out.Scheme, under.Scheme)
	set(&out.MetricsPath, under.MetricsPath)
	set(&out.Breakers.API, under.Breakers.API)
	set(&out.Breakers.Path, under.Breakers.Path)
	set(&out.Breakers.CSRF, under.Breakers.CSRF)
	set(&out.Breakers.Mapping, under.Breakers.Mapping)
	set(&out.TLS, under.TLS)
	set(&out.Strict, under.Strict)
	set(&out.Slow, under.Slow)
	set(&out.WarnDays, under.WarnDays)
	set(&out.FailDays, under.FailDays)
	set(&out.Proxy, under.Proxy)
	setList(&out.HealthPaths, under.HealthPaths)
	setList(&out.GRPCServices, under.GRPCServices)
	setList(&out.AllowHosts, under.AllowHosts)
	setList(&out.AllowSockets, under.AllowSockets)
	out.Ports = mergeMaps(over.Ports, under.Ports)
	out.Headers = mergeMaps(over.Headers, under.Headers)
	if out.Auth.IsZero() {
		out.Auth = under.Auth
	}
	return out
}

// set gives a field that says nothing a value.
func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// setList is set for lists.
func setList(field *[]string, value []string) {
	if *field == nil {
		*field = value
	}
}

// mergeMaps is both, over winning.
func mergeMaps[V any](over, under map[string]V) map[string]V {
	if len(over) == 0 || len(under) == 0 {
		if len(over) == 0 {
			return under
		}
		return over
	}
	out := maps.Clone(under)
	maps.Copy(out, over)
	return out
}
