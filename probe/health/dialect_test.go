package health_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe/health"
)

// summary is a Verdict in one line: dialect, word, flags, then the components.
func summary(v health.Verdict) string {
	parts := []string{or(v.Dialect, "-"), v.Word.String()}
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{v.Draining, "draining"},
		{v.Starting, "starting"},
		{v.Stale, "stale"},
		{v.Unreadable, "unreadable"},
		{v.Page, "page"},
		{v.Lie, "lie"},
	} {
		if flag.set {
			parts = append(parts, flag.name)
		}
	}
	if v.Detail != "" {
		parts = append(parts, fmt.Sprintf("(%s)", v.Detail))
	}
	for _, c := range v.Components {
		text := c.Name + "=" + c.Word.String()
		if c.Detail != "" {
			text += "(" + c.Detail + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// dialects are bodies beside the recorded ones: other versions, other makers of
// the same form, and what comes near to it and is something else. Each dialect's
// are seeds of its fuzzer, too.
var dialects = map[string][]struct {
	status int
	body   string
	want   string
}{
	"spring": {
		{200, `{"status":"UP","diskSpace":{"status":"UP","total":1},"db":{"status":"DOWN","error":"timeout"}}`, "spring well lie db=ill(timeout) diskSpace=well"},
		{503, `{"status":"DOWN","details":{"db":{"status":"DOWN","details":{"error":"java.sql.SQLException: gone"}}}}`, "spring ill db=ill(java.sql.SQLException: gone)"},
		{503, `{"status":"DOWN","components":{"a":{"status":"DOWN","components":{"b":{"status":"DOWN","details":{"error":"x"}}}}}}`, "spring ill a=ill a/b=ill(x)"},
		{200, `{"status":"OUT_OF_SERVICE","groups":["a"]}`, "spring ill draining"},
		{200, `{"description":"Spring","status":"UP","components":{}}`, "spring well"},
		{200, `{"status":"UP","components":[{"name":"db","status":"DOWN"}]}`, "status well lie db=ill"},
		{200, `{"status":"SHAKY","groups":[]}`, "spring unknown"},
	},
	"microprofile": {
		{503, `{"status":"DOWN","checks":[{"name":"db","status":"DOWN","data":{"rootCause":"timeout"}},{"name":"disk","status":"UP"}]}`, "microprofile ill db=ill(timeout) disk=well"},
		{200, `{"status":"UP","checks":[]}`, "microprofile well"},
		{200, `{"outcome":"UP","checks":[{"name":"x","state":"UP"}]}`, "microprofile well x=well"},
		{200, `{"status":"ok","checks":[{"id":1}]}`, "status well"},
	},
	"ietf": {
		{200, `{"status":"warn","output":"slow","checks":{"postgres:responseTime":[{"componentType":"datastore","observedValue":812,"observedUnit":"ms","status":"warn","output":"p95 over 500 ms"}]}}`, "ietf warn (slow) postgres:responseTime=warn(p95 over 500 ms)"},
		{200, `{"status":"PASS","checks":{"cpu":[{"componentId":"a","status":"pass","observedValue":1.5},{"componentId":"b","status":"fail","observedValue":"99","observedUnit":"percent"}]}}`, "ietf well lie cpu/a=well(1.5) cpu/b=ill(99 percent)"},
		{200, `{"status":"pass","details":{"m":[{"metricValue":3,"metricUnit":"s","status":"pass"}]}}`, "ietf well m=well(3 s)"},
		{200, `{"status":"pass","checks":{"m":[{"observedValue":{"a":1},"status":"pass"}]}}`, "ietf well m=well"},
		{200, `{"status":"pass","checks":{}}`, "status well"},
	},
	"aspnet": {
		{200, `{"status":"Degraded","totalDuration":"00:00:00.0312","entries":{"redis":{"data":{},"description":"slow","duration":"00:00:00.03","status":"Degraded","tags":["ready"]}}}`, "aspnet warn redis=warn(slow)"},
		{503, `{"status":"Unhealthy","entries":{"db":{"status":"Unhealthy","exception":"Npgsql: timeout"},"q":{"status":"Healthy"}}}`, "aspnet ill db=ill(Npgsql: timeout) q=well"},
		{200, "Degraded", "aspnet warn"},
		{503, "Unhealthy\n", "aspnet ill"},
		{200, "Healthy", "aspnet well"},
	},
	"terminus": {
		{503, `{"status":"error","info":{"a":{"status":"up"}},"error":{"db":{"status":"down","message":"timeout"}},"details":{"a":{"status":"up"},"db":{"status":"down","message":"timeout"}}}`, "terminus ill a=well db=ill(timeout)"},
		{200, `{"status":"ok","info":{"a":{"status":"up"}},"error":{},"details":{"a":{"status":"up"}}}`, "terminus well a=well"},
		{200, `{"status":"ok","info":{"a":{"status":"up"}},"details":{"a":{"status":"up"}}}`, "terminus well a=well"},
		{503, `{"status":"shutting_down","info":{},"error":{},"details":{}}`, "terminus ill draining"},
		{503, `{"status":"error","error":[{"message":"gone"}],"details":[{"message":"gone"}]}`, "terminus ill (gone)"},
		{503, `{"status":"error","error":[],"details":[]}`, "terminus ill"},
	},
	"hellofresh": {
		{200, `{"status":"Partially Available","timestamp":"x","failures":{"mq":"refused"}}`, "hellofresh warn mq=warn(refused)"},
		{503, `{"status":"Unavailable","failures":{"mq":"refused"},"component":{"name":"a"}}`, "hellofresh ill mq=ill(refused)"},
		{200, `{"status":"OK","timestamp":"x","component":{"name":"a","version":"1"}}`, "hellofresh well"},
		{200, `{"status":"OK","component":{"name":"a"}}`, "status well"},
	},
	"alexliesenfeld": {
		{503, `{"status":"down","details":{"db":{"status":"down","timestamp":"2026-01-01T00:00:00Z","error":"x"}}}`, "alexliesenfeld ill db=ill(x)"},
		{503, `{"status":"unknown","details":{"db":{"status":"unknown","timestamp":"0001-01-01T00:00:00Z"}}}`, "alexliesenfeld unknown starting db=unknown"},
		{503, `{"status":"unknown","details":{"db":{"status":"unknown","timestamp":"2026-01-01T00:00:00Z"}}}`, "alexliesenfeld unknown db=unknown"},
		{503, `{"status":"unknown"}`, "status unknown"},
	},
	"dropwizard": {
		{500, `{"db":{"healthy":false,"message":"gone","error":{"type":"x","message":"y"},"duration":12},"dl":{"healthy":true}}`, "dropwizard ill db=ill(y) dl=well"},
		{200, `{"db":{"healthy":false}}`, "dropwizard ill db=ill"},
		{200, `{"db":{"healthy":true}}`, "dropwizard well db=well"},
		{501, `{}`, "- none"},
		{503, `[{"name":"db","healthy":false,"type":"READY","critical":true}]`, "dropwizard ill db=ill"},
		{200, `[{"name":"db","healthy":false,"type":"READY","critical":false},{"name":"q","healthy":true,"critical":true}]`, "dropwizard well lie db=ill q=well"},
		{200, `[]`, "- none"},
		{200, `{"db":{"healthy":"yes"}}`, "- none"},
	},
	"checks": {
		{503, `{"db":"OK","dns":"lookup failed"}`, "checks ill db=well dns=ill(lookup failed)"},
		{200, `{"DatabaseBackend":"working","Cache":"unavailable: x"}`, "checks ill Cache=ill(x) DatabaseBackend=well"},
		{503, `{"db":"didn't run yet"}`, "checks unknown starting db=unknown"},
		{200, `{"etcdserver":"3.4.23","etcdcluster":"3.4.0"}`, "- none"},
		{200, `{"db":"OK","note":"all fine"}`, "- none"},
		{200, `{"message":"OK"}`, "- none"},
		{500, `{"message":"nil pointer","path":"/health"}`, "- none (nil pointer)"},
		{200, "A(): OK\nB(x='y'): Warning: slow\n", "checks warn A()=well B(x='y')=warn(slow)"},
		{500, "A(): went away\nB(): OK", "checks ill A()=ill(went away) B()=well"},
		{500, "A(): went away", "- none (A(): went away)"},
		{200, `[{"name":"db","status":"UP"},{"ok":false,"error":"x"}]`, "checks well lie check 2=ill(x) db=well"},
		{200, `[{"name":"a","status":"FROB"}]`, "- none"},
		{200, `[1,2]`, "- none"},
		{200, `[{"name":"a"}]`, "- none"},
	},
	"status": {
		{200, `{"status":"healthy","timestamp":"2026-11-22T20:11:05Z","uptime":1234,"version":"1.0.0"}`, "status well"},
		{200, "\xef\xbb\xbf {\"Status\":\"Up\"}", "status well"},
		{200, `{"state":"RUNNING"}`, "status well"},
		{200, `{"health":"false","reason":"NO LEADER"}`, "status ill (NO LEADER)"},
		{200, `{"health":true}`, "status well"},
		{200, `{"healthy":false}`, "status ill (healthy is false)"},
		{200, `{"ready":false,"error":"warming"}`, "status ill (warming)"},
		{200, `{"status":{"code":"UP","description":""}}`, "status well"},
		{200, `{"status":{"code":1}}`, "- none"},
		{200, `{"AggregatedStatus":"warning","Service":{}}`, "status warn"},
		{200, `{"status":"200"}`, "- none"},
		{200, `{"status":200,"healthy":false}`, "status ill (healthy is false)"},
		{200, `{"status":null,"state":""}`, "- none"},
		{200, `{"status":"ok","postgres":"ok","redis":"down"}`, "status well lie postgres=well redis=ill"},
		{200, `{"status":"ok","message":"Healthcheck spinning up"}`, "status unknown starting (Healthcheck spinning up)"},
		{200, `{"status":"starting"}`, "status unknown starting"},
		{200, `{"status":"ok","checks":{"db":true,"mail":false,"n":3,"v":"1.0"}}`, "status well lie db=well mail=ill"},
		{500, `{"status":"Internal Server Error","message":"boom"}`, "status none (boom)"},
		{200, `{"status":"Internal Server Error"}`, "status unknown"},
		{200, `{"error":{"code":1,"message":"db gone"}}`, "error unknown (db gone)"},
		{200, `{"errors":["a","b"]}`, "error unknown (a)"},
		{200, `{"error":true,"message":"no"}`, "error unknown (no)"},
		{200, `{"error":"","data":1}`, "- none"},
		{200, `{"error":null}`, "- none"},
		{503, `{"error":"no workers"}`, "error none (no workers)"},
		{200, "{\"status\":\"DOWN\",\"error\":\"line\none\ttwo\x1b[31m\"}", "status ill (line one two [31m)"},
		{200, `{"status":"UP"`, "- none unreadable"},
		{200, `{'status': 'UP'}`, "- none unreadable"},
		{200, `{"status":"UP"}{"status":"DOWN"}`, "- none unreadable"},
		{404, `{"status":"DOWN"}`, "- none"},
		{429, `{"status":"warning"}`, "status warn"},
	},
	"lightship": {
		{200, "SERVER_IS_READY", "lightship well"},
		{500, "SERVER_IS_NOT_READY", "lightship ill"},
		{500, "SERVER_IS_SHUTTING_DOWN", "lightship ill draining"},
		{200, "SERVER_IS_NOT_SHUTTING_DOWN", "lightship well"},
		{200, "SERVER_IS_A_TEAPOT", "- none"},
	},
	"text": {
		{200, "OK\r\n", "text well"},
		{200, "true", "text well"},
		{200, "false", "text ill"},
		{200, `"healthy"`, "text well"},
		{200, `"not closed`, "- none"},
		{200, "LIVE", "text well"},
		{503, "DRAINING", "text ill draining"},
		{503, "PRE_INITIALIZING", "text unknown starting"},
		{200, "Prometheus Server is Healthy.", "text well"},
		{503, "Service Unavailable", "- none (Service Unavailable)"},
		{200, "Service is not ready", "text ill (Service is not ready)"},
		{200, "Server is shutting down", "text ill draining"},
		{200, "Warning: disk is slow", "text warn (Warning: disk is slow)"},
		{200, "Service ready.", "text well"},
		{200, "no success", "- none"},
		{200, "Hello, world", "- none"},
		{200, "It works!", "- none"},
		{200, "the quick brown fox is up for a very long walk through the ready woods", "- none"},
		{200, "OK\nall of it", "- none"},
		{200, "null", "- none"},
		{200, "17", "- none"},
		{200, "\xff\xfe", "- none"},
	},
	"openmetrics": {
		{200, "# HELP django_health_check_overall_status x\n# TYPE django_health_check_overall_status gauge\ndjango_health_check_overall_status 0\n# EOF", "openmetrics ill (django_health_check_overall_status is 0)"},
		{200, "django_health_check_overall_status 1.0\n", "openmetrics well"},
		{200, "http_requests_total 17\n", "- none"},
		{200, "x_overall_status NaN\n", "- none"},
	},
	"kubernetes": {
		{500, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed", "kubernetes ill etcd=ill(reason withheld) ping=well"},
		{200, "[+]ping ok\n[+]etcd excluded: ok\nwarn: some health checks cannot be excluded: no matches for \"x\"\nreadyz check passed", "kubernetes well etcd=unknown ping=well"},
		{500, "[+]ping ok\n[-]poststarthook/x failed: not finished", "kubernetes ill ping=well poststarthook/x=ill(not finished)"},
		{200, "[+]ping ok", "kubernetes well ping=well"},
		{200, "[-]", "kubernetes ill =ill"},
		{200, "[-1]", "- none"},
	},
	"page": {
		{200, "<!DOCTYPE html><html></html>", "- none page"},
		{200, "\n <HTML lang=en>", "- none page"},
		{200, "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC>", "- none page"},
		{200, "<!-- a -->\n<html>", "- none page"},
		{200, "<h1>OK</h1>", "- none page"},
		{200, "<html><body><h1>200 OK</h1>\nService ready.\n</body></html>", "- none page (HAProxy's monitor answers, for itself)"},
		{200, "<health><status>UP</status></health>", "- none"},
		{200, "<?xml version=\"1.0\"?><a/>", "- none"},
		{200, "<!-- never closed", "- none"},
		{200, "<?xml never closed", "- none"},
		{503, "<html>", "- none page"},
	},
}

func TestDialects(t *testing.T) {
	for dialect, cases := range dialects {
		for _, c := range cases {
			if got := summary(health.Read(answered(c.status, c.body))); got != c.want {
				t.Errorf("%s: %d %.120q: %s\nwant: %s", dialect, c.status, c.body, got, c.want)
			}
		}
	}
}

// TestMediaType: what the body leaves open, the Content-Type may settle; what
// it says it may not gainsay.
func TestMediaType(t *testing.T) {
	for _, c := range []struct{ kind, body, want string }{
		{"application/vnd.spring-boot.actuator.v3+json", `{"status":"UP"}`, "spring well"},
		{"application/health+json; charset=utf-8", `{"status":"fail","output":"x"}`, "ietf ill (x)"},
		{"text/html", "OK", "text well"},
		{"text/html", `{"status":"DOWN"}`, "status ill"},
		{"application/json", "<!doctype html>", "- none page"},
		{"text/plain", "{\"health\":\"true\"}", "status well"},
	} {
		if got := summary(health.Read(answered(200, c.body, "Content-Type", c.kind))); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.kind, c.body, got, c.want)
		}
	}
}

func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		status  int
		body    string
		headers []string
		want    string
	}{
		{200, "OK", []string{"x-envoy-immediate-health-check-fail", "true"}, "envoy ill draining"},
		{404, "", []string{"X-Envoy-Immediate-Health-Check-Fail", "1"}, "envoy ill draining"},
		{200, "OK", []string{"X-Envoy-Immediate-Health-Check-Fail", "false"}, "text well"},
		{200, "OK", []string{"X-Envoy-Immediate-Health-Check-Fail", "true", "Age", "9999"}, "envoy ill draining"},
		{200, "OK", []string{"X-Envoy-Degraded", "true"}, "envoy warn"},
		{200, "DOWN", []string{"X-Envoy-Degraded", "true"}, "text ill"},
		{200, "", []string{"X-Envoy-Degraded", "true"}, "envoy warn"},
		{200, "OK", []string{"Age", "86400", "X-Cache", "HIT"}, "text well stale"},
		{200, "OK", []string{"Age", "2", "X-Cache", "HIT"}, "text well"},
		{200, "OK", []string{"Age", "0"}, "text well"},
		{200, "OK", []string{"Age", "old"}, "text well"},
		{200, "OK", []string{"X-Cache", "HIT from edge-3"}, "text well stale"},
		{200, "OK", []string{"X-Cache", "MISS"}, "text well"},
		{200, "OK", []string{"X-Cache-Status", "STALE"}, "text well stale"},
		{200, "OK", []string{"CF-Cache-Status", "DYNAMIC"}, "text well"},
	} {
		if got := summary(health.Read(answered(c.status, c.body, c.headers...))); got != c.want {
			t.Errorf("%d %q %q: %s, want %s", c.status, c.body, c.headers, got, c.want)
		}
	}
}

