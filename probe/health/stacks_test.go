package health_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe"
)

// TestStacks is the table of the wire reference, section B1: what each stack
// answers in each state it knows, and what that comes to on a guessed path. The
// bodies are those of the stacks' own documentation and source.
func TestStacks(t *testing.T) {
	for _, c := range []struct {
		stack  string
		status int
		kind   string
		body   string
		want   string // dialect, outcome, reason
	}{
		{"Spring Boot, details hidden", 200, "application/vnd.spring-boot.actuator.v3+json", `{"status":"UP"}`, "spring pass"},
		{"Spring Boot, hidden and down", 503, "application/vnd.spring-boot.actuator.v3+json", `{"status":"DOWN"}`, "spring fail reported"},
		{"Spring Boot, the root", 200, "", `{"status":"UP","components":{"db":{"status":"UP","details":{"database":"PostgreSQL","validationQuery":"isValid()"}},"diskSpace":{"status":"UP","details":{"total":100,"free":50,"threshold":10,"path":"/.","exists":true}}},"groups":["liveness","readiness"]}`, "spring pass"},
		{"Spring Boot, refusing traffic", 503, "", `{"status":"OUT_OF_SERVICE","components":{"readinessState":{"status":"OUT_OF_SERVICE"}}}`, "spring fail draining"},
		{"Spring Boot, UNKNOWN", 200, "", `{"status":"UNKNOWN","components":{"x":{"status":"UNKNOWN"}}}`, "spring unknown reported"},
		{"Spring Boot, a status of one's own", 200, "", `{"status":"FATAL","components":{"x":{"status":"FATAL"}}}`, "spring fail reported"},
		{"health+json, the draft's example", 200, "application/health+json", `{"status":"pass","version":"1","releaseId":"1.2.2","notes":[""],"output":"","serviceId":"f03e522f","description":"health of authz service","checks":{"cassandra:responseTimes":[{"componentId":"dfd6cf2b","componentType":"datastore","observedValue":250,"observedUnit":"ms","status":"pass","affectedEndpoints":["/users/{userId}"],"time":"2018-01-17T03:36:48Z","output":""}],"uptime":[{"componentType":"system","observedValue":1209600.245,"observedUnit":"s","status":"pass"}]},"links":{"about":"http://api.example.com/about/authz"}}`, "ietf pass"},
		{"health+json, warn", 200, "application/health+json", `{"status":"warn","checks":{"postgres:responseTime":[{"status":"warn","output":"p95 over 500 ms"}]}}`, "ietf warn reported"},
		{"health+json, an alias", 500, "application/health+json", `{"status":"ERROR","output":"no database"}`, "ietf fail reported"},
		{"ASP.NET Core", 200, "text/plain", "Healthy", "aspnet pass"},
		{"ASP.NET Core, degraded", 200, "text/plain", "Degraded", "aspnet warn reported"},
		{"ASP.NET Core, unhealthy", 503, "text/plain", "Unhealthy", "aspnet fail reported"},
		{"ASP.NET, UI writer", 503, "application/json", `{"status":"Unhealthy","totalDuration":"00:00:00.0312","entries":{"redis":{"data":{},"description":"timeout","duration":"00:00:00.03","exception":"It was not possible to connect","status":"Unhealthy","tags":["ready"]}}}`, "aspnet fail reported"},
		{"MicroProfile", 200, "application/json", `{"status":"UP","checks":[{"name":"live","status":"UP","data":{"uptime":7}}]}`, "microprofile pass"},
		{"MicroProfile, down", 503, "application/json", `{"status":"DOWN","checks":[{"name":"db","status":"DOWN","data":{"rootCause":"timeout"}}]}`, "microprofile fail reported"},
		{"MicroProfile, no checks yet", 200, "application/json", `{"status":"UP","checks":[]}`, "microprofile pass"},
		{"Kubernetes, short", 200, "text/plain; charset=utf-8", "ok", "text pass"},
		{"Kubernetes, failed", 500, "text/plain; charset=utf-8", "[+]ping ok\n[-]etcd failed: reason withheld\nhealthz check failed\n", "kubernetes fail reported"},
		{"Dropwizard Metrics", 200, "application/json", `{"deadlocks":{"healthy":true,"duration":0,"timestamp":"2026-01-01T00:00:00.000Z"}}`, "dropwizard pass"},
		{"Dropwizard Metrics, failed", 500, "application/json", `{"db":{"healthy":false,"message":"gone","error":{"type":"java.sql.SQLException","message":"gone","stack":["a","b"]},"duration":12,"timestamp":"x"}}`, "dropwizard fail reported"},
		{"Dropwizard Metrics, no checks", 501, "application/json", "{}", "- unknown not_found"},
		{"Dropwizard health", 200, "application/json", `[{"name":"db","healthy":true,"type":"READY","critical":true}]`, "dropwizard pass"},
		{"Dropwizard health, without names", 200, "application/json", "[]", "- unknown body"},
		{"hellofresh", 200, "application/json", `{"status":"OK","timestamp":"2026-01-01T00:00:00Z","system":{"version":"go1.26","goroutines_count":4,"total_alloc_bytes":21321,"heap_objects_count":21323,"alloc_bytes":234523},"component":{"name":"n","version":"v"}}`, "hellofresh pass"},
		{"hellofresh, in parts", 200, "application/json", `{"status":"Partially Available","timestamp":"x","failures":{"rabbitmq":"refused"},"system":{}}`, "hellofresh warn reported"},
		{"hellofresh, down", 503, "application/json", `{"status":"Unavailable","timestamp":"x","failures":{"rabbitmq":"refused"}}`, "hellofresh fail reported"},
		{"alexliesenfeld, not run yet", 503, "application/json", `{"status":"unknown","details":{"db":{"status":"unknown","timestamp":"0001-01-01T00:00:00Z"}}}`, "alexliesenfeld unknown starting"},
		{"alexliesenfeld, down", 503, "application/json", `{"status":"down","info":{},"details":{"db":{"status":"down","timestamp":"2026-01-01T00:00:00Z","error":"x"}}}`, "alexliesenfeld fail reported"},
		{"heptio", 503, "application/json", "{}\n", "- fail status"},
		{"heptio, full", 503, "application/json", `{"db":"OK","dns":"lookup failed"}`, "checks fail reported"},
		{"InVision, before its first run", 200, "application/json", `{"status":"ok","message":"Healthcheck spinning up"}`, "status unknown starting"},
		{"InVision, failed", 500, "application/json", `{"status":"failed","details":{"db":{"name":"db","status":"failed","error":"gone","fatal":true}}}`, "alexliesenfeld fail reported"},
		{"go-zero", 200, "text/plain", "OK", "text pass"},
		{"go-zero, not ready", 503, "text/plain", "Service Unavailable\n", "- fail status"},
		{"godaddy/terminus, while it stops", 503, "application/json", `{"status":"error","error":{},"details":{}}`, "status fail reported"},
		{"NestJS", 200, "application/json", `{"status":"ok","info":{"db":{"status":"up"}},"error":{},"details":{"db":{"status":"up"}}}`, "terminus pass"},
		{"NestJS, while it stops", 503, "application/json", `{"status":"shutting_down","info":{"db":{"status":"up"}},"error":{},"details":{"db":{"status":"up"}}}`, "terminus fail draining"},
		{"lightship", 500, "text/html", "SERVER_IS_NOT_READY", "lightship fail reported"},
		{"lightship, while it stops", 500, "text/html", "SERVER_IS_SHUTTING_DOWN", "lightship fail draining"},
		{"Django", 500, "application/json", `{"DatabaseBackend": "working", "Cache": "unavailable: refused"}`, "checks fail reported"},
		{"FastAPI, a dict of one's own", 503, "application/json", `{"database":"online","cache":false}`, "- fail status"},
		{"by hand", 200, "application/json", `{"status":"healthy","timestamp":"2026-11-22T20:11:05Z","uptime":1234,"version":"1.0.0"}`, "status pass"},
		{"Envoy's admin port", 200, "text/plain; charset=UTF-8", "LIVE\n", "text pass"},
		{"Envoy, draining", 503, "text/plain; charset=UTF-8", "DRAINING\n", "text fail draining"},
		{"Envoy, starting", 503, "text/plain; charset=UTF-8", "PRE_INITIALIZING\n", "text unknown starting"},
		{"Consul's agent", 429, "text/plain", "warning", "text warn limited"},
		{"Consul's agent, critical", 503, "text/plain", "critical", "text fail reported"},
		{"Consul's agent, as JSON", 503, "application/json", `{"AggregatedStatus":"maintenance","Service":{"ID":"web1"},"Checks":[]}`, "status fail draining"},
		{"Dubbo", 200, "text/plain", "true", "text pass"},
		{"Dubbo, not ready", 503, "text/plain", "false", "text fail reported"},
		{"etcd", 503, "application/json", `{"health":"false","reason":"RAFT NO LEADER"}`, "status fail reported"},
		{"Prometheus, starting", 503, "text/plain", "Service Unavailable", "- fail status"},
		{"hyperlane, every path", 200, "text/plain", "", "- unknown body"},
		{"a single-page application", 200, "text/html", "<!doctype html><title>Orders</title>", "- unknown page"},
	} {
		a := answered(c.status, c.body, "Content-Type", c.kind)
		v := mustHold(t, a)
		d := probe.Decide(a, v, false, false)
		if got := strings.TrimSpace(or(v.Dialect, "-") + " " + d.Outcome.String() + " " + string(d.Reason)); got != c.want {
			t.Errorf("%s: %d %s\n got %s (%s)\nwant %s", c.stack, c.status, c.body, got, d.Detail, c.want)
		}
	}
}
