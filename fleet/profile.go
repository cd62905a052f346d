package fleet

import (
	"time"

	"github.com/midwatch-cli/midwatch/probe"
)

// Profile says how a kind of service is asked. Zero fields mean "not said";
// what is not said comes from the profile it extends, then from metadata,
// built-in profiles and guesses.
type Profile struct {
	Name         string
	Extends      string
	Probe        probe.Kind // http, grpc, tcp, tls; empty: found out
	Scheme       string     // http or https
	HealthPaths  []string   // asked in this order; they count as named
	GRPCServices []string   // names to ask; "*" is all of them
	MetricsPath  string
	Breakers     BreakerAPI
	Ports        map[string]int    // by role: admin, metrics, health
	Headers      map[string]Header // sent with every probe, under the rule for credentials
	TLS          TLSSettings
	Auth         Auth
	Strict       *bool         // a component that is down makes the instance a warning
	Slow         time.Duration // slower answers are warnings
	WarnDays     int           // a certificate that ends within so many days is a warning
	FailDays     int           // ... is a failure
	Proxy        string        // instances are asked through it
	AllowHosts   []string      // CIDRs and suffixes credentials and metadata may go to
	AllowSockets []string      // unix sockets metadata may name
}

// Header is the value of a header: plain text, or a reference where the value
// proves who we are. At most one is set.
type Header struct {
	Text string
	Ref  SecretRef
}

// BreakerAPI says how a service's breakers are administered.
type BreakerAPI struct {
	API     string          // a row of the table of admin APIs
	Path    string          // below the address; empty: the API's usual one
	CSRF    string          // how a token against forged requests is fetched: spring; empty: none
	Mapping *BreakerMapping // for api: mapping; nil otherwise
}

// BreakerMapping drives an admin API that exists already, without code. Places
// are JSON pointers (RFC 6901). {name} in a path or body is the breaker's name,
// {by}, {reason}, {change}, {ttlSeconds} and {share} are the order's, each
// escaped as its place wants it.
type BreakerMapping struct {
	List   MappedRequest           // asks for all breakers
	Items  string                  // place of the list, or of the object of breakers by name
	Name   string                  // place of the name within an item; empty in an object by name
	State  string                  // ... of the state's word
	Fields map[string]string       // ... of failureRate, slowRate, calls, rejected, since, by, reason
	States map[string]BreakerState // what its words mean, in any case; words of ours need no row
	Set    map[Verb]MappedRequest  // the orders it can be given
}

// MappedRequest is one request of a mapping.
type MappedRequest struct {
	Method string // empty: GET for the list, POST for an order
	Path   string // below the address
	Body   string // JSON, texts to be filled in between quotes; empty: none
}

// TLSSettings are files and names, never contents.
type TLSSettings struct {
	CA         string
	Cert       string
	Key        string
	ServerName string
	Insecure   bool // verification off; answers are then at best a warning
}

// IsZero says that nothing was set.
func (t TLSSettings) IsZero() bool { return t == TLSSettings{} }

// Auth is one way to prove who we are. At most one is set.
type Auth struct {
	BasicUser     string
	BasicPassword SecretRef
	Bearer        SecretRef
	OAuth2        *OAuth2
}

// IsZero says that there are no credentials.
func (a Auth) IsZero() bool {
	return a.BasicUser == "" && a.BasicPassword.IsZero() && a.Bearer.IsZero() && a.OAuth2 == nil
}

// OAuth2 is the client credentials flow.
type OAuth2 struct {
	ClientID     string
	ClientSecret SecretRef
	TokenURL     string
	Scopes       []string
}

// ServiceRule binds services to a profile and to what they depend on.
type ServiceRule struct {
	Match     string // name or glob, as in selections
	Profile   string
	DependsOn []string
}

// Plan is how one instance is to be asked, and why so.
type Plan struct {
	Profile     string
	Candidates  []probe.Target  // in order of preference; the first that speaks decides and is remembered for its service
	Every       bool            // each candidate is a question of its own: all are asked and the worst decides
	Credentials bool            // the profile's credentials may be sent there
	Refused     string          // why it must not be asked at all (policy); empty when it may
	Admin       *Administration // where its breakers are administered; nil where nobody says how
	Metrics     *Exposition     // where its page of metrics is; nil where it has no address to ask
	Origins     []Origin        // what was decided, and by whom
}

// Administration is where one instance's breakers are read and switched, and
// by which API.
type Administration struct {
	API         string // actuator, envoy, haproxy, httpapi, ...: a row of the table of admin APIs
	Base        string // http://host:port/base, unix:///path, tcp://host:port
	Profile     string // whose credentials and settings it is asked with
	Credentials bool   // they may be sent there
	Refused     string // why it must not be asked at all (policy); empty when it may
}

// Exposition is where one instance's page of metrics is, and how it is asked
// for.
type Exposition struct {
	URLs        []string // in order of preference; the first that has metrics is remembered for its service
	Named       bool     // somebody said where it is: there is one URL, and no guessing
	Profile     string   // whose credentials and settings it is asked with
	Credentials bool     // they may be sent there
	Refused     string   // why it must not be asked at all (policy); empty when it may
}

// Origin is one decision of a Plan.
type Origin struct {
	What  string // profile, scheme, port, path, probe
	Value string
	From  string // flag, profile "spring", label "health_path", built-in, guess
}