// TestBounds: a body made to swell takes no more than its share.
func TestBounds(t *testing.T) {
	deep := strings.Repeat(`{"status":"UP","components":{"a":`, 3000) + "1" + strings.Repeat("}}", 3000)
	if v := health.Read(answered(200, deep)); v.Word != health.Well || len(v.Components) > 10 {
		t.Errorf("deep: %s, %d components", v.Word, len(v.Components))
	}
	deeper := strings.Repeat(`{"a":`, 200_000) + strings.Repeat("}", 200_000)
	if v := health.Read(answered(200, deeper)); !v.Unreadable {
		t.Errorf("deeper: %s", summary(v))
	}
	var wide strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&wide, `"c%d":{"status":"UP"},`, i)
	}
	for _, body := range []string{
		`{"status":"UP","components":{` + wide.String() + `"z":{"status":"DOWN"}}}`,
		`{` + strings.ReplaceAll(wide.String(), `{"status":"UP"}`, `"OK"`) + `"z":"OK"}`,
		`{` + strings.ReplaceAll(wide.String(), `"status":"UP"`, `"healthy":true`) + `"z":{"healthy":true}}`,
		`[` + strings.Repeat(`{"name":"a","healthy":true,"critical":true},`, 5000) + `{"name":"a","healthy":true,"critical":true}]`,
		`{"status":"OK","failures":{` + strings.ReplaceAll(wide.String(), `{"status":"UP"}`, `"x"`) + `"z":"x"}}`,
		strings.Repeat("[+]ping ok\n", 5000),
		"[" + strings.Repeat(`{"ok":true},`, 5000) + `{"ok":true}]`,
	} {
		if v := health.Read(answered(200, body)); len(v.Components) > 500 || v.Word != health.Well {
			t.Errorf("%.60q: %s, %d components", body, v.Word, len(v.Components))
		}
	}
	long := strings.Repeat("x", 100_000)
	v := health.Read(answered(503, `{"status":"DOWN","error":"`+long+`","components":{"`+long+`":{"status":"`+long+`","error":"`+long+`"}}}`))
	if n := len(v.Detail) + len(v.Components[0].Name) + len(v.Components[0].Text) + len(v.Components[0].Detail); n > 1000 {
		t.Errorf("%d bytes of texts", n)
	}
}
