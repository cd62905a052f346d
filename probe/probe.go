// Package probe asks one target one question and says what came of it. It
// knows nothing of fleets: a Target goes in, a Result comes out, and there is
// never an error beside it, because "could not find out" is a result too.
package probe

import (
	"context"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/probe/health"
)

// Kind names a protocol that can be asked.
type Kind string

// The kinds of question.
const (
	HTTP Kind = "http" // GET over HTTP/1.1 or HTTP/2
	GRPC Kind = "grpc" // grpc.health.v1
	TCP  Kind = "tcp"  // does the port accept
	TLS  Kind = "tls"  // handshake and certificate
	DNS  Kind = "dns"  // does the name resolve
)

// Target is one question. It is comparable: equal targets are one question and
// are asked once.
type Target struct {
	Kind    Kind   // the protocol
	Network string // "tcp" (also when empty) or "unix"
	Address string // host:port to dial, or the path of a unix socket
	Scheme  string // http or https, grpc or grpcs; empty means the plain one
	Host    string // Host header, :authority and TLS server name, where they differ from Address
	Path    string // HTTP: path and query; gRPC: service name ("" the whole server, "*" all of them); DNS: the name
	Named   bool   // the path was named by somebody, not guessed: a bare 2xx counts as well
}

// String is the target as people write it: http://127.0.0.1:9102/health.
func (t Target) String() string {
	scheme := t.Scheme
	if scheme == "" {
		scheme = string(t.Kind)
	}
	switch {
	case t.Kind == DNS:
		return "dns:" + t.Path
	case t.Network == "unix":
		return scheme + "+unix://" + t.Address + ":" + t.Path
	case t.Kind == GRPC && t.Path != "":
		return scheme + "://" + t.Address + "/" + strings.TrimPrefix(t.Path, "/")
	default:
		return scheme + "://" + t.Address + t.Path
	}
}

// Outcome is what an answer, or its absence, comes to.
type Outcome uint8

// The outcomes. "Could not find out" (Unknown, the zero value) is never mixed
// with "is unwell" (Fail).
const (
	Unknown Outcome = iota
	Pass
	Warn
	Fail
)

// String returns the lower-case word used in JSON.
func (o Outcome) String() string {
	switch o {
	case Pass:
		return "pass"
	case Warn:
		return "warn"
	case Fail:
		return "fail"
	case Unknown:
		return "unknown"
	}
	return "unknown"
}

// Reason says why, as data. The list is closed; fleet adds its own to it.
type Reason string

// Why a probe came out as it did. The outcome that belongs to each is decided
// in one place, the table of semantics; see outcome.go.
const (
	ReasonNone        Reason = ""             // nothing to explain: pass
	ReasonRefused     Reason = "refused"      // connection refused
	ReasonReset       Reason = "reset"        // connection reset
	ReasonClosed      Reason = "closed"       // closed without an answer
	ReasonTimeout     Reason = "timeout"      // no whole answer in time
	ReasonCertificate Reason = "certificate"  // expired, not yet valid, or for another name
	ReasonResolve     Reason = "resolve"      // the name does not resolve
	ReasonNoRoute     Reason = "no_route"     // no way to the network
	ReasonUntrusted   Reason = "untrusted_ca" // certificate signed by nobody we trust
	ReasonScheme      Reason = "wrong_scheme" // TLS spoken to plain or the reverse
	ReasonProtocol    Reason = "protocol"     // not the protocol we speak
	ReasonAuth        Reason = "auth"         // 401, 403, 407, PERMISSION_DENIED
	ReasonNotFound    Reason = "not_found"    // 404, 405, 406, 422, 501, UNIMPLEMENTED: no such question
	ReasonRedirect    Reason = "redirect"     // beyond one hop on the same host
	ReasonPage        Reason = "page"         // an HTML page under 2xx
	ReasonStatus      Reason = "status"       // the status code decides
	ReasonGateway     Reason = "gateway"      // 502, 503, 504 of a proxy in front
	ReasonReported    Reason = "reported"     // the answer's own word decides
	ReasonComponent   Reason = "component"    // a component of it is unwell
	ReasonBody        Reason = "body"         // the body cannot be read, or speaks no dialect
	ReasonStarting    Reason = "starting"     // not ready yet, by its own word
	ReasonDraining    Reason = "draining"     // leaving, by its own word
	ReasonLimited     Reason = "limited"      // 429
	ReasonSlow        Reason = "slow"         // slower than the slow limit
	ReasonExpiring    Reason = "expiring"     // the certificate ends soon
	ReasonStale       Reason = "stale"        // a cache answered
	ReasonAlike       Reason = "alike"        // the server answers everything alike
	ReasonTCPOnly     Reason = "tcp_only"     // only a port answers
	ReasonPolicy      Reason = "policy"       // we refuse to ask that address
	ReasonCancelled   Reason = "cancelled"    // we stopped asking
	ReasonInternal    Reason = "internal"     // our own fault
)

// Phase is one stretch of a probe: resolve, dial, tls, send, wait, body.
type Phase struct {
	Name string
	Took time.Duration
}

// Result is the answer to one Target. All texts in it may come from the far
// side and are untrusted.
type Result struct {
	Target   Target
	Outcome  Outcome
	Reason   Reason
	Detail   string         // one line for people: "no answer in 2s", "401 at /health"
	Code     int            // HTTP status or gRPC status; 0 when there was none (gRPC OK is 0 as well)
	At       time.Time      // when it was asked
	Took     time.Duration  // whole time, all phases
	Phases   []Phase        // in order; they never add up to more than Took
	Health   health.Verdict // what the answer itself says
	Bare     bool           // a 2xx that speaks no dialect: counts only where the path was named or proved
	Print    uint64         // fingerprint of status and body, to see whether a server answers everything alike
	Excerpt  string         // start of the body, for explanations
	Answered bool           // a reply of any kind came
	Attempts int            // how often it was asked; 0 and 1 are once
	Flaky    bool           // it took a retry to pass
	Expires  time.Time      // end of the certificate that was shown; zero without TLS
	Skew     time.Duration  // the peer's clock against ours, by its Date header; 0 if it gave none
	Trace    []string       // what was done, step by step, for --explain
}

// Prober asks. Implementations are safe for concurrent use, honour ctx in
// every phase, return within a moment of its end, and leave no goroutine and
// no descriptor behind. A cancelled ctx gives Unknown, ReasonCancelled; a
// passed deadline gives Fail, ReasonTimeout.
type Prober interface {
	Probe(ctx context.Context, t Target) Result
}
