// Package metrics reads the states of breakers from a page of metrics, where
// there is no API: Resilience4j, Envoy, SmallRye Fault Tolerance (Quarkus),
// Dapr and Linkerd. Nothing can be ordered this way.
//
// The series of Resilience4j and Envoy are as their servers gave them; those of
// SmallRye, Dapr and Linkerd are made from their sources only.
package metrics

import (
	"context"
	"errors"
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/web"
	"github.com/midwatch-cli/midwatch/probe"
)

// Name is the driver's name.
const Name = "metrics"

// usual is where the page is where nobody says another place.
const usual = "/metrics"

// Driver is the row of the table.
func Driver() *breaker.Driver {
	return &breaker.Driver{
		Name: Name, Schemes: []string{"http", "https"},
		Summary: "read only, from a page of metrics: Resilience4j, Envoy, SmallRye, Dapr, Linkerd",
		Open: func(o breaker.Options) (breaker.Admin, error) {
			if o.Scrape == nil {
				return nil, &fleet.Error{Reason: probe.ReasonInternal, Detail: "pages of metrics cannot be read here"}
			}
			return admin{o.Scrape, o.API.Path}, nil
		},
	}
}

type admin struct {
	scrape func(ctx context.Context, url string) ([]breaker.Sample, error)
	path   string // as configured; empty: the usual one
}

// Verbs are none.
func (admin) Verbs() []fleet.Verb { return nil }

// List reads all breakers that the page tells of.
func (a admin) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	url, err := web.Base(at.Base, a.path, usual)
	if err != nil {
		return nil, err
	}
	samples, err := a.scrape(ctx, url)
	if err != nil {
		return nil, err
	}
	return read(samples), nil
}

// Set is not supported.
func (a admin) Set(_ context.Context, at breaker.Site, name string, o fleet.Order) (fleet.Breaker, error) {
	return fleet.Breaker{}, &fleet.Error{
		Reason: probe.ReasonNotFound, Err: errors.ErrUnsupported,
		Detail: fmt.Sprintf("%s: %s of %q: a page of metrics takes no orders", at.Base, o.Verb, name),
		Hint:   "breakers.api of the profile names an API that does",
	}
}
