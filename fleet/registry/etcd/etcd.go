// Package etcd reads and writes services kept in an etcd cluster. etcd itself
// knows keys and leases only; what they mean is agreed between libraries. The
// package reads the official gRPC naming form and those of go-zero, go-kit,
// Kratos, go-micro and Kitex, one file each, and writes the official one
// (wire reference A2).
//
// etcd claims nothing of an instance's health: an entry with a lease is alive
// as far as its lease.
package etcd

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

// defaultPort is where etcd listens for clients.
const defaultPort = "2379"

// Options are what the URL or the file may say of an etcd registry.
type Options struct {
	registry.TLSOptions
	Password fleet.SecretRef `option:"password" help:"reference to the password of the user in the URL: env:NAME or file:PATH"`
	Layout   string          `option:"layout" help:"how entries are written; auto looks at each" oneof:"auto,naming,go-zero,go-kit,kratos,go-micro,kitex"`
	Timeout  time.Duration   `option:"timeout" help:"longest wait for one answer"`
}

// Validate checks what the fields say together.
func (o *Options) Validate() error {
	if o.Timeout <= 0 {
		return registry.Misconfigured("", "write 5s", "option timeout: must be longer than nothing")
	}
	return nil
}

// Driver is the row of the table of registries.
func Driver() *registry.Driver {
	return &registry.Driver{
		Name:       "etcd",
		Schemes:    []string{"etcd"},
		Summary:    "etcd 3.4 and later: gRPC naming, go-zero, go-kit, Kratos, go-micro and Kitex entries",
		Abilities:  []registry.Ability{registry.CanWatch, registry.CanRegister},
		NewOptions: func() any { return &Options{Layout: layout.Auto, Timeout: 5 * time.Second} },
		Open:       open,
	}
}

// Registry is an etcd cluster, or the part of it below a prefix. It is safe for
// concurrent use.
type Registry struct {
	link   *link
	prefix string // of all keys, with a slash at its end; empty: the whole keyspace
	layout string
	host   string // the hosts, for hints
}

// open checks the options. It does not connect.
func open(_ context.Context, loc registry.Location, options any, env registry.Env) (registry.Registry, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, registry.Misconfigured("", "", "etcd: options of another kind: %T", options)
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	endpoints, err := endpoints(loc, o.Enabled())
	if err != nil {
		return nil, err
	}
	switch {
	case loc.User != "" && o.Password.IsZero():
		return nil, registry.Misconfigured("", "add ?password=env:NAME or ?password=file:PATH", "etcd: the user %s has no password", loc.User)
	case loc.User == "" && !o.Password.IsZero():
		return nil, registry.Misconfigured("", "write etcd://USER@HOST:2379?password=...", "etcd: option password: there is no user in the URL")
	}
	config, err := o.Config()
	if err != nil {
		return nil, err
	}
	return &Registry{
		link:   newLink(endpoints, loc, o, config, env),
		prefix: layout.PrefixOf(loc.Path, o.Layout),
		layout: o.Layout,
		host:   strings.Join(loc.Hosts, ","),
	}, nil
}

// endpoints are the hosts as etcd's client wants them.
func endpoints(loc registry.Location, tls bool) ([]string, error) {
	if len(loc.Hosts) == 0 {
		return nil, registry.Misconfigured("", "write etcd://127.0.0.1:2379", "etcd: the URL names no host")
	}
	scheme := "http://"
	if tls {
		scheme = "https://"
	}
	var out []string
	for _, host := range loc.Hosts {
		if strings.HasPrefix(host, "unix://") {
			out = append(out, host)
			continue
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), defaultPort)
		}
		out = append(out, scheme+host)
	}
	return out, nil
}

// Close ends the connection; what still runs returns.
func (r *Registry) Close() error { return r.link.close() }
