package breaker

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Ability names what an adapter can do beyond listing and setting.
type Ability string

// The abilities an adapter may declare. What is declared must work, and what
// works must be declared: the suite checks both.
const (
	CanDrain   Ability = "drain"   // it is a Drainer
	HasEvents  Ability = "events"  // it is a Historian
	CanAdvise  Ability = "advise"  // it is an Advisor
	KeepsHolds Ability = "holds"   // the far side keeps who ordered a state and why
	Observes   Ability = "observe" // what somebody ordered is told apart from what the breaker observes
)

// Driver is one kind of admin API: a row of the table in all/.
type Driver struct {
	Name      string   // the far system's own name: actuator, envoy, haproxy
	Schemes   []string // of Site.Base that it can be reached by
	Summary   string   // one line for `midwatch registries`
	Verbs     []fleet.Verb
	Abilities []Ability
	// Open makes the Admin. It fails for wrong options, not for a far side that
	// is out of reach.
	Open func(o Options) (Admin, error)
}

// Has says whether the driver declares an ability.
func (d *Driver) Has(a Ability) bool { return slices.Contains(d.Abilities, a) }

// Options are what every adapter gets from its surroundings.
type Options struct {
	// Client sends requests with the profile's credentials, headers and TLS; it
	// follows no redirects and is never nil. Every request has to carry a
	// context with a deadline.
	Client *http.Client
	// Dial opens sockets for APIs that are not HTTP; never nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Scrape reads a page of metrics; nil where the surroundings cannot.
	Scrape func(ctx context.Context, url string) ([]Sample, error)
	// API is what the profile says of its breakers: path, CSRF, a mapping.
	API fleet.BreakerAPI
	Log *slog.Logger // never nil; at debug level
}

// Sample is one value of a page of metrics.
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
}
