package signature

import "strings"

// Class is what became of calls, by their status.
type Class uint8

// The classes. ClientFault is 4xx, and what gRPC calls the caller's.
const (
	Unjudged Class = iota // it says nothing that is understood
	Good
	ClientFault
	Failed
)

// Codes are the vocabularies of statuses.
type Codes uint8

// The vocabularies.
const (
	HTTP   Codes = iota // 503, 5xx, 5, SERVER_ERROR, and words
	GRPC                // 14, Unavailable, UNAVAILABLE
	Kratos              // HTTP, but 0 is success: no error, no code
)

// Class says what a status comes to. An empty one, 0 and UNKNOWN are failures:
// no status came.
func (c Codes) Class(status string) Class {
	if c == GRPC {
		return grpcClass(status)
	}
	if c == Kratos && status == "0" {
		return Good
	}
	return httpClass(status)
}

// none says that a status is one for "there was none".
func (c Codes) none(status string) bool {
	return status == "" || c != GRPC && (status == "0" || strings.EqualFold(status, "unknown"))
}

func httpClass(status string) Class {
	// A number, a class as 5xx, or the class alone, as Envoy writes it.
	if n := len(status); (n == 1 || n == 3) && status[0] >= '1' && status[0] <= '9' && digitsOrX(status[1:]) {
		switch {
		case status[0] < '4', status == "499": // who called went away: nobody's failure
			return Good
		case status[0] == '4':
			return ClientFault
		}
		return Failed
	}
	switch strings.ToLower(status) {
	case "", "0", "-1", "000", "unknown", "server_error", "error", "err", "fail", "failed", "failure", "exception":
		return Failed
	case "client_error":
		return ClientFault
	case "success", "succeeded", "ok", "informational", "redirection", "redirect":
		return Good
	}
	return Unjudged
}

func digitsOrX(s string) bool {
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && s[i] != 'x' && s[i] != 'X' {
			return false
		}
	}
	return true
}

// grpcNames are the codes of gRPC in the order of their numbers
// (https://grpc.github.io/grpc/core/md_doc_statuscodes.html), without
// underscores, in lower case.
var grpcNames = []string{
	"ok", "canceled", "unknown", "invalidargument", "deadlineexceeded", "notfound", "alreadyexists", "permissiondenied",
	"resourceexhausted", "failedprecondition", "aborted", "outofrange", "unimplemented", "internal", "unavailable", "dataloss", "unauthenticated",
}

// grpcClass judges as OpenTelemetry's conventions for servers do
// (docs/rpc/grpc.md): six codes are the server's failures.
func grpcClass(status string) Class {
	name := strings.ToLower(strings.ReplaceAll(status, "_", ""))
	if name == "cancelled" {
		name = "canceled"
	}
	if len(name) > 0 && len(name) < 3 && name[0] >= '0' && name[0] <= '9' {
		n := 0
		for i := range len(name) {
			n = n*10 + int(name[i]-'0')
		}
		if n < 0 || n >= len(grpcNames) {
			return Unjudged
		}
		name = grpcNames[n]
	}
	switch name {
	case "ok":
		return Good
	case "", "unknown", "deadlineexceeded", "unimplemented", "internal", "unavailable", "dataloss":
		return Failed
	}
	for _, known := range grpcNames {
		if name == known {
			return ClientFault
		}
	}
	return Unjudged
}

// statusLabels are looked at, in this order, where a signature names none.
var statusLabels = []string{
	"code", "status", "status_code", "http_response_status_code", "http_status_code", "http_status", "http_code",
	"statusCode", "response_code", "status_class", "outcome",
}

// routeLabels have the path or the method of a call.
var routeLabels = map[string]bool{
	"uri": true, "path": true, "route": true, "http_route": true, "handler": true, "url": true, "url_path": true, "url_template": true,
	"endpoint": true, "path_template": true, "http_target": true, "view": true, "operation": true, "method": true,
	"grpc_service": true, "grpc_method": true, "rpc_service": true, "rpc_method": true,
}

// bareRoutes may have names of housekeeping without a slash before them. Others
// may not: where an operator of Kubernetes scrapes, endpoint is metrics for all.
var bareRoutes = map[string]bool{"handler": true, "route": true, "http_route": true}

// Housekeeping says whether a label names traffic that is no work: probes, and
// the reading of pages like this one. The label is spelled with underscores.
func Housekeeping(label, value string) bool {
	if !routeLabels[label] || value == "" {
		return false
	}
	// Go's mux and OpenTelemetry may have the method before it: "GET /health".
	if method, path, ok := strings.Cut(value, " "); ok && strings.HasPrefix(path, "/") && strings.ToUpper(method) == method {
		value = path
	}
	if strings.HasPrefix(value, "grpc.health.v1.") || strings.HasPrefix(value, "grpc.reflection.") {
		return true
	}
	path, rooted := strings.CutPrefix(value, "/")
	if !rooted && !bareRoutes[label] {
		return false
	}
	path = strings.ToLower(strings.TrimSuffix(path, "/"))
	first, _, _ := strings.Cut(path, "/")
	switch first {
	case "actuator", "healthz", "livez", "readyz", "grpc.health.v1.health":
		return true
	case "health", "healthcheck", "health-check", "health_check":
		return true
	}
	switch path {
	case "metrics", "prometheus", "ready", "live", "healthy", "liveness", "readiness", "-/ready", "-/healthy", "stats/prometheus", "federate":
		return true
	}
	if rest, ok := strings.CutPrefix(path, "q/"); ok && first == "q" && (strings.HasPrefix(rest, "health") || strings.HasPrefix(rest, "metrics")) {
		return true // Quarkus
	}
	// Below a context path of the application.
	return strings.Contains(path, "/actuator/") || strings.HasSuffix(path, "/actuator")
}
