package registry

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Ability names what a driver can do beyond reading.
type Ability string

// The abilities a driver may declare. What is declared must work, and what
// works must be declared: the suite checks both.
const (
	CanWatch    Ability = "watch"    // changes arrive by themselves, not by polling
	CanRegister Ability = "register" // register, deregister, heartbeat
	CanDrain    Ability = "drain"    // maintenance of one instance
	HasHealth   Ability = "health"   // it claims statuses of its own
)

// Driver is one kind of registry: a row of the table in all/.
type Driver struct {
	Name      string   // the far system's own name: etcd, consul, file
	Schemes   []string // URL schemes it answers to, the usual one first
	Summary   string   // one line for `midwatch registries`
	Trusted   bool     // its entries are the user's own words: they may name any host and socket
	Abilities []Ability
	// NewOptions returns a pointer to a struct with defaults. Its fields carry
	// the tags `option:"name"` and `help:"..."`: they are the documentation,
	// the schema and the set of accepted keys.
	NewOptions func() any
	// Open connects lazily: it fails for wrong options (wrong usage), not for
	// a registry that is out of reach.
	Open func(ctx context.Context, loc Location, options any, env Env) (Registry, error)
}

// Has says whether the driver declares an ability.
func (d *Driver) Has(a Ability) bool {
	for _, x := range d.Abilities {
		if x == a {
			return true
		}
	}
	return false
}

// Env is what every driver gets from its surroundings.
type Env struct {
	UserAgent string
	Secret    func(ctx context.Context, ref fleet.SecretRef) (fleet.Secret, error) // resolves a reference
	Transport http.RoundTripper                                                    // for registries over HTTP where options ask for nothing special; nil: the driver's own
	Log       *slog.Logger                                                         // never nil; what client libraries say, at debug level
}
