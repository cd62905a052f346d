package signature

import (
	"strings"
	"testing"
)

func TestClassHTTP(t *testing.T) {
	for status, want := range map[string]Class{
		"200": Good, "204": Good, "302": Good, "100": Good, "1xx": Good, "2xx": Good, "3XX": Good, "2": Good,
		"400": ClientFault, "404": ClientFault, "429": ClientFault, "4xx": ClientFault, "4": ClientFault,
		"499": Good, // who called went away
		"500": Failed, "503": Failed, "599": Failed, "5xx": Failed, "5XX": Failed, "5": Failed,
		"": Failed, "0": Failed, "000": Failed, "UNKNOWN": Failed, "Unknown": Failed, "-1": Failed,
		"SERVER_ERROR": Failed, "CLIENT_ERROR": ClientFault, "SUCCESS": Good, "REDIRECTION": Good, "INFORMATIONAL": Good,
		"success": Good, "ok": Good, "error": Failed, "failure": Failed, "exception": Failed,
		"other": Unjudged, "teapot": Unjudged, "20": Unjudged, "2000": Unjudged, "x00": Unjudged, "2x0x": Unjudged, "日本": Unjudged,
	} {
		if got := HTTP.Class(status); got != want {
			t.Errorf("%q: %d, want %d", status, got, want)
		}
	}
}

// TestClassGRPC goes through all codes in all spellings.
func TestClassGRPC(t *testing.T) {
	failed := "Unknown DeadlineExceeded Unimplemented Internal Unavailable DataLoss"
	all := strings.Fields("OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated")
	for n, name := range all {
		want := ClientFault
		switch {
		case name == "OK":
			want = Good
		case strings.Contains(failed, name):
			want = Failed
		}
		var upper strings.Builder
		for i, r := range name {
			if i > 0 && name != "OK" && r >= 'A' && r <= 'Z' {
				upper.WriteByte('_')
			}
			upper.WriteString(strings.ToUpper(string(r)))
		}
		for _, spelling := range []string{name, upper.String(), strings.ToLower(name), number(n)} {
			if got := GRPC.Class(spelling); got != want {
				t.Errorf("%s: %d, want %d", spelling, got, want)
			}
		}
	}
	for status, want := range map[string]Class{"CANCELLED": ClientFault, "": Failed, "17": Unjudged, "99": Unjudged, "100": Unjudged, "teapot": Unjudged, "1x": Unjudged} {
		if got := GRPC.Class(status); got != want {
			t.Errorf("%q: %d, want %d", status, got, want)
		}
	}
}

func number(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return "1" + string(rune('0'+n-10))
}

func TestClassKratos(t *testing.T) {
	for status, want := range map[string]Class{"0": Good, "200": Good, "404": ClientFault, "503": Failed, "": Failed} {
		if got := Kratos.Class(status); got != want {
			t.Errorf("%q: %d, want %d", status, got, want)
		}
	}
}

func TestJudge(t *testing.T) {
	find := func(name string) *Signature {
		for _, s := range Table() {
			if s.Name == name {
				return &s
			}
		}
		t.Fatalf("no signature %s", name)
		return nil
	}
	for _, c := range []struct {
		signature string
		labels    map[string]string
		want      Class
		ok        bool
	}{
		{"http", map[string]string{"code": "503"}, Failed, true},
		{"http", map[string]string{"statusCode": "404"}, ClientFault, true},
		{"http", map[string]string{"code": "200", "status": "error"}, Failed, true},
		{"http", map[string]string{"status": "200", "outcome": "unknown"}, Good, true},
		{"http", map[string]string{"code": "teapot", "status": "200"}, Good, true},
		{"http", map[string]string{"code": "teapot"}, Unjudged, true},
		{"http", map[string]string{"method": "GET"}, Unjudged, false},
		{"micrometer", map[string]string{"status": "UNKNOWN", "outcome": "UNKNOWN"}, Failed, true},
		{"micrometer", map[string]string{"outcome": "SERVER_ERROR"}, Failed, true},
		{"otel-http", map[string]string{"http_response_status_code": "200"}, Good, true},
		{"otel-http", map[string]string{"error_type": "timeout"}, Failed, true},
		{"otel-http", map[string]string{"error_type": ""}, Unjudged, false},
		{"otel-http", map[string]string{"http_response_status_code": "404", "error_type": "404"}, ClientFault, true},
		{"istio", map[string]string{"response_code": "200", "grpc_response_status": ""}, Good, true},
		{"istio", map[string]string{"response_code": "200", "grpc_response_status": "14"}, Failed, true},
		{"istio", map[string]string{"response_code": "200", "grpc_response_status": "5"}, ClientFault, true},
		{"istio", map[string]string{"response_code": "0"}, Failed, true},
		{"linkerd", map[string]string{"classification": "failure", "status_code": "200"}, Failed, true},
		{"linkerd", map[string]string{"classification": "success", "status_code": "404"}, ClientFault, true},
		{"nginx", map[string]string{"code": "503"}, Unjudged, false},
	} {
		got, ok := find(c.signature).Judge(func(label string) (string, bool) { v, ok := c.labels[label]; return v, ok })
		if got != c.want || ok != c.ok {
			t.Errorf("%s %v: %d %v, want %d %v", c.signature, c.labels, got, ok, c.want, c.ok)
		}
	}
}

func TestHousekeeping(t *testing.T) {
	for _, yes := range []string{
		"uri=/actuator/prometheus", "uri=/actuator/health/**", "uri=/actuator", "uri=/shop/actuator/health", "path=/metrics", "path=/metrics/",
		"path=/health", "path=/health/live", "path=/healthz", "path=/healthcheck", "route=/readyz", "http_route=/livez", "http_route=healthz", "http_route=GET /metrics",
		"path=/q/health/live", "path=/q/metrics", "handler=/-/ready", "handler=/-/healthy", "handler=ready", "handler=metrics", "handler=/federate",
		"grpc_service=grpc.health.v1.Health", "grpc_method=grpc.health.v1.Health/Check", "method=/grpc.health.v1.Health/Check",
		"grpc_service=grpc.reflection.v1.ServerReflection", "path=/HEALTH", "url=/stats/prometheus",
	} {
		label, value, _ := strings.Cut(yes, "=")
		if !Housekeeping(label, value) {
			t.Errorf("%s is work", yes)
		}
	}
	for _, no := range []string{
		"path=/orders", "path=/healthy-food", "path=/q/{id}", "path=/orders/{id}/metrics", "handler=none", "handler=orders", "method=GET", "method=health",
		"endpoint=metrics", "endpoint=health", // where an operator of Kubernetes scrapes, the port's name
		"path=", "path=/", "uri=UNKNOWN", "uri=/**", "user=/metrics", "path=metrics", "grpc_service=shop.Health", "path=/actuators",
		"http_route=GET health", "code=200",
	} {
		label, value, _ := strings.Cut(no, "=")
		if Housekeeping(label, value) {
			t.Errorf("%s is no work", no)
		}
	}
}
