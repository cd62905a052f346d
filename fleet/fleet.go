// Package fleet is the domain: services and their instances as registries hold
// them, what is known of their health, and the pure functions that turn
// evidence into a status. Nothing in this package does I/O.
package fleet

import (
	"cmp"
	"strings"
	"time"
)

// Ref names a service. Two sources that name the same service are two Refs:
// sources are a union, never a merge.
type Ref struct {
	Context   string // the configured context; empty when there is none
	Source    string // the registry's name in that context
	Namespace string // namespace, group or partition of the registry; empty where it has none
	Name      string
}

// String is the service as people write it: payment, shop/payment,
// consul:payment. The context is left out.
func (r Ref) String() string {
	var b strings.Builder
	if r.Source != "" {
		b.WriteString(r.Source)
		b.WriteByte(':')
	}
	if r.Namespace != "" {
		b.WriteString(r.Namespace)
		b.WriteByte('/')
	}
	b.WriteString(r.Name)
	return b.String()
}

// Compare orders by name, namespace, source, context.
func (r Ref) Compare(o Ref) int {
	return cmp.Or(
		cmp.Compare(r.Name, o.Name),
		cmp.Compare(r.Namespace, o.Namespace),
		cmp.Compare(r.Source, o.Source),
		cmp.Compare(r.Context, o.Context),
	)
}

// Key names an instance of a service.
type Key struct {
	Ref
	Instance string
}

// String is the key as midwatch accepts it back: payment/payment-2.
func (k Key) String() string { return k.Name + "/" + k.Instance }

// Compare orders by service, then by instance.
func (k Key) Compare(o Key) int {
	return cmp.Or(k.Ref.Compare(o.Ref), cmp.Compare(k.Instance, o.Instance))
}

// Instance is one running copy of a service, as a registry holds it. All texts
// in it are the registry's and untrusted.
type Instance struct {
	ID        string            // unique within its service; the address where the registry has no better
	Addr      string            // host:port, IPv6 in brackets; or the path of a unix socket
	Zone      string            // where it runs
	Version   string            // what it runs
	Weight    int               // share of the calls; 0 where nobody gave one
	Claimed   *Status           // what the registry says of it; nil where the registry claims nothing
	ClaimNote string            // why it says so: a check's output, a maintenance reason
	Labels    map[string]string // metadata; keys as the registry has them
	Endpoints map[string]string // further addresses by role or protocol: grpc, admin, metrics -> host:port or URL
	LastSeen  time.Time         // last sign of life the registry recorded; zero where it records none
	Lease     time.Duration     // what is left of its lease; 0 where there is none or it is not known
}

// Service is a named set of instances in one source.
type Service struct {
	Ref
	Labels    map[string]string
	DependsOn []string // names, as its owner wrote them
	Instances []Instance
}
