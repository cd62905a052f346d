// Package consul reads and writes the catalog of HashiCorp Consul.
//
// A service is a name of the catalog, an instance the pair of node and
// ServiceID, because a ServiceID is unique on its node only. What Consul says
// of an instance is the worst of its checks and those of its node; a
// maintenance check is a drain. Reads are stale by default (any server may
// answer) and say how old they are. The service "consul", the servers
// themselves, is left out unless the option servers asks for it: nothing there
// speaks HTTP or can be drained.
//
// Metadata become labels under their own names. A tag key=value is a label
// too (Kratos writes version=2.4.1), any other tag T is the label tag.T=true;
// metadata win over tags.
//
// Writes go to the agent that owns the instance, and only to an address the
// user configured: the token is never sent to an address found in the catalog
// unless the option agent says so with {address} or {node}.
//
// Shapes and rules: Consul's HTTP API, api-docs of catalog, health, agent,
// features/blocking and features/consistency; replies recorded from 1.15.4 are
// in testdata/wire.
package consul

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// Name is the driver's name and its URL scheme.
const Name = "consul"

// Ports that are taken where the URL names none.
const (
	portHTTP  = "8500"
	portHTTPS = "8501"
)

// Options are the options of a consul:// URL.
type Options struct {
	registry.TokenOptions
	registry.TLSOptions
	DC          string          `option:"dc" help:"datacenter to read; the agent's own where empty"`
	Namespace   string          `option:"namespace" help:"namespace (Consul Enterprise); * reads them all"`
	Partition   string          `option:"partition" help:"admin partition (Consul Enterprise)"`
	Filter      string          `option:"filter" help:"Consul's own filter over health entries, as in Service.Meta.env == \"prod\""`
	Agent       string          `option:"agent" help:"agent that takes the writes, HOST:PORT; {node} and {address} stand for the instance's node and may send the token there; the registry's own address where empty"`
	Consistency string          `option:"consistency" oneof:"stale,default,consistent" help:"who may answer reads: any server, the leader, the leader after asking its peers"`
	Servers     bool            `option:"servers" help:"also list the service consul, the servers themselves"`
	Password    fleet.SecretRef `option:"password" help:"reference to the password of USER@, or to USER:PASSWORD, where a proxy in front asks for one"`
	Wait        time.Duration   `option:"wait" help:"how long a watch blocks at most before it reads again anyway"`
	Timeout     time.Duration   `option:"timeout" help:"time for one request"`
}

// Validate refuses options that do not go together.
func (o *Options) Validate() error {
	if o.Wait < time.Second || o.Wait > 10*time.Minute {
		return registry.Misconfigured("", "Consul blocks for 10m at most", "option wait: %s is not from 1s to 10m", o.Wait)
	}
	if o.Timeout <= 0 {
		return registry.Misconfigured("", "", "option timeout: must be more than nothing")
	}
	if o.Agent != "" && (strings.Contains(o.Agent, "/") || strings.Contains(o.Agent, "@")) {
		return registry.Misconfigured("", "write HOST:PORT; tls goes for it too", "option agent: not an address")
	}
	return nil
}

// Driver is the driver's row in the table.
func Driver() *registry.Driver {
	return &registry.Driver{
		Name:      Name,
		Schemes:   []string{Name},
		Summary:   "HashiCorp Consul: catalog, health checks, maintenance",
		Abilities: []registry.Ability{registry.CanWatch, registry.CanRegister, registry.CanDrain, registry.HasHealth},
		NewOptions: func() any {
			return &Options{Consistency: "stale", Wait: time.Minute, Timeout: 10 * time.Second}
		},
		Open: Open,
	}
}

// Open makes a client; it sends nothing. Options must be *Options. Its errors
// wrap registry.ErrConfig, or are those of env.Secret.
func Open(ctx context.Context, loc registry.Location, options any, env registry.Env) (registry.Registry, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, registry.Misconfigured(registry.ReasonInternal, "", "consul: options of another driver")
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if len(loc.Hosts) > 1 {
		return nil, registry.Misconfigured("", "name one agent or a load balancer in front of several", "consul takes one address, not %d", len(loc.Hosts))
	}
	if _, isSocket := socketOf(loc); isSocket && o.Agent != "" {
		return nil, registry.Misconfigured("", "a socket is an agent's own: writes go to it", "consul: the option agent does not go with a socket")
	}
	if o.Password.IsZero() != (loc.User == "") {
		return nil, registry.Misconfigured("", "write consul://USER@HOST?password=env:NAME; Consul's own token is ?token=env:NAME", "consul: a user and a password belong together")
	}
	d := &door{user: loc.User, agent: env.UserAgent}
	var err error
	if d.token, err = secret(ctx, env, o.Token); err != nil {
		return nil, err
	}
	if d.password, err = secret(ctx, env, o.Password); err != nil {
		return nil, err
	}
	if alone, ok := strings.CutPrefix(d.password.Reveal(), loc.User+":"); ok {
		d.password = fleet.NewSecret(alone) // CONSUL_HTTP_AUTH holds USER:PASSWORD
	}
	own, err := o.transport(loc, env, d)
	if err != nil {
		return nil, err
	}
	return newClient(*o, loc, d, own)
}

// secret resolves a reference; none is no secret.
func secret(ctx context.Context, env registry.Env, ref fleet.SecretRef) (fleet.Secret, error) {
	if ref.IsZero() {
		return fleet.Secret{}, nil
	}
	if env.Secret == nil {
		return fleet.Secret{}, registry.Misconfigured("", "", "consul: nobody here can resolve %s", ref)
	}
	return env.Secret(ctx, ref)
}

// transport gives the door its way out. It returns the transport that is ours
// to close, nil where the surroundings' one is used.
func (o *Options) transport(loc registry.Location, env registry.Env, d *door) (*http.Transport, error) {
	tls, err := o.Config()
	if err != nil {
		return nil, err
	}
	socket, isSocket := socketOf(loc)
	if tls == nil && !isSocket && env.Transport != nil {
		d.next = env.Transport
		return nil, nil
	}
	dialer := &net.Dialer{Timeout: o.Timeout, KeepAlive: 15 * time.Second}
	own := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     tls,
		TLSHandshakeTimeout: o.Timeout,
		MaxIdleConnsPerHost: parallel,
		IdleConnTimeout:     90 * time.Second,
	}
	if isSocket {
		own.Proxy = nil
		own.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		}
	}
	d.next = own
	return own, nil
}

// socketOf returns the unix socket a location names, if it does.
func socketOf(loc registry.Location) (path string, ok bool) {
	if len(loc.Hosts) == 0 {
		return "", false
	}
	return strings.CutPrefix(loc.Hosts[0], "unix://")
}

// withPort adds the usual port to an address that has none.
func withPort(address string, tls bool) string {
	port := portHTTP
	if tls {
		port = portHTTPS
	}
	switch {
	case address == "":
		return net.JoinHostPort("127.0.0.1", port)
	case strings.LastIndexByte(address, ':') > strings.LastIndexByte(address, ']'):
		return address
	}
	return address + ":" + port
}
